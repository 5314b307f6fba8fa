//! Indicators: figures that follow a symbol's bars, trades and quotes, one step at a time.
//!
//! An indicator keeps only what its next value needs, so that a bar costs the same at the tenth and at the millionth. One
//! is a file here that implements [`Indicator`] and says what it is in a [`Definition`], and a line in [`DEFINITIONS`].

mod adx;
mod atr;
mod bank;
mod bb;
mod book_imbalance;
mod cci;
mod donchian;
mod ema;
mod keltner;
mod macd;
mod mfi;
mod obv;
mod parts;
mod plan;
mod recent;
mod roc;
mod rsi;
mod rvol;
mod slope;
mod sma;
mod spread;
mod stoch;
mod trade_imbalance;
mod volatility;
mod vwap;
mod window;
mod wma;
mod zscore;

use std::fmt;
use std::sync::Arc;

use crate::domain::bar::Candle;
use crate::domain::indicator::{ChartPlace, IndicatorNames, IndicatorSpec};
use crate::domain::time::UnixMs;
use crate::domain::trade::Side;

pub use bank::{Bank, ColumnOfValues};
pub use plan::{IndicatorPlan, IndicatorRule};
pub use recent::RecentValues;

/// Every indicator, in the order of their names.
pub const DEFINITIONS: &[&Definition] = &[
    &adx::DEFINITION,
    &atr::DEFINITION,
    &bb::DEFINITION,
    &book_imbalance::DEFINITION,
    &cci::DEFINITION,
    &donchian::DEFINITION,
    &ema::DEFINITION,
    &keltner::DEFINITION,
    &macd::DEFINITION,
    &mfi::DEFINITION,
    &obv::DEFINITION,
    &roc::DEFINITION,
    &rsi::DEFINITION,
    &rvol::DEFINITION,
    &slope::DEFINITION,
    &sma::DEFINITION,
    &spread::DEFINITION,
    &stoch::DEFINITION,
    &trade_imbalance::DEFINITION,
    &volatility::DEFINITION,
    &vwap::DEFINITION,
    &wma::DEFINITION,
    &zscore::DEFINITION,
];

/// What an indicator computes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Input<'a> {
    /// The next bar.
    Bar {
        /// Its prices and volume.
        candle: &'a Candle,
        /// The start of the trading day that it belongs to.
        session_start: UnixMs,
    },
    /// The next trade.
    Trade {
        /// Its price.
        price: f64,
        /// Its units.
        size: f64,
        /// Who took the initiative, where the venue says so.
        side: Option<Side>,
    },
    /// The quote after a change; what is not known is `None`.
    Quote {
        /// Best bid price.
        bid: Option<f64>,
        /// Units wanted at it.
        bid_size: Option<f64>,
        /// Best ask price.
        ask: Option<f64>,
        /// Units offered at it.
        ask_size: Option<f64>,
    },
    /// The book after a change: units within the levels that results show.
    Book {
        /// Units wanted.
        bid_units: f64,
        /// Units offered.
        ask_units: f64,
    },
}

/// What an indicator is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// [`Input::Bar`].
    Bars,
    /// [`Input::Trade`], [`Input::Quote`] or [`Input::Book`]: it has no timeframe, and its value is that of now.
    Ticks,
}

/// An indicator's state.
///
/// A bar that is not finite in all its figures never reaches it.
pub trait Indicator: fmt::Debug + Send + Sync {
    /// How many bars (or trades, or quotes) it takes until the last of its values is ready.
    fn warm_up(&self) -> usize;

    /// Takes the next input. Kinds that it does not compute from are passed over.
    fn update(&mut self, input: &Input<'_>);

    /// Writes its values as they are now, in the order of [`Definition::outputs`]; `values` has as many places. What is
    /// not ready, or has no value (a division by zero), is `None`.
    fn values(&self, values: &mut [Option<f64>]);

    /// Forgets everything.
    fn reset(&mut self);

    /// The same state once more.
    fn boxed_clone(&self) -> Box<dyn Indicator>;
}

/// A number that an indicator takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// What it is called in messages and help: `length`, `deviations`.
    pub name: &'static str,
    /// What it is when it is left out.
    pub default: f64,
    /// The smallest that makes sense.
    pub min: f64,
    /// The largest that is taken.
    pub max: f64,
    /// Whether it has to be a whole number.
    pub is_whole: bool,
}

/// The longest window that an indicator takes, in bars.
pub const LENGTH_MAX: f64 = 100_000.0;

impl Parameter {
    /// A number of bars, `default` of them when it is left out, and at least `min`.
    #[must_use]
    pub const fn length(name: &'static str, default: f64, min: f64) -> Self {
        Self {
            name,
            default,
            min,
            max: LENGTH_MAX,
            is_whole: true,
        }
    }

    /// A factor, such as a number of standard deviations.
    #[must_use]
    pub const fn factor(name: &'static str, default: f64) -> Self {
        Self {
            name,
            default,
            min: 0.0,
            max: 1000.0,
            is_whole: false,
        }
    }
}

/// What an indicator is.
#[derive(Debug)]
pub struct Definition {
    /// Its name in settings, in lower case.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// The numbers that it takes, in order.
    pub parameters: &'static [Parameter],
    /// The names of its values; a single one is `""`.
    pub outputs: &'static [&'static str],
    /// What it is computed from.
    pub input: InputKind,
    /// Where it is drawn.
    pub place: ChartPlace,
    /// Makes it. The parameters are all there, and have been checked.
    pub build: fn(parameters: &[f64]) -> Box<dyn Indicator>,
}

/// Why an indicator cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndicatorError {
    /// None has this name.
    #[error("there is no indicator '{name}'{hint}; there are {}", names())]
    Unknown {
        /// The name.
        name: String,
        /// A near one, as `, did you mean 'sma'?`.
        hint: String,
    },
    /// Too many numbers.
    #[error("{spec}: {name} takes {takes}")]
    TooMany {
        /// As it was given.
        spec: String,
        /// Its name.
        name: &'static str,
        /// What it takes.
        takes: String,
    },
    /// A number that makes no sense.
    #[error("{spec}: {parameter} has to be {allowed}")]
    OutOfRange {
        /// As it was given.
        spec: String,
        /// Which number.
        parameter: &'static str,
        /// What it may be.
        allowed: String,
    },
    /// A timeframe for what is not computed from bars.
    #[error("{spec}: {name} follows trades and quotes, and has no timeframe")]
    NoTimeframe {
        /// As it was given.
        spec: String,
        /// Its name.
        name: &'static str,
    },
}

fn names() -> String {
    let names: Vec<&str> = DEFINITIONS.iter().map(|known| known.name).collect();
    names.join(", ")
}

/// Finds what an indicator is, and fills in the numbers that were left out.
///
/// # Errors
/// When there is none of that name, or its numbers make no sense.
pub fn resolve(
    spec: &IndicatorSpec,
) -> Result<(IndicatorSpec, &'static Definition), IndicatorError> {
    let Some(definition) = DEFINITIONS.iter().find(|known| known.name == spec.name) else {
        let nearest = DEFINITIONS
            .iter()
            .map(|known| {
                (
                    strsim::damerau_levenshtein(known.name, &spec.name),
                    known.name,
                )
            })
            .min()
            .filter(|(distance, _)| *distance <= 2);
        return Err(IndicatorError::Unknown {
            name: spec.name.clone(),
            hint: nearest.map_or_else(String::new, |(_, near)| format!(", did you mean '{near}'?")),
        });
    };
    if spec.parameters.len() > definition.parameters.len() {
        let takes: Vec<&str> = definition
            .parameters
            .iter()
            .map(|known| known.name)
            .collect();
        return Err(IndicatorError::TooMany {
            spec: spec.to_string(),
            name: definition.name,
            takes: if takes.is_empty() {
                "no numbers".to_owned()
            } else {
                takes.join(", ")
            },
        });
    }
    if spec.timeframe.is_some() && definition.input == InputKind::Ticks {
        return Err(IndicatorError::NoTimeframe {
            spec: spec.to_string(),
            name: definition.name,
        });
    }
    let mut parameters = Vec::with_capacity(definition.parameters.len());
    for (at, parameter) in definition.parameters.iter().enumerate() {
        let value = spec
            .parameters
            .get(at)
            .copied()
            .unwrap_or(parameter.default);
        let is_allowed = (parameter.min..=parameter.max).contains(&value)
            && (!parameter.is_whole || value.fract() == 0.0);
        if !is_allowed {
            let kind = if parameter.is_whole {
                "a whole number"
            } else {
                "a number"
            };
            return Err(IndicatorError::OutOfRange {
                spec: spec.to_string(),
                parameter: parameter.name,
                allowed: format!("{kind} from {} to {}", parameter.min, parameter.max),
            });
        }
        parameters.push(value);
    }
    let resolved = IndicatorSpec {
        name: spec.name.clone(),
        parameters,
        timeframe: spec.timeframe,
    };
    Ok((resolved, definition))
}

/// The indicators that were asked for, each once, with what is needed to make them for any number of symbols.
#[derive(Debug, Clone, Default)]
pub struct IndicatorSet {
    names: Arc<IndicatorNames>,
    definitions: Vec<&'static Definition>,
}

impl IndicatorSet {
    /// The set of these; one that is asked for twice is there once.
    ///
    /// # Errors
    /// The first that cannot be had.
    pub fn new(specs: &[IndicatorSpec]) -> Result<Self, IndicatorError> {
        for spec in specs {
            resolve(spec)?;
        }
        Ok(Self::of_known(specs.iter()))
    }

    /// The set of those of these that there are.
    fn of_known<'a>(specs: impl Iterator<Item = &'a IndicatorSpec>) -> Self {
        let mut names = IndicatorNames::default();
        let mut definitions = Vec::new();
        for (spec, definition) in specs.filter_map(|spec| resolve(spec).ok()) {
            if names.columns().iter().any(|known| known.spec == spec) {
                continue;
            }
            names.push(spec, definition.outputs, definition.place);
            definitions.push(definition);
        }
        Self {
            names: Arc::new(names),
            definitions,
        }
    }

    /// What they are called, and where their values stand.
    #[must_use]
    pub fn names(&self) -> &Arc<IndicatorNames> {
        &self.names
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.definitions.is_empty()
    }
}

impl PartialEq for IndicatorSet {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests;
