//! Lines over a plot, drawn dot by dot and put behind what is there already.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::theme::GlyphSet;

use super::canvas::Canvas;
use super::pair::braille;

/// How a line is broken up, so that lines differ without colour too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pattern {
    /// Not at all.
    #[default]
    Solid,
    /// Into dashes.
    Dashed,
    /// Into dots.
    Dotted,
}

/// What a line is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pen {
    /// Its colour.
    pub style: Style,
    /// Its pattern.
    pub pattern: Pattern,
    /// The character that stands for it where there are no dots.
    pub plain: char,
}

impl Pen {
    /// A solid line.
    #[must_use]
    pub fn solid(style: Style, plain: char) -> Self {
        Self {
            style,
            pattern: Pattern::Solid,
            plain,
        }
    }

    /// A piece of the line, as a legend shows it.
    #[must_use]
    pub fn mark(&self, glyphs: GlyphSet) -> char {
        match (glyphs, self.pattern) {
            (GlyphSet::Braille, Pattern::Solid) => '━',
            (GlyphSet::Braille, Pattern::Dashed) => '╍',
            (GlyphSet::Braille, Pattern::Dotted) => '┈',
            _ => self.plain,
        }
    }
}

/// One cell's dots, and the pen that came there first.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    bits: u8,
    pen: u8,
}

/// Lines that share a plot: where they meet, the dots of all are there, in the colour of the first.
#[derive(Debug)]
pub struct Dots {
    plot: Rect,
    /// Dots of a cell, across and down.
    pub per_cell: (u16, u16),
    cells: Vec<Cell>,
    pens: Vec<Pen>,
}

impl Dots {
    /// Nothing yet.
    #[must_use]
    pub fn new(plot: Rect, glyphs: GlyphSet) -> Self {
        Self {
            plot,
            per_cell: if glyphs == GlyphSet::Braille {
                (2, 4)
            } else {
                (1, 1)
            },
            cells: vec![Cell::default(); usize::from(plot.width) * usize::from(plot.height)],
            pens: Vec::new(),
        }
    }

    /// Dots from the top to the bottom of the plot.
    #[must_use]
    pub fn rows(&self) -> u16 {
        self.plot.height * self.per_cell.1
    }

    /// The next lines are drawn with this pen.
    pub fn take(&mut self, pen: Pen) {
        self.pens.push(pen);
    }

    fn is_inked(&self, x: u16) -> bool {
        let is_fine = self.per_cell.0 > 1;
        match self.pens.last().map(|pen| pen.pattern) {
            None | Some(Pattern::Solid) => true,
            Some(Pattern::Dashed) if is_fine => x % 8 < 6,
            Some(Pattern::Dashed) => x % 3 < 2,
            Some(Pattern::Dotted) => x.is_multiple_of(2),
        }
    }

    fn set(&mut self, x: u16, y: u16) {
        let (across, down) = self.per_cell;
        let cell = usize::from(y / down) * usize::from(self.plot.width) + usize::from(x / across);
        if let Some(cell) = self.cells.get_mut(cell)
            && x / across < self.plot.width
        {
            if cell.bits == 0 {
                cell.pen = self.pens.len().saturating_sub(1) as u8;
            }
            cell.bits |= 1 << ((y % down) * 2 + x % across);
        }
    }

    /// A straight line; each dot column gets the dots that join it to the one before.
    pub fn line(&mut self, (x0, y0): (u16, u16), (x1, y1): (u16, u16)) {
        let steps = x1.saturating_sub(x0).max(1);
        let mut before = y0;
        for step in 0..=x1.saturating_sub(x0) {
            let share = f64::from(step) / f64::from(steps);
            let y = (f64::from(y0) + (f64::from(y1) - f64::from(y0)) * share).round() as u16;
            // Joined half way: a steep line stays one line without a doubled dot.
            let (from, to) = if y > before + 1 {
                (before + 1, y)
            } else if y + 1 < before {
                (y, before - 1)
            } else {
                (y, y)
            };
            if self.is_inked(x0 + step) {
                for dot in from..=to {
                    self.set(x0 + step, dot);
                }
            }
            before = y;
        }
    }

    /// A line through all points in order, with a gap wherever there is none.
    pub fn path(&mut self, points: &[Option<(u16, u16)>]) {
        let mut before = None;
        for point in points {
            if let Some(place) = *point {
                self.line(before.unwrap_or(place), place);
            }
            before = *point;
        }
    }

    /// Puts the dots behind what is there.
    pub fn draw(&self, canvas: &mut Canvas<'_>) {
        let width = usize::from(self.plot.width.max(1));
        for (at, cell) in self.cells.iter().enumerate() {
            let Some(pen) = self
                .pens
                .get(usize::from(cell.pen))
                .filter(|_| cell.bits != 0)
            else {
                continue;
            };
            let glyph = if self.per_cell.1 == 4 {
                braille(cell.bits)
            } else {
                pen.plain
            };
            let (x, y) = ((at % width) as u16, (at / width) as u16);
            canvas.put_behind(self.plot.x + x, self.plot.y + y, glyph, pen.style);
        }
    }
}
