//! Makes the bundled session, and checks that the file is what the recipe makes.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::Write;
use std::path::Path;

use chrono::NaiveDate;
use serde_json::Value;

use crate::domain::Decimal;
use crate::domain::book::Level;
use crate::domain::event::{DataService, Event, Payload};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, UnixMs};
use crate::domain::trade::Side;
use crate::sources::simulator::model::{MarketModel, ModelSettings};
use crate::sources::simulator::services::Services;

use super::{BundledSession, session};

/// Chosen because its day has rises, falls and a turn worth watching.
const SEED: u64 = 54;

/// The order of the lines of one time: a trade is told before the quote that it led to.
const LINE_ORDER: [DataService; 5] = [
    DataService::Ohlcv,
    DataService::News,
    DataService::TimeAndSales,
    DataService::Level2,
    DataService::Level1,
];

fn settings() -> ModelSettings {
    ModelSettings {
        steps_per_minute: 30,
        acting_of_256: 88,
        trade_of_256: 140,
        book_levels: 5,
        book_every_steps: 3,
        premarket_minutes: 90,
        first_date: NaiveDate::from_ymd_opt(2026, 9, 15).unwrap(),
        ..ModelSettings::new(SEED, Services::ALL)
    }
}

/// The whole session as JSON lines.
fn make(session: &BundledSession) -> Vec<u8> {
    let mut model = MarketModel::new(settings());
    for (number, name) in session.symbols.iter().enumerate() {
        model.add(&Symbol::new(name).unwrap(), SymbolId(number as u32));
    }
    let mut lines = Vec::new();
    let mut at_once: Vec<Event> = Vec::new();
    let mut events = Vec::new();
    let mut known_at = model.clock();
    while model.clock() <= session.ends_at {
        events.clear();
        model.fill(&mut events, 1);
        if model.clock() != known_at {
            write_lines(session, known_at, &at_once, &mut lines);
            at_once.clear();
            known_at = model.clock();
        }
        at_once.append(&mut events);
        at_once.retain(|event| belongs(session, event));
    }
    lines
}

/// Of the day before only the bars of its regular hours are kept.
fn belongs(session: &BundledSession, event: &Event) -> bool {
    let is_bar = event.payload.service() == DataService::Ohlcv;
    let time = event.time.unwrap();
    time >= session.begins_at || is_bar && time >= session.previous_begins_at
}

fn write_lines(session: &BundledSession, known_at: UnixMs, events: &[Event], lines: &mut Vec<u8>) {
    for service in LINE_ORDER {
        let mut fields = Vec::new();
        for event in events {
            if event.payload.service() == service {
                let name = session.symbols[event.symbol.index()];
                fields.push(format!("\"{name}\":{{{}}}", payload(event)));
            }
        }
        if !fields.is_empty() {
            writeln!(
                lines,
                r#"{{"timestamp":{},"service":"{service}","symbols":{{{}}}}}"#,
                known_at.0,
                fields.join(",")
            )
            .unwrap();
        }
    }
}

fn payload(event: &Event) -> String {
    let mut fields: Vec<String> = Vec::new();
    let mut number = |key: &str, value: Option<Decimal>| {
        if let Some(value) = value {
            fields.push(format!("\"{key}\":{value}"));
        }
    };
    match &event.payload {
        Payload::Ohlcv(bar) => {
            number("open", bar.open);
            number("high", bar.high);
            number("low", bar.low);
            number("close", bar.close);
            number("volume", bar.volume);
        }
        Payload::Level1(quote) => {
            number("bid", quote.bid);
            number("bid_size", quote.bid_size);
            number("ask", quote.ask);
            number("ask_size", quote.ask_size);
            number("last", quote.last);
            number("last_size", quote.last_size);
            number("volume", quote.volume);
        }
        Payload::Level2(update) => {
            fields.push(format!("\"bids\":{}", levels(&update.bids)));
            fields.push(format!("\"asks\":{}", levels(&update.asks)));
            if update.snapshot {
                fields.push("\"snapshot\":true".to_owned());
            }
        }
        Payload::TimeAndSales(trade) => {
            number("price", trade.price);
            number("size", trade.size);
            let side = match trade.side.unwrap() {
                Side::Buy => "buy",
                Side::Sell => "sell",
            };
            fields.push(format!("\"side\":\"{side}\""));
        }
        Payload::News(news) => {
            let mut text = |key: &str, value: &str| {
                fields.push(format!("\"{key}\":{}", Value::from(value)));
            };
            text("headline", &news.headline);
            text("source", news.source.as_deref().unwrap());
            text("url", news.url.as_deref().unwrap());
        }
        Payload::PastBars(_)
        | Payload::Facts(_)
        | Payload::BookLost
        | Payload::Clock
        | Payload::TradesMissed
        | Payload::TradesResumed => {}
    }
    fields.push(format!("\"datetime\":{}", event.time.unwrap().0));
    fields.join(",")
}

fn levels(levels: &[Level]) -> String {
    let pairs: Vec<String> = levels
        .iter()
        .map(|level| format!("[{},{}]", level.price, level.size))
        .collect();
    format!("[{}]", pairs.join(","))
}

#[test]
fn the_file_is_what_the_recipe_makes() {
    let session = session();
    let made = make(&session);
    if std::env::var_os("UPDATE_ASSETS").is_some_and(|value| value == "1") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/session.jsonl.zst");
        std::fs::write(path, zstd::encode_all(&made[..], 22).unwrap()).unwrap();
        assert_eq!(
            session.decompressed_bytes,
            made.len(),
            "written; put the size into the constant and build again"
        );
        return;
    }
    let embedded = zstd::decode_all(session.bytes).unwrap();
    let differs = made
        .split(|&byte| byte == b'\n')
        .zip(embedded.split(|&byte| byte == b'\n'))
        .position(|(made, embedded)| made != embedded);
    assert_eq!(differs, None, "the first line that differs, from zero");
    assert_eq!(made.len(), embedded.len(), "UPDATE_ASSETS=1 writes it anew");
    assert_eq!(session.decompressed_bytes, embedded.len());
    assert!(session.bytes.len() <= 2_000_000, "{}", session.bytes.len());
}

#[test]
fn the_session_has_all_that_a_first_screen_needs() {
    let session = session();
    let text = String::from_utf8(zstd::decode_all(session.bytes).unwrap()).unwrap();
    let mut known_at = 0;
    let mut bars_before = 0;
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for line in text.lines() {
        let envelope: Value = serde_json::from_str(line).unwrap();
        let timestamp = envelope["timestamp"].as_i64().unwrap();
        assert!(timestamp >= known_at, "{line}");
        known_at = timestamp;
        let service = envelope["service"].as_str().unwrap();
        for (symbol, payload) in envelope["symbols"].as_object().unwrap() {
            assert!(session.symbols.contains(&symbol.as_str()));
            let stamp = payload["datetime"].as_i64().unwrap();
            let delay_ms = if service == "OHLCV" { 60_000 } else { 0 };
            assert_eq!(timestamp - stamp, delay_ms, "{line}");
            bars_before += usize::from(stamp < session.begins_at.0);
            *counts.entry(service.to_owned()).or_default() += 1;
        }
    }
    assert_eq!(bars_before, 3_900, "the day before, minute by minute");
    assert_eq!(known_at, session.ends_at.0);
    assert!(counts["OHLCV"] >= 7_800, "{counts:?}");
    assert!(counts["LEVEL1"] >= 30_000);
    assert!(counts["TIMESALE"] >= 15_000);
    assert!(counts["LEVEL2"] >= 8_000);
    assert!((24..=72).contains(&counts["NEWS"]), "{counts:?}");
}

#[test]
fn the_times_are_those_of_the_calendar() {
    let session = session();
    let day = SessionCalendar::UsEquities
        .session_of(session.opens_at)
        .unwrap();
    assert_eq!(day.date.to_string(), "2026-09-16");
    assert_eq!(session.begins_at, day.regular_open.plus_ms(-90 * 60_000));
    assert_eq!(session.opens_at, day.regular_open.plus_ms(60 * 60_000));
    assert_eq!(session.ends_at, day.regular_close);
    let before = SessionCalendar::UsEquities
        .session_of(session.previous_begins_at)
        .unwrap();
    assert_eq!(session.previous_begins_at, before.regular_open);
    assert_eq!(before.end, day.start);
}
