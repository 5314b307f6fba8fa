//! Hiring workers, giving them orders, and letting them go.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::source::{Delivery, SourceIndex};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::Timeframe;

use super::super::mailbox::Item;
use super::super::meters::WorkerMeters;
use super::super::outcome::Outcome;
use super::super::symbol_worker::WorkerContext;
use super::{Control, Desk, ProcessSupervisor, Wait};

impl ProcessSupervisor {
    pub(super) fn obey(&mut self, control: Control) {
        match control {
            Control::Create(source, symbols) => {
                for (symbol, id) in symbols {
                    if self.desk_at(id).is_none() {
                        self.hire(id, symbol, source);
                    }
                }
            }
            Control::Dropped(id, count) => self.overloads.count(id, count, true),
            Control::Remove(id) => self.remove(id),
            Control::Release(id) => self.order(id, Item::Release),
            Control::WatchCharts(charts) => self.watch_charts(charts),
            Control::WatchBooks(symbols) => self.watch_books(symbols),
            Control::Room(id) => self.on_room(id),
            Control::Drained(source) => self.on_drained(source),
        }
        self.run_workers();
    }

    pub(super) fn desk_at(&mut self, id: SymbolId) -> Option<&mut Desk> {
        self.desks.get_mut(id.index())?.as_mut()
    }

    /// The desk of a symbol, with a worker made for it if it is new; `None` when it is not subscribed.
    pub(super) fn desk(&mut self, id: SymbolId) -> Option<&mut Desk> {
        if self.desk_at(id).is_none() {
            let (symbol, source) = self.parts.directory.lookup(id)?;
            self.hire(id, symbol, source);
        }
        self.desk_at(id)
    }

    fn hire(&mut self, id: SymbolId, symbol: Symbol, source: SourceIndex) {
        let desk = &self.parts.sources[source.index()];
        let context = WorkerContext {
            id,
            symbol: symbol.clone(),
            source: Arc::clone(&desk.info),
            settings: Arc::clone(&self.parts.settings),
            history: self.parts.histories.enter(id, &symbol, &desk.info),
            meters: Arc::new(WorkerMeters::default()),
            analysis: self.parts.analysis.clone(),
            columns: self
                .parts
                .columns
                .as_ref()
                .map(|queue| queue.desk(id, desk.info.delivery == Delivery::Pausable)),
        };
        let cell = match self
            .parts
            .threads
            .hire(context, source, Arc::clone(&desk.in_flight))
        {
            Ok(cell) => cell,
            Err(error) => {
                self.parts.histories.leave(id);
                let mut instance = ErrorInstance::new(
                    ErrorKind::Overload,
                    format!("no thread could be started for {symbol}: {error}"),
                );
                instance.symbol = Some(symbol);
                self.outbox.push_back(Outcome::Error(Box::new(instance)));
                return;
            }
        };
        if self.desks.len() <= id.index() {
            self.desks.resize_with(id.index() + 1, || None);
        }
        self.desks[id.index()] = Some(Desk {
            cell,
            staged: VecDeque::new(),
        });
        self.order(id, Item::Announce);
    }

    fn order(&mut self, id: SymbolId, item: Item) {
        if let Some(Some(desk)) = self.desks.get(id.index())
            && desk.cell.with_mailbox(|mailbox| mailbox.push(item))
        {
            self.runnable.push(Arc::clone(&desk.cell));
        }
    }

    fn remove(&mut self, id: SymbolId) {
        self.deliver();
        let Some(desk) = self.desks.get_mut(id.index()).and_then(Option::take) else {
            return;
        };
        self.parts.histories.leave(id);
        let source = &mut self.parts.sources[desk.cell.source.index()];
        source.blocked.retain(|blocked| *blocked != id);
        // Bars that are open go out, unless that has been seen to at the source's end.
        let gives_last_bars = matches!(source.waits, Some(Wait::LastBars { .. }));
        let closes_bars = !source.has_ended && !gives_last_bars;
        source.in_flight.add(u64::from(closes_bars));
        // What a full mailbox could not take is taken all the same: it arrived before the symbol was removed.
        let schedule = desk.cell.with_mailbox(|mailbox| {
            for item in desk.staged {
                mailbox.push(item);
            }
            if closes_bars {
                mailbox.push(Item::EndOfData);
            }
            mailbox.push(Item::Retire);
        });
        if schedule {
            self.runnable.push(Arc::clone(&desk.cell));
        }
        self.run_workers();
        self.parts.threads.release(&desk.cell);
        let at = desk.cell.source;
        self.unpark(at);
    }

    fn watch_books(&mut self, symbols: Vec<SymbolId>) {
        let before = std::mem::replace(&mut self.books, symbols.clone());
        for id in &before {
            if !symbols.contains(id) {
                self.order(*id, Item::WatchBook(false));
            }
        }
        for id in symbols {
            if !before.contains(&id) {
                self.order(id, Item::WatchBook(true));
            }
        }
    }

    fn watch_charts(&mut self, charts: Vec<(SymbolId, Timeframe)>) {
        let mut ids: Vec<SymbolId> = self
            .charts
            .iter()
            .chain(&charts)
            .map(|&(id, _)| id)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let of = |list: &[(SymbolId, Timeframe)], id| -> Vec<Timeframe> {
            list.iter()
                .filter(|chart| chart.0 == id)
                .map(|chart| chart.1)
                .collect()
        };
        for id in ids {
            let wanted = of(&charts, id);
            if wanted != of(&self.charts, id) {
                self.order(id, Item::WatchCharts(wanted));
            }
        }
        self.charts = charts;
    }
}
