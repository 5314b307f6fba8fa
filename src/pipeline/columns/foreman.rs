//! Hands the columns of closed bars out to evaluators, and tells what came of them.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, never, select, unbounded};

use crate::domain::clock::Clock;
use crate::domain::column::ColumnValues;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;

use super::super::histories::SymbolHistory;
use super::super::outcome::{Batch, ColumnsUpdate, Outcome};
use super::evaluator::{Done, Evaluator, Shop, Task};
use super::{BUDGET, ColumnEngine, Job, LOST_MAX, STRIKES_MAX};

/// Bars that are taken out of the queue at a time, so that symbols need not wait for one another.
const TAKEN_MAX: usize = 64;

/// A bar whose columns are being evaluated: the next is the one behind the last that has a value.
struct Bar {
    time: UnixMs,
    history: Arc<SymbolHistory>,
    values: Vec<Option<f64>>,
}

/// An evaluator, and what it is at.
struct Hand {
    evaluator: Evaluator,
    at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Nothing to do.
    Rest,
    /// At the first bar of this symbol.
    Work(SymbolId),
    /// Still at this column, for which nobody waits any more.
    Lost(usize),
}

/// Whether anybody still listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gone;

/// Whoever hands out the work. Everything is decided on its thread.
pub(super) struct Foreman {
    names: Arc<[String]>,
    shop: Arc<Shop>,
    done: Receiver<Done>,
    threads: usize,
    hands: HashMap<usize, Hand>,
    /// Counts evaluators, so that none is taken for another.
    next_number: usize,
    given_up: Vec<bool>,
    /// How often in a row each column has failed for each symbol.
    strikes: HashMap<(usize, SymbolId), u32>,
    /// The bars of each symbol that has any; the first is under way.
    bars: HashMap<SymbolId, VecDeque<Bar>>,
    /// How many there are.
    taken: usize,
    /// Symbols whose first bar waits for an evaluator.
    ready: VecDeque<SymbolId>,
    results: Sender<Batch>,
    left_out: Arc<AtomicU64>,
}

impl Foreman {
    /// With one evaluator; others are started when there is work for them.
    pub fn new(
        engine: Arc<dyn ColumnEngine>,
        threads: usize,
        clock: Arc<dyn Clock>,
        results: Sender<Batch>,
        left_out: Arc<AtomicU64>,
    ) -> io::Result<Self> {
        // Each evaluator has one task at most.
        let (sender, done) = unbounded();
        let names = engine.names();
        let shop = Arc::new(Shop {
            engine,
            clock,
            done: sender,
        });
        let mut foreman = Self {
            given_up: vec![false; names.len()],
            names,
            shop,
            done,
            threads: threads.max(1),
            hands: HashMap::new(),
            next_number: 0,
            strikes: HashMap::new(),
            bars: HashMap::new(),
            taken: 0,
            ready: VecDeque::new(),
            results,
            left_out,
        };
        foreman.hire()?;
        Ok(foreman)
    }

    /// Works until there are no more bars, or nobody wants to know.
    pub fn run(mut self, jobs: &Receiver<Job>) {
        let nothing = never();
        let mut has_ended = false;
        while !has_ended || self.taken > 0 {
            let jobs = if has_ended || self.taken >= TAKEN_MAX {
                &nothing
            } else {
                jobs
            };
            let went_on = match self.patience() {
                None => select! {
                    recv(jobs) -> job => self.on_job(job.ok(), &mut has_ended),
                    recv(self.done) -> done => done.map_or(Ok(()), |done| self.on_done(done)),
                },
                Some(patience) => select! {
                    recv(jobs) -> job => self.on_job(job.ok(), &mut has_ended),
                    recv(self.done) -> done => done.map_or(Ok(()), |done| self.on_done(done)),
                    default(patience) => Ok(()),
                },
            };
            let went_on = went_on.and_then(|()| self.on_time());
            if went_on.and_then(|()| self.hand_out()).is_err() {
                return;
            }
        }
    }

    /// How long to wait before the next look at who is over the budget; `None` while nobody is at work.
    fn patience(&self) -> Option<Duration> {
        let at_work = self.hands.values().filter(|hand| hand.is_at_work());
        at_work
            .map(|hand| BUDGET.saturating_sub(hand.evaluator.at_work(&*self.shop.clock)))
            .min()
            // Over it is what takes longer than that.
            .map(|left| left + Duration::from_millis(1))
    }

    fn on_job(&mut self, job: Option<Job>, has_ended: &mut bool) -> Result<(), Gone> {
        let Some(Job { bar, history }) = job else {
            *has_ended = true;
            return Ok(());
        };
        self.tell_left_out()?;
        let id = history.id;
        let bars = self.bars.entry(id).or_default();
        bars.push_back(Bar {
            time: bar,
            values: Vec::with_capacity(self.names.len()),
            history,
        });
        self.taken += 1;
        if bars.len() == 1 {
            self.go_on(id)?;
        }
        Ok(())
    }

    fn on_done(&mut self, done: Done) -> Result<(), Gone> {
        let Some(hand) = self.hands.get_mut(&done.evaluator) else {
            return Ok(());
        };
        let was_at = std::mem::replace(&mut hand.at, At::Rest);
        let At::Work(id) = was_at else {
            // Another one has taken its place.
            self.hands.remove(&done.evaluator);
            return Ok(());
        };
        let value = match done.value {
            Ok(value) if done.took <= BUDGET => {
                let column = self.column_of(id);
                self.strikes.remove(&(column, id));
                value.filter(|value| value.is_finite())
            }
            Ok(_) => {
                self.strike(id, &over_budget())?;
                None
            }
            Err(reason) => {
                self.strike(id, &reason)?;
                None
            }
        };
        self.put(id, value)
    }

    /// Takes the work away from evaluators that are over their budget, once all that is done has been looked at.
    fn on_time(&mut self) -> Result<(), Gone> {
        if !self.done.is_empty() {
            return Ok(());
        }
        let clock = &*self.shop.clock;
        let late: Vec<(usize, SymbolId)> = self
            .hands
            .iter()
            .filter_map(|(number, hand)| match hand.at {
                At::Work(id) if hand.evaluator.at_work(clock) > BUDGET => Some((*number, id)),
                _ => None,
            })
            .collect();
        for (number, id) in late {
            let column = self.column_of(id);
            if let Some(hand) = self.hands.get_mut(&number) {
                hand.at = At::Lost(column);
            }
            self.strike(id, &over_budget())?;
            self.put(id, None)?;
        }
        Ok(())
    }

    /// The column that a symbol's first bar is at.
    fn column_of(&self, id: SymbolId) -> usize {
        let first = self.bars.get(&id).and_then(VecDeque::front);
        first.map_or(0, |bar| bar.values.len())
    }

    /// The value of the column that a symbol's first bar is at.
    fn put(&mut self, id: SymbolId, value: Option<f64>) -> Result<(), Gone> {
        if let Some(bar) = self.bars.get_mut(&id).and_then(VecDeque::front_mut) {
            bar.values.push(value);
        }
        self.go_on(id)
    }

    /// Has the next column of a symbol's first bar evaluated; tells its values when there is none, and goes on to the bar
    /// behind it.
    fn go_on(&mut self, id: SymbolId) -> Result<(), Gone> {
        while let Some(bars) = self.bars.get_mut(&id) {
            let Some(bar) = bars.front_mut() else {
                self.bars.remove(&id);
                return Ok(());
            };
            while self.given_up.get(bar.values.len()) == Some(&true) {
                bar.values.push(None);
            }
            if bar.values.len() < self.names.len() {
                self.ready.push_back(id);
                return Ok(());
            }
            let update = Outcome::Columns(Box::new(ColumnsUpdate {
                id,
                time: bar.time,
                values: Arc::new(ColumnValues {
                    names: Arc::clone(&self.names),
                    values: std::mem::take(&mut bar.values).into(),
                }),
            }));
            bars.pop_front();
            self.taken -= 1;
            self.send(update)?;
        }
        Ok(())
    }

    /// Gives what is ready to whoever has nothing to do.
    fn hand_out(&mut self) -> Result<(), Gone> {
        while let Some(id) = self.ready.pop_front() {
            let Some(bar) = self.bars.get(&id).and_then(VecDeque::front) else {
                continue;
            };
            let column = bar.values.len();
            if self.given_up.get(column) == Some(&true) {
                self.put(id, None)?;
                continue;
            }
            let task = Task {
                column,
                history: Arc::clone(&bar.history),
            };
            match self.rested() {
                Ok(Some(hand)) => {
                    // Its thread ends with it alone.
                    hand.evaluator.give(task);
                    hand.at = At::Work(id);
                }
                Ok(None) => {
                    self.ready.push_front(id);
                    return Ok(());
                }
                Err(error) => {
                    self.strike(id, &format!("the system gives no thread: {error}"))?;
                    self.put(id, None)?;
                }
            }
        }
        Ok(())
    }

    /// An evaluator that has nothing to do; `None` while as many as there may be are at work.
    fn rested(&mut self) -> io::Result<Option<&mut Hand>> {
        let is_at_rest = |hand: &Hand| hand.at == At::Rest;
        if !self.hands.values().any(is_at_rest) {
            let busy = self.hands.values().filter(|hand| hand.is_at_work()).count();
            if busy >= self.threads {
                return Ok(None);
            }
            match self.hire() {
                // Whoever is at work takes what is left.
                Err(_) if busy > 0 => return Ok(None),
                hired => hired?,
            }
        }
        Ok(self.hands.values_mut().find(|hand| is_at_rest(hand)))
    }

    fn hire(&mut self) -> io::Result<()> {
        let number = self.next_number;
        let evaluator = Evaluator::start(number, &self.shop)?;
        self.next_number += 1;
        let at = At::Rest;
        self.hands.insert(number, Hand { evaluator, at });
        Ok(())
    }

    /// The column that a symbol's first bar is at has failed.
    fn strike(&mut self, id: SymbolId, trouble: &str) -> Result<(), Gone> {
        let column = self.column_of(id);
        let Some(bar) = self.bars.get(&id).and_then(VecDeque::front) else {
            return Ok(());
        };
        if self.given_up[column] {
            return Ok(());
        }
        let is_at_it = |hand: &&Hand| hand.at == At::Lost(column);
        let lost = self.hands.values().filter(is_at_it).count();
        let strikes = self.strikes.entry((column, id)).or_default();
        *strikes += 1;
        let is_last = *strikes >= STRIKES_MAX || lost >= LOST_MAX;
        let message = format!("column '{}': {trouble}", self.names[column]);
        let mut error = ErrorInstance::new(ErrorKind::ConfigError, message);
        error.source = Some(bar.history.source.clone());
        error.symbol = Some(bar.history.symbol.clone());
        self.given_up[column] |= is_last;
        self.send(Outcome::Error(Box::new(if is_last {
            error.then("it is given up until the program starts again")
        } else {
            error.as_warning()
        })))
    }

    fn tell_left_out(&self) -> Result<(), Gone> {
        let count = self.left_out.swap(0, Ordering::Relaxed);
        if count == 0 {
            return Ok(());
        }
        let message = format!(
            "{count} bars close faster than your own columns can be evaluated, and have none"
        );
        let error = ErrorInstance::new(ErrorKind::Overload, message).as_warning();
        self.send(Outcome::Error(Box::new(error)))
    }

    fn send(&self, outcome: Outcome) -> Result<(), Gone> {
        self.results
            .send(Batch::of_engine(outcome))
            .map_err(|_| Gone)
    }
}

impl Hand {
    fn is_at_work(&self) -> bool {
        matches!(self.at, At::Work(_))
    }
}

fn over_budget() -> String {
    format!(
        "it takes longer than {} ms and is left out for this bar",
        BUDGET.as_millis()
    )
}
