//! What is to be sent.

use crate::domain::clock::Nanos;
use crate::domain::event::Event;
use crate::domain::outcome::{ErrorInstance, ErrorKind, Status, StatusChange};
use crate::pipeline::source::Message;

use super::load::Load;
use super::{Player, Stage};

/// A message that waits for its turn.
pub(super) struct Outgoing {
    pub(super) received: Nanos,
    pub(super) message: Message,
}

impl Player {
    /// Leaves out events of symbols that were removed after the line had been decoded.
    pub(super) fn keep_wanted(&self, events: &mut Vec<Event>) {
        if self.admission.has_removed() {
            events.retain(|event| self.admission.has(event.symbol));
        }
    }

    pub(super) fn put(&mut self, received: Nanos, message: Message) {
        self.outbox.push_back(Outgoing { received, message });
    }

    pub(super) fn put_data(&mut self, received: Nanos, mut events: Vec<Event>) {
        self.keep_wanted(&mut events);
        if !events.is_empty() {
            self.put(received, Message::Data(events));
        }
    }

    pub(super) fn put_errors(&mut self, errors: Vec<ErrorInstance>) {
        let received = self.feed.now();
        let time = self.feed.clock().wall();
        self.meters.rejected.add(errors.len() as u64);
        for mut error in errors {
            error.time = Some(time);
            self.put(received, Message::Rejected(Box::new(error)));
        }
    }

    pub(super) fn put_status(&mut self, status: Status, message: Option<String>) {
        let mut change = StatusChange::of_source(status, &self.info.name);
        change.message = message;
        change.time = Some(self.feed.clock().wall());
        let received = self.feed.now();
        self.put(received, Message::Status(Box::new(change)));
    }

    /// Notes whether the recorded source has lost a connection.
    pub(super) fn note_changes(&mut self, changes: &[StatusChange]) {
        for change in changes {
            match change.status {
                Status::Reconnecting => self.shown.is_cut = true,
                Status::Connected => self.shown.is_cut = false,
                _ => {}
            }
        }
    }

    pub(super) fn put_changes(&mut self, changes: Vec<StatusChange>) {
        for mut change in changes {
            change.source = Some(self.info.name.clone());
            change.time = Some(self.feed.clock().wall());
            let received = self.feed.now();
            self.put(received, Message::Status(Box::new(change)));
        }
    }

    pub(super) fn error(&self, kind: ErrorKind, message: impl Into<String>) -> ErrorInstance {
        ErrorInstance::new(kind, message).from_source(&self.info.name)
    }

    /// Says once that not all symbols of the data found room.
    pub(super) fn say_full(&mut self) {
        if let Some(symbol) = self.admission.full.take()
            && !self.has_said_full
        {
            self.has_said_full = true;
            let message = format!(
                "there are as many symbols as 'symbols_max' allows: {symbol} and any further ones are left out"
            );
            let error = self.error(ErrorKind::Overload, message);
            self.put_errors(vec![error]);
        }
    }

    pub(super) fn reader_gone(&mut self) {
        self.merge.clear(&self.reader);
        self.headers_awaited = 0;
        self.stage = Stage::Open;
        self.load = Load::Nothing;
        let error = self.error(
            ErrorKind::ConnectionError,
            "the thread that reads the files has stopped; restart the program",
        );
        self.put_errors(vec![error]);
    }
}
