//! Bytes to events, or to a rejection that says what is wrong: no I/O, no clock, nothing kept between calls.
//!
//! - [`envelope`]: one JSON line (`{"timestamp":…,"service":…,"symbols":{…}}`), or the bare mapping of symbols to bars;
//! - [`conditions`]: what a trade's conditions let it count for in bars;
//! - [`csv`]: rows of tables under a header;
//! - [`field`]: texts of fields in rows of tables;
//! - [`time_text`]: the ways in which files write times;
//! - [`number`]: number text to exact decimals;
//! - [`mod@pointer`]: any JSON, by a description of where things stand in it;
//! - [`usual`]: JSON of which it is known how it is usually written, quickly;
//! - [`wire`]: what venues' JSON is made of, for serde.
//!
//! Nothing is coerced: a value that is not exactly what its field holds rejects what it belongs to, and only that.

pub mod conditions;
pub mod csv;
pub mod envelope;
pub mod field;
mod json;
pub mod number;
pub mod pointer;
pub mod time_text;
pub mod usual;
pub mod wire;

use crate::domain::outcome::ErrorKind;
use crate::domain::symbol::Symbol;

/// Input that could not be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Rejection {
    /// [`ErrorKind::DecodeError`] when the bytes are not even readable, [`ErrorKind::SchemaError`] when what they say
    /// breaks the schema.
    pub kind: ErrorKind,
    /// What is wrong, naming the field and the value.
    pub reason: String,
    /// The symbol whose part alone is rejected; `None` when it is the whole line or row.
    pub symbol: Option<Symbol>,
}

impl Rejection {
    /// Bytes that cannot be read.
    pub fn decode(reason: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::DecodeError,
            reason: reason.into(),
            symbol: None,
        }
    }

    /// Readable input that breaks the schema.
    pub fn schema(reason: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::SchemaError,
            reason: reason.into(),
            symbol: None,
        }
    }
}

/// A text for a message: quoted, escaped, and cut when it is long.
fn quoted(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 40;
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
