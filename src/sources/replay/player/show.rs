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

    /// Shows how the replay stands.
    pub(super) fn publish(&mut self, state: ConnectionState) {
        let progress = match state {
            ConnectionState::Ended => 1.0,
            _ => self.merge.progress(),
        };
        let loading = self.loading();
        self.shown = Shown {
            state,
            at: Some(Instant::now()),
            progress: progress.max(self.shown.progress),
        };
        self.meters.set_state(match state {
            ConnectionState::Connected if self.is_cut => ConnectionState::Reconnecting,
            state => state,
        });
        self.meters.set_transport(TransportView {
            speed: self.playback.speed(),
            paused: self.playback.is_paused(),
            looping: self.settings.looping,
            progress: self.shown.progress,
            loading,
            is_cut: self.is_cut && !self.has_ended,
        });
    }
}
