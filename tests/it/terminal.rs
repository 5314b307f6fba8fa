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

use crate::pty::{Terminal, sequences};

/// Ends the program with its key; everything is as it was, and only known sequences have been written.
fn quit(mut terminal: Terminal) {
    terminal.keys("q");
    let ended = terminal.end();
    ended.assert_restored(0);
    sequences::check(&ended.bytes);
}
