//! What comes, as rows of tables: columns that grow.

use crate::domain::bar::Ohlcv;
use crate::domain::book::{BookTop, Level};
use crate::domain::event::DataService;
use crate::domain::news::News;
use crate::domain::outcome::{ResultBody, ResultInstance};
use crate::domain::quote::Level1;
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::{Timeframe, UnixMs};
use crate::domain::trade::TimeAndSale;
use crate::domain::{Decimal, to_f64};

/// What is to be a row of a file, or of a book several.
#[derive(Debug, Clone, Copy)]
pub struct FileRow<'a> {
    /// Whose it is.
    pub symbol: &'a Symbol,
    /// Where it comes from.
    pub source: &'a SourceName,
    /// Its time, as in results; `None` when it has none.
    pub time: Option<UnixMs>,
    /// What stands in it.
    pub record: Record<'a>,
}

/// What stands in a row beside whose it is. `None` is what is not known; numbers are finite.
#[derive(Debug, Clone, Copy)]
pub enum Record<'a> {
    /// A bar.
    Bar {
        /// Its length.
        timeframe: Timeframe,
        /// Open, high, low, close, volume.
        figures: [Option<f64>; 5],
        /// The values of [`FilesSettings::indicators`](super::FilesSettings::indicators) in their order; those that are
        /// not there are not known.
        indicators: &'a [Option<f64>],
    },
    /// Bid, bid size, ask, ask size, last, last size, volume of the session.
    Quote([Option<f64>; 7]),
    /// The best levels of a book.
    Book(&'a BookTop),
    /// A trade, or what takes its place.
    Trade(&'a TimeAndSale),
    /// A headline.
    News(&'a News),
}

impl Record<'_> {
    /// The service that it comes from.
    #[must_use]
    pub fn service(&self) -> DataService {
        match self {
            Self::Bar { .. } => DataService::Ohlcv,
            Self::Quote(_) => DataService::Level1,
            Self::Book(_) => DataService::Level2,
            Self::Trade(_) => DataService::TimeAndSales,
            Self::News(_) => DataService::News,
        }
    }
}

impl<'a> FileRow<'a> {
    /// A result as a row; a bar's `indicators` are those of the file.
    #[must_use]
    pub fn of_result(
        result: &'a ResultInstance,
        symbol: &'a Symbol,
        source: &'a SourceName,
        indicators: &'a [Option<f64>],
    ) -> Self {
        let record = match &result.body {
            ResultBody::Ohlcv { bar, timeframe, .. } => Record::Bar {
                timeframe: *timeframe,
                figures: figures_of(bar),
                indicators,
            },
            ResultBody::Level1 { quote, .. } => Record::Quote(numbers_of(quote)),
            ResultBody::Level2(book) => Record::Book(book),
            ResultBody::TimeAndSales(trade) => Record::Trade(trade),
            ResultBody::News(news) => Record::News(news),
        };
        Self {
            symbol,
            source,
            time: result.time,
            record,
        }
    }
}

fn figures_of(bar: &Ohlcv) -> [Option<f64>; 5] {
    let Ohlcv {
        open,
        high,
        low,
        close,
        volume,
    } = *bar;
    [open, high, low, close, volume].map(|figure| figure.map(to_f64))
}

fn numbers_of(quote: &Level1) -> [Option<f64>; 7] {
    let Level1 {
        bid,
        bid_size,
        ask,
        ask_size,
        last,
        last_size,
        volume,
    } = *quote;
    let numbers = [bid, bid_size, ask, ask_size, last, last_size, volume];
    numbers.map(|number| number.map(to_f64))
}

/// Which table a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Bars(Timeframe),
    Quotes,
    Depth,
    Trades,
    News,
}

impl Kind {
    pub fn of(record: &Record<'_>) -> Self {
        match record {
            Record::Bar { timeframe, .. } => Self::Bars(*timeframe),
            Record::Quote(_) => Self::Quotes,
            Record::Book(_) => Self::Depth,
            Record::Trade(_) => Self::Trades,
            Record::News(_) => Self::News,
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

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Appends what is of the table's kind: one row, or for a book one for each level.
    pub fn append(&mut self, row: &FileRow<'_>) {
        let mut cells = Cells {
            table: self,
            row,
            at: 0,
        };
        match row.record {
            Record::Bar {
                figures,
                indicators,
                ..
            } => cells.bar(figures, indicators),
            Record::Quote(numbers) => cells.whole(|cells| cells.floats(numbers)),
            Record::Book(book) => cells.book(book),
            Record::Trade(trade) => cells.whole(|cells| cells.trade(trade)),
            Record::News(news) => cells.whole(|cells| cells.news(news)),
        }
    }
}

/// Writes the cells of a row from left to right.
struct Cells<'a> {
    table: &'a mut Table,
    row: &'a FileRow<'a>,
    at: usize,
}

impl Cells<'_> {
    /// Writes a row, of which `own` writes what stands between its time and its source.
    fn whole(&mut self, own: impl FnOnce(&mut Self)) {
        self.at = 0;
        self.text(Some(self.row.symbol.to_string()));
        let time = self.row.time.map(|time| time.0);
        self.integer(time);
        self.integer(time);
        own(self);
        self.text(Some(self.row.source.to_string()));
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

    fn floats(&mut self, numbers: impl IntoIterator<Item = Option<f64>>) {
        for number in numbers {
            if let Some((_, Values::Float(values))) = self.table.columns.get_mut(self.at) {
                values.push(number);
            }
            self.at += 1;
        }
    }

    fn decimals(&mut self, values: &[Option<Decimal>]) {
        self.floats(values.iter().map(|value| value.map(to_f64)));
    }

    fn bar(&mut self, figures: [Option<f64>; 5], indicators: &[Option<f64>]) {
        self.whole(|cells| cells.floats(figures));
        let columns = self.table.columns.len().saturating_sub(self.at);
        let unknown = std::iter::repeat(None);
        self.floats(indicators.iter().copied().chain(unknown).take(columns));
    }

    fn book(&mut self, book: &BookTop) {
        let mut side = |name: &str, levels: &[Level]| {
            for (at, level) in levels.iter().enumerate() {
                self.whole(|cells| {
                    cells.text(Some(name.to_owned()));
                    cells.integer(Some(at as i64 + 1));
                    cells.decimals(&[Some(level.price), Some(level.size)]);
                    cells.integer(book.sequence.and_then(|number| i64::try_from(number).ok()));
                });
            }
        };
        side("bid", &book.bids);
        side("ask", &book.asks);
    }

    fn trade(&mut self, trade: &TimeAndSale) {
        self.decimals(&[trade.price, trade.size]);
        self.text(trade.side.map(|side| side.name().to_owned()));
        let conditions: Vec<&str> = trade.conditions.iter().map(AsRef::as_ref).collect();
        self.text((!conditions.is_empty()).then(|| conditions.join(" ")));
        self.text(trade.trade_id.as_ref().map(ToString::to_string));
        self.text(trade.exchange.as_deref().map(str::to_owned));
    }

    fn news(&mut self, news: &News) {
        self.text(Some(news.headline.clone()));
        self.text(news.source.clone());
        self.text(news.url.clone());
        self.text(news.summary.clone());
    }
}
