//! Notices that the terminal has gone, whether or not a signal says so.
//!
//! A terminal's end reaches a program as SIGHUP only where it is the program's controlling terminal and nobody has the
//! signal ignored. Without one nothing would be noticed: crossterm (0.29) takes a read that gives nothing as a reason to
//! read again at once, for ever. So a thread of our own waits for the hang-up. It gives crossterm something to read from
//! that never has anything, and says that no more input comes.
//!
//! A terminal may also be there and be taken away for good: when the shell that started the program is killed, and the one
//! above it goes on. To read is an error from then on, for which nothing wakes anybody.

use std::fs::File;
use std::io;
use std::sync::OnceLock;

use crossbeam_channel::Sender;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, getpgrp, getppid};
use rustix::stdio::{dup2_stdin, stdin};
use rustix::termios::{isatty, tcgetpgrp};

use super::super::terminal;
use super::Input;

/// A hang-up wakes whoever waits for it, except at some terminals that are none of a window or of a connection. There
/// it is seen after so long, as is that the terminal has been taken away.
const LOOK_AGAIN: Timespec = Timespec {
    tv_sec: 5,
    tv_nsec: 0,
};

/// The end of the pipe that stands in the terminal's place. It stays open as long as the program runs, since its being
/// closed could be read.
static WRITER: OnceLock<io::PipeWriter> = OnceLock::new();

/// Starts to watch. Nothing may be read from the terminal before.
pub(super) fn watch(inputs: Sender<Input>) -> io::Result<()> {
    read_from_stdin();
    std::thread::Builder::new()
        .name("terminal-watch".to_owned())
        .spawn(move || {
            if let Err(error) = wait() {
                tracing::warn!(%error, "the end of the terminal cannot be watched for");
                return;
            }
            tracing::info!("the terminal has gone");
            // Before the standard input is another: the mode belongs to the terminal.
            terminal::restore();
            if let Err(error) = silence() {
                tracing::error!(%error, "the terminal that has gone is read from all the same");
            }
            inputs.send(Input::Closed).ok();
        })?;
    Ok(())
}

/// Where the standard input is no terminal, keys come from the controlling one. It takes the place of the standard input,
/// so that there is one place at which it can be taken away from crossterm.
fn read_from_stdin() {
    if isatty(stdin()) {
        return;
    }
    let replaced = File::options()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .and_then(|terminal| Ok(dup2_stdin(terminal)?));
    // Whoever reads keys says what follows.
    if let Err(error) = replaced {
        tracing::debug!(%error, "no terminal in the place of the standard input");
    }
}

/// Returns when the terminal has gone. Keys do not wake it.
fn wait() -> io::Result<()> {
    let (stdin, parent) = (stdin(), getppid());
    loop {
        let mut watched = [PollFd::from_borrowed_fd(stdin, PollFlags::empty())];
        match poll(&mut watched, Some(&LOOK_AGAIN)) {
            Ok(0) if is_taken_away(parent) => return Ok(()),
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether others have the terminal, and nobody is left who would give it back: the program is in the background, and
/// whoever started it has gone.
fn is_taken_away(parent: Option<Pid>) -> bool {
    // An error says that it is not the controlling terminal, which nobody takes away.
    getppid() != parent && tcgetpgrp(stdin()).is_ok_and(|foreground| foreground != getpgrp())
}

/// Puts a pipe in the terminal's place into which nothing is ever written: to read from it is to wait.
fn silence() -> io::Result<()> {
    let (reader, writer) = io::pipe()?;
    dup2_stdin(reader)?;
    WRITER.set(writer).ok();
    Ok(())
}
