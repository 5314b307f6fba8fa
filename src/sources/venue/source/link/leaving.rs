//! How a connection is lost, and what follows.

use std::time::Duration;

use crate::domain::clock::Nanos;
use crate::domain::outcome::{ErrorKind, Status, StatusChange};
use crate::sources::venue::connection::leave;
use crate::sources::venue::options::Setup;
use crate::sources::venue::pacing::Pace;
use crate::sources::venue::session::Input;
use crate::sources::venue::{Ending, Next};

use super::{Desk, Link, Moment, Phase, in_words};

impl Link {
    /// The connection is lost, or never came about: what follows is for the ending to say.
    pub(in crate::sources::venue::source) fn lose(
        &mut self,
        ending: &Ending,
        retry_after: Option<Duration>,
        code: Option<u16>,
        pace: &mut Pace,
        desk: &mut Desk,
    ) {
        let moment = desk.moment();
        let was_open = self.is_open();
        if let Phase::Open(socket) = std::mem::replace(&mut self.phase, Phase::Idle) {
            // It says goodbye by itself; nothing waits for that.
            tokio::spawn(leave(*socket, code.unwrap_or(1000)));
        }
        self.outgoing.clear();
        self.asks.clear();
        self.is_unflushed = false;
        self.ready_since = None;
        self.ending = None;
        if was_open {
            self.give(Input::Closed, moment, desk);
            desk.post_events(moment.mono);
            // What it would still say to a connection that has gone leads nowhere.
            self.outgoing.clear();
            self.asks.clear();
            self.ending = None;
        }
        if ending.next == Next::Never {
            return self.give_up(ending, moment, desk);
        }
        if self.symbols.is_empty() {
            return self.meter_change(desk, |_| {});
        }
        self.come_back(ending, retry_after, was_open, moment, pace, desk);
    }

    /// Connects again, with keys that may be new, whatever it is doing.
    pub(in crate::sources::venue::source) fn reconnect(
        &mut self,
        setup: &Setup,
        pace: &mut Pace,
        desk: &mut Desk,
    ) {
        self.session.protocol().renew(setup);
        self.backoff.succeeded();
        self.waited = Duration::ZERO;
        self.was_at_once = false;
        self.failure = None;
        if self.is_open() {
            let ending = Ending {
                kind: ErrorKind::ConnectionError,
                message: "connecting again, as asked".to_owned(),
                next: Next::AtOnce,
            };
            return self.lose(&ending, None, Some(1000), pace, desk);
        }
        self.asks.clear();
        self.ending = None;
        self.phase = Phase::Idle;
        self.meter_change(desk, |meters| meters.next_retry = None);
    }

    fn give_up(&mut self, ending: &Ending, moment: Moment, desk: &mut Desk) {
        self.phase = Phase::Failed;
        let message = format!(
            "{}; not trying again until told to: reconnect {}",
            ending.message, desk.name
        );
        let mut failure = desk.error_of(ending, message);
        failure.time = Some(moment.wall);
        let last = failure.message.clone();
        self.failure = Some(failure);
        self.meter_change(desk, |meters| {
            meters.next_retry = None;
            meters.last_error = Some((moment.mono, last));
        });
    }

    fn come_back(
        &mut self,
        ending: &Ending,
        retry_after: Option<Duration>,
        was_open: bool,
        moment: Moment,
        pace: &mut Pace,
        desk: &mut Desk,
    ) {
        let is_planned = ending.next == Next::AtOnce && !self.was_at_once;
        let asked_for = match ending.next {
            Next::RetryAfter(least) => Some(retry_after.map_or(least, |other| other.max(least))),
            _ => retry_after,
        };
        let mut wait = if is_planned {
            self.was_at_once = true;
            Duration::ZERO
        } else {
            // Where the venue names a time, part of what is drawn comes on top, so that not everybody is back at that
            // moment; and a venue that names a short one again and again is left alone for longer and longer.
            let drawn = self.backoff.next();
            asked_for.map_or(drawn, |least| {
                let spread = drawn.min(least / 10 + self.timings.backoff.base);
                drawn.max(least.saturating_add(spread))
            })
        };
        if let Some(allowed) = pace.ready_at(1, moment.timer) {
            wait = wait.max(allowed.saturating_duration_since(moment.timer));
        }
        let until = moment.timer.checked_add(wait).unwrap_or(moment.timer);
        self.phase = Phase::Waiting(until);
        self.waited = wait;
        let what = if was_open { "lost" } else { "not connected" };
        let next = if wait.is_zero() {
            "connecting again at once".to_owned()
        } else {
            format!("retrying in {}", in_words(wait))
        };
        let message = format!("{what}: {}", ending.message);
        let change = format!("{message}; {next}");
        if !is_planned {
            let error = desk.error_of(ending, message).then(next);
            desk.error(error, moment);
        }
        let mut change =
            StatusChange::of_source(Status::Reconnecting, &desk.name).with_message(change);
        change.retry_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        desk.status(change, moment);
        let retry = Nanos(moment.mono.0.saturating_add(wait.as_nanos() as u64));
        let last = desk.secrets.hide(ending.message.clone());
        self.meter_change(desk, |meters| {
            meters.next_retry = Some(retry);
            if !is_planned {
                meters.last_error = Some((moment.mono, last));
            }
        });
    }
}
