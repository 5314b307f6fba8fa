//! What to ask, and how to read the answers.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::schedule::{REQUESTS_MAX, Wanted};
use crate::decode::pointer::Pointer;
use crate::decode::pointer::mapping::Mapping;
use crate::decode::pointer::options::from_options;
use crate::domain::event::DataService;
use crate::domain::time::{SessionCalendar, Timeframe};
use crate::sources::mapped::{Style, Template, Variables, error_pointer, headers, mappings};
use crate::sources::venue::options::{OptionProblem, Setup, is_loopback};
use crate::sources::venue::secrets::Secrets;

/// The longest URL that is made for many symbols, unless one alone makes it longer: every server takes this.
const URL_BYTES_MAX: usize = 4000;

/// What is not stale however long nothing comes: news come when there are any.
const NEVER: Duration = Duration::from_secs(366 * 24 * 3600);

/// The environment variable with the key of Financial Modeling Prep.
pub const FMP_KEY: &str = "FMP_API_KEY";

/// An endpoint that is known by name.
struct Preset {
    name: &'static str,
    base: &'static str,
    path: &'static str,
    mapping: &'static [(&'static str, &'static str)],
    error: &'static str,
}

const QUOTE_SHORT: &[(&str, &str)] = &[
    ("service", "LEVEL1"),
    ("items", ""),
    ("symbol", "/symbol"),
    ("last", "/price"),
    ("volume", "/volume"),
];

const PRESETS: [Preset; 3] = [
    Preset {
        name: "fmp",
        base: "https://financialmodelingprep.com",
        path: "/stable/quote-short?symbol={symbol}&apikey={env:FMP_API_KEY}",
        mapping: QUOTE_SHORT,
        error: "/Error Message",
    },
    Preset {
        name: "fmp-legacy",
        base: "https://financialmodelingprep.com",
        path: "/api/v3/quote-short/{symbol}?apikey={env:FMP_API_KEY}",
        mapping: QUOTE_SHORT,
        error: "/Error Message",
    },
    Preset {
        name: "yahoo",
        base: "https://query1.finance.yahoo.com",
        path: "/v8/finance/chart/{symbol}?interval=1m&range=1d&includePrePost=true",
        mapping: &[
            ("service", "OHLCV"),
            ("items", "/chart/result"),
            ("columns", "true"),
            ("time", "/timestamp"),
            ("time_unit", "s"),
            ("open", "/indicators/quote/0/open"),
            ("high", "/indicators/quote/0/high"),
            ("low", "/indicators/quote/0/low"),
            ("close", "/indicators/quote/0/close"),
            ("volume", "/indicators/quote/0/volume"),
        ],
        error: "/chart/error/description",
    },
];

/// The names of the endpoints that are known by name.
pub const PRESET_NAMES: [&str; 3] = ["fmp", "fmp-legacy", "yahoo"];

/// What to ask, and how to read the answers.
#[derive(Debug, Clone)]
pub struct Plan {
    url: Template,
    headers: Vec<(HeaderName, Template)>,
    variables: Variables,
    /// How long after a request for a symbol began the next one begins.
    pub period: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Requests under way at a time.
    pub requests_max: usize,
    /// Symbols in one request at the most.
    pub symbols_max: usize,
    /// After how long without news a symbol is stale.
    pub stale_after: Duration,
    /// Whether what has not changed is given out again.
    pub repeat: bool,
    /// How answers are read.
    pub mappings: Vec<Mapping>,
    /// Where an answer says what went wrong.
    pub error: Option<Pointer>,
    /// How long its bars are.
    pub interval: Timeframe,
    /// When trading days begin and end.
    pub calendar: SessionCalendar,
    /// Whether the key of Financial Modeling Prep is needed.
    pub needs_fmp_key: bool,
    /// Levels of a side that a change of a book speaks of.
    pub depth: Option<u32>,
    /// Host and port.
    pub host: String,
    /// Whether the endpoint is on this machine.
    pub is_loopback: bool,
    /// What must never be shown.
    pub(crate) secrets: Secrets,
}

impl Plan {
    /// The plan of a specification.
    ///
    /// # Errors
    /// What cannot mean anything.
    pub fn new(setup: &Setup) -> Result<Self, OptionProblem> {
        let own = |name: &str| setup.own.get(name).map(String::as_str);
        let preset = own("preset").and_then(|name| PRESETS.iter().find(|one| one.name == name));
        let url = url_of(setup, preset)?;
        let mut mappings = mappings(setup)?;
        let mut error = error_pointer(setup)?;
        if let Some(preset) = preset {
            if !mappings.is_empty() {
                return Err(problem(
                    "preset",
                    "knows its mapping; give no field beside it",
                ));
            }
            let wrong = |reason: String| problem("preset", &reason);
            let known = from_options(preset.mapping.iter().copied());
            mappings.extend(known.map_err(|known| wrong(known.reason))?);
            mappings.retain(|mapping| setup.has(mapping.service));
            error = Some(Pointer::parse(preset.error).map_err(wrong)?);
        }
        if mappings.is_empty() {
            return Err(problem(
                "map",
                "is needed, or fields such as last=/price, or preset=, to say what an answer holds",
            ));
        }
        for mapping in &mut mappings {
            mapping.strict = true;
        }
        let template = Template::new(&url, Style::Url);
        if !template.is_for_one() && mappings.iter().any(|mapping| mapping.symbol.is_none()) {
            return Err(problem(
                "symbol",
                "is needed, or {symbol} in the URL: one of them has to say whose data it is",
            ));
        }
        let host = host_of(&url)?;
        let period = millis(own("period_ms"), 1000);
        Ok(Self {
            headers: headers_of(own("headers"))?,
            variables: Variables::new(setup, &[FMP_KEY]),
            period,
            requests_max: count(own("requests")).unwrap_or(REQUESTS_MAX),
            symbols_max: count(own("symbols_per_request")).unwrap_or(usize::MAX),
            stale_after: stale_after(setup, &mappings, period),
            timeout: millis(own("timeout_ms"), 10_000),
            repeat: own("repeat") == Some("true"),
            mappings,
            error,
            interval: setup.products.interval,
            calendar: setup.calendar,
            needs_fmp_key: url.contains("{env:FMP_API_KEY}"),
            depth: setup.depth,
            is_loopback: host.1,
            host: host.0,
            secrets: Secrets::new(setup.keys.iter().flatten()),
            url: template,
        })
    }

    /// Whether there is a request for each symbol, instead of one for all of them.
    #[must_use]
    pub fn is_for_one(&self) -> bool {
        self.url.is_for_one()
    }

    /// Whether a request is for some of the symbols, as many as it has room for.
    #[must_use]
    pub fn is_for_many(&self) -> bool {
        !self.is_for_one() && self.url.is_for_many()
    }

    /// Whether a request says for which symbols it is.
    #[must_use]
    pub fn names_symbols(&self) -> bool {
        self.is_for_one() || self.is_for_many()
    }

    /// Whether all data comes with its time.
    #[must_use]
    pub fn has_times(&self) -> bool {
        self.mappings.iter().all(|mapping| mapping.time.is_some())
    }

    /// Whether one request has room for these symbols.
    #[must_use]
    pub fn fits(&self, symbols: &[Wanted]) -> bool {
        let names: Vec<&str> = symbols.iter().map(|(symbol, _)| symbol.as_str()).collect();
        let most = if self.is_for_one() {
            1
        } else {
            self.symbols_max
        };
        names.len() <= most && self.url(&names).expose_secret().len() <= URL_BYTES_MAX
    }

    /// The symbols of one request, of the next, and so on, with no more than `most` in one.
    #[must_use]
    pub fn groups(&self, symbols: Vec<Wanted>, most: usize) -> Vec<Vec<Wanted>> {
        let mut groups: Vec<Vec<Wanted>> = Vec::new();
        for symbol in symbols {
            if let Some(group) = groups.last_mut().filter(|group| group.len() < most) {
                group.push(symbol);
                if self.fits(group) {
                    continue;
                }
                let next = group.pop();
                groups.extend(next.map(|symbol| vec![symbol]));
            } else {
                groups.push(vec![symbol]);
            }
        }
        groups
    }

    /// The URL for these symbols. It may hold keys, and is never shown.
    #[must_use]
    pub fn url(&self, symbols: &[&str]) -> SecretString {
        self.url.fill(symbols, &self.variables).into()
    }

    /// The headers of a request for these symbols. What cannot stand in a header is left out.
    #[must_use]
    pub fn headers(&self, symbols: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, template) in &self.headers {
            let value = template.fill(symbols, &self.variables);
            if let Ok(mut value) = HeaderValue::from_str(&value) {
                value.set_sensitive(template.is_secret());
                headers.insert(name.clone(), value);
            }
        }
        headers
    }
}

fn problem(option: &'static str, reason: &str) -> OptionProblem {
    OptionProblem {
        option,
        reason: reason.to_owned(),
    }
}

fn count(value: Option<&str>) -> Option<usize> {
    value?.parse().ok()
}

/// After how long without news a symbol is stale: never before it could have come.
fn stale_after(setup: &Setup, mappings: &[Mapping], period: Duration) -> Duration {
    if mappings
        .iter()
        .all(|mapping| mapping.service == DataService::News)
    {
        return NEVER;
    }
    let has_bars = mappings
        .iter()
        .any(|mapping| mapping.service == DataService::Ohlcv);
    let bar_ms = if has_bars {
        setup.products.interval.ms()
    } else {
        0
    };
    let bar = Duration::from_millis(u64::try_from(bar_ms).unwrap_or(0));
    setup.stale_after.max(period * 3).max(bar * 2)
}

fn millis(value: Option<&str>, default: u64) -> Duration {
    let value = value.and_then(|value| value.parse().ok());
    Duration::from_millis(value.unwrap_or(default))
}

fn headers_of(text: Option<&str>) -> Result<Vec<(HeaderName, Template)>, OptionProblem> {
    let wrong = |reason: String| problem("headers", &reason);
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let headers = headers(text).map_err(wrong)?.into_iter();
    headers
        .map(|(name, value)| {
            let name = HeaderName::try_from(name).map_err(|error| wrong(error.to_string()))?;
            Ok((name, value))
        })
        .collect()
}

/// The URL with its gaps: of a preset, with what `url` says in the place of scheme, host and port, or of its whole path.
fn url_of(setup: &Setup, preset: Option<&Preset>) -> Result<String, OptionProblem> {
    let Some(preset) = preset else {
        let own = [&setup.rest, &setup.socket_url];
        let url = own.into_iter().find(|url| !url.is_empty());
        return url
            .cloned()
            .ok_or_else(|| problem("url", "is needed, or a URL after the colon, or preset="));
    };
    if !setup.rest.is_empty() {
        return Err(problem("preset", "knows its URL; url= replaces its host"));
    }
    let base = match setup.socket_url.as_str() {
        "" => preset.base,
        url => url,
    };
    let has_path = base
        .split_once("://")
        .is_some_and(|(_, after)| after.contains('/'));
    if has_path {
        return Ok(base.to_owned());
    }
    Ok(format!("{base}{}", preset.path))
}

/// Host and port of a URL with gaps, and whether it is on this machine.
fn host_of(url: &str) -> Result<(String, bool), OptionProblem> {
    let parsed =
        reqwest::Url::parse(url).map_err(|error| problem("url", &format!("is no URL: {error}")))?;
    let host = parsed.host_str().unwrap_or_default();
    let shown = match parsed.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    Ok((shown, is_loopback(host)))
}
