//! `https://…`: any REST endpoint, polled.

use super::{Example, Rest, SourceKind};
use crate::domain::event::DataService;
use crate::domain::source::Delivery;
use crate::sources::http_poll::plan::PRESET_NAMES;
use crate::sources::http_poll::{VENUE, open};
use crate::sources::mapped::{check_own_url, with_mapping};
use crate::sources::venue::options::{BARS, DEPTH, INSECURE, INTERVAL, LEVELS, SERVICES, STALE};

/// The kind as the registry knows it.
pub const KIND: SourceKind = SourceKind {
    name: "http",
    summary: "Any REST endpoint, asked once per period for each symbol where {symbol} stands in its URL, or for many of them where \
              {symbols} stands there, or for all: where in an answer the data stands. Pointers are JSON pointers; what in the URL's \
              query is no option stays in the URL, and so does query.NAME=VALUE. What has not changed is not given out again",
    rest: Rest::Url,
    schemes: &["https", "http"],
    options: with_mapping![
        SourceOption {
            name: "preset",
            value: OptionValue::Choice(&PRESET_NAMES),
            default: "none",
            summary: "An endpoint that is known, instead of URL and mapping: quotes of Financial Modeling Prep (with \
                      FMP_API_KEY in the environment) in their two shapes, or Yahoo's one-minute bars",
        },
        SourceOption {
            name: "period_ms",
            value: OptionValue::Count {
                min: 1,
                max: 86_400_000
            },
            default: "1000",
            summary: "How long after a request began the next one for the same symbol begins, in milliseconds",
        },
        SourceOption {
            name: "timeout_ms",
            value: OptionValue::Count {
                min: 1,
                max: 600_000
            },
            default: "10000",
            summary: "How long an answer may take, in milliseconds",
        },
        SourceOption {
            name: "requests",
            value: OptionValue::Count { min: 1, max: 256 },
            default: "8",
            summary: "How many requests are under way at a time",
        },
        SourceOption {
            name: "symbols_per_request",
            value: OptionValue::Count {
                min: 1,
                max: 100_000
            },
            default: "as many as a URL of 4000 bytes holds",
            summary: "How many symbols stand in the place of {symbols}; the others are asked for in further requests",
        },
        STALE,
        SourceOption {
            name: "repeat",
            value: OptionValue::Boolean,
            default: "false",
            summary: "Give out what every answer holds, changed or not",
        },
        text(
            "headers",
            "TEMPLATE",
            "none",
            "Headers of every request, as Name: value with | between several; {env:NAME} in them and in the URL is taken from the environment and never shown"
        ),
        SourceOption {
            name: "session",
            value: OptionValue::Choice(&["us", "utc"]),
            default: "us",
            summary: "When trading days begin and end: New York's, or the UTC day",
        },
        text(
            "url",
            "URL",
            "what stands after the colon",
            "The URL, percent-encoded as a whole; beside a preset, what replaces its scheme, host and port"
        ),
        INSECURE,
        SERVICES,
        LEVELS,
        DEPTH,
        INTERVAL,
        BARS,
    ],
    examples: &[
        Example {
            spec: "http:?preset=fmp&period_ms=5000",
            effect: "prices of Financial Modeling Prep, every five seconds",
        },
        Example {
            spec: "https://api.example.com/quote/{symbol}?exchange=US&key={env:QUOTE_KEY}&bid=/bid&ask=/ask&time=/ts&period_ms=2000",
            effect: "quotes of an endpoint with a key from the environment; exchange and key stay in its URL",
        },
    ],
    services: &DataService::ALL,
    delivery: Delivery::Live,
    check: |spec| {
        if spec.option("preset").is_none()
            || !spec.rest().is_empty()
            || spec.option("url").is_some()
        {
            check_own_url(spec, ["https", "http"])?;
        }
        VENUE.check(spec)
    },
    open,
};
