//! `sim:` – a made-up market of any number of symbols at any rate.
//!
//! The market itself ([`model`]) is a plain value: the same seed gives the same events in the same order on every
//! machine, however fast they are asked for. What is here gives them out: so many per second on the clock of the wall,
//! or as fast as the engine takes them. Simulated time is moved by the events, not by the wall: a symbol's minute
//! passes after a fixed number of steps (about 26 events with all services), so that bars appear at any rate.
//!
//! - [`options`]: what a person may ask for
//! - [`model`]: the market, its days and minutes
//! - [`instrument`], [`ladder`], [`profile`], [`headlines`]: one symbol
//! - [`services`], [`dice`]: small tools

pub mod dice;
pub mod headlines;
pub mod instrument;
pub mod ladder;
pub mod model;
pub mod options;
pub mod profile;
pub mod services;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::domain::event::Event;
use crate::domain::outcome::{ErrorInstance, ErrorKind, Status, StatusChange};
use crate::domain::source::{BarStamp, Delivery, Origin, Products, SourceInfo, SourceName};
use crate::domain::symbol::Symbol;
use crate::domain::time::SessionCalendar;
use crate::pipeline::directory::Resolution;
use crate::pipeline::feed::{EngineGone, Feed};
use crate::pipeline::meters::ConnectionState;
use crate::pipeline::source::{Message, Source, SourceCommand};

use model::MarketModel;
use options::{Rate, SimulatorOptions};

/// The most events in one envelope.
const BATCH_EVENTS: usize = 128;

/// At high rates events are sent together at least this far apart.
const TICK: Duration = Duration::from_millis(5);

/// How far behind its schedule the simulator may fall before it gives up catching up.
const BEHIND_MAX: Duration = Duration::from_millis(250);

/// How much later than asked for a run may end, so that the last events are not lost to a late timer.
const END_GRACE: Duration = Duration::from_millis(100);

/// The simulator as a source.
#[derive(Debug)]
pub struct Simulator {
    info: Arc<SourceInfo>,
    options: SimulatorOptions,
}

impl Simulator {
    /// A simulator that is called `name` and shown as `label`.
    #[must_use]
    pub fn new(name: SourceName, label: impl Into<String>, options: SimulatorOptions) -> Self {
        let info = SourceInfo {
            name,
            label: label.into(),
            origin: Origin::Synthetic,
            delivery: if options.live {
                Delivery::Live
            } else {
                Delivery::Pausable
            },
            has_transport: false,
            bar_stamp: BarStamp::Start,
            calendar: SessionCalendar::UsEquities,
            products: Products::default(),
        };
        Self {
            info: Arc::new(info),
            options,
        }
    }
}

impl Source for Simulator {
    fn info(&self) -> Arc<SourceInfo> {
        Arc::clone(&self.info)
    }

    fn run(self: Box<Self>, feed: Feed) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            // An engine that has shut down has nobody left to tell.
            Streamer::new(feed, self.options).run().await.ok();
        })
    }
}

/// The name of the simulated symbol of a number, counted from one.
#[must_use]
pub fn symbol_name(number: u32) -> String {
    format!("SIM{number:05}")
}

/// How far the schedule has come.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Turn {
    /// So many events may be sent now.
    Send(usize),
    /// Nothing before then.
    WaitUntil(Instant),
    /// It is over.
    End,
}

struct Streamer {
    feed: Feed,
    model: MarketModel,
    options: SimulatorOptions,
    /// Made, but not sent yet.
    pending: Vec<Event>,
    sent: u64,
    limit: Option<u64>,
    deadline: Option<Instant>,
    /// When the event with the number `schedule_base` was due.
    schedule_start: Instant,
    schedule_base: u64,
}

impl Streamer {
    fn new(feed: Feed, options: SimulatorOptions) -> Self {
        let now = Instant::now();
        let deadline = options
            .seconds
            .and_then(|seconds| now.checked_add(Duration::from_secs_f64(seconds) + END_GRACE));
        Self {
            feed,
            model: MarketModel::new(options.model_settings()),
            limit: options.events_limit(),
            options,
            pending: Vec::new(),
            sent: 0,
            deadline,
            schedule_start: now,
            schedule_base: 0,
        }
    }

    async fn run(mut self) -> Result<(), EngineGone> {
        self.open().await?;
        loop {
            while let Some(command) = self.feed.pending_command()? {
                self.obey(command).await?;
            }
            match self.turn(Instant::now()) {
                Turn::End => return self.end().await,
                Turn::Send(count) => self.send(count).await?,
                Turn::WaitUntil(instant) => {
                    tokio::select! {
                        command = self.feed.next_command() => match command {
                            Some(command) => self.obey(command).await?,
                            None => return Ok(()),
                        },
                        () = sleep_until(instant) => {}
                    }
                }
            }
        }
    }

    async fn open(&mut self) -> Result<(), EngineGone> {
        let info = Arc::clone(self.feed.info());
        let status = StatusChange::of_source(Status::Connected, &info.name)
            .with_message("simulated data, made up from a seed");
        self.feed.meters().set_state(ConnectionState::Connected);
        self.feed.meters().set_data_clock(self.model.clock());
        let now = self.feed.now();
        self.feed
            .ready_send(now, Message::Status(Box::new(status)))
            .await?;
        for (symbol, id) in self.feed.subscribed() {
            self.model.add(&symbol, id);
        }
        if self.feed.takes_all() {
            self.list_symbols().await?;
        }
        self.restart_schedule(Instant::now());
        Ok(())
    }

    /// Nobody named symbols: there are as many as the options say.
    async fn list_symbols(&mut self) -> Result<(), EngineGone> {
        for number in 1..=self.options.symbols {
            let name = symbol_name(number);
            match (self.feed.resolve(&name), Symbol::new(&name)) {
                (Resolution::Subscribed(id), Ok(symbol)) => self.model.add(&symbol, id),
                (Resolution::Full, _) => {
                    let message = format!(
                        "only {} of {} simulated symbols fit; raise 'symbols_max' or ask for fewer",
                        number - 1,
                        self.options.symbols
                    );
                    let error = ErrorInstance::new(ErrorKind::ConfigError, message)
                        .from_source(&self.feed.info().name)
                        .as_warning();
                    let now = self.feed.now();
                    return self
                        .feed
                        .ready_send(now, Message::Rejected(Box::new(error)))
                        .await;
                }
                _ => {}
            }
            // Ten thousand symbols take a while: other streamers share the thread.
            if number % 1024 == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    async fn obey(&mut self, command: SourceCommand) -> Result<(), EngineGone> {
        let was_idle = self.model.is_empty();
        match command {
            SourceCommand::Subscribe(symbols) => {
                for (symbol, id) in symbols {
                    self.model.add(&symbol, id);
                }
            }
            SourceCommand::Unsubscribe(symbols) => {
                let ids: Vec<_> = symbols.into_iter().map(|(_, id)| id).collect();
                self.model.remove(&ids);
                self.pending.retain(|event| !ids.contains(&event.symbol));
            }
            SourceCommand::Transport(_) | SourceCommand::Resync(_) | SourceCommand::Reconnect => {}
        }
        if was_idle {
            self.restart_schedule(Instant::now());
        }
        // Leaves room for the runtime when commands come in floods.
        tokio::task::yield_now().await;
        Ok(())
    }

    /// From `now` on, events are due at the rate asked for, counted from those sent so far.
    fn restart_schedule(&mut self, now: Instant) {
        self.schedule_start = now;
        self.schedule_base = self.sent;
    }

    /// What the schedule says at `now`.
    fn turn(&mut self, now: Instant) -> Turn {
        let left = self
            .limit
            .map_or(u64::MAX, |limit| limit.saturating_sub(self.sent));
        if left == 0 || self.deadline.is_some_and(|deadline| now >= deadline) {
            return Turn::End;
        }
        let batch = left.min(BATCH_EVENTS as u64) as usize;
        if self.model.is_empty() && self.pending.is_empty() {
            let idle = now + Duration::from_secs(3600);
            return Turn::WaitUntil(self.deadline.unwrap_or(idle));
        }
        let Rate::PerSecond(rate) = self.options.rate else {
            return Turn::Send(batch);
        };
        let done = self.sent - self.schedule_base;
        let due_in = Duration::from_secs_f64(done as f64 / rate);
        let due = self
            .schedule_start
            .checked_add(due_in)
            .unwrap_or(self.schedule_start);
        if due > now {
            let next = due.max(now + TICK);
            return Turn::WaitUntil(self.deadline.map_or(next, |deadline| next.min(deadline)));
        }
        let behind = now - due;
        if behind > BEHIND_MAX {
            self.restart_schedule(now);
            return Turn::Send(1);
        }
        // The event that is due now, and those that have become due since.
        let count = 1 + (behind.as_secs_f64() * rate) as usize;
        Turn::Send(count.min(batch))
    }

    /// Sends the next `count` events in one envelope.
    async fn send(&mut self, count: usize) -> Result<(), EngineGone> {
        while let Some(command) = self.feed.ready_or_command().await? {
            self.obey(command).await?;
        }
        self.model.fill(&mut self.pending, count);
        if self.pending.is_empty() {
            return Ok(());
        }
        let rest = self.pending.split_off(count.min(self.pending.len()));
        let events = std::mem::replace(&mut self.pending, rest);
        let now = self.feed.now();
        let meters = self.feed.meters();
        meters.messages.add(events.len() as u64);
        meters.last_message.set(now.0);
        meters.set_data_clock(self.model.clock());
        self.sent += events.len() as u64;
        self.feed.send(now, Message::Data(events))
    }

    async fn end(mut self) -> Result<(), EngineGone> {
        self.feed.meters().set_state(ConnectionState::Ended);
        let now = self.feed.now();
        let ended = Message::Ended {
            error: None,
            hopeless: false,
        };
        self.feed.ready_send(now, ended).await
    }
}

#[cfg(test)]
mod tests;
