//! Dropped events: counted as they are dropped, and reported now and then.

use std::collections::VecDeque;
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::domain::clock::Nanos;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::SymbolId;

use super::super::outcome::Outcome;
use super::ProcessSupervisor;

/// How often dropped events are reported at most.
pub(super) const OVERLOAD_INTERVAL: Duration = Duration::from_secs(1);

/// Events dropped since the last report.
#[derive(Debug, Default)]
pub(super) struct Overloads {
    by_symbol: FxHashMap<SymbolId, Dropped>,
    last_report: Nanos,
}

#[derive(Debug, Default)]
struct Dropped {
    events: u64,
    is_quarantined: bool,
}

impl Overloads {
    pub fn is_empty(&self) -> bool {
        self.by_symbol.is_empty()
    }

    pub fn count(&mut self, id: SymbolId, events: u64, is_quarantined: bool) {
        let dropped = self.by_symbol.entry(id).or_default();
        dropped.events += events;
        dropped.is_quarantined = is_quarantined;
    }
}

impl ProcessSupervisor {
    /// Reports dropped events, at most once an interval.
    pub(super) fn report_overloads(&mut self, now_or_never: bool) {
        // While earlier news waits, the counts grow instead of the news.
        if self.overloads.is_empty() || !(self.outbox.is_empty() || now_or_never) {
            return;
        }
        let now = self.parts.clock.monotonic();
        if !now_or_never && now.since(self.overloads.last_report) < OVERLOAD_INTERVAL {
            return;
        }
        self.overloads.last_report = now;
        let reports: VecDeque<Outcome> = std::mem::take(&mut self.overloads.by_symbol)
            .into_iter()
            .filter_map(|(id, dropped)| {
                let context = &self.desks.get(id.index())?.as_ref()?.cell.context;
                let reason = if dropped.is_quarantined {
                    "the symbol is quarantined"
                } else {
                    "they came faster than they could be processed"
                };
                let mut error = ErrorInstance::new(
                    ErrorKind::Overload,
                    format!("{} events dropped: {reason}", dropped.events),
                )
                .from_source(&context.source.name);
                error.symbol = Some(context.symbol.clone());
                error.time = Some(self.parts.clock.wall());
                Some(Outcome::Error(Box::new(error)))
            })
            .collect();
        self.outbox.extend(reports);
    }
}
