//! Columns of a person's own: an expression over a symbol's newest bars.

use crate::compute::indicator::IndicatorSet;
use crate::domain::column::{COLUMN_ROWS, ColumnRule};
use crate::domain::table::Table;

use super::{Cancel, Cell, QueryError, Statement, SymbolData, Tables, ask};

/// An expression that can be evaluated.
#[derive(Debug, Clone)]
pub struct ColumnExpression {
    statement: Statement,
}

impl ColumnExpression {
    /// Reads an expression of SQL, in which the columns of `bars` can be used: `unix_ts`, `datetime`, `date`, `open`, `high`,
    /// `low`, `close`, `volume`, and the symbol's indicators. The thread should have
    /// [`SQL_STACK_BYTES`](crate::domain::column::SQL_STACK_BYTES).
    ///
    /// # Errors
    /// When it is no such expression.
    pub fn new(rule: &ColumnRule, indicators: &IndicatorSet) -> Result<Self, QueryError> {
        let statement = Statement::new(&format!("SELECT ({}\n) AS value FROM bars", rule.sql))?;
        if statement.tables().any(|table| table != Table::Bars) {
            return Err(QueryError::Wrong(
                "a column can be made of bars alone".to_owned(),
            ));
        }
        let tables = Tables {
            indicators: indicators.clone(),
            ..Tables::default()
        };
        let answer = ask(&statement, &tables, &Cancel::default())?;
        if answer.columns().len() != 1 {
            return Err(QueryError::Wrong("it gives more than one value".to_owned()));
        }
        if !answer.gives_numbers() {
            return Err(not_a_number());
        }
        Ok(Self { statement })
    }

    /// Its value at the newest of a symbol's bars; `None` where it has none. What is true counts one, what is false zero.
    /// The thread should have
    /// [`SQL_STACK_BYTES`](crate::domain::column::SQL_STACK_BYTES).
    ///
    /// # Errors
    /// When it cannot be carried out, or gives no number.
    pub fn evaluate(&self, symbol: SymbolData) -> Result<Option<f64>, QueryError> {
        let symbol = SymbolData {
            bars: symbol.bars.last(COLUMN_ROWS),
            at_close: symbol
                .at_close
                .into_iter()
                .map(|it| it.last(COLUMN_ROWS))
                .collect(),
            ..symbol
        };
        let tables = Tables {
            indicators: symbol.indicators.clone(),
            symbols: vec![symbol],
            ..Tables::default()
        };
        let answer = ask(&self.statement, &tables, &Cancel::default())?;
        let last = answer.rows().next_back();
        match last.and_then(|row| row.into_iter().next()) {
            None | Some(Cell::Null) => Ok(None),
            Some(Cell::Float(value)) => Ok(Some(value)),
            Some(Cell::Integer(value)) => Ok(Some(value as f64)),
            Some(Cell::Bool(value)) => Ok(Some(f64::from(u8::from(value)))),
            Some(Cell::Text(_) | Cell::Time(_) | Cell::Json(_)) => Err(not_a_number()),
        }
    }
}

fn not_a_number() -> QueryError {
    QueryError::Wrong("it gives a text or a time; a column is a number".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::compute::history::columns::{BarColumns, Chunk, Part, TradeRows};
    use crate::compute::indicator::{Bank, RecentOf};
    use crate::compute::resample::{SessionFinder, candles};
    use crate::domain::clock::{Clock, SystemClock};
    use crate::domain::source::SourceName;
    use crate::domain::symbol::Symbol;
    use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};

    fn symbol(rows: usize, indicators: &IndicatorSet) -> SymbolData {
        let closes: Vec<f64> = (0..rows).map(|row| 100.0 + row as f64).collect();
        let opens: Vec<f64> = closes.iter().map(|close| close - 0.25).collect();
        let chunk = Chunk {
            times: (0..rows as i64).map(|row| row * 60_000).collect(),
            values: [
                opens,
                closes.clone(),
                closes.clone(),
                closes.clone(),
                closes,
            ],
        };
        SymbolData {
            symbol: Symbol::new("X").unwrap(),
            source: SourceName::new("venue"),
            calendar: SessionCalendar::UtcDay,
            interval: Timeframe::M1,
            bars: BarColumns::new(vec![Part::new(Arc::new(chunk), 0..rows)]),
            quotes: crate::compute::history::columns::QuoteColumns::default(),
            trades: TradeRows::default(),
            indicators: indicators.clone(),
            at_close: Vec::new(),
            recent: Vec::new(),
        }
    }

    fn column(sql: &str, indicators: &IndicatorSet) -> Result<ColumnExpression, QueryError> {
        let rule = ColumnRule {
            name: "c".to_owned(),
            sql: sql.to_owned(),
        };
        ColumnExpression::new(&rule, indicators)
    }

    #[test]
    fn the_value_is_that_of_the_newest_bar() {
        let indicators = IndicatorSet::new(&["sma(2)".parse().unwrap()]).unwrap();
        let gap =
            "(open - lag(close) OVER (ORDER BY unix_ts)) / lag(close) OVER (ORDER BY unix_ts)";
        for (sql, expected) in [
            (gap, Some(0.75 / 1098.0)),
            ("close - open", Some(0.25)),
            ("close > open -- no end", Some(1.0)),
            ("sma_2", Some(1098.5)),
            ("max(high)", Some(1099.0)),
            ("min(low)", Some(600.0)),
            ("NULL", None),
            ("close / 0", None),
        ] {
            let expression = column(sql, &indicators).unwrap();
            let value = expression.evaluate(symbol(1000, &indicators)).unwrap();
            match (value, expected) {
                (Some(value), Some(expected)) => {
                    assert!((value - expected).abs() < 1e-12, "{sql}: {value}");
                }
                (value, expected) => assert_eq!(value, expected, "{sql}"),
            }
        }
        let first = column(gap, &indicators).unwrap();
        assert_eq!(first.evaluate(symbol(1, &indicators)), Ok(None));
        assert_eq!(first.evaluate(symbol(0, &indicators)), Ok(None));
    }

    /// A symbol with what its worker keeps of its indicators.
    fn kept(rows: usize, indicators: &IndicatorSet) -> SymbolData {
        let mut symbol = symbol(rows, indicators);
        for timeframe in [None, Some(Timeframe::M5)] {
            let mut bank = Bank::of_bars(indicators, timeframe);
            bank.keep_recent(COLUMN_ROWS);
            let bars: Vec<_> = match timeframe {
                None => symbol.bars.candles().collect(),
                Some(timeframe) => {
                    let mut sessions = SessionFinder::new(symbol.calendar);
                    let mut all = candles(symbol.bars.candles(), timeframe, &mut sessions);
                    // The last one is not over yet.
                    all.truncate(rows / 5);
                    all
                }
            };
            bank.rebuild(bars.into_iter().map(|bar| (bar, UnixMs(0))));
            let values = bank.recent().unwrap().clone();
            symbol.recent.push(RecentOf { timeframe, values });
        }
        symbol
    }

    #[test]
    fn indicators_know_the_whole_history_and_cost_the_same_whatever_its_length() {
        let specs = ["ema(400)", "sma(600)", "obv", "rsi(14)", "sma(7)@5m"];
        let specs = specs.map(|spec| spec.parse().unwrap());
        let indicators = IndicatorSet::new(&specs).unwrap();
        for sql in [
            "ema_400",
            "sma_600",
            "obv",
            "rsi_14",
            "\"sma_7@5m\"",
            "min(sma_600)",
        ] {
            let expression = column(sql, &indicators).unwrap();
            for rows in [1003, 1005] {
                // Over all rows, as questions are answered.
                let whole = Tables {
                    symbols: vec![symbol(rows, &indicators)],
                    ..Tables::default()
                };
                let from = 60_000 * (rows - COLUMN_ROWS);
                let question =
                    format!("SELECT {sql} FROM (SELECT * FROM bars WHERE unix_ts >= {from}) AS b");
                let statement = Statement::new(&question).unwrap();
                let expected = ask(&statement, &whole, &Cancel::default()).unwrap();
                let expected = expected.rows().next_back().unwrap().pop();
                let found = expression.evaluate(kept(rows, &indicators)).unwrap();
                assert_eq!(found.map(Cell::Float), expected, "{sql} of {rows}");
                assert!(found.is_some(), "{sql}");
            }
        }
        let expression = column("ema_400 - sma_600 + obv", &indicators).unwrap();
        let clock = SystemClock::default();
        let quickest = |rows: usize| {
            let symbol = kept(rows, &indicators);
            let took = (0..20).map(|_| {
                let symbol = symbol.clone();
                let begun = clock.monotonic();
                expression.evaluate(symbol).unwrap().unwrap();
                clock.monotonic().since(begun)
            });
            took.min().unwrap()
        };
        let (short, long) = (quickest(1000), quickest(100_000));
        // To compute them anew would take a hundred times as long.
        assert!(long < 3 * short, "{short:?} {long:?}");
    }

    #[test]
    fn what_is_no_column_is_refused_before_there_is_data() {
        let none = IndicatorSet::default();
        for sql in [
            "",
            "clsoe - open",
            "close FROM quotes",
            "close) FROM bars; DROP TABLE bars",
            "(SELECT max(price) FROM trades)",
            "frobnicate(close)",
            "symbol",
            "datetime",
        ] {
            assert!(column(sql, &none).is_err(), "{sql}");
        }
    }
}
