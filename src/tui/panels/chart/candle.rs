//! The shapes of candles and volumes, cell by cell.
//!
//! A candle that rose is light: a heavy line one cell wide, a hollow box when there is room. One that fell is solid.
//! So they differ without colour, as they do on paper.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::domain::bar::Candle;
use crate::tui::theme::{GlyphSet, Theme};

use super::canvas::Canvas;
use super::scale::PriceScale;

/// Where a candle went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Closed above its open.
    Rose,
    /// Closed below its open.
    Fell,
    /// Closed where it opened.
    Flat,
}

impl Course {
    /// The course of a candle.
    #[must_use]
    pub fn of(candle: &Candle) -> Self {
        if candle.close > candle.open {
            Self::Rose
        } else if candle.close < candle.open {
            Self::Fell
        } else {
            Self::Flat
        }
    }

    /// Its style; candles outside regular hours are dimmed.
    #[must_use]
    pub fn style(self, theme: &Theme, regular: bool) -> Style {
        let style = match self {
            Self::Rose => theme.up,
            Self::Fell => theme.down,
            Self::Flat => theme.unchanged,
        };
        if regular {
            style
        } else {
            style.add_modifier(Modifier::DIM)
        }
    }
}

/// What half a cell of a candle's middle holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Nothing,
    Wick,
    Body,
}

/// A candle in half cells, counted from the plot's top.
#[derive(Debug, Clone, Copy)]
struct Halves {
    high: u16,
    low: u16,
    body_top: u16,
    body_bottom: u16,
}

impl Halves {
    fn of(candle: &Candle, scale: &PriceScale, rows: u16) -> Self {
        let half = |price| scale.part(price, rows * 2);
        let (body_top, body_bottom) = (
            half(candle.open.max(candle.close)),
            half(candle.open.min(candle.close)),
        );
        Self {
            // A source may send a high below its close; the drawing stays whole.
            high: half(candle.high).min(body_top),
            low: half(candle.low).max(body_bottom),
            body_top,
            body_bottom,
        }
    }

    fn at(self, half: u16) -> Half {
        if (self.body_top..=self.body_bottom).contains(&half) {
            Half::Body
        } else if (self.high..=self.low).contains(&half) {
            Half::Wick
        } else {
            Half::Nothing
        }
    }

    fn cell(self, row: u16) -> (Half, Half) {
        (self.at(row * 2), self.at(row * 2 + 1))
    }

    /// As [`Halves::cell`], with wick where the body is.
    fn wick_cell(self, row: u16) -> (Half, Half) {
        let wick = |half| match self.at(half) {
            Half::Nothing => Half::Nothing,
            Half::Wick | Half::Body => Half::Wick,
        };
        (wick(row * 2), wick(row * 2 + 1))
    }

    /// The rows of a solid body: cells that it shares with a wick are left to the wick, unless there are no others.
    fn whole_body_rows(self) -> (u16, u16) {
        let (top, bottom) = (self.body_top / 2, self.body_bottom / 2);
        let first = top + u16::from(self.body_top % 2 == 1 && self.high < self.body_top);
        let last = bottom.saturating_sub(u16::from(
            self.body_bottom.is_multiple_of(2) && self.low > self.body_bottom,
        ));
        if first <= last {
            (first, last)
        } else {
            (top, bottom)
        }
    }

    fn has_whole_body_cell(self) -> bool {
        self.body_top.div_ceil(2) * 2 < self.body_bottom
    }
}

/// Where a candle stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The first cell of its body, counted from the plot's left edge.
    pub x: u16,
    /// Cells that its body is wide; odd.
    pub body: u16,
    /// Whether the next candle follows without space.
    pub is_tight: bool,
}

/// Draws a candle.
pub fn draw(
    canvas: &mut Canvas<'_>,
    plot: Rect,
    place: Place,
    candle: &Candle,
    scale: &PriceScale,
    style: Style,
) {
    let halves = Halves::of(candle, scale, plot.height);
    let course = Course::of(candle);
    let Place { x, body, is_tight } = place;
    let middle = body / 2;
    for row in halves.high / 2..=halves.low / 2 {
        for column in 0..body {
            let glyph = match (canvas.glyphs, body) {
                (GlyphSet::Ascii, _) => ascii(halves, course, row, column == middle),
                (_, 1) => narrow(halves, course, row).map(|glyph| match glyph {
                    // An eighth of a cell keeps neighbours apart.
                    '█' if is_tight => '▉',
                    glyph => glyph,
                }),
                _ => wide(halves, course, row, side(column, body)),
            };
            if let Some(glyph) = glyph {
                canvas.put(plot.x + x + column, plot.y + row, glyph, style);
            }
        }
    }
}

fn ascii(halves: Halves, course: Course, row: u16, is_middle: bool) -> Option<char> {
    if (halves.body_top / 2..=halves.body_bottom / 2).contains(&row) {
        return Some(match course {
            Course::Rose => 'o',
            Course::Fell => '#',
            Course::Flat => '-',
        });
    }
    is_middle.then_some('|')
}

/// Lines of both weights meet in the middle of a cell.
fn line(cell: (Half, Half)) -> Option<char> {
    use Half::{Body, Nothing, Wick};
    Some(match cell {
        (Nothing, Nothing) => return None,
        (Nothing, Wick) => '╷',
        (Wick, Nothing) => '╵',
        (Wick, Wick) => '│',
        (Nothing, Body) => '╻',
        (Body, Nothing) => '╹',
        (Body, Body) => '┃',
        (Wick, Body) => '╽',
        (Body, Wick) => '╿',
    })
}

fn narrow(halves: Halves, course: Course, row: u16) -> Option<char> {
    use Half::{Body, Nothing};
    let cell = halves.cell(row);
    match (course, cell) {
        (Course::Flat, _) => flat(halves, row),
        (Course::Fell, (Body, Body)) => Some('█'),
        (Course::Fell, (Nothing, Body)) => Some('▄'),
        (Course::Fell, (Body, Nothing)) => Some('▀'),
        // No glyph joins half a block to a wick: a long body tapers there, a short one takes the whole cell.
        (Course::Fell, (_, Body) | (Body, _)) if !halves.has_whole_body_cell() => Some('█'),
        _ => line(cell),
    }
}

/// A cross where the candle stood still, with wicks as far as it has any.
fn flat(halves: Halves, row: u16) -> Option<char> {
    if row != halves.body_top / 2 {
        return line(halves.cell(row));
    }
    Some(match (halves.high / 2 < row, halves.low / 2 > row) {
        (false, false) => '─',
        (true, false) => '┴',
        (false, true) => '┬',
        (true, true) => '┼',
    })
}

/// Where in a wide body a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Middle,
    Right,
    Between,
}

fn side(column: u16, body: u16) -> Side {
    match column {
        0 => Side::Left,
        _ if column == body / 2 => Side::Middle,
        _ if column + 1 == body => Side::Right,
        _ => Side::Between,
    }
}

fn wide(halves: Halves, course: Course, row: u16, side: Side) -> Option<char> {
    let (top, bottom) = (halves.body_top / 2, halves.body_bottom / 2);
    if row < top || row > bottom {
        return (side == Side::Middle)
            .then(|| line(halves.cell(row)))
            .flatten();
    }
    match course {
        Course::Fell => solid(halves, row, side),
        Course::Flat => match side {
            Side::Middle => flat(halves, row),
            _ => Some('─'),
        },
        Course::Rose if top == bottom => {
            Some(match (side, halves.high / 2 < row, halves.low / 2 > row) {
                (Side::Middle, true, true) => '╪',
                (Side::Middle, true, false) => '╧',
                (Side::Middle, false, true) => '╤',
                _ => '═',
            })
        }
        Course::Rose => hollow(halves, row, side),
    }
}

/// A block with ends on half cells where it stands alone; an end with a wick takes its whole cell or none of it,
/// since no glyph joins half a block to a wick.
fn solid(halves: Halves, row: u16, side: Side) -> Option<char> {
    use Half::{Body, Wick};
    let (first, last) = halves.whole_body_rows();
    if (first..=last).contains(&row) {
        return Some(match halves.cell(row) {
            (Body | Wick, Body | Wick) => '█',
            (_, Body) => '▄',
            _ => '▀',
        });
    }
    (side == Side::Middle)
        .then(|| line(halves.wick_cell(row)))
        .flatten()
}

/// A box whose lines run through the middle of the cells that hold the body's ends.
fn hollow(halves: Halves, row: u16, side: Side) -> Option<char> {
    let (top, bottom) = (halves.body_top / 2, halves.body_bottom / 2);
    let glyph = if row == top {
        match side {
            Side::Left => '┌',
            Side::Right => '┐',
            Side::Middle if halves.high / 2 < row => '┴',
            _ => '─',
        }
    } else if row == bottom {
        match side {
            Side::Left => '└',
            Side::Right => '┘',
            Side::Middle if halves.low / 2 > row => '┬',
            _ => '─',
        }
    } else {
        match side {
            Side::Left | Side::Right => '│',
            _ => return None,
        }
    };
    Some(glyph)
}

/// Draws a volume as a column from the bottom of `area`, full at `largest`.
pub fn draw_volume(
    canvas: &mut Canvas<'_>,
    area: Rect,
    place: Place,
    volume: f64,
    largest: f64,
    style: Style,
) {
    const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const ASCII: [char; 9] = [' ', '.', '.', '.', ':', ':', ':', '#', '#'];
    if volume.is_nan() || volume <= 0.0 || largest <= 0.0 {
        return;
    }
    let glyphs = if canvas.glyphs == GlyphSet::Ascii {
        ASCII
    } else {
        EIGHTHS
    };
    // What was traded shows, however little it was.
    let eighths = ((volume / largest * f64::from(area.height) * 8.0).round() as u16)
        .clamp(1, area.height.saturating_mul(8));
    for row in 0..eighths.div_ceil(8) {
        let glyph = glyphs[usize::from((eighths - row * 8).min(8))];
        for column in place.x..place.x + place.body {
            canvas.put(area.x + column, area.bottom() - 1 - row, glyph, style);
        }
    }
}

#[cfg(test)]
#[path = "candle_tests.rs"]
mod tests;
