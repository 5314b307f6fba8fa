//! The program on a terminal, as a person sees it.

mod copying;
mod frames;
mod hostile;
mod keys;
mod markets;
#[cfg(feature = "frames")]
mod questions;
mod replay;
mod sessions;
mod signals;
mod stuck;
mod studies;
