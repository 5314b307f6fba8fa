//! Loading history: after a jump for every symbol, after a subscription for the new ones.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::event::Event;
use crate::domain::outcome::Status;
use crate::domain::source::BarStamp;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;
use crate::pipeline::meters::LoadingView;
use crate::pipeline::source::Message;

use super::Player;

/// Events of one history message.
const HISTORY_EVENTS: usize = 1024;
/// Frames that are loaded before commands are looked for again.
const FRAMES_AT_ONCE: usize = 4096;

/// An opening that takes no longer is not worth a word.
const QUICK: Duration = Duration::from_millis(300);

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
    pub(super) fn time(self) -> Option<i64> {
        match self {
            Self::Beginning => None,
            Self::At(time) | Self::Again(time) => Some(time),
        }
    }

    /// Whether data of this pacing time comes before it. It agrees with [`Window::holds`]: what `start=` cuts off, a
    /// jump to the same time loads.
    ///
    /// [`Window::holds`]: super::super::frame::Window::holds
    pub(super) fn is_after(self, pacing: i64, stamp: BarStamp) -> bool {
        match (self, stamp) {
            (Self::Beginning, _) => false,
            (Self::At(time), BarStamp::End) => pacing <= time,
            (Self::At(time) | Self::Again(time), _) => pacing < time,
        }
    }
}

/// Why a place is gone to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The replay opens there.
    Opening,
    /// It has come to the end, and begins again.
    Loop,
    /// A person wants it.
    Asked,
}

/// What is being loaded.
#[derive(Debug)]
pub(super) enum Load {
    Nothing,
    /// What comes before a place, for every symbol.
    Before {
        place: Place,
        cause: Cause,
        began: Began,
        history: Vec<Event>,
    },
    /// What has been played already, for symbols that join.
    Joining {
        symbols: Vec<SymbolId>,
        /// What the clock showed when they came.
        clock: Option<i64>,
        /// Where the replay is to jump to afterwards.
        then: Option<Place>,
        /// Lines of all files that the others have behind them.
        lines: u64,
        history: Vec<Event>,
    },
}

/// Where loading began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Began {
    at: Instant,
    /// How much of the data had been read, 0 to 1.
    pub(super) share: f64,
    /// The time of what was read first.
    pub(super) time: Option<i64>,
}

impl Load {
    pub(super) fn before(place: Place, cause: Cause, share: f64) -> Self {
        Self::Before {
            place,
            cause,
            began: Began {
                at: Instant::now(),
                share,
                time: None,
            },
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
    /// Plays symbols that were not played before, from here on and with their history.
    pub(super) fn join(&mut self, mut symbols: Vec<(Symbol, SymbolId)>) {
        symbols.retain(|&(_, id)| self.admission.admit(id));
        if symbols.is_empty() {
            return;
        }
        let now = Instant::now();
        let clock = self.playback.shows(now);
        self.playback.halt(true, now);
        self.reopen_for(&symbols);
        self.load = Load::Joining {
            symbols: symbols.iter().map(|&(_, id)| id).collect(),
            clock,
            then: None,
            lines: self.merge.lines_behind(),
            history: Vec::new(),
        };
    }

    /// Loads some more, or finishes.
    pub(super) fn load_some(&mut self) {
        match std::mem::replace(&mut self.load, Load::Nothing) {
            Load::Nothing => {}
            Load::Before {
                place,
                cause,
                began,
                mut history,
            } => {
                if self.load_before(place, &mut history) {
                    self.loaded(place.time(), cause);
                } else {
                    self.load = Load::Before {
                        place,
                        cause,
                        began,
                        history,
                    };
                }
            }
            Load::Joining {
                symbols,
                clock,
                then,
                lines,
                mut history,
            } => {
                if self.load_joining(&symbols, clock, &mut history) {
                    self.joined(then);
                } else {
                    self.load = Load::Joining {
                        symbols,
                        clock,
                        then,
                        lines,
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
    fn loaded(&mut self, time: Option<i64>, cause: Cause) {
        // History is not playing: a loop that opens behind the end of the data must come to an end. One that a person has
        // led there begins again.
        self.has_played = cause == Cause::Asked;
        let time = time.or_else(|| self.clock_from()).or_else(|| {
            let first = self.merge.peek().map(|head| head.pacing);
            first.filter(|&first| first != i64::MIN)
        });
        let now = Instant::now();
        self.playback.halt(false, now);
        if let Some(time) = time {
            self.playback.set(time, now);
            self.meters.set_data_clock(UnixMs(time));
        }
        self.show_state();
        if cause != Cause::Opening {
            let zone = self.settings.calendar.zone();
            let shown = time.and_then(|time| UnixMs(time).in_zone(zone));
            let message = shown.map_or_else(
                || "the beginning".to_owned(),
                |time| time.format("%Y-%m-%dT%H:%M:%S%.f%:z").to_string(),
            );
            self.put_status(Status::Seek, Some(message));
        }
    }

    /// The joining symbols have come to where the others are.
    fn joined(&mut self, then: Option<Place>) {
        self.playback.halt(self.has_ended, Instant::now());
        match then {
            Some(place) => self.jump(place),
            None => self.show_state(),
        }
    }

    /// How far loading has come.
    pub(super) fn loading(&mut self) -> Option<LoadingView> {
        match &mut self.load {
            Load::Nothing => None,
            Load::Before {
                place,
                cause,
                began,
                ..
            } => {
                if *cause == Cause::Opening && began.at.elapsed() < QUICK {
                    return None;
                }
                let reached = self.merge.reached();
                began.time = began.time.or(reached);
                let of_bytes = (self.merge.progress() - began.share) / (1.0 - began.share);
                // There is no place at which more than all of the data has been read, so both are too little if anything.
                let of_time = match (began.time, reached, place.time()) {
                    (Some(from), Some(at), Some(to)) if to > from => {
                        (at as f64 - from as f64) / (to as f64 - from as f64)
                    }
                    _ => 0.0,
                };
                Some(LoadingView {
                    is_jump: *cause != Cause::Opening,
                    progress: of_time.max(of_bytes).clamp(0.0, 1.0),
                })
            }
            Load::Joining { lines, then, .. } => {
                let left = self.merge.lines_behind() as f64 / (*lines).max(1) as f64;
                Some(LoadingView {
                    is_jump: then.is_some(),
                    progress: (1.0 - left).clamp(0.0, 1.0),
                })
            }
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
            self.reached = self.reached.max(frame.pacing);
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
