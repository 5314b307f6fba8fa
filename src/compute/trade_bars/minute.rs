//! One minute's trades, and what they add up to.

use std::collections::VecDeque;

use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::time::{MINUTE_MS, UnixMs};
use crate::domain::trade::BarRule;

#[derive(Debug)]
pub(super) struct Minute {
    pub start: UnixMs,
    /// In the order in which they came; `None` for those that have been taken out.
    trades: VecDeque<Option<KeptTrade>>,
    /// What came before them, and is not kept one by one: how many trades, and what they add up to.
    folded: u32,
    base: Fold,
    /// What all of its trades add up to.
    pub fold: Fold,
    /// The bar as it was told last; `None` while there was none.
    pub told: Option<Ohlcv>,
    pub is_given: bool,
    /// How many trades have been added up, again and again counted again and again.
    #[cfg(test)]
    pub steps: u64,
}

/// Trades stand by time, then by arrival.
type Order = (UnixMs, u32);

/// One trade, in little room: there are many.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeptTrade {
    pub price: Decimal,
    pub size: Option<Decimal>,
    pub rule: BarRule,
    /// Since the minute began.
    pub after_ms: u16,
}

/// What trades add up to, in whatever order they are added.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fold {
    /// The first price and the last, each with where its trade stands.
    open: Option<(Order, Decimal)>,
    close: Option<(Order, Decimal)>,
    high: Option<Decimal>,
    low: Option<Decimal>,
    volume: Option<Decimal>,
    /// How many trades the volume is of.
    sized: u64,
    /// Whether a size is not in the volume, because there is no such number.
    is_full: bool,
}

impl Fold {
    fn add(&mut self, order: Order, trade: &KeptTrade) {
        let price = trade.price;
        if trade.rule.open_close {
            if self.open.is_none_or(|(open, _)| order < open) {
                self.open = Some((order, price));
            }
            if self.close.is_none_or(|(close, _)| order > close) {
                self.close = Some((order, price));
            }
        }
        if trade.rule.high_low {
            self.high = Some(self.high.map_or(price, |high| high.max(price)));
            self.low = Some(self.low.map_or(price, |low| low.min(price)));
        }
        if let Some(size) = trade.volume() {
            let before = self.volume.unwrap_or_default();
            let sum = before.checked_add(size);
            self.is_full |= sum.is_none();
            self.volume = Some(sum.unwrap_or(before));
            self.sized += 1;
        }
    }

    /// Takes out a trade that is neither an end nor an extreme. Whether that could be done.
    fn take_out(&mut self, order: Order, trade: &KeptTrade) -> bool {
        let is_at = |end: Option<(Order, Decimal)>| end.is_some_and(|(at, _)| at == order);
        let is_extreme = trade.rule.high_low
            && (self.high == Some(trade.price) || self.low == Some(trade.price));
        if is_at(self.open) || is_at(self.close) || is_extreme {
            return false;
        }
        let Some(size) = trade.volume() else {
            return true;
        };
        let rest = self.volume.and_then(|volume| volume.checked_sub(size));
        if rest.is_none() || self.is_full {
            return false;
        }
        self.sized = self.sized.saturating_sub(1);
        self.volume = rest.filter(|_| self.sized > 0);
        true
    }

    pub fn close(&self) -> Option<Decimal> {
        self.close.map(|(_, price)| price)
    }

    /// The bar; `None` when no trade gives it a price.
    pub fn bar(&self, open: Option<Decimal>) -> Option<Ohlcv> {
        let ((_, first), close) = (self.open?, self.close()?);
        let mut high = self.high.unwrap_or_else(|| first.max(close));
        let mut low = self.low.unwrap_or_else(|| first.min(close));
        if let Some(open) = open {
            high = high.max(open);
            low = low.min(open);
        }
        Some(Ohlcv {
            open: open.or(Some(first)),
            high: Some(high),
            low: Some(low),
            close: Some(close),
            volume: self.volume,
        })
    }
}

impl Minute {
    pub fn new(start: UnixMs) -> Self {
        Self {
            start,
            trades: VecDeque::new(),
            folded: 0,
            base: Fold::default(),
            fold: Fold::default(),
            told: None,
            is_given: false,
            #[cfg(test)]
            steps: 0,
        }
    }

    pub fn end(&self) -> UnixMs {
        self.start.plus_ms(MINUTE_MS)
    }

    /// Puts a trade behind those that came before it; its number among them.
    pub fn put(&mut self, trade: KeptTrade) -> u32 {
        let number = self.folded + self.trades.len() as u32;
        self.fold.add(self.order(number, &trade), &trade);
        if self.trades.len() == self.trades.capacity() {
            // Twice as much, as usual, would be more than most minutes need.
            self.trades.reserve_exact(self.trades.len() / 4 + 4);
        }
        self.trades.push_back(Some(trade));
        #[cfg(test)]
        {
            self.steps += 1;
        }
        number
    }

    fn order(&self, number: u32, trade: &KeptTrade) -> Order {
        (self.start.plus_ms(i64::from(trade.after_ms)), number)
    }

    /// Takes a trade out, and puts the price and size of another in its place if there is one. Whether it was there.
    pub fn replace(&mut self, number: u32, by: Option<KeptTrade>) -> bool {
        let at = number.checked_sub(self.folded);
        let Some(place) = at.and_then(|at| self.trades.get_mut(at as usize)) else {
            return false;
        };
        let Some(trade) = place.take() else {
            return false;
        };
        // The other one is of the same time.
        let after_ms = trade.after_ms;
        let by = by.map(|by| KeptTrade { after_ms, ..by });
        *place = by;
        let order = self.order(number, &trade);
        if !self.fold.take_out(order, &trade) {
            self.fold_again();
        } else if let Some(trade) = by {
            self.fold.add(order, &trade);
        }
        true
    }

    fn fold_again(&mut self) {
        let mut fold = self.base;
        for (number, trade) in (self.folded..).zip(&self.trades) {
            if let Some(trade) = trade {
                fold.add(self.order(number, trade), trade);
            }
        }
        self.fold = fold;
        #[cfg(test)]
        {
            self.steps += self.trades.len() as u64;
        }
    }

    /// How many trades it keeps one by one.
    pub fn kept(&self) -> usize {
        self.trades.len()
    }

    /// The number of the first trade that it keeps.
    pub fn first_kept(&self) -> u32 {
        self.folded
    }

    /// Adds the trades up that came first, so many of them, and forgets them one by one.
    pub fn forget(&mut self, count: usize) {
        for number in self.folded..self.folded + count.min(self.trades.len()) as u32 {
            if let Some(trade) = self.trades.pop_front().flatten() {
                let order = self.order(number, &trade);
                self.base.add(order, &trade);
            }
            self.folded = number + 1;
        }
        if self.trades.is_empty() {
            self.trades = VecDeque::new();
        }
    }
}

impl KeptTrade {
    /// What it adds to the volume.
    fn volume(&self) -> Option<Decimal> {
        self.size.filter(|_| self.rule.volume)
    }
}
