//! Steps of replays that were opened together: all go to one time, that of what comes next in any of them. None would
//! otherwise be where the others are.

use crate::domain::time::UnixMs;

use super::super::meters::{ConnectionState, Standing};
use super::super::source::{SourceCommand, TransportCommand};
use super::commands::send_to;
use super::{Administrator, SourceEntry};

/// Steps that wait for those before them; more are a key that is held down.
const STEPS_MAX: usize = 64;

/// A step that waits until all of its replays stand still.
pub(super) struct Step {
    /// What they were opened with.
    label: String,
    is_back: bool,
}

impl Administrator {
    /// Gives an order to replays.
    pub(super) fn order(
        &mut self,
        is_meant: impl Fn(&SourceEntry) -> bool,
        command: TransportCommand,
    ) {
        for entry in &mut self.parts.sources {
            if entry.info.has_transport && is_meant(entry) {
                entry.orders += 1;
                send_to(entry, SourceCommand::Transport(command));
            }
        }
    }

    /// Steps all replays: those that were opened together go together.
    pub(super) fn step_all(&mut self, is_back: bool) {
        let replays = self.parts.sources.iter();
        let replays = replays.filter(|entry| entry.info.has_transport);
        let mut labels: Vec<String> = replays.map(|entry| entry.info.label.clone()).collect();
        labels.sort_unstable();
        for together in labels.chunk_by(|one, other| one == other) {
            let label = &together[0];
            let is_meant = |entry: &SourceEntry| entry.info.label == *label;
            if together.len() == 1 {
                let step = if is_back {
                    TransportCommand::StepBack
                } else {
                    TransportCommand::Step
                };
                self.order(is_meant, step);
            } else if self.steps.len() < STEPS_MAX {
                let label = label.clone();
                if !self.steps.iter().any(|step| step.label == label) {
                    self.order(is_meant, TransportCommand::Pause);
                }
                self.steps.push_back(Step { label, is_back });
            }
        }
    }

    /// Takes the step that waits, if its replays have done what they were told before.
    pub(super) fn step_on(&mut self) {
        let Some(step) = self.steps.front() else {
            return;
        };
        let (label, is_back) = (step.label.clone(), step.is_back);
        let is_meant = |entry: &SourceEntry| entry.info.label == *label;
        let mut stands: Vec<Standing> = Vec::new();
        for entry in self.parts.sources.iter().filter(|entry| is_meant(entry)) {
            match entry.meters.standing() {
                _ if entry.control.is_none() || has_failed(entry) => {}
                Some(standing) if standing.orders == entry.orders => stands.push(standing),
                _ => return,
            }
        }
        self.steps.pop_front();
        let played = stands.iter().filter_map(|standing| standing.played);
        let next = stands.iter().filter_map(|standing| standing.next);
        let order = if is_back {
            played
                .max()
                .map(|time| TransportCommand::BackTo(UnixMs(time)))
        } else {
            next.min()
                .map(|time| TransportCommand::StepTo(UnixMs(time)))
        };
        if let Some(order) = order {
            self.order(is_meant, order);
        }
    }
}

fn has_failed(entry: &SourceEntry) -> bool {
    entry.meters.state() == ConnectionState::Failed || entry.ended.is_some_and(|end| end.hopeless)
}
