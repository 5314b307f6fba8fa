//! A picture as PNG: the shapes and the text drawn as pixels, twice as fine as the picture's units where that stays
//! within reason.

mod canvas;
mod encode;
mod fonts;

use ratatui::buffer::Buffer;

use super::palette::{Paper, blend};
use super::shapes::{CELL_HEIGHT, CELL_WIDTH};
use super::svg::{BAR_HEIGHT, BASELINE, PADDING, TITLE_MARGIN, shortened};
use super::{DOT, Picture, STROKE, draw_cells};
use canvas::{Canvas, points};
use fonts::Fonts;

/// The largest size of the text, in the picture's units to the em; a font that is too wide for its cells is smaller.
const FONT_UNITS: f32 = 13.3;
/// The most pixels at the finer scale.
const FINE_PIXELS_MAX: u64 = 40_000_000;
/// The most pixels at all.
const PIXELS_MAX: u64 = 160_000_000;

/// Why there is no PNG.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PngError {
    /// There is nothing to write text with.
    #[error(
        "no monospaced font was found; install one such as DejaVu Sans Mono, or write .svg, which needs none"
    )]
    NoFont,
    /// Nobody could look at it.
    #[error("the screen of {columns}×{rows} is too large for a PNG; write .svg")]
    TooLarge {
        /// Its columns.
        columns: u16,
        /// Its rows.
        rows: u16,
    },
    /// The pixels could not be packed.
    #[error("the picture cannot be packed: {0}")]
    Encode(String),
}

/// Draws a screen as a PNG picture with a window around it, as [`super::to_svg`] does.
///
/// # Errors
/// When no font is found, or the screen is too large.
pub fn to_png(buffer: &Buffer, title: &str, paper: Paper) -> Result<Vec<u8>, PngError> {
    let picture = draw_cells(buffer, paper);
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let width = f32::from(columns) * CELL_WIDTH + 2.0 * PADDING;
    let height = f32::from(rows) * CELL_HEIGHT + BAR_HEIGHT + PADDING;
    let pixels = |scale: u64| (width as u64 * scale) * (height as u64 * scale);
    let scale = if pixels(2) <= FINE_PIXELS_MAX {
        2.0
    } else if pixels(1) <= PIXELS_MAX {
        1.0
    } else {
        return Err(PngError::TooLarge { columns, rows });
    };
    let mut fonts = Fonts::find(FONT_UNITS * scale, CELL_WIDTH * scale).ok_or(PngError::NoFont)?;
    let mut canvas = Canvas::new(width, height, scale, paper.background);
    draw_window(
        &mut canvas,
        &mut fonts,
        (width, height),
        usize::from(columns),
        title,
        paper,
    );
    canvas.move_origin(PADDING, BAR_HEIGHT);
    draw_picture(&mut canvas, &mut fonts, &picture);
    encode::encode(&canvas).map_err(|error| PngError::Encode(error.to_string()))
}

fn draw_picture(canvas: &mut Canvas, fonts: &mut Fonts, picture: &Picture) {
    for (color, areas) in picture.backgrounds.iter().chain(&picture.filled) {
        for area in areas {
            canvas.fill(*area, *color);
        }
    }
    for (paths, thickness) in [(&picture.strokes, STROKE), (&picture.dots, DOT)] {
        for (color, path) in paths {
            for line in points(path) {
                canvas.stroke(&line, thickness, *color);
            }
        }
    }
    for run in &picture.runs {
        let y = run.row as f32 * CELL_HEIGHT + BASELINE;
        let x = run.column as f32 * CELL_WIDTH;
        if run.is_plain {
            for (at, c) in run.text.chars().enumerate() {
                let x = x + at as f32 * CELL_WIDTH;
                canvas.glyph(
                    fonts,
                    c,
                    run.style.is_bold,
                    (x, y),
                    CELL_WIDTH,
                    run.style.color,
                );
            }
        } else {
            let room = run.cells as f32 * CELL_WIDTH;
            for c in run.text.chars() {
                canvas.glyph(fonts, c, run.style.is_bold, (x, y), room, run.style.color);
            }
        }
    }
}

/// The window's edge, its buttons and its title.
fn draw_window(
    canvas: &mut Canvas,
    fonts: &mut Fonts,
    (width, height): (f32, f32),
    columns: usize,
    title: &str,
    paper: Paper,
) {
    let Paper {
        background,
        foreground,
    } = paper;
    canvas.window((width, height), 9.0, blend(background, foreground, 18));
    for (index, color) in [[0xff, 0x5f, 0x57], [0xfe, 0xbc, 0x2e], [0x28, 0xc8, 0x40]]
        .into_iter()
        .enumerate()
    {
        let x = (20 + index * 20) as f32;
        if x < width - 8.0 {
            canvas.stroke(&[(x, 17.0), (x, 17.0)], 11.0, color);
        }
    }
    let title = shortened(title, columns.saturating_sub(2 * TITLE_MARGIN));
    let start = width / 2.0 - title.chars().count() as f32 * CELL_WIDTH / 2.0;
    let color = blend(foreground, background, 40);
    for (at, c) in title.chars().enumerate() {
        let x = start + at as f32 * CELL_WIDTH;
        canvas.glyph(fonts, c, false, (x, 21.5), CELL_WIDTH, color);
    }
}

#[cfg(test)]
mod tests;
