//! What comes in on an open connection.

use std::task::{Context, Poll};

use futures_util::StreamExt;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{self, Message as Frame};

use crate::domain::event::Payload;
use crate::domain::outcome::ErrorKind;
use crate::sources::venue::Ending;
use crate::sources::venue::connection::{Socket, ending_of};
use crate::sources::venue::pacing::Pace;
use crate::sources::venue::session::Input;

use super::{Desk, Link, Moment, Phase, incoming};

/// Messages that are read before others have their turn.
const FRAMES_TOGETHER: usize = 1024;

/// A delay that is longer than this is none: the time says something else.
const LATENCY_MS_MAX: i64 = 60_000;

/// What has been read at a time.
#[derive(Debug, Default)]
struct Count {
    frames: usize,
    bytes: usize,
}

impl Count {
    fn add(&mut self, bytes: usize) {
        self.frames += 1;
        self.bytes += bytes;
    }
}

/// How many bytes have come on a connection, those that opened it included.
pub(super) fn bytes_of(socket: &Socket) -> u64 {
    socket.get_ref().get_ref().get_ref().bytes()
}

impl Link {
    /// Goes on with whatever it is doing. Ready when something has happened.
    pub(in crate::sources::venue::source) fn poll(
        &mut self,
        context: &mut Context<'_>,
        pace: &mut Pace,
        desk: &mut Desk,
    ) -> Poll<()> {
        match &mut self.phase {
            Phase::Dialing(dialing) => {
                let Poll::Ready(result) = dialing.as_mut().poll(context) else {
                    return Poll::Pending;
                };
                self.dialed(result, pace, desk);
                Poll::Ready(())
            }
            Phase::Open(_) => self.poll_open(context, pace, desk),
            Phase::Failed => Poll::Pending,
            _ => match self.ending.take() {
                // A session may give up while it is not even connected.
                Some((ending, code)) => {
                    self.lose(&ending, None, code, pace, desk);
                    Poll::Ready(())
                }
                None => Poll::Pending,
            },
        }
    }

    fn poll_open(
        &mut self,
        context: &mut Context<'_>,
        pace: &mut Pace,
        desk: &mut Desk,
    ) -> Poll<()> {
        if let Err(error) = self.poll_write(context) {
            self.ending.get_or_insert_with(|| ending_of(&error));
        }
        let (frames, bytes) = self.read_all(context, desk);
        self.note_life(frames > 0);
        if frames > 0 {
            let now = desk.clock.monotonic();
            self.last_message = Some(now);
            desk.meters.messages.add(frames as u64);
            desk.meters.bytes.add(bytes as u64);
            desk.meters.last_message.set(now.0);
            if self.heard.saturating_duration_since(self.metered) >= self.timings.meters {
                self.meter(desk);
            }
        }
        match self.ending.take() {
            Some((ending, code)) => {
                self.lose(&ending, None, code, pace, desk);
                Poll::Ready(())
            }
            None if frames > 0 => Poll::Ready(()),
            None => Poll::Pending,
        }
    }

    /// Whatever comes is a sign of life, also a part of a message.
    fn note_life(&mut self, is_whole: bool) {
        if let Phase::Open(socket) = &self.phase {
            let bytes = bytes_of(socket);
            let now = Instant::now();
            if self.arriving.note(bytes, is_whole, now, self.timings.tick) {
                self.heard = now;
            }
        }
    }

    /// Reads whatever is there: how many messages, and bytes in them.
    fn read_all(&mut self, context: &mut Context<'_>, desk: &mut Desk) -> (usize, usize) {
        let mut count = Count::default();
        let mut moment = None;
        loop {
            self.read_whole(&mut moment, &mut count, desk);
            if count.frames >= FRAMES_TOGETHER || self.ending.is_some() {
                break;
            }
            let Phase::Open(socket) = &mut self.phase else {
                break;
            };
            match socket.poll_next_unpin(context) {
                Poll::Ready(next) => {
                    let moment = *moment.get_or_insert_with(|| desk.moment());
                    self.take_next(next, moment, &mut count, desk);
                }
                Poll::Pending if socket.get_mut().has_message() => {}
                Poll::Pending => break,
            }
        }
        if let Some(moment) = moment {
            self.note_latency(moment, desk);
            desk.post_events(moment.mono);
        }
        (count.frames, count.bytes)
    }

    /// Takes the messages that have been read already and need no websocket client.
    fn read_whole(&mut self, moment: &mut Option<Moment>, count: &mut Count, desk: &mut Desk) {
        let Phase::Open(socket) = &mut self.phase else {
            return;
        };
        let mut messages = socket.get_mut().messages();
        while count.frames < FRAMES_TOGETHER
            && self.ending.is_none()
            && let Some(message) = messages.take()
        {
            count.add(message.bytes().len());
            let moment = *moment.get_or_insert_with(|| desk.moment());
            self.give(Input::Message(message), moment, desk);
        }
        if let Phase::Open(socket) = &mut self.phase {
            socket.get_mut().put_back(messages);
        }
    }

    /// Takes what the websocket client gives.
    fn take_next(
        &mut self,
        next: Option<Result<Frame, tungstenite::Error>>,
        moment: Moment,
        count: &mut Count,
        desk: &mut Desk,
    ) {
        match next {
            Some(Ok(Frame::Close(frame))) => {
                let ending = match &frame {
                    Some(frame) => {
                        let protocol = self.session.protocol();
                        protocol.closed(frame.code.into(), frame.reason.as_str())
                    }
                    None => Ending::retry(
                        ErrorKind::ConnectionError,
                        "the venue closed the connection",
                    ),
                };
                self.ending.get_or_insert((ending, None));
            }
            Some(Ok(frame)) => {
                count.add(frame.len());
                if let Some(message) = incoming(&frame) {
                    self.give(Input::Message(message), moment, desk);
                }
            }
            Some(Err(error)) => {
                self.ending.get_or_insert_with(|| ending_of(&error));
            }
            None => {
                let ending = Ending::retry(ErrorKind::ConnectionError, "the venue has gone away");
                self.ending.get_or_insert((ending, None));
            }
        }
    }

    /// From the venue's time stamp to here, by the last event at hand that names the moment at which it happened.
    fn note_latency(&mut self, moment: Moment, desk: &Desk) {
        let names_moment = |payload: &Payload| {
            matches!(
                payload,
                Payload::Level1(_) | Payload::Level2(_) | Payload::TimeAndSales(_)
            )
        };
        let last = desk.output.events.iter().rev();
        let Some(time) = last
            .take(8)
            .find(|event| names_moment(&event.payload))
            .and_then(|event| event.time)
        else {
            return;
        };
        let ms = moment.wall.0.saturating_sub(time.0);
        // Two clocks never quite agree; what seems to come from the future came at once.
        if (-1000..=LATENCY_MS_MAX).contains(&ms) {
            let ms = ms.max(0) as f64;
            self.latency_ms = Some(match self.latency_ms {
                Some(before) => before + (ms - before) / 8.0,
                None => ms,
            });
        }
    }
}
