//! What a recording that begins in mid-run holds of a connection to Coinbase.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Coinbase;
use crate::decode::Rejection;
use crate::domain::time::UnixMs;
use crate::sources::venue::kept;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Connection {
    last_sequence: Option<u64>,
    repeat_at: UnixMs,
    complaint: Option<String>,
}

impl Coinbase {
    pub(super) fn connection_kept(&self) -> Value {
        kept::written(&Connection {
            last_sequence: self.last_sequence,
            repeat_at: self.repeat_at,
            complaint: self.complaint.clone(),
        })
    }

    pub(super) fn keep_connection(&mut self, known: Value) -> Result<(), Rejection> {
        let known: Connection = kept::read(known)?;
        self.last_sequence = known.last_sequence;
        self.repeat_at = known.repeat_at;
        self.complaint = known.complaint;
        Ok(())
    }
}
