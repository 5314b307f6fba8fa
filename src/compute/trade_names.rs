//! What is known of trades by their names.

use rustc_hash::FxHashMap;

use crate::domain::trade::TradeId;

/// Something about each of one symbol's trades, by exchange and name. By exchange first: there are few, and a name can be
/// looked up without copying either.
#[derive(Debug)]
pub struct TradeNames<T> {
    /// Trades of no known exchange: all of them, at a venue that is one.
    of_none: Names<T>,
    exchanges: FxHashMap<Box<str>, Names<T>>,
    len: usize,
}

/// Numbers apart from texts: nearly all names are numbers, which are small and quickly hashed.
#[derive(Debug)]
struct Names<T> {
    numbers: FxHashMap<u64, T>,
    texts: FxHashMap<Box<str>, T>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self {
            numbers: FxHashMap::default(),
            texts: FxHashMap::default(),
        }
    }
}

impl<T> Names<T> {
    fn get(&self, name: &TradeId) -> Option<&T> {
        match name {
            TradeId::Number(number) => self.numbers.get(number),
            TradeId::Text(text) => self.texts.get(text),
        }
    }

    fn insert(&mut self, name: &TradeId, value: T) -> Option<T> {
        match name {
            TradeId::Number(number) => self.numbers.insert(*number, value),
            TradeId::Text(text) => self.texts.insert(text.clone(), value),
        }
    }

    fn retain(&mut self, stays: impl Fn(&T) -> bool) {
        self.numbers.retain(|_, value| stays(value));
        self.texts.retain(|_, value| stays(value));
    }

    fn len(&self) -> usize {
        self.numbers.len() + self.texts.len()
    }
}

impl<T> Default for TradeNames<T> {
    fn default() -> Self {
        Self {
            of_none: Names::default(),
            exchanges: FxHashMap::default(),
            len: 0,
        }
    }
}

impl<T> TradeNames<T> {
    /// What is known of a trade.
    #[must_use]
    pub fn get(&self, exchange: Option<&str>, name: &TradeId) -> Option<&T> {
        match exchange {
            None => self.of_none.get(name),
            Some(exchange) => self.exchanges.get(exchange)?.get(name),
        }
    }

    /// Notes something about a trade, in the place of what was known.
    pub fn insert(&mut self, exchange: Option<&str>, name: &TradeId, value: T) {
        if let Some(exchange) = exchange
            && !self.exchanges.contains_key(exchange)
        {
            self.exchanges.insert(exchange.into(), Names::default());
        }
        let of_exchange = match exchange {
            None => Some(&mut self.of_none),
            Some(exchange) => self.exchanges.get_mut(exchange),
        };
        let Some(of_exchange) = of_exchange else {
            return;
        };
        self.len += usize::from(of_exchange.insert(name, value).is_none());
    }

    /// Forgets the trades that `stays` says no to; exchanges without any go too.
    pub fn retain(&mut self, stays: impl Fn(&T) -> bool) {
        self.of_none.retain(&stays);
        let mut len = self.of_none.len();
        self.exchanges.retain(|_, of_exchange| {
            of_exchange.retain(&stays);
            len += of_exchange.len();
            of_exchange.len() > 0
        });
        self.len = len;
    }

    /// Forgets them all, and keeps the memory that those of no known exchange took.
    pub fn clear(&mut self) {
        self.of_none.numbers.clear();
        self.of_none.texts.clear();
        self.exchanges.clear();
        self.len = 0;
    }

    /// How many trades there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_their_exchange() {
        let mut names = TradeNames::default();
        let (one, text) = (TradeId::Number(1), TradeId::Text("1".into()));
        names.insert(Some("V"), &one, 1);
        names.insert(Some("D"), &one, 2);
        names.insert(None, &one, 3);
        names.insert(None, &text, 4);
        names.insert(Some("V"), &one, 5);
        assert_eq!(names.len(), 4);
        let known = |names: &TradeNames<i32>| {
            [
                (Some("V"), &one),
                (Some("D"), &one),
                (None, &one),
                (None, &text),
            ]
            .map(|(exchange, name)| names.get(exchange, name).copied().unwrap_or(0))
        };
        assert_eq!(known(&names), [5, 2, 3, 4]);
        assert_eq!(names.get(Some("X"), &one), None);
        names.retain(|value| *value % 2 == 1);
        assert_eq!(known(&names), [5, 0, 3, 0]);
        assert_eq!((names.len(), names.exchanges.len()), (2, 1));
    }
}
