//! The values of one item, made into its data.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::mapping::{FIELDS, Field, Item, Mapping, Row, Snapshot, TimeUnit};
use super::{Pointer, is_null, list_of, text_of};
use crate::decode::number::parse_json;
use crate::decode::wire::{PriceSize, rfc3339};
use crate::decode::{Rejection, quoted};
use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::book::{BookUpdate, Level};
use crate::domain::event::{DataService, Payload};
use crate::domain::news::News;
use crate::domain::quote::Level1;
use crate::domain::time::UnixMs;
use crate::domain::trade::{Side, TimeAndSale, TradeId};

/// What stands where the fields are.
pub(super) struct Values<'m, 'a> {
    pub(super) mapping: &'m Mapping,
    pub(super) fields: [Option<&'a RawValue>; FIELDS],
    pub(super) time: Option<&'a RawValue>,
}

impl<'a> Values<'_, 'a> {
    pub(super) fn row(
        &self,
        item: Item<'a, '_>,
        symbols: &[Cow<'a, str>],
    ) -> Result<Row<'a>, Rejection> {
        let payload = match self.mapping.service {
            DataService::Level1 => self.level1()?,
            DataService::Ohlcv => self.bar()?,
            DataService::TimeAndSales => self.trade()?,
            DataService::News => self.news(symbols)?,
            DataService::Level2 => self.book(item)?,
        };
        Ok(Row {
            symbol: None,
            time: self.time()?,
            payload,
        })
    }

    fn place(&self, field: Field) -> String {
        let place = self.mapping.fields.iter().find(|(one, _)| *one == field);
        place
            .map(|(_, place)| place.to_string())
            .unwrap_or_default()
    }

    fn wrong(&self, field: Field, reason: &str) -> Rejection {
        let value = self.fields[field as usize].map_or("", RawValue::get);
        Rejection::schema(format!(
            "{} at '{}' {reason}",
            quoted(value),
            self.place(field)
        ))
    }

    fn decimal(&self, field: Field) -> Result<Option<Decimal>, Rejection> {
        let Some(value) = self.fields[field as usize] else {
            return Ok(None);
        };
        decimal_of(value)
            .map(Some)
            .map_err(|reason| self.wrong(field, &reason))
    }

    fn text(&self, field: Field) -> Result<Option<String>, Rejection> {
        let Some(value) = self.fields[field as usize] else {
            return Ok(None);
        };
        match text_of(value) {
            Some(text) => Ok(Some(text.into_owned())),
            None => Err(self.wrong(field, "is no text")),
        }
    }

    /// That at least one field is there: a message without any says nothing.
    fn some_field(&self) -> Result<(), Rejection> {
        if self.fields.iter().any(Option::is_some) {
            return Ok(());
        }
        let places: Vec<String> = self
            .mapping
            .fields
            .iter()
            .map(|(_, place)| format!("'{place}'"))
            .collect();
        Err(Rejection::schema(format!(
            "there is nothing at any of {}",
            places.join(", ")
        )))
    }

    fn level1(&self) -> Result<Payload, Rejection> {
        self.some_field()?;
        Ok(Payload::Level1(Level1 {
            bid: self.decimal(Field::Bid)?,
            bid_size: self.decimal(Field::BidSize)?,
            ask: self.decimal(Field::Ask)?,
            ask_size: self.decimal(Field::AskSize)?,
            last: self.decimal(Field::Last)?,
            last_size: self.decimal(Field::LastSize)?,
            volume: self.decimal(Field::Volume)?,
        }))
    }

    fn bar(&self) -> Result<Payload, Rejection> {
        self.some_field()?;
        Ok(Payload::Ohlcv(Ohlcv {
            open: self.decimal(Field::Open)?,
            high: self.decimal(Field::High)?,
            low: self.decimal(Field::Low)?,
            close: self.decimal(Field::Close)?,
            volume: self.decimal(Field::Volume)?,
        }))
    }

    fn trade(&self) -> Result<Payload, Rejection> {
        let price = self.decimal(Field::Price)?;
        if price.is_none() {
            let place = self.place(Field::Price);
            return Err(Rejection::schema(format!("there is no price at '{place}'")));
        }
        let side = match self
            .text(Field::Side)?
            .map(|side| side.to_ascii_lowercase())
        {
            None => None,
            Some(side) => match side.as_str() {
                "" => None,
                "buy" | "b" | "bid" => Some(Side::Buy),
                "sell" | "s" | "ask" | "a" => Some(Side::Sell),
                _ => return Err(self.wrong(Field::Side, "is neither buy nor sell")),
            },
        };
        let trade_id = match self.fields[Field::TradeId as usize] {
            None => None,
            Some(value) => Some(match (value.get().parse(), text_of(value)) {
                (Ok(number), _) => TradeId::Number(number),
                (_, Some(text)) => TradeId::Text(text.into()),
                _ => return Err(self.wrong(Field::TradeId, "is neither a number nor a text")),
            }),
        };
        Ok(Payload::TimeAndSales(TimeAndSale {
            price,
            size: self.decimal(Field::Size)?,
            side,
            trade_id,
            ..TimeAndSale::default()
        }))
    }

    fn news(&self, symbols: &[Cow<'a, str>]) -> Result<Payload, Rejection> {
        let Some(headline) = self.text(Field::Headline)? else {
            let place = self.place(Field::Headline);
            return Err(Rejection::schema(format!(
                "there is no headline at '{place}'"
            )));
        };
        let symbols: Vec<String> = symbols.iter().map(ToString::to_string).collect();
        Ok(Payload::News(Box::new(News {
            headline,
            source: self.text(Field::Publisher)?,
            url: self.text(Field::Link)?,
            summary: self.text(Field::Summary)?,
            symbols: Arc::from(symbols),
        })))
    }

    fn book(&self, item: Item<'a, '_>) -> Result<Payload, Rejection> {
        self.some_field()?;
        let sequence = match self.fields[Field::Sequence as usize] {
            None => None,
            Some(value) => {
                let text = text_of(value).unwrap_or(Cow::Borrowed(value.get()));
                let number = text.parse();
                Some(number.map_err(|_| self.wrong(Field::Sequence, "is no whole number"))?)
            }
        };
        let snapshot = match &self.mapping.snapshot {
            Snapshot::Always => true,
            Snapshot::Never => false,
            Snapshot::At(place) => {
                match Mapping::find(Some(place), item).map_or("null", RawValue::get) {
                    "true" => true,
                    "false" | "null" => false,
                    other => {
                        return Err(Rejection::schema(format!(
                            "{} at '{place}' is neither true nor false",
                            quoted(other)
                        )));
                    }
                }
            }
        };
        Ok(Payload::Level2(Box::new(BookUpdate {
            bids: self.levels(Field::Bids)?,
            asks: self.levels(Field::Asks)?,
            snapshot,
            sequence,
            ..BookUpdate::default()
        })))
    }

    fn levels(&self, field: Field) -> Result<Vec<Level>, Rejection> {
        let Some(value) = self.fields[field as usize] else {
            return Ok(Vec::new());
        };
        let [price, size] = &self.mapping.level;
        if price.names[..] == ["0".into()] && size.names[..] == ["1".into()] {
            let levels: Vec<PriceSize> = serde_json::from_str(value.get())
                .map_err(|error| self.wrong(field, &format!("is no list of levels: {error}")))?;
            return Ok(levels.into_iter().map(|level| level.0).collect());
        }
        let list = list_of(value).ok_or_else(|| self.wrong(field, "is no list of levels"))?;
        let number = |level: &RawValue, pointer: &Pointer| {
            let found = pointer.find(level).ok_or_else(|| {
                self.wrong(field, &format!("has a level with nothing at '{pointer}'"))
            })?;
            decimal_of(found).map_err(|reason| {
                let what = quoted(found.get());
                self.wrong(
                    field,
                    &format!("has a level whose {what} at '{pointer}' {reason}"),
                )
            })
        };
        list.into_iter()
            .map(|level| {
                Ok(Level {
                    price: number(level, price)?,
                    size: number(level, size)?,
                })
            })
            .collect()
    }

    fn time(&self) -> Result<Option<UnixMs>, Rejection> {
        let Some(value) = self.time.filter(|value| !is_null(value)) else {
            return Ok(None);
        };
        time_of(value, self.mapping.time_unit)
            .map(|time| Some(time).filter(|time| time.0 != 0))
            .map_err(|reason| {
                let place = self.mapping.time.as_ref().map(ToString::to_string);
                let (value, place) = (quoted(value.get()), place.unwrap_or_default());
                Rejection::schema(format!("{value} at '{place}' {reason}"))
            })
    }
}

/// A number, whether it stands in quotes or not, with its digits.
fn decimal_of(value: &RawValue) -> Result<Decimal, String> {
    let text = value.get();
    let inner = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text);
    parse_json(inner).map_err(|error| error.to_string())
}

fn time_of(value: &RawValue, unit: TimeUnit) -> Result<UnixMs, String> {
    let scale = match unit {
        TimeUnit::Rfc3339 => {
            return text_of(value)
                .and_then(|text| rfc3339(&text))
                .ok_or_else(|| "is no time as RFC 3339 writes it".to_owned());
        }
        TimeUnit::Seconds => Decimal::new(1000, 0),
        TimeUnit::Milliseconds => Decimal::ONE,
        TimeUnit::Microseconds => Decimal::new(1, 3),
        TimeUnit::Nanoseconds => Decimal::new(1, 6),
    };
    let number = decimal_of(value)?;
    number
        .checked_mul(scale)
        .and_then(|ms| i64::try_from(ms.floor()).ok())
        .map(UnixMs)
        .ok_or_else(|| "is too large for a time".to_owned())
}
