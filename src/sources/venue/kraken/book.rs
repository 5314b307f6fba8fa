//! Kraken's books: each symbol's begins anew on its own.

use super::frames::BookRow;
use super::{Channel, Kraken};
use crate::decode::Rejection;
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::ErrorKind;
use crate::domain::symbol::SymbolId;
use crate::sources::venue::{Notice, Output};

impl Kraken {
    /// A whole book, or a change to one.
    pub(super) fn book(
        &mut self,
        row: &BookRow<'_>,
        is_snapshot: bool,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        let time = row.time()?;
        let Some(entry) = self.wanted.get_mut(&row.symbol) else {
            output.ignored += 1;
            return Ok(());
        };
        if is_snapshot {
            entry.state.is_book_whole = true;
        } else if !entry.state.is_book_whole {
            // The rest of a subscription that has been given up.
            return Ok(());
        }
        output.events.push(Event {
            symbol: entry.id,
            time,
            payload: Payload::Level2(Box::new(row.update(is_snapshot, self.depth))),
        });
        Ok(())
    }

    /// A part of this symbol's book could not be read.
    pub(super) fn book_unread(&mut self, symbol: SymbolId, output: &mut Output) {
        output.notices.push(Notice::Gap {
            symbol,
            kind: ErrorKind::SequenceGap,
            reason: "a change to the book could not be read; the book begins anew".to_owned(),
        });
        let name = self.wanted.wire(symbol).map(str::to_owned);
        if let Some(entry) = name.and_then(|name| self.wanted.get_mut(&name)) {
            // What was awaited may be just what could not be read.
            entry.state.is_book_whole = true;
        }
        self.begin_book(symbol, output);
    }

    /// Has a symbol's book begin anew: at once, or later when that was tried lately.
    pub(super) fn begin_book(&mut self, symbol: SymbolId, output: &mut Output) {
        if !self.channels.contains(&Channel::Book) {
            return;
        }
        let Some(name) = self.wanted.wire(symbol).map(str::to_owned) else {
            return;
        };
        output.events.push(Event {
            symbol,
            time: None,
            payload: Payload::BookLost,
        });
        let (is_open, now) = (self.is_open, self.now);
        let Some(entry) = self.wanted.get_mut(&name) else {
            return;
        };
        // A book that has been asked for is on its way.
        if !is_open || !std::mem::replace(&mut entry.state.is_book_whole, false) {
            return;
        }
        let at = entry.state.patience.next(now);
        entry.state.resync_at = Some(at);
        if at <= now {
            self.resync_due(output);
        }
    }

    /// Asks for the books whose time has come.
    pub(super) fn resync_due(&mut self, output: &mut Output) {
        let now = self.now;
        let mut due = Vec::new();
        for (_, entry) in self.wanted.iter_mut() {
            if entry.state.resync_at.is_some_and(|at| at <= now) {
                entry.state.resync_at = None;
                entry.state.pending |= Channel::Book.bit();
                due.push(entry.id);
            }
        }
        if due.is_empty() {
            return;
        }
        due.sort_unstable();
        self.expect_confirmations();
        self.call("unsubscribe", Channel::Book, &due, output);
        self.call("subscribe", Channel::Book, &due, output);
    }
}
