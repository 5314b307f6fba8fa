//! Evaluates the columns of a person's own by Polars.

use std::sync::Arc;
use std::{io, thread};

use crate::compute::history::columns::TradeRows;
use crate::compute::query::{ColumnExpression, SymbolData};
use crate::config::settings::Settings;
use crate::domain::column::ColumnRule;
use crate::pipeline::columns::{ColumnEngine, STACK_BYTES};
use crate::pipeline::histories::SymbolHistory;

use super::AppError;

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
    let (rules, indicators) = (settings.columns.clone(), settings.engine.indicators.whole());
    let read = move || -> Result<Vec<ColumnExpression>, AppError> {
        let expression = |rule: &ColumnRule| {
            ColumnExpression::new(rule, &indicators)
                .map_err(|error| AppError::Usage(format!("column '{}': {error}", rule.name)))
        };
        rules.iter().map(expression).collect()
    };
    let no_thread = AppError::system("columns of your own cannot be read");
    let reader = thread::Builder::new()
        .name("columns".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(read);
    let expressions = match reader.map(thread::JoinHandle::join) {
        Ok(Ok(expressions)) => expressions?,
        Ok(Err(_)) => return Err(no_thread(io::Error::other("their thread has panicked"))),
        Err(error) => return Err(no_thread(error)),
    };
    Ok(Some(Arc::new(PolarsColumns {
        names: settings
            .columns
            .iter()
            .map(|rule| rule.name.clone())
            .collect(),
        expressions,
    })))
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
            symbol: history.symbol.clone(),
            source: history.source.clone(),
            calendar: history.calendar,
            interval: history.interval,
            bars: history.bars.clone(),
            quotes: history.quotes.clone(),
            trades: TradeRows::default(),
            indicators: history.indicators.clone(),
        };
        expression
            .evaluate(symbol)
            .map_err(|error| error.to_string())
    }
}
