//! The tables that results are kept in, in files and folders.

use std::fmt;

use super::event::DataService;
use super::time::Timeframe;

/// A table, by what its rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileTable {
    /// Bars of a length.
    Bars(Timeframe),
    /// Quotes.
    Quotes,
    /// Levels of books.
    Depth,
    /// Trades.
    Trades,
    /// Headlines.
    News,
}

impl FileTable {
    /// The table of a name, as [`Display`](fmt::Display) writes it: `bars`, `bars_5m`, `quotes`, `depth`, `trades`, `news`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let bars = Timeframe::ALL.into_iter().map(Self::Bars);
        let mut all = bars.chain([Self::Quotes, Self::Depth, Self::Trades, Self::News]);
        all.find(|table| table.to_string() == name)
    }

    /// The service that its rows come from.
    #[must_use]
    pub fn service(self) -> DataService {
        match self {
            Self::Bars(_) => DataService::Ohlcv,
            Self::Quotes => DataService::Level1,
            Self::Depth => DataService::Level2,
            Self::Trades => DataService::TimeAndSales,
            Self::News => DataService::News,
        }
    }

    /// The service whose table has columns of these names, by those that no other table has; `None` when there are none.
    pub fn service_of_columns(has: impl Fn(&str) -> bool) -> Option<DataService> {
        let any = |names: &[&str]| names.iter().any(|name| has(name));
        if any(&["open", "high", "low", "close"]) {
            Some(DataService::Ohlcv)
        } else if has("headline") {
            Some(DataService::News)
        } else if has("side") && has("level") {
            Some(DataService::Level2)
        } else if any(&["bid", "bid_size", "ask", "ask_size", "last", "last_size"]) {
            Some(DataService::Level1)
        } else if has("price") && has("size") {
            Some(DataService::TimeAndSales)
        } else {
            has("volume").then_some(DataService::Ohlcv)
        }
    }
}

impl fmt::Display for FileTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bars(Timeframe::M1) => f.pad("bars"),
            Self::Bars(timeframe) => f.pad(&format!("bars_{timeframe}")),
            Self::Quotes => f.pad("quotes"),
            Self::Depth => f.pad("depth"),
            Self::Trades => f.pad("trades"),
            Self::News => f.pad("news"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_tables() {
        for (name, table) in [
            ("bars", Some(FileTable::Bars(Timeframe::M1))),
            ("bars_1d", Some(FileTable::Bars(Timeframe::D1))),
            ("quotes", Some(FileTable::Quotes)),
            ("depth", Some(FileTable::Depth)),
            ("trades", Some(FileTable::Trades)),
            ("news", Some(FileTable::News)),
            ("bars_1m", None),
            ("bars_7m", None),
            ("", None),
        ] {
            assert_eq!(FileTable::from_name(name), table, "{name}");
            if let Some(table) = table {
                assert_eq!(table.to_string(), name);
            }
        }
    }

    #[test]
    fn columns_say_what_a_table_holds() {
        for (columns, service) in [
            (
                "symbol unix_ts open close volume bid",
                Some(DataService::Ohlcv),
            ),
            ("unix_ts volume", Some(DataService::Ohlcv)),
            ("bid ask volume", Some(DataService::Level1)),
            ("price size side", Some(DataService::TimeAndSales)),
            ("side level price size", Some(DataService::Level2)),
            ("headline price size", Some(DataService::News)),
            ("date price", None),
        ] {
            let has = |name: &str| columns.split(' ').any(|column| column == name);
            assert_eq!(FileTable::service_of_columns(has), service, "{columns}");
        }
    }
}
