//! What several panels say of live data: whether its source delivers, when it is tried again, exact numbers in columns,
//! texts of any length.

mod columns;

use std::collections::HashSet;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::domain::event::{DataService, ServiceSet};
use crate::domain::quote::Trading;
use crate::domain::source::{Origin, SourceName};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;
use crate::pipeline::Snapshot;
use crate::pipeline::meters::{ConnectionState, LoadingView, TransportView};
use crate::pipeline::snapshot::{Row, RowState, SourceView};

use super::number::age;
use super::overlay::wrap;
use super::panel::PanelContext;
use super::panels::pipeline::connection_mark;
use super::text::{UNKNOWN, put, safe};

pub use columns::{NumberRoom, QuantityFormat};

/// The longest reason of a halt that a title gives.
const HALT_COLUMNS: usize = 200;

/// The source of live data that does not deliver now, or did not when it was recorded: what came from it is as old as it
/// is.
#[must_use]
pub fn lost_source<'a>(snapshot: &'a Snapshot, name: &SourceName) -> Option<&'a SourceView> {
    snapshot.source(name).filter(|source| {
        let is_cut = |transport: &TransportView| transport.is_cut;
        source.transport.as_ref().is_some_and(is_cut)
            || source.origin == Origin::Live && source.state != ConnectionState::Connected
    })
}

/// How long since the snapshot was taken: ages and countdowns in it go on while nothing comes.
#[must_use]
pub fn since_taken(context: &PanelContext<'_>) -> Duration {
    context.now.since(context.snapshot.taken)
}

/// How long until a source that does not deliver is tried again; the nearest of its connections.
#[must_use]
pub fn retry_left(source: &SourceView, context: &PanelContext<'_>) -> Option<Duration> {
    if source.state == ConnectionState::Connected {
        return None;
    }
    source
        .connections
        .iter()
        .filter_map(|connection| connection.next_retry)
        .min()
        .map(|left| left.saturating_sub(since_taken(context)))
}

/// A time to wait, rounded up: `4 s`, `2m05`.
#[must_use]
pub fn countdown(left: Duration) -> String {
    let seconds = left.as_millis().div_ceil(1000);
    match i64::try_from(seconds) {
        Ok(seconds @ 60..) => age(seconds.saturating_mul(1000)),
        _ => format!("{seconds} s"),
    }
}

/// What a source is doing, and for how long it waits before it tries again: `reconnecting in 4 s`.
#[must_use]
pub fn state_text(source: &SourceView, context: &PanelContext<'_>) -> String {
    let (_, word) = connection_mark(source.state);
    match retry_left(source, context) {
        Some(left) => format!("{word} in {}", countdown(left)),
        None => word.to_owned(),
    }
}

/// What a replay reads before it plays on: `seeking 43%`.
#[must_use]
pub fn loading_text(loading: LoadingView) -> String {
    let word = if loading.is_jump {
        "seeking"
    } else {
        "loading"
    };
    // Rounded down: it is not all there before it is.
    let percent = (loading.progress * 100.0).clamp(0.0, 100.0) as u8;
    format!("{word} {percent}%")
}

/// What a source is doing where there is little room: `retry 4 s`, `seeking 43%`.
#[must_use]
pub fn short_state_text(source: &SourceView, context: &PanelContext<'_>) -> String {
    let transport = source.transport.as_ref();
    if let Some(loading) = transport.and_then(|transport| transport.loading) {
        return loading_text(loading);
    }
    match retry_left(source, context) {
        Some(left) => format!("retry {}", countdown(left)),
        None => connection_mark(source.state).1.to_owned(),
    }
}

/// The symbol whose data of a service stands for the selected one: itself, if its source gives the service, else the
/// same symbol of the first source that does. Headlines of one source and books of another are about one thing.
#[must_use]
pub fn served(snapshot: &Snapshot, selected: SymbolId, service: DataService) -> SymbolId {
    let gives = |row: &Row| {
        snapshot
            .source(&row.source)
            .is_none_or(|source| source.services.has(service))
    };
    let Some(row) = snapshot.rows.get(selected).filter(|row| !gives(row)) else {
        return selected;
    };
    snapshot
        .rows
        .iter()
        .find(|other| other.symbol == row.symbol && gives(other))
        .map_or(selected, |other| other.id)
}

/// The row of the selected symbol.
#[must_use]
pub fn selected_row<'a>(context: &PanelContext<'a>) -> Option<&'a Row> {
    context
        .selected
        .and_then(|id| context.snapshot.rows.get(id))
}

/// Why there is nothing of a symbol: `what` of it, which is of this service.
#[must_use]
pub fn missing_text(
    what: &str,
    row: &Row,
    service: DataService,
    context: &PanelContext<'_>,
) -> String {
    let symbol = safe(row.symbol.as_str());
    let gives = |source: &SourceView| source.services.has(service);
    let name = service.name();
    if let Some(reason) = refusal_text(row) {
        let source = safe(row.source.as_str());
        return format!("no {what} for {symbol}: {source} does not give it: {reason}");
    }
    if context.is_frozen {
        return format!("no {what} for {symbol} while the picture is held: f lets it go on");
    }
    if context.snapshot.source(&row.source).is_none_or(gives) {
        return format!("no {what} for {symbol} yet");
    }
    let source = safe(row.source.as_str());
    format!("no {what} for {symbol}: {source} does not give {name}")
}

/// A symbol's name, safe to draw; a dash when it has gone.
#[must_use]
pub fn symbol_text(id: SymbolId, snapshot: &Snapshot) -> String {
    snapshot.rows.get(id).map_or_else(
        || UNKNOWN.to_owned(),
        |row| safe(row.symbol.as_str()).into_owned(),
    )
}

/// Whether another row has this one's name, so that only their sources tell them apart.
#[must_use]
pub fn is_twin(row: &Row, snapshot: &Snapshot) -> bool {
    snapshot.sources.len() > 1
        && !gives_only_news(row, snapshot)
        && snapshot.rows.iter().any(|other| {
            other.id != row.id && other.symbol == row.symbol && !gives_only_news(other, snapshot)
        })
}

fn gives_only_news(row: &Row, snapshot: &Snapshot) -> bool {
    let news = ServiceSet::of(&[DataService::News]);
    snapshot
        .source(&row.source)
        .is_some_and(|source| source.services == news)
}

/// Rows of sources that give headlines alone, of symbols that another source gives too: their headlines stand with that
/// one's row, and by themselves they would be lines with nothing in them.
#[must_use]
pub fn joined_rows(snapshot: &Snapshot) -> HashSet<SymbolId> {
    let news = ServiceSet::of(&[DataService::News]);
    if snapshot.sources.len() < 2 || snapshot.sources.iter().all(|it| it.services != news) {
        return HashSet::new();
    }
    let (joined, others): (Vec<&Row>, Vec<&Row>) = snapshot
        .rows
        .iter()
        .partition(|row| gives_only_news(row, snapshot));
    let others: HashSet<&Symbol> = others.into_iter().map(|row| &row.symbol).collect();
    joined
        .into_iter()
        .filter(|row| others.contains(&row.symbol))
        .map(|row| row.id)
        .collect()
}

/// A row's name, safe to draw, with its source where another row has the same.
#[must_use]
pub fn name_text(row: &Row, snapshot: &Snapshot) -> String {
    let name = safe(row.symbol.as_str());
    if is_twin(row, snapshot) {
        format!("{name}@{}", safe(row.source.as_str()))
    } else {
        name.into_owned()
    }
}

/// Why a symbol's source does not give it; `None` when it does, as far as is known.
#[must_use]
pub fn refusal_text(row: &Row) -> Option<String> {
    let reason = row.refusal.as_ref()?;
    (row.state == RowState::Refused).then(|| beginning(reason, HALT_COLUMNS))
}

/// Why a symbol may not be traded now, in at most so many columns of the venue's words too; `None` when it may, and when
/// the market is closed for everything.
#[must_use]
pub fn halt_text(row: &Row, reason_columns: usize) -> Option<String> {
    let facts = row.facts.as_ref()?;
    let word = match facts.trading? {
        Trading::Open | Trading::Closed => return None,
        Trading::Halted => "HALTED",
        Trading::Paused => "PAUSED",
        Trading::QuotesOnly => "QUOTES ONLY",
    };
    Some(match facts.reason.as_deref() {
        Some(reason) if !reason.is_empty() => {
            format!("{word} {}", beginning(reason, reason_columns))
        }
        _ => word.to_owned(),
    })
}

/// The same for a title, with the whole reason.
#[must_use]
pub fn halt_span(context: &PanelContext<'_>) -> Option<Span<'static>> {
    let halt = halt_text(selected_row(context)?, HALT_COLUMNS)?;
    Some(Span::styled(format!(" · ‖ {halt}"), context.theme.warning))
}

/// A time of day to the millisecond in the zone of the screen.
#[must_use]
pub fn time_text(time: Option<UnixMs>, context: &PanelContext<'_>) -> String {
    time.and_then(|time| time.in_zone(context.zone))
        .map_or_else(
            || UNKNOWN.to_owned(),
            |local| local.format("%H:%M:%S%.3f").to_string(),
        )
}

/// The beginning of a text of any length, safe to draw, in at most `columns` columns. Of a megabyte it looks at what is
/// shown and no more.
#[must_use]
pub fn beginning(text: &str, columns: usize) -> String {
    // Every character that stays has a column; a few more tell whether something was left out.
    let limit = columns.saturating_mul(2).saturating_add(8);
    let end = text
        .char_indices()
        .nth(limit)
        .map_or(text.len(), |(at, _)| at);
    super::text::cut(&safe(&text[..end]), columns).into_owned()
}

/// What is said in an empty panel, broken into lines.
pub fn put_message(buffer: &mut Buffer, area: Rect, text: &str, style: Style) {
    let columns = area.width.saturating_sub(2);
    for (row, line) in (0_u16..).zip(wrap(text, usize::from(columns))) {
        if row >= area.height {
            return;
        }
        put(
            buffer,
            area.x + 1,
            area.y + row,
            columns,
            line.trim_end(),
            style,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::width;
    use super::*;

    #[test]
    fn countdowns_are_rounded_up() {
        for (ms, text) in [
            (0, "0 s"),
            (1, "1 s"),
            (4_000, "4 s"),
            (4_001, "5 s"),
            (125_000, "2m05"),
        ] {
            assert_eq!(countdown(Duration::from_millis(ms)), text);
        }
        assert!(!countdown(Duration::MAX).is_empty());
    }

    #[test]
    fn the_beginning_of_a_long_text_is_safe_and_fits() {
        let long = "\u{202e}\x1b日本".repeat(300_000);
        for columns in 0..12 {
            let text = beginning(&long, columns);
            assert!(width(&text) <= columns, "{columns} {text}");
            assert!(!text.contains('\x1b'));
        }
        assert_eq!(beginning("short", 10), "short");
        assert_eq!(beginning("much longer", 5), "much…");
    }
}
