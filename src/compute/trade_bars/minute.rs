//! One minute's trades, and what they add up to.

use std::collections::BTreeMap;

use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::time::{MINUTE_MS, UnixMs};
use crate::domain::trade::BarRule;

#[derive(Debug)]
pub(super) struct Minute {
    pub start: UnixMs,
    pub trades: BTreeMap<Order, KeptTrade>,
    /// What trades add up to that came first and are not kept one by one.
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
pub(super) type Order = (UnixMs, u64);

#[derive(Debug, Clone, Copy)]
pub(super) struct KeptTrade {
    pub price: Decimal,
    pub size: Option<Decimal>,
    pub rule: BarRule,
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
            trades: BTreeMap::new(),
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

    /// Puts a trade where its time belongs.
    pub fn insert(&mut self, order: Order, trade: KeptTrade) {
        self.fold.add(order, &trade);
        self.trades.insert(order, trade);
        #[cfg(test)]
        {
            self.steps += 1;
        }
    }

    /// Takes a trade out, and puts another in its place if there is one. Whether it was there.
    pub fn replace(&mut self, order: Order, by: Option<KeptTrade>) -> bool {
        let Some(trade) = self.trades.remove(&order) else {
            return false;
        };
        if !self.fold.take_out(order, &trade) {
            self.fold_again();
        }
        if let Some(trade) = by {
            self.insert(order, trade);
        }
        true
    }

    fn fold_again(&mut self) {
        self.fold = self.base;
        for (order, trade) in &self.trades {
            self.fold.add(*order, trade);
        }
        #[cfg(test)]
        {
            self.steps += self.trades.len() as u64;
        }
    }

    /// Adds the oldest half of the trades up, and forgets them one by one.
    pub fn fold_half(&mut self) -> BTreeMap<Order, KeptTrade> {
        let Some(middle) = self.trades.keys().nth(self.trades.len() / 2).copied() else {
            return BTreeMap::new();
        };
        let newer = self.trades.split_off(&middle);
        let half = std::mem::replace(&mut self.trades, newer);
        for (order, trade) in &half {
            self.base.add(*order, trade);
        }
        half
    }
}

impl KeptTrade {
    /// What it adds to the volume.
    fn volume(&self) -> Option<Decimal> {
        self.size.filter(|_| self.rule.volume)
    }
}
