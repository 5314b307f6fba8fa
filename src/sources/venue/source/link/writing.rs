//! What is sent on a connection, and what is due on it.

use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::SinkExt;
use secrecy::ExposeSecret;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{self, Message as Frame};

use crate::domain::outcome::ErrorKind;
use crate::sources::venue::{Ending, Next, Outgoing};

use super::{Link, Phase, in_words};

impl Link {
    /// When something is to be done without anything having come.
    pub(in crate::sources::venue::source) fn deadline(&mut self, now: Instant) -> Option<Instant> {
        match &self.phase {
            Phase::Waiting(until) => Some(*until),
            Phase::Open(_) => {
                let after = |from: Instant, time: Duration| from.checked_add(time);
                let silence = after(self.heard, self.limits.silence);
                let ping = self.limits.ping.and_then(|every| after(self.pinged, every));
                let lifetime = self
                    .limits
                    .lifetime
                    .and_then(|time| after(self.opened, time));
                let login = self
                    .is_logging_in()
                    .then(|| after(self.opened, self.timings.login))
                    .flatten();
                let send = match self.outgoing.front() {
                    Some(_) => self.pace.ready_at(1, now),
                    None => None,
                };
                [silence, login, ping, lifetime, send]
                    .into_iter()
                    .flatten()
                    .min()
            }
            _ => None,
        }
    }

    /// Does what has become due. A new attempt is for the streamer to begin, which knows how many there may be.
    pub(in crate::sources::venue::source) fn on_time(&mut self, now: Instant) {
        if !self.is_open() {
            return;
        }
        if now.saturating_duration_since(self.heard) >= self.limits.silence {
            let quiet = in_words(self.limits.silence);
            let ending = Ending::retry(
                ErrorKind::ConnectionError,
                format!("nothing has come for {quiet}"),
            );
            self.ending.get_or_insert((ending, None));
        }
        if self.is_logging_in() && now.saturating_duration_since(self.opened) >= self.timings.login
        {
            let quiet = in_words(self.timings.login);
            let ending = Ending::retry(
                ErrorKind::ConnectionError,
                format!("the venue has not let this connection in within {quiet}"),
            );
            self.ending.get_or_insert((ending, Some(1000)));
        }
        if let Some(lifetime) = self.limits.lifetime
            && now.saturating_duration_since(self.opened) >= lifetime
        {
            let ending = Ending {
                kind: ErrorKind::ConnectionError,
                message: "opened anew before the venue cuts it".to_owned(),
                next: Next::AtOnce,
            };
            self.ending.get_or_insert((ending, Some(1000)));
        }
    }

    /// Sends what may be sent now.
    pub(super) fn poll_write(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<(), tungstenite::Error> {
        let Phase::Open(socket) = &mut self.phase else {
            return Ok(());
        };
        let now = Instant::now();
        if let Some(every) = self.limits.ping
            && now.saturating_duration_since(self.pinged) >= every
        {
            // One that finds no room is left out: the silence that follows says enough.
            self.pinged = now;
            if let Poll::Ready(ready) = socket.poll_ready_unpin(context) {
                ready?;
                socket.start_send_unpin(Frame::Ping(Vec::new().into()))?;
                self.is_unflushed = true;
            }
        }
        while !self.outgoing.is_empty() && self.pace.ready_at(1, now).is_none() {
            let Poll::Ready(ready) = socket.poll_ready_unpin(context) else {
                break;
            };
            ready?;
            if let Some(outgoing) = self.outgoing.pop_front() {
                let text = match outgoing {
                    Outgoing::Plain(text) => text,
                    Outgoing::Secret(text) => text.expose_secret().to_owned(),
                };
                socket.start_send_unpin(Frame::text(text))?;
                self.pace.take(1, now);
                self.is_unflushed = true;
            }
            if self.limits.shares_sends && !self.outgoing.is_empty() {
                // One text, and the others have their turn.
                context.waker().wake_by_ref();
                break;
            }
        }
        if self.is_unflushed
            && let Poll::Ready(flushed) = socket.poll_flush_unpin(context)
        {
            flushed?;
            self.is_unflushed = false;
        }
        Ok(())
    }
}
