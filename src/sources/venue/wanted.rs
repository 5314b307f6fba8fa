//! The symbols that are subscribed, under the names that the venue gives them.

use rustc_hash::FxHashMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::decode::Rejection;
use crate::domain::event::{Event, Payload};
use crate::domain::news::News;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;

use super::kept::{self, States};
use super::{Notice, Output};

/// A symbol with what the protocol keeps for it.
#[derive(Debug, Clone)]
pub struct Entry<T> {
    /// As the person wrote it.
    pub symbol: Symbol,
    /// What it is to the engine.
    pub id: SymbolId,
    /// What the protocol keeps for it.
    pub state: T,
}

/// The subscribed symbols of a protocol.
#[derive(Debug, Default)]
pub struct Wanted<T> {
    by_wire: FxHashMap<Box<str>, Entry<T>>,
    wire_by_id: FxHashMap<SymbolId, Box<str>>,
}

impl<T> Wanted<T> {
    /// No symbols.
    #[must_use]
    pub fn new() -> Self {
        Self {
            by_wire: FxHashMap::default(),
            wire_by_id: FxHashMap::default(),
        }
    }

    /// Adds a symbol under the venue's name for it.
    ///
    /// # Errors
    /// What people should know when a symbol has this name already: two ways of writing one.
    pub fn insert(
        &mut self,
        wire: &str,
        symbol: &Symbol,
        id: SymbolId,
        state: T,
    ) -> Result<(), Box<Notice>> {
        if let Some(Entry { symbol: other, .. }) = self.by_wire.get(wire) {
            return Err(Box::new(Notice::Refused {
                symbol: id,
                reason: format!("{symbol} is the same as {other}, which is subscribed already"),
            }));
        }
        let entry = Entry {
            symbol: symbol.clone(),
            id,
            state,
        };
        self.by_wire.insert(wire.into(), entry);
        self.wire_by_id.insert(id, wire.into());
        Ok(())
    }

    /// Adds symbols, each under the name and with the state that `describe` gives. Those that are there already under
    /// another spelling are refused aloud; gives the others.
    pub fn add(
        &mut self,
        symbols: &[(Symbol, SymbolId)],
        output: &mut Output,
        describe: impl Fn(&Symbol) -> (String, T),
    ) -> Vec<SymbolId> {
        let mut added = Vec::new();
        for (symbol, id) in symbols {
            let (wire, state) = describe(symbol);
            match self.insert(&wire, symbol, *id, state) {
                Ok(()) => added.push(*id),
                Err(notice) => output.notices.push(*notice),
            }
        }
        added
    }

    /// Those of these symbols that are here.
    #[must_use]
    pub fn known(&self, symbols: &[(Symbol, SymbolId)]) -> Vec<SymbolId> {
        let ids = symbols.iter().map(|(_, id)| *id);
        ids.filter(|id| self.wire_by_id.contains_key(id)).collect()
    }

    /// Takes symbols out; gives the venue's names for them.
    pub fn remove_all(&mut self, symbols: &[(Symbol, SymbolId)]) -> Vec<Box<str>> {
        let ids = symbols.iter().map(|(_, id)| *id);
        ids.filter_map(|id| self.remove(id)).collect()
    }

    /// Gives news to each symbol that it names and that is here, once; where there is none it is counted as ignored.
    pub fn give_news(&self, news: &News, time: UnixMs, output: &mut Output) {
        let mut concerned: Vec<SymbolId> = Vec::new();
        for name in &*news.symbols {
            if let Some(entry) = self.by_wire.get(&**name)
                && !concerned.contains(&entry.id)
            {
                concerned.push(entry.id);
            }
        }
        if concerned.is_empty() {
            output.ignored += 1;
        }
        for symbol in concerned {
            output.events.push(Event {
                symbol,
                time: Some(time),
                payload: Payload::News(Box::new(news.clone())),
            });
        }
    }

    /// Takes a symbol out; gives the venue's name for it.
    pub fn remove(&mut self, id: SymbolId) -> Option<Box<str>> {
        let wire = self.wire_by_id.remove(&id)?;
        self.by_wire.remove(&wire);
        Some(wire)
    }

    /// What the venue's name stands for.
    #[must_use]
    pub fn get(&self, wire: &str) -> Option<&Entry<T>> {
        self.by_wire.get(wire)
    }

    /// What the venue's name stands for, to change it.
    pub fn get_mut(&mut self, wire: &str) -> Option<&mut Entry<T>> {
        self.by_wire.get_mut(wire)
    }

    /// The venue's name for a symbol.
    #[must_use]
    pub fn wire(&self, id: SymbolId) -> Option<&str> {
        self.wire_by_id.get(&id).map(AsRef::as_ref)
    }

    /// A symbol with what is kept for it.
    #[must_use]
    pub fn entry(&self, id: SymbolId) -> Option<&Entry<T>> {
        self.wire(id).and_then(|wire| self.get(wire))
    }

    /// The same, to change it.
    pub fn entry_mut(&mut self, id: SymbolId) -> Option<&mut Entry<T>> {
        let wire = self.wire_by_id.get(&id)?;
        self.by_wire.get_mut(wire)
    }

    /// All symbols in the order of subscription, each with the venue's name for it.
    #[must_use]
    pub fn in_order(&self) -> Vec<(&str, &Entry<T>)> {
        let mut all: Vec<_> = self
            .by_wire
            .iter()
            .map(|(wire, entry)| (&**wire, entry))
            .collect();
        all.sort_unstable_by_key(|(_, entry)| entry.id);
        all
    }

    /// The numbers of all symbols, in the order of subscription.
    #[must_use]
    pub fn ids(&self) -> Vec<SymbolId> {
        let mut ids: Vec<SymbolId> = self.wire_by_id.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    /// All symbols, to change what is kept for them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Entry<T>)> {
        self.by_wire
            .iter_mut()
            .map(|(wire, entry)| (&**wire, entry))
    }

    /// The symbols whose time has come, which is no more: a time that `at` finds in what is kept for them. In the order of
    /// subscription.
    pub fn take_due(
        &mut self,
        now: UnixMs,
        at: impl Fn(&mut T) -> &mut Option<UnixMs>,
    ) -> Vec<SymbolId> {
        let mut due = Vec::new();
        for (_, entry) in self.iter_mut() {
            if at(&mut entry.state).take_if(|at| *at <= now).is_some() {
                due.push(entry.id);
            }
        }
        due.sort_unstable();
        due
    }

    /// The venue's names for these symbols.
    #[must_use]
    pub fn names(&self, symbols: &[SymbolId]) -> Vec<String> {
        let names = symbols.iter().filter_map(|id| self.wire(*id));
        names.map(str::to_owned).collect()
    }

    /// The symbols that are here of those that the venue gives these names.
    #[must_use]
    pub fn named(&self, names: &[String]) -> Vec<SymbolId> {
        let entries = names.iter().filter_map(|name| self.get(name));
        entries.map(|entry| entry.id).collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_wire.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_wire.is_empty()
    }
}

impl<T: Serialize + DeserializeOwned> States for Wanted<T> {
    fn kept(&self, id: SymbolId) -> Value {
        let entry = self.entry(id);
        entry.map_or(Value::Null, |entry| kept::written(&entry.state))
    }

    fn keep(&mut self, id: SymbolId, known: Value) -> Result<(), Rejection> {
        if let Some(entry) = self.entry_mut(id) {
            entry.state = kept::read(known)?;
        }
        Ok(())
    }
}
