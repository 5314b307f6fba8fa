//! The board: folds what comes out of the engine into what can be seen.

mod errors;
mod news;
mod studies;

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::domain::bar::Candle;
use crate::domain::clock::Nanos;
use crate::domain::indicator::IndicatorValues;
use crate::domain::outcome::{LastPrice, ResultBody, ResultInstance};
use crate::domain::source::SourceName;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};
use crate::domain::to_f64;

use super::export::Word;
use super::outcome::{ChartUpdate, DayAfter, Moved, Primed, TapeUpdate};
use super::question::AnswerView;
use super::snapshot::{
    ChartView, DepthView, Direction, ErrorRow, NewsRow, Row, RowState, Rows, TapeView,
};

/// Trades that the board keeps of a tape.
pub(super) const TAPE_ROWS_MAX: usize = 5000;

/// What makes two errors the same one.
type ErrorIdentity = (
    crate::domain::outcome::ErrorKind,
    Option<SourceName>,
    Option<Symbol>,
    String,
);

/// The part of the read model that results and errors change.
#[derive(Debug, Default)]
pub(crate) struct Board {
    pub rows: Rows,
    pub errors: Arc<Vec<ErrorRow>>,
    pub errors_total: u64,
    pub charts: Vec<Arc<ChartView>>,
    pub depths: Vec<Arc<DepthView>>,
    pub tapes: Vec<Arc<TapeView>>,
    /// Whose depth and tape are wanted.
    books_wanted: Vec<SymbolId>,
    pub news: Arc<Vec<NewsRow>>,
    /// What a person was told last.
    pub word: Option<Arc<Word>>,
    /// The last question, and its answer.
    pub answer: Option<Arc<AnswerView>>,
    pub results_total: u64,
    next_news: u64,
    /// The bars of symbols whose source gives none of one minute.
    intervals: FxHashMap<SymbolId, Timeframe>,
    next_error: u64,
    known_errors: FxHashMap<ErrorIdentity, u64>,
    chart_rows_max: usize,
    studies: studies::Studies,
}

impl Board {
    /// An empty board whose charts keep `chart_rows_max` candles.
    pub fn new(chart_rows_max: usize) -> Self {
        Self {
            chart_rows_max,
            ..Self::default()
        }
    }

    /// Takes over a result.
    pub fn result(&mut self, result: &ResultInstance, now: Nanos) {
        self.results_total += 1;
        let Some(row) = self.rows.get_mut(result.symbol) else {
            return;
        };
        row.results += 1;
        touch(row, result.time);
        set_last(row, result.last, now);
        match &result.body {
            ResultBody::Ohlcv {
                bar,
                timeframe,
                indicators,
                ..
            } => {
                row.indicators.clone_from(indicators);
                let is_longer = *timeframe != Timeframe::M1
                    && self.intervals.get(&result.symbol) != Some(timeframe);
                if let Some(close) = bar.close.filter(|_| !is_longer) {
                    row.trend.push_bar(result.time, to_f64(close) as f32);
                }
            }
            ResultBody::Level1 { quote, facts } => {
                row.facts.clone_from(facts);
                row.bid = quote.bid;
                row.bid_size = quote.bid_size;
                row.ask = quote.ask;
                row.ask_size = quote.ask_size;
            }
            ResultBody::Level2(_) | ResultBody::TimeAndSales(_) | ResultBody::News(_) => {}
        }
    }

    /// Notes the length of a symbol's bars.
    pub fn set_interval(&mut self, id: SymbolId, interval: Timeframe) {
        if interval != Timeframe::M1 {
            self.intervals.insert(id, interval);
        }
    }

    /// Takes over where trades have taken a symbol.
    pub fn moved(&mut self, moved: &Moved, now: Nanos) {
        if let Some(row) = self.rows.get_mut(moved.id) {
            touch(row, moved.time);
            set_last(row, moved.last, now);
        }
    }

    /// Takes over a symbol's trading day.
    pub fn day(&mut self, after: &DayAfter) {
        if let Some(row) = self.rows.get_mut(after.id) {
            row.day = after.day;
        }
    }

    /// Takes over indicators that have moved without a bar.
    pub fn indicators(&mut self, id: SymbolId, values: Arc<IndicatorValues>) {
        if let Some(row) = self.rows.get_mut(id) {
            row.indicators = Some(values);
        }
    }

    /// Forgets a symbol.
    pub fn remove(&mut self, id: SymbolId) {
        self.rows.remove(id);
        self.charts.retain(|chart| chart.symbol != id);
        self.studies.retain(|symbol, _| symbol != id);
        self.depths.retain(|depth| depth.symbol != id);
        self.tapes.retain(|tape| tape.symbol != id);
        self.intervals.remove(&id);
        self.forget_news_of(id);
    }

    /// Keeps the depths and tapes that are wanted; the others go, and new ones appear when their data comes.
    pub fn keep_books(&mut self, wanted: &[SymbolId]) {
        self.depths.retain(|depth| wanted.contains(&depth.symbol));
        self.tapes.retain(|tape| wanted.contains(&tape.symbol));
        self.books_wanted = wanted.to_vec();
    }

    /// Takes over a book.
    pub fn depth(&mut self, view: DepthView) {
        if !self.books_wanted.contains(&view.symbol) {
            // It was under way when it ceased to be wanted.
            return;
        }
        match self
            .depths
            .iter_mut()
            .find(|depth| depth.symbol == view.symbol)
        {
            Some(known) => *known = Arc::new(view),
            None => self.depths.push(Arc::new(view)),
        }
    }

    /// Takes over what is new on a tape.
    pub fn tape(&mut self, update: TapeUpdate) {
        let TapeUpdate { id, is_whole, rows } = update;
        if !self.books_wanted.contains(&id) {
            return;
        }
        let at = if let Some(at) = self.tapes.iter().position(|tape| tape.symbol == id) {
            at
        } else {
            self.tapes.push(Arc::new(TapeView {
                symbol: id,
                rows: Arc::default(),
            }));
            self.tapes.len() - 1
        };
        let known = Arc::make_mut(&mut Arc::make_mut(&mut self.tapes[at]).rows);
        if is_whole {
            known.clear();
        }
        for row in rows {
            match known.binary_search_by_key(&row.number, |known| known.number) {
                Ok(place) => known[place] = row,
                Err(place) => known.insert(place, row),
            }
        }
        let excess = known.len().saturating_sub(TAPE_ROWS_MAX);
        known.drain(..excess);
    }

    /// Takes over where history has brought a symbol. The price did not move: it only became known.
    pub fn primed(&mut self, primed: &Primed) {
        let Some(row) = self.rows.get_mut(primed.id) else {
            return;
        };
        row.last = primed.last;
        row.bid = primed.quote.bid;
        row.bid_size = primed.quote.bid_size;
        row.ask = primed.quote.ask;
        row.ask_size = primed.quote.ask_size;
        row.facts.clone_from(&primed.facts);
        row.day = primed.day;
        row.trend = primed.trend;
        row.indicators.clone_from(&primed.indicators);
        row.updated = primed.time;
        row.direction = Direction::Unchanged;
        if row.state != RowState::Quarantined {
            row.state = if primed.last.is_some() || primed.time.is_some() {
                RowState::Active
            } else {
                without_data(row)
            };
        }
    }

    /// Marks a symbol as stopped, or as running again.
    pub fn quarantine(&mut self, id: SymbolId, is_quarantined: bool) {
        if let Some(row) = self.rows.get_mut(id) {
            row.state = match (is_quarantined, row.updated) {
                (true, _) => RowState::Quarantined,
                (false, Some(_)) => RowState::Active,
                (false, None) => without_data(row),
            };
        }
    }

    /// Keeps the charts that are wanted; the others go, and new ones appear when their data comes.
    pub fn keep_charts(&mut self, wanted: &[(SymbolId, Timeframe)]) {
        self.charts
            .retain(|chart| wanted.contains(&(chart.symbol, chart.timeframe)));
        self.studies
            .retain(|id, timeframe| wanted.contains(&(id, timeframe)));
    }

    /// Takes over a change of a chart.
    pub fn chart(&mut self, update: ChartUpdate, calendar: SessionCalendar) {
        let ChartUpdate {
            id,
            timeframe,
            change,
        } = update;
        let known = self
            .charts
            .iter()
            .position(|chart| chart.symbol == id && chart.timeframe == timeframe);
        let at = known.unwrap_or_else(|| {
            self.charts.push(Arc::new(ChartView {
                symbol: id,
                timeframe,
                calendar,
                candles: Arc::default(),
                studies: Vec::new(),
            }));
            self.charts.len() - 1
        });
        let chart = Arc::make_mut(&mut self.charts[at]);
        let candles: &mut Vec<Candle> = Arc::make_mut(&mut chart.candles);
        let kept = candles.partition_point(|candle| candle.start < change.from);
        let removed = candles.len() - kept;
        let removed_start = candles.last().map(|candle| candle.start);
        candles.truncate(kept);
        candles.extend(change.candles);
        let cut = candles.len().saturating_sub(self.chart_rows_max);
        candles.drain(..cut);
        let change = studies::Change {
            kept,
            removed,
            removed_start,
            cut,
        };
        self.studies.follow(chart, change);
    }
}

fn without_data(row: &Row) -> RowState {
    match row.refusal {
        Some(_) => RowState::Refused,
        None => RowState::Waiting,
    }
}

fn touch(row: &mut Row, time: Option<UnixMs>) {
    if matches!(row.state, RowState::Waiting | RowState::Refused) {
        row.state = RowState::Active;
        row.refusal = None;
    }
    row.updated = row.updated.max(time);
}

fn set_last(row: &mut Row, last: LastPrice, now: Nanos) {
    let price = match last {
        LastPrice::Unchanged => return,
        LastPrice::Is(price) => price,
        LastPrice::Gone => {
            row.last = None;
            row.direction = Direction::Unchanged;
            return;
        }
    };
    row.direction = match row.last.map(|before| price.cmp(&before)) {
        Some(Ordering::Greater) => Direction::Up,
        Some(Ordering::Less) => Direction::Down,
        Some(Ordering::Equal) | None => Direction::Unchanged,
    };
    if row.direction != Direction::Unchanged {
        row.price_changed = now;
    }
    row.last = Some(price);
}
