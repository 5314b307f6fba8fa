//! Bars built from recorded trades against the venue's own account of the same trades: its last price, its volume and
//! its extremes of 24 hours, as they stood after each trade.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may stop at the first surprise, and says when it is skipped"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::*;

/// A message of the venue's: a trade, or the state of the market just after it.
#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    product_id: Option<String>,
    trade_id: Option<u64>,
    time: Option<String>,
    price: Option<String>,
    size: Option<String>,
    volume_24h: Option<String>,
    low_24h: Option<String>,
    high_24h: Option<String>,
}

/// One product's trades, and what the venue said after each, by the trade's number.
#[derive(Default)]
struct Product {
    trades: BTreeMap<u64, Message>,
    accounts: BTreeMap<u64, Message>,
}

fn products(text: &str) -> BTreeMap<String, Product> {
    let mut products: BTreeMap<String, Product> = BTreeMap::new();
    for line in text.lines() {
        // What was sent, and books, are of no interest here.
        let Some((_, json)) = line.split_once(": ") else {
            continue;
        };
        let Ok(message) = serde_json::from_str::<Message>(json) else {
            continue;
        };
        let (Some(name), Some(number)) = (&message.product_id, message.trade_id) else {
            continue;
        };
        let product = products.entry(name.clone()).or_default();
        match message.kind.as_str() {
            "match" | "last_match" => product.trades.insert(number, message),
            "ticker" => product.accounts.insert(number, message),
            _ => None,
        };
    }
    products
}

fn decimal(text: Option<&String>) -> Decimal {
    text.unwrap().parse().unwrap()
}

#[test]
fn built_bars_agree_with_the_venues_own_account_of_each_trade() {
    let Some(folder) = std::env::var_os("STREAMER_TUI_TEST_DATA") else {
        eprintln!("skipped: STREAMER_TUI_TEST_DATA is not set");
        return;
    };
    let path = Path::new(&folder).join("coinbase-exchange-2021-04/COINBASE.ws.28.0");
    let text = std::fs::read_to_string(path).unwrap();
    let (mut agreed, mut minutes) = (0, BTreeSet::new());
    for (name, product) in products(&text) {
        let budget = Arc::new(HistoryBudget::new(u64::MAX));
        let mut bars = TradeBars::new(OpenRule::FirstTrade, budget);
        let mut built: BTreeMap<UnixMs, Ohlcv> = BTreeMap::new();
        let mut before: Option<(Decimal, Decimal)> = None;
        // The window of 24 hours moves on once a minute, and takes old volume along.
        let mut moved = BTreeSet::new();
        for (number, message) in &product.trades {
            let time = chrono::DateTime::parse_from_rfc3339(message.time.as_ref().unwrap());
            let time = UnixMs(time.unwrap().timestamp_millis());
            let trade = TimeAndSale {
                price: Some(decimal(message.price.as_ref())),
                size: Some(decimal(message.size.as_ref())),
                trade_id: Some(TradeId::Number(*number)),
                ..TimeAndSale::default()
            };
            let counted = bars.take(Some(time), &trade, &mut |told| {
                built.insert(told.start, told.bar);
            });
            assert_eq!(counted, Counted::Done);
            let account = &product.accounts[number];
            let bar = built[&minute_of(time)];
            let figure = |text: &Option<String>| Some(decimal(text.as_ref()));
            assert_eq!(bar.close, figure(&account.price), "{name} {number}");
            assert!(bar.high <= figure(&account.high_24h));
            assert!(bar.low >= figure(&account.low_24h));
            let volume: Decimal = built.values().filter_map(|bar| bar.volume).sum();
            let said = decimal(account.volume_24h.as_ref());
            if let Some((volume_before, said_before)) = before {
                if volume - volume_before == said - said_before {
                    agreed += 1;
                } else {
                    assert!(
                        said - said_before < volume - volume_before,
                        "{name} {number}"
                    );
                    assert!(
                        moved.insert(minute_of(time)),
                        "{name} {number}: moved twice"
                    );
                }
            }
            minutes.insert((name.clone(), minute_of(time)));
            before = Some((volume, said));
        }
    }
    assert!(agreed >= 80, "{agreed} growths of the volume were the same");
    assert!(minutes.len() > 10, "{} bars", minutes.len());
}
