//! The LEVEL1 service: the quote as last known, put together from what each message carries, and what the venue says of
//! the symbol beside it.
//!
//! Each field has a time of its own: messages may carry some fields only, and two kinds of them may be stamped differently.
//! What has no time is as new as its coming.

use std::sync::Arc;

use crate::domain::quote::{Level1, SymbolFacts};
use crate::domain::time::{Session, UnixMs};
use crate::domain::{Decimal, to_f64};

/// So many older messages in a row are no stragglers any more: the source's clock has been set back.
const STRAGGLERS_MAX: u32 = 20;
/// Nor are those that have nothing newer between them for so long by their own clock.
const STRAGGLING_MAX_MS: i64 = 5_000;
/// The places of the best prices and of the last one among the fields.
const BID: usize = 0;
const ASK: usize = 2;
const LAST: usize = 4;

/// What has become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
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

#[derive(Debug, Default)]
pub(super) struct Level1Service {
    quote: Level1,
    /// Of when each field of the quote is, where that is known.
    times: [Option<UnixMs>; Level1::FIELDS],
    stragglers: Option<Stragglers>,
    facts: Option<Arc<SymbolFacts>>,
    session: Option<Session>,
}

impl Level1Service {
    /// Takes a message over into the quote, but for what is older than what is known.
    pub fn take(
        &mut self,
        time: Option<UnixMs>,
        change: &Level1,
        session: Option<Session>,
    ) -> Taken {
        self.enter(session);
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
        self.session = None;
        self.enter(session);
        self.merge(Some(time), change);
        Taken::SetBack
    }

    fn merge(&mut self, time: Option<UnixMs>, change: &Level1) -> Taken {
        let (mut is_any, mut is_whole) = (false, true);
        let known = self.quote.fields_mut().into_iter().zip(&mut self.times);
        for ((known, of), newer) in known.zip(change.fields()) {
            if newer.is_none() {
                continue;
            }
            if time.is_some() && time < *of {
                is_whole = false;
                continue;
            }
            *known = newer;
            *of = time.or(*of);
            is_any = true;
        }
        match (is_whole, is_any) {
            (true, _) => Taken::Whole,
            (false, true) => Taken::Part,
            (false, false) => Taken::Nothing,
        }
    }

    /// Of when the newest part of the quote is, where that is known.
    pub fn time(&self) -> Option<UnixMs> {
        self.times.into_iter().max().flatten()
    }

    /// Of when the bid and the ask are, where that is known; the newer of the two.
    pub fn sides_time(&self) -> Option<UnixMs> {
        self.times[BID].max(self.times[ASK])
    }

    /// Takes over what the venue says beside the quote. Whether anything is new.
    pub fn take_facts(&mut self, newer: &SymbolFacts, session: Option<Session>) -> bool {
        let before = self.facts.clone();
        self.enter(session);
        Arc::make_mut(self.facts.get_or_insert_default()).merge(newer);
        match (&before, &self.facts) {
            (None, Some(facts)) => **facts != SymbolFacts::default(),
            (before, facts) => before != facts,
        }
    }

    fn enter(&mut self, session: Option<Session>) {
        let Some(session) = session else { return };
        if self
            .session
            .is_some_and(|known| session.start <= known.start)
        {
            return;
        }
        if self.session.is_some() {
            // The volume counts from the session's start, and limits and the close before are the session's own; prices
            // stay until they change, and a halt until it is lifted.
            self.quote.volume = None;
            if let Some(facts) = &mut self.facts {
                let facts = Arc::make_mut(facts);
                facts.previous_close = None;
                facts.lower_limit = None;
                facts.upper_limit = None;
            }
        }
        self.session = Some(session);
    }

    pub fn facts(&self) -> Option<&Arc<SymbolFacts>> {
        self.facts.as_ref()
    }

    /// Close of the session before, by the venue's reckoning.
    pub fn previous_close(&self) -> Option<f64> {
        self.facts.as_ref()?.previous_close.map(to_f64)
    }

    pub fn quote(&self) -> &Level1 {
        &self.quote
    }

    pub fn last(&self) -> Option<Decimal> {
        self.quote.last
    }

    /// Of when the last price is, where that is known.
    pub fn last_time(&self) -> Option<UnixMs> {
        self.times[LAST]
    }

    pub fn session_volume(&self) -> Option<f64> {
        self.quote.volume.map(to_f64)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use crate::domain::quote::Trading;
    use crate::domain::time::{SessionCalendar, UnixMs};

    use super::Taken::{Nothing, Part, SetBack, Whole};
    use super::*;

    #[test]
    fn facts_are_put_together_and_some_end_with_the_session() {
        let mut service = Level1Service::default();
        let day = |ms| SessionCalendar::UtcDay.session_of(UnixMs(ms));
        let close = SymbolFacts {
            previous_close: Some(Decimal::new(995, 1)),
            ..SymbolFacts::default()
        };
        let halt = SymbolFacts {
            trading: Some(Trading::Halted),
            reason: Some("news pending".into()),
            ..SymbolFacts::default()
        };
        assert!(
            !service.take_facts(&SymbolFacts::default(), None),
            "it says nothing"
        );
        assert!(service.take_facts(&close, None));
        assert!(service.take_facts(&halt, day(1)));
        assert!(!service.take_facts(&halt, day(2)), "nothing new");
        assert_eq!(service.previous_close(), Some(99.5));
        service.take(None, &Level1::default(), day(86_400_000));
        assert_eq!(service.previous_close(), None);
        let facts = service.facts().unwrap();
        assert_eq!(facts.trading, Some(Trading::Halted), "it is not lifted");
        assert_eq!(facts.reason.as_deref(), Some("news pending"));
    }

    #[test]
    fn a_quote_keeps_what_a_message_does_not_carry_and_volume_starts_with_the_session() {
        let mut service = Level1Service::default();
        let day = |ms| SessionCalendar::UtcDay.session_of(UnixMs(ms));
        let first = Level1 {
            bid: Some(Decimal::new(100, 1)),
            volume: Some(Decimal::from(500)),
            ..Level1::default()
        };
        service.take(None, &first, day(0));
        let second = Level1 {
            ask: Some(Decimal::new(102, 1)),
            ..Level1::default()
        };
        service.take(None, &second, day(1));
        let quote = *service.quote();
        assert_eq!(quote.bid, first.bid);
        assert_eq!(quote.ask, second.ask);
        assert_eq!(service.session_volume(), Some(500.0));
        service.take(None, &second, day(86_400_000));
        assert_eq!(service.session_volume(), None);
        assert_eq!(service.quote().bid, first.bid);
    }

    fn bid(price: i64) -> Level1 {
        Level1 {
            bid: Some(price.into()),
            ..Level1::default()
        }
    }

    fn last(price: i64) -> Level1 {
        Level1 {
            last: Some(price.into()),
            ..Level1::default()
        }
    }

    #[test]
    fn what_is_older_than_what_is_known_is_left_out_field_by_field() {
        let mut service = Level1Service::default();
        let mut take = |ms: Option<i64>, change: &Level1| {
            let taken = service.take(ms.map(UnixMs), change, None);
            let Level1 { bid, last, .. } = *service.quote();
            (taken, [bid, last].map(|price| price.map(to_f64)))
        };
        assert_eq!(take(Some(50), &bid(10)), (Whole, [Some(10.0), None]));
        assert_eq!(take(Some(40), &bid(9)), (Nothing, [Some(10.0), None]));
        // It is the newest of its kind that is known.
        assert_eq!(take(Some(30), &last(8)), (Whole, [Some(10.0), Some(8.0)]));
        let both = Level1 {
            bid: Some(7.into()),
            ..last(7)
        };
        assert_eq!(take(Some(45), &both), (Part, [Some(10.0), Some(7.0)]));
        assert_eq!(take(Some(50), &bid(11)), (Whole, [Some(11.0), Some(7.0)]));
        assert_eq!(take(None, &both), (Whole, [Some(7.0), Some(7.0)]));
        assert_eq!(take(Some(49), &bid(12)), (Nothing, [Some(7.0), Some(7.0)]));
        assert_eq!(service.time(), Some(UnixMs(50)));
    }

    #[test]
    fn a_quote_of_yesterday_does_not_end_the_session() {
        let mut service = Level1Service::default();
        let day = |ms| SessionCalendar::UtcDay.session_of(UnixMs(ms));
        let volume = Level1 {
            volume: Some(5.into()),
            ..Level1::default()
        };
        service.take(Some(UnixMs(86_400_000)), &volume, day(86_400_000));
        service.take(Some(UnixMs(86_399_999)), &bid(1), day(86_399_999));
        assert_eq!(service.session_volume(), Some(5.0));
        service.take_facts(&SymbolFacts::default(), day(86_399_999));
        assert_eq!(service.session_volume(), Some(5.0));
    }

    #[test]
    fn a_clock_that_has_been_set_back_is_believed_after_a_while() {
        let taken = |times: &mut dyn Iterator<Item = i64>| -> Vec<Taken> {
            let mut service = Level1Service::default();
            service.take(Some(UnixMs(1_000_000)), &bid(1), None);
            times
                .map(|ms| service.take(Some(UnixMs(ms)), &bid(2), None))
                .filter(|taken| *taken != Taken::Nothing)
                .collect()
        };
        let still = STRAGGLERS_MAX as usize;
        let stands = |count| std::iter::repeat_n(500_000, count);
        assert_eq!(taken(&mut stands(still - 1)), []);
        assert_eq!(taken(&mut stands(still + 2)), [SetBack, Whole, Whole]);
        assert_eq!(taken(&mut [500_000, 504_999].into_iter()), []);
        assert_eq!(taken(&mut [500_000, 505_000].into_iter()), [SetBack]);
        let with_newer = (0..100).flat_map(|n| [500_000 + 1000 * n, 1_000_000 + n]);
        assert_eq!(taken(&mut with_newer.into_iter()), [Whole; 100]);
    }
}
