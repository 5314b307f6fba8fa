//! A venue on a socket of this machine: what a frame costs on its whole way from the wire to the administrator.
//!
//! The server is a plain thread that answers subscriptions and then sends frames that were encoded beforehand, so that it
//! costs next to nothing. The floor is a client that reads the same frames from the same kind of socket, and nothing else.

mod frames;
mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use crate::domain::clock::SystemClock;
use crate::domain::outcome::{ErrorInstance, ErrorKind, ResultInstance, StatusChange};
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::pipeline::Command;
use crate::pipeline::engine::{self, SourcePlan};
use crate::pipeline::recording::NoRecorder;
use crate::pipeline::settings::EngineSettings;
use crate::pipeline::sink::{Sink, SinkClosed};
use crate::sources::kind::OpenContext;
use crate::sources::spec::SourceSpec;
use crate::sources::venue::pacing::Paces;

use super::{Books, Quotes, Socket, median};
use frames::Feed;
use server::Server;

/// How long a measurement may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Turns of each side; the median is what counts.
const TURNS: usize = 5;

/// Counts results until there are as many as were waited for.
struct Counter {
    left: u64,
    dropped: bool,
    reached: Sender<Instant>,
}

impl Sink for Counter {
    fn result(&mut self, _: &ResultInstance, _: &Symbol, _: &SourceName) -> Result<(), SinkClosed> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 && self.reached.try_send(Instant::now()).is_err() {
            tracing::debug!("nobody waits for this count any more");
        }
        Ok(())
    }

    fn error(&mut self, error: &ErrorInstance) -> Result<(), SinkClosed> {
        self.dropped |= error.kind == ErrorKind::Overload;
        if self.dropped {
            return Err(SinkClosed::Failed("frames were dropped".to_owned()));
        }
        Ok(())
    }

    fn status(&mut self, _: &StatusChange) -> Result<(), SinkClosed> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkClosed> {
        Ok(())
    }
}

/// Frames per second through the engine: from the first byte that the server sends to the last result.
fn engine_frames_per_s(feed: &Feed) -> anyhow::Result<f64> {
    let server = Server::start(feed, None)?;
    let spec: SourceSpec = feed.spec(server.port()).parse()?;
    let source = spec.open(&OpenContext {
        name: SourceName::new("bench"),
        speed: None,
        environment: Arc::new(|_| None),
        recorder: Arc::new(NoRecorder),
        paces: Paces::default(),
    })?;
    let symbols: Result<Vec<Symbol>, _> =
        feed.symbols.iter().map(|name| Symbol::new(name)).collect();
    let (reached_sender, reached): (_, Receiver<Instant>) = bounded(1);
    let sink = Counter {
        left: feed.results,
        dropped: false,
        reached: reached_sender,
    };
    let handle = engine::start(
        EngineSettings::default(),
        vec![SourcePlan {
            source,
            symbols: Some(symbols?),
        }],
        vec![Box::new(sink) as Box<dyn Sink>],
        Arc::new(SystemClock::default()),
        None,
    )?;
    let began = server.began(PATIENCE)?;
    let ended = reached.recv_timeout(PATIENCE)?;
    handle.commands.send(Command::Quit)?;
    let _report = handle.join();
    server.join()?;
    Ok(feed.frames as f64 / ended.duration_since(began).as_secs_f64())
}

/// Frames per second that a client reads which does nothing with them.
fn floor_frames_per_s(feed: &Feed) -> anyhow::Result<f64> {
    let server = Server::start(feed, None)?;
    let url = format!("ws://127.0.0.1:{}/", server.port());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let frames = feed.frames;
    let subscription = feed.subscription.clone();
    let ended = runtime.block_on(runtime.spawn(async move {
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await?;
        socket.send(Message::text(subscription)).await?;
        // The answer to the subscription comes ahead of the frames.
        let mut left = frames + 1;
        while left > 0 {
            match socket.next().await {
                Some(message) => {
                    std::hint::black_box(message?);
                    left -= 1;
                }
                None => anyhow::bail!("the server has gone"),
            }
        }
        Ok(Instant::now())
    }))??;
    let began = server.began(PATIENCE)?;
    server.join()?;
    Ok(feed.frames as f64 / ended.duration_since(began).as_secs_f64())
}

/// Trades over a socket, in turns with the floor.
pub(super) fn measure_frames() -> anyhow::Result<Socket> {
    let feed = frames::trades(10, 200_000);
    let (mut floors, mut engines) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        floors.push(floor_frames_per_s(&feed)?);
        engines.push(engine_frames_per_s(&feed)?);
    }
    let (floor, engine) = (median(floors), median(engines));
    Ok(Socket {
        floor_frames_per_s: floor.round(),
        engine_frames_per_s: engine.round(),
        ratio: engine / floor,
    })
}

/// Book updates with checksums over a socket.
pub(super) fn measure_books() -> anyhow::Result<Books> {
    let feed = frames::books(10, 100_000);
    let mut turns = Vec::new();
    for _ in 0..TURNS {
        turns.push(engine_frames_per_s(&feed)?);
    }
    Ok(Books {
        updates_per_s: median(turns).round(),
    })
}

/// What this program costs, run without a screen, while quotes of many symbols come at a steady rate.
pub(super) fn measure_quotes() -> anyhow::Result<Quotes> {
    const SYMBOLS: usize = 500;
    const RATE: u32 = 50_000;
    const SECONDS: u32 = 10;
    let feed = frames::quotes(SYMBOLS, (RATE * SECONDS) as usize);
    let server = Server::start(&feed, Some(RATE))?;
    let home = std::env::temp_dir().join(format!("streamer-tui-bench-{}", std::process::id()));
    let mut program = std::process::Command::new(std::env::current_exe()?)
        .args(["--headless", "--symbols", &feed.symbols.join(",")])
        .args(["--source", &feed.spec(server.port())])
        .env("XDG_CONFIG_HOME", &home)
        .env("XDG_STATE_HOME", &home)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()?;
    let measured = watch(program.id(), &server, SECONDS);
    let killed = program.kill();
    program.wait()?;
    if let Err(error) = std::fs::remove_dir_all(&home) {
        tracing::debug!(%error, "the bench's folder stays");
    }
    killed?;
    measured
}

/// Reads a program's memory and processor time while the server sends.
fn watch(process: u32, server: &Server, seconds: u32) -> anyhow::Result<Quotes> {
    let began = server.began(PATIENCE)?;
    let busy_before = super::process_busy(process)?;
    server.ended(PATIENCE)?;
    let took = began.elapsed();
    let busy = super::process_busy(process)?.saturating_sub(busy_before);
    Ok(Quotes {
        messages_per_s: (server.frames() as f64 / took.as_secs_f64()).round(),
        seconds,
        cpu_percent: 100.0 * busy.as_secs_f64() / took.as_secs_f64(),
        rss_mb: super::process_status_mb(process, "VmRSS"),
    })
}
