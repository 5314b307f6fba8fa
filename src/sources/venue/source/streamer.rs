//! The task that has everything in its hands: commands, connections, requests, time.

mod placing;

use std::future::poll_fn;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::time::{Instant, sleep_until};

use crate::domain::event::DataService;
use crate::domain::outcome::{ErrorInstance, ErrorKind, Status};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::pipeline::feed::{EngineGone, Feed};
use crate::pipeline::meters::ConnectionState;
use crate::pipeline::source::{Message, SourceCommand};
use crate::sources::venue::Limits;
use crate::sources::venue::options::{Setup, Venue};
use crate::sources::venue::pacing::Pace;
use crate::sources::venue::rest::{Answered, Requests};
use crate::sources::venue::secrets::Secrets;

use super::desk::Desk;
use super::link::Link;
use super::seen::Seen;
use super::{Renew, Timings, VenueSource};

/// Who asks for a symbol that found no place.
type Wanted = (Symbol, SymbolId);

/// The streamer of a venue's source.
pub(super) struct Streamer {
    feed: Feed,
    venue: &'static Venue,
    setup: Setup,
    renew: Renew,
    limits: Limits,
    timings: Timings,
    trust: Arc<ClientConfig>,
    links: Vec<Link>,
    desk: Desk,
    requests: Requests,
    /// Attempts, over all connections and all sources of this venue.
    pace: Pace,
    /// What is sent on all of them, where the venue counts it together.
    sends: Pace,
    /// Which connection is next to have the first turn.
    turn: usize,
    /// Symbols beyond what the venue allows: they come in when others leave.
    unplaced: Vec<Wanted>,
    /// Everything has been given up, until somebody asks for another try.
    is_over: bool,
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
        let seen = Seen::new(source.setup.stale_after, source.setup.calendar, &limits);
        let desk = Desk::new(&feed, source.tap(), Secrets::new(&source.secrets()), seen);
        let requests = (limits.request_weight_per_minute, Duration::from_secs(60));
        let requests = Requests::new(
            source.setup.rest_url.clone(),
            &source.trust,
            source.pace("requests", requests),
            seed(),
            Arc::clone(feed.clock()),
        );
        let pace = source.pace("attempts", limits.attempts);
        let sends = source.pace("sends", limits.sends);
        Self {
            feed,
            venue: source.venue,
            setup: source.setup,
            renew: source.renew,
            limits,
            timings: source.timings,
            trust: source.trust,
            links: Vec::new(),
            desk,
            requests,
            pace,
            sends,
            turn: 0,
            unplaced: Vec::new(),
            is_over: false,
            next_tick: Instant::now(),
            state: None,
        }
    }

    /// Runs until the engine asks for the end. When nothing is left to try it waits to be told to try again.
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
            self.step().await?;
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

    /// Begins what is due, says what has changed, hands over what there is.
    async fn step(&mut self) -> Result<(), EngineGone> {
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
            self.is_over = true;
        }
        Ok(())
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
            turn,
            ..
        } = self;
        let work = poll_fn(|context| {
            if let Poll::Ready(answered) = requests.poll(context) {
                return Poll::Ready(Happening::Answer(answered));
            }
            let mut has_happened = false;
            let count = links.len();
            *turn = (*turn + 1) % count.max(1);
            let (later, first) = links.split_at_mut((*turn).min(count));
            for link in first.iter_mut().chain(later) {
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
            SourceCommand::Reconnect => self.reconnect(),
        }
    }

    /// Somebody wants every connection to be made again, with the keys that there are now.
    fn reconnect(&mut self) {
        let moment = self.desk.moment();
        match (self.renew)() {
            Ok(setup) => {
                for key in setup.keys.iter().flatten() {
                    self.desk.secrets.add(key);
                    self.desk.tap.hide(key);
                }
                self.setup = setup;
            }
            Err(reason) => {
                let message = format!("{reason}. What was set before is used again");
                let error = ErrorInstance::new(ErrorKind::ConfigError, message);
                self.desk.error(error, moment);
            }
        }
        self.is_over = false;
        self.desk
            .tell(Status::Connecting, "again, as asked", moment);
        for link in &mut self.links {
            link.reconnect(&self.setup, &mut self.pace, &mut self.desk);
        }
        self.place_waiting();
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
