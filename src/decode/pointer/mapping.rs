//! What a message is made of, and its events.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::values::Values;
use super::{Condition, Place, Pointer, entries_of, is_null, kind_of, list_of, text_of};
use crate::decode::Rejection;
use crate::domain::event::{DataService, Payload};
use crate::domain::symbol::Symbol;
use crate::domain::time::UnixMs;

/// A field of a service's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "their names say it; what they hold stands with the data"
)]
pub enum Field {
    Bid,
    BidSize,
    Ask,
    AskSize,
    Last,
    LastSize,
    Volume,
    Open,
    High,
    Low,
    Close,
    Price,
    Size,
    Side,
    TradeId,
    Headline,
    Publisher,
    Link,
    Summary,
    Bids,
    Asks,
    Sequence,
}

/// How many fields there are.
pub(super) const FIELDS: usize = Field::Sequence as usize + 1;

/// What a number that stands for a time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeUnit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    #[default]
    Milliseconds,
    /// Microseconds since 1970.
    Microseconds,
    /// Nanoseconds since 1970.
    Nanoseconds,
    /// It is no number, but a text as RFC 3339 defines it.
    Rfc3339,
}

/// Whether a message of a book is the whole of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Snapshot {
    /// Always.
    Always,
    /// Never: each is a change.
    Never,
    /// When true stands there.
    At(Place),
}

/// What the messages of one kind are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// What their data is.
    pub service: DataService,
    /// What has to hold for an item to be of this kind.
    pub conditions: Vec<Condition>,
    /// The list or object whose values are the items; `None` when the message is the one item.
    pub items: Option<Pointer>,
    /// Whether the places of fields and time lead to lists, of which the first values belong together, the second, and
    /// so on.
    pub columns: bool,
    /// Whose data it is: a text, or a list of texts.
    pub symbol: Option<Place>,
    /// When it happened.
    pub time: Option<Place>,
    /// What the time counts.
    pub time_unit: TimeUnit,
    /// Where the fields are.
    pub fields: Vec<(Field, Place)>,
    /// Whether a message is a whole book.
    pub snapshot: Snapshot,
    /// Where price and size stand in a level.
    pub level: [Pointer; 2],
    /// Whether a message that lacks what the mapping asks for is wrong, instead of being of another kind.
    pub strict: bool,
}

/// One piece of data of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// Whose it is; `None` when the mapping does not say.
    pub symbol: Option<Cow<'a, str>>,
    /// When it happened; `None` when the message does not say.
    pub time: Option<UnixMs>,
    /// What it is.
    pub payload: Payload,
}

/// What has been found in a message, in its order.
pub type Rows<'a> = Vec<Result<Row<'a>, Rejection>>;

/// An item with what it stands in.
#[derive(Clone, Copy)]
pub(super) struct Item<'a, 'k> {
    value: &'a RawValue,
    key: Option<&'k str>,
    message: &'a RawValue,
}

impl Mapping {
    /// Adds what a message holds of this kind to `rows`. Whether it is of this kind at all is the answer.
    pub fn read<'a>(&self, message: &'a RawValue, rows: &mut Rows<'a>) -> bool {
        let item = |value, key| Item {
            value,
            key,
            message,
        };
        let Some(pointer) = &self.items else {
            return self.read_item(item(message, None), rows);
        };
        let Some(items) = pointer.find(message).filter(|value| !is_null(value)) else {
            return self.missing(&format!("there is nothing at '{pointer}'"), rows);
        };
        if let Some(list) = list_of(items) {
            return list.into_iter().fold(self.strict, |is_one, value| {
                self.read_item(item(value, None), rows) || is_one
            });
        }
        if let Some(entries) = entries_of(items) {
            return entries.iter().fold(self.strict, |is_one, (key, value)| {
                self.read_item(item(value, Some(key)), rows) || is_one
            });
        }
        let kind = kind_of(items);
        self.missing(
            &format!("there is {kind} at '{pointer}', not a list or object"),
            rows,
        )
    }

    /// What a mapping asks for is not there.
    fn missing(&self, reason: &str, rows: &mut Rows<'_>) -> bool {
        if self.strict {
            rows.push(Err(Rejection::schema(reason)));
        }
        self.strict
    }

    fn read_item<'a>(&self, item: Item<'a, '_>, rows: &mut Rows<'a>) -> bool {
        let holds = |condition: &Condition| condition.holds_for(item.value, item.key, item.message);
        if !self.conditions.iter().all(holds) {
            return false;
        }
        let symbols = match self.symbols_of(item) {
            Ok(Some(symbols)) => symbols,
            // A mapping without conditions takes what looks like it, and leaves acknowledgements alone.
            Ok(None) if self.conditions.is_empty() => {
                return self.missing(&self.no_symbol(), rows);
            }
            Ok(None) => {
                rows.push(Err(Rejection::schema(self.no_symbol())));
                return true;
            }
            Err(rejection) => {
                rows.push(Err(rejection));
                return true;
            }
        };
        let first = rows.len();
        if self.columns {
            self.read_columns(item, rows);
        } else {
            let values = Values {
                mapping: self,
                fields: self.fields_of(|place| place.find(item.value, item.message)),
                time: Self::find(self.time.as_ref(), item),
            };
            rows.push(values.row(item, &symbols));
        }
        name_rows(&symbols, first, rows);
        true
    }

    pub(super) fn find<'a>(place: Option<&Place>, item: Item<'a, '_>) -> Option<&'a RawValue> {
        place?.find(item.value, item.message)
    }

    fn no_symbol(&self) -> String {
        let place = self.symbol.as_ref().map(ToString::to_string);
        format!(
            "there is no symbol at '{}'",
            place.as_deref().unwrap_or_default()
        )
    }

    /// Whose data an item is; without a place for symbols, nobody's in particular.
    fn symbols_of<'a>(&self, item: Item<'a, '_>) -> Result<Option<Vec<Cow<'a, str>>>, Rejection> {
        let Some(place) = &self.symbol else {
            return Ok(Some(Vec::new()));
        };
        if *place == Place::Key {
            return Ok(item.key.map(|key| vec![Cow::Owned(key.to_owned())]));
        }
        let Some(value) = place.find(item.value, item.message).filter(|v| !is_null(v)) else {
            return Ok(None);
        };
        let wrong = || {
            let kind = kind_of(value);
            Rejection::schema(format!("the symbol at '{place}' is {kind}, not a text"))
        };
        if let Some(list) = list_of(value) {
            return list
                .into_iter()
                .map(text_of)
                .collect::<Option<_>>()
                .map(Some)
                .ok_or_else(wrong);
        }
        text_of(value).map(|one| Some(vec![one])).ok_or_else(wrong)
    }

    fn fields_of<'a>(
        &self,
        mut find: impl FnMut(&Place) -> Option<&'a RawValue>,
    ) -> [Option<&'a RawValue>; FIELDS] {
        let mut values = [None; FIELDS];
        for (field, place) in &self.fields {
            values[*field as usize] = find(place).filter(|value| !is_null(value));
        }
        values
    }

    fn read_columns<'a>(&self, item: Item<'a, '_>, rows: &mut Rows<'a>) {
        let mut length: Option<usize> = None;
        let mut column = |place: &Place| -> Result<Vec<&'a RawValue>, Rejection> {
            let Some(value) = Self::find(Some(place), item).filter(|value| !is_null(value)) else {
                return Ok(Vec::new());
            };
            let list = list_of(value).ok_or_else(|| {
                Rejection::schema(format!(
                    "there is {} at '{place}', not a list",
                    kind_of(value)
                ))
            })?;
            let expected = *length.get_or_insert(list.len());
            if expected != list.len() {
                return Err(Rejection::schema(format!(
                    "the list at '{place}' has {} values, others have {expected}",
                    list.len()
                )));
            }
            Ok(list)
        };
        let mut read = || -> Result<_, Rejection> {
            let times = self.time.as_ref().map(&mut column).transpose()?;
            let lists = self
                .fields
                .iter()
                .map(|(field, place)| Ok((*field, column(place)?)));
            let lists = lists.collect::<Result<Vec<_>, Rejection>>()?;
            Ok((times, lists))
        };
        let (times, lists) = match read() {
            Ok(columns) => columns,
            Err(rejection) => {
                rows.push(Err(rejection));
                return;
            }
        };
        for at in 0..length.unwrap_or(0) {
            let mut fields = [None; FIELDS];
            for (field, list) in &lists {
                fields[*field as usize] = list.get(at).copied().filter(|value| !is_null(value));
            }
            // A row of nothing but nulls stands for a time at which there was nothing.
            if fields.iter().any(Option::is_some) {
                let values = Values {
                    mapping: self,
                    fields,
                    time: times.as_ref().and_then(|times| times.get(at).copied()),
                };
                rows.push(values.row(item, &[]));
            }
        }
    }
}

/// Gives the rows from `first` on their symbols: a row for each.
fn name_rows<'a>(symbols: &[Cow<'a, str>], first: usize, rows: &mut Rows<'a>) {
    let Some((last, others)) = symbols.split_last() else {
        return;
    };
    let found = rows.split_off(first);
    for row in found {
        match row {
            Ok(row) => {
                let named = |symbol: &Cow<'a, str>, row: Row<'a>| {
                    Ok(Row {
                        symbol: Some(symbol.clone()),
                        ..row
                    })
                };
                rows.extend(others.iter().map(|symbol| named(symbol, row.clone())));
                rows.push(named(last, row));
            }
            Err(rejection) => rows.push(Err(Rejection {
                symbol: Symbol::new(last).ok(),
                ..rejection
            })),
        }
    }
}

#[cfg(test)]
mod tests;
