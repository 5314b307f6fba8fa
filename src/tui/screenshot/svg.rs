//! Writing a picture as SVG.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::palette::{Paper, Rgb, blend, hex};
use super::shapes::{Area, CELL_HEIGHT, CELL_WIDTH};
use super::{DOT, Picture, TextStyle, same};

/// Space between the window's edge and the first cell.
pub(super) const PADDING: f32 = 14.0;
/// Height of the bar that holds the title.
pub(super) const BAR_HEIGHT: f32 = 34.0;
/// Where the text's baseline is in a cell.
pub(super) const BASELINE: f32 = 12.0;
/// Cells at each side of the title that the window's buttons and their counterpart take.
pub(super) const TITLE_MARGIN: usize = 10;

impl Picture {
    /// Writes the whole picture of `size` columns and rows.
    pub(super) fn write(
        mut self,
        svg: &mut String,
        size: (usize, usize),
        title: &str,
    ) -> fmt::Result {
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
        write_window(svg, width, height, size.0, title, self.paper)?;
        write!(svg, "<g transform=\"translate({PADDING} {BAR_HEIGHT})\">")?;
        svg.push_str("<g shape-rendering=\"crispEdges\">");
        write_areas(svg, &mut self.backgrounds)?;
        write_areas(svg, &mut self.filled)?;
        svg.push_str("</g>");
        write_paths(svg, &self.strokes, "")?;
        write_paths(
            svg,
            &self.dots,
            &format!(" stroke-width=\"{DOT}\" stroke-linecap=\"round\""),
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

fn write_window(
    svg: &mut String,
    width: f32,
    height: f32,
    columns: usize,
    title: &str,
    paper: Paper,
) -> fmt::Result {
    let Paper {
        background,
        foreground,
    } = paper;
    let edge = hex(blend(background, foreground, 18));
    write!(
        svg,
        "<rect x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"9\" fill=\"{}\" stroke=\"{edge}\"/>",
        width - 1.0,
        height - 1.0,
        hex(background)
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
            hex(blend(foreground, background, 40))
        )?;
        escape_into(svg, &title);
        svg.push_str("</text>");
    }
    Ok(())
}

pub(super) fn shortened(title: &str, length: usize) -> String {
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
