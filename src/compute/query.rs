//! Questions about the data: SQL by Polars over tables that are made at the moment of asking.
//!
//! | table | one row for |
//! |---|---|
//! | `bars` | every bar of every symbol, as its source gives them: mostly minutes |
//! | `bars_5m`, `bars_15m`, `bars_1h`, `bars_1d` | every longer bar, built within each symbol's trading days |
//! | `quotes`, `trades` | every quote and trade that is kept |
//! | `news`, `errors` | every headline and error on the board |
//! | `results` | every symbol of every source: its newest state |
//!
//! Only the tables that a statement names are made, and indicators are computed only where it names them or asks for all
//! columns. In a table of longer bars an indicator without a timeframe is computed from those bars; one with a timeframe
//! (`sma_20@5m`) has, in every row, the value of the last bar of that timeframe that had closed when the row's bar did.
//! Rows stand by symbol in the order of subscription, and within a symbol in order of time. Trades that were taken out are
//! not there, and corrected ones are as they became.
//!
//! `datetime` is New York time when every symbol's trading days are those of US equities, else UTC: a column has one zone.
//! It is the time on a clock on the wall, so that `CAST(datetime AS DATE)` and the like give that clock's date; `date` is the
//! date of the symbol's own trading day.
//!
//! A [`Cancel`] is heeded before the table of each symbol is made, and between the steps of Polars' plan: a step that has
//! begun, such as a sort or a join, goes on to its end, because Polars cannot be stopped within one. Whoever does not want
//! to wait for that has to leave the thread to itself. How much such a step can be is bounded: joins that would give more
//! than [`JOIN_ROWS_MAX`] rows are refused.

mod answer;
mod bars;
mod column;
mod guard;
mod message;
mod rows;
mod statement;
mod tables;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use polars::prelude::{DataFrame, IntoLazy, PolarsResult};
use polars::sql::SQLContext;

use crate::domain::table::Table;

pub use answer::{AnswerFrame, Cell, Column};
pub use column::ColumnExpression;
pub use guard::JOIN_ROWS_MAX;
pub use message::QueryError;
pub use statement::Statement;
pub use tables::{ErrorRecord, NewsRecord, ResultRecord, SymbolData, Tables};

use statement::Kind;

/// Has what Polars warns of told in the log. Without that, it writes to standard error, across whatever is on the screen.
pub fn log_warnings() {
    polars::error::set_warning_function(|text, _| tracing::debug!("Polars: {text}"));
}

/// Gives a question up. Clones give up the same one.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Gives it up.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_given_up(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn check(&self) -> Result<(), QueryError> {
        if self.is_given_up() {
            return Err(QueryError::Cancelled);
        }
        Ok(())
    }
}

/// Answers a question.
///
/// A panic within Polars is caught and told as an error. The work is done on this thread and on those of Polars' own.
///
/// # Errors
/// When the statement is wrong, cannot be carried out on these tables, or was given up.
pub fn ask(
    statement: &Statement,
    tables: &Tables,
    cancel: &Cancel,
) -> Result<AnswerFrame, QueryError> {
    let answered = catch_unwind(AssertUnwindSafe(|| answer(statement, tables, cancel)));
    answered.unwrap_or_else(|panic| Err(QueryError::of_panic(panic.as_ref())))
}

/// Tells whether a statement could be answered, before there is any data: its grammar, its tables, its columns, its types.
///
/// # Errors
/// Whatever is wrong with it.
pub fn check(statement: &Statement, tables: &Tables) -> Result<(), QueryError> {
    ask(statement, &tables.without_rows(), &Cancel::default()).map(drop)
}

fn answer(
    statement: &Statement,
    tables: &Tables,
    cancel: &Cancel,
) -> Result<AnswerFrame, QueryError> {
    match statement.kind() {
        Kind::Tables => return Ok(AnswerFrame::new(tables::list())),
        Kind::Columns(name) => {
            let table = Table::of_name(name).ok_or_else(|| QueryError::no_table(name))?;
            let frame = tables
                .without_rows()
                .frame(table, &statement::ALL, cancel)?;
            return tables::describe(&frame, tables.zone())
                .map(AnswerFrame::new)
                .map_err(QueryError::of_engine);
        }
        Kind::Query => {}
    }
    let mut context = SQLContext::new();
    let mut known = Vec::new();
    for table in statement.tables() {
        cancel.check()?;
        let frame = tables.frame(table, statement.wanted(), cancel)?;
        known.push(table);
        context.register(table.name(), frame.lazy());
    }
    cancel.check()?;
    let ran = run(&mut context, statement.sql(), cancel);
    // Whatever else may have gone wrong, nobody waits for it any more.
    cancel.check()?;
    ran.map_err(|error| message::explain(&error, &known, tables))
        .map(|frame| AnswerFrame::new(frame).in_zone(tables.zone()))
}

fn run(context: &mut SQLContext, sql: &str, cancel: &Cancel) -> PolarsResult<DataFrame> {
    guard::collect(context.execute(sql)?, cancel)
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise, and says when it is skipped"
)]
mod tests;
