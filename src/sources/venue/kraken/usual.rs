//! The rows of Kraken's channels as Kraken writes them, read in one pass over the text.
//!
//! Each function gives `None` for what is written in any other way; what it gives is what serde makes of the same text.

use super::frames::{BookRow, LevelRow, TickerRow, TradeRow};
use crate::decode::usual::Usual;
use crate::decode::wire::Exact;
use crate::sources::venue::reading::Text;

fn text<'a>(usual: &mut Usual<'a>) -> Option<Text<'a>> {
    usual.text().map(|text| Text(text.into()))
}

fn number(usual: &mut Usual<'_>) -> Option<Exact> {
    usual.number().map(Exact)
}

/// `{"symbol":"BTC/USD","bids":[{"price":45283.5,"qty":0.10000000}],"asks":[],"checksum":1,"timestamp":"2023-10-06T17:35:55Z"}`
pub(super) fn book(row: &str) -> Option<BookRow<'_>> {
    let usual = &mut Usual::new(row);
    usual.pass("{\"symbol\":\"")?;
    let symbol = text(usual)?;
    usual.pass(",\"bids\":[")?;
    let bids = levels(usual)?;
    usual.pass(",\"asks\":[")?;
    let asks = levels(usual)?;
    usual.pass(",\"checksum\":")?;
    let checksum = u32::try_from(usual.whole()?).ok()?;
    usual.pass(",\"timestamp\":\"")?;
    let timestamp = Some(text(usual)?);
    usual.pass("}")?;
    usual.end()?;
    Some(BookRow {
        symbol,
        bids,
        asks,
        checksum,
        timestamp,
    })
}

/// The rest of a list of levels.
fn levels(usual: &mut Usual<'_>) -> Option<Vec<LevelRow>> {
    let mut levels = Vec::new();
    if usual.takes("]") {
        return Some(levels);
    }
    loop {
        usual.pass("{\"price\":")?;
        let price = number(usual)?;
        usual.pass(",\"qty\":")?;
        let qty = number(usual)?;
        usual.pass("}")?;
        levels.push(LevelRow { price, qty });
        if !usual.takes(",") {
            break;
        }
    }
    usual.pass("]")?;
    Some(levels)
}

/// `{"symbol":"BTC/USD","side":"sell","price":0.5117,"qty":40.00,"ord_type":"market","trade_id":4665906,
/// "timestamp":"2023-09-25T07:49:37.708706Z"}`
pub(super) fn trade(row: &str) -> Option<TradeRow<'_>> {
    let usual = &mut Usual::new(row);
    usual.pass("{\"symbol\":\"")?;
    let symbol = text(usual)?;
    usual.pass(",\"side\":\"")?;
    let side = text(usual)?;
    usual.pass(",\"price\":")?;
    let price = number(usual)?;
    usual.pass(",\"qty\":")?;
    let qty = number(usual)?;
    usual.pass(",\"ord_type\":\"")?;
    usual.text()?;
    usual.pass(",\"trade_id\":")?;
    let trade_id = usual.whole()?;
    usual.pass(",\"timestamp\":\"")?;
    let timestamp = text(usual)?;
    usual.pass("}")?;
    usual.end()?;
    Some(TradeRow {
        symbol,
        side,
        price,
        qty,
        trade_id,
        timestamp,
    })
}

/// `{"symbol":"BTC/USD","bid":0.10025,"bid_qty":740.0,"ask":0.10036,"ask_qty":1361.44813783,"last":0.10035,
/// "volume":997038.98383185,"vwap":0.10148,"low":0.09979,"high":0.10285,"change":-0.00017,"change_pct":-0.17}`, with a
/// `timestamp` at its end or without.
pub(super) fn ticker(row: &str) -> Option<TickerRow<'_>> {
    let usual = &mut Usual::new(row);
    usual.pass("{\"symbol\":\"")?;
    let symbol = text(usual)?;
    usual.pass(",\"bid\":")?;
    let bid = number(usual)?;
    usual.pass(",\"bid_qty\":")?;
    let bid_qty = number(usual)?;
    usual.pass(",\"ask\":")?;
    let ask = number(usual)?;
    usual.pass(",\"ask_qty\":")?;
    let ask_qty = number(usual)?;
    usual.pass(",\"last\":")?;
    let last = number(usual)?;
    usual.pass(",\"volume\":")?;
    let volume = number(usual)?;
    for key in [
        ",\"vwap\":",
        ",\"low\":",
        ",\"high\":",
        ",\"change\":",
        ",\"change_pct\":",
    ] {
        usual.pass(key)?;
        usual.number()?;
    }
    let timestamp = if usual.takes(",\"timestamp\":\"") {
        Some(text(usual)?)
    } else {
        None
    };
    usual.pass("}")?;
    usual.end()?;
    Some(TickerRow {
        symbol,
        bid,
        bid_qty,
        ask,
        ask_qty,
        last,
        volume,
        timestamp,
    })
}

#[cfg(test)]
#[path = "usual/tests.rs"]
mod tests;
