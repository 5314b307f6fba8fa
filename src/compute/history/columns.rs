//! Rows of one kind as columns, in chunks that are shared.

use std::ops::Range;
use std::sync::Arc;

use crate::domain::bar::Candle;
use crate::domain::time::UnixMs;

/// Open, high, low, close, volume.
pub type BarColumns = Columns<5>;
/// Bid, bid size, ask, ask size, last, last size, volume of the session. NaN stands for what is not known.
pub type QuoteColumns = Columns<7>;

/// So many rows: their times, and `N` numbers of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk<const N: usize> {
    /// In milliseconds since 1970, ascending.
    pub times: Vec<i64>,
    /// Each as long as `times`.
    pub values: [Vec<f64>; N],
}

impl<const N: usize> Default for Chunk<N> {
    fn default() -> Self {
        Self {
            times: Vec::new(),
            values: std::array::from_fn(|_| Vec::new()),
        }
    }
}

/// A part of a chunk.
#[derive(Debug, Clone)]
pub struct Part<const N: usize> {
    chunk: Arc<Chunk<N>>,
    range: Range<usize>,
}

impl<const N: usize> Part<N> {
    /// The rows of `chunk` that are in `range`, as far as there are such.
    #[must_use]
    pub fn new(chunk: Arc<Chunk<N>>, range: Range<usize>) -> Self {
        let end = range.end.min(chunk.times.len());
        Self {
            range: range.start.min(end)..end,
            chunk,
        }
    }

    /// The chunk that it is a part of.
    #[must_use]
    pub fn chunk(&self) -> &Arc<Chunk<N>> {
        &self.chunk
    }

    /// Which rows of the chunk they are.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// The times, ascending.
    #[must_use]
    pub fn times(&self) -> &[i64] {
        &self.chunk.times[self.range.clone()]
    }

    /// One column of numbers; empty when there is none of this number.
    #[must_use]
    pub fn column(&self, column: usize) -> &[f64] {
        match self.chunk.values.get(column) {
            Some(values) => &values[self.range.clone()],
            None => &[],
        }
    }
}

/// A history at one moment: what is appended later is not in it. Making and copying it costs the number of chunks.
#[derive(Debug, Clone, Default)]
pub struct Columns<const N: usize> {
    parts: Vec<Part<N>>,
}

impl<const N: usize> Columns<N> {
    /// The rows of these parts, in order. The parts' times do not overlap.
    #[must_use]
    pub fn new(parts: Vec<Part<N>>) -> Self {
        Self { parts }
    }

    /// The parts, oldest first.
    #[must_use]
    pub fn parts(&self) -> &[Part<N>] {
        &self.parts
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(Part::len).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(Part::is_empty)
    }
}

impl BarColumns {
    /// The rows as candles, oldest first.
    pub fn candles(&self) -> impl Iterator<Item = Candle> + '_ {
        self.parts.iter().flat_map(|part| {
            let [open, high, low, close, volume] = &part.chunk.values;
            part.range().map(move |at| Candle {
                start: UnixMs(part.chunk.times[at]),
                open: open[at],
                high: high[at],
                low: low[at],
                close: close[at],
                volume: volume[at],
            })
        })
    }
}
