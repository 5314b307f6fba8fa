//! Alpaca's feeds: where each is, and what it carries.

use crate::domain::event::{DataService, ServiceSet};
use crate::domain::symbol::Symbol;
use crate::sources::venue::options::Setup;

/// What a feed carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feed {
    Stocks,
    /// The stream of one made-up stock, which has fewer channels.
    Test,
    Crypto,
    News,
}

impl Feed {
    pub(super) fn of(name: &str) -> Option<(Self, String)> {
        match name {
            "iex" | "sip" | "delayed_sip" => Some((Self::Stocks, format!("/v2/{name}"))),
            "test" => Some((Self::Test, "/v2/test".to_owned())),
            "crypto" => Some((Self::Crypto, "/v1beta3/crypto/us".to_owned())),
            "news" => Some((Self::News, "/v1beta1/news".to_owned())),
            _ => None,
        }
    }

    pub(super) fn services(self) -> ServiceSet {
        use DataService::{Level1, Level2, News, Ohlcv, TimeAndSales};
        match self {
            Self::Stocks | Self::Test => ServiceSet::of(&[Ohlcv, Level1, TimeAndSales]),
            Self::Crypto => ServiceSet::of(&[Ohlcv, Level1, Level2, TimeAndSales]),
            Self::News => ServiceSet::of(&[News]),
        }
    }

    pub(super) fn is_stocks(self) -> bool {
        matches!(self, Self::Stocks | Self::Test)
    }

    /// The channels that give what is asked for.
    pub(super) fn channels(self, setup: &Setup) -> Vec<&'static str> {
        let mut channels = Vec::new();
        if setup.needs_trades() {
            channels.push("trades");
        }
        if setup.has(DataService::Level1) {
            channels.push("quotes");
            match self {
                Self::Stocks => channels.extend(["dailyBars", "statuses", "lulds"]),
                Self::Crypto => channels.push("dailyBars"),
                Self::Test | Self::News => {}
            }
        }
        if setup.asks_for_bars() {
            channels.push("bars");
            if self != Self::Test {
                channels.push("updatedBars");
            }
        }
        if setup.has(DataService::Level2) {
            channels.push("orderbooks");
        }
        if setup.has(DataService::News) {
            channels.push("news");
        }
        channels
    }

    /// The venue's name for a symbol.
    pub(super) fn wire(self, symbol: &Symbol) -> String {
        let upper = symbol.as_str().to_uppercase();
        if self != Self::Crypto || upper.contains('/') {
            return upper;
        }
        if upper.contains('-') {
            return upper.replacen('-', "/", 1);
        }
        let quoted = ["USDT", "USDC", "USD", "BTC"];
        let base = quoted
            .iter()
            .find_map(|quote| Some((upper.strip_suffix(quote)?, quote)))
            .filter(|(base, _)| !base.is_empty());
        match base {
            Some((base, quote)) => format!("{base}/{quote}"),
            None => upper,
        }
    }
}
