//! Books that begin anew: the feed is asked for a symbol again, ever more slowly.

use super::Feed;
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::sources::venue::Output;
use crate::sources::venue::patience::Patience;

/// What is kept for a symbol.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Whether data has come for it on this connection.
    pub(super) is_heard: bool,
    /// When it is to be asked for anew, because its book is lost.
    resync_at: Option<UnixMs>,
    patience: Patience,
}

impl Feed {
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
