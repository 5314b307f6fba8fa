//! Questions: where keys go while one is typed, and what is done with the answer.

use std::sync::Arc;

use crate::pipeline::question::{Answer, AnswerTable};

use super::super::action::Edit;
use super::super::command_line::AnswerOrder;
use super::super::views::{PanelId, View};
use super::{Effect, Model, Prompt, PromptKind};

impl Model {
    /// Whether keys type a question.
    pub(in super::super) fn is_typing_question(&self) -> bool {
        self.focus == PanelId::Query
            && self.overlay.is_none()
            && self.prompt.is_none()
            && self.panels.query.is_typing()
    }

    /// Types or pastes into the question.
    pub(super) fn type_question(&mut self, text: &str) {
        self.panels.query.type_text(text, &self.shown);
    }

    /// Does to the question what a key of text asks for.
    pub(super) fn edit_question(&mut self, edit: Edit) {
        let response = self.panels.query.edit(edit, &self.shown);
        self.respond(response);
    }

    /// Asks, and shows what comes of it; nothing said opens the line to type in.
    pub(super) fn ask(&mut self, question: &str) {
        self.show_view(View::Query);
        if question.is_empty() {
            self.panels.query.start_typing();
        } else {
            let command = self.panels.query.ask(question, &self.shown);
            self.send(command);
        }
    }

    /// Opens the command line for the name of a file.
    pub(super) fn name_answer_file(&mut self) {
        match self.answer_table() {
            Ok(_) => self.prompt = Some(Prompt::new(PromptKind::Command, "answer ")),
            Err(message) => self.notify(message),
        }
    }

    /// Has the answer written to a file.
    pub(super) fn write_answer(&mut self, order: AnswerOrder) -> Result<(), String> {
        let table = self.answer_table()?;
        self.effects.push(Effect::WriteAnswer(order, table));
        Ok(())
    }

    fn answer_table(&self) -> Result<Arc<AnswerTable>, String> {
        let view = self.shown.answer.as_ref();
        match view.map(|view| &view.answer) {
            Some(Some(Answer::Table(table))) => Ok(Arc::clone(table)),
            Some(None) => Err("the question is still under way".to_owned()),
            _ => Err("there is no answer to write; :sql asks a question".to_owned()),
        }
    }
}
