//! One-minute bars out of trades.
//!
//! The minutes of late are kept, so that a trade which is corrected, taken out or late changes the bar that it belongs to,
//! whether that has been given out or not. Of many trades only the newest are kept one by one, and can be corrected; the
//! others are added up.

mod minute;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::source::OpenRule;
use crate::domain::time::{MINUTE_MS, UnixMs};
use crate::domain::trade::{TimeAndSale, TradeAction, TradeId};

use super::history::{Account, HistoryBudget, Keep};
use super::trade_names::TradeNames;
use minute::{KeptTrade, Minute};

/// The newest minutes are kept whatever becomes of their trades, so many; older ones while any of their trades is kept.
const MINUTES_SURE: usize = 10;
/// Trades that are kept of a symbol. For a busy stock that is some minutes, and a correction mostly comes in seconds.
const TRADES_MAX: usize = 16_384;
/// Memory for trades is taken for so many at a time.
const BLOCK_TRADES: usize = 256;
/// What so many are reckoned to take: each in its minute, and in a table by name that is full to two thirds.
const BLOCK_BYTES: u64 =
    (BLOCK_TRADES * (size_of::<KeptTrade>() + 3 * size_of::<(u64, Place)>() / 2)) as u64;
/// What a minute takes, in trades.
const MINUTE_TRADES: usize = size_of::<Minute>() / size_of::<KeptTrade>();
/// A minute that is older than the one that begins by so much is not kept. Trades are taken out hours later, but their
/// names come again on another day, which begins eight hours after the one before.
const AGE_MAX_MS: i64 = 7 * 60 * MINUTE_MS;

/// What has become of a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltBar {
    /// Start of the minute.
    pub start: UnixMs,
    /// The bar. Without prices when every trade that gave it one has been taken out: there is no such bar any more.
    pub bar: Ohlcv,
    /// Whether the minute is over: then this is a result, and takes the place of an earlier one of the same time.
    pub is_closed: bool,
}

/// What has become of a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It is in its bar, or its bar has been corrected.
    Done,
    /// It was there already, or taken out already.
    Known,
    /// It has no time or no price, and belongs to no bar.
    Nowhere,
    /// The trade that it corrects, or its minute, is no longer known.
    TooOld,
}

/// Builds one symbol's bars.
#[derive(Debug)]
pub struct TradeBars {
    open_rule: OpenRule,
    /// In order of time.
    minutes: VecDeque<Minute>,
    /// How many trades are kept.
    kept: usize,
    /// The memory that they take.
    account: Account,
    /// Where the trades are that have a name, those that have been taken out included.
    places: TradeNames<Place>,
    /// Minutes that start before this are no longer kept.
    floor: UnixMs,
    /// Minutes that end by then are closed.
    done: UnixMs,
    /// Close of the newest minute that is no longer kept.
    close_before: Option<Decimal>,
}

/// Where a trade stands: in which minute, and its number there.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: UnixMs,
    number: u32,
}

/// The start of the minute of a time.
#[must_use]
pub fn minute_of(time: UnixMs) -> UnixMs {
    UnixMs(time.0.div_euclid(MINUTE_MS).saturating_mul(MINUTE_MS))
}

impl TradeBars {
    /// A builder that has seen nothing. The trades that it keeps take of `budget`.
    #[must_use]
    pub fn new(open_rule: OpenRule, budget: Arc<HistoryBudget>) -> Self {
        Self {
            open_rule,
            minutes: VecDeque::new(),
            kept: 0,
            account: Account::new(budget, Keep::Ticks),
            places: TradeNames::default(),
            floor: UnixMs(i64::MIN),
            done: UnixMs(i64::MIN),
            close_before: None,
        }
    }

    /// Takes a trade. Every minute that this changes or closes is told to `tell`, in order of time.
    pub fn take(
        &mut self,
        time: Option<UnixMs>,
        trade: &TimeAndSale,
        tell: &mut impl FnMut(BuiltBar),
    ) -> Counted {
        match &trade.action {
            TradeAction::New => self.add(time, trade, tell),
            TradeAction::Corrects(name) => self.correct(name, trade, false, tell),
            TradeAction::Cancels(name) => self.correct(name, trade, true, tell),
        }
    }

    /// Every trade up to `time` has come: minutes that end by then are closed.
    pub fn clock(&mut self, time: UnixMs, tell: &mut impl FnMut(BuiltBar)) {
        if time <= self.done {
            return;
        }
        let before = std::mem::replace(&mut self.done, time);
        for minute in &mut self.minutes {
            if minute.end() > time {
                break;
            }
            if minute.end() > before {
                give(minute, tell);
            }
        }
    }

    /// The minutes that are still open, as they are, because nothing more will come.
    pub fn open_bars(&self) -> impl Iterator<Item = BuiltBar> + '_ {
        self.minutes
            .iter()
            .filter(|minute| minute.end() > self.done)
            .filter_map(|minute| {
                Some(BuiltBar {
                    start: minute.start,
                    bar: minute.told?,
                    is_closed: false,
                })
            })
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        *self = Self::new(self.open_rule, Arc::clone(self.account.budget()));
    }

    fn add(
        &mut self,
        time: Option<UnixMs>,
        trade: &TimeAndSale,
        tell: &mut impl FnMut(BuiltBar),
    ) -> Counted {
        let (Some(time), Some(price)) = (time, trade.price) else {
            return Counted::Nowhere;
        };
        let start = minute_of(time);
        let oldest_start = start.plus_ms(-AGE_MAX_MS);
        if let Some(name) = &trade.trade_id
            && let Some(place) = self.places.get(trade.exchange.as_deref(), name).copied()
            && place.start >= oldest_start
        {
            return Counted::Known;
        }
        if start < self.floor {
            return Counted::TooOld;
        }
        // A trade of a later minute says that the ones before are over.
        self.clock(start, tell);
        let at = match self
            .minutes
            .binary_search_by_key(&start, |minute| minute.start)
        {
            Ok(at) => at,
            Err(at) => {
                self.minutes.insert(at, Minute::new(start));
                at
            }
        };
        let kept = kept(trade, price, time.0.saturating_sub(start.0));
        let number = self.minutes[at].put(kept);
        self.kept += 1;
        if let Some(name) = &trade.trade_id {
            let place = Place { start, number };
            self.places.insert(trade.exchange.as_deref(), name, place);
        }
        self.tell_from(at, tell);
        self.forget_old(start);
        Counted::Done
    }

    /// Takes the trade of a name out that was made on the same exchange as `trade`, and puts this in its place unless it
    /// is a cancellation.
    fn correct(
        &mut self,
        name: &TradeId,
        trade: &TimeAndSale,
        is_cancel: bool,
        tell: &mut impl FnMut(BuiltBar),
    ) -> Counted {
        let Some(place) = self.places.get(trade.exchange.as_deref(), name).copied() else {
            return Counted::TooOld;
        };
        let Ok(at) = self
            .minutes
            .binary_search_by_key(&place.start, |minute| minute.start)
        else {
            return Counted::TooOld;
        };
        let price = trade.price.filter(|_| !is_cancel);
        let by = price.map(|price| kept(trade, price, 0));
        if !self.minutes[at].replace(place.number, by) {
            return Counted::Known;
        }
        if let Some(name) = trade.trade_id.as_ref().filter(|_| by.is_some()) {
            self.places.insert(trade.exchange.as_deref(), name, place);
        }
        self.tell_from(at, tell);
        Counted::Done
    }

    /// Tells what has become of a minute, and of the one after it if that opens with this one's close.
    fn tell_from(&mut self, at: usize, tell: &mut impl FnMut(BuiltBar)) {
        let mut previous = match self.open_rule {
            OpenRule::FirstTrade => None,
            OpenRule::PreviousClose => self
                .minutes
                .range(..at)
                .rev()
                .find_map(|minute| minute.fold.close())
                .or(self.close_before),
        };
        for (step, minute) in self.minutes.range_mut(at..).enumerate() {
            let bar = minute.fold.bar(previous);
            let is_closed = minute.end() <= self.done;
            if bar != minute.told {
                minute.told = bar;
                if is_closed {
                    give(minute, tell);
                } else {
                    tell(BuiltBar {
                        start: minute.start,
                        bar: bar.unwrap_or_default(),
                        is_closed: false,
                    });
                }
            }
            let ends_here = step > 0 && minute.fold.close().is_some();
            if self.open_rule == OpenRule::FirstTrade || ends_here {
                break;
            }
            previous = minute.fold.close().or(previous);
        }
    }

    /// Lets go of minutes that are too many or too old, now that one at `newest` has had a trade.
    fn forget_old(&mut self, newest: UnixMs) {
        let oldest_start = newest.plus_ms(-AGE_MAX_MS);
        let before = self.minutes.len();
        while self.minutes.len() > 1
            && let Some(front) = self.minutes.front()
            && front.start < oldest_start
        {
            self.drop_oldest();
        }
        if self.minutes.len() < before {
            let floor = self.floor;
            self.places.retain(|place| place.start >= floor);
        }
        if self.kept > TRADES_MAX {
            self.add_up(TRADES_MAX / 4);
        }
        while self.wanted_bytes() > self.account.taken_bytes()
            && !self
                .account
                .take(self.wanted_bytes() - self.account.taken_bytes())
        {
            self.add_up((self.kept / 4).max(1));
        }
        let taken = self.account.taken_bytes();
        let excess = taken.saturating_sub(self.wanted_bytes());
        self.account.give_back(excess);
    }

    /// The memory for what is kept, in whole blocks: the last few minutes alone need none.
    fn wanted_bytes(&self) -> u64 {
        let minutes = self.minutes.len().saturating_sub(MINUTES_SURE);
        let trades = self.kept + minutes * MINUTE_TRADES;
        (trades / BLOCK_TRADES) as u64 * BLOCK_BYTES
    }

    fn drop_oldest(&mut self) {
        if let Some(gone) = self.minutes.pop_front() {
            self.kept -= gone.kept();
            self.floor = gone.end();
            self.close_before = gone.fold.close().or(self.close_before);
        }
    }

    /// Adds the trades up that came first to the oldest minutes, and forgets them one by one: so many, which are no more
    /// than there are.
    fn add_up(&mut self, count: usize) {
        let mut left = count;
        for minute in &mut self.minutes {
            let before = minute.kept();
            minute.forget(left);
            left -= before - minute.kept();
        }
        self.kept -= count - left;
        while self.minutes.len() > MINUTES_SURE
            && self
                .minutes
                .front()
                .is_some_and(|oldest| oldest.kept() == 0)
        {
            self.drop_oldest();
        }
        let minutes = &self.minutes;
        self.places.retain(|place| {
            let at = minutes.binary_search_by_key(&place.start, |minute| minute.start);
            at.is_ok_and(|at| place.number >= minutes[at].first_kept())
        });
    }
}

fn kept(trade: &TimeAndSale, price: Decimal, after_ms: i64) -> KeptTrade {
    KeptTrade {
        price,
        size: trade.size,
        rule: trade.bar_rule,
        after_ms: u16::try_from(after_ms).unwrap_or(u16::MAX),
    }
}

/// Tells a minute that is over. One that has no price is told only if it had one when it was told before.
fn give(minute: &mut Minute, tell: &mut impl FnMut(BuiltBar)) {
    let bar = match minute.told {
        Some(bar) => bar,
        None if minute.is_given => Ohlcv {
            volume: Some(Decimal::ZERO),
            ..Ohlcv::default()
        },
        None => return,
    };
    minute.is_given = true;
    tell(BuiltBar {
        start: minute.start,
        bar,
        is_closed: true,
    });
}

#[cfg(test)]
#[path = "trade_bars/tests.rs"]
mod tests;
#[cfg(test)]
mod venue_tests;
