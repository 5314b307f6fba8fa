//! Taking envelopes in: sorting events by symbol, delivering them, and making sources wait.

use std::sync::Arc;

use crate::domain::clock::Nanos;
use crate::domain::event::Event;
use crate::domain::outcome::{ErrorInstance, Status, StatusChange};
use crate::domain::source::{BarOrigin, Delivery, SourceIndex};
use crate::domain::symbol::SymbolId;

use super::super::mailbox::{Delivered, Item};
use super::super::outcome::Outcome;
use super::super::source::{Envelope, Message};
use super::{Control, ProcessSupervisor, Wait};

impl ProcessSupervisor {
    pub(super) fn accept_all(&mut self, envelopes: Vec<Envelope>) {
        self.takes_turns = self.parts.threads.is_shared();
        for envelope in envelopes {
            self.accept(envelope);
        }
    }

    /// Takes an envelope from the channel: at once, or after those of its source that already wait.
    fn accept(&mut self, envelope: Envelope) {
        let source = &mut self.parts.sources[envelope.source.index()];
        if source.must_wait() || !source.parked.is_empty() {
            source.parked.push_back(envelope);
        } else {
            self.process(envelope);
        }
    }

    fn process(&mut self, envelope: Envelope) {
        let Envelope {
            source: at,
            received,
            message,
        } = envelope;
        self.parts.sources[at.index()].credits.add_permits(1);
        match message {
            Message::Data(events) => {
                self.resume(at);
                self.sort(at, received, events, false);
            }
            Message::History(events) => {
                self.resume(at);
                self.sort(at, received, events, true);
            }
            Message::Rejected(mut error) => {
                error
                    .source
                    .get_or_insert_with(|| self.parts.sources[at.index()].info.name.clone());
                error.time = error.time.or_else(|| Some(self.parts.clock.wall()));
                self.outbox.push_back(Outcome::Error(error));
            }
            Message::Status(mut status) => {
                if status.status == Status::Connecting {
                    // Somebody has asked a source that had given up to try again.
                    self.resume(at);
                }
                status
                    .source
                    .get_or_insert_with(|| self.parts.sources[at.index()].info.name.clone());
                status.time = status.time.or_else(|| Some(self.parts.clock.wall()));
                self.outbox.push_back(Outcome::Status(status));
                self.post();
                if !self.outbox.is_empty() {
                    self.parts.sources[at.index()].waits = Some(Wait::News);
                }
            }
            Message::Reset => {
                self.resume(at);
                self.wait_for(at, Wait::Reset);
            }
            Message::Ended { error, hopeless } => {
                self.wait_for(at, Wait::End { error, hopeless });
            }
        }
    }

    fn resume(&mut self, at: SourceIndex) {
        if std::mem::take(&mut self.parts.sources[at.index()].has_ended) {
            self.outbox.push_back(Outcome::SourceResumed(at));
        }
    }

    /// Lays each event on its symbol's desk; or straight into its mailbox where there are so many symbols that hardly two
    /// events at a time are for the same one.
    fn sort(&mut self, at: SourceIndex, received: Nanos, events: Vec<Event>, is_history: bool) {
        let source = &self.parts.sources[at.index()];
        let is_pausable = source.info.delivery == Delivery::Pausable;
        let goes_straight = is_pausable && self.takes_turns;
        // Counted before a worker can answer for them.
        source.in_flight.add(events.len() as u64);
        let mut unwanted = 0;
        for event in events {
            let id = event.symbol;
            let Some(desk) = self.desk(id) else {
                unwanted += 1;
                continue;
            };
            let item = Item::Event {
                event,
                received,
                is_history,
            };
            let is_first = desk.staged.is_empty();
            if goes_straight && is_first {
                let mut item = Some(item);
                let schedule = desk.cell.with_mailbox(|mailbox| {
                    if let Some(item) = item.take_if(|_| mailbox.room() > 0) {
                        mailbox.push(item);
                    }
                });
                let runnable = schedule.then(|| Arc::clone(&desk.cell));
                if let Some(item) = item {
                    desk.staged.push_back(item);
                    self.touched.push(id);
                }
                self.runnable.extend(runnable);
                continue;
            }
            desk.staged.push_back(item);
            if is_first {
                self.touched.push(id);
            }
        }
        let source = &self.parts.sources[at.index()];
        if unwanted > 0 && source.in_flight.finish(unwanted) {
            self.parts.threads.notify(Control::Drained(at));
        }
        if is_pausable && source.in_flight.get() >= self.backlog_max() {
            self.wait_for(at, Wait::Backlog);
        }
    }

    /// How many events of one source may be under way. The total is shared out evenly: one source's backlog does not
    /// make another wait.
    fn backlog_max(&self) -> u64 {
        (self.parts.settings.total_backlog / self.parts.sources.len()).max(1) as u64
    }

    /// Has a source wait until enough of its events have been answered for.
    fn wait_for(&mut self, at: SourceIndex, wait: Wait) {
        self.parts.sources[at.index()].waits = Some(wait);
        self.on_drained(at);
    }

    /// What had to be said has been said: sources that waited for that go on.
    pub(super) fn news_is_out(&mut self) {
        for at in 0..self.parts.sources.len() {
            if matches!(self.parts.sources[at].waits, Some(Wait::News)) {
                self.parts.sources[at].waits = None;
                self.unpark(SourceIndex(at as u16));
            }
        }
    }

    /// Opens the mailbox of every symbol for which something has been sorted.
    pub(super) fn deliver(&mut self) {
        while let Some(id) = self.touched.pop() {
            self.deliver_to(id);
        }
        self.run_workers();
    }

    fn deliver_to(&mut self, id: SymbolId) {
        let backlog_max = self.backlog_max();
        let Some(Some(desk)) = self.desks.get_mut(id.index()) else {
            return;
        };
        let source = &mut self.parts.sources[desk.cell.source.index()];
        let staged = &mut desk.staged;
        let meters = &desk.cell.context.meters;
        let may_grow = source.in_flight.get() < backlog_max;
        let mut unanswered = 0;
        let mut dropped = 0;
        let mut is_book_lost = false;
        let schedule = match source.info.delivery {
            Delivery::Pausable => desk.cell.with_mailbox(|mailbox| {
                let fits = mailbox.room().min(staged.len());
                for item in staged.drain(..fits) {
                    mailbox.push(item);
                }
                if !staged.is_empty() {
                    // Said while the mailbox is shut to the worker, which therefore cannot miss it.
                    desk.cell.want_room();
                }
            }),
            Delivery::Live => desk.cell.with_mailbox(|mailbox| {
                if may_grow && mailbox.append(staged) {
                    return;
                }
                for item in staged.drain(..) {
                    match item {
                        Item::Event {
                            event,
                            received,
                            is_history: false,
                        } => {
                            match mailbox.deliver_live(event, received, may_grow) {
                                Delivered::Queued => {}
                                Delivered::Conflated => {
                                    meters.conflated.add(1);
                                    unanswered += 1;
                                }
                                Delivered::Superseded(count) => {
                                    meters.conflated.add(count);
                                    unanswered += count;
                                }
                                Delivered::Dropped => {
                                    dropped += 1;
                                    unanswered += 1;
                                }
                                // The word of it is answered for in the place of what was dropped.
                                Delivered::BookLost => {
                                    dropped += 1;
                                    is_book_lost = true;
                                }
                            }
                        }
                        item => mailbox.push(item),
                    }
                }
            }),
        };
        let is_blocked = !staged.is_empty();
        if is_blocked && !source.blocked.contains(&id) {
            source.blocked.push(id);
            source
                .meters
                .set_waiting_for(Some(desk.cell.context.symbol.clone()));
        }
        if schedule {
            self.runnable.push(Arc::clone(&desk.cell));
        }
        if dropped > 0 {
            meters.dropped.add(dropped);
            self.overloads.count(id, dropped, false);
        }
        if is_book_lost {
            self.outbox.push_back(Outcome::Resync(id));
        }
        let at = desk.cell.source;
        if unanswered > 0 && source.in_flight.finish(unanswered) {
            self.parts.threads.notify(Control::Drained(at));
        }
    }

    /// A mailbox that was full has room.
    pub(super) fn on_room(&mut self, id: SymbolId) {
        self.deliver_to(id);
        let Some(Some(desk)) = self.desks.get(id.index()) else {
            return;
        };
        if !desk.staged.is_empty() {
            return;
        }
        let at = desk.cell.source;
        self.parts.sources[at.index()]
            .blocked
            .retain(|blocked| *blocked != id);
        self.unpark(at);
    }

    /// Goes on with a source whose wait is over. A notice may be out of date, so the wait is looked at anew.
    pub(super) fn on_drained(&mut self, at: SourceIndex) {
        let source = &self.parts.sources[at.index()];
        match source.wait_level(self.backlog_max()) {
            Some(level) if source.in_flight.notify_at(level) => {}
            _ => return,
        }
        match self.parts.sources[at.index()].waits.take() {
            None | Some(Wait::Backlog | Wait::News) => {}
            Some(Wait::Reset) => {
                self.order_all(at, || Item::Reset);
            }
            Some(Wait::End { error, hopeless }) => {
                let products = &self.parts.sources[at.index()].info.products;
                if self.parts.settings.timeframes.is_empty()
                    && products.bars == BarOrigin::Delivered
                {
                    self.end(at, error, hopeless);
                } else {
                    self.order_end(at);
                    self.run_workers();
                    return self.wait_for(at, Wait::LastBars { error, hopeless });
                }
            }
            Some(Wait::LastBars { error, hopeless }) => self.end(at, error, hopeless),
        }
        self.unpark(at);
    }

    fn end(&mut self, at: SourceIndex, error: Option<Box<ErrorInstance>>, hopeless: bool) {
        let source = &mut self.parts.sources[at.index()];
        if std::mem::replace(&mut source.has_ended, true) {
            return;
        }
        let now = self.parts.clock.wall();
        let name = source.info.name.clone();
        if let Some(mut error) = error {
            error.time = Some(now);
            error.source.get_or_insert_with(|| name.clone());
            self.outbox.push_back(Outcome::Error(error));
        }
        let mut status = StatusChange::of_source(Status::Ended, &name);
        status.time = Some(now);
        self.outbox.push_back(Outcome::Status(Box::new(status)));
        self.outbox.push_back(Outcome::SourceEnded {
            source: at,
            hopeless,
        });
    }

    /// Gives an order to every worker of a source; how many there are.
    pub(super) fn order_all(&mut self, at: SourceIndex, item: impl Fn() -> Item) {
        for desk in self
            .desks
            .iter()
            .flatten()
            .filter(|desk| desk.cell.source == at)
        {
            if desk.cell.with_mailbox(|mailbox| mailbox.push(item())) {
                self.runnable.push(Arc::clone(&desk.cell));
            }
        }
    }

    /// Has a source's workers give out the bars that are open.
    pub(super) fn order_end(&mut self, at: SourceIndex) {
        let desks = self.desks.iter().flatten();
        let workers = desks.filter(|desk| desk.cell.source == at).count();
        // Before any of them can have done it.
        self.parts.sources[at.index()].in_flight.add(workers as u64);
        self.order_all(at, || Item::EndOfData);
    }

    /// Goes on with the envelopes of a source that had to wait.
    pub(super) fn unpark(&mut self, at: SourceIndex) {
        loop {
            let source = &mut self.parts.sources[at.index()];
            if source.must_wait() {
                break;
            }
            source.meters.set_waiting_for(None);
            let Some(envelope) = source.parked.pop_front() else {
                break;
            };
            self.process(envelope);
        }
        self.deliver();
    }
}
