//! What the streamer is told.

use tokio::time::Instant;

use crate::domain::outcome::ErrorKind;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;
use crate::pipeline::meters::Standing;
use crate::pipeline::source::{Message, SeekTarget, SourceCommand, TransportCommand};

use super::load::Place;
use super::{Player, Stage, Step};

/// Steps that wait for what is being loaded; more are a key that is held down.
const LATE_MAX: usize = 64;

impl Player {
    /// Takes a command. It takes effect at once; what it causes to be loaded or sent follows in the loop.
    pub(super) fn obey(&mut self, command: SourceCommand) {
        match command {
            SourceCommand::Subscribe(symbols) if self.stage != Stage::Open => {
                for (_, id) in symbols {
                    self.admission.admit(id);
                }
            }
            SourceCommand::Subscribe(symbols) => self.deferred.push_back(symbols),
            SourceCommand::Unsubscribe(symbols) => self.unsubscribe(&symbols),
            SourceCommand::Transport(command) => {
                self.orders += 1;
                self.transport(command);
            }
            // What has been recorded cannot be asked for anew.
            SourceCommand::Resync(_) | SourceCommand::Reconnect => {}
        }
    }

    fn unsubscribe(&mut self, symbols: &[(Symbol, SymbolId)]) {
        for (symbol, id) in symbols {
            self.admission.remove(symbol, *id);
            self.close_table_of(symbol);
            for waiting in &mut self.deferred {
                waiting.retain(|(_, waiting)| waiting != id);
            }
        }
        let admission = &self.admission;
        self.load.retain(|event| admission.has(event.symbol));
        for outgoing in &mut self.outbox {
            if let Message::Data(events) | Message::History(events) = &mut outgoing.message {
                events.retain(|event| admission.has(event.symbol));
            }
        }
    }

    pub(super) fn transport(&mut self, command: TransportCommand) {
        if self.is_late(command) {
            self.playback.pause(true, Instant::now());
            if self.late.len() < LATE_MAX {
                self.late.push_back(command);
            }
            self.show_state();
        } else {
            self.drive(command);
        }
    }

    /// Whether a command has to wait for what is being loaded: where a step back leads to is known only then, and other
    /// steps take their turns after it.
    fn is_late(&self, command: TransportCommand) -> bool {
        match command {
            TransportCommand::StepBack => self.load.is_something() || !self.late.is_empty(),
            TransportCommand::Step => !self.late.is_empty(),
            _ => false,
        }
    }

    /// Does what a replay's controls are used for.
    pub(super) fn drive(&mut self, command: TransportCommand) {
        let now = Instant::now();
        match command {
            TransportCommand::Pause => self.pause(true, now),
            TransportCommand::Resume => self.pause(false, now),
            TransportCommand::Toggle => self.pause(!self.playback.is_paused(), now),
            TransportCommand::Speed(speed) => self.playback.set_speed(speed, now),
            TransportCommand::Faster => {
                self.playback.set_speed(self.playback.speed().faster(), now);
            }
            TransportCommand::Slower => {
                self.playback.set_speed(self.playback.speed().slower(), now);
            }
            TransportCommand::Step => {
                self.playback.pause(true, now);
                if self.step == Step::No {
                    self.step = Step::Next;
                } else {
                    self.more_steps = self.more_steps.saturating_add(1);
                }
            }
            TransportCommand::StepTo(time) => {
                self.pause(true, now);
                if time.0 != i64::MIN {
                    self.playback.set(time.0, now);
                    self.meters.set_data_clock(time);
                }
                self.step = Step::Until(time.0);
            }
            TransportCommand::BackTo(time) if self.has_ended && self.reached < time.0 => {
                // It stays at its end, behind which the others still are.
                self.pause(true, now);
                self.playback.set(time.0, now);
                self.meters.set_data_clock(time);
            }
            TransportCommand::StepBack
            | TransportCommand::BackTo(_)
            | TransportCommand::Seek(_)
            | TransportCommand::SeekBy(_) => {
                if self.stage != Stage::Open
                    || (self.stands_at(now).is_none() && self.merge.is_waiting())
                {
                    self.early.push_back(command);
                } else {
                    self.seek(command, now);
                }
            }
        }
        self.show_state();
    }

    /// Says where the replay stands still, for steps that it takes with others.
    pub(super) fn show_standing(&mut self) {
        let next = self.merge.peek().map(|head| head.pacing);
        self.meters.set_standing(Standing {
            orders: self.orders,
            played: self.last_played,
            next,
        });
    }

    pub(super) fn forget_steps(&mut self) {
        self.step = Step::No;
        self.more_steps = 0;
    }

    fn pause(&mut self, paused: bool, now: Instant) {
        self.playback.pause(paused, now);
        self.forget_steps();
    }

    fn seek(&mut self, command: TransportCommand, now: Instant) {
        let target = match command {
            TransportCommand::StepBack => {
                self.playback.pause(true, now);
                match self.last_played {
                    Some(last) => Some(Place::Again(last)),
                    // Nothing has been played: this is the beginning.
                    None => return,
                }
            }
            TransportCommand::BackTo(time) => {
                self.playback.pause(true, now);
                Some(Place::Again(time.0))
            }
            TransportCommand::SeekBy(ms) => {
                self.late.clear();
                let at = self.stands_at(now);
                // Before the beginning there is nothing to wait for.
                let first = self.span.map_or(i64::MIN, |(begins, _)| begins);
                at.map(|at| Place::At(at.saturating_add(ms).max(first)))
            }
            TransportCommand::Seek(target) => {
                self.late.clear();
                self.time_of(target, now).map(Place::At)
            }
            _ => None,
        };
        if let Some(target) = target {
            self.jump(target);
        } else {
            let error = self.error(
                ErrorKind::ConfigError,
                "cannot seek there: no such time, or the data has no times",
            );
            self.put_errors(vec![error]);
        }
    }

    /// Where the replay stands: its clock, else its first data.
    fn stands_at(&mut self, now: Instant) -> Option<i64> {
        let next = self.merge.peek().map(|head| head.pacing);
        self.playback
            .shows(now)
            .or(self.last_played)
            .or(next.filter(|&next| next != i64::MIN))
    }

    fn time_of(&mut self, target: SeekTarget, now: Instant) -> Option<i64> {
        let zone = self.settings.calendar.zone();
        let clock = self.stands_at(now).map(UnixMs);
        target.in_zone(zone, clock).map(|time| time.0)
    }
}
