//! Which symbols have which indicators.

use std::fmt;

use crate::domain::indicator::IndicatorSpec;
use crate::domain::source::SourceName;
use crate::domain::symbol::{Symbol, SymbolSpec};

use super::IndicatorSet;

/// An indicator, for some symbols or for all.
#[derive(Debug, Clone, PartialEq)]
pub struct IndicatorRule {
    /// Which indicator; every number filled in.
    pub spec: IndicatorSpec,
    /// The symbols that have it; `None` is all.
    pub symbols: Option<Vec<SymbolSpec>>,
}

impl IndicatorRule {
    /// An indicator that all symbols have.
    #[must_use]
    pub fn of_all(spec: IndicatorSpec) -> Self {
        Self {
            spec,
            symbols: None,
        }
    }
}

impl fmt::Display for IndicatorRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spec.fmt(f)?;
        if let Some(symbols) = &self.symbols {
            let symbols: Vec<String> = symbols.iter().map(ToString::to_string).collect();
            write!(f, " of {}", symbols.join(","))?;
        }
        Ok(())
    }
}

/// Which symbols have which indicators.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IndicatorPlan {
    rules: Vec<IndicatorRule>,
    /// What symbols have that are not named.
    of_all: IndicatorSet,
}

impl IndicatorPlan {
    /// A plan by these rules. A rule for an indicator that there is not is passed over: see [`resolve`](super::resolve).
    #[must_use]
    pub fn new(rules: Vec<IndicatorRule>) -> Self {
        let of_all = rules.iter().filter(|rule| rule.symbols.is_none());
        Self {
            of_all: IndicatorSet::of_known(of_all.map(|rule| &rule.spec)),
            rules,
        }
    }

    /// Every indicator that any symbol has.
    #[must_use]
    pub fn whole(&self) -> IndicatorSet {
        IndicatorSet::of_known(self.rules.iter().map(|rule| &rule.spec))
    }

    /// The indicators of one symbol. Symbols that are not named share theirs.
    #[must_use]
    pub fn set_of(&self, symbol: &Symbol, source: &SourceName) -> IndicatorSet {
        let is_meant = |spec: &SymbolSpec| {
            spec.symbol == *symbol && spec.source.as_ref().is_none_or(|named| named == source)
        };
        let is_named = |rule: &IndicatorRule| {
            let symbols = rule.symbols.as_ref();
            symbols.is_some_and(|symbols| symbols.iter().any(is_meant))
        };
        if !self.rules.iter().any(is_named) {
            return self.of_all.clone();
        }
        let rules = self.rules.iter();
        let rules = rules.filter(|rule| rule.symbols.is_none() || is_named(rule));
        IndicatorSet::of_known(rules.map(|rule| &rule.spec))
    }
}
