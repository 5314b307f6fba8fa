//! The LEVEL2 service: the order book, whether it can be relied on, and what the board shows of it.

use crate::compute::book::{Applied, Book, BookFault};
use crate::domain::book::{BookProof, BookTop, BookUpdate};
use crate::domain::event::DataService;
use crate::domain::outcome::ErrorKind;
use crate::domain::source::{Delivery, SourceInfo};
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;

use super::super::snapshot::{BookState, DepthView};

/// Levels of each side that the board gets, whatever results show.
const DEPTH_LEVELS: usize = 500;
/// With so many known levels of each side a book is good enough, whatever results show: it is not asked for again.
const ENOUGH_LEVELS: usize = 25;

/// What became of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BookChange {
    /// The book has it.
    Applied {
        /// Whether a whole book is to be asked for, because too few levels of this one are left.
        asks: bool,
    },
    /// It changes a book that is not known.
    Ignored,
    /// The book can no longer be relied on.
    Lost {
        fault: BookFault,
        /// Whether a whole book is to be asked for: each time, because most venues give none unasked. How soon is the
        /// source's to say.
        asks: bool,
    },
}

#[derive(Debug)]
pub(super) struct Level2Service {
    book: Book,
    /// Levels of each side that a result shows.
    levels: usize,
    delivery: Delivery,
    state: BookState,
    time: Option<UnixMs>,
    updates: u64,
    resyncs: u64,
    is_watched: bool,
    is_changed: bool,
    /// Whether there is a book, or one will come.
    is_expected: bool,
}

impl Level2Service {
    pub fn new(source: &SourceInfo) -> Self {
        Self {
            book: Book::default(),
            levels: source.products.levels as usize,
            delivery: source.delivery,
            state: BookState::Waiting,
            time: None,
            updates: 0,
            resyncs: 0,
            is_watched: false,
            is_changed: false,
            // A file may hold anything; that it has books shows when one comes.
            is_expected: source.delivery == Delivery::Live
                && source.products.services.has(DataService::Level2),
        }
    }

    pub fn take(&mut self, time: Option<UnixMs>, update: &BookUpdate) -> BookChange {
        if !update.snapshot && self.may_begin_with(update) {
            self.book = Book::begun_empty();
        }
        self.is_changed |= !std::mem::replace(&mut self.is_expected, true);
        match self.book.apply(update) {
            Ok(Applied::Done) => {
                self.resyncs += u64::from(matches!(self.state, BookState::Lost(_)));
                self.state = BookState::Whole;
                self.updates += 1;
                self.time = time.or(self.time);
                self.is_changed = true;
                let is_used_up = self.book.take_used_up(self.levels.min(ENOUGH_LEVELS));
                BookChange::Applied {
                    asks: is_used_up && self.can_resync(),
                }
            }
            Ok(Applied::NotWhole) => BookChange::Ignored,
            Err(fault) => {
                self.state = BookState::Lost(fault.to_string());
                self.is_changed = true;
                BookChange::Lost {
                    fault,
                    asks: self.can_resync(),
                }
            }
        }
    }

    /// Whether a change may begin a book: files may hold nothing else.
    fn may_begin_with(&self, update: &BookUpdate) -> bool {
        self.delivery == Delivery::Pausable
            && self.state == BookState::Waiting
            && update.proof == BookProof::None
    }

    /// The book is no longer known. Whether it was until now.
    pub fn lose(&mut self, reason: &str) -> bool {
        self.book.lose();
        let was_whole = self.state == BookState::Whole;
        if was_whole {
            self.state = BookState::Lost(reason.to_owned());
            self.is_changed = true;
        }
        was_whole
    }

    /// Whether the source can be asked for a whole book.
    pub fn can_resync(&self) -> bool {
        self.delivery == Delivery::Live
    }

    /// The book as a result shows it.
    pub fn top(&self) -> BookTop {
        self.book.top(self.levels)
    }

    pub fn watch(&mut self, is_wanted: bool) {
        self.is_watched = is_wanted;
        self.is_changed = is_wanted;
    }

    /// The book for the board, if it is wanted there and has changed since the last call.
    pub fn depth_change(&mut self, symbol: SymbolId) -> Option<DepthView> {
        if !std::mem::take(&mut self.is_changed) || !self.is_watched || !self.is_expected {
            return None;
        }
        Some(DepthView {
            symbol,
            book: self.book.top(DEPTH_LEVELS),
            depth: self.book.depth(),
            state: self.state.clone(),
            time: self.time,
            updates: self.updates,
            resyncs: self.resyncs,
        })
    }

    /// Forgets the book.
    pub fn reset(&mut self) {
        self.book = Book::default();
        self.state = BookState::Waiting;
        self.time = None;
        self.updates = 0;
        self.resyncs = 0;
        self.is_changed = true;
    }
}

/// What kind of trouble a fault is, and how it is put so that repeats are one.
pub(super) fn describe(fault: &BookFault) -> (ErrorKind, &'static str) {
    match fault {
        BookFault::Checksum { .. } => (
            ErrorKind::ChecksumMismatch,
            "the book does not have the checksum that the venue gives",
        ),
        BookFault::Crossed { .. } => (
            ErrorKind::SequenceGap,
            "the book is crossed, so an update must be missing",
        ),
        BookFault::Negative { .. } => (
            ErrorKind::SchemaError,
            "the book has a price or size below zero",
        ),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use crate::domain::book::Level;
    use crate::domain::event::ServiceSet;
    use crate::domain::source::{BarStamp, Origin, Products, SourceName};
    use crate::domain::time::SessionCalendar;

    use super::*;

    fn source(delivery: Delivery) -> SourceInfo {
        SourceInfo {
            name: SourceName::new("x"),
            label: "x".to_owned(),
            origin: Origin::Live,
            delivery,
            has_transport: false,
            bar_stamp: BarStamp::Start,
            calendar: SessionCalendar::UtcDay,
            products: Products {
                levels: 2,
                ..Products::default()
            },
        }
    }

    fn service(delivery: Delivery) -> Level2Service {
        Level2Service::new(&source(delivery))
    }

    fn update(snapshot: bool, bid: i64, ask: i64) -> BookUpdate {
        let level = |price: i64| {
            vec![Level {
                price: price.into(),
                size: 1.into(),
            }]
        };
        BookUpdate {
            bids: level(bid),
            asks: level(ask),
            snapshot,
            ..BookUpdate::default()
        }
    }

    #[test]
    fn changes_of_a_book_that_is_not_known_are_ignored_until_a_whole_one_comes() {
        let mut book = service(Delivery::Live);
        assert_eq!(book.take(None, &update(false, 1, 9)), BookChange::Ignored);
        assert_eq!(
            book.take(None, &update(true, 1, 9)),
            BookChange::Applied { asks: false }
        );
        assert!(book.lose("a gap"));
        assert!(!book.lose("again"), "once for each loss");
        assert_eq!(book.take(None, &update(false, 2, 8)), BookChange::Ignored);
        assert_eq!(
            book.take(None, &update(true, 3, 8)),
            BookChange::Applied { asks: false }
        );
        assert_eq!(book.top().bids[0].price, 3.into());
        assert_eq!(book.resyncs, 1);
    }

    #[test]
    fn a_file_may_begin_with_changes_unless_it_can_be_known_that_something_is_missing() {
        let mut book = service(Delivery::Pausable);
        let mut numbered = update(false, 1, 9);
        numbered.proof = BookProof::Sequence;
        assert_eq!(book.take(None, &numbered), BookChange::Ignored);
        assert_eq!(
            book.take(None, &update(false, 1, 9)),
            BookChange::Applied { asks: false }
        );
        assert!(book.lose("a gap"));
        assert_eq!(book.take(None, &update(false, 2, 8)), BookChange::Ignored);
    }

    #[test]
    fn a_fault_is_told_once_and_a_whole_book_is_asked_for_each_time() {
        let mut book = service(Delivery::Live);
        book.take(None, &update(true, 1, 9));
        let mut asked = Vec::new();
        for _ in 0..50 {
            match book.take(None, &update(true, 9, 1)) {
                BookChange::Lost { asks, .. } => asked.push(asks),
                other => assert_eq!(other, BookChange::Ignored, "it must be a loss"),
            }
            assert_eq!(book.take(None, &update(false, 1, 9)), BookChange::Ignored);
        }
        assert_eq!(asked, [true; 50]);
        assert_eq!(
            book.take(None, &update(true, 1, 9)),
            BookChange::Applied { asks: false }
        );
        assert!(matches!(
            book.take(None, &update(false, 10, 9)),
            BookChange::Lost { asks: true, .. }
        ));
    }

    #[test]
    fn the_board_gets_it_when_it_is_watched_and_has_changed() {
        let mut book = service(Delivery::Live);
        let id = SymbolId(3);
        book.take(Some(UnixMs(7)), &update(true, 1, 9));
        assert_eq!(book.depth_change(id), None);
        book.watch(true);
        let view = book.depth_change(id).unwrap();
        assert_eq!((view.state, view.updates), (BookState::Whole, 1));
        assert_eq!(view.time, Some(UnixMs(7)));
        assert_eq!(book.depth_change(id), None, "nothing has changed");
        book.lose("a gap");
        let view = book.depth_change(id).unwrap();
        assert_eq!(view.state, BookState::Lost("a gap".to_owned()));
        assert_eq!(view.book.bids.len(), 1, "it can still be looked at");
        // A replay that jumps has not lost anything.
        book.reset();
        book.take(Some(UnixMs(7)), &update(true, 1, 9));
        let view = book.depth_change(id).unwrap();
        assert_eq!((view.updates, view.resyncs), (1, 0));
    }

    #[test]
    fn a_faulty_book_is_never_a_picture_the_last_good_one_stays() {
        let mut book = service(Delivery::Live);
        book.watch(true);
        book.take(Some(UnixMs(7)), &update(true, 1, 9));
        let good = book.depth_change(SymbolId(0)).unwrap();
        for faulty in [
            update(false, 10, 9),
            update(true, 10, 9),
            update(true, -1, 9),
        ] {
            let lost = book.take(Some(UnixMs(8)), &faulty);
            assert!(matches!(lost, BookChange::Lost { .. }));
            let view = book.depth_change(SymbolId(0)).unwrap();
            assert!(matches!(view.state, BookState::Lost(_)));
            assert_eq!((view.book, view.time), (good.book.clone(), good.time));
        }
    }

    #[test]
    fn a_book_is_waited_for_only_where_one_can_come() {
        let id = SymbolId(3);
        let with = |delivery, services: &[DataService]| {
            let mut source = source(delivery);
            source.products.services = ServiceSet::of(services);
            Level2Service::new(&source)
        };
        let mut quotes = with(Delivery::Live, &[DataService::Level1]);
        quotes.watch(true);
        assert_eq!(quotes.depth_change(id), None);
        let mut books = with(Delivery::Live, &[DataService::Level2]);
        books.watch(true);
        assert_eq!(books.depth_change(id).unwrap().state, BookState::Waiting);
        // A file may hold anything: that a book is in it shows when something of it has come.
        let mut file = with(Delivery::Pausable, &[DataService::Level2]);
        file.watch(true);
        file.reset();
        assert_eq!(file.depth_change(id), None);
        let mut numbered = update(false, 1, 9);
        numbered.proof = BookProof::Sequence;
        file.take(None, &numbered);
        assert_eq!(file.depth_change(id).unwrap().state, BookState::Waiting);
        file.take(None, &update(true, 1, 9));
        assert_eq!(file.depth_change(id).unwrap().state, BookState::Whole);
        file.reset();
        assert_eq!(file.depth_change(id).unwrap().state, BookState::Waiting);
    }
}
