//! What a person writes to name a source: `kind:rest?key=value&…`.

mod problem;
mod query;

use std::fmt;
use std::str::FromStr;

use percent_encoding::{percent_decode_str, utf8_percent_encode};

use super::KINDS;
use super::kind::{OpenContext, OpenError, Rest, SourceKind};
use crate::pipeline::source::Source;

pub use problem::SpecError;
pub(super) use query::UNRESERVED;

/// A source as a person names it, checked against what its kind takes.
#[derive(Clone)]
pub struct SourceSpec {
    kind: &'static SourceKind,
    rest: String,
    options: Vec<(&'static str, String)>,
    text: String,
}

/// The options of a text. Where commas separate them, what has no `=` is a further element of the list before it.
fn options_of(text: &str, separator: char) -> Vec<String> {
    let mut options: Vec<String> = Vec::new();
    for part in text.split(separator).filter(|part| !part.is_empty()) {
        match options.last_mut() {
            Some(list) if separator == ',' && !part.contains('=') => {
                list.push(',');
                list.push_str(part);
            }
            _ => options.push(part.to_owned()),
        }
    }
    options
}

/// The candidate that looks most like `text`, if any looks like it at all.
#[must_use]
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(text, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// The known symbol that may have been meant by one that is not known, if any looks like it.
#[must_use]
pub fn nearest_symbol<'a>(symbol: &str, known: &[&'a str]) -> Option<&'a str> {
    let same = known.iter().find(|name| name.eq_ignore_ascii_case(symbol));
    same.copied()
        .or_else(|| nearest(symbol, known.iter().copied()))
}

impl SourceSpec {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &'static SourceKind {
        self.kind
    }

    /// What stands between the colon and the options; empty for kinds that take only options.
    #[must_use]
    pub fn rest(&self) -> &str {
        &self.rest
    }

    /// An option's value, if it is given.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options
            .iter()
            .find(|(option, _)| *option == name)
            .map(|(_, value)| value.as_str())
    }

    /// The same with one more option.
    ///
    /// # Errors
    /// When the kind has no such option, or it is there already, or does not take the value.
    pub fn with_option(&self, name: &str, value: &str) -> Result<Self, SpecError> {
        let separator = if self.text.contains('?') { '&' } else { '?' };
        let value = utf8_percent_encode(value, UNRESERVED);
        format!("{}{separator}{name}={value}", self.text).parse()
    }

    /// An option's value as a type of its own.
    ///
    /// # Errors
    /// When the value cannot be read as one.
    pub fn parsed<T>(&self, name: &str) -> Result<Option<T>, SpecError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        let parse = |value: &str| {
            value
                .parse()
                .map_err(|error: T::Err| self.wrong(name, error.to_string()))
        };
        self.option(name).map(parse).transpose()
    }

    /// The error that says that an option's value cannot be used, and why.
    #[must_use]
    pub fn wrong(&self, option: &str, reason: impl Into<String>) -> SpecError {
        SpecError::Value {
            text: self.text.clone(),
            option: option.to_owned(),
            value: self.option(option).unwrap_or_default().to_owned(),
            reason: reason.into(),
        }
    }

    /// The error that says that the source could not be opened, and why.
    #[must_use]
    pub fn failed(&self, reason: impl Into<String>) -> OpenError {
        OpenError::Failed {
            // A kind alone ends with the colon that follows here anyway.
            spec: self.text.trim_end_matches(':').to_owned(),
            reason: reason.into(),
        }
    }

    /// Every option that is given, decoded.
    pub fn options(&self) -> impl Iterator<Item = (&str, &str)> {
        self.options
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
    }

    /// The names of the environment variables that it refers to as `{env:NAME}`, each once.
    #[must_use]
    pub fn variables(&self) -> Vec<String> {
        let values = self.options.iter().map(|(_, value)| value.as_str());
        let mut names: Vec<String> = Vec::new();
        for name in std::iter::once(self.rest())
            .chain(values)
            .flat_map(query::variables)
        {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// Opens the source.
    ///
    /// # Errors
    /// Whatever the kind has to say.
    pub fn open(&self, context: &OpenContext) -> Result<Box<dyn Source>, OpenError> {
        (self.kind.open)(self, context)
    }

    fn take_options(&mut self, text: &str, separator: char) -> Result<(), SpecError> {
        for part in options_of(text, separator) {
            let malformed = |reason| SpecError::MalformedOption {
                text: self.text.clone(),
                option: part.clone(),
                reason,
            };
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| malformed("has no value; write key=value"))?;
            let value = percent_decode_str(value)
                .decode_utf8()
                .map_err(|_| malformed("is not UTF-8 once decoded"))?
                .into_owned();
            let Some(option) = self.kind.options.iter().find(|option| option.name == name) else {
                return Err(self.unknown_option(name));
            };
            if self.option(name).is_some() {
                return Err(malformed("is given twice"));
            }
            option
                .value
                .check(&value)
                .map_err(|reason| SpecError::Value {
                    text: self.text.clone(),
                    option: name.to_owned(),
                    value: value.clone(),
                    reason,
                })?;
            self.options.push((option.name, value));
        }
        Ok(())
    }

    fn unknown_option(&self, name: &str) -> SpecError {
        let names: Vec<&str> = self.kind.options.iter().map(|option| option.name).collect();
        SpecError::UnknownOption {
            text: self.text.clone(),
            kind: self.kind.name,
            option: name.to_owned(),
            nearest: nearest(name, names.iter().copied()).map(str::to_owned),
            known: match names.as_slice() {
                [] => "it takes no options".to_owned(),
                names => format!("there are {}", names.join(", ")),
            },
        }
    }
}

impl FromStr for SourceSpec {
    type Err = SpecError;
    fn from_str(text: &str) -> Result<Self, SpecError> {
        let spec = Self::read(text)?;
        (spec.kind.check)(&spec)?;
        Ok(spec)
    }
}

impl SourceSpec {
    /// Reads a specification whose options are known, but may not go together. That is for one which was checked when it
    /// was given, and may speak of files that are no longer there.
    ///
    /// # Errors
    /// Unknown kinds and options, and values that no kind could take.
    pub fn read(text: &str) -> Result<Self, SpecError> {
        let text = text.trim();
        let Some((kind_name, after)) = text.split_once(':') else {
            return Err(SpecError::NoKind {
                text: text.to_owned(),
            });
        };
        let is_url = after.starts_with("//");
        let of_scheme = |kind: &&&SourceKind| is_url && kind.schemes.contains(&kind_name);
        let by_name = || KINDS.iter().find(|kind| kind.name == kind_name);
        let by_scheme = KINDS.iter().find(of_scheme);
        let Some(kind) = by_scheme.or_else(by_name) else {
            let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
            return Err(SpecError::UnknownKind {
                text: text.to_owned(),
                kind: kind_name.to_owned(),
                nearest: nearest(kind_name, names.iter().copied()).map(str::to_owned),
                known: names.join(", "),
            });
        };
        let after = if by_scheme.is_some() { text } else { after };
        let (rest, options) = after.split_once('?').unwrap_or((after, ""));
        let mut spec = Self {
            kind,
            // A path is taken as it stands, but for the one character that would begin the options.
            rest: rest.replace("%3F", "?").replace("%3f", "?"),
            options: Vec::new(),
            text: text.to_owned(),
        };
        if kind.rest == Rest::Url {
            rest.clone_into(&mut spec.rest);
            let options = if rest.is_empty() {
                options.to_owned()
            } else {
                query::split(&mut spec, options)?
            };
            spec.take_options(&options, '&')?;
            return Ok(spec);
        }
        match kind.rest {
            Rest::Required(form) if rest.is_empty() => {
                return Err(SpecError::MissingRest {
                    text: text.to_owned(),
                    kind: kind.name,
                    form,
                });
            }
            Rest::Options => {
                spec.rest.clear();
                spec.take_options(rest, ',')?;
            }
            Rest::Nothing if !rest.is_empty() => {
                return Err(SpecError::UnexpectedRest {
                    text: text.to_owned(),
                    kind: kind.name,
                });
            }
            Rest::Required(_) | Rest::Nothing | Rest::Url => {}
        }
        spec.take_options(options, '&')?;
        Ok(spec)
    }
}

impl fmt::Display for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl PartialEq for SourceSpec {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for SourceSpec {}

#[cfg(test)]
mod tests;
