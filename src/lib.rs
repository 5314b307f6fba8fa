//! streamer-tui: live market data in the terminal.
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
