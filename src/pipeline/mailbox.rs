//! What waits for one symbol's worker, in order and with a bound.

use std::collections::VecDeque;

use crate::domain::clock::Nanos;
use crate::domain::event::{Event, Payload};
use crate::domain::time::Timeframe;

/// Marks that are left where they are however small the bound is.
const MARKS_KEPT: usize = 64;

/// One thing for a worker to do.
#[derive(Debug)]
pub(crate) enum Item {
    /// Tell the administrator that this worker is there, ahead of its first result.
    Announce,
    Event {
        event: Event,
        received: Nanos,
        is_history: bool,
    },
    /// Forget all data.
    Reset,
    /// The source has nothing more.
    EndOfData,
    /// These charts are wanted from now on.
    WatchCharts(Vec<Timeframe>),
    /// Whether depth and tape are wanted from now on.
    WatchBook(bool),
    /// Go on after quarantine.
    Release,
    /// Finish: the symbol has been removed.
    Retire,
    /// A quote or book that a newer one behind it has taken in.
    Conflated,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// It waits.
    Queued,
    /// It waits, and an older quote no longer does.
    Conflated,
    /// There was no room.
    Dropped,
    /// There was no room for a change of the book, and so the book is lost: word of that waits in its place. What follows
    /// is dropped until there is a whole book.
    BookLost,
    /// It is a whole book that waits although there was no room, and so many older things about the book no longer do.
    Superseded(u64),
}

/// A bounded queue of [`Item`]s. Only events count against the bound.
#[derive(Debug)]
pub(crate) struct Mailbox {
    items: VecDeque<Item>,
    /// Items taken out so far, so that places stay valid.
    taken: u64,
    /// Marks among the items, which take no room.
    marks: usize,
    /// Place of the newest waiting quote.
    quote_place: Option<u64>,
    /// Whether changes of the book are dropped until the next whole one.
    is_book_lost: bool,
    /// Places of what has been let in about the book although there was no room.
    book_places: Vec<u64>,
    capacity: usize,
}

impl Mailbox {
    pub fn new(capacity: usize) -> Self {
        Self {
            items: VecDeque::new(),
            taken: 0,
            marks: 0,
            quote_place: None,
            is_book_lost: false,
            book_places: Vec::new(),
            capacity,
        }
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many more events there is room for.
    pub fn room(&self) -> usize {
        (self.capacity + self.marks).saturating_sub(self.items.len())
    }

    /// Puts an item at the end whatever the bound: for orders, and for events that room has been made sure of.
    pub fn push(&mut self, item: Item) {
        if matches!(item, Item::Reset) {
            // What comes after it must hold nothing of what was before.
            self.quote_place = None;
        }
        self.items.push_back(item);
    }

    /// Puts these at the end, all at once, if there is room for all of them and they are such that nothing is ever merged
    /// with them: what [`Self::deliver_live`] would do with each. Whether that was so; else they stay where they are.
    pub fn append(&mut self, items: &mut VecDeque<Item>) -> bool {
        let stands_alone = |item: &Item| match item {
            Item::Event { event, .. } => matches!(
                event.payload,
                Payload::Ohlcv(_) | Payload::TimeAndSales(_) | Payload::News(_) | Payload::Clock
            ),
            _ => false,
        };
        let fits = items.len() <= self.room() && items.iter().all(stands_alone);
        if fits {
            self.items.append(items);
        }
        fits
    }

    /// Delivers an event of a source that cannot wait. A quote takes in the one that still waits just before it. When there
    /// is no room it takes in the newest that waits, wherever that is, and one is let in if none does, so that the newest
    /// always gets through. Whole books, word that the book is lost, and word
    /// of what trades are missed always get through too. Anything else that finds no room is dropped, and so it is when `may_grow` says that there is none
    /// for the source as a whole.
    pub fn deliver_live(&mut self, event: Event, received: Nanos, may_grow: bool) -> Delivered {
        let has_room = may_grow && self.room() > 0;
        match &event.payload {
            Payload::Level1(_) => {
                // Past something else it is moved only where it would otherwise be lost.
                if let Some(waiting) = self.take_waiting_quote(!has_room) {
                    return self.conflate(waiting, event, received);
                }
                self.quote_place = Some(self.next_place());
            }
            Payload::Level2(book) => {
                return self.deliver_book(book.snapshot, event, received, has_room);
            }
            Payload::BookLost if !has_room && self.is_book_lost => return Delivered::Conflated,
            Payload::BookLost if !has_room => {
                self.is_book_lost = true;
                self.book_places.push(self.next_place());
            }
            // These are few, and no later one says the same again.
            Payload::BookLost | Payload::TradesMissed | Payload::TradesResumed => {}
            _ if !has_room => return Delivered::Dropped,
            _ => {}
        }
        self.push_event(event, received);
        Delivered::Queued
    }

    fn push_event(&mut self, event: Event, received: Nanos) {
        self.items.push_back(Item::Event {
            event,
            received,
            is_history: false,
        });
    }

    fn next_place(&self) -> u64 {
        self.taken + self.items.len() as u64
    }

    fn deliver_book(
        &mut self,
        is_whole: bool,
        mut event: Event,
        received: Nanos,
        has_room: bool,
    ) -> Delivered {
        if is_whole {
            self.is_book_lost = false;
            let superseded = if has_room { 0 } else { self.supersede_books() };
            if !has_room {
                self.book_places.push(self.next_place());
            }
            self.push_event(event, received);
            return match superseded {
                0 => Delivered::Queued,
                count => Delivered::Superseded(count),
            };
        }
        if self.is_book_lost {
            return Delivered::Dropped;
        }
        if has_room {
            // It changes the book that waits before it, which therefore has to stay.
            self.book_places.clear();
            self.push_event(event, received);
            return Delivered::Queued;
        }
        self.is_book_lost = true;
        event.payload = Payload::BookLost;
        self.book_places.push(self.next_place());
        self.push_event(event, received);
        Delivered::BookLost
    }

    /// Takes out what has been let in about the book without room, because a whole one follows: a worker that stands still
    /// must not make the mailbox grow. How many events that were.
    fn supersede_books(&mut self) -> u64 {
        let mut count = 0;
        while let Some(place) = self.book_places.pop() {
            let Some(at) = place.checked_sub(self.taken) else {
                continue;
            };
            let at = at as usize;
            if at + 1 == self.items.len() {
                self.items.pop_back();
                count += 1;
            } else if let Some(item) = self.items.get_mut(at) {
                *item = Item::Conflated;
                self.mark();
                count += 1;
            }
        }
        count
    }

    /// Takes the newest waiting quote out if it is the last item, and leaves nothing behind; or from `anywhere`, leaving a
    /// mark.
    fn take_waiting_quote(&mut self, anywhere: bool) -> Option<Item> {
        let at = self.quote_place?.checked_sub(self.taken)? as usize;
        if at + 1 == self.items.len() {
            return self.items.pop_back();
        }
        if !anywhere {
            return None;
        }
        let waiting = std::mem::replace(self.items.get_mut(at)?, Item::Conflated);
        self.mark();
        Some(waiting)
    }

    /// One more item is a mark. Marks hold memory, so there are never more of them than twice the bound.
    fn mark(&mut self) {
        self.marks += 1;
        if self.marks <= (2 * self.capacity).max(MARKS_KEPT) {
            return;
        }
        let marks_before = |place: u64| {
            let at = place.saturating_sub(self.taken) as usize;
            let before = self.items.iter().take(at);
            before
                .filter(|item| matches!(item, Item::Conflated))
                .count() as u64
        };
        let quote_place = self.quote_place.map(|place| place - marks_before(place));
        let book_places = self.book_places.iter();
        let book_places = book_places
            .map(|place| place - marks_before(*place))
            .collect();
        (self.quote_place, self.book_places) = (quote_place, book_places);
        self.items.retain(|item| !matches!(item, Item::Conflated));
        self.marks = 0;
    }

    fn conflate(&mut self, waiting: Item, event: Event, received: Nanos) -> Delivered {
        let mut merged = event;
        if let Item::Event { event: waiting, .. } = waiting
            && let (Payload::Level1(before), Payload::Level1(quote)) =
                (waiting.payload, &mut merged.payload)
        {
            let mut whole = before;
            whole.merge(quote);
            if merged.time.is_some() && merged.time < waiting.time {
                // It is older than the one that waits.
                whole.merge(&before);
            }
            merged.time = merged.time.max(waiting.time);
            *quote = whole;
        }
        self.quote_place = Some(self.next_place());
        self.push_event(merged, received);
        Delivered::Conflated
    }

    /// Takes out up to `count` items, oldest first. An announcement comes alone: it must not wait for the work on what
    /// is behind it.
    pub fn take(&mut self, count: usize, into: &mut Vec<Item>) {
        let count = match self.items.front() {
            Some(Item::Announce) => 1,
            _ => count.min(self.items.len()),
        };
        self.taken += count as u64;
        let taken = self.taken;
        self.book_places.retain(|place| *place >= taken);
        if self.marks == 0 {
            into.extend(self.items.drain(..count));
        } else {
            for item in self.items.drain(..count) {
                if matches!(item, Item::Conflated) {
                    self.marks -= 1;
                } else {
                    into.push(item);
                }
            }
        }
        if self.items.is_empty() && self.items.capacity() > 4096 {
            // A flood that is over should not hold its memory for ever.
            self.items = VecDeque::new();
        }
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Decimal;
    use crate::domain::bar::Ohlcv;
    use crate::domain::book::BookUpdate;
    use crate::domain::quote::Level1;
    use crate::domain::symbol::SymbolId;
    use crate::domain::time::UnixMs;

    fn quote(bid: Option<i64>, ask: Option<i64>) -> Event {
        Event {
            symbol: SymbolId(0),
            time: None,
            payload: Payload::Level1(Level1 {
                bid: bid.map(Decimal::from),
                ask: ask.map(Decimal::from),
                ..Level1::default()
            }),
        }
    }

    fn bar(volume: i64) -> Event {
        Event {
            symbol: SymbolId(0),
            time: None,
            payload: Payload::Ohlcv(Ohlcv {
                volume: Some(Decimal::from(volume)),
                ..Ohlcv::default()
            }),
        }
    }

    fn drain(mailbox: &mut Mailbox) -> Vec<Payload> {
        let mut items = Vec::new();
        mailbox.take(usize::MAX, &mut items);
        items
            .into_iter()
            .filter_map(|item| match item {
                Item::Event { event, .. } => Some(event.payload),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_waiting_quote_is_taken_into_the_newer_one_that_follows_it_and_never_past_anything_else() {
        let mut mailbox = Mailbox::new(10);
        mailbox.deliver_live(quote(Some(1), None), Nanos(0), true);
        assert_eq!(
            mailbox.deliver_live(quote(None, Some(2)), Nanos(0), true),
            Delivered::Conflated
        );
        mailbox.deliver_live(bar(7), Nanos(0), true);
        assert_eq!(
            mailbox.deliver_live(quote(None, Some(3)), Nanos(0), true),
            Delivered::Queued
        );
        assert_eq!(
            drain(&mut mailbox),
            [
                quote(Some(1), Some(2)).payload,
                bar(7).payload,
                quote(None, Some(3)).payload
            ],
            "in the order in which it came"
        );
        assert_eq!(
            mailbox.deliver_live(quote(Some(4), None), Nanos(0), true),
            Delivered::Queued
        );
    }

    #[test]
    fn a_quote_that_is_older_than_the_one_that_waits_gives_it_what_it_lacks() {
        let mut mailbox = Mailbox::new(10);
        let at = |ms, event| Event {
            time: Some(UnixMs(ms)),
            ..event
        };
        mailbox.deliver_live(at(5, quote(Some(1), None)), Nanos(0), true);
        mailbox.deliver_live(at(4, quote(Some(2), Some(3))), Nanos(0), true);
        let mut items = Vec::new();
        mailbox.take(usize::MAX, &mut items);
        let merged = items.into_iter().find_map(|item| match item {
            Item::Event { event, .. } => Some(event),
            _ => None,
        });
        assert_eq!(merged, Some(at(5, quote(Some(1), Some(3)))));
    }

    #[test]
    fn what_finds_no_room_is_dropped_but_quotes_always_get_through() {
        let mut mailbox = Mailbox::new(3);
        assert_eq!(
            mailbox.deliver_live(quote(Some(1), None), Nanos(0), true),
            Delivered::Queued
        );
        for _ in 0..2 {
            assert_eq!(
                mailbox.deliver_live(bar(1), Nanos(0), true),
                Delivered::Queued
            );
        }
        assert_eq!(
            mailbox.deliver_live(bar(2), Nanos(0), true),
            Delivered::Dropped
        );
        assert_eq!(
            mailbox.deliver_live(quote(Some(2), None), Nanos(0), true),
            Delivered::Conflated
        );
        assert_eq!(
            drain(&mut mailbox).last(),
            Some(&quote(Some(2), None).payload)
        );
    }

    #[test]
    fn quotes_and_trades_in_turn_stay_in_order_and_within_the_bound() {
        let mut mailbox = Mailbox::new(6);
        for number in 0..100 {
            mailbox.deliver_live(quote(Some(number), None), Nanos(0), true);
            mailbox.deliver_live(bar(number), Nanos(0), true);
        }
        assert!(mailbox.items.len() <= 6 + 1 + MARKS_KEPT);
        let (q, b) = (|n| quote(Some(n), None).payload, |n| bar(n).payload);
        let expected = [q(0), b(0), q(1), b(1), b(2), q(99)];
        assert_eq!(drain(&mut mailbox), expected, "only the newest is moved");
    }

    #[test]
    fn a_quote_of_before_a_reset_does_not_come_after_it() {
        let mut mailbox = Mailbox::new(1);
        deliver(&mut mailbox, quote(Some(1), None));
        mailbox.push(Item::Reset);
        assert_eq!(
            deliver(&mut mailbox, quote(None, Some(2))),
            Delivered::Queued
        );
        let expected = [quote(Some(1), None).payload, quote(None, Some(2)).payload];
        assert_eq!(drain(&mut mailbox), expected);
    }

    #[test]
    fn marks_do_not_pile_up_while_a_worker_stands_still() {
        let mut mailbox = Mailbox::new(2);
        for number in 0..2 {
            deliver(&mut mailbox, bar(number));
        }
        for number in 0..10_000 {
            deliver(&mut mailbox, book(true, number));
            deliver(&mut mailbox, quote(Some(number as i64), None));
            assert!(mailbox.items.len() <= MARKS_KEPT + 2 + 3);
        }
        let expected = [
            bar(0).payload,
            bar(1).payload,
            book(true, 9999).payload,
            quote(Some(9999), None).payload,
        ];
        assert_eq!(drain(&mut mailbox), expected);
    }

    #[test]
    fn a_quote_is_let_in_where_bars_have_taken_all_room() {
        let mut mailbox = Mailbox::new(2);
        for volume in 0..3 {
            mailbox.deliver_live(bar(volume), Nanos(0), true);
        }
        assert_eq!(
            mailbox.deliver_live(quote(Some(1), None), Nanos(0), false),
            Delivered::Queued
        );
        assert_eq!(
            mailbox.deliver_live(quote(Some(2), None), Nanos(0), false),
            Delivered::Conflated
        );
        assert_eq!(
            mailbox.deliver_live(bar(4), Nanos(0), false),
            Delivered::Dropped
        );
        assert_eq!(
            drain(&mut mailbox),
            [bar(0).payload, bar(1).payload, quote(Some(2), None).payload]
        );
    }

    fn book(snapshot: bool, sequence: u64) -> Event {
        Event {
            symbol: SymbolId(0),
            time: None,
            payload: Payload::Level2(Box::new(BookUpdate {
                snapshot,
                sequence: Some(sequence),
                ..BookUpdate::default()
            })),
        }
    }

    fn deliver(mailbox: &mut Mailbox, event: Event) -> Delivered {
        mailbox.deliver_live(event, Nanos(0), true)
    }

    #[test]
    fn a_book_whose_changes_find_no_room_is_lost_until_a_whole_one_comes() {
        let mut mailbox = Mailbox::new(2);
        assert_eq!(deliver(&mut mailbox, book(true, 1)), Delivered::Queued);
        assert_eq!(deliver(&mut mailbox, book(false, 2)), Delivered::Queued);
        assert_eq!(deliver(&mut mailbox, book(false, 3)), Delivered::BookLost);
        assert_eq!(deliver(&mut mailbox, book(false, 4)), Delivered::Dropped);
        let expected = [
            book(true, 1).payload,
            book(false, 2).payload,
            Payload::BookLost,
        ];
        assert_eq!(drain(&mut mailbox), expected, "in order");
        assert_eq!(
            deliver(&mut mailbox, book(false, 5)),
            Delivered::Dropped,
            "room alone does not mend it"
        );
        assert_eq!(deliver(&mut mailbox, book(true, 6)), Delivered::Queued);
        assert_eq!(deliver(&mut mailbox, book(false, 7)), Delivered::Queued);
        let expected = [book(true, 6).payload, book(false, 7).payload];
        assert_eq!(drain(&mut mailbox), expected);
    }

    #[test]
    fn word_of_missed_trades_gets_through_where_there_is_no_room() {
        let mut mailbox = Mailbox::new(1);
        deliver(&mut mailbox, bar(1));
        assert_eq!(deliver(&mut mailbox, bar(2)), Delivered::Dropped);
        let mut expected = vec![bar(1).payload];
        for payload in [Payload::TradesMissed, Payload::TradesResumed] {
            let event = Event {
                symbol: SymbolId(0),
                time: None,
                payload: payload.clone(),
            };
            assert_eq!(deliver(&mut mailbox, event), Delivered::Queued);
            expected.push(payload);
        }
        assert_eq!(drain(&mut mailbox), expected);
    }

    #[test]
    fn a_whole_book_is_let_in_without_room_and_takes_the_place_of_an_older_one() {
        let mut mailbox = Mailbox::new(1);
        deliver(&mut mailbox, bar(1));
        assert_eq!(deliver(&mut mailbox, book(true, 1)), Delivered::Queued);
        assert_eq!(deliver(&mut mailbox, book(false, 2)), Delivered::BookLost);
        deliver(&mut mailbox, quote(Some(1), None));
        assert_eq!(
            deliver(&mut mailbox, book(true, 3)),
            Delivered::Superseded(2)
        );
        let expected = [
            bar(1).payload,
            quote(Some(1), None).payload,
            book(true, 3).payload,
        ];
        assert_eq!(drain(&mut mailbox), expected);
    }

    proptest! {
        #[test]
        fn whatever_comes_about_a_book_its_changes_follow_one_another(
            kinds in proptest::collection::vec(0_u8..6, 1..300),
        ) {
            let mut mailbox = Mailbox::new(8);
            let (mut sent, mut answered, mut taken) = (0_u64, 0, 0);
            let mut known: Option<u64> = None;
            let mut read = |items: Vec<Item>| {
                for item in items {
                    let Item::Event { event, .. } = item else { continue };
                    taken += 1;
                    match event.payload {
                        Payload::BookLost => known = None,
                        Payload::Level2(book) if book.snapshot => known = book.sequence,
                        Payload::Level2(book) => {
                            if let Some(before) = known {
                                assert_eq!(book.sequence, Some(before + 1), "one is missing");
                                known = book.sequence;
                            }
                        }
                        _ => {}
                    }
                }
            };
            let mut sequence = 0;
            for kind in kinds {
                let event = match kind {
                    0 | 1 => { sequence += 1; book(false, sequence) }
                    2 => { sequence += 1; book(true, sequence) }
                    3 => bar(1),
                    4 => quote(Some(1), None),
                    _ => {
                        let mut items = Vec::new();
                        mailbox.take(3, &mut items);
                        read(items);
                        continue;
                    }
                };
                sent += 1;
                answered += match deliver(&mut mailbox, event) {
                    Delivered::Queued | Delivered::BookLost => 0,
                    Delivered::Conflated | Delivered::Dropped => 1,
                    Delivered::Superseded(count) => count,
                };
                // The bound, a quote, a whole book and word that one is lost.
                prop_assert!(mailbox.len() - mailbox.marks <= 8 + 3);
            }
            let mut items = Vec::new();
            mailbox.take(usize::MAX, &mut items);
            read(items);
            prop_assert_eq!(sent, answered + taken, "each is answered for once");
        }

        #[test]
        fn with_room_everything_comes_in_the_order_of_arrival(
            kinds in proptest::collection::vec(0_u8..4, 1..200),
        ) {
            let mut mailbox = Mailbox::new(200);
            // What a reader of one event after the other sees: the last bar, and the quote then.
            let (mut expected, mut seen) = (Vec::new(), Vec::new());
            let (mut sent, mut taken) = (Level1::default(), Level1::default());
            let mut read = |items: Vec<Item>| {
                for item in items {
                    match item {
                        Item::Event { event: Event { payload: Payload::Level1(change), .. }, .. } => taken.merge(&change),
                        Item::Event { event: Event { payload: Payload::Ohlcv(bar), .. }, .. } => seen.push((bar, taken)),
                        _ => {}
                    }
                }
            };
            for (n, kind) in kinds.iter().enumerate() {
                let n = n as i64;
                let event = match kind {
                    0 => bar(n),
                    1 => quote(Some(n), None),
                    2 => quote(None, Some(n)),
                    _ => {
                        let mut items = Vec::new();
                        mailbox.take(2, &mut items);
                        read(items);
                        continue;
                    }
                };
                match &event.payload {
                    Payload::Level1(change) => sent.merge(change),
                    Payload::Ohlcv(bar) => expected.push((*bar, sent)),
                    _ => {}
                }
                deliver(&mut mailbox, event);
            }
            let mut items = Vec::new();
            mailbox.take(usize::MAX, &mut items);
            read(items);
            prop_assert_eq!(seen, expected);
            prop_assert_eq!(taken, sent);
        }

        #[test]
        fn no_flood_grows_past_the_bound_and_the_last_quote_is_complete(
            kinds in proptest::collection::vec(0_u8..4, 1..400),
        ) {
            let mut mailbox = Mailbox::new(16);
            let mut expected = Level1::default();
            let mut seen = Level1::default();
            for (n, kind) in kinds.iter().enumerate() {
                let n = n as i64;
                match kind {
                    0 => { mailbox.deliver_live(bar(n), Nanos(0), true); }
                    1 | 2 => {
                        let event = if *kind == 1 { quote(Some(n), None) } else { quote(None, Some(n)) };
                        let Payload::Level1(change) = event.payload else { panic!() };
                        if mailbox.deliver_live(event, Nanos(0), true) != Delivered::Dropped {
                            expected.merge(&change);
                        }
                    }
                    _ => {
                        let mut items = Vec::new();
                        mailbox.take(2, &mut items);
                        for item in items {
                            if let Item::Event { event: Event { payload: Payload::Level1(change), .. }, .. } = item {
                                seen.merge(&change);
                            }
                        }
                    }
                }
                prop_assert!(mailbox.len() - mailbox.marks <= 17);
            }
            for payload in drain(&mut mailbox) {
                if let Payload::Level1(change) = payload { seen.merge(&change); }
            }
            prop_assert_eq!(seen, expected);
        }
    }
}
