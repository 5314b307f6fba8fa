//! A picture of the screen: the cells of a buffer as SVG or PNG.
//!
//! Text is placed by cell, so that columns stay columns in any font; blocks, lines and braille are drawn as shapes,
//! so that they join. Everything of one colour is one path, which keeps the file small.

mod palette;
#[cfg(feature = "png")]
mod png;
mod shapes;
mod svg;

use std::collections::BTreeMap;
use std::fmt;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

pub use palette::Paper;
use palette::{Rgb, blend, rgb};
use shapes::{Area, CELL_HEIGHT, CELL_WIDTH, Shape, shape};

/// How far a dim colour goes toward the background, in per cent.
const DIM_PERCENT: u16 = 45;

/// Thickness of a line that is no rectangle.
#[cfg(feature = "png")]
const STROKE: f32 = 1.0;
/// Size of a braille pattern's dots.
const DOT: f32 = 2.6;

/// What a text run looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct TextStyle {
    color: Rgb,
    is_bold: bool,
    is_italic: bool,
}

/// Text in cells that follow one another.
#[derive(Debug)]
struct Run {
    style: TextStyle,
    column: usize,
    row: usize,
    cells: usize,
    text: String,
    /// Whether only ASCII is in it: other characters may come from a font of another width and stand alone.
    is_plain: bool,
}

/// Everything on the screen, sorted by how it is drawn.
#[derive(Debug, Default)]
struct Picture {
    paper: Paper,
    backgrounds: BTreeMap<Rgb, Vec<Area>>,
    filled: BTreeMap<Rgb, Vec<Area>>,
    strokes: BTreeMap<Rgb, String>,
    dots: BTreeMap<Rgb, String>,
    runs: Vec<Run>,
}

/// Draws a screen as an SVG picture with a window around it.
///
/// `title` stands in the window's bar, shortened where it is too long.
#[must_use]
pub fn to_svg(buffer: &Buffer, title: &str, paper: Paper) -> String {
    let picture = draw_cells(buffer, paper);
    let size = (
        usize::from(buffer.area.width),
        usize::from(buffer.area.height),
    );
    let mut svg = String::with_capacity(64 * 1024);
    match picture.write(&mut svg, size, title) {
        Ok(()) | Err(fmt::Error) => svg,
    }
}

/// Draws a screen as a PNG picture with a window around it, in a font of the system.
///
/// # Errors
/// What is in the way, and what helps.
#[cfg(feature = "png")]
pub fn to_png(buffer: &Buffer, title: &str, paper: Paper) -> Result<Vec<u8>, String> {
    png::to_png(buffer, title, paper).map_err(|error| error.to_string())
}

/// Says that this build draws no PNG.
///
/// # Errors
/// Always.
#[cfg(not(feature = "png"))]
pub fn to_png(_: &Buffer, _: &str, _: Paper) -> Result<Vec<u8>, String> {
    Err("this build writes no PNG; write .svg, or build it with the feature 'png'".to_owned())
}

/// Everything on a screen, as shapes and text.
fn draw_cells(buffer: &Buffer, paper: Paper) -> Picture {
    let mut picture = Picture {
        paper,
        ..Picture::default()
    };
    let (columns, rows) = (
        usize::from(buffer.area.width),
        usize::from(buffer.area.height),
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let width = match buffer.content.get(row * columns + column) {
                Some(cell) => picture.add(cell, column, row, columns - column),
                None => 1,
            };
            column += width;
        }
    }
    picture
}

impl Picture {
    /// Takes one cell; tells how many cells its character covers.
    fn add(&mut self, cell: &Cell, column: usize, row: usize, free: usize) -> usize {
        let width = cell.symbol().width().clamp(1, free.max(1));
        let (foreground, background) = colors(cell, self.paper);
        let (x, y) = (column as f32 * CELL_WIDTH, row as f32 * CELL_HEIGHT);
        let cell_area = [x, y, width as f32 * CELL_WIDTH, CELL_HEIGHT];
        if background != self.paper.background {
            push(self.backgrounds.entry(background).or_default(), cell_area);
        }
        if cell.modifier.contains(Modifier::HIDDEN) {
            return width;
        }
        for (modifier, line_y) in [(Modifier::UNDERLINED, 14.0), (Modifier::CROSSED_OUT, 8.0)] {
            if cell.modifier.contains(modifier) {
                let area = [x, y + line_y, cell_area[2], 1.0];
                push(self.filled.entry(foreground).or_default(), area);
            }
        }
        let mut glyphs = cell.symbol().chars();
        let single = glyphs.next().filter(|_| glyphs.next().is_none());
        match single.and_then(shape) {
            Some(Shape::Filled(areas)) => {
                let filled = self.filled.entry(foreground).or_default();
                for [left, top, width, height] in areas {
                    push(filled, [x + left, y + top, width, height]);
                }
            }
            Some(Shape::Shade(percent)) => {
                let color = blend(background, foreground, percent);
                push(self.filled.entry(color).or_default(), cell_area);
            }
            Some(Shape::Stroke(path)) => {
                let strokes = self.strokes.entry(foreground).or_default();
                strokes.push_str(&moved(path, x, y));
            }
            Some(Shape::Dots(dots)) => {
                let path = self.dots.entry(foreground).or_default();
                for [dot_x, dot_y] in dots {
                    // A line of no length with round ends is a dot.
                    for part in [
                        "M",
                        &(x + dot_x).to_string(),
                        " ",
                        &(y + dot_y).to_string(),
                        "h0",
                    ] {
                        path.push_str(part);
                    }
                }
            }
            None => self.add_text(cell, foreground, (column, row), width),
        }
        width
    }

    fn add_text(&mut self, cell: &Cell, color: Rgb, (column, row): (usize, usize), cells: usize) {
        let symbol = cell.symbol();
        if symbol.trim().is_empty() {
            return;
        }
        let style = TextStyle {
            color,
            is_bold: cell.modifier.contains(Modifier::BOLD),
            is_italic: cell.modifier.contains(Modifier::ITALIC),
        };
        let is_plain = symbol.is_ascii();
        if let Some(run) = self.runs.last_mut()
            && run.is_plain
            && is_plain
            && run.style == style
            && run.row == row
        {
            let gap = column.saturating_sub(run.column + run.cells);
            if gap <= 1 {
                run.text.push_str(if gap == 1 { " " } else { "" });
                run.text.push_str(symbol);
                run.cells += gap + cells;
                return;
            }
        }
        self.runs.push(Run {
            style,
            column,
            row,
            cells,
            text: symbol.to_owned(),
            is_plain,
        });
    }
}

/// The colours of a cell with its modifiers taken in.
fn colors(cell: &Cell, paper: Paper) -> (Rgb, Rgb) {
    let mut foreground = rgb(cell.fg, paper.foreground);
    let mut background = rgb(cell.bg, paper.background);
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut foreground, &mut background);
    }
    if cell.modifier.contains(Modifier::DIM) {
        foreground = blend(foreground, background, DIM_PERCENT);
    }
    (foreground, background)
}

/// Whether two places are the same to the eye.
fn same(one: f32, other: f32) -> bool {
    (one - other).abs() < 0.01
}

/// Adds an area; one that continues the last to the right becomes part of it.
fn push(areas: &mut Vec<Area>, area: Area) {
    if let Some([x, y, width, height]) = areas.last_mut()
        && same(*y, area[1])
        && same(*height, area[3])
        && *x + *width >= area[0]
        && *x <= area[0]
    {
        *width = (*x + *width).max(area[0] + area[2]) - *x;
        return;
    }
    areas.push(area);
}

/// A path of absolute coordinates, moved: `M`, `L` and `Q` take pairs, `V` one height.
fn moved(path: &str, x: f32, y: f32) -> String {
    let mut moved = String::new();
    let mut letter = 'M';
    let mut is_x = true;
    for part in path.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let (number, next) = match part.char_indices().next_back() {
            Some((at, last)) if !last.is_ascii_digit() => (&part[..at], Some(last)),
            _ => (part, None),
        };
        if let Ok(number) = number.parse::<f32>() {
            let is_height = letter == 'V' || !is_x;
            moved.push_str(&(number + if is_height { y } else { x }).to_string());
            is_x = is_height;
        }
        match next {
            Some(' ') => moved.push(' '),
            Some(next) => {
                moved.push(next);
                letter = next;
                is_x = true;
            }
            None => {}
        }
    }
    moved
}

#[cfg(test)]
mod tests;
