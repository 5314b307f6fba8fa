//! What a recording that begins in mid-run holds of a connection to Kraken.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Channel, Kraken, Pending};
use crate::decode::Rejection;
use crate::domain::time::UnixMs;
use crate::sources::venue::kept::{self, Kept, States};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Connection {
    last_request: u64,
    requests: Vec<Request>,
    heard_at: UnixMs,
    pinged_at: UnixMs,
    repeat_at: UnixMs,
    repeat_wait_ms: i64,
    trouble: Option<String>,
}

/// One that is under way, with the venue's names for its symbols.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    id: u64,
    channel: Channel,
    symbols: Vec<String>,
}

impl Kept for Kraken {
    fn connection_kept(&self) -> Value {
        let requests = self.requests.iter().map(|request| Request {
            id: request.id,
            channel: request.channel,
            symbols: self.wanted.names(&request.symbols),
        });
        kept::written(&Connection {
            last_request: self.last_request,
            requests: requests.collect(),
            heard_at: self.heard_at,
            pinged_at: self.pinged_at,
            repeat_at: self.repeat_at,
            repeat_wait_ms: self.repeat_wait_ms,
            trouble: self.trouble.clone(),
        })
    }

    fn keep_connection(&mut self, known: Value) -> Result<(), Rejection> {
        let known: Connection = kept::read(known)?;
        self.last_request = known.last_request;
        let wanted = &self.wanted;
        let requests = known.requests.iter().map(|request| Pending {
            id: request.id,
            channel: request.channel,
            symbols: wanted.named(&request.symbols),
        });
        self.requests = requests.collect();
        (self.heard_at, self.pinged_at) = (known.heard_at, known.pinged_at);
        (self.repeat_at, self.repeat_wait_ms) = (known.repeat_at, known.repeat_wait_ms);
        self.trouble = known.trouble;
        Ok(())
    }

    fn states(&mut self) -> Option<&mut dyn States> {
        Some(&mut self.wanted)
    }
}
