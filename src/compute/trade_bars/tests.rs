#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::trade::BarRule;

fn trade(id: u64, price: i64, size: i64) -> TimeAndSale {
    TimeAndSale {
        price: Some(Decimal::from(price)),
        size: Some(Decimal::from(size)),
        trade_id: Some(TradeId::Number(id)),
        ..TimeAndSale::default()
    }
}

/// A builder with everything that it has told.
struct Told {
    bars: TradeBars,
    log: Vec<BuiltBar>,
}

impl Told {
    fn new(open_rule: OpenRule) -> Self {
        Self::within(open_rule, u64::MAX)
    }

    fn within(open_rule: OpenRule, limit_bytes: u64) -> Self {
        let budget = Arc::new(HistoryBudget::new(limit_bytes));
        Self {
            bars: TradeBars::new(open_rule, budget),
            log: Vec::new(),
        }
    }

    fn take(&mut self, seconds: i64, trade: &TimeAndSale) -> Counted {
        let log = &mut self.log;
        let time = Some(UnixMs(seconds * 1000));
        self.bars.take(time, trade, &mut |bar| log.push(bar))
    }

    /// What has been told since the last time: minute, prices, volume, and whether it is over.
    fn news(&mut self) -> Vec<String> {
        let show = |value: Option<Decimal>| value.map_or("-".to_owned(), |value| value.to_string());
        self.log
            .drain(..)
            .map(|told| {
                let Ohlcv {
                    open,
                    high,
                    low,
                    close,
                    volume,
                } = told.bar;
                let prices = [open, high, low, close].map(show).join(" ");
                let closed = if told.is_closed { " closed" } else { "" };
                format!(
                    "{}: {prices} x{}{closed}",
                    told.start.0 / MINUTE_MS,
                    show(volume)
                )
            })
            .collect()
    }
}

#[test]
fn a_bar_grows_with_each_trade_and_closes_with_the_next_minute_or_the_clock() {
    let mut told = Told::new(OpenRule::FirstTrade);
    told.take(5, &trade(1, 10, 1));
    told.take(6, &trade(2, 12, 2));
    told.take(65, &trade(3, 11, 4));
    assert_eq!(
        told.news(),
        [
            "0: 10 10 10 10 x1",
            "0: 10 12 10 12 x3",
            "0: 10 12 10 12 x3 closed",
            "1: 11 11 11 11 x4"
        ]
    );
    let log = &mut told.log;
    told.bars.clock(UnixMs(119_999), &mut |bar| log.push(bar));
    assert_eq!(log.len(), 0, "not over yet");
    told.bars.clock(UnixMs(120_000), &mut |bar| log.push(bar));
    told.bars.clock(UnixMs(180_000), &mut |bar| log.push(bar));
    assert_eq!(told.news(), ["1: 11 11 11 11 x4 closed"], "once");
}

#[test]
fn late_trades_corrections_and_cancels_give_the_bar_anew() {
    let mut told = Told::new(OpenRule::FirstTrade);
    told.take(10, &trade(1, 10, 1));
    told.take(20, &trade(2, 20, 1));
    told.take(70, &trade(3, 30, 1));
    told.news();
    assert_eq!(told.take(5, &trade(4, 9, 1)), Counted::Done);
    assert_eq!(
        told.news(),
        ["0: 9 20 9 20 x3 closed"],
        "it came late, and opens"
    );
    let mut correction = trade(22, 15, 5);
    correction.action = TradeAction::Corrects(TradeId::Number(2));
    assert_eq!(told.take(71, &correction), Counted::Done);
    assert_eq!(told.news(), ["0: 9 15 9 15 x7 closed"]);
    let cancel = |id| TimeAndSale {
        action: TradeAction::Cancels(TradeId::Number(id)),
        ..TimeAndSale::default()
    };
    assert_eq!(told.take(72, &cancel(22)), Counted::Done);
    assert_eq!(told.news(), ["0: 9 10 9 10 x2 closed"]);
    assert_eq!(
        told.take(72, &cancel(22)),
        Counted::Known,
        "it is out already"
    );
    assert_eq!(told.take(72, &cancel(99)), Counted::TooOld);
    told.take(73, &cancel(1));
    told.take(73, &cancel(4));
    assert_eq!(
        told.news(),
        ["0: 9 9 9 9 x1 closed", "0: - - - - x0 closed"],
        "nothing is left of it"
    );
    told.take(74, &cancel(3));
    told.bars
        .clock(UnixMs(180_000), &mut |bar| told.log.push(bar));
    assert_eq!(
        told.news(),
        ["1: - - - - x-"],
        "what was never given is not given"
    );
}

#[test]
fn a_trade_counts_once_and_by_its_conditions() {
    let mut told = Told::new(OpenRule::FirstTrade);
    let odd_lot = TimeAndSale {
        bar_rule: BarRule {
            volume: true,
            ..BarRule::NONE
        },
        ..trade(1, 99, 3)
    };
    assert_eq!(told.take(1, &odd_lot), Counted::Done);
    assert_eq!(told.news(), [""; 0], "a volume alone is no bar");
    told.take(2, &trade(2, 10, 1));
    assert_eq!(told.take(2, &trade(2, 10, 1)), Counted::Known);
    assert_eq!(told.news(), ["0: 10 10 10 10 x4"]);
    let late_report = TimeAndSale {
        bar_rule: BarRule {
            open_close: false,
            ..BarRule::ALL
        },
        ..trade(3, 8, 1)
    };
    told.take(3, &late_report);
    assert_eq!(told.news(), ["0: 10 10 8 10 x5"]);
    let nowhere = TimeAndSale::default();
    assert_eq!(told.take(4, &nowhere), Counted::Nowhere);
    let none = |_: BuiltBar| {};
    assert_eq!(
        told.bars.take(None, &trade(9, 1, 1), &mut { none }),
        Counted::Nowhere
    );
}

#[test]
fn each_exchange_has_names_of_its_own() {
    let mut told = Told::new(OpenRule::FirstTrade);
    let on = |exchange: &str, trade: TimeAndSale| TimeAndSale {
        exchange: Some(exchange.into()),
        ..trade
    };
    assert_eq!(told.take(1, &on("D", trade(1, 10, 1))), Counted::Done);
    assert_eq!(told.take(2, &on("V", trade(1, 20, 2))), Counted::Done);
    assert_eq!(told.take(3, &trade(1, 30, 4)), Counted::Done);
    assert_eq!(told.take(3, &on("V", trade(1, 20, 2))), Counted::Known);
    told.log.clear();
    let cancel = TimeAndSale {
        action: TradeAction::Cancels(TradeId::Number(1)),
        ..TimeAndSale::default()
    };
    assert_eq!(told.take(4, &on("X", cancel.clone())), Counted::TooOld);
    assert_eq!(told.take(4, &on("V", cancel.clone())), Counted::Done);
    assert_eq!(told.news(), ["0: 10 30 10 30 x5"]);
    let mut correction = trade(2, 11, 8);
    correction.action = TradeAction::Corrects(TradeId::Number(1));
    assert_eq!(told.take(5, &on("D", correction)), Counted::Done);
    assert_eq!(told.news(), ["0: 11 30 11 30 x12"]);
    assert_eq!(told.take(6, &cancel), Counted::Done);
    assert_eq!(told.news(), ["0: 11 11 11 11 x8"]);
}

#[test]
fn a_bar_may_open_with_the_close_before_and_follows_its_correction() {
    let mut told = Told::new(OpenRule::PreviousClose);
    told.take(1, &trade(1, 10, 1));
    told.take(61, &trade(2, 12, 1));
    told.take(121, &trade(3, 13, 1));
    told.news();
    let mut correction = trade(1, 14, 1);
    correction.action = TradeAction::Corrects(TradeId::Number(1));
    told.take(122, &correction);
    assert_eq!(
        told.news(),
        ["0: 14 14 14 14 x1 closed", "1: 14 14 12 12 x1 closed"]
    );
}

#[test]
fn what_is_kept_has_a_bound() {
    let mut told = Told::new(OpenRule::FirstTrade);
    for minute in 0..500 {
        told.take(minute * 60, &trade(minute as u64, 10, 1));
    }
    let minutes = (AGE_MAX_MS / MINUTE_MS) as usize + 1;
    assert_eq!(told.bars.minutes.len(), minutes);
    assert_eq!(told.bars.places.len(), minutes);
    assert_eq!(told.take(60, &trade(1000, 10, 1)), Counted::TooOld);
    // Hours later a trade is taken out.
    told.log.clear();
    let cancel = TimeAndSale {
        action: TradeAction::Cancels(TradeId::Number(200)),
        ..TimeAndSale::default()
    };
    assert_eq!(told.take(30_000, &cancel), Counted::Done);
    assert_eq!(told.news(), ["200: - - - - x0 closed"]);
    // The same number again on another day is another trade.
    assert_eq!(told.take(86_400, &trade(99, 10, 1)), Counted::Done);
    assert_eq!(told.bars.minutes.len(), 1);

    let mut flood = Told::new(OpenRule::FirstTrade);
    for number in 0..TRADES_MAX as u64 + 10 {
        flood.take(0, &trade(number, 10, 1));
        flood.log.clear();
    }
    assert!(flood.bars.kept <= TRADES_MAX && flood.bars.places.len() <= TRADES_MAX);
    flood.take(1, &trade(u64::MAX, 11, 1));
    let all = TRADES_MAX + 11;
    assert_eq!(flood.news(), [format!("0: 10 11 10 11 x{all}")]);
}

#[test]
fn more_trades_than_are_kept_are_in_their_bars_and_late_ones_find_theirs() {
    let mut told = Told::new(OpenRule::FirstTrade);
    let half = TRADES_MAX as u64 / 2 + 1;
    for number in 0..2 * half {
        told.take(i64::from(number >= half) * 60, &trade(number, 10, 1));
    }
    told.log.clear();
    let cancel = |number| TimeAndSale {
        action: TradeAction::Cancels(TradeId::Number(number)),
        ..TimeAndSale::default()
    };
    assert_eq!(told.take(61, &cancel(0)), Counted::TooOld);
    assert_eq!(told.take(61, &cancel(half - 1)), Counted::Done);
    assert_eq!(told.take(59, &trade(u64::MAX, 11, 1)), Counted::Done);
    let bar = |close| format!("0: 10 {close} 10 {close} x{half} closed");
    let smaller = format!("0: 10 10 10 10 x{} closed", half - 1);
    assert_eq!(told.news(), [smaller, bar(11)]);
    // The first trade of the minute is not kept, but what it opened with is.
    let newest = told.bars.minutes[0].kept() as u64;
    for number in half - newest + 1..half - 1 {
        assert_eq!(told.take(62, &cancel(number)), Counted::Done, "{number}");
    }
    told.log.clear();
    assert_eq!(told.take(62, &cancel(u64::MAX)), Counted::Done);
    let left = half - newest + 1;
    assert_eq!(told.news(), [format!("0: 10 10 10 10 x{left} closed")]);
}

#[test]
fn trades_that_are_kept_take_of_the_budget_and_there_may_be_none_for_them() {
    let limit = 3 * BLOCK_BYTES;
    let mut told = Told::within(OpenRule::FirstTrade, limit);
    let budget = Arc::clone(told.bars.account.budget());
    let mut most = 0;
    for number in 0..5000 {
        told.take(number / 50, &trade(number as u64, 10, 1));
        assert!(told.bars.kept < 4 * BLOCK_TRADES);
        assert!(budget.used_bytes() <= limit);
        most = most.max(budget.used_bytes());
    }
    assert_eq!(most, limit);
    assert_eq!(told.news().last().unwrap(), "1: 10 10 10 10 x2000");
    // Minutes take memory too.
    for minute in 2..1000 {
        told.take(minute * 60, &trade(10_000 + minute as u64, 10, 1));
        assert!(budget.used_bytes() <= limit);
        assert!(told.bars.minutes.len() * MINUTE_TRADES < 4 * BLOCK_TRADES + 200);
    }
    assert!(told.bars.minutes.len() > 2 * MINUTES_SURE);
    told.bars.reset();
    assert_eq!(budget.used_bytes(), 0);
}

#[test]
fn trades_that_come_in_any_order_are_added_up_once_each() {
    let count = 16_000_u64;
    let mut told = Told::new(OpenRule::FirstTrade);
    let mut take = |number: u64, trade: &TimeAndSale| {
        let time = Some(UnixMs(number as i64));
        let counted = told.bars.take(time, trade, &mut |_| {});
        assert_eq!(counted, Counted::Done);
    };
    for number in (0..count).rev() {
        // Prices go up and down, sizes are one.
        take(number, &trade(number, 100 + (number % 1000) as i64, 1));
    }
    // What is neither an end nor an extreme is taken out without adding all up again.
    for number in (0..count).filter(|number| number % 1000 == 500) {
        let mut cancel = trade(number, 0, 0);
        cancel.action = TradeAction::Cancels(TradeId::Number(number));
        take(number, &cancel);
    }
    let minute = &told.bars.minutes[0];
    assert!(minute.steps <= 2 * count, "{}", minute.steps);
    let expected = Ohlcv {
        open: Some(Decimal::from(100)),
        high: Some(Decimal::from(1099)),
        low: Some(Decimal::from(100)),
        close: Some(Decimal::from(1099)),
        volume: Some(Decimal::from(count - 16)),
    };
    assert_eq!(minute.told, Some(expected));
}

/// The bars of trades, built at one go.
fn from_scratch(
    mut trades: Vec<(i64, u64, TimeAndSale)>,
    open_rule: OpenRule,
) -> BTreeMap<i64, Ohlcv> {
    trades.sort_by_key(|(time, arrival, _)| (*time, *arrival));
    let mut all = BTreeMap::new();
    let mut previous: Option<Decimal> = None;
    for minute in 0..8 {
        let of: Vec<_> = trades
            .iter()
            .filter(|(time, ..)| time / 60 == minute)
            .map(|(_, _, trade)| trade)
            .collect();
        let price = |rule: fn(&BarRule) -> bool| {
            of.iter()
                .filter(move |trade| rule(&trade.bar_rule))
                .map(|trade| trade.price.unwrap())
        };
        let Some(first) = price(|rule| rule.open_close).next() else {
            continue;
        };
        let close = price(|rule| rule.open_close).next_back().unwrap();
        let open = match open_rule {
            OpenRule::FirstTrade => first,
            OpenRule::PreviousClose => previous.unwrap_or(first),
        };
        let mut high = price(|rule| rule.high_low)
            .max()
            .unwrap_or(first.max(close));
        let mut low = price(|rule| rule.high_low)
            .min()
            .unwrap_or(first.min(close));
        if open_rule == OpenRule::PreviousClose && previous.is_some() {
            (high, low) = (high.max(open), low.min(open));
        }
        let volumes = of.iter().filter(|trade| trade.bar_rule.volume);
        let volume = volumes
            .map(|trade| trade.size.unwrap())
            .reduce(|a, b| a + b);
        let bar = Ohlcv {
            open: Some(open),
            high: Some(high),
            low: Some(low),
            close: Some(close),
            volume,
        };
        previous = Some(close);
        all.insert(minute, bar);
    }
    all
}

proptest! {
    #[test]
    fn bars_are_those_of_the_trades_that_stand(
        steps in proptest::collection::vec((0..3_u8, 0..480_i64, 1..50_i64, 0..8_u8, any::<prop::sample::Index>()), 1..120),
        opens_with_close: bool,
    ) {
        let open_rule = if opens_with_close { OpenRule::PreviousClose } else { OpenRule::FirstTrade };
        let mut told = Told::new(open_rule);
        let mut standing: Vec<(i64, u64, TimeAndSale)> = Vec::new();
        for (number, (kind, seconds, price, rule, which)) in steps.into_iter().enumerate() {
            let number = number as u64;
            let rule = BarRule { open_close: rule & 1 == 0, high_low: rule & 2 == 0, volume: rule & 4 == 0 };
            let mut next = TimeAndSale { bar_rule: rule, ..trade(number, price, price) };
            if kind == 0 || standing.is_empty() {
                prop_assert_eq!(told.take(seconds, &next), Counted::Done);
                standing.push((seconds, number, next));
                continue;
            }
            let at = which.index(standing.len());
            let name = standing[at].2.trade_id.clone().unwrap();
            if kind == 1 {
                next.action = TradeAction::Cancels(name);
                standing.remove(at);
            } else {
                next.action = TradeAction::Corrects(name);
                standing[at].2 = next.clone();
            }
            prop_assert_eq!(told.take(seconds, &next), Counted::Done);
        }
        let log = &mut told.log;
        told.bars.clock(UnixMs(600_000), &mut |bar| log.push(bar));
        let mut known = BTreeMap::new();
        let mut given = BTreeMap::new();
        for told in &told.log {
            let minute = told.start.0 / MINUTE_MS;
            for map in [&mut known, &mut given].into_iter().take(1 + usize::from(told.is_closed)) {
                if told.bar.close.is_some() { map.insert(minute, told.bar); } else { map.remove(&minute); }
            }
        }
        let expected = from_scratch(standing, open_rule);
        prop_assert_eq!(&known, &expected);
        prop_assert_eq!(&given, &expected);
    }
}
