//! Which trades have come already.

use crate::compute::trade_names::TradeNames;
use crate::domain::time::{MINUTE_MS, UnixMs};
use crate::domain::trade::{TimeAndSale, TradeId};

/// Of so many trades at least it is known that they have come; at most of twice as many.
const KEPT_TRADES: usize = 4096;
/// After so long the younger trades become the older ones, however few they are: the memory of an hour's peak is not kept
/// all day.
const TURN_MS: i64 = 15 * MINUTE_MS;
/// A trade of the same name whose time is as far off as this is another one: names come again on another day.
const SAME_NAME_MS: u64 = 60 * MINUTE_MS as u64;

/// The last trades of one symbol that have a name. Without any it takes no memory of its own.
#[derive(Debug, Default)]
pub(super) struct SeenTrades {
    younger: Trades,
    older: Trades,
    /// Time of the first of the younger ones.
    turned: Option<UnixMs>,
}

/// When trades were made, by their names.
#[derive(Debug, Default)]
struct Trades {
    /// Those of no known exchange whose numbers go up one by one, beginning with `first`: nearly all at a venue that is one
    /// exchange. They need not be looked for.
    run: Vec<Option<UnixMs>>,
    first: u64,
    others: TradeNames<Option<UnixMs>>,
}

impl Trades {
    /// The place of a trade in the run, which may be the one behind its end.
    fn place(&self, exchange: Option<&str>, name: &TradeId) -> Option<usize> {
        let (None, TradeId::Number(number)) = (exchange, name) else {
            return None;
        };
        let at = number.checked_sub(self.first)?.try_into().ok()?;
        (at <= self.run.len()).then_some(at)
    }

    fn get(&self, exchange: Option<&str>, name: &TradeId) -> Option<&Option<UnixMs>> {
        let in_run = self.place(exchange, name).and_then(|at| self.run.get(at));
        in_run.or_else(|| self.others.get(exchange, name))
    }

    fn insert(&mut self, exchange: Option<&str>, name: &TradeId, time: Option<UnixMs>) {
        if let (true, TradeId::Number(number)) = (self.run.is_empty(), name) {
            self.first = *number;
        }
        match self.place(exchange, name) {
            Some(at) => match self.run.get_mut(at) {
                Some(known) => *known = time,
                None => self.run.push(time),
            },
            None => self.others.insert(exchange, name, time),
        }
    }

    fn len(&self) -> usize {
        self.run.len() + self.others.len()
    }

    /// Forgets them all, and keeps the memory.
    fn clear(&mut self) {
        self.run.clear();
        self.others.clear();
    }
}

impl SeenTrades {
    /// Notes a trade; whether it is new. One without a name always is.
    pub fn note(&mut self, time: Option<UnixMs>, trade: &TimeAndSale) -> bool {
        let Some(name) = &trade.trade_id else {
            return true;
        };
        let exchange = trade.exchange.as_deref();
        let is_known = |known: Option<&Option<UnixMs>>| {
            known.is_some_and(|known| match (known, time) {
                (Some(known), Some(time)) => known.0.abs_diff(time.0) < SAME_NAME_MS,
                _ => true,
            })
        };
        if is_known(self.younger.get(exchange, name)) || is_known(self.older.get(exchange, name)) {
            return false;
        }
        let is_over = match (self.turned, time) {
            (Some(turned), Some(time)) => time >= turned.plus_ms(TURN_MS),
            _ => false,
        };
        if self.younger.len() >= KEPT_TRADES {
            // There will be as many again soon.
            std::mem::swap(&mut self.older, &mut self.younger);
            self.younger.clear();
            self.turned = None;
        } else if is_over {
            self.older = std::mem::take(&mut self.younger);
            self.turned = None;
        }
        self.turned = self.turned.or(time);
        self.younger.insert(exchange, name, time);
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trade(name: u64) -> TimeAndSale {
        TimeAndSale {
            trade_id: Some(TradeId::Number(name)),
            ..TimeAndSale::default()
        }
    }

    #[test]
    fn a_trade_is_new_once() {
        let mut seen = SeenTrades::default();
        let at = |ms| Some(UnixMs(ms));
        assert!(seen.note(at(5), &trade(1)));
        assert!(!seen.note(at(5), &trade(1)));
        let elsewhere = TimeAndSale {
            exchange: Some("V".into()),
            ..trade(1)
        };
        assert!(seen.note(at(5), &elsewhere));
        assert!(!seen.note(at(5), &elsewhere));
        let nameless = TimeAndSale::default();
        assert!(seen.note(at(5), &nameless) && seen.note(at(5), &nameless));
        assert!(seen.note(None, &trade(2)));
        assert!(!seen.note(None, &trade(2)));
        let next_day = at(5 + 24 * 60 * MINUTE_MS);
        assert!(seen.note(next_day, &trade(1)), "a name of another day");
        assert!(!seen.note(next_day, &trade(1)));
        assert!(seen.note(at(i64::MAX), &trade(9)) && seen.note(at(i64::MIN), &trade(9)));
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let mut seen = SeenTrades::default();
        let count = 5 * KEPT_TRADES as u64;
        for name in 0..count {
            assert!(seen.note(Some(UnixMs(0)), &trade(name)));
            assert!(seen.younger.len() + seen.older.len() <= 2 * KEPT_TRADES);
        }
        let of_late = count - KEPT_TRADES as u64..count;
        for name in of_late {
            assert!(!seen.note(Some(UnixMs(0)), &trade(name)), "{name}");
        }
        assert!(seen.note(Some(UnixMs(0)), &trade(0)), "long forgotten");
        // A quiet symbol lets go by and by.
        for turn in 1..4 {
            seen.note(Some(UnixMs(turn * TURN_MS)), &trade(u64::MAX - turn as u64));
        }
        assert_eq!(seen.younger.len() + seen.older.len(), 2);
    }

    proptest! {
        #[test]
        fn a_run_changes_nothing(
            trades in proptest::collection::vec((proptest::option::weighted(0.3, 0..12_u64), 0..3_usize, 0..9_i64), 0..40),
        ) {
            let exchanges = [None, None, Some("V")];
            let mut next = 0;
            let (mut kept, mut model) = (Trades::default(), TradeNames::default());
            for (number, exchange, time) in trades {
                // Mostly the next one.
                next = number.unwrap_or(next) + 1;
                let (name, time) = (TradeId::Number(next), Some(UnixMs(time)));
                kept.insert(exchanges[exchange], &name, time);
                model.insert(exchanges[exchange], &name, time);
                for number in 0..60 {
                    let name = TradeId::Number(number);
                    for exchange in exchanges {
                        prop_assert_eq!(kept.get(exchange, &name), model.get(exchange, &name));
                    }
                }
            }
        }
    }
}
