//! What Kraken's frames hold.
//! Source: docs.kraken.com, "Spot WebSocket API v2".

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

/// Any frame: data, the answer to a request, or a complaint.
#[derive(Debug, Deserialize)]
pub(super) struct Frame<'a> {
    #[serde(borrow)]
    pub channel: Option<Text<'a>>,
    #[serde(rename = "type", borrow)]
    pub kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub data: Option<&'a RawValue>,
    #[serde(borrow)]
    pub method: Option<Text<'a>>,
    pub success: Option<bool>,
    #[serde(borrow)]
    pub result: Option<&'a RawValue>,
    #[serde(borrow)]
    pub error: Option<Text<'a>>,
    #[serde(borrow)]
    pub symbol: Option<Text<'a>>,
    pub req_id: Option<u64>,
    #[serde(rename = "Error", borrow)]
    pub complaint: Option<Text<'a>>,
}

/// What a confirmation is of.
#[derive(Debug, Deserialize)]
pub(super) struct Acknowledged<'a> {
    #[serde(borrow)]
    pub channel: Text<'a>,
    #[serde(borrow)]
    pub symbol: Option<Text<'a>>,
}

/// The exchange's state.
#[derive(Debug, Deserialize)]
pub(super) struct StatusRow<'a> {
    #[serde(borrow)]
    pub system: Text<'a>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TickerRow<'a> {
    #[serde(borrow)]
    pub symbol: Text<'a>,
    pub bid: Exact,
    pub bid_qty: Exact,
    pub ask: Exact,
    pub ask_qty: Exact,
    pub last: Exact,
    pub volume: Exact,
    #[serde(borrow)]
    pub timestamp: Option<Text<'a>>,
}

impl TickerRow<'_> {
    pub(super) fn time(&self) -> Result<Option<UnixMs>, Rejection> {
        self.timestamp
            .as_ref()
            .map(|text| time_of_text(text, "timestamp"))
            .transpose()
    }

    pub(super) fn quote(&self) -> Level1 {
        Level1 {
            bid: Some(self.bid.0),
            bid_size: Some(self.bid_qty.0),
            ask: Some(self.ask.0),
            ask_size: Some(self.ask_qty.0),
            last: Some(self.last.0),
            last_size: None,
            volume: Some(self.volume.0),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct TradeRow<'a> {
    #[serde(borrow)]
    pub symbol: Text<'a>,
    #[serde(borrow)]
    pub side: Text<'a>,
    pub price: Exact,
    pub qty: Exact,
    pub trade_id: u64,
    #[serde(borrow)]
    pub timestamp: Text<'a>,
}

impl TradeRow<'_> {
    pub(super) fn time(&self) -> Result<UnixMs, Rejection> {
        time_of_text(&self.timestamp, "timestamp")
    }

    pub(super) fn trade(&self) -> Result<TimeAndSale, Rejection> {
        let side = match &*self.side {
            "buy" => Side::Buy,
            "sell" => Side::Sell,
            other => {
                let reason = format!("side is {other:?}, which is neither buy nor sell");
                return Err(Rejection::schema(shortened(&reason)));
            }
        };
        Ok(TimeAndSale {
            price: Some(self.price.0),
            size: Some(self.qty.0),
            side: Some(side),
            trade_id: Some(TradeId::Number(self.trade_id)),
            ..TimeAndSale::default()
        })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct OhlcRow<'a> {
    #[serde(borrow)]
    pub symbol: Text<'a>,
    open: Exact,
    high: Exact,
    low: Exact,
    close: Exact,
    volume: Exact,
    #[serde(borrow)]
    interval_begin: Text<'a>,
    /// In minutes.
    pub interval: i64,
}

impl OhlcRow<'_> {
    pub(super) fn begin(&self) -> Result<UnixMs, Rejection> {
        time_of_text(&self.interval_begin, "interval_begin")
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

#[derive(Debug, Deserialize)]
pub(super) struct LevelRow {
    pub price: Exact,
    pub qty: Exact,
}

#[derive(Debug, Deserialize)]
pub(super) struct BookRow<'a> {
    #[serde(borrow)]
    pub symbol: Text<'a>,
    pub bids: Vec<LevelRow>,
    pub asks: Vec<LevelRow>,
    pub checksum: u32,
    #[serde(borrow)]
    pub timestamp: Option<Text<'a>>,
}

impl BookRow<'_> {
    pub(super) fn time(&self) -> Result<Option<UnixMs>, Rejection> {
        self.timestamp
            .as_ref()
            .map(|text| time_of_text(text, "timestamp"))
            .transpose()
    }

    pub(super) fn update(&self, snapshot: bool, depth: u32) -> BookUpdate {
        let levels = |rows: &[LevelRow]| {
            let level = |row: &LevelRow| Level {
                price: row.price.0,
                size: row.qty.0,
            };
            rows.iter().map(level).collect()
        };
        BookUpdate {
            bids: levels(&self.bids),
            asks: levels(&self.asks),
            snapshot,
            depth: Some(depth),
            proof: BookProof::Crc32(self.checksum),
            ..BookUpdate::default()
        }
    }
}

/// A request.
#[derive(Debug, Serialize)]
pub(super) struct Call<'a> {
    pub method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Params<'a>>,
    pub req_id: u64,
}

/// What is asked for.
#[derive(Debug, Serialize)]
pub(super) struct Params<'a> {
    pub channel: &'static str,
    pub symbol: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_trigger: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<bool>,
}
