//! The person's own columns along with bars that grow, come late and are corrected; and what is kept of the indicators.

use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};

use crate::compute::indicator::{IndicatorPlan, IndicatorRule};
use crate::domain::clock::{Clock, ManualClock};
use crate::pipeline::columns::{ColumnEngine, ColumnQueue};
use crate::pipeline::histories::SymbolHistory;
use crate::pipeline::outcome::{Batch, ColumnsUpdate, Outcomes};

use super::*;

const DEADLINE: Duration = Duration::from_secs(20);

/// Gives what is kept of the indicators at the newest bar that there is, under their names.
struct Kept(Arc<[String]>);

impl ColumnEngine for Kept {
    fn names(&self) -> Arc<[String]> {
        Arc::clone(&self.0)
    }

    fn evaluate(&self, column: usize, history: &SymbolHistory) -> Result<Option<f64>, String> {
        let newest = history.bars.candles().next_back().unwrap().start;
        for recent in &history.recent {
            let place = recent.values.places().iter().position(|it| *it == column);
            let Some(place) = place else { continue };
            let length = recent.timeframe.map_or(0, |it| it.ms() - MINUTE_MS);
            let rows = recent.values.rows();
            let seen = rows.filter(|(start, _)| start.0 + length <= newest.0);
            let value = seen.last().map(|(_, values)| values[place]);
            return Ok(value.filter(|value| value.is_finite()));
        }
        Ok(None)
    }
}

/// A worker with these indicators, and what is told of its columns.
pub(super) fn rig(specs: &[&str], products: Products) -> (SymbolWorker, Receiver<Batch>) {
    let rule = |text: &&str| IndicatorRule::of_all(text.parse().unwrap());
    let plan = IndicatorPlan::new(specs.iter().map(rule).collect());
    let engine = Kept(plan.whole().names().flat().into());
    let settings = EngineSettings {
        indicators: plan,
        ..EngineSettings::default()
    };
    let context = worker_of(products, settings).context;
    let histories = Arc::new(Histories::new(
        Arc::clone(&context.settings),
        PastBars::default(),
    ));
    let history = histories.enter(SymbolId(0), &context.symbol, &context.source);
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(UnixMs(0)));
    let (results, outcomes) = unbounded();
    let queue = ColumnQueue::start(Arc::new(engine), &histories, &clock, &results).unwrap();
    let worker = SymbolWorker::new(WorkerContext {
        history,
        columns: Some(queue.desk(SymbolId(0), true)),
        ..context
    });
    (worker, outcomes)
}

fn next(outcomes: &Receiver<Batch>) -> ColumnsUpdate {
    match outcomes.recv_timeout(DEADLINE).unwrap().outcomes {
        Outcomes::One(Outcome::Columns(update)) => *update,
        other => unreachable!("{other:?}"),
    }
}

/// The minute that columns were evaluated for, and the first of them.
fn first(outcomes: &Receiver<Batch>) -> (i64, Option<f64>) {
    let update = next(outcomes);
    let minute = (update.time.0 - 86_400_000) / MINUTE_MS;
    (minute, update.values.values[0])
}

pub(super) fn bar(close: i64) -> Payload {
    let price = Some(Decimal::from(close));
    Payload::Ohlcv(Ohlcv {
        open: price,
        high: price,
        low: price,
        close: price,
        volume: Some(1.into()),
    })
}

fn values(out: &[Outcome]) -> Vec<Option<f64>> {
    let of_result = |outcome: &Outcome| match outcome {
        Outcome::Result(ResultInstance {
            body: ResultBody::Ohlcv { indicators, .. },
            ..
        }) => indicators.clone(),
        _ => None,
    };
    out.iter().find_map(of_result).unwrap().values.to_vec()
}

#[test]
fn columns_see_the_indicators_of_the_results() {
    let specs = [
        "sma(3)",
        "ema(600)",
        "obv",
        "vwap",
        "sma(2)@5m",
        "sma(2)@1m",
    ];
    let (mut worker, outcomes) = rig(&specs, Products::default());
    let mut minutes: Vec<i64> = (0..700).collect();
    // Some are missing, so that longer bars close late.
    minutes.retain(|minute| minute % 17 != 4);
    for minute in minutes {
        let out = give(&mut worker, minute * 60, bar(100 + minute * 7 % 13));
        let update = next(&outcomes);
        assert_eq!(update.values.values.to_vec(), values(&out), "{minute}");
    }
    // A correction: of its own bar first, then of the newest.
    let out = give(&mut worker, 695 * 60, bar(500));
    assert_eq!(first(&outcomes).0, 695);
    let update = next(&outcomes);
    assert_eq!(update.values.values.to_vec(), values(&out));
    let out = give(&mut worker, 700 * 60, bar(100));
    assert_eq!(next(&outcomes).values.values.to_vec(), values(&out));
    // One of long ago changes what is known of the newest alone.
    let out = give(&mut worker, 60, bar(500));
    let update = next(&outcomes);
    assert_eq!(update.time.0, 86_400_000 + 700 * MINUTE_MS);
    assert_eq!(update.values.values.to_vec(), values(&out));
}

#[test]
fn a_bar_that_grows_is_evaluated_once_it_is_over() {
    let products = Products {
        bars_grow: true,
        ..Products::default()
    };
    let (mut worker, outcomes) = rig(&["sma(1)"], products);
    for (minute, close) in [
        (0, 1),
        (0, 2),
        (0, 3),
        (1, 4),
        (1, 5),
        (0, 7),
        (1, 6),
        (2, 8),
    ] {
        give(&mut worker, minute * 60, bar(close));
    }
    give(&mut worker, 180, Payload::Clock);
    for (minute, close) in [(2, 9), (3, 10)] {
        give(&mut worker, minute * 60, bar(close));
    }
    worker.end_of_data(&mut Vec::new());
    drop(worker);
    let mut told = Vec::new();
    for _ in 0..6 {
        told.push(first(&outcomes));
    }
    // Minute 0 as it ended, then its correction; minute 1 as it ended; minute 2 by the clock, then its correction.
    let expected = [
        (0, Some(3.0)),
        (0, Some(7.0)),
        (1, Some(6.0)),
        (2, Some(8.0)),
        (2, Some(9.0)),
        (3, Some(10.0)),
    ];
    assert_eq!(told, expected);
    assert!(outcomes.recv_timeout(DEADLINE).is_err(), "nothing else");
}

#[test]
fn a_bar_that_was_growing_when_a_replay_jumped_is_not_evaluated_behind_it() {
    let products = Products {
        bars_grow: true,
        ..Products::default()
    };
    let (mut worker, outcomes) = rig(&["sma(1)"], products);
    give(&mut worker, 0, bar(1));
    give(&mut worker, 60, bar(2));
    for minute in 1..4 {
        let mut event = Event {
            symbol: SymbolId(0),
            time: Some(UnixMs(86_400_000 + minute * MINUTE_MS)),
            payload: bar(3),
        };
        worker.take(&mut event, true, &mut Vec::new());
    }
    give(&mut worker, 4 * 60, bar(5));
    give(&mut worker, 5 * 60, bar(6));
    assert_eq!(first(&outcomes), (0, Some(1.0)));
    assert_eq!(first(&outcomes), (4, Some(5.0)));
}

#[test]
fn a_bar_that_came_whole_is_evaluated_at_once_and_again_when_it_is_corrected() {
    let (mut worker, outcomes) = rig(&["sma(1)"], Products::default());
    for (minute, close) in [(0, 1), (1, 2), (1, 3), (0, 4)] {
        give(&mut worker, minute * 60, bar(close));
    }
    let told: Vec<_> = (0..5).map(|_| first(&outcomes)).collect();
    let expected = [
        (0, Some(1.0)),
        (1, Some(2.0)),
        (1, Some(3.0)),
        (0, Some(4.0)),
        (1, Some(3.0)),
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_quotes_say_is_kept_with_each_bar() {
    let specs = ["sma(1)", "spread(2)"];
    let (mut worker, _outcomes) = rig(&specs, Products::default());
    let quote = |ask: i64| {
        Payload::Level1(Level1 {
            bid: Some(10.into()),
            ask: Some(ask.into()),
            ..Level1::default()
        })
    };
    let mut told = Vec::new();
    for minute in 0..4 {
        give(&mut worker, minute * 60, quote(11 + minute));
        let out = give(&mut worker, minute * 60, bar(10));
        told.push(values(&out)[1]);
    }
    assert_eq!(told.last(), Some(&Some(4.0)));
    let kept = worker.context.history.snapshot().at_close;
    let first: Vec<f64> = kept[0]
        .parts()
        .iter()
        .flat_map(|part| part.column(0).to_vec())
        .collect();
    assert_eq!(first.into_iter().map(Some).collect::<Vec<_>>(), told);
    worker.reset();
    assert!(worker.context.history.snapshot().at_close[0].is_empty());
}
