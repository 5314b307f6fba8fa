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
                if let Err(error) = self.parts.recorder.begin(&folder) {
                    return self
                        .answer_with(ErrorInstance::new(ErrorKind::SinkError, error.to_string()));
                }
                self.tell_end();
                self.tell_recording();
            }
        }
    }

    /// Ends the recording, if there is one. Whether there was.
    pub(super) fn end_recording(&mut self) -> bool {
        self.parts.recorder.end();
        self.tell_end()
    }

    /// Tells where to it is recorded, or that it is no more.
    pub(super) fn tell_recording(&mut self) {
        match self.parts.recorder.view() {
            Some(view) if self.recording.is_none() => {
                self.recording = Some(view.folder.clone());
                self.tell_folder(Status::Recording, view.folder);
            }
            Some(_) => {}
            None => {
                self.tell_end();
            }
        }
    }

    /// Tells that a recording has ended, if its beginning was told. Whether it was.
    fn tell_end(&mut self) -> bool {
        let Some(folder) = self.recording.take() else {
            return false;
        };
        self.tell_folder(Status::Recorded, folder);
        true
    }

    fn tell_folder(&mut self, status: Status, folder: String) {
        let mut status = StatusChange::new(status).with_message(folder);
        status.time = Some(self.parts.clock.wall());
        self.offer(|sink| sink.status(&status));
    }
}
