//! The data of Binance's streams as Binance writes it, read in one pass over the text.
//!
//! Each function gives `None` for what is written in any other way; what it gives is what serde makes of the same text.

use super::frames::{BookTicker, Depth, Kline, KlineBody, Trade};
use crate::decode::usual::Usual;
use crate::decode::wire::{PriceSize, Quoted};
use crate::domain::book::Level;
use crate::sources::venue::reading::Text;

fn text<'a>(usual: &mut Usual<'a>) -> Option<Text<'a>> {
    usual.text().map(|text| Text(text.into()))
}

fn quoted(usual: &mut Usual<'_>) -> Option<Quoted> {
    usual.quoted_number().map(Quoted)
}

/// `{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100","T":1672515782130,"m":true,"M":true}`
pub(super) fn trade(data: &str) -> Option<Trade<'_>> {
    let usual = &mut Usual::new(data);
    usual.pass("{\"e\":\"trade\",\"E\":")?;
    usual.whole()?;
    usual.pass(",\"s\":\"")?;
    let symbol = text(usual)?;
    usual.pass(",\"t\":")?;
    let t = usual.whole()?;
    usual.pass(",\"p\":\"")?;
    let p = quoted(usual)?;
    usual.pass(",\"q\":\"")?;
    let q = quoted(usual)?;
    usual.pass(",\"T\":")?;
    let time = usual.whole_signed()?;
    usual.pass(",\"m\":")?;
    let m = usual.flag()?;
    usual.pass(",\"M\":")?;
    usual.flag()?;
    usual.pass("}")?;
    usual.end()?;
    Some(Trade {
        symbol,
        t,
        p,
        q,
        time,
        m,
    })
}

/// `{"u":400900217,"s":"BNBBTC","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}`
pub(super) fn book_ticker(data: &str) -> Option<BookTicker<'_>> {
    let usual = &mut Usual::new(data);
    usual.pass("{\"u\":")?;
    usual.whole()?;
    usual.pass(",\"s\":\"")?;
    let symbol = text(usual)?;
    usual.pass(",\"b\":\"")?;
    let b = quoted(usual)?;
    usual.pass(",\"B\":\"")?;
    let b_size = quoted(usual)?;
    usual.pass(",\"a\":\"")?;
    let a = quoted(usual)?;
    usual.pass(",\"A\":\"")?;
    let a_size = quoted(usual)?;
    usual.pass("}")?;
    usual.end()?;
    Some(BookTicker {
        symbol,
        b,
        b_size,
        a,
        a_size,
    })
}

/// `{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,"b":[["0.0024","10"]],"a":[["0.0026","100"]]}`
pub(super) fn depth(data: &str) -> Option<Depth<'_>> {
    let usual = &mut Usual::new(data);
    usual.pass("{\"e\":\"depthUpdate\",\"E\":")?;
    let time = usual.whole_signed()?;
    usual.pass(",\"s\":\"")?;
    let symbol = text(usual)?;
    usual.pass(",\"U\":")?;
    let first = usual.whole()?;
    usual.pass(",\"u\":")?;
    let last = usual.whole()?;
    usual.pass(",\"b\":[")?;
    let b = levels(usual)?;
    usual.pass(",\"a\":[")?;
    let a = levels(usual)?;
    usual.pass("}")?;
    usual.end()?;
    Some(Depth {
        symbol,
        time,
        first,
        last,
        b,
        a,
    })
}

/// The rest of a list of levels.
fn levels(usual: &mut Usual<'_>) -> Option<Vec<PriceSize>> {
    let mut levels = Vec::new();
    if usual.takes("]") {
        return Some(levels);
    }
    loop {
        usual.pass("[\"")?;
        let price = usual.quoted_number()?;
        usual.pass(",\"")?;
        let size = usual.quoted_number()?;
        usual.pass("]")?;
        levels.push(PriceSize(Level { price, size }));
        if !usual.takes(",") {
            break;
        }
    }
    usual.pass("]")?;
    Some(levels)
}

/// `{"e":"kline","E":1672515782136,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m","f":100,
/// "L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":false,"q":"1.0000","V":"500",
/// "Q":"0.500","B":"123456"}}`
pub(super) fn kline(data: &str) -> Option<Kline<'_>> {
    let usual = &mut Usual::new(data);
    usual.pass("{\"e\":\"kline\",\"E\":")?;
    usual.whole()?;
    usual.pass(",\"s\":\"")?;
    let symbol = text(usual)?;
    usual.pass(",\"k\":{\"t\":")?;
    let start = usual.whole_signed()?;
    usual.pass(",\"T\":")?;
    usual.whole()?;
    usual.pass(",\"s\":\"")?;
    usual.text()?;
    usual.pass(",\"i\":\"")?;
    let interval = text(usual)?;
    usual.pass(",\"f\":")?;
    usual.whole()?;
    usual.pass(",\"L\":")?;
    usual.whole()?;
    usual.pass(",\"o\":\"")?;
    let open = quoted(usual)?;
    usual.pass(",\"c\":\"")?;
    let close = quoted(usual)?;
    usual.pass(",\"h\":\"")?;
    let high = quoted(usual)?;
    usual.pass(",\"l\":\"")?;
    let low = quoted(usual)?;
    usual.pass(",\"v\":\"")?;
    let volume = quoted(usual)?;
    usual.pass(",\"n\":")?;
    usual.whole()?;
    usual.pass(",\"x\":")?;
    let is_over = usual.flag()?;
    for key in [",\"q\":\"", ",\"V\":\"", ",\"Q\":\"", ",\"B\":\""] {
        usual.pass(key)?;
        usual.text()?;
    }
    usual.pass("}}")?;
    usual.end()?;
    let body = KlineBody {
        t: start,
        interval,
        o: open,
        h: high,
        l: low,
        c: close,
        v: volume,
        is_over,
    };
    Some(Kline { symbol, k: body })
}

#[cfg(test)]
#[path = "usual/tests.rs"]
mod tests;
