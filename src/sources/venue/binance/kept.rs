//! What a recording that begins in mid-run holds of a connection to Binance.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Binance, Pending};
use crate::decode::Rejection;
use crate::sources::venue::kept::{self, Kept, States};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Connection {
    last_request: u64,
    requests: Vec<Request>,
}

/// One that is under way, with the venue's names for its symbols.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    id: u64,
    symbols: Vec<String>,
}

impl Kept for Binance {
    fn connection_kept(&self) -> Value {
        let requests = self.requests.iter().map(|request| Request {
            id: request.id,
            symbols: self.wanted.names(&request.symbols),
        });
        kept::written(&Connection {
            last_request: self.last_request,
            requests: requests.collect(),
        })
    }

    fn keep_connection(&mut self, known: Value) -> Result<(), Rejection> {
        let known: Connection = kept::read(known)?;
        self.last_request = known.last_request;
        let wanted = &self.wanted;
        let requests = known.requests.iter().map(|request| Pending {
            id: request.id,
            symbols: wanted.named(&request.symbols),
        });
        self.requests = requests.collect();
        Ok(())
    }

    fn states(&mut self) -> Option<&mut dyn States> {
        Some(&mut self.wanted)
    }
}
