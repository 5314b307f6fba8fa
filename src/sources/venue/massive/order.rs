//! The numbers of a symbol's messages of one kind, which grow, but not one by one.

use serde::{Deserialize, Serialize};

use crate::domain::time::UnixMs;

/// The newest message: its number and its time.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Order(Option<(u64, UnixMs)>);

impl Order {
    /// Takes a message: whether it is newer than those before, as one without a number is. The numbers begin anew every day:
    /// what happened later is newer, whatever its number.
    pub(super) fn is_newer(&mut self, number: Option<u64>, time: UnixMs) -> bool {
        let Some(number) = number else {
            return true;
        };
        let is_newer = self.0.is_none_or(|(last, at)| number > last || time > at);
        if is_newer {
            self.0 = Some((number, time));
        }
        is_newer
    }
}
