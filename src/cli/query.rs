//! The flags of `query`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::config::key::{self, Key};

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: aligned columns
    Table,
    /// Comma-separated values with a header (RFC 4180)
    Csv,
    /// One JSON object a line
    Json,
}

/// A question, and how it is to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRequest {
    /// The statement; `None` is to be read from stdin.
    pub sql: Option<String>,
    /// How the answer is written.
    pub format: Format,
    /// How many rows of it at most; `None` leaves it to the format.
    pub rows_max: Option<usize>,
    /// How long the statement may take once the data is there.
    pub time_max: Duration,
    /// How long sources are listened to that have no end; `None` is until each has ended.
    pub listen: Option<Duration>,
}

const SQL_HELP: &str = "\
The question: SELECT, WITH, EXPLAIN, SHOW TABLES or DESCRIBE TABLE, over the tables bars, bars_5m, bars_15m, bars_1h, \
bars_1d, quotes, trades, news, results and errors. Read from stdin when it is missing or -";

#[derive(Debug, Clone, Args)]
#[allow(clippy::doc_markdown, reason = "these comments are the help text")]
pub(super) struct QueryFlags {
    #[arg(value_name = "SQL", help = SQL_HELP)]
    sql: Option<String>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write at most so many rows [default: 1000 of a table, else all]
    #[arg(long, value_name = "COUNT")]
    rows: Option<usize>,
    /// How long the statement may take, once the data is there: 500ms, 30s, 2m
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    timeout: Duration,
    /// How long to listen to live sources and others without an end: 10s, 5m
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    listen: Option<Duration>,
}

impl QueryFlags {
    pub fn into_request(self) -> QueryRequest {
        QueryRequest {
            sql: self.sql.filter(|sql| sql != "-"),
            format: self.format,
            rows_max: self.rows,
            time_max: self.timeout,
            listen: self.listen,
        }
    }
}

/// What may be given before the command's name, and has no meaning for it.
pub(super) const MEANINGLESS: [&Key; 6] = [
    &key::HEADLESS,
    &key::VIEW,
    &key::THEME,
    &key::SESSION,
    &key::RECORD,
    &key::TIMEFRAMES,
];

/// Reads a length of time: a number with `ms`, `s`, `m` or `h` behind it; seconds where there is none.
fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let end = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => {
            return Err(format!(
                "'{unit}' is no unit of time; there are ms, s, m and h"
            ));
        }
    };
    number
        .parse::<f64>()
        .ok()
        .filter(|number| *number > 0.0)
        .and_then(|number| Duration::try_from_secs_f64(number * factor).ok())
        .ok_or_else(|| "give a time above zero, such as 500ms, 30s or 2m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, ms) in [
            ("500ms", Some(500)),
            ("30s", Some(30_000)),
            ("1.5", Some(1_500)),
            ("2m", Some(120_000)),
            ("1h", Some(3_600_000)),
            ("0s", None),
            ("-1s", None),
            ("soon", None),
            ("", None),
            ("5d", None),
            ("1e300h", None),
            ("nan", None),
        ] {
            let read = duration(text).ok();
            assert_eq!(read, ms.map(Duration::from_millis), "{text}");
        }
    }
}
