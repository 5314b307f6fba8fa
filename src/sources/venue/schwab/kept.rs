//! What a recording that begins in mid-run holds of a connection to Schwab's streamer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Schwab, Stage};
use crate::decode::Rejection;
use crate::domain::symbol::SymbolId;
use crate::sources::venue::{Output, kept};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Connection {
    stage: Stage,
    requests: u64,
    /// What each service has been told.
    services: Vec<Value>,
}

impl Schwab {
    pub(super) fn connection_kept(&self) -> Value {
        let services = self.subscriptions.iter();
        kept::written(&Connection {
            stage: self.stage,
            requests: self.requests,
            services: services.map(|told| told.kept(&self.wanted)).collect(),
        })
    }

    pub(super) fn keep_connection(&mut self, known: Value) -> Result<(), Rejection> {
        let known: Connection = kept::read(known)?;
        self.stage = known.stage;
        self.requests = known.requests;
        for (told, known) in self.subscriptions.iter_mut().zip(known.services) {
            told.keep(known, &self.wanted)?;
        }
        Ok(())
    }

    /// The last book comes again, because a quiet one would not come for long.
    pub(super) fn keep_symbol(
        &mut self,
        symbol: SymbolId,
        known: Value,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        self.wanted.keep(symbol, known)?;
        let entry = self
            .wanted
            .wire(symbol)
            .and_then(|wire| self.wanted.get(wire));
        let book = entry.and_then(|entry| Some((entry.state.book?, entry.state.book_text.clone())));
        match book {
            Some((service, text)) => self.book(service, &text, output),
            None => Ok(()),
        }
    }
}
