//! What several panels say of live data: whether its source delivers, when it is tried again, exact numbers in columns,
//! texts of any length.

use std::collections::HashSet;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::domain::Decimal;
use crate::domain::event::{DataService, ServiceSet};
use crate::domain::quote::Trading;
use crate::domain::source::{Origin, SourceName};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;
use crate::pipeline::Snapshot;
use crate::pipeline::meters::{ConnectionState, LoadingView};
use crate::pipeline::snapshot::{Row, RowState, SourceView};

use super::number::age;
use super::overlay::wrap;
use super::panel::PanelContext;
use super::panels::pipeline::connection_mark;
use super::text::{UNKNOWN, put, safe, width};

/// The longest reason of a halt that a title gives.
const HALT_COLUMNS: usize = 200;

/// The source of live data that does not deliver now: what came from it is as old as it is.
#[must_use]
pub fn lost_source<'a>(snapshot: &'a Snapshot, name: &SourceName) -> Option<&'a SourceView> {
    snapshot.source(name).filter(|source| {
        source.origin == Origin::Live && source.state != ConnectionState::Connected
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

/// How the quantities of one column are written: all with the same unit, and with the decimals that the smallest of them
/// needs, as far as there is room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QuantityFormat {
    /// Which of [`UNITS`].
    unit: usize,
    decimals: u32,
}

const UNITS: [&str; 5] = ["", "k", "M", "B", "T"];
/// Quantities of so many columns are written out.
const EXACT_COLUMNS: u32 = 10;
/// The most columns of those that are rounded, point and all.
const ROUNDED_COLUMNS: u32 = 12;
/// Longer numbers before the point have a unit.
const WHOLE_DIGITS: u32 = 9;
/// Digits that are left of each.
const DIGITS_MIN: i32 = 4;

/// Digits before the point; zero and less when it begins with so many zeros after it.
fn whole_digits(value: Decimal) -> i32 {
    let digits = value.mantissa().unsigned_abs().checked_ilog10();
    digits.map_or(0, |digits| digits as i32 + 1) - value.scale() as i32
}

impl QuantityFormat {
    /// The one for these quantities.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = Decimal>) -> Self {
        let (mut most, mut least, mut scale) = (1, i32::MAX, 0);
        for value in values {
            let value = value.normalize();
            if value.is_zero() {
                continue;
            }
            most = most.max(whole_digits(value));
            least = least.min(whole_digits(value));
            scale = scale.max(value.scale());
        }
        let whole = most as u32;
        if whole <= WHOLE_DIGITS && (scale == 0 || whole + 1 + scale <= EXACT_COLUMNS) {
            return Self {
                unit: 0,
                decimals: scale,
            };
        }
        let unit = match whole {
            0..=WHOLE_DIGITS => 0,
            // As small as six digits before the point allow.
            longer => ((longer as usize - 4) / 3).min(UNITS.len() - 1),
        };
        let shift = 3 * unit as u32;
        let left = whole.saturating_sub(shift);
        let wanted = (DIGITS_MIN - least.saturating_sub(shift as i32)).max(2) as u32;
        let room = ROUNDED_COLUMNS.saturating_sub(left + 1);
        Self {
            unit,
            decimals: wanted.min(room).min(scale + shift),
        }
    }

    /// A quantity in this format.
    #[must_use]
    pub fn text(self, value: Decimal) -> String {
        let factor = Decimal::from(1_000_u64.pow(self.unit as u32));
        let scaled = value.checked_div(factor).unwrap_or(value);
        let mut rounded = scaled.round_dp(self.decimals);
        let unit = UNITS[self.unit];
        if rounded.is_zero() && !value.is_zero() {
            return format!("<{}{unit}", Decimal::new(1, self.decimals));
        }
        if self.unit == 0 {
            rounded = rounded.normalize();
        } else {
            rounded.rescale(self.decimals);
        }
        format!("{rounded}{unit}")
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
    fn the_quantities_of_a_column_are_written_alike() {
        for (values, expected) in [
            (
                &["0.00100000", "1200.50", "100"][..],
                &["0.001", "1200.5", "100"][..],
            ),
            (
                &["2857.4021648", "1506.71567531", "1224.84", "100"],
                &["2857.4", "1506.72", "1224.84", "100"],
            ),
            (
                &["1506.71567531", "0.00123456"],
                &["1506.715675", "0.001235"],
            ),
            (&["1012345678.9", "432337948.65"], &["1012.35M", "432.34M"]),
            (&["1012345678", "12"], &["1012.345678M", "0.000012M"]),
            (&["123456789012345", "0.1"], &["123456.78901B", "<0.00001B"]),
            (&["1000", "2500", "20000"], &["1000", "2500", "20000"]),
            (&["0.000000000001236", "3"], &["<0.0000000001", "3"]),
            (&["0"], &["0"]),
        ] {
            let values: Vec<Decimal> = values
                .iter()
                .map(|text| text.parse().unwrap_or_default())
                .collect();
            let format = QuantityFormat::of(values.iter().copied());
            let texts: Vec<String> = values.iter().map(|it| format.text(*it)).collect();
            assert_eq!(texts, expected);
        }
        for value in [Decimal::MAX, Decimal::MIN, Decimal::new(1, 28)] {
            let both = [value, Decimal::new(1, 28)];
            for value in both {
                let text = QuantityFormat::of(both).text(value);
                assert!(text.len() < 40, "{text}");
            }
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
