//! Counters that streamers and workers write and the administrator reads: the pipeline's health.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::domain::clock::Nanos;
use crate::domain::symbol::Symbol;
use crate::domain::time::UnixMs;

use super::source::Speed;

/// A counter that many threads may add to.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The sum so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Sets the value, for gauges.
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }
}

/// What a source is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConnectionState {
    /// Being opened.
    #[default]
    Connecting,
    /// Open and delivering.
    Connected,
    /// Lost; will be tried again.
    Reconnecting,
    /// A replay whose clock stands still.
    Paused,
    /// Nothing more will come.
    Ended,
    /// Given up; a person has to do something.
    Failed,
}

/// A source's meters.
#[derive(Debug)]
pub struct SourceMeters {
    /// Messages (frames, lines, rows) received.
    pub messages: Counter,
    /// Bytes received, as they were on the wire or in the file.
    pub bytes: Counter,
    /// Events of symbols that nobody subscribed to.
    pub ignored: Counter,
    /// Input that could not be taken.
    pub rejected: Counter,
    /// Times that the connection had to be opened again.
    pub reconnects: Counter,
    /// When the last message came, in monotonic nanoseconds; zero before the first.
    pub last_message: Counter,
    /// The time that the data has reached, in epoch milliseconds; `i64::MIN` before the first.
    data_clock: AtomicI64,
    state: Mutex<ConnectionState>,
    transport: Mutex<Option<TransportView>>,
    waiting_for: Mutex<Option<Symbol>>,
    connections: Mutex<Vec<ConnectionMeters>>,
}

/// One connection of a source, as its streamer sees it. Times are monotonic.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConnectionMeters {
    /// What it is connected to: host and port, without path or key.
    pub host: String,
    /// What it is doing.
    pub state: ConnectionState,
    /// Since when.
    pub since: Nanos,
    /// When the last message came; `None` before the first.
    pub last_message: Option<Nanos>,
    /// Times that it came back after it had worked.
    pub reconnects: u64,
    /// When and why it was lost the last time.
    pub last_error: Option<(Nanos, String)>,
    /// When the next attempt is made; `None` while none is waited for.
    pub next_retry: Option<Nanos>,
    /// How many symbols are subscribed on it.
    pub subscriptions: usize,
    /// From the venue's own time stamp to here, of late, in milliseconds; `None` where the venue gives no time.
    pub latency_ms: Option<i64>,
}

impl Default for SourceMeters {
    fn default() -> Self {
        Self {
            messages: Counter::default(),
            bytes: Counter::default(),
            ignored: Counter::default(),
            rejected: Counter::default(),
            reconnects: Counter::default(),
            last_message: Counter::default(),
            data_clock: AtomicI64::new(i64::MIN),
            state: Mutex::default(),
            transport: Mutex::default(),
            waiting_for: Mutex::default(),
            connections: Mutex::default(),
        }
    }
}

impl SourceMeters {
    /// Counts one message of `bytes` bytes.
    pub fn message(&self, bytes: usize, now: Nanos) {
        self.messages.add(1);
        self.bytes.add(bytes as u64);
        self.last_message.set(now.0);
    }

    /// The time that the data has reached.
    #[must_use]
    pub fn data_clock(&self) -> Option<UnixMs> {
        match self.data_clock.load(Ordering::Relaxed) {
            i64::MIN => None,
            ms => Some(UnixMs(ms)),
        }
    }

    /// Sets the time that the data has reached: the replayed or simulated clock.
    pub fn set_data_clock(&self, time: UnixMs) {
        self.data_clock.store(time.0, Ordering::Relaxed);
    }

    /// What the source is doing.
    #[must_use]
    pub fn state(&self) -> ConnectionState {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what the source is doing.
    pub fn set_state(&self, state: ConnectionState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// The symbol whose full mailbox the source waits for.
    #[must_use]
    pub fn waiting_for(&self) -> Option<Symbol> {
        self.waiting_for
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set_waiting_for(&self, symbol: Option<Symbol>) {
        *self
            .waiting_for
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = symbol;
    }

    /// The source's connections; empty when it has none.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionMeters> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Changes what is said of the connection at `at`; it is added if it is new.
    pub fn update_connection(&self, at: usize, change: impl FnOnce(&mut ConnectionMeters)) {
        let mut connections = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if connections.len() <= at {
            connections.resize_with(at + 1, ConnectionMeters::default);
        }
        change(&mut connections[at]);
    }

    /// How a replay stands; `None` for other sources.
    #[must_use]
    pub fn transport(&self) -> Option<TransportView> {
        self.transport
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Says how a replay stands.
    pub fn set_transport(&self, view: TransportView) {
        *self
            .transport
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(view);
    }
}

/// How a replay stands.
#[derive(Debug, Clone, PartialEq)]
pub struct TransportView {
    /// How fast its clock runs.
    pub speed: Speed,
    /// Whether its clock stands still.
    pub paused: bool,
    /// Whether it begins again at the end.
    pub looping: bool,
    /// How much has been played, 0 to 1.
    pub progress: f64,
    /// What is being read before it can play on; `None` while it plays.
    pub loading: Option<LoadingView>,
}

/// How far a replay has come with reading what is earlier than what it plays next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadingView {
    /// Whether it jumps; else it has just been opened, or a symbol has joined.
    pub is_jump: bool,
    /// How much has been read, 0 to 1.
    pub progress: f64,
}

/// One symbol worker's meters.
#[derive(Debug, Default)]
pub struct WorkerMeters {
    /// Events processed.
    pub events: Counter,
    /// Events waiting in the mailbox.
    pub backlog: Counter,
    /// Quotes replaced by newer ones before the worker came to them.
    pub conflated: Counter,
    /// Events dropped because the mailbox of a live symbol was full.
    pub dropped: Counter,
    /// Bars of a known time, which replaced the earlier one in history.
    pub replaced: Counter,
    /// Bars older than the newest, which were placed in history where they belong, trades too old for any bar, and quotes
    /// older than what is known, which were left out.
    pub late: Counter,
    /// Trades that came once more, which are left out.
    pub repeated: Counter,
    /// Books that could no longer be relied on.
    pub resyncs: Counter,
    /// Restarts after a panic.
    pub restarts: Counter,
}
