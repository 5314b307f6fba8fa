//! The real engine with frames in memory as its source and a counting sink at its end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use tokio::sync::mpsc;

use crate::decode::envelope;
use crate::domain::clock::SystemClock;
use crate::domain::outcome::{ErrorInstance, ResultInstance, Status, StatusChange};
use crate::domain::source::{BarStamp, Delivery, Origin, Products, SourceInfo, SourceName};
use crate::domain::symbol::Symbol;
use crate::domain::time::SessionCalendar;
use crate::pipeline::Command;
use crate::pipeline::engine::{self, EngineHandle, Outputs, SourcePlan};
use crate::pipeline::feed::Feed;
use crate::pipeline::question::{Analyst, NoAnalyst};
use crate::pipeline::settings::EngineSettings;
use crate::pipeline::sink::{Sink, SinkClosed};
use crate::pipeline::source::{Message, Source};

/// How long a measurement may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Decodes and sends the frames that it is told to.
struct FrameSource {
    info: Arc<SourceInfo>,
    frames: Arc<Vec<Vec<u8>>>,
    orders: mpsc::UnboundedReceiver<std::ops::Range<usize>>,
}

impl Source for FrameSource {
    fn info(&self) -> Arc<SourceInfo> {
        Arc::clone(&self.info)
    }

    fn run(mut self: Box<Self>, mut feed: Feed) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            loop {
                let range = tokio::select! {
                    range = self.orders.recv() => range,
                    command = feed.next_command() => match command {
                        Some(_) => continue,
                        None => return,
                    },
                };
                let Some(range) = range else { return };
                for frame in &self.frames[range] {
                    if feed.ready().await.is_err() {
                        return;
                    }
                    let received = feed.now();
                    let mut events = Vec::with_capacity(frame.len() / 100);
                    let resolver = feed.resolver();
                    if envelope::decode_line(frame, &mut events, &mut |symbol| {
                        resolver.resolve(symbol)
                    })
                    .is_err()
                    {
                        return;
                    }
                    feed.meters().message(frame.len(), received);
                    if feed.send(received, Message::Data(events)).is_err() {
                        return;
                    }
                }
            }
        })
    }
}

/// Counts results and says when there are as many as were waited for.
struct CountingSink {
    subscribed: u64,
    results: Arc<AtomicU64>,
    target: Arc<AtomicU64>,
    reached: Sender<Instant>,
    wanted: u64,
}

impl CountingSink {
    fn say_reached(&self) {
        if self.reached.try_send(Instant::now()).is_err() {
            tracing::debug!("nobody waits for this count");
        }
    }
}

impl Sink for CountingSink {
    fn result(&mut self, _: &ResultInstance, _: &Symbol, _: &SourceName) -> Result<(), SinkClosed> {
        let results = self.results.load(Ordering::Relaxed) + 1;
        self.results.store(results, Ordering::Relaxed);
        if results == self.target.load(Ordering::Relaxed) {
            self.say_reached();
        }
        Ok(())
    }

    fn error(&mut self, _: &ErrorInstance) -> Result<(), SinkClosed> {
        Ok(())
    }

    fn status(&mut self, status: &StatusChange) -> Result<(), SinkClosed> {
        if status.status == Status::Subscribed {
            self.subscribed += 1;
            if self.subscribed == self.wanted {
                self.say_reached();
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkClosed> {
        Ok(())
    }
}

/// A running engine to measure.
pub(super) struct Rig {
    handle: EngineHandle,
    orders: mpsc::UnboundedSender<std::ops::Range<usize>>,
    frames: Arc<Vec<Vec<u8>>>,
    bars_each: usize,
    results: Arc<AtomicU64>,
    target: Arc<AtomicU64>,
    reached: Receiver<Instant>,
}

impl Rig {
    /// Starts an engine with a worker for each of `symbols` symbols, and waits until all of them are there.
    pub fn start(symbols: usize, frames: Arc<Vec<Vec<u8>>>) -> anyhow::Result<Self> {
        Self::with_analyst(symbols, frames, Arc::new(NoAnalyst))
    }

    /// The same with somebody who answers questions.
    pub fn with_analyst(
        symbols: usize,
        frames: Arc<Vec<Vec<u8>>>,
        analyst: Arc<dyn Analyst>,
    ) -> anyhow::Result<Self> {
        let (orders, order_receiver) = mpsc::unbounded_channel();
        let (reached_sender, reached) = bounded(1);
        let (results, target) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicU64::new(u64::MAX)),
        );
        let source = FrameSource {
            info: Arc::new(SourceInfo {
                name: SourceName::new("bench"),
                label: "frames in memory".to_owned(),
                origin: Origin::Synthetic,
                delivery: Delivery::Pausable,
                has_transport: false,
                bar_stamp: BarStamp::Start,
                calendar: SessionCalendar::UsEquities,
                products: Products::default(),
            }),
            frames: Arc::clone(&frames),
            orders: order_receiver,
        };
        let names: Result<Vec<Symbol>, _> = (0..symbols)
            .map(|n| Symbol::new(&format!("SIM{n:05}")))
            .collect();
        let sink = CountingSink {
            subscribed: 0,
            results: Arc::clone(&results),
            target: Arc::clone(&target),
            reached: reached_sender,
            wanted: symbols as u64,
        };
        let handle = engine::start(
            EngineSettings::default(),
            vec![SourcePlan {
                source: Box::new(source),
                symbols: Some(names?),
            }],
            Outputs {
                analyst,
                ..Outputs::from(vec![Box::new(sink) as Box<dyn Sink>])
            },
            Arc::new(SystemClock::default()),
            None,
        )?;
        let bars_each = frames.first().map_or(0, |frame| {
            memchr::memmem::find_iter(frame, b"\"open\"").count()
        });
        let rig = Self {
            handle,
            orders,
            frames,
            bars_each,
            results,
            target,
            reached,
        };
        rig.reached.recv_timeout(PATIENCE)?;
        Ok(rig)
    }

    /// The running engine.
    #[cfg(feature = "frames")]
    pub fn handle(&self) -> &EngineHandle {
        &self.handle
    }

    /// Plays frames and waits for their last result; when that came to the administrator, from `started` on.
    pub fn play(&self, range: std::ops::Range<usize>) -> anyhow::Result<Duration> {
        let bars = (range.len() * self.bars_each) as u64;
        self.target.store(
            self.results.load(Ordering::Relaxed) + bars,
            Ordering::Relaxed,
        );
        let start = Instant::now();
        self.orders.send(range)?;
        let end = self.reached.recv_timeout(PATIENCE)?;
        Ok(end.duration_since(start))
    }

    /// Plays all frames once and ends the engine.
    pub fn play_all(self) -> anyhow::Result<Duration> {
        let took = self.play(0..self.frames.len())?;
        self.finish()?;
        Ok(took)
    }

    /// Ends the engine.
    pub fn finish(self) -> anyhow::Result<()> {
        self.handle.commands.send(Command::Quit)?;
        let _report = self.handle.join();
        Ok(())
    }
}
