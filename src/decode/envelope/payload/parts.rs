//! Values that only some services have: lists, names of trades, sides.

use crate::domain::book::Level;
use crate::domain::trade::{Side, TradeId};

use super::super::super::json::{Kind, Scanner};
use super::super::super::quoted;
use super::super::Fault;
use super::{decimal, text, unexpected};

/// A whole number that is not negative, or `null`.
pub(super) fn whole(scanner: &mut Scanner<'_>, field: &str) -> Result<Option<u64>, Fault> {
    scanner.peek();
    let start = scanner.at();
    let Some(number) = decimal(scanner, field)? else {
        return Ok(None);
    };
    let whole = number
        .fract()
        .is_zero()
        .then(|| u64::try_from(number.trunc()).ok());
    match whole.flatten() {
        Some(whole) => Ok(Some(whole)),
        None => Err(Fault::Schema(format!(
            "{field}: {} is no whole number from zero up",
            quoted(scanner.since(start))
        ))),
    }
}

/// A name of a trade: a text or a whole number, or `null`. An empty text is none.
pub(super) fn trade_id(scanner: &mut Scanner<'_>, field: &str) -> Result<Option<TradeId>, Fault> {
    match scanner.kind()? {
        Kind::Text => {
            let name = scanner.string()?.value()?;
            Ok((!name.is_empty()).then(|| TradeId::Text(name.into())))
        }
        Kind::Number | Kind::Null => Ok(whole(scanner, field)?.map(TradeId::Number)),
        kind => Err(unexpected(scanner, field, "a string or a number", kind)),
    }
}

/// The code of an exchange: a text or a number, or `null`. An empty text is none.
pub(super) fn exchange(scanner: &mut Scanner<'_>, field: &str) -> Result<Option<Box<str>>, Fault> {
    match scanner.kind()? {
        Kind::Null => {
            scanner.word("null")?;
            Ok(None)
        }
        Kind::Text | Kind::Number => {
            Ok(Some(condition(scanner, field)?).filter(|code| !code.is_empty()))
        }
        kind => Err(unexpected(scanner, field, "a string or a number", kind)),
    }
}

/// One code of a trade's conditions: a text or a number.
pub(super) fn condition(scanner: &mut Scanner<'_>, field: &str) -> Result<Box<str>, Fault> {
    match scanner.kind()? {
        Kind::Text => Ok(scanner.string()?.value()?.into()),
        Kind::Number => {
            let start = scanner.at();
            scanner.skip()?;
            Ok(scanner.since(start).into())
        }
        kind => Err(unexpected(scanner, field, "strings or numbers", kind)),
    }
}

/// One of the symbols that news are about, as the source writes it.
pub(super) fn listed_symbol(scanner: &mut Scanner<'_>, field: &str) -> Result<String, Fault> {
    match scanner.kind()? {
        Kind::Text => Ok(scanner.string()?.value()?.into_owned()),
        kind => Err(unexpected(scanner, field, "strings", kind)),
    }
}

/// A list, or `null`, which is an empty one.
pub(super) fn list<'a, T>(
    scanner: &mut Scanner<'a>,
    field: &str,
    item: impl Fn(&mut Scanner<'a>, &str) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    match scanner.kind()? {
        Kind::List => {}
        Kind::Null => {
            scanner.word("null")?;
            return Ok(Vec::new());
        }
        kind => return Err(unexpected(scanner, field, "a list", kind)),
    }
    let start = scanner.at();
    match items(scanner, field, item) {
        Err(Fault::Schema(reason)) => {
            // Stopped in the middle: pass the list from its beginning.
            scanner.move_to(start);
            scanner.skip()?;
            Err(Fault::Schema(reason))
        }
        other => other,
    }
}

fn items<'a, T>(
    scanner: &mut Scanner<'a>,
    field: &str,
    item: impl Fn(&mut Scanner<'a>, &str) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut items = Vec::new();
    scanner.expect(b'[', "a list is missing")?;
    let mut more = !scanner.take(b']');
    while more {
        items.push(item(scanner, field)?);
        more = scanner.another(b']')?;
    }
    Ok(items)
}

pub(super) fn side(scanner: &mut Scanner<'_>) -> Result<Option<Side>, Fault> {
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
pub(super) fn levels(
    scanner: &mut Scanner<'_>,
    field: &str,
    into: &mut Vec<Level>,
) -> Result<(), Fault> {
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
