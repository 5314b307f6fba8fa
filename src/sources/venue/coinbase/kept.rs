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
    repeat_wait_ms: i64,
    complaint: Option<String>,
    is_limited: bool,
    is_beating: bool,
}

impl Coinbase {
    pub(super) fn connection_kept(&self) -> Value {
        kept::written(&Connection {
            last_sequence: self.last_sequence,
            repeat_at: self.repeat_at,
            repeat_wait_ms: self.repeat_wait_ms,
            complaint: self.complaint.clone(),
            is_limited: self.is_limited,
            is_beating: self.is_beating,
        })
    }

    pub(super) fn keep_connection(&mut self, known: Value) -> Result<(), Rejection> {
        let known: Connection = kept::read(known)?;
        self.last_sequence = known.last_sequence;
        self.repeat_at = known.repeat_at;
        self.repeat_wait_ms = known.repeat_wait_ms;
        self.complaint = known.complaint;
        self.is_limited = known.is_limited;
        self.is_beating = known.is_beating;
        Ok(())
    }
}
