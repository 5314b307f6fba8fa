//! What a person sees of the replay: its state, its clock, how far it has come.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::time::UnixMs;
use crate::pipeline::meters::{ConnectionState, TransportView};

use super::{Player, Stage};

/// How often the progress is worked out while data flows: it looks at every file.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// What was shown last.
#[derive(Debug, Default)]
pub(super) struct Shown {
    state: ConnectionState,
    at: Option<Instant>,
    /// It goes back only when the replay does.
    pub(super) progress: f64,
    /// Whether the recorded source had lost a connection here.
    pub(super) is_cut: bool,
}

impl Player {
    /// Moves the shown clock on, but not past the data that comes next.
    pub(super) fn show_clock(&self, now: Instant, next: i64) {
        if let Some(shown) = self.playback.shows(now) {
            self.meters.set_data_clock(UnixMs(shown.min(next)));
        }
    }

    /// Shows how the replay stands after a command, without waiting for the loop to come round.
    pub(super) fn show_state(&mut self) {
        self.publish(if self.stage != Stage::Open {
            ConnectionState::Connecting
        } else if self.has_ended {
            ConnectionState::Ended
        } else if self.playback.is_paused() {
            ConnectionState::Paused
        } else {
            ConnectionState::Connected
        });
    }

    /// Shows how the replay stands while it plays.
    pub(super) fn publish_now_and_then(&mut self, now: Instant) {
        let state = if self.playback.is_paused() {
            ConnectionState::Paused
        } else {
            ConnectionState::Connected
        };
        let is_fresh = self
            .shown
            .at
            .is_some_and(|at| now.saturating_duration_since(at) < PROGRESS_EVERY);
        if !is_fresh || state != self.shown.state {
            self.publish(state);
        }
    }

    /// When the data begins and ends, if that is known beforehand, or all of it is recordings whose ends are known.
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        if let Some((begins, ends)) = self.settings.span {
            return Some((begins.0, ends.0));
        }
        let recordings = self.files.iter().map(|file| file.recording.as_ref());
        let starts = recordings.map(|recording| recording.map(|it| it.started().0));
        let starts: Vec<i64> = starts.collect::<Option<_>>()?;
        let endings: Vec<i64> = self.endings.iter().copied().collect::<Option<_>>()?;
        let begins = self.clock_from().or(starts.into_iter().min())?;
        let end = self.settings.end.map_or(i64::MAX, |end| end.0);
        let ends = endings.into_iter().max()?.min(end);
        (begins < ends).then_some((begins, ends))
    }

    /// How much of the data has been played, 0 to 1: by its time, or by its bytes, which are read ahead.
    fn progress(&self) -> f64 {
        let Some((begins, ends)) = self.span else {
            return self.merge.progress();
        };
        let shown = self.playback.shows(Instant::now());
        let at = shown.zip(self.meters.data_clock());
        at.map_or(0.0, |(shown, clock)| {
            let at = shown.min(clock.0) as f64;
            ((at - begins as f64) / (ends as f64 - begins as f64)).clamp(0.0, 1.0)
        })
    }

    /// Shows how the replay stands.
    pub(super) fn publish(&mut self, state: ConnectionState) {
        let progress = match state {
            ConnectionState::Ended => 1.0,
            _ => self.progress(),
        };
        let loading = self.loading();
        self.shown = Shown {
            state,
            at: Some(Instant::now()),
            progress: progress.max(self.shown.progress),
            is_cut: self.shown.is_cut,
        };
        self.meters.set_state(match state {
            ConnectionState::Connected if self.shown.is_cut => ConnectionState::Reconnecting,
            state => state,
        });
        self.meters.set_transport(TransportView {
            speed: self.playback.speed(),
            paused: self.playback.is_paused(),
            looping: self.settings.looping,
            progress: self.shown.progress,
            loading,
            length_ms: self.span.map(|(begins, ends)| ends - begins),
            is_cut: self.shown.is_cut && !self.has_ended,
        });
    }
}
