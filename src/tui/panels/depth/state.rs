//! What is said of a book as a whole: whether it can be relied on, and what lies between its sides.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::super::market;
use super::super::super::number::{age, fixed};
use super::super::super::panel::PanelContext;
use super::super::super::text::{cut, put, width};
use super::ladder::Ladder;
use crate::domain::book::Integrity;
use crate::domain::symbol::SymbolId;
use crate::pipeline::snapshot::{BookState, DepthView};

/// Pieces with a dot between them, as many as fit from the first on.
fn put_line(buffer: &mut Buffer, area: Rect, pieces: &[(String, Style)], dim: Style) {
    let mut x = area.x;
    for (at, (text, style)) in pieces.iter().enumerate() {
        let room = usize::from(area.right().saturating_sub(x));
        let gap = if at > 0 { 3 } else { 0 };
        if at > 0 {
            if width(text) + gap > room {
                return;
            }
            x = put(buffer, x, area.y, 3, " · ", dim);
        }
        let room = usize::from(area.right().saturating_sub(x));
        x = put(buffer, x, area.y, room as u16, &cut(text, room), *style);
    }
}

/// What is said when the source of a book does not deliver.
pub(super) fn lost_text(
    id: SymbolId,
    view: &DepthView,
    context: &PanelContext<'_>,
) -> Option<String> {
    let row = context.snapshot.rows.get(id)?;
    let source = market::lost_source(context.snapshot, &row.source)?;
    let age = age_ms(id, view, context).map_or_else(String::new, |ms| format!(" {}", age(ms)));
    Some(format!(
        "◌ stale{age} · {}",
        market::state_text(source, context)
    ))
}

fn age_ms(id: SymbolId, view: &DepthView, context: &PanelContext<'_>) -> Option<i64> {
    let row = context.snapshot.rows.get(id)?;
    let now = context.snapshot.data_now(&row.source);
    view.time.map(|time| now.0.saturating_sub(time.0).max(0))
}

/// The prices outside of which the symbol does not trade; `None` when nothing is known of them.
fn limits_text(id: SymbolId, context: &PanelContext<'_>) -> Option<String> {
    let facts = context.snapshot.rows.get(id)?.facts.as_ref()?;
    match (facts.lower_limit, facts.upper_limit) {
        (Some(lower), Some(upper)) => Some(format!("limits {lower}–{upper}")),
        (Some(lower), None) => Some(format!("limit ≥ {lower}")),
        (None, Some(upper)) => Some(format!("limit ≤ {upper}")),
        (None, None) => None,
    }
}

/// Whether the book can be relied on, within which prices it may trade, where it stands, how old it is.
pub(super) fn draw_state(
    view: &DepthView,
    area: Rect,
    buffer: &mut Buffer,
    context: &PanelContext<'_>,
) {
    let theme = context.theme;
    let mut pieces = Vec::new();
    let lost = lost_text(view.symbol, view, context);
    let is_lost = lost.is_some();
    if let Some(text) = lost {
        pieces.push((text, theme.warning));
    }
    let row = context.snapshot.rows.get(view.symbol);
    let refusal = row.and_then(market::refusal_text);
    pieces.push(match (&view.state, refusal) {
        (BookState::Waiting, Some(reason)) => (format!("✖ refused: {reason}"), theme.error),
        (BookState::Waiting, None) => ("◌ waiting for the whole book".to_owned(), theme.info),
        (BookState::Lost(reason), _) => (
            format!("◌ resyncing: {}", market::beginning(reason, 200)),
            theme.warning,
        ),
        (BookState::Whole, _) => {
            let (sign, style) = match view.book.integrity {
                Integrity::Verified => ("✓", theme.up),
                Integrity::Sequenced => ("●", theme.info),
                Integrity::Unverified => ("○", theme.dim),
            };
            let style = if is_lost { theme.dim } else { style };
            (format!("{sign} {}", view.book.integrity.name()), style)
        }
    });
    if let Some(text) = limits_text(view.symbol, context) {
        pieces.push((text, theme.text));
    }
    if view.resyncs > 0 {
        let word = if view.resyncs == 1 {
            "resync"
        } else {
            "resyncs"
        };
        pieces.push((format!("{} {word}", view.resyncs), theme.warning));
    }
    if view.time.is_some() {
        pieces.push((market::time_text(view.time, context), theme.text));
        if let Some(ms) = age_ms(view.symbol, view, context).filter(|ms| *ms >= 1000) {
            pieces.push((format!("{} ago", age(ms)), theme.dim));
        }
    }
    if let Some(sequence) = view.book.sequence {
        pieces.push((format!("seq {sequence}"), theme.dim));
    }
    if let Some(depth) = view.depth {
        pieces.push((format!("{depth} levels"), theme.dim));
    }
    pieces.push((format!("{} updates", view.updates), theme.dim));
    put_line(buffer, area, &pieces, theme.dim);
}

/// What lies between the sides, on a line that never moves.
pub(super) fn draw_middle(
    ladder: &Ladder,
    y: u16,
    rows: Rect,
    buffer: &mut Buffer,
    context: &PanelContext<'_>,
    is_lost: bool,
) {
    let theme = context.theme;
    for x in rows.x..rows.right() {
        put(buffer, x, y, 1, "─", theme.border);
    }
    let columns = usize::from(rows.width);
    let mut style = if is_lost { theme.dim } else { theme.accent };
    let is_empty = ladder.bids.is_empty() && ladder.asks.is_empty();
    let texts = if is_lost && !is_empty {
        // What lay between the sides does not any more.
        let text = " as last known ";
        [text.to_owned(), text.to_owned(), text.to_owned()]
    } else if let Some((mid, spread)) = ladder.mid.zip(ladder.spread) {
        let bps = ladder
            .spread_bps
            .map_or_else(String::new, |bps| format!(" · {} bps", fixed(bps, 2)));
        let mut word = "spread";
        if spread.is_sign_negative() && !spread.is_zero() {
            word = "crossed by";
            style = theme.warning;
        } else if spread.is_zero() {
            word = "locked";
        }
        let spread = spread.abs().normalize();
        [
            format!(" mid {mid} · {word} {spread}{bps} "),
            format!(" {mid} · {word} {spread} "),
            format!(" {mid} "),
        ]
    } else {
        let text = match (ladder.bids.is_empty(), ladder.asks.is_empty()) {
            (true, true) => " no bids, no asks ",
            (true, false) => " no bids ",
            _ => " no asks ",
        };
        [text.to_owned(), text.to_owned(), text.to_owned()]
    };
    let fitting = texts.iter().find(|text| width(text) <= columns);
    if let Some(text) = fitting {
        let x = rows.x + ((columns - width(text)) / 2) as u16;
        put(buffer, x, y, rows.width, text, style);
    }
}
