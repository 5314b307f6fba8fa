//! What begins anew: books, for which the feed is asked for a symbol again, ever more slowly; and recordings in mid-run.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Feed;
use crate::decode::Rejection;
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::sources::venue::Output;
use crate::sources::venue::kept::{self, Kept, States};
use crate::sources::venue::patience::Patience;

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

/// What is kept of the connection.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Connection {
    pub(super) is_ready: bool,
    pub(super) pinged: Option<UnixMs>,
    /// How many messages no mapping has taken; `None` once one has, or it has been said.
    pub(super) untaken: Option<u32>,
}

impl Kept for Feed {
    fn connection_kept(&self) -> Value {
        kept::written(&self.connection)
    }

    fn keep_connection(&mut self, known: Value) -> Result<(), Rejection> {
        self.connection = kept::read(known)?;
        Ok(())
    }

    fn states(&mut self) -> Option<&mut dyn States> {
        Some(&mut self.wanted)
    }
}

impl Feed {
    /// A symbol's book has been found wrong.
    pub(super) fn begin_book(&mut self, symbol: SymbolId, output: &mut Output) {
        let (now, is_ready) = (self.now, self.connection.is_ready);
        // Everything is asked for anyway once the feed is ready; and what waits its turn is on its way.
        if let Some(entry) = self.wanted.entry_mut(symbol)
            && is_ready
            && entry.state.resync_at.is_none()
        {
            entry.state.resync_at = Some(entry.state.patience.next(now));
            self.resync_due(output);
        }
    }

    /// Asks anew for the symbols whose time has come.
    pub(super) fn resync_due(&mut self, output: &mut Output) {
        let due = self.wanted.take_due(self.now, |state| &mut state.resync_at);
        for name in self.wanted.names(&due) {
            self.ask(self.unsubscribe.as_ref(), &[&name], false, output);
            self.ask(self.subscribe.as_ref(), &[&name], false, output);
        }
    }
}
