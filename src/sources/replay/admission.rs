//! Which symbols a replay plays, as it has been told.

use rustc_hash::FxHashSet;

use crate::domain::symbol::{Resolution, Symbol, SymbolId};
use crate::pipeline::directory::Resolver;

/// The symbols that are being played.
///
/// The register knows of a new symbol before the replay is told to subscribe it. Its data is held back until then: it
/// begins with its history, and in the right order.
#[derive(Debug, Default)]
pub(super) struct Admission {
    /// By [`SymbolId::index`].
    admitted: Vec<bool>,
    /// Symbols that were removed once: they come back by command only.
    removed: FxHashSet<Symbol>,
    /// Appearing symbols did not all find room in the register.
    pub(super) full: Option<String>,
}

impl Admission {
    pub(super) fn new(subscribed: &[(Symbol, SymbolId)]) -> Self {
        let mut admission = Self::default();
        for (_, id) in subscribed {
            admission.admit(*id);
        }
        admission
    }

    /// Whether this symbol is played.
    #[inline]
    pub(super) fn has(&self, id: SymbolId) -> bool {
        self.admitted.get(id.index()).copied().unwrap_or(false)
    }

    /// Plays this symbol from now on; `false` when it was played already.
    pub(super) fn admit(&mut self, id: SymbolId) -> bool {
        if self.admitted.len() <= id.index() {
            self.admitted.resize(id.index() + 1, false);
        }
        !std::mem::replace(&mut self.admitted[id.index()], true)
    }

    /// Plays this symbol no more.
    pub(super) fn remove(&mut self, symbol: &Symbol, id: SymbolId) {
        if let Some(admitted) = self.admitted.get_mut(id.index()) {
            *admitted = false;
        }
        self.removed.insert(symbol.clone());
    }

    /// Whether anything was ever removed: events decoded earlier may then have to be held back.
    pub(super) fn has_removed(&self) -> bool {
        !self.removed.is_empty()
    }

    /// What a symbol in the data is to this replay.
    #[inline]
    pub(super) fn resolve(&mut self, resolver: &mut Resolver, text: &str) -> Resolution {
        match resolver.resolve(text) {
            Resolution::Subscribed(id) if self.has(id) => Resolution::Subscribed(id),
            other => self.unknown(text, other, resolver.takes_all()),
        }
    }

    /// The same for many, of which `only` some are wanted.
    pub(super) fn resolving(
        &mut self,
        resolver: &mut Resolver,
        only: Option<&[SymbolId]>,
    ) -> impl FnMut(&str) -> Resolution {
        move |text| match self.resolve(resolver, text) {
            Resolution::Subscribed(id) if only.is_some_and(|only| !only.contains(&id)) => {
                Resolution::Ignored
            }
            other => other,
        }
    }

    #[cold]
    fn unknown(&mut self, text: &str, resolution: Resolution, takes_all: bool) -> Resolution {
        match resolution {
            Resolution::Subscribed(id) if takes_all && !self.removed.contains(text) => {
                self.admit(id);
                Resolution::Subscribed(id)
            }
            Resolution::Subscribed(_) => Resolution::Ignored,
            Resolution::Full => {
                self.full.get_or_insert_with(|| text.to_owned());
                Resolution::Full
            }
            other => other,
        }
    }
}
