//! What a recording that begins in mid-run holds of a connection to Massive.

use serde_json::Value;

use super::Massive;
use crate::decode::Rejection;
use crate::sources::venue::kept;

impl Massive {
    pub(super) fn connection_kept(&self) -> Value {
        kept::written(&self.stage)
    }

    pub(super) fn keep_connection(&mut self, known: Value) -> Result<(), Rejection> {
        self.stage = kept::read(known)?;
        Ok(())
    }
}
