//! The streamer: asks when the schedule says so, gives answers to the protocol, and says how the endpoint stands.

use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashSet;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::plan::Plan;
use super::protocol::number_of;
use super::request::{Client, Response};
use super::schedule::Schedule;
use super::{HttpPoll, Renew};
use crate::domain::clock::Nanos;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;
use crate::pipeline::backoff::Backoff;
use crate::pipeline::feed::{EngineGone, Feed};
use crate::pipeline::meters::ConnectionState;
use crate::pipeline::source::SourceCommand;
use crate::sources::venue::recorded::Tap;
use crate::sources::venue::session::{Input, Session};
use crate::sources::venue::{Limits, Output, Seen};

mod judge;
mod report;

/// How often the session is told that time passes.
const TICK: Duration = Duration::from_secs(1);

/// The only connection that there is, in a recording and in the meters.
const CONNECTION: usize = 0;

/// Runs a polled endpoint.
pub(super) struct Streamer {
    feed: Feed,
    plan: Arc<Plan>,
    renew: Renew,
    over: Over,
    session: Session,
    tap: Tap,
    client: Client,
    schedule: Schedule,
    requests: JoinSet<(u64, Response)>,
    symbols: Vec<(Symbol, SymbolId)>,
    /// The waits of the endpoint as a whole.
    backoff: Backoff,
    state: ConnectionState,
    seen: Seen,
    /// Of whom anything has come.
    heard: FxHashSet<SymbolId>,
    /// Since when it works.
    connected: Nanos,
    /// Whether it has been told that turns are too far apart.
    is_behind: bool,
    started: Instant,
    next_tick: Instant,
    output: Output,
}

/// Whether everything has been given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    No,
    /// Until there are other symbols, or somebody asks for another try.
    UntilOthers,
    /// Until somebody asks for another try.
    UntilAsked,
}

type Finished = Result<(u64, Response), JoinError>;

impl Streamer {
    pub(super) fn new(feed: Feed, source: HttpPoll) -> Self {
        let started = Instant::now();
        let plan = &source.plan;
        let seen = Seen::new(plan.stale_after, plan.calendar, &Limits::default());
        Self {
            feed,
            schedule: Schedule::new(
                source.plan.period,
                source.backoff,
                source.plan.requests_max,
                source.plan.symbols_max,
            ),
            backoff: Backoff::new(source.backoff, number_of(&source.plan.host)),
            plan: source.plan,
            renew: source.renew,
            over: Over::No,
            session: source.session,
            tap: source.tap,
            client: source.client,
            requests: JoinSet::new(),
            symbols: Vec::new(),
            state: ConnectionState::Connecting,
            seen,
            heard: FxHashSet::default(),
            connected: Nanos::default(),
            is_behind: false,
            started,
            next_tick: started + TICK,
            output: Output::default(),
        }
    }

    pub(super) async fn run(mut self) -> Result<(), EngineGone> {
        self.report_connecting().await?;
        let symbols = self.feed.subscribed();
        self.subscribe(symbols).await?;
        loop {
            self.begin_recording();
            self.ask();
            self.report_behind().await?;
            let due = self.schedule.next_due().filter(|_| self.over == Over::No);
            let due = due.map(|due| self.started + due);
            let wake = due.map_or(self.next_tick, |due| due.min(self.next_tick));
            tokio::select! {
                biased;
                command = self.feed.next_command() => match command {
                    Some(command) => self.obey(command).await?,
                    None => return Ok(()),
                },
                Some(finished) = self.requests.join_next() => {
                    self.answered(finished).await?;
                }
                () = sleep_until(wake) => {}
            }
            if Instant::now() >= self.next_tick {
                self.next_tick = Instant::now() + TICK;
                self.take(Nanos::default(), &Input::Tick).await?;
                self.report_quiet().await?;
            }
        }
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn wall(&self) -> UnixMs {
        self.feed.clock().wall()
    }

    async fn obey(&mut self, command: SourceCommand) -> Result<(), EngineGone> {
        match command {
            SourceCommand::Subscribe(symbols) => self.subscribe(symbols).await,
            SourceCommand::Unsubscribe(symbols) => self.unsubscribe(symbols).await,
            SourceCommand::Resync(symbols) => {
                self.schedule.forget_answers();
                for symbol in &symbols {
                    self.take(self.feed.now(), &Input::Resync(symbol)).await?;
                }
                Ok(())
            }
            SourceCommand::Transport(_) => Ok(()),
            SourceCommand::Reconnect => self.reconnect().await,
        }
    }

    /// Somebody wants the endpoint to be tried again, with the keys that there are now.
    async fn reconnect(&mut self) -> Result<(), EngineGone> {
        match (self.renew)() {
            Ok((plan, keys)) => {
                for key in &keys {
                    self.tap.hide(key);
                }
                self.plan = Arc::new(plan);
            }
            Err(reason) => {
                let message = format!("{reason}. What was set before is used again");
                let error = ErrorInstance::new(ErrorKind::ConfigError, message);
                self.report(error, b"").await?;
            }
        }
        self.over = Over::No;
        self.backoff.succeeded();
        self.schedule.begin_anew(self.elapsed());
        self.show_subscriptions();
        self.report_connecting().await
    }

    async fn subscribe(&mut self, mut symbols: Vec<(Symbol, SymbolId)>) -> Result<(), EngineGone> {
        symbols.retain(|(_, id)| !self.symbols.iter().any(|(_, known)| known == id));
        if symbols.is_empty() {
            return Ok(());
        }
        self.symbols.extend(symbols.iter().cloned());
        let (received, now) = (self.feed.now(), self.elapsed());
        for (_, id) in &symbols {
            self.seen.add(*id);
            // Its silence begins now.
            self.seen.mark(*id, received);
        }
        if self.plan.names_symbols() {
            let most = self.schedule.symbols_max();
            let groups = self.plan.groups(symbols.clone(), most);
            self.schedule.add(groups, now);
        } else {
            self.schedule.add_to_all(symbols.clone(), now);
        }
        self.schedule.forget_answers();
        if self.over == Over::UntilOthers {
            self.over = Over::No;
            if self.plan.names_symbols() {
                self.schedule.open();
            } else {
                // The one request is another now.
                self.schedule.begin_anew(now);
            }
            self.report_connecting().await?;
        }
        self.show_subscriptions();
        self.take(received, &Input::Subscribe(&symbols)).await
    }

    async fn unsubscribe(&mut self, symbols: Vec<(Symbol, SymbolId)>) -> Result<(), EngineGone> {
        self.symbols
            .retain(|(_, known)| !symbols.iter().any(|(_, id)| id == known));
        for (_, id) in &symbols {
            self.schedule.remove(*id);
            self.heard.remove(id);
        }
        self.show_subscriptions();
        self.take(self.feed.now(), &Input::Unsubscribe(&symbols))
            .await
    }

    /// A recording that begins knows nothing of this source: everything is told anew.
    fn begin_recording(&mut self) {
        let now = self.wall();
        if self.tap.begins(now) {
            // Whatever the protocol has to say of this concerns a connection, and there is none.
            let mut unheard = Output::default();
            self.session.take(Input::Opened, now, &mut unheard);
            self.tap
                .write_beginning(CONNECTION, now, (&mut self.session, true), &self.symbols);
            self.schedule.forget_answers();
        }
    }

    /// Makes the requests whose turn it is.
    fn ask(&mut self) {
        while self.over == Over::No
            && let Some(job) = self.schedule.begin(self.started.elapsed())
        {
            let number = job.number;
            let symbols: Vec<Symbol> = job.symbols.iter().map(|(one, _)| one.clone()).collect();
            let known = job.validators.clone();
            let (client, plan) = (self.client.clone(), Arc::clone(&self.plan));
            self.requests.spawn(async move {
                let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
                (number, client.get(&plan, &names, &known).await)
            });
        }
    }

    async fn take(&mut self, received: Nanos, input: &Input<'_>) -> Result<(), EngineGone> {
        let output = self.give(input);
        self.send(received, output, b"").await
    }

    /// Gives the session an input, and writes it down. What comes of it is to be sent.
    fn give(&mut self, input: &Input<'_>) -> Output {
        let now = self.wall();
        let mut output = std::mem::take(&mut self.output);
        output.clear();
        self.tap.write(CONNECTION, now, input);
        self.session.take(*input, now, &mut output);
        output
    }
}
