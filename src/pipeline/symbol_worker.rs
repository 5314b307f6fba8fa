//! One symbol's worker: a composite of data services, each of which owns its part of the symbol's state.
//!
//! A worker is never on two threads at once. What it makes of an event goes to the results channel in the order of
//! arrival.

mod level1;
mod ohlcv;

use std::sync::Arc;

use crate::compute::history::HistoryBudget;
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::{ResultBody, ResultInstance};
use crate::domain::source::SourceInfo;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{Timeframe, UnixMs};

use super::engine::Analysis;
use super::meters::WorkerMeters;
use super::outcome::{ChartUpdate, Outcome, Primed};
use super::settings::EngineSettings;

use level1::Level1Service;
use ohlcv::OhlcvService;

/// What a worker is made of, apart from its state.
#[derive(Clone)]
pub(crate) struct WorkerContext {
    pub id: SymbolId,
    pub symbol: Symbol,
    pub source: Arc<SourceInfo>,
    pub settings: Arc<EngineSettings>,
    pub budget: Arc<HistoryBudget>,
    pub meters: Arc<WorkerMeters>,
    pub analysis: Option<Analysis>,
}

/// The state of one symbol.
pub(crate) struct SymbolWorker {
    context: WorkerContext,
    ohlcv: OhlcvService,
    level1: Level1Service,
    /// Time of the newest event.
    time: Option<UnixMs>,
    /// Whether history has come in that the board does not know of.
    unannounced: bool,
}

impl SymbolWorker {
    pub fn new(context: WorkerContext) -> Self {
        let ohlcv = OhlcvService::new(&context);
        Self {
            context,
            ohlcv,
            level1: Level1Service::default(),
            time: None,
            unannounced: false,
        }
    }

    /// Takes one event. History builds up the state and gives no result.
    pub fn take(&mut self, event: &Event, is_history: bool, out: &mut Vec<Outcome>) {
        if let Some(analysis) = &self.context.analysis {
            analysis(&self.context.symbol, event);
        }
        self.time = self.time.max(event.time);
        match &event.payload {
            Payload::Ohlcv(bar) => {
                self.ohlcv.take(event.time, bar, &self.context.meters);
                if is_history {
                    self.unannounced = true;
                    self.ohlcv.forget_closed();
                } else {
                    let body = ResultBody::Ohlcv {
                        bar: *bar,
                        timeframe: Timeframe::M1,
                        partial: false,
                    };
                    self.put(event.time, body, out);
                    self.put_closed(false, out);
                }
            }
            Payload::Level1(change) => {
                let session = event.time.and_then(|time| self.ohlcv.session_of(time));
                let quote = *self.level1.take(change, session);
                if is_history {
                    self.unannounced = true;
                } else {
                    self.put(event.time, ResultBody::Level1 { quote, facts: None }, out);
                }
            }
            Payload::Facts(_)
            | Payload::Clock
            | Payload::BookLost
            | Payload::Level2(_)
            | Payload::TimeAndSales(_)
            | Payload::News(_) => {
                self.context.meters.unserved.add(1);
            }
        }
    }

    fn put(&self, time: Option<UnixMs>, body: ResultBody, out: &mut Vec<Outcome>) {
        let mut day = *self.ohlcv.day();
        day.volume = match (day.volume, self.level1.session_volume()) {
            (Some(bars), Some(quote)) => Some(bars.max(quote)),
            (bars, quote) => bars.or(quote),
        };
        out.push(Outcome::Result(ResultInstance {
            symbol: self.context.id,
            time,
            body,
            day,
        }));
    }

    fn put_closed(&mut self, partial: bool, out: &mut Vec<Outcome>) {
        for (timeframe, long) in self.ohlcv.take_closed() {
            let time = match self.context.source.bar_stamp {
                crate::domain::source::BarStamp::Start => long.start,
                crate::domain::source::BarStamp::End => long.end,
            };
            let body = ResultBody::Ohlcv {
                bar: long.bar,
                timeframe,
                partial,
            };
            self.put(Some(time), body, out);
        }
    }

    /// The end of a turn: what the board should know beyond the results.
    pub fn finish_turn(&mut self, out: &mut Vec<Outcome>) {
        if self.unannounced {
            self.unannounced = false;
            out.push(self.primed());
        }
        let id = self.context.id;
        self.ohlcv.chart_changes(|timeframe, change| {
            out.push(Outcome::Chart(Box::new(ChartUpdate {
                id,
                timeframe,
                change,
            })));
        });
    }

    fn primed(&self) -> Outcome {
        Outcome::Primed(Box::new(Primed {
            id: self.context.id,
            last: self.level1.last().or(self.ohlcv.last()),
            quote: *self.level1.quote(),
            time: self.time,
            day: *self.ohlcv.day(),
            trend: self.ohlcv.trend(),
        }))
    }

    /// Forgets all data, because a replay jumps.
    pub fn reset(&mut self) {
        self.ohlcv.reset();
        self.level1 = Level1Service::default();
        self.time = None;
        self.unannounced = true;
    }

    /// The source has ended: longer bars that are still open go out as they are.
    pub fn end_of_data(&mut self, out: &mut Vec<Outcome>) {
        self.ohlcv.close_all();
        self.put_closed(true, out);
    }

    /// Which charts the board wants of this symbol.
    pub fn watch_charts(&mut self, timeframes: &[Timeframe]) {
        self.ohlcv.watch_charts(timeframes);
    }

    /// Whether the board wants this symbol's depth and tape.
    pub fn watch_book(&mut self, is_wanted: bool) {
        let _ = is_wanted;
    }

    /// A worker that goes on after a panic, with this one's history and quote.
    pub fn restarted(self) -> Self {
        Self {
            ohlcv: self.ohlcv.restarted(),
            unannounced: true,
            ..self
        }
    }
}
