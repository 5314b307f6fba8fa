//! A picture of the screen: the cells of a buffer as SVG.
//!
//! Text is placed by cell, so that columns stay columns in any font; blocks, lines and braille are drawn as shapes,
//! so that they join. Everything of one colour is one path, which keeps the file small.

mod palette;
mod shapes;

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use palette::{BACKGROUND, FOREGROUND, Rgb, blend, hex, rgb};
use shapes::{Area, CELL_HEIGHT, CELL_WIDTH, Shape, shape};

/// Space between the window's edge and the first cell.
const PADDING: f32 = 14.0;
/// Height of the bar that holds the title.
const BAR_HEIGHT: f32 = 34.0;
/// Where the text's baseline is in a cell.
const BASELINE: f32 = 12.0;
/// How far a dim colour goes toward the background, in per cent.
const DIM_PERCENT: u16 = 45;
/// Cells at each side of the title that the window's buttons and their counterpart take.
const TITLE_MARGIN: usize = 10;

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
pub fn to_svg(buffer: &Buffer, title: &str) -> String {
    let mut picture = Picture::default();
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
    let mut svg = String::with_capacity(64 * 1024);
    match picture.write(&mut svg, (columns, rows), title) {
        Ok(()) | Err(fmt::Error) => svg,
    }
}

impl Picture {
    /// Takes one cell; tells how many cells its character covers.
    fn add(&mut self, cell: &Cell, column: usize, row: usize, free: usize) -> usize {
        let width = cell.symbol().width().clamp(1, free.max(1));
        let (foreground, background) = colors(cell);
        let (x, y) = (column as f32 * CELL_WIDTH, row as f32 * CELL_HEIGHT);
        let cell_area = [x, y, width as f32 * CELL_WIDTH, CELL_HEIGHT];
        if background != BACKGROUND {
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

    fn write(mut self, svg: &mut String, size: (usize, usize), title: &str) -> fmt::Result {
        let inner_width = size.0 as f32 * CELL_WIDTH;
        let inner_height = size.1 as f32 * CELL_HEIGHT;
        let width = inner_width + 2.0 * PADDING;
        let height = inner_height + BAR_HEIGHT + PADDING;
        write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-size=\"13.3\" font-family=\"ui-monospace,'SF Mono','Cascadia Mono',\
             'JetBrains Mono',Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace\">"
        )?;
        write_window(svg, width, height, size.0, title)?;
        write!(svg, "<g transform=\"translate({PADDING} {BAR_HEIGHT})\">")?;
        svg.push_str("<g shape-rendering=\"crispEdges\">");
        write_areas(svg, &mut self.backgrounds)?;
        write_areas(svg, &mut self.filled)?;
        svg.push_str("</g>");
        write_paths(svg, &self.strokes, "")?;
        write_paths(
            svg,
            &self.dots,
            " stroke-width=\"2.6\" stroke-linecap=\"round\"",
        )?;
        self.write_text(svg)?;
        svg.push_str("</g></svg>\n");
        Ok(())
    }

    fn write_text(&mut self, svg: &mut String) -> fmt::Result {
        self.runs
            .sort_by_key(|run| (run.style, run.row, run.column));
        let mut open: Option<TextStyle> = None;
        for run in &self.runs {
            if open != Some(run.style) {
                if open.is_some() {
                    svg.push_str("</g>");
                }
                let bold = if run.style.is_bold {
                    " font-weight=\"700\""
                } else {
                    ""
                };
                let italic = if run.style.is_italic {
                    " font-style=\"italic\""
                } else {
                    ""
                };
                write!(svg, "<g fill=\"{}\"{bold}{italic}>", hex(run.style.color))?;
                open = Some(run.style);
            }
            let (x, y) = (
                run.column as f32 * CELL_WIDTH,
                run.row as f32 * CELL_HEIGHT + BASELINE,
            );
            let length = run.cells as f32 * CELL_WIDTH;
            if run.is_plain && run.cells > 1 {
                write!(svg, "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\">")?;
            } else if run.is_plain {
                write!(svg, "<text x=\"{x}\" y=\"{y}\">")?;
            } else {
                let middle = x + length / 2.0;
                write!(
                    svg,
                    "<text x=\"{middle}\" y=\"{y}\" text-anchor=\"middle\">"
                )?;
            }
            escape_into(svg, &run.text);
            svg.push_str("</text>");
        }
        if open.is_some() {
            svg.push_str("</g>");
        }
        Ok(())
    }
}

/// The colours of a cell with its modifiers taken in.
fn colors(cell: &Cell) -> (Rgb, Rgb) {
    let mut foreground = rgb(cell.fg, FOREGROUND);
    let mut background = rgb(cell.bg, BACKGROUND);
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

/// Joins what touches below one another, so that columns have no seams.
fn join_down(areas: &mut Vec<Area>) {
    areas.sort_by(|a, b| {
        let key = |area: &Area| (area[0], area[2], area[1]);
        key(a)
            .partial_cmp(&key(b))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    areas.dedup_by(|next, area| {
        let is_joined =
            same(next[0], area[0]) && same(next[2], area[2]) && next[1] <= area[1] + area[3];
        if is_joined {
            area[3] = (area[1] + area[3]).max(next[1] + next[3]) - area[1];
        }
        is_joined
    });
}

fn write_areas(svg: &mut String, by_color: &mut BTreeMap<Rgb, Vec<Area>>) -> fmt::Result {
    for (color, areas) in by_color {
        join_down(areas);
        write!(svg, "<path fill=\"{}\" d=\"", hex(*color))?;
        for [x, y, width, height] in areas {
            let [x, y, width, height] = [*x, *y, *width, *height].map(rounded);
            write!(svg, "M{x} {y}h{width}v{height}h-{width}z")?;
        }
        svg.push_str("\"/>");
    }
    Ok(())
}

/// Two decimals are more than any screen shows.
fn rounded(value: f32) -> f32 {
    (value * 100.0).round() / 100.0
}

fn write_paths(svg: &mut String, paths: &BTreeMap<Rgb, String>, style: &str) -> fmt::Result {
    for (color, path) in paths {
        write!(
            svg,
            "<path fill=\"none\" stroke=\"{}\"{style} d=\"{path}\"/>",
            hex(*color)
        )?;
    }
    Ok(())
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

fn write_window(
    svg: &mut String,
    width: f32,
    height: f32,
    columns: usize,
    title: &str,
) -> fmt::Result {
    let edge = hex(blend(BACKGROUND, FOREGROUND, 18));
    write!(
        svg,
        "<rect x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"9\" fill=\"{}\" stroke=\"{edge}\"/>",
        width - 1.0,
        height - 1.0,
        hex(BACKGROUND)
    )?;
    for (index, color) in ["#ff5f57", "#febc2e", "#28c840"].into_iter().enumerate() {
        let x = 20 + index * 20;
        if (x as f32) < width - 8.0 {
            write!(
                svg,
                "<circle cx=\"{x}\" cy=\"17\" r=\"5.5\" fill=\"{color}\"/>"
            )?;
        }
    }
    let title = shortened(title, columns.saturating_sub(2 * TITLE_MARGIN));
    if !title.is_empty() {
        write!(
            svg,
            "<text x=\"{}\" y=\"21.5\" text-anchor=\"middle\" fill=\"{}\">",
            width / 2.0,
            hex(blend(FOREGROUND, BACKGROUND, 40))
        )?;
        escape_into(svg, &title);
        svg.push_str("</text>");
    }
    Ok(())
}

fn shortened(title: &str, length: usize) -> String {
    if title.chars().count() <= length {
        title.to_owned()
    } else if length < 4 {
        String::new()
    } else {
        title.chars().take(length - 1).chain(['…']).collect()
    }
}

/// Writes text so that it is text in XML, whatever it holds.
fn escape_into(svg: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => svg.push_str("&amp;"),
            '<' => svg.push_str("&lt;"),
            '>' => svg.push_str("&gt;"),
            '"' => svg.push_str("&quot;"),
            // XML has no way to write these.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => svg.push('\u{fffd}'),
            c => svg.push(c),
        }
    }
}

#[cfg(test)]
#[path = "screenshot/tests.rs"]
mod tests;
