//! What a person has set for single symbols, kept by their names: numbers of symbols do not outlast a run.

use super::super::model::row_name;
use super::super::panel::PanelContext;

/// So many symbols are remembered, those that were set last.
const SYMBOLS_MAX: usize = 200;

/// What is kept of each symbol.
#[derive(Debug, Clone)]
pub struct PerSymbol<T> {
    /// By name, the one that was set last at the end.
    entries: Vec<(String, T)>,
}

impl<T> Default for PerSymbol<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
        }
    }
}

impl<T: Copy> PerSymbol<T> {
    /// What is kept of the symbol that a panel is about.
    #[must_use]
    pub fn get(&self, context: &PanelContext<'_>) -> Option<T> {
        self.of(&name(context)?)
    }

    /// What is kept of the symbol of this name.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<T> {
        let found = self.entries.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| *value)
    }

    /// Keeps this of a symbol; `None` forgets it.
    pub fn set(&mut self, name: &str, value: Option<T>) {
        self.entries.retain(|(known, _)| known != name);
        if let Some(value) = value {
            self.entries.push((name.to_owned(), value));
        }
        let excess = self.entries.len().saturating_sub(SYMBOLS_MAX);
        self.entries.drain(..excess);
    }

    /// Everything, with the names; what was set last comes last.
    pub fn iter(&self) -> impl Iterator<Item = (&str, T)> {
        self.entries
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
    }
}

impl<T: Copy, N: AsRef<str>> FromIterator<(N, T)> for PerSymbol<T> {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(entries: I) -> Self {
        let mut kept = Self::default();
        for (name, value) in entries {
            kept.set(name.as_ref(), Some(value));
        }
        kept
    }
}

/// The name of the symbol that a panel is about.
#[must_use]
pub fn name(context: &PanelContext<'_>) -> Option<String> {
    let row = context.snapshot.rows.get(context.selected?)?;
    Some(row_name(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_last_is_kept() {
        let mut kept: PerSymbol<u8> = PerSymbol::default();
        for number in 0..=SYMBOLS_MAX {
            kept.set(&number.to_string(), Some(1));
            kept.set("0", Some(7));
        }
        kept.set("5", None);
        assert_eq!(kept.of("0"), Some(7));
        assert_eq!((kept.of("1"), kept.of("5")), (None, None));
        assert_eq!(kept.iter().count(), SYMBOLS_MAX - 1);
        let again: PerSymbol<u8> = kept.iter().collect();
        assert!(again.iter().eq(kept.iter()));
    }
}
