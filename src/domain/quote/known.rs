//! A quote as last known, put together from what each message carries.
//!
//! Each field has a time of its own: messages may carry some fields only, and two kinds of them may be stamped differently.
//! What has no time is as new as its coming.

use super::Level1;
use crate::domain::Decimal;
use crate::domain::time::UnixMs;

/// So many older messages in a row are no stragglers any more: the source's clock has been set back.
const STRAGGLERS_MAX: u32 = 20;
/// Nor are those that have nothing newer between them for so long by their own clock.
const STRAGGLING_MAX_MS: i64 = 5_000;

/// What has become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is in the quote.
    Whole,
    /// A part of it is; the rest is older than what is known.
    Part,
    /// All of it is older than what is known.
    Nothing,
    /// It is in the quote although it is older: the source's clock has been set back.
    SetBack,
}

/// Older messages without a newer one between them.
#[derive(Debug, Clone, Copy)]
struct Stragglers {
    count: u32,
    first: UnixMs,
}

/// A quote, and of when each field of it is.
#[derive(Debug, Clone, Default)]
pub struct KnownQuote {
    /// The quote.
    pub quote: Level1,
    /// Of when each of its fields is, in their order, where that is known.
    times: [Option<UnixMs>; Level1::FIELDS],
    stragglers: Option<Stragglers>,
}

impl KnownQuote {
    /// Takes a message over, but for what is older than what is known.
    pub fn take(&mut self, time: Option<UnixMs>, change: &Level1) -> Taken {
        let taken = self.merge(time, change);
        let Some(time) = time else { return taken };
        if taken == Taken::Whole {
            self.stragglers = None;
            return taken;
        }
        let run = self.stragglers.get_or_insert(Stragglers {
            count: 0,
            first: time,
        });
        run.count += 1;
        let lasts = time.0.saturating_sub(run.first.0) >= STRAGGLING_MAX_MS;
        if run.count < STRAGGLERS_MAX && !lasts {
            return taken;
        }
        self.stragglers = None;
        self.times = Default::default();
        self.merge(Some(time), change);
        Taken::SetBack
    }

    /// Field by field, and without copying those that are not there: this is done with every quote.
    fn merge(&mut self, time: Option<UnixMs>, change: &Level1) -> Taken {
        let (mut is_any, mut is_whole) = (false, true);
        let mut times = self.times.iter_mut();
        let mut take = |known: &mut Option<Decimal>, newer: &Option<Decimal>| {
            let Some(of) = times.next().filter(|_| newer.is_some()) else {
                return;
            };
            if time.is_some() && time < *of {
                is_whole = false;
                return;
            }
            *known = *newer;
            *of = time.or(*of);
            is_any = true;
        };
        let Level1 {
            bid,
            bid_size,
            ask,
            ask_size,
            last,
            last_size,
            volume,
        } = change;
        let quote = &mut self.quote;
        take(&mut quote.bid, bid);
        take(&mut quote.bid_size, bid_size);
        take(&mut quote.ask, ask);
        take(&mut quote.ask_size, ask_size);
        take(&mut quote.last, last);
        take(&mut quote.last_size, last_size);
        take(&mut quote.volume, volume);
        match (is_whole, is_any) {
            (true, _) => Taken::Whole,
            (false, true) => Taken::Part,
            (false, false) => Taken::Nothing,
        }
    }

    /// Of when the bid and the ask are, where that is known; the newer of the two.
    #[must_use]
    pub fn sides_time(&self) -> Option<UnixMs> {
        let [bid, _, ask, ..] = self.times;
        bid.max(ask)
    }

    /// Of when each field of the quote is, in their order, where that is known.
    #[must_use]
    pub fn times(&self) -> [Option<UnixMs>; Level1::FIELDS] {
        self.times
    }

    /// Of when the newest part of the quote is, where that is known.
    #[must_use]
    pub fn time(&self) -> Option<UnixMs> {
        self.times.into_iter().max().flatten()
    }
}
