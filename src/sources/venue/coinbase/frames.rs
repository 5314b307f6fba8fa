//! What Coinbase's frames hold.
//! Source: docs.cdp.coinbase.com, "Advanced Trade WebSocket Channels".

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::decode::Rejection;
use crate::decode::wire::Exact;
use crate::domain::bar::Ohlcv;
use crate::domain::book::{BookProof, BookUpdate, Level};
use crate::domain::quote::Level1;
use crate::domain::time::UnixMs;
use crate::domain::trade::{Side, TimeAndSale, TradeId};
use crate::sources::venue::reading::{Text, shortened, time_of_text};

/// Any frame: of a channel, or a complaint.
#[derive(Debug, Deserialize)]
pub(super) struct Frame<'a> {
    #[serde(borrow)]
    pub channel: Option<Text<'a>>,
    #[serde(borrow)]
    pub timestamp: Option<Text<'a>>,
    pub sequence_num: Option<u64>,
    #[serde(borrow)]
    pub events: Option<&'a RawValue>,
    #[serde(rename = "type", borrow)]
    pub kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub message: Option<Text<'a>>,
}

impl Frame<'_> {
    /// When it was sent.
    pub(super) fn time(&self) -> Result<UnixMs, Rejection> {
        match &self.timestamp {
            Some(text) => time_of_text(text, "timestamp"),
            None => Err(Rejection::schema("a frame: missing field `timestamp`")),
        }
    }
}

/// What is subscribed: the products of each channel.
#[derive(Debug, Deserialize)]
pub(super) struct Subscriptions<'a> {
    #[serde(borrow)]
    pub subscriptions: std::collections::BTreeMap<Text<'a>, Vec<Text<'a>>>,
}

/// An event of quotes.
#[derive(Debug, Deserialize)]
pub(super) struct Tickers<'a> {
    #[serde(borrow)]
    pub tickers: Vec<&'a RawValue>,
}

/// An event of trades.
#[derive(Debug, Deserialize)]
pub(super) struct Trades<'a> {
    #[serde(rename = "type", borrow)]
    pub kind: Text<'a>,
    #[serde(borrow)]
    pub trades: Vec<&'a RawValue>,
}

/// An event of bars.
#[derive(Debug, Deserialize)]
pub(super) struct Candles<'a> {
    #[serde(rename = "type", borrow)]
    pub kind: Text<'a>,
    #[serde(borrow)]
    pub candles: Vec<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TickerRow<'a> {
    #[serde(borrow)]
    pub product_id: Text<'a>,
    price: Exact,
    volume_24_h: Option<Exact>,
    best_bid: Option<Exact>,
    best_bid_quantity: Option<Exact>,
    best_ask: Option<Exact>,
    best_ask_quantity: Option<Exact>,
}

impl TickerRow<'_> {
    pub(super) fn quote(&self) -> Level1 {
        let value = |exact: Option<Exact>| exact.map(|exact| exact.0);
        Level1 {
            bid: value(self.best_bid),
            bid_size: value(self.best_bid_quantity),
            ask: value(self.best_ask),
            ask_size: value(self.best_ask_quantity),
            last: Some(self.price.0),
            last_size: None,
            volume: value(self.volume_24_h),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct TradeRow<'a> {
    #[serde(borrow)]
    pub product_id: Text<'a>,
    #[serde(borrow)]
    trade_id: Text<'a>,
    price: Exact,
    size: Exact,
    #[serde(borrow)]
    time: Text<'a>,
    #[serde(borrow)]
    side: Text<'a>,
}

impl TradeRow<'_> {
    /// The trade's number, where its name is one.
    pub(super) fn number(&self) -> Option<u64> {
        self.trade_id.parse().ok()
    }

    pub(super) fn time(&self) -> Result<UnixMs, Rejection> {
        time_of_text(&self.time, "time")
    }

    pub(super) fn trade(&self) -> Result<TimeAndSale, Rejection> {
        // The venue tells the side of the resting order: the initiative was the other's.
        let side = match &*self.side {
            "BUY" => Some(Side::Sell),
            "SELL" => Some(Side::Buy),
            "UNKNOWN_ORDER_SIDE" => None,
            other => {
                let reason = format!("side is {other:?}, which is neither BUY nor SELL");
                return Err(Rejection::schema(shortened(&reason)));
            }
        };
        Ok(TimeAndSale {
            price: Some(self.price.0),
            size: Some(self.size.0),
            side,
            trade_id: Some(TradeId::Text((*self.trade_id).into())),
            ..TimeAndSale::default()
        })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct CandleRow<'a> {
    #[serde(borrow)]
    pub product_id: Text<'a>,
    /// Seconds since 1970.
    #[serde(borrow)]
    start: Text<'a>,
    open: Exact,
    high: Exact,
    low: Exact,
    close: Exact,
    volume: Exact,
}

impl CandleRow<'_> {
    pub(super) fn start(&self) -> Result<UnixMs, Rejection> {
        let seconds: Option<i64> = self.start.parse().ok();
        let start = seconds.and_then(|seconds| seconds.checked_mul(1000));
        start.map(UnixMs).ok_or_else(|| {
            let reason = format!("start is {:?}, which is no time", &*self.start);
            Rejection::schema(shortened(&reason))
        })
    }

    pub(super) fn bar(&self) -> Ohlcv {
        Ohlcv {
            open: Some(self.open.0),
            high: Some(self.high.0),
            low: Some(self.low.0),
            close: Some(self.close.0),
            volume: Some(self.volume.0),
        }
    }
}

/// Which side of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum BookSide {
    #[serde(rename = "bid")]
    Bid,
    #[serde(rename = "offer")]
    Offer,
}

#[derive(Debug, Deserialize)]
struct LevelRow {
    side: BookSide,
    price_level: Exact,
    new_quantity: Exact,
}

/// An event of a book: all of it, or changes.
#[derive(Debug, Deserialize)]
pub(super) struct BookEvent<'a> {
    #[serde(rename = "type", borrow)]
    pub kind: Text<'a>,
    #[serde(borrow)]
    pub product_id: Text<'a>,
    updates: Vec<LevelRow>,
}

impl BookEvent<'_> {
    pub(super) fn update(&self, snapshot: bool, sequence: u64) -> BookUpdate {
        let levels = |side: BookSide| {
            let rows = self.updates.iter().filter(|row| row.side == side);
            let level = |row: &LevelRow| Level {
                price: row.price_level.0,
                size: row.new_quantity.0,
            };
            rows.map(level).collect()
        };
        BookUpdate {
            bids: levels(BookSide::Bid),
            asks: levels(BookSide::Offer),
            snapshot,
            proof: BookProof::Sequence,
            sequence: Some(sequence),
            ..BookUpdate::default()
        }
    }
}

/// A request.
#[derive(Debug, Serialize)]
pub(super) struct Call<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub product_ids: &'a [&'a str],
    pub channel: &'static str,
}
