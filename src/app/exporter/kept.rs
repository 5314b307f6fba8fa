//! What is kept, as rows of files: symbol by symbol, table by table, row by row, so that nothing is there twice.

use chrono::NaiveDate;
use chrono_tz::{America::New_York, Tz};
use rustc_hash::FxHashMap;

use crate::compute::bar_rows::BarRows;
use crate::domain::event::DataService;
use crate::domain::source::BarStamp;
use crate::domain::symbol::{SymbolId, SymbolSpec};
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};
use crate::pipeline::histories::SymbolHistory;
use crate::pipeline::question::Material;
use crate::pipeline::sink::SinkClosed;
use crate::pipeline::snapshot::NewsRow;
use crate::sinks::files::{BarRecord, FileRow, FileSink, FilesSettings, Record};

use super::lengths;

/// After so many rows it is asked whether to go on.
const ASK_EVERY: u64 = 1024;

/// Why not everything has been given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfinished {
    /// It was told to stop.
    BrokenOff,
    /// The files take nothing more.
    Closed(SinkClosed),
}

impl From<SinkClosed> for Unfinished {
    fn from(closed: SinkClosed) -> Self {
        Self::Closed(closed)
    }
}

/// What is kept of some symbols.
pub(super) struct Kept<'a> {
    histories: Vec<&'a SymbolHistory>,
    news: &'a [NewsRow],
}

impl<'a> Kept<'a> {
    /// What is kept of these symbols, or of all when there are none.
    ///
    /// # Errors
    /// A symbol that is not there.
    pub fn new(material: &'a Material, symbols: &[SymbolSpec]) -> Result<Self, SymbolSpec> {
        let is_meant = |spec: &SymbolSpec, history: &SymbolHistory| {
            let source = spec.source.as_ref();
            spec.symbol == history.symbol && source.is_none_or(|name| *name == history.source)
        };
        let all = &material.histories;
        let is_there = |spec: &&SymbolSpec| all.iter().any(|history| is_meant(spec, history));
        if let Some(unknown) = symbols.iter().find(|spec| !is_there(spec)) {
            return Err(unknown.clone());
        }
        let is_wanted = |history: &&SymbolHistory| {
            symbols.is_empty() || symbols.iter().any(|spec| is_meant(spec, history))
        };
        Ok(Self {
            histories: all.iter().filter(is_wanted).collect(),
            news: &material.news,
        })
    }

    /// The zone in which times are given.
    pub fn zone(&self) -> Tz {
        let mut histories = self.histories.iter();
        if histories.all(|history| history.calendar == SessionCalendar::UsEquities) {
            New_York
        } else {
            Tz::UTC
        }
    }

    /// The flat names of all indicators, each once.
    pub fn indicators(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for history in &self.histories {
            for name in history.indicators.names().flat() {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
        }
        names
    }

    /// The day of the newest bar, quote or trade in the zone; `None` when there is none at all.
    pub fn newest_day(&self) -> Option<NaiveDate> {
        let newest = self.histories.iter().filter_map(|history| {
            let bar = history.bars.candles().next_back().map(|bar| bar.start);
            let quotes = history.quotes.parts().last();
            let quote = quotes
                .and_then(|part| part.times().last())
                .map(|ms| UnixMs(*ms));
            let trade = history.trades.newest().and_then(|(time, _)| *time);
            bar.max(quote).max(trade)
        });
        Some(newest.max()?.in_zone(self.zone())?.date_naive())
    }

    /// Gives everything that the settings want to `sink`. Once in a while, `go_on` hears how many of how many rows have
    /// been given, and says whether to go on. A bar whose interval is not over `now` is partial.
    pub fn give(
        &self,
        settings: &FilesSettings,
        now: UnixMs,
        sink: &mut FileSink,
        go_on: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<(), Unfinished> {
        let mut giving = Giving {
            settings,
            now,
            sink,
            go_on,
            done: 0,
            all: self.rows(settings),
        };
        let news = self.news_by_symbol(settings);
        for history in &self.histories {
            let has = |service| settings.services.has(service);
            if has(DataService::Ohlcv) {
                for timeframe in lengths(&settings.timeframes, history.interval) {
                    giving.bars(history, timeframe)?;
                }
            }
            if has(DataService::Level1) {
                giving.quotes(history)?;
            }
            if has(DataService::TimeAndSales) {
                giving.trades(history)?;
            }
            if let Some(news) = news.get(&history.id) {
                giving.news(history, news)?;
            }
        }
        Ok(())
    }

    /// How many rows there are to go through.
    fn rows(&self, settings: &FilesSettings) -> u64 {
        let of = |history: &&SymbolHistory| {
            let of_service = |service, rows: usize| {
                if settings.services.has(service) {
                    rows
                } else {
                    0
                }
            };
            let tables = lengths(&settings.timeframes, history.interval).len();
            of_service(DataService::Ohlcv, history.bars.len() * tables)
                + of_service(DataService::Level1, history.quotes.len())
                + of_service(DataService::TimeAndSales, history.trades.len())
        };
        self.histories.iter().map(of).sum::<usize>() as u64
    }

    /// The headlines that came for each symbol, when they are wanted. One that came for several is there for each.
    fn news_by_symbol(&self, settings: &FilesSettings) -> FxHashMap<SymbolId, Vec<&'a NewsRow>> {
        let mut by_symbol: FxHashMap<SymbolId, Vec<&NewsRow>> = FxHashMap::default();
        if settings.services.has(DataService::News) {
            for row in self.news {
                for id in &row.symbols {
                    by_symbol.entry(*id).or_default().push(row);
                }
            }
        }
        by_symbol
    }
}

/// Rows on their way to files.
struct Giving<'a> {
    settings: &'a FilesSettings,
    now: UnixMs,
    sink: &'a mut FileSink,
    go_on: &'a mut dyn FnMut(u64, u64) -> bool,
    done: u64,
    all: u64,
}

impl Giving<'_> {
    fn put(
        &mut self,
        history: &SymbolHistory,
        time: Option<UnixMs>,
        record: Record<'_>,
    ) -> Result<(), Unfinished> {
        self.done += 1;
        if self.done.is_multiple_of(ASK_EVERY) && !(self.go_on)(self.done, self.all) {
            return Err(Unfinished::BrokenOff);
        }
        self.sink.put(&FileRow {
            symbol: &history.symbol,
            source: &history.source,
            calendar: history.calendar,
            time,
            record,
        })?;
        Ok(())
    }

    fn bars(&mut self, history: &SymbolHistory, timeframe: Timeframe) -> Result<(), Unfinished> {
        let before = self.done;
        let names = history.indicators.names().flat();
        let columns = self.settings.indicators.iter();
        let places: Vec<Option<usize>> = columns
            .map(|column| names.iter().position(|name| name == column))
            .collect();
        let mut indicators = Vec::with_capacity(places.len());
        let Some(mut rows) = BarRows::new(
            &history.bars,
            history.interval,
            timeframe,
            history.calendar,
            &history.indicators,
        ) else {
            return Ok(());
        };
        // The end of the newest bar: until then, everything is known.
        let newest = rows.newest_close();
        while let Some((row, values)) = rows.advance() {
            let value = |place: &Option<usize>| place.and_then(|at| values.get(at).copied()?);
            indicators.clear();
            indicators.extend(places.iter().map(value));
            let bar = &row.candle;
            let time = match history.bar_stamp {
                BarStamp::Start => bar.start,
                BarStamp::End => row.end,
            };
            let figures = [bar.open, bar.high, bar.low, bar.close, bar.volume].map(known);
            let is_open = timeframe > history.interval && row.closed_at > newest;
            let record = Record::Bar(BarRecord {
                timeframe,
                figures,
                partial: is_open || row.end > self.now,
                indicators: &indicators,
            });
            self.put(history, Some(time), record)?;
        }
        // A longer bar stands for many.
        self.done = before + history.bars.len() as u64;
        Ok(self.sink.end_of_table()?)
    }

    fn quotes(&mut self, history: &SymbolHistory) -> Result<(), Unfinished> {
        for part in history.quotes.parts() {
            for (at, time) in part.times().iter().enumerate() {
                let number = |column| part.column(column).get(at).copied().and_then(known);
                let record = Record::Quote(std::array::from_fn(number));
                self.put(history, Some(UnixMs(*time)), record)?;
            }
        }
        Ok(self.sink.end_of_table()?)
    }

    fn trades(&mut self, history: &SymbolHistory) -> Result<(), Unfinished> {
        for (time, trade) in history.trades.iter() {
            self.put(history, *time, Record::Trade(trade))?;
        }
        Ok(self.sink.end_of_table()?)
    }

    fn news(&mut self, history: &SymbolHistory, rows: &[&NewsRow]) -> Result<(), Unfinished> {
        for row in rows {
            self.put(history, row.time, Record::News(&row.news))?;
        }
        Ok(self.sink.end_of_table()?)
    }
}

/// A number that is one; what is not known is kept as none.
fn known(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}
