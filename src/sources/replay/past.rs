//! Bars of files, read at once, for the time before the start: nothing is played, and everything but bars is passed over.
//! Where a recording's bars are built from its trades, they are built here too.

use rustc_hash::FxHashMap;

use crate::compute::trade_bars::{BuiltBar, TradeBars};
use crate::decode::Rejection;
use crate::decode::csv::Layout;
use crate::decode::envelope::decode_line;
use crate::domain::bar::{Candle, Ohlcv};
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::{ErrorInstance, ErrorKind, Severity};
use crate::domain::source::{BarOrigin, BarStamp};
use crate::domain::symbol::{Resolution, Symbol, SymbolId};
use crate::domain::time::{Timeframe, UnixMs};
use crate::domain::to_f64;

use super::ReplaySource;
use super::files::{File, Format};
use super::frame::{Window, sample};
use super::reader::{Failure, first_line, open_stream};
use super::recorded::{RecordedLines, trouble};

/// About so much text is read at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// A bar from before the start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PastBar<'a> {
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
    fn take(&mut self, bar: PastBar<'_>);

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

enum Lines {
    Json,
    Csv(Box<Layout>, SymbolId),
    Recorded(RecordedLines),
}

/// One file being read.
struct Reading<'a> {
    source: &'a ReplaySource,
    window: Window,
    interval: Timeframe,
    symbols: Vec<Symbol>,
    ids: FxHashMap<Symbol, SymbolId>,
    /// Where the bars are built from trades: by symbol.
    builders: FxHashMap<SymbolId, TradeBars>,
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
        let layout = match &lines {
            Lines::Csv(layout, _) => Some(layout.clone()),
            Lines::Json | Lines::Recorded(_) => None,
        };
        let mut stream = open_stream(file, layout);
        let mut events = Vec::new();
        let mut spare = Vec::new();
        loop {
            let mut chunk = stream.next(spare, CHUNK_BYTES);
            let mut number = chunk.first_line;
            for line in chunk.text.split(|&byte| byte == b'\n') {
                if !line.trim_ascii().is_empty() {
                    if let Err(rejection) = self.decode(&mut lines, line, &mut events) {
                        self.note(trouble(rejection), file, number, line);
                    }
                    for event in events.drain(..) {
                        self.take(&event, file, taker);
                    }
                }
                number = if chunk.backwards {
                    number.saturating_sub(1)
                } else {
                    number + 1
                };
            }
            taker.progress(place.share(chunk.to));
            if let Some(failure) = chunk.failure.take() {
                self.finish(file, taker);
                return Err(failure);
            }
            if chunk.last {
                self.finish(file, taker);
                return Ok(());
            }
            spare = chunk.text;
        }
    }

    /// How the file's lines are read; `None` when it is empty.
    fn lines_of(&mut self, file: &File) -> Result<Option<Lines>, Failure> {
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
                let named = self.id_of(&file.symbol);
                let symbol = match named {
                    Some(id) => id,
                    // It is not asked for.
                    None if layout.has_symbol() => SymbolId(u32::MAX),
                    None => {
                        let message = "the file's name gives no symbol; rename it, or give it a column 'symbol'";
                        return Err(failure(ErrorKind::SchemaError, message.to_owned()));
                    }
                };
                Lines::Csv(Box::new(layout), symbol)
            }
        }))
    }

    fn id_of(&mut self, text: &str) -> Option<SymbolId> {
        id_of(&mut self.ids, &mut self.symbols, text)
    }

    fn decode(
        &mut self,
        lines: &mut Lines,
        line: &[u8],
        events: &mut Vec<Event>,
    ) -> Result<(), Rejection> {
        let (ids, symbols) = (&mut self.ids, &mut self.symbols);
        let mut resolve = |text: &str| match id_of(ids, symbols, text) {
            Some(id) => Resolution::Subscribed(id),
            None => Resolution::Ignored,
        };
        match lines {
            Lines::Json => {
                let line = decode_line(line, events, &mut resolve)?;
                match line.rejections.into_iter().next() {
                    Some(rejection) => Err(rejection),
                    None => Ok(()),
                }
            }
            Lines::Recorded(lines) => {
                // What the player of a recording has to say is of no use to a history.
                let mut troubles = Vec::new();
                lines.take(line, events, &mut troubles, resolve)?;
                Ok(())
            }
            Lines::Csv(layout, symbol) => {
                let Some(row) = layout.row(line)? else {
                    return Ok(());
                };
                let symbol = match &row.symbol {
                    Some(text) => match resolve(text) {
                        Resolution::Subscribed(id) => id,
                        _ => return Err(Rejection::schema(format!("{text:?} is no symbol"))),
                    },
                    None => *symbol,
                };
                events.push(Event {
                    symbol,
                    time: row.time,
                    payload: Payload::Ohlcv(row.bar),
                });
                Ok(())
            }
        }
    }

    /// Takes what there is of bars in an event.
    fn take(&mut self, event: &Event, file: &File, taker: &mut dyn PastTaker) {
        let built = file.recording.as_ref().map(|of| of.products().bars);
        match (&event.payload, built) {
            (Payload::TimeAndSales(trade), Some(BarOrigin::Trades(rule))) => {
                let builder = self.builders.entry(event.symbol);
                let mut closed = Vec::new();
                builder.or_insert_with(|| TradeBars::new(rule)).take(
                    event.time,
                    trade,
                    &mut |bar| closed.push(bar),
                );
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
                    BarStamp::End => time.plus_ms(-self.interval.ms()),
                };
                self.give(event.symbol, start, bar, taker);
            }
            _ => {}
        }
    }

    fn give_built(&self, id: SymbolId, built: &[BuiltBar], taker: &mut dyn PastTaker) {
        for bar in built.iter().filter(|bar| bar.is_closed) {
            self.give(id, bar.start, &bar.bar, taker);
        }
    }

    /// The end of a file: bars that are still growing are given as they are.
    fn finish(&mut self, file: &File, taker: &mut dyn PastTaker) {
        tracing::debug!(file = file.name, symbols = self.symbols.len(), "read");
        for (id, builder) in std::mem::take(&mut self.builders) {
            for open in builder.open_bars() {
                self.give(id, open.start, &open.bar, taker);
            }
        }
    }

    fn give(&self, id: SymbolId, start: UnixMs, bar: &Ohlcv, taker: &mut dyn PastTaker) {
        let Some(symbol) = self.symbols.get(id.index()) else {
            return;
        };
        let (Some(open), Some(high), Some(low), Some(close)) =
            (bar.open, bar.high, bar.low, bar.close)
        else {
            return;
        };
        taker.take(PastBar {
            symbol,
            interval: self.interval,
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

/// The number of a symbol within a file; `None` when the text is none.
fn id_of(
    ids: &mut FxHashMap<Symbol, SymbolId>,
    symbols: &mut Vec<Symbol>,
    text: &str,
) -> Option<SymbolId> {
    if let Some(&id) = ids.get(text) {
        return Some(id);
    }
    let symbol = Symbol::new(text).ok()?;
    let id = SymbolId(u32::try_from(symbols.len()).ok()?);
    symbols.push(symbol.clone());
    ids.insert(symbol, id);
    Some(id)
}

#[cfg(test)]
mod tests;
