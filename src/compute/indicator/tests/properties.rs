//! What holds for any bars: step by step is the same as all at once.

use proptest::prelude::*;

use super::batch::batch;
use super::*;

/// How far apart two figures may be, relative to the greater of them and to what they are computed from.
const TOLERANCE: f64 = 1e-9;

fn definitions_of(input: InputKind) -> impl Iterator<Item = &'static Definition> {
    let all = DEFINITIONS.iter().copied();
    all.filter(move |known| known.input == input)
}

/// What the values of an indicator are computed from, as a size: an absolute error is measured by it.
fn scale(name: &str, bars: &[(Candle, UnixMs)]) -> f64 {
    let highest = |figure: fn(&Candle) -> f64| {
        let figures = bars.iter().map(|bar| figure(&bar.0));
        figures.fold(0.0, f64::max)
    };
    match name {
        "obv" => bars.iter().map(|bar| bar.0.volume).sum(),
        "adx" | "cci" | "mfi" | "roc" | "rsi" | "rvol" | "stoch" | "volatility" | "zscore" => 1.0,
        _ => highest(|candle| candle.high),
    }
}

fn assert_equal(name: &str, found: &[Option<f64>], expected: &[Option<f64>], scale: f64) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (one, other) in found.iter().zip(expected) {
        let is_equal = match (one, other) {
            (Some(one), Some(other)) => {
                one.is_finite()
                    && (one - other).abs() <= TOLERANCE * one.abs().max(other.abs()).max(scale)
            }
            (one, other) => one.is_none() && other.is_none(),
        };
        assert!(is_equal, "{name}: {found:?}, in one go {expected:?}");
    }
}

fn run(definition: &Definition, parameters: &[f64], bars: &[(Candle, UnixMs)]) -> Vec<Option<f64>> {
    let mut indicator = (definition.build)(parameters);
    for (candle, session_start) in bars {
        indicator.update(&Input::Bar {
            candle,
            session_start: *session_start,
        });
    }
    let mut values = vec![Some(f64::NAN); definition.outputs.len()];
    indicator.values(&mut values);
    values
}

/// One drawn bar, in ticks.
#[derive(Debug, Clone)]
struct Drawn {
    /// The change of the close, or where it jumps to.
    step: Result<i32, i32>,
    open: i32,
    above: i32,
    below: i32,
    volume: u32,
    /// How many more bars at the same price follow.
    flat: usize,
    begins_session: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let step = prop_oneof![
        8 => (-60..60).prop_map(Ok),
        2 => Just(Ok(0)),
        1 => (1..100_000).prop_map(Err),
    ];
    let volume = prop_oneof![2 => Just(0), 8 => 1_u32..5000, 1 => 1_000_000_000..u32::MAX];
    let flat = prop_oneof![20 => Just(0), 1 => 1_usize..25];
    let begins_session = proptest::bool::weighted(0.05);
    (step, -20..20, 0..30, 0..30, volume, flat, begins_session).prop_map(
        |(step, open, above, below, volume, flat, begins_session)| Drawn {
            step,
            open,
            above,
            below,
            volume,
            flat,
            begins_session,
        },
    )
}

/// Bars at prices from a billionth to ten to the fourteen, with gaps, jumps, halts and several trading days.
fn any_bars() -> impl Strategy<Value = Vec<(Candle, UnixMs)>> {
    // Powers of two, so that equal prices stay equal however they are added up.
    let tick = prop_oneof![Just(-30), Just(-7), Just(0), Just(30)];
    (tick, prop::collection::vec(drawn(), 0..70))
        .prop_map(|(tick, drawn)| bars_of(2.0_f64.powi(tick), &drawn))
}

fn bars_of(tick: f64, drawn: &[Drawn]) -> Vec<(Candle, UnixMs)> {
    let (mut bars, mut minute, mut session, mut price) = (Vec::new(), 0, 0, 2000_i32);
    for one in drawn {
        price = match one.step {
            Ok(step) => (price + step).clamp(1, 100_000),
            Err(jump) => jump,
        };
        if one.begins_session {
            session = minute;
        }
        for at in 0..=one.flat {
            let is_flat = at > 0;
            let open = if is_flat { price } else { price + one.open }.max(1);
            let (above, below) = if is_flat {
                (0, 0)
            } else {
                (one.above, one.below)
            };
            let in_ticks = |ticks: i32| f64::from(ticks) * tick;
            let candle = Candle {
                start: UnixMs(minute * 60_000),
                open: in_ticks(open),
                high: in_ticks(open.max(price) + above),
                low: in_ticks((open.min(price) - below).max(1)),
                close: in_ticks(price),
                volume: f64::from(one.volume),
            };
            bars.push((candle, UnixMs(session * 60_000)));
            minute += 1 + i64::from(one.volume % 5);
        }
    }
    bars
}

/// Numbers for an indicator, as short as its windows may be.
fn short_parameters(definition: &Definition, lengths: &[f64; 3]) -> Vec<f64> {
    let known = definition.parameters.iter().zip(lengths);
    known
        .map(|(parameter, length)| length.max(parameter.min))
        .collect()
}

fn set_of_all(lengths: &[f64; 3]) -> IndicatorSet {
    let specs: Vec<IndicatorSpec> = definitions_of(InputKind::Bars)
        .map(|definition| IndicatorSpec {
            name: definition.name.to_owned(),
            parameters: short_parameters(definition, lengths),
            timeframe: None,
        })
        .collect();
    IndicatorSet::new(&specs).unwrap()
}

/// The bank's values as bits, which are equal only when everything was done the same way.
fn written(bank: &Bank, set: &IndicatorSet) -> Vec<Option<u64>> {
    let mut values = vec![None; set.names().len()];
    bank.write(&mut values);
    values.iter().map(|value| value.map(f64::to_bits)).collect()
}

fn fresh(set: &IndicatorSet, bars: &[(Candle, UnixMs)]) -> Vec<Option<u64>> {
    let mut bank = Bank::of_bars(set, None);
    bank.rebuild(bars.iter().copied());
    written(&bank, set)
}

fn any_lengths() -> impl Strategy<Value = [f64; 3]> {
    prop::array::uniform3((1..12).prop_map(f64::from))
}

fn fed_trade(indicator: &mut dyn Indicator, units: f64, side: Option<Side>) {
    indicator.update(&Input::Trade {
        price: 1.0,
        size: units,
        side,
    });
}

fn side_of(number: u8) -> Option<Side> {
    match number {
        0 => None,
        1 => Some(Side::Buy),
        _ => Some(Side::Sell),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn step_by_step_is_the_same_as_in_one_go(bars in any_bars(), lengths in any_lengths()) {
        for definition in definitions_of(InputKind::Bars) {
            let parameters = short_parameters(definition, &lengths);
            let found = run(definition, &parameters, &bars);
            let expected = batch(definition.name, &parameters, &bars);
            assert_equal(definition.name, &found, &expected, scale(definition.name, &bars));
        }
    }

    #[test]
    fn bars_that_came_again_leave_nothing_behind(
        mut bars in any_bars(),
        again in prop::collection::vec((0_usize..100, 1..100), 0..40),
        older in any::<prop::sample::Index>(),
        lengths in any_lengths(),
    ) {
        prop_assume!(bars.len() > 1);
        let set = set_of_all(&lengths);
        let mut bank = Bank::of_bars(&set, None);
        for at in 0..bars.len() {
            let (last, session) = bars[at];
            for (_, ticks) in again.iter().filter(|(bar, _)| *bar == at) {
                // As it was before it was final.
                let before = Candle { close: last.close * f64::from(*ticks), volume: f64::from(*ticks), ..last };
                if !bank.take(&before, session) {
                    bank.rebuild(bars[..at].iter().copied().chain([(before, session)]));
                }
            }
            if !bank.take(&last, session) {
                bank.rebuild(bars[..=at].iter().copied());
            }
        }
        assert_eq!(written(&bank, &set), fresh(&set, &bars));
        let older = older.index(bars.len() - 1);
        bars[older].0.high *= 2.0;
        assert!(!bank.take(&bars[older].0, bars[older].1));
        bank.rebuild(bars.iter().copied());
        assert_eq!(written(&bank, &set), fresh(&set, &bars));
    }

    #[test]
    fn going_back_is_the_same_as_beginning_anew(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1..100), 1..30),
        appended in 0_usize..90,
        lengths in any_lengths(),
    ) {
        let set = set_of_all(&lengths);
        let mut bars = ordinary_bars(1200, 390);
        let mut bank = Bank::of_bars(&set, None);
        let mut told = 0;
        for (at, ticks) in changes {
            let until = bars.len().min(told + 1 + appended);
            for (candle, session) in &bars[told..until] {
                assert!(bank.take(candle, *session));
            }
            told = until;
            let at = at.index(told);
            bars[at].0.close = f64::from(ticks);
            let oldest = Some(bars[0].0.start);
            let after = bank.rewind(bars[at].0.start, oldest);
            let from = after.map_or(0, |start| (start.0 / 60_000 + 1) as usize);
            prop_assert!(from <= at);
            bank.replay(bars[from..told].iter().copied());
            prop_assert_eq!(written(&bank, &set), fresh(&set, &bars[..told]));
        }
    }

    #[test]
    fn trades_quotes_and_books_are_what_their_newest_say(
        ticks in prop::collection::vec((0_u8..3, 0_u32..50, prop::option::of(1_u32..50)), 1..60),
        length in 1_usize..12,
    ) {
        let parameters = [length as f64];
        let [mut trades, mut quotes, mut books] = ["trade_imbalance", "spread", "book_imbalance"]
            .map(|name| (resolve(&spec(name)).unwrap().1.build)(&parameters));
        for (side, size, ask) in &ticks {
            fed_trade(&mut *trades, f64::from(*size), side_of(*side));
            fed_trade(&mut *trades, f64::NAN, side_of(*side));
            quotes.update(&Input::Quote {
                bid: Some(f64::from(*size)),
                bid_size: None,
                ask: ask.map(f64::from),
                ask_size: None,
            });
            books.update(&Input::Book { bid_units: f64::from(*size), ask_units: f64::from(*side) });
        }
        let mut found = [None; 4];
        trades.values(&mut found[..1]);
        quotes.values(&mut found[1..3]);
        books.values(&mut found[3..]);

        let (mut net, mut all) = (0.0, 0.0);
        for (side, size, _) in ticks.iter().rev().take(length) {
            all += f64::from(*size);
            net += f64::from(*size) * [0.0, 1.0, -1.0][usize::from(*side)];
        }
        let imbalance = (ticks.len() >= length && all > 0.0).then(|| net / all);
        let spread_of = |(_, bid, ask): &(u8, u32, Option<u32>)| {
            ask.map(|ask| f64::from(ask) - f64::from(*bid))
        };
        let spreads: Vec<f64> = ticks.iter().rev().filter_map(spread_of).take(length).collect();
        let average = (spreads.len() == length).then(|| spreads.iter().sum::<f64>() / length as f64);
        let (side, size, _) = ticks[ticks.len() - 1];
        let (side, size) = (f64::from(side), f64::from(size));
        let book = (size + side > 0.0).then(|| (size - side) / (size + side));
        let expected = [imbalance, spread_of(&ticks[ticks.len() - 1]), average, book];
        assert_equal("ticks", &found, &expected, 1.0);
    }
}

#[test]
fn a_change_near_the_end_costs_little_and_earlier_states_are_few() {
    let set = set_of_all(&[3.0, 4.0, 5.0]);
    let bars = ordinary_bars(40_000, 390);
    let mut bank = Bank::of_bars(&set, None);
    bank.rebuild(bars.iter().copied());
    let end = bars.len();
    let oldest = Some(bars[0].0.start);
    let mut replayed_after = |distance: usize, oldest: Option<UnixMs>| {
        let after = bank.rewind(bars[end - distance].0.start, oldest);
        let from = after.map_or(0, |start| (start.0 / 60_000 + 1) as usize);
        bank.replay(bars[from..].iter().copied());
        end - from
    };
    assert_eq!(
        replayed_after(3, oldest),
        end,
        "nothing has been kept until it is needed"
    );
    for distance in [3, 10, 100, 1000, 10_000, 5, 1000, 3] {
        let replayed = replayed_after(distance, oldest);
        assert!(replayed <= 200 + 8 * distance, "{distance}: {replayed}");
    }
    let gone = Some(bars[end - 20].0.start);
    assert_eq!(
        replayed_after(10, gone),
        end,
        "of bars that are gone no state is of use"
    );
    let written = written(&bank, &set);
    assert_eq!(written, fresh(&set, &bars));
}

#[test]
fn units_that_are_not_known_are_none() {
    let set = set_of_all(&[3.0, 4.0, 5.0]);
    let mut bars = ordinary_bars(100, 30);
    let mut unknown = bars.clone();
    for at in (0..100).step_by(3) {
        bars[at].0.volume = 0.0;
        unknown[at].0.volume = f64::NAN;
    }
    assert_eq!(fresh(&set, &unknown), fresh(&set, &bars));
}

#[test]
fn nothing_drifts_in_200_000_bars() {
    let bars = ordinary_bars(200_000, 50_000);
    for definition in definitions_of(InputKind::Bars) {
        let defaults: Vec<f64> = definition.parameters.iter().map(|of| of.default).collect();
        let found = run(definition, &defaults, &bars);
        let expected = batch(definition.name, &defaults, &bars);
        assert!(found.iter().all(Option::is_some), "{}", definition.name);
        assert_equal(
            definition.name,
            &found,
            &expected,
            scale(definition.name, &bars),
        );
    }
}
