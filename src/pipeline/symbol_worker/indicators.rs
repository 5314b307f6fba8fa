//! A symbol's indicators: which bars, trades and quotes go to which, and their values after each bar.

mod longer;

use std::sync::Arc;

use crate::compute::indicator::{Bank, IndicatorSet, Input, RecentOf};
use crate::compute::resample::SessionFinder;
use crate::domain::bar::Candle;
use crate::domain::book::{BookTop, Level};
use crate::domain::indicator::IndicatorValues;
use crate::domain::quote::Level1;
use crate::domain::time::{Session, Timeframe, UnixMs};
use crate::domain::to_f64;
use crate::domain::trade::{TimeAndSale, TradeAction};

use super::super::histories::KeptHistory;

use longer::LongFollowers;

/// Indicators that follow the bars as the source gives them. They are what the bars in history make of them.
#[derive(Debug)]
struct Followers {
    bank: Bank,
    /// From here on bars have been corrected, have come late or have gone: the state has to go back to before them when it
    /// is read. That is put off, so that a flood of such bars does not cost all that follows each.
    changed_from: Option<UnixMs>,
}

impl Followers {
    fn take(&mut self, candle: &Candle, session_start: UnixMs) {
        // Once some have to be taken from history, all that follow are.
        if self.changed_from.is_none() && !self.bank.take(candle, session_start) {
            self.changed_from = Some(candle.start);
        }
    }

    fn on_change(&mut self, start: UnixMs) {
        self.changed_from = Some(self.changed_from.map_or(start, |known| known.min(start)));
    }

    fn catch_up(&mut self, history: &KeptHistory, sessions: &mut SessionFinder) {
        let Some(changed) = self.changed_from.take() else {
            return;
        };
        let bars = match self.bank.rewind(changed, history.oldest()) {
            Some(newest) => history.since(newest.plus_ms(1)),
            None => history.iter(),
        };
        self.bank
            .replay(bars.map(|bar| with_session(bar, sessions)));
    }

    fn reset(&mut self) {
        self.bank.reset();
        self.changed_from = None;
    }
}

/// The indicators of one symbol.
#[derive(Debug)]
pub(super) struct IndicatorService {
    set: IndicatorSet,
    /// Those that follow the bars as the source gives them.
    own: Vec<Followers>,
    /// Those that follow longer bars, once these have closed.
    longer: Vec<LongFollowers>,
    /// Those without a timeframe once more, along with the longer bars that go out: there they follow such bars.
    given: Vec<LongFollowers>,
    ticks: Bank,
    /// Whether they have changed without a result that tells of it.
    has_news: bool,
}

impl IndicatorService {
    /// The indicators of `set` for a symbol whose bars have the length `interval`, and of which bars of the lengths `given`
    /// go out too. The values at the newest `recent_rows`
    /// bars are kept, if that is more than none.
    pub fn new(
        set: IndicatorSet,
        interval: Timeframe,
        given: &[Timeframe],
        recent_rows: usize,
    ) -> Self {
        let of = |timeframe| {
            let mut bank = Bank::of_bars(&set, timeframe);
            if recent_rows > 0 {
                bank.keep_recent(recent_rows);
            }
            bank
        };
        let own = [None, Some(interval)].map(of).into_iter();
        let own = own.filter(|bank| !bank.is_empty()).map(|bank| Followers {
            bank,
            changed_from: None,
        });
        let longer = Timeframe::ALL
            .into_iter()
            .filter(|timeframe| *timeframe > interval)
            .map(|timeframe| (timeframe, of(Some(timeframe))))
            .filter(|(_, bank)| !bank.is_empty())
            .map(|(timeframe, bank)| LongFollowers::new(bank, timeframe, interval));
        let along = given.iter().filter(|timeframe| **timeframe > interval);
        let along = along
            .map(|timeframe| (*timeframe, Bank::of_bars(&set, None)))
            .filter(|(_, bank)| !bank.is_empty())
            .map(|(timeframe, bank)| LongFollowers::new(bank, timeframe, interval));
        Self {
            own: own.collect(),
            longer: longer.collect(),
            given: along.collect(),
            ticks: Bank::of_ticks(&set),
            has_news: false,
            set,
        }
    }

    /// Takes the newest bar of history, or the newest again.
    pub fn take(&mut self, candle: &Candle, session: &Session) {
        for followers in &mut self.own {
            followers.take(candle, session.start);
        }
        for followers in self.longer.iter_mut().chain(&mut self.given) {
            followers.take(candle, session);
        }
    }

    /// The bar of `start` has changed, has come or has gone without being the newest, and perhaps others after it.
    pub fn on_change_of_the_past(&mut self, start: UnixMs) {
        for followers in &mut self.own {
            followers.on_change(start);
        }
        for followers in self.longer.iter_mut().chain(&mut self.given) {
            followers.on_change(start);
        }
    }

    /// Every bar up to `time` has come: longer ones that are over by then count.
    pub fn clock(&mut self, time: UnixMs) {
        for followers in &mut self.longer {
            self.has_news |= followers.clock(time);
        }
        for followers in &mut self.given {
            followers.clock(time);
        }
    }

    /// Whether trades, quotes or books are of any use to it.
    pub fn follows_ticks(&self) -> bool {
        !self.ticks.is_empty()
    }

    /// Takes a trade. One that corrects another, or takes it out, is no further trade.
    pub fn take_trade(&mut self, trade: &TimeAndSale) {
        if self.follows_ticks()
            && let (TradeAction::New, Some(price), Some(size)) =
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

    /// Whether trades, quotes, books or the clock have changed something since this was asked the last time.
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
            followers.catch_up(history, sessions);
        }
        for followers in &mut self.longer {
            followers.catch_up(history, sessions);
        }
        let mut values = vec![None; self.set.names().len()].into_boxed_slice();
        let own = self.own.iter().map(|followers| &followers.bank);
        let longer = self.longer.iter().map(LongFollowers::bank);
        for bank in own.chain(longer).chain([&self.ticks]) {
            bank.write(&mut values);
        }
        Some(Arc::new(IndicatorValues {
            names: Arc::clone(self.set.names()),
            values,
        }))
    }

    /// The values at the bar of the length `of` that begins at `start`: those without a timeframe follow such bars, and are
    /// not known of one that is not the newest any more.
    pub fn values_at(
        &mut self,
        of: Timeframe,
        start: UnixMs,
        history: &KeptHistory,
        sessions: &mut SessionFinder,
    ) -> Option<Arc<IndicatorValues>> {
        let mut known = self.values(history, sessions)?;
        let mut given = self.given.iter_mut();
        if let Some(followers) = given.find(|followers| followers.timeframe() == of) {
            let values = &mut Arc::make_mut(&mut known).values;
            followers.write_at(start, values, history, sessions);
        }
        Some(known)
    }

    /// The values at the newest bars, as far as they are kept.
    pub fn recent(&self) -> Vec<RecentOf> {
        let own = self.own.iter().map(|it| (None, &it.bank));
        let longer = self.longer.iter();
        own.chain(longer.map(|it| (Some(it.timeframe()), it.bank())))
            .filter_map(|(timeframe, bank)| {
                let values = bank.recent()?.clone();
                Some(RecentOf { timeframe, values })
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
        self.forget_values();
        for followers in self.longer.iter_mut().chain(&mut self.given) {
            followers.forget_clock();
        }
    }

    fn forget_values(&mut self) {
        self.own.iter_mut().for_each(Followers::reset);
        self.longer.iter_mut().for_each(LongFollowers::reset);
        self.given.iter_mut().for_each(LongFollowers::reset);
        self.ticks.reset();
    }

    /// After a panic: whatever was being computed is computed anew.
    pub fn restarted(&mut self) {
        self.forget_values();
        self.on_change_of_the_past(UnixMs(i64::MIN));
    }
}

fn with_session(bar: Candle, sessions: &mut SessionFinder) -> (Candle, UnixMs) {
    let session = sessions.session_of(bar.start);
    (bar, session.map_or(bar.start, |session| session.start))
}
