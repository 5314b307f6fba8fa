#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::HashMap;

use crossbeam_channel::{Receiver, bounded, unbounded};

use super::*;
use crate::domain::bar::Candle;
use crate::domain::clock::ManualClock;
use crate::domain::outcome::{ErrorInstance, ErrorKind, Severity};
use crate::domain::source::{BarStamp, Delivery, Origin, Products, SourceInfo, SourceName};
use crate::domain::symbol::Symbol;
use crate::domain::time::SessionCalendar;
use crate::pipeline::histories::PastBars;
use crate::pipeline::outcome::{ColumnsUpdate, Outcome, Outcomes};
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
    let queue = ColumnQueue::start_on(
        2,
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
        desk.on_close(UnixMs(minute * 60_000), UnixMs(minute * 60_000), Vec::new());
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
    let queue = ColumnQueue::start_on(2, engine, &histories, &clock, &results).unwrap();
    let desk = queue.desk(SymbolId(0), false);
    for minute in 0..3000 {
        desk.on_close(UnixMs(minute), UnixMs(minute), Vec::new());
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

/// One column that comes to an end only when it is let go, and only for symbols with an even number.
struct Stuck {
    entered: Sender<SymbolId>,
    let_go: Receiver<()>,
}

impl ColumnEngine for Stuck {
    fn names(&self) -> Arc<[String]> {
        ["stuck", "one"].map(str::to_owned).into()
    }

    fn evaluate(&self, column: usize, history: &SymbolHistory) -> Result<Option<f64>, String> {
        if column == 0 && history.id.0.is_multiple_of(2) {
            self.entered.send(history.id).unwrap_or_default();
            self.let_go.recv().unwrap_or_default();
        }
        Ok(Some(1.0))
    }
}

/// A queue of columns for so many symbols, and what it tells.
struct Rig {
    clock: Arc<ManualClock>,
    queue: ColumnQueue,
    outcomes: Receiver<Batch>,
}

impl Rig {
    fn new(engine: Arc<dyn ColumnEngine>, threads: usize, symbols: u32) -> Self {
        let clock = Arc::new(ManualClock::at(UnixMs(0)));
        let settings = Arc::new(EngineSettings::default());
        let histories = Arc::new(Histories::new(settings, PastBars::default()));
        for id in 0..symbols {
            let symbol = Symbol::new(&format!("S{id}")).unwrap();
            histories.enter(SymbolId(id), &symbol, &source());
        }
        let (results, outcomes) = unbounded();
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let queue = ColumnQueue::start_on(threads, engine, &histories, &shared, &results).unwrap();
        Self {
            clock,
            queue,
            outcomes,
        }
    }

    fn close(&self, id: u32, minute: i64) {
        let desk = self.queue.desk(SymbolId(id), true);
        desk.on_close(UnixMs(minute * 60_000), UnixMs(minute * 60_000), Vec::new());
    }

    fn next(&self) -> Result<ColumnsUpdate, Box<ErrorInstance>> {
        match self.outcomes.recv_timeout(DEADLINE).unwrap().outcomes {
            Outcomes::One(Outcome::Columns(update)) => Ok(*update),
            Outcomes::One(Outcome::Error(error)) => Err(error),
            other => unreachable!("{other:?}"),
        }
    }

    fn over_budget(&self) {
        self.clock.advance_ms(BUDGET.as_millis() as u64 + 1);
    }
}

#[test]
fn nobody_waits_for_a_column_that_is_over_its_budget() {
    let (sender, entered) = unbounded();
    let (go, let_go) = bounded(0);
    let engine = Stuck {
        entered: sender,
        let_go,
    };
    let rig = Rig::new(Arc::new(engine), 1, 2);
    rig.close(0, 1);
    assert_eq!(entered.recv_timeout(DEADLINE), Ok(SymbolId(0)));
    rig.close(1, 1);
    // It is told while it is still at work, with its place in that bar empty, and the only thread is no longer its own.
    rig.over_budget();
    let error = rig.next().unwrap_err();
    assert!(
        error.message.contains("'stuck': it takes longer"),
        "{error:?}"
    );
    assert_eq!(error.symbol.unwrap().as_str(), "S0");
    let mut values = HashMap::new();
    for _ in 0..2 {
        let update = rig.next().unwrap();
        values.insert(update.id.0, update.values.values.to_vec());
    }
    assert_eq!(values[&0], [None, Some(1.0)]);
    assert_eq!(values[&1], [Some(1.0), Some(1.0)]);
    // What it gives in the end is too late; the next bar is another matter.
    go.send_timeout((), DEADLINE).unwrap();
    rig.close(0, 2);
    assert_eq!(entered.recv_timeout(DEADLINE), Ok(SymbolId(0)));
    go.send_timeout((), DEADLINE).unwrap();
    let update = rig.next().unwrap();
    assert_eq!(update.time, UnixMs(120_000));
    assert_eq!(*update.values.values, [Some(1.0), Some(1.0)]);
}

#[test]
fn a_column_that_never_ends_takes_so_many_threads_and_no_more() {
    const SYMBOLS: u32 = 60;
    let (sender, entered) = unbounded();
    // Dropped at the test's end, which lets all of them go.
    let (_go, let_go) = bounded(0);
    let engine = Stuck {
        entered: sender,
        let_go,
    };
    let rig = Rig::new(Arc::new(engine), 2, SYMBOLS);
    for id in (0..SYMBOLS).filter(|id| id.is_multiple_of(2)) {
        rig.close(id, 1);
    }
    for _ in 0..LOST_MAX / 2 {
        for _ in 0..2 {
            entered.recv_timeout(DEADLINE).unwrap();
        }
        rig.over_budget();
    }
    let (mut told, mut updates) = (Vec::new(), 0);
    while updates < SYMBOLS / 2 {
        match rig.next() {
            Ok(update) => {
                assert_eq!(*update.values.values, [None, Some(1.0)]);
                updates += 1;
            }
            Err(error) => told.push(error),
        }
    }
    assert_eq!(told.len(), LOST_MAX);
    let last = told.pop().unwrap();
    assert!(last.next.unwrap().contains("given up"));
    assert!(told.iter().all(|error| error.next.is_none()));
    assert!(entered.is_empty());
}

#[test]
fn the_bars_of_a_symbol_keep_their_order_whoever_evaluates_them() {
    let (sender, _entered) = unbounded();
    let (go, let_go) = unbounded();
    let engine = Stuck {
        entered: sender,
        let_go,
    };
    let rig = Rig::new(Arc::new(engine), 4, 8);
    for minute in 1..=50 {
        for id in 0..8 {
            go.send(()).unwrap();
            rig.close(id, minute);
        }
    }
    let mut last: HashMap<u32, i64> = HashMap::new();
    for _ in 0..50 * 8 {
        let update = rig.next().unwrap();
        let before = last.insert(update.id.0, update.time.0).unwrap_or(0);
        assert_eq!(update.time.0, before + 60_000);
        assert_eq!(*update.values.values, [Some(1.0), Some(1.0)]);
    }
    assert!(last.values().all(|time| *time == 50 * 60_000));
}
