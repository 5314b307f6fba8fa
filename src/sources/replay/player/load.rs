//! Loading history: after a jump for every symbol, after a subscription for the new ones.

use tokio::time::Instant;

use crate::domain::event::Event;
use crate::domain::outcome::Status;
use crate::domain::source::BarStamp;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;
use crate::pipeline::source::Message;

use super::Player;

/// Events of one history message.
const HISTORY_EVENTS: usize = 1024;
/// Frames that are loaded before commands are looked for again.
const FRAMES_AT_ONCE: usize = 4096;

/// Where a jump goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The beginning of the data.
    Beginning,
    /// A moment: bars that end there are over, bars that begin there are yet to come.
    At(i64),
    /// The moment of data that has been played and is to be played again.
    Again(i64),
}

impl Place {
    fn time(self) -> Option<i64> {
        match self {
            Self::Beginning => None,
            Self::At(time) | Self::Again(time) => Some(time),
        }
    }

    /// Whether data of this pacing time comes before it. It agrees with [`Window::holds`]: what `start=` cuts off, a
    /// jump to the same time loads.
    ///
    /// [`Window::holds`]: super::super::frame::Window::holds
    fn is_after(self, pacing: i64, stamp: BarStamp) -> bool {
        match (self, stamp) {
            (Self::Beginning, _) => false,
            (Self::At(time), BarStamp::End) => pacing <= time,
            (Self::At(time) | Self::Again(time), _) => pacing < time,
        }
    }
}

/// What is being loaded.
#[derive(Debug)]
pub(super) enum Load {
    Nothing,
    /// What comes before a place, for every symbol.
    Before {
        place: Place,
        /// Whether to say that the replay has jumped.
        announced: bool,
        history: Vec<Event>,
    },
    /// What has been played already, for symbols that join.
    Joining {
        symbols: Vec<SymbolId>,
        /// What the clock showed when they came.
        clock: Option<i64>,
        history: Vec<Event>,
    },
}

impl Load {
    pub(super) fn before(place: Place, announced: bool) -> Self {
        Self::Before {
            place,
            announced,
            history: Vec::new(),
        }
    }

    pub(super) fn is_something(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// Leaves out what nobody wants any more.
    pub(super) fn retain(&mut self, keep: impl Fn(&Event) -> bool) {
        if let Self::Before { history, .. } | Self::Joining { history, .. } = self {
            history.retain(keep);
        }
    }
}

impl Player {
    /// Goes to a place: everything is forgotten and loaded again up to there.
    pub(super) fn jump(&mut self, place: Place) {
        // What has not been sent would be forgotten at once.
        self.outbox
            .retain(|outgoing| !matches!(outgoing.message, Message::Data(_) | Message::History(_)));
        let received = self.feed.now();
        self.put(received, Message::Reset);
        self.played.fill(0);
        self.last_played = None;
        self.has_played = false;
        self.has_ended = false;
        self.shown.progress = 0.0;
        self.forget_steps();
        let now = Instant::now();
        self.playback.halt(false, now);
        match place.time().or_else(|| self.clock_from()) {
            Some(time) => self.playback.set(time, now),
            None => self.playback.forget(),
        }
        self.open_tracks();
        self.load = Load::before(place, true);
    }

    /// Plays symbols that were not played before, from here on and with their history.
    pub(super) fn join(&mut self, mut symbols: Vec<(Symbol, SymbolId)>) {
        symbols.retain(|&(_, id)| self.admission.admit(id));
        if symbols.is_empty() {
            return;
        }
        self.load = Load::Joining {
            symbols: symbols.iter().map(|&(_, id)| id).collect(),
            clock: self.playback.shows(Instant::now()),
            history: Vec::new(),
        };
        self.reopen_for(&symbols);
    }

    /// Loads some more, or finishes.
    pub(super) fn load_some(&mut self) {
        match std::mem::replace(&mut self.load, Load::Nothing) {
            Load::Nothing => {}
            Load::Before {
                place,
                announced,
                mut history,
            } => {
                if self.load_before(place, &mut history) {
                    self.loaded(place.time(), announced);
                } else {
                    self.load = Load::Before {
                        place,
                        announced,
                        history,
                    };
                }
            }
            Load::Joining {
                symbols,
                clock,
                mut history,
            } => {
                if !self.load_joining(&symbols, clock, &mut history) {
                    self.load = Load::Joining {
                        symbols,
                        clock,
                        history,
                    };
                }
            }
        }
        self.say_full();
    }

    /// Loads frames of before a place; whether there are no more.
    fn load_before(&mut self, place: Place, history: &mut Vec<Event>) -> bool {
        for _ in 0..FRAMES_AT_ONCE {
            if self.merge.is_waiting() {
                return false;
            }
            let stamp = self.window.stamp;
            let head = self.merge.peek();
            let is_before = head.is_some_and(|head| place.is_after(head.pacing, stamp));
            if !is_before {
                self.put_history(history);
                return true;
            }
            let (merge, mut context) = self.decoding();
            let Some((file, mut frame)) = merge.pop(&mut context) else {
                return true;
            };
            self.frame_taken(file, &frame);
            history.append(&mut frame.events);
            self.merge.reuse(file, frame.events);
            if !frame.errors.is_empty() {
                self.put_errors(frame.errors);
            }
            if history.len() >= HISTORY_EVENTS {
                self.put_history(history);
                return false;
            }
        }
        false
    }

    /// What the clock shows at the beginning, if that is not the time of the first data.
    pub(super) fn clock_from(&self) -> Option<i64> {
        self.settings.clock_from.map(|time| time.0)
    }

    /// The jump is done.
    fn loaded(&mut self, time: Option<i64>, announced: bool) {
        // History is not playing: a loop that opens behind the end of the data must come to an end.
        self.has_played = false;
        let time = time.or_else(|| self.clock_from()).or_else(|| {
            let first = self.merge.peek().map(|head| head.pacing);
            first.filter(|&first| first != i64::MIN)
        });
        if let Some(time) = time {
            self.playback.set(time, Instant::now());
            self.meters.set_data_clock(UnixMs(time));
        }
        if announced {
            let zone = self.settings.calendar.zone();
            let shown = time.and_then(|time| UnixMs(time).in_zone(zone));
            let message = shown.map_or_else(
                || "the beginning".to_owned(),
                |time| time.format("%Y-%m-%dT%H:%M:%S%.f%:z").to_string(),
            );
            self.put_status(Status::Seek, Some(message));
        }
    }

    /// Loads frames of the joining symbols that the others have behind them; whether there are no more.
    fn load_joining(
        &mut self,
        symbols: &[SymbolId],
        clock: Option<i64>,
        history: &mut Vec<Event>,
    ) -> bool {
        for _ in 0..FRAMES_AT_ONCE {
            if self.merge.is_waiting() {
                return false;
            }
            let Some((file, track)) = self.merge.peek_joining() else {
                self.put_history(history);
                return true;
            };
            let (Some(head), Some(joining)) = (&track.head, &track.joining) else {
                self.merge.joined(file);
                continue;
            };
            let is_theirs = head
                .events
                .iter()
                .all(|event| symbols.contains(&event.symbol));
            let is_past = clock.is_some_and(|clock| head.pacing < clock)
                || self.last_played.is_some_and(|last| head.pacing <= last);
            if head.ordinal > joining.played && !(is_theirs && is_past) {
                self.merge.joined(file);
                continue;
            }
            let (merge, mut context) = self.decoding();
            let Some(mut frame) = merge.pop_joining(file, &mut context) else {
                continue;
            };
            self.played[file] = self.played[file].max(frame.ordinal);
            history.append(&mut frame.events);
            if !frame.errors.is_empty() {
                self.reported[file] = self.reported[file].max(frame.ordinal);
                self.put_errors(frame.errors);
            }
            if history.len() >= HISTORY_EVENTS {
                self.put_history(history);
                return false;
            }
        }
        false
    }

    fn put_history(&mut self, history: &mut Vec<Event>) {
        self.keep_wanted(history);
        if !history.is_empty() {
            let received = self.feed.now();
            self.put(received, Message::History(std::mem::take(history)));
        }
    }
}
