//! The task that has everything in its hands: commands, connections, requests, time.

use std::future::poll_fn;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::task::Poll;

use rustls::ClientConfig;
use tokio::time::{Instant, sleep_until};

use crate::domain::event::DataService;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::pipeline::feed::{EngineGone, Feed};
use crate::pipeline::meters::ConnectionState;
use crate::pipeline::source::{Message, SourceCommand};
use crate::sources::venue::Limits;
use crate::sources::venue::options::{Setup, Venue};
use crate::sources::venue::pacing::Pace;
use crate::sources::venue::rest::{Answered, Requests};
use crate::sources::venue::secrets::Secrets;
use crate::sources::venue::session::Session;

use super::desk::Desk;
use super::link::Link;
use super::seen::Seen;
use super::{Timings, VenueSource};

/// Who asks for a symbol that found no place.
type Wanted = (Symbol, SymbolId);

/// The streamer of a venue's source.
pub(super) struct Streamer {
    feed: Feed,
    venue: &'static Venue,
    setup: Setup,
    limits: Limits,
    timings: Timings,
    trust: Arc<ClientConfig>,
    links: Vec<Link>,
    desk: Desk,
    requests: Requests,
    /// Attempts, over all connections.
    pace: Pace,
    /// Symbols beyond what the venue allows: they come in when others leave.
    unplaced: Vec<Wanted>,
    next_tick: Instant,
    state: Option<ConnectionState>,
}

/// What has happened.
enum Happening {
    Command(Option<SourceCommand>),
    Answer(Answered),
    /// A connection has something, or it is time for something.
    Other,
}

/// A number that no other program draws.
fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

impl Streamer {
    pub(super) fn new(source: VenueSource, feed: Feed) -> Self {
        let limits = (source.venue.limits)(&source.setup);
        let seen = Seen::new(source.setup.stale_after, source.setup.calendar);
        let desk = Desk::new(&feed, source.tap(), Secrets::new(&source.secrets()), seen);
        let requests = Requests::new(
            source.setup.rest_url.clone(),
            &source.trust,
            limits.request_weight_per_minute,
            seed(),
            Arc::clone(feed.clock()),
        );
        Self {
            feed,
            venue: source.venue,
            setup: source.setup,
            limits,
            timings: source.timings,
            trust: source.trust,
            links: Vec::new(),
            desk,
            requests,
            pace: Pace::new(limits.attempts.0, limits.attempts.1),
            unplaced: Vec::new(),
            next_tick: Instant::now(),
            state: None,
        }
    }

    /// Runs until the engine asks for the end, or nothing is left to try.
    pub(super) async fn run(mut self) -> Result<(), EngineGone> {
        self.note_recording();
        let symbols = self.feed.subscribed();
        if symbols.is_empty() && self.feed.takes_all() {
            let moment = self.desk.moment();
            let message = format!(
                "{} does not list its symbols; name them, as in --symbols",
                self.venue.kind.name
            );
            let error = ErrorInstance::new(ErrorKind::ConfigError, message);
            self.desk.error(error, moment);
        }
        self.add(symbols);
        loop {
            if self.step().await? {
                return Ok(());
            }
            match self.wait().await {
                Happening::Command(Some(command)) => self.obey(command),
                Happening::Command(None) => break,
                Happening::Answer(answered) => self.answered(&answered),
                Happening::Other => {}
            }
            self.on_time();
        }
        let goodbyes = self.links.into_iter().map(Link::shut);
        futures_util::future::join_all(goodbyes).await;
        Ok(())
    }

    /// Begins what is due, says what has changed, hands over what there is. True at the end of it all.
    async fn step(&mut self) -> Result<bool, EngineGone> {
        for link in &mut self.links {
            if link.is_waiting() {
                self.requests.forget(link.asker());
            }
            link.begin(&self.trust, &mut self.pace, &mut self.desk);
            let asker = link.asker();
            for request in link.asks.drain(..) {
                self.requests.ask(asker, request);
            }
        }
        self.tell_state();
        let end = self.tell_failures();
        self.desk.hand_over(&mut self.feed).await?;
        if let Some(error) = end {
            let ended = Message::Ended {
                error: Some(Box::new(error)),
                hopeless: true,
            };
            let now = self.feed.now();
            self.feed.ready_send(now, ended).await?;
            return Ok(true);
        }
        Ok(false)
    }

    async fn wait(&mut self) -> Happening {
        let now = Instant::now();
        let deadline = self
            .links
            .iter_mut()
            .filter_map(|link| link.deadline(now))
            .chain(self.requests.due(now))
            .fold(self.next_tick, Instant::min);
        let Self {
            feed,
            links,
            desk,
            requests,
            pace,
            ..
        } = self;
        let work = poll_fn(|context| {
            if let Poll::Ready(answered) = requests.poll(context) {
                return Poll::Ready(Happening::Answer(answered));
            }
            let mut has_happened = false;
            for link in &mut *links {
                has_happened |= link.poll(context, pace, desk).is_ready();
            }
            if has_happened {
                return Poll::Ready(Happening::Other);
            }
            Poll::Pending
        });
        tokio::select! {
            biased;
            command = feed.next_command() => Happening::Command(command),
            happening = work => happening,
            () = sleep_until(deadline) => Happening::Other,
        }
    }

    /// Does what time asks for.
    fn on_time(&mut self) {
        let now = Instant::now();
        for link in &mut self.links {
            link.on_time(now);
        }
        if now < self.next_tick {
            return;
        }
        self.next_tick = now + self.timings.tick;
        self.note_recording();
        for link in &mut self.links {
            link.tick(&mut self.desk);
        }
    }

    /// A recording that has just begun is told what it cannot know.
    fn note_recording(&mut self) {
        let wall = self.desk.clock.wall();
        if self.desk.tap.begins(wall) {
            let has_books = self.setup.has(DataService::Level2);
            for link in &mut self.links {
                link.record_beginning(has_books, &mut self.desk);
            }
        }
    }

    fn obey(&mut self, command: SourceCommand) {
        match command {
            SourceCommand::Subscribe(symbols) => self.add(symbols),
            SourceCommand::Unsubscribe(symbols) => self.remove(&symbols),
            SourceCommand::Resync(symbols) => {
                for symbol in &symbols {
                    if let Some(&(_, number)) = self.desk.symbols.get(&symbol.1)
                        && let Some(link) = self.links.get_mut(number)
                    {
                        link.resync(symbol, &mut self.desk);
                    }
                }
            }
            SourceCommand::Transport(_) => {}
        }
    }

    fn answered(&mut self, answered: &Answered) {
        let asker = answered.asker;
        if let Some(link) = self.links.get_mut(asker.connection)
            && link.asker() == asker
            && !link.is_waiting()
        {
            link.answered(answered, &self.trust, &mut self.pace, &mut self.desk);
        }
    }

    /// Puts symbols on the connections that have room for them, the first ones first.
    fn add(&mut self, symbols: Vec<Wanted>) {
        let known = &self.desk.symbols;
        let mut left: Vec<Wanted> = symbols
            .into_iter()
            .filter(|(_, id)| !known.contains_key(id))
            .collect();
        let mut number = 0;
        while !left.is_empty() {
            if number == self.links.len() && !self.open_link() {
                break;
            }
            if let Some(link) = self.links.get_mut(number) {
                let rest = left.split_off(link.room().min(left.len()));
                let part = std::mem::replace(&mut left, rest);
                if !part.is_empty() {
                    link.add(part, &mut self.desk);
                }
            }
            number += 1;
        }
        if !left.is_empty() {
            self.refuse(left);
        }
    }

    /// Makes one more connection, if there may be one more.
    fn open_link(&mut self) -> bool {
        if self.links.len() >= self.limits.connections.max(1) {
            return false;
        }
        let Ok(protocol) = (self.venue.protocol)(&self.setup) else {
            // It was made from the same setup before.
            return false;
        };
        let session = Session::new(protocol, &self.setup);
        let number = self.links.len();
        let needs_login = !self.venue.keys.is_empty();
        let link = Link::new(
            number,
            session,
            self.limits,
            self.timings,
            needs_login,
            seed(),
        );
        self.links.push(link);
        true
    }

    fn refuse(&mut self, symbols: Vec<Wanted>) {
        let most = self
            .limits
            .symbols_per_connection
            .saturating_mul(self.limits.connections.max(1));
        let kind = self.venue.kind.name;
        let moment = self.desk.moment();
        for (symbol, id) in symbols {
            let message = format!(
                "{symbol}: {kind} takes {most} symbols at a time ({} on each of {} connections), and there are as many; remove others",
                self.limits.symbols_per_connection,
                self.limits.connections.max(1)
            );
            let mut error = ErrorInstance::new(ErrorKind::Overload, message);
            error.symbol = Some(symbol.clone());
            self.desk.error(error, moment);
            self.unplaced.push((symbol, id));
        }
    }

    fn remove(&mut self, symbols: &[Wanted]) {
        let is_removed = |id: &SymbolId| symbols.iter().any(|(_, gone)| gone == id);
        self.unplaced.retain(|(_, id)| !is_removed(id));
        for link in &mut self.links {
            let own: Vec<Wanted> = symbols
                .iter()
                .filter(|(_, id)| link.symbols.iter().any(|(_, known)| known == id))
                .cloned()
                .collect();
            if !own.is_empty() {
                link.remove(&own, &mut self.desk);
            }
        }
        let room: usize = self.links.iter().map(Link::room).sum();
        if room > 0 && !self.unplaced.is_empty() {
            let count = room.min(self.unplaced.len());
            let placed = self.unplaced.drain(..count).collect();
            self.add(placed);
        }
    }

    /// What the source as a whole is doing: the worst of its connections, unless some still deliver.
    fn tell_state(&mut self) {
        let busy = || self.links.iter().filter(|link| !link.is_idle());
        let states = || busy().map(Link::state);
        let has = |state| states().any(|known| known == state);
        let state = if has(ConnectionState::Reconnecting) {
            ConnectionState::Reconnecting
        } else if has(ConnectionState::Connecting) {
            ConnectionState::Connecting
        } else if has(ConnectionState::Connected) {
            ConnectionState::Connected
        } else if has(ConnectionState::Failed) {
            ConnectionState::Failed
        } else {
            ConnectionState::Connecting
        };
        if self.state != Some(state) {
            self.state = Some(state);
            self.desk.meters.set_state(state);
        }
    }

    /// Reports connections that have been given up. The last one's failure is the end of the source.
    fn tell_failures(&mut self) -> Option<ErrorInstance> {
        let is_over = !self.links.is_empty() && self.links.iter().all(Link::has_failed);
        let mut last = None;
        for link in &mut self.links {
            if let Some(failure) = link.failure.take()
                && let Some(earlier) = last.replace(failure)
            {
                let moment = self.desk.moment();
                self.desk.error(earlier, moment);
            }
        }
        let failure = last?;
        if is_over {
            return Some(failure);
        }
        let moment = self.desk.moment();
        self.desk.error(failure, moment);
        None
    }
}
