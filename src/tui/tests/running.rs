//! The loop, on a surface that remembers what was written.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::super::fixture::full;
use super::super::input::Input;
use super::super::run::{Ports, TuiError, run_with};
use super::super::settings::{SessionState, TuiSettings};
use super::super::terminal::Surface;
use crate::domain::clock::SystemClock;
use crate::pipeline::{Command, Snapshot};

const PATIENCE: Duration = Duration::from_secs(20);

struct Memory {
    frames: mpsc::Sender<String>,
    size: (u16, u16),
}

impl Surface for Memory {
    fn size(&mut self) -> (u16, u16) {
        self.size
    }
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.frames
            .send(String::from_utf8(bytes.to_vec()).unwrap())
            .map_err(std::io::Error::other)
    }
    fn suspend(&mut self) -> std::io::Result<()> {
        Ok(())
    }
    fn resume(&mut self) -> std::io::Result<()> {
        Ok(())
    }
    fn set_mouse(&mut self, _: bool) -> std::io::Result<()> {
        Ok(())
    }
}

struct Running {
    input: Sender<Input>,
    snapshots: Sender<Arc<Snapshot>>,
    commands: Receiver<Command>,
    updates: Sender<TuiSettings>,
    frames: mpsc::Receiver<String>,
    thread: std::thread::JoinHandle<Result<SessionState, TuiError>>,
}

fn start() -> Running {
    let (input, input_end) = unbounded();
    let (snapshots, snapshots_end) = bounded(1);
    let (commands, commands_end) = bounded(4);
    let (updates, updates_end) = unbounded();
    let (frame_sender, frames) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let mut surface = Memory {
            frames: frame_sender,
            size: (100, 30),
        };
        let ports = Ports {
            input: input_end,
            snapshots: snapshots_end,
            commands,
            updates: updates_end,
        };
        run_with(
            TuiSettings::default(),
            SessionState::default(),
            ports,
            &SystemClock::default(),
            &mut surface,
        )
    });
    Running {
        input,
        snapshots,
        commands: commands_end,
        updates,
        frames,
        thread,
    }
}

impl Running {
    fn key(&self, code: KeyCode, modifiers: KeyModifiers) {
        self.input
            .send(Input::Key(KeyEvent::new(code, modifiers)))
            .unwrap();
    }

    fn frame_with(&self, text: &str) -> String {
        let mut seen = String::new();
        loop {
            let frame = self
                .frames
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("no frame with {text:?} in {seen:?}"));
            if frame.contains(text) {
                return frame;
            }
            seen.push_str(&frame);
        }
    }

    fn command(&self) -> Command {
        self.commands.recv_timeout(PATIENCE).unwrap()
    }
}

#[test]
fn the_first_frame_is_the_full_layout_and_comes_before_any_snapshot() {
    let running = start();
    let frame = running.frames.recv_timeout(PATIENCE).unwrap();
    for text in ["Watchlist", "Errors", "Pipeline", "starting", "quit"] {
        assert!(frame.contains(text), "{text}");
    }
    assert!(frame.starts_with("\x1b[?2026h") && frame.ends_with("\x1b[?2026l"));
    drop(running.snapshots);
    running.thread.join().unwrap().unwrap();
}

#[test]
fn snapshots_are_drawn_keys_become_commands_and_the_end_keeps_the_session() {
    let running = start();
    running.snapshots.send(Arc::new(full())).unwrap();
    running.frame_with("AAPL");
    assert!(matches!(running.command(), Command::WatchCharts(charts) if charts.len() == 1));
    running.key(KeyCode::Char('d'), KeyModifiers::NONE);
    let Command::Remove(symbols) = running.command() else {
        panic!("no removal");
    };
    assert_eq!(symbols[0].to_string(), "AAPL@replay");
    running.key(KeyCode::Char('q'), KeyModifiers::NONE);
    assert_eq!(running.command(), Command::Quit);
    running.frame_with("FINISHING");
    drop(running.snapshots);
    let session = running.thread.join().unwrap().unwrap();
    assert_eq!(session.selected.as_deref(), Some("AAPL@replay"));
    assert_eq!(session.symbols.len(), 8);
}

#[test]
fn a_second_interrupt_does_not_wait() {
    let running = start();
    running.key(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(running.command(), Command::Quit);
    running.key(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let outcome = running.thread.join().unwrap();
    assert!(matches!(outcome, Err(TuiError::Interrupted)), "{outcome:?}");
}

#[test]
fn a_terminal_that_is_gone_ends_the_engine_and_keeps_the_session() {
    let mut running = start();
    running.snapshots.send(Arc::new(full())).unwrap();
    running.frame_with("AAPL");
    // Nobody reads any more: the next frame cannot be written.
    running.frames = mpsc::channel().1;
    running.input.send(Input::Resized).unwrap();
    running.key(KeyCode::Char('j'), KeyModifiers::NONE);
    let mut command = running.command();
    while command != Command::Quit {
        command = running.command();
    }
    drop(running.snapshots);
    assert!(running.thread.join().unwrap().is_ok());
}

#[test]
fn settings_are_taken_while_running_and_copies_go_out_with_a_frame() {
    let running = start();
    running.snapshots.send(Arc::new(full())).unwrap();
    running.frame_with("AAPL");
    let settings = TuiSettings {
        theme: super::super::theme::ThemeName::Light,
        ..TuiSettings::default()
    };
    running.updates.send(settings).unwrap();
    running.frame_with("configuration");
    running.key(KeyCode::Char('y'), KeyModifiers::NONE);
    let frame = running.frame_with("\x1b]52;c;");
    assert!(frame.ends_with("\x07\x1b[?2026l"), "{frame:?}");
    drop(running.snapshots);
    running.thread.join().unwrap().unwrap();
}
