//! Coinbase's books: one number counts the frames of all channels, so a missing frame puts every book in doubt.

use super::frames::BookEvent;
use super::{Channel, Coinbase};
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::ErrorKind;
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::sources::venue::chain::Missing;
use crate::sources::venue::{Notice, Output, pairs};

/// A frame whose number is so little behind is late or doubled; one that is further behind begins a new count.
const LATE_MAX: u64 = 100;

/// How a frame stands to the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the first, or the next.
    Next,
    /// What it says has been said, or given up.
    Late,
    /// Frames are missing before it.
    Gap {
        /// The number that should have come.
        expected: u64,
    },
}

impl Coinbase {
    /// Counts a frame.
    pub(super) fn place(&mut self, sequence: u64) -> Place {
        let Some(last) = self.connection.last_sequence else {
            self.connection.last_sequence = Some(sequence);
            return Place::Next;
        };
        let is_late = sequence > 0 && sequence < last && last - sequence <= LATE_MAX;
        if sequence == last || is_late {
            return Place::Late;
        }
        self.connection.last_sequence = Some(sequence);
        let expected = last.saturating_add(1);
        if sequence == expected {
            Place::Next
        } else {
            Place::Gap { expected }
        }
    }

    /// Frames are missing: whatever they said of books is lost.
    pub(super) fn gap(&mut self, expected: u64, found: u64, output: &mut Output) {
        if !self.has_books() {
            return output.missing.push(Missing {
                of: None,
                first: expected,
                count: found.saturating_sub(expected),
                came: found,
            });
        }
        let reason =
            format!("frame {expected} of the connection should have come, and {found} came");
        let all: Vec<SymbolId> = self.wanted.ids();
        for symbol in all {
            self.doubt_book(symbol, &format!("{reason}; the book begins anew"), output);
        }
        self.resync_due(output);
    }

    /// A book, or a change to one.
    pub(super) fn book(
        &mut self,
        event: &BookEvent<'_>,
        sequence: u64,
        time: UnixMs,
        output: &mut Output,
    ) {
        let is_snapshot = match &*event.kind {
            "snapshot" => true,
            "update" => false,
            _ => {
                output.ignored += 1;
                return;
            }
        };
        let name = pairs::coinbase_answer(&event.product_id);
        let Some(symbol) = self.confirm(&name, Channel::Level2, output) else {
            output.ignored += 1;
            return;
        };
        let Some(entry) = self.wanted.get_mut(&name) else {
            return;
        };
        if is_snapshot {
            entry.state.is_book_whole = true;
        } else if !entry.state.is_book_whole {
            // The rest of a subscription that has been given up.
            return;
        }
        output.events.push(Event {
            symbol,
            time: Some(time),
            payload: Payload::Level2(Box::new(event.update(is_snapshot, sequence))),
        });
    }

    /// Something of this book is missing: it is lost, and will be asked for, unless it is going to be anyway.
    pub(super) fn doubt_book(&mut self, symbol: SymbolId, reason: &str, output: &mut Output) {
        let now = self.now;
        let Some(entry) = self.wanted.entry_mut(symbol) else {
            return;
        };
        if entry.state.is_refused || entry.state.resync_at.is_some() {
            return;
        }
        entry.state.is_book_whole = false;
        entry.state.resync_at = Some(entry.state.patience.next(now));
        output.notices.push(Notice::Gap {
            symbol,
            kind: ErrorKind::SequenceGap,
            reason: reason.to_owned(),
        });
        output.lose_book(symbol);
    }

    /// Somebody else has found the book wrong.
    pub(super) fn begin_book(&mut self, symbol: SymbolId, output: &mut Output) {
        let (is_open, now, has_books) = (self.is_open, self.now, self.has_books());
        let Some(entry) = self.wanted.entry_mut(symbol).filter(|_| has_books) else {
            return;
        };
        output.lose_book(symbol);
        // A book that has been asked for is on its way.
        if is_open && std::mem::replace(&mut entry.state.is_book_whole, false) {
            entry.state.resync_at = Some(entry.state.patience.next(now));
            self.resync_due(output);
        }
    }

    /// Asks for the books whose time has come.
    pub(super) fn resync_due(&mut self, output: &mut Output) {
        let due = self.wanted.take_due(self.now, |state| &mut state.resync_at);
        self.call("unsubscribe", Channel::Level2, &due, output);
        self.call("subscribe", Channel::Level2, &due, output);
    }
}
