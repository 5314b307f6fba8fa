//! What sources of any JSON have in common: the options that describe messages, and templates of what is sent.

mod names;

use std::fmt::Write as _;

use percent_encoding::utf8_percent_encode;
use secrecy::{ExposeSecret, SecretString};

use super::kind::{OptionValue, SourceOption};
use super::spec::{SourceSpec, SpecError, UNRESERVED};
use super::venue::options::{OptionProblem, Setup, check_url};
use crate::decode::pointer::Pointer;
use crate::decode::pointer::mapping::Mapping;
use crate::decode::pointer::options::{from_options, from_toml};

pub(super) use names::{Spellings, some_of, strangers};

/// An option that says where in a message something stands.
pub(super) const fn place(name: &'static str, summary: &'static str) -> SourceOption {
    SourceOption {
        name,
        value: OptionValue::Text("POINTER"),
        default: "none",
        summary,
    }
}

/// An option that is a text of the kind's own.
pub(super) const fn text(
    name: &'static str,
    value: &'static str,
    default: &'static str,
    summary: &'static str,
) -> SourceOption {
    SourceOption {
        name,
        value: OptionValue::Text(value),
        default,
        summary,
    }
}

/// A list of options, with those that describe messages behind it.
macro_rules! with_mapping {
    ($($own:expr),* $(,)?) => {{
        use $crate::sources::kind::{OptionValue, SourceOption};
        use $crate::sources::mapped::{place, text};
        &[
            $($own,)*
            text("map", "FILE", "none", "A TOML file with a [[mapping]] table for each kind of message, whose keys are the options from service to sequence; error= is given beside it"),
            text("service", "SERVICE", "the one that has the fields", "What the messages are: OHLCV, LEVEL1, LEVEL2, TIMESALE or NEWS"),
            text("match", "CONDITIONS", "none", "What has to stand in an item to be taken, or where it has nothing there in its message, as /pointer=value, separated by commas"),
            place("items", "The list or object in a message whose values are taken one by one, or @message when it is one itself; @message/pointer then leads from the whole message"),
            SourceOption {
                name: "columns",
                value: OptionValue::Boolean,
                default: "false",
                summary: "Fields and time are lists, of which the first values belong together, the second, and so on",
            },
            place("symbol", "The symbol: a text or a list of texts, or @key for the name of an item"),
            place("time", "The time; without it, when the message came"),
            SourceOption {
                name: "time_unit",
                value: OptionValue::Choice(&["s", "ms", "us", "ns", "rfc3339"]),
                default: "ms",
                summary: "What the time counts since 1970, or that it is a text as RFC 3339 defines it",
            },
            place("bid", "LEVEL1: best bid"),
            place("bid_size", "LEVEL1: units at the best bid"),
            place("ask", "LEVEL1: best ask"),
            place("ask_size", "LEVEL1: units at the best ask"),
            place("last", "LEVEL1: price of the last trade"),
            place("last_size", "LEVEL1: units of the last trade"),
            place("volume", "LEVEL1, OHLCV: units traded"),
            place("open", "OHLCV: first price"),
            place("high", "OHLCV: highest price"),
            place("low", "OHLCV: lowest price"),
            place("close", "OHLCV: last price"),
            place("price", "TIMESALE: price"),
            place("size", "TIMESALE: units"),
            place("side", "TIMESALE: buy or sell, of the one who took the initiative"),
            place("trade_id", "TIMESALE: the feed's name for the trade"),
            place("headline", "NEWS: headline"),
            place("publisher", "NEWS: who published it"),
            place("link", "NEWS: where the whole text is"),
            place("summary", "NEWS: what it says in short"),
            place("bids", "LEVEL2: the buy levels, a list"),
            place("asks", "LEVEL2: the sell levels, a list"),
            place("level_price", "LEVEL2: the price in a level; /0 unless given"),
            place("level_size", "LEVEL2: the size in a level; /1 unless given"),
            text("snapshot", "BOOLEAN or POINTER", "true", "LEVEL2: whether a message is the whole book, or where it says so"),
            place("sequence", "LEVEL2: the feed's number of this state of the book"),
            place("error", "Where a message says what went wrong; it is reported as an error"),
        ]
    }};
}
pub(super) use with_mapping;

/// The mappings that the options of a source describe, or its file; the services that were not asked for are left out.
///
/// # Errors
/// What cannot mean anything.
pub(super) fn mappings(setup: &Setup) -> Result<Vec<Mapping>, OptionProblem> {
    let own = &setup.own;
    let inline = from_options(own.iter().map(|(name, value)| (*name, value.as_str()))).map_err(
        |problem| {
            let option = own.keys().find(|name| **name == problem.option);
            OptionProblem {
                option: option.copied().unwrap_or_default(),
                reason: match option {
                    None if !problem.option.is_empty() => {
                        format!("{}: {}", problem.option, problem.reason)
                    }
                    _ => problem.reason,
                },
            }
        },
    )?;
    let mut mappings: Vec<Mapping> = match (&setup.map, inline) {
        (None, inline) => inline.into_iter().collect(),
        (Some(text), None) => from_toml(text).map_err(|reason| OptionProblem {
            option: "map",
            reason,
        })?,
        (Some(_), Some(_)) => {
            return Err(OptionProblem {
                option: "map",
                reason: "holds every mapping; give no field beside it".to_owned(),
            });
        }
    };
    mappings.retain(|mapping| setup.has(mapping.service));
    Ok(mappings)
}

/// Where a message says what went wrong.
///
/// # Errors
/// When the option is no pointer.
pub(super) fn error_pointer(setup: &Setup) -> Result<Option<Pointer>, OptionProblem> {
    let pointer = setup.own.get("error").map(|text| Pointer::parse(text));
    pointer.transpose().map_err(|reason| OptionProblem {
        option: "error",
        reason,
    })
}

/// Checks the URL of a source that has no other: after the colon, or as the option `url`.
///
/// # Errors
/// When there is none, or two, or one that cannot be used.
pub(super) fn check_own_url(spec: &SourceSpec, schemes: [&str; 2]) -> Result<(), SpecError> {
    let (rest, option) = (spec.rest(), spec.option("url"));
    let url = match (rest, option) {
        ("", None) => return Err(spec.wrong("url", "is needed, or a URL after the colon")),
        ("", Some(url)) => url,
        (rest, None) => rest,
        (_, Some(_)) => return Err(spec.wrong("url", "stands beside another URL")),
    };
    let wrong = |reason: String| SpecError::Value {
        text: spec.to_string(),
        option: "url".to_owned(),
        value: url.to_owned(),
        reason,
    };
    check_url(url, spec.parsed("insecure")?.unwrap_or(false)).map_err(wrong)?;
    if !schemes
        .iter()
        .any(|scheme| url.starts_with(&format!("{scheme}://")))
    {
        let [first, second] = schemes;
        return Err(wrong(format!("must begin with {first}:// or {second}://")));
    }
    if url.contains('#') {
        return Err(wrong("holds a '#'; write %23".to_owned()));
    }
    Ok(())
}

/// How what is filled into a template is written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As part of a JSON text; a list of symbols as a JSON list.
    Json,
    /// As part of a URL; a list of symbols with commas.
    Url,
    /// As it is.
    Plain,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    Symbol,
    Symbols,
    Variable(Box<str>),
}

/// A text with gaps for symbols (`{symbol}`, `{symbols}`) and environment variables (`{env:NAME}`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    pieces: Vec<Piece>,
    style: Style,
}

impl Template {
    /// Finds the gaps of a text. Other braces are taken as they are.
    pub(super) fn new(text: &str, style: Style) -> Self {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if let Some((piece, after)) = gap(from) {
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain).into()));
                }
                pieces.push(piece);
                rest = after;
            } else {
                plain.push('{');
                rest = from.get(1..).unwrap_or_default();
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain.into()));
        }
        Self { pieces, style }
    }

    /// Whether it is filled for one symbol at a time.
    pub(super) fn is_for_one(&self) -> bool {
        self.pieces.contains(&Piece::Symbol)
    }

    /// Whether it is filled for many symbols at a time.
    pub(super) fn is_for_many(&self) -> bool {
        self.pieces.contains(&Piece::Symbols)
    }

    /// Whether what it becomes holds a key.
    pub(super) fn is_secret(&self) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Variable(_)))
    }

    /// The text for these symbols. A variable that is not set leaves nothing.
    pub(super) fn fill(&self, symbols: &[&str], variables: &Variables) -> String {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Symbol => self.push(symbols.first().unwrap_or(&""), &mut filled),
                Piece::Symbols => self.push_list(symbols, &mut filled),
                Piece::Variable(name) => {
                    if let Some(value) = variables.get(name) {
                        self.push(value.expose_secret(), &mut filled);
                    }
                }
            }
        }
        filled
    }

    fn push(&self, value: &str, filled: &mut String) {
        match self.style {
            Style::Plain => filled.push_str(value),
            Style::Url => filled.extend(utf8_percent_encode(value, UNRESERVED)),
            Style::Json => {
                let quoted = json_text(value);
                filled.push_str(quoted.get(1..quoted.len() - 1).unwrap_or_default());
            }
        }
    }

    fn push_list(&self, symbols: &[&str], filled: &mut String) {
        if self.style == Style::Json {
            let quoted: Vec<String> = symbols.iter().map(|symbol| json_text(symbol)).collect();
            filled.push('[');
            filled.push_str(&quoted.join(","));
            filled.push(']');
            return;
        }
        for (at, symbol) in symbols.iter().enumerate() {
            if at > 0 {
                filled.push(',');
            }
            self.push(symbol, filled);
        }
    }
}

fn json_text(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                // Writing to a text cannot fail.
                write!(quoted, "\\u{:04x}", u32::from(c)).ok();
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The gap that a text begins with, and what follows it.
fn gap(text: &str) -> Option<(Piece, &str)> {
    for (name, piece) in [("{symbol}", Piece::Symbol), ("{symbols}", Piece::Symbols)] {
        if let Some(after) = text.strip_prefix(name) {
            return Some((piece, after));
        }
    }
    let (name, after) = text.strip_prefix("{env:")?.split_once('}')?;
    Some((Piece::Variable(name.into()), after))
}

/// The environment variables that templates refer to.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables(Vec<(String, SecretString)>);

impl Variables {
    /// Those of a setup that are set, with the keys of its venue under their own names.
    pub(super) fn new(setup: &Setup, keys: &[&str]) -> Self {
        let named = setup.variables.iter().cloned();
        let keys = keys.iter().enumerate();
        let keys = keys.map(|(at, name)| ((*name).to_owned(), setup.key(at).cloned()));
        let set = named
            .chain(keys)
            .filter_map(|(name, value)| Some((name, value?)));
        Self(set.collect())
    }

    fn get(&self, name: &str) -> Option<&SecretString> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }
}

/// Headers as an option gives them: `Name: value`, several with `|` between them.
///
/// # Errors
/// What is wrong, as the end of a sentence that begins with the text.
pub(super) fn headers(text: &str) -> Result<Vec<(String, Template)>, String> {
    text.split('|')
        .map(|header| {
            let (name, value) = header
                .split_once(':')
                .ok_or("must be Name: value, with | between several")?;
            let name = name.trim();
            let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`~".contains(c);
            if name.is_empty() || !name.chars().all(is_token) {
                return Err(format!("has '{name}', which is no name of a header"));
            }
            if value.chars().any(char::is_control) {
                return Err("has a control character in a value".to_owned());
            }
            Ok((name.to_owned(), Template::new(value.trim(), Style::Plain)))
        })
        .collect()
}

/// The environment variables of a specification that are not set, as the end of an error message; `None` when all are.
pub(super) fn unset(
    spec: &SourceSpec,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Option<String> {
    let names = spec.variables();
    let is_unset = |name: &&String| environment(name).is_none_or(|value| value.is_empty());
    let unset: Vec<&str> = names.iter().filter(is_unset).map(String::as_str).collect();
    (!unset.is_empty()).then(|| {
        format!(
            "the environment variable {} is not set; set it, or put it into .env",
            unset.join(", ")
        )
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_in_their_own_way() {
        let variables = Variables(vec![("K".to_owned(), "a\"b&c".to_owned().into())]);
        for (text, style, expected) in [
            (
                r#"{"op":"s","x":"t.{symbol}"}"#,
                Style::Json,
                r#"{"op":"s","x":"t.A\"/B"}"#,
            ),
            (r#"{"x":{symbols}}"#, Style::Json, r#"{"x":["A\"/B","C"]}"#),
            (r#"{"k":"{env:K}"}"#, Style::Json, r#"{"k":"a\"b&c"}"#),
            (
                "{symbol}?s={symbols}&k={env:K}",
                Style::Url,
                "A%22%2FB?s=A%22%2FB,C&k=a%22b%26c",
            ),
            ("Bearer {env:K}{env:NONE}", Style::Plain, "Bearer a\"b&c"),
            ("{symbo{env:K", Style::Plain, "{symbo{env:K"),
        ] {
            let template = Template::new(text, style);
            assert_eq!(
                template.fill(&["A\"/B", "C"], &variables),
                expected,
                "{text}"
            );
            assert_eq!(template.is_secret(), text.contains("{env:K}"), "{text}");
        }
    }

    #[test]
    fn headers_are_names_with_values() {
        let parsed = headers("Authorization: Bearer {env:K}|X-Version:1").unwrap();
        assert_eq!(parsed[0].0, "Authorization");
        assert!(parsed[0].1.is_secret() && !parsed[1].1.is_secret());
        for bad in ["", "x", "a b: c", "a: b\r\nEvil: 1", ":x"] {
            assert!(headers(bad).is_err(), "{bad:?}");
        }
    }
}
