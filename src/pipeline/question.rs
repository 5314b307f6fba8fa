//! Questions about the data, and the port to whoever answers them.
//!
//! A question is asked beside the stream: it works on what histories and board held at the moment of asking, on a thread
//! of its own.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;

use crate::domain::time::UnixMs;

use super::command::Command;
use super::histories::SymbolHistory;
use super::snapshot::{ErrorRow, NewsRow, Rows};

/// Counts questions, so that answers can be told apart.
pub type QuestionId = u64;

/// What may be asked of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its number.
    pub id: QuestionId,
    /// A statement of SQL.
    pub sql: String,
    /// How many rows of the answer are kept; what is beyond them is counted.
    pub rows_max: usize,
    /// How long it may take.
    pub time_max: Duration,
}

/// What it is asked of: everything at one moment. Cheap to make, because all of it is shared.
#[derive(Debug, Clone, Default)]
pub struct Material {
    /// Bars, quotes and trades of every symbol.
    pub histories: Vec<SymbolHistory>,
    /// The board's rows: the newest results of every symbol.
    pub rows: Rows,
    /// The headlines.
    pub news: Arc<Vec<NewsRow>>,
    /// The errors.
    pub errors: Arc<Vec<ErrorRow>>,
}

/// Whoever answers questions.
pub trait Analyst: Send + Sync {
    /// Takes a question and returns at once. The answer comes as [`Command::Answered`] to `reply`. A question that is
    /// under way is given up for the new one.
    fn ask(&self, question: Question, material: Material, reply: Sender<Command>);

    /// Gives up the question under way, which is then answered as [`Answer::Cancelled`].
    fn cancel(&self);
}

/// Answers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAnalyst;

impl Analyst for NoAnalyst {
    fn ask(&self, question: Question, _: Material, reply: Sender<Command>) {
        let answer = Answer::Failed(
            "this build cannot answer questions; build it with the feature 'frames'".to_owned(),
        );
        // An engine that has gone needs no answer.
        drop(reply.try_send(Command::Answered(question.id, Box::new(answer))));
    }

    fn cancel(&self) {}
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It was answered.
    Table(Arc<AnswerTable>),
    /// It could not be answered, and why.
    Failed(String),
    /// It was given up.
    Cancelled,
}

/// An answer's rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AnswerTable {
    /// Its columns.
    pub columns: Vec<AnswerColumn>,
    /// Its rows, each with a cell for each column: at most [`Question::rows_max`] of them.
    pub rows: Vec<Vec<AnswerCell>>,
    /// How many rows there were.
    pub rows_total: usize,
    /// How long it took.
    pub took: Duration,
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerColumn {
    /// Its name.
    pub name: String,
    /// Whether it holds numbers, which stand to the right.
    pub is_number: bool,
}

/// One value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerCell {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number; always finite.
    Float(f64),
    /// A text. It may hold anything that came in: whoever draws it makes it safe.
    Text(Box<str>),
    /// A moment or a date, as text in RFC 3339.
    Time(Box<str>),
}

/// The last question, as a screen shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerView {
    /// Which question.
    pub id: QuestionId,
    /// What was asked.
    pub sql: String,
    /// When it was asked, by the system clock.
    pub asked: UnixMs,
    /// `None` while it is under way.
    pub answer: Option<Answer>,
}
