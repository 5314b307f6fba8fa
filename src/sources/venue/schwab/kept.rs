//! What a recording that begins in mid-run holds of a connection to Schwab's streamer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Schwab, Stage};
use crate::decode::Rejection;
use crate::domain::symbol::SymbolId;
use crate::sources::venue::Output;
use crate::sources::venue::kept::{self, Kept, States};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Connection {
    stage: Stage,
    requests: u64,
    /// What each service has been told.
    services: Vec<Value>,
}

impl Kept for Schwab {
    fn connection_kept(&self) -> Value {
        let services = self.subscriptions.iter();
        kept::written(&Connection {
            stage: self.stage,
            requests: self.requests,
            services: services.map(|told| told.kept(&self.wanted)).collect(),
        })
    }

    fn keep_connection(&mut self, known: Value) -> Result<(), Rejection> {
        let known: Connection = kept::read(known)?;
        self.stage = known.stage;
        self.requests = known.requests;
        for (told, known) in self.subscriptions.iter_mut().zip(known.services) {
            told.keep(known, &self.wanted)?;
        }
        Ok(())
    }

    fn states(&mut self) -> Option<&mut dyn States> {
        Some(&mut self.wanted)
    }

    /// The last book comes again, because a quiet one would not come for long.
    fn go_on(&mut self, symbol: SymbolId, output: &mut Output) -> Result<(), Rejection> {
        let entry = self.wanted.entry(symbol);
        let book = entry.and_then(|entry| Some((entry.state.book?, entry.state.book_text.clone())));
        match book {
            Some((service, text)) => self.book(service, &text, output),
            None => Ok(()),
        }
    }
}
