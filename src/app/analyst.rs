//! Answers questions about the data on threads of their own, beside the stream.
//!
//! Polars works on one thread (see [`use_one_thread`]) of low priority, so that a question costs the stream little. A
//! question that is given up, or takes too long, is answered as that at once. Its thread ends after the step of the plan
//! that it is at (a sort, a grouping, a join), because Polars cannot be stopped within one; until then no other question is
//! begun.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, io, thread};

use crossbeam_channel::{Receiver, Sender, after, bounded, select};

use crate::compute::history::columns::TradeRows;
use crate::compute::indicator::IndicatorSet;
use crate::compute::query::{
    self, AnswerFrame, Cancel, Cell, ErrorRecord, NewsRecord, QueryError, ResultRecord, Statement,
    SymbolData, Tables,
};
use crate::domain::clock::Clock;
use crate::domain::column::SQL_STACK_BYTES;
use crate::domain::time::UnixMs;
use crate::pipeline::Command;
use crate::pipeline::histories::SymbolHistory;
use crate::pipeline::question::{
    Analyst, Answer, AnswerCell, AnswerColumn, AnswerTable, Material, Question,
};

/// How long a question waits for one that has been given up to finish.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much less urgent a question is than the stream, as `nice` counts it: about a tenth of a thread that competes with
/// it.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Has Polars work on one thread, unless the environment says otherwise. It decides when it is first used, and there is no
/// other way to tell it than by its environment variable.
///
/// Has to be called before any other thread exists: changing the environment while another thread reads it is not safe,
/// which is why the standard library's function for it may not be called here. What is called in its stead sets those
/// variables of a text that are not set yet.
pub fn use_one_thread() {
    // A text of this form can always be read.
    drop(dotenvy::from_read(&b"POLARS_MAX_THREADS=1\n"[..]));
}

/// What is kept of a symbol but its trades, as material for tables. Indicators are computed anew for each bar.
pub(super) fn without_trades(history: &SymbolHistory) -> SymbolData {
    SymbolData {
        symbol: history.symbol.clone(),
        source: history.source.clone(),
        calendar: history.calendar,
        interval: history.interval,
        bars: history.bars.clone(),
        quotes: history.quotes.clone(),
        trades: TradeRows::default(),
        indicators: history.indicators.clone(),
        at_close: history.at_close.clone(),
        recent: Vec::new(),
    }
}

/// Everything that a question can be asked of, as tables; `columns` are the names of the person's own columns.
#[must_use]
pub fn tables_of(material: &Material, indicators: &IndicatorSet, columns: &[String]) -> Tables {
    let name_of = |id| material.rows.get(id).map(|row| row.symbol.to_string());
    Tables {
        symbols: material
            .histories
            .iter()
            .map(|history| SymbolData {
                trades: history.trades.clone(),
                ..without_trades(history)
            })
            .collect(),
        results: material
            .rows
            .iter()
            .map(|row| ResultRecord {
                symbol: row.symbol.clone(),
                source: row.source.clone(),
                time: row.updated,
                last: row.last,
                bid: row.bid,
                bid_size: row.bid_size,
                ask: row.ask,
                ask_size: row.ask_size,
                day: row.day,
                updates: row.results,
                indicators: row.indicators.clone(),
                columns: row.columns.clone(),
            })
            .collect(),
        news: material
            .news
            .iter()
            .map(|row| NewsRecord {
                time: row.time,
                headline: row.news.headline.clone(),
                publisher: row.news.source.clone(),
                url: row.news.url.clone(),
                symbols: if row.news.symbols.is_empty() {
                    row.symbols.iter().copied().filter_map(name_of).collect()
                } else {
                    row.news.symbols.to_vec()
                },
                source: row.source.clone(),
                summary: row.news.summary.clone(),
            })
            .collect(),
        errors: material
            .errors
            .iter()
            .map(|row| ErrorRecord {
                time: UnixMs(row.last.0),
                kind: row.kind,
                severity: row.severity,
                message: row.message.clone(),
                source: row.source.clone(),
                symbol: row.symbol.clone(),
                location: row.location.clone(),
                count: row.count,
            })
            .collect(),
        indicators: indicators.clone(),
        columns: columns.to_vec(),
    }
}

/// Works on a question on a thread of its own, which sends one answer. `desk` is held until it has finished.
///
/// # Errors
/// When the thread cannot be started.
pub fn work<T: Send + 'static>(
    statement: Statement,
    tables: impl FnOnce() -> Tables + Send + 'static,
    cancel: Cancel,
    is_urgent: bool,
    desk: T,
) -> io::Result<Receiver<Result<AnswerFrame, QueryError>>> {
    let (sender, answers) = bounded(1);
    thread::Builder::new()
        .name("question".to_owned())
        .stack_size(SQL_STACK_BYTES)
        .spawn(move || {
            if !is_urgent {
                lower_priority();
            }
            let tables = tables();
            let answer = query::ask(&statement, &tables, &cancel);
            drop(tables);
            // Whoever asked may have given it up.
            drop(sender.send(answer));
            drop(desk);
        })?;
    Ok(answers)
}

/// Makes this thread, and those that it starts, less urgent than the others.
fn lower_priority() {
    // On Linux, zero means the calling thread alone; elsewhere it would be the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "questions are as urgent as the stream");
    }
}

/// Answers questions by Polars.
pub struct PolarsAnalyst {
    clock: Arc<dyn Clock>,
    indicators: IndicatorSet,
    columns: Vec<String>,
    /// Holds one token; whoever works on a question has taken it.
    desk: (Sender<()>, Receiver<()>),
    /// Dropped when the question under way is given up.
    current: Mutex<Option<Sender<()>>>,
}

impl fmt::Debug for PolarsAnalyst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolarsAnalyst").finish_non_exhaustive()
    }
}

/// Gives the token back.
struct DeskHolder(Sender<()>);

impl Drop for DeskHolder {
    fn drop(&mut self) {
        // There is room for it: it was taken from there.
        self.0.try_send(()).unwrap_or_default();
    }
}

impl PolarsAnalyst {
    /// An analyst; `indicators`, and the person's own `columns`, have columns even before there is a bar.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, indicators: IndicatorSet, columns: Vec<String>) -> Self {
        let desk = bounded(1);
        desk.0.try_send(()).unwrap_or_default();
        Self {
            clock,
            indicators,
            columns,
            desk,
            current: Mutex::new(None),
        }
    }

    fn replace_current(&self, next: Option<Sender<()>>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }
}

impl Analyst for PolarsAnalyst {
    fn ask(&self, question: Question, material: Material, reply: Sender<Command>) {
        let (under_way, given_up) = bounded(0);
        self.replace_current(Some(under_way));
        let id = question.id;
        let asked = Asked {
            question,
            material,
            indicators: self.indicators.clone(),
            columns: self.columns.clone(),
            clock: Arc::clone(&self.clock),
            desk: self.desk.clone(),
            given_up,
        };
        let failed = reply.clone();
        let spawned = thread::Builder::new()
            .name("answers".to_owned())
            .spawn(move || {
                let answer = asked.answer();
                // An engine that has gone needs no answer.
                drop(reply.send(Command::Answered(id, Box::new(answer))));
            });
        if let Err(error) = spawned {
            let answer = Answer::Failed(format!("the system gives no thread: {error}"));
            drop(failed.try_send(Command::Answered(id, Box::new(answer))));
        }
    }

    fn cancel(&self) {
        self.replace_current(None);
    }
}

/// A question with all that is needed to answer it.
struct Asked {
    question: Question,
    material: Material,
    indicators: IndicatorSet,
    columns: Vec<String>,
    clock: Arc<dyn Clock>,
    desk: (Sender<()>, Receiver<()>),
    /// Disconnected when it is given up.
    given_up: Receiver<()>,
}

impl Asked {
    fn answer(self) -> Answer {
        let begun = self.clock.monotonic();
        let statement = match Statement::new(&self.question.sql) {
            Ok(statement) => statement,
            Err(error) => return Answer::Failed(error.to_string()),
        };
        let busy = "an earlier question, which was given up, is still at a step that cannot be stopped; ask again in a moment";
        select! {
            recv(self.desk.1) -> _ => {},
            recv(self.given_up) -> _ => return Answer::Cancelled,
            recv(after(PATIENCE)) -> _ => return Answer::Failed(busy.to_owned()),
        }
        let desk = DeskHolder(self.desk.0);
        let cancel = Cancel::default();
        let (material, indicators, columns) = (self.material, self.indicators, self.columns);
        let tables = move || tables_of(&material, &indicators, &columns);
        let answers = match work(statement, tables, cancel.clone(), false, desk) {
            Ok(answers) => answers,
            Err(error) => return Answer::Failed(format!("the system gives no thread: {error}")),
        };
        let time_max = self.question.time_max;
        let answer = select! {
            recv(answers) -> answer => answer,
            recv(self.given_up) -> _ => {
                cancel.cancel();
                return Answer::Cancelled;
            },
            recv(after(time_max)) -> _ => {
                cancel.cancel();
                return Answer::Failed(too_long(time_max));
            },
        };
        match answer {
            Ok(Ok(frame)) => {
                let took = self.clock.monotonic().since(begun);
                Answer::Table(Arc::new(table_of(&frame, self.question.rows_max, took)))
            }
            Ok(Err(QueryError::Cancelled)) => Answer::Cancelled,
            Ok(Err(error)) => Answer::Failed(error.to_string()),
            Err(_) => Answer::Failed("the question's thread ended without an answer".to_owned()),
        }
    }
}

/// What is said when a question takes too long.
#[must_use]
pub fn too_long(time_max: Duration) -> String {
    format!(
        "no answer within {} s, so the question was given up; ask for less, or allow more time",
        time_max.as_secs_f64()
    )
}

/// The first rows of an answer, for a screen.
fn table_of(frame: &AnswerFrame, rows_max: usize, took: Duration) -> AnswerTable {
    let column = |column: query::Column| AnswerColumn {
        name: column.name,
        is_number: column.is_number,
    };
    let cell = |cell| match cell {
        Cell::Null => AnswerCell::Null,
        Cell::Bool(value) => AnswerCell::Bool(value),
        Cell::Integer(value) => AnswerCell::Integer(value),
        Cell::Float(value) => AnswerCell::Float(value),
        Cell::Text(text) | Cell::Json(text) => AnswerCell::Text(text),
        Cell::Time(text) => AnswerCell::Time(text),
    };
    let rows = frame.rows().take(rows_max);
    AnswerTable {
        columns: frame.columns().into_iter().map(column).collect(),
        rows: rows
            .map(|row| row.into_iter().map(cell).collect())
            .collect(),
        rows_total: frame.len(),
        took,
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]
mod tests {
    use crossbeam_channel::unbounded;

    use crate::domain::clock::SystemClock;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(60);

    fn analyst() -> PolarsAnalyst {
        PolarsAnalyst::new(
            Arc::new(SystemClock::default()),
            IndicatorSet::default(),
            Vec::new(),
        )
    }

    fn question(id: u64, sql: &str, time_max: Duration) -> Question {
        Question {
            id,
            sql: sql.to_owned(),
            rows_max: 2,
            time_max,
        }
    }

    fn next(answers: &Receiver<Command>) -> (u64, Answer) {
        match answers.recv_timeout(DEADLINE).unwrap() {
            Command::Answered(id, answer) => (id, *answer),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_question_is_answered_with_as_many_rows_as_are_kept() {
        let (reply, answers) = unbounded();
        let analyst = analyst();
        let sql = "SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, 'c')) AS t(n, x)";
        analyst.ask(question(7, sql, DEADLINE), Material::default(), reply);
        let (id, answer) = next(&answers);
        let Answer::Table(table) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!((id, table.rows_total, table.rows.len()), (7, 3, 2));
        assert_eq!(
            table.rows[1],
            [AnswerCell::Integer(2), AnswerCell::Text("b".into())]
        );
        let is_number: Vec<bool> = table.columns.iter().map(|it| it.is_number).collect();
        assert_eq!(is_number, [true, false]);
    }

    #[test]
    fn a_wrong_question_is_told() {
        let (reply, answers) = unbounded();
        let analyst = analyst();
        for (id, sql, part) in [
            (1, "DROP TABLE bars", "DROP"),
            (2, "SELECT x FROM bars", "'x'"),
        ] {
            analyst.ask(
                question(id, sql, DEADLINE),
                Material::default(),
                reply.clone(),
            );
            match next(&answers) {
                (answered, Answer::Failed(message)) if answered == id => {
                    assert!(message.contains(part), "{message}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_question_that_is_given_up_is_told_at_once_and_the_next_waits_for_it() {
        let (reply, answers) = unbounded();
        let analyst = analyst();
        // Somebody is still working on an earlier one.
        analyst.desk.1.recv().unwrap();
        analyst.ask(
            question(1, "SELECT 1", DEADLINE),
            Material::default(),
            reply.clone(),
        );
        analyst.ask(
            question(2, "SELECT 2", DEADLINE),
            Material::default(),
            reply.clone(),
        );
        assert_eq!(next(&answers), (1, Answer::Cancelled));
        analyst.cancel();
        assert_eq!(next(&answers), (2, Answer::Cancelled));
        // It does not finish.
        analyst.ask(
            question(3, "SELECT 3", DEADLINE),
            Material::default(),
            reply.clone(),
        );
        match next(&answers) {
            (3, Answer::Failed(message)) => assert!(message.contains("earlier"), "{message}"),
            other => panic!("{other:?}"),
        }
        // It does.
        analyst.desk.0.send(()).unwrap();
        analyst.ask(
            question(4, "SELECT 4", DEADLINE),
            Material::default(),
            reply,
        );
        assert!(matches!(next(&answers), (4, Answer::Table(_))));
    }

    #[test]
    fn a_question_that_takes_too_long_is_given_up() {
        let (reply, answers) = unbounded();
        let analyst = analyst();
        let asked = question(1, "SELECT 1", Duration::ZERO);
        analyst.ask(asked, Material::default(), reply);
        // It may be as quick as that.
        match next(&answers) {
            (1, Answer::Failed(message)) => {
                assert!(message.contains("no answer within"), "{message}");
            }
            (1, Answer::Table(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}
