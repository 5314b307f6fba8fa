//! The thread that routes each event to its symbol's worker, and creates, restarts and removes workers.
//!
//! It never blocks on anybody in particular. What cannot be delivered now waits where the credits of its source bound
//! it: envelopes of a pausable source whose symbol has a full mailbox are parked, and everything else goes on.

mod desks;
mod intake;
mod overloads;

use std::collections::VecDeque;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Select, Sender, TryRecvError, TrySendError};
use tokio::sync::Semaphore;

use crate::domain::clock::Clock;
use crate::domain::outcome::ErrorInstance;
use crate::domain::source::{SourceIndex, SourceInfo};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::Timeframe;

use super::columns::ColumnQueue;
use super::directory::Directory;
use super::engine::Analysis;
use super::histories::Histories;
use super::mailbox::Item;
use super::meters::SourceMeters;
use super::outcome::{Batch, Outcome, Outcomes};
use super::settings::EngineSettings;
use super::source::Envelope;
use super::worker_threads::{InFlight, QUEUE_PATIENCE, WorkerCell, WorkerThreads};

/// Hand-overs that are sorted by symbol before the mailboxes are opened: one lock for many events.
const SORTED_HAND_OVERS: usize = 4;

/// News for the administrator that may wait; beyond it, sources do.
const OUTBOX_MAX: usize = 4096;

/// Orders and news for the process supervisor.
///
/// Its channel has no bound of its own: there is at most one notice under way for each symbol and source, and orders
/// come from a person.
#[derive(Debug)]
pub(crate) enum Control {
    /// Make these symbols' workers, if data has not done so already.
    Create(SourceIndex, Vec<(Symbol, SymbolId)>),
    /// Let this symbol's worker finish what it has and go.
    Remove(SymbolId),
    /// Let a quarantined worker go on.
    Release(SymbolId),
    /// These charts are wanted from now on, and no others.
    WatchCharts(Vec<(SymbolId, Timeframe)>),
    /// The depth and the tape of these symbols are wanted from now on, and of no others.
    WatchBooks(Vec<SymbolId>),
    /// So many events of a quarantined symbol have been dropped.
    Dropped(SymbolId, u64),
    /// A mailbox that was full has room.
    Room(SymbolId),
    /// So many of a source's events have been answered for as was asked.
    Drained(SourceIndex),
}

/// What the process supervisor knows of a source.
pub(crate) struct SourceDesk {
    pub info: Arc<SourceInfo>,
    pub meters: Arc<SourceMeters>,
    pub credits: Arc<Semaphore>,
    in_flight: Arc<InFlight>,
    /// Envelopes that have to wait for an earlier one.
    parked: VecDeque<Envelope>,
    /// What the source waits for.
    waits: Option<Wait>,
    /// Mailboxes that could not take all of its events.
    blocked: Vec<SymbolId>,
    has_ended: bool,
}

impl SourceDesk {
    pub fn new(info: Arc<SourceInfo>, meters: Arc<SourceMeters>, credits: Arc<Semaphore>) -> Self {
        Self {
            info,
            meters,
            credits,
            in_flight: Arc::new(InFlight::new()),
            parked: VecDeque::new(),
            waits: None,
            blocked: Vec::new(),
            has_ended: false,
        }
    }

    fn must_wait(&self) -> bool {
        self.waits.is_some() || !self.blocked.is_empty()
    }

    /// With how many events left the wait is over; `None` when it is not events that are waited for.
    fn wait_level(&self, backlog_max: u64) -> Option<u64> {
        match self.waits.as_ref()? {
            Wait::News => None,
            Wait::Backlog => Some(backlog_max / 2),
            Wait::Reset | Wait::End { .. } | Wait::LastBars { .. } => Some(0),
        }
    }
}

/// Why a source's next envelope has to wait: mostly until its events have been answered for.
#[derive(Debug)]
enum Wait {
    /// What was said about the source has to reach the administrator before the results that follow.
    News,
    /// There are too many of them.
    Backlog,
    /// All of them belong to what a seek leaves behind.
    Reset,
    /// The end is told after the last result.
    End {
        error: Option<Box<ErrorInstance>>,
        hopeless: bool,
    },
    /// The longer bars that were open at the end have still to come.
    LastBars {
        error: Option<Box<ErrorInstance>>,
        hopeless: bool,
    },
}

struct Desk {
    cell: Arc<WorkerCell>,
    /// Sorted, not yet in the mailbox.
    staged: VecDeque<Item>,
}

/// What the engine gives the process supervisor.
pub(crate) struct Parts {
    pub settings: Arc<EngineSettings>,
    pub directory: Arc<Directory>,
    pub clock: Arc<dyn Clock>,
    pub histories: Arc<Histories>,
    pub analysis: Option<Analysis>,
    pub columns: Option<ColumnQueue>,
    pub messages: Receiver<Vec<Envelope>>,
    pub control: Receiver<Control>,
    pub results: Sender<Batch>,
    pub threads: Arc<WorkerThreads>,
    pub sources: Vec<SourceDesk>,
}

/// The process supervisor.
pub(crate) struct ProcessSupervisor {
    parts: Parts,
    /// By symbol.
    desks: Vec<Option<Desk>>,
    /// Symbols with something on the desk that is not yet in the mailbox.
    touched: Vec<SymbolId>,
    /// Workers that have something to do and have not been scheduled yet.
    runnable: Vec<Arc<WorkerCell>>,
    /// News for the administrator, while that is behind.
    outbox: VecDeque<Outcome>,
    charts: Vec<(SymbolId, Timeframe)>,
    books: Vec<SymbolId>,
    overloads: overloads::Overloads,
    /// Whether there are more symbols than threads.
    takes_turns: bool,
    /// Whether the workers of sources that were stopped have been told that nothing more comes.
    has_told_end: bool,
}

impl ProcessSupervisor {
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            desks: Vec::new(),
            touched: Vec::new(),
            runnable: Vec::new(),
            outbox: VecDeque::new(),
            charts: Vec::new(),
            books: Vec::new(),
            overloads: overloads::Overloads::default(),
            takes_turns: false,
            has_told_end: false,
        }
    }

    /// Works until all streamers are gone and everything they sent has been processed.
    pub fn run(mut self) {
        let mut is_open = true;
        while is_open || !self.is_drained() || self.tell_end() {
            is_open = self.step(is_open);
        }
        while let Ok(control) = self.parts.control.try_recv() {
            self.obey(control);
        }
        self.report_overloads(true);
        for outcome in std::mem::take(&mut self.outbox) {
            drop(self.parts.results.send(Batch::of_engine(outcome)));
        }
        self.parts.threads.finish();
    }

    /// Has bars given out that are still open because their source was stopped before its end. Whether there may be any.
    fn tell_end(&mut self) -> bool {
        if std::mem::replace(&mut self.has_told_end, true) {
            return false;
        }
        for at in 0..self.parts.sources.len() {
            if !self.parts.sources[at].has_ended {
                self.order_end(SourceIndex(at as u16));
            }
        }
        self.run_workers();
        true
    }

    fn is_drained(&self) -> bool {
        self.parts.sources.iter().all(|source| {
            source.parked.is_empty() && !source.must_wait() && source.in_flight.get() == 0
        })
    }

    /// Takes what there is, or waits for something. Whether streamers are still there.
    fn step(&mut self, is_open: bool) -> bool {
        let mut is_open = is_open;
        let mut sorted = 0;
        while sorted < SORTED_HAND_OVERS && self.takes_messages() {
            match self.parts.messages.try_recv() {
                Ok(envelopes) => self.accept_all(envelopes),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    is_open = false;
                    break;
                }
            }
            sorted += 1;
        }
        self.deliver();
        while let Ok(control) = self.parts.control.try_recv() {
            self.obey(control);
            sorted += 1;
        }
        self.report_overloads(false);
        self.post();
        if sorted == 0 {
            is_open = self.wait(is_open);
        }
        is_open
    }

    /// Waits until something comes, or until there is room for news.
    fn wait(&mut self, is_open: bool) -> bool {
        if !is_open {
            self.ask_for_end();
            if self.is_drained() {
                return false;
            }
        }
        // The operation borrows the channels while the rest of `self` acts on it.
        let (control_channel, message_channel, result_channel) = (
            self.parts.control.clone(),
            self.parts.messages.clone(),
            self.parts.results.clone(),
        );
        let mut select = Select::new();
        let control = select.recv(&control_channel);
        let messages = (is_open && self.takes_messages()).then(|| select.recv(&message_channel));
        let results = (!self.outbox.is_empty()).then(|| select.send(&result_channel));
        let ready = if self.parts.threads.unblock() {
            select.select_timeout(QUEUE_PATIENCE)
        } else if self.overloads.is_empty() {
            Ok(select.select())
        } else {
            select.select_timeout(overloads::OVERLOAD_INTERVAL)
        };
        let Ok(operation) = ready else { return is_open };
        let index = operation.index();
        if index == control {
            if let Ok(control) = operation.recv(&control_channel) {
                self.obey(control);
            }
        } else if Some(index) == messages {
            match operation.recv(&message_channel) {
                Ok(envelopes) => self.accept_all(envelopes),
                Err(_) => return false,
            }
        } else if Some(index) == results
            && let Some(outcome) = self.outbox.pop_front()
        {
            drop(operation.send(&result_channel, Batch::of_engine(outcome)));
        }
        is_open
    }

    /// Whether envelopes are taken in: not while the administrator is far behind with this thread's own news.
    fn takes_messages(&self) -> bool {
        self.outbox.len() < OUTBOX_MAX
    }

    /// Has every source tell when its events are done: nothing else would wake this thread for that.
    fn ask_for_end(&self) {
        for (at, source) in self.parts.sources.iter().enumerate() {
            if source.waits.is_none() && source.in_flight.notify_at(0) {
                continue;
            }
            tracing::debug!(
                source = at,
                left = source.in_flight.get(),
                "waiting for the last events"
            );
        }
    }

    /// Puts news for the administrator on the results channel as far as there is room.
    fn post(&mut self) {
        while let Some(outcome) = self.outbox.pop_front() {
            // Never waits: while the administrator is held up, sources that cannot wait must still be taken from.
            match self.parts.results.try_send(Batch::of_engine(outcome)) {
                Ok(()) | Err(TrySendError::Disconnected(_)) => {}
                Err(TrySendError::Full(Batch { outcomes, .. })) => {
                    if let Outcomes::One(outcome) = outcomes {
                        self.outbox.push_front(outcome);
                    }
                    return;
                }
            }
        }
        self.news_is_out();
    }

    fn run_workers(&mut self) {
        if !self.runnable.is_empty() {
            self.parts.threads.schedule(self.runnable.drain(..));
        }
    }
}
