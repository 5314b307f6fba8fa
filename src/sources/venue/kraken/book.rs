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
        if let Some(entry) = self.wanted.entry_mut(symbol) {
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
        let (is_open, now) = (self.is_open, self.now);
        let Some(entry) = self.wanted.entry_mut(symbol) else {
            return;
        };
        output.lose_book(symbol);
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
        let due = self.wanted.take_due(self.now, |state| &mut state.resync_at);
        if due.is_empty() {
            return;
        }
        for symbol in &due {
            if let Some(entry) = self.wanted.entry_mut(*symbol) {
                entry.state.pending |= Channel::Book.bit();
            }
        }
        self.expect_confirmations();
        self.call("unsubscribe", Channel::Book, &due, output);
        self.call("subscribe", Channel::Book, &due, output);
    }
}
