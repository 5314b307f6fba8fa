//! What Binance's messages and answers hold.
//! Source: github.com/binance/binance-spot-api-docs, "Web Socket Streams", "REST API".

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::decode::Rejection;
use crate::decode::wire::{PriceSize, Quoted};
use crate::domain::bar::Ohlcv;
use crate::domain::book::{BookProof, BookUpdate, Level};
use crate::domain::quote::Level1;
use crate::domain::time::UnixMs;
use crate::domain::trade::{Side, TimeAndSale, TradeId};
use crate::sources::venue::reading::Text;

/// Any message: data of a stream, or the answer to a request.
#[derive(Debug, Deserialize)]
pub(super) struct Frame<'a> {
    #[serde(borrow)]
    pub stream: Option<Text<'a>>,
    #[serde(borrow)]
    pub data: Option<&'a RawValue>,
    #[serde(borrow)]
    pub id: Option<&'a RawValue>,
    #[serde(rename = "e", borrow)]
    pub event: Option<Text<'a>>,
    #[serde(borrow)]
    pub error: Option<&'a RawValue>,
    pub code: Option<i64>,
    #[serde(borrow)]
    pub msg: Option<Text<'a>>,
}

/// What the venue says when it does not do something.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Failure<'a> {
    pub code: Option<i64>,
    #[serde(borrow)]
    pub msg: Option<Text<'a>>,
}

#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct BookTicker<'a> {
    #[serde(rename = "s", borrow)]
    pub symbol: Text<'a>,
    pub b: Quoted,
    #[serde(rename = "B")]
    pub b_size: Quoted,
    pub a: Quoted,
    #[serde(rename = "A")]
    pub a_size: Quoted,
}

impl BookTicker<'_> {
    pub(super) fn quote(&self) -> Level1 {
        Level1 {
            bid: Some(self.b.0),
            bid_size: Some(self.b_size.0),
            ask: Some(self.a.0),
            ask_size: Some(self.a_size.0),
            ..Level1::default()
        }
    }
}

#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Trade<'a> {
    #[serde(rename = "s", borrow)]
    pub symbol: Text<'a>,
    pub t: u64,
    pub p: Quoted,
    pub q: Quoted,
    #[serde(rename = "T")]
    pub time: i64,
    /// Whether the buyer's order was resting: then the seller took the initiative.
    pub m: bool,
}

impl Trade<'_> {
    pub(super) fn time(&self) -> UnixMs {
        UnixMs(self.time)
    }

    pub(super) fn trade(&self) -> TimeAndSale {
        TimeAndSale {
            price: Some(self.p.0),
            size: Some(self.q.0),
            side: Some(if self.m { Side::Sell } else { Side::Buy }),
            trade_id: Some(TradeId::Number(self.t)),
            ..TimeAndSale::default()
        }
    }
}

#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Kline<'a> {
    #[serde(rename = "s", borrow)]
    pub symbol: Text<'a>,
    #[serde(borrow)]
    pub k: KlineBody<'a>,
}

#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct KlineBody<'a> {
    pub t: i64,
    #[serde(rename = "i", borrow)]
    pub interval: Text<'a>,
    pub o: Quoted,
    pub h: Quoted,
    pub l: Quoted,
    pub c: Quoted,
    pub v: Quoted,
    /// Whether it is over.
    #[serde(rename = "x", default)]
    pub is_over: bool,
}

impl KlineBody<'_> {
    pub(super) fn start(&self) -> UnixMs {
        UnixMs(self.t)
    }

    pub(super) fn bar(&self) -> Ohlcv {
        Ohlcv {
            open: Some(self.o.0),
            high: Some(self.h.0),
            low: Some(self.l.0),
            close: Some(self.c.0),
            volume: Some(self.v.0),
        }
    }
}

#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Depth<'a> {
    #[serde(rename = "s", borrow)]
    pub symbol: Text<'a>,
    #[serde(rename = "E")]
    pub time: i64,
    #[serde(rename = "U")]
    pub first: u64,
    #[serde(rename = "u")]
    pub last: u64,
    pub b: Vec<PriceSize>,
    pub a: Vec<PriceSize>,
}

/// Changes to a book, with the numbers of the first and the last of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Diff {
    pub time: UnixMs,
    pub first: u64,
    pub last: u64,
    pub bids: Vec<Level>,
    pub asks: Vec<Level>,
}

impl Depth<'_> {
    pub(super) fn diff(self) -> Result<Diff, Rejection> {
        if self.first > self.last {
            return Err(Rejection::schema(format!(
                "depth: its first update, {}, is after its last, {}",
                self.first, self.last
            )));
        }
        Ok(Diff {
            time: UnixMs(self.time),
            first: self.first,
            last: self.last,
            bids: levels(self.b),
            asks: levels(self.a),
        })
    }
}

impl Diff {
    pub(super) fn update(self) -> BookUpdate {
        BookUpdate {
            bids: self.bids,
            asks: self.asks,
            snapshot: false,
            depth: None,
            proof: BookProof::Sequence,
            sequence: Some(self.last),
        }
    }
}

/// A whole book, as asked for.
#[derive(Debug, Deserialize)]
pub(super) struct WholeBook {
    #[serde(rename = "lastUpdateId")]
    pub last: u64,
    bids: Vec<PriceSize>,
    asks: Vec<PriceSize>,
}

impl WholeBook {
    pub(super) fn update(self) -> BookUpdate {
        BookUpdate {
            bids: levels(self.bids),
            asks: levels(self.asks),
            snapshot: true,
            depth: None,
            proof: BookProof::Sequence,
            sequence: Some(self.last),
        }
    }
}

fn levels(rows: Vec<PriceSize>) -> Vec<Level> {
    rows.into_iter().map(|row| row.0).collect()
}

/// A request on the socket.
#[derive(Debug, Serialize)]
pub(super) struct Call<'a> {
    pub method: &'static str,
    pub params: &'a [String],
    pub id: u64,
}
