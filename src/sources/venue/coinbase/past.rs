//! Coinbase's bars from before: `GET /api/v3/brokerage/market/products/{product}/candles`, 350 at a time, without a key.
//! Source: docs.cdp.coinbase.com, "Get Public Product Candles".

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::Coinbase;
use crate::decode::Rejection;
use crate::decode::wire::Exact;
use crate::domain::bar::{Ohlcv, PastBar};
use crate::domain::symbol::SymbolId;
use crate::domain::time::Timeframe;
use crate::sources::venue::backfill::{Page, PageRequest};
use crate::sources::venue::reading::{Text, read, time_of_ms};

/// Intervals that are asked for at a time: a little less than the venue gives.
const ROWS_MAX: u32 = 340;

#[derive(Deserialize)]
struct Answered<'a> {
    #[serde(borrow)]
    candles: Vec<Candle<'a>>,
}

#[derive(Deserialize)]
struct Candle<'a> {
    /// Seconds since 1970.
    #[serde(borrow)]
    start: Text<'a>,
    open: Exact,
    high: Exact,
    low: Exact,
    close: Exact,
    volume: Exact,
}

impl Coinbase {
    pub(super) fn page_request(&self, symbol: SymbolId, page: &Page) -> Option<PageRequest> {
        let asked_as = &self.wanted.get(self.wanted.wire(symbol)?)?.state.asked_as;
        let product = utf8_percent_encode(asked_as, NON_ALPHANUMERIC);
        let granularity = match self.interval {
            Timeframe::M1 => "ONE_MINUTE",
            Timeframe::M5 => "FIVE_MINUTE",
            Timeframe::M15 => "FIFTEEN_MINUTE",
            Timeframe::H1 => "ONE_HOUR",
            Timeframe::D1 => "ONE_DAY",
        };
        let rows = i64::from(page.rows.min(ROWS_MAX));
        let from = page
            .until
            .plus_ms(-rows * self.interval.ms())
            .max(page.from);
        let (start, end) = (from.0.div_euclid(1000), page.until.0.div_euclid(1000) - 1);
        Some(PageRequest {
            path: format!(
                "/api/v3/brokerage/market/products/{product}/candles?start={start}&end={end}&granularity={granularity}"
            ),
            headers: Vec::new(),
            weight: 1,
            covers_from: from,
            full: None,
        })
    }
}

/// The bars of an answer.
pub(super) fn bars(text: &str) -> Result<Vec<PastBar>, Rejection> {
    let answered: Answered<'_> = read(text, "bars")?;
    let bar = |candle: &Candle<'_>| {
        let seconds: Option<i64> = candle.start.parse().ok();
        let ms = seconds.and_then(|seconds| seconds.checked_mul(1000));
        let ms = ms.ok_or_else(|| Rejection::schema("a bar: start is no time"))?;
        Ok(PastBar {
            start: time_of_ms(ms, "start")?,
            bar: Ohlcv {
                open: Some(candle.open.0),
                high: Some(candle.high.0),
                low: Some(candle.low.0),
                close: Some(candle.close.0),
                volume: Some(candle.volume.0),
            },
        })
    };
    answered.candles.iter().map(bar).collect()
}
