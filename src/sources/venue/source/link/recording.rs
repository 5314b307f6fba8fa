//! What is recorded of a connection.

use crate::sources::venue::Answer;
use crate::sources::venue::session::Input;

use super::{Desk, Link, Moment};

impl Link {
    /// A recording has begun that knows nothing of this connection.
    pub(in crate::sources::venue::source) fn record_beginning(
        &mut self,
        has_books: bool,
        desk: &mut Desk,
    ) {
        if self.symbols.is_empty() && !self.is_open() {
            return;
        }
        let now = desk.moment().wall;
        let is_open = self.is_open();
        let session = (&mut self.session, is_open);
        desk.tap
            .write_beginning(self.number, now, session, &self.symbols);
        if has_books && self.is_open() {
            for symbol in self.symbols.clone() {
                self.resync(&symbol, desk);
            }
        }
    }

    /// Writes an input down as it may be kept.
    pub(super) fn record(&mut self, input: &Input<'_>, moment: Moment, desk: &mut Desk) {
        let body = match input {
            Input::Answered(answer) => self.session.protocol().recorded_body(answer),
            _ => None,
        };
        match (&body, input) {
            (Some(body), Input::Answered(answer)) => {
                let kept = Input::Answered(Answer { body, ..*answer });
                desk.tap.write(self.number, moment.wall, &kept);
            }
            _ => desk.tap.write(self.number, moment.wall, input),
        }
    }
}
