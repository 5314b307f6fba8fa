//! The tables that are no bars.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono_tz::Tz;
use polars::prelude::{ChunkFull, DataFrame, IntoColumn, PolarsResult, StringChunked};

use crate::compute::history::columns::{TradeRow, TradeRows};
use crate::domain::quote::Level1;
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::SessionCalendar;
use crate::domain::trade::{Side, TimeAndSale, TradeAction, TradeId};
use crate::domain::{Decimal, to_f64};

use super::Cancel;
use super::bars::numbers;
use super::message::QueryError;
use super::tables::{ErrorRecord, NewsRecord, ResultRecord, SymbolData, column, date, datetime};

/// The quotes of every symbol.
pub(super) fn quotes(
    symbols: &[SymbolData],
    zone: Tz,
    cancel: &Cancel,
) -> Result<DataFrame, QueryError> {
    let mut whole = quotes_of(None, zone).map_err(QueryError::of_engine)?;
    for symbol in symbols.iter().filter(|symbol| !symbol.quotes.is_empty()) {
        cancel.check()?;
        quotes_of(Some(symbol), zone)
            .and_then(|part| whole.vstack_mut_owned(part).map(drop))
            .map_err(QueryError::of_engine)?;
    }
    Ok(whole)
}

fn quotes_of(symbol: Option<&SymbolData>, zone: Tz) -> PolarsResult<DataFrame> {
    let parts = symbol.map_or(&[] as &[_], |symbol| symbol.quotes.parts());
    let times: Vec<i64> = parts
        .iter()
        .flat_map(|part| part.times().iter().copied())
        .collect();
    let rows = times.len();
    let text = |name: &str, text: &str| StringChunked::full(name.into(), text, rows).into_column();
    let unix_ts = column("unix_ts", times);
    let mut columns = vec![
        text("symbol", symbol.map_or("", |it| it.symbol.as_str())),
        unix_ts.clone(),
        datetime(&unix_ts, zone)?,
    ];
    for (at, name) in Level1::NAMES.into_iter().enumerate() {
        let values: Vec<Option<f64>> = parts
            .iter()
            .flat_map(|part| part.column(at).iter())
            .map(|value| Some(*value).filter(|value| value.is_finite()))
            .collect();
        columns.push(numbers(name, values.into_iter()));
    }
    columns.push(text("source", symbol.map_or("", |it| it.source.as_str())));
    columns.push(date(&unix_ts, calendar_of(symbol))?);
    DataFrame::new(rows, columns)
}

fn calendar_of(symbol: Option<&SymbolData>) -> SessionCalendar {
    symbol.map_or(SessionCalendar::default(), |it| it.calendar)
}

/// The trades of every symbol.
pub(super) fn trades(
    symbols: &[SymbolData],
    zone: Tz,
    cancel: &Cancel,
) -> Result<DataFrame, QueryError> {
    let mut whole = trades_of(None, zone).map_err(QueryError::of_engine)?;
    for symbol in symbols.iter().filter(|symbol| !symbol.trades.is_empty()) {
        cancel.check()?;
        trades_of(Some(symbol), zone)
            .and_then(|part| whole.vstack_mut_owned(part).map(drop))
            .map_err(QueryError::of_engine)?;
    }
    Ok(whole)
}

/// The trades as they became: a correction takes the place of what it corrects, and what was cancelled is gone.
fn standing(trades: &TradeRows) -> Vec<&TradeRow> {
    let mut standing: Vec<Option<&TradeRow>> = Vec::with_capacity(trades.len());
    let mut places: HashMap<(Option<&str>, &TradeId), usize> = HashMap::new();
    for timed in trades.iter() {
        let trade = &timed.1;
        let exchange = trade.exchange.as_deref();
        let place = match &trade.action {
            TradeAction::New => None,
            TradeAction::Corrects(id) | TradeAction::Cancels(id) => {
                places.get(&(exchange, id)).copied()
            }
        };
        let is_cancel = matches!(trade.action, TradeAction::Cancels(_));
        let at = match place {
            Some(place) => {
                standing[place] = (!is_cancel).then_some(timed);
                place
            }
            None if is_cancel => continue,
            None => {
                standing.push(Some(timed));
                standing.len() - 1
            }
        };
        if let (Some(id), false) = (&trade.trade_id, is_cancel) {
            places.insert((exchange, id), at);
        }
    }
    standing.into_iter().flatten().collect()
}

fn trades_of(symbol: Option<&SymbolData>, zone: Tz) -> PolarsResult<DataFrame> {
    let none = TradeRows::default();
    let trades = standing(symbol.map_or(&none, |symbol| &symbol.trades));
    let rows = trades.len();
    let text = |name: &str, text: &str| StringChunked::full(name.into(), text, rows).into_column();
    let times: Vec<Option<i64>> = trades.iter().map(|(time, _)| time.map(|it| it.0)).collect();
    let unix_ts = column("unix_ts", times);
    let each = |of: fn(&TimeAndSale) -> Option<Cow<'_, str>>| -> Vec<Option<Cow<'_, str>>> {
        trades.iter().map(|(_, trade)| of(trade)).collect()
    };
    DataFrame::new(
        rows,
        vec![
            text("symbol", symbol.map_or("", |it| it.symbol.as_str())),
            unix_ts.clone(),
            datetime(&unix_ts, zone)?,
            numbers("price", trades.iter().map(|it| it.1.price.map(to_f64))),
            numbers("size", trades.iter().map(|it| it.1.size.map(to_f64))),
            column("side", each(|it| it.side.map(Side::name).map(Cow::from))),
            column(
                "conditions",
                each(|it| (!it.conditions.is_empty()).then(|| it.conditions.join(",").into())),
            ),
            column(
                "trade_id",
                each(|it| it.trade_id.as_ref().map(|id| id.to_string().into())),
            ),
            column("exchange", each(|it| it.exchange.as_deref().map(Cow::from))),
            text("source", symbol.map_or("", |it| it.source.as_str())),
            date(&unix_ts, calendar_of(symbol))?,
        ],
    )
}

/// The headlines.
pub(super) fn news(news: &[NewsRecord], zone: Tz) -> PolarsResult<DataFrame> {
    let times: Vec<Option<i64>> = news.iter().map(|it| it.time.map(|time| time.0)).collect();
    let unix_ts = column("unix_ts", times);
    let text = |of: fn(&NewsRecord) -> Option<&str>| -> Vec<Option<&str>> {
        news.iter().map(of).collect()
    };
    let symbols: Vec<String> = news.iter().map(|it| it.symbols.join(",")).collect();
    DataFrame::new(
        news.len(),
        vec![
            unix_ts.clone(),
            datetime(&unix_ts, zone)?,
            column("headline", text(|it| Some(it.headline.as_str()))),
            column("publisher", text(|it| it.publisher.as_deref())),
            column("url", text(|it| it.url.as_deref())),
            column("symbols", symbols),
            column("source", text(|it| Some(it.source.as_str()))),
            column("summary", text(|it| it.summary.as_deref())),
        ],
    )
}

/// The newest state of every symbol, with the newest values of its indicators and of the person's own columns.
pub(super) fn results(
    results: &[ResultRecord],
    indicators: &[String],
    own: &[String],
    zone: Tz,
) -> PolarsResult<DataFrame> {
    let times: Vec<Option<i64>> = results
        .iter()
        .map(|it| it.time.map(|time| time.0))
        .collect();
    let unix_ts = column("unix_ts", times);
    let text = |of: fn(&ResultRecord) -> &str| -> Vec<&str> { results.iter().map(of).collect() };
    let price = |name: &str, of: fn(&ResultRecord) -> Option<Decimal>| {
        numbers(name, results.iter().map(|it| of(it).map(to_f64)))
    };
    let of_day = |name: &str, of: fn(&ResultRecord) -> Option<f64>| {
        let values = results.iter().map(of);
        numbers(
            name,
            values
                .map(|it| it.filter(|it| it.is_finite()))
                .collect::<Vec<_>>()
                .into_iter(),
        )
    };
    let updates: Vec<u64> = results.iter().map(|it| it.updates).collect();
    let mut columns = vec![
        column("symbol", text(|it| it.symbol.as_str())),
        unix_ts.clone(),
        datetime(&unix_ts, zone)?,
        price("last", |it| it.last),
        of_day("change", change),
        of_day("change_percent", change_percent),
        price("bid", |it| it.bid),
        price("bid_size", |it| it.bid_size),
        price("ask", |it| it.ask),
        price("ask_size", |it| it.ask_size),
        of_day("volume", |it| it.day.volume),
        of_day("vwap", |it| it.day.vwap),
        of_day("high", |it| it.day.high),
        of_day("low", |it| it.day.low),
        of_day("open", |it| it.day.open),
        column("updates", updates),
        column("source", text(|it| it.source.as_str())),
    ];
    for name in indicators {
        let values = results
            .iter()
            .map(|it| it.indicators.as_ref().and_then(|values| values.get(name)));
        columns.push(numbers(name, values));
    }
    for name in own {
        let values = results
            .iter()
            .map(|it| it.columns.as_ref().and_then(|values| values.get(name)));
        columns.push(numbers(name, values));
    }
    DataFrame::new(results.len(), columns)
}

fn change(result: &ResultRecord) -> Option<f64> {
    Some(to_f64(result.last?) - result.day.reference_price?)
}

fn change_percent(result: &ResultRecord) -> Option<f64> {
    Some(change(result)? / result.day.reference_price? * 100.0)
}

/// The errors.
pub(super) fn errors(errors: &[ErrorRecord], zone: Tz) -> PolarsResult<DataFrame> {
    let times: Vec<i64> = errors.iter().map(|it| it.time.0).collect();
    let unix_ts = column("unix_ts", times);
    let text = |of: fn(&ErrorRecord) -> Option<&str>| -> Vec<Option<&str>> {
        errors.iter().map(of).collect()
    };
    let counts: Vec<u64> = errors.iter().map(|it| it.count).collect();
    DataFrame::new(
        errors.len(),
        vec![
            unix_ts.clone(),
            datetime(&unix_ts, zone)?,
            column("kind", text(|it| Some(it.kind.name()))),
            column("severity", text(|it| Some(it.severity.name()))),
            column("message", text(|it| Some(it.message.as_str()))),
            column(
                "source",
                text(|it| it.source.as_ref().map(SourceName::as_str)),
            ),
            column("symbol", text(|it| it.symbol.as_ref().map(Symbol::as_str))),
            column("location", text(|it| it.location.as_deref())),
            column("count", counts),
        ],
    )
}
