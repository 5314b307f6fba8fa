//! How long one bar takes through an idle engine, beside a bare chain of as many channel hops.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::IdleLatency;
use super::rig::Rig;
use super::throughput::frames;

/// Time between two bars: long enough that every thread has gone to sleep.
const INTERVAL: Duration = Duration::from_millis(5);
const BARS: usize = 500;
/// Streamer to process supervisor to worker to administrator.
const HOPS: usize = 3;

/// Threads in a row, each of which only passes on what it gets.
struct Chain {
    first: Sender<Instant>,
    last: Receiver<Duration>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Chain {
    fn start() -> std::io::Result<Self> {
        let (first, mut receiver) = bounded::<Instant>(64);
        let (done, last) = bounded(64);
        let mut threads = Vec::new();
        for hop in 1..=HOPS {
            let (sender, next) = bounded(64);
            let done = done.clone();
            threads.push(
                thread::Builder::new()
                    .name(format!("hop {hop}"))
                    .spawn(move || {
                        for sent in receiver {
                            let passed = if hop == HOPS {
                                done.send(sent.elapsed()).is_ok()
                            } else {
                                sender.send(sent).is_ok()
                            };
                            if !passed {
                                return;
                            }
                        }
                    })?,
            );
            receiver = next;
        }
        Ok(Self {
            first,
            last,
            threads,
        })
    }

    fn pass(&self) -> anyhow::Result<Duration> {
        self.first.send(Instant::now())?;
        Ok(self.last.recv()?)
    }

    fn finish(self) {
        drop(self.first);
        for thread in self.threads {
            drop(thread.join());
        }
    }
}

/// Measures both in turns.
pub(super) fn measure() -> anyhow::Result<IdleLatency> {
    let rig = Rig::start(1, Arc::new(frames(1, 1, BARS)))?;
    let chain = Chain::start()?;
    let (mut engine, mut floor) = (Vec::new(), Vec::new());
    for bar in 0..BARS {
        thread::park_timeout(INTERVAL);
        engine.push(rig.play(bar..bar + 1)?);
        thread::park_timeout(INTERVAL);
        floor.push(chain.pass()?);
    }
    rig.finish()?;
    chain.finish();
    Ok(IdleLatency {
        p50: super::quantile_us(&mut engine, 0.5),
        p99: super::quantile_us(&mut engine, 0.99),
        floor_p50: super::quantile_us(&mut floor, 0.5),
        floor_p99: super::quantile_us(&mut floor, 0.99),
    })
}
