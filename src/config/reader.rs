//! Takes each key's value from the layer that has the last word, and keeps account of where it came from.

mod unknown;

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::Environment;
use super::key::Key;
use super::problem::{Place, Problem};
use super::raw::Raw;

/// Values given on the command line, by the path of the key that each stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags(BTreeMap<&'static str, FlagValue>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct FlagValue {
    flag: &'static str,
    values: Vec<String>,
}

impl Flags {
    /// Notes that `flag` (with its dashes) gave these values to a key. No values is the same as no flag.
    pub fn set(&mut self, key: &Key, flag: &'static str, values: Vec<String>) {
        if !values.is_empty() {
            self.0.insert(key.path, FlagValue { flag, values });
        }
    }

    /// Takes over all that `later` gives.
    pub fn merge(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    /// The flag that gives a value to one of these keys, if any does.
    #[must_use]
    pub fn any_of(&self, keys: &[&Key]) -> Option<&'static str> {
        let mut given = keys.iter().filter_map(|key| self.0.get(key.path));
        given.next().map(|value| value.flag)
    }

    /// The first flag that is given, if any is.
    #[must_use]
    pub fn first(&self) -> Option<&'static str> {
        self.0.values().next().map(|value| value.flag)
    }
}

/// Where an effective value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// The configuration file.
    File(Place),
    /// An environment variable, and whether the `.env` file set it.
    Variable(String, bool),
    /// A flag.
    Flag(&'static str),
}

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(place) => write!(f, "{place}"),
            Self::Variable(name, false) => write!(f, "environment {name}"),
            Self::Variable(name, true) => write!(f, ".env {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// A value in force, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// None is set.
    Unset,
    /// One.
    One(String),
    /// A list.
    Many(Vec<String>),
}

/// A key with its value in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The key.
    pub key: &'static Key,
    /// Its value.
    pub value: Shown,
    /// Where it came from.
    pub origin: Origin,
}

/// A configuration file's text with its values.
#[derive(Debug)]
pub struct File<'a> {
    /// Its path, for messages.
    pub path: &'a Path,
    /// Its text.
    pub text: &'a str,
    /// What it says.
    pub root: &'a DeTable<'a>,
}

/// One layer's value of a key.
struct Given<'a> {
    values: Vec<Raw<'a>>,
    place: Option<Place>,
    origin: Origin,
}

/// Reads the layers.
#[derive(Debug)]
pub struct Reader<'a> {
    flags: &'a Flags,
    environment: &'a Environment,
    file: Option<&'a File<'a>>,
    open_sections: Vec<&'static str>,
    /// What has been read so far.
    pub effective: Vec<Effective>,
    /// What was wrong so far.
    pub problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// A reader of these layers.
    #[must_use]
    pub fn new(flags: &'a Flags, environment: &'a Environment, file: Option<&'a File<'a>>) -> Self {
        Self {
            flags,
            environment,
            file,
            open_sections: Vec::new(),
            effective: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// A key's value, or `default` where none is given.
    pub fn value<T: Display>(
        &mut self,
        key: &'static Key,
        default: T,
        format: impl Fn(Raw<'_>) -> Result<T, String>,
    ) -> T {
        let (value, origin) = match self.last_word(key, &format) {
            Some((value, origin)) => (value, origin),
            None => (default, Origin::Default),
        };
        self.note(key, Shown::One(value.to_string()), origin);
        value
    }

    /// A key's value, if one is given.
    pub fn optional<T: Display>(
        &mut self,
        key: &'static Key,
        format: impl Fn(Raw<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let Some((value, origin)) = self.last_word(key, &format) else {
            self.note(key, Shown::Unset, Origin::Default);
            return None;
        };
        self.note(key, Shown::One(value.to_string()), origin);
        Some(value)
    }

    /// A key's list, if one is given; an empty one counts as none. A text is taken apart at `separator`.
    pub fn list<T: Display>(
        &mut self,
        key: &'static Key,
        separator: char,
        format: impl Fn(Raw<'_>) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let mut chosen = None;
        for given in self.layers(key) {
            if let Some(values) = self.elements(&given, separator, &format) {
                chosen = chosen.or(Some((values, given.origin)));
            }
        }
        let Some((values, origin)) = chosen.filter(|(values, _)| !values.is_empty()) else {
            self.note(key, Shown::Unset, Origin::Default);
            return None;
        };
        let shown = values.iter().map(T::to_string).collect();
        self.note(key, Shown::Many(shown), origin);
        Some(values)
    }

    /// As [`Reader::list`], with a default.
    pub fn list_or<T: Display>(
        &mut self,
        key: &'static Key,
        separator: char,
        default: Vec<T>,
        format: impl Fn(Raw<'_>) -> Result<T, String>,
    ) -> Vec<T> {
        let given = self.list(key, separator, format);
        given.unwrap_or_else(|| {
            if let Some(entry) = self.effective.last_mut() {
                entry.value = Shown::Many(default.iter().map(T::to_string).collect());
            }
            default
        })
    }

    /// All entries of a section whose names are the user's own, each a list.
    pub fn open_section<T>(
        &mut self,
        section: &'static str,
        separator: char,
        name_check: impl Fn(&str) -> Result<(), String>,
        format: impl Fn(Raw<'_>) -> Result<T, String>,
    ) -> BTreeMap<String, Vec<T>> {
        self.open_sections.push(section);
        let mut entries = BTreeMap::new();
        let Some(file) = self.file else {
            return entries;
        };
        let Some(table) = file
            .root
            .get(section)
            .and_then(|value| value.get_ref().as_table())
        else {
            return entries;
        };
        for (name, value) in table {
            if let Err(message) = name_check(name.get_ref()) {
                self.problems.push(Problem {
                    place: Place::in_file(file.path, file.text, &name.span()),
                    message: format!("[{section}] {message}"),
                });
                continue;
            }
            let given = Given {
                values: vec![Raw::Toml(value)],
                place: Some(Place::in_file(file.path, file.text, &value.span())),
                origin: Origin::Default,
            };
            if let Some(values) = self.elements(&given, separator, &format) {
                entries.insert(name.get_ref().to_string(), values);
            }
        }
        entries
    }

    /// Notes that a section's entries do not go together.
    pub fn wrong_section(&mut self, section: &str, message: &str) {
        if let Some(file) = self.file
            && let Some((name, _)) = file.root.get_key_value(section)
        {
            self.problems.push(Problem {
                place: Place::in_file(file.path, file.text, &name.span()),
                message: format!("[{section}] {message}"),
            });
        }
    }

    fn note(&mut self, key: &'static Key, value: Shown, origin: Origin) {
        self.effective.push(Effective { key, value, origin });
    }

    /// The layers that give a value to a key, the one with the last word first.
    fn layers(&self, key: &'static Key) -> Vec<Given<'a>> {
        let mut layers = Vec::new();
        if let Some(flag) = self.flags.0.get(key.path) {
            layers.push(Given {
                values: flag.values.iter().map(|value| Raw::Text(value)).collect(),
                place: Some(Place::Flag(flag.flag.to_owned())),
                origin: Origin::Flag(flag.flag),
            });
        }
        let variable = key.variable();
        if let Some(value) = self.environment.get(&variable) {
            layers.push(Given {
                values: vec![Raw::Text(value)],
                place: Some(Place::Variable(variable.clone())),
                origin: Origin::Variable(
                    variable.clone(),
                    self.environment.is_from_dotenv(&variable),
                ),
            });
        }
        if let Some((file, value)) = self.file.and_then(|file| Some((file, in_file(file, key)?))) {
            let place = Place::in_file(file.path, file.text, &value.span());
            layers.push(Given {
                values: vec![Raw::Toml(value)],
                place: Some(place.clone()),
                origin: Origin::File(place),
            });
        }
        layers
    }

    /// The value of the layer with the last word; the others are checked all the same.
    fn last_word<T>(
        &mut self,
        key: &'static Key,
        format: &impl Fn(Raw<'_>) -> Result<T, String>,
    ) -> Option<(T, Origin)> {
        let mut chosen = None;
        for given in self.layers(key) {
            let Some(&raw) = given.values.last() else {
                continue;
            };
            match format(raw) {
                Ok(value) => chosen = chosen.or(Some((value, given.origin))),
                Err(message) => self.wrong(&given, raw, message),
            }
        }
        chosen
    }

    fn elements<T>(
        &mut self,
        given: &Given<'a>,
        separator: char,
        format: &impl Fn(Raw<'_>) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let mut values = Vec::new();
        let mut all_good = true;
        for &raw in &given.values {
            let parts = match (&given.origin, raw) {
                // A flag that is a list has been taken apart, or is given once for each element.
                (Origin::Flag(_), _) => vec![raw],
                _ => match raw.elements(separator) {
                    Ok(parts) => parts,
                    Err(message) => {
                        self.wrong(given, raw, message);
                        return None;
                    }
                },
            };
            for part in parts {
                match format(part) {
                    Ok(value) => values.push(value),
                    Err(message) => {
                        self.wrong(given, part, message);
                        all_good = false;
                    }
                }
            }
        }
        all_good.then_some(values)
    }

    fn wrong(&mut self, given: &Given<'_>, raw: Raw<'_>, message: String) {
        let place = match (raw, self.file) {
            (Raw::Toml(value), Some(file)) => {
                Some(Place::in_file(file.path, file.text, &value.span()))
            }
            _ => given.place.clone(),
        };
        if let Some(place) = place {
            self.problems.push(Problem { place, message });
        }
    }
}

/// A key's value in a file.
fn in_file<'a>(file: &'a File<'a>, key: &Key) -> Option<&'a Spanned<DeValue<'a>>> {
    match key.section() {
        "" => file.root.get(key.name()),
        section => file
            .root
            .get(section)?
            .get_ref()
            .as_table()?
            .get(key.name()),
    }
}
