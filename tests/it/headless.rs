//! The program without a screen, as a script sees it.

mod commands;
mod ends;
mod indicators;
#[cfg(feature = "frames")]
mod query;
mod replay;
mod results;
mod usage;
