//! The loop: waits for input, snapshots, settings, or the moment at which something changes by itself.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use crossbeam_channel::{Receiver, Sender, TrySendError, never, select};

use crate::domain::clock::{Clock, Nanos};
use crate::pipeline::{Command, Snapshot};

use super::answer_file;
use super::draw;
use super::files::{FileWriter, Written};
pub use super::input::Input;
use super::model::{Effect, Model};
use super::picture_file;
use super::screen::Screen;
use super::settings::{SessionState, TuiSettings};
use super::terminal::{self, Surface, Terminal};

/// How many inputs may wait; the input thread alone waits when there are more.
const INPUTS_MAX: usize = 1024;
/// The longest clipboard text, encoded: what terminals take without complaint.
const CLIPBOARD_BYTES_MAX: usize = 100_000;
/// Orders that the engine has not taken yet are offered again after this long.
const RETRY: Duration = Duration::from_millis(10);
/// Orders that may wait; more are refused aloud.
const OUTBOX_MAX: usize = 1_000;

/// Why the screen ended without the engine having finished.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// The terminal cannot be used.
    #[error("the terminal cannot be used: {0}; --headless works without one")]
    Terminal(#[from] std::io::Error),
    /// The user does not want to wait for what is under way.
    #[error("left at once, because Ctrl-C was pressed twice")]
    Interrupted,
}

/// What the screen listens to and talks to.
#[derive(Debug)]
pub struct Ports {
    /// Keys and the like.
    pub input: Receiver<Input>,
    /// The board. When it is disconnected the screen ends.
    pub snapshots: Receiver<Arc<Snapshot>>,
    /// Orders to the engine.
    pub commands: Sender<Command>,
    /// Settings that have changed.
    pub updates: Receiver<TuiSettings>,
}

/// Shows the screen on the terminal until the engine has finished. Runs on the calling thread.
///
/// A command to quit is sent to the engine when the user wants to, or when the terminal is gone; the screen stays until
/// the engine has finished and `snapshots` is disconnected.
///
/// # Errors
/// When the threads for input and signals cannot be started, or the user interrupts twice.
pub fn run(
    settings: TuiSettings,
    session: SessionState,
    snapshots: Receiver<Arc<Snapshot>>,
    commands: Sender<Command>,
    updates: Receiver<TuiSettings>,
    clock: Arc<dyn Clock>,
    mut output: Terminal,
) -> Result<SessionState, TuiError> {
    let (inputs, input) = crossbeam_channel::bounded(INPUTS_MAX);
    let ports = Ports {
        input,
        snapshots,
        commands,
        updates,
    };
    output.watch_signals(inputs.clone())?;
    let own_clock = Arc::clone(&clock);
    super::input::spawn(inputs, clock)?;
    run_with(settings, session, ports, &*own_clock, &mut output)
}

/// The same on any surface, with input from anywhere.
///
/// # Errors
/// When the user interrupts twice.
pub fn run_with(
    settings: TuiSettings,
    session: SessionState,
    ports: Ports,
    clock: &dyn Clock,
    surface: &mut dyn Surface,
) -> Result<SessionState, TuiError> {
    let (width, height) = surface.size();
    let mut model = Model::new(settings, session);
    model.resize(width, height);
    Loop {
        model,
        screen: Screen::new(width, height),
        ports,
        clock,
        surface,
        outbox: VecDeque::new(),
        files: FileWriter::default(),
        extra: Vec::new(),
        drawn: None,
        oldest_received: None,
        is_dirty: true,
        is_resized: false,
        is_gone: false,
    }
    .run()
}

struct Loop<'a> {
    model: Model,
    screen: Screen,
    ports: Ports,
    clock: &'a dyn Clock,
    surface: &'a mut dyn Surface,
    outbox: VecDeque<Command>,
    files: FileWriter,
    /// What goes out with the next frame besides the picture.
    extra: Vec<u8>,
    drawn: Option<Nanos>,
    /// When the oldest data was received that the next frame is the first to show.
    oldest_received: Option<Nanos>,
    is_dirty: bool,
    is_resized: bool,
    /// The terminal is gone: nothing is drawn any more, the engine finishes.
    is_gone: bool,
}

impl Loop<'_> {
    fn run(mut self) -> Result<SessionState, TuiError> {
        let end = self.work();
        self.files.wait();
        end
    }

    fn work(&mut self) -> Result<SessionState, TuiError> {
        loop {
            let now = self.clock.monotonic();
            self.is_dirty |= self.model.tick(now, self.clock.wall());
            self.obey_effects()?;
            let wait = self.draw_when_due(now);
            self.obey_effects()?;
            self.flush_outbox();
            let wait = if self.outbox.is_empty() {
                wait
            } else {
                wait.min(RETRY)
            };
            // A snapshot costs the engine something: none is asked for before it can be drawn.
            let throttle = self.until_next_frame(self.clock.monotonic());
            let is_throttled = !throttle.is_zero();
            let closed = never();
            let snapshots = if is_throttled {
                &closed
            } else {
                &self.ports.snapshots
            };
            let (wait, is_for_frame) = if is_throttled && throttle < wait {
                (throttle, true)
            } else {
                (wait, false)
            };
            select! {
                recv(self.ports.input) -> input => match input {
                    Ok(input) => self.take_input(input),
                    Err(_) => self.hang_up(),
                },
                recv(snapshots) -> snapshot => match snapshot {
                    Ok(snapshot) => self.take_snapshot(snapshot),
                    Err(_) => return Ok(self.model.session()),
                },
                recv(self.files.results()) -> written => {
                    if let Ok(written) = written {
                        self.take_written(written);
                    }
                },
                recv(self.ports.updates) -> settings => match settings {
                    Ok(settings) => self.configure(settings),
                    Err(_) => self.ports.updates = never(),
                },
                default(wait) => self.is_dirty |= !is_for_frame,
            }
            // Whatever else has come meanwhile belongs into the same frame.
            for _ in 0..INPUTS_MAX {
                match self.ports.input.try_recv() {
                    Ok(input) => self.take_input(input),
                    Err(_) => break,
                }
            }
        }
    }

    /// Draws if anything changed and the last frame is long enough ago; gives the time to wait for the next one.
    fn draw_when_due(&mut self, now: Nanos) -> Duration {
        let idle = Duration::from_millis(self.model.next_change_ms());
        if self.is_gone || !self.is_dirty {
            return idle;
        }
        let left = self.until_next_frame(now);
        if !left.is_zero() {
            return left;
        }
        self.is_dirty = false;
        self.drawn = Some(now);
        if std::mem::take(&mut self.is_resized) {
            let (width, height) = self.surface.size();
            self.model.resize(width, height);
            self.screen.resize(width, height);
        }
        self.model.settle();
        draw::draw(&mut self.model, self.screen.blank());
        let extra = std::mem::take(&mut self.extra);
        if let Some(bytes) = self.screen.compose(&extra)
            && self.surface.write(bytes).is_err()
        {
            self.hang_up();
        }
        self.surface
            .shown(std::mem::take(&mut self.oldest_received));
        Duration::from_millis(self.model.next_change_ms())
    }

    /// How long until the next frame may be drawn.
    fn until_next_frame(&self, now: Nanos) -> Duration {
        let interval = self.model.settings.frame_interval();
        self.drawn.map_or(Duration::ZERO, |drawn| {
            interval.saturating_sub(now.since(drawn))
        })
    }

    fn take_input(&mut self, input: Input) {
        self.is_dirty = true;
        // The wait for it may have been long, and a double click is a matter of time.
        self.model.tick(self.clock.monotonic(), self.clock.wall());
        match input {
            Input::Key(key) => self.model.key(&key),
            Input::Paste(text) => self.model.paste(&text),
            Input::Mouse(mouse) => self.model.mouse(&mouse),
            Input::Resized => self.is_resized = true,
            Input::Suspend => {
                if self.surface.suspend().is_err() {
                    self.hang_up();
                }
            }
            Input::Continued => {
                if self.surface.resume().is_err() {
                    self.hang_up();
                }
                self.is_resized = true;
                self.screen.repaint();
            }
            Input::Closed => self.hang_up(),
        }
    }

    fn take_snapshot(&mut self, snapshot: Arc<Snapshot>) {
        self.oldest_received = self.oldest_received.or(snapshot.oldest_received);
        self.model.take(snapshot);
        self.is_dirty |= self.model.frozen_since.is_none();
    }

    fn configure(&mut self, settings: TuiSettings) {
        if self.surface.set_mouse(settings.mouse).is_err() {
            self.hang_up();
        }
        self.model.configure(settings);
        self.is_dirty = true;
    }

    /// The terminal is gone: the engine is asked to finish, and the session is still saved.
    fn hang_up(&mut self) {
        self.ports.input = never();
        self.is_gone = true;
        self.model.hang_up();
    }

    fn obey_effects(&mut self) -> Result<(), TuiError> {
        for effect in self.model.take_effects() {
            match effect {
                Effect::Send(command) => {
                    if self.outbox.len() < OUTBOX_MAX || command == Command::Quit {
                        self.outbox.push_back(command);
                    } else {
                        self.model
                            .notify_error("the engine takes no commands at the moment");
                        self.is_dirty = true;
                    }
                }
                Effect::Copy(text) => self.copy(&text),
                Effect::Bell => {
                    self.extra.push(0x07);
                    self.is_dirty = true;
                }
                Effect::Redraw => {
                    self.screen.repaint();
                    self.is_resized = true;
                    self.is_dirty = true;
                }
                Effect::Suspend => {
                    if let Err(error) = terminal::stop_job() {
                        self.model.notify_error(format!("cannot stop: {error}"));
                    }
                }
                Effect::Screenshot(order) => {
                    if let Err(message) =
                        picture_file::start(&mut self.files, &mut self.model, order)
                    {
                        self.model.notify_error(message);
                    }
                    self.is_dirty = true;
                }
                Effect::WriteAnswer(order, table) => {
                    self.files
                        .start(move || answer_file::write_file(&order, &table));
                }
                Effect::Leave => return Err(TuiError::Interrupted),
            }
        }
        Ok(())
    }

    fn copy(&mut self, text: &str) {
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        if encoded.len() > CLIPBOARD_BYTES_MAX {
            self.model.notify_error("too long for the clipboard");
        } else {
            self.extra.extend_from_slice(b"\x1b]52;c;");
            self.extra.extend_from_slice(encoded.as_bytes());
            self.extra.push(0x07);
        }
        self.is_dirty = true;
    }

    fn take_written(&mut self, written: Written) {
        self.files.finished();
        match written {
            Ok(message) => self.model.notify(message),
            Err(message) => self.model.notify_error(message),
        }
        self.is_dirty = true;
    }

    fn flush_outbox(&mut self) {
        while let Some(command) = self.outbox.pop_front() {
            match self.ports.commands.try_send(command) {
                Ok(()) => {}
                Err(TrySendError::Full(command)) => {
                    self.outbox.push_front(command);
                    return;
                }
                // The engine has finished; the snapshots' end says so too.
                Err(TrySendError::Disconnected(_)) => {
                    self.outbox.clear();
                    return;
                }
            }
        }
    }
}
