//! How a headline's row is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::super::super::market::beginning;
use super::super::super::panel::PanelContext;
use super::super::super::text::{UNKNOWN, cut, put};
use super::super::errors::clock_text;
use super::NewsPanel;
use crate::pipeline::snapshot::NewsRow;

/// How many of a headline's symbols are named in its row; the others are counted.
const SYMBOLS_NAMED: usize = 1;

impl NewsPanel {
    pub(super) fn draw_row(
        &self,
        row: &NewsRow,
        area: Rect,
        buffer: &mut Buffer,
        context: &PanelContext<'_>,
    ) {
        let theme = context.theme;
        let is_unread = self.is_unread(row.id);
        let text = if is_unread {
            theme.text.add_modifier(Modifier::BOLD)
        } else {
            theme.dim
        };
        let mark = if is_unread { "●" } else { " " };
        let mut x = put(buffer, area.x, area.y, 1, mark, theme.accent);
        let mut cell = |words: &str, columns: u16, style| {
            let room = area.right().saturating_sub(x).min(columns);
            let words = cut(words, usize::from(room));
            put(buffer, x, area.y, room, &words, style);
            x = x.saturating_add(columns + 1).min(area.right());
        };
        let time = row.time.unwrap_or(row.received);
        let (time_columns, symbol_columns) = if area.width >= 70 { (11, 12) } else { (8, 8) };
        cell(&clock_text(time, context), time_columns, theme.dim);
        let symbols = symbols_text(row, context, SYMBOLS_NAMED);
        let symbols = match symbols.split_once(" +") {
            Some((first, _)) if symbol_columns < 10 => first,
            _ => &symbols,
        };
        cell(symbols, symbol_columns, theme.info);
        if area.width >= 90 {
            let publisher = row.news.source.as_deref().unwrap_or(UNKNOWN);
            cell(&beginning(publisher, 14), 14, theme.dim);
        }
        let columns = usize::from(area.width);
        cell(&beginning(&row.news.headline, columns), area.width, text);
    }
}

/// The symbols that a headline came for, `named` of them by name, safe to draw.
#[must_use]
pub fn symbols_text(row: &NewsRow, context: &PanelContext<'_>, named: usize) -> String {
    let subscribed = row
        .symbols
        .iter()
        .filter_map(|id| context.snapshot.rows.get(*id))
        .map(|row| row.symbol.as_str());
    let others = row
        .news
        .symbols
        .iter()
        .map(String::as_str)
        .filter(|name| !subscribed.clone().any(|known| known == *name));
    let mut text = String::new();
    let mut count: usize = 0;
    for name in subscribed.clone().chain(others) {
        if count < named {
            if count > 0 {
                text.push(' ');
            }
            text.push_str(&beginning(name, 14));
        }
        count += 1;
    }
    if count == 0 {
        return UNKNOWN.to_owned();
    }
    if count > named {
        let more = format!(" +{}", count - named);
        text.push_str(&more);
    }
    text
}
