//! Which symbols have which indicators.

use crate::domain::indicator::IndicatorSpec;
use crate::domain::source::SourceName;
use crate::domain::symbol::{Symbol, SymbolSpec};

use super::{IndicatorError, IndicatorSet, resolve};

/// Which symbols have which indicators.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IndicatorPlan {
    rules: Vec<(IndicatorSpec, Option<Vec<SymbolSpec>>)>,
    /// What symbols have that are not named.
    of_all: IndicatorSet,
}

impl IndicatorPlan {
    /// A plan of indicators, each for the symbols that are named, or for all.
    ///
    /// # Errors
    /// The first that cannot be had.
    pub fn new(
        rules: Vec<(IndicatorSpec, Option<Vec<SymbolSpec>>)>,
    ) -> Result<Self, IndicatorError> {
        for (spec, _) in &rules {
            resolve(spec)?;
        }
        let of_all: Vec<IndicatorSpec> = rules
            .iter()
            .filter(|(_, symbols)| symbols.is_none())
            .map(|(spec, _)| spec.clone())
            .collect();
        Ok(Self {
            of_all: IndicatorSet::new(&of_all)?,
            rules,
        })
    }

    /// The indicators of one symbol. Symbols that are not named share theirs.
    #[must_use]
    pub fn set_of(&self, symbol: &Symbol, source: &SourceName) -> IndicatorSet {
        let is_meant = |spec: &SymbolSpec| {
            spec.symbol == *symbol && spec.source.as_ref().is_none_or(|named| named == source)
        };
        let is_named = |symbols: &Option<Vec<SymbolSpec>>| {
            symbols
                .as_ref()
                .is_some_and(|symbols| symbols.iter().any(is_meant))
        };
        if !self.rules.iter().any(|(_, symbols)| is_named(symbols)) {
            return self.of_all.clone();
        }
        let specs: Vec<IndicatorSpec> = self
            .rules
            .iter()
            .filter(|(_, symbols)| symbols.is_none() || is_named(symbols))
            .map(|(spec, _)| spec.clone())
            .collect();
        // Each of them was checked when the plan was made.
        IndicatorSet::new(&specs).unwrap_or_default()
    }
}
