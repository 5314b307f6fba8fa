//! The errors, of which repeats are one row.

use std::sync::Arc;

use super::super::snapshot::{ErrorRow, Row, RowState};
use super::Board;
use crate::domain::outcome::{ErrorInstance, StatusChange};
use crate::domain::time::UnixMs;

/// Errors that the board keeps; the oldest goes first.
const ERRORS_MAX: usize = 1000;

impl Board {
    /// Takes over an error: a repeat counts up the row that is there and moves it to the end.
    pub fn error(&mut self, error: &ErrorInstance, wall: UnixMs) {
        self.errors_total += 1;
        if error.is_refusal {
            self.refuse(error);
        }
        let at = error.time.unwrap_or(wall);
        let identity = (
            error.kind,
            error.source.clone(),
            error.symbol.clone(),
            error.message.clone(),
        );
        let errors = Arc::make_mut(&mut self.errors);
        if let Some(known) = self.known_errors.get(&identity)
            && let Ok(place) = errors.binary_search_by_key(known, |row| row.id)
        {
            let mut row = errors.remove(place);
            row.count += 1;
            row.last = at;
            row.next.clone_from(&error.next);
            row.location.clone_from(&error.location);
            row.sample.clone_from(&error.sample);
            row.acknowledged = false;
            row.id = self.next_error;
            errors.push(row);
        } else {
            if errors.len() >= ERRORS_MAX {
                let oldest = errors.remove(0);
                self.known_errors.retain(|_, id| *id != oldest.id);
            }
            errors.push(ErrorRow {
                id: self.next_error,
                kind: error.kind,
                severity: error.severity,
                message: error.message.clone(),
                next: error.next.clone(),
                source: error.source.clone(),
                symbol: error.symbol.clone(),
                location: error.location.clone(),
                sample: error.sample.clone(),
                first: at,
                last: at,
                count: 1,
                acknowledged: false,
            });
        }
        self.known_errors.insert(identity, self.next_error);
        self.next_error += 1;
    }

    /// A source does not give a symbol.
    fn refuse(&mut self, error: &ErrorInstance) {
        let is_meant = |row: &&Row| {
            error.symbol.as_ref() == Some(&row.symbol) && error.source.as_ref() == Some(&row.source)
        };
        let id = self.rows.iter().find(is_meant).map(|row| row.id);
        let Some(row) = id.and_then(|id| self.rows.get_mut(id)) else {
            return;
        };
        if matches!(row.state, RowState::Waiting | RowState::Refused) {
            row.state = RowState::Refused;
            row.refusal = Some(error.message.as_str().into());
        }
    }

    /// A source gives a symbol, whatever it said before.
    pub fn accept(&mut self, status: &StatusChange) {
        let is_meant = |row: &&Row| {
            status.symbol.as_ref() == Some(&row.symbol)
                && status.source.as_ref() == Some(&row.source)
                && row.state == RowState::Refused
        };
        let id = self.rows.iter().find(is_meant).map(|row| row.id);
        if let Some(row) = id.and_then(|id| self.rows.get_mut(id)) {
            row.state = RowState::Waiting;
            row.refusal = None;
        }
    }

    /// Marks one error as seen, or all.
    pub fn acknowledge(&mut self, id: Option<u64>) {
        for row in Arc::make_mut(&mut self.errors) {
            if id.is_none_or(|id| id == row.id) {
                row.acknowledged = true;
            }
        }
    }

    /// Forgets all errors.
    pub fn clear_errors(&mut self) {
        self.errors = Arc::default();
        self.known_errors.clear();
    }

    /// How many errors nobody has seen.
    pub fn errors_unread(&self) -> usize {
        self.errors.iter().filter(|row| !row.acknowledged).count()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::super::super::outcome::Moved;
    use super::*;
    use crate::domain::clock::Nanos;
    use crate::domain::outcome::{ErrorKind, LastPrice, Status};
    use crate::domain::source::SourceName;
    use crate::domain::symbol::{Symbol, SymbolId};

    fn error(message: &str) -> ErrorInstance {
        ErrorInstance::new(ErrorKind::DecodeError, message)
    }

    #[test]
    fn repeats_of_an_error_are_one_row_and_newest_last() {
        let mut board = Board::new(10);
        for (message, at) in [("a", 1), ("b", 2), ("a", 3)] {
            board.error(&error(message), UnixMs(at));
        }
        let rows: Vec<_> = board
            .errors
            .iter()
            .map(|row| (row.message.as_str(), row.count, row.first, row.last))
            .collect();
        assert_eq!(
            rows,
            [
                ("b", 1, UnixMs(2), UnixMs(2)),
                ("a", 2, UnixMs(1), UnixMs(3))
            ]
        );
        assert_eq!(board.errors_unread(), 2);
        board.acknowledge(None);
        assert_eq!(board.errors_unread(), 0);
        board.error(&error("a"), UnixMs(4));
        assert_eq!(board.errors_unread(), 1, "a repeat is news again");
    }

    #[test]
    fn a_symbol_that_is_refused_says_why_until_data_comes() {
        let mut board = Board::new(10);
        let (symbol, source) = (Symbol::new("X").unwrap(), SourceName::new("venue"));
        for (id, source) in [(0, SourceName::new("other")), (1, source.clone())] {
            let row = Row::waiting(SymbolId(id), symbol.clone(), source);
            board.rows.insert(row);
        }
        let mut error = error("no such pair").from_source(&source);
        error.symbol = Some(symbol);
        board.error(&error, UnixMs(1));
        let states = |board: &Board| {
            let rows = board.rows.iter();
            rows.map(|row| (row.state, row.refusal.clone()))
                .collect::<Vec<_>>()
        };
        let waiting = (RowState::Waiting, None);
        assert_eq!(states(&board)[1], waiting, "any error is no refusal");
        error.is_refusal = true;
        board.error(&error, UnixMs(1));
        let refused = (RowState::Refused, Some("no such pair".into()));
        assert_eq!(states(&board), [waiting.clone(), refused]);
        let mut given = StatusChange::of_source(Status::Subscribed, &source);
        given.symbol.clone_from(&error.symbol);
        board.accept(&given);
        assert_eq!(states(&board)[1], waiting, "it is given after all");
        board.error(&error, UnixMs(1));
        board.moved(
            &Moved {
                id: SymbolId(1),
                last: LastPrice::Unchanged,
                time: None,
            },
            Nanos(1),
        );
        assert_eq!(states(&board)[1], (RowState::Active, None));
        board.error(&error, UnixMs(1));
        assert_eq!(states(&board)[1].0, RowState::Active, "a part was refused");
    }

    #[test]
    fn the_board_keeps_a_bounded_number_of_errors() {
        let mut board = Board::new(10);
        for n in 0..3 * ERRORS_MAX {
            board.error(&error(&n.to_string()), UnixMs(0));
        }
        assert_eq!(board.errors.len(), ERRORS_MAX);
        assert_eq!(board.known_errors.len(), ERRORS_MAX);
        assert_eq!(board.errors_total, 3 * ERRORS_MAX as u64);
    }
}
