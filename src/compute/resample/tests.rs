#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::domain::Decimal;

use super::*;

const CALENDAR: SessionCalendar = SessionCalendar::UsEquities;

fn at(clock: &str) -> UnixMs {
    UnixMs::from_local(
        format!("2019-02-13T{clock}:00").parse().unwrap(),
        CALENDAR.zone(),
    )
    .unwrap()
}

fn minute(price: i64, volume: i64) -> Ohlcv {
    let price = Some(Decimal::new(price, 2));
    Ohlcv {
        open: price,
        high: price,
        low: price,
        close: price,
        volume: Some(Decimal::from(volume)),
    }
}

fn feed(resampler: &mut Resampler, minutes: &[(&str, i64)]) -> Vec<(String, Ohlcv)> {
    let mut sessions = SessionFinder::new(CALENDAR);
    let mut out = Vec::new();
    for &(clock, price) in minutes {
        let start = at(clock);
        let session = sessions.session_of(start).unwrap();
        let _is_in = resampler.push(
            (start, start.plus_ms(MINUTE_MS)),
            &minute(price, 10),
            &session,
            true,
            &mut |long| {
                out.push((
                    long.start.new_york().unwrap().format("%H:%M").to_string(),
                    long.bar,
                ));
            },
        );
    }
    out
}

#[test]
fn a_bar_closes_with_its_last_minute_or_with_the_next_interval() {
    let mut resampler = Resampler::new(Timeframe::M5, false);
    let out = feed(
        &mut resampler,
        &[
            ("09:30", 100),
            ("09:31", 105),
            ("09:32", 95),
            ("09:33", 99),
            ("09:34", 101),
            ("09:35", 102),
            ("09:41", 90),
        ],
    );
    assert_eq!(out.len(), 2);
    assert_eq!(out[0].0, "09:30");
    assert_eq!(
        out[0].1,
        Ohlcv {
            open: minute(100, 0).open,
            high: minute(105, 0).high,
            low: minute(95, 0).low,
            close: minute(101, 0).close,
            volume: Some(Decimal::from(50))
        }
    );
    assert_eq!(out[1].0, "09:35", "closed by a minute of a later interval");
}

#[test]
fn repeated_minutes_replace_and_late_ones_are_placed() {
    let mut resampler = Resampler::new(Timeframe::M5, false);
    let out = feed(
        &mut resampler,
        &[
            ("09:30", 100),
            ("09:32", 103),
            ("09:31", 200),
            ("09:32", 104),
            ("09:34", 101),
            ("09:33", 999),
        ],
    );
    assert_eq!(out.len(), 2, "09:33 came late: the bar is given anew");
    assert_eq!(
        out[0].1.volume,
        Some(Decimal::from(40)),
        "09:32 counts once"
    );
    assert_eq!(out[0].1.high, Some(Decimal::new(200, 2)));
    assert_eq!(out[1].1.volume, Some(Decimal::from(50)));
    assert_eq!(out[1].1.high, Some(Decimal::new(999, 2)));
    assert_eq!(out[1].1.close, out[0].1.close);
}

#[test]
fn a_minute_of_a_passed_interval_does_not_touch_the_open_one() {
    let mut resampler = Resampler::new(Timeframe::M5, false);
    let out = feed(
        &mut resampler,
        &[
            ("09:45", 15),
            ("09:37", 7),
            ("09:46", 16),
            ("09:47", 17),
            ("09:48", 18),
            ("09:49", 19),
        ],
    );
    assert_eq!(out.len(), 1);
    assert_eq!(out[0].0, "09:45");
    assert_eq!(out[0].1.open, minute(15, 0).open);
    assert_eq!(out[0].1.volume, Some(Decimal::from(50)));
}

#[test]
fn days_do_not_run_into_one_another() {
    let bars: Vec<Candle> = [
        "2019-02-13T15:58:00",
        "2019-02-13T15:59:00",
        "2019-02-14T09:30:00",
    ]
    .iter()
    .map(|text| Candle {
        start: UnixMs::from_local(text.parse().unwrap(), CALENDAR.zone()).unwrap(),
        open: 1.0,
        high: 2.0,
        low: 0.5,
        close: 1.5,
        volume: 3.0,
    })
    .collect();
    let days = candles(
        bars.iter(),
        Timeframe::D1,
        &mut SessionFinder::new(CALENDAR),
    );
    assert_eq!(
        days.iter().map(|day| day.volume).collect::<Vec<_>>(),
        [6.0, 3.0]
    );
    let hours = candles(
        bars.iter(),
        Timeframe::H1,
        &mut SessionFinder::new(CALENDAR),
    );
    assert_eq!(
        hours[1].start.new_york().unwrap().to_string(),
        "2019-02-14 09:00:00 EST"
    );
}

#[test]
fn where_minutes_grow_a_bar_closes_with_a_later_minute_or_by_the_clock() {
    let mut resampler = Resampler::new(Timeframe::M5, true);
    let growing = [("09:33", 99), ("09:34", 101), ("09:34", 102)];
    assert_eq!(feed(&mut resampler, &growing), []);
    let out = feed(&mut resampler, &[("09:36", 90), ("09:36", 91)]);
    assert_eq!((out.len(), out[0].0.as_str()), (1, "09:30"));
    assert_eq!(out[0].1.close, minute(102, 0).close);
    let mut closed = Vec::new();
    for clock in ["09:36", "09:39", "09:40", "09:41"] {
        resampler.clock(at(clock), &mut |long| closed.push((clock, long.bar.close)));
    }
    assert_eq!(closed, [("09:40", minute(91, 0).close)]);
    let late = feed(&mut resampler, &[("09:39", 95), ("09:39", 95)]);
    assert_eq!(late.len(), 1, "it is given anew: {late:?}");
    assert_eq!(late[0].1.volume, Some(Decimal::from(20)));
}

/// Minutes at times of one zone, each with one price and a volume of 10; the bars in words.
fn told(resampler: &mut Resampler, minutes: &[(&str, i64)]) -> Vec<String> {
    let mut sessions = SessionFinder::new(CALENDAR);
    let mut out = Vec::new();
    for &(time, price) in minutes {
        let start = UnixMs::from_local(format!("{time}:00").parse().unwrap(), CALENDAR.zone());
        let start = start.unwrap();
        let session = sessions.session_of(start).unwrap();
        let end = start.plus_ms(MINUTE_MS);
        let mut tell = |long: LongBar| out.push(in_words(&long));
        if !resampler.push((start, end), &minute(price, 10), &session, true, &mut tell) {
            out.push(format!("beyond {time}"));
        }
    }
    out
}

fn in_words(long: &LongBar) -> String {
    let cents = |price: Option<Decimal>| (price.unwrap() * Decimal::from(100)).normalize();
    let bar = &long.bar;
    let prices = [bar.open, bar.high, bar.low, bar.close].map(cents);
    let time = long.start.new_york().unwrap().format("%dT%H:%M");
    let [open, high, low, close] = prices;
    format!(
        "{time} {open} {high} {low} {close} x{}",
        bar.volume.unwrap()
    )
}

#[test]
fn a_bar_is_given_again_when_a_minute_of_it_is_corrected() {
    let mut resampler = Resampler::new(Timeframe::M5, false);
    let out = told(
        &mut resampler,
        &[
            ("2019-02-13T09:30", 10),
            ("2019-02-13T09:34", 12),
            ("2019-02-13T09:36", 20),
        ],
    );
    assert_eq!(out, ["13T09:30 10 12 10 12 x20"]);
    let again = told(&mut resampler, &[("2019-02-13T09:34", 12)]);
    assert_eq!(again, [""; 0], "the same figures");
    let corrected = told(
        &mut resampler,
        &[("2019-02-13T09:30", 15), ("2019-02-13T09:32", 9)],
    );
    assert_eq!(
        corrected,
        ["13T09:30 15 15 12 12 x20", "13T09:30 15 15 9 12 x30"]
    );
    // The open bar goes on as if nothing had been.
    let next = told(&mut resampler, &[("2019-02-13T09:39", 21)]);
    assert_eq!(next, ["13T09:35 20 21 20 21 x20"]);
    let both = told(
        &mut resampler,
        &[("2019-02-13T09:34", 11), ("2019-02-13T09:39", 22)],
    );
    assert_eq!(
        both,
        ["13T09:30 15 15 9 11 x30", "13T09:35 20 22 20 22 x20"]
    );
    let mut empty = Vec::new();
    let start = UnixMs::from_local("2019-02-13T09:36:00".parse().unwrap(), CALENDAR.zone());
    let (start, none) = (start.unwrap(), Ohlcv::default());
    let session = CALENDAR.session_of(start).unwrap();
    let end = start.plus_ms(MINUTE_MS);
    let mut tell = |long: LongBar| empty.push(in_words(&long));
    assert!(resampler.push((start, end), &none, &session, true, &mut tell));
    assert_eq!(
        empty,
        ["13T09:35 22 22 22 22 x10"],
        "a minute that is taken out"
    );
}

#[test]
fn what_is_kept_for_corrections_has_a_bound() {
    let mut resampler = Resampler::new(Timeframe::M5, false);
    let time = |minute: usize| format!("2019-02-13T{:02}:{:02}", 4 + minute / 60, minute % 60);
    for at in 0..600 {
        told(&mut resampler, &[(&time(at), 10)]);
        assert!(resampler.past.len() <= KEPT_MINUTES_MIN);
        let kept: usize = resampler.closed.iter().map(|bar| bar.kept).sum();
        assert_eq!(resampler.past.len(), kept);
    }
    let beyond = |minute: usize| [format!("beyond {}", time(minute))];
    assert_eq!(told(&mut resampler, &[(&time(584), 11)]), beyond(584));
    assert_eq!(
        told(&mut resampler, &[(&time(585), 11)]),
        ["13T13:45 11 11 10 10 x50"]
    );

    let mut day = Resampler::new(Timeframe::D1, false);
    for at in 0..600 {
        told(&mut day, &[(&time(at), 10)]);
    }
    let next_day = told(&mut day, &[("2019-02-14T09:30", 30)]);
    assert_eq!(next_day, ["13T04:00 10 10 10 10 x6000"]);
    assert_eq!(day.past.len(), KEPT_MINUTES_MAX);
    assert_eq!(
        told(&mut day, &[(&time(540), 11)]),
        ["13T04:00 10 11 10 10 x6000"],
        "exact, with what the older ones have added up to"
    );
    assert_eq!(told(&mut day, &[(&time(539), 11)]), beyond(539));
    assert_eq!(
        told(&mut day, &[(&time(541), 11)]),
        beyond(541),
        "with one of its minutes unknown, the bar is"
    );
    // Bars that do not keep to minutes are no way to fill the memory.
    let session = CALENDAR.session_of(at("13:59")).unwrap();
    for ms in 0..1000 {
        let start = at("13:59").plus_ms(ms);
        let span = (start, start.plus_ms(1));
        let _is_in = day.push(span, &minute(10, 1), &session, true, &mut |_| {});
        assert!(day.past.len() <= PAST_MAX);
    }
}

#[test]
fn corrections_reach_over_the_end_of_a_day() {
    let evening = [("2019-02-13T15:30", 10), ("2019-02-13T19:59", 12)];
    let mut day = Resampler::new(Timeframe::D1, false);
    assert_eq!(told(&mut day, &evening), ["13T04:00 10 12 10 12 x20"]);
    assert_eq!(
        told(&mut day, &[("2019-02-13T20:05", 13)]),
        ["13T04:00 10 13 10 13 x30"],
        "after hours it is the same day"
    );
    let next = [("2019-02-14T03:59", 20), ("2019-02-14T09:30", 21)];
    assert_eq!(told(&mut day, &next), [""; 0]);
    assert_eq!(
        told(&mut day, &[("2019-02-13T15:30", 9)]),
        ["13T04:00 9 13 9 13 x30"]
    );
    assert_eq!(
        told(&mut day, &[("2019-02-14T19:59", 22)]),
        ["14T04:00 20 22 20 22 x30"]
    );
    assert_eq!(
        told(&mut day, &[("2019-02-14T03:59", 19)]),
        ["14T04:00 19 22 19 22 x30"],
        "a minute before the hours too"
    );

    let mut hours = Resampler::new(Timeframe::H1, false);
    let mut evening = told(&mut hours, &evening);
    evening.extend(told(&mut hours, &[("2019-02-14T09:30", 21)]));
    assert_eq!(
        evening,
        ["13T15:00 10 10 10 10 x10", "13T19:00 12 12 12 12 x10"]
    );
    let corrected = told(
        &mut hours,
        &[("2019-02-13T19:58", 11), ("2019-02-13T15:30", 8)],
    );
    assert_eq!(
        corrected,
        ["13T19:00 11 12 11 12 x20", "13T15:00 8 8 8 8 x10"]
    );
}

#[test]
fn a_bar_that_is_given_before_its_time_goes_on_if_more_comes() {
    let mut resampler = Resampler::new(Timeframe::M5, false);
    told(
        &mut resampler,
        &[("2019-02-13T09:30", 10), ("2019-02-13T09:31", 12)],
    );
    let open = |resampler: &mut Resampler| {
        let mut out = Vec::new();
        resampler.give_open(&mut |long| out.push(in_words(&long)));
        out
    };
    assert_eq!(open(&mut resampler), ["13T09:30 10 12 10 12 x20"]);
    assert_eq!(open(&mut resampler), [""; 0], "once");
    let rest = [("2019-02-13T09:33", 9), ("2019-02-13T09:34", 11)];
    assert_eq!(told(&mut resampler, &rest), ["13T09:30 10 12 9 11 x40"]);
    assert_eq!(open(&mut resampler), [""; 0]);
}

proptest! {
    #[test]
    fn what_was_told_last_is_what_the_minutes_make(
        order in proptest::collection::vec((0_i64..20, 1_i64..9), 1..60),
    ) {
        let mut resampler = Resampler::new(Timeframe::M15, false);
        let mut known = BTreeMap::new();
        let mut last = BTreeMap::new();
        let base = at("10:00");
        let session = CALENDAR.session_of(base).unwrap();
        // The first interval and the next open in order; after that minutes come and are corrected as they will.
        let all = [(0, 5), (15, 5)].into_iter().chain(order);
        for (offset, price) in all {
            let start = base.plus_ms(offset * MINUTE_MS);
            known.insert(offset, price);
            let span = (start, start.plus_ms(MINUTE_MS));
            let is_in = resampler.push(span, &minute(price, 1), &session, true, &mut |long| {
                last.insert(long.start, long.bar);
            });
            prop_assert!(is_in);
        }
        let first: Vec<i64> = known.range(..15).map(|(_, price)| *price).collect();
        let price = |cents: Option<&i64>| cents.map(|cents| Decimal::new(*cents, 2));
        prop_assert_eq!(last.get(&base), Some(&Ohlcv {
            open: price(first.first()),
            high: price(first.iter().max()),
            low: price(first.iter().min()),
            close: price(first.last()),
            volume: Some(Decimal::from(first.len())),
        }));
    }
}

#[test]
fn a_day_has_one_candle_whatever_is_traded_outside_its_hours() {
    // 2024-07-09, New York: 03:59, 04:00, 19:59, 20:00 and 20:01; then the next day at 04:00.
    let minutes = [
        (1_720_511_940_000, 1.0),
        (1_720_512_000_000, 2.0),
        (1_720_569_540_000, 3.0),
        (1_720_569_600_000, 4.0),
        (1_720_569_660_000, 5.0),
        (1_720_598_400_000, 6.0),
    ]
    .map(|(start, close)| Candle {
        start: UnixMs(start),
        open: close,
        high: close,
        low: close,
        close,
        volume: 1.0,
    });
    let mut sessions = SessionFinder::new(SessionCalendar::UsEquities);
    let days = candles(minutes.iter(), Timeframe::D1, &mut sessions);
    let figures: Vec<(f64, f64, f64)> = days
        .iter()
        .map(|day| (day.open, day.close, day.volume))
        .collect();
    assert_eq!(figures, [(1.0, 5.0, 5.0), (6.0, 6.0, 1.0)]);
}
