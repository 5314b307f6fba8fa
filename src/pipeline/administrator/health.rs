//! The pipeline's health: rates, gauges and latencies, out of the meters that everybody else writes.

use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use rustc_hash::FxHashMap;

use crate::compute::history::HistoryBudget;
use crate::domain::clock::Nanos;
use crate::domain::source::SourceName;
use crate::domain::symbol::{Symbol, SymbolId};

use super::super::meters::{ConnectionMeters, ConnectionState, SourceMeters, WorkerMeters};
use super::super::settings::EngineSettings;
use super::super::snapshot::{
    ChannelView, ConnectionView, LatencyView, PipelineView, SourceView, WorkerState, WorkerView,
};
use super::super::worker_threads::WorkerThreads;
use super::SourceEntry;

/// A worker that has been on one turn for longer than this is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(1);
/// How long latencies count: two halves, of which the older is let go.
const LATENCY_HALF: Duration = Duration::from_secs(5);
/// Latencies above this many nanoseconds (about 18 minutes) are counted as this.
const LATENCY_MAX_NS: u64 = 1 << 40;

/// The lengths of the channels, for whoever shows how full they are.
pub(crate) struct Gauges {
    pub processing: Box<dyn Fn() -> usize + Send>,
    pub results: Box<dyn Fn() -> usize + Send>,
    pub threads: Arc<WorkerThreads>,
    pub budget: Arc<HistoryBudget>,
}

struct Worker {
    symbol: Symbol,
    source: SourceName,
    meters: Arc<WorkerMeters>,
    events_before: u64,
    is_quarantined: bool,
}

#[derive(Default)]
struct SourceRates {
    messages_before: u64,
    bytes_before: u64,
    messages_per_s: f64,
    bytes_per_s: f64,
    state: ConnectionState,
    state_since: Nanos,
}

/// Totals of workers that have gone, so that nothing is uncounted.
#[derive(Default, Clone, Copy)]
struct Totals {
    events: u64,
    conflated: u64,
    dropped: u64,
    resyncs: u64,
    replaced: u64,
    late: u64,
    repeated: u64,
    restarts: u64,
}

impl Totals {
    fn add(&mut self, meters: &WorkerMeters) {
        self.events += meters.events.get();
        self.conflated += meters.conflated.get();
        self.dropped += meters.dropped.get();
        self.resyncs += meters.resyncs.get();
        self.replaced += meters.replaced.get();
        self.late += meters.late.get();
        self.repeated += meters.repeated.get();
        self.restarts += meters.restarts.get();
    }
}

pub(crate) struct Health {
    gauges: Gauges,
    workers: FxHashMap<SymbolId, Worker>,
    gone: Totals,
    sources: Vec<SourceRates>,
    last_tick: Option<Nanos>,
    results_before: u64,
    latency: Latency,
    view: Arc<PipelineView>,
}

impl Health {
    pub fn new(gauges: Gauges, sources: usize) -> Self {
        Self {
            gauges,
            workers: FxHashMap::default(),
            gone: Totals::default(),
            sources: (0..sources).map(|_| SourceRates::default()).collect(),
            last_tick: None,
            results_before: 0,
            latency: Latency::default(),
            view: Arc::default(),
        }
    }

    pub fn add_worker(
        &mut self,
        id: SymbolId,
        symbol: Symbol,
        source: SourceName,
        meters: Arc<WorkerMeters>,
    ) {
        self.workers.insert(
            id,
            Worker {
                symbol,
                source,
                meters,
                events_before: 0,
                is_quarantined: false,
            },
        );
    }

    pub fn remove_worker(&mut self, id: SymbolId) {
        if let Some(worker) = self.workers.remove(&id) {
            self.gone.add(&worker.meters);
        }
    }

    pub fn quarantine(&mut self, id: SymbolId, is_quarantined: bool) {
        if let Some(worker) = self.workers.get_mut(&id) {
            worker.is_quarantined = is_quarantined;
        }
    }

    /// Notes that `count` results took `latency` from receiving their data to the board.
    pub fn latency(&mut self, latency: Duration, count: u64) {
        self.latency.record(latency, count);
    }

    /// Brings rates up to date when a second has passed since the last time; whether it has.
    pub fn tick(
        &mut self,
        now: Nanos,
        sources: &[SourceEntry],
        results_total: u64,
        settings: &EngineSettings,
    ) -> bool {
        let Some(last) = self.last_tick else {
            self.last_tick = Some(now);
            return true;
        };
        let passed = now.since(last).as_secs_f64();
        if passed < 0.9 {
            return false;
        }
        self.last_tick = Some(now);
        self.latency.turn_over(now);
        for (rates, entry) in self.sources.iter_mut().zip(sources) {
            rates.update(&entry.meters, passed);
        }
        let results_per_s = (results_total - self.results_before) as f64 / passed;
        self.results_before = results_total;
        let mut totals = self.gone;
        let workers = self.worker_views(now, passed, &mut totals);
        self.view = Arc::new(PipelineView {
            processing: ChannelView {
                depth: (self.gauges.processing)(),
                capacity: settings.processing_capacity,
            },
            results: ChannelView {
                depth: (self.gauges.results)(),
                capacity: settings.results_capacity,
            },
            threads: self.gauges.threads.threads(),
            events_per_s: workers.iter().map(|worker| worker.events_per_s).sum(),
            workers,
            results_per_s,
            results_total,
            latency: self.latency.view(),
            conflated: totals.conflated,
            dropped: totals.dropped,
            resyncs: totals.resyncs,
            replaced: totals.replaced,
            late: totals.late,
            repeated: totals.repeated,
            restarts: totals.restarts,
            history_bytes: self.gauges.budget.used_bytes(),
        });
        true
    }

    fn worker_views(&mut self, now: Nanos, passed: f64, totals: &mut Totals) -> Vec<WorkerView> {
        let stuck: FxHashMap<SymbolId, Duration> = self
            .gauges
            .threads
            .thread_meters()
            .iter()
            .filter_map(|meter| meter.busy())
            .map(|(id, since)| (id, now.since(since)))
            .filter(|(_, busy)| *busy > STUCK_AFTER)
            .collect();
        let mut views: Vec<WorkerView> = self
            .workers
            .iter_mut()
            .map(|(&id, worker)| {
                let meters = &worker.meters;
                totals.add(meters);
                let events = meters.events.get();
                let before = std::mem::replace(&mut worker.events_before, events);
                let busy = stuck.get(&id).copied();
                let state = match (worker.is_quarantined, busy) {
                    (true, _) => WorkerState::Quarantined,
                    (false, Some(_)) => WorkerState::Stuck,
                    (false, None) => WorkerState::Running,
                };
                WorkerView {
                    id,
                    symbol: worker.symbol.clone(),
                    source: worker.source.clone(),
                    state,
                    events_per_s: (events - before) as f64 / passed,
                    backlog: meters.backlog.get(),
                    busy,
                    restarts: meters.restarts.get(),
                    conflated: meters.conflated.get(),
                    dropped: meters.dropped.get(),
                }
            })
            .collect();
        views.sort_by(|a, b| {
            b.events_per_s
                .total_cmp(&a.events_per_s)
                .then_with(|| a.symbol.cmp(&b.symbol))
        });
        views
    }

    /// Events that workers have taken so far.
    pub fn events(&self) -> u64 {
        let present: u64 = self
            .workers
            .values()
            .map(|worker| worker.meters.events.get())
            .sum();
        self.gone.events + present
    }

    /// The view that the last tick made.
    pub fn pipeline(&self) -> Arc<PipelineView> {
        Arc::clone(&self.view)
    }

    /// The sources as they are now.
    pub fn sources(&mut self, now: Nanos, entries: &[SourceEntry]) -> Vec<SourceView> {
        self.sources
            .iter_mut()
            .zip(entries)
            .map(|(rates, entry)| rates.view(now, entry))
            .collect()
    }
}

impl SourceRates {
    fn update(&mut self, meters: &SourceMeters, passed: f64) {
        let (messages, bytes) = (meters.messages.get(), meters.bytes.get());
        self.messages_per_s = messages.saturating_sub(self.messages_before) as f64 / passed;
        self.bytes_per_s = bytes.saturating_sub(self.bytes_before) as f64 / passed;
        (self.messages_before, self.bytes_before) = (messages, bytes);
    }

    fn view(&mut self, now: Nanos, entry: &SourceEntry) -> SourceView {
        let SourceEntry {
            info,
            meters,
            ended,
            ..
        } = entry;
        let state = match ended {
            Some(end) if end.hopeless => ConnectionState::Failed,
            Some(_) => ConnectionState::Ended,
            None => meters.state(),
        };
        if state != self.state {
            self.state = state;
            self.state_since = now;
        }
        let last_message = meters.last_message.get();
        SourceView {
            name: info.name.clone(),
            label: info.label.clone(),
            origin: info.origin,
            state,
            state_since: self.state_since,
            calendar: info.calendar,
            services: info.products.services,
            transport: meters.transport(),
            data_clock: meters.data_clock(),
            messages_per_s: self.messages_per_s,
            bytes_per_s: self.bytes_per_s,
            last_message_age: (last_message > 0).then(|| now.since(Nanos(last_message))),
            reconnects: meters.reconnects.get(),
            messages: meters.messages.get(),
            ignored: meters.ignored.get(),
            rejected: meters.rejected.get(),
            waiting_for: meters.waiting_for(),
            connections: connections(meters, now),
        }
    }
}

fn connections(meters: &SourceMeters, now: Nanos) -> Vec<ConnectionView> {
    let view = |connection: ConnectionMeters| ConnectionView {
        state_age: now.since(connection.since),
        last_message_age: connection.last_message.map(|last| now.since(last)),
        next_retry: connection.next_retry.map(|at| at.since(now)),
        latency: connection
            .latency_ms
            .map(|ms| Duration::from_millis(ms.max(0) as u64)),
        host: connection.host,
        state: connection.state,
        reconnects: connection.reconnects,
        last_error: connection
            .last_error
            .map(|(at, reason)| (now.since(at), reason)),
        subscriptions: connection.subscriptions,
    };
    meters.connections().into_iter().map(view).collect()
}

/// Latencies of the last five to ten seconds.
struct Latency {
    halves: [Option<Histogram<u32>>; 2],
    began: Nanos,
}

impl Default for Latency {
    fn default() -> Self {
        // Two significant digits: 1 % is finer than anybody reads, and it keeps the tables small.
        let histogram = || Histogram::new_with_bounds(1, LATENCY_MAX_NS, 2).ok();
        Self {
            halves: [histogram(), histogram()],
            began: Nanos(0),
        }
    }
}

impl Latency {
    fn record(&mut self, latency: Duration, count: u64) {
        if let Some(histogram) = &mut self.halves[0] {
            let ns = (latency.as_nanos() as u64).clamp(1, LATENCY_MAX_NS);
            histogram.saturating_record_n(ns, count as u32);
        }
    }

    fn turn_over(&mut self, now: Nanos) {
        if now.since(self.began) < LATENCY_HALF {
            return;
        }
        self.began = now;
        self.halves.swap(0, 1);
        if let Some(histogram) = &mut self.halves[0] {
            histogram.clear();
        }
    }

    fn view(&self) -> LatencyView {
        let mut both = match &self.halves[0] {
            Some(histogram) => histogram.clone(),
            None => return LatencyView::default(),
        };
        if let Some(older) = &self.halves[1]
            && both.add(older).is_err()
        {
            return LatencyView::default();
        }
        let micros = |ns: u64| ns as f64 / 1000.0;
        LatencyView {
            p50_us: micros(both.value_at_quantile(0.5)),
            p99_us: micros(both.value_at_quantile(0.99)),
            max_us: micros(both.max()),
        }
    }
}
