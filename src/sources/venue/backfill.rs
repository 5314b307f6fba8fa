//! Bars from before, asked for over HTTP, joined to what the stream gives without a gap and without an overlap.
//!
//! A symbol's bars are asked for when the venue has confirmed it: from then on the stream gives everything. Where the
//! stream gives bars, those from its first one on are left to it. Where bars are built from trades, the minute that was
//! joined midway is asked for once it is over. After a lost connection the bars since the newest one known are asked for
//! in the same way. The newest come first; what is more than an answer holds is asked for page by page.

mod past;

use rustc_hash::FxHashMap;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::decode::Rejection;
use crate::decode::wire::Exact;
use crate::domain::bar::{Ohlcv, PastBar};
use crate::domain::event::{DataService, Payload};
use crate::domain::source::BarOrigin;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{DAY_MS, SessionCalendar, UnixMs};

use super::kept;
use super::options::Setup;
use super::reading::{elements, shortened, text_of, time_of_ms};
use super::{Answer, Incoming, Notice, Output, Protocol};
use past::{Past, Task, number};

/// The most bars that are asked for of a symbol, and the longest time.
pub const BARS_MAX: u32 = 50_000;
/// See [`BARS_MAX`].
pub const DAYS_MAX: i64 = 31;
/// How long after its end the venue surely has a minute that was joined midway.
const JOINED_AFTER_MS: i64 = 5000;

/// How much of the past is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// So many bars.
    Bars(u32),
    /// The bars of so many milliseconds.
    Time(i64),
}

impl std::str::FromStr for Span {
    type Err = String;

    /// `500` bars, or a time: `90m`, `12h`, `2d`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "is neither a number of bars (at most {BARS_MAX}) nor a time such as 90m, 12h or 2d (at most {DAYS_MAX}d)"
            )
        };
        let unit_ms = match text.chars().last() {
            Some('m') => 60_000,
            Some('h') => 3_600_000,
            Some('d') => DAY_MS,
            _ => {
                let bars: Option<u32> = text.parse().ok();
                let bars = bars.filter(|bars| (1..=BARS_MAX).contains(bars));
                return bars.map(Self::Bars).ok_or_else(wrong);
            }
        };
        let count: Option<i64> = text.trim_end_matches(char::is_alphabetic).parse().ok();
        let ms = count.and_then(|count| count.checked_mul(unit_ms));
        ms.filter(|ms| *ms > 0 && *ms <= DAYS_MAX * DAY_MS)
            .map(Self::Time)
            .ok_or_else(wrong)
    }
}

/// Some of a symbol's bars: the newest `rows` of those that start at `from` or later and before `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The earliest start.
    pub from: UnixMs,
    /// What the latest start is before.
    pub until: UnixMs,
    /// How many at the most.
    pub rows: u32,
}

/// A request for a page.
#[derive(Debug)]
pub struct PageRequest {
    /// See [`Request::path`](super::Request::path).
    pub path: String,
    /// See [`Request::headers`](super::Request::headers).
    pub headers: Vec<(&'static str, SecretString)>,
    /// See [`Request::weight`](super::Request::weight).
    pub weight: u32,
    /// Down to where the answer reaches, unless it is full.
    pub covers_from: UnixMs,
    /// How many bars a full answer holds; `None` where none counts as full.
    pub full: Option<u32>,
}

/// Reads a bar that is written as a list: its start in units of `unit_ms`, open, high, low, close, and the volume at
/// `volume_at`.
///
/// # Errors
/// What is no such list.
pub fn listed_bar(row: &RawValue, volume_at: usize, unit_ms: i64) -> Result<PastBar, Rejection> {
    let figures = elements(row.get(), "a bar")?;
    let read = |at: usize| {
        let raw = figures.get(at);
        raw.ok_or_else(|| Rejection::schema("a bar has too few figures"))
    };
    let wrong = |error: serde_json::Error| Rejection::schema(shortened(&format!("a bar: {error}")));
    let figure = |at: usize| -> Result<_, Rejection> {
        let exact: Exact = serde_json::from_str(read(at)?.get()).map_err(wrong)?;
        Ok(Some(exact.0))
    };
    let start: i64 = serde_json::from_str(read(0)?.get()).map_err(wrong)?;
    Ok(PastBar {
        start: time_of_ms(start.saturating_mul(unit_ms), "a bar's start")?,
        bar: Ohlcv {
            open: figure(1)?,
            high: figure(2)?,
            low: figure(3)?,
            close: figure(4)?,
            volume: figure(volume_at)?,
        },
    })
}

/// What a session asks for of the past.
#[derive(Debug)]
pub(super) struct Backfill {
    span: Span,
    interval_ms: i64,
    builds: bool,
    has_nights: bool,
    /// By the number of their requests.
    pasts: FxHashMap<u64, Past>,
    numbers: FxHashMap<SymbolId, u64>,
}

impl Backfill {
    /// What is wanted of the past; `None` when nothing is.
    pub(super) fn new(setup: &Setup) -> Option<Self> {
        let builds = matches!(setup.products.bars, BarOrigin::Trades(_));
        let has_bars = setup.has(DataService::Ohlcv);
        Some(Self {
            span: setup.backfill.filter(|_| has_bars)?,
            interval_ms: setup.products.interval.ms(),
            builds,
            has_nights: setup.calendar == SessionCalendar::UsEquities,
            pasts: FxHashMap::default(),
            numbers: FxHashMap::default(),
        })
    }

    pub(super) fn add(&mut self, symbols: &[(Symbol, SymbolId)]) {
        for (symbol, id) in symbols {
            let number = number(symbol);
            self.numbers.insert(*id, number);
            self.pasts.insert(
                number,
                Past {
                    symbol: symbol.clone(),
                    id: *id,
                    newest: None,
                    first_live: None,
                    joined: None,
                    is_filled: false,
                    task: None,
                },
            );
        }
    }

    pub(super) fn remove(&mut self, symbols: &[(Symbol, SymbolId)]) {
        for (_, id) in symbols {
            if let Some(number) = self.numbers.remove(id) {
                self.pasts.remove(&number);
            }
        }
    }

    /// What is known of a symbol's bars, for a recording.
    pub(super) fn kept(&self, id: SymbolId) -> Value {
        let past = self
            .numbers
            .get(&id)
            .and_then(|number| self.pasts.get(number));
        past.map_or(Value::Null, |past| {
            kept::written(&(
                past.newest,
                past.first_live,
                past.joined,
                past.is_filled,
                past.task,
            ))
        })
    }

    /// Takes what a recording holds of that.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn keep(&mut self, id: SymbolId, known: Value) -> Result<(), Rejection> {
        let number = self.numbers.get(&id);
        if let Some(past) = number.and_then(|number| self.pasts.get_mut(number))
            && !known.is_null()
        {
            (
                past.newest,
                past.first_live,
                past.joined,
                past.is_filled,
                past.task,
            ) = kept::read(known)?;
        }
        Ok(())
    }

    /// The connection is new: what was under way will not be answered.
    pub(super) fn opened(&mut self) {
        for past in self.pasts.values_mut() {
            past.first_live = None;
            past.joined = None;
            past.task = None;
        }
    }

    /// Looks at what an input has led to: bars and trades that have come, symbols that have been confirmed.
    pub(super) fn look(
        &mut self,
        (events, notices): (usize, usize),
        protocol: &dyn Protocol,
        now: UnixMs,
        output: &mut Output,
    ) {
        for event in output.events.get(events..).unwrap_or_default() {
            let start = match (&event.payload, event.time) {
                (Payload::Ohlcv(_), Some(time)) if !self.builds => time,
                (Payload::TimeAndSales(_), Some(time)) if self.builds => self.bar_of(time),
                _ => continue,
            };
            let number = self.numbers.get(&event.symbol);
            if let Some(past) = number.and_then(|number| self.pasts.get_mut(number)) {
                past.newest = past.newest.max(Some(start));
                past.first_live = Some(past.first_live.map_or(start, |first| first.min(start)));
            }
        }
        let confirmed = |notice: &Notice| match notice {
            Notice::Subscribed(id) => Some(*id),
            _ => None,
        };
        let new = output.notices.get(notices..).unwrap_or_default();
        let confirmed: Vec<SymbolId> = new.iter().filter_map(confirmed).collect();
        for id in confirmed {
            self.begin(id, protocol, now, output);
        }
    }

    fn bar_of(&self, time: UnixMs) -> UnixMs {
        let bars = time.0.div_euclid(self.interval_ms);
        UnixMs(bars.saturating_mul(self.interval_ms))
    }

    /// Asks for what is missing of a symbol that the stream gives from now on.
    fn begin(&mut self, id: SymbolId, protocol: &dyn Protocol, now: UnixMs, output: &mut Output) {
        let open = self.bar_of(now);
        let (interval_ms, builds, oldest) = (self.interval_ms, self.builds, self.oldest(open));
        let number = self.numbers.get(&id);
        let Some(past) = number.and_then(|number| self.pasts.get_mut(number)) else {
            return;
        };
        past.joined = builds.then_some(open);
        let until = if builds {
            open
        } else {
            open.plus_ms(interval_ms)
        };
        let (from, is_whole) = match past.newest.filter(|_| past.is_filled) {
            Some(newest) if !builds && newest >= open => return,
            Some(newest) => (newest, false),
            None => (oldest, true),
        };
        let rows = (until.0.saturating_sub(from.0) / interval_ms).clamp(0, i64::from(BARS_MAX));
        let left = match self.span {
            Span::Bars(bars) if is_whole => bars,
            _ => u32::try_from(rows).unwrap_or(BARS_MAX),
        };
        if left > 0 && from < until {
            past.ask(Task::new(from, until, left, is_whole), protocol, output);
        }
    }

    /// The earliest bar that can be wanted. Where bars are counted, there are hours and minutes without any.
    fn oldest(&self, open: UnixMs) -> UnixMs {
        let back_ms = match self.span {
            Span::Time(ms) => ms,
            Span::Bars(bars) if self.has_nights => {
                i64::from(bars) * self.interval_ms * 6 + 5 * DAY_MS
            }
            Span::Bars(bars) => i64::from(bars) * self.interval_ms * 3,
        };
        self.bar_of(open.plus_ms(-back_ms))
    }

    /// About a second has passed.
    pub(super) fn tick(&mut self, protocol: &dyn Protocol, now: UnixMs, output: &mut Output) {
        let over = now.plus_ms(-self.interval_ms - JOINED_AFTER_MS);
        for past in self.pasts.values_mut() {
            match past.task {
                Some(task) if task.retry_at.is_some_and(|at| at <= now) => {
                    past.ask(task, protocol, output);
                }
                None if past.joined.is_some_and(|joined| joined <= over) => {
                    if let Some(joined) = past.joined.take() {
                        let until = joined.plus_ms(self.interval_ms);
                        past.ask(Task::new(joined, until, 1, false), protocol, output);
                    }
                }
                _ => {}
            }
        }
    }

    /// Takes an answer, if it is one to a request of this kind.
    pub(super) fn answered(
        &mut self,
        answer: &Answer<'_>,
        protocol: &dyn Protocol,
        now: UnixMs,
        output: &mut Output,
    ) -> bool {
        let Some(past) = self.pasts.get_mut(&answer.id) else {
            return false;
        };
        if answer.status != 200 {
            past.failed(answer, None, now, output);
            return true;
        }
        let text = text_of(Incoming::Binary(answer.body));
        match text.and_then(|text| protocol.read_past(past.id, text)) {
            Err(rejection) => past.failed(answer, Some(&rejection), now, output),
            Ok(bars) => {
                let next = past.take(bars, (self.builds, self.interval_ms), output);
                if let Some(task) = next {
                    past.ask(task, protocol, output);
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
