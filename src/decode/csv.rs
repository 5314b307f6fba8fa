//! Rows of bars under a header.
//!
//! Columns are found by name, in any order and case: `datetime` (or `timestamp`, or `date` and `time`, or one of the
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
        let whole = column("datetime")?.or(column("timestamp")?);
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
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::domain::outcome::ErrorKind;
    use chrono_tz::America::New_York;
    use proptest::prelude::*;

    fn tell(header: &str, row: &str) -> Result<String, String> {
        let mut layout = Layout::new(header.as_bytes(), New_York).map_err(|error| error.reason)?;
        let row = layout.row(row.as_bytes()).map_err(|error| error.reason)?;
        let Some(row) = row else {
            return Ok("blank".to_owned());
        };
        let bar = row.bar;
        let values: Vec<_> = [bar.open, bar.high, bar.low, bar.close, bar.volume]
            .iter()
            .map(|value| value.map_or("-".to_owned(), |value| value.to_string()))
            .collect();
        let time = row
            .time
            .map_or("-".to_owned(), |time| time.new_york().unwrap().to_rfc3339());
        let symbol = row.symbol.unwrap_or(Cow::Borrowed("-"));
        Ok(format!("{symbol} {time} {}", values.join(" ")))
    }

    #[test]
    fn columns_are_found_by_name() {
        let expected = "- 2019-02-15T16:00:00-05:00 170.23 170.42 170.210 170.38 427888";
        for (header, row) in [
            (
                "datetime,open,high,low,close,volume",
                "2019-02-15 16:00:00,170.23,170.42,170.210,170.38,427888",
            ),
            (
                "Volume, CLOSE ,low,High,OPEN,Date",
                "427888,170.38,170.210,170.42,170.23,2019-02-15T21:00:00Z",
            ),
            (
                "\u{feff}timestamp,open,high,low,close,volume\r",
                "1550264400000,170.23,170.42,170.210,170.38,427888\r",
            ),
            (
                "\"time\",open,high,low,close,volume,note",
                "1550264400,\"170.23\", 170.42 ,170.210,170.38,427888,\"a, b\"\"c\"",
            ),
            (
                "date,time,open,high,low,close,volume",
                "2019-02-15,16:00:00,170.23,170.42,170.210,170.38,427888",
            ),
            (
                "date,time,open,high,low,close,volume",
                "20190215,160000,170.23,170.42,170.210,170.38,427888",
            ),
        ] {
            assert_eq!(
                tell(header, row).as_deref(),
                Ok(expected),
                "{header} / {row}"
            );
        }
        assert_eq!(
            tell(
                "date,Ticker,close,average,barCount",
                "2025-09-26 04:00:00-04:00, AAPL ,256.0,x,5"
            )
            .unwrap(),
            "AAPL 2025-09-26T04:00:00-04:00 - - - 256.0 -"
        );
    }

    #[test]
    fn empty_fields_are_unknown() {
        assert_eq!(tell("date,open,close", ",,1.0").unwrap(), "- - - - - 1.0 -");
        assert_eq!(tell("date,open,close", "0,1,").unwrap(), "- - 1 - - - -");
        assert_eq!(tell("date,open,close", "").unwrap(), "blank");
        assert_eq!(tell("date,open,close", " \r").unwrap(), "blank");
    }

    #[test]
    fn bad_headers_and_rows_name_what_is_wrong() {
        for (header, row, reason) in [
            (
                "date,price",
                "",
                "the header has no column named open, high, low, close or volume",
            ),
            (
                "open,close",
                "",
                "the header has no column named datetime, timestamp, date or time",
            ),
            (
                "date,open,Open",
                "",
                "the header has two columns named 'open'",
            ),
            (
                "date,close",
                "2019-02-15",
                "the row has 1 fields, the header 2",
            ),
            (
                "date,close",
                "2019-02-15,1,5",
                "the row has 3 fields, the header 2",
            ),
            (
                "date,close",
                "2019-02-15,NaN",
                "close: \"NaN\" is no number",
            ),
            (
                "date,close",
                "2019-02-15,\"1,5\"",
                "close: \"1,5\" is no number",
            ),
            (
                "date,close",
                "2019-02-15,1e400",
                "close: \"1e400\" is too large",
            ),
            (
                "date,close",
                "yesterday,1",
                "the time \"yesterday\" cannot be read",
            ),
            (
                "date,time,close",
                "2019-02-15,25:00,1",
                "the date \"2019-02-15\" and time \"25:00\" cannot be read",
            ),
        ] {
            assert_eq!(
                tell(header, row),
                Err(reason.to_owned()),
                "{header} / {row}"
            );
        }
        let mut layout = Layout::new(b"date,close", New_York).unwrap();
        assert_eq!(
            layout.row(b"\xff,1").unwrap_err().kind,
            ErrorKind::DecodeError
        );
        // An unclosed quote spoils its own row only.
        assert!(layout.row(b"\"2019-02-15,1").is_err());
        assert!(layout.row(b"2019-02-15,1").is_ok());
    }

    #[test]
    fn times_alone_can_be_asked_for() {
        let mut layout = Layout::new(b"date,close", New_York).unwrap();
        assert_eq!(
            layout.time_of(b"1550264400,x"),
            Some(UnixMs(1_550_264_400_000))
        );
        assert_eq!(layout.time_of(b"x,1"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_at_all_are_survived(header in prop::collection::vec(any::<u8>(), 0..60), row in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(mut layout) = Layout::new(&header, New_York) {
                prop_assert!(layout.row(&row).is_ok() || layout.row(&row).is_err());
            }
            let mut layout = Layout::new(b"symbol,date,time,open,close", New_York).unwrap();
            prop_assert!(layout.row(&row).is_ok() || layout.row(&row).is_err());
        }

        #[test]
        fn times_in_any_text_are_survived(text in "[0-9TZ:+. /\u{e9}-]{0,30}") {
            let mut reader = TimeReader::new(New_York);
            let first = reader.read(&text);
            prop_assert_eq!(first, reader.read(&text));
            prop_assert!(reader.read_apart(&text, &text).is_none() || text.len() > 8);
        }
    }
}
