//! streamer-tui: live market data in the terminal.
#![cfg_attr(
    test,
    allow(clippy::float_cmp, reason = "tests compare what must be exactly equal")
)]

pub mod bench;
pub mod compute;
pub mod decode;
pub mod domain;
pub mod pipeline;
pub mod sources;
pub mod tui;
