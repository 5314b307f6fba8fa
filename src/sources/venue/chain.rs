//! Trades that are numbered one by one: a number that is left out is a trade that has not come.
//!
//! Where one is missing there are often many. Each is counted; what is said of a symbol is said at once and then about
//! once a second, with the number of all that are missing.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::decode::Rejection;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;

use super::{Notice, kept};

/// What is so far behind the last number begins a new count.
const BEHIND_MAX: u64 = 1_000_000;
/// What is missing is told of a symbol at most so often, in milliseconds, but for ticks.
const TOLD_MS: i64 = 1000;

/// The numbers of one symbol's trades.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    last: Option<u64>,
}

/// Numbers that were left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// Whose trades they are; `None` for frames of the connection.
    pub of: Option<SymbolId>,
    /// The first of them.
    pub first: u64,
    /// How many there are.
    pub count: u64,
    /// The number that came in their place.
    pub came: u64,
}

impl Chain {
    /// The newest number so far.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.last
    }

    /// Counts a trade from before, of which nothing follows.
    pub fn begin(&mut self, number: u64) {
        self.last = self.last.max(Some(number));
    }

    /// Counts the next trade. When others should have come before it, that is what is given: once for each gap, also when
    /// they come later.
    #[must_use]
    pub fn next(&mut self, number: u64, symbol: SymbolId) -> Option<Missing> {
        let last = match self.last {
            Some(last) if number <= last => {
                if last - number >= BEHIND_MAX {
                    self.last = Some(number);
                }
                return None;
            }
            last => last,
        };
        self.last = Some(number);
        let last = last?;
        let count = number - last - 1;
        (count > 0).then_some(Missing {
            of: Some(symbol),
            first: last + 1,
            count,
            came: number,
        })
    }
}

/// What is to be told of what is missing.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    of: FxHashMap<Option<SymbolId>, Told>,
}

/// How that of one symbol stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Told {
    /// When something was told last.
    at: Option<UnixMs>,
    /// What has not been told: the first number, how many, the newest that came, and in how many places they are missing.
    untold: Option<(u64, u64, u64, u64)>,
}

impl Gaps {
    /// Takes what is missing, and tells it unless something was told just now.
    pub(super) fn take(&mut self, missing: &Missing, now: UnixMs, notices: &mut Vec<Notice>) {
        let told = self.of.entry(missing.of).or_default();
        let (_, count, came, places) = told.untold.get_or_insert((missing.first, 0, 0, 0));
        *count = count.saturating_add(missing.count);
        *came = missing.came;
        *places += 1;
        let is_early = |at: UnixMs| (0..TOLD_MS).contains(&now.0.saturating_sub(at.0));
        if !told.at.is_some_and(is_early) {
            notices.extend(told.tell(missing.of, now));
        }
    }

    /// Tells all that has not been told.
    pub(super) fn tell(&mut self, now: UnixMs, notices: &mut Vec<Notice>) {
        let before = notices.len();
        for (of, told) in &mut self.of {
            notices.extend(told.tell(*of, now));
        }
        let new = notices.get_mut(before..).unwrap_or_default();
        new.sort_by_key(|notice| match notice {
            Notice::Gap { symbol, .. } => Some(*symbol),
            _ => None,
        });
    }

    /// Tells it of symbols that are wanted no more.
    pub(super) fn forget(
        &mut self,
        symbols: &[(Symbol, SymbolId)],
        now: UnixMs,
        notices: &mut Vec<Notice>,
    ) {
        for (_, id) in symbols {
            let told = self.of.remove(&Some(*id));
            notices.extend(told.and_then(|mut told| told.tell(Some(*id), now)));
        }
    }

    /// How that of a symbol stands, for a recording.
    pub(super) fn kept(&self, of: Option<SymbolId>) -> Value {
        self.of.get(&of).map_or(Value::Null, kept::written)
    }

    /// Takes what a recording holds of that.
    pub(super) fn keep(&mut self, of: Option<SymbolId>, known: Value) -> Result<(), Rejection> {
        if !known.is_null() {
            self.of.insert(of, kept::read(known)?);
        }
        Ok(())
    }
}

impl Told {
    fn tell(&mut self, of: Option<SymbolId>, now: UnixMs) -> Option<Notice> {
        let (first, count, came, places) = self.untold.take()?;
        self.at = Some(now);
        let Some(symbol) = of else {
            let reason = if places == 1 {
                format!("frame {first} of the connection should have come, and {came} came")
            } else {
                format!(
                    "{count} frames of the connection are missing in {places} places, {first} and on: {came} came"
                )
            };
            let message = format!("{reason}; trades may be missing");
            let error = ErrorInstance::new(ErrorKind::SequenceGap, message);
            return Some(Notice::Error(error.as_warning()));
        };
        let reason = match (count, places) {
            (1, _) => format!("trade {first} is missing: {came} came"),
            (_, 1) => format!("{count} trades are missing, {first} and on: {came} came"),
            _ => format!(
                "{count} trades are missing in {places} places, {first} and on: {came} came"
            ),
        };
        Some(Notice::Gap {
            symbol,
            kind: ErrorKind::SequenceGap,
            reason,
        })
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

    /// What is told of one gap alone.
    fn said(chain: &mut Chain, number: u64) -> Option<String> {
        let missing = chain.next(number, SymbolId(0))?;
        let mut notices = Vec::new();
        Gaps::default().take(&missing, UnixMs(0), &mut notices);
        match notices.pop() {
            Some(Notice::Gap { reason, .. }) => Some(reason),
            _ => None,
        }
    }

    #[test]
    fn what_is_left_out_is_told_with_its_count() {
        let mut chain = Chain::default();
        assert_eq!(said(&mut chain, 1010), None, "it begins somewhere");
        assert_eq!(said(&mut chain, 1011), None);
        assert_eq!(said(&mut chain, 1011), None, "doubled");
        let told = said(&mut chain, 1013);
        assert_eq!(told.as_deref(), Some("trade 1012 is missing: 1013 came"));
        assert_eq!(said(&mut chain, 1012), None, "late");
        assert_eq!(said(&mut chain, 1014), None);
        assert_eq!(
            said(&mut chain, 1465).as_deref(),
            Some("450 trades are missing, 1015 and on: 1465 came")
        );
        chain.begin(2000);
        chain.begin(1500);
        assert_eq!(said(&mut chain, 2001), None);
        assert_eq!(chain.last(), Some(2001));
    }

    #[test]
    fn a_new_count_is_no_gap_and_nothing_overflows() {
        let mut chain = Chain::default();
        assert_eq!(said(&mut chain, u64::MAX), None);
        assert_eq!(said(&mut chain, 0), None);
        assert_eq!(said(&mut chain, 1), None);
        assert!(said(&mut chain, u64::MAX).is_some());
    }

    /// How many are missing, and in how many places, as notices tell.
    fn counts(notices: &[Notice]) -> u64 {
        let count = |notice: &Notice| match notice {
            Notice::Gap { reason, .. } if reason.starts_with("trade ") => 1,
            Notice::Gap { reason, .. } => reason.split(' ').next().unwrap().parse().unwrap(),
            other => panic!("{other:?}"),
        };
        notices.iter().map(count).sum()
    }

    #[test]
    fn many_gaps_are_told_once_in_a_second_with_the_count_of_all() {
        let mut gaps = Gaps::default();
        let mut chain = Chain::default();
        let mut notices = Vec::new();
        for number in 0..1000 {
            if let Some(missing) = chain.next(3 * number, SymbolId(7)) {
                gaps.take(&missing, UnixMs(number as i64), &mut notices);
            }
        }
        assert_eq!(notices.len(), 1, "the first one, at once");
        let second = Missing {
            of: Some(SymbolId(5)),
            first: 1,
            count: 1,
            came: 2,
        };
        gaps.take(&second, UnixMs(999), &mut notices);
        assert_eq!(notices.len(), 2, "another symbol's is told at once too");
        gaps.tell(UnixMs(1000), &mut notices);
        let Some(Notice::Gap {
            symbol: SymbolId(7),
            reason,
            ..
        }) = notices.last()
        else {
            panic!("{notices:?}");
        };
        assert_eq!(
            reason,
            "1996 trades are missing in 998 places, 4 and on: 2997 came"
        );
        assert_eq!(counts(&notices), 2 * 999 + 1);
        gaps.tell(UnixMs(2000), &mut notices);
        assert_eq!(notices.len(), 3, "nothing is told twice");
        gaps.take(&second, UnixMs(2100), &mut notices);
        gaps.take(&second, UnixMs(2200), &mut notices);
        let symbol = "X".parse().unwrap();
        gaps.forget(&[(symbol, SymbolId(5))], UnixMs(2300), &mut notices);
        assert_eq!(notices.len(), 5, "who leaves is owed the rest");
        assert_eq!(counts(&notices), 2 * 999 + 3);
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nothing_untold() {
        let mut gaps = Gaps::default();
        let mut notices = Vec::new();
        let missing = Missing {
            of: None,
            first: 3,
            count: 2,
            came: 5,
        };
        gaps.take(&missing, UnixMs(5000), &mut notices);
        gaps.take(&missing, UnixMs(1000), &mut notices);
        assert_eq!(notices.len(), 2);
        gaps.take(&missing, UnixMs(1001), &mut notices);
        gaps.take(&missing, UnixMs(2001), &mut notices);
        let Some(Notice::Error(error)) = notices.last() else {
            panic!("{notices:?}");
        };
        assert_eq!(
            error.message,
            "4 frames of the connection are missing in 2 places, 3 and on: 5 came; trades may be missing"
        );
    }

    proptest! {
        #[test]
        fn the_sum_of_what_is_told_is_what_is_missing(
            steps in prop::collection::vec((1..5_u64, 0..700_i64, any::<bool>()), 0..200),
        ) {
            let mut gaps = Gaps::default();
            let mut chain = Chain::default();
            let mut notices = Vec::new();
            let (mut number, mut now, mut lost) = (0, 0, 0);
            let mut told_at = Vec::new();
            chain.begin(0);
            for (more, ms, is_tick) in steps {
                now += ms;
                number += more;
                lost += more - 1;
                let before = notices.len();
                if let Some(missing) = chain.next(number, SymbolId(0)) {
                    gaps.take(&missing, UnixMs(now), &mut notices);
                }
                if notices.len() > before {
                    told_at.push(now);
                }
                if is_tick {
                    gaps.tell(UnixMs(now), &mut notices);
                    prop_assert_eq!(counts(&notices), lost);
                }
            }
            gaps.tell(UnixMs(now), &mut notices);
            prop_assert_eq!(counts(&notices), lost);
            prop_assert!(told_at.windows(2).all(|pair| pair[1] - pair[0] >= TOLD_MS));
        }
    }
}
