//! What a person may ask of the simulator.

use percent_encoding::percent_decode_str;
use thiserror::Error;

use super::model::ModelSettings;
use super::services::Services;

/// The most symbols that `symbols=` takes.
pub const SYMBOLS_MAX: u32 = 1_000_000;

/// The highest rate that is taken, in events per second; `max` has no such limit.
pub const RATE_MAX: f64 = 1e9;

/// How fast events are given out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// So many events per second over all symbols; finite and above zero.
    PerSecond(f64),
    /// As fast as they can be taken.
    Max,
}

/// The simulator's options, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatorOptions {
    /// How many symbols there are when none are named: `SIM00001` and so on.
    pub symbols: u32,
    /// How fast.
    pub rate: Rate,
    /// Where all chance comes from.
    pub seed: u64,
    /// Ends after so many events.
    pub events: Option<u64>,
    /// Ends after so many seconds on the wall.
    pub seconds: Option<f64>,
    /// Whether it cannot wait, like a venue.
    pub live: bool,
    /// Which data it gives.
    pub services: Services,
}

impl Default for SimulatorOptions {
    fn default() -> Self {
        Self {
            symbols: 100,
            rate: Rate::PerSecond(1000.0),
            seed: 7,
            events: None,
            seconds: None,
            live: false,
            services: Services::ALL,
        }
    }
}

/// Why the options cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SimulatorOptionError {
    /// There is no such option.
    #[error(
        "sim: has no option '{0}'; it has symbols, rate, seed, events, seconds, live and services"
    )]
    Unknown(String),
    /// Something stands where an option with a value should.
    #[error("sim: cannot read '{0}'; options are written key=value, separated by commas or '&'")]
    NotAnOption(String),
    /// The value does not fit the option.
    #[error("sim: {key}={value} cannot be used; {expected}")]
    Value {
        /// The option.
        key: String,
        /// What was given.
        value: String,
        /// What can be given.
        expected: String,
    },
}

impl SimulatorOptions {
    /// Reads what follows `sim:`, such as `symbols=100,rate=1000` or `?symbols=100&rate=1000`.
    ///
    /// # Errors
    /// When an option is unknown or its value cannot be used.
    pub fn parse(rest: &str) -> Result<Self, SimulatorOptionError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for part in rest.trim_start_matches("//").split(['?', '&']) {
            for piece in part.split(',').filter(|piece| !piece.is_empty()) {
                match (piece.split_once('='), pairs.last_mut()) {
                    (Some((key, value)), _) => pairs.push((key.to_owned(), value.to_owned())),
                    // A list: `services=OHLCV,LEVEL1`.
                    (None, Some((key, value))) if key == "services" => {
                        value.push(',');
                        value.push_str(piece);
                    }
                    (None, _) => return Err(SimulatorOptionError::NotAnOption(piece.to_owned())),
                }
            }
        }
        Self::from_pairs(
            pairs
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str())),
        )
    }

    /// Takes options that have been taken apart already; percent-encoding in values is undone.
    ///
    /// # Errors
    /// When an option is unknown or its value cannot be used.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, SimulatorOptionError> {
        let mut options = Self::default();
        for (key, value) in pairs {
            let value = percent_decode_str(value).decode_utf8_lossy();
            options.set(key.trim(), value.trim())?;
        }
        Ok(options)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), SimulatorOptionError> {
        let refuse = |expected: String| SimulatorOptionError::Value {
            key: key.to_owned(),
            value: value.to_owned(),
            expected,
        };
        match key {
            "symbols" => {
                self.symbols = whole(value)
                    .and_then(|count| u32::try_from(count).ok())
                    .filter(|count| (1..=SYMBOLS_MAX).contains(count))
                    .ok_or_else(|| refuse(format!("give a number from 1 to {SYMBOLS_MAX}")))?;
            }
            "rate" => {
                self.rate = rate(value).ok_or_else(|| {
                    refuse(
                        "give events per second above zero, such as 0.5 or 100k, or 'max'".into(),
                    )
                })?;
            }
            "seed" => {
                self.seed = value
                    .parse()
                    .map_err(|_| refuse("give a whole number".to_owned()))?;
            }
            "events" => {
                self.events = Some(
                    whole(value)
                        .filter(|&count| count > 0)
                        .ok_or_else(|| refuse("give a whole number above zero".to_owned()))?,
                );
            }
            "seconds" => {
                self.seconds = Some(
                    value
                        .parse()
                        .ok()
                        .filter(|&seconds: &f64| seconds > 0.0 && seconds <= 1e9)
                        .ok_or_else(|| refuse("give seconds above zero".to_owned()))?,
                );
            }
            "live" => {
                self.live = value
                    .parse()
                    .map_err(|_| refuse("give true or false".to_owned()))?;
            }
            "services" => self.services = value.parse().map_err(refuse)?,
            _ => return Err(SimulatorOptionError::Unknown(key.to_owned())),
        }
        Ok(())
    }

    /// The market that belongs to these options.
    #[must_use]
    pub fn model_settings(&self) -> ModelSettings {
        ModelSettings::new(self.seed, self.services)
    }

    /// After how many events it ends; `None` when only time or nothing ends it.
    #[must_use]
    pub fn events_limit(&self) -> Option<u64> {
        let in_time = match (self.rate, self.seconds) {
            (Rate::PerSecond(rate), Some(seconds)) => Some((rate * seconds).ceil() as u64),
            _ => None,
        };
        [self.events, in_time].into_iter().flatten().min()
    }
}

/// A whole number, with an optional `k` or `M`.
fn whole(text: &str) -> Option<u64> {
    let (digits, factor) = suffix(text);
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

fn rate(text: &str) -> Option<Rate> {
    if text.eq_ignore_ascii_case("max") {
        return Some(Rate::Max);
    }
    let (digits, factor) = suffix(text);
    let rate = digits.parse::<f64>().ok()? * factor as f64;
    (rate > 0.0 && rate <= RATE_MAX).then_some(Rate::PerSecond(rate))
}

fn suffix(text: &str) -> (&str, u64) {
    if let Some(digits) = text.strip_suffix(['k', 'K']) {
        (digits, 1_000)
    } else if let Some(digits) = text.strip_suffix(['m', 'M']) {
        (digits, 1_000_000)
    } else {
        (text, 1)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use crate::domain::event::DataService;

    use super::*;

    #[test]
    fn options_are_read_in_either_notation() {
        assert_eq!(SimulatorOptions::parse(""), Ok(SimulatorOptions::default()));
        let expected = SimulatorOptions {
            symbols: 30,
            rate: Rate::PerSecond(100_000.0),
            seed: 11,
            events: Some(5_000_000),
            seconds: Some(2.5),
            live: true,
            services: Services::of(&[DataService::Ohlcv, DataService::Level1]),
        };
        for text in [
            "symbols=30,rate=100k,seed=11,services=OHLCV,LEVEL1,events=5M,seconds=2.5,live=true",
            "?symbols=30&rate=100000&seed=11&services=ohlcv%2Clevel1&events=5000000&seconds=2.5&live=true",
        ] {
            assert_eq!(SimulatorOptions::parse(text).as_ref(), Ok(&expected));
        }
        let fastest = SimulatorOptions::parse("rate=max").unwrap();
        assert_eq!(fastest.rate, Rate::Max);
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_what_can() {
        for bad in [
            "symbols=0",
            "symbols=-1",
            "symbols=99999999999999999999",
            "symbols=5000M",
            "rate=0",
            "rate=NaN",
            "rate=inf",
            "rate=",
            "seed=x",
            "events=0",
            "events=99999999999999999M",
            "seconds=0",
            "seconds=NaN",
            "live=maybe",
            "services=",
            "services=OHLC",
            "speed=3",
            "fast",
            "rate=5,fast",
        ] {
            assert!(SimulatorOptions::parse(bad).is_err(), "{bad}");
        }
        let error = SimulatorOptions::parse("rate=fast").unwrap_err();
        assert!(error.to_string().contains("100k"), "{error}");
    }

    #[test]
    fn the_earlier_end_counts() {
        let limit = |text: &str| SimulatorOptions::parse(text).unwrap().events_limit();
        assert_eq!(limit("rate=10"), None);
        assert_eq!(limit("rate=10,seconds=3"), Some(30));
        assert_eq!(limit("rate=10,seconds=3,events=7"), Some(7));
        assert_eq!(limit("rate=max,seconds=3"), None);
    }
}
