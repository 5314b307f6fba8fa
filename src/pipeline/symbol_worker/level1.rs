//! The LEVEL1 service: the quote as last known, put together from what each message carries.

use crate::domain::quote::Level1;
use crate::domain::time::Session;
use crate::domain::{Decimal, to_f64};

#[derive(Debug, Default)]
pub(super) struct Level1Service {
    quote: Level1,
    session: Option<Session>,
}

impl Level1Service {
    /// Takes a message over into the quote and returns it.
    pub fn take(&mut self, change: &Level1, session: Option<Session>) -> &Level1 {
        if session.is_some() && session != self.session {
            self.session = session;
            // The volume counts from the session's start; prices stay until they change.
            self.quote.volume = None;
        }
        self.quote.merge(change);
        &self.quote
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
    use crate::domain::time::{SessionCalendar, UnixMs};

    use super::*;

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
