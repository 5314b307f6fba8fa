//! Alpaca's books: one of which a change could not be read begins anew, because nothing else would ever tell.

use super::control::{REQUEST_BYTES_MAX, request};
use super::{Alpaca, Stage};
use crate::domain::outcome::ErrorKind;
use crate::domain::symbol::SymbolId;
use crate::sources::venue::{Notice, Output};

/// The channel of books.
const CHANNEL: &str = "orderbooks";

impl Alpaca {
    pub(super) fn has_books(&self) -> bool {
        self.channels.contains(&CHANNEL)
    }

    /// A whole book, or a change to one, has come. Whether it means anything.
    pub(super) fn is_book_known(&mut self, symbol: &str, is_whole: bool) -> bool {
        let Some(entry) = self.wanted.get_mut(symbol) else {
            return true;
        };
        entry.state.is_book_lost &= !is_whole;
        !entry.state.is_book_lost
    }

    pub(super) fn doubt_all_books(&mut self, output: &mut Output) {
        self.doubt_books(&self.wanted.ids(), output);
    }

    /// Changes to a symbol's book mean nothing until it has come whole.
    pub(super) fn lose_book(&mut self, symbol: SymbolId, output: &mut Output) {
        if let Some(entry) = self.wanted.entry_mut(symbol) {
            entry.state.is_book_lost = true;
            output.lose_book(symbol);
        }
    }

    /// Something of these books could not be read: they are lost, and will be asked for, unless they are going to be anyway.
    pub(super) fn doubt_books(&mut self, symbols: &[SymbolId], output: &mut Output) {
        if self.stage != Stage::Ready || !self.has_books() {
            return;
        }
        let now = self.now;
        for symbol in symbols {
            let Some(entry) = self.wanted.entry_mut(*symbol) else {
                continue;
            };
            if entry.state.resync_at.is_some() {
                continue;
            }
            // What was awaited may be just what could not be read.
            entry.state.resync_at = Some(entry.state.patience.next(now));
            if std::mem::replace(&mut entry.state.is_book_lost, true) {
                continue;
            }
            output.notices.push(Notice::Gap {
                symbol: *symbol,
                kind: ErrorKind::SequenceGap,
                reason: "a change to the book could not be read; the book begins anew".to_owned(),
            });
            output.lose_book(*symbol);
        }
        self.resync_due(output);
    }

    /// Asks for the books whose time has come.
    pub(super) fn resync_due(&mut self, output: &mut Output) {
        if self.stage != Stage::Ready || self.has_lost_order() {
            return;
        }
        let due = self.wanted.take_due(self.now, |state| &mut state.resync_at);
        self.ask_for_books(&due, output);
    }

    /// Has the venue give these books from the beginning.
    fn ask_for_books(&mut self, symbols: &[SymbolId], output: &mut Output) {
        let bytes = |id: &SymbolId| self.wanted.wire(*id).map_or(0, str::len) + 3;
        let longest = symbols.iter().map(bytes).max().unwrap_or(1);
        for part in symbols.chunks((REQUEST_BYTES_MAX / longest).max(1)) {
            let names: Vec<&str> = part.iter().filter_map(|id| self.wanted.wire(*id)).collect();
            if names.is_empty() {
                continue;
            }
            output.send(request("unsubscribe", &[CHANNEL], &names));
            output.send(request("subscribe", &[CHANNEL], &names));
            let part = part.to_vec();
            self.await_answer(vec![CHANNEL], Vec::new());
            self.await_answer(vec![CHANNEL], part);
        }
    }
}
