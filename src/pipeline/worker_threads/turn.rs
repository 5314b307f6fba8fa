//! A worker's turn on a thread: what it does with its mail, and what becomes of a panic.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::Sender;

use crate::domain::clock::Nanos;
use crate::domain::outcome::{ErrorInstance, ErrorKind, Status, StatusChange};

use crate::domain::source::Origin;

use super::super::mailbox::Item;
use super::super::outcome::{Batch, DayAfter, Outcome};
use super::super::process_supervisor::Control;
use super::super::symbol_worker::SymbolWorker;
use super::cell::{WorkerCell, WorkerState};
use super::pool::ThreadMeter;
use super::{WorkerThreads, lock};

/// Events that a worker takes in one turn before another symbol may have the thread.
const TURN_EVENTS: usize = 128;

/// Panics within [`PANIC_WINDOW_MS`] after which a symbol is quarantined.
const PANICS_MAX: usize = 3;
const PANIC_WINDOW_MS: u64 = 60_000;

impl WorkerThreads {
    /// One turn of a worker. Whether it has more to do.
    pub(super) fn run_turn(
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
            let batch = Batch::of_turn(turn.received.take(), turn.day.take(), &mut turn.outcomes);
            // Blocks while the administrator is behind: that is what makes sources wait. It fails only at the end.
            drop(results.send(batch));
        }
        turn.received = None;
        turn.day = None;
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
        let items = turn.items.make_contiguous();
        let mut at = 0;
        while at < items.len() {
            let Some(mut worker) = state.worker.take() else {
                turn.events += events_in(&items[at..]);
                return;
            };
            let done = catch_unwind(AssertUnwindSafe(|| {
                while at < items.len() && !state.is_quarantined {
                    let item = &mut items[at];
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
                    state.worker = Some(worker.restarted(&mut turn.outcomes));
                }
            }
            if state.is_quarantined {
                let events = turn.events;
                at = pass_over(cell, state, items, at, &mut turn.events, &mut turn.outcomes);
                if turn.events > events {
                    self.notify(Control::Dropped(cell.context.id, turn.events - events));
                }
            }
        }
        if let Some(worker) = &mut state.worker {
            turn.day = worker.take_day();
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
        if context.source.origin == Origin::Live {
            // It is for the venue to confirm a subscription.
            return;
        }
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
}

/// What a thread reuses from turn to turn.
#[derive(Default)]
pub(super) struct Turn {
    items: VecDeque<Item>,
    outcomes: Vec<Outcome>,
    events: u64,
    received: Option<Nanos>,
    day: Option<DayAfter>,
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
        Item::WatchBook(is_wanted) => worker.watch_book(*is_wanted),
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
                if let Some(worker) = &mut state.worker {
                    worker.lose_book("the symbol was quarantined", outcomes);
                }
                return at + 1;
            }
            Item::Retire => {
                state.worker = None;
                outcomes.push(Outcome::Removed(cell.context.id));
            }
            Item::WatchCharts(_) | Item::WatchBook(_) | Item::Reset | Item::EndOfData => {
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
