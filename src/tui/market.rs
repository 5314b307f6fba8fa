//! What several panels say of live data: whether its source delivers, when it is tried again, exact numbers in columns,
//! texts of any length.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::domain::event::DataService;
use crate::domain::quote::Trading;
use crate::domain::source::{Origin, SourceName};
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::domain::{Decimal, to_f64};
use crate::pipeline::Snapshot;
use crate::pipeline::meters::{ConnectionState, LoadingView, TransportView};
use crate::pipeline::snapshot::{Row, SourceView};

use super::number::{age, compact};
use super::overlay::wrap;
use super::panel::PanelContext;
use super::panels::pipeline::connection_mark;
use super::text::{UNKNOWN, put, safe, width};

/// The longest reason of a halt that a title gives.
const HALT_COLUMNS: usize = 200;

/// The longest quantity that is written out.
const QUANTITY_COLUMNS: usize = 12;

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
    if context.is_frozen {
        return format!("no {what} for {symbol} while the picture is held: f lets it go on");
    }
    if context.snapshot.source(&row.source).is_none_or(gives) {
        return format!(
            "no {what} for {symbol}: this source does not give {name}, or it has not come yet"
        );
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
        && snapshot
            .rows
            .iter()
            .any(|other| other.id != row.id && other.symbol == row.symbol)
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

/// A quantity in full, without zeros at its end, where it is of a usual length; else in four digits.
#[must_use]
pub fn quantity(value: Decimal) -> String {
    let text = value.normalize().to_string();
    if text.len() <= QUANTITY_COLUMNS {
        return text;
    }
    let value = to_f64(value);
    if value.abs() < 1.0 {
        format!("{value:.3e}")
    } else {
        compact(value)
    }
}

/// Room for numbers that stand under each other at their points. It only grows, so that columns stand still.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NumberRoom {
    /// Columns before the point.
    pub whole: usize,
    /// Columns from the point on.
    pub fraction: usize,
}

fn point(text: &str) -> usize {
    text.find('.').unwrap_or(text.len())
}

impl NumberRoom {
    /// Grows so that the number fits.
    pub fn fit(&mut self, text: &str) {
        let at = point(text);
        self.whole = self.whole.max(width(&text[..at]));
        self.fraction = self.fraction.max(width(&text[at..]));
    }

    /// Grows so that a word of so many columns fits above the numbers.
    pub fn fit_word(&mut self, columns: usize) {
        self.whole = self.whole.max(columns.saturating_sub(self.fraction));
    }

    /// Both parts together.
    #[must_use]
    pub fn total(self) -> usize {
        self.whole + self.fraction
    }

    /// Writes a number at its point; one that does not fit is left out, never cut.
    pub fn put(self, buffer: &mut Buffer, x: u16, y: u16, text: &str, style: Style) {
        let at = point(text);
        let before = self.whole.saturating_sub(width(&text[..at]));
        if before + width(text) <= self.total() {
            let room = width(text) as u16;
            put(
                buffer,
                x.saturating_add(before as u16),
                y,
                room,
                text,
                style,
            );
        }
    }
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
    fn quantities_are_exact_while_they_are_of_a_usual_length() {
        for (text, expected) in [
            ("0.00100000", "0.001"),
            ("1200.50", "1200.5"),
            ("100", "100"),
            ("123456789012345", "123.5T"),
            ("0.000000000001236", "1.236e-12"),
        ] {
            let value = text.parse().unwrap_or_default();
            assert_eq!(quantity(value), expected);
        }
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
