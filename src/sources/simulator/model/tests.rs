#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::{BTreeMap, HashMap};

use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::event::Payload;
use crate::domain::quote::Level1;

use super::*;

fn market(settings: ModelSettings, names: &[&str]) -> MarketModel {
    let mut model = MarketModel::new(settings);
    for (number, name) in names.iter().enumerate() {
        model.add(&Symbol::new(name).unwrap(), SymbolId(number as u32));
    }
    model
}

fn all_services(seed: u64) -> ModelSettings {
    ModelSettings::new(seed, Services::ALL)
}

fn events(model: &mut MarketModel, count: usize) -> Vec<Event> {
    let mut events = Vec::new();
    model.fill(&mut events, count);
    events
}

#[test]
fn a_seed_gives_one_sequence_however_it_is_asked_for() {
    let names = ["AAPL", "SIM00001", "XYZ"];
    let at_once = events(&mut market(all_services(7), &names), 20_000);
    let mut model = market(all_services(7), &names);
    let mut in_pieces = Vec::new();
    while in_pieces.len() < at_once.len() {
        let piece = 1 + in_pieces.len() % 17;
        in_pieces.extend(events(&mut model, piece));
    }
    in_pieces.truncate(at_once.len());
    assert!(at_once == in_pieces);
    let other = events(&mut market(all_services(8), &names), 20_000);
    assert!(at_once != other);
}

#[test]
fn a_symbol_lives_alike_in_any_company() {
    let alone: Vec<Event> = events(&mut market(all_services(7), &["AAPL"]), 5_000);
    let crowd = events(&mut market(all_services(7), &["AAPL", "B", "C"]), 15_500);
    let of_it: Vec<&Event> = crowd
        .iter()
        .filter(|event| event.symbol == SymbolId(0))
        .take(4_000)
        .collect();
    assert_eq!(of_it.len(), 4_000);
    assert!(of_it.into_iter().eq(alone.iter().take(4_000)));
}

/// What one symbol's stream has said so far, as a reader would know it.
#[derive(Default)]
struct Reader {
    bids: BTreeMap<Decimal, Decimal>,
    asks: BTreeMap<Decimal, Decimal>,
    trades: Vec<(Decimal, Decimal)>,
    book_at: Option<UnixMs>,
    last_trade: Option<(Decimal, Decimal)>,
    day_units: Decimal,
    bars: usize,
    quotes: usize,
}

impl Reader {
    fn read(&mut self, event: &Event) {
        match &event.payload {
            Payload::TimeAndSales(trade) => {
                let sale = (trade.price.unwrap(), trade.size.unwrap());
                self.trades.push(sale);
                self.last_trade = Some(sale);
                self.day_units += sale.1;
            }
            Payload::Level2(update) => {
                if update.snapshot {
                    self.bids.clear();
                    self.asks.clear();
                    self.day_units = self.trades.iter().map(|(_, units)| units).sum();
                }
                for (side, levels) in [
                    (&mut self.bids, &update.bids),
                    (&mut self.asks, &update.asks),
                ] {
                    for level in levels {
                        if level.size.is_zero() {
                            side.remove(&level.price);
                        } else {
                            side.insert(level.price, level.size);
                        }
                    }
                }
                self.book_at = event.time;
            }
            Payload::Level1(quote) => self.read_quote(quote, event.time),
            Payload::Ohlcv(bar) => self.read_bar(bar),
            Payload::News(news) => assert!(news.headline.starts_with("[synthetic] ")),
            Payload::PastBars(_)
            | Payload::Facts(_)
            | Payload::BookLost
            | Payload::Clock
            | Payload::TradesMissed
            | Payload::TradesResumed => {}
        }
    }

    fn read_quote(&mut self, quote: &Level1, time: Option<UnixMs>) {
        self.quotes += 1;
        assert!(quote.bid.unwrap() < quote.ask.unwrap());
        let spread = (quote.ask.unwrap() - quote.bid.unwrap()) / quote.bid.unwrap();
        assert!(spread < Decimal::new(1, 2), "spread {spread}");
        assert_eq!(quote.last, self.last_trade.map(|(price, _)| price));
        assert_eq!(quote.last_size, self.last_trade.map(|(_, size)| size));
        assert_eq!(quote.volume, Some(self.day_units));
        if self.book_at == time {
            let bid = self.bids.iter().next_back().unwrap();
            let ask = self.asks.iter().next().unwrap();
            assert_eq!((quote.bid, quote.bid_size), (Some(*bid.0), Some(*bid.1)));
            assert_eq!((quote.ask, quote.ask_size), (Some(*ask.0), Some(*ask.1)));
        }
    }

    fn read_bar(&mut self, bar: &Ohlcv) {
        self.bars += 1;
        let prices: Vec<Decimal> = self.trades.iter().map(|&(price, _)| price).collect();
        assert_eq!(bar.open, prices.first().copied());
        assert_eq!(bar.high, prices.iter().max().copied());
        assert_eq!(bar.low, prices.iter().min().copied());
        assert_eq!(bar.close, prices.last().copied());
        let units: Decimal = self.trades.iter().map(|(_, units)| units).sum();
        assert_eq!(bar.volume, Some(units));
        self.trades.clear();
    }
}

#[test]
fn all_services_tell_the_same_story() {
    let mut model = market(all_services(7), &["AAPL", "TSLA", "SIM00042"]);
    let mut readers: HashMap<SymbolId, Reader> = HashMap::new();
    for event in events(&mut model, 60_000) {
        readers.entry(event.symbol).or_default().read(&event);
    }
    assert_eq!(readers.len(), 3);
    for reader in readers.values() {
        assert!(reader.bars > 500, "{}", reader.bars);
        assert!(reader.quotes > 5_000, "{}", reader.quotes);
        assert!(reader.bids.len() == 10 && reader.asks.len() == 10);
    }
}

#[test]
fn days_have_regular_hours_and_skip_weekends() {
    let mut settings = ModelSettings::new(3, Services::of(&[DataService::Ohlcv]));
    settings.first_date = "2026-10-30".parse().unwrap();
    let mut model = market(settings, &["X"]);
    let local = |event: &Event| {
        let time = event.time.unwrap().new_york().unwrap();
        time.format("%F %H:%M:%S").to_string()
    };
    let times: Vec<String> = events(&mut model, 391).iter().map(local).collect();
    assert_eq!(times[0], "2026-10-30 09:30:00");
    assert_eq!(times[1], "2026-10-30 09:31:00");
    assert_eq!(times[389], "2026-10-30 15:59:00");
    // The Monday after, on the other side of the change of the clocks.
    assert_eq!(times[390], "2026-11-02 09:30:00");
    assert_eq!(model.date().to_string(), "2026-11-02");
}

#[test]
fn time_never_goes_back_but_for_the_stamp_of_bars() {
    let mut model = market(all_services(5), &["A", "B"]);
    let mut clock = UnixMs::default();
    for event in events(&mut model, 30_000) {
        let time = event.time.unwrap();
        if event.payload.service() == DataService::Ohlcv {
            assert!(time <= clock && clock.0 - time.0 <= MINUTE_MS, "{event:?}");
        } else {
            assert!(time >= clock, "{event:?}");
            clock = time;
        }
    }
}

#[test]
fn volume_is_u_shaped_and_prices_stay_plausible() {
    let settings = ModelSettings::new(7, Services::of(&[DataService::Ohlcv]));
    let names: Vec<String> = (1..=40).map(|number| format!("S{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut model = market(settings, &names);
    let mut units = vec![Decimal::ZERO; REGULAR_MINUTES as usize];
    let mut closes: HashMap<SymbolId, Vec<f64>> = HashMap::new();
    for (number, event) in events(&mut model, 40 * 390).iter().enumerate() {
        if let Payload::Ohlcv(bar) = &event.payload {
            units[number / 40] += bar.volume.unwrap();
            let close: f64 = bar.close.unwrap().try_into().unwrap();
            closes.entry(event.symbol).or_default().push(close);
        }
    }
    let sum = |minutes: std::ops::Range<usize>| units[minutes].iter().sum::<Decimal>();
    assert!(sum(0..30) > sum(180..210) * Decimal::from(3));
    assert!(sum(360..390) > sum(180..210) * Decimal::from(3));
    let moves: Vec<f64> = closes
        .values()
        .map(|closes| (closes[389] / closes[0] - 1.0).abs())
        .collect();
    assert!(moves.iter().all(|&day| day < 0.25), "{moves:?}");
    assert!(moves.iter().filter(|&&day| day > 0.005).count() > 10);
}

#[test]
fn symbols_come_and_go_without_disturbing_the_others() {
    let mut model = market(all_services(7), &["A", "B", "C"]);
    let before = events(&mut model, 1_000);
    model.remove(&[SymbolId(0), SymbolId(9)]);
    model.add(&Symbol::new("D").unwrap(), SymbolId(3));
    model.add(&Symbol::new("D").unwrap(), SymbolId(3));
    let after = events(&mut model, 9_000);
    assert!(after.iter().all(|event| event.symbol != SymbolId(0)));
    let count = |id| after.iter().filter(|event| event.symbol == id).count();
    assert!(count(SymbolId(3)).abs_diff(count(SymbolId(2))) < 300);
    let first = after.iter().find(|event| event.symbol == SymbolId(3));
    assert!(first.is_some_and(|event| event.time > Some(model.opening)));

    let mut undisturbed = market(all_services(7), &["A", "B", "C"]);
    let expected = events(&mut undisturbed, 8_000);
    let of_b = |events: Vec<Event>| {
        events
            .into_iter()
            .filter(|event| event.symbol == SymbolId(1))
    };
    let mut seen = of_b(before).chain(of_b(after));
    assert!(of_b(expected).all(|event| seen.next() == Some(event)));

    model.remove(&[SymbolId(1), SymbolId(2), SymbolId(3)]);
    assert!(model.is_empty());
    assert!(events(&mut model, 10).is_empty());
}

#[test]
fn news_comes_now_and_then() {
    let model = &mut market(
        ModelSettings::new(7, Services::of(&[DataService::News])),
        &["A", "B"],
    );
    let news = events(model, 20);
    assert!(
        news.iter()
            .all(|event| event.payload.service() == DataService::News)
    );
    let minutes = (news[19].time.unwrap().0 - news[0].time.unwrap().0) / MINUTE_MS;
    assert!(minutes > 100, "{minutes}");
}
