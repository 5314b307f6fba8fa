//! The fields of a row that is one object: its symbol and time stand among its data.

use chrono::DateTime;

use crate::domain::bar::Ohlcv;
use crate::domain::event::{DataService, Payload};
use crate::domain::news::News;
use crate::domain::quote::Level1;
use crate::domain::time::{Timeframe, UnixMs};
use crate::domain::trade::{TimeAndSale, TradeId};

use super::super::super::field;
use super::super::super::json::{Kind, Scanner};
use super::super::super::quoted;
use super::super::Fault;
use super::parts::{condition, exchange, list, listed_symbol, side, trade_id};
use super::{Keys, decimal, fields, text};

/// A row's data.
#[derive(Debug)]
pub(in super::super) struct Row {
    pub time: Option<UnixMs>,
    pub payload: Payload,
    /// The length of a bar, where the row says it.
    pub timeframe: Option<Timeframe>,
}

/// Reads the object that comes next. After a [`Fault::Schema`] it has been passed all the same.
pub(in super::super) fn decode(
    scanner: &mut Scanner<'_>,
    service: DataService,
) -> Result<Row, Fault> {
    let mut times = Times::default();
    let mut timeframe = None;
    let payload = match service {
        DataService::Ohlcv => ohlcv(scanner, &mut times, &mut timeframe)?,
        DataService::Level1 => level1(scanner, &mut times)?,
        DataService::TimeAndSales => time_and_sales(scanner, &mut times)?,
        DataService::News => news(scanner, &mut times)?,
        DataService::Level2 => {
            scanner.skip()?;
            return Err(Fault::Schema(super::super::super::csv::NO_BOOKS.to_owned()));
        }
    };
    Ok(Row {
        time: times.unix_ts.or(times.datetime),
        payload,
        timeframe,
    })
}

/// The same moment, in the two ways in which a row may give it.
#[derive(Default)]
struct Times {
    unix_ts: Option<UnixMs>,
    datetime: Option<UnixMs>,
}

impl Times {
    /// Takes the value of the key at `place` among those for times.
    fn take(&mut self, scanner: &mut Scanner<'_>, place: usize) -> Result<(), Fault> {
        if place == 0 {
            self.unix_ts = super::time(scanner, "unix_ts")?;
        } else if scanner.kind()? == Kind::Text {
            let written = scanner.string()?.value()?;
            let time = DateTime::parse_from_rfc3339(&written).map_err(|_| {
                let shown = quoted(&written);
                Fault::Schema(format!("datetime: {shown} is no time with an offset"))
            })?;
            self.datetime = Some(UnixMs(time.timestamp_millis()));
        } else {
            self.datetime = super::time(scanner, "datetime")?;
        }
        Ok(())
    }
}

fn ohlcv(
    scanner: &mut Scanner<'_>,
    times: &mut Times,
    timeframe: &mut Option<Timeframe>,
) -> Result<Payload, Fault> {
    const KEYS: &Keys = &[
        "\"unix_ts\":",
        "\"datetime\":",
        "\"open\":",
        "\"high\":",
        "\"low\":",
        "\"close\":",
        "\"volume\":",
        "\"timeframe\":",
    ];
    let mut bar = Ohlcv::default();
    fields(scanner, KEYS, |scanner, key| {
        match key {
            0 | 1 => times.take(scanner, key)?,
            2 => bar.open = decimal(scanner, "open")?,
            3 => bar.high = decimal(scanner, "high")?,
            4 => bar.low = decimal(scanner, "low")?,
            5 => bar.close = decimal(scanner, "close")?,
            6 => bar.volume = decimal(scanner, "volume")?,
            _ => {
                let length = text(scanner, "timeframe")?.unwrap_or_default();
                *timeframe = field::timeframe(&length).map_err(Fault::Schema)?;
            }
        }
        Ok(())
    })?;
    Ok(Payload::Ohlcv(bar))
}

fn level1(scanner: &mut Scanner<'_>, times: &mut Times) -> Result<Payload, Fault> {
    const KEYS: &Keys = &[
        "\"unix_ts\":",
        "\"datetime\":",
        "\"bid\":",
        "\"bid_size\":",
        "\"ask\":",
        "\"ask_size\":",
        "\"last\":",
        "\"last_size\":",
        "\"volume\":",
    ];
    let mut quote = Level1::default();
    fields(scanner, KEYS, |scanner, key| {
        match key {
            0 | 1 => times.take(scanner, key)?,
            2 => quote.bid = decimal(scanner, "bid")?,
            3 => quote.bid_size = decimal(scanner, "bid_size")?,
            4 => quote.ask = decimal(scanner, "ask")?,
            5 => quote.ask_size = decimal(scanner, "ask_size")?,
            6 => quote.last = decimal(scanner, "last")?,
            7 => quote.last_size = decimal(scanner, "last_size")?,
            _ => quote.volume = decimal(scanner, "volume")?,
        }
        Ok(())
    })?;
    Ok(Payload::Level1(quote))
}

fn time_and_sales(scanner: &mut Scanner<'_>, times: &mut Times) -> Result<Payload, Fault> {
    const KEYS: &Keys = &[
        "\"unix_ts\":",
        "\"datetime\":",
        "\"price\":",
        "\"size\":",
        "\"side\":",
        "\"conditions\":",
        "\"trade_id\":",
        "\"corrects\":",
        "\"cancels\":",
        "\"exchange\":",
    ];
    let mut trade = TimeAndSale::default();
    let (mut corrects, mut cancels) = (None, None);
    fields(scanner, KEYS, |scanner, key| {
        match key {
            0 | 1 => times.take(scanner, key)?,
            2 => trade.price = decimal(scanner, "price")?,
            3 => trade.size = decimal(scanner, "size")?,
            4 => trade.side = side(scanner)?,
            5 if scanner.kind()? == Kind::Text => {
                trade.conditions = field::conditions(&scanner.string()?.value()?);
            }
            5 => trade.conditions = list(scanner, "conditions", condition)?.into(),
            6 => trade.trade_id = name_of_trade(scanner, "trade_id")?,
            7 => corrects = name_of_trade(scanner, "corrects")?,
            8 => cancels = name_of_trade(scanner, "cancels")?,
            _ => trade.exchange = exchange(scanner, "exchange")?,
        }
        Ok(())
    })?;
    trade.action = field::action(corrects, cancels).map_err(Fault::Schema)?;
    Ok(Payload::TimeAndSales(trade))
}

/// The name of a trade: in tables, where all of a column are texts, numbers are texts too.
fn name_of_trade(scanner: &mut Scanner<'_>, key: &str) -> Result<Option<TradeId>, Fault> {
    Ok(match trade_id(scanner, key)? {
        Some(TradeId::Text(text)) => field::trade_id(&text),
        other => other,
    })
}

fn news(scanner: &mut Scanner<'_>, times: &mut Times) -> Result<Payload, Fault> {
    const KEYS: &Keys = &[
        "\"unix_ts\":",
        "\"datetime\":",
        "\"headline\":",
        "\"publisher\":",
        "\"url\":",
        "\"summary\":",
        "\"symbols\":",
    ];
    let mut news = News::default();
    let mut headline = None;
    fields(scanner, KEYS, |scanner, key| {
        let owned =
            |text: Option<std::borrow::Cow<'_, str>>| text.map(std::borrow::Cow::into_owned);
        match key {
            0 | 1 => times.take(scanner, key)?,
            2 => headline = owned(text(scanner, "headline")?),
            3 => news.source = owned(text(scanner, "publisher")?),
            4 => news.url = owned(text(scanner, "url")?),
            5 => news.summary = owned(text(scanner, "summary")?),
            _ if scanner.kind()? == Kind::Text => {
                news.symbols = field::symbols(&scanner.string()?.value()?);
            }
            _ => news.symbols = list(scanner, "symbols", listed_symbol)?.into(),
        }
        Ok(())
    })?;
    news.headline = headline.ok_or_else(|| Fault::Schema("headline: is missing".to_owned()))?;
    Ok(Payload::News(Box::new(news)))
}
