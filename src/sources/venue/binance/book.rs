//! One symbol's book at Binance: changes wait until the whole book has been fetched, and are followed by their numbers.
//!
//! The rules are Binance's, "How to manage a local order book correctly": changes that the whole book holds already are
//! dropped; the first one kept reaches back to it; each further one follows the one before.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::frames::{Diff, WholeBook};
use crate::domain::book::BookUpdate;
use crate::domain::time::UnixMs;
use crate::sources::venue::patience::Patience;

/// Changes that wait for the whole book: two minutes of them. Of more, the oldest go, and a newer book is needed.
const WAITING_MAX: usize = 1200;

/// What is so far behind, in update numbers, is neither late nor doubled: the venue has begun to count anew.
const BEHIND_MAX: u64 = 100_000;
/// So many changes in a row that were there already are neither late nor doubled.
const REPEATS_MAX: u32 = 5;
/// For so many changes, half a minute of them, the whole book may be further than its stream.
const AHEAD_MAX: u32 = 300;

/// What is known of the book.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Sync {
    stage: Stage,
    patience: Patience,
    /// The venue wants nothing to be asked before this.
    not_before: Option<UnixMs>,
    /// The highest number that the stream has come to.
    heard: u64,
    /// Changes in a row that the stream had been past.
    repeats: u32,
    /// Changes in a row that the book was past.
    ahead: u32,
}

#[derive(Debug, Serialize, Deserialize)]
enum Stage {
    /// Nothing has been asked for; these changes have come.
    Waiting {
        #[serde(skip)]
        diffs: VecDeque<Diff>,
        fetch: Fetch,
    },
    /// The book is known up to this update.
    Live { last: u64 },
}

impl Default for Stage {
    fn default() -> Self {
        Self::Waiting {
            diffs: VecDeque::new(),
            fetch: Fetch::Later,
        }
    }
}

/// How the fetching of the whole book stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Fetch {
    /// When changes come, which show that the stream has begun.
    Later,
    /// At this time.
    At(UnixMs),
    /// It is under way.
    Asked,
}

/// What became of a change.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is the book's next.
    Applied(Diff),
    /// It waits, or the book holds it already.
    Kept,
    /// It is not the next one.
    Gap {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
}

impl Sync {
    /// The connection is new: what went wrong on the one before makes nobody wait, but what the venue has said does.
    pub(super) fn begin_connection(&mut self) {
        *self = Self {
            not_before: self.not_before,
            ..Self::default()
        };
    }

    /// When the whole book may be fetched next.
    fn next_fetch(&mut self, now: UnixMs) -> Fetch {
        let at = self.patience.next(now);
        Fetch::At(self.not_before.map_or(at, |not_before| at.max(not_before)))
    }

    /// The book is to begin anew. Waits for nothing only where that has not just been tried.
    pub(super) fn begin(&mut self, now: UnixMs) {
        let fetch = self.next_fetch(now);
        self.stage = Stage::Waiting {
            diffs: VecDeque::new(),
            fetch,
        };
    }

    /// Changes that wait are given up: a recording that begins now does not hold them.
    pub(super) fn give_up_changes(&mut self) {
        if let Stage::Waiting { diffs, .. } = &mut self.stage {
            diffs.clear();
        }
    }

    /// Whether the book is known.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.stage, Stage::Live { .. })
    }

    /// Whether nothing has been heard of the book, and nothing asked.
    pub(super) fn is_untouched(&self) -> bool {
        matches!(&self.stage, Stage::Waiting { diffs, fetch: Fetch::Later } if diffs.is_empty())
    }

    /// Takes a change.
    pub(super) fn take(&mut self, diff: Diff, now: UnixMs) -> Taken {
        let counts_anew = self.counts_anew(&diff);
        match &mut self.stage {
            Stage::Live { last } => {
                let next = last.saturating_add(1);
                if diff.last <= *last && !counts_anew {
                    Taken::Kept
                } else if diff.first > next || counts_anew {
                    let found = diff.first;
                    self.begin(now);
                    self.keep(diff);
                    Taken::Gap {
                        expected: next,
                        found,
                    }
                } else {
                    *last = diff.last;
                    Taken::Applied(diff)
                }
            }
            Stage::Waiting { diffs, .. } => {
                if counts_anew {
                    diffs.clear();
                }
                self.fetch_anyway(now);
                self.keep(diff);
                Taken::Kept
            }
        }
    }

    /// Whether the numbers have nothing to do with those before: the venue counts from somewhere else on, and the book
    /// would stay as it is for ever.
    fn counts_anew(&mut self, diff: &Diff) -> bool {
        let counts_anew = if diff.last > self.heard {
            self.repeats = 0;
            self.heard = diff.last;
            let ahead = match self.stage {
                Stage::Live { last } => last.saturating_sub(diff.last),
                Stage::Waiting { .. } => 0,
            };
            self.ahead = if ahead > 0 { self.ahead + 1 } else { 0 };
            ahead >= BEHIND_MAX || self.ahead >= AHEAD_MAX
        } else {
            self.repeats += 1;
            self.heard - diff.last >= BEHIND_MAX || self.repeats >= REPEATS_MAX
        };
        if counts_anew {
            self.heard = diff.last;
            (self.repeats, self.ahead) = (0, 0);
        }
        counts_anew
    }

    fn keep(&mut self, diff: Diff) {
        let Stage::Waiting { diffs, .. } = &mut self.stage else {
            return;
        };
        if let Some(newest) = diffs.back() {
            if diff.last <= newest.last {
                return;
            }
            if diff.first > newest.last.saturating_add(1) {
                // No chain leads from what came before to this.
                diffs.clear();
            }
        }
        if diffs.len() == WAITING_MAX {
            diffs.pop_front();
        }
        diffs.push_back(diff);
    }

    /// Whether the whole book is to be fetched now; it counts as asked for afterwards.
    pub(super) fn is_due(&mut self, now: UnixMs) -> bool {
        let Stage::Waiting { fetch, .. } = &mut self.stage else {
            return false;
        };
        let is_due = matches!(*fetch, Fetch::At(at) if at <= now);
        if is_due {
            *fetch = Fetch::Asked;
        }
        is_due
    }

    /// Has the whole book fetched without waiting for changes: a quiet symbol has none.
    pub(super) fn fetch_anyway(&mut self, now: UnixMs) {
        let is_later = |stage: &Stage| {
            matches!(
                stage,
                Stage::Waiting {
                    fetch: Fetch::Later,
                    ..
                }
            )
        };
        if is_later(&self.stage) {
            let next = self.next_fetch(now);
            if let Stage::Waiting { fetch, .. } = &mut self.stage {
                *fetch = next;
            }
        }
    }

    /// The whole book could not be had. Gives when it is asked for again: not before `not_before`, which the venue has said
    /// if it is there.
    pub(super) fn failed(&mut self, now: UnixMs, not_before: Option<UnixMs>) -> UnixMs {
        self.not_before = not_before;
        let at = self.patience.next(now).max(not_before.unwrap_or(now));
        if let Stage::Waiting { fetch, .. } = &mut self.stage {
            *fetch = Fetch::At(at);
        }
        at
    }

    /// The symbol is not there: nothing is asked for again.
    pub(super) fn give_up(&mut self) {
        if let Stage::Waiting { diffs, fetch } = &mut self.stage {
            diffs.clear();
            *fetch = Fetch::Asked;
        }
    }

    /// Takes the whole book: it, and the changes since then, each with its time. Empty when it is too old.
    pub(super) fn whole(&mut self, book: WholeBook, now: UnixMs) -> Vec<(UnixMs, BookUpdate)> {
        let Stage::Waiting { diffs, .. } = &mut self.stage else {
            return Vec::new();
        };
        let mut last = book.last;
        while diffs.front().is_some_and(|diff| diff.last <= last) {
            diffs.pop_front();
        }
        if diffs
            .front()
            .is_some_and(|diff| diff.first > last.saturating_add(1))
        {
            self.failed(now, None);
            return Vec::new();
        }
        let mut updates = vec![(now, book.update())];
        for diff in std::mem::take(diffs) {
            last = diff.last;
            updates.push((diff.time, diff.update()));
        }
        self.stage = Stage::Live { last };
        updates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_000_000);

    fn diff(first: u64, last: u64) -> Diff {
        Diff {
            time: NOW,
            first,
            last,
            bids: Vec::new(),
            asks: Vec::new(),
        }
    }

    fn whole(last: u64) -> WholeBook {
        serde_json::from_str(&format!(
            "{{\"lastUpdateId\":{last},\"bids\":[],\"asks\":[]}}"
        ))
        .unwrap_or_else(|error| unreachable!("{error}"))
    }

    fn numbers(updates: &[(UnixMs, BookUpdate)]) -> Vec<Option<u64>> {
        updates.iter().map(|(_, update)| update.sequence).collect()
    }

    #[test]
    fn a_book_is_fetched_when_changes_come_and_takes_those_that_follow() {
        let mut sync = Sync::default();
        assert!(!sync.is_due(NOW), "the stream may not have begun");
        assert_eq!(sync.take(diff(1, 5), NOW), Taken::Kept);
        assert!(sync.is_due(NOW));
        assert!(!sync.is_due(NOW), "once is enough");
        sync.take(diff(6, 9), NOW);
        sync.take(diff(10, 12), NOW);
        sync.take(diff(6, 9), NOW);
        assert_eq!(
            numbers(&sync.whole(whole(7), NOW)),
            [Some(7), Some(9), Some(12)]
        );
        assert_eq!(sync.take(diff(13, 13), NOW), Taken::Applied(diff(13, 13)));
        assert_eq!(sync.take(diff(13, 13), NOW), Taken::Kept, "twice");
        assert_eq!(
            sync.take(diff(15, 16), NOW),
            Taken::Gap {
                expected: 14,
                found: 15
            }
        );
        assert!(!sync.is_live());
        assert_eq!(sync.take(diff(14, 14), NOW), Taken::Kept, "swapped");
        assert!(!sync.is_due(NOW), "it was fetched just now");
        assert!(sync.is_due(NOW.plus_ms(1000)));
        assert_eq!(numbers(&sync.whole(whole(16), NOW)), [Some(16)]);
    }

    #[test]
    fn a_book_that_is_too_old_is_fetched_again() {
        let mut sync = Sync::default();
        sync.take(diff(10, 12), NOW);
        assert!(sync.is_due(NOW));
        assert_eq!(sync.whole(whole(8), NOW), Vec::new());
        assert!(!sync.is_due(NOW));
        assert!(sync.is_due(NOW.plus_ms(1000)));
        assert_eq!(numbers(&sync.whole(whole(9), NOW)), [Some(9), Some(12)]);
    }

    #[test]
    fn a_chain_that_breaks_while_waiting_begins_behind_the_break() {
        let mut sync = Sync::default();
        sync.take(diff(1, 2), NOW);
        sync.take(diff(5, 6), NOW);
        sync.is_due(NOW);
        assert_eq!(sync.whole(whole(3), NOW), Vec::new());
        assert_eq!(numbers(&sync.whole(whole(4), NOW)), [Some(4), Some(6)]);
    }

    #[test]
    fn a_new_connection_waits_for_nothing_but_what_the_venue_has_said() {
        let mut sync = Sync::default();
        sync.take(diff(10, 12), NOW);
        for _ in 0..10 {
            sync.failed(NOW, None);
        }
        assert!(!sync.is_due(NOW.plus_ms(30_000)), "waits have grown");
        sync.begin_connection();
        sync.take(diff(20, 22), NOW);
        assert!(sync.is_due(NOW));
        sync.failed(NOW, Some(NOW.plus_ms(90_000)));
        sync.begin_connection();
        sync.take(diff(30, 32), NOW);
        assert!(!sync.is_due(NOW.plus_ms(89_999)), "it was told to wait");
        assert!(sync.is_due(NOW.plus_ms(90_000)));
    }

    fn live(last: u64) -> Sync {
        let mut sync = Sync::default();
        sync.take(diff(last, last), NOW);
        sync.is_due(NOW);
        sync.whole(whole(last), NOW);
        assert!(sync.is_live());
        sync
    }

    #[test]
    fn numbers_that_begin_anew_are_a_gap() {
        let mut sync = live(1_000_010);
        assert_eq!(
            sync.take(diff(5, 6), NOW),
            Taken::Gap {
                expected: 1_000_011,
                found: 5
            }
        );
        sync.take(diff(7, 8), NOW);
        assert!(sync.is_due(NOW.plus_ms(1000)));
        // The book that was asked for is still one of the old count.
        sync.whole(whole(1_000_012), NOW);
        assert!(matches!(sync.take(diff(9, 9), NOW), Taken::Gap { .. }));
        sync.is_due(NOW.plus_ms(60_000));
        assert_eq!(numbers(&sync.whole(whole(8), NOW)), [Some(8), Some(9)]);
        assert_eq!(sync.take(diff(10, 10), NOW), Taken::Applied(diff(10, 10)));
    }

    #[test]
    fn a_book_that_stays_behind_its_stream_begins_anew() {
        // A little back: late or doubled at first, and then no more.
        let mut sync = live(5000);
        for number in 4000..4004 {
            assert_eq!(sync.take(diff(number, number), NOW), Taken::Kept);
        }
        assert!(matches!(
            sync.take(diff(4004, 4004), NOW),
            Taken::Gap { .. }
        ));
        // What is doubled one by one never is.
        let mut sync = live(5000);
        for number in 5001..5100 {
            assert_eq!(
                sync.take(diff(number, number), NOW),
                Taken::Applied(diff(number, number))
            );
            assert_eq!(sync.take(diff(number, number), NOW), Taken::Kept);
        }
        // A stream that lags behind the whole book comes after it in time, or it does not belong to it.
        let mut sync = live(10);
        sync.begin(NOW);
        sync.is_due(NOW);
        sync.whole(whole(2000), NOW);
        for number in 11..11 + 299 {
            assert_eq!(sync.take(diff(number, number), NOW), Taken::Kept);
        }
        assert!(matches!(sync.take(diff(310, 310), NOW), Taken::Gap { .. }));
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut sync = Sync::default();
        for number in 1..=3000 {
            sync.take(diff(number, number), NOW);
        }
        sync.is_due(NOW);
        assert_eq!(sync.whole(whole(100), NOW), Vec::new());
        assert_eq!(sync.whole(whole(2999), NOW).len(), 2);
        assert_eq!(
            sync.take(diff(u64::MAX, u64::MAX), NOW),
            Taken::Gap {
                expected: 3001,
                found: u64::MAX
            }
        );
    }
}
