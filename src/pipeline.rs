//! The engine, and the ports that sources and sinks implement.
//!
//! ```text
//! Source (streamer task) ──Envelope──▶ processing channel ──▶ process supervisor (thread)
//!                                                                │ one mailbox per symbol
//!                                                                ▼
//!                                      symbol workers on worker threads
//!                                                                │ batches of Outcome
//!                                                                ▼
//!            Sink ◀── administrator (thread, owns the board) ◀── results channel
//!                          │ Snapshot              ▲ Command
//!                          ▼                       │
//!                         screen, scripts ─────────┘
//! ```
//!
//! Every channel has a bound. A streamer never waits for analysis: it awaits a credit and then sends without
//! blocking; a symbol that is slow fills its own mailbox and nobody else's.

mod administrator;
pub mod backoff;
mod board;
pub mod columns;
pub mod command;
pub mod directory;
pub mod engine;
pub mod export;
pub mod feed;
pub mod histories;
mod mailbox;
pub mod meters;
mod outcome;
mod process_supervisor;
pub mod question;
pub mod recording;
pub mod settings;
pub mod sink;
pub mod snapshot;
pub mod source;
mod stream_supervisor;
mod symbol_worker;
mod worker_threads;

pub use command::Command;
pub use snapshot::Snapshot;
pub use worker_threads::is_worker_thread;
