//! Tests of the program from outside, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise, and says aloud what it skips"
)]

mod engine;
mod faults;
mod headless;
#[cfg(feature = "frames")]
mod keeping;
mod layers;
mod market;
mod program;
mod pty;
mod recording;
mod services;
mod support;
mod terminal;
mod venues;
