//! Any JSON to events, by a description of where things stand in it: places are JSON pointers (RFC 6901).
//!
//! - a [`Pointer`] leads from a value to one inside it;
//! - a [`Place`] says where a pointer begins: at an item of a message, or at the message;
//! - a [`mapping::Mapping`] says what an item is made of;
//! - [`options`] reads mappings as people write them.
//!
//! Values are looked at as text, so that no digit is lost, and nothing is built of what no pointer leads to.

pub mod mapping;
pub mod options;
mod values;

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON pointer, as RFC 6901 defines it: empty for the whole value, else `/name/0/…`, with `~1` for `/` and `~0` for
/// `~` inside a name.
#[derive(Clone, PartialEq, Eq)]
pub struct Pointer {
    text: Box<str>,
    names: Box<[Box<str>]>,
}

impl Pointer {
    /// Reads a pointer.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence that begins with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let names = match text.strip_prefix('/') {
            None if text.is_empty() => Vec::new(),
            None => return Err("is no JSON pointer; write one such as /data/0/price".to_owned()),
            Some(rest) => rest
                .split('/')
                .map(|name| unescaped(name).ok_or("holds a ~ that is neither ~0 nor ~1".to_owned()))
                .collect::<Result<_, _>>()?,
        };
        Ok(Self {
            text: text.into(),
            names: names.into(),
        })
    }

    /// What it leads to in a value; `None` when there is nothing. Of a name that an object has twice, the last counts.
    #[must_use]
    pub fn find<'a>(&self, value: &'a RawValue) -> Option<&'a RawValue> {
        self.names
            .iter()
            .try_fold(value, |value, name| child(value, name))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

fn unescaped(name: &str) -> Option<Box<str>> {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name.chars();
    while let Some(c) = rest.next() {
        plain.push(match c {
            '~' => match rest.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            c => c,
        });
    }
    Some(plain.into())
}

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the item.
    Item(Pointer),
    /// In the message that the item came in.
    Message(Pointer),
    /// The item's own name in the object that holds it.
    Key,
}

impl Place {
    /// Reads a place: a pointer, `@message` and a pointer, or `@key`.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence that begins with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix('@') {
            None => Pointer::parse(text).map(Self::Item),
            Some("key") => Ok(Self::Key),
            Some(rest) => match rest.strip_prefix("message") {
                Some(pointer) => Pointer::parse(pointer).map(Self::Message),
                None => Err("is no place; write /pointer, @message/pointer or @key".to_owned()),
            },
        }
    }

    fn find<'a>(&self, item: &'a RawValue, message: &'a RawValue) -> Option<&'a RawValue> {
        match self {
            Self::Item(pointer) => pointer.find(item),
            Self::Message(pointer) => pointer.find(message),
            Self::Key => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(pointer) => fmt::Display::fmt(pointer, f),
            Self::Message(pointer) => write!(f, "@message{pointer}"),
            Self::Key => f.write_str("@key"),
        }
    }
}

/// Reads a whole message.
///
/// # Errors
/// When it is no JSON.
pub fn message(bytes: &[u8]) -> Result<&RawValue, super::Rejection> {
    serde_json::from_slice(bytes)
        .map_err(|error| super::Rejection::decode(format!("the message is no JSON: {error}")))
}

fn kind_of(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        _ => "a number",
    }
}

fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

/// A text without its quotes and escapes; `None` when it is no text.
fn text_of(value: &RawValue) -> Option<Cow<'_, str>> {
    let quoted = value.get();
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(quoted).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// The values of a list; `None` when it is none.
fn list_of(value: &RawValue) -> Option<Vec<&RawValue>> {
    if !value.get().starts_with('[') {
        return None;
    }
    serde_json::from_str(value.get()).ok()
}

/// The names and values of an object; `None` when it is none.
fn entries_of(value: &RawValue) -> Option<Vec<(String, &RawValue)>> {
    struct Entries;
    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<(String, &'de RawValue)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::new();
            while let Some(entry) = map.next_entry()? {
                entries.push(entry);
            }
            Ok(entries)
        }
    }
    if !value.get().starts_with('{') {
        return None;
    }
    serde_json::Deserializer::from_str(value.get())
        .deserialize_map(Entries)
        .ok()
}

fn child<'a>(value: &'a RawValue, name: &str) -> Option<&'a RawValue> {
    let text = value.get();
    let mut reader = serde_json::Deserializer::from_str(text);
    match text.as_bytes().first()? {
        b'{' => reader.deserialize_map(Member(name)).ok()?,
        b'[' => reader.deserialize_seq(Element(index_of(name)?)).ok()?,
        _ => None,
    }
}

/// A place in a list: digits, without a zero before others.
fn index_of(name: &str) -> Option<usize> {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    let padded = name.len() > 1 && name.starts_with('0');
    (digits && !padded).then(|| name.parse().ok()).flatten()
}

/// Finds an object's member.
struct Member<'n>(&'n str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(SameName(self.0))? {
            if is_it {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Compares a member's name without keeping it.
struct SameName<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for SameName<'_> {
    type Value = bool;
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for SameName<'_> {
    type Value = bool;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

/// Finds a list's element.
struct Element(usize);

impl<'de> Visitor<'de> for Element {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        for _ in 0..self.0 {
            if list.next_element::<IgnoredAny>()?.is_none() {
                return Ok(None);
            }
        }
        let found = list.next_element()?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}

/// Something that a message has to say to be of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    place: Place,
    /// What has to stand there; `None` when anything will do.
    value: Option<Box<str>>,
}

impl Condition {
    /// Reads a condition: a place and what has to stand there (`/type=trade`), or a place where something has to stand.
    /// What a plain pointer does not lead to in an item is looked for in the message: what kind of message it is often
    /// stands there once for all of its items.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence that begins with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (place, value) = match text.split_once('=') {
            Some((place, value)) => (place, Some(value.into())),
            None => (text, None),
        };
        Ok(Self {
            place: Place::parse(place)?,
            value,
        })
    }

    /// Whether a message is of the kind.
    #[must_use]
    pub fn holds(&self, message: &RawValue) -> bool {
        self.holds_for(message, None, message)
    }

    fn holds_for(&self, item: &RawValue, key: Option<&str>, message: &RawValue) -> bool {
        let Some(expected) = self.value.as_deref() else {
            return match self.place {
                Place::Key => key.is_some(),
                _ => self.find(item, message).is_some(),
            };
        };
        if self.place == Place::Key {
            return key == Some(expected);
        }
        self.find(item, message).is_some_and(|value| {
            text_of(value).map_or_else(|| value.get() == expected, |text| text == expected)
        })
    }

    fn find<'a>(&self, item: &'a RawValue, message: &'a RawValue) -> Option<&'a RawValue> {
        let found = self.place.find(item, message);
        match &self.place {
            Place::Item(pointer) => found.or_else(|| pointer.find(message)),
            Place::Message(_) | Place::Key => found,
        }
    }
}

/// The text at a place of a message, for people: a text as such, anything else as it stands there. `None` when there is
/// nothing, or null.
#[must_use]
pub fn text_at(pointer: &Pointer, message: &RawValue) -> Option<String> {
    let value = pointer.find(message).filter(|value| !is_null(value))?;
    Some(text_of(value).map_or_else(|| value.get().to_owned(), Cow::into_owned))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(pointer: &str, text: &str) -> Option<String> {
        let value: &RawValue = serde_json::from_str(text).unwrap();
        let found = Pointer::parse(pointer).unwrap().find(value)?;
        Some(found.get().to_owned())
    }

    #[test]
    fn pointers_lead_where_the_standard_says() {
        let text =
            r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#;
        for (pointer, expected) in [
            ("", Some(text)),
            ("/foo", Some(r#"["bar","baz"]"#)),
            ("/foo/0", Some("\"bar\"")),
            ("/foo/1", Some("\"baz\"")),
            ("/", Some("0")),
            ("/a~1b", Some("1")),
            ("/c%d", Some("2")),
            ("/e^f", Some("3")),
            ("/i\\j", Some("5")),
            ("/k\"l", Some("6")),
            ("/ ", Some("7")),
            ("/m~0n", Some("8")),
            ("/foo/2", None),
            ("/foo/00", None),
            ("/foo/-", None),
            ("/foo/+1", None),
            ("/foo/99999999999999999999999", None),
            ("/foo/0/x", None),
            ("/bar", None),
        ] {
            assert_eq!(find(pointer, text).as_deref(), expected, "{pointer}");
        }
        assert_eq!(find("/a", r#"{"a":1,"a":2}"#).as_deref(), Some("2"));
        assert_eq!(
            find("/\u{e9}/p", r#"{"\u00e9":{"p":0.00100000}}"#).as_deref(),
            Some("0.00100000")
        );
        for bad in ["a", "a/b", "/~", "/~2", "#/a"] {
            assert!(Pointer::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn places_and_conditions_are_read() {
        for (text, shown) in [
            ("/a/b", "/a/b"),
            ("@message/s", "@message/s"),
            ("@message", "@message"),
            ("@key", "@key"),
        ] {
            assert_eq!(Place::parse(text).unwrap().to_string(), shown);
        }
        for bad in ["@", "@keys", "@messages", "price", "{symbol}"] {
            assert!(Place::parse(bad).is_err(), "{bad}");
        }
        let holds = |condition: &str, text: &str| {
            let value: &RawValue = serde_json::from_str(text).unwrap();
            Condition::parse(condition).unwrap().holds(value)
        };
        let text = r#"{"t":"tra\u0064e","n":7,"b":true,"x":null}"#;
        for good in ["/t=trade", "/n=7", "/b=true", "/x=null", "/x", "/t"] {
            assert!(holds(good, text), "{good}");
        }
        for bad in ["/t=quote", "/n=7.0", "/y", "/n=\"7\"", "@key", "@key=t"] {
            assert!(!holds(bad, text), "{bad}");
        }
    }

    #[test]
    fn what_is_nested_very_deeply_takes_no_stack() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let value = message(deep.as_bytes()).unwrap();
        assert!(Pointer::parse("/0/0/0").unwrap().find(value).is_some());
        assert!(message(&deep.as_bytes()[..150_000]).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_and_no_pointer_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), pointer in "(/[a-c0-2~]{0,3}){0,4}") {
            if let (Ok(value), Ok(pointer)) = (message(&bytes), Pointer::parse(&pointer)) {
                let _found = pointer.find(value);
            }
        }

        #[test]
        fn any_text_can_be_a_name(name in any::<String>(), digits in "[1-9][0-9]{0,40}(\\.[0-9]{1,40})?") {
            let object = serde_json::to_string(&serde_json::json!({ &name: [0] })).unwrap();
            let text = object.replace("[0]", &format!("[{digits}]"));
            let pointer = format!("/{}/0", name.replace('~', "~0").replace('/', "~1"));
            if !name.contains("[0]") {
                prop_assert_eq!(find(&pointer, &text), Some(digits));
            }
        }
    }
}
