//! Which symbols are subscribed, and the numbers that stand for them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::domain::source::SourceIndex;
use crate::domain::symbol::{Symbol, SymbolId};

pub use crate::domain::symbol::Resolution;

/// The register of subscribed symbols, shared by everyone.
///
/// It is locked for a look-up or a change only, never on the way of an event: streamers resolve through a
/// [`Resolver`], which keeps a copy of its source's part until the register changes.
#[derive(Debug)]
pub struct Directory {
    symbols_max: usize,
    /// Counts changes, so that a resolver knows when its copy is old.
    version: AtomicU64,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By [`SymbolId`]; `None` once removed.
    entries: Vec<Option<Entry>>,
    subscribed: usize,
    sources: Vec<SourcePart>,
}

#[derive(Debug, Clone)]
struct Entry {
    symbol: Symbol,
    source: SourceIndex,
}

#[derive(Debug, Default)]
struct SourcePart {
    by_symbol: FxHashMap<Symbol, SymbolId>,
    /// Whether symbols that nobody named are subscribed when they first appear.
    takes_all: bool,
    /// Symbols that a person removed: they do not come back by appearing in the data.
    refused: FxHashSet<Symbol>,
}

/// There are as many symbols as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are already {0} symbols, the most that 'symbols_max' allows")]
pub struct DirectoryFull(pub usize);

impl Directory {
    /// An empty register for at most `symbols_max` symbols at a time.
    #[must_use]
    pub fn new(symbols_max: usize) -> Self {
        Self {
            symbols_max,
            version: AtomicU64::new(0),
            state: RwLock::default(),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for one more source.
    pub fn add_source(&self, takes_all: bool) -> SourceIndex {
        let mut state = self.write();
        state.sources.push(SourcePart {
            takes_all,
            ..SourcePart::default()
        });
        SourceIndex((state.sources.len() - 1) as u16)
    }

    /// Subscribes a symbol, or finds it subscribed already (`false` in the second place).
    ///
    /// # Errors
    /// When the register is full.
    pub fn subscribe(
        &self,
        source: SourceIndex,
        symbol: &Symbol,
    ) -> Result<(SymbolId, bool), DirectoryFull> {
        let mut state = self.write();
        let state = &mut *state;
        let part = &mut state.sources[source.index()];
        if let Some(&id) = part.by_symbol.get(symbol) {
            return Ok((id, false));
        }
        if state.subscribed >= self.symbols_max {
            return Err(DirectoryFull(self.symbols_max));
        }
        let id = SymbolId(state.entries.len() as u32);
        part.by_symbol.insert(symbol.clone(), id);
        part.refused.remove(symbol);
        state.entries.push(Some(Entry {
            symbol: symbol.clone(),
            source,
        }));
        state.subscribed += 1;
        self.version.fetch_add(1, Ordering::Release);
        Ok((id, true))
    }

    /// Ends a subscription; `None` when there was none. Subscribing again gives a new number.
    pub fn unsubscribe(&self, source: SourceIndex, symbol: &Symbol) -> Option<SymbolId> {
        let mut state = self.write();
        let state = &mut *state;
        let part = &mut state.sources[source.index()];
        let id = part.by_symbol.remove(symbol)?;
        if part.takes_all {
            part.refused.insert(symbol.clone());
        }
        state.entries[id.index()] = None;
        state.subscribed -= 1;
        self.version.fetch_add(1, Ordering::Release);
        Some(id)
    }

    /// The symbol and source behind a number; `None` when it is no longer subscribed.
    #[must_use]
    pub fn lookup(&self, id: SymbolId) -> Option<(Symbol, SourceIndex)> {
        let state = self.read();
        let entry = state.entries.get(id.index())?.as_ref()?;
        Some((entry.symbol.clone(), entry.source))
    }

    /// The number of a symbol of a source.
    #[must_use]
    pub fn find(&self, source: SourceIndex, symbol: &Symbol) -> Option<SymbolId> {
        self.read()
            .sources
            .get(source.index())?
            .by_symbol
            .get(symbol)
            .copied()
    }

    /// Whether another source has been asked for this symbol too.
    #[must_use]
    pub fn is_shared(&self, source: SourceIndex, symbol: &Symbol) -> bool {
        let state = self.read();
        let mut sources = state.sources.iter().enumerate();
        sources.any(|(at, part)| at != source.index() && part.by_symbol.contains_key(symbol))
    }

    /// All subscribed symbols of a source, in the order of subscription.
    #[must_use]
    pub fn subscribed(&self, source: SourceIndex) -> Vec<(Symbol, SymbolId)> {
        let state = self.read();
        let mut all: Vec<_> = state.sources[source.index()]
            .by_symbol
            .iter()
            .map(|(symbol, &id)| (symbol.clone(), id))
            .collect();
        all.sort_unstable_by_key(|&(_, id)| id);
        all
    }

    /// Whether a source's symbols are subscribed as they appear.
    #[must_use]
    pub fn takes_all(&self, source: SourceIndex) -> bool {
        self.read().sources[source.index()].takes_all
    }

    /// A person has begun to name symbols, or asks for all of them again.
    pub fn set_takes_all(&self, source: SourceIndex, takes_all: bool) {
        let mut state = self.write();
        state.sources[source.index()].takes_all = takes_all;
        self.version.fetch_add(1, Ordering::Release);
    }

    /// How many symbols are subscribed over all sources.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().subscribed
    }

    /// Whether no symbol is subscribed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn discover(&self, source: SourceIndex, text: &str) -> Resolution {
        let symbol = match Symbol::new(text) {
            Ok(symbol) => symbol,
            Err(error) => return Resolution::Invalid(error),
        };
        if self.read().sources[source.index()]
            .refused
            .contains(&symbol)
        {
            return Resolution::Ignored;
        }
        match self.subscribe(source, &symbol) {
            Ok((id, _)) => Resolution::Subscribed(id),
            Err(DirectoryFull(_)) => Resolution::Full,
        }
    }
}

/// One streamer's view of the register: a hash look-up per symbol, no lock until the register changes.
#[derive(Debug)]
pub struct Resolver {
    directory: Arc<Directory>,
    source: SourceIndex,
    version: u64,
    takes_all: bool,
    by_symbol: FxHashMap<Symbol, SymbolId>,
}

impl Resolver {
    /// A resolver for one source.
    #[must_use]
    pub fn new(directory: Arc<Directory>, source: SourceIndex) -> Self {
        let mut resolver = Self {
            directory,
            source,
            version: u64::MAX,
            takes_all: false,
            by_symbol: FxHashMap::default(),
        };
        resolver.refresh();
        resolver
    }

    /// Takes over changes of the register. Called by [`Feed`](super::feed::Feed) before each frame.
    pub fn refresh(&mut self) {
        let version = self.directory.version.load(Ordering::Acquire);
        if version != self.version {
            self.version = version;
            let state = self.directory.read();
            let part = &state.sources[self.source.index()];
            self.by_symbol.clone_from(&part.by_symbol);
            self.takes_all = part.takes_all;
        }
    }

    /// What `text`, a symbol as the source writes it, is to the engine.
    pub fn resolve(&mut self, text: &str) -> Resolution {
        if let Some(&id) = self.by_symbol.get(text) {
            return Resolution::Subscribed(id);
        }
        if !self.takes_all {
            return Resolution::Ignored;
        }
        let resolution = self.directory.discover(self.source, text);
        if let (Resolution::Subscribed(id), Ok(symbol)) = (&resolution, Symbol::new(text)) {
            self.by_symbol.insert(symbol, *id);
            // When this was the only change, there is nothing else to take over.
            if self.directory.version.load(Ordering::Acquire) == self.version.wrapping_add(1) {
                self.version = self.version.wrapping_add(1);
            }
        }
        resolution
    }

    /// Whether symbols that nobody named are subscribed as they appear.
    #[must_use]
    pub fn takes_all(&self) -> bool {
        self.takes_all
    }

    /// The register behind this view.
    #[must_use]
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }
}
