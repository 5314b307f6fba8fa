//! What a recording that begins in mid-run holds of a connection to Alpaca.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Alpaca, Stage};
use crate::decode::Rejection;
use crate::sources::venue::kept;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Connection {
    stage: Stage,
    /// Requests that have not been answered, each with the venue's names for the symbols that it adds.
    pending: Vec<Vec<String>>,
}

impl Alpaca {
    pub(super) fn connection_kept(&self) -> Value {
        let pending = self.pending.iter().map(|ids| self.wanted.names(ids));
        kept::written(&Connection {
            stage: self.stage,
            pending: pending.collect(),
        })
    }

    pub(super) fn keep_connection(&mut self, known: Value) -> Result<(), Rejection> {
        let known: Connection = kept::read(known)?;
        self.stage = known.stage;
        let pending = known.pending.iter().map(|names| self.wanted.named(names));
        self.pending = pending.collect();
        Ok(())
    }
}
