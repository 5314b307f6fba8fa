//! What is sent for symbols.

use super::{Feed, Template};
use crate::sources::venue::{Notice, Output};

/// Symbols in one message, where a message takes many.
const SYMBOLS_PER_MESSAGE: usize = 200;

impl Feed {
    pub(super) fn send(&self, template: &Template, symbols: &[&str], output: &mut Output) {
        let text = template.fill(symbols, &self.variables);
        if template.is_secret() {
            output.send_secret(text);
        } else {
            output.send(text);
        }
    }

    /// Sends a template for these symbols: once for each, or once for many. One without symbols in it is sent when
    /// `is_all`, which says that it is about all of them.
    pub(super) fn ask(
        &self,
        template: Option<&Template>,
        symbols: &[&str],
        is_all: bool,
        output: &mut Output,
    ) {
        let Some(template) = template.filter(|_| !symbols.is_empty()) else {
            return;
        };
        if template.is_for_many() {
            for some in symbols.chunks(SYMBOLS_PER_MESSAGE) {
                self.send(template, some, output);
            }
        } else if template.is_for_one() {
            for symbol in symbols {
                self.send(template, &[symbol], output);
            }
        } else if is_all {
            self.send(template, symbols, output);
        }
    }

    /// The feed is ready: everything is asked for.
    pub(super) fn begin(&mut self, output: &mut Output) {
        self.connection.is_ready = true;
        output.notices.push(Notice::Ready);
        let all = self.wanted.in_order();
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        self.ask(self.subscribe.as_ref(), &names, true, output);
    }
}
