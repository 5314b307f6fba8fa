//! Bars of files, read at once, for the time before the start: nothing is played, and everything but bars is passed over.
//! Where a recording's bars are built from its trades, they are built here too.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::compute::history::HistoryBudget;
use crate::compute::trade_bars::{BuiltBar, TradeBars};
use crate::decode::csv::Layout;
use crate::domain::bar::{Candle, Ohlcv};
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::{ErrorInstance, ErrorKind, Severity};
use crate::domain::source::{BarOrigin, BarStamp};
use crate::domain::symbol::{Resolution, Symbol, SymbolId};
use crate::domain::time::{Timeframe, UnixMs};
use crate::domain::to_f64;

use super::files::{File, Format};
use super::frame::{Window, sample};
use super::lines::Lines;
use super::reader::{Failure, first_line, open_stream};
use super::recorded::{RecordedLines, trouble};
use super::{Lengths, ReplaySource};

/// About so much text is read at a time.
const CHUNK_BYTES: usize = 256 << 10;
/// Memory for trades that may yet be corrected.
const TRADE_BYTES_MAX: u64 = 256 << 20;

/// A bar of a file, as it is read for the time before the start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FileBar<'a> {
    /// Whose it is.
    pub symbol: &'a Symbol,
    /// How long it is.
    pub interval: Timeframe,
    /// The bar, by the start of its interval.
    pub bar: Candle,
}

/// Whoever wants the bars.
pub trait PastTaker {
    /// Takes a bar. They come file by file.
    fn take(&mut self, bar: FileBar<'_>);

    /// So much of all files has been read, 0 to 1.
    fn progress(&mut self, share: f64);
}

impl ReplaySource {
    /// Reads all bars of the files. What cannot be read is left out; there is at most one error for each file.
    pub fn read_past(&self, taker: &mut dyn PastTaker) -> Vec<ErrorInstance> {
        let mut errors = self.warnings.clone();
        let all: u64 = self.files.iter().map(|file| file.bytes).sum();
        let mut before = 0;
        for file in &self.files {
            let mut reading = Reading::new(self, file);
            let place = Place { before, all };
            let failed = reading.read(file, taker, &place).err();
            errors.extend(failed.map(|failure| Reading::failure(file, failure)));
            errors.extend(reading.first_trouble());
            before += file.bytes;
        }
        errors
    }
}

/// Where a file stands among all.
struct Place {
    before: u64,
    all: u64,
}

impl Place {
    fn share(&self, read: u64) -> f64 {
        (self.before + read) as f64 / self.all.max(1) as f64
    }
}

/// One file being read.
struct Reading<'a> {
    source: &'a ReplaySource,
    window: Window,
    interval: Timeframe,
    symbols: Vec<Symbol>,
    ids: FxHashMap<Symbol, SymbolId>,
    /// Where the bars are built from trades: by symbol, and the memory for them.
    builders: FxHashMap<SymbolId, TradeBars>,
    budget: Arc<HistoryBudget>,
    /// The first thing that was wrong, and how many there were.
    trouble: Option<ErrorInstance>,
    troubles: u64,
}

impl<'a> Reading<'a> {
    fn new(source: &'a ReplaySource, file: &File) -> Self {
        let interval = match &file.recording {
            Some(recording) => recording.products().interval,
            None => source.info.products.interval,
        };
        Self {
            source,
            window: Window {
                start: source.settings.start,
                end: source.settings.end,
                stamp: source.settings.bar_stamp,
            },
            interval,
            symbols: Vec::new(),
            ids: FxHashMap::default(),
            builders: FxHashMap::default(),
            budget: Arc::new(HistoryBudget::new(TRADE_BYTES_MAX)),
            trouble: None,
            troubles: 0,
        }
    }

    fn read(
        &mut self,
        file: &File,
        taker: &mut dyn PastTaker,
        place: &Place,
    ) -> Result<(), Failure> {
        let Some(mut lines) = self.lines_of(file)? else {
            return Ok(());
        };
        let layout = lines.layout().cloned().map(Box::new);
        let mut stream = open_stream(file, layout);
        let mut events = Vec::new();
        let mut spare = Vec::new();
        let mut failed = None;
        loop {
            let mut chunk = stream.next(spare, CHUNK_BYTES);
            let mut number = chunk.first_line;
            for line in chunk.text.split(|&byte| byte == b'\n') {
                if !line.trim_ascii().is_empty() {
                    let decoded = self.decode(&mut lines, line, &mut events);
                    let timeframe = decoded.unwrap_or_else(|trouble| {
                        self.note(*trouble, file, number, line);
                        None
                    });
                    let interval = timeframe.or(file.interval).unwrap_or(self.interval);
                    for event in events.drain(..) {
                        self.take(&event, file, interval, taker);
                    }
                }
                number = if chunk.backwards {
                    number.saturating_sub(1)
                } else {
                    number + 1
                };
            }
            taker.progress(place.share(chunk.to));
            failed = failed.or(chunk.failure.take());
            if chunk.last {
                self.finish(file, taker);
                return failed.map_or(Ok(()), Err);
            }
            spare = chunk.text;
        }
    }

    /// How the file's lines are read; `None` when it is empty.
    fn lines_of(&self, file: &File) -> Result<Option<Lines>, Failure> {
        Ok(Some(match file.format {
            Format::JsonLines => Lines::Json,
            Format::Recording => match &file.recording {
                Some(recording) => Lines::Recorded(RecordedLines::new(recording.as_ref())),
                None => return Ok(None),
            },
            Format::Csv => {
                let header = first_line(file)?;
                if header.is_empty() {
                    return Ok(None);
                }
                let failure = |kind, message| Failure {
                    kind,
                    message,
                    severity: Severity::Error,
                };
                let layout = Layout::new(&header, self.source.settings.zone())
                    .map_err(|rejection| failure(rejection.kind, rejection.reason))?;
                if !layout.has_symbol() && Symbol::new(&file.symbol).is_err() {
                    let message =
                        "the file's name gives no symbol; rename it, or give it a column 'symbol'";
                    return Err(failure(ErrorKind::SchemaError, message.to_owned()));
                }
                Lines::Csv {
                    layout: Box::new(layout),
                    symbol: file.symbol.clone(),
                }
            }
        }))
    }

    fn decode(
        &mut self,
        lines: &mut Lines,
        line: &[u8],
        events: &mut Vec<Event>,
    ) -> Result<Option<Timeframe>, Box<ErrorInstance>> {
        let (ids, symbols) = (&mut self.ids, &mut self.symbols);
        let resolve = |text: &str| match Symbol::new(text) {
            Ok(symbol) => id_of(ids, symbols, symbol),
            Err(error) => Resolution::Invalid(error),
        };
        let mut troubles = Vec::new();
        let held = lines
            .decode(line, events, &mut troubles, resolve)
            .map_err(|rejection| Box::new(trouble(rejection)))?;
        match troubles.into_iter().next() {
            // What the player of a recording has to say is of no use to a history.
            Some(first) if !matches!(lines, Lines::Recorded(_)) => Err(Box::new(first)),
            _ => Ok(held.timeframe),
        }
    }

    /// Takes what there is of bars in an event.
    fn take(&mut self, event: &Event, file: &File, interval: Timeframe, taker: &mut dyn PastTaker) {
        if matches!(self.source.settings.lengths, Lengths::Only(only) if only != interval) {
            return;
        }
        let built = file.recording.as_ref().map(|of| of.products().bars);
        match (&event.payload, built) {
            (Payload::TimeAndSales(trade), Some(BarOrigin::Trades(rule))) => {
                let budget = &self.budget;
                let builder = self.builders.entry(event.symbol);
                let builder = builder.or_insert_with(|| TradeBars::new(rule, Arc::clone(budget)));
                let mut closed = Vec::new();
                builder.take(event.time, trade, &mut |bar| closed.push(bar));
                self.give_built(event.symbol, &closed, taker);
            }
            (_, Some(BarOrigin::Trades(_))) => {}
            (Payload::Ohlcv(bar), _) => {
                let Some(time) = event.time else { return };
                if !self.window.holds(time) {
                    return;
                }
                let start = match self.window.stamp {
                    BarStamp::Start => time,
                    BarStamp::End => interval.start_before(time, self.source.info.calendar),
                };
                self.give(event.symbol, interval, start, bar, taker);
            }
            _ => {}
        }
    }

    fn give_built(&self, id: SymbolId, built: &[BuiltBar], taker: &mut dyn PastTaker) {
        for bar in built.iter().filter(|bar| bar.is_closed) {
            self.give(id, self.interval, bar.start, &bar.bar, taker);
        }
    }

    /// The end of a file: bars that are still growing are given as they are.
    fn finish(&mut self, file: &File, taker: &mut dyn PastTaker) {
        tracing::debug!(file = file.name, symbols = self.symbols.len(), "read");
        for (id, builder) in std::mem::take(&mut self.builders) {
            for open in builder.open_bars() {
                self.give(id, self.interval, open.start, &open.bar, taker);
            }
        }
    }

    fn give(
        &self,
        id: SymbolId,
        interval: Timeframe,
        start: UnixMs,
        bar: &Ohlcv,
        taker: &mut dyn PastTaker,
    ) {
        let Some(symbol) = self.symbols.get(id.index()) else {
            return;
        };
        let (Some(open), Some(high), Some(low), Some(close)) =
            (bar.open, bar.high, bar.low, bar.close)
        else {
            return;
        };
        taker.take(FileBar {
            symbol,
            interval,
            bar: Candle {
                start,
                open: to_f64(open),
                high: to_f64(high),
                low: to_f64(low),
                close: to_f64(close),
                volume: bar.volume.map_or(f64::NAN, to_f64),
            },
        });
    }

    fn note(&mut self, trouble: ErrorInstance, file: &File, number: u64, line: &[u8]) {
        self.troubles += 1;
        if self.trouble.is_none() {
            self.trouble = Some(ErrorInstance {
                location: Some(format!("{}:{number}", file.name)),
                sample: Some(sample(line)),
                ..trouble
            });
        }
    }

    /// What was wrong with lines of the file.
    fn first_trouble(&mut self) -> Option<ErrorInstance> {
        let mut trouble = self.trouble.take()?;
        if self.troubles > 1 {
            let more = self.troubles - 1;
            trouble.message = format!("{} (and {more} more lines of this file)", trouble.message);
        }
        Some(trouble)
    }

    fn failure(file: &File, failure: Failure) -> ErrorInstance {
        let mut error = ErrorInstance::new(failure.kind, failure.message);
        error.severity = failure.severity;
        error.location = Some(file.name.clone());
        error
    }
}

/// The number of a symbol within a file.
fn id_of(
    ids: &mut FxHashMap<Symbol, SymbolId>,
    symbols: &mut Vec<Symbol>,
    symbol: Symbol,
) -> Resolution {
    if let Some(&id) = ids.get(&symbol) {
        return Resolution::Subscribed(id);
    }
    let Ok(number) = u32::try_from(symbols.len()) else {
        return Resolution::Full;
    };
    symbols.push(symbol.clone());
    ids.insert(symbol, SymbolId(number));
    Resolution::Subscribed(SymbolId(number))
}

#[cfg(test)]
mod tests;
