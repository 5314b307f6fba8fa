//! A market to look at: servers that speak Kraken's and Alpaca's protocols and make up what they say.
//!
//! `cargo test --test it a_market_to_look_at -- --ignored --nocapture` says what to run beside it. After a third of its
//! time the trading connection is cut and refused for a while, so that the countdown and the recovery can be seen.

use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;
use streamer_tui::compute::book::Book;
use streamer_tui::domain::Decimal;
use streamer_tui::domain::book::{BookUpdate, Level};

use crate::support::venue_server::{Peer, Server};

/// How often something happens.
const BEAT: Duration = Duration::from_millis(40);
/// For how long the venue stays away.
const AWAY: Duration = Duration::from_secs(12);

const HEADLINES: [&str; 6] = [
    "Exchange reports record volume in the third quarter",
    "Central bank leaves its rate unchanged",
    "Index provider announces changes to its weights",
    "Regulator approves a new product",
    "Maintenance of the matching engine ends early",
    "Analysts see a quiet week ahead",
];

/// One symbol of the market.
struct Instrument {
    name: &'static str,
    cents: i64,
    book: Book,
    trade: u64,
    open: i64,
    high: i64,
    low: i64,
    volume: i64,
    minute: i64,
}

impl Instrument {
    fn new(name: &'static str, cents: i64) -> Self {
        Self {
            name,
            cents,
            book: Book::default(),
            trade: 0,
            open: cents,
            high: cents,
            low: cents,
            volume: 0,
            minute: 0,
        }
    }

    /// Ten levels a side around the price; the first is a snapshot.
    fn book_frame(&mut self, dice: &mut Pcg64Mcg, snapshot: bool) -> String {
        let mut update = BookUpdate {
            depth: Some(10),
            snapshot,
            ..BookUpdate::default()
        };
        let old: (Vec<Level>, Vec<Level>) = (
            self.book.bids().copied().collect(),
            self.book.asks().copied().collect(),
        );
        let mut level = |cents: i64| Level {
            price: Decimal::new(cents, 2),
            size: Decimal::new(dice.random_range(1_000_000..900_000_000), 8),
        };
        for step in 0..10 {
            update.bids.push(level(self.cents - 5 - step * 10));
            update.asks.push(level(self.cents + 5 + step * 10));
        }
        if !snapshot {
            let gone = |known: Vec<Level>, new: &[Level]| -> Vec<Level> {
                let stays = |old: &Level| new.iter().any(|new| new.price == old.price);
                known
                    .into_iter()
                    .filter(|old| !stays(old))
                    .map(|old| Level {
                        size: Decimal::ZERO,
                        ..old
                    })
                    .collect()
            };
            let (bids, asks) = (gone(old.0, &update.bids), gone(old.1, &update.asks));
            update.bids.splice(0..0, bids);
            update.asks.splice(0..0, asks);
        }
        self.book.apply(&update).unwrap();
        let side = |levels: &[Level]| {
            let texts: Vec<String> = levels
                .iter()
                .map(|level| format!("{{\"price\":{},\"qty\":{}}}", level.price, level.size))
                .collect();
            texts.join(",")
        };
        format!(
            "{{\"channel\":\"book\",\"type\":\"{}\",\"data\":[{{\"symbol\":\"{}\",\"bids\":[{}],\"asks\":[{}],\"checksum\":{},\"timestamp\":\"{}\"}}]}}",
            if snapshot { "snapshot" } else { "update" },
            self.name,
            side(&update.bids),
            side(&update.asks),
            self.book.checksum(),
            now(),
        )
    }

    /// A trade at the touch, the quote, and the bar that the trade belongs to.
    fn trade_frames(&mut self, dice: &mut Pcg64Mcg) -> [String; 3] {
        let buys = dice.random_bool(0.5);
        let cents = self.cents + if buys { 5 } else { -5 };
        let size = if dice.random_bool(0.03) {
            dice.random_range(200_000_000..2_000_000_000_i64)
        } else {
            dice.random_range(100_000..60_000_000)
        };
        self.trade += 1;
        let time = chrono::Utc::now().timestamp();
        if time.div_euclid(60) != self.minute {
            self.minute = time.div_euclid(60);
            (self.open, self.high, self.low, self.volume) = (cents, cents, cents, 0);
        }
        self.high = self.high.max(cents);
        self.low = self.low.min(cents);
        self.volume += size;
        let price = |cents: i64| Decimal::new(cents, 2);
        let begin = chrono::DateTime::from_timestamp(self.minute * 60, 0).unwrap();
        let begin = begin.format("%Y-%m-%dT%H:%M:%S%.9fZ");
        let (name, now) = (self.name, now());
        let (bid, ask) = (self.book.best_bid().unwrap(), self.book.best_ask().unwrap());
        [
            format!(
                "{{\"channel\":\"trade\",\"type\":\"update\",\"data\":[{{\"symbol\":\"{name}\",\"side\":\"{}\",\"price\":{},\"qty\":{},\
                 \"ord_type\":\"market\",\"trade_id\":{},\"timestamp\":\"{now}\"}}]}}",
                if buys { "buy" } else { "sell" },
                price(cents),
                Decimal::new(size, 8),
                self.trade,
            ),
            format!(
                "{{\"channel\":\"ticker\",\"type\":\"update\",\"data\":[{{\"symbol\":\"{name}\",\"bid\":{},\"bid_qty\":{},\"ask\":{},\
                 \"ask_qty\":{},\"last\":{},\"volume\":{},\"vwap\":{},\"low\":{},\"high\":{},\"change\":0.0,\"change_pct\":0.0}}]}}",
                bid.price,
                bid.size,
                ask.price,
                ask.size,
                price(cents),
                Decimal::new(self.volume, 8),
                price(cents),
                price(self.low),
                price(self.high),
            ),
            format!(
                "{{\"channel\":\"ohlc\",\"type\":\"update\",\"timestamp\":\"{now}\",\"data\":[{{\"symbol\":\"{name}\",\"open\":{},\"high\":{},\
                 \"low\":{},\"close\":{},\"trades\":1,\"volume\":{},\"vwap\":{},\"interval_begin\":\"{begin}\",\"interval\":1,\
                 \"timestamp\":\"{now}\"}}]}}",
                price(self.open),
                price(self.high),
                price(self.low),
                price(cents),
                Decimal::new(self.volume, 8),
                price(cents),
            ),
        ]
    }
}

fn now() -> String {
    chrono::Utc::now()
        .format("%Y-%m-%dT%H:%M:%S%.6fZ")
        .to_string()
}

/// Answers Kraken's requests that have come: an acknowledgement for each symbol, and a whole book where books are wanted.
fn answer(peer: &mut Peer, text: &str, market: &mut [Instrument], dice: &mut Pcg64Mcg) {
    let Ok(request) = serde_json::from_str::<serde_json::Value>(text) else {
        return;
    };
    if request["method"] == "ping" {
        peer.send("{\"method\":\"pong\"}");
        return;
    }
    let channel = request["params"]["channel"].as_str().unwrap_or_default();
    let symbols: Vec<&str> = request["params"]["symbol"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|symbol| symbol.as_str())
        .collect();
    for symbol in symbols {
        let method = request["method"].as_str().unwrap_or_default();
        let Some(instrument) = market.iter_mut().find(|one| one.name == symbol) else {
            peer.send(format!(
                "{{\"error\":\"Currency pair not supported {symbol}\",\"method\":\"{method}\",\"success\":false,\"symbol\":\"{symbol}\"}}"
            ));
            continue;
        };
        peer.send(format!(
            "{{\"method\":\"{method}\",\"result\":{{\"channel\":\"{channel}\",\"symbol\":\"{symbol}\",\"snapshot\":true}},\"success\":true}}"
        ));
        if channel == "book" && method == "subscribe" {
            let frame = instrument.book_frame(dice, true);
            peer.send(frame);
        }
    }
}

/// Serves one connection until `end`.
fn trade(peer: &mut Peer, market: &mut [Instrument], dice: &mut Pcg64Mcg, end: Instant) {
    peer.send("{\"channel\":\"status\",\"type\":\"update\",\"data\":[{\"version\":\"2.0.0\",\"system\":\"online\",\"api_version\":\"v2\",\"connection_id\":1}]}");
    let mut is_subscribed = false;
    while Instant::now() < end {
        while let Some(text) = peer.text_within(BEAT) {
            answer(peer, &text, market, dice);
            is_subscribed = true;
        }
        if !is_subscribed {
            continue;
        }
        // A book that nobody has asked for has not begun.
        let asked = |instrument: &&mut Instrument| instrument.book.best_bid().is_some();
        for instrument in market.iter_mut().filter(asked) {
            if dice.random_bool(0.3) {
                instrument.cents += 10 * dice.random_range(-1..=1_i64);
                instrument.cents = instrument.cents.max(1000);
            }
            peer.put(instrument.book_frame(dice, false));
            if dice.random_bool(0.4) {
                instrument
                    .trade_frames(dice)
                    .into_iter()
                    .for_each(|frame| peer.put(frame));
            }
        }
        peer.flush();
    }
}

/// Alpaca's news, to whoever logs in.
fn publish(server: &Server, end: Instant) {
    let mut peer = server.accept();
    peer.send("[{\"T\":\"success\",\"msg\":\"connected\"}]");
    peer.text_with("auth");
    peer.send("[{\"T\":\"success\",\"msg\":\"authenticated\"}]");
    peer.text_with("news");
    peer.send("[{\"T\":\"subscription\",\"news\":[\"BTC/USD\",\"ETH/USD\"]}]");
    let mut id = 0;
    while Instant::now() < end {
        let headline = HEADLINES[id % HEADLINES.len()];
        let symbols = ["\"BTC/USD\"", "\"ETH/USD\"", "\"BTC/USD\",\"ETH/USD\""][id % 3];
        id += 1;
        peer.send(format!(
            "[{{\"T\":\"n\",\"id\":{id},\"headline\":\"{headline} ({id})\",\"summary\":\"Made up, for looking at.\",\"author\":\"Nobody\",\
             \"created_at\":\"{0}\",\"updated_at\":\"{0}\",\"url\":\"https://example.com/{id}\",\"content\":\"\",\"symbols\":[{symbols}],\
             \"source\":\"made-up wire\"}}]",
            now()
        ));
        while peer.text_within(Duration::from_secs(3)).is_some() {}
    }
}

#[test]
#[ignore = "it is there to be looked at, and ends by itself"]
fn a_market_to_look_at() {
    let seconds = std::env::var("MARKET_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(90);
    let end = Instant::now() + Duration::from_secs(seconds);
    let cut = Instant::now() + Duration::from_secs(seconds / 3);
    let (venue, news) = (Server::start(), Server::start());
    println!(
        "APCA_API_KEY_ID=made-up APCA_API_SECRET_KEY=made-up streamer-tui --symbols BTC/USD,ETH/USD,SOL/USD \
         --source 'kraken:?url={}' --source 'alpaca:news?url={}'",
        venue.url(),
        news.url()
    );
    std::thread::spawn(move || publish(&news, end));
    let mut market = [
        Instrument::new("BTC/USD", 6_123_450),
        Instrument::new("ETH/USD", 248_890),
        Instrument::new("SOL/USD", 15_320),
    ];
    let mut dice = Pcg64Mcg::seed_from_u64(7);
    let mut peer = venue.accept();
    trade(&mut peer, &mut market, &mut dice, cut);
    peer.cut();
    println!("the connection is cut, and refused for {AWAY:?}");
    let back = Instant::now() + AWAY;
    while let Some(left) = back.checked_duration_since(Instant::now()) {
        if let Some(knock) = venue.knock_within(left) {
            knock.refuse(503, &[]);
        }
    }
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        if let Some(knock) = venue.knock_within(left) {
            trade(&mut knock.accept(), &mut market, &mut dice, end);
        }
    }
}
