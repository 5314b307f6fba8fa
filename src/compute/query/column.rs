//! Columns of a person's own: an expression over a symbol's newest bars.

use crate::compute::indicator::IndicatorSet;
use crate::domain::column::ColumnRule;

use super::{Cancel, Cell, QueryError, Statement, SymbolData, Table, Tables, ask, check};

/// Rows of history that an expression sees.
pub const ROWS: usize = 500;

/// An expression that can be evaluated.
#[derive(Debug, Clone)]
pub struct ColumnExpression {
    statement: Statement,
}

impl ColumnExpression {
    /// Reads an expression of SQL, in which the columns of `bars` can be used: `unix_ts`, `datetime`, `open`, `high`,
    /// `low`, `close`, `volume`, and the symbol's indicators.
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
        check(&statement, &tables)?;
        Ok(Self { statement })
    }

    /// Its value at the newest of a symbol's bars; `None` where it has none. What is true counts one, what is false zero.
    ///
    /// # Errors
    /// When it cannot be carried out, or gives no number.
    pub fn evaluate(&self, symbol: SymbolData) -> Result<Option<f64>, QueryError> {
        let symbol = SymbolData {
            bars: symbol.bars.last(ROWS),
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
            Some(Cell::Text(_) | Cell::Time(_)) => Err(QueryError::Wrong(
                "it gives a text or a time; a column is a number".to_owned(),
            )),
        }
    }
}
