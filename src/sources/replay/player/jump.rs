//! Jumping: onwards from here, or from the beginning.

use tokio::time::Instant;

use crate::domain::time::UnixMs;
use crate::pipeline::source::Message;

use super::Player;
use super::load::{Cause, Load, Place};

impl Player {
    /// Goes to a place. What comes before it is history when this is done, and nothing else.
    pub(super) fn jump(&mut self, place: Place) {
        if self.lies_ahead(place) {
            self.go_on_to(place);
        } else {
            self.begin_again(place, Cause::Asked);
        }
    }

    /// Whether all that has been played or loaded comes before a place. A file that broke off is read anew at its end.
    fn lies_ahead(&self, place: Place) -> bool {
        place.is_after(self.reached, self.window.stamp)
            && !(self.has_ended && self.merge.has_broken_off())
    }

    /// Loads what is between here and a place.
    fn go_on_to(&mut self, place: Place) {
        // What has been played and not been sent is passed over too.
        for outgoing in &mut self.outbox {
            if let Message::Data(events) = &mut outgoing.message {
                outgoing.message = Message::History(std::mem::take(events));
            }
        }
        self.has_ended = false;
        self.stand_at(place);
        match &mut self.load {
            Load::Nothing => self.load = Load::before(place, Cause::Asked, self.merge.progress()),
            Load::Before {
                place: before,
                cause,
                ..
            } => (*before, *cause) = (place, Cause::Asked),
            Load::Joining { then, .. } => *then = Some(place),
        }
    }

    /// Forgets everything and loads it again up to a place.
    pub(super) fn begin_again(&mut self, place: Place, cause: Cause) {
        // What has not been sent would be forgotten at once.
        self.outbox
            .retain(|outgoing| !matches!(outgoing.message, Message::Data(_) | Message::History(_)));
        let received = self.feed.now();
        self.put(received, Message::Reset);
        // Nothing is known of what was decoded for other symbols than are wanted now, or of what has been written since.
        let is_full = self.has_said_full || self.admission.full.is_some();
        let may_serve = self.deferred.is_empty() && !is_full && !self.merge.has_broken_off();
        // Who has just come is there from the beginning.
        for (_, id) in self.deferred.drain(..).flatten() {
            self.admission.admit(id);
        }
        self.played.fill(0);
        self.last_played = None;
        self.reached = i64::MIN;
        self.has_played = false;
        self.has_ended = false;
        self.shown.is_cut = false;
        self.shown.progress = 0.0;
        self.stand_at(place);
        self.open_tracks(may_serve);
        self.load = Load::before(place, cause, 0.0);
    }

    /// The clock stands at a place until what comes before it has been loaded.
    pub(super) fn stand_at(&mut self, place: Place) {
        self.forget_steps();
        let now = Instant::now();
        self.playback.halt(true, now);
        match place.time().or_else(|| self.clock_from()) {
            Some(time) => {
                self.playback.set(time, now);
                self.meters.set_data_clock(UnixMs(time));
            }
            None => self.playback.forget(),
        }
    }
}
