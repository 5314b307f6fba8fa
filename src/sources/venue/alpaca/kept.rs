//! What a recording that begins in mid-run holds of a connection to Alpaca.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::control::{Asked, Order};
use super::{Alpaca, Stage};
use crate::decode::Rejection;
use crate::domain::time::UnixMs;
use crate::sources::venue::kept::{self, Kept, States};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Connection {
    stage: Stage,
    /// Those that the feed has turned out to have.
    channels: Vec<String>,
    /// Requests that have not been answered: their channels, and the venue's names for the symbols that they add.
    pending: Vec<(Vec<String>, Vec<String>)>,
    awaited_since: UnixMs,
    answer_ms: i64,
    order: Order,
}

fn texts(channels: &[&'static str]) -> Vec<String> {
    channels.iter().map(|name| (*name).to_owned()).collect()
}

impl Kept for Alpaca {
    fn connection_kept(&self) -> Value {
        let pending = self.pending.iter().map(|asked| {
            let names = self.wanted.names(&asked.symbols);
            (texts(&asked.channels), names)
        });
        kept::written(&Connection {
            stage: self.stage,
            channels: texts(&self.channels),
            pending: pending.collect(),
            awaited_since: self.awaited_since,
            answer_ms: self.answer_ms,
            order: self.order,
        })
    }

    fn keep_connection(&mut self, known: Value) -> Result<(), Rejection> {
        let known: Connection = kept::read(known)?;
        let all = self.channels.clone();
        let of = |names: &[String]| -> Vec<&'static str> {
            let is_named = |channel: &&str| names.iter().any(|name| name == channel);
            all.iter().copied().filter(is_named).collect()
        };
        self.stage = known.stage;
        self.channels = of(&known.channels);
        let wanted = &self.wanted;
        let pending = known.pending.iter().map(|(channels, names)| Asked {
            channels: of(channels),
            symbols: wanted.named(names),
        });
        self.pending = pending.collect();
        self.awaited_since = known.awaited_since;
        self.answer_ms = known.answer_ms;
        self.order = known.order;
        // Each symbol's own is told later.
        self.doubts = self.wanted.len();
        Ok(())
    }

    fn states(&mut self) -> Option<&mut dyn States> {
        Some(&mut self.wanted)
    }
}
