#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use proptest::prelude::*;

use super::super::super::outcome::{ChartChange, ChartUpdate};
use super::*;

const ID: SymbolId = SymbolId(3);
const CALENDAR: SessionCalendar = SessionCalendar::UsEquities;
/// 2019-02-13 19:50 in New York: ten minutes before the end of trading, so that days change soon.
const START: UnixMs = UnixMs(1_550_105_400_000);

fn candle(minute: i64, close: f64) -> Candle {
    Candle {
        start: START.plus_ms(minute * 60 * 60_000),
        open: close - 0.5,
        high: close + 1.0,
        low: close - 1.0,
        close,
        volume: 100.0 + close,
    }
}

fn specs(texts: &[&str]) -> Vec<IndicatorSpec> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// Every indicator that there is, with short windows where it takes any.
fn every_indicator() -> Vec<IndicatorSpec> {
    crate::compute::indicator::DEFINITIONS
        .iter()
        .filter(|definition| definition.input == InputKind::Bars)
        .map(|definition| IndicatorSpec {
            name: definition.name.to_owned(),
            parameters: Vec::new(),
            timeframe: None,
        })
        .chain(specs(&["sma(3)"]))
        .collect()
}

fn update(from: i64, candles: Vec<Candle>) -> ChartUpdate {
    ChartUpdate {
        id: ID,
        timeframe: Timeframe::M1,
        change: ChartChange {
            from: candle(from, 0.0).start,
            candles,
        },
    }
}

/// The values of all lines, as computed from the whole of some candles at once.
fn at_once(set: &IndicatorSet, candles: &[Candle]) -> Vec<Vec<Option<f64>>> {
    let mut sessions = SessionFinder::new(CALENDAR);
    let bars: Vec<(Candle, UnixMs)> = candles
        .iter()
        .map(|candle| {
            let session = sessions.session_of(candle.start).unwrap();
            (*candle, session.start)
        })
        .collect();
    Bank::of_bars(set, None).columns(bars.into_iter())
}

fn lines(board: &Board) -> Vec<Vec<Option<f64>>> {
    let studies = board.charts[0].studies.iter();
    studies
        .flat_map(|study| study.lines.iter().map(|line| line.to_vec()))
        .collect()
}

/// What is done to a chart in one step.
#[derive(Debug, Clone)]
enum Step {
    /// So many candles more.
    Append(u8),
    /// The newest is given again, with so many behind it.
    Amend(u8),
    /// So many of the newest go, and so many come in their place.
    Replace(u8, u8),
    /// The indicators change.
    Watch(bool),
    /// Somebody takes a snapshot.
    Hold,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..5_u8).prop_map(Step::Append),
        4 => (0..3_u8).prop_map(Step::Amend),
        1 => ((0..40_u8), (0..9_u8)).prop_map(|(gone, new)| Step::Replace(gone, new)),
        1 => any::<bool>().prop_map(Step::Watch),
        2 => Just(Step::Hold),
    ]
}

proptest! {
    #[test]
    fn lines_equal_the_batch_form_after_any_changes(
        steps in prop::collection::vec(step(), 0..60),
        seed in 0..1000_u32,
    ) {
        let mut board = Board::new(100_000);
        let mut price = f64::from(seed);
        let mut next = || {
            price = (price * 7.3 + 11.0) % 101.0;
            50.0 + price
        };
        let mut minutes: Vec<Candle> = Vec::new();
        let mut held = Vec::new();
        let all = every_indicator();
        prop_assert!(board.watch_indicators(all.clone()).is_empty());
        let mut set = IndicatorSet::new(&all).unwrap();
        board.chart(update(0, Vec::new()), CALENDAR);
        for step in steps {
            let (gone, new) = match step {
                Step::Append(new) => (0, usize::from(new)),
                Step::Amend(more) => (1, 1 + usize::from(more)),
                Step::Replace(gone, new) => (usize::from(gone), usize::from(new)),
                Step::Hold => {
                    held.push((board.charts.clone(), lines(&board)));
                    continue;
                }
                Step::Watch(few) => {
                    let wanted = if few { specs(&["sma(5)"]) } else { all.clone() };
                    prop_assert!(board.watch_indicators(wanted.clone()).is_empty());
                    set = IndicatorSet::new(&wanted).unwrap();
                    (0, 0)
                }
            };
            minutes.truncate(minutes.len().saturating_sub(gone));
            let from = minutes.len() as i64;
            let added: Vec<Candle> = (from..from + new as i64).map(|at| candle(at, next())).collect();
            minutes.extend(&added);
            board.chart(update(from, added), CALENDAR);
            prop_assert_eq!(lines(&board), at_once(&set, &minutes));
        }
        for (charts, before) in held {
            let now: Vec<_> = charts[0].studies.iter().flat_map(|study| study.lines.iter()).collect();
            prop_assert!(now.iter().zip(&before).all(|(now, before)| ***now == *before), "a snapshot stays");
        }
    }
}

#[test]
fn a_full_chart_loses_its_oldest_values_and_keeps_the_others() {
    let mut board = Board::new(50);
    let all = every_indicator();
    board.watch_indicators(all.clone());
    let set = IndicatorSet::new(&all).unwrap();
    let minutes: Vec<Candle> = (0..200)
        .map(|at| candle(at, 100.0 + (at * 7 % 13) as f64))
        .collect();
    for (at, minute) in minutes.iter().enumerate() {
        board.chart(update(at as i64, vec![*minute]), CALENDAR);
        let expected: Vec<Vec<Option<f64>>> = at_once(&set, &minutes[..=at])
            .into_iter()
            .map(|line| line[line.len().saturating_sub(50)..].to_vec())
            .collect();
        assert_eq!(lines(&board), expected, "{at}");
    }
}

#[test]
fn each_that_cannot_be_had_is_told_of_and_the_others_are_there() {
    let mut board = Board::new(100);
    board.chart(update(0, vec![candle(0, 1.0), candle(1, 2.0)]), CALENDAR);
    let errors = board.watch_indicators(specs(&["smaa(3)", "sma(2)@5m", "sma(0)", "sma(2)"]));
    let messages: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0].contains("did you mean 'sma'"), "{messages:?}");
    let chart = &board.charts[0];
    assert_eq!(chart.studies.len(), 1, "a timeframe says nothing here");
    assert_eq!(chart.studies[0].column.key, "sma_2");
    assert_eq!(*chart.studies[0].lines[0], [None, Some(1.5)]);
    board.watch_indicators(Vec::new());
    assert!(board.charts[0].studies.is_empty());
}

#[test]
fn a_chart_that_is_watched_again_begins_anew() {
    let mut board = Board::new(100);
    board.watch_indicators(specs(&["sma(2)"]));
    board.chart(update(0, vec![candle(0, 1.0), candle(1, 2.0)]), CALENDAR);
    board.keep_charts(&[]);
    board.chart(update(0, vec![candle(0, 5.0), candle(1, 7.0)]), CALENDAR);
    assert_eq!(lines(&board), [[None, Some(6.0)]]);
}
