#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use crossbeam_channel::bounded;

use super::*;
use crate::domain::bar::Candle;
use crate::domain::clock::ManualClock;
use crate::domain::outcome::Severity;
use crate::domain::source::{BarStamp, Delivery, Origin, Products, SourceInfo, SourceName};
use crate::domain::symbol::Symbol;
use crate::domain::time::SessionCalendar;
use crate::pipeline::histories::PastBars;
use crate::pipeline::outcome::Outcomes;
use crate::pipeline::settings::EngineSettings;

const DEADLINE: Duration = Duration::from_secs(20);

/// Columns of which one counts rows, one is wrong, one takes too long, and one is no number.
struct Columns(Arc<ManualClock>);

impl ColumnEngine for Columns {
    fn names(&self) -> Arc<[String]> {
        ["rows", "wrong", "slow", "nan"].map(str::to_owned).into()
    }

    fn evaluate(&self, column: usize, history: &SymbolHistory) -> Result<Option<f64>, String> {
        match column {
            0 => Ok(Some(history.bars.len() as f64)),
            1 => Err("there is no column 'clsoe'".to_owned()),
            2 => {
                self.0.advance_ms(BUDGET.as_millis() as u64 + 1);
                Ok(Some(1.0))
            }
            _ => Ok(Some(f64::NAN)),
        }
    }
}

fn source() -> Arc<SourceInfo> {
    Arc::new(SourceInfo {
        name: SourceName::new("venue"),
        label: "venue".to_owned(),
        origin: Origin::Live,
        delivery: Delivery::Live,
        has_transport: false,
        bar_stamp: BarStamp::Start,
        calendar: SessionCalendar::UtcDay,
        products: Products::default(),
    })
}

#[test]
fn each_close_gives_values_and_what_fails_is_told_and_given_up() {
    let clock = Arc::new(ManualClock::at(UnixMs(0)));
    let histories = Arc::new(Histories::new(
        Arc::new(EngineSettings::default()),
        PastBars::default(),
    ));
    let kept = histories.enter(SymbolId(0), &Symbol::new("X").unwrap(), &source());
    let (results, outcomes) = bounded(64);
    let queue = ColumnQueue::start(
        Arc::new(Columns(Arc::clone(&clock))),
        &histories,
        &(clock as Arc<dyn Clock>),
        &results,
    )
    .unwrap();
    drop(results);
    let desk = queue.desk(SymbolId(0), false);
    let mut told = Vec::new();
    for minute in 1..=4_i64 {
        kept.insert(Candle {
            start: UnixMs(minute * 60_000),
            open: 1.0,
            high: 1.0,
            low: 1.0,
            close: 1.0,
            volume: 1.0,
        });
        desk.on_close(UnixMs(minute * 60_000));
        loop {
            let batch = outcomes.recv_timeout(DEADLINE).unwrap();
            match batch.outcomes {
                Outcomes::One(Outcome::Error(error)) => told.push(*error),
                Outcomes::One(Outcome::Columns(update)) => {
                    assert_eq!(update.time, UnixMs(minute * 60_000));
                    assert_eq!(update.values.get("rows"), Some(minute as f64));
                    assert_eq!(
                        *update.values.values,
                        [Some(minute as f64), None, None, None]
                    );
                    break;
                }
                other => unreachable!("{other:?}"),
            }
        }
    }
    let of = |name: &str| -> Vec<&ErrorInstance> {
        let has_name = |error: &&ErrorInstance| error.message.contains(name);
        told.iter().filter(has_name).collect()
    };
    for name in ["'wrong'", "'slow'"] {
        let severities: Vec<Severity> = of(name).iter().map(|error| error.severity).collect();
        assert_eq!(
            severities,
            [Severity::Warning, Severity::Warning, Severity::Error],
            "{name}"
        );
        assert!(of(name)[2].next.as_ref().unwrap().contains("given up"));
    }
    assert_eq!(told.len(), 6);
    // The thread ends with the last desk.
    drop((desk, queue));
    assert!(outcomes.recv_timeout(DEADLINE).is_err());
}

#[test]
fn live_bars_without_room_are_left_out_and_told() {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(UnixMs(0)));
    let settings = Arc::new(EngineSettings::default());
    let histories = Arc::new(Histories::new(settings, PastBars::default()));
    let _kept = histories.enter(SymbolId(0), &Symbol::new("X").unwrap(), &source());
    // Nobody takes results, so that the evaluator stands still after the first.
    let (results, outcomes) = bounded(1);
    let engine = Arc::new(Columns(Arc::new(ManualClock::at(UnixMs(0)))));
    let queue = ColumnQueue::start(engine, &histories, &clock, &results).unwrap();
    let desk = queue.desk(SymbolId(0), false);
    for minute in 0..3000 {
        desk.on_close(UnixMs(minute));
    }
    drop((desk, queue, results));
    let (mut evaluated, mut left_out) = (0, 0);
    for batch in &outcomes {
        match batch.outcomes {
            Outcomes::One(Outcome::Columns(_)) => evaluated += 1,
            Outcomes::One(Outcome::Error(error)) if error.kind == ErrorKind::Overload => {
                let count = error.message.split(' ').next().unwrap();
                left_out += count.parse::<usize>().unwrap();
            }
            _ => {}
        }
    }
    assert!(left_out > 1000, "{left_out}");
    assert_eq!(evaluated + left_out, 3000);
}
