//! Trades that are numbered one by one: a number that is left out is a trade that has not come.

use serde::{Deserialize, Serialize};

use crate::domain::outcome::ErrorKind;
use crate::domain::symbol::SymbolId;

use super::Notice;

/// What is so far behind the last number begins a new count.
const BEHIND_MAX: u64 = 1_000_000;

/// The numbers of one symbol's trades.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    last: Option<u64>,
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
    pub fn next(&mut self, number: u64, symbol: SymbolId) -> Option<Notice> {
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
        let (first, missing) = last.map(|last| (last + 1, number - last - 1))?;
        let reason = match missing {
            0 => return None,
            1 => format!("trade {first} is missing: {number} came"),
            _ => format!("{missing} trades are missing, {first} and on: {number} came"),
        };
        Some(Notice::Gap {
            symbol,
            kind: ErrorKind::SequenceGap,
            reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(chain: &mut Chain, number: u64) -> Option<String> {
        match chain.next(number, SymbolId(0)) {
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
}
