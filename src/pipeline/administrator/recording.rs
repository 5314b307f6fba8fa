//! Recording, begun and ended as a person wants it, and told to whoever listens.

use std::path::PathBuf;

use crate::domain::outcome::{ErrorInstance, ErrorKind, Status, StatusChange};
use crate::domain::source::Origin;

use super::{Administrator, SourceEntry};

impl Administrator {
    pub(super) fn record(&mut self, folder: Option<PathBuf>) {
        match folder {
            None => {
                if !self.end_recording() {
                    let message = "nothing is being recorded";
                    let error = ErrorInstance::new(ErrorKind::ConfigError, message);
                    self.answer_with(error.as_warning());
                }
            }
            Some(folder) => {
                let is_live = |entry: &SourceEntry| entry.info.origin == Origin::Live;
                if !self.parts.sources.iter().any(is_live) {
                    let message = "only live sources are recorded, and none is open";
                    let error = ErrorInstance::new(ErrorKind::ConfigError, message);
                    return self.answer_with(error.as_warning());
                }
                let before = self.parts.recorder.view();
                if let Err(error) = self.parts.recorder.begin(&folder) {
                    return self
                        .answer_with(ErrorInstance::new(ErrorKind::SinkError, error.to_string()));
                }
                if let Some(before) = before {
                    self.tell_folder(Status::Recorded, before.folder);
                }
                self.tell_recording();
            }
        }
    }

    /// Ends the recording, if there is one. Whether there was.
    pub(super) fn end_recording(&mut self) -> bool {
        let view = self.parts.recorder.view();
        self.parts.recorder.end();
        let was_there = view.is_some();
        if let Some(view) = view {
            self.tell_folder(Status::Recorded, view.folder);
        }
        was_there
    }

    /// Tells where to it is recorded, if it is.
    pub(super) fn tell_recording(&mut self) {
        if let Some(view) = self.parts.recorder.view() {
            self.tell_folder(Status::Recording, view.folder);
        }
    }

    fn tell_folder(&mut self, status: Status, folder: String) {
        let mut status = StatusChange::new(status).with_message(folder);
        status.time = Some(self.parts.clock.wall());
        self.offer(|sink| sink.status(&status));
    }
}
