//! One minute's trades, and what they add up to.

use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::time::{MINUTE_MS, UnixMs};
use crate::domain::trade::BarRule;

#[derive(Debug)]
pub(super) struct Minute {
    pub start: UnixMs,
    /// By time, then by arrival.
    pub trades: Vec<KeptTrade>,
    /// What trades add up to that came first and are not kept one by one.
    base: Fold,
    /// What all of its trades add up to.
    pub fold: Fold,
    /// The bar as it was told last; `None` while there was none.
    pub told: Option<Ohlcv>,
    pub is_given: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct KeptTrade {
    pub time: UnixMs,
    pub arrival: u64,
    pub price: Decimal,
    pub size: Option<Decimal>,
    pub rule: BarRule,
}

/// What trades add up to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fold {
    open: Option<Decimal>,
    high: Option<Decimal>,
    low: Option<Decimal>,
    pub close: Option<Decimal>,
    volume: Option<Decimal>,
}

impl Fold {
    pub fn add(&mut self, trade: &KeptTrade) {
        let price = trade.price;
        if trade.rule.open_close {
            self.open = self.open.or(Some(price));
            self.close = Some(price);
        }
        if trade.rule.high_low {
            self.high = Some(self.high.map_or(price, |high| high.max(price)));
            self.low = Some(self.low.map_or(price, |low| low.min(price)));
        }
        if trade.rule.volume
            && let Some(size) = trade.size
        {
            let before = self.volume.unwrap_or_default();
            self.volume = Some(before.checked_add(size).unwrap_or(before));
        }
    }

    /// The bar; `None` when no trade gives it a price.
    pub fn bar(&self, open: Option<Decimal>) -> Option<Ohlcv> {
        let (first, close) = (self.open?, self.close?);
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
            trades: Vec::new(),
            base: Fold::default(),
            fold: Fold::default(),
            told: None,
            is_given: false,
        }
    }

    pub fn end(&self) -> UnixMs {
        self.start.plus_ms(MINUTE_MS)
    }

    /// Puts a trade where its time belongs; mostly that is the end.
    pub fn insert(&mut self, trade: KeptTrade) {
        let order = (trade.time, trade.arrival);
        let is_last = self
            .trades
            .last()
            .is_none_or(|last| (last.time, last.arrival) < order);
        if is_last {
            self.fold.add(&trade);
            self.trades.push(trade);
        } else {
            let at = self
                .trades
                .partition_point(|known| (known.time, known.arrival) < order);
            self.trades.insert(at, trade);
            self.fold_again();
        }
    }

    pub fn fold_again(&mut self) {
        self.fold = self.base;
        for trade in &self.trades {
            self.fold.add(trade);
        }
    }

    /// Adds the oldest half of the trades up, and forgets them one by one.
    pub fn fold_half(&mut self) -> Vec<KeptTrade> {
        let half: Vec<_> = self.trades.drain(..self.trades.len() / 2).collect();
        for trade in &half {
            self.base.add(trade);
        }
        half
    }
}
