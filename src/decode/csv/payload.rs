//! The fields of a row, for each table.

use std::borrow::Cow;

use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::event::{DataService, Payload};
use crate::domain::news::News;
use crate::domain::quote::Level1;
use crate::domain::time::Timeframe;
use crate::domain::trade::TimeAndSale;

use super::super::{Rejection, field};
use super::{Fields, NO_BOOKS, OWN, OWN_MAX, decimal};

/// The columns that a service's table has of its own, in the order of their places.
pub(super) fn own_columns(service: DataService) -> &'static [&'static str] {
    let columns: &[&str] = match service {
        DataService::Ohlcv => &["open", "high", "low", "close", "volume", "timeframe"],
        DataService::Level1 => &Level1::NAMES,
        DataService::TimeAndSales => &[
            "price",
            "size",
            "side",
            "conditions",
            "trade_id",
            "corrects",
            "cancels",
            "exchange",
        ],
        DataService::News => &["headline", "publisher", "url", "summary", "symbols"],
        DataService::Level2 => &[],
    };
    debug_assert!(columns.len() <= OWN_MAX, "every column has a place");
    columns
}

/// The data of a row, and the length of a bar where the row says it.
pub(super) fn decode(
    service: DataService,
    fields: &Fields<'_>,
) -> Result<(Payload, Option<Timeframe>), Rejection> {
    let own = fields.get(OWN..).unwrap_or_default();
    let mut timeframe = None;
    let payload = match service {
        DataService::Ohlcv => {
            let [open, high, low, close, volume] = numbers(service, own)?;
            timeframe = field::timeframe(trimmed(own, 5)).map_err(Rejection::schema)?;
            Payload::Ohlcv(Ohlcv {
                open,
                high,
                low,
                close,
                volume,
            })
        }
        DataService::Level1 => {
            let [bid, bid_size, ask, ask_size, last, last_size, volume] = numbers(service, own)?;
            Payload::Level1(Level1 {
                bid,
                bid_size,
                ask,
                ask_size,
                last,
                last_size,
                volume,
            })
        }
        DataService::TimeAndSales => Payload::TimeAndSales(trade(own)?),
        DataService::News => Payload::News(Box::new(news(own)?)),
        DataService::Level2 => return Err(Rejection::schema(NO_BOOKS)),
    };
    Ok((payload, timeframe))
}

fn numbers<const N: usize>(
    service: DataService,
    own: &[Cow<'_, str>],
) -> Result<[Option<Decimal>; N], Rejection> {
    let mut values = [None; N];
    for ((value, column), field) in values.iter_mut().zip(own_columns(service)).zip(own) {
        *value = decimal(column, field)?;
    }
    Ok(values)
}

fn trade(own: &[Cow<'_, str>]) -> Result<TimeAndSale, Rejection> {
    let [price, size] = numbers(DataService::TimeAndSales, own)?;
    let id = |place: usize| field::trade_id(trimmed(own, place));
    let exchange = trimmed(own, 7);
    Ok(TimeAndSale {
        price,
        size,
        side: field::side(trimmed(own, 2)).map_err(Rejection::schema)?,
        // A blank is a condition on some tapes.
        conditions: field::conditions(at(own, 3)),
        trade_id: id(4),
        action: field::action(id(5), id(6)).map_err(Rejection::schema)?,
        exchange: (!exchange.is_empty()).then(|| exchange.into()),
        ..TimeAndSale::default()
    })
}

fn news(own: &[Cow<'_, str>]) -> Result<News, Rejection> {
    let known = |place: usize| Some(at(own, place).to_owned()).filter(|text| !text.is_empty());
    Ok(News {
        headline: known(0).ok_or_else(|| Rejection::schema("headline: is missing"))?,
        source: known(1),
        url: known(2),
        summary: known(3),
        symbols: field::symbols(trimmed(own, 4)),
    })
}

fn at<'a>(own: &'a [Cow<'_, str>], place: usize) -> &'a str {
    own.get(place).map_or("", |field| field)
}

fn trimmed<'a>(own: &'a [Cow<'_, str>], place: usize) -> &'a str {
    at(own, place).trim()
}
