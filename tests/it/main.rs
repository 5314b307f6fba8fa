//! Tests of the program from outside, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

mod engine;
mod pty;
mod support;
mod terminal;
