//! What venues allow.

use std::time::Duration;

/// What a venue allows, and how it behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Symbols on one connection; more are put on further connections.
    pub symbols_per_connection: usize,
    /// Connections at a time; symbols that find no place are refused.
    pub connections: usize,
    /// Whether an account has one connection to that address, so that two sources would take it from one another.
    pub one_per_account: bool,
    /// Texts that may be sent: so many within a time.
    pub sends: (u32, Duration),
    /// Whether that is for all connections together, because the venue counts what comes from one address.
    pub shares_sends: bool,
    /// Connections that may be opened: so many within a time.
    pub attempts: (u32, Duration),
    /// Requests over HTTP, by their weight.
    pub request_weight_per_minute: u32,
    /// A connection on which nothing at all has come for so long is dead. A venue with heartbeats is known to be dead soon.
    pub silence: Duration,
    /// How often a websocket ping is sent; `None` where the venue sends its own.
    pub ping: Option<Duration>,
    /// A connection is opened anew after so long, before the venue cuts it.
    pub lifetime: Option<Duration>,
    /// Its data come so much later than they happen.
    pub delay: Duration,
    /// When its own trading begins and ends, since the day's beginning, where that is not when its calendar says.
    pub hours: Option<[Duration; 2]>,
}

impl Limits {
    /// More symbols than there are: how many an account may have, the venue says.
    pub const ALL_SYMBOLS: usize = 100_000;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            symbols_per_connection: 10_000,
            connections: 1,
            one_per_account: false,
            sends: (10, Duration::from_secs(1)),
            shares_sends: false,
            attempts: (10, Duration::from_secs(60)),
            request_weight_per_minute: 60,
            silence: Duration::from_secs(30),
            ping: Some(Duration::from_secs(10)),
            lifetime: None,
            delay: Duration::ZERO,
            hours: None,
        }
    }
}
