//! Binance's bars from before: `GET /api/v3/klines`. Source: github.com/binance/binance-spot-api-docs, "REST API".

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;

use super::Binance;
use crate::decode::Rejection;
use crate::decode::wire::Quoted;
use crate::domain::bar::{Ohlcv, PastBar};
use crate::domain::symbol::SymbolId;
use crate::sources::venue::backfill::{Page, PageRequest};
use crate::sources::venue::reading::{read_part, time_of_ms};

/// The most bars in an answer.
const ROWS_MAX: u32 = 1000;
/// The weight of asking for any number of them.
const WEIGHT: u32 = 2;

impl Binance {
    pub(super) fn page_request(&self, symbol: SymbolId, page: &Page) -> Option<PageRequest> {
        let name = utf8_percent_encode(self.wanted.wire(symbol)?, NON_ALPHANUMERIC);
        let rows = page.rows.min(ROWS_MAX);
        // Without a start, those before the end are given.
        let path = format!(
            "/api/v3/klines?symbol={name}&interval={}&endTime={}&limit={rows}",
            self.interval,
            page.until.0.saturating_sub(1),
        );
        Some(PageRequest {
            path,
            headers: Vec::new(),
            weight: WEIGHT,
            covers_from: page.from,
            full: Some(rows),
        })
    }
}

/// The bars of an answer: lists that begin with start, open, high, low, close and volume.
pub(super) fn bars(text: &str) -> Result<Vec<PastBar>, Rejection> {
    let rows: Vec<Vec<&RawValue>> = read_part(text, "bars")?;
    rows.iter().map(|row| bar(row)).collect()
}

fn bar(row: &[&RawValue]) -> Result<PastBar, Rejection> {
    let &[start, open, high, low, close, volume, ..] = row else {
        return Err(Rejection::schema("a bar has fewer than six figures"));
    };
    let figure = |value: &RawValue| -> Result<_, Rejection> {
        Ok(Some(read_part::<Quoted>(value.get(), "a bar")?.0))
    };
    let start: i64 = read_part(start.get(), "a bar's start")?;
    Ok(PastBar {
        start: time_of_ms(start, "start")?,
        bar: Ohlcv {
            open: figure(open)?,
            high: figure(high)?,
            low: figure(low)?,
            close: figure(close)?,
            volume: figure(volume)?,
        },
    })
}
