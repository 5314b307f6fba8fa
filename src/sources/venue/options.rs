//! What can be set on a venue's source, and what a protocol is made from.

mod common;
mod url;

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;

use crate::domain::event::{DataService, ServiceSet};
use crate::domain::source::{BarOrigin, OpenRule, Products};
use crate::domain::time::{SessionCalendar, Timeframe};
use crate::sources::kind::SourceKind;
use crate::sources::spec::{SourceSpec, SpecError};

use common::is_common;
pub use common::{
    BACKFILL, BARS, DEPTH, INSECURE, INTERVAL, LEVELS, MINUTES, NO_LEVELS, NO_REST_URL, OPEN,
    REST_URL, SERVICES, SESSION, STALE, URL, WHOLE_DEPTH, all,
};

pub use url::check_url;
pub(crate) use url::is_loopback;
use url::replaced;

use super::backfill::Span;
use super::{Limits, Protocol, VENUES};

/// A venue, as its leaf file describes it.
pub struct Venue {
    /// The kind of source that it is.
    pub kind: &'static SourceKind,
    /// Scheme, host and port of its socket, and where it is the same for every connection the path.
    pub socket_url: &'static str,
    /// The same of its requests over HTTP; `None` where none are made.
    pub rest_url: Option<&'static str>,
    /// Its keys.
    pub keys: &'static [Key],
    /// What it gives, by what stands after the colon.
    pub services: fn(rest: &str) -> ServiceSet,
    /// When its trading days begin and end, by what stands after the colon; `session=` comes first.
    pub calendar: fn(rest: &str) -> SessionCalendar,
    /// The bars that it delivers, shortest first. Where one minute is not among them, bars are built from trades unless
    /// the venue's are asked for.
    pub intervals: &'static [Timeframe],
    /// Whether it gives a bar out again and again while that still grows.
    pub bars_grow: fn(&SourceSpec) -> bool,
    /// What it allows.
    pub limits: fn(&Setup) -> Limits,
    /// Makes the protocol.
    ///
    /// # Errors
    /// What is wrong with the options, as the end of a sentence, and with which of them.
    pub protocol: fn(&Setup) -> Result<Box<dyn Protocol>, OptionProblem>,
}

impl std::fmt::Debug for Venue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind.name)
    }
}

/// A secret that a venue wants of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The environment variable that it is taken from.
    pub variable: &'static str,
    /// What else it may be called; tried afterwards.
    pub alternative: Option<&'static str>,
    /// What it is, and where a person gets it.
    pub what: &'static str,
    /// Whether there is no connection without it.
    pub required: bool,
}

/// An option whose value cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionProblem {
    /// Which option; empty for what stands after the colon.
    pub option: &'static str,
    /// What is wrong, as the end of a sentence that begins with the value.
    pub reason: String,
}

/// What a protocol is made from.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What stands after the colon of the specification.
    pub rest: String,
    /// Services that were asked for, or all that the venue gives.
    pub services: ServiceSet,
    /// Levels of a side to ask the venue for; `None` leaves it to the venue.
    pub depth: Option<u32>,
    /// What the workers are to make of it.
    pub products: Products,
    /// How much of the past to ask for; `None` for nothing.
    pub backfill: Option<Span>,
    /// When trading days begin and end.
    pub calendar: SessionCalendar,
    /// What stands in for scheme, host, port and path of the socket.
    pub socket_url: String,
    /// The same for requests.
    pub rest_url: Option<String>,
    /// A symbol without data for so long, while its market is open, is stale.
    pub stale_after: Duration,
    /// The keys, in the order of [`Venue::keys`]; `None` where one is not set. Those of `variables` follow.
    pub keys: Vec<Option<SecretString>>,
    /// The environment variables that the specification refers to as `{env:NAME}`.
    pub variables: Vec<(String, Option<SecretString>)>,
    /// Options of the venue's own.
    pub own: BTreeMap<&'static str, String>,
    /// What the file holds that the option `map` names.
    pub map: Option<String>,
}

impl Setup {
    /// Whether a service was asked for.
    #[must_use]
    pub fn has(&self, service: DataService) -> bool {
        self.services.has(service)
    }

    /// Whether trades are needed: as such, or to build bars from.
    #[must_use]
    pub fn needs_trades(&self) -> bool {
        self.has(DataService::TimeAndSales) || self.builds_bars()
    }

    /// Whether bars are asked of the venue.
    #[must_use]
    pub fn asks_for_bars(&self) -> bool {
        self.has(DataService::Ohlcv) && self.products.bars == BarOrigin::Delivered
    }

    /// Of a venue's channels of trades, bars, quotes and books those that are needed.
    #[must_use]
    pub fn channels<C>(&self, [trades, bars, quotes, books]: [C; 4]) -> Vec<C> {
        let channels = [
            (trades, self.needs_trades()),
            (bars, self.asks_for_bars()),
            (quotes, self.has(DataService::Level1)),
            (books, self.has(DataService::Level2)),
        ];
        let needed = channels.into_iter().filter(|(_, is_needed)| *is_needed);
        needed.map(|(channel, _)| channel).collect()
    }

    /// What an environment variable holds to which the specification refers; `None` when it is not set.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&SecretString> {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.and_then(|(_, value)| value.as_ref())
    }

    fn builds_bars(&self) -> bool {
        self.has(DataService::Ohlcv) && self.products.bars != BarOrigin::Delivered
    }

    /// A key by its place in [`Venue::keys`]. An empty one is none.
    #[must_use]
    pub fn key(&self, place: usize) -> Option<&SecretString> {
        self.keys.get(place)?.as_ref()
    }
}

impl Venue {
    /// Checks a specification without opening anything.
    ///
    /// # Errors
    /// What cannot mean anything.
    pub fn check(&self, spec: &SourceSpec) -> Result<(), SpecError> {
        let setup = self.setup(spec, &|_| None)?;
        (self.protocol)(&setup)
            .map(drop)
            .map_err(|problem| spec.wrong(problem.option, problem.reason))
    }

    /// What a specification asks for.
    ///
    /// # Errors
    /// What cannot mean anything.
    pub fn setup(
        &self,
        spec: &SourceSpec,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Setup, SpecError> {
        self.setup_with(spec, environment, &|file| std::fs::read_to_string(file))
    }

    /// The same, with the file of a mapping read by `read`: a recording holds what it held then.
    ///
    /// # Errors
    /// What cannot mean anything.
    pub fn setup_with(
        &self,
        spec: &SourceSpec,
        environment: &dyn Fn(&str) -> Option<String>,
        read: &dyn Fn(&str) -> std::io::Result<String>,
    ) -> Result<Setup, SpecError> {
        let available = (self.services)(spec.rest());
        let services = match spec.option("services") {
            None => available,
            Some(list) => {
                let mut asked = Vec::new();
                for name in list.split(',').map(str::trim) {
                    let service = DataService::from_name(&name.to_ascii_uppercase())
                        .filter(|service| available.has(*service))
                        .ok_or_else(|| {
                            let known: Vec<&str> =
                                available.iter().map(DataService::name).collect();
                            spec.wrong(
                                "services",
                                format!("holds '{name}'; there are {}", known.join(", ")),
                            )
                        })?;
                    asked.push(service);
                }
                ServiceSet::of(&asked)
            }
        };
        let open = match spec.option("open") {
            Some("previous-close") => OpenRule::PreviousClose,
            _ => OpenRule::FirstTrade,
        };
        let asked_interval = self.asked_interval(spec)?;
        let delivers_minutes = self.intervals.contains(&Timeframe::M1);
        let (bars, interval) = match (spec.option("bars"), asked_interval) {
            (Some("trades"), None | Some(Timeframe::M1)) => {
                (BarOrigin::Trades(open), Timeframe::M1)
            }
            (Some("trades"), Some(_)) => {
                return Err(spec.wrong("interval", "goes with the venue's own bars; those from trades are of one minute, and --timeframes builds longer ones"));
            }
            (Some(_), None) => match self.intervals.first() {
                Some(first) => (BarOrigin::Delivered, *first),
                None => return Err(spec.wrong("bars", "is not possible: the venue has no bars")),
            },
            (None, None | Some(Timeframe::M1)) if !delivers_minutes => {
                (BarOrigin::Trades(open), Timeframe::M1)
            }
            (Some(_), Some(Timeframe::M1)) if !delivers_minutes => {
                return Err(spec.wrong("bars", "has no one-minute bars to take"));
            }
            (_, interval) => (BarOrigin::Delivered, interval.unwrap_or(Timeframe::M1)),
        };
        let depth: Option<u32> = spec.parsed("depth")?;
        let levels: u32 = spec.parsed("levels")?.unwrap_or(10);
        let products = Products {
            services,
            bars,
            interval,
            // What lies deeper was not asked for.
            levels: depth.map_or(levels, |depth| levels.min(depth)),
            bars_grow: (self.bars_grow)(spec),
            repeats_trades: true,
        };
        let insecure = spec.parsed("insecure")?.unwrap_or(false);
        let own = spec
            .kind()
            .options
            .iter()
            .filter(|option| !is_common(option))
            .filter_map(|option| Some((option.name, spec.option(option.name)?.to_owned())));
        let own: BTreeMap<&'static str, String> = own.collect();
        let map = own.get("map").map(|file| read(file)).transpose();
        let map = map.map_err(|error| spec.wrong("map", format!("cannot be read: {error}")))?;
        let socket_url = replaced(spec, "url", self.socket_url, insecure)?;
        let rest_url = match self.rest_url {
            Some(url) => Some(replaced(spec, "rest_url", url, insecure)?),
            None => None,
        };
        let (keys, variables) = self.secrets(spec, environment);
        Ok(Setup {
            rest: spec.rest().to_owned(),
            services,
            depth,
            products,
            backfill: span(spec)?,
            calendar: match spec.option("session") {
                Some("us") => SessionCalendar::UsEquities,
                Some("utc") => SessionCalendar::UtcDay,
                _ => (self.calendar)(spec.rest()),
            },
            socket_url,
            rest_url,
            stale_after: Duration::try_from_secs_f64(spec.parsed("stale")?.unwrap_or(60.0))
                .unwrap_or(Duration::MAX),
            keys,
            variables,
            own,
            map,
        })
    }
}

impl Venue {
    /// The length of bars that a specification names.
    fn asked_interval(&self, spec: &SourceSpec) -> Result<Option<Timeframe>, SpecError> {
        let Some(text) = spec.option("interval") else {
            return Ok(None);
        };
        let known =
            |interval: &Timeframe| *interval == Timeframe::M1 || self.intervals.contains(interval);
        if let Some(interval) = text.parse().ok().filter(known) {
            return Ok(Some(interval));
        }
        let mut labels: Vec<&str> = self.intervals.iter().map(|one| one.label()).collect();
        if labels.is_empty() {
            labels.push(Timeframe::M1.label());
        }
        let labels = labels.join(", ");
        Err(spec.wrong("interval", format!("is not among the venue's: {labels}")))
    }
}

/// What a source of a venue has to itself, where an account may connect to it once; `None` where sources may stand side by
/// side. Those with the same of it take it from one another.
#[must_use]
pub fn only_connection(spec: &SourceSpec) -> Option<String> {
    let kind = spec.kind().name;
    let venue = VENUES.iter().find(|venue| venue.kind.name == kind)?;
    let setup = venue.setup(spec, &|_| None).ok()?;
    let is_only = (venue.limits)(&setup).one_per_account;
    is_only.then(|| format!("{kind}:{} {}", setup.rest, setup.socket_url))
}

/// How much of the past is asked for.
fn span(spec: &SourceSpec) -> Result<Option<Span>, SpecError> {
    let given = spec.option("backfill").map(str::parse).transpose();
    given.map_err(|reason: String| spec.wrong("backfill", reason))
}

type Secrets = (
    Vec<Option<SecretString>>,
    Vec<(String, Option<SecretString>)>,
);

impl Venue {
    /// The venue's keys, with the values of the variables behind them; and the variables with their names.
    fn secrets(&self, spec: &SourceSpec, environment: &dyn Fn(&str) -> Option<String>) -> Secrets {
        let secret = |name: &str| {
            let value = environment(name).filter(|value| !value.is_empty());
            value.map(SecretString::from)
        };
        let variables: Vec<(String, Option<SecretString>)> = spec
            .variables()
            .into_iter()
            .map(|name| (name.clone(), secret(&name)))
            .collect();
        let keys = self.keys.iter().map(|key| {
            let mut names = std::iter::once(key.variable).chain(key.alternative);
            names.find_map(secret)
        });
        let values = variables.iter().map(|(_, value)| value.clone());
        (keys.chain(values).collect(), variables)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn what_a_venue_does_anyway_may_be_asked_for() {
        for good in [
            "alpaca:iex?interval=1m",
            "alpaca:crypto?depth=10",
            "coinbase:?depth=10&interval=1m",
            "schwab:?depth=10&interval=1m",
            "massive:?interval=1m",
            "finnhub:?levels=10&interval=1m",
        ] {
            assert!(good.parse::<SourceSpec>().is_ok(), "{good}");
        }
        for (bad, words) in [
            ("alpaca:iex?interval=5m", "is not among the venue's: 1m"),
            ("finnhub:?interval=5m", "is not among the venue's: 1m"),
        ] {
            let error = bad.parse::<SourceSpec>().unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
