//! Questions in SQL: the line in which one is typed, what became of it, and the answer as a table.

pub mod cells;
pub mod completion;
mod draw;
mod examples;
pub mod line;
mod state;
mod table;

#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::pipeline::question::{Answer, AnswerView, QuestionId};
use crate::pipeline::{Command, Snapshot};

use super::super::action::Edit;
use super::super::market::beginning;
use super::super::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};
use completion::Names;
use line::{LineOutcome, QuestionLine};
use state::State;
use table::TableView;

/// How many rows or lines the wheel goes.
const WHEEL: i64 = 3;

/// A question has been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sent {
    /// The last one on the board then; another one there is the one that was sent.
    before: Option<QuestionId>,
}

/// The query panel.
#[derive(Debug, Default)]
pub struct QueryPanel {
    line: QuestionLine,
    /// Whether keys type into the line.
    is_typing: bool,
    /// A question that the board does not show yet.
    sent: Option<Sent>,
    /// The question whose answer is shown.
    shown: Option<QuestionId>,
    table: TableView,
    /// The first line in sight of what went wrong.
    error_top: usize,
    /// How many lines it has, and how many of them fit.
    error_lines: (usize, usize),
    /// Where the line is.
    line_area: Rect,
}

impl QueryPanel {
    /// Whether keys type into the line, if the panel has the keys at all.
    #[must_use]
    pub fn is_typing(&self) -> bool {
        self.is_typing
    }

    /// Lets keys type into the line.
    pub fn start_typing(&mut self) {
        self.is_typing = true;
    }

    /// Whether nothing has been asked since the start.
    #[must_use]
    pub fn is_fresh(&self, snapshot: &Snapshot) -> bool {
        snapshot.answer.is_none() && self.sent.is_none()
    }

    /// What was asked before, oldest first.
    #[must_use]
    pub fn history(&self) -> &[String] {
        self.line.history()
    }

    /// Takes over what was asked in an earlier run.
    pub fn set_history(&mut self, questions: Vec<String>) {
        self.line.set_history(questions);
    }

    /// Asks; gives the order to the engine.
    pub fn ask(&mut self, question: &str, snapshot: &Snapshot) -> Command {
        if self.line.text().trim() != question {
            self.line.set(question);
        }
        let question = self.line.text().trim().to_owned();
        self.line.remember(&question);
        self.is_typing = false;
        self.sent = Some(Sent {
            before: snapshot.answer.as_ref().map(|view| view.id),
        });
        Command::Ask(question)
    }

    /// Types or pastes into the line.
    pub fn type_text(&mut self, text: &str, snapshot: &Snapshot) {
        self.line.type_text(text, &Names::of(snapshot));
    }

    /// Does to the line what a key of text asks for.
    pub fn edit(&mut self, edit: Edit, snapshot: &Snapshot) -> Response {
        match self.line.edit(edit, &Names::of(snapshot)) {
            LineOutcome::Stay => Response::Done,
            LineOutcome::Ask(question) => Response::Send(self.ask(&question, snapshot)),
            LineOutcome::Leave => {
                self.is_typing = false;
                Response::Done
            }
        }
    }

    /// Brings what is shown in line with the board.
    fn refresh(&mut self, snapshot: &Snapshot) {
        let Some(view) = &snapshot.answer else {
            return;
        };
        if self.sent.is_some_and(|sent| sent.before != Some(view.id)) {
            self.sent = None;
        }
        if self.shown != Some(view.id) {
            self.shown = Some(view.id);
            self.error_top = 0;
            if self.line.text().is_empty() && !self.is_typing {
                self.line.set(&view.sql);
            }
        }
        if let Some(Answer::Table(table)) = &view.answer {
            self.table.show(table);
        }
    }

    fn state<'a>(&self, snapshot: &'a Snapshot) -> State<'a> {
        if self.sent.is_some() {
            return State::Sent;
        }
        let Some(view) = &snapshot.answer else {
            return State::Nothing;
        };
        match &view.answer {
            None => State::Running(view.asked, snapshot.wall),
            Some(Answer::Table(table)) => State::Table(table),
            Some(Answer::Failed(reason)) => State::Failed(reason),
            Some(Answer::Cancelled) => State::Cancelled,
        }
    }

    fn step(&mut self, by: i64, snapshot: &Snapshot) -> Response {
        match self.state(snapshot) {
            State::Table(_) => self.table.step(by),
            State::Failed(_) => {
                let (lines, fit) = self.error_lines;
                let last = lines.saturating_sub(fit) as i64;
                let top = (self.error_top as i64).saturating_add(by);
                self.error_top = top.clamp(0, last) as usize;
            }
            _ => {}
        }
        Response::Done
    }
}

/// The question as text for a title: the answer may be to another one than the one that stands in the line.
fn asked(view: &AnswerView) -> String {
    beginning(&view.sql, 60)
}

impl Panel for QueryPanel {
    fn name(&self) -> &'static str {
        "query"
    }

    fn title(&self, context: &PanelContext<'_>) -> Line<'static> {
        let theme = context.theme;
        let mut spans = vec![Span::styled("Query", theme.accent)];
        if let Some(view) = &context.snapshot.answer
            && self.sent.is_none()
            && view.sql.trim() != self.line.text().trim()
        {
            spans.push(Span::styled(format!(" · {}", asked(view)), theme.dim));
        }
        Line::from(spans)
    }

    fn render(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        self.refresh(context.snapshot);
        self.draw(area, buffer, context);
    }

    fn act(&mut self, action: PanelAction, context: &PanelContext<'_>) -> Response {
        self.refresh(context.snapshot);
        let snapshot = context.snapshot;
        let page = self.table.page() as i64;
        if let Some(by) = action.distance(page) {
            return self.step(by, snapshot);
        }
        match action {
            PanelAction::Left | PanelAction::Right => {
                self.table.step_sideways(action == PanelAction::Right);
                Response::Done
            }
            PanelAction::Open => {
                self.start_typing();
                Response::Done
            }
            PanelAction::Back if self.state(snapshot).is_open() => {
                Response::Send(Command::CancelQuestion)
            }
            PanelAction::Copy => match self.state(snapshot) {
                State::Table(_) => self.table.row_text().map_or(Response::Done, Response::Copy),
                State::Failed(reason) => Response::Copy(reason.to_owned()),
                _ => Response::Done,
            },
            _ => Response::Ignored,
        }
    }

    fn mouse(&mut self, mouse: PanelMouse, context: &PanelContext<'_>) -> Response {
        let snapshot = context.snapshot;
        self.refresh(snapshot);
        match mouse {
            PanelMouse::Click(position) | PanelMouse::DoubleClick(position) => {
                self.is_typing = self.line_area.contains(position);
                self.line.forget_offer();
                if let (false, State::Table(_)) = (self.is_typing, self.state(snapshot)) {
                    self.table.choose_at(position.y);
                }
                Response::Done
            }
            PanelMouse::ScrollUp(_) => self.step(-WHEEL, snapshot),
            PanelMouse::ScrollDown(_) => self.step(WHEEL, snapshot),
            PanelMouse::Drag(from, to) => self.drag(from, to),
        }
    }
}

impl QueryPanel {
    /// The table is moved along with the pointer, a column for so many places.
    fn drag(&mut self, from: Position, to: Position) -> Response {
        match (from.x.abs_diff(to.x), from.x > to.x) {
            (0, _) => Response::Ignored,
            (_, is_right) => {
                self.table.step_sideways(is_right);
                Response::Done
            }
        }
    }
}
