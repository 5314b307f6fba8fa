//! Which connection a symbol is on.

use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::SymbolId;
use crate::sources::venue::pacing::Pace;
use crate::sources::venue::session::Session;

use super::super::link::Link;
use super::{Streamer, Wanted, seed};

impl Streamer {
    /// Puts symbols on the connections that have room for them, the first ones first.
    pub(super) fn add(&mut self, symbols: Vec<Wanted>) {
        let known = &self.desk.symbols;
        let mut left: Vec<Wanted> = symbols
            .into_iter()
            .filter(|(_, id)| !known.contains_key(id))
            .collect();
        if self.is_over {
            // They come in when somebody asks for another try.
            return self.unplaced.append(&mut left);
        }
        let mut number = 0;
        while !left.is_empty() {
            if number == self.links.len() && !self.open_link() {
                break;
            }
            if let Some(link) = self.links.get_mut(number) {
                let rest = left.split_off(link.room().min(left.len()));
                let part = std::mem::replace(&mut left, rest);
                if !part.is_empty() {
                    link.add(part, &mut self.desk);
                }
            }
            number += 1;
        }
        if !left.is_empty() {
            self.refuse(left);
        }
    }

    /// Makes one more connection, if there may be one more.
    fn open_link(&mut self) -> bool {
        if self.links.len() >= self.limits.connections.max(1) {
            return false;
        }
        let Ok(protocol) = (self.venue.protocol)(&self.setup) else {
            // It was made from the same setup before.
            return false;
        };
        let needs_login = !self.venue.keys.is_empty() || protocol.needs_login();
        let session = Session::new(protocol, &self.setup);
        let number = self.links.len();
        let pace = if self.limits.shares_sends {
            self.sends.clone()
        } else {
            Pace::new(self.limits.sends)
        };
        let link = Link::new(
            number,
            session,
            self.limits,
            self.timings,
            needs_login,
            pace,
            seed(),
        );
        self.links.push(link);
        true
    }

    fn refuse(&mut self, symbols: Vec<Wanted>) {
        let most = self
            .limits
            .symbols_per_connection
            .saturating_mul(self.limits.connections.max(1));
        let kind = self.venue.kind.name;
        let moment = self.desk.moment();
        for (symbol, id) in symbols {
            let message = format!(
                "{symbol}: {kind} takes {most} symbols at a time ({} on each of {} connections), and there are as many; remove others",
                self.limits.symbols_per_connection,
                self.limits.connections.max(1)
            );
            let mut error = ErrorInstance::new(ErrorKind::Overload, message);
            error.symbol = Some(symbol.clone());
            self.desk.error(error, moment);
            self.unplaced.push((symbol, id));
        }
    }

    pub(super) fn remove(&mut self, symbols: &[Wanted]) {
        let is_removed = |id: &SymbolId| symbols.iter().any(|(_, gone)| gone == id);
        self.unplaced.retain(|(_, id)| !is_removed(id));
        for link in &mut self.links {
            let own: Vec<Wanted> = symbols
                .iter()
                .filter(|(_, id)| link.symbols.iter().any(|(_, known)| known == id))
                .cloned()
                .collect();
            if !own.is_empty() {
                link.remove(&own, &mut self.desk);
            }
        }
        self.place_waiting();
    }

    /// Symbols that found no place come in, if there is one now.
    pub(super) fn place_waiting(&mut self) {
        let own: usize = self.links.iter().map(Link::room).sum();
        let unopened = self
            .limits
            .connections
            .max(1)
            .saturating_sub(self.links.len());
        let more = unopened.saturating_mul(self.limits.symbols_per_connection);
        let room = own.saturating_add(more);
        if room > 0 && !self.unplaced.is_empty() && !self.is_over {
            let count = room.min(self.unplaced.len());
            let placed = self.unplaced.drain(..count).collect();
            self.add(placed);
        }
    }
}
