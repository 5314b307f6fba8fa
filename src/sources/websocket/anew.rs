//! What begins anew: books, for which the feed is asked for a symbol again, ever more slowly; and recordings in mid-run.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Feed;
use crate::decode::Rejection;
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::sources::venue::patience::Patience;
use crate::sources::venue::{Output, kept};

/// What is kept for a symbol.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    /// Whether data has come for it on this connection.
    pub(super) is_heard: bool,
    /// Whether the feed writes it just as it was asked for.
    pub(super) is_exact: bool,
    /// When it is to be asked for anew, because its book is lost.
    resync_at: Option<UnixMs>,
    patience: Patience,
}

/// What a recording that begins in mid-run holds of a connection.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Connection {
    is_ready: bool,
    pinged: Option<UnixMs>,
    untaken: Option<u32>,
}

impl Feed {
    pub(super) fn connection_kept(&self) -> Value {
        kept::written(&Connection {
            is_ready: self.is_ready,
            pinged: self.pinged,
            untaken: self.untaken,
        })
    }

    pub(super) fn keep_connection(&mut self, known: Value) -> Result<(), Rejection> {
        let known: Connection = kept::read(known)?;
        self.is_ready = known.is_ready;
        self.pinged = known.pinged;
        self.untaken = known.untaken;
        Ok(())
    }

    /// A symbol's book has been found wrong.
    pub(super) fn begin_book(&mut self, symbol: SymbolId, output: &mut Output) {
        let Some(name) = self.wanted.wire(symbol).map(str::to_owned) else {
            return;
        };
        let (now, is_ready) = (self.now, self.is_ready);
        // Everything is asked for anyway once the feed is ready; and what waits its turn is on its way.
        if let Some(entry) = self.wanted.get_mut(&name)
            && is_ready
            && entry.state.resync_at.is_none()
        {
            entry.state.resync_at = Some(entry.state.patience.next(now));
            self.resync_due(output);
        }
    }

    /// Asks anew for the symbols whose time has come.
    pub(super) fn resync_due(&mut self, output: &mut Output) {
        let now = self.now;
        let mut due = Vec::new();
        for (name, entry) in self.wanted.iter_mut() {
            if entry.state.resync_at.is_some_and(|at| at <= now) {
                entry.state.resync_at = None;
                due.push((entry.id, name.to_owned()));
            }
        }
        due.sort_unstable();
        for (_, name) in &due {
            self.ask(self.unsubscribe.as_ref(), &[name], false, output);
            self.ask(self.subscribe.as_ref(), &[name], false, output);
        }
    }
}
