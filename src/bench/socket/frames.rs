//! Frames as venues write them, encoded for the wire beforehand.

use std::sync::Arc;

use serde_json::json;

use crate::compute::book::Book;
use crate::domain::Decimal;
use crate::domain::book::{BookUpdate, Level};

/// Levels of each side of a book.
const DEPTH: i64 = 10;
/// 2024-08-08T00:00:00Z.
const START_MS: usize = 1_723_075_200_000;

/// What a server sends.
pub(super) struct Feed {
    /// All frames, one behind the other, with their websocket heads.
    pub wire: Arc<Vec<u8>>,
    /// Where each ends.
    pub ends: Arc<Vec<usize>>,
    /// How many there are.
    pub frames: usize,
    /// How many results come of them.
    pub results: u64,
    /// The symbols in them.
    pub symbols: Vec<String>,
    /// What a client without an engine sends to get them.
    pub subscription: String,
    kind: &'static str,
    services: &'static str,
}

impl Feed {
    /// The specification of the source that reads them.
    pub fn spec(&self, port: u16) -> String {
        format!(
            "{}:?url=ws://127.0.0.1:{port}&services={}",
            self.kind, self.services
        )
    }

    fn new(kind: &'static str, services: &'static str, symbols: Vec<String>) -> Self {
        let names: Vec<&str> = symbols.iter().map(String::as_str).collect();
        let subscription = match kind {
            "kraken" => json!({"method": "subscribe", "params": {"symbol": names}}),
            _ => json!({"method": "SUBSCRIBE", "params": names, "id": 1}),
        };
        Self {
            wire: Arc::default(),
            ends: Arc::default(),
            frames: 0,
            results: 0,
            subscription: subscription.to_string(),
            symbols,
            kind,
            services,
        }
    }

    fn push(&mut self, text: &str) {
        // Nobody else holds them while they are being made.
        let wire = Arc::make_mut(&mut self.wire);
        // A whole text message, unmasked as a server sends it (RFC 6455 §5.2).
        wire.push(0x81);
        match text.len() {
            short @ 0..=125 => wire.push(short as u8),
            middle @ 126..=0xffff => {
                wire.push(126);
                wire.extend_from_slice(&(middle as u16).to_be_bytes());
            }
            long => {
                wire.push(127);
                wire.extend_from_slice(&(long as u64).to_be_bytes());
            }
        }
        wire.extend_from_slice(text.as_bytes());
        Arc::make_mut(&mut self.ends).push(wire.len());
        self.frames += 1;
    }
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("S{n:04}USDT")).collect()
}

/// Binance trades.
pub(super) fn trades(symbols: usize, frames: usize) -> Feed {
    let mut feed = Feed::new("binance", "TIMESALE", names(symbols));
    feed.results = frames as u64;
    for n in 0..frames {
        let name = feed.symbols[n % symbols].clone();
        let stream = name.to_ascii_lowercase();
        let time = START_MS + n;
        let cents = 10_000 + (n * 7919) % 900;
        // Each symbol's trades are numbered one by one.
        let number = n / symbols;
        feed.push(&format!(
            "{{\"stream\":\"{stream}@trade\",\"data\":{{\"e\":\"trade\",\"E\":{time},\"s\":\"{name}\",\"t\":{number},\"p\":\"{}.{:02}000000\",\
             \"q\":\"0.{:04}0000\",\"T\":{time},\"m\":{},\"M\":true}}}}",
            cents / 100,
            cents % 100,
            1 + n % 9999,
            n % 2 == 0,
        ));
    }
    feed
}

/// Binance quotes.
pub(super) fn quotes(symbols: usize, frames: usize) -> Feed {
    let mut feed = Feed::new("binance", "LEVEL1", names(symbols));
    for n in 0..frames {
        let name = feed.symbols[n % symbols].clone();
        let stream = name.to_ascii_lowercase();
        let cents = 10_000 + (n * 7919) % 900;
        feed.push(&format!(
            "{{\"stream\":\"{stream}@bookTicker\",\"data\":{{\"u\":{n},\"s\":\"{name}\",\"b\":\"{}.{:02}000000\",\"B\":\"1.50000000\",\
             \"a\":\"{}.{:02}500000\",\"A\":\"0.{:04}0000\"}}}}",
            cents / 100,
            cents % 100,
            cents / 100,
            cents % 100,
            1 + n % 9999,
        ));
    }
    feed
}

/// Kraken books of ten levels, every update with its true checksum.
pub(super) fn books(symbols: usize, frames: usize) -> Feed {
    let names: Vec<String> = (0..symbols).map(|n| format!("S{n:04}/USD")).collect();
    let mut feed = Feed::new("kraken", "LEVEL2", names);
    feed.results = frames as u64;
    let mut books = vec![Book::default(); symbols];
    for n in 0..frames {
        let at = n % symbols;
        let update = book_update(n / symbols);
        // A book that is made here cannot be at fault.
        let applied = books[at].apply(&update);
        debug_assert!(applied.is_ok());
        let kind = if update.snapshot {
            "snapshot"
        } else {
            "update"
        };
        let side = |levels: &[Level]| {
            let levels: Vec<String> = levels
                .iter()
                .map(|level| format!("{{\"price\":{},\"qty\":{}}}", level.price, level.size))
                .collect();
            levels.join(",")
        };
        let text = format!(
            "{{\"channel\":\"book\",\"type\":\"{kind}\",\"data\":[{{\"symbol\":\"{}\",\"bids\":[{}],\"asks\":[{}],\"checksum\":{},\
             \"timestamp\":\"2024-08-08T00:00:00.000000Z\"}}]}}",
            feed.symbols[at],
            side(&update.bids),
            side(&update.asks),
            books[at].checksum(),
        );
        feed.push(&text);
    }
    feed
}

/// The whole book first, then changes of sizes near the best.
fn book_update(n: usize) -> BookUpdate {
    let level = |cents: i64, size: i64| Level {
        price: Decimal::new(cents, 2),
        size: Decimal::new(size, 8),
    };
    let size = |step: i64| 100_000_000 + (n as i64 * 7919 + step) % 900_000_000;
    let mut update = BookUpdate {
        depth: Some(DEPTH as u32),
        snapshot: n == 0,
        ..BookUpdate::default()
    };
    if n == 0 {
        for step in 0..DEPTH {
            update.bids.push(level(1_000_000 - step, size(step)));
            update.asks.push(level(1_000_001 + step, size(step)));
        }
    } else {
        let step = n as i64 % DEPTH;
        update.bids.push(level(1_000_000 - step, size(step)));
        update.asks.push(level(1_000_001 + step, size(step)));
    }
    update
}
