//! The administrator: drains the results channel, keeps the board, feeds sinks, takes commands, publishes snapshots.

mod commands;
mod health;
mod outputs;
mod recording;
mod steps;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Select, Sender, TryRecvError};
use tokio::sync::oneshot;

use crate::domain::clock::{Clock, Nanos};
use crate::domain::outcome::{ErrorInstance, ErrorKind, ResultBody, Status};
use crate::domain::source::SourceInfo;

use super::board::Board;
use super::command::Command;
use super::directory::Directory;
use super::engine::EngineReport;
use super::export::Exporter;
use super::feed::FeedControl;
use super::histories::Histories;
use super::outcome::{Batch, Outcome, Outcomes};
use super::process_supervisor::Control;
use super::question::Analyst;
use super::recording::Recorder;
use super::settings::EngineSettings;
use super::sink::Sink;
use super::snapshot::{Row, Snapshot};

pub(crate) use health::{Gauges, Health};

/// Batches that are folded before anybody else gets a turn.
const BATCHES_MAX: usize = 64;

/// How often gauges and rates are brought up to date.
const TICK: Duration = Duration::from_secs(1);
/// The same while a person may be looking at the effect of an order to a replay, which no result announces.
const TICK_AFTER_ORDER: Duration = Duration::from_millis(16);
const ORDER_EFFECT: Duration = Duration::from_millis(400);

/// A source as the administrator knows it.
pub(crate) struct SourceEntry {
    pub info: Arc<SourceInfo>,
    /// `None` once the source has been asked to stop.
    pub control: Option<FeedControl>,
    pub meters: Arc<super::meters::SourceMeters>,
    pub ended: Option<End>,
    /// How many orders it has been given as a replay.
    pub orders: u64,
}

/// How a source ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub hopeless: bool,
}

/// What the engine gives the administrator.
pub(crate) struct Parts {
    pub settings: Arc<EngineSettings>,
    pub directory: Arc<Directory>,
    pub clock: Arc<dyn Clock>,
    pub results: Receiver<Batch>,
    pub commands: Receiver<Command>,
    pub control: Sender<Control>,
    pub snapshots: Sender<Arc<Snapshot>>,
    pub sources: Vec<SourceEntry>,
    pub sinks: Vec<Box<dyn Sink>>,
    pub recorder: Arc<dyn Recorder>,
    pub analyst: Arc<dyn Analyst>,
    pub exporter: Option<Arc<dyn Exporter>>,
    /// What questions are about.
    pub histories: Arc<Histories>,
    /// Where answers come back to.
    pub replies: Sender<Command>,
    pub troubles: Vec<ErrorInstance>,
    /// Dropped when the engine is to finish; until then it goes on without streamers too.
    pub running: Option<oneshot::Sender<()>>,
    pub health: Health,
    pub board: Board,
}

/// The administrator.
pub(crate) struct Administrator {
    parts: Parts,
    version: u64,
    /// Whether the board has changed since the last snapshot.
    is_dirty: bool,
    /// When the oldest data was received that no snapshot shows yet.
    oldest_unseen: Option<Nanos>,
    is_stopping: bool,
    /// Until when gauges are read often.
    fast_until: Nanos,
    /// Steps of several replays together.
    steps: VecDeque<steps::Step>,
    /// The folder of the recording of which it has been told that it began.
    recording: Option<String>,
}

impl Administrator {
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            version: 0,
            is_dirty: true,
            oldest_unseen: None,
            is_stopping: false,
            fast_until: Nanos(0),
            steps: VecDeque::new(),
            recording: None,
        }
    }

    /// Works until the engine's other parts have gone.
    pub fn run(mut self) -> EngineReport {
        for trouble in std::mem::take(&mut self.parts.troubles) {
            self.report(trouble);
        }
        self.tell_recording();
        let mut next_tick = self.parts.clock.monotonic();
        let mut commands_open = true;
        loop {
            let now = self.parts.clock.monotonic();
            if now >= next_tick {
                next_tick = Nanos(now.0 + self.tick_length(now).as_nanos() as u64);
                self.tick(now);
            }
            let is_idle = match self.drain(now) {
                Drained::Everything => true,
                Drained::Some => false,
                Drained::Closed => break,
            };
            if is_idle {
                self.flush_sinks();
            }
            let wait = if is_idle {
                next_tick.since(self.parts.clock.monotonic())
            } else {
                Duration::ZERO
            };
            if let Some(command) = self.wait(wait, &mut commands_open) {
                let is_transport = matches!(command, Command::Transport { .. });
                self.obey(command);
                if is_transport {
                    let now = self.parts.clock.monotonic();
                    self.fast_until = Nanos(now.0 + ORDER_EFFECT.as_nanos() as u64);
                    next_tick = now;
                }
            }
        }
        self.flush_sinks();
        self.end_recording();
        self.tick(self.parts.clock.monotonic());
        self.flush_sinks();
        // What they still hold is written before anybody can take this for the end, which is when commands are no longer
        // received.
        self.parts.sinks.clear();
        let is_hopeless = |source: &SourceEntry| source.ended.is_some_and(|end| end.hopeless);
        EngineReport {
            all_hopeless: !self.parts.sources.is_empty()
                && self.parts.sources.iter().all(is_hopeless),
            events: self.parts.health.events(),
            results: self.parts.board.results_total,
        }
    }

    fn tick_length(&self, now: Nanos) -> Duration {
        if now < self.fast_until || !self.steps.is_empty() {
            TICK_AFTER_ORDER
        } else {
            TICK
        }
    }

    /// Waits for results, a command, or somebody who wants a snapshot.
    fn wait(&mut self, wait: Duration, commands_open: &mut bool) -> Option<Command> {
        // The operation borrows the channels while the rest of `self` acts on it.
        let (result_channel, command_channel, snapshot_channel) = (
            self.parts.results.clone(),
            self.parts.commands.clone(),
            self.parts.snapshots.clone(),
        );
        let mut select = Select::new();
        let results = select.recv(&result_channel);
        let commands = commands_open.then(|| select.recv(&command_channel));
        let snapshots = self.is_dirty.then(|| select.send(&snapshot_channel));
        let operation = select.select_timeout(wait).ok()?;
        let index = operation.index();
        if index == results {
            if let Ok(batch) = operation.recv(&result_channel) {
                let now = self.parts.clock.monotonic();
                self.fold(batch, now);
            }
            return None;
        }
        if Some(index) == commands {
            let command = operation.recv(&command_channel).ok();
            *commands_open = command.is_some();
            return command;
        }
        if Some(index) == snapshots {
            // Made only now that somebody is waiting for it, so that it is as new as can be.
            let snapshot = self.snapshot();
            drop(operation.send(&snapshot_channel, snapshot));
        }
        None
    }

    fn drain(&mut self, now: Nanos) -> Drained {
        for _ in 0..BATCHES_MAX {
            match self.parts.results.try_recv() {
                Ok(batch) => self.fold(batch, now),
                Err(TryRecvError::Empty) => return Drained::Everything,
                Err(TryRecvError::Disconnected) => return Drained::Closed,
            }
        }
        Drained::Some
    }

    fn fold(&mut self, batch: Batch, now: Nanos) {
        self.is_dirty = true;
        let count = match &batch.outcomes {
            Outcomes::One(_) => 1,
            Outcomes::Many(outcomes) => outcomes.len() as u64,
        };
        if let Some(received) = batch.received {
            self.parts.health.latency(now.since(received), count);
            self.oldest_unseen = Some(
                self.oldest_unseen
                    .map_or(received, |oldest| oldest.min(received)),
            );
        }
        match batch.outcomes {
            Outcomes::One(outcome) => self.take(outcome, now),
            Outcomes::Many(outcomes) => outcomes
                .into_iter()
                .for_each(|outcome| self.take(outcome, now)),
        }
        if let Some(after) = &batch.day {
            self.parts.board.day(after);
        }
    }

    fn take(&mut self, outcome: Outcome, now: Nanos) {
        match outcome {
            Outcome::Result(result) => {
                self.parts.board.result(&result, now);
                if let ResultBody::News(news) = &result.body {
                    let wall = self.parts.clock.wall();
                    self.parts
                        .board
                        .news(result.symbol, result.time, news, wall);
                }
                self.offer_result(&result);
            }
            Outcome::PastNews { id, time, news } => {
                let wall = self.parts.clock.wall();
                self.parts.board.news(id, time, &news, wall);
            }
            Outcome::Error(error) => self.report(*error),
            Outcome::Status(mut status) => {
                status.time = status.time.or_else(|| Some(self.parts.clock.wall()));
                tracing::info!(status = status.status.name(), source = ?status.source, symbol = ?status.symbol, message = ?status.message, "status");
                match status.status {
                    Status::Seek => self.on_seek(&status),
                    Status::Subscribed => self.parts.board.accept(&status),
                    _ => {}
                }
                self.offer(|sink| sink.status(&status));
            }
            Outcome::Added {
                id,
                symbol,
                source,
                meters,
            } => {
                let info = &self.parts.sources[source.index()].info;
                let name = info.name.clone();
                self.parts.board.set_interval(id, info.products.interval);
                self.parts
                    .health
                    .add_worker(id, symbol.clone(), name.clone(), meters);
                if self.parts.board.rows.get(id).is_none() {
                    self.parts.board.rows.insert(Row::waiting(id, symbol, name));
                }
            }
            Outcome::Removed(id) => self.removed(id),
            Outcome::Moved(moved) => self.parts.board.moved(&moved, now),
            Outcome::Primed(primed) => self.parts.board.primed(&primed),
            Outcome::Columns(update) => self.columns(&update),
            Outcome::Indicators(id, values) => self.parts.board.indicators(id, values),
            Outcome::Quarantine(id, is_quarantined) => {
                self.parts.board.quarantine(id, is_quarantined);
                self.parts.health.quarantine(id, is_quarantined);
            }
            Outcome::Chart(update) => {
                if let Some(row) = self.parts.board.rows.get(update.id) {
                    let source = row.source.clone();
                    let calendar = self
                        .parts
                        .sources
                        .iter()
                        .find(|entry| entry.info.name == source)
                        .map(|entry| entry.info.calendar.of(row.symbol.as_str()));
                    self.parts
                        .board
                        .chart(*update, calendar.unwrap_or_default());
                }
            }
            Outcome::Depth(view) => self.parts.board.depth(*view),
            Outcome::Tape(update) => self.parts.board.tape(*update),
            Outcome::Resync(id) => self.resync(id),
            Outcome::SourceEnded { source, hopeless } => {
                self.parts.sources[source.index()].ended = Some(End { hopeless });
                if self.parts.settings.stop_when_ended
                    && self.parts.sources.iter().all(|entry| entry.ended.is_some())
                {
                    self.stop();
                }
            }
            Outcome::SourceResumed(source) => self.parts.sources[source.index()].ended = None,
        }
    }

    fn report(&mut self, mut error: ErrorInstance) {
        let wall = self.parts.clock.wall();
        error.time = error.time.or(Some(wall));
        self.is_dirty = true;
        tracing::warn!(
            kind = error.kind.name(), severity = error.severity.name(), source = ?error.source, symbol = ?error.symbol,
            location = ?error.location, sample = ?error.sample, "{:?}", error.message
        );
        self.parts.board.error(&error, wall);
        self.offer(|sink| sink.error(&error));
    }

    fn tick(&mut self, now: Nanos) {
        self.step_on();
        let is_full_tick = self.parts.health.tick(
            now,
            &self.parts.sources,
            self.parts.board.results_total,
            &self.parts.settings,
        );
        self.is_dirty |= is_full_tick || now < self.fast_until;
        if let Some(reason) = self.parts.recorder.take_failure() {
            self.report(ErrorInstance::new(ErrorKind::SinkError, reason));
            self.tell_recording();
        }
    }

    fn snapshot(&mut self) -> Arc<Snapshot> {
        self.is_dirty = false;
        self.version += 1;
        let taken = self.parts.clock.monotonic();
        Arc::new(Snapshot {
            version: self.version,
            taken,
            wall: self.parts.clock.wall(),
            oldest_received: self.oldest_unseen.take(),
            rows: self.parts.board.rows.clone(),
            errors: Arc::clone(&self.parts.board.errors),
            errors_unread: self.parts.board.errors_unread(),
            errors_total: self.parts.board.errors_total,
            charts: self.parts.board.charts.clone(),
            depths: self.parts.board.depths.clone(),
            tapes: self.parts.board.tapes.clone(),
            news: Arc::clone(&self.parts.board.news),
            answer: self.parts.board.answer.clone(),
            word: self.parts.board.word.clone(),
            recording: self.parts.recorder.view(),
            pipeline: self.parts.health.pipeline(),
            sources: self.parts.health.sources(taken, &self.parts.sources),
            stopping: self.is_stopping,
        })
    }
}

/// How much of the results channel was drained.
enum Drained {
    Everything,
    Some,
    Closed,
}
