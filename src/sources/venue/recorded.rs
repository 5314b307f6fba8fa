//! What is recorded of a venue: the inputs of its session, one on a line, so that the same session makes the same of them
//! again.
//!
//! - [`mod@line`]: what a line looks like;
//! - [`playing`]: a session that is given recorded lines;
//! - [`Tap`]: a driver's end.

pub mod line;
pub mod playing;
#[cfg(test)]
pub(super) mod tests;

use std::sync::Arc;

use secrecy::SecretString;

use crate::domain::source::SourceName;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;
use crate::pipeline::recording::Recorder;

use super::secrets::Secrets;
use super::session::{Input, Session};
use super::{Answer, Incoming};
use line::{Head, Line};

/// A driver's end of a recording.
pub struct Tap {
    recorder: Arc<dyn Recorder>,
    source: SourceName,
    /// The recording that has been begun with a head.
    session: Option<u64>,
    /// The specification, which the head names.
    spec: String,
    /// What the file of its mapping held.
    map: Option<String>,
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
            map: None,
            secrets: Secrets::new(secrets),
            line: Vec::new(),
        }
    }

    /// The same, with what the file of the source's mapping holds: a recording has to be read by what was in it then.
    #[must_use]
    pub fn with_map(self, map: Option<String>) -> Self {
        Self { map, ..self }
    }

    /// Whether a recording has begun that knows nothing of this source yet. Its head is written by this call; the driver
    /// then gives [`Tap::write_beginning`] every connection, and has every book begin anew.
    pub fn begins(&mut self, now: UnixMs) -> bool {
        let session = self.recorder.session();
        let begins = session.is_some() && session != self.session;
        self.session = session;
        if begins {
            let hidden = |text: &String| self.secrets.hide(text.clone());
            let head = Head {
                source: self.source.to_string(),
                spec: hidden(&self.spec),
                map: self.map.as_ref().map(hidden),
                started: now,
            };
            Line::head(&head).write(&mut self.line);
            self.recorder.record(&self.source, &self.line);
        }
        begins
    }

    /// Writes down what a recording that has just begun needs to understand the rest of a connection: that it is open, what
    /// is subscribed on it, and what is known by what came before.
    pub fn write_beginning(
        &mut self,
        connection: usize,
        now: UnixMs,
        (session, is_open): (&mut Session, bool),
        symbols: &[(Symbol, SymbolId)],
    ) {
        if is_open {
            self.write(connection, now, &Input::Opened);
        }
        self.write(connection, now, &Input::Subscribe(symbols));
        for of in std::iter::once(None).chain(symbols.iter().map(Some)) {
            if let Some(text) = session.kept(of.map(|(_, id)| *id)) {
                self.write(connection, now, &Input::Kept(of, &text));
            }
        }
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
            Input::Kept(_, text) => text.as_bytes(),
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
            (Some(bytes), Input::Kept(of, _)) => {
                Input::Kept(*of, std::str::from_utf8(bytes).unwrap_or_default())
            }
            (Some(bytes), _) => match std::str::from_utf8(bytes) {
                Ok(text) => Input::Message(Incoming::Text(text)),
                Err(_) => Input::Message(Incoming::Binary(bytes)),
            },
        };
        Line::of(connection, now, &input).write(&mut self.line);
        self.recorder.record(&self.source, &self.line);
    }
}
