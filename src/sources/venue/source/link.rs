//! One connection with its session: dialling, sending, receiving, coming back.

mod arriving;
mod leaving;
mod opening;
mod reading;
mod recording;
mod writing;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message as Frame;

use crate::domain::clock::Nanos;
use crate::domain::outcome::{ErrorInstance, Status};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::pipeline::backoff::Backoff;
use crate::pipeline::meters::{ConnectionMeters, ConnectionState};
use crate::sources::venue::connection::{DialError, Socket, leave};
use crate::sources::venue::pacing::Pace;
use crate::sources::venue::rest::Asker;
use crate::sources::venue::session::{Input, Session};
use crate::sources::venue::{Ending, Incoming, Limits, Notice, Outgoing, Request};

use super::Timings;
use super::desk::{Desk, Moment, in_words};
use arriving::Arriving;

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

/// What the venue has given on this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivering {
    /// No data yet.
    Nothing,
    /// Data since then.
    Since(Nanos),
    /// Data for long enough to count as a connection that works.
    LongEnough,
}

type Dialing = Pin<Box<dyn Future<Output = Result<Socket, DialError>> + Send>>;

/// One connection.
pub(super) struct Link {
    pub(super) number: usize,
    session: Session,
    /// Whether it is of no use before the session says so.
    needs_login: bool,
    limits: Limits,
    timings: Timings,
    /// Its symbols, in the order in which they were asked for.
    pub(super) symbols: Vec<(Symbol, SymbolId)>,
    phase: Phase,
    /// How often it came to be of use: each time after the first is a reconnect.
    times_ready: u64,
    /// Counts attempts, so that answers to earlier ones are known.
    attempt: u64,
    /// Requests over HTTP that the streamer is to make.
    pub(super) asks: Vec<Request>,
    /// How many of them were needed for this attempt so far.
    asked: u32,
    /// Why it has been given up, until that has been told.
    pub(super) failure: Option<ErrorInstance>,
    backoff: Backoff,
    /// How long it waited last.
    waited: Duration,
    /// Whether it has come back at once already, and not worked since.
    was_at_once: bool,
    /// What it sends, with others where they share it.
    pace: Pace,
    outgoing: VecDeque<Outgoing>,
    is_unflushed: bool,
    /// What the session wants, or what has been found to be wrong: carried out when the messages at hand are done.
    ending: Option<(Ending, Option<u16>)>,
    host: String,
    delivering: Delivering,
    opened: Instant,
    /// Since when it has been of use.
    ready_since: Option<Nanos>,
    heard: Instant,
    arriving: Arriving,
    pinged: Instant,
    metered: Instant,
    last_message: Option<Nanos>,
    latency_ms: Option<f64>,
}

impl Link {
    pub(super) fn new(
        number: usize,
        session: Session,
        mut limits: Limits,
        timings: Timings,
        needs_login: bool,
        pace: Pace,
        seed: u64,
    ) -> Self {
        let now = Instant::now();
        // Connections that began together are not to end together: what each has lost takes its time to come again.
        let earlier = (number % 10) as u32;
        limits.lifetime = limits
            .lifetime
            .map(|lifetime| lifetime * (100 - earlier) / 100);
        Self {
            number,
            session,
            needs_login,
            limits,
            timings,
            symbols: Vec::new(),
            phase: Phase::Idle,
            times_ready: 0,
            attempt: 0,
            asks: Vec::new(),
            asked: 0,
            failure: None,
            backoff: Backoff::new(timings.backoff, seed),
            waited: Duration::ZERO,
            was_at_once: false,
            pace,
            outgoing: VecDeque::new(),
            is_unflushed: false,
            ending: None,
            host: String::new(),
            delivering: Delivering::Nothing,
            opened: now,
            ready_since: None,
            heard: now,
            arriving: Arriving::default(),
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
            Phase::Open(_) if self.ready_since.is_some() => ConnectionState::Connected,
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

    /// Gives its session an input, and does what comes of it.
    fn give(&mut self, input: Input<'_>, moment: Moment, desk: &mut Desk) {
        self.record(&input, moment, desk);
        let before = desk.output.events.len();
        self.session.take(input, moment.wall, &mut desk.output);
        desk.keep_secrets();
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

    /// Data has come, if any has. A connection works when it has delivered for a while: one that is cut again and again
    /// behind its first data does not, and the waits go on growing.
    fn note_data(&mut self, before: usize, moment: Moment, desk: &mut Desk) {
        let Some(events) = desk.output.events.get(before..) else {
            return;
        };
        for event in events {
            desk.seen.mark(event.symbol, moment.mono);
        }
        if events.is_empty() {
            return;
        }
        if self.delivering == Delivering::Nothing {
            self.delivering = Delivering::Since(moment.mono);
            if self.ready_since.is_none() && self.is_open() {
                self.ready(moment, desk);
            }
        }
        if let Delivering::Since(first) = self.delivering
            && moment.mono.since(first) >= self.timings.settled.max(self.waited)
        {
            self.delivering = Delivering::LongEnough;
            self.was_at_once = false;
            self.backoff.succeeded();
        }
    }

    fn carry_out(&mut self, sample: Option<&[u8]>, moment: Moment, desk: &mut Desk) {
        desk.post_events(moment.mono);
        let mut notices = std::mem::take(&mut desk.output.notices);
        for notice in notices.drain(..) {
            let opens = matches!(notice, Notice::Ready | Notice::Subscribed(_));
            if opens && self.ready_since.is_none() && self.is_open() {
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
        self.ready_since = Some(moment.mono);
        let reconnects = self.times_ready;
        self.times_ready += 1;
        desk.meters.reconnects.add(u64::from(reconnects > 0));
        self.meter_change(desk, |meters| meters.reconnects = reconnects);
        desk.tell(Status::Connected, &self.host.clone(), moment);
    }

    /// Whether it waits to be let in.
    fn is_logging_in(&self) -> bool {
        self.needs_login && self.is_open() && self.ready_since.is_none()
    }

    /// About a second has passed.
    pub(super) fn tick(&mut self, desk: &mut Desk) {
        if !self.is_open() {
            return;
        }
        let moment = desk.moment();
        // While a large message comes in nothing else can be heard, so nothing is late, and nothing is to be asked again.
        if !self.arriving.fills_tick(moment.timer, self.timings.tick) {
            self.give(Input::Tick, moment, desk);
            desk.post_events(moment.mono);
        }
        if let Some(since) = self.ready_since {
            desk.look_for_stale(&self.symbols, since, moment);
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
}

/// A message of the session's kind; `None` for what is the connection's own business.
fn incoming(frame: &Frame) -> Option<Incoming<'_>> {
    match frame {
        Frame::Text(text) => Some(Incoming::Text(text.as_str())),
        Frame::Binary(bytes) => Some(Incoming::Binary(bytes)),
        _ => None,
    }
}
