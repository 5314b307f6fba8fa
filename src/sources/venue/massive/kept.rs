//! What a recording that begins in mid-run holds of a connection to Massive.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Massive, Stage};
use crate::decode::Rejection;
use crate::domain::time::UnixMs;
use crate::sources::venue::kept;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Connection {
    stage: Stage,
    repeat_at: Option<UnixMs>,
    attempts: u32,
}

impl Massive {
    pub(super) fn connection_kept(&self) -> Value {
        kept::written(&Connection {
            stage: self.stage,
            repeat_at: self.repeat_at,
            attempts: self.attempts,
        })
    }

    pub(super) fn keep_connection(&mut self, known: Value) -> Result<(), Rejection> {
        let known: Connection = kept::read(known)?;
        self.stage = known.stage;
        self.repeat_at = known.repeat_at;
        self.attempts = known.attempts;
        Ok(())
    }
}
