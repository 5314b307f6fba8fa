//! Values as they were given, before anybody knows what they mean, and the formats that give them a meaning.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;

use toml::Spanned;
use toml::de::DeValue;

/// A value as it was given.
#[derive(Debug, Clone, Copy)]
pub enum Raw<'a> {
    /// Plain text, of a flag or an environment variable.
    Text(&'a str),
    /// A TOML value.
    Toml(&'a Spanned<DeValue<'a>>),
}

impl<'a> Raw<'a> {
    /// Where it is in the file.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        match self {
            Self::Text(_) => 0..0,
            Self::Toml(value) => value.span(),
        }
    }

    fn expected(&self, what: &str) -> String {
        match self {
            Self::Text(text) => format!("'{text}' is not {what}"),
            Self::Toml(value) => {
                let found = match value.get_ref() {
                    DeValue::String(text) => format!("the text '{text}'"),
                    DeValue::Integer(number) => number.to_string(),
                    DeValue::Float(number) => number.to_string(),
                    DeValue::Boolean(boolean) => boolean.to_string(),
                    DeValue::Datetime(time) => format!("the time {time}"),
                    DeValue::Array(_) => "a list".to_owned(),
                    DeValue::Table(_) => "a table".to_owned(),
                };
                format!("expected {what}, found {found}")
            }
        }
    }

    /// The text that it is; `None` when it is something else.
    #[must_use]
    pub fn string(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Toml(value) => value.get_ref().as_str(),
        }
    }

    /// The elements of a list; a single text is taken apart at `separator`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn elements(self, separator: char) -> Result<Vec<Raw<'a>>, String> {
        if let Some(text) = self.string() {
            return Ok(text
                .split(separator)
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| match self {
                    // A text in a file cannot be pointed into any further, and needs no quotes to be text.
                    Raw::Text(_) | Raw::Toml(_) => Raw::Text(part),
                })
                .collect());
        }
        match self {
            Raw::Toml(value) => match value.get_ref().as_array() {
                Some(array) => Ok(array.iter().map(Raw::Toml).collect()),
                None => Err(self.expected("a list of texts")),
            },
            Raw::Text(_) => Ok(Vec::new()),
        }
    }
}

/// The entries of a table, which may have these and no others; `None` when it is no table.
///
/// # Errors
/// An entry that it may not have.
pub fn fields<'a>(
    raw: Raw<'a>,
    allowed: &'static [&'static str],
) -> Result<Option<Vec<(&'static str, Raw<'a>)>>, String> {
    let Raw::Toml(value) = raw else {
        return Ok(None);
    };
    let Some(table) = value.get_ref().as_table() else {
        return Ok(None);
    };
    let entries = table.iter().map(|(name, value)| {
        let known = allowed.iter().find(|known| **known == name.get_ref());
        match known {
            Some(known) => Ok((*known, Raw::Toml(value))),
            None => Err(format!(
                "'{}' is not known; there are {}",
                name.get_ref(),
                allowed.join(", ")
            )),
        }
    });
    entries.collect::<Result<_, _>>().map(Some)
}

/// A whole number within bounds.
///
/// # Errors
/// The format's: what is allowed.
pub fn count(allowed: RangeInclusive<u64>) -> impl Fn(Raw<'_>) -> Result<u64, String> {
    move |raw| {
        let number = match raw {
            Raw::Text(text) => text.trim().replace('_', "").parse().ok(),
            Raw::Toml(value) => value
                .get_ref()
                .as_integer()
                .and_then(|integer| i128::from_str_radix(integer.as_str(), integer.radix()).ok()),
        };
        let Some(number) = number else {
            return Err(raw.expected(&format!(
                "a whole number from {} to {}",
                allowed.start(),
                allowed.end()
            )));
        };
        u64::try_from(number)
            .ok()
            .filter(|number| allowed.contains(number))
            .ok_or_else(|| {
                format!(
                    "{number} is out of range; allowed are {} to {}",
                    allowed.start(),
                    allowed.end()
                )
            })
    }
}

/// `true` or `false`.
///
/// # Errors
/// Anything else.
pub fn boolean(raw: Raw<'_>) -> Result<bool, String> {
    let value = match raw {
        Raw::Text("true" | "1" | "yes") => Some(true),
        Raw::Text("false" | "0" | "no") => Some(false),
        Raw::Text(_) => None,
        Raw::Toml(value) => value.get_ref().as_bool(),
    };
    value.ok_or_else(|| raw.expected("true or false"))
}

/// One of these words.
///
/// # Errors
/// The format's: which words there are, and the nearest.
pub fn choice(words: &'static [&'static str]) -> impl Fn(Raw<'_>) -> Result<String, String> {
    move |raw| {
        let known = words.join(", ");
        let Some(text) = raw.string() else {
            return Err(raw.expected(&format!("one of {known}")));
        };
        if words.contains(&text) {
            return Ok(text.to_owned());
        }
        Err(
            match crate::sources::spec::nearest(text, words.iter().copied()) {
                Some(near) => {
                    format!("'{text}' is not known, did you mean '{near}'?; there are {known}")
                }
                None => format!("'{text}' is not known; there are {known}"),
            },
        )
    }
}

/// Text that is read as a type of its own; `what` names it.
///
/// # Errors
/// The format's: what the type says.
pub fn parsed<T: FromStr<Err: Display>>(
    what: &'static str,
) -> impl Fn(Raw<'_>) -> Result<T, String> {
    move |raw| match raw.string() {
        Some(text) => text.parse().map_err(|error: T::Err| error.to_string()),
        None => Err(raw.expected(&format!("{what} in quotes"))),
    }
}

/// As [`parsed`], but numbers need no quotes.
///
/// # Errors
/// The format's: what the type says.
pub fn parsed_or_number<T: FromStr<Err: Display>>(
    what: &'static str,
) -> impl Fn(Raw<'_>) -> Result<T, String> {
    move |raw| {
        let text = match raw {
            Raw::Toml(value) => match value.get_ref() {
                DeValue::Integer(number) => number.as_str().to_owned(),
                DeValue::Float(number) => number.as_str().to_owned(),
                _ => return parsed(what)(raw),
            },
            Raw::Text(text) => text.to_owned(),
        };
        text.parse().map_err(|error: T::Err| error.to_string())
    }
}
