//! What the tables are made of.

use std::sync::Arc;

use chrono_tz::Tz;
use polars::prelude::{
    Column, DataFrame, DataType, Int32Chunked, Int64Chunked, IntoColumn, NamedFrom, PolarsResult,
    Series, TimeUnit,
};

use crate::compute::history::ValueColumns;
use crate::compute::history::columns::{BarColumns, QuoteColumns, TradeRows};
use crate::compute::indicator::{IndicatorSet, RecentValues};
use crate::compute::resample::SessionFinder;
use crate::domain::Decimal;
use crate::domain::column::ColumnValues;
use crate::domain::indicator::IndicatorValues;
use crate::domain::outcome::{DayStats, ErrorKind, Severity};
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::table::{TABLES, Table};
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs, ZoneClock};

use super::message::QueryError;
use super::statement::Wanted;
use super::{Cancel, bars, rows};

/// What is asked of one symbol of one source.
#[derive(Debug, Clone)]
pub struct SymbolData {
    /// The symbol.
    pub symbol: Symbol,
    /// Where it comes from.
    pub source: SourceName,
    /// Its trading days.
    pub calendar: SessionCalendar,
    /// The length of its bars.
    pub interval: Timeframe,
    /// Its bars by the start of their intervals, ascending.
    pub bars: BarColumns,
    /// Its quotes, in the order of arrival; NaN stands for what is not known.
    pub quotes: QuoteColumns,
    /// Its trades with their times, in the order of arrival.
    pub trades: TradeRows,
    /// The indicators that it has.
    pub indicators: IndicatorSet,
    /// What those on trades, quotes and books were when each bar closed: a column for each of their values, by the starts
    /// of the bars.
    pub at_close: Vec<ValueColumns>,
    /// What those on bars were at the newest bars. Where these are given, nothing is computed, and other bars have none.
    pub recent: Vec<(Option<Timeframe>, RecentValues)>,
}

/// A symbol's newest state.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultRecord {
    /// The symbol.
    pub symbol: Symbol,
    /// Where it comes from.
    pub source: SourceName,
    /// The data's own time of the last update.
    pub time: Option<UnixMs>,
    /// Last price.
    pub last: Option<Decimal>,
    /// Best bid.
    pub bid: Option<Decimal>,
    /// Units at it.
    pub bid_size: Option<Decimal>,
    /// Best ask.
    pub ask: Option<Decimal>,
    /// Units at it.
    pub ask_size: Option<Decimal>,
    /// The trading day so far.
    pub day: DayStats,
    /// Results so far.
    pub updates: u64,
    /// Its indicators after its last bar.
    pub indicators: Option<Arc<IndicatorValues>>,
    /// The person's own columns after the last bar that they have been evaluated for.
    pub columns: Option<Arc<ColumnValues>>,
}

/// A headline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewsRecord {
    /// When it was published.
    pub time: Option<UnixMs>,
    /// What it says.
    pub headline: String,
    /// Who published it.
    pub publisher: Option<String>,
    /// Where the whole text is.
    pub url: Option<String>,
    /// The symbols that it concerns.
    pub symbols: Vec<String>,
    /// The source that it came from.
    pub source: SourceName,
    /// What it says in short.
    pub summary: Option<String>,
}

/// An error with its repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorRecord {
    /// When it last happened.
    pub time: UnixMs,
    /// What kind of trouble.
    pub kind: ErrorKind,
    /// How bad.
    pub severity: Severity,
    /// What happened.
    pub message: String,
    /// Which source.
    pub source: Option<SourceName>,
    /// Which symbol.
    pub symbol: Option<Symbol>,
    /// Where in the input.
    pub location: Option<String>,
    /// How often.
    pub count: u64,
}

/// Everything that can be asked of, at one moment. Making it costs little: what is in it is shared.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// Every symbol, in the order of subscription.
    pub symbols: Vec<SymbolData>,
    /// Every symbol's newest state, in that order.
    pub results: Vec<ResultRecord>,
    /// The headlines, oldest first.
    pub news: Vec<NewsRecord>,
    /// The errors, oldest first.
    pub errors: Vec<ErrorRecord>,
    /// Indicators that have columns even where no symbol has them, or none is there yet.
    pub indicators: IndicatorSet,
    /// The names of the person's own columns.
    pub columns: Vec<String>,
}

impl Tables {
    /// The same tables with the same columns and nothing in them.
    pub(super) fn without_rows(&self) -> Self {
        let emptied = self.symbols.iter().map(|symbol| SymbolData {
            bars: BarColumns::default(),
            quotes: QuoteColumns::default(),
            trades: TradeRows::default(),
            at_close: Vec::new(),
            recent: Vec::new(),
            ..symbol.clone()
        });
        Self {
            symbols: emptied.collect(),
            indicators: self.indicators.clone(),
            columns: self.columns.clone(),
            ..Self::default()
        }
    }

    /// The zone of every `datetime`.
    pub(super) fn zone(&self) -> Tz {
        let is_us = |symbol: &SymbolData| symbol.calendar == SessionCalendar::UsEquities;
        if self.symbols.iter().all(is_us) {
            SessionCalendar::UsEquities.zone()
        } else {
            SessionCalendar::UtcDay.zone()
        }
    }

    /// The names of all indicators' values that any symbol has, each once.
    pub(super) fn indicator_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.indicators.names().flat().to_vec();
        let mut last = self.indicators.names();
        for symbol in &self.symbols {
            // Most symbols share theirs.
            if Arc::ptr_eq(last, symbol.indicators.names()) {
                continue;
            }
            last = symbol.indicators.names();
            for name in last.flat() {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
        }
        names
    }

    /// Makes a table; indicators only as far as they are wanted.
    pub(super) fn frame(
        &self,
        table: Table,
        wanted: &Wanted,
        cancel: &Cancel,
    ) -> Result<DataFrame, QueryError> {
        let zone = self.zone();
        match table {
            Table::Bars => bars::frame(self, None, wanted, cancel),
            Table::LongBars(timeframe) => bars::frame(self, Some(timeframe), wanted, cancel),
            Table::Quotes => rows::quotes(&self.symbols, zone, cancel),
            Table::Trades => rows::trades(&self.symbols, zone, cancel),
            Table::News => rows::news(&self.news, zone).map_err(QueryError::of_engine),
            Table::Results => {
                rows::results(&self.results, &self.indicator_names(), &self.columns, zone)
                    .map_err(QueryError::of_engine)
            }
            Table::Errors => rows::errors(&self.errors, zone).map_err(QueryError::of_engine),
        }
    }

    /// The names of a table's columns.
    pub(super) fn columns_of(&self, table: Table) -> Vec<String> {
        let always = table.columns().iter().map(|name| (*name).to_owned());
        let indicators = if table.has_indicators() {
            self.indicator_names()
        } else {
            Vec::new()
        };
        let own: &[String] = match table {
            Table::Results => &self.columns,
            _ => &[],
        };
        always
            .chain(indicators)
            .chain(own.iter().cloned())
            .collect()
    }
}

/// A column of these values.
pub(super) fn column<T, P: ?Sized>(name: &str, values: T) -> Column
where
    Series: NamedFrom<T, P>,
{
    Series::new(name.into(), values).into_column()
}

/// The column `datetime` to a column of milliseconds: the time on a clock on the wall in `zone`.
///
/// It has no zone itself, so that its date and its time of day are those of that clock wherever a statement asks for them,
/// and it can be compared with times as they are written. An answer shows it with the zone's offset.
pub(super) fn datetime(unix_ts: &Column, zone: Tz) -> PolarsResult<Column> {
    let kind = DataType::Datetime(TimeUnit::Milliseconds, None);
    let mut column = if zone == Tz::UTC {
        unix_ts.cast(&kind)?
    } else {
        let mut clock = ZoneClock::new(zone);
        let times = unix_ts.i64()?;
        let local = |time: i64| clock.local_ms(UnixMs(time));
        let times: Int64Chunked = match times.null_count() {
            0 => {
                let each = times.downcast_iter().flat_map(|part| part.values_iter());
                let times: Vec<i64> = each.copied().map(local).collect();
                Int64Chunked::from_vec("datetime".into(), times)
            }
            _ => {
                let mut local = local;
                times.iter().map(|time| time.map(&mut local)).collect()
            }
        };
        times.into_column().cast(&kind)?
    };
    column.rename("datetime".into());
    Ok(column)
}

/// The column `date` to a column of milliseconds: the date of the trading day that each belongs to.
pub(super) fn date(unix_ts: &Column, calendar: SessionCalendar) -> PolarsResult<Column> {
    let mut sessions = SessionFinder::new(calendar);
    let date = |time: i64| Some(sessions.session_of(UnixMs(time))?.date.to_epoch_days());
    let mut date = date;
    let days = unix_ts.i64()?.iter().map(|time| time.and_then(&mut date));
    let mut column: Column = days.collect::<Int32Chunked>().into_column();
    column.rename("date".into());
    column.cast(&DataType::Date)
}

/// A table of the tables.
pub(super) fn list() -> DataFrame {
    let names: Vec<&str> = TABLES.into_iter().map(Table::name).collect();
    DataFrame::new_infer_height(vec![column("name", names)]).unwrap_or_default()
}

/// A table of a table's columns; their times are those of `zone`.
pub(super) fn describe(frame: &DataFrame, zone: Tz) -> PolarsResult<DataFrame> {
    let names: Vec<&str> = frame
        .columns()
        .iter()
        .map(|column| column.name().as_str())
        .collect();
    let types: Vec<String> = frame
        .columns()
        .iter()
        .map(|column| match column.dtype() {
            DataType::Datetime(unit, None) => format!("datetime[{}, {zone}]", unit.to_ascii()),
            kind => kind.to_string(),
        })
        .collect();
    DataFrame::new_infer_height(vec![column("column", names), column("type", types)])
}
