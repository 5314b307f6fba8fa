//! What is shown before anything has been asked: what there is to ask, and how.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::super::overlay::wrap;
use super::super::super::text::put;
use super::super::super::theme::Theme;
use crate::domain::table::{TABLES, Table};

/// Something that may be asked, as an example.
const EXAMPLES: [&str; 3] = [
    "SELECT symbol, max(high), min(low), sum(volume) FROM bars GROUP BY symbol",
    "SELECT symbol, datetime, close FROM bars_5m WHERE symbol = 'AAPL' ORDER BY unix_ts DESC LIMIT 20",
    "SELECT kind, sum(count) FROM errors GROUP BY kind",
];

/// Tables, their columns and a few examples, as far as there is room.
pub(super) fn draw_examples(area: Rect, buffer: &mut Buffer, theme: &Theme) {
    let columns = usize::from(area.width.saturating_sub(2));
    let indent = 10.min(columns);
    let mut lines: Vec<(String, Style, usize)> = Vec::new();
    for table in TABLES {
        // The longer bars have the columns of the shorter.
        if matches!(table, Table::LongBars(_)) {
            continue;
        }
        let more = if table.has_indicators() {
            " and the indicators"
        } else {
            ""
        };
        let text = format!("{:<9} {}{more}", table.name(), table.columns().join(" "));
        lines.push((text, theme.text, indent));
    }
    let longer = "bars of 5 and 15 minutes, an hour and a day: bars_5m bars_15m bars_1h bars_1d";
    lines.insert(1, (format!("{:<9} {longer}", ""), theme.dim, indent));
    lines.push((String::new(), theme.text, 0));
    for example in EXAMPLES {
        lines.push((format!("  {example}"), theme.dim, 2));
    }
    let mut y = area.y;
    for (text, style, indent) in lines {
        let (head, rest) = text.split_at_checked(indent).unwrap_or((&text, ""));
        let wrapped = wrap(rest, columns.saturating_sub(indent).max(1));
        for (at, line) in wrapped.iter().enumerate() {
            if y >= area.bottom() {
                return;
            }
            if at == 0 {
                put(
                    buffer,
                    area.x + 1,
                    y,
                    columns as u16,
                    head,
                    if indent > 2 { theme.key } else { style },
                );
            }
            let x = area.x + 1 + indent as u16;
            put(
                buffer,
                x,
                y,
                area.right().saturating_sub(x),
                line.trim_end(),
                style,
            );
            y += 1;
        }
    }
}
