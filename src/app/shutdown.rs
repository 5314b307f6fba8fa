//! How a run is brought to its end from outside: signals, `quit`, and a deadline for what follows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{fs, io, process, thread};

use crossbeam_channel::{
    Receiver, RecvTimeoutError, SendTimeoutError, Sender, TrySendError, bounded,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use super::exit::{self, Exit};
use crate::pipeline::Command;

/// How long a drain may take before the program leaves all the same.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// How long the rest of the program may take once the engine has finished: a terminal that takes nothing holds the
/// screen up for good.
const LEAVE_MAX: Duration = Duration::from_secs(1);
/// How long a drain may take where files are written, and how long they may take after it.
const FILES_MAX: Duration = Duration::from_secs(60);
/// How often it is asked whether the engine has finished.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// How long a last word may take on a terminal that takes nothing.
const SAY_MAX: Duration = Duration::from_millis(250);

/// Watches for signals until the run is over.
#[derive(Debug)]
pub struct Shutdown {
    requester: Requester,
    /// Dropped when the engine has finished.
    running: Sender<()>,
    signals: Handle,
    thread: JoinHandle<()>,
}

/// Asks the engine to finish, and sees to it that it does.
#[derive(Debug, Clone)]
pub struct Requester(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    requested: AtomicBool,
    /// Results go to files.
    has_files: AtomicBool,
    /// Only files are left to be completed.
    is_writing: AtomicBool,
    commands: Sender<Command>,
    /// Disconnected when the engine has finished.
    finished: Receiver<()>,
    drain: Mutex<Option<JoinHandle<()>>>,
    restore_terminal: fn(),
}

impl Shutdown {
    /// Has signals kept from now on for [`Shutdown::start`]: before there are results that somebody may answer by one.
    ///
    /// # Errors
    /// When signals cannot be received.
    pub fn listen() -> io::Result<Signals> {
        let mut wanted = vec![SIGINT, SIGTERM];
        wanted.extend([SIGHUP, SIGQUIT].into_iter().filter(|it| !is_ignored(*it)));
        Signals::new(wanted)
    }

    /// Begins to watch. `restore_terminal` gives the terminal back if it has been taken.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(
        mut signals: Signals,
        commands: Sender<Command>,
        restore_terminal: fn(),
    ) -> io::Result<Self> {
        let (running, finished) = bounded(0);
        let requester = Requester(Arc::new(Inner {
            requested: AtomicBool::new(false),
            has_files: AtomicBool::new(false),
            is_writing: AtomicBool::new(false),
            commands,
            finished,
            drain: Mutex::new(None),
            restore_terminal,
        }));
        let handle = signals.handle();
        let own = requester.clone();
        let thread = thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                for signal in signals.forever() {
                    own.take_signal(signal);
                }
            })?;
        Ok(Self {
            requester,
            running,
            signals: handle,
            thread,
        })
    }

    /// Asks the engine to finish, from anywhere.
    #[must_use]
    pub fn requester(&self) -> Requester {
        self.requester.clone()
    }

    /// Results go to files, of which there may be many to complete: the drain may take longer.
    pub fn expect_files(&self) {
        self.requester.0.has_files.store(true, Ordering::Relaxed);
    }

    /// The engine has finished and the screen is left: what files still lack is worth waiting for.
    pub fn files_are_left(&self) {
        self.requester.0.is_writing.store(true, Ordering::Relaxed);
    }

    /// The engine has finished: no signal is taken any more, and no deadline runs.
    pub fn finish(self) {
        drop(self.running);
        self.signals.close();
        let drain = self.requester.drain_thread().take();
        for thread in std::iter::once(self.thread).chain(drain) {
            if thread.join().is_err() {
                tracing::error!("a thread that watched over the end panicked");
            }
        }
    }
}

impl Requester {
    /// Whether somebody has asked for the end.
    #[must_use]
    pub fn was_requested(&self) -> bool {
        self.0.requested.load(Ordering::Relaxed)
    }

    /// Asks the engine to finish; from now on it has ten seconds. Asking again changes nothing.
    pub fn request(&self) {
        if self.0.requested.swap(true, Ordering::Relaxed) {
            return;
        }
        let own = self.clone();
        let spawned = thread::Builder::new()
            .name("drain".to_owned())
            .spawn(move || own.drain());
        match spawned {
            Ok(thread) => *self.drain_thread() = Some(thread),
            Err(error) => {
                tracing::error!(%error, "the drain runs without a deadline");
                if self.0.commands.try_send(Command::Quit).is_err() {
                    tracing::error!("the engine cannot be told to finish");
                }
            }
        }
    }

    fn drain_thread(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
        self.0.drain.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_signal(&self, signal: i32) {
        tracing::info!(signal, "received");
        if signal == SIGQUIT {
            // Whoever sends it wants the process dead and its core kept, but needs the terminal to look at it.
            (self.0.restore_terminal)();
            if let Err(error) = signal_hook::low_level::emulate_default_handler(signal) {
                tracing::error!(%error, "cannot end as the signal asks");
                process::exit(Exit::Failed.code().into());
            }
        }
        if signal == SIGINT && self.0.requested.load(Ordering::Relaxed) {
            self.leave(Exit::Interrupted);
        }
        self.request();
    }

    /// Tells the engine, which may itself be waiting for whoever reads stdout, and waits for it.
    fn drain(&self) {
        let drain_max = if self.0.has_files.load(Ordering::Relaxed) {
            FILES_MAX
        } else {
            DRAIN_MAX
        };
        let deadline = Instant::now() + drain_max;
        // An engine that has finished cannot be told, and need not be.
        if let Err(SendTimeoutError::Timeout(_)) =
            self.0.commands.send_deadline(Command::Quit, deadline)
        {
            tracing::warn!("the engine could not be told to finish");
        }
        let mut left_since = None;
        while self.0.finished.recv_timeout(ASK_EVERY) == Err(RecvTimeoutError::Timeout) {
            if left_since.is_none() && self.has_engine_finished() {
                left_since = Some(Instant::now());
            }
            let is_writing = self.0.is_writing.load(Ordering::Relaxed);
            match left_since {
                Some(since) if is_writing && since.elapsed() < FILES_MAX => {}
                Some(_) if is_writing => self.give_up(FILES_MAX),
                Some(since) if since.elapsed() >= LEAVE_MAX => {
                    tracing::warn!("nothing was lost, but the screen could not be left in order");
                    self.leave(Exit::Done);
                }
                None if Instant::now() >= deadline => self.give_up(drain_max),
                _ => {}
            }
        }
    }

    /// Leaves although not everything has been finished, and says so.
    fn give_up(&self, after: Duration) -> ! {
        (self.0.restore_terminal)();
        say_if_possible(format!(
            "what was under way could not be finished within {} s, and is lost",
            after.as_secs()
        ));
        process::exit(Exit::Failed.code().into());
    }

    /// Nobody takes commands any more when it has; one that has not is not disturbed by being told again.
    fn has_engine_finished(&self) -> bool {
        matches!(
            self.0.commands.try_send(Command::Quit),
            Err(TrySendError::Disconnected(_))
        )
    }

    /// Leaves at once.
    fn leave(&self, exit: Exit) -> ! {
        (self.0.restore_terminal)();
        process::exit(exit.code().into());
    }
}

/// Says something on stderr unless that is a terminal that takes nothing.
fn say_if_possible(message: String) {
    let (done, waiting) = bounded::<()>(0);
    let speaker = thread::Builder::new()
        .name("last-word".to_owned())
        .spawn(move || {
            exit::say(message);
            drop(done);
        });
    if speaker.is_ok() {
        waiting.recv_timeout(SAY_MAX).unwrap_or_default();
    }
}

/// Whether whoever started the program had it ignore a signal, as `nohup` does: that is to stay so.
fn is_ignored(signal: i32) -> bool {
    let Ok(status) = fs::read_to_string("/proc/self/status") else {
        return false;
    };
    ignored_mask(&status).is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

fn ignored_mask(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_request_reaches_the_engine_once_and_the_end_stops_the_deadline() {
        let (commands, received) = bounded(4);
        let shutdown = Shutdown::start(Shutdown::listen().unwrap(), commands, || {}).unwrap();
        let requester = shutdown.requester();
        requester.request();
        requester.request();
        assert_eq!(received.recv_timeout(DRAIN_MAX), Ok(Command::Quit));
        let begun = Instant::now();
        shutdown.finish();
        assert!(begun.elapsed() < DRAIN_MAX / 2);
        assert!(received.is_empty());
    }

    /// Set in the process that is to be ended by the signal.
    const CHILD: &str = "STREAMER_TUI_SHUTDOWN_TEST_CHILD";

    #[test]
    fn sigquit_gives_the_terminal_back_and_ends_the_process() {
        use rustix::process::{Resource, Rlimit, Signal, getpid, kill_process, setrlimit};
        use std::os::unix::process::ExitStatusExt;

        if std::env::var_os(CHILD).is_some() {
            let no_core = Rlimit {
                current: Some(0),
                maximum: Some(0),
            };
            setrlimit(Resource::Core, no_core).unwrap();
            let (commands, _received) = bounded(4);
            let restore = || {
                io::Write::write_all(&mut io::stderr(), b"given back").unwrap();
            };
            let shutdown = Shutdown::start(Shutdown::listen().unwrap(), commands, restore).unwrap();
            kill_process(getpid(), Signal::QUIT).unwrap();
            thread::park_timeout(DRAIN_MAX);
            shutdown.finish();
            return;
        }
        let name = "app::shutdown::tests::sigquit_gives_the_terminal_back_and_ends_the_process";
        let child = process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stderr);
        assert_eq!(child.status.signal(), Some(3), "{said}");
        assert!(said.contains("given back"), "{said}");
    }

    #[test]
    fn what_nohup_ignores_is_seen() {
        let status = "Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
        let mask = ignored_mask(status).unwrap();
        assert_eq!(mask >> (SIGHUP - 1) & 1, 1);
        assert_eq!(mask >> (SIGINT - 1) & 1, 0);
        assert_eq!(ignored_mask("nothing"), None);
    }
}
