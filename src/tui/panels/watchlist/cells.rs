//! The watchlist's cells: what stands in each, and how wide it is.

use ratatui::style::Style;

use crate::domain::Decimal;
use crate::domain::source::SourceName;
use crate::domain::time::UnixMs;
use crate::pipeline::Snapshot;
use crate::pipeline::snapshot::{Direction, Row, RowState};

use super::super::super::market::{beginning, halt_text, lost_source, refusal_text};
use super::super::super::number;
use super::super::super::panel::PanelContext;
use super::super::super::text::{UNKNOWN, safe, width};
use super::super::super::values;
use super::columns::Column;
use super::order::{change, change_percent};

/// The longest reason of a halt that stands beside a name.
const HALT_COLUMNS: usize = 60;

/// The sign of headlines that nobody has read.
pub const UNREAD: &str = "✉";

/// How long a changed price flashes.
pub const FLASH_MS: u64 = 500;

/// A cell's text in two parts that are aligned at the point between them.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    /// What stands before the decimal point.
    pub whole: String,
    /// The point and what follows.
    pub fraction: String,
    /// Its look.
    pub style: Style,
}

/// How wide a column's two parts are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CellWidth {
    /// Before the point.
    pub whole: usize,
    /// From the point on.
    pub fraction: usize,
    /// The longest number as a whole.
    pub longest: usize,
    /// Whether anything is known in any row.
    pub is_known: bool,
}

/// Numbers stand under each other at their points as long as that takes no more columns than this.
const ALIGNED_COLUMNS_MAX: usize = 12;

/// The most digits of a price that are shown, as long as those before the point are all there.
const PRICE_DIGITS: u32 = 8;

impl CellWidth {
    /// Grows so that the cell fits.
    pub fn fit(&mut self, cell: &Cell) {
        self.whole = self.whole.max(width(&cell.whole));
        let fraction = width(&cell.fraction);
        self.fraction = self.fraction.max(fraction);
        self.longest = self.longest.max(width(&cell.whole) + fraction);
        self.is_known |= !cell.whole.is_empty() && cell.whole != UNKNOWN;
    }

    /// Whether the numbers stand under each other at their points; else at their ends.
    #[must_use]
    pub fn is_aligned(self) -> bool {
        self.whole + self.fraction <= ALIGNED_COLUMNS_MAX
    }

    /// The whole column.
    #[must_use]
    pub fn total(self) -> usize {
        if self.is_aligned() {
            self.whole + self.fraction
        } else {
            self.longest
        }
    }
}

/// What a row is, as its mark shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The last price was higher than the one before.
    Up,
    /// It was lower.
    Down,
    /// It was the same.
    Unchanged,
    /// It may not be traded now.
    Halted,
    /// Nothing has come for too long, or nothing can come.
    Stale,
    /// Nothing has come yet.
    Waiting,
    /// Its source does not give it.
    Refused,
    /// The worker has been stopped.
    Quarantined,
}

impl Mark {
    /// The mark of a row.
    #[must_use]
    pub fn of(row: &Row, standing: Standing, stale_after_ms: i64) -> Self {
        let Standing { age_ms, is_lost } = standing;
        match (row.state, row.direction) {
            (RowState::Quarantined, _) => Self::Quarantined,
            (RowState::Refused, _) => Self::Refused,
            (RowState::Active, _) if is_lost => Self::Stale,
            _ if halt_text(row, 0).is_some() => Self::Halted,
            (RowState::Waiting, _) => Self::Waiting,
            _ if age_ms.is_some_and(|age| age > stale_after_ms) => Self::Stale,
            (_, Direction::Up) => Self::Up,
            (_, Direction::Down) => Self::Down,
            (_, Direction::Unchanged) => Self::Unchanged,
        }
    }

    /// The sign.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Up => "▲",
            Self::Down => "▼",
            Self::Unchanged => "●",
            Self::Halted => "‖",
            Self::Stale => "◌",
            Self::Waiting => "·",
            Self::Refused | Self::Quarantined => "✖",
        }
    }

    /// Its look.
    #[must_use]
    pub fn style(self, context: &PanelContext<'_>) -> Style {
        let theme = context.theme;
        match self {
            Self::Up => theme.up,
            Self::Down => theme.down,
            Self::Unchanged => theme.unchanged,
            Self::Stale | Self::Halted => theme.warning,
            Self::Waiting => theme.dim,
            Self::Refused | Self::Quarantined => theme.error,
        }
    }
}

/// How a row's data stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// How old it is by its source's clock.
    pub age_ms: Option<i64>,
    /// Whether its source is live and does not deliver.
    pub is_lost: bool,
}

/// The clock and state of each source, found once a frame.
#[derive(Debug)]
pub struct SourceStates<'a> {
    wall: UnixMs,
    states: Vec<(&'a SourceName, UnixMs, bool)>,
}

impl<'a> SourceStates<'a> {
    /// Those of a snapshot.
    #[must_use]
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let state = |name: &'a SourceName| {
            let is_lost = lost_source(snapshot, name).is_some();
            (name, snapshot.data_now(name), is_lost)
        };
        Self {
            wall: snapshot.wall,
            states: snapshot.sources.iter().map(|it| state(&it.name)).collect(),
        }
    }

    /// How a row's data stands.
    #[must_use]
    pub fn standing(&self, row: &Row) -> Standing {
        let (now, is_lost) = self
            .states
            .iter()
            .find(|(name, _, _)| **name == row.source)
            .map_or((self.wall, false), |(_, now, is_lost)| (*now, *is_lost));
        Standing {
            age_ms: age_ms(row, now),
            is_lost,
        }
    }
}

/// Whether a row's price is flashing, and until when.
#[must_use]
pub fn flash_left_ms(row: &Row, context: &PanelContext<'_>) -> Option<u64> {
    if !context.flash || row.direction == Direction::Unchanged || row.last.is_none() {
        return None;
    }
    let since = context.now.since(row.price_changed).as_millis() as u64;
    (row.price_changed <= context.now && since < FLASH_MS).then(|| FLASH_MS - since)
}

/// The cell of a row in a column.
#[must_use]
pub fn cell(row: &Row, column: &Column, standing: Standing, context: &PanelContext<'_>) -> Cell {
    let theme = context.theme;
    let mark = Mark::of(row, standing, context.stale_after_ms);
    let plain = match mark {
        Mark::Stale | Mark::Waiting | Mark::Refused | Mark::Quarantined => theme.dim,
        _ => theme.text,
    };
    // A source that leaves zeros out gives prices of different lengths; what is computed has two digits at least.
    let digits = row.last.map_or(2, |last| shown(last).scale() as usize);
    let digits = digits.max(2);
    let known = |text: Option<String>| match text {
        Some(text) => number_cell(&text, plain),
        None => number_cell(UNKNOWN, theme.dim),
    };
    let by_sign = |value: Option<f64>, text: Option<String>| {
        let style = match value {
            _ if mark == Mark::Stale => theme.dim,
            Some(value) if value > 0.0 => theme.up,
            Some(value) if value < 0.0 => theme.down,
            _ => theme.unchanged,
        };
        number_cell(text.as_deref().unwrap_or(UNKNOWN), style)
    };
    let decimal = |value: Option<Decimal>| known(value.map(|value| shown(value).to_string()));
    let price = |value: Option<f64>| known(value.map(|value| number::fixed(value, digits)));
    match column {
        Column::Symbol => symbol_cell(row, row.symbol.as_str(), plain, context),
        Column::Source => text_cell(row.source.as_str(), theme.dim),
        Column::Last => flashing(decimal(row.last), row, context),
        Column::Change => {
            let value = change(row);
            by_sign(value, value.map(|it| number::signed(it, digits)))
        }
        Column::ChangePercent => {
            let value = change_percent(row);
            by_sign(value, value.map(|it| format!("{}%", number::signed(it, 2))))
        }
        Column::Bid => decimal(row.bid),
        Column::BidSize => decimal(row.bid_size),
        Column::Ask => decimal(row.ask),
        Column::AskSize => decimal(row.ask_size),
        Column::Open => price(row.day.open),
        Column::High => price(row.day.high),
        Column::Low => price(row.day.low),
        Column::Vwap => price(row.day.vwap),
        Column::Volume => known(row.day.volume.map(number::compact)),
        Column::Trend => Cell::default(),
        Column::Value(name) => known(value_text(row, name, digits)),
        Column::Age => Cell {
            whole: standing
                .age_ms
                .map_or_else(|| UNKNOWN.to_owned(), number::age),
            fraction: String::new(),
            style: if mark == Mark::Stale {
                theme.warning
            } else {
                theme.dim
            },
        },
    }
}

/// A number of the venue as it came, unless it has more digits than anybody reads: then it is rounded.
fn shown(value: Decimal) -> Decimal {
    let digits = value
        .mantissa()
        .unsigned_abs()
        .checked_ilog10()
        .unwrap_or(0)
        + 1;
    let excess = digits.saturating_sub(PRICE_DIGITS);
    if excess == 0 || value.scale() == 0 {
        return value;
    }
    let mut rounded = value
        .round_dp(value.scale().saturating_sub(excess))
        .normalize();
    if rounded.scale() < 2 && value.scale() >= 2 && excess + 2 <= value.scale() {
        rounded.rescale(2);
    }
    rounded
}

/// The venue's number in a column, with all its digits.
pub fn exact(row: &Row, column: &Column) -> Option<Decimal> {
    match column {
        Column::Last => row.last,
        Column::Bid => row.bid,
        Column::BidSize => row.bid_size,
        Column::Ask => row.ask,
        Column::AskSize => row.ask_size,
        _ => None,
    }
}

/// A named value: prices with the digits of the row's prices, large numbers with a unit, small ones with more digits.
fn value_text(row: &Row, name: &str, digits: usize) -> Option<String> {
    let found = values::find(row, name)?;
    let value = found.value?;
    let size = value.abs();
    Some(if found.is_price {
        number::fixed(value, digits)
    } else if size >= 99_999.5 {
        number::compact(value)
    } else if size >= 1.0 || value == 0.0 {
        number::fixed(value, 2)
    } else if size >= 0.001 {
        number::fixed(value, 4)
    } else {
        number::fixed(value, 8)
    })
}

fn flashing(mut cell: Cell, row: &Row, context: &PanelContext<'_>) -> Cell {
    if flash_left_ms(row, context).is_some() {
        cell.style = match row.direction {
            Direction::Up => context.theme.flash_up,
            Direction::Down => context.theme.flash_down,
            Direction::Unchanged => cell.style,
        };
    }
    cell
}

/// The cell of a symbol that is called `name`, with what keeps it from being given or traded: it is seen there whatever the columns
/// are.
pub fn symbol_cell(row: &Row, name: &str, look: Style, context: &PanelContext<'_>) -> Cell {
    if let Some(reason) = refusal_text(row) {
        let text = beginning(&format!("{name} ✖ {reason}"), HALT_COLUMNS);
        return text_cell(&text, context.theme.error);
    }
    match halt_text(row, HALT_COLUMNS) {
        Some(halt) => text_cell(&format!("{name} ‖ {halt}"), context.theme.warning),
        None => text_cell(name, look),
    }
}

fn text_cell(text: &str, style: Style) -> Cell {
    Cell {
        whole: safe(text).into_owned(),
        fraction: String::new(),
        style,
    }
}

fn number_cell(text: &str, style: Style) -> Cell {
    // A unit or percent sign after a number without a point stands where the fraction would.
    let at = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '+' | '−' | '-' | '–')));
    let (whole, fraction) = text.split_at(at.unwrap_or(text.len()));
    Cell {
        whole: whole.replace('-', "−"),
        fraction: fraction.to_owned(),
        style,
    }
}

/// How old a row's data is by its source's clock.
#[must_use]
pub fn age_ms(row: &Row, now: UnixMs) -> Option<i64> {
    row.updated
        .map(|updated| now.0.saturating_sub(updated.0).max(0))
}

/// The last closes as a line of blocks, `columns` wide, newest at the right.
#[must_use]
pub fn sparkline(points: &[f32], columns: usize) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let shown = &points[points.len().saturating_sub(columns)..];
    let mut line = " ".repeat(columns - shown.len());
    let low = shown.iter().copied().fold(f32::INFINITY, f32::min);
    let high = shown.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for point in shown {
        let level = if !point.is_finite() {
            ' '
        } else if high > low {
            LEVELS[(((point - low) / (high - low) * 7.0).round() as usize).min(7)]
        } else {
            LEVELS[3]
        };
        line.push(level);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparklines_keep_their_width() {
        assert_eq!(sparkline(&[], 4), "    ");
        assert_eq!(sparkline(&[5.0], 3), "  ▄");
        assert_eq!(sparkline(&[1.0, 2.0, 3.0], 3), "▁▅█");
        assert_eq!(sparkline(&[9.0, 1.0, 2.0, 3.0], 3), "▁▅█");
        assert_eq!(sparkline(&[f32::NAN, 1.0, 2.0], 3).chars().count(), 3);
        assert_eq!(sparkline(&[f32::INFINITY, 1.0], 2).chars().count(), 2);
    }

    #[test]
    fn numbers_are_split_at_the_point() {
        for (text, whole, fraction) in [
            ("170.420", "170", ".420"),
            ("-4.98", "−4", ".98"),
            ("512", "512", ""),
            ("21.4M", "21", ".4M"),
            ("–", "–", ""),
            ("+0.77%", "+0", ".77%"),
        ] {
            let cell = number_cell(text, Style::new());
            assert_eq!(
                (cell.whole.as_str(), cell.fraction.as_str()),
                (whole, fraction)
            );
        }
    }
}
