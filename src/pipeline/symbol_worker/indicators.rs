//! A symbol's indicators: which bars, trades and quotes go to which, and their values after each bar.

use std::sync::Arc;

use crate::compute::indicator::{Bank, IndicatorSet, Input, RecentOf};
use crate::compute::resample::{LongBar, SessionFinder, candles};
use crate::domain::bar::Candle;
use crate::domain::book::{BookTop, Level};
use crate::domain::indicator::IndicatorValues;
use crate::domain::quote::Level1;
use crate::domain::time::{Timeframe, UnixMs};
use crate::domain::to_f64;
use crate::domain::trade::{TimeAndSale, TradeAction};

use super::super::histories::KeptHistory;
use super::ohlcv::candle;

/// Indicators that follow bars of one length, and whether these bars have changed behind their back.
#[derive(Debug)]
struct Followers {
    timeframe: Timeframe,
    bank: Bank,
    /// Bars have been corrected, or have come late: the state has to be computed anew before it is read. That is put
    /// off, so that a flood of such bars does not cost the whole history each.
    is_outdated: bool,
    /// The start of the newest bar.
    newest: UnixMs,
}

impl Followers {
    fn new(bank: Bank, timeframe: Timeframe) -> Self {
        Self {
            timeframe,
            bank,
            is_outdated: false,
            newest: UnixMs(i64::MIN),
        }
    }

    fn take(&mut self, candle: &Candle, session_start: UnixMs) {
        let is_next = candle.start >= self.newest;
        self.newest = self.newest.max(candle.start);
        // One that is outdated takes in everything from history.
        let has_taken = !self.is_outdated && is_next && self.bank.take(candle, session_start);
        self.is_outdated = !has_taken;
    }

    fn reset(&mut self) {
        self.bank.reset();
        self.is_outdated = false;
        self.newest = UnixMs(i64::MIN);
    }
}

/// The indicators of one symbol.
#[derive(Debug)]
pub(super) struct IndicatorService {
    set: IndicatorSet,
    /// Those that follow the bars as the source gives them.
    own: Vec<Followers>,
    /// Those that follow longer bars, once these have closed.
    longer: Vec<Followers>,
    ticks: Bank,
    /// Whether one of them has come that no result tells of.
    has_news: bool,
}

impl IndicatorService {
    /// The indicators of `set` for a symbol whose bars have the length `interval`. The values at the newest `recent_rows`
    /// bars are kept, if that is more than none.
    pub fn new(set: IndicatorSet, interval: Timeframe, recent_rows: usize) -> Self {
        let of = |timeframe| {
            let mut bank = Bank::of_bars(&set, timeframe);
            if recent_rows > 0 {
                bank.keep_recent(recent_rows);
            }
            bank
        };
        let own = [None, Some(interval)]
            .map(|timeframe| Followers::new(of(timeframe), interval))
            .into_iter();
        let longer = Timeframe::ALL
            .into_iter()
            .filter(|timeframe| *timeframe > interval)
            .map(|timeframe| Followers::new(of(Some(timeframe)), timeframe));
        let is_there = |followers: &Followers| !followers.bank.is_empty();
        Self {
            own: own.filter(is_there).collect(),
            longer: longer.filter(is_there).collect(),
            ticks: Bank::of_ticks(&set),
            has_news: false,
            set,
        }
    }

    /// The lengths of the longer bars that it follows.
    pub fn timeframes(&self) -> impl Iterator<Item = Timeframe> {
        self.longer.iter().map(|followers| followers.timeframe)
    }

    /// Takes the newest bar, or the newest again.
    pub fn take(&mut self, candle: &Candle, session_start: UnixMs) {
        for followers in &mut self.own {
            followers.take(candle, session_start);
        }
    }

    /// Takes a longer bar that has closed, or a closed one again.
    pub fn take_longer(&mut self, timeframe: Timeframe, long: &LongBar, session_start: UnixMs) {
        let mut all = self.longer.iter_mut();
        if let Some(followers) = all.find(|followers| followers.timeframe == timeframe)
            && let Some(candle) = candle(long.start, &long.bar)
        {
            followers.take(&candle, session_start);
        }
    }

    /// A bar other than the newest has changed, has come or has gone.
    pub fn on_change_of_the_past(&mut self) {
        for followers in &mut self.own {
            followers.is_outdated = true;
        }
    }

    /// Whether trades, quotes or books are of any use to it.
    pub fn follows_ticks(&self) -> bool {
        !self.ticks.is_empty()
    }

    /// Takes a trade. One that corrects another, or takes it out, is no further trade.
    pub fn take_trade(&mut self, trade: &TimeAndSale) {
        if let (TradeAction::New, Some(price), Some(size)) =
            (&trade.action, trade.price, trade.size)
        {
            self.take_tick(&Input::Trade {
                price: to_f64(price),
                size: to_f64(size),
                side: trade.side,
            });
        }
    }

    /// Takes the quote after a change.
    pub fn take_quote(&mut self, quote: &Level1) {
        if self.follows_ticks() {
            self.take_tick(&Input::Quote {
                bid: quote.bid.map(to_f64),
                bid_size: quote.bid_size.map(to_f64),
                ask: quote.ask.map(to_f64),
                ask_size: quote.ask_size.map(to_f64),
            });
        }
    }

    /// Takes the book after a change.
    pub fn take_book(&mut self, book: &BookTop) {
        let units =
            |levels: &[Level]| -> f64 { levels.iter().map(|level| to_f64(level.size)).sum() };
        self.take_tick(&Input::Book {
            bid_units: units(&book.bids),
            ask_units: units(&book.asks),
        });
    }

    fn take_tick(&mut self, input: &Input<'_>) {
        if self.follows_ticks() {
            self.ticks.take_tick(input);
            self.has_news = true;
        }
    }

    /// Whether trades, quotes or books have come since this was asked the last time.
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }

    /// The values now; `None` when there is no indicator.
    pub fn values(
        &mut self,
        history: &KeptHistory,
        sessions: &mut SessionFinder,
    ) -> Option<Arc<IndicatorValues>> {
        if self.set.is_empty() {
            return None;
        }
        // What comes out now tells of trades and quotes too.
        self.has_news = false;
        for followers in &mut self.own {
            if std::mem::take(&mut followers.is_outdated) {
                followers
                    .bank
                    .rebuild(history.iter().map(|bar| with_session(bar, sessions)));
            }
        }
        for followers in &mut self.longer {
            if std::mem::take(&mut followers.is_outdated) {
                let mut closed = candles(history.iter(), followers.timeframe, sessions);
                // What is still open counts when it has closed.
                closed.retain(|bar| bar.start <= followers.newest);
                followers
                    .bank
                    .rebuild(closed.into_iter().map(|bar| with_session(bar, sessions)));
            }
        }
        let mut values = vec![None; self.set.names().len()].into_boxed_slice();
        let banks = self.own.iter().chain(&self.longer);
        for bank in banks.map(|followers| &followers.bank).chain([&self.ticks]) {
            bank.write(&mut values);
        }
        Some(Arc::new(IndicatorValues {
            names: Arc::clone(self.set.names()),
            values,
        }))
    }

    /// The values at the newest bars, as far as they are kept.
    pub fn recent(&self) -> Vec<RecentOf> {
        let own = self.own.iter().map(|followers| (None, followers));
        let longer = self.longer.iter().map(|it| (Some(it.timeframe), it));
        own.chain(longer)
            .filter_map(|(timeframe, followers)| {
                Some(RecentOf {
                    timeframe,
                    values: followers.bank.recent()?.clone(),
                })
            })
            .collect()
    }

    /// What those on trades, quotes and books are now; `None` where there is none of them.
    pub fn of_ticks(&self) -> Option<Vec<Option<f64>>> {
        if self.ticks.is_empty() {
            return None;
        }
        let mut all = vec![None; self.set.names().len()];
        self.ticks.write(&mut all);
        let values = self.ticks.places().map(|place| all.get(place).copied());
        Some(values.map(Option::flatten).collect())
    }

    /// Forgets everything, because a replay jumps.
    pub fn reset(&mut self) {
        self.own.iter_mut().for_each(Followers::reset);
        self.longer.iter_mut().for_each(Followers::reset);
        self.ticks.reset();
    }

    /// After a panic: whatever was being computed is computed anew.
    pub fn restarted(&mut self) {
        for followers in self.own.iter_mut().chain(&mut self.longer) {
            followers.is_outdated = true;
        }
        self.ticks.reset();
    }
}

fn with_session(bar: Candle, sessions: &mut SessionFinder) -> (Candle, UnixMs) {
    let session = sessions.session_of(bar.start);
    (bar, session.map_or(bar.start, |session| session.start))
}
