//! Kraken's bars from before: `GET /0/public/OHLC`, the last 720 of an interval at the most.
//! Source: docs.kraken.com, "Get OHLC Data".

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Kraken;
use crate::decode::Rejection;
use crate::domain::bar::PastBar;
use crate::domain::symbol::SymbolId;
use crate::sources::venue::backfill::{Page, PageRequest, listed_bar};
use crate::sources::venue::reading::{Text, elements, read, shortened};

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
    let rows = elements(rows.get(), "bars")?;
    let bars = rows.into_iter().map(|row| listed_bar(row, 6, 1000));
    bars.collect()
}
