//! A line of a recording: a JSON object.
//!
//! The first line is the head, `{"recording":1,"source":"kraken","spec":"kraken:?depth=10","started":1720522860000}`. Where
//! the specification names the file of a mapping, it has `map` too: what was in the file. All others are inputs:
//! `{"ms":1720522860123,"on":0,"in":"text","text":"…"}`, where `on` is the connection. Text comes back exactly as it was;
//! what is no text stands as base64. A recording that is begun in mid-run tells in `kept` lines what was known by then, of a
//! symbol or, without `symbols`, of the connection.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::decode::Rejection;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;
use crate::sources::venue::session::Input;
use crate::sources::venue::{Answer, Incoming};

/// The version of the form.
pub const VERSION: u32 = 1;

/// A line as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Line<'a> {
    /// The form's version; only a head has it. It comes first, by which a head is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    recording: Option<u32>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    source: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    spec: Option<Cow<'a, str>>,
    /// What the file of a mapping held.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    map: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<usize>,
    #[serde(borrow, rename = "in", skip_serializing_if = "Option::is_none")]
    input: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    symbols: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    base64: Option<Cow<'a, str>>,
}

/// What a head says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The name that the source went by.
    pub source: String,
    /// What it was opened with.
    pub spec: String,
    /// What the file held that the option `map` of the specification names.
    pub map: Option<String>,
    /// When the recording began.
    pub started: UnixMs,
}

/// An input as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded<'a> {
    /// When it came.
    pub now: UnixMs,
    /// On which connection.
    pub connection: usize,
    /// What came.
    pub what: What<'a>,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are the variants of Input")]
pub enum What<'a> {
    Opened,
    Text(Cow<'a, str>),
    Binary(Vec<u8>),
    Answered {
        id: u64,
        status: u16,
        retry_after: Option<Duration>,
        body: Vec<u8>,
    },
    Subscribe(Vec<Symbol>),
    Unsubscribe(Vec<Symbol>),
    Resync(Symbol),
    Tick,
    Closed,
    Kept(Option<Symbol>, Cow<'a, str>),
}

impl<'a> Line<'a> {
    /// The first line.
    #[must_use]
    pub fn head(head: &'a Head) -> Self {
        Self {
            recording: Some(VERSION),
            source: Some(head.source.as_str().into()),
            spec: Some(head.spec.as_str().into()),
            map: head.map.as_deref().map(Cow::from),
            started: Some(head.started.0),
            ..Self::default()
        }
    }

    /// The line of an input.
    #[must_use]
    pub fn of(connection: usize, now: UnixMs, input: &Input<'a>) -> Self {
        let line = |name: &'static str| Self {
            ms: Some(now.0),
            on: Some(connection),
            input: Some(name.into()),
            ..Self::default()
        };
        let symbols = |symbols: &'a [(Symbol, SymbolId)]| {
            let names = symbols.iter().map(|(symbol, _)| symbol.as_str().into());
            Some(names.collect())
        };
        match *input {
            Input::Opened => line("opened"),
            Input::Message(Incoming::Text(text)) => Self {
                text: Some(text.into()),
                ..line("text")
            },
            Input::Message(Incoming::Binary(bytes)) => Self {
                base64: Some(STANDARD.encode(bytes).into()),
                ..line("binary")
            },
            Input::Answered(answer) => {
                let text = std::str::from_utf8(answer.body).ok();
                let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                Self {
                    id: Some(answer.id),
                    status: Some(answer.status),
                    retry_after_ms: answer.retry_after.map(millis),
                    text: text.map(Cow::from),
                    base64: match text {
                        Some(_) => None,
                        None => Some(STANDARD.encode(answer.body).into()),
                    },
                    ..line("answer")
                }
            }
            Input::Subscribe(wanted) => Self {
                symbols: symbols(wanted),
                ..line("subscribe")
            },
            Input::Unsubscribe(unwanted) => Self {
                symbols: symbols(unwanted),
                ..line("unsubscribe")
            },
            Input::Resync(symbol) => Self {
                symbols: Some(vec![symbol.0.as_str().into()]),
                ..line("resync")
            },
            Input::Tick => line("tick"),
            Input::Closed => line("closed"),
            Input::Kept(of, text) => Self {
                symbols: of.map(|(symbol, _)| vec![symbol.as_str().into()]),
                text: Some(text.into()),
                ..line("kept")
            },
        }
    }

    /// Puts the line, without a line break, in the place of what is in `into`.
    pub fn write(&self, into: &mut Vec<u8>) {
        into.clear();
        // Writing these types to memory does not fail.
        serde_json::to_writer(into, self).unwrap_or_default();
    }

    /// Reads a line.
    ///
    /// # Errors
    /// When it is no JSON object of this form.
    pub fn read(line: &'a [u8]) -> Result<Self, Rejection> {
        serde_json::from_slice(line)
            .map_err(|error| Rejection::decode(format!("it is no line of a recording: {error}")))
    }

    /// What it says as the head of a recording; `None` when it is another line.
    ///
    /// # Errors
    /// When this version of the program cannot read the recording.
    pub fn as_head(&self) -> Result<Option<Head>, Rejection> {
        let Some(version) = self.recording else {
            return Ok(None);
        };
        if version != VERSION {
            return Err(Rejection::schema(format!(
                "it is a recording of version {version}, and this program reads version {VERSION}; use a newer program"
            )));
        }
        let text = |name: &str, value: &Option<Cow<'_, str>>| match value {
            Some(value) => Ok(value.clone().into_owned()),
            None => Err(missing(name)),
        };
        Ok(Some(Head {
            source: text("source", &self.source)?,
            spec: text("spec", &self.spec)?,
            map: self.map.clone().map(Cow::into_owned),
            started: UnixMs(self.started.ok_or_else(|| missing("started"))?),
        }))
    }

    /// The input that it is the line of.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub fn into_recorded(self) -> Result<Recorded<'a>, Rejection> {
        let name = self.input.clone().ok_or_else(|| missing("in"))?;
        let what = match &*name {
            "opened" => What::Opened,
            "text" => What::Text(self.text.ok_or_else(|| missing("text"))?),
            "binary" => What::Binary(self.bytes()?),
            "answer" => What::Answered {
                id: self.id.ok_or_else(|| missing("id"))?,
                status: self.status.ok_or_else(|| missing("status"))?,
                retry_after: self.retry_after_ms.map(Duration::from_millis),
                body: self.bytes()?,
            },
            "subscribe" => What::Subscribe(self.names()?),
            "unsubscribe" => What::Unsubscribe(self.names()?),
            "resync" => What::Resync(self.name()?),
            "tick" => What::Tick,
            "closed" => What::Closed,
            "kept" => {
                let of = self.symbols.is_some().then(|| self.name()).transpose()?;
                What::Kept(of, self.text.ok_or_else(|| missing("text"))?)
            }
            other => {
                let shown: String = other.chars().take(40).collect();
                return Err(Rejection::schema(format!(
                    "'in' is {shown:?}, which is nothing that is recorded"
                )));
            }
        };
        Ok(Recorded {
            now: UnixMs(self.ms.ok_or_else(|| missing("ms"))?),
            connection: self.on.ok_or_else(|| missing("on"))?,
            what,
        })
    }

    fn bytes(&self) -> Result<Vec<u8>, Rejection> {
        match (&self.base64, &self.text) {
            (Some(base64), _) => STANDARD
                .decode(base64.as_bytes())
                .map_err(|error| Rejection::schema(format!("'base64': {error}"))),
            (None, Some(text)) => Ok(text.as_bytes().to_vec()),
            (None, None) => Err(missing("base64")),
        }
    }

    fn name(&self) -> Result<Symbol, Rejection> {
        match <[Symbol; 1]>::try_from(self.names()?) {
            Ok([symbol]) => Ok(symbol),
            Err(_) => Err(Rejection::schema("'symbols' holds not just one symbol")),
        }
    }

    fn names(&self) -> Result<Vec<Symbol>, Rejection> {
        let names = self.symbols.as_ref().ok_or_else(|| missing("symbols"))?;
        let symbol = |name: &Cow<'_, str>| {
            Symbol::new(name)
                .map_err(|error| Rejection::schema(format!("symbol {name:?}: {error}")))
        };
        names.iter().map(symbol).collect()
    }
}

fn missing(name: &str) -> Rejection {
    Rejection::schema(format!("it has no '{name}'"))
}

impl What<'_> {
    /// Calls `give` with the input, with symbols under the numbers that `number` gives them.
    pub fn give(&self, mut number: impl FnMut(&Symbol) -> SymbolId, give: impl FnOnce(Input<'_>)) {
        let mut numbered = Vec::new();
        if let Self::Subscribe(symbols) | Self::Unsubscribe(symbols) = self {
            numbered.extend(symbols.iter().map(|one| (one.clone(), number(one))));
        }
        match self {
            Self::Opened => give(Input::Opened),
            Self::Text(text) => give(Input::Message(Incoming::Text(text))),
            Self::Binary(bytes) => give(Input::Message(Incoming::Binary(bytes))),
            Self::Answered {
                id,
                status,
                retry_after,
                body,
            } => give(Input::Answered(Answer {
                id: *id,
                status: *status,
                retry_after: *retry_after,
                body,
            })),
            Self::Subscribe(_) => give(Input::Subscribe(&numbered)),
            Self::Unsubscribe(_) => give(Input::Unsubscribe(&numbered)),
            Self::Resync(symbol) => give(Input::Resync(&(symbol.clone(), number(symbol)))),
            Self::Tick => give(Input::Tick),
            Self::Closed => give(Input::Closed),
            Self::Kept(of, text) => {
                let of = of.as_ref().map(|symbol| (symbol.clone(), number(symbol)));
                give(Input::Kept(of.as_ref(), text));
            }
        }
    }
}
