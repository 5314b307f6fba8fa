//! The program on a terminal, as a person sees it.

mod copying;
mod frames;
mod hostile;
mod keys;
mod markets;
mod replay;
mod sessions;
mod signals;
mod stuck;
