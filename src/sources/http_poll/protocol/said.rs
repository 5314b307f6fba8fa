//! What has been given out of a symbol, so that it is not given out again.
//!
//! Quotes and books are states: one is new when it is not what the last answer said. Bars, trades and news happen once:
//! they are remembered beyond the last answer, because an endpoint may leave some out, and bring them again.

use rustc_hash::FxHashMap;

use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::event::Payload;
use crate::domain::time::UnixMs;

/// So many times are remembered at least; a long answer has twice as many remembered as it holds.
const REMEMBERED_MIN: usize = 1000;

/// By what something that happens once is found again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    At(UnixMs),
    /// The trade's name, or the headline.
    Named(Box<str>),
}

impl Key {
    /// `None` for a state, and for what cannot be told from another of its kind.
    fn of(time: Option<UnixMs>, payload: &Payload) -> Option<Self> {
        let name = match payload {
            Payload::Ohlcv(_) => None,
            Payload::TimeAndSales(trade) => trade.trade_id.as_ref().map(ToString::to_string),
            Payload::News(news) => Some(news.headline.clone()),
            _ => return None,
        };
        time.map(Self::At)
            .or(name.map(|name| Self::Named(name.into())))
    }
}

/// Something that was given out, and the answer that has said it last.
#[derive(Debug)]
struct Once {
    payload: Payload,
    answer: u64,
}

/// What has been given out of a symbol.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Counts the answers that held anything of the symbol.
    answer: u64,
    /// What this answer has said of states, and what the one before had said.
    states: FxHashMap<Option<UnixMs>, Vec<Payload>>,
    before: FxHashMap<Option<UnixMs>, Vec<Payload>>,
    /// What happened once and was said lately, and what was said earlier: of that, what is said again moves to the first.
    lately: FxHashMap<Key, Vec<Once>>,
    earlier: FxHashMap<Key, Vec<Once>>,
    rows: usize,
}

impl Said {
    /// An answer that holds something of the symbol begins.
    pub(super) fn begin(&mut self) {
        self.answer += 1;
        self.rows = 0;
        self.before = std::mem::take(&mut self.states);
    }

    /// Takes what the answer says. Whether it is new is the answer.
    pub(super) fn is_new(&mut self, time: Option<UnixMs>, payload: &Payload) -> bool {
        self.rows += 1;
        let Some(key) = Key::of(time, payload) else {
            let known = self.before.get_mut(&time).and_then(|known| {
                let at = known.iter().position(|one| one == payload)?;
                Some(known.swap_remove(at))
            });
            self.states.entry(time).or_default().push(payload.clone());
            return known.is_none();
        };
        let answer = self.answer;
        let known = self.recall(key);
        if let Payload::Ohlcv(_) = payload
            && let Some(bar) = known.iter_mut().find(|one| is_bar(&one.payload))
        {
            bar.answer = answer;
            let is_new = bar.payload != *payload;
            bar.payload.clone_from(payload);
            return is_new;
        }
        // What an answer says twice has happened twice.
        let again = known
            .iter_mut()
            .find(|one| one.answer != answer && one.payload == *payload);
        if let Some(again) = again {
            again.answer = answer;
            return false;
        }
        if known.len() >= REMEMBERED_MIN {
            // They have a day at most for their time, and pile up.
            known.retain(|one| one.answer + 1 >= answer);
        }
        let payload = payload.clone();
        known.push(Once { payload, answer });
        true
    }

    /// The answer ends: what has not been said for long is forgotten.
    pub(super) fn end(&mut self) {
        self.before.clear();
        if self.lately.len() > REMEMBERED_MIN.max(2 * self.rows) {
            self.earlier = std::mem::take(&mut self.lately);
        }
    }

    /// What is so, and bars, which take the place of their like, are to be given out again although nothing has changed.
    pub(super) fn forget_states(&mut self) {
        self.states.clear();
        self.before.clear();
        for known in [&mut self.lately, &mut self.earlier] {
            known.retain(|_, once| {
                once.retain(|one| !is_bar(&one.payload));
                !once.is_empty()
            });
        }
    }

    /// The bar that was given out for a time.
    pub(super) fn bar(&self, start: UnixMs) -> Option<&Ohlcv> {
        let key = Key::At(start);
        let known = self.lately.get(&key).or_else(|| self.earlier.get(&key))?;
        known.iter().find_map(|one| match &one.payload {
            Payload::Ohlcv(bar) => Some(bar),
            _ => None,
        })
    }

    fn recall(&mut self, key: Key) -> &mut Vec<Once> {
        if let Some(known) = self.earlier.remove(&key) {
            self.lately.insert(key.clone(), known);
        }
        self.lately.entry(key).or_default()
    }
}

fn is_bar(payload: &Payload) -> bool {
    matches!(payload, Payload::Ohlcv(_))
}

/// Whether anything was traded in a bar.
fn volume(bar: &Ohlcv) -> Decimal {
    bar.volume.unwrap_or_default()
}

/// What two rows say together of one bar. `is_whole` says that the second has the bar's own time: it counts, unless it
/// knows of no trade where the first does. One with a time within the bar is its last trade, by which it has grown.
pub(super) fn joined(bar: &Ohlcv, row: &Ohlcv, is_whole: bool) -> Ohlcv {
    if is_whole {
        let is_less = volume(row) == Decimal::default() && volume(bar) != Decimal::default();
        return if is_less { *bar } else { *row };
    }
    let most = |one: Option<Decimal>, other| one.max(other);
    let least = match (bar.low, row.low) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    Ohlcv {
        open: bar.open.or(row.open),
        high: most(bar.high, row.high),
        low: least,
        close: row.close.or(bar.close),
        volume: most(bar.volume, row.volume),
    }
}
