//! Kraken's bars from before: `GET /0/public/OHLC`, the last 720 of an interval at the most.
//! Source: docs.kraken.com, "Get OHLC Data".

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Kraken;
use crate::decode::Rejection;
use crate::decode::wire::Quoted;
use crate::domain::bar::{Ohlcv, PastBar};
use crate::domain::symbol::SymbolId;
use crate::sources::venue::backfill::{Page, PageRequest};
use crate::sources::venue::reading::{Text, read, read_part, shortened, time_of_ms};

/// What two currencies are called in requests.
const OLD_NAMES: [(&str, &str); 2] = [("BTC", "XBT"), ("DOGE", "XDG")];

#[derive(Deserialize)]
struct Answered<'a> {
    #[serde(borrow, default)]
    error: Vec<Text<'a>>,
    /// The rows under the venue's own name for the pair, and `last`.
    #[serde(borrow, default)]
    result: BTreeMap<Text<'a>, &'a RawValue>,
}

impl Kraken {
    pub(super) fn page_request(&self, symbol: SymbolId, page: &Page) -> Option<PageRequest> {
        let old = |name: &'_ str| -> String {
            let known = OLD_NAMES.iter().find(|(new, _)| *new == name);
            known.map_or(name, |(_, old)| old).to_owned()
        };
        let pair: String = self.wanted.wire(symbol)?.split('/').map(old).collect();
        let pair = utf8_percent_encode(&pair, NON_ALPHANUMERIC);
        // The time itself is left out by the venue.
        let since = page.from.0.div_euclid(1000).saturating_sub(1);
        Some(PageRequest {
            path: format!(
                "/0/public/OHLC?pair={pair}&interval={}&since={since}",
                self.interval_minutes
            ),
            headers: Vec::new(),
            weight: 1,
            covers_from: page.from,
            full: None,
        })
    }
}

/// The bars of an answer: lists of seconds, open, high, low, close, average, volume, count.
pub(super) fn bars(text: &str) -> Result<Vec<PastBar>, Rejection> {
    let answered: Answered<'_> = read(text, "bars")?;
    if let Some(words) = answered.error.first() {
        let reason = format!("Kraken says {}", shortened(words));
        return Err(Rejection::schema(reason));
    }
    let mut rows = answered
        .result
        .iter()
        .filter(|(name, _)| &***name != "last");
    let Some((_, rows)) = rows.next() else {
        return Err(Rejection::schema("bars: there are none in the answer"));
    };
    let rows: Vec<Vec<&RawValue>> = read_part(rows.get(), "bars")?;
    rows.iter().map(|row| bar(row)).collect()
}

fn bar(row: &[&RawValue]) -> Result<PastBar, Rejection> {
    let &[start, open, high, low, close, _, volume, ..] = row else {
        return Err(Rejection::schema("a bar has fewer than seven figures"));
    };
    let figure = |value: &RawValue| -> Result<_, Rejection> {
        Ok(Some(read_part::<Quoted>(value.get(), "a bar")?.0))
    };
    let seconds: i64 = read_part(start.get(), "a bar's start")?;
    Ok(PastBar {
        start: time_of_ms(seconds.saturating_mul(1000), "start")?,
        bar: Ohlcv {
            open: figure(open)?,
            high: figure(high)?,
            low: figure(low)?,
            close: figure(close)?,
            volume: figure(volume)?,
        },
    })
}
