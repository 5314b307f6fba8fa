//! What a person writes to name a sink: `kind:PATH?key=value&…`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::domain::event::{DataService, ServiceSet};

use super::files::{Format, PART_ROWS};

/// Age at which a part is written out, unless it is chosen otherwise.
const PART_AGE: Duration = Duration::from_secs(60);

/// A sink as a person names it: a folder of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkSpec {
    /// In which format.
    pub format: Format,
    /// The folder.
    pub folder: PathBuf,
    /// Results of these services.
    pub services: ServiceSet,
    /// Rows after which a part is written out.
    pub part_rows: usize,
    /// Time after which it is written out in any case.
    pub part_age: Duration,
    text: String,
}

/// Why a text is no sink.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no sink: {reason}")]
pub struct SinkSpecError {
    text: String,
    reason: String,
}

impl fmt::Display for SinkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for SinkSpec {
    type Err = SinkSpecError;

    fn from_str(text: &str) -> Result<Self, SinkSpecError> {
        let wrong = |reason: String| SinkSpecError {
            text: text.to_owned(),
            reason,
        };
        let (kind, rest) = text.split_once(':').ok_or_else(|| {
            wrong("write it as kind:FOLDER, as in parquet:data?seconds=60".to_owned())
        })?;
        let format = kind.parse().map_err(wrong)?;
        let (folder, options) = rest.split_once('?').unwrap_or((rest, ""));
        if folder.is_empty() {
            return Err(wrong("a folder has to be named".to_owned()));
        }
        let mut spec = Self {
            format,
            folder: folder.into(),
            services: ServiceSet::ALL,
            part_rows: PART_ROWS,
            part_age: PART_AGE,
            text: text.to_owned(),
        };
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let value = percent_decode_str(value).decode_utf8_lossy();
            spec.set(name, &value).map_err(wrong)?;
        }
        Ok(spec)
    }
}

impl SinkSpec {
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "services" => {
                let services: Result<Vec<DataService>, _> =
                    value.split(',').map(str::parse).collect();
                let services = services.map_err(|error| format!("services: {error}"))?;
                self.services = ServiceSet::of(&services);
            }
            "rows" => self.part_rows = number(name, value, 1, 10_000_000)? as usize,
            "seconds" => self.part_age = Duration::from_secs(number(name, value, 1, 86_400)?),
            _ => {
                return Err(format!(
                    "it has no option '{name}'; there are services, rows and seconds"
                ));
            }
        }
        Ok(())
    }
}

fn number(name: &str, value: &str, min: u64, max: u64) -> Result<u64, String> {
    let number: Option<u64> = value.replace('_', "").parse().ok();
    number
        .filter(|number| (min..=max).contains(number))
        .ok_or_else(|| format!("{name} has to be a whole number from {min} to {max}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn sinks_are_read() {
        let spec: SinkSpec = "parquet:my%20data?services=OHLCV,NEWS&rows=1_000&seconds=5"
            .parse()
            .unwrap();
        assert_eq!(spec.format, Format::Parquet);
        assert_eq!(spec.folder, PathBuf::from("my%20data"));
        assert!(spec.services.has(DataService::News) && !spec.services.has(DataService::Level2));
        assert_eq!((spec.part_rows, spec.part_age.as_secs()), (1000, 5));
    }

    #[test]
    fn what_is_no_sink_says_why() {
        for (text, reason) in [
            ("data", "write it as kind:FOLDER"),
            (
                "paket:data",
                "'paket' is no format; there are parquet, ipc, csv, jsonl",
            ),
            ("parquet:", "a folder has to be named"),
            ("csv:x?rows=0", "rows has to be a whole number from 1"),
            ("csv:x?row=5", "no option 'row'; there are services"),
            ("csv:x?services=BARS", "services:"),
        ] {
            let error = text.parse::<SinkSpec>().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
