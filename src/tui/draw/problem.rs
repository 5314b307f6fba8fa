//! What is wrong with an expression that is being typed, and where.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::expression::ExpressionError;
use super::super::model::Model;
use super::super::overlay::wrap;
use super::super::text::{clear, put, safe, width};

/// The most lines that a message takes.
const LINES_MAX: usize = 3;

/// Draws above the line being typed: a mark over the place, where that is visible, and the message beside the mark, or
/// above it where there is no room beside it.
pub(super) fn draw(
    model: &Model,
    problem: &ExpressionError,
    mark: Option<u16>,
    buffer: &mut Buffer,
) {
    let area = buffer.area;
    let Some(y) = area.bottom().checked_sub(2) else {
        return;
    };
    let theme = model.theme;
    // What has not been typed to its end yet is no mistake.
    let (sign, style) = if problem.is_unfinished {
        ("·", theme.dim)
    } else {
        ("✖", theme.error)
    };
    let text = problem.to_string();
    let text = safe(&text);
    let columns = width(&text) as u16;
    let line = |y| Rect {
        y,
        height: 1,
        ..area
    };
    let mut bottom = y;
    if let Some(mark) = mark.filter(|mark| *mark < area.right()) {
        clear(buffer, line(y));
        put(buffer, mark, y, 1, "▼", style);
        let right = mark + 2;
        if columns <= area.right().saturating_sub(right + 1) {
            put(buffer, right, y, columns, &text, style);
            return;
        }
        if columns + 2 <= mark {
            put(buffer, mark - columns - 1, y, columns, &text, style);
            return;
        }
        bottom = y.saturating_sub(1);
    }
    let room = usize::from(area.width.saturating_sub(4));
    let lines = wrap(&text, room);
    let count = lines.len().min(LINES_MAX);
    let first = bottom.saturating_sub(count as u16 - 1);
    for (at, text) in lines.iter().take(count).enumerate() {
        let y = first + at as u16;
        clear(buffer, line(y));
        let sign = if at == 0 { sign } else { " " };
        put(buffer, 1, y, 1, sign, style);
        put(buffer, 3, y, area.width.saturating_sub(3), text, style);
    }
}
