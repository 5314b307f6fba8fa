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

mod cell;
mod pool;
mod turn;

use std::cell::Cell;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::domain::clock::Clock;
use crate::domain::source::SourceIndex;

use super::mailbox::Mailbox;
use super::outcome::Batch;
use super::process_supervisor::Control;
use super::symbol_worker::{SymbolWorker, WorkerContext};

pub(crate) use cell::{InFlight, WorkerCell};
use cell::{Inbox, WorkerState};
use pool::{PoolState, ThreadMeter, ThreadSlot};
use turn::Turn;

/// How long the run queue may stand still before another thread is woken.
pub(crate) const QUEUE_PATIENCE: std::time::Duration = std::time::Duration::from_millis(1);

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

    /// Leaves a notice for the process supervisor.
    pub fn notify(&self, control: Control) {
        // It fails only when that thread is gone, and then nobody needs the notice.
        drop(self.control.send(control));
    }

    /// Whether there are more symbols than threads, so that they take turns.
    pub fn is_shared(&self) -> bool {
        lock(&self.state).is_shared()
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
