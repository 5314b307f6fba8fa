//! streamer-tui: live market data in the terminal, and the same engine without a screen.
//!
//! # The parts
//!
//! Arrows point down: a layer imports from below, never from beside or above (a test keeps it so).
//!
//! | layer | what | where |
//! |---|---|---|
//! | [`app`], [`cli`], [`config`], [`mod@bench`] | puts the parts together; knows everything | `src/app.rs` |
//! | [`tui`] | the screen: draws snapshots, turns keys into commands | `src/tui.rs` |
//! | [`sources`], [`sinks`], [`stores`] | adapters to the world; none knows another | `src/sources.rs` … |
//! | [`pipeline`] | the engine, and the ports that adapters implement | `src/pipeline.rs` |
//! | [`decode`], [`compute`] | bytes to events, bars to figures: no I/O, no clock | `src/decode.rs`, `src/compute.rs` |
//! | [`telemetry`] | the log file | `src/telemetry.rs` |
//! | [`domain`] | plain types: symbols, times, bars, quotes, events, results, errors | `src/domain.rs` |
//!
//! # One bar's way
//!
//! ```text
//! file, socket ─▶ sources::…  reads bytes
//!                   │ decode::…  makes events of them
//!                   ▼
//!                 streamer (task): pipeline::feed, one credit for each envelope
//!                   │ processing channel
//!                   ▼
//!                 process supervisor (thread): by symbol into mailboxes
//!                   │ one mailbox a symbol, bounded
//!                   ▼
//!                 symbol worker (on a worker thread): history, trading day, longer bars
//!                   │ results channel
//!                   ▼
//!                 administrator (thread): the board, sinks, commands
//!                   │ Snapshot, when somebody asks
//!                   ▼
//!                 screen, or JSON lines
//! ```
//!
//! # Where to add things
//!
//! - **A source**: a leaf under `src/sources/` that implements [`pipeline::source::Source`], one under
//!   `src/sources/kind/` that describes its options, and a line in [`sources::KINDS`].
//! - **An indicator**: a file under `src/compute/indicator/` that implements [`compute::indicator::Indicator`], and a
//!   line in [`compute::indicator::DEFINITIONS`]; flags, charts, columns and tables follow.
//! - **A format of files**: a variant of [`sinks::files::Format`], and what writes it beside the others.
//! - **A sink**: a file under `src/sinks/` that implements [`pipeline::sink::Sink`].
//! - **A panel**: a file under `src/tui/panels/` that implements [`tui::panel::Panel`], and a line in
//!   [`tui::views`].
//! - **A key or command**: a line in the table of [`tui::keymap`] or of [`tui::command_line`]; help, hints and
//!   completion follow.
//! - **A setting**: a line in [`config`]'s table and in `assets/config.toml`, which a test compares.
//! - **Work of your own on every event**: [`pipeline::engine::Analysis`], called by each symbol's worker.
#![cfg_attr(
    test,
    allow(clippy::float_cmp, reason = "tests compare what must be exactly equal")
)]

pub mod app;
pub mod bench;
pub mod cli;
pub mod compute;
pub mod config;
pub mod decode;
pub mod domain;
pub mod pipeline;
pub mod sinks;
pub mod sources;
pub mod stores;
pub mod telemetry;
pub mod tui;
