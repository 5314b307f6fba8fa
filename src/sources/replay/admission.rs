//! Which symbols a replay plays, as it has been told.

use rustc_hash::FxHashSet;

use crate::domain::symbol::{Resolution, Symbol, SymbolId};
use crate::pipeline::directory::Resolver;

/// Names in the data that are remembered, to say what may have been meant by one that never came.
const OTHERS_MAX: usize = 4096;

/// How a symbol stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Standing {
    /// It is not played.
    #[default]
    Out,
    /// It is played, and the data has not named it yet.
    Awaited,
    /// The same, and the data has come to its end.
    Missed,
    /// It is played.
    Here,
}

/// The symbols that are being played.
///
/// The register knows of a new symbol before the replay is told to subscribe it. Its data is held back until then: it
/// begins with its history, and in the right order.
#[derive(Debug, Default)]
pub(super) struct Admission {
    /// By [`SymbolId::index`].
    standings: Vec<Standing>,
    /// How many are awaited.
    awaited: usize,
    /// Names in the data that nobody wants, gathered while any symbol is awaited.
    others: FxHashSet<String>,
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

    #[inline]
    fn standing(&self, id: SymbolId) -> Standing {
        self.standings.get(id.index()).copied().unwrap_or_default()
    }

    fn set(&mut self, id: SymbolId, standing: Standing) {
        if self.standings.len() <= id.index() {
            self.standings.resize(id.index() + 1, Standing::Out);
        }
        let before = std::mem::replace(&mut self.standings[id.index()], standing);
        self.awaited -= usize::from(before == Standing::Awaited);
        self.awaited += usize::from(standing == Standing::Awaited);
    }

    /// Whether this symbol is played.
    #[inline]
    pub(super) fn has(&self, id: SymbolId) -> bool {
        self.standing(id) != Standing::Out
    }

    /// Plays this symbol from now on; `false` when it was played already.
    pub(super) fn admit(&mut self, id: SymbolId) -> bool {
        let is_new = !self.has(id);
        if is_new {
            self.set(id, Standing::Awaited);
        }
        is_new
    }

    /// Plays this symbol no more.
    pub(super) fn remove(&mut self, symbol: &Symbol, id: SymbolId) {
        if self.has(id) {
            self.set(id, Standing::Out);
        }
        self.removed.insert(symbol.clone());
    }

    /// Whether the data has named this symbol.
    pub(super) fn has_come(&self, id: SymbolId) -> bool {
        self.standing(id) == Standing::Here
    }

    /// The data has come to its end: awaits this symbol no longer. Whether it did.
    pub(super) fn miss(&mut self, id: SymbolId) -> bool {
        let is_awaited = self.standing(id) == Standing::Awaited;
        if is_awaited {
            self.set(id, Standing::Missed);
        }
        is_awaited
    }

    /// Whether there are symbols that the data has not named yet.
    pub(super) fn awaits(&self) -> bool {
        self.awaited > 0
    }

    /// Names in the data that nobody wants.
    pub(super) fn others(&self) -> impl Iterator<Item = &str> {
        self.others.iter().map(String::as_str)
    }

    /// Whether anything was ever removed: events decoded earlier may then have to be held back.
    pub(super) fn has_removed(&self) -> bool {
        !self.removed.is_empty()
    }

    /// What a symbol in the data is to this replay.
    #[inline]
    pub(super) fn resolve(&mut self, resolver: &mut Resolver, text: &str) -> Resolution {
        match resolver.resolve(text) {
            Resolution::Subscribed(id) if self.standing(id) == Standing::Here => {
                Resolution::Subscribed(id)
            }
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
        if let Resolution::Subscribed(id) = resolution {
            let appears = takes_all && !self.removed.contains(text);
            if appears || self.has(id) {
                self.set(id, Standing::Here);
                return Resolution::Subscribed(id);
            }
        }
        match resolution {
            Resolution::Subscribed(_) | Resolution::Ignored => {
                let has_room = self.others.len() < OTHERS_MAX;
                if self.awaits() && has_room && !self.others.contains(text) {
                    self.others.insert(text.to_owned());
                }
                Resolution::Ignored
            }
            Resolution::Full => {
                self.full.get_or_insert_with(|| text.to_owned());
                Resolution::Full
            }
            Resolution::Invalid(error) => Resolution::Invalid(error),
        }
    }
}
