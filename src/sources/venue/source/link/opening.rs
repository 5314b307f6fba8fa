//! How a connection comes to be open.

use std::sync::Arc;

use rustls::ClientConfig;
use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::domain::outcome::{ErrorKind, Status};
use crate::sources::venue::connection::{DialError, Socket, dial, host_of};
use crate::sources::venue::pacing::Pace;
use crate::sources::venue::rest::Answered;
use crate::sources::venue::session::Input;
use crate::sources::venue::{Connect, Ending};

use super::reading::bytes_of;
use super::{Arriving, Delivering, Desk, Link, Phase};

/// Requests that a protocol may make before one attempt: more is a protocol that goes in circles.
const ASKS_MAX: u32 = 8;

impl Link {
    /// Begins an attempt, if it is time for one, and if there may be one.
    pub(in crate::sources::venue::source) fn begin(
        &mut self,
        trust: &Arc<ClientConfig>,
        pace: &mut Pace,
        desk: &mut Desk,
    ) {
        let now = Instant::now();
        let is_due = match self.phase {
            Phase::Idle => !self.symbols.is_empty(),
            Phase::Waiting(until) => until <= now,
            _ => false,
        };
        if !is_due {
            return;
        }
        if self.symbols.is_empty() {
            self.phase = Phase::Idle;
            return self.meter_change(desk, |meters| meters.next_retry = None);
        }
        if let Some(until) = pace.ready_at(1, now) {
            // Others have used up what the venue allows meanwhile.
            self.phase = Phase::Waiting(until);
            return;
        }
        pace.take(1, now);
        self.attempt += 1;
        self.asked = 0;
        self.delivering = Delivering::Nothing;
        self.connect(trust, pace, desk);
    }

    /// Asks the protocol what to do for a connection, and does it.
    fn connect(&mut self, trust: &Arc<ClientConfig>, pace: &mut Pace, desk: &mut Desk) {
        match self.session.protocol().connect() {
            Connect::Open(endpoint) => {
                for secret in endpoint
                    .secret_query
                    .iter()
                    .chain(endpoint.headers.iter().map(|(_, value)| value))
                {
                    if !secret.expose_secret().is_empty() {
                        desk.secrets.add(secret);
                    }
                }
                self.host = host_of(&endpoint.url);
                let moment = desk.moment();
                let limit = self.timings.dial;
                let dialing = dial(endpoint, Arc::clone(trust), limit, moment.wall);
                self.phase = Phase::Dialing(Box::pin(dialing));
                let host = self.host.clone();
                self.meter_change(desk, |meters| {
                    meters.host = host;
                    meters.next_retry = None;
                });
                desk.tell(Status::Connecting, &self.host.clone(), moment);
            }
            Connect::Ask(request) if self.asked < ASKS_MAX => {
                self.asked += 1;
                self.asks.push(request);
                self.phase = Phase::Asking;
                self.meter_change(desk, |meters| meters.next_retry = None);
            }
            Connect::Ask(_) => {
                let ending = Ending::retry(
                    ErrorKind::ConnectionError,
                    "the venue's answers lead to no connection",
                );
                self.lose(&ending, None, None, pace, desk);
            }
            Connect::Refuse(ending) => self.lose(&ending, None, None, pace, desk),
        }
    }

    /// A request has been answered that this attempt has made.
    pub(in crate::sources::venue::source) fn answered(
        &mut self,
        answered: &Answered,
        trust: &Arc<ClientConfig>,
        pace: &mut Pace,
        desk: &mut Desk,
    ) {
        let moment = desk.moment();
        self.give(Input::Answered(answered.answer()), moment, desk);
        desk.post_events(moment.mono);
        if matches!(self.phase, Phase::Asking) && self.ending.is_none() && self.asks.is_empty() {
            self.connect(trust, pace, desk);
        }
    }

    /// An attempt has come to its end.
    pub(super) fn dialed(
        &mut self,
        result: Result<Socket, DialError>,
        pace: &mut Pace,
        desk: &mut Desk,
    ) {
        let socket = match result {
            Ok(socket) => socket,
            Err(DialError::Refused {
                status,
                retry_after,
                has_key,
            }) => {
                let ending = self
                    .session
                    .protocol()
                    .refused(status, self.needs_login || has_key);
                return self.lose(&ending, retry_after, None, pace, desk);
            }
            Err(DialError::Failed(message)) => {
                let ending = Ending::retry(ErrorKind::ConnectionError, message);
                return self.lose(&ending, None, None, pace, desk);
            }
            Err(DialError::Useless(message)) => {
                let ending = Ending::never(ErrorKind::ConfigError, message);
                return self.lose(&ending, None, None, pace, desk);
            }
        };
        let moment = desk.moment();
        self.arriving = Arriving::after(bytes_of(&socket));
        self.phase = Phase::Open(Box::new(socket));
        self.opened = moment.timer;
        self.heard = moment.timer;
        self.pinged = moment.timer;
        self.outgoing.clear();
        self.give(Input::Opened, moment, desk);
        if !self.needs_login && self.ready_since.is_none() {
            self.ready(moment, desk);
        }
        desk.post_events(moment.mono);
    }
}
