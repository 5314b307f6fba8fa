//! What Binance is asked over HTTP: whole books, and whether a silent symbol exists.
//!
//! A request's number follows from the symbol's name, so that an answer means the same in a recording that begins in the
//! middle of things.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::frames::{Failure, WholeBook};
use super::{Binance, LEVELS_BY_SYMBOLS, book_request};
use crate::decode::Rejection;
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::sources::venue::reading::{read, shortened};
use crate::sources::venue::{Answer, Notice, Output, Request};

/// The code of "Invalid symbol".
const INVALID_SYMBOL: i64 = -1121;
/// How long to keep away after "too many requests" without a time, in milliseconds.
const TOO_MANY_MS: i64 = 30_000;

/// What a request is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Book,
    LookUp,
}

/// The number of a request: FNV-1a of the symbol's name, with the purpose in the lowest bit.
fn number(name: &str, purpose: Purpose) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash << 1) | u64::from(purpose == Purpose::LookUp)
}

fn request(name: &str, purpose: Purpose, path: &str, weight: u32) -> Request {
    let symbol = utf8_percent_encode(name, NON_ALPHANUMERIC);
    Request {
        id: number(name, purpose),
        path: path.replace("{symbol}", &symbol.to_string()),
        headers: Vec::new(),
        weight,
    }
}

/// Asks for something small of a symbol, to see whether it is there.
pub(super) fn look_up(name: &str) -> Request {
    request(
        name,
        Purpose::LookUp,
        "/api/v3/ticker/price?symbol={symbol}",
        2,
    )
}

impl Binance {
    /// Asks for every whole book whose time has come.
    pub(super) fn fetch_due(&mut self, output: &mut Output) {
        let names: Vec<String> = self
            .wanted
            .in_order()
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        for name in names {
            self.fetch_if_due(&name, output);
        }
    }

    /// Asks for this whole book if its time has come.
    pub(super) fn fetch_if_due(&mut self, name: &str, output: &mut Output) {
        let (now, book) = (self.now, book_request(self.levels_to_ask()));
        if let (Some(entry), Some((limit, weight))) = (self.wanted.get_mut(name), book)
            && entry.state.sync.is_due(now)
        {
            let path = format!("/api/v3/depth?symbol={{symbol}}&limit={limit}");
            output.ask.push(request(name, Purpose::Book, &path, weight));
        }
    }

    fn levels_to_ask(&self) -> u32 {
        let symbols = self.wanted.len();
        let by_symbols = LEVELS_BY_SYMBOLS
            .into_iter()
            .find(|(most, _)| symbols <= *most);
        let usual = by_symbols.map_or(0, |(_, levels)| levels);
        self.book_levels.unwrap_or(self.levels.max(usual))
    }

    /// Takes what was answered.
    pub(super) fn take_answer(&mut self, answer: &Answer<'_>, output: &mut Output) {
        let of_answer = |purpose| {
            let mut all = self.wanted.in_order().into_iter();
            all.find(|(name, _)| number(name, purpose) == answer.id)
                .map(|(name, _)| name.to_owned())
        };
        if let Some(name) = of_answer(Purpose::Book) {
            self.book_answered(&name, answer, output);
        } else if let Some(name) = of_answer(Purpose::LookUp) {
            if let Some(words) = is_unknown(answer) {
                self.refuse_unknown(&name, &words, output);
            }
        } else {
            output.ignored += 1;
        }
    }

    fn refuse_unknown(&mut self, name: &str, words: &str, output: &mut Output) {
        if let Some(entry) = self.wanted.get(name).filter(|entry| !entry.state.is_heard) {
            self.refuse(entry.id, words, output);
        }
    }

    fn book_answered(&mut self, name: &str, answer: &Answer<'_>, output: &mut Output) {
        // Whoever has asked, the numbers tell whether it fits: a recording that begins in the middle holds answers to
        // requests from before.
        let is_awaited = self
            .wanted
            .get(name)
            .is_some_and(|entry| !entry.state.sync.is_live() && !entry.state.is_refused);
        if !is_awaited {
            output.ignored += 1;
            return;
        }
        if answer.status == 200 {
            if let Err(rejection) = self.book_came(name, answer.body, output) {
                self.book_unreadable(name, rejection, output);
            }
        } else if let Some(words) = is_unknown(answer) {
            if self
                .wanted
                .get(name)
                .is_some_and(|entry| entry.state.is_heard)
            {
                self.book_failed(name, answer, output);
            } else {
                self.refuse_unknown(name, &words, output);
            }
        } else {
            self.book_failed(name, answer, output);
        }
    }

    fn book_came(&mut self, name: &str, body: &[u8], output: &mut Output) -> Result<(), Rejection> {
        let text = std::str::from_utf8(body)
            .map_err(|error| Rejection::decode(format!("a whole book is not UTF-8: {error}")))?;
        let book: WholeBook = read(text, "a whole book")?;
        let now = self.now;
        let Some(entry) = self.wanted.get_mut(name) else {
            return Ok(());
        };
        let symbol = entry.id;
        for (time, update) in entry.state.sync.whole(book, now) {
            output.events.push(Event {
                symbol,
                time: Some(time),
                payload: Payload::Level2(Box::new(update)),
            });
        }
        self.confirm(symbol, output);
        Ok(())
    }

    fn book_unreadable(&mut self, name: &str, mut rejection: Rejection, output: &mut Output) {
        let now = self.now;
        if let Some(entry) = self.wanted.get_mut(name) {
            rejection.symbol = Some(entry.symbol.clone());
            entry.state.sync.failed(now, None);
        }
        output.reject(rejection);
    }

    fn book_failed(&mut self, name: &str, answer: &Answer<'_>, output: &mut Output) {
        let now = self.now;
        let Some(entry) = self.wanted.get_mut(name) else {
            return;
        };
        let is_limit = matches!(answer.status, 418 | 429);
        let asked_ms = answer
            .retry_after
            .map(|wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        let wait_ms = asked_ms.or(is_limit.then_some(TOO_MANY_MS));
        let not_before = wait_ms.map(|wait_ms| now.plus_ms(wait_ms));
        let at = entry.state.sync.failed(now, not_before);
        let in_seconds = at.0.saturating_sub(now.0).max(0) / 1000;
        let words = match answer.status {
            0 => shortened(&String::from_utf8_lossy(answer.body)),
            status => format!("HTTP {status}"),
        };
        let message = format!("the whole book could not be fetched ({words})");
        let kind = if is_limit {
            ErrorKind::RateLimited
        } else {
            ErrorKind::ConnectionError
        };
        let mut error = ErrorInstance::new(kind, message)
            .as_warning()
            .then(format!("trying again in {in_seconds} s"));
        error.symbol = Some(entry.symbol.clone());
        output.notices.push(Notice::Error(error));
    }
}

/// The venue's words, when what it says is that it has no such symbol.
fn is_unknown(answer: &Answer<'_>) -> Option<String> {
    let text = std::str::from_utf8(answer.body).ok()?;
    let failure: Failure<'_> = read(text, "an error").unwrap_or_default();
    let is_unknown = answer.status == 400
        && failure
            .code
            .is_none_or(|code| (INVALID_SYMBOL..=-1100).contains(&code));
    let code = failure
        .code
        .map_or_else(String::new, |code| format!(" (code {code})"));
    let words = failure
        .msg
        .map_or_else(|| "HTTP 400".to_owned(), |msg| shortened(&msg));
    is_unknown.then(|| format!("{words}{code}"))
}
