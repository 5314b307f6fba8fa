//! Evaluates the columns of a person's own by Polars.
//!
//! Several threads ask for values at the same time, but Polars does a part of its work (sorting, grouping, joining) on a
//! thread of its own, of which there is one: what one evaluation does there, others wait for.

use std::sync::Arc;

use crate::compute::query::{ColumnExpression, SymbolData};
use crate::config::settings::Settings;
use crate::domain::column::{ColumnRule, ColumnValues};
use crate::domain::symbol::SymbolId;
use crate::pipeline::columns::{ColumnEngine, with_deep_stack};
use crate::pipeline::histories::SymbolHistory;

use super::AppError;
use super::analyst::without_trades;

/// The columns of the settings.
struct PolarsColumns {
    names: Arc<[String]>,
    expressions: Vec<ColumnExpression>,
}

/// Who evaluates the columns of the settings; `None` when there are none.
///
/// # Errors
/// The first whose expression cannot be used.
pub(super) fn engine(settings: &Settings) -> Result<Option<Arc<dyn ColumnEngine>>, AppError> {
    if settings.columns.is_empty() {
        return Ok(None);
    }
    let indicators = settings.engine.indicators.whole();
    let expression = |rule: &ColumnRule| {
        ColumnExpression::new(rule, &indicators)
            .map_err(|error| AppError::Usage(format!("column '{}': {error}", rule.name)))
    };
    let rules = settings.columns.iter();
    let expressions =
        with_deep_stack(|| rules.map(expression).collect::<Result<Vec<_>, AppError>>())
            .map_err(AppError::system("columns of your own cannot be read"))??;
    Ok(Some(Arc::new(PolarsColumns {
        names: settings
            .columns
            .iter()
            .map(|rule| rule.name.clone())
            .collect(),
        expressions,
    })))
}

/// The values of the columns at each symbol's newest bar: all are evaluated here and now, and one that fails has none.
pub(super) fn newest(
    engine: &dyn ColumnEngine,
    histories: &[SymbolHistory],
) -> Vec<(SymbolId, Arc<ColumnValues>)> {
    let names = engine.names();
    let values = |history: &SymbolHistory| {
        let value = |at| engine.evaluate(at, history).ok().flatten();
        Arc::new(ColumnValues {
            values: (0..names.len()).map(value).collect(),
            names: Arc::clone(&names),
        })
    };
    let histories = histories.iter();
    histories
        .map(|history| (history.id, values(history)))
        .collect()
}

impl ColumnEngine for PolarsColumns {
    fn names(&self) -> Arc<[String]> {
        Arc::clone(&self.names)
    }

    fn evaluate(&self, column: usize, history: &SymbolHistory) -> Result<Option<f64>, String> {
        let Some(expression) = self.expressions.get(column) else {
            return Ok(None);
        };
        let symbol = SymbolData {
            recent: history.recent.clone(),
            ..without_trades(history)
        };
        expression
            .evaluate(symbol)
            .map_err(|error| error.to_string())
    }
}
