//! Whole screens: what they look like, what reaches the terminal, how long a frame takes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod charts;
mod frames;
mod headers;
mod hostile;
mod many;
mod markets;
mod measured;
mod pictures;
mod questions;
mod running;
