//! Alpaca's bars from before: `GET /v2/stocks/bars` and `GET /v1beta3/crypto/us/bars`, with the account's keys.
//! Source: docs.alpaca.markets, "Historical bars".

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use serde::Deserialize;

use super::Alpaca;
use super::feed::Feed;
use crate::decode::Rejection;
use crate::decode::wire::Exact;
use crate::domain::bar::{Ohlcv, PastBar};
use crate::domain::symbol::SymbolId;
use crate::domain::time::{MINUTE_MS, UnixMs};
use crate::sources::venue::backfill::{Page, PageRequest};
use crate::sources::venue::reading::{read, time_of_text};

/// The most bars in an answer.
const ROWS_MAX: u32 = 10_000;
/// How much later the delayed feed is, and what accounts without a plan may not ask for.
const DELAY_MS: i64 = 16 * MINUTE_MS;

#[derive(Deserialize)]
struct Answered<'a> {
    /// By symbol; `null` when there are none.
    #[serde(borrow)]
    bars: Option<BTreeMap<Cow<'a, str>, Vec<Row<'a>>>>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    t: Cow<'a, str>,
    o: Exact,
    h: Exact,
    l: Exact,
    c: Exact,
    v: Exact,
}

impl Alpaca {
    pub(super) fn page_request(&self, symbol: SymbolId, page: &Page) -> Option<PageRequest> {
        let (path, feed) = match self.feed {
            Feed::Stocks => ("/v2/stocks/bars", self.history_feed),
            Feed::Crypto => ("/v1beta3/crypto/us/bars", ""),
            Feed::Test | Feed::News => return None,
        };
        let name = utf8_percent_encode(self.wanted.wire(symbol)?, NON_ALPHANUMERIC);
        let rows = page.rows.min(ROWS_MAX);
        let delay_ms = if self.is_delayed { DELAY_MS } else { 0 };
        let (start, end) = (
            text_of(page.from)?,
            text_of(page.until.plus_ms(-1 - delay_ms))?,
        );
        let mut headers: Vec<(&'static str, SecretString)> = Vec::new();
        for (name, key) in ["APCA-API-KEY-ID", "APCA-API-SECRET-KEY"]
            .into_iter()
            .zip(&self.keys)
        {
            headers.push((name, key.clone()?));
        }
        Some(PageRequest {
            path: format!(
                "{path}?symbols={name}&timeframe=1Min&start={start}&end={end}&limit={rows}&sort=desc{feed}"
            ),
            headers,
            weight: 1,
            covers_from: page.from,
            full: Some(rows),
        })
    }
}

fn text_of(time: UnixMs) -> Option<String> {
    let time = chrono::DateTime::from_timestamp_millis(time.0)?;
    Some(time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

/// The bars of an answer, which are of one symbol.
pub(super) fn bars(text: &str) -> Result<Vec<PastBar>, Rejection> {
    let answered: Answered<'_> = read(text, "bars")?;
    let rows = answered.bars.unwrap_or_default().into_values().flatten();
    let bar = |row: Row<'_>| {
        Ok(PastBar {
            start: time_of_text(&row.t, "t")?,
            bar: Ohlcv {
                open: Some(row.o.0),
                high: Some(row.h.0),
                low: Some(row.l.0),
                close: Some(row.c.0),
                volume: Some(row.v.0),
            },
        })
    };
    rows.map(bar).collect()
}
