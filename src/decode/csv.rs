//! Rows of bars under a header.
//!
//! Columns are found by name, in any order and case: `unix_ts` (or `datetime`, or `timestamp`, or `date` and `time`, or one of the
//! two), `open`, `high`, `low`, `close`, `volume`, and `symbol` or `ticker`; other columns are passed over. One line is
//! one row: a quoted field cannot hold a line break, so that an unclosed quote spoils one row and not the rest.

use std::borrow::Cow;

use chrono_tz::Tz;

use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::time::UnixMs;

use super::time_text::TimeReader;
use super::{Rejection, quoted};

const PRICES: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// A row's bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// The symbol, when there is a column for it.
    pub symbol: Option<Cow<'a, str>>,
    /// The time; `None` when the field is empty or zero.
    pub time: Option<UnixMs>,
    /// Prices and volume; empty fields are `None`.
    pub bar: Ohlcv,
}

/// Where the times of a file stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimeColumns {
    One(usize),
    DateAndTime(usize, usize),
}

/// What a file's header says, and how its times are read.
#[derive(Debug, Clone)]
pub struct Layout {
    columns: usize,
    time: TimeColumns,
    prices: [Option<usize>; 5],
    symbol: Option<usize>,
    reader: TimeReader,
}

impl Layout {
    /// Reads a header line. Times without an offset will be taken as wall clocks of `zone`.
    ///
    /// # Errors
    /// When a name comes twice, or there is no column for the time or none for any price.
    pub fn new(header: &[u8], zone: Tz) -> Result<Self, Rejection> {
        let header = text(header.strip_prefix(b"\xef\xbb\xbf").unwrap_or(header))?;
        let names: Vec<String> = split(header)?
            .iter()
            .map(|name| name.trim().to_ascii_lowercase())
            .collect();
        let column = |wanted: &str| {
            let mut found = names.iter().enumerate().filter(|(_, name)| *name == wanted);
            match (found.next(), found.next()) {
                (Some(_), Some(_)) => Err(Rejection::schema(format!(
                    "the header has two columns named '{wanted}'"
                ))),
                (first, _) => Ok(first.map(|(index, _)| index)),
            }
        };
        let mut prices = [None; 5];
        for (slot, name) in prices.iter_mut().zip(PRICES) {
            *slot = column(name)?;
        }
        let missing =
            |what: &str| Rejection::schema(format!("the header has no column named {what}"));
        if prices.iter().all(Option::is_none) {
            return Err(missing("open, high, low, close or volume"));
        }
        let whole = column("unix_ts")?
            .or(column("datetime")?)
            .or(column("timestamp")?);
        let time = match (whole, column("date")?, column("time")?) {
            (Some(whole), _, _) => TimeColumns::One(whole),
            (None, Some(date), Some(time)) => TimeColumns::DateAndTime(date, time),
            (None, Some(one), None) | (None, None, Some(one)) => TimeColumns::One(one),
            (None, None, None) => return Err(missing("datetime, timestamp, date or time")),
        };
        Ok(Self {
            columns: names.len(),
            time,
            prices,
            symbol: column("symbol")?.or(column("ticker")?),
            reader: TimeReader::new(zone),
        })
    }

    /// Whether the rows name their symbols.
    #[must_use]
    pub fn has_symbol(&self) -> bool {
        self.symbol.is_some()
    }

    /// Decodes one row, without its line break; `None` when it is blank.
    ///
    /// # Errors
    /// When the row has another number of fields than the header, or a field is not what its column holds.
    pub fn row<'a>(&mut self, line: &'a [u8]) -> Result<Option<Row<'a>>, Rejection> {
        let line = text(line)?;
        if line.trim().is_empty() {
            return Ok(None);
        }
        let mut fields = [const { Cow::Borrowed("") }; FIELDS_MAX];
        self.pick(line, &mut fields)?;
        let mut values = [None; 5];
        for ((value, column), place) in values.iter_mut().zip(PRICES).zip(2..) {
            *value = decimal(column, &fields[place])?;
        }
        let time = self.time(&fields[0], &fields[1])?;
        let [open, high, low, close, volume] = values;
        let symbol = self
            .symbol
            .map(|_| std::mem::take(&mut fields[SYMBOL]))
            .map(|symbol| match symbol {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
            });
        Ok(Some(Row {
            symbol,
            time,
            bar: Ohlcv {
                open,
                high,
                low,
                close,
                volume,
            },
        }))
    }

    /// The time of a row alone, for telling whether a file runs backwards; `None` when it has none that can be read.
    pub fn time_of(&mut self, line: &[u8]) -> Option<UnixMs> {
        let mut fields = [const { Cow::Borrowed("") }; FIELDS_MAX];
        self.pick(text(line).ok()?, &mut fields).ok()?;
        self.time(&fields[0], &fields[1]).ok().flatten()
    }

    fn time(&mut self, first: &str, second: &str) -> Result<Option<UnixMs>, Rejection> {
        let is_nothing = |text: &str| matches!(text.trim(), "" | "0" | "0.0");
        match self.time {
            TimeColumns::One(_) if is_nothing(first) => Ok(None),
            TimeColumns::One(_) => match self.reader.read(first) {
                Some(time) => Ok((time.0 != 0).then_some(time)),
                None => Err(Rejection::schema(format!(
                    "the time {} cannot be read",
                    quoted(first)
                ))),
            },
            TimeColumns::DateAndTime(..) if is_nothing(first) && second.trim().is_empty() => {
                Ok(None)
            }
            TimeColumns::DateAndTime(..) => match self.reader.read_apart(first, second) {
                Some(time) => Ok(Some(time)),
                None => Err(Rejection::schema(format!(
                    "the date {} and time {} cannot be read",
                    quoted(first),
                    quoted(second)
                ))),
            },
        }
    }

    /// Puts the fields of the known columns into their places: the time's two, the prices, the symbol.
    fn pick<'a>(
        &self,
        line: &'a str,
        into: &mut [Cow<'a, str>; FIELDS_MAX],
    ) -> Result<(), Rejection> {
        let mut count = 0;
        let mut place = |index: usize, field: Cow<'a, str>| {
            count = index + 1;
            if let Some(place) = self.place(index) {
                into[place] = field;
            }
        };
        if line.contains('"') {
            for (index, field) in split(line)?.into_iter().enumerate() {
                place(index, Cow::Owned(field));
            }
        } else {
            for (index, field) in line.split(',').enumerate() {
                place(index, Cow::Borrowed(field));
            }
        }
        if count != self.columns {
            return Err(Rejection::schema(format!(
                "the row has {count} fields, the header {}",
                self.columns
            )));
        }
        Ok(())
    }

    fn place(&self, index: usize) -> Option<usize> {
        match self.time {
            TimeColumns::One(first) | TimeColumns::DateAndTime(first, _) if first == index => {
                return Some(0);
            }
            TimeColumns::DateAndTime(_, second) if second == index => return Some(1),
            _ => {}
        }
        if self.symbol == Some(index) {
            return Some(SYMBOL);
        }
        let price = self.prices.iter().position(|&price| price == Some(index))?;
        Some(2 + price)
    }
}

/// Two places for the time, five for the prices, one for the symbol.
const FIELDS_MAX: usize = 8;
const SYMBOL: usize = 7;

fn text(line: &[u8]) -> Result<&str, Rejection> {
    let text = std::str::from_utf8(line).map_err(|error| {
        Rejection::decode(format!("byte {} is no UTF-8", error.valid_up_to() + 1))
    })?;
    Ok(text.strip_suffix('\r').unwrap_or(text))
}

/// The fields of a line that may hold quotes.
fn split(line: &str) -> Result<Vec<String>, Rejection> {
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(line.as_bytes());
    let mut record = ::csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(_) => Ok(record.iter().map(str::to_owned).collect()),
        Err(error) => Err(Rejection::decode(format!("no CSV: {error}"))),
    }
}

fn decimal(column: &str, field: &str) -> Result<Option<Decimal>, Rejection> {
    let field = field.trim();
    if field.is_empty() {
        return Ok(None);
    }
    match super::number::parse(field) {
        Ok(value) => Ok(Some(value)),
        Err(error) => Err(Rejection::schema(format!(
            "{column}: {} {error}",
            quoted(field)
        ))),
    }
}

#[cfg(test)]
#[path = "csv/tests.rs"]
mod tests;
