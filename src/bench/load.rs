//! The whole program under load: simulator, engine and screen, drawn to a pseudo-terminal.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded, never};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

use crate::domain::clock::{Clock, Nanos, SystemClock};
use crate::domain::source::SourceName;
use crate::pipeline::Command;
use crate::pipeline::engine::{self, SourcePlan};
use crate::pipeline::settings::EngineSettings;
use crate::sources::simulator::Simulator;
use crate::sources::simulator::options::SimulatorOptions;
use crate::tui::run::{Input, Ports, run_with};
use crate::tui::terminal::Surface;
use crate::tui::{SessionState, TuiSettings};

use super::{Load, quantile_us, resident_mb};

const COLUMNS: u16 = 120;
const ROWS: u16 = 40;
/// The least that is asked of the engine.
const EVENTS_PER_S_MIN: f64 = 100_000.0;
/// How long the engine is tried at full speed first, to know what it can keep up with.
const TRIAL: Duration = Duration::from_secs(2);
/// What share of that is then kept up: the rest is for the noise of the machine.
const KEPT_UP: f64 = 0.6;
const LOAD: Duration = Duration::from_secs(10);
/// Time between two keys.
const KEY_EVERY: Duration = Duration::from_millis(150);
/// Opens the help, whose title is then looked for in the output.
const KEY: u8 = b'?';
const KEY_SHOWS: &[u8] = b"searches";
const ESCAPE: u8 = 0x1b;
/// The end of a frame.
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// Both ends of a pseudo-terminal.
struct Pty {
    /// The end that a terminal emulator holds.
    master: File,
    /// The end that the program holds.
    slave: File,
}

fn open_pty() -> io::Result<Pty> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let path = name.to_str().map_err(io::Error::other)?;
    let slave = File::options().read(true).write(true).open(path)?;
    let mut modes = tcgetattr(&slave)?;
    modes.make_raw();
    tcsetattr(&slave, OptionalActions::Now, &modes)?;
    let size = Winsize {
        ws_row: ROWS,
        ws_col: COLUMNS,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&master, size)?;
    Ok(Pty {
        master: File::from(master),
        slave,
    })
}

/// The program's end of the pseudo-terminal, which notes how far each frame is behind.
struct PtySurface {
    slave: File,
    clock: Arc<dyn Clock>,
    lags: Arc<Mutex<Vec<Duration>>>,
}

impl Surface for PtySurface {
    fn size(&mut self) -> (u16, u16) {
        (COLUMNS, ROWS)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.slave.write_all(bytes)
    }

    fn shown(&mut self, oldest_received: Option<Nanos>) {
        if let Some(received) = oldest_received {
            let lag = self.clock.monotonic().since(received);
            self.lags
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(lag);
        }
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn resume(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn set_mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }
}

/// Reads keys from the program's end, until that is closed.
fn read_keys(mut slave: File, inputs: &Sender<Input>) {
    let mut byte = [0];
    while slave.read_exact(&mut byte).is_ok() {
        if byte[0] == 0 || inputs.send(Input::key_of_byte(byte[0])).is_err() {
            return;
        }
    }
}

/// What the terminal's end watches for.
#[derive(Default)]
struct KeyWatch {
    /// When the key was written, in nanoseconds since the start; zero while none is awaited.
    sent: AtomicU64,
    times: Mutex<Vec<Duration>>,
}

/// Takes all output, and notes when the frame comes that shows the key's effect.
fn read_frames(mut master: File, clock: &dyn Clock, watch: &KeyWatch) {
    let mut bytes = vec![0; 1 << 16];
    let mut frame: Vec<u8> = Vec::new();
    // Reading fails once the other end is closed.
    while let Ok(count) = master.read(&mut bytes) {
        frame.extend_from_slice(&bytes[..count]);
        let Some(end) = memchr::memmem::rfind(&frame, FRAME_END) else {
            continue;
        };
        let sent = watch.sent.load(Ordering::Acquire);
        if sent != 0 && memchr::memmem::find(&without_sequences(&frame[..end]), KEY_SHOWS).is_some()
        {
            watch.sent.store(0, Ordering::Release);
            let took = clock.monotonic().since(Nanos(sent));
            watch
                .times
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(took);
        }
        frame.drain(..end + FRAME_END.len());
    }
}

/// The text of a frame, its control sequences left out.
fn without_sequences(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut is_sequence = false;
    for &byte in bytes {
        match (is_sequence, byte) {
            (false, ESCAPE) => is_sequence = true,
            (true, b'A'..=b'Z' | b'a'..=b'z') => is_sequence = false,
            (false, _) => text.push(byte),
            (true, _) => {}
        }
    }
    text
}

fn plan(rate: &str) -> anyhow::Result<SourcePlan> {
    let spec = format!("symbols=30,rate={rate},seed=7");
    let options = SimulatorOptions::parse(&spec)?;
    Ok(SourcePlan {
        source: Box::new(Simulator::new(
            SourceName::new("sim"),
            format!("sim:{spec}"),
            options,
        )),
        symbols: None,
    })
}

/// Runs simulator, engine and screen at `rate` for `length`.
fn run(rate: &str, length: Duration) -> anyhow::Result<Load> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let handle = engine::start(
        EngineSettings::default(),
        vec![plan(rate)?],
        Vec::new(),
        Arc::clone(&clock),
        None,
    )?;
    let pty = open_pty()?;
    let (inputs, input) = bounded(64);
    let lags = Arc::new(Mutex::new(Vec::new()));
    let watch = Arc::new(KeyWatch::default());
    let mut surface = PtySurface {
        slave: pty.slave.try_clone()?,
        clock: Arc::clone(&clock),
        lags: Arc::clone(&lags),
    };
    let ports = Ports {
        input,
        snapshots: handle.snapshots.clone(),
        commands: handle.commands.clone(),
        updates: never(),
    };

    let keys = thread::Builder::new()
        .name("keys".into())
        .spawn(move || read_keys(pty.slave, &inputs))?;
    let frames = {
        let (master, clock, watch) = (
            pty.master.try_clone()?,
            Arc::clone(&clock),
            Arc::clone(&watch),
        );
        thread::Builder::new()
            .name("frames".into())
            .spawn(move || read_frames(master, &*clock, &watch))?
    };
    let screen = {
        let clock = Arc::clone(&clock);
        thread::Builder::new()
            .name("screen".into())
            .spawn(move || {
                run_with(
                    TuiSettings::default(),
                    SessionState::default(),
                    ports,
                    &*clock,
                    &mut surface,
                )
            })?
    };

    let mut master = pty.master;
    let start = Instant::now();
    let mut rss_start = None;
    while start.elapsed() < length {
        thread::park_timeout(KEY_EVERY);
        if watch.sent.load(Ordering::Acquire) == 0 {
            // The overlay of the last key goes first, so that the next one has an effect.
            master.write_all(&[ESCAPE])?;
            thread::park_timeout(KEY_EVERY);
            watch.sent.store(clock.monotonic().0, Ordering::Release);
            master.write_all(&[KEY])?;
        }
        if rss_start.is_none() && start.elapsed() > length / 5 {
            rss_start = resident_mb();
        }
    }
    let rss_end = resident_mb();
    let took = start.elapsed().as_secs_f64();
    handle.commands.send(Command::Quit)?;
    // The screen ends with the engine, and what it draws last has to be read, or it would wait for ever.
    drop(screen.join());
    let events = handle.join().events;
    // A byte that is no key ends the key reader, whose end of the terminal is the last one: that ends the other reader.
    master.write_all(&[0])?;
    drop(keys.join());
    drop(frames.join());
    let mut lags = std::mem::take(&mut *lags.lock().unwrap_or_else(PoisonError::into_inner));
    let mut times =
        std::mem::take(&mut *watch.times.lock().unwrap_or_else(PoisonError::into_inner));
    let load = Load {
        events_per_s: events as f64 / took,
        screen_lag_ms_p99: quantile_us(&mut lags, 0.99) / 1000.0,
        key_ms_p99: quantile_us(&mut times, 0.99) / 1000.0,
        rss_mb_start: rss_start,
        rss_mb_end: rss_end,
    };
    Ok(load)
}

/// Finds out what the engine keeps up with, and measures there.
pub(super) fn measure() -> anyhow::Result<Load> {
    let most = run("max", TRIAL)?.events_per_s;
    let rate = (most * KEPT_UP).max(EVENTS_PER_S_MIN).round();
    run(&rate.to_string(), LOAD)
}
