//! The tables of bars, with the indicators that are wanted.

use std::sync::Arc;

use chrono_tz::Tz;
use polars::prelude::{
    ChunkFull, Column, DataFrame, Float64Chunked, IntoColumn, NewChunkedArray, PolarsResult,
    StringChunked,
};

use crate::compute::history::ValueColumns;
use crate::compute::history::columns::{BarColumns, Chunk, Part};
use crate::compute::indicator::{Bank, ColumnOfValues, IndicatorSet};
use crate::compute::resample::SessionFinder;
use crate::domain::bar::{Candle, add_volumes};
use crate::domain::indicator::IndicatorSpec;
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};

use super::Cancel;
use super::message::QueryError;
use super::statement::Wanted;
use super::tables::{SymbolData, Tables, column, date, datetime};
use crate::compute::history::frame::frame as frame_of;

/// A bar, the start of its trading day, and when it is over: not before its interval, nor before the last minute in it.
#[derive(Debug, Clone, Copy)]
struct Step {
    candle: Candle,
    session_start: UnixMs,
    closed_at: UnixMs,
}

/// The bars of every symbol; `timeframe` is that of longer ones.
pub(super) fn frame(
    tables: &Tables,
    timeframe: Option<Timeframe>,
    wanted: &Wanted,
    cancel: &Cancel,
) -> Result<DataFrame, QueryError> {
    let names: Vec<String> = tables
        .indicator_names()
        .into_iter()
        .filter(|name| wanted.has(name))
        .collect();
    let zone = tables.zone();
    let mut whole = of_symbol(None, timeframe, &names, zone).map_err(QueryError::of_engine)?;
    for symbol in &tables.symbols {
        cancel.check()?;
        // What has longer bars itself has none of this length.
        if symbol.bars.is_empty() || timeframe.is_some_and(|wanted| wanted < symbol.interval) {
            continue;
        }
        of_symbol(Some(symbol), timeframe, &names, zone)
            .and_then(|part| whole.vstack_mut_owned(part).map(drop))
            .map_err(QueryError::of_engine)?;
    }
    Ok(whole)
}

/// The bars of one symbol, or none at all.
fn of_symbol(
    symbol: Option<&SymbolData>,
    timeframe: Option<Timeframe>,
    names: &[String],
    zone: Tz,
) -> PolarsResult<DataFrame> {
    let timeframe = timeframe.filter(|wanted| symbol.is_none_or(|it| *wanted != it.interval));
    let own = match symbol {
        Some(symbol) if timeframe.is_some() || !names.is_empty() => steps_of(symbol),
        _ => Vec::new(),
    };
    let (bars, steps) = match (symbol, timeframe) {
        (None, _) => (BarColumns::default(), Vec::new()),
        (Some(symbol), None) => (symbol.bars.clone(), own.clone()),
        (Some(symbol), Some(timeframe)) => {
            let longer = longer(&own, timeframe, symbol);
            (columns_of(&longer), longer)
        }
    };
    let frame = frame_of(&bars)?;
    let rows = frame.height();
    let text = |name: &str, text: &str| StringChunked::full(name.into(), text, rows).into_column();
    let mut columns = vec![text("symbol", symbol.map_or("", |it| it.symbol.as_str()))];
    let unix_ts = frame.column("unix_ts")?;
    columns.extend([unix_ts.clone(), datetime(unix_ts, zone)?]);
    for name in ["open", "high", "low", "close", "volume"] {
        columns.push(frame.column(name)?.clone());
    }
    columns.push(text("source", symbol.map_or("", |it| it.source.as_str())));
    let calendar = symbol.map_or(SessionCalendar::default(), |it| it.calendar);
    columns.push(date(unix_ts, calendar)?);
    let mut values = match symbol {
        Some(symbol) if !names.is_empty() => indicators(symbol, names, &own, &steps),
        _ => Vec::new(),
    };
    for name in names {
        let at = values.iter().position(|(known, _)| known == name);
        let values = at.map(|at| values.swap_remove(at).1);
        columns.push(match values {
            Some(values) if values.len() == rows => numbers(name, values.into_iter()),
            _ => numbers(name, std::iter::repeat_n(None, rows)),
        });
    }
    DataFrame::new(rows, columns)
}

/// A column of numbers that may be missing.
pub(super) fn numbers(name: &str, values: impl ExactSizeIterator<Item = Option<f64>>) -> Column {
    if values.len() == 0 {
        return column(name, Vec::<f64>::new());
    }
    Float64Chunked::from_iter_options(name.into(), values).into_column()
}

/// A symbol's own bars.
fn steps_of(symbol: &SymbolData) -> Vec<Step> {
    let mut sessions = SessionFinder::new(symbol.calendar);
    let of_bar = |candle: Candle| {
        let session = sessions.session_of(candle.start);
        let end = match (symbol.interval, session) {
            (Timeframe::D1, Some(session)) => session.end,
            (interval, _) => candle.start.plus_ms(interval.ms()),
        };
        Step {
            candle,
            session_start: session.map_or(candle.start, |session| session.start),
            closed_at: end,
        }
    };
    symbol.bars.candles().map(of_bar).collect()
}

/// Longer bars out of a symbol's own, each within its trading day.
fn longer(own: &[Step], timeframe: Timeframe, symbol: &SymbolData) -> Vec<Step> {
    if timeframe == symbol.interval {
        return own.to_vec();
    }
    let mut sessions = SessionFinder::new(symbol.calendar);
    let mut all: Vec<Step> = Vec::new();
    for step in own {
        let Some(session) = sessions.session_of(step.candle.start) else {
            continue;
        };
        let (start, end) = timeframe.interval_of(step.candle.start, &session);
        match all.last_mut() {
            Some(open) if open.candle.start == start => {
                let (whole, minute) = (&mut open.candle, &step.candle);
                whole.high = whole.high.max(minute.high);
                whole.low = whole.low.min(minute.low);
                whole.close = minute.close;
                whole.volume = add_volumes(whole.volume, minute.volume);
                open.closed_at = open.closed_at.max(step.closed_at);
            }
            _ => all.push(Step {
                candle: Candle {
                    start,
                    ..step.candle
                },
                session_start: session.start,
                closed_at: end.max(step.closed_at),
            }),
        }
    }
    all
}

fn columns_of(steps: &[Step]) -> BarColumns {
    let of = |figure: fn(&Candle) -> f64| steps.iter().map(|step| figure(&step.candle)).collect();
    let chunk = Chunk {
        times: steps.iter().map(|step| step.candle.start.0).collect(),
        values: [
            of(|candle| candle.open),
            of(|candle| candle.high),
            of(|candle| candle.low),
            of(|candle| candle.close),
            of(|candle| candle.volume),
        ],
    };
    BarColumns::new(vec![Part::new(Arc::new(chunk), 0..steps.len())])
}

/// The values of these names in each of `rows`, as far as the symbol has such indicators.
fn indicators(
    symbol: &SymbolData,
    names: &[String],
    own: &[Step],
    rows: &[Step],
) -> Vec<(String, ColumnOfValues)> {
    let known = symbol.indicators.names();
    let specs: Vec<IndicatorSpec> = known
        .columns()
        .iter()
        .filter(|column| {
            let flat = known.flat().iter().skip(column.first);
            let mut flat = flat.take(column.outputs.len());
            flat.any(|name| names.contains(name))
        })
        .map(|column| column.spec.clone())
        .collect();
    // Each of them is one of a set that has been made before.
    let set = IndicatorSet::new(&specs).unwrap_or_default();
    let mut timeframes: Vec<Option<Timeframe>> = specs.iter().map(|spec| spec.timeframe).collect();
    timeframes.sort_unstable();
    timeframes.dedup();
    let mut found = at_close(symbol, own, rows);
    if !symbol.recent.is_empty() {
        found.extend(recent(symbol, rows));
        found.retain(|(name, _)| names.contains(name));
        return found;
    }
    for timeframe in timeframes {
        let mut bank = Bank::of_bars(&set, timeframe);
        let with_sessions = |steps: &[Step]| -> Vec<_> {
            steps
                .iter()
                .map(|it| (it.candle, it.session_start))
                .collect()
        };
        let columns = match timeframe {
            None => bank.columns(with_sessions(rows).into_iter()),
            Some(timeframe) if timeframe < symbol.interval => continue,
            Some(timeframe) => {
                let bars = longer(own, timeframe, symbol);
                let columns = bank.columns(with_sessions(&bars).into_iter());
                columns
                    .into_iter()
                    .map(|values| as_of(&values, &bars, rows))
                    .collect()
            }
        };
        let flat = set.names().flat().iter().cloned();
        let of_bank = flat.zip(columns);
        found.extend(of_bank.filter(|(_, values)| values.len() == rows.len()));
    }
    found
}

/// The values of the indicators on trades, quotes and books, as far as they have been kept: in each of `rows` what they were
/// when the last of its bars closed.
fn at_close(symbol: &SymbolData, own: &[Step], rows: &[Step]) -> Vec<(String, ColumnOfValues)> {
    let names = symbol.indicators.names().flat();
    let places = Bank::of_ticks(&symbol.indicators);
    let places = places.places().filter_map(|place| names.get(place));
    let of_own = |kept: &ValueColumns| -> ColumnOfValues {
        let parts = kept.parts().iter();
        let mut kept = parts
            .flat_map(|part| part.times().iter().zip(part.column(0)))
            .peekable();
        own.iter()
            .map(|step| {
                while kept
                    .next_if(|(time, _)| **time < step.candle.start.0)
                    .is_some()
                {}
                let (_, value) = kept.next_if(|(time, _)| **time == step.candle.start.0)?;
                Some(*value).filter(|value| value.is_finite())
            })
            .collect()
    };
    let columns = places.zip(&symbol.at_close);
    columns
        .map(|(name, kept)| (name.clone(), as_of(&of_own(kept), own, rows)))
        .collect()
}

/// The values of the indicators on bars, as they have been kept.
fn recent(symbol: &SymbolData, rows: &[Step]) -> Vec<(String, ColumnOfValues)> {
    let names = symbol.indicators.names().flat();
    let mut found = Vec::new();
    for (timeframe, kept) in &symbol.recent {
        let mut sessions = SessionFinder::new(symbol.calendar);
        // A longer bar counts from its end on, one of the symbol's own with its own row.
        let mut is_seen = |start: UnixMs, row: &Step| match timeframe {
            None => start <= row.candle.start,
            Some(timeframe) => sessions
                .session_of(start)
                .is_some_and(|session| timeframe.interval_of(start, &session).1 <= row.closed_at),
        };
        let mut columns = vec![ColumnOfValues::new(); kept.places().len()];
        let mut kept_rows = kept.rows().peekable();
        let mut last: &[f64] = &[];
        for row in rows {
            while let Some((_, values)) = kept_rows.next_if(|(start, _)| is_seen(*start, row)) {
                last = values;
            }
            for (at, column) in columns.iter_mut().enumerate() {
                column.push(last.get(at).copied().filter(|value| value.is_finite()));
            }
        }
        let of_kept = kept.places().iter().zip(columns);
        found.extend(
            of_kept.filter_map(|(place, column)| Some((names.get(*place)?.clone(), column))),
        );
    }
    found
}

/// For each row the value of the last bar that had closed when the row's did; empty where there are no values at all.
fn as_of(values: &[Option<f64>], bars: &[Step], rows: &[Step]) -> ColumnOfValues {
    if values.len() != bars.len() {
        return ColumnOfValues::new();
    }
    let mut closed = 0;
    rows.iter()
        .map(|row| {
            while bars
                .get(closed)
                .is_some_and(|bar| bar.closed_at <= row.closed_at)
            {
                closed += 1;
            }
            values.get(closed.checked_sub(1)?).copied().flatten()
        })
        .collect()
}
