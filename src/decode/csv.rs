//! Rows of tables under a header.
//!
//! Columns are found by name, in any order and case: `unix_ts` (or `datetime`, or `timestamp`, or `date` and `time`, or one of the
//! two), `symbol` or `ticker`, and those of one table; other columns are passed over. Bars have `open`, `high`, `low`,
//! `close`, `volume` and `timeframe`; quotes, trades and news have the columns that they have in files that this program
//! writes. One line is one row: a quoted field cannot hold a line break, so that an unclosed quote spoils one row and not
//! the rest.

use std::borrow::Cow;

use chrono_tz::Tz;

use crate::domain::Decimal;
use crate::domain::event::{DataService, Payload};
use crate::domain::file_table::FileTable;
use crate::domain::time::{Timeframe, UnixMs};

use super::time_text::TimeReader;
use super::{Rejection, quoted};

mod payload;

use payload::own_columns;

/// What is said of a table of books.
pub const NO_BOOKS: &str =
    "levels of books in tables are not played; books come back from recordings (--record)";

/// What a row holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// The symbol, when there is a column for it.
    pub symbol: Option<Cow<'a, str>>,
    /// The time; `None` when the field is empty or zero.
    pub time: Option<UnixMs>,
    /// The data; empty fields are not known.
    pub payload: Payload,
    /// The length of a bar, where the row says it.
    pub timeframe: Option<Timeframe>,
}

/// Where the times of a file stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimeColumns {
    One,
    DateAndTime,
}

/// The places of fields: the time's two, the symbol, then those of the table.
const TIME: usize = 0;
const TIME_OF_DAY: usize = 1;
const SYMBOL: usize = 2;
const OWN: usize = 3;
/// The most columns that a table has of its own.
const OWN_MAX: usize = 8;
const FIELDS_MAX: usize = OWN + OWN_MAX;

/// The fields of a row in their places.
type Fields<'a> = [Cow<'a, str>; FIELDS_MAX];

/// What a file's header says, and how its times are read.
#[derive(Debug, Clone)]
pub struct Layout {
    service: DataService,
    time: TimeColumns,
    /// The place of each column's fields; `None` of columns that are passed over.
    places: Box<[Option<u8>]>,
    has_symbol: bool,
    reader: TimeReader,
}

impl Layout {
    /// Reads a header line. Times without an offset will be taken as wall clocks of `zone`.
    ///
    /// # Errors
    /// When a name comes twice, there is no column for the time, or the others are of no table.
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
        let missing =
            |what: &str| Rejection::schema(format!("the header has no column named {what}"));
        let service =
            FileTable::service_of_columns(|wanted| names.iter().any(|name| name == wanted))
                .ok_or_else(|| missing("open, high, low, close or volume"))?;
        if service == DataService::Level2 {
            return Err(Rejection::schema(NO_BOOKS));
        }
        let mut places = vec![None; names.len()];
        let mut put = |index: Option<usize>, place: usize| {
            if let Some(slot) = index.and_then(|index| places.get_mut(index)) {
                *slot = u8::try_from(place).ok();
            }
        };
        for (name, place) in own_columns(service).iter().zip(OWN..) {
            put(column(name)?, place);
        }
        let symbol = column("symbol")?.or(column("ticker")?);
        put(symbol, SYMBOL);
        let whole = column("unix_ts")?
            .or(column("datetime")?)
            .or(column("timestamp")?);
        let time = match (whole, column("date")?, column("time")?) {
            (Some(one), _, _) | (None, Some(one), None) | (None, None, Some(one)) => {
                put(Some(one), TIME);
                TimeColumns::One
            }
            (None, Some(date), Some(time)) => {
                put(Some(date), TIME);
                put(Some(time), TIME_OF_DAY);
                TimeColumns::DateAndTime
            }
            (None, None, None) => return Err(missing("datetime, timestamp, date or time")),
        };
        Ok(Self {
            service,
            time,
            places: places.into(),
            has_symbol: symbol.is_some(),
            reader: TimeReader::new(zone),
        })
    }

    /// Whether the rows name their symbols.
    #[must_use]
    pub fn has_symbol(&self) -> bool {
        self.has_symbol
    }

    /// Which service the rows are of.
    #[must_use]
    pub fn service(&self) -> DataService {
        self.service
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
        let time = self.time(&fields[TIME], &fields[TIME_OF_DAY])?;
        let (payload, timeframe) = payload::decode(self.service, &fields)?;
        let symbol = self
            .has_symbol
            .then(|| std::mem::take(&mut fields[SYMBOL]))
            .map(|symbol| match symbol {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
            });
        Ok(Some(Row {
            symbol,
            time,
            payload,
            timeframe,
        }))
    }

    /// The time of a row alone, for telling whether a file runs backwards; `None` when it has none that can be read.
    pub fn time_of(&mut self, line: &[u8]) -> Option<UnixMs> {
        let mut fields = [const { Cow::Borrowed("") }; FIELDS_MAX];
        self.pick(text(line).ok()?, &mut fields).ok()?;
        self.time(&fields[TIME], &fields[TIME_OF_DAY])
            .ok()
            .flatten()
    }

    fn time(&mut self, first: &str, second: &str) -> Result<Option<UnixMs>, Rejection> {
        let is_nothing = |text: &str| matches!(text.trim(), "" | "0" | "0.0");
        match self.time {
            TimeColumns::One if is_nothing(first) => Ok(None),
            TimeColumns::One => match self.reader.read(first) {
                Some(time) => Ok((time.0 != 0).then_some(time)),
                None => Err(Rejection::schema(format!(
                    "the time {} cannot be read",
                    quoted(first)
                ))),
            },
            TimeColumns::DateAndTime if is_nothing(first) && second.trim().is_empty() => Ok(None),
            TimeColumns::DateAndTime => match self.reader.read_apart(first, second) {
                Some(time) => Ok(Some(time)),
                None => Err(Rejection::schema(format!(
                    "the date {} and time {} cannot be read",
                    quoted(first),
                    quoted(second)
                ))),
            },
        }
    }

    /// Puts the fields of the known columns into their places.
    fn pick<'a>(&self, line: &'a str, into: &mut Fields<'a>) -> Result<(), Rejection> {
        let mut count = 0;
        let mut place = |index: usize, field: Cow<'a, str>| {
            count = index + 1;
            let place = self.places.get(index).copied().flatten();
            if let Some(slot) = place.and_then(|place| into.get_mut(usize::from(place))) {
                *slot = field;
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
        if count != self.places.len() {
            return Err(Rejection::schema(format!(
                "the row has {count} fields, the header {}",
                self.places.len()
            )));
        }
        Ok(())
    }
}

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
