//! The LEVEL1 service: the quote as last known, put together from what each message carries, and what the venue says of
//! the symbol beside it.

use std::sync::Arc;

use crate::domain::quote::{Level1, SymbolFacts};
use crate::domain::time::Session;
use crate::domain::{Decimal, to_f64};

#[derive(Debug, Default)]
pub(super) struct Level1Service {
    quote: Level1,
    facts: Option<Arc<SymbolFacts>>,
    session: Option<Session>,
}

impl Level1Service {
    /// Takes a message over into the quote and returns it.
    pub fn take(&mut self, change: &Level1, session: Option<Session>) -> &Level1 {
        self.enter(session);
        self.quote.merge(change);
        &self.quote
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
        if session.is_none() || session == self.session {
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
        self.session = session;
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

    pub fn session_volume(&self) -> Option<f64> {
        self.quote.volume.map(to_f64)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use crate::domain::quote::Trading;
    use crate::domain::time::{SessionCalendar, UnixMs};

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
        service.take(&Level1::default(), day(86_400_000));
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
        service.take(&first, day(0));
        let second = Level1 {
            ask: Some(Decimal::new(102, 1)),
            ..Level1::default()
        };
        let quote = *service.take(&second, day(1));
        assert_eq!(quote.bid, first.bid);
        assert_eq!(quote.ask, second.ask);
        assert_eq!(service.session_volume(), Some(500.0));
        service.take(&second, day(86_400_000));
        assert_eq!(service.session_volume(), None);
        assert_eq!(service.quote().bid, first.bid);
    }
}
