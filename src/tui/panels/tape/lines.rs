//! The tape's lines: trades newest first, small ones left out, those of one price put together.

use crate::domain::trade::Side;
use crate::domain::{Decimal, to_f64};
use crate::pipeline::snapshot::{TapeRow, TradeFate};

/// How many of the newest trades the usual size is taken from.
const MEDIAN_TRADES: usize = 500;

/// What makes a trade a big one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BigPrints {
    /// None is marked.
    Off,
    /// So many times the usual size of late.
    Multiple(Decimal),
    /// This size or more.
    Size(Decimal),
}

/// How much larger than usual a big trade is, when nothing else is said.
pub const BIG_MULTIPLE: i64 = 10;

impl Default for BigPrints {
    fn default() -> Self {
        Self::Multiple(Decimal::new(BIG_MULTIPLE, 0))
    }
}

/// What is shown of a tape.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TapeRules {
    /// Smaller trades are left out.
    pub size_min: Option<Decimal>,
    /// Trades of one side and price within so many milliseconds are one line; zero is never.
    pub window_ms: i64,
    /// What is marked as big.
    pub big: BigPrints,
}

/// One line: a trade, or several as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapeLine {
    /// Where its newest trade is in the tape.
    pub at: usize,
    /// The newest trade's number.
    pub number: u64,
    /// How many trades it is.
    pub count: u32,
    /// Their units.
    pub size: Option<Decimal>,
    /// Whether it is a big one.
    pub is_big: bool,
}

/// The usual size of a trade: the median of the newest. `None` without any.
#[must_use]
pub fn usual_size(rows: &[TapeRow]) -> Option<Decimal> {
    let mut sizes: Vec<Decimal> = rows
        .iter()
        .rev()
        .take(MEDIAN_TRADES)
        .filter_map(|row| row.trade.size)
        .collect();
    if sizes.is_empty() {
        return None;
    }
    let middle = sizes.len() / 2;
    Some(*sizes.select_nth_unstable(middle).1)
}

/// The round size (1, 2 or 5 times a power of ten) that is nearest below a size.
#[must_use]
pub fn round_size(size: Decimal) -> Decimal {
    let mut step = Decimal::ONE;
    let ten = Decimal::TEN;
    while step > size && step > Decimal::new(1, 12) {
        step /= ten;
    }
    while let Some(next) = step.checked_mul(ten).filter(|next| *next <= size) {
        step = next;
    }
    [5, 2]
        .into_iter()
        .filter_map(|times| step.checked_mul(Decimal::from(times)))
        .find(|candidate| *candidate <= size)
        .unwrap_or(step)
        .normalize()
}

/// The next larger round size, or the next smaller one.
#[must_use]
pub fn next_size(size: Decimal, is_up: bool) -> Decimal {
    let round = round_size(size);
    let is_two = round.normalize().mantissa().to_string().starts_with('2');
    let factor = match (is_up, is_two) {
        (true, true) => Decimal::new(25, 1),
        (true, false) | (false, _) => Decimal::TWO,
    };
    if is_up {
        return round
            .checked_mul(factor)
            .map_or(round, |size| size.normalize());
    }
    let is_five = round.normalize().mantissa().to_string().starts_with('5');
    let factor = if is_five {
        Decimal::new(25, 1)
    } else {
        Decimal::TWO
    };
    round
        .checked_div(factor)
        .map_or(round, |size| size.normalize())
}

fn big_from(rules: &TapeRules, rows: &[TapeRow]) -> Option<Decimal> {
    match rules.big {
        BigPrints::Off => None,
        BigPrints::Size(size) => Some(size),
        BigPrints::Multiple(times) => usual_size(rows)
            .filter(|usual| !usual.is_zero())
            .and_then(|usual| usual.checked_mul(times)),
    }
}

/// Whether an older trade belongs on the line of a newer one.
fn is_same(newer: &TapeRow, older: &TapeRow, window_ms: i64) -> bool {
    let (Some(late), Some(early)) = (newer.time, older.time) else {
        return false;
    };
    newer.fate == TradeFate::Stands
        && older.fate == TradeFate::Stands
        && newer.side() == older.side()
        && newer.trade.price == older.trade.price
        && late.0.abs_diff(early.0) <= window_ms.unsigned_abs()
}

/// The lines of a tape, newest first.
#[must_use]
pub fn lines(rows: &[TapeRow], rules: &TapeRules) -> Vec<TapeLine> {
    let big = big_from(rules, rows);
    let mut lines: Vec<TapeLine> = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate().rev() {
        // A window begins at the newest trade of its line: a long run does not become one line without end.
        let head = lines.last().map(|line| &rows[line.at]);
        if rules.window_ms > 0
            && let (Some(line), Some(head)) = (lines.last_mut(), head)
            && is_same(head, row, rules.window_ms)
        {
            line.count = line.count.saturating_add(1);
            line.size = match (line.size, row.trade.size) {
                (Some(sum), Some(size)) => Some(sum.saturating_add(size)),
                (sum, size) => sum.or(size),
            };
            continue;
        }
        lines.push(TapeLine {
            at,
            number: row.number,
            count: 1,
            size: row.trade.size,
            is_big: false,
        });
    }
    if let Some(min) = rules.size_min {
        lines.retain(|line| line.size.is_some_and(|size| size >= min));
    }
    for line in &mut lines {
        line.is_big = big.zip(line.size).is_some_and(|(big, size)| size >= big);
    }
    lines
}

/// The sign and word of the side that took the initiative; one that is inferred has a hollow sign.
#[must_use]
pub fn side_mark(row: &TapeRow) -> (&'static str, &'static str) {
    match (row.trade.side, row.trade.inferred) {
        (Some(Side::Buy), _) => ("▲", "buy"),
        (Some(Side::Sell), _) => ("▼", "sell"),
        (None, Some(Side::Buy)) => ("△", "buy?"),
        (None, Some(Side::Sell)) => ("▽", "sell?"),
        (None, None) => ("·", ""),
    }
}

/// How much of the largest size a size is, on a scale on which small ones can still be told apart.
#[must_use]
pub fn root_share(size: Option<Decimal>, size_max: Decimal) -> f64 {
    let max = to_f64(size_max);
    match size.map(to_f64) {
        Some(size) if max > 0.0 && size > 0.0 => (size / max).sqrt().clamp(0.0, 1.0),
        _ => 0.0,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::time::UnixMs;
    use crate::domain::trade::TimeAndSale;

    fn row(number: u64, ms: i64, price: &str, units: &str, side: Side) -> TapeRow {
        TapeRow {
            number,
            time: Some(UnixMs(ms)),
            trade: Arc::new(TimeAndSale {
                price: Some(price.parse().unwrap()),
                size: Some(units.parse().unwrap()),
                side: Some(side),
                ..TimeAndSale::default()
            }),
            fate: TradeFate::Stands,
        }
    }

    fn rows() -> Vec<TapeRow> {
        vec![
            row(1, 1_000, "10", "5", Side::Buy),
            row(2, 1_050, "10", "7", Side::Buy),
            row(3, 1_090, "10", "1", Side::Sell),
            row(4, 1_100, "10", "2", Side::Sell),
            row(5, 1_190, "10", "3", Side::Sell),
            row(6, 1_201, "10", "100", Side::Sell),
        ]
    }

    fn numbers(lines: &[TapeLine]) -> Vec<(u64, u32, String)> {
        lines
            .iter()
            .map(|line| (line.number, line.count, line.size.unwrap().to_string()))
            .collect()
    }

    #[test]
    fn trades_of_one_price_and_side_within_the_window_are_one_line() {
        let rules = TapeRules {
            window_ms: 100,
            ..TapeRules::default()
        };
        let expected = [(6, 2, "103"), (4, 2, "3"), (2, 2, "12")];
        assert_eq!(
            numbers(&lines(&rows(), &rules)),
            expected.map(|(number, count, size)| (number, count, size.to_owned()))
        );
        assert_eq!(lines(&rows(), &TapeRules::default()).len(), 6);
        let mut cancelled = rows();
        cancelled[4].fate = TradeFate::Cancelled;
        let lines = lines(&cancelled, &rules);
        assert_eq!(lines[0].count, 1, "what does not stand is not added up");
    }

    #[test]
    fn the_filter_is_of_lines_and_big_ones_are_marked() {
        let rules = TapeRules {
            size_min: Some(Decimal::from(5)),
            big: BigPrints::Size(Decimal::from(100)),
            ..TapeRules::default()
        };
        let lines = lines(&rows(), &rules);
        assert_eq!(
            lines
                .iter()
                .map(|line| (line.number, line.is_big))
                .collect::<Vec<_>>(),
            [(6, true), (2, false), (1, false)]
        );
    }

    #[test]
    fn a_big_one_is_measured_by_what_is_usual() {
        assert_eq!(usual_size(&rows()), Some(Decimal::from(5)));
        assert_eq!(usual_size(&[]), None);
        let is_big = |big| {
            let rules = TapeRules {
                big,
                ..TapeRules::default()
            };
            lines(&rows(), &rules)[0].is_big
        };
        assert!(is_big(BigPrints::default()));
        assert!(is_big(BigPrints::Multiple(Decimal::from(20))));
        assert!(!is_big(BigPrints::Multiple(Decimal::from(21))));
        assert!(!is_big(BigPrints::Off));
    }

    #[test]
    fn sizes_step_through_round_ones() {
        for (size, round) in [
            ("137", "100"),
            ("0.037", "0.02"),
            ("50", "50"),
            ("5", "5"),
            ("9.9", "5"),
            ("1", "1"),
        ] {
            assert_eq!(round_size(size.parse().unwrap()).to_string(), round);
        }
        let mut size = Decimal::ONE;
        let mut seen = Vec::new();
        for _ in 0..5 {
            size = next_size(size, true);
            seen.push(size.to_string());
        }
        assert_eq!(seen, ["2", "5", "10", "20", "50"]);
        for expected in ["20", "10", "5", "2", "1", "0.5"] {
            size = next_size(size, false);
            assert_eq!(size.to_string(), expected);
        }
        assert!(round_size(Decimal::ZERO) > Decimal::ZERO);
        assert!(next_size(Decimal::MAX, true) > Decimal::ZERO);
    }
}
