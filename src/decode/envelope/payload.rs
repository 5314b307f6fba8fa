//! The fields of one symbol's data, for each service.

pub(super) mod flat;
mod parts;

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::book::BookUpdate;
use crate::domain::event::{DataService, Payload};
use crate::domain::news::News;
use crate::domain::quote::Level1;
use crate::domain::time::UnixMs;
use crate::domain::trade::TimeAndSale;

use super::super::field;
use super::super::json::{Kind, Scanner};
use super::super::number::{NumberError, scan_json};
use super::super::quoted;
use super::{Decoded, Fault};

use parts::{condition, exchange, levels, list, listed_symbol, side, trade_id, whole};

/// Reads the object that comes next; `None` when it is empty. After a [`Fault::Schema`] it has been passed all the same.
#[inline]
pub(super) fn decode(
    scanner: &mut Scanner<'_>,
    service: DataService,
) -> Result<Option<Decoded>, Fault> {
    match service {
        DataService::Ohlcv => ohlcv(scanner),
        DataService::Level1 => level1(scanner),
        DataService::Level2 => level2(scanner),
        DataService::TimeAndSales => time_and_sales(scanner),
        DataService::News => news(scanner),
    }
}

/// The keys of a payload in their usual order, each as it usually stands in the text.
type Keys = [&'static str];

#[inline]
fn ohlcv(scanner: &mut Scanner<'_>) -> Result<Option<Decoded>, Fault> {
    const KEYS: &Keys = &[
        "\"open\":",
        "\"high\":",
        "\"low\":",
        "\"close\":",
        "\"volume\":",
        "\"datetime\":",
    ];
    let mut bar = Ohlcv::default();
    let mut time = None;
    let some = fields(scanner, KEYS, |scanner, key| {
        match key {
            0 => bar.open = decimal(scanner, "open")?,
            1 => bar.high = decimal(scanner, "high")?,
            2 => bar.low = decimal(scanner, "low")?,
            3 => bar.close = decimal(scanner, "close")?,
            4 => bar.volume = decimal(scanner, "volume")?,
            _ => time = self::time(scanner, "datetime")?,
        }
        Ok(())
    })?;
    Ok(some.then_some((time, Payload::Ohlcv(bar))))
}

fn level1(scanner: &mut Scanner<'_>) -> Result<Option<Decoded>, Fault> {
    const KEYS: &Keys = &[
        "\"bid\":",
        "\"bid_size\":",
        "\"ask\":",
        "\"ask_size\":",
        "\"last\":",
        "\"last_size\":",
        "\"volume\":",
        "\"datetime\":",
    ];
    let mut quote = Level1::default();
    let mut time = None;
    let some = fields(scanner, KEYS, |scanner, key| {
        match key {
            0 => quote.bid = decimal(scanner, "bid")?,
            1 => quote.bid_size = decimal(scanner, "bid_size")?,
            2 => quote.ask = decimal(scanner, "ask")?,
            3 => quote.ask_size = decimal(scanner, "ask_size")?,
            4 => quote.last = decimal(scanner, "last")?,
            5 => quote.last_size = decimal(scanner, "last_size")?,
            6 => quote.volume = decimal(scanner, "volume")?,
            _ => time = self::time(scanner, "datetime")?,
        }
        Ok(())
    })?;
    Ok(some.then_some((time, Payload::Level1(quote))))
}

fn level2(scanner: &mut Scanner<'_>) -> Result<Option<Decoded>, Fault> {
    const KEYS: &Keys = &[
        "\"bids\":",
        "\"asks\":",
        "\"snapshot\":",
        "\"datetime\":",
        "\"sequence\":",
        "\"depth\":",
    ];
    let mut book = BookUpdate::default();
    let mut time = None;
    let some = fields(scanner, KEYS, |scanner, key| {
        match key {
            0 => levels(scanner, "bids", &mut book.bids)?,
            1 => levels(scanner, "asks", &mut book.asks)?,
            2 => book.snapshot = flag(scanner, "snapshot")?,
            3 => time = self::time(scanner, "datetime")?,
            4 => book.sequence = whole(scanner, "sequence")?,
            // Of so many levels nobody has ever heard; all the same it is no reason to refuse the book.
            _ => {
                let depth = whole(scanner, "depth")?;
                book.depth = depth.map(|depth| u32::try_from(depth).unwrap_or(u32::MAX));
            }
        }
        Ok(())
    })?;
    Ok(some.then(|| (time, Payload::Level2(Box::new(book)))))
}

fn time_and_sales(scanner: &mut Scanner<'_>) -> Result<Option<Decoded>, Fault> {
    const KEYS: &Keys = &[
        "\"price\":",
        "\"size\":",
        "\"side\":",
        "\"datetime\":",
        "\"conditions\":",
        "\"trade_id\":",
        "\"corrects\":",
        "\"cancels\":",
        "\"exchange\":",
    ];
    let mut trade = TimeAndSale::default();
    let (mut corrects, mut cancels) = (None, None);
    let mut time = None;
    let some = fields(scanner, KEYS, |scanner, key| {
        match key {
            0 => trade.price = decimal(scanner, "price")?,
            1 => trade.size = decimal(scanner, "size")?,
            2 => trade.side = side(scanner)?,
            3 => time = self::time(scanner, "datetime")?,
            4 => trade.conditions = list(scanner, "conditions", condition)?.into(),
            5 => trade.trade_id = trade_id(scanner, "trade_id")?,
            6 => corrects = trade_id(scanner, "corrects")?,
            7 => cancels = trade_id(scanner, "cancels")?,
            _ => trade.exchange = exchange(scanner, "exchange")?,
        }
        Ok(())
    })?;
    trade.action = field::action(corrects, cancels).map_err(Fault::Schema)?;
    Ok(some.then_some((time, Payload::TimeAndSales(trade))))
}

fn news(scanner: &mut Scanner<'_>) -> Result<Option<Decoded>, Fault> {
    const KEYS: &Keys = &[
        "\"headline\":",
        "\"source\":",
        "\"url\":",
        "\"datetime\":",
        "\"summary\":",
        "\"symbols\":",
        "\"publisher\":",
    ];
    let mut headline = None;
    let (mut source, mut publisher) = (None, None);
    let (mut url, mut summary) = (None, None);
    let mut symbols = Vec::new();
    let mut time = None;
    let some = fields(scanner, KEYS, |scanner, key| {
        match key {
            0 => headline = text(scanner, "headline")?,
            1 => source = text(scanner, "source")?,
            2 => url = text(scanner, "url")?,
            3 => time = self::time(scanner, "datetime")?,
            4 => summary = text(scanner, "summary")?,
            5 => symbols = list(scanner, "symbols", listed_symbol)?,
            // As results call it, in which `source` is something else.
            _ => publisher = text(scanner, "publisher")?,
        }
        Ok(())
    })?;
    if !some {
        return Ok(None);
    }
    let headline = headline.ok_or_else(|| Fault::Schema("headline: is missing".to_owned()))?;
    let news = News {
        headline: headline.into_owned(),
        source: publisher.or(source).map(Cow::into_owned),
        url: url.map(Cow::into_owned),
        summary: summary.map(Cow::into_owned),
        symbols: symbols.into(),
    };
    Ok(Some((time, Payload::News(Box::new(news)))))
}

/// Passes an object: `field` reads the value of the key at a place of `keys`, other keys are passed over. Gives whether
/// there was any key at all.
#[inline]
fn fields<'a>(
    scanner: &mut Scanner<'a>,
    keys: &Keys,
    mut field: impl FnMut(&mut Scanner<'a>, usize) -> Result<(), Fault>,
) -> Result<bool, Fault> {
    scanner.expect(b'{', "an object is missing")?;
    if scanner.take(b'}') {
        return Ok(false);
    }
    let mut seen = 0_u32;
    let mut fault = None;
    let mut usual = 0;
    loop {
        match next_key(scanner, keys, usual)? {
            None => scanner.skip()?,
            Some(key) => {
                usual = key + 1;
                match field(scanner, key) {
                    Ok(()) => {}
                    Err(Fault::Schema(reason)) => {
                        fault.get_or_insert(reason);
                    }
                    Err(syntax) => return Err(syntax),
                }
                if seen & (1 << key) != 0 {
                    let name = keys[key].trim_matches(['"', ':']);
                    fault.get_or_insert_with(|| format!("{name}: comes twice"));
                }
                seen |= 1 << key;
            }
        }
        if !scanner.another(b'}')? {
            break;
        }
    }
    match fault {
        None => Ok(true),
        Some(reason) => Err(Fault::Schema(reason)),
    }
}

/// Passes the next key and says where it is among `keys`. The one at `usual` is looked for first: most writers keep to
/// one order and write no white space, and comparing bytes is quicker than reading a string.
#[inline]
fn next_key(scanner: &mut Scanner<'_>, keys: &Keys, usual: usize) -> Result<Option<usize>, Fault> {
    if keys
        .get(usual)
        .is_some_and(|key| scanner.take_bytes(key.as_bytes()))
    {
        return Ok(Some(usual));
    }
    let name = scanner.key()?.value()?;
    Ok(keys
        .iter()
        .position(|key| key.trim_matches(['"', ':']) == name))
}

/// A number or `null`.
#[inline]
fn decimal(scanner: &mut Scanner<'_>, field: &str) -> Result<Option<Decimal>, Fault> {
    scanner.peek();
    let start = scanner.at();
    match scan_json(scanner.bytes(), start) {
        Some(number) => {
            scanner.move_to(number.end);
            match number.value {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(not_exact(scanner, start, field, error)),
            }
        }
        None => other_than_number(scanner, field),
    }
}

#[cold]
fn not_exact(scanner: &Scanner<'_>, start: usize, field: &str, error: NumberError) -> Fault {
    Fault::Schema(format!("{field}: {} {error}", quoted(scanner.since(start))))
}

#[cold]
fn other_than_number<T>(scanner: &mut Scanner<'_>, field: &str) -> Result<Option<T>, Fault> {
    let kind = scanner.kind()?;
    if kind == Kind::Null {
        scanner.word("null")?;
        return Ok(None);
    }
    Err(unexpected(scanner, field, "a number", kind))
}

/// Passes the value and says that it is not what it should be.
#[cold]
fn unexpected(scanner: &mut Scanner<'_>, field: &str, expected: &str, kind: Kind) -> Fault {
    let start = scanner.at();
    if let Err(syntax) = scanner.skip() {
        return syntax.into();
    }
    let found = match kind {
        Kind::Text => format!(
            "the string {}",
            quoted(scanner.since(start).trim_matches('"'))
        ),
        Kind::NotFinite => scanner.since(start).to_owned(),
        _ => kind.describe().to_owned(),
    };
    Fault::Schema(format!("{field}: expected {expected}, found {found}"))
}

/// Epoch milliseconds, `null`, or zero, which also means that there is none.
#[inline]
pub(super) fn time(scanner: &mut Scanner<'_>, field: &str) -> Result<Option<UnixMs>, Fault> {
    scanner.peek();
    let start = scanner.at();
    let bytes = scanner.bytes();
    // Nearly all are plain whole numbers: no need to go through a decimal.
    let mut at = start;
    let mut ms = 0_i64;
    while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')) {
        if digit > 9 || at - start >= 15 {
            break;
        }
        ms = ms * 10 + i64::from(digit);
        at += 1;
    }
    if matches!(bytes.get(at), Some(b',' | b'}' | b' ')) && at > start && bytes[start] != b'0' {
        scanner.move_to(at);
        return Ok(Some(UnixMs(ms)));
    }
    unusual_time(scanner, field)
}

#[cold]
fn unusual_time(scanner: &mut Scanner<'_>, field: &str) -> Result<Option<UnixMs>, Fault> {
    let start = scanner.at();
    let Some(number) = decimal(scanner, field)? else {
        return Ok(None);
    };
    let wrong = |reason: &str| {
        let text = quoted(scanner.since(start));
        Fault::Schema(format!("{field}: {text} {reason}"))
    };
    if !number.fract().is_zero() {
        return Err(wrong("is no whole number of milliseconds"));
    }
    let ms = i64::try_from(number.trunc())
        .ok()
        .filter(|&ms| DateTime::<Utc>::from_timestamp_millis(ms).is_some())
        .ok_or_else(|| wrong("is outside the calendar"))?;
    Ok((ms != 0).then_some(UnixMs(ms)))
}

fn text<'a>(scanner: &mut Scanner<'a>, field: &str) -> Result<Option<Cow<'a, str>>, Fault> {
    match scanner.kind()? {
        Kind::Text => Ok(Some(scanner.string()?.value()?)),
        Kind::Null => {
            scanner.word("null")?;
            Ok(None)
        }
        kind => Err(unexpected(scanner, field, "a string", kind)),
    }
}

fn flag(scanner: &mut Scanner<'_>, field: &str) -> Result<bool, Fault> {
    let kind = scanner.kind()?;
    match kind {
        Kind::True | Kind::False | Kind::Null => {
            scanner.skip()?;
            Ok(kind == Kind::True)
        }
        _ => Err(unexpected(scanner, field, "true or false", kind)),
    }
}
