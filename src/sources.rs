//! Where data comes from: one leaf file for each kind of source, and the registry of kinds. No source imports another.
//!
//! A new kind is a leaf file that describes itself in a [`kind::SourceKind`], and one line in [`KINDS`]. Parsing,
//! `streamer-tui sources`, error messages and shell completion all follow from that table.

pub mod bundled;
pub mod files;
pub mod http_poll;
pub mod kind;
mod mapped;
pub mod recording;
pub mod replay;
pub mod simulator;
pub mod spec;
pub mod venue;
pub mod websocket;

use kind::SourceKind;

/// Every kind of source.
pub const KINDS: &[&SourceKind] = &[
    &kind::replay::KIND,
    &kind::sim::KIND,
    &kind::bundled::KIND,
    &venue::kraken::KIND,
    &venue::binance::KIND,
    &venue::coinbase::KIND,
    &venue::alpaca::KIND,
    &venue::schwab::KIND,
    &venue::massive::KIND,
    &venue::finnhub::KIND,
    &kind::websocket::KIND,
    &kind::http::KIND,
];
