//! The options that venues have in common.

use crate::sources::kind::{OptionValue, SourceOption};

/// Which services to take.
pub const SERVICES: SourceOption = SourceOption {
    name: "services",
    value: OptionValue::Text("LIST"),
    default: "all that it has",
    summary: "Which of the data that it delivers to take, separated by commas",
};
/// How deep a book is asked for.
pub const DEPTH: SourceOption = SourceOption {
    name: "depth",
    value: OptionValue::Count { min: 1, max: 5000 },
    default: "the venue's",
    summary: "Levels of each side to ask the venue for",
};
/// How many levels a result shows.
pub const LEVELS: SourceOption = SourceOption {
    name: "levels",
    value: OptionValue::Count { min: 1, max: 1000 },
    default: "10",
    summary: "Levels of each side in a LEVEL2 result",
};
/// The same for a venue that gives its books whole.
pub const WHOLE_DEPTH: SourceOption = SourceOption {
    default: "all that there are",
    summary: "Levels of each side to take, as levels= does; the venue gives whole books",
    ..DEPTH
};
/// [`LEVELS`] for a venue without books: whoever gives it to all venues may give it to this one.
pub const NO_LEVELS: SourceOption = SourceOption {
    summary: "Levels of each side in a LEVEL2 result; this venue has no books",
    ..LEVELS
};
/// Which bars.
pub const INTERVAL: SourceOption = SourceOption {
    name: "interval",
    value: OptionValue::Text("TIME"),
    default: "1m",
    summary: "The length of the bars to ask for; longer ones are built from one-minute bars (--timeframes)",
};
/// The same for a venue that has bars of one minute alone.
pub const MINUTES: SourceOption = SourceOption {
    summary: "The length of the bars, which is one minute; longer ones are built from them (--timeframes)",
    ..INTERVAL
};
/// Where bars come from.
pub const BARS: SourceOption = SourceOption {
    name: "bars",
    value: OptionValue::Choice(&["venue", "trades"]),
    default: "venue, where it has them",
    summary: "Take the venue's bars, or build them from its trades",
};
/// How much of the past to ask for.
pub const BACKFILL: SourceOption = SourceOption {
    name: "backfill",
    value: OptionValue::Text("BARS|TIME"),
    default: "none",
    summary: "Ask for so many bars from before (500), or for those of a time (12h, 2d), and for those that a lost connection has cost",
};
/// What the open of a built bar is.
pub const OPEN: SourceOption = SourceOption {
    name: "open",
    value: OptionValue::Choice(&["first-trade", "previous-close"]),
    default: "first-trade",
    summary: "What the open of a bar is that is built from trades",
};
/// Where the socket is.
pub const URL: SourceOption = SourceOption {
    name: "url",
    value: OptionValue::Text("URL"),
    default: "the venue's",
    summary: "Scheme, host and port to connect to instead, and a path if it has one",
};
/// Where requests go.
pub const REST_URL: SourceOption = SourceOption {
    name: "rest_url",
    value: OptionValue::Text("URL"),
    default: "the venue's",
    summary: "The same for requests over HTTP",
};
/// The same for a venue that makes no requests: whoever gives it to all venues may give it to this one.
pub const NO_REST_URL: SourceOption = SourceOption {
    summary: "The same for requests over HTTP; this venue makes none",
    ..REST_URL
};
/// Whether plain connections are allowed.
pub const INSECURE: SourceOption = SourceOption {
    name: "insecure",
    value: OptionValue::Boolean,
    default: "false",
    summary: "Allow ws:// and http:// to other machines, where anybody on the way can read and change everything",
};
/// When a symbol is stale.
pub const STALE: SourceOption = SourceOption {
    name: "stale",
    value: OptionValue::Positive,
    default: "60",
    summary: "Report a symbol without data for so many seconds, while its market is open",
};

/// When trading days begin and end.
pub const SESSION: SourceOption = SourceOption {
    name: "session",
    value: OptionValue::Choice(&["us", "utc"]),
    default: "as its market trades",
    summary: "When trading days begin and end: New York's, or the UTC day",
};

/// The options of a venue that has books, bars, trades and a past.
#[must_use]
pub const fn all(depth: SourceOption, interval: SourceOption) -> [SourceOption; 12] {
    [
        SERVICES, depth, LEVELS, interval, BACKFILL, BARS, OPEN, URL, REST_URL, INSECURE, STALE,
        SESSION,
    ]
}

/// The options that venues have in common.
const COMMON: [SourceOption; 12] = all(DEPTH, INTERVAL);

/// Whether an option is one of those; one of such a name that takes something else is the venue's own.
pub(super) fn is_common(option: &SourceOption) -> bool {
    COMMON
        .iter()
        .any(|common| common.name == option.name && common.value == option.value)
}
