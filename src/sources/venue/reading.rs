//! Reading venues' JSON: borrowed texts, and rejections that name what is wrong.

use std::borrow::Cow;
use std::ops::Deref;

use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::decode::Rejection;

use super::Incoming;

/// The longest reason that a rejection gives, in characters: serde quotes what it does not like, however long.
const REASON_CHARS_MAX: usize = 200;

/// A text, borrowed where it holds no escapes.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

/// The text of a message.
///
/// # Errors
/// When it is not UTF-8.
pub fn text_of(message: Incoming<'_>) -> Result<&str, Rejection> {
    match message {
        Incoming::Text(text) => Ok(text),
        Incoming::Binary(bytes) => std::str::from_utf8(bytes)
            .map_err(|error| Rejection::decode(format!("the message is not UTF-8: {error}"))),
    }
}

/// Reads a text as JSON; `what` is what it should be.
///
/// # Errors
/// When it is no JSON, or not of this shape; the reason names the field.
pub fn read<'a, T: Deserialize<'a>>(text: &'a str, what: &str) -> Result<T, Rejection> {
    serde_json::from_str(text).map_err(|error| {
        let reason = shortened(&format!("{what}: {error}"));
        match error.classify() {
            Category::Data => Rejection::schema(reason),
            Category::Syntax | Category::Eof | Category::Io => Rejection::decode(reason),
        }
    })
}

/// Reads a part of a message that is JSON already.
///
/// # Errors
/// When it is not of this shape; the reason names the field.
pub fn read_part<'a, T: Deserialize<'a>>(raw: &'a RawValue, what: &str) -> Result<T, Rejection> {
    read(raw.get(), what)
}

/// A part of a message that has to be there.
///
/// # Errors
/// When it is not there.
pub fn required<T>(value: Option<T>, what: &str, field: &str) -> Result<T, Rejection> {
    value.ok_or_else(|| Rejection::schema(format!("{what}: missing field `{field}`")))
}

/// A text that is not too long to be shown.
#[must_use]
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(REASON_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::domain::outcome::ErrorKind;

    #[derive(Debug, Deserialize)]
    struct Part<'a> {
        #[serde(borrow)]
        name: Option<Text<'a>>,
        #[expect(dead_code, reason = "has to be there")]
        size: u64,
    }

    #[test]
    fn texts_are_borrowed_unless_they_hold_escapes() {
        let part: Part<'_> = read(r#"{"name":"a","size":1}"#, "a part").unwrap();
        assert!(matches!(part.name, Some(Text(Cow::Borrowed("a")))));
        let part: Part<'_> = read(r#"{"name":"\u0061","size":1}"#, "a part").unwrap();
        assert_eq!(&*part.name.unwrap(), "a");
    }

    #[test]
    fn a_rejection_says_what_is_missing_or_broken() {
        let missing = read::<Part<'_>>("{}", "a part").unwrap_err();
        assert_eq!(missing.kind, ErrorKind::SchemaError);
        assert!(missing.reason.contains("`size`"), "{missing}");
        let broken = read::<Part<'_>>("{\"size\":NaN}", "a part").unwrap_err();
        assert_eq!(broken.kind, ErrorKind::DecodeError);
        let long = format!("{{\"size\":\"{}\"}}", "é".repeat(10_000));
        assert!(read::<Part<'_>>(&long, "a part").unwrap_err().reason.len() < 1000);
        assert!(text_of(Incoming::Binary(&[0xff])).is_err());
    }
}
