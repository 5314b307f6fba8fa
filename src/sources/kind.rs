//! How a kind of source describes itself, and how it is opened.

pub mod bundled;
pub mod http;
pub mod replay;
pub mod sim;
pub mod websocket;

use std::sync::Arc;

use crate::domain::event::DataService;
use crate::domain::source::{Delivery, SourceName};
use crate::pipeline::recording::Recorder;
use crate::pipeline::source::{Source, Speed};

use super::spec::{SourceSpec, SpecError};
use super::venue::pacing::Paces;

/// A kind of source: what a person has to know to use it, and how to open it.
#[derive(Debug)]
pub struct SourceKind {
    /// What stands before the colon.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub summary: &'static str,
    /// What stands after the colon.
    pub rest: Rest,
    /// Schemes of URLs that are of this kind without its name before them.
    pub schemes: &'static [&'static str],
    /// What may follow as `?key=value&…`.
    pub options: &'static [SourceOption],
    /// What to type.
    pub examples: &'static [Example],
    /// Which data it delivers.
    pub services: &'static [DataService],
    /// Whether it can wait.
    pub delivery: Delivery,
    /// Checks what the options' own formats cannot say.
    pub check: fn(&SourceSpec) -> Result<(), SpecError>,
    /// Opens a source whose specification has been checked against the rest of this description.
    pub open: Open,
}

impl SourceKind {
    /// Whether it has to be told its symbols: what is live gives data for those alone that it is asked for.
    #[must_use]
    pub fn needs_symbols(&self) -> bool {
        self.delivery == Delivery::Live
    }
}

/// Opens a source.
pub type Open = fn(&SourceSpec, &OpenContext) -> Result<Box<dyn Source>, OpenError>;

/// What stands after the colon of a specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Something that has to be given, and what it is called in help texts.
    Required(&'static str),
    /// A URL, or nothing where an option says what to open. What its query holds besides the kind's options stays with it.
    Url,
    /// Options, separated by commas.
    Options,
    /// Nothing.
    Nothing,
}

/// One option of a kind of source.
#[derive(Debug)]
pub struct SourceOption {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub value: OptionValue,
    /// What holds without it, as a person would write it.
    pub default: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
}

/// What an option takes. It is checked when the specification is read, before anything is opened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OptionValue {
    /// `true` or `false`.
    Boolean,
    /// A whole number within these bounds.
    Count {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// A number above zero.
    Positive,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// The name of a time zone (`America/New_York`).
    Zone,
    /// Any text; the kind itself checks it. Help texts call it by this name.
    Text(&'static str),
}

impl OptionValue {
    /// How help texts show what the option takes.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Boolean => "true|false".to_owned(),
            Self::Count { min, max } if *max == u64::MAX => format!("{min}…"),
            Self::Count { min, max } => format!("{min}…{max}"),
            Self::Positive => "NUMBER".to_owned(),
            Self::Choice(words) => words.join("|"),
            Self::Zone => "ZONE".to_owned(),
            Self::Text(name) => (*name).to_owned(),
        }
    }

    /// Checks a value.
    ///
    /// # Errors
    /// What is allowed, as the end of a sentence that begins with the value.
    pub fn check(&self, value: &str) -> Result<(), String> {
        let good = match self {
            Self::Boolean => matches!(value, "true" | "false"),
            Self::Count { min, max } => {
                value.parse().is_ok_and(|n: u64| (*min..=*max).contains(&n))
            }
            Self::Positive => value.parse().is_ok_and(|n: f64| n.is_finite() && n > 0.0),
            Self::Choice(words) => words.contains(&value),
            Self::Zone => value.parse::<chrono_tz::Tz>().is_ok(),
            Self::Text(_) => !value.is_empty(),
        };
        if good {
            return Ok(());
        }
        Err(match self {
            Self::Boolean => "must be true or false".to_owned(),
            Self::Count { min, max } if *max == u64::MAX => {
                format!("must be a whole number from {min} up")
            }
            Self::Count { min, max } => format!("must be a whole number from {min} to {max}"),
            Self::Positive => "must be a number above zero".to_owned(),
            Self::Choice(words) => format!("must be one of {}", words.join(", ")),
            Self::Zone => {
                "must be the name of a time zone, such as America/New_York or UTC".to_owned()
            }
            Self::Text(name) => format!("must be a {name}"),
        })
    }
}

/// Something to type, and what it does.
#[derive(Debug)]
pub struct Example {
    /// The specification.
    pub spec: &'static str,
    /// What it does.
    pub effect: &'static str,
}

/// What a source is given besides its specification.
#[derive(Clone)]
pub struct OpenContext {
    /// The name that it goes by in results, unique among the open sources.
    pub name: SourceName,
    /// The speed asked for on the command line or in the configuration; `None` leaves it to the kind.
    pub speed: Option<Speed>,
    /// Looks an environment variable up, `.env` included: where keys are.
    pub environment: Environment,
    /// Where live sources write down what they receive.
    pub recorder: Arc<dyn Recorder>,
    /// What sources of one venue keep to together.
    pub paces: Paces,
}

/// Looks an environment variable up.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl std::fmt::Debug for OpenContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenContext")
            .field("name", &self.name)
            .field("speed", &self.speed)
            .finish_non_exhaustive()
    }
}

/// Why a source could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// What was given cannot mean anything: a mistake in usage or configuration.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// It was understood, and did not work.
    #[error("{spec}: {reason}")]
    Failed {
        /// What was given.
        spec: String,
        /// What happened, and what to do about it.
        reason: String,
    },
}
