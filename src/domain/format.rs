//! The formats of files that tables of data are written in.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Arrow's file format, also known as Feather 2.
    Ipc,
    /// Comma-separated values with a head line, as in RFC 4180.
    Csv,
    /// JSON lines.
    JsonLines,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Parquet, Self::Ipc, Self::Csv, Self::JsonLines];

    /// The name, which is its files' extension too.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Ipc => "ipc",
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }

    /// The format that a path's extension says.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "arrow" | "feather" => Some(Self::Ipc),
            "ndjson" => Some(Self::JsonLines),
            extension => Self::ALL
                .into_iter()
                .find(|format| format.name() == extension),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| {
                format!(
                    "'{text}' is no format; there are {}",
                    Self::ALL.map(Self::name).join(", ")
                )
            })
    }
}
