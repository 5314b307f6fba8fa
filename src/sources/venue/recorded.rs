//! What is recorded of a venue: the inputs of its session, one on a line, so that the same session makes the same of them
//! again.
//!
//! - [`mod@line`]: what a line looks like;
//! - [`playing`]: a session that is given recorded lines;
//! - [`Tap`]: a driver's end.

pub mod line;
pub mod playing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use secrecy::SecretString;

use crate::domain::source::SourceName;
use crate::domain::time::UnixMs;
use crate::pipeline::recording::Recorder;

use super::secrets::Secrets;
use super::session::Input;
use super::{Answer, Incoming};
use line::Line;

/// A driver's end of a recording.
pub struct Tap {
    recorder: Arc<dyn Recorder>,
    source: SourceName,
    /// The recording that has been begun with a head.
    session: Option<u64>,
    /// The specification, which the head names.
    spec: String,
    secrets: Secrets,
    line: Vec<u8>,
}

impl Tap {
    /// A tap on the source of this name, which was opened with this specification.
    #[must_use]
    pub fn new(
        recorder: Arc<dyn Recorder>,
        source: SourceName,
        spec: String,
        secrets: &[SecretString],
    ) -> Self {
        Self {
            recorder,
            source,
            session: None,
            spec,
            secrets: Secrets::new(secrets),
            line: Vec::new(),
        }
    }

    /// Whether a recording has begun that knows nothing of this source yet. Its head is written by this call; the driver
    /// then gives [`Tap::write`] what the recording needs to understand the rest: for every open connection
    /// [`Input::Opened`] and [`Input::Subscribe`], and it has every book begin anew.
    pub fn begins(&mut self, now: UnixMs) -> bool {
        let session = self.recorder.session();
        let begins = session.is_some() && session != self.session;
        self.session = session;
        if begins {
            let spec = self.secrets.hide(self.spec.clone());
            let head = Line::head(self.source.as_str(), &spec, now);
            head.write(&mut self.line);
            self.recorder.record(&self.source, &self.line);
        }
        begins
    }

    /// Leaves this out of whatever is written from now on.
    pub fn hide(&mut self, secret: &SecretString) {
        self.secrets.add(secret);
    }

    /// Writes an input down, if anything is recorded at all.
    pub fn write(&mut self, connection: usize, now: UnixMs, input: &Input<'_>) {
        // Until its head is written, a recording could not be understood.
        if self.session.is_none() || self.recorder.session() != self.session {
            return;
        }
        let bytes = match input {
            Input::Message(message) => message.bytes(),
            Input::Answered(answer) => answer.body,
            _ => &[],
        };
        let cleaned = self.secrets.hidden(bytes);
        let input = match (&cleaned, input) {
            (None, input) => *input,
            (Some(bytes), Input::Message(Incoming::Binary(_))) => {
                Input::Message(Incoming::Binary(bytes))
            }
            (Some(bytes), Input::Answered(answer)) => Input::Answered(Answer {
                body: bytes,
                ..*answer
            }),
            (Some(bytes), _) => match std::str::from_utf8(bytes) {
                Ok(text) => Input::Message(Incoming::Text(text)),
                Err(_) => Input::Message(Incoming::Binary(bytes)),
            },
        };
        Line::of(connection, now, &input).write(&mut self.line);
        self.recorder.record(&self.source, &self.line);
    }
}
