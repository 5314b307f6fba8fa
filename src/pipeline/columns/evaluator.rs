//! A thread that evaluates one column of one bar at a time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::domain::clock::{Clock, Nanos};
use crate::domain::column::SQL_STACK_BYTES;

use super::super::histories::SymbolHistory;
use super::ColumnEngine;

/// Stands for an evaluation whose thread has not come to it yet.
const NOT_BEGUN: u64 = u64::MAX;

/// One column of one bar.
pub(super) struct Task {
    pub column: usize,
    pub history: Arc<SymbolHistory>,
}

/// What came of it.
pub(super) struct Done {
    /// Which evaluator did it.
    pub evaluator: usize,
    pub value: Result<Option<f64>, String>,
    pub took: Duration,
}

/// What all evaluators share.
pub(super) struct Shop {
    pub engine: Arc<dyn ColumnEngine>,
    pub clock: Arc<dyn Clock>,
    pub done: Sender<Done>,
}

/// The thread as it is seen from outside. It ends when this is dropped and it has nothing to do.
pub(super) struct Evaluator {
    tasks: Sender<Task>,
    begun: Arc<AtomicU64>,
}

impl Evaluator {
    /// Starts the thread, which tells what it has done under this number.
    pub fn start(number: usize, shop: &Arc<Shop>) -> io::Result<Self> {
        let (tasks, to_do) = bounded(1);
        let begun = Arc::new(AtomicU64::new(NOT_BEGUN));
        let (shop, told) = (Arc::clone(shop), Arc::clone(&begun));
        thread::Builder::new()
            .name(format!("column-{number}"))
            .stack_size(SQL_STACK_BYTES)
            .spawn(move || work(number, &shop, &to_do, &told))?;
        Ok(Self { tasks, begun })
    }

    /// Gives it something to do; it has nothing to do so far.
    pub fn give(&self, task: Task) {
        self.begun.store(NOT_BEGUN, Ordering::Relaxed);
        // There is room for it, and its thread waits for nothing else.
        self.tasks.try_send(task).unwrap_or_default();
    }

    /// How long it has been at work on what it was given; zero while its thread has not come to it.
    pub fn at_work(&self, clock: &dyn Clock) -> Duration {
        match self.begun.load(Ordering::Relaxed) {
            NOT_BEGUN => Duration::ZERO,
            begun => clock.monotonic().since(Nanos(begun)),
        }
    }
}

fn work(number: usize, shop: &Shop, to_do: &Receiver<Task>, told: &AtomicU64) {
    for Task { column, history } in to_do {
        let began = shop.clock.monotonic();
        told.store(began.0, Ordering::Relaxed);
        let value = shop.engine.evaluate(column, &history);
        let done = Done {
            evaluator: number,
            value,
            took: shop.clock.monotonic().since(began),
        };
        if shop.done.send(done).is_err() {
            return;
        }
    }
}
