//! Venues: live market data over a venue's own protocol.
//!
//! A venue is a state machine without I/O, a [`Protocol`]: what comes in goes in as bytes and the time, and what is to be
//! done about it comes out as an [`Output`]. One websocket driver runs them all, and a recording is played back through
//! the very same machines. So every venue is tested with bytes alone.
//!
//! - [`options`]: what can be set on every venue's source, and what a protocol is made from;
//! - [`backfill`]: bars from before the stream began, and those of the time without one;
//! - [`wanted`]: the symbols that are subscribed, under the names that the venue gives them;
//! - [`deflate`]: messages that come compressed;
//! - [`recorded`]: what is recorded of one;
//! - [`kept`]: what a recording that begins in mid-run has to know;
//! - [`chain`]: trades that are numbered one by one;
//! - [`reading`], [`pairs`], [`patience`]: JSON, notations of pairs, and waits, for the leaves that need them;
//! - `http`: what requests have in common;
//! - [`pacing`]: how much is done within a time;
//! - `secrets`: keeps keys out of whatever is shown or written down;
//! - [`session`]: a protocol with what is the same for all of them: what a driver and a recording talk to.
//!
//! A new venue is a leaf file with its protocol and its [`Venue`], and one line in [`VENUES`].

pub mod alpaca;
pub mod backfill;
pub mod binance;
pub mod chain;
pub mod coinbase;
pub(crate) mod connection;
pub mod deflate;
mod ending;
pub mod finnhub;
mod forward;
pub(crate) mod http;
pub mod kept;
pub mod kraken;
mod limits;
pub mod massive;
pub mod options;
pub mod pacing;
pub mod pairs;
pub mod patience;
mod plausible;
pub mod reading;
pub mod recorded;
mod rest;
pub mod schwab;
pub(crate) mod secrets;
pub mod session;
mod source;
#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may stop at the first surprise, and says when it is skipped"
)]
pub(crate) mod testing;
pub mod wanted;

use std::time::Duration;

use secrecy::SecretString;

use crate::decode::Rejection;
use crate::domain::bar::PastBar;
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;

use backfill::{Page, PageRequest};
use chain::Missing;
pub use ending::{Ending, Next};
use kept::Kept;
pub use limits::Limits;
use options::{Setup, Venue};
pub(crate) use source::{Seen, in_words};

/// Every venue.
pub const VENUES: &[&Venue] = &[
    &alpaca::VENUE,
    &binance::VENUE,
    &coinbase::VENUE,
    &finnhub::VENUE,
    &kraken::VENUE,
    &massive::VENUE,
    &schwab::VENUE,
    &super::http_poll::VENUE,
    &super::websocket::VENUE,
];

/// A venue's protocol: a state machine for one connection at a time, which outlives the connections.
///
/// It never reads a clock: `now` is when the bytes came, by the system clock. It keeps the set of subscribed symbols,
/// and asks for all of them again whenever a connection is open and, where that is needed, logged in.
pub trait Protocol: Kept + Send {
    /// What to do for a connection. Asked before every attempt, and again after each answer to [`Connect::Ask`].
    fn connect(&mut self) -> Connect;

    /// Keys have been read anew, for the next connection.
    fn renew(&mut self, setup: &Setup) {
        let _ = setup;
    }

    /// Whether a connection is of no use until it has been let in, which [`Notice::Ready`] tells. A venue with keys is known to
    /// be so.
    fn needs_login(&self) -> bool {
        false
    }

    /// Whether the venue says when it begins to give a symbol: [`Notice::Subscribed`] tells of that then, else of the first
    /// data.
    fn confirms(&self) -> bool {
        true
    }

    /// The connection is open: nothing that was said on an earlier one counts any more.
    fn opened(&mut self, now: UnixMs, output: &mut Output);

    /// A message has come, whole.
    fn message(&mut self, message: Incoming<'_>, now: UnixMs, output: &mut Output);

    /// A request of [`Output::ask`] or [`Connect::Ask`] has been answered, or has failed.
    fn answer(&mut self, answer: &Answer<'_>, now: UnixMs, output: &mut Output) {
        let (_, _, _) = (answer, now, output);
    }

    /// What is recorded in the place of an answer's body, where the answer holds what is nobody else's business. A session
    /// that is given it makes the same of everything else.
    fn recorded_body(&self, answer: &Answer<'_>) -> Option<Vec<u8>> {
        let _ = answer;
        None
    }

    /// These symbols are wanted from now on. Whether the connection is open is for the protocol to know.
    fn subscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output);

    /// These symbols are wanted no more.
    fn unsubscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output);

    /// A symbol's book can no longer be relied on: have it begin anew, without touching other symbols.
    fn resync(&mut self, symbol: SymbolId, output: &mut Output) {
        let (_, _) = (symbol, output);
    }

    /// The request for some of a symbol's bars from before; `None` where the venue has none.
    fn ask_past(&self, symbol: SymbolId, page: &Page) -> Option<PageRequest> {
        let (_, _) = (symbol, page);
        None
    }

    /// The bars in the answer to [`Protocol::ask_past`], in any order.
    ///
    /// # Errors
    /// When it cannot be read, or says that it holds none.
    fn read_past(&self, symbol: SymbolId, body: &str) -> Result<Vec<PastBar>, Rejection> {
        let (_, _) = (symbol, body);
        Ok(Vec::new())
    }

    /// Called about once a second while the connection is open, but not while a message is coming in that takes longer.
    fn tick(&mut self, now: UnixMs, output: &mut Output) {
        let (_, _) = (now, output);
    }

    /// For so long, in milliseconds, [`Protocol::tick`] was not called although the connection was open: a message took
    /// its time to come in, or the machine slept. What is being waited for has had that much less time.
    fn paused(&mut self, ms: i64) {
        let _ = ms;
    }

    /// The venue has closed the connection with this code. What that means is mostly the same everywhere.
    fn closed(&mut self, code: u16, reason: &str) -> Ending {
        Ending::of_close(code, reason)
    }

    /// The venue has refused the connection with this HTTP status; `has_key` is whether it was shown a key. What that means
    /// is mostly the same everywhere.
    fn refused(&mut self, status: u16, has_key: bool) -> Ending {
        Ending::of_status(status, has_key)
    }
}

/// What comes in on the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A text.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
}

impl Incoming<'_> {
    /// The bytes, whichever it is.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

/// What to do for a connection.
#[derive(Debug)]
pub enum Connect {
    /// Open this.
    Open(Endpoint),
    /// Ask this first.
    Ask(Request),
    /// Give up.
    Refuse(Ending),
}

impl Connect {
    /// Opens this address, with nothing secret in the request.
    #[must_use]
    pub fn to(url: &str) -> Self {
        Self::Open(Endpoint {
            url: url.to_owned(),
            secret_query: None,
            headers: Vec::new(),
        })
    }
}

/// What to connect to.
#[derive(Debug)]
pub struct Endpoint {
    /// Scheme, host, port and path: safe to show.
    pub url: String,
    /// What is added to the URL as its query: may hold a key, and is never shown.
    pub secret_query: Option<SecretString>,
    /// Headers of the opening request.
    pub headers: Vec<(&'static str, SecretString)>,
}

/// A request over HTTP.
#[derive(Debug)]
pub struct Request {
    /// The protocol's own name for it, which comes back with the answer.
    pub id: u64,
    /// Path and query, to be put behind the `rest_url`; safe to show.
    pub path: String,
    /// Headers.
    pub headers: Vec<(&'static str, SecretString)>,
    /// How much of [`Limits::request_weight_per_minute`] it uses up.
    pub weight: u32,
}

/// The answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    /// Which request.
    pub id: u64,
    /// The HTTP status; zero when there was no answer at all, in which case the body says why.
    pub status: u16,
    /// What `Retry-After` asks for.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: &'a [u8],
}

/// What a protocol makes of an input, in this order: symbols' data, then what is to be said, then what is to be done.
#[derive(Debug, Default)]
pub struct Output {
    /// Symbols' data, in the order of arrival.
    pub events: Vec<Event>,
    /// What people should know.
    pub notices: Vec<Notice>,
    /// What is missing of what is numbered one by one: a session has people know of it in time.
    pub missing: Vec<Missing>,
    /// Texts to send, in order. The driver keeps to the venue's limits. Never holds a key: see [`Output::send_secret`].
    pub send: Vec<Outgoing>,
    /// Requests to make.
    pub ask: Vec<Request>,
    /// What has turned out to be nobody else's business: it is shown and recorded no more.
    pub secrets: Vec<SecretString>,
    /// Leave this connection.
    pub ending: Option<Ending>,
    /// Data of symbols that nobody wants, and messages of kinds that are not known.
    pub ignored: u64,
}

/// A text to send.
#[derive(Debug)]
pub enum Outgoing {
    /// Safe to show.
    Plain(String),
    /// Holds a key.
    Secret(SecretString),
}

impl Output {
    /// Sends a text.
    pub fn send(&mut self, text: impl Into<String>) {
        self.send.push(Outgoing::Plain(text.into()));
    }

    /// Sends a text that holds a key.
    pub fn send_secret(&mut self, text: String) {
        self.send.push(Outgoing::Secret(text.into()));
    }

    /// A symbol's book can no longer be relied on.
    pub fn lose_book(&mut self, symbol: SymbolId) {
        self.events.push(Event {
            symbol,
            time: None,
            payload: Payload::BookLost,
        });
    }

    /// Reports input that could not be taken. The driver adds the message as a sample.
    pub fn reject(&mut self, rejection: Rejection) {
        self.notices.push(Notice::Rejected(rejection));
    }

    /// Leaves this connection.
    pub fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.events.clear();
        self.notices.clear();
        self.missing.clear();
        self.send.clear();
        self.ask.clear();
        self.secrets.clear();
        self.ending = None;
        self.ignored = 0;
    }
}

/// What people should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Logged in, where that is needed: subscriptions are being asked for.
    Ready,
    /// The venue has confirmed a symbol: once for each symbol and connection, whatever the number of channels.
    Subscribed(SymbolId),
    /// The venue does not have the symbol, or does not give it; the others go on.
    Refused {
        /// Which symbol.
        symbol: SymbolId,
        /// In the venue's words, and what to do.
        reason: String,
    },
    /// Data of a symbol is missing. The protocol has seen to it that the book is begun anew, and has given
    /// [`Payload::BookLost`] where that was needed.
    Gap {
        /// Which symbol.
        symbol: SymbolId,
        /// [`ErrorKind::SequenceGap`] or [`ErrorKind::ChecksumMismatch`].
        kind: ErrorKind,
        /// What was expected and what came.
        reason: String,
    },
    /// A message, or a part of one, could not be taken.
    Rejected(Rejection),
    /// Anything else that went wrong. Source and time are added by the driver.
    Error(ErrorInstance),
}
