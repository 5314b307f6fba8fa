//! What comes, as rows of tables.

use crate::domain::bar::Ohlcv;
use crate::domain::book::BookTop;
use crate::domain::event::DataService;
pub(super) use crate::domain::file_table::FileTable as Kind;
use crate::domain::news::News;
use crate::domain::outcome::{ResultBody, ResultInstance};
use crate::domain::quote::Level1;
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};
use crate::domain::to_f64;
use crate::domain::trade::TimeAndSale;

/// What is to be a row of a file, or of a book several.
#[derive(Debug, Clone, Copy)]
pub struct FileRow<'a> {
    /// Whose it is.
    pub symbol: &'a Symbol,
    /// Where it comes from.
    pub source: &'a SourceName,
    /// The trading days of where it comes from.
    pub calendar: SessionCalendar,
    /// Its time, as in results; `None` when it has none.
    pub time: Option<UnixMs>,
    /// What stands in it.
    pub record: Record<'a>,
}

/// What stands in a row beside whose it is. `None` is what is not known; numbers are finite.
#[derive(Debug, Clone, Copy)]
pub enum Record<'a> {
    /// A bar.
    Bar(BarRecord<'a>),
    /// Bid, bid size, ask, ask size, last, last size, volume of the session.
    Quote([Option<f64>; 7]),
    /// The best levels of a book.
    Book(&'a BookTop),
    /// A trade, or what takes its place.
    Trade(&'a TimeAndSale),
    /// A headline.
    News(&'a News),
}

/// A bar as a row.
#[derive(Debug, Clone, Copy)]
pub struct BarRecord<'a> {
    /// Its length.
    pub timeframe: Timeframe,
    /// Open, high, low, close, volume.
    pub figures: [Option<f64>; 5],
    /// Whether it is known that it was not over yet.
    pub partial: bool,
    /// The values of [`FilesSettings::indicators`](super::FilesSettings::indicators) in their order; those that are not
    /// there are not known.
    pub indicators: &'a [Option<f64>],
}

impl Record<'_> {
    /// The table that it is a row of.
    pub(super) fn table(&self) -> Kind {
        match self {
            Self::Bar(bar) => Kind::Bars(bar.timeframe),
            Self::Quote(_) => Kind::Quotes,
            Self::Book(_) => Kind::Depth,
            Self::Trade(_) => Kind::Trades,
            Self::News(_) => Kind::News,
        }
    }

    /// The service that it comes from.
    #[must_use]
    pub fn service(&self) -> DataService {
        self.table().service()
    }
}

impl<'a> FileRow<'a> {
    /// A result as a row; a bar's `indicators` are those of the file.
    #[must_use]
    pub fn of_result(
        result: &'a ResultInstance,
        symbol: &'a Symbol,
        source: &'a SourceName,
        calendar: SessionCalendar,
        indicators: &'a [Option<f64>],
    ) -> Self {
        let record = match &result.body {
            ResultBody::Ohlcv {
                bar,
                timeframe,
                partial,
                ..
            } => Record::Bar(BarRecord {
                timeframe: *timeframe,
                figures: figures_of(bar),
                partial: *partial,
                indicators,
            }),
            ResultBody::Level1 { quote, .. } => Record::Quote(numbers_of(quote)),
            ResultBody::Level2(book) => Record::Book(book),
            ResultBody::TimeAndSales(trade) => Record::Trade(trade),
            ResultBody::News(news) => Record::News(news),
        };
        Self {
            symbol,
            source,
            calendar,
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

fn numbers_of(quote: &Level1) -> [Option<f64>; Level1::FIELDS] {
    quote.fields().map(|number| number.map(to_f64))
}
