//! `:export`: bars that are kept, to a file, beside the stream.

use std::thread;

use chrono_tz::{America::New_York, Tz};
use crossbeam_channel::Sender;

use crate::compute::indicator::{Bank, IndicatorSet};
use crate::compute::resample::{SessionFinder, candles};
use crate::domain::event::ServiceSet;
use crate::domain::time::{SessionCalendar, Timeframe};
use crate::pipeline::Command;
use crate::pipeline::export::{ExportOrder, Exporter};
use crate::pipeline::histories::SymbolHistory;
use crate::sinks::files::{FilesReport, FilesSettings, PART_ROWS, SymbolBars, write_bars};

use super::AppError;
use super::export::target_of;

/// Writes files on threads of their own.
#[derive(Debug)]
pub(super) struct FileExporter;

impl Exporter for FileExporter {
    fn export(&self, order: ExportOrder, histories: Vec<SymbolHistory>, reply: Sender<Command>) {
        let tell = |text: String, is_error| {
            // An engine that has gone needs no word.
            drop(reply.send(Command::Tell(text, is_error)));
        };
        let on_thread = reply.clone();
        let started = thread::Builder::new()
            .name("export".to_owned())
            .spawn(move || {
                let path = order.path.display().to_string();
                let (text, is_error) = match write(&order, &histories) {
                    Ok(FilesReport { files, .. }) if files.is_empty() => {
                        ("there are no bars to export".to_owned(), true)
                    }
                    Ok(FilesReport { rows, .. }) => {
                        (format!("{rows} bars written to {path}"), false)
                    }
                    Err(error) => (error.to_string().replace("--force", ":export!"), true),
                };
                drop(on_thread.send(Command::Tell(text, is_error)));
            });
        if let Err(error) = started {
            tell(format!("nothing can be exported: {error}"), true);
        }
    }
}

fn write(order: &ExportOrder, histories: &[SymbolHistory]) -> Result<FilesReport, AppError> {
    let (target, format) = target_of(&order.path, None, order.overwrite)?;
    let is_wanted = |history: &&SymbolHistory| {
        order.symbols.is_empty()
            || order.symbols.iter().any(|spec| {
                let source = spec.source.as_ref();
                spec.symbol == history.symbol && source.is_none_or(|name| *name == history.source)
            })
    };
    let wanted: Vec<&SymbolHistory> = histories.iter().filter(is_wanted).collect();
    let is_new_york = |history: &&SymbolHistory| history.calendar == SessionCalendar::UsEquities;
    let mut indicators: Vec<String> = Vec::new();
    for name in wanted
        .iter()
        .flat_map(|history| history.indicators.names().flat())
    {
        if !indicators.contains(name) {
            indicators.push(name.clone());
        }
    }
    let settings = FilesSettings {
        target,
        format,
        services: ServiceSet::ALL,
        timeframes: Vec::new(),
        from: None,
        until: None,
        indicators,
        zone: if wanted.iter().all(is_new_york) {
            New_York
        } else {
            Tz::UTC
        },
        overwrite: order.overwrite,
        part_rows: PART_ROWS,
        part_age: std::time::Duration::MAX,
    };
    let timeframe = order.timeframe.unwrap_or_else(|| {
        let mut intervals = wanted.iter().map(|history| history.interval);
        intervals.next().unwrap_or(Timeframe::M1)
    });
    let symbols = wanted.iter().map(|history| SymbolBars {
        symbol: &history.symbol,
        source: &history.source,
        bars: rows_of(history, timeframe, &settings.indicators),
    });
    Ok(write_bars(&settings, timeframe, symbols)?)
}

/// A symbol's bars, each with the values that the table has columns for.
fn rows_of(
    history: &SymbolHistory,
    timeframe: Timeframe,
    columns: &[String],
) -> Vec<(crate::domain::bar::Candle, Vec<Option<f64>>)> {
    let mut sessions = SessionFinder::new(history.calendar);
    let bars = candles(history.bars.candles(), timeframe, &mut sessions);
    let values = values_of(&history.indicators, &bars, &mut sessions);
    let names = history.indicators.names().flat();
    let places: Vec<Option<usize>> = columns
        .iter()
        .map(|column| names.iter().position(|name| name == column))
        .collect();
    let value = |place: &Option<usize>, row: usize| {
        place.and_then(|place| values[place].get(row).copied().flatten())
    };
    bars.into_iter()
        .enumerate()
        .map(|(row, bar)| (bar, places.iter().map(|place| value(place, row)).collect()))
        .collect()
}

/// The indicators along bars; those of another timeframe have no column here.
fn values_of(
    set: &IndicatorSet,
    bars: &[crate::domain::bar::Candle],
    sessions: &mut SessionFinder,
) -> Vec<Vec<Option<f64>>> {
    let with_session = bars.iter().map(|bar| {
        let session = sessions.session_of(bar.start);
        (*bar, session.map_or(bar.start, |session| session.start))
    });
    Bank::of_bars(set, None).columns(with_session)
}
