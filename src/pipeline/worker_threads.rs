//! The threads that symbol workers run on.
//!
//! Up to `worker_threads` symbols have a thread each, named after the symbol. When there are more symbols than that,
//! they take turns on the threads there are: those that have something to do wait in one run queue, from which as
//! many threads as there are processors take their next. A thread more is woken when the queue has not moved for
//! [`QUEUE_PATIENCE`], because then those threads are on slow symbols; so a slow symbol costs the others that long at
//! the most, while waking every thread for every batch would cost them all the time.
//!
//! A worker that has something to do is on exactly one thread or waits in the run queue once: its mailbox says which
//! (`is_scheduled`), so no two threads ever have it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::domain::clock::{Clock, Nanos};
use crate::domain::outcome::{ErrorInstance, ErrorKind, Status, StatusChange};
use crate::domain::source::SourceIndex;
use crate::domain::symbol::SymbolId;

use super::mailbox::{Item, Mailbox};
use super::outcome::{Batch, Outcome};
use super::process_supervisor::Control;
use super::symbol_worker::{SymbolWorker, WorkerContext};

/// Events that a worker takes in one turn before another symbol may have the thread.
const TURN_EVENTS: usize = 256;

/// How long the run queue may stand still before another thread is woken.
pub(crate) const QUEUE_PATIENCE: std::time::Duration = std::time::Duration::from_millis(1);

/// Panics within [`PANIC_WINDOW_MS`] after which a symbol is quarantined.
const PANICS_MAX: usize = 3;
const PANIC_WINDOW_MS: u64 = 60_000;

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread runs symbol workers: a panic on it is caught, reported and survived.
#[must_use]
pub fn is_worker_thread() -> bool {
    IS_WORKER.with(Cell::get)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many of a source's events have been handed to workers and not yet been answered for.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    events: AtomicU64,
    /// Tell the process supervisor when no more than this many are left; `u64::MAX` is "do not".
    notify_at: AtomicU64,
}

impl InFlight {
    pub fn new() -> Self {
        Self {
            events: AtomicU64::new(0),
            notify_at: AtomicU64::new(u64::MAX),
        }
    }

    pub fn add(&self, events: u64) {
        self.events.fetch_add(events, Ordering::SeqCst);
    }

    pub fn get(&self) -> u64 {
        self.events.load(Ordering::SeqCst)
    }

    /// Asks for word when at most `level` are left. `true` when that is so already, and then no word comes for it.
    pub fn notify_at(&self, level: u64) -> bool {
        self.notify_at.store(level, Ordering::SeqCst);
        // Whoever takes the request back answers it: this, or the worker that got there first.
        self.get() <= level && self.take_request(level)
    }

    fn take_request(&self, level: u64) -> bool {
        self.notify_at
            .compare_exchange(level, u64::MAX, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    }

    /// Answers for `events`, which have been processed, merged or dropped; `true` when word has to be sent.
    pub fn finish(&self, events: u64) -> bool {
        let left = self.events.fetch_sub(events, Ordering::SeqCst) - events;
        let level = self.notify_at.load(Ordering::SeqCst);
        level != u64::MAX && left <= level && self.take_request(level)
    }
}

/// One symbol's worker with its mailbox.
pub(crate) struct WorkerCell {
    pub context: WorkerContext,
    pub source: SourceIndex,
    in_flight: Arc<InFlight>,
    inbox: Mutex<Inbox>,
    state: Mutex<WorkerState>,
    /// The thread that is this symbol's own.
    home: Option<usize>,
    /// Whether the process supervisor waits for room.
    room_wanted: AtomicBool,
}

struct Inbox {
    mailbox: Mailbox,
    is_scheduled: bool,
}

struct WorkerState {
    /// `None` for a moment while it is replaced, and after the symbol has been removed.
    worker: Option<SymbolWorker>,
    panics: Vec<Nanos>,
    is_quarantined: bool,
}

impl WorkerCell {
    /// Puts things into the mailbox. Whether the cell has to be scheduled now.
    #[must_use]
    pub fn with_mailbox(&self, put: impl FnOnce(&mut Mailbox)) -> bool {
        let mut inbox = lock(&self.inbox);
        put(&mut inbox.mailbox);
        self.context.meters.backlog.set(inbox.mailbox.len() as u64);
        if inbox.mailbox.is_empty() || inbox.is_scheduled {
            return false;
        }
        inbox.is_scheduled = true;
        true
    }

    pub fn want_room(&self) {
        self.room_wanted.store(true, Ordering::SeqCst);
    }
}

/// What a thread is doing, for whoever wants to know whether it is stuck.
#[derive(Debug, Default)]
pub(crate) struct ThreadMeter {
    /// The symbol that it runs; meaningless while `busy_since` is zero.
    symbol: AtomicU32,
    /// When its present turn began, in monotonic nanoseconds; zero between turns.
    busy_since: AtomicU64,
}

impl ThreadMeter {
    /// The symbol that it is on, and since when.
    pub fn busy(&self) -> Option<(SymbolId, Nanos)> {
        match self.busy_since.load(Ordering::Relaxed) {
            0 => None,
            since => Some((SymbolId(self.symbol.load(Ordering::Relaxed)), Nanos(since))),
        }
    }
}

struct ThreadSlot {
    work: Sender<Arc<WorkerCell>>,
    meter: Arc<ThreadMeter>,
    handle: JoinHandle<()>,
    is_idle: bool,
}

#[derive(Default)]
struct PoolState {
    run_queue: VecDeque<Arc<WorkerCell>>,
    threads: Vec<Option<ThreadSlot>>,
    /// Idle threads, the one that became so last at the end; entries may be out of date.
    idle: Vec<usize>,
    /// How many threads are idle.
    idle_count: usize,
    /// Workers hired and not released.
    symbols: usize,
    /// How often a worker has been taken from the run queue, and how often at the last look at it.
    taken: u64,
    taken_before: u64,
    finished: Vec<JoinHandle<()>>,
}

impl PoolState {
    fn take_idle(&mut self) -> Option<usize> {
        while let Some(at) = self.idle.pop() {
            if let Some(Some(slot)) = self.threads.get_mut(at)
                && slot.is_idle
            {
                slot.is_idle = false;
                self.idle_count -= 1;
                return Some(at);
            }
        }
        None
    }

    fn take_home(&mut self, home: Option<usize>) -> Option<usize> {
        let at = home?;
        let slot = self.threads.get_mut(at)?.as_mut()?;
        let was_idle = std::mem::take(&mut slot.is_idle);
        self.idle_count -= usize::from(was_idle);
        was_idle.then_some(at)
    }

    fn running(&self) -> usize {
        self.threads.iter().flatten().count()
    }

    /// Whether there are more symbols than threads, so that they take turns.
    fn is_shared(&self) -> bool {
        self.symbols > self.threads.len()
    }

    fn set_idle(&mut self, at: usize, meter: &Arc<ThreadMeter>) {
        // The place may have gone to another thread since this one was let go.
        match self.threads.get_mut(at) {
            Some(Some(slot)) if Arc::ptr_eq(&slot.meter, meter) => slot.is_idle = true,
            _ => return,
        }
        self.idle_count += 1;
        if self.idle.len() > 4 * self.threads.len() + 16 {
            let threads = &self.threads;
            let mut seen = vec![false; threads.len()];
            self.idle.retain(|&at| {
                let keep = threads[at].as_ref().is_some_and(|slot| slot.is_idle) && !seen[at];
                seen[at] = true;
                keep
            });
        }
        self.idle.push(at);
    }
}

/// The worker threads and the queue of workers that wait for one.
pub(crate) struct WorkerThreads {
    state: Mutex<PoolState>,
    meters: Mutex<Vec<Arc<ThreadMeter>>>,
    threads_max: usize,
    processors: usize,
    clock: Arc<dyn Clock>,
    /// What new threads send results with; gone once all threads have been told to end, so that the channel closes.
    results: Mutex<Option<Sender<Batch>>>,
    control: Sender<Control>,
}

impl WorkerThreads {
    pub fn new(
        threads_max: usize,
        clock: Arc<dyn Clock>,
        results: Sender<Batch>,
        control: Sender<Control>,
    ) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            meters: Mutex::default(),
            threads_max: threads_max.max(1),
            processors: std::thread::available_parallelism().map_or(2, usize::from),
            clock,
            results: Mutex::new(Some(results)),
            control,
        })
    }

    /// Makes the worker of a symbol, with a thread of its own while there are fewer than the most.
    ///
    /// # Errors
    /// When there is no thread at all and none can be started.
    pub fn hire(
        self: &Arc<Self>,
        context: WorkerContext,
        source: SourceIndex,
        in_flight: Arc<InFlight>,
    ) -> std::io::Result<Arc<WorkerCell>> {
        let home = self.start_thread(context.symbol.as_str())?;
        lock(&self.state).symbols += 1;
        Ok(Arc::new(WorkerCell {
            source,
            in_flight,
            inbox: Mutex::new(Inbox {
                mailbox: Mailbox::new(context.settings.symbol_backlog),
                is_scheduled: false,
            }),
            state: Mutex::new(WorkerState {
                worker: Some(SymbolWorker::new(context.clone())),
                panics: Vec::new(),
                is_quarantined: false,
            }),
            home,
            room_wanted: AtomicBool::new(false),
            context,
        }))
    }

    fn start_thread(self: &Arc<Self>, name: &str) -> std::io::Result<Option<usize>> {
        let mut state = lock(&self.state);
        let running = state.running();
        if running >= self.threads_max {
            return Ok(None);
        }
        let at = state
            .threads
            .iter()
            .position(Option::is_none)
            .unwrap_or(state.threads.len());
        let Some(results) = lock(&self.results).clone() else {
            return Ok(None);
        };
        let (work, queue) = bounded(1);
        let meter = Arc::new(ThreadMeter::default());
        let pool = Arc::clone(self);
        let run = {
            let meter = Arc::clone(&meter);
            move || pool.run_thread(at, &queue, &meter, &results)
        };
        let handle = match std::thread::Builder::new().name(name.to_owned()).spawn(run) {
            Ok(handle) => handle,
            Err(_) if running > 0 => return Ok(None),
            Err(error) => return Err(error),
        };
        let slot = Some(ThreadSlot {
            work,
            meter: Arc::clone(&meter),
            handle,
            is_idle: true,
        });
        let mut meters = lock(&self.meters);
        if at == state.threads.len() {
            state.threads.push(slot);
            meters.push(meter);
        } else {
            state.threads[at] = slot;
            meters[at] = meter;
        }
        state.idle.push(at);
        state.idle_count += 1;
        Ok(Some(at))
    }

    /// Lets a removed symbol's thread go, unless the symbols that are left need it.
    pub fn release(&self, cell: &WorkerCell) {
        let mut state = lock(&self.state);
        state.symbols -= 1;
        let Some(home) = cell.home else { return };
        if state.running() > state.symbols
            && let Some(slot) = state.threads.get_mut(home).and_then(Option::take)
        {
            state.idle_count -= usize::from(slot.is_idle);
            state.finished.retain(|handle| !handle.is_finished());
            state.finished.push(slot.handle);
        }
    }

    /// Has each of these workers run, as soon as a thread is free.
    pub fn schedule(&self, cells: impl Iterator<Item = Arc<WorkerCell>>) {
        let mut hand_over: Vec<(Sender<Arc<WorkerCell>>, Arc<WorkerCell>)> = Vec::new();
        {
            let mut state = lock(&self.state);
            let is_shared = state.is_shared();
            for cell in cells {
                let thread = if is_shared {
                    let is_awake = state.running() - state.idle_count >= self.processors;
                    if is_awake { None } else { state.take_idle() }
                } else {
                    state.take_home(cell.home).or_else(|| state.take_idle())
                };
                let work = thread
                    .and_then(|at| state.threads[at].as_ref())
                    .map(|slot| slot.work.clone());
                match work {
                    Some(work) => hand_over.push((work, cell)),
                    None => state.run_queue.push_back(cell),
                }
            }
        }
        for (work, cell) in hand_over {
            self.hand_over(&work, cell);
        }
    }

    fn hand_over(&self, work: &Sender<Arc<WorkerCell>>, cell: Arc<WorkerCell>) {
        // An idle thread's queue is empty, so this neither blocks nor fails.
        if let Err(refused) = work.try_send(cell) {
            lock(&self.state).run_queue.push_back(refused.into_inner());
        }
    }

    /// Wakes another thread if workers wait and none has been taken since the last look. Whether workers wait: then
    /// this wants to be asked again after [`QUEUE_PATIENCE`].
    pub fn unblock(&self) -> bool {
        let mut state = lock(&self.state);
        let is_still = state.taken_before == state.taken;
        state.taken_before = state.taken;
        if state.run_queue.is_empty() || state.idle_count == 0 {
            return false;
        }
        if !is_still {
            return true;
        }
        let thread = state.take_idle();
        let work = thread
            .and_then(|at| state.threads[at].as_ref())
            .map(|slot| slot.work.clone());
        let next = work.and_then(|work| Some((work, state.run_queue.pop_front()?)));
        drop(state);
        if let Some((work, cell)) = next {
            self.hand_over(&work, cell);
        }
        true
    }

    fn run_thread(
        &self,
        at: usize,
        queue: &Receiver<Arc<WorkerCell>>,
        meter: &Arc<ThreadMeter>,
        results: &Sender<Batch>,
    ) {
        IS_WORKER.with(|is_worker| is_worker.set(true));
        let mut turn = Turn::default();
        while let Ok(first) = queue.recv() {
            let mut next = Some(first);
            while let Some(cell) = next.take() {
                let has_more = self.run_turn(&cell, &mut turn, meter, results);
                let mut state = lock(&self.state);
                if has_more {
                    state.run_queue.push_back(cell);
                }
                next = state.run_queue.pop_front();
                match next {
                    Some(_) => state.taken += 1,
                    None => state.set_idle(at, meter),
                }
            }
        }
    }

    /// One turn of a worker. Whether it has more to do.
    fn run_turn(
        &self,
        cell: &Arc<WorkerCell>,
        turn: &mut Turn,
        meter: &ThreadMeter,
        results: &Sender<Batch>,
    ) -> bool {
        lock(&cell.inbox).mailbox.take(TURN_EVENTS, &mut turn.items);
        meter.symbol.store(cell.context.id.0, Ordering::Relaxed);
        meter
            .busy_since
            .store(self.clock.monotonic().0.max(1), Ordering::Relaxed);
        self.work(cell, turn);
        meter.busy_since.store(0, Ordering::Relaxed);
        let events = turn.events;
        turn.events = 0;
        turn.items.clear();
        cell.context.meters.events.add(events);
        if !turn.outcomes.is_empty() {
            let batch = Batch::of_turn(turn.received.take(), &mut turn.outcomes);
            // Blocks while the administrator is behind: that is what makes sources wait. It fails only at the end.
            drop(results.send(batch));
        }
        turn.received = None;
        if events > 0 && cell.in_flight.finish(events) {
            self.notify(Control::Drained(cell.source));
        }
        let has_more = {
            let mut inbox = lock(&cell.inbox);
            let waiting = inbox.mailbox.len();
            cell.context.meters.backlog.set(waiting as u64);
            inbox.is_scheduled = waiting > 0;
            inbox.is_scheduled
        };
        if cell.room_wanted.swap(false, Ordering::SeqCst) {
            self.notify(Control::Room(cell.context.id));
        }
        has_more
    }

    fn work(&self, cell: &WorkerCell, turn: &mut Turn) {
        let mut state = lock(&cell.state);
        let state = &mut *state;
        let mut at = 0;
        while at < turn.items.len() {
            let Some(mut worker) = state.worker.take() else {
                turn.events += events_in(&turn.items[at..]);
                return;
            };
            let done = catch_unwind(AssertUnwindSafe(|| {
                while at < turn.items.len() && !state.is_quarantined {
                    let item = &turn.items[at];
                    at += 1;
                    match item {
                        Item::Event {
                            event,
                            received,
                            is_history,
                        } => {
                            turn.events += 1;
                            turn.received = Some(
                                turn.received
                                    .map_or(*received, |first| first.min(*received)),
                            );
                            worker.take(event, *is_history, &mut turn.outcomes);
                        }
                        Item::Announce => self.announce(cell, &mut turn.outcomes),
                        Item::Retire => {
                            turn.outcomes.push(Outcome::Removed(cell.context.id));
                            return false;
                        }
                        item => {
                            turn.events += u64::from(matches!(item, Item::EndOfData));
                            obey(&mut worker, item, &mut turn.outcomes);
                        }
                    }
                }
                worker.finish_turn(&mut turn.outcomes);
                true
            }));
            match done {
                Ok(true) => state.worker = Some(worker),
                Ok(false) => {}
                Err(panic) => {
                    self.after_panic(cell, state, panic.as_ref(), &mut turn.outcomes);
                    state.worker = Some(worker.restarted());
                }
            }
            if state.is_quarantined {
                let events = turn.events;
                at = pass_over(
                    cell,
                    state,
                    &turn.items,
                    at,
                    &mut turn.events,
                    &mut turn.outcomes,
                );
                if turn.events > events {
                    self.notify(Control::Dropped(cell.context.id, turn.events - events));
                }
            }
        }
    }

    fn announce(&self, cell: &WorkerCell, outcomes: &mut Vec<Outcome>) {
        let context = &cell.context;
        outcomes.push(Outcome::Added {
            id: context.id,
            symbol: context.symbol.clone(),
            source: cell.source,
            meters: Arc::clone(&context.meters),
        });
        let mut status = StatusChange::of_source(Status::Subscribed, &context.source.name)
            .with_symbol(&context.symbol);
        status.time = Some(self.clock.wall());
        outcomes.push(Outcome::Status(Box::new(status)));
    }

    fn after_panic(
        &self,
        cell: &WorkerCell,
        state: &mut WorkerState,
        panic: &(dyn std::any::Any + Send),
        outcomes: &mut Vec<Outcome>,
    ) {
        let now = self.clock.monotonic();
        state
            .panics
            .retain(|then| now.since(*then).as_millis() < u128::from(PANIC_WINDOW_MS));
        state.panics.push(now);
        state.is_quarantined = state.panics.len() >= PANICS_MAX;
        let reason = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned());
        let context = &cell.context;
        let next = if state.is_quarantined {
            format!(
                "the symbol is quarantined after {PANICS_MAX} panics in a minute; ':release {}' lets it go on",
                context.symbol
            )
        } else {
            "the worker goes on with its history".to_owned()
        };
        context.meters.restarts.add(1);
        let mut error = ErrorInstance::new(ErrorKind::WorkerPanic, format!("{reason}: {next}"))
            .from_source(&context.source.name);
        error.symbol = Some(context.symbol.clone());
        error.time = Some(self.clock.wall());
        outcomes.push(Outcome::Error(Box::new(error)));
        if state.is_quarantined {
            outcomes.push(Outcome::Quarantine(context.id, true));
            let mut status = StatusChange::of_source(Status::Quarantined, &context.source.name)
                .with_symbol(&context.symbol)
                .with_message(format!("after {PANICS_MAX} panics in a minute"));
            status.time = Some(self.clock.wall());
            outcomes.push(Outcome::Status(Box::new(status)));
        }
    }

    /// Leaves a notice for the process supervisor.
    pub fn notify(&self, control: Control) {
        // It fails only when that thread is gone, and then nobody needs the notice.
        drop(self.control.send(control));
    }

    /// What each thread is doing.
    pub fn thread_meters(&self) -> Vec<Arc<ThreadMeter>> {
        lock(&self.meters).clone()
    }

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        lock(&self.state).running()
    }

    /// Ends all threads once they have nothing to do.
    pub fn finish(&self) {
        lock(&self.results).take();
        let (slots, finished) = {
            let mut state = lock(&self.state);
            (
                std::mem::take(&mut state.threads),
                std::mem::take(&mut state.finished),
            )
        };
        let running = slots.into_iter().flatten().map(|slot| slot.handle);
        for handle in running.chain(finished) {
            // Panics are caught inside; a thread that died of one all the same has nothing left to say.
            drop(handle.join());
        }
    }
}

/// What a thread reuses from turn to turn.
#[derive(Default)]
struct Turn {
    items: Vec<Item>,
    outcomes: Vec<Outcome>,
    events: u64,
    received: Option<Nanos>,
}

fn events_in(items: &[Item]) -> u64 {
    items
        .iter()
        .filter(|item| matches!(item, Item::Event { .. } | Item::EndOfData))
        .count() as u64
}

/// Carries out an order that is no event and does not end the worker.
fn obey(worker: &mut SymbolWorker, item: &Item, outcomes: &mut Vec<Outcome>) {
    match item {
        Item::Reset => worker.reset(),
        Item::EndOfData => worker.end_of_data(outcomes),
        Item::WatchCharts(timeframes) => worker.watch_charts(timeframes),
        Item::Announce | Item::Event { .. } | Item::Release | Item::Retire | Item::Conflated => {}
    }
}

/// What a quarantined symbol does with its mail: events are dropped and counted, and it looks for its release.
fn pass_over(
    cell: &WorkerCell,
    state: &mut WorkerState,
    items: &[Item],
    from: usize,
    events: &mut u64,
    outcomes: &mut Vec<Outcome>,
) -> usize {
    for (at, item) in items.iter().enumerate().skip(from) {
        match item {
            Item::Event { .. } => {
                *events += 1;
                cell.context.meters.dropped.add(1);
            }
            Item::Release => {
                state.is_quarantined = false;
                state.panics.clear();
                outcomes.push(Outcome::Quarantine(cell.context.id, false));
                return at + 1;
            }
            Item::Retire => {
                state.worker = None;
                outcomes.push(Outcome::Removed(cell.context.id));
            }
            Item::WatchCharts(_) | Item::Reset | Item::EndOfData => {
                *events += u64::from(matches!(item, Item::EndOfData));
                if let Some(worker) = &mut state.worker {
                    obey(worker, item, outcomes);
                }
            }
            Item::Announce | Item::Conflated => {}
        }
    }
    items.len()
}
