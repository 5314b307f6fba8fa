//! The terminal: taken at the start, given back at every kind of end.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::Sender;
use signal_hook::consts::{SIGCONT, SIGTSTP};
use signal_hook::iterator::{Handle, Signals};

use crate::domain::clock::Nanos;

use super::input::Input;

/// Alternate screen, hidden cursor, pasted text in brackets.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h";
/// Clicks, drags and the wheel, in the form that has no limit of columns. Movements are not asked for.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l\x1b[?1000l";
/// Everything of the above taken back, after ending a frame that may have been cut off.
const LEAVE: &[u8] =
    b"\x1b[?2026l\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";
/// A terminal that takes nothing for so long is left as it is.
const RESTORE_PATIENCE: Duration = Duration::from_millis(250);

/// Whether the terminal is ours at the moment.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// What frames are written to.
pub trait Surface {
    /// Columns and rows, as they are now.
    fn size(&mut self) -> (u16, u16);

    /// Writes a whole frame at once; waits as long as the terminal does not take it.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// A frame has gone out; `oldest_received` is when the oldest data was received that it is the first to show. For
    /// whoever measures how far the screen is behind.
    fn shown(&mut self, oldest_received: Option<Nanos>) {
        let _ = oldest_received;
    }

    /// Gives the terminal back and stops the process; returns when it has been continued.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn suspend(&mut self) -> io::Result<()>;

    /// Takes the terminal again, after the process was stopped.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn resume(&mut self) -> io::Result<()>;

    /// Turns the reports of the mouse on or off.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn set_mouse(&mut self, is_on: bool) -> io::Result<()>;
}

/// The terminal of the process, in raw mode and on its alternate screen until this is dropped.
#[derive(Debug)]
pub struct Terminal {
    /// A descriptor of its own: the lock of the standard output must not be held by a frame that a stuck terminal
    /// does not take.
    output: File,
    has_mouse: bool,
    signals: Option<Handle>,
}

impl Terminal {
    /// Takes the terminal behind the standard output.
    ///
    /// # Errors
    /// When the standard output or input is no terminal.
    pub fn open(mouse: bool) -> io::Result<Self> {
        let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let mut terminal = Self {
            output,
            has_mouse: mouse,
            signals: None,
        };
        terminal.take()?;
        Ok(terminal)
    }

    fn take(&mut self) -> io::Result<()> {
        crossterm::terminal::enable_raw_mode()?;
        IS_TAKEN.store(true, Ordering::SeqCst);
        let mut bytes = ENTER.to_vec();
        if self.has_mouse {
            bytes.extend_from_slice(MOUSE_ON);
        }
        write_all(&mut self.output, &bytes)
    }

    /// Passes the signals of job control on as input, from now on until this is dropped.
    ///
    /// # Errors
    /// When the signals cannot be caught or the thread cannot be started.
    pub fn watch_signals(&mut self, inputs: Sender<Input>) -> io::Result<()> {
        let mut signals = Signals::new([SIGTSTP, SIGCONT])?;
        self.signals = Some(signals.handle());
        std::thread::Builder::new()
            .name("terminal-signals".to_owned())
            .spawn(move || {
                for signal in signals.forever() {
                    let input = if signal == SIGTSTP {
                        Input::Suspend
                    } else {
                        Input::Continued
                    };
                    if inputs.send(input).is_err() {
                        return;
                    }
                }
            })?;
        Ok(())
    }
}

impl Surface for Terminal {
    fn size(&mut self) -> (u16, u16) {
        match rustix::termios::tcgetwinsize(&self.output) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
            // A terminal that does not know its size is most often an old-fashioned one.
            _ => (80, 24),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        // After a restore from another thread nothing may follow.
        if !IS_TAKEN.load(Ordering::SeqCst) {
            return Ok(());
        }
        write_all(&mut self.output, bytes)
    }

    fn suspend(&mut self) -> io::Result<()> {
        restore();
        signal_hook::low_level::emulate_default_handler(SIGTSTP)
    }

    fn resume(&mut self) -> io::Result<()> {
        // A shell may have changed the mode even when we did not give the terminal back ourselves.
        crossterm::terminal::disable_raw_mode()?;
        self.take()
    }

    fn set_mouse(&mut self, is_on: bool) -> io::Result<()> {
        if self.has_mouse == is_on {
            return Ok(());
        }
        self.has_mouse = is_on;
        self.write(if is_on { MOUSE_ON } else { MOUSE_OFF })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(signals) = self.signals.take() {
            signals.close();
        }
        restore();
    }
}

/// Gives the terminal back as it was, if it is taken: cursor, screen, mouse, pasting, line mode.
///
/// It may be called from anywhere at any time, as often as one likes: from a panic hook, or from another thread when
/// the screen's thread hangs. It waits a quarter of a second at most for a terminal that takes nothing.
pub fn restore() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Without its mode back the terminal could not be used at all; that does not depend on its taking any bytes.
    let is_cooked = crossterm::terminal::disable_raw_mode().is_ok();
    let Ok(output) = io::stdout().as_fd().try_clone_to_owned() else {
        return;
    };
    let (done, waiting) = crossbeam_channel::bounded(1);
    let writer = std::thread::Builder::new()
        .name("terminal-restore".to_owned())
        .spawn(move || {
            write_all(&mut File::from(output), LEAVE).ok();
            done.send(is_cooked).ok();
        });
    if writer.is_ok() {
        waiting.recv_timeout(RESTORE_PATIENCE).ok();
    }
}

/// Asks the whole job to stop, as the terminal would on Ctrl-Z if it were not in raw mode: the program may be one of
/// several that the shell waits for. Our own part of it comes back as [`Input::Suspend`].
pub(super) fn stop_job() -> io::Result<()> {
    rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
    Ok(())
}

fn write_all(output: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match output.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Whoever shares the terminal has set it to non-blocking.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
