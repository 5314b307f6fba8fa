//! Alpaca's messages as they come.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use crate::decode::Rejection;
use crate::decode::wire::Exact;
use crate::sources::venue::reading::{self, Object, Text};

/// A message's type, when it does not stand first.
pub(super) fn kind(text: &str) -> Result<Cow<'_, str>, Rejection> {
    #[derive(Deserialize)]
    struct Kind<'a> {
        #[serde(rename = "T", borrow)]
        kind: Cow<'a, str>,
    }
    reading::read_part(text, "a message").map(|kind: Kind<'_>| kind.kind)
}

/// What the venue says of a connection.
#[derive(Deserialize)]
pub(super) struct Control<'a> {
    #[serde(borrow)]
    pub(super) msg: Cow<'a, str>,
}

/// What the venue cannot do.
#[derive(Deserialize)]
pub(super) struct Failure<'a> {
    pub(super) code: i64,
    #[serde(borrow)]
    pub(super) msg: Option<Cow<'a, str>>,
}

/// Everything that is subscribed. What a feed does not have is left out.
#[derive(Deserialize)]
pub(super) struct Subscription<'a> {
    #[serde(borrow, default)]
    trades: Vec<Text<'a>>,
    #[serde(borrow, default)]
    quotes: Vec<Text<'a>>,
    #[serde(borrow, default)]
    bars: Vec<Text<'a>>,
    #[serde(borrow, default, rename = "dailyBars")]
    daily_bars: Vec<Text<'a>>,
    #[serde(borrow, default)]
    orderbooks: Vec<Text<'a>>,
    #[serde(borrow, default)]
    news: Vec<Text<'a>>,
}

impl Subscription<'_> {
    /// Every name, some more than once.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        [
            &self.trades,
            &self.quotes,
            &self.bars,
            &self.daily_bars,
            &self.orderbooks,
            &self.news,
        ]
        .into_iter()
        .flatten()
        .map(|name| &*name.0)
    }
}

/// A list for which `null` says what its absence says.
fn or_missing<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[derive(Deserialize)]
pub(super) struct Trade<'a> {
    #[serde(rename = "S", borrow)]
    pub(super) symbol: Cow<'a, str>,
    #[serde(rename = "i")]
    pub(super) id: u64,
    #[serde(rename = "x")]
    pub(super) exchange: Option<Box<str>>,
    #[serde(rename = "p")]
    pub(super) price: Exact,
    #[serde(rename = "s")]
    pub(super) size: Exact,
    #[serde(rename = "c", default, deserialize_with = "or_missing")]
    pub(super) conditions: Box<[Box<str>]>,
    #[serde(rename = "t", borrow)]
    pub(super) time: Cow<'a, str>,
    #[serde(rename = "z", borrow)]
    pub(super) tape: Option<Cow<'a, str>>,
    #[serde(rename = "tks", borrow)]
    pub(super) taker_side: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Correction<'a> {
    #[serde(rename = "S", borrow)]
    pub(super) symbol: Cow<'a, str>,
    #[serde(rename = "oi")]
    pub(super) original_id: u64,
    #[serde(rename = "ci")]
    pub(super) id: u64,
    #[serde(rename = "x")]
    pub(super) exchange: Option<Box<str>>,
    #[serde(rename = "cp")]
    pub(super) price: Exact,
    #[serde(rename = "cs")]
    pub(super) size: Exact,
    #[serde(rename = "cc", default, deserialize_with = "or_missing")]
    pub(super) conditions: Box<[Box<str>]>,
    #[serde(rename = "t", borrow)]
    pub(super) time: Cow<'a, str>,
    #[serde(rename = "z", borrow)]
    pub(super) tape: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Cancel<'a> {
    #[serde(rename = "S", borrow)]
    pub(super) symbol: Cow<'a, str>,
    #[serde(rename = "i")]
    pub(super) id: u64,
    #[serde(rename = "x")]
    pub(super) exchange: Option<Box<str>>,
    #[serde(rename = "p")]
    pub(super) price: Exact,
    #[serde(rename = "s")]
    pub(super) size: Exact,
    #[serde(rename = "t", borrow)]
    pub(super) time: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Quote<'a> {
    #[serde(rename = "S", borrow)]
    pub(super) symbol: Cow<'a, str>,
    #[serde(rename = "bp")]
    pub(super) bid: Exact,
    #[serde(rename = "bs")]
    pub(super) bid_size: Exact,
    #[serde(rename = "ap")]
    pub(super) ask: Exact,
    #[serde(rename = "as")]
    pub(super) ask_size: Exact,
    #[serde(rename = "t", borrow)]
    pub(super) time: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Bar<'a> {
    #[serde(rename = "S", borrow)]
    pub(super) symbol: Cow<'a, str>,
    #[serde(rename = "o")]
    pub(super) open: Exact,
    #[serde(rename = "h")]
    pub(super) high: Exact,
    #[serde(rename = "l")]
    pub(super) low: Exact,
    #[serde(rename = "c")]
    pub(super) close: Exact,
    #[serde(rename = "v")]
    pub(super) volume: Exact,
    #[serde(rename = "t", borrow)]
    pub(super) start: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Status<'a> {
    #[serde(rename = "S", borrow)]
    pub(super) symbol: Cow<'a, str>,
    #[serde(rename = "sc", borrow)]
    pub(super) code: Cow<'a, str>,
    #[serde(rename = "sm", borrow)]
    pub(super) message: Option<Cow<'a, str>>,
    #[serde(rename = "rc", borrow)]
    pub(super) reason_code: Option<Cow<'a, str>>,
    #[serde(rename = "rm", borrow)]
    pub(super) reason: Option<Cow<'a, str>>,
    #[serde(rename = "t", borrow)]
    pub(super) time: Cow<'a, str>,
    #[serde(rename = "z", borrow)]
    pub(super) tape: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Limits<'a> {
    #[serde(rename = "S", borrow)]
    pub(super) symbol: Cow<'a, str>,
    #[serde(rename = "u")]
    pub(super) upper: Exact,
    #[serde(rename = "d")]
    pub(super) lower: Exact,
    #[serde(rename = "t", borrow)]
    pub(super) time: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct BookLevel {
    #[serde(rename = "p")]
    pub(super) price: Exact,
    #[serde(rename = "s")]
    pub(super) size: Exact,
}

#[derive(Deserialize)]
pub(super) struct Book<'a> {
    #[serde(rename = "S", borrow)]
    pub(super) symbol: Cow<'a, str>,
    #[serde(rename = "b", default, deserialize_with = "or_missing")]
    pub(super) bids: Vec<Object<BookLevel>>,
    #[serde(rename = "a", default, deserialize_with = "or_missing")]
    pub(super) asks: Vec<Object<BookLevel>>,
    #[serde(rename = "r", default)]
    pub(super) is_reset: bool,
    #[serde(rename = "t", borrow)]
    pub(super) time: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Article<'a> {
    pub(super) headline: String,
    pub(super) summary: Option<String>,
    pub(super) source: Option<String>,
    pub(super) url: Option<String>,
    #[serde(borrow)]
    pub(super) created_at: Cow<'a, str>,
    pub(super) symbols: Vec<String>,
}
