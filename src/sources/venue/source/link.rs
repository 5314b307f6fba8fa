//! One connection with its session: dialling, sending, receiving, coming back.

mod opening;
mod reading;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::SinkExt;
use secrecy::ExposeSecret;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{self, Message as Frame};

use crate::domain::clock::Nanos;
use crate::domain::outcome::{ErrorInstance, ErrorKind, Status, StatusChange};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::pipeline::backoff::Backoff;
use crate::pipeline::meters::{ConnectionMeters, ConnectionState};
use crate::sources::venue::connection::{DialError, Socket, leave};
use crate::sources::venue::pacing::Pace;
use crate::sources::venue::rest::Asker;
use crate::sources::venue::session::{Input, Session};
use crate::sources::venue::{Ending, Incoming, Limits, Next, Notice, Outgoing, Request};

use super::Timings;
use super::desk::{Desk, Moment, in_words};

/// Events that are put on their way together at the most.
const EVENTS_TOGETHER: usize = 256;

/// What a connection is doing.
enum Phase {
    /// Nobody wants anything of it.
    Idle,
    /// Waits to try again.
    Waiting(Instant),
    /// Its protocol asks something over HTTP before it can be opened.
    Asking,
    /// Is being opened.
    Dialing(Dialing),
    /// Open.
    Open(Box<Socket>),
    /// Given up.
    Failed,
}

type Dialing = Pin<Box<dyn Future<Output = Result<Socket, DialError>> + Send>>;

/// One connection.
pub(super) struct Link {
    pub(super) number: usize,
    session: Session,
    limits: Limits,
    timings: Timings,
    /// Its symbols, in the order in which they were asked for.
    pub(super) symbols: Vec<(Symbol, SymbolId)>,
    phase: Phase,
    /// Counts attempts, so that answers to earlier ones are known.
    attempt: u64,
    /// Requests over HTTP that the streamer is to make.
    pub(super) asks: Vec<Request>,
    /// How many of them were needed for this attempt so far.
    asked: u32,
    /// Why it has been given up, until that has been told.
    pub(super) failure: Option<ErrorInstance>,
    backoff: Backoff,
    /// Whether it has come back at once already, without data since.
    was_at_once: bool,
    pace: Pace,
    outgoing: VecDeque<Outgoing>,
    is_unflushed: bool,
    /// What the session wants, or what has been found to be wrong: carried out when the messages at hand are done.
    ending: Option<(Ending, Option<u16>)>,
    host: String,
    is_ready: bool,
    has_data: bool,
    opened: Instant,
    ready_since: Nanos,
    heard: Instant,
    pinged: Instant,
    metered: Instant,
    last_message: Option<Nanos>,
    latency_ms: Option<f64>,
}

impl Link {
    pub(super) fn new(
        number: usize,
        session: Session,
        limits: Limits,
        timings: Timings,
        seed: u64,
    ) -> Self {
        let now = Instant::now();
        Self {
            number,
            session,
            limits,
            timings,
            symbols: Vec::new(),
            phase: Phase::Idle,
            attempt: 0,
            asks: Vec::new(),
            asked: 0,
            failure: None,
            backoff: Backoff::new(timings.backoff, seed),
            was_at_once: false,
            pace: Pace::new(limits.sends.0, limits.sends.1),
            outgoing: VecDeque::new(),
            is_unflushed: false,
            ending: None,
            host: String::new(),
            is_ready: false,
            has_data: false,
            opened: now,
            ready_since: Nanos(0),
            heard: now,
            pinged: now,
            metered: now,
            last_message: None,
            latency_ms: None,
        }
    }

    /// Who asks, when it asks something now.
    pub(super) fn asker(&self) -> Asker {
        Asker {
            connection: self.number,
            attempt: self.attempt,
        }
    }

    /// How many more symbols it takes.
    pub(super) fn room(&self) -> usize {
        if self.has_failed() {
            return 0;
        }
        let most = self.limits.symbols_per_connection.max(1);
        most.saturating_sub(self.symbols.len())
    }

    pub(super) fn has_failed(&self) -> bool {
        matches!(self.phase, Phase::Failed)
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open(_))
    }

    /// Whether nobody wants anything of it.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle)
    }

    /// Whether no attempt is under way.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Idle | Phase::Waiting(_) | Phase::Failed)
    }

    /// What it is doing, as people see it.
    pub(super) fn state(&self) -> ConnectionState {
        match self.phase {
            Phase::Failed => ConnectionState::Failed,
            Phase::Open(_) if self.is_ready => ConnectionState::Connected,
            _ if self.attempt > 1 || matches!(self.phase, Phase::Waiting(_)) => {
                ConnectionState::Reconnecting
            }
            _ => ConnectionState::Connecting,
        }
    }

    /// These symbols are wanted.
    pub(super) fn add(&mut self, symbols: Vec<(Symbol, SymbolId)>, desk: &mut Desk) {
        let moment = desk.moment();
        for (symbol, id) in &symbols {
            desk.symbols.insert(*id, (symbol.clone(), self.number));
            desk.seen.add(*id);
            // Its silence begins now, not when the connection was opened.
            desk.seen.mark(*id, moment.mono);
        }
        self.give(Input::Subscribe(&symbols), moment, desk);
        desk.post_events(moment.mono);
        self.symbols.extend(symbols);
        self.meter(desk);
    }

    /// These symbols are wanted no more.
    pub(super) fn remove(&mut self, symbols: &[(Symbol, SymbolId)], desk: &mut Desk) {
        let moment = desk.moment();
        self.give(Input::Unsubscribe(symbols), moment, desk);
        desk.post_events(moment.mono);
        self.symbols
            .retain(|(_, known)| !symbols.iter().any(|(_, id)| id == known));
        for (_, id) in symbols {
            desk.symbols.remove(id);
        }
        self.meter(desk);
    }

    /// A symbol's book is to begin anew.
    pub(super) fn resync(&mut self, symbol: &(Symbol, SymbolId), desk: &mut Desk) {
        let moment = desk.moment();
        self.give(Input::Resync(symbol), moment, desk);
        desk.post_events(moment.mono);
    }

    /// A recording has begun that knows nothing of this connection.
    pub(super) fn record_beginning(&mut self, has_books: bool, desk: &mut Desk) {
        let moment = desk.moment();
        if self.symbols.is_empty() {
            return;
        }
        if self.is_open() {
            desk.tap.write(self.number, moment.wall, &Input::Opened);
        }
        let subscribe = Input::Subscribe(&self.symbols);
        desk.tap.write(self.number, moment.wall, &subscribe);
        if has_books && self.is_open() {
            for symbol in self.symbols.clone() {
                self.resync(&symbol, desk);
            }
        }
    }

    /// Gives its session an input, and does what comes of it.
    fn give(&mut self, input: Input<'_>, moment: Moment, desk: &mut Desk) {
        desk.tap.write(self.number, moment.wall, &input);
        let before = desk.output.events.len();
        self.session.take(input, moment.wall, &mut desk.output);
        let sample = match &input {
            Input::Message(message) => {
                self.note_data(before, moment, desk);
                Some(message.bytes())
            }
            Input::Answered(answer) => {
                self.note_data(before, moment, desk);
                Some(answer.body)
            }
            _ => None,
        };
        let output = &desk.output;
        if !(output.notices.is_empty()
            && output.send.is_empty()
            && output.ask.is_empty()
            && output.ending.is_none())
        {
            self.carry_out(sample, moment, desk);
        } else if output.events.len() >= EVENTS_TOGETHER {
            desk.post_events(moment.mono);
        }
    }

    /// Data has come, if any has: it counts as a connection that works.
    fn note_data(&mut self, before: usize, moment: Moment, desk: &mut Desk) {
        let Some(events) = desk.output.events.get(before..) else {
            return;
        };
        for event in events {
            desk.seen.mark(event.symbol, moment.mono);
        }
        if !events.is_empty() && !self.has_data {
            self.has_data = true;
            self.was_at_once = false;
            self.backoff.succeeded();
            if !self.is_ready && self.is_open() {
                self.ready(moment, desk);
            }
        }
    }

    fn carry_out(&mut self, sample: Option<&[u8]>, moment: Moment, desk: &mut Desk) {
        desk.post_events(moment.mono);
        let mut notices = std::mem::take(&mut desk.output.notices);
        for notice in notices.drain(..) {
            let opens = matches!(notice, Notice::Ready | Notice::Subscribed(_));
            if opens && !self.is_ready && self.is_open() {
                self.ready(moment, desk);
            }
            desk.notice(notice, sample, moment);
        }
        desk.output.notices = notices;
        self.outgoing.extend(desk.output.send.drain(..));
        self.asks.append(&mut desk.output.ask);
        if let Some(ending) = desk.output.ending.take() {
            self.ending.get_or_insert((ending, Some(1000)));
        }
    }

    fn ready(&mut self, moment: Moment, desk: &mut Desk) {
        self.is_ready = true;
        self.ready_since = moment.mono;
        self.meter_change(desk, |_| {});
        desk.tell(Status::Connected, &self.host.clone(), moment);
    }

    /// The connection is lost, or never came about: what follows is for the ending to say.
    pub(super) fn lose(
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
        self.is_ready = false;
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

    fn give_up(&mut self, ending: &Ending, moment: Moment, desk: &mut Desk) {
        self.phase = Phase::Failed;
        let message = format!("{}; not trying again", ending.message);
        let mut failure = desk.error_of(ending, message);
        failure.time = Some(moment.wall);
        let last = failure.message.clone();
        self.failure = Some(failure);
        self.meter_change(desk, |meters| {
            meters.next_retry = None;
            meters.last_error = Some(last);
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
            // Where the venue names a time, what is drawn comes on top, so that not everybody is back at that moment.
            let drawn = self.backoff.next();
            asked_for.map_or(drawn, |least| {
                least.saturating_add(drawn.min(least / 10 + self.timings.backoff.base))
            })
        };
        if let Some(allowed) = pace.ready_at(1, moment.timer) {
            wait = wait.max(allowed.saturating_duration_since(moment.timer));
        }
        let until = moment.timer.checked_add(wait).unwrap_or(moment.timer);
        self.phase = Phase::Waiting(until);
        let what = if was_open { "lost" } else { "not connected" };
        let next = if wait.is_zero() {
            "connecting again at once".to_owned()
        } else {
            format!("retrying in {}", in_words(wait))
        };
        let message = format!("{what}: {}; {next}", ending.message);
        if !is_planned {
            let error = desk.error_of(ending, message.clone());
            desk.error(error, moment);
        }
        let mut change =
            StatusChange::of_source(Status::Reconnecting, &desk.name).with_message(message);
        change.retry_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        desk.status(change, moment);
        let retry = Nanos(moment.mono.0.saturating_add(wait.as_nanos() as u64));
        let last = desk.secrets.hide(ending.message.clone());
        self.meter_change(desk, |meters| {
            meters.next_retry = Some(retry);
            if !is_planned {
                meters.last_error = Some(last);
            }
        });
    }

    /// About a second has passed.
    pub(super) fn tick(&mut self, desk: &mut Desk) {
        if !self.is_open() {
            return;
        }
        let moment = desk.moment();
        self.give(Input::Tick, moment, desk);
        desk.post_events(moment.mono);
        if self.is_ready {
            desk.look_for_stale(&self.symbols, self.ready_since, moment);
        }
    }

    /// Leaves for good.
    pub(super) async fn shut(self) {
        if let Phase::Open(socket) = self.phase {
            leave(*socket, 1000).await;
        }
    }

    /// Says at once what it is doing now.
    fn meter_change(&mut self, desk: &Desk, change: impl FnOnce(&mut ConnectionMeters)) {
        let state = self.state();
        let now = desk.clock.monotonic();
        desk.meters.update_connection(self.number, |meters| {
            if meters.state != state {
                meters.state = state;
                meters.since = now;
            }
            change(meters);
        });
        self.meter(desk);
    }

    /// Brings up to date what changes with every message.
    fn meter(&mut self, desk: &Desk) {
        self.metered = Instant::now();
        desk.meters.update_connection(self.number, |meters| {
            meters.subscriptions = self.symbols.len();
            meters.last_message = self.last_message;
            meters.latency_ms = self.latency_ms.map(|ms| ms.round() as i64);
        });
    }

    /// When something is to be done without anything having come.
    pub(super) fn deadline(&mut self, now: Instant) -> Option<Instant> {
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
                let send = match self.outgoing.front() {
                    Some(_) => self.pace.ready_at(1, now),
                    None => None,
                };
                [silence, ping, lifetime, send].into_iter().flatten().min()
            }
            _ => None,
        }
    }

    /// Does what has become due. A new attempt is for the streamer to begin, which knows how many there may be.
    pub(super) fn on_time(&mut self, now: Instant) {
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
    fn poll_write(&mut self, context: &mut Context<'_>) -> Result<(), tungstenite::Error> {
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

/// A message of the session's kind; `None` for what is the connection's own business.
fn incoming(frame: &Frame) -> Option<Incoming<'_>> {
    match frame {
        Frame::Text(text) => Some(Incoming::Text(text.as_str())),
        Frame::Binary(bytes) => Some(Incoming::Binary(bytes)),
        _ => None,
    }
}
