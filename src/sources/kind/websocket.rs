//! `wss://…`: any JSON feed over a websocket.

use super::{Example, Rest, SourceKind};
use crate::domain::event::DataService;
use crate::domain::source::Delivery;
use crate::sources::mapped::unset;
use crate::sources::mapped::{check_own_url, with_mapping};
use crate::sources::venue::options::{
    BARS, DEPTH, INSECURE, INTERVAL, LEVELS, SERVICES, SESSION, STALE,
};
use crate::sources::websocket::VENUE;

/// The kind as the registry knows it.
pub const KIND: SourceKind = SourceKind {
    name: "websocket",
    summary: "Any JSON feed over a websocket: what to send, and where in a message the data stands. \
              Pointers are JSON pointers; what in the URL's query is no option stays in the URL, and so does query.NAME=VALUE",
    rest: Rest::Url,
    schemes: &["wss", "ws"],
    options: with_mapping![
        text(
            "subscribe",
            "TEMPLATE",
            "nothing is sent",
            "What is sent for each symbol, with {symbol} in it, or for all of them, with {symbols}, a JSON list"
        ),
        text(
            "unsubscribe",
            "TEMPLATE",
            "nothing is sent",
            "The same when symbols are wanted no more"
        ),
        text(
            "login",
            "TEMPLATE",
            "nothing is sent",
            "What is sent first; {env:NAME} in it, in headers and in the URL's query is taken from the environment and never shown"
        ),
        text(
            "ready",
            "CONDITION",
            "subscribe at once",
            "What a message has to hold before symbols are subscribed, such as /status=authenticated; a connection on which it has not come within 10 s is opened anew, which without it is known of no login"
        ),
        text(
            "headers",
            "TEMPLATE",
            "none",
            "Headers of the opening request, as Name: value with | between several"
        ),
        text(
            "ping",
            "TEXT",
            "none",
            "What is sent from time to time beside the websocket's own pings"
        ),
        SourceOption {
            name: "ping_s",
            value: OptionValue::Positive,
            default: "15",
            summary: "How often, in seconds",
        },
        SourceOption {
            name: "silence_s",
            value: OptionValue::Positive,
            default: "60",
            summary: "A connection on which nothing at all has come for so many seconds is opened anew",
        },
        SourceOption {
            name: "sends",
            value: OptionValue::Count {
                min: 1,
                max: 100_000
            },
            default: "10",
            summary: "How many texts are sent within a second at the most",
        },
        SourceOption {
            name: "symbols_per_connection",
            value: OptionValue::Count {
                min: 1,
                max: 100_000
            },
            default: "all on one connection",
            summary: "How many symbols are subscribed on one connection; the others come on further connections, a hundred at the most",
        },
        text(
            "url",
            "URL",
            "what stands after the colon",
            "The URL, where it is to be percent-encoded as a whole"
        ),
        INSECURE,
        SERVICES,
        LEVELS,
        DEPTH,
        INTERVAL,
        BARS,
        STALE,
        SESSION,
    ],
    examples: &[
        Example {
            spec: "wss://feed.example.com/v1?subscribe={\"op\":\"sub\",\"symbols\":{symbols}}&match=/type=trade&symbol=/s&price=/p&size=/q&time=/t",
            effect: "trades of a feed that is subscribed with a list of symbols",
        },
        Example {
            spec: "wss://feed.example.com/v1?token={env:FEED_TOKEN}&subscribe={\"sub\":\"quotes.{symbol}\"}&items=/data&symbol=/sym&bid=/b&ask=/a",
            effect: "quotes, several in a message, with a key from the environment",
        },
        Example {
            spec: "wss://feed.example.com/v1?subscribe={\"sub\":{symbols}}&match=/type=trade&items=/data&symbol=/s&price=/p&size=/q",
            effect: "trades, several in a message; the type may stand in each of them or, as here, beside their list: \
                     {\"type\":\"trade\",\"data\":[{\"s\":\"AAPL\",\"p\":1.25,\"q\":100}]}\n      \
                     For quotes besides, put both kinds into a file and give map=FILE instead of the fields:\n\n          [[mapping]]\n          match = [\"/type=trade\"]\n          items = \"/data\"\n          symbol = \"/s\"\n          price = \"/p\"\n          size = \"/q\"\n\n          [[mapping]]\n          match = [\"/type=quote\"]\n          symbol = \"/s\"\n          bid = \"/b\"\n          ask = \"/a\"\n          time = \"/t\"\n          time_unit = \"ms\"",
        },
    ],
    services: &DataService::ALL,
    delivery: Delivery::Live,
    check: |spec| {
        check_own_url(spec, ["wss", "ws"])?;
        VENUE.check(spec)
    },
    open: |spec, context| {
        if let Some(problem) = unset(spec, &*context.environment) {
            return Err(spec.failed(problem));
        }
        VENUE.open(spec, context)
    },
};

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::decode::pointer::options::from_toml;

    #[test]
    fn the_file_that_is_shown_can_be_used() {
        let text = KIND.examples.last().unwrap().effect;
        let file = &text[text.find("[[mapping]]").unwrap()..];
        let services: Vec<DataService> = from_toml(file)
            .unwrap()
            .iter()
            .map(|mapping| mapping.service)
            .collect();
        assert_eq!(services, [DataService::TimeAndSales, DataService::Level1]);
    }
}
