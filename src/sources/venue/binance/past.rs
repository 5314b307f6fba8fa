//! Binance's bars from before: `GET /api/v3/klines`. Source: github.com/binance/binance-spot-api-docs, "REST API".

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Binance;
use crate::decode::Rejection;
use crate::domain::bar::PastBar;
use crate::domain::symbol::SymbolId;
use crate::sources::venue::backfill::{Page, PageRequest, listed_bar};
use crate::sources::venue::reading::elements;

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
            self.interval.label(),
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
    let rows = elements(text, "bars")?;
    rows.into_iter().map(|row| listed_bar(row, 5, 1)).collect()
}
