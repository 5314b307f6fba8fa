//! One symbol's worker: a composite of data services, each of which owns its part of the symbol's state.
//!
//! A worker is never on two threads at once. What it makes of an event goes to the results channel in the order of
//! arrival; a service that is not among the source's products builds up its state and gives no results.

mod bars;
mod columns;
mod day;
mod indicators;
mod level1;
mod level2;
mod ohlcv;
mod quotes;
mod time_and_sales;
mod turn;

use std::sync::Arc;

use crate::compute::book::BookFault;
use crate::compute::trade_bars::BuiltBar;
use crate::domain::book::BookUpdate;
use crate::domain::event::{DataService, Event, Payload};
use crate::domain::outcome::{
    ErrorInstance, ErrorKind, LastPrice, ResultBody, ResultInstance, Status, StatusChange,
};
use crate::domain::source::{Origin, SourceInfo};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{Timeframe, UnixMs};

use super::columns::ColumnDesk;
use super::engine::Analysis;
use super::histories::KeptHistory;
use super::meters::WorkerMeters;
use super::outcome::Outcome;
use super::settings::EngineSettings;

use columns::Evaluated;
use level1::Level1Service;
use level2::{BookChange, Level2Service};
use ohlcv::OhlcvService;
use time_and_sales::TimeAndSalesService;

/// What a worker is made of, apart from its state.
#[derive(Clone)]
pub(crate) struct WorkerContext {
    pub id: SymbolId,
    pub symbol: Symbol,
    pub source: Arc<SourceInfo>,
    pub settings: Arc<EngineSettings>,
    pub history: KeptHistory,
    pub meters: Arc<WorkerMeters>,
    pub analysis: Option<Analysis>,
    /// Where the symbol's own columns are evaluated.
    pub columns: Option<ColumnDesk>,
}

/// What is known from before the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Past {
    /// It has yet to be taken in.
    Due,
    /// It is in the history, or there is none.
    TakenIn,
}

impl Past {
    fn of(history: &KeptHistory) -> Self {
        if history.has_past() {
            Self::Due
        } else {
            Self::TakenIn
        }
    }
}

/// What is said once, and only counted after that.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    late_trades: bool,
    late_quotes: bool,
    clock_set_back: bool,
}

/// The state of one symbol.
pub(crate) struct SymbolWorker {
    context: WorkerContext,
    ohlcv: OhlcvService,
    level1: Level1Service,
    level2: Level2Service,
    trades: TimeAndSalesService,
    /// Time of the newest event.
    time: Option<UnixMs>,
    /// Whether history has come in that the board does not know of.
    unannounced: bool,
    past: Past,
    /// Whether trades have changed the symbol in this turn without giving a result.
    has_moved: bool,
    /// Whether the board has to be told of the trading day.
    day_news: day::News,
    /// What they have made of the last price in this turn.
    moved_to: LastPrice,
    told: Told,
    /// Bars that the trade in hand has changed.
    built: Vec<BuiltBar>,
    /// How far its own columns have been evaluated.
    evaluated: Evaluated,
}

impl SymbolWorker {
    pub fn new(context: WorkerContext) -> Self {
        let ohlcv = OhlcvService::new(&context);
        let level2 = Level2Service::new(&context.source);
        Self {
            past: Past::of(&context.history),
            context,
            ohlcv,
            level1: Level1Service::default(),
            level2,
            trades: TimeAndSalesService::default(),
            time: None,
            unannounced: false,
            has_moved: false,
            day_news: day::News::None,
            moved_to: LastPrice::Unchanged,
            told: Told::default(),
            built: Vec::new(),
            evaluated: Evaluated::default(),
        }
    }

    /// Takes one event, and from it what is to be kept. History builds up the state and gives no result.
    pub fn take(&mut self, event: &mut Event, is_history: bool, out: &mut Vec<Outcome>) {
        if let Some(analysis) = &self.context.analysis {
            analysis(&self.context.symbol, event);
        }
        let time = event.time;
        if self.past == Past::Due {
            self.recall(time);
        }
        self.time = self.time.max(time);
        if is_history {
            self.unannounced = true;
            self.evaluated = Evaluated::default();
        }
        match &mut event.payload {
            Payload::Ohlcv(bar) => self.take_bar(time, bar, is_history, out),
            Payload::PastBars(bars) => {
                self.ohlcv.take_past(bars);
                self.unannounced = true;
                self.put_longer(is_history, out);
            }
            Payload::Level1(change) => self.take_quote(time, change, is_history, out),
            Payload::Facts(facts) => {
                let session = time.and_then(|time| self.ohlcv.session_of(time));
                if self.level1.take_facts(facts, session) && !is_history {
                    self.put_quote(time, out);
                }
            }
            Payload::Level2(update) => self.take_book(time, update, is_history, out),
            Payload::BookLost => {
                let is_news = self.level2.lose("updates are missing");
                self.context.meters.resyncs.add(u64::from(is_news));
            }
            Payload::TimeAndSales(trade) => {
                // Made here, where it mostly ends too: a thread's own memory is the cheapest.
                let trade = Arc::new(std::mem::take(trade));
                self.take_trade(time, trade, is_history, out);
            }
            Payload::Clock => self.take_clock(time, is_history, out),
            Payload::TradesMissed => self.ohlcv.miss_trades(time),
            Payload::TradesResumed => self.ohlcv.resume_trades(time),
            Payload::News(news) => {
                if !self.serves(DataService::News) {
                    return;
                }
                let news = Box::new(std::mem::take(&mut **news));
                if is_history {
                    let id = self.context.id;
                    out.push(Outcome::PastNews { id, time, news });
                } else {
                    self.put(time, ResultBody::News(news), LastPrice::Unchanged, out);
                }
            }
        }
    }

    /// Takes in what is known of the symbol from before the start, as history. Of a replay, only what is older than the
    /// first of its data is the past.
    fn recall(&mut self, first: Option<UnixMs>) {
        let is_played = self.context.source.origin == Origin::Replay;
        if is_played && first.is_none() {
            return;
        }
        self.past = Past::TakenIn;
        let past = self.context.history.past(first.filter(|_| is_played));
        self.unannounced |= self.ohlcv.recall(past);
    }

    fn serves(&self, service: DataService) -> bool {
        self.context.source.products.services.has(service)
    }

    fn take_book(
        &mut self,
        time: Option<UnixMs>,
        update: &BookUpdate,
        is_history: bool,
        out: &mut Vec<Outcome>,
    ) {
        match self.level2.take(time, update) {
            BookChange::Applied => {
                if self.ohlcv.indicators().follows_ticks() {
                    let top = self.level2.top();
                    self.ohlcv.indicators().take_book(&top);
                }
                if !is_history && self.serves(DataService::Level2) {
                    let body = ResultBody::Level2(Box::new(self.level2.top()));
                    self.put(time, body, LastPrice::Unchanged, out);
                }
            }
            BookChange::Ignored => {}
            BookChange::Lost { fault, asks } => self.on_fault(&fault, asks, out),
        }
    }

    fn on_fault(&mut self, fault: &BookFault, asks: bool, out: &mut Vec<Outcome>) {
        self.context.meters.resyncs.add(1);
        let (kind, what) = level2::describe(fault);
        let next = if asks {
            "a whole one is asked for"
        } else {
            "changes are left out until the source gives a whole one"
        };
        let mut error = self.error(kind, format!("{what}; {next}")).as_warning();
        error.sample = Some(fault.to_string());
        out.push(Outcome::Error(Box::new(error)));
        let source = &self.context.source.name;
        let status = StatusChange::of_source(Status::Gap, source)
            .with_symbol(&self.context.symbol)
            .with_message(fault.to_string());
        out.push(Outcome::Status(Box::new(status)));
        if asks {
            out.push(Outcome::Resync(self.context.id));
        }
    }

    fn error(&self, kind: ErrorKind, message: impl Into<String>) -> ErrorInstance {
        let mut error = ErrorInstance::new(kind, message).from_source(&self.context.source.name);
        error.symbol = Some(self.context.symbol.clone());
        error
    }

    fn put(
        &mut self,
        time: Option<UnixMs>,
        body: ResultBody,
        last: LastPrice,
        out: &mut Vec<Outcome>,
    ) {
        out.push(Outcome::Result(ResultInstance {
            symbol: self.context.id,
            time,
            body,
            last,
        }));
        self.day_news = day::News::Due;
    }

    /// Forgets all data, because a replay jumps.
    pub fn reset(&mut self) {
        self.ohlcv.reset();
        self.level1 = Level1Service::default();
        self.level2.reset();
        self.trades.reset();
        self.time = None;
        self.has_moved = false;
        self.moved_to = LastPrice::Unchanged;
        self.evaluated = Evaluated::default();
        self.unannounced = true;
        self.past = Past::of(&self.context.history);
    }

    /// Which charts the board wants of this symbol.
    pub fn watch_charts(&mut self, timeframes: &[Timeframe]) {
        self.ohlcv.watch_charts(timeframes);
    }

    /// Whether the board wants this symbol's depth and tape.
    pub fn watch_book(&mut self, is_wanted: bool) {
        self.level2.watch(is_wanted);
        self.trades.watch(is_wanted);
    }

    /// Events have been passed over, so the book can no longer be relied on: it is asked for again where that can be done.
    pub fn lose_book(&mut self, reason: &str, out: &mut Vec<Outcome>) {
        if self.level2.lose(reason) {
            self.context.meters.resyncs.add(1);
            if self.level2.can_resync() {
                out.push(Outcome::Resync(self.context.id));
            }
        }
    }

    /// A worker that goes on after a panic, with this one's history, quote and tape. A book of which a change may have
    /// been applied in part is not relied on.
    pub fn restarted(self, out: &mut Vec<Outcome>) -> Self {
        let mut worker = Self {
            ohlcv: self.ohlcv.restarted(),
            unannounced: true,
            built: Vec::new(),
            ..self
        };
        worker.lose_book("the worker was restarted after a panic", out);
        worker
    }
}

#[cfg(test)]
#[path = "symbol_worker/tests.rs"]
mod tests;
