//! Results as rows of tables: columns that grow.

use crate::domain::bar::{Candle, Ohlcv};
use crate::domain::book::{BookTop, Level};
use crate::domain::indicator::IndicatorValues;
use crate::domain::news::News;
use crate::domain::outcome::{ResultBody, ResultInstance};
use crate::domain::quote::Level1;
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::Timeframe;
use crate::domain::trade::TimeAndSale;
use crate::domain::{Decimal, to_f64};

/// Which table a result belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Bars(Timeframe),
    Quotes,
    Depth,
    Trades,
    News,
}

impl Kind {
    pub fn of(body: &ResultBody) -> Self {
        match body {
            ResultBody::Ohlcv { timeframe, .. } => Self::Bars(*timeframe),
            ResultBody::Level1 { .. } => Self::Quotes,
            ResultBody::Level2(_) => Self::Depth,
            ResultBody::TimeAndSales(_) => Self::Trades,
            ResultBody::News(_) => Self::News,
        }
    }

    /// The table's name.
    pub fn table(self) -> String {
        match self {
            Self::Bars(Timeframe::M1) => "bars".to_owned(),
            Self::Bars(timeframe) => format!("bars_{timeframe}"),
            Self::Quotes => "quotes".to_owned(),
            Self::Depth => "depth".to_owned(),
            Self::Trades => "trades".to_owned(),
            Self::News => "news".to_owned(),
        }
    }

    /// Its columns between `datetime` and `source`.
    fn columns(self) -> &'static [(&'static str, Type)] {
        use Type::{Float, Integer, Text};
        match self {
            Self::Bars(_) => &[
                ("open", Float),
                ("high", Float),
                ("low", Float),
                ("close", Float),
                ("volume", Float),
            ],
            Self::Quotes => &[
                ("bid", Float),
                ("bid_size", Float),
                ("ask", Float),
                ("ask_size", Float),
                ("last", Float),
                ("last_size", Float),
                ("volume", Float),
            ],
            Self::Depth => &[
                ("side", Text),
                ("level", Integer),
                ("price", Float),
                ("size", Float),
                ("sequence", Integer),
            ],
            Self::Trades => &[
                ("price", Float),
                ("size", Float),
                ("side", Text),
                ("conditions", Text),
                ("trade_id", Text),
                ("exchange", Text),
            ],
            Self::News => &[
                ("headline", Text),
                ("publisher", Text),
                ("url", Text),
                ("summary", Text),
            ],
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    Integer,
    Float,
}

/// A column's values; `None` is null.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    Text(Vec<Option<String>>),
    Integer(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    /// Milliseconds since 1970, shown in the file's zone.
    Time(Vec<Option<i64>>),
}

/// Rows of one table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    pub kind: Kind,
    pub columns: Vec<(String, Values)>,
    rows: usize,
}

impl Table {
    /// An empty table; bars have a column for each of `indicators`.
    pub fn new(kind: Kind, indicators: &[String]) -> Self {
        let empty = |of: Type| match of {
            Type::Text => Values::Text(Vec::new()),
            Type::Integer => Values::Integer(Vec::new()),
            Type::Float => Values::Float(Vec::new()),
        };
        let mut columns = vec![
            ("symbol".to_owned(), Values::Text(Vec::new())),
            ("unix_ts".to_owned(), Values::Integer(Vec::new())),
            ("datetime".to_owned(), Values::Time(Vec::new())),
        ];
        let own = kind.columns().iter();
        columns.extend(own.map(|(name, of)| ((*name).to_owned(), empty(*of))));
        columns.push(("source".to_owned(), Values::Text(Vec::new())));
        if matches!(kind, Kind::Bars(_)) {
            let floats = |name: &String| (name.clone(), Values::Float(Vec::new()));
            columns.extend(indicators.iter().map(floats));
        }
        Self {
            kind,
            columns,
            rows: 0,
        }
    }

    /// Appends bars of a symbol; `indicators` are the values of each, in the order of the table's columns of them.
    pub fn append_bars(
        &mut self,
        symbol: &Symbol,
        source: &SourceName,
        bars: impl Iterator<Item = (Candle, Vec<Option<f64>>)>,
    ) {
        for (bar, indicators) in bars {
            let figures = [bar.open, bar.high, bar.low, bar.close, bar.volume].map(Some);
            let mut figures = figures.into_iter().chain(indicators);
            let mut texts = [symbol.to_string(), source.to_string()].into_iter();
            for (_, values) in &mut self.columns {
                match values {
                    Values::Text(values) => values.push(texts.next()),
                    Values::Integer(values) | Values::Time(values) => {
                        values.push(Some(bar.start.0));
                    }
                    Values::Float(values) => values.push(figures.next().flatten()),
                }
            }
            self.rows += 1;
        }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Appends a result of the table's kind: one row, or for a book one for each level.
    pub fn append(&mut self, result: &ResultInstance, symbol: &Symbol, source: &SourceName) {
        let mut row = Row {
            table: self,
            result,
            symbol,
            source,
            at: 0,
        };
        match &result.body {
            ResultBody::Ohlcv {
                bar, indicators, ..
            } => row.bar(bar, indicators.as_deref()),
            ResultBody::Level1 { quote, .. } => row.quote(quote),
            ResultBody::Level2(book) => row.book(book),
            ResultBody::TimeAndSales(trade) => row.trade(trade),
            ResultBody::News(news) => row.news(news),
        }
    }
}

/// Writes the cells of a row from left to right.
struct Row<'a> {
    table: &'a mut Table,
    result: &'a ResultInstance,
    symbol: &'a Symbol,
    source: &'a SourceName,
    at: usize,
}

impl Row<'_> {
    fn begin(&mut self) {
        self.at = 0;
        self.text(Some(self.symbol.to_string()));
        let time = self.result.time.map(|time| time.0);
        self.integer(time);
        self.integer(time);
    }

    fn end(&mut self) {
        self.text(Some(self.source.to_string()));
        self.table.rows += 1;
    }

    fn text(&mut self, value: Option<String>) {
        if let Some((_, Values::Text(values))) = self.table.columns.get_mut(self.at) {
            values.push(value);
        }
        self.at += 1;
    }

    /// A whole number or a time.
    fn integer(&mut self, value: Option<i64>) {
        if let Some((_, Values::Integer(values) | Values::Time(values))) =
            self.table.columns.get_mut(self.at)
        {
            values.push(value);
        }
        self.at += 1;
    }

    fn float(&mut self, value: Option<f64>) {
        if let Some((_, Values::Float(values))) = self.table.columns.get_mut(self.at) {
            values.push(value);
        }
        self.at += 1;
    }

    fn decimals(&mut self, values: &[Option<Decimal>]) {
        for value in values {
            self.float(value.map(to_f64));
        }
    }

    fn bar(&mut self, bar: &Ohlcv, indicators: Option<&IndicatorValues>) {
        self.begin();
        self.decimals(&[bar.open, bar.high, bar.low, bar.close, bar.volume]);
        self.end();
        for at in self.at..self.table.columns.len() {
            let (name, _) = &self.table.columns[at];
            let value = indicators.and_then(|indicators| indicators.get(name));
            self.float(value);
        }
    }

    fn quote(&mut self, quote: &Level1) {
        let Level1 {
            bid,
            bid_size,
            ask,
            ask_size,
            last,
            last_size,
            volume,
        } = *quote;
        self.begin();
        self.decimals(&[bid, bid_size, ask, ask_size, last, last_size, volume]);
        self.end();
    }

    fn book(&mut self, book: &BookTop) {
        let mut side = |name: &str, levels: &[Level]| {
            for (at, level) in levels.iter().enumerate() {
                self.begin();
                self.text(Some(name.to_owned()));
                self.integer(Some(at as i64 + 1));
                self.decimals(&[Some(level.price), Some(level.size)]);
                self.integer(book.sequence.and_then(|number| i64::try_from(number).ok()));
                self.end();
            }
        };
        side("bid", &book.bids);
        side("ask", &book.asks);
    }

    fn trade(&mut self, trade: &TimeAndSale) {
        self.begin();
        self.decimals(&[trade.price, trade.size]);
        self.text(trade.side.map(|side| side.name().to_owned()));
        let conditions: Vec<&str> = trade.conditions.iter().map(AsRef::as_ref).collect();
        self.text((!conditions.is_empty()).then(|| conditions.join(" ")));
        self.text(trade.trade_id.as_ref().map(ToString::to_string));
        self.text(trade.exchange.as_deref().map(str::to_owned));
        self.end();
    }

    fn news(&mut self, news: &News) {
        self.begin();
        self.text(Some(news.headline.clone()));
        self.text(news.source.clone());
        self.text(news.url.clone());
        self.text(news.summary.clone());
        self.end();
    }
}
