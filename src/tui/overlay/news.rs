//! All about a headline.

use super::super::market::beginning;
use super::super::panel::PanelContext;
use super::super::panels::news::symbols_text;
use super::super::text::{UNKNOWN, safe};
use super::{Pieces, wrap};
use crate::domain::time::UnixMs;
use crate::pipeline::snapshot::NewsRow;

/// How much of a text is shown, in columns.
const TEXT_COLUMNS_MAX: usize = 8_000;
/// How many symbols are named.
const SYMBOLS_NAMED: usize = 40;

pub(super) fn news_lines(row: &NewsRow, columns: usize, context: &PanelContext<'_>) -> Vec<Pieces> {
    let theme = context.theme;
    let news = &row.news;
    let time = |time: UnixMs| {
        time.in_zone(context.zone).map_or_else(
            || UNKNOWN.to_owned(),
            |local| local.format("%Y-%m-%d %H:%M:%S %Z").to_string(),
        )
    };
    let paragraph = |text: &str, style| -> Vec<Pieces> {
        wrap(&beginning(text, TEXT_COLUMNS_MAX), columns)
            .into_iter()
            .map(|line| vec![(line, style)])
            .collect()
    };
    let mut lines = paragraph(&news.headline, theme.accent);
    lines.push(Vec::new());
    let mut field = |label: &str, value: String| {
        let indent = columns.saturating_sub(11).max(1);
        for (at, part) in wrap(&value, indent).into_iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            lines.push(vec![
                (format!("{label:<11}"), theme.dim),
                (part, theme.text),
            ]);
        }
    };
    let publisher = news.source.as_deref().unwrap_or(UNKNOWN);
    field("publisher", beginning(publisher, 200));
    field(
        "published",
        row.time.map_or_else(|| UNKNOWN.to_owned(), time),
    );
    field("received", time(row.received));
    field("symbols", symbols_text(row, context, SYMBOLS_NAMED));
    field("source", safe(row.source.as_str()).into_owned());
    let url = news.url.as_deref().unwrap_or(UNKNOWN);
    field("url", beginning(url, TEXT_COLUMNS_MAX));
    if let Some(summary) = news.summary.as_deref().filter(|text| !text.is_empty()) {
        lines.push(Vec::new());
        lines.extend(paragraph(summary, theme.text));
    }
    lines
}
