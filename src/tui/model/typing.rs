//! Text being typed: the command line, filters, symbols to add, the help's search.

use crate::domain::source::Origin;
use crate::pipeline::Command;

use super::super::action::Edit;
use super::super::command_line::{self, Known};
use super::super::expression::{ExpressionError, filter_error};
use super::super::panels::query::completion::Names;
use super::super::text_input::TextInput;
use super::super::values::ValueNames;
use super::super::views::PanelId;
use super::{Model, Overlay};

/// How many lines the history keeps.
const HISTORY_MAX: usize = 200;

/// The command that a filter's line stands behind.
const FILTER: &str = "filter ";

/// What a line of text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum PromptKind {
    /// A command.
    Command,
    /// A panel's filter.
    Filter(PanelId),
    /// Symbols to subscribe.
    Add,
    /// What the help is searched for.
    HelpSearch,
}

/// A line being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Prompt {
    pub(in super::super) kind: PromptKind,
    pub(in super::super) input: TextInput,
    /// What was wrong with the line when it was to be taken.
    pub(in super::super) error: Option<String>,
    /// What is wrong with an expression, and where, while it is being typed.
    pub(in super::super) problem: Option<ExpressionError>,
    /// Possible lines, and which of them stands there; `None` before the first Tab.
    pub(in super::super) completions: Vec<String>,
    pub(in super::super) chosen: Option<usize>,
    history_at: Option<usize>,
    /// What stood there before, for leaving without taking.
    before: String,
}

impl Prompt {
    pub(in super::super) fn new(kind: PromptKind, text: &str) -> Self {
        Self {
            kind,
            input: TextInput::with(text),
            error: None,
            problem: None,
            completions: Vec::new(),
            chosen: None,
            history_at: None,
            before: text.to_owned(),
        }
    }

    /// What stands before the text.
    pub(in super::super) fn label(&self) -> &'static str {
        match self.kind {
            PromptKind::Command => ":",
            PromptKind::Filter(_) => "/",
            PromptKind::Add => "add ",
            PromptKind::HelpSearch => "search ",
        }
    }
}

impl Model {
    /// Types or pastes into the line.
    pub(super) fn type_text(&mut self, text: &str) {
        if let Some(prompt) = &mut self.prompt {
            prompt.input.insert(text);
            self.text_changed();
        }
    }

    fn text_changed(&mut self) {
        let Some(prompt) = &mut self.prompt else {
            return;
        };
        prompt.error = None;
        prompt.problem = None;
        prompt.chosen = None;
        prompt.completions.clear();
        let text = prompt.input.text().to_owned();
        match prompt.kind {
            PromptKind::Filter(PanelId::Errors) => self.panels.errors.set_filter(&text),
            PromptKind::Filter(PanelId::News) => self.panels.news.set_filter(&text),
            PromptKind::Filter(_) => {
                prompt.problem = filter_error(&text, &ValueNames::of(&self.latest));
                self.panels.watchlist.set_filter(&text);
            }
            PromptKind::HelpSearch => {
                if let Some(Overlay::Help { top, query }) = &mut self.overlay {
                    *query = text;
                    *top = 0;
                }
            }
            PromptKind::Command if !text.is_empty() => self.set_completions(),
            PromptKind::Command | PromptKind::Add => {}
        }
    }

    /// Offers no completion of what is complete already.
    fn set_completions(&mut self) {
        let known = self.known();
        if let Some(prompt) = &mut self.prompt {
            let text = prompt.input.text();
            prompt.completions = match prompt.kind {
                // The line of a filter is what stands behind the command.
                PromptKind::Filter(_) => {
                    command_line::completions(&format!("{FILTER}{text}"), &known)
                        .iter()
                        .filter_map(|line| line.strip_prefix(FILTER))
                        .map(str::to_owned)
                        .collect()
                }
                _ => command_line::completions(text, &known),
            };
            if prompt.completions.len() == 1 && prompt.completions[0] == text {
                prompt.completions.clear();
            }
        }
    }

    fn live_sources(&self) -> Vec<String> {
        let sources = self.latest.sources.iter();
        let live = sources.filter(|source| source.origin == Origin::Live);
        live.map(|source| source.name.to_string()).collect()
    }

    fn known(&self) -> Known {
        let names = Names::of(&self.latest);
        Known {
            symbols: names.symbols,
            sources: self.live_sources(),
            lists: self.lists.keys().cloned().collect(),
            values: self.value_names().iter().map(str::to_owned).collect(),
            indicators: self.offered_indicators(),
            indicators_shown: self.indicator_texts(),
        }
    }

    /// Does to the line what a key of text asks for.
    pub(super) fn edit(&mut self, edit: Edit) {
        let Some(prompt) = &mut self.prompt else {
            return;
        };
        match edit {
            Edit::Submit => self.submit(),
            Edit::Cancel => self.cancel(),
            Edit::Complete => self.complete(1),
            Edit::CompleteBack => self.complete(-1),
            Edit::HistoryPrevious => self.recall(true),
            Edit::HistoryNext => self.recall(false),
            // Deleting what is not there leaves the line, as in an editor.
            Edit::DeleteBack if prompt.input.text().is_empty() => self.cancel(),
            _ => {
                if prompt.input.edit(edit) {
                    self.text_changed();
                }
            }
        }
    }

    fn cancel(&mut self) {
        if let Some(prompt) = self.prompt.take() {
            match prompt.kind {
                PromptKind::Filter(PanelId::Errors) => {
                    self.panels.errors.set_filter(&prompt.before);
                }
                PromptKind::Filter(PanelId::News) => self.panels.news.set_filter(&prompt.before),
                PromptKind::Filter(_) => self.panels.watchlist.set_filter(&prompt.before),
                PromptKind::HelpSearch => {
                    if let Some(Overlay::Help { top, query }) = &mut self.overlay {
                        *top = 0;
                        query.clear();
                    }
                }
                PromptKind::Command | PromptKind::Add => {}
            }
        }
    }

    fn submit(&mut self) {
        let Some(prompt) = &mut self.prompt else {
            return;
        };
        if let Some(problem) = &mut prompt.problem {
            problem.is_unfinished = false;
            return;
        }
        let text = prompt.input.text().trim().to_owned();
        let outcome = match prompt.kind {
            PromptKind::Filter(_) | PromptKind::HelpSearch => Ok(()),
            _ if text.is_empty() => Ok(()),
            PromptKind::Command => {
                if self.history.last() != Some(&text) {
                    self.history.push(text.clone());
                    if self.history.len() > HISTORY_MAX {
                        self.history.remove(0);
                    }
                }
                command_line::parse(&text).and_then(|order| {
                    let line = self.prompt.take();
                    self.obey(order).inspect_err(|_| self.prompt = line)
                })
            }
            PromptKind::Add => command_line::symbols(&text).map(|symbols| {
                self.wanted_selection = symbols.first().map(ToString::to_string);
                self.notify(format!("adding {}", text.replace([',', ' '], " ")));
                self.send(Command::Add(symbols));
            }),
        };
        match outcome {
            Ok(()) => self.prompt = None,
            Err(message) => {
                if let Some(prompt) = &mut self.prompt {
                    prompt.error = Some(message);
                    prompt.completions.clear();
                }
            }
        }
    }

    fn complete(&mut self, by: i64) {
        let can_complete = self.prompt.as_ref().is_some_and(|prompt| {
            matches!(
                prompt.kind,
                PromptKind::Command | PromptKind::Filter(PanelId::Watchlist)
            )
        });
        if !can_complete {
            return;
        }
        if self
            .prompt
            .as_ref()
            .is_some_and(|prompt| prompt.chosen.is_none())
        {
            self.set_completions();
        }
        let Some(prompt) = &mut self.prompt else {
            return;
        };
        prompt.error = None;
        let count = prompt.completions.len() as i64;
        if count == 0 {
            return;
        }
        let at = match prompt.chosen {
            Some(at) => (at as i64 + by).rem_euclid(count),
            None if by > 0 => 0,
            None => count - 1,
        } as usize;
        let line = prompt.completions[at].clone();
        if count == 1 {
            prompt.input.set(&format!("{line} "));
            self.text_changed();
        } else {
            prompt.chosen = Some(at);
            prompt.input.set(&line);
            if prompt.kind != PromptKind::Command {
                prompt.problem = filter_error(&line, &ValueNames::of(&self.latest));
                self.panels.watchlist.set_filter(&line);
            }
        }
    }

    fn recall(&mut self, is_back: bool) {
        let Some(prompt) = &mut self.prompt else {
            return;
        };
        if prompt.kind != PromptKind::Command || self.history.is_empty() {
            return;
        }
        let last = self.history.len() - 1;
        let at = match (prompt.history_at, is_back) {
            (None, true) => Some(last),
            (None, false) => return,
            (Some(at), true) => Some(at.saturating_sub(1)),
            (Some(at), false) if at < last => Some(at + 1),
            (Some(_), false) => None,
        };
        prompt.history_at = at;
        let line = at.map_or("", |at| self.history[at].as_str()).to_owned();
        prompt.input.set(&line);
        prompt.error = None;
        prompt.chosen = None;
        prompt.completions.clear();
    }
}
