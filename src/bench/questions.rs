//! What questions cost the stream beside which they are asked: one after the other, as fast as they are answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use crate::app::analyst::PolarsAnalyst;
use crate::compute::indicator::IndicatorSet;
use crate::domain::clock::SystemClock;
use crate::pipeline::question::{Answer, AnswerView};
use crate::pipeline::{Command, Snapshot};

use super::rig::Rig;
use super::throughput::frames;
use super::{Questions, median};

const SYMBOLS: usize = 30;
/// Bars of one turn.
const BARS: usize = 600_000;
const TURNS: usize = 5;
/// How long an answer is waited for before the next question.
const PATIENCE: Duration = Duration::from_secs(5);
const QUESTION: &str = "SELECT symbol, count(*) AS n, max(high) AS high, avg(close) AS mean, sum(volume) AS volume \
                        FROM bars GROUP BY symbol ORDER BY symbol";

/// Measures turns without and with questions beside them.
pub(super) fn measure() -> anyhow::Result<Questions> {
    let frames = Arc::new(frames(SYMBOLS, 10, BARS));
    let clock = Arc::new(SystemClock::default());
    let analyst = PolarsAnalyst::new(clock, IndicatorSet::default(), Vec::new());
    let rig = Rig::with_analyst(SYMBOLS, Arc::clone(&frames), Arc::new(analyst))?;
    // What the first turn costs is making the histories.
    rig.play(0..frames.len())?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let answered = AtomicU64::new(0);
    for _ in 0..TURNS {
        let per_s = |took: Duration| BARS as f64 / took.as_secs_f64();
        alone.push(per_s(rig.play(0..frames.len())?));
        let is_over = AtomicBool::new(false);
        let (commands, snapshots) = (&rig.handle().commands, &rig.handle().snapshots);
        let took = thread::scope(|scope| {
            scope.spawn(|| ask_until(&is_over, commands, snapshots, &answered));
            let took = rig.play(0..frames.len());
            is_over.store(true, Ordering::Relaxed);
            took
        })?;
        beside.push(per_s(took));
    }
    rig.finish()?;
    let (alone, beside) = (median(alone), median(beside));
    Ok(Questions {
        alone_bars_per_s: alone.round(),
        beside_bars_per_s: beside.round(),
        ratio: beside / alone,
        answered: answered.into_inner(),
    })
}

fn ask_until(
    is_over: &AtomicBool,
    commands: &Sender<Command>,
    snapshots: &Receiver<Arc<Snapshot>>,
    answered: &AtomicU64,
) {
    let mut done = None;
    while !is_over.load(Ordering::Relaxed) {
        if commands.send(Command::Ask(QUESTION.to_owned())).is_err() {
            return;
        }
        while !is_over.load(Ordering::Relaxed) {
            let Ok(snapshot) = snapshots.recv_timeout(PATIENCE) else {
                return;
            };
            // The board shows the question before until the command has been obeyed.
            let newer = |view: &&AnswerView| done.is_none_or(|done| done < view.id);
            if let Some(view) = snapshot.answer.as_deref().filter(newer)
                && let Some(answer) = &view.answer
            {
                let counts = u64::from(matches!(answer, Answer::Table(_)));
                answered.fetch_add(counts, Ordering::Relaxed);
                done = Some(view.id);
                break;
            }
        }
    }
}
