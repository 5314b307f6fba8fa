//! The fields of one symbol's data, for each service.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::book::{BookUpdate, Level};
use crate::domain::event::{DataService, Payload};
use crate::domain::news::News;
use crate::domain::quote::Level1;
use crate::domain::time::UnixMs;
use crate::domain::trade::{Side, TimeAndSale};

use super::super::json::{Kind, Scanner};
use super::super::number::{NumberError, scan_json};
use super::super::quoted;
use super::{Decoded, Fault};

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

#[inline]
fn ohlcv(scanner: &mut Scanner<'_>) -> Result<Option<Decoded>, Fault> {
    let mut bar = Ohlcv::default();
    let mut time = None;
    let some = fields(scanner, |scanner, key| {
        match key {
            "open" => bar.open = decimal(scanner, "open")?,
            "high" => bar.high = decimal(scanner, "high")?,
            "low" => bar.low = decimal(scanner, "low")?,
            "close" => bar.close = decimal(scanner, "close")?,
            "volume" => bar.volume = decimal(scanner, "volume")?,
            "datetime" => time = self::time(scanner, "datetime")?,
            _ => return Ok(0),
        }
        // The first letters are unlike but for none: a bit for each.
        Ok(1 << (key.as_bytes()[0] & 31))
    })?;
    Ok(some.then_some((time, Payload::Ohlcv(bar))))
}

fn level1(scanner: &mut Scanner<'_>) -> Result<Option<Decoded>, Fault> {
    let mut quote = Level1::default();
    let mut time = None;
    let some = fields(scanner, |scanner, key| {
        let (bit, field) = match key {
            "bid" => (0, &mut quote.bid),
            "bid_size" => (1, &mut quote.bid_size),
            "ask" => (2, &mut quote.ask),
            "ask_size" => (3, &mut quote.ask_size),
            "last" => (4, &mut quote.last),
            "last_size" => (5, &mut quote.last_size),
            "volume" => (6, &mut quote.volume),
            "datetime" => {
                time = self::time(scanner, "datetime")?;
                return Ok(1 << 7);
            }
            _ => return Ok(0),
        };
        *field = decimal(scanner, key)?;
        Ok(1 << bit)
    })?;
    Ok(some.then_some((time, Payload::Level1(quote))))
}

fn level2(scanner: &mut Scanner<'_>) -> Result<Option<Decoded>, Fault> {
    let mut book = BookUpdate::default();
    let mut time = None;
    let some = fields(scanner, |scanner, key| {
        Ok(match key {
            "bids" => {
                levels(scanner, "bids", &mut book.bids)?;
                1
            }
            "asks" => {
                levels(scanner, "asks", &mut book.asks)?;
                2
            }
            "snapshot" => {
                book.snapshot = flag(scanner, "snapshot")?;
                4
            }
            "datetime" => {
                time = self::time(scanner, "datetime")?;
                8
            }
            _ => 0,
        })
    })?;
    Ok(some.then(|| (time, Payload::Level2(Box::new(book)))))
}

fn time_and_sales(scanner: &mut Scanner<'_>) -> Result<Option<Decoded>, Fault> {
    let mut trade = TimeAndSale {
        price: None,
        size: None,
        side: None,
    };
    let mut time = None;
    let some = fields(scanner, |scanner, key| {
        Ok(match key {
            "price" => {
                trade.price = decimal(scanner, "price")?;
                1
            }
            "size" => {
                trade.size = decimal(scanner, "size")?;
                2
            }
            "side" => {
                trade.side = side(scanner)?;
                4
            }
            "datetime" => {
                time = self::time(scanner, "datetime")?;
                8
            }
            _ => 0,
        })
    })?;
    Ok(some.then(|| (time, Payload::TimeAndSales(Box::new(trade)))))
}

fn news(scanner: &mut Scanner<'_>) -> Result<Option<Decoded>, Fault> {
    let mut headline = None;
    let mut source = None;
    let mut url = None;
    let mut time = None;
    let some = fields(scanner, |scanner, key| {
        Ok(match key {
            "headline" => {
                headline = text(scanner, "headline")?;
                1
            }
            "source" => {
                source = text(scanner, "source")?;
                2
            }
            "url" => {
                url = text(scanner, "url")?;
                4
            }
            "datetime" => {
                time = self::time(scanner, "datetime")?;
                8
            }
            _ => 0,
        })
    })?;
    if !some {
        return Ok(None);
    }
    let headline = headline.ok_or_else(|| Fault::Schema("headline: is missing".to_owned()))?;
    let news = News {
        headline: headline.into_owned(),
        source: source.map(Cow::into_owned),
        url: url.map(Cow::into_owned),
    };
    Ok(Some((time, Payload::News(Box::new(news)))))
}

/// Passes an object. `field` reads a value whose key it knows and answers with that key's bit, or leaves it and answers
/// zero. Gives whether there was any key at all.
#[inline]
fn fields<'a>(
    scanner: &mut Scanner<'a>,
    mut field: impl FnMut(&mut Scanner<'a>, &str) -> Result<u32, Fault>,
) -> Result<bool, Fault> {
    scanner.expect(b'{', "an object is missing")?;
    if scanner.take(b'}') {
        return Ok(false);
    }
    let mut seen = 0_u32;
    let mut fault = None;
    loop {
        let key = scanner.key()?.value()?;
        match field(scanner, &key) {
            Ok(0) => scanner.skip()?,
            Ok(bit) => {
                if seen & bit != 0 {
                    fault.get_or_insert_with(|| format!("{key}: comes twice"));
                }
                seen |= bit;
            }
            Err(Fault::Schema(reason)) => {
                fault.get_or_insert(reason);
            }
            Err(syntax) => return Err(syntax),
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

fn side(scanner: &mut Scanner<'_>) -> Result<Option<Side>, Fault> {
    match text(scanner, "side")? {
        None => Ok(None),
        Some(text) if text.eq_ignore_ascii_case("buy") => Ok(Some(Side::Buy)),
        Some(text) if text.eq_ignore_ascii_case("sell") => Ok(Some(Side::Sell)),
        Some(text) => Err(Fault::Schema(format!(
            "side: expected \"buy\" or \"sell\", found {}",
            quoted(&text)
        ))),
    }
}

/// A list of `[price, size]`.
fn levels(scanner: &mut Scanner<'_>, field: &str, into: &mut Vec<Level>) -> Result<(), Fault> {
    match scanner.kind()? {
        Kind::List => {}
        Kind::Null => return Ok(scanner.word("null")?),
        kind => return Err(unexpected(scanner, field, "a list", kind)),
    }
    let start = scanner.at();
    match level_list(scanner, field, into) {
        Err(Fault::Schema(reason)) => {
            // Stopped in the middle: pass the list from its beginning.
            scanner.move_to(start);
            scanner.skip()?;
            Err(Fault::Schema(reason))
        }
        other => other,
    }
}

fn level_list(scanner: &mut Scanner<'_>, field: &str, into: &mut Vec<Level>) -> Result<(), Fault> {
    scanner.expect(b'[', "a list is missing")?;
    let mut more = !scanner.take(b']');
    while more {
        let wrong = || {
            Fault::Schema(format!(
                "{field}: level {} is no [price, size]",
                into.len() + 1
            ))
        };
        if !scanner.take(b'[') {
            scanner.kind()?;
            return Err(wrong());
        }
        let price = decimal(scanner, field)?;
        if !scanner.take(b',') {
            return Err(wrong());
        }
        let size = decimal(scanner, field)?;
        if !scanner.take(b']') {
            return Err(wrong());
        }
        let (Some(price), Some(size)) = (price, size) else {
            return Err(wrong());
        };
        if size.is_sign_negative() {
            return Err(Fault::Schema(format!(
                "{field}: level {} has the negative size {size}",
                into.len() + 1
            )));
        }
        into.push(Level { price, size });
        more = scanner.another(b']')?;
    }
    Ok(())
}
