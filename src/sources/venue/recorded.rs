//! What is recorded of a venue: the inputs of its session, one on a line, so that the same session makes the same of them
//! again.
//!
//! - [`line`]: what a line looks like;
//! - [`playing`]: a session that is given recorded lines;
//! - [`Tap`]: a driver's end.

pub mod line;
pub mod playing;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::sync::Arc;

use memchr::memmem::Finder;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use crate::domain::source::SourceName;
use crate::domain::time::UnixMs;
use crate::pipeline::recording::Recorder;

use super::session::Input;
use super::{Answer, Incoming};
use line::Line;

/// What stands in a recording for a secret.
const INSTEAD: &[u8] = b"***";
/// What is shorter is no secret, and would be found everywhere.
const SECRET_BYTES_MIN: usize = 4;

/// A driver's end of a recording.
pub struct Tap {
    recorder: Arc<dyn Recorder>,
    source: SourceName,
    /// The recording that has been begun with a head.
    session: Option<u64>,
    /// The specification, which the head names.
    spec: String,
    /// What must not be written down, should a venue send it back: as it is, and as JSON writes it.
    secrets: Vec<Finder<'static>>,
    line: Vec<u8>,
}

impl Tap {
    /// A tap on the source of this name, which was opened with this specification.
    #[must_use]
    pub fn new(
        recorder: Arc<dyn Recorder>,
        source: SourceName,
        spec: String,
        secrets: Vec<SecretString>,
    ) -> Self {
        let mut forms: Vec<String> = secrets
            .into_iter()
            .flat_map(|secret| forms(&secret))
            .collect();
        // A longer form may hold a shorter one.
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        Self {
            recorder,
            source,
            session: None,
            spec,
            secrets: forms
                .iter()
                .map(|form| Finder::new(form).into_owned())
                .collect(),
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
            let spec = self.without_secrets(self.spec.as_bytes());
            let spec = spec.as_deref().map(String::from_utf8_lossy);
            let spec = spec.as_deref().unwrap_or(&self.spec);
            let head = Line::head(self.source.as_str(), spec, now);
            head.write(&mut self.line);
            self.recorder.record(&self.source, &self.line);
        }
        begins
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
        let cleaned = self.without_secrets(bytes);
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

    /// The bytes without secrets; `None` when they hold none.
    fn without_secrets(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut cleaned: Option<Vec<u8>> = None;
        for secret in &self.secrets {
            let text = cleaned.as_deref().unwrap_or(bytes);
            if secret.find(text).is_none() {
                continue;
            }
            let mut kept = Vec::with_capacity(text.len());
            let mut from = 0;
            for at in secret.find_iter(text) {
                kept.extend_from_slice(&text[from..at]);
                kept.extend_from_slice(INSTEAD);
                from = at + secret.needle().len();
            }
            kept.extend_from_slice(&text[from..]);
            cleaned = Some(kept);
        }
        cleaned
    }
}

/// What may stand in a URL as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The ways in which a secret may be written: as it is, in JSON, in a URL.
pub(crate) fn forms(secret: &SecretString) -> Vec<String> {
    let plain = secret.expose_secret();
    if plain.len() < SECRET_BYTES_MIN {
        return Vec::new();
    }
    let quoted = serde_json::Value::from(plain).to_string();
    let escaped = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    let slashed = escaped.replace('/', "\\/");
    let percent = utf8_percent_encode(plain, NON_ALPHANUMERIC).to_string();
    let sparing = utf8_percent_encode(plain, UNRESERVED).to_string();
    let as_form = sparing.replace("%20", "+");
    let mut forms = vec![plain.to_owned()];
    for form in [
        escaped.to_owned(),
        in_ascii(escaped),
        in_ascii(&slashed),
        slashed,
        in_small_digits(&percent),
        in_small_digits(&sparing),
        in_small_digits(&as_form),
        percent,
        sparing,
        as_form,
    ] {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

/// A text in JSON with everything that is not ASCII escaped.
fn in_ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]).iter() {
                // Writing to a text does not fail.
                write!(ascii, "\\u{unit:04x}").unwrap_or(());
            }
        }
    }
    ascii
}

/// A percent-encoded text with small letters as digits.
fn in_small_digits(text: &str) -> String {
    let mut digits = 0;
    let small = text.chars().map(|c| match (c, digits) {
        ('%', _) => {
            digits = 2;
            c
        }
        (_, 0) => c,
        _ => {
            digits -= 1;
            c.to_ascii_lowercase()
        }
    });
    small.collect()
}
