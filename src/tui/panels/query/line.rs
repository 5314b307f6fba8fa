//! The line in which a question is typed, with completion and with what was asked before.

use super::super::super::action::Edit;
use super::super::super::text_input::TextInput;
use super::completion::{Names, Offer, offer};

/// How many questions are remembered.
pub const HISTORY_MAX: usize = 100;

/// What follows from a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineOutcome {
    /// Typing goes on.
    Stay,
    /// This is to be asked.
    Ask(String),
    /// The line is left as it stands.
    Leave,
}

/// A question being typed.
#[derive(Debug, Default)]
pub struct QuestionLine {
    input: TextInput,
    /// What was asked before, oldest first, each once.
    history: Vec<String>,
    /// Which of them stands there.
    recalled: Option<usize>,
    /// What stood there before one of them was fetched.
    draft: String,
    offer: Offer,
    chosen: Option<usize>,
}

impl QuestionLine {
    /// What has been typed.
    #[must_use]
    pub fn text(&self) -> &str {
        self.input.text()
    }

    /// The text before the cursor and after it.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        self.input.parts()
    }

    /// What Tab would put in, and which of it stands there.
    #[must_use]
    pub fn offer(&self) -> (&Offer, Option<usize>) {
        (&self.offer, self.chosen)
    }

    /// What was asked before, oldest first.
    #[must_use]
    pub fn history(&self) -> &[String] {
        &self.history
    }

    /// Takes over what was asked in an earlier run.
    pub fn set_history(&mut self, questions: Vec<String>) {
        self.history.clear();
        for question in questions {
            // What is kept in a file may have been changed there.
            let line = TextInput::with(&one_line(&question));
            self.remember(line.text());
        }
    }

    /// Puts another question in its place.
    pub fn set(&mut self, text: &str) {
        self.input.set(&one_line(text));
        self.forget_offer();
        self.recalled = None;
    }

    /// Adds a question to those that were asked, without duplicates.
    pub fn remember(&mut self, question: &str) {
        let question = question.trim();
        if question.is_empty() {
            return;
        }
        self.history.retain(|before| before != question);
        self.history.push(question.to_owned());
        let excess = self.history.len().saturating_sub(HISTORY_MAX);
        self.history.drain(..excess);
        self.recalled = None;
    }

    /// Types or pastes; several lines become one.
    pub fn type_text(&mut self, text: &str, names: &Names) {
        self.input.insert(&one_line(text));
        self.changed(names);
    }

    /// Does what a key of text asks for.
    pub fn edit(&mut self, edit: Edit, names: &Names) -> LineOutcome {
        match edit {
            Edit::Submit => {
                let question = self.input.text().trim().to_owned();
                if question.is_empty() {
                    return LineOutcome::Stay;
                }
                self.forget_offer();
                self.remember(&question);
                return LineOutcome::Ask(question);
            }
            // The first Esc takes the offers away, when one of them has been tried.
            Edit::Cancel if self.chosen.is_some() => self.forget_offer(),
            Edit::Cancel => {
                self.forget_offer();
                return LineOutcome::Leave;
            }
            Edit::Complete => self.complete(1, names),
            Edit::CompleteBack => self.complete(-1, names),
            Edit::HistoryPrevious => self.recall(true),
            Edit::HistoryNext => self.recall(false),
            edit => {
                let is_changed = self.input.edit(edit);
                self.forget_offer();
                if is_changed {
                    self.changed(names);
                }
            }
        }
        LineOutcome::Stay
    }

    /// Offers nothing any more.
    pub fn forget_offer(&mut self) {
        self.offer = Offer::default();
        self.chosen = None;
    }

    fn changed(&mut self, names: &Names) {
        self.chosen = None;
        self.recalled = None;
        let (before, after) = self.input.parts();
        self.offer = offer(before, after, names);
        // Everything there is would be offered for nothing typed; that is what Tab is for.
        if self.offer.replaces == 0 {
            self.forget_offer();
        }
    }

    fn complete(&mut self, by: i64, names: &Names) {
        if self.chosen.is_none() {
            let (before, after) = self.input.parts();
            self.offer = offer(before, after, names);
        }
        let count = self.offer.words.len() as i64;
        if count == 0 {
            return;
        }
        let at = match self.chosen {
            Some(at) => (at as i64 + by).rem_euclid(count),
            None if by > 0 => 0,
            None => count - 1,
        } as usize;
        let Some(word) = self.offer.words.get(at) else {
            return;
        };
        self.input.replace_before(self.offer.replaces, word);
        self.offer.replaces = word.len();
        if count == 1 {
            self.forget_offer();
        } else {
            self.chosen = Some(at);
        }
    }

    fn recall(&mut self, is_back: bool) {
        self.forget_offer();
        let Some(last) = self.history.len().checked_sub(1) else {
            return;
        };
        let at = match (self.recalled, is_back) {
            (None, false) => return,
            (None, true) => {
                self.input.text().clone_into(&mut self.draft);
                // What stands there already is no news.
                let is_last = self.history.last().is_some_and(|it| *it == self.draft);
                Some(last.saturating_sub(usize::from(is_last)))
            }
            (Some(at), true) => Some(at.saturating_sub(1)),
            (Some(at), false) if at < last => Some(at + 1),
            (Some(_), false) => None,
        };
        let text = at
            .and_then(|at| self.history.get(at))
            .unwrap_or(&self.draft);
        let text = text.clone();
        self.input.set(&text);
        self.recalled = at;
    }
}

/// A statement of several lines as one: what a comment hides until the end of its line would hide all the rest.
fn one_line(text: &str) -> String {
    if !text.contains(['\n', '\r']) {
        return text.to_owned();
    }
    let mut line = String::with_capacity(text.len());
    let mut quote = None;
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '-') if chars.peek() == Some(&'-') => {
                while chars.next_if(|c| !matches!(c, '\n' | '\r')).is_some() {}
            }
            (_, '\n' | '\r' | '\t') => {
                if !line.ends_with(' ') {
                    line.push(' ');
                }
            }
            // Indentation says nothing in one line.
            (None, ' ') if line.ends_with(' ') => {}
            (None, '\'' | '"') => {
                quote = Some(c);
                line.push(c);
            }
            (Some(open), c) => {
                if c == open {
                    quote = None;
                }
                line.push(c);
            }
            (None, c) => line.push(c),
        }
    }
    line.truncate(line.trim_end().len());
    line
}
