//! Reading venues' JSON: borrowed texts, objects that are nothing else, and rejections that name what is wrong.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::ops::Deref;

use secrecy::SecretString;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::decode::Rejection;
use crate::decode::wire::rfc3339;
use crate::domain::time::UnixMs;

use super::Incoming;
use super::secrets::Secrets;

/// The longest text of a venue's, or about one, that is shown, in characters: serde quotes what it does not like, however
/// long.
const SHOWN_CHARS_MAX: usize = 300;

/// The last millisecond of the year 9999: no market's time is behind it.
const TIME_MS_MAX: i64 = 253_402_300_799_999;

/// A text, borrowed where it holds no escapes, also inside lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

/// What is written as an object and as nothing else: serde would also take a list of the fields' values for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// The text of a message, whichever way it was sent.
///
/// # Errors
/// Bytes that are not UTF-8.
pub fn text_of(message: Incoming<'_>) -> Result<&str, Rejection> {
    match message {
        Incoming::Text(text) => Ok(text),
        Incoming::Binary(bytes) => std::str::from_utf8(bytes)
            .map_err(|error| Rejection::decode(format!("the message is not UTF-8: {error}"))),
    }
}

/// Reads a whole text, which should be an object; `what` is what it should be.
///
/// # Errors
/// Text that is no JSON, or JSON that is not what is expected, naming what is missing.
pub fn read<'a, T: Deserialize<'a>>(text: &'a str, what: &str) -> Result<T, Rejection> {
    let object: Object<T> = serde_json::from_str(text).map_err(|error| refused(what, &error))?;
    Ok(object.0)
}

/// Reads a part of a message, which is known to be JSON, and should be an object.
///
/// # Errors
/// What is not what is expected, naming what is missing.
pub fn read_part<'a, T: Deserialize<'a>>(text: &'a str, what: &str) -> Result<T, Rejection> {
    let object: Object<T> = serde_json::from_str(text)
        .map_err(|error| Rejection::schema(shortened(&format!("{what}: {error}"))))?;
    Ok(object.0)
}

/// The elements of a list, unread.
///
/// # Errors
/// What is no list.
pub fn elements<'a>(text: &'a str, what: &str) -> Result<Vec<&'a RawValue>, Rejection> {
    serde_json::from_str(text).map_err(|error| refused(what, &error))
}

fn refused(what: &str, error: &serde_json::Error) -> Rejection {
    let reason = shortened(&format!("{what}: {error}"));
    if error.is_data() {
        Rejection::schema(reason)
    } else {
        Rejection::decode(reason)
    }
}

/// A part of a message that has to be there.
///
/// # Errors
/// When it is not there.
pub fn required<T>(value: Option<T>, what: &str, field: &str) -> Result<T, Rejection> {
    value.ok_or_else(|| Rejection::schema(format!("{what}: missing field `{field}`")))
}

/// The first text field of an object, when it stands right at the beginning under this name and without escapes: the type
/// of a message, mostly. `None` says nothing.
#[must_use]
pub fn leading<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let rest = object.strip_prefix("{\"")?.strip_prefix(name)?;
    let rest = rest.strip_prefix("\":\"")?;
    let (value, _) = rest.split_once('"')?;
    (!value.contains('\\')).then_some(value)
}

/// A text field of an object, wherever in it; for what cannot be read, to say whose it is.
#[must_use]
pub fn text_field(object: &str, name: &str) -> Option<String> {
    let fields: BTreeMap<Text<'_>, &RawValue> = serde_json::from_str(object).ok()?;
    let value = fields.get(&Text(name.into()))?;
    serde_json::from_str(value.get()).ok()
}

/// A time that venues give in milliseconds.
///
/// # Errors
/// One that no market can mean, under the field's name.
pub fn time_of_ms(ms: i64, field: &str) -> Result<UnixMs, Rejection> {
    if (0..=TIME_MS_MAX).contains(&ms) {
        Ok(UnixMs(ms))
    } else {
        Err(Rejection::schema(format!(
            "{field}: {ms} is no time in milliseconds"
        )))
    }
}

/// A time that venues give as RFC 3339.
///
/// # Errors
/// What is no such time, under the field's name.
pub fn time_of_text(text: &str, field: &str) -> Result<UnixMs, Rejection> {
    let reason = || shortened(&format!("{field}: {text:?} is no RFC 3339 time"));
    rfc3339(text).ok_or_else(|| Rejection::schema(reason()))
}

/// A venue's words, without any key that they might repeat, and not longer than can be shown.
#[must_use]
pub fn words(text: &str, keys: &[Option<SecretString>]) -> String {
    let keys = Secrets::new(keys.iter().flatten());
    shortened(&keys.hide(text.to_owned()))
}

/// Whether a venue's words say that too much is asked of it.
#[must_use]
pub fn is_limit(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    let signs = ["rate limit", "msg rate", "too many requests"];
    signs.iter().any(|sign| words.contains(sign))
}

/// A text that is not too long to be shown.
#[must_use]
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::domain::outcome::ErrorKind;

    #[test]
    fn the_type_is_found_where_it_usually_stands() {
        assert_eq!(leading(r#"{"T":"t","S":"A"}"#, "T"), Some("t"));
        for text in [
            r#"{"S":"A","T":"t"}"#,
            r#"{ "T":"t"}"#,
            r#"{"T":"\u0074"}"#,
            r#"{"T":"t"#,
            r#"{"T":1}"#,
            "{}",
            "",
            "[]",
        ] {
            assert_eq!(leading(text, "T"), None, "{text}");
        }
    }

    #[test]
    fn a_text_field_is_found_wherever_it_stands() {
        let object = r#"{"p":[1,{"s":"B"}],"\u0073":"\u0041","n":1}"#;
        assert_eq!(text_field(object, "s").as_deref(), Some("A"));
        assert_eq!(text_field(object, "n"), None);
        assert_eq!(text_field(object, "x"), None);
        for text in ["[\"s\"]", "{\"s\":\"A\"", "", "null"] {
            assert_eq!(text_field(text, "s"), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_from_what_breaks_the_schema() {
        assert_eq!(
            elements("[1,", "a list").unwrap_err().kind,
            ErrorKind::DecodeError
        );
        assert_eq!(
            elements("{}", "a list").unwrap_err().kind,
            ErrorKind::SchemaError
        );
        assert_eq!(
            elements("[NaN]", "a list").unwrap_err().kind,
            ErrorKind::DecodeError
        );
        assert_eq!(elements("[1e400,{}]", "a list").unwrap().len(), 2);
        let deep = "[".repeat(100_000);
        assert_eq!(
            elements(&deep, "a list").unwrap_err().kind,
            ErrorKind::DecodeError
        );
    }

    #[test]
    fn a_list_is_not_taken_for_an_object() {
        #[derive(Debug, serde::Deserialize)]
        struct Pair {
            price: i64,
            size: i64,
        }
        let pair: Pair = read_part(r#"{"price":1,"size":2,"more":[]}"#, "a pair").unwrap();
        assert_eq!((pair.price, pair.size), (1, 2));
        for bad in [
            "[1,2]",
            "null",
            "{}",
            "1",
            r#"{"price":1,"price":1,"size":2}"#,
        ] {
            assert!(read_part::<Pair>(bad, "a pair").is_err(), "{bad}");
            assert!(read::<Pair>(bad, "a pair").is_err(), "{bad}");
        }
    }

    #[test]
    fn times_that_nobody_can_mean_are_refused() {
        assert_eq!(time_of_ms(1, "t"), Ok(UnixMs(1)));
        for bad in [-1, i64::MAX, i64::MIN, TIME_MS_MAX + 1] {
            assert!(time_of_ms(bad, "t").is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_are_taken_out_of_a_venues_words() {
        let keys = [Some(SecretString::from("abcd")), None, Some("".into())];
        assert_eq!(words("key abcd is abcd", &keys), "key *** is ***");
        assert_eq!(words(&"é".repeat(1000), &keys).chars().count(), 301);
    }

    #[derive(Debug, serde::Deserialize)]
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
