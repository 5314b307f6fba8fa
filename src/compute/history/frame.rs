//! Columns as Polars frames, without copying.
//!
//! A frame's columns point into the same chunks as the history. A chunk that a frame holds is never changed: the history
//! makes a copy of it first.

use std::sync::Arc;

use polars::prelude::{
    ChunkedArray, Column, CompatLevel, DataFrame, DataType, Float64Type, Int64Type, IntoColumn,
    IntoSeries, PlSmallStr, PolarsDataType, PolarsResult,
};
use polars_arrow::bitmap::Bitmap;
use polars_buffer::Buffer;

use crate::domain::quote::Level1;

use super::columns::{BarColumns, Chunk, Columns, Part, QuoteColumns};

/// The names of the columns of [`frame`], apart from the time.
pub const BAR_COLUMNS: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// The name of the column of times, in milliseconds since 1970.
pub const TIME_COLUMN: &str = "unix_ts";

type Times = <Int64Type as PolarsDataType>::Array;
type Numbers = <Float64Type as PolarsDataType>::Array;

/// The times of a chunk.
struct TimesOf<const N: usize>(Arc<Chunk<N>>);

impl<const N: usize> AsRef<[i64]> for TimesOf<N> {
    fn as_ref(&self) -> &[i64] {
        &self.0.times
    }
}

/// One column of numbers of a chunk.
struct NumbersOf<const N: usize> {
    chunk: Arc<Chunk<N>>,
    column: usize,
}

impl<const N: usize> AsRef<[f64]> for NumbersOf<N> {
    fn as_ref(&self) -> &[f64] {
        self.chunk
            .values
            .get(self.column)
            .map_or(&[], Vec::as_slice)
    }
}

/// The bars as a frame: `unix_ts` (Int64, milliseconds), `open`, `high`, `low`, `close`, `volume` (Float64). It costs the
/// number of chunks; where volumes are missing, which are null, it costs a look at each row.
///
/// # Errors
/// When Polars cannot make a frame of the columns.
pub fn frame(bars: &BarColumns) -> PolarsResult<DataFrame> {
    frame_of(bars, BAR_COLUMNS, true)
}

/// The quotes as a frame, in the order of arrival: `unix_ts` and [`Level1::NAMES`]. What is not known is NaN.
///
/// # Errors
/// When Polars cannot make a frame of the columns.
pub fn quote_frame(quotes: &QuoteColumns) -> PolarsResult<DataFrame> {
    frame_of(quotes, Level1::NAMES, false)
}

fn frame_of<const N: usize>(
    columns: &Columns<N>,
    names: [&str; N],
    has_nulls: bool,
) -> PolarsResult<DataFrame> {
    let has_nulls = has_nulls && !columns.is_all_known();
    let numbers = names
        .iter()
        .enumerate()
        .map(|(column, name)| numbers(columns, column, name, has_nulls));
    let all = std::iter::once(times(columns)).chain(numbers);
    DataFrame::new(columns.len(), all.collect::<PolarsResult<_>>()?)
}

/// The times as a column of the name [`TIME_COLUMN`].
///
/// # Errors
/// When Polars cannot make a column of them.
pub fn times<const N: usize>(columns: &Columns<N>) -> PolarsResult<Column> {
    let kind = DataType::Int64.to_arrow(CompatLevel::newest());
    let parts = columns.parts().iter().map(|part| {
        let buffer = Buffer::from_owner(TimesOf(Arc::clone(part.chunk())));
        Times::try_new(kind.clone(), sliced(buffer, part), None)
    });
    let parts = parts.collect::<PolarsResult<Vec<_>>>()?;
    if parts.is_empty() {
        // Polars panics on a column without any chunk.
        return Ok(Column::new_empty(TIME_COLUMN.into(), &DataType::Int64));
    }
    let name = PlSmallStr::from_static(TIME_COLUMN);
    let array = ChunkedArray::<Int64Type>::from_chunk_iter(name, parts);
    Ok(array.into_series().into_column())
}

/// One column of numbers, by its place; those that are NaN are null if that is wanted.
fn numbers<const N: usize>(
    columns: &Columns<N>,
    column: usize,
    name: &str,
    has_nulls: bool,
) -> PolarsResult<Column> {
    let kind = DataType::Float64.to_arrow(CompatLevel::newest());
    let parts = columns.parts().iter().map(|part| {
        let buffer = Buffer::from_owner(NumbersOf {
            chunk: Arc::clone(part.chunk()),
            column,
        });
        let known = has_nulls.then(|| known(part.column(column))).flatten();
        Numbers::try_new(kind.clone(), sliced(buffer, part), known)
    });
    let parts = parts.collect::<PolarsResult<Vec<_>>>()?;
    if parts.is_empty() {
        return Ok(Column::new_empty(name.into(), &DataType::Float64));
    }
    let array = ChunkedArray::<Float64Type>::from_chunk_iter(PlSmallStr::from_str(name), parts);
    Ok(array.into_series().into_column())
}

/// Which of these are numbers; `None` when all are.
fn known(numbers: &[f64]) -> Option<Bitmap> {
    let is_any_missing = numbers.iter().any(|number| number.is_nan());
    is_any_missing.then(|| numbers.iter().map(|number| !number.is_nan()).collect())
}

/// The part's rows of the whole chunk's.
fn sliced<T, const N: usize>(buffer: Buffer<T>, part: &Part<N>) -> Buffer<T> {
    let range = part.range();
    if range.end <= buffer.len() {
        buffer.sliced(range)
    } else {
        buffer
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use polars::prelude::ChunkAgg as _;

    use crate::compute::history::{BarHistory, HistoryBudget, QuoteHistory};
    use crate::domain::bar::Candle;
    use crate::domain::quote::Level1;
    use crate::domain::time::UnixMs;

    use super::*;

    fn history(bars: i64) -> BarHistory {
        let mut history = BarHistory::new(20_000, Arc::new(HistoryBudget::new(u64::MAX)));
        for minute in 0..bars {
            history.insert(bar(minute));
        }
        history
    }

    fn bar(minute: i64) -> Candle {
        let open = minute as f64;
        Candle {
            start: UnixMs(minute * 60_000),
            open,
            high: open + 2.0,
            low: open - 1.0,
            close: open + 1.0,
            volume: open * 10.0,
        }
    }

    #[test]
    fn a_frame_has_every_bar_and_stays_as_it_is() {
        let mut history = history(50_000);
        let frame = frame(&history.columns()).unwrap();
        assert_eq!(frame.shape(), (20_000, 6));
        let before: Vec<Candle> = history.iter().collect();
        history.insert(Candle {
            close: -1.0,
            ..bar(49_999)
        });
        history.remove(UnixMs(45_000 * 60_000)).unwrap();
        history.insert(bar(50_000));
        let times = frame.column(TIME_COLUMN).unwrap().i64().unwrap();
        assert!(times.iter().eq(before.iter().map(|bar| Some(bar.start.0))));
        let of = |name: &str| -> Vec<f64> {
            let column = frame.column(name).unwrap().f64().unwrap();
            column.iter().map(Option::unwrap).collect()
        };
        let expected = |figure: fn(&Candle) -> f64| before.iter().map(figure).collect::<Vec<_>>();
        assert_eq!(of("open"), expected(|bar| bar.open));
        assert_eq!(of("high"), expected(|bar| bar.high));
        assert_eq!(of("low"), expected(|bar| bar.low));
        assert_eq!(of("close"), expected(|bar| bar.close));
        assert_eq!(of("volume"), expected(|bar| bar.volume));
    }

    #[test]
    fn a_frames_columns_point_into_the_history() {
        let history = history(10_000);
        let columns = history.columns();
        let frame = frame(&columns).unwrap();
        let close = frame.column("close").unwrap().f64().unwrap();
        let times = frame.column(TIME_COLUMN).unwrap().i64().unwrap();
        assert_eq!(close.chunks().len(), columns.parts().len());
        let arrays = close.downcast_iter().zip(times.downcast_iter());
        for ((close, times), part) in arrays.zip(columns.parts()) {
            assert_eq!(close.values().as_ptr(), part.column(3).as_ptr());
            assert_eq!(times.values().as_ptr(), part.times().as_ptr());
            assert_eq!(close.values().len(), part.len());
        }
    }

    #[test]
    fn a_volume_that_is_not_known_is_null() {
        let mut history = history(100);
        let unknown = [3, 40, 99];
        assert!(history.columns().is_all_known());
        for minute in unknown {
            history.insert(Candle {
                volume: f64::NAN,
                ..bar(minute)
            });
        }
        let frame = frame(&history.columns()).unwrap();
        let volume = frame.column("volume").unwrap().f64().unwrap();
        assert_eq!(volume.null_count(), 3);
        assert_eq!((volume.get(3), volume.get(4)), (None, Some(40.0)));
        let sum: f64 = (0..100)
            .filter(|minute| !unknown.contains(minute))
            .map(|minute| bar(minute).volume)
            .sum();
        assert_eq!(volume.sum(), Some(sum));
        let close = frame.column("close").unwrap().f64().unwrap();
        assert_eq!(close.null_count(), 0);
    }

    #[test]
    fn nothing_and_quotes_are_frames_too() {
        let empty = frame(&BarColumns::default()).unwrap();
        assert_eq!(empty.shape(), (0, 6));
        let mut quotes = QuoteHistory::new(10, Arc::new(HistoryBudget::new(u64::MAX)));
        for n in 0..15 {
            let quote = Level1 {
                ask: Some(n.into()),
                ..Level1::default()
            };
            quotes.push(UnixMs(n), &quote);
        }
        let frame = quote_frame(&quotes.columns()).unwrap();
        assert_eq!(frame.shape(), (10, 8));
        let ask = frame.column("ask").unwrap().f64().unwrap();
        assert_eq!((ask.get(0), ask.get(9)), (Some(5.0), Some(14.0)));
        assert!(
            frame
                .column("bid")
                .unwrap()
                .f64()
                .unwrap()
                .get(0)
                .unwrap()
                .is_nan()
        );
    }
}
