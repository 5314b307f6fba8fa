//! Rows of one kind as columns, in chunks that are shared.

mod trades;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::domain::bar::Candle;
use crate::domain::time::UnixMs;

pub use trades::{TradeRow, TradeRows};

/// Open, high, low, close, volume. NaN stands for a volume that is not known.
pub type BarColumns = Columns<5>;
/// Bid, bid size, ask, ask size, last, last size, volume of the session. NaN stands for what is not known.
pub type QuoteColumns = Columns<7>;

/// So many rows: their times, and `N` numbers of each.
#[derive(Debug, PartialEq)]
pub struct Chunk<const N: usize> {
    /// In milliseconds since 1970; those of bars ascending, those of quotes in the order of arrival.
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

impl<const N: usize> Clone for Chunk<N> {
    /// The copy has room for as many rows.
    fn clone(&self) -> Self {
        let mut copy = Self::with_capacity(self.times.capacity());
        copy.times.extend_from_slice(&self.times);
        for (to, from) in copy.values.iter_mut().zip(&self.values) {
            to.extend_from_slice(from);
        }
        copy
    }
}

impl<const N: usize> Chunk<N> {
    /// An empty one with room for so many rows.
    #[must_use]
    pub fn with_capacity(rows: usize) -> Self {
        Self {
            times: Vec::with_capacity(rows),
            values: std::array::from_fn(|_| Vec::with_capacity(rows)),
        }
    }

    /// Bytes of memory that a chunk with room for so many rows takes.
    #[must_use]
    pub const fn bytes(rows: usize) -> u64 {
        // With the two counters of the `Arc` that it is in.
        let head = size_of::<Self>() + 2 * size_of::<usize>();
        (head + rows * (N + 1) * size_of::<f64>()) as u64
    }

    /// The numbers of a row; NaN where there is no such row.
    #[must_use]
    pub fn row(&self, at: usize) -> [f64; N] {
        std::array::from_fn(|column| self.values[column].get(at).copied().unwrap_or(f64::NAN))
    }

    pub(super) fn extend(&mut self, rows: &[(i64, [f64; N])]) {
        self.times.extend(rows.iter().map(|(time, _)| time));
        for (at, column) in self.values.iter_mut().enumerate() {
            column.extend(rows.iter().map(|(_, row)| row[at]));
        }
    }

    pub(super) fn insert(&mut self, at: usize, time: i64, row: [f64; N]) {
        self.times.insert(at, time);
        for (column, value) in self.values.iter_mut().zip(row) {
            column.insert(at, value);
        }
    }

    pub(super) fn replace(&mut self, at: usize, row: [f64; N]) {
        for (column, value) in self.values.iter_mut().zip(row) {
            column[at] = value;
        }
    }

    pub(super) fn remove(&mut self, at: usize) {
        self.times.remove(at);
        for column in &mut self.values {
            column.remove(at);
        }
    }

    pub(super) fn drop_first(&mut self, rows: usize) {
        self.times.drain(..rows);
        for column in &mut self.values {
            column.drain(..rows);
        }
    }

    pub(super) fn reserve(&mut self, more: usize) {
        self.times.reserve_exact(more);
        for column in &mut self.values {
            column.reserve_exact(more);
        }
    }

    /// Takes the rows from `at` on out, into a chunk with as much room as this one has.
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        let mut rest = Self::with_capacity(self.times.capacity());
        rest.times.extend(self.times.drain(at..));
        for (to, from) in rest.values.iter_mut().zip(&mut self.values) {
            to.extend(from.drain(at..));
        }
        rest
    }

    pub(super) fn is_full(&self) -> bool {
        self.times.len() == self.times.capacity()
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
    /// Whether no number is missing for certain, so that nobody has to look.
    is_all_known: bool,
}

impl<const N: usize> Columns<N> {
    /// The rows of these parts, in order. The parts' times do not overlap.
    #[must_use]
    pub fn new(parts: Vec<Part<N>>) -> Self {
        Self {
            parts,
            is_all_known: false,
        }
    }

    /// The same, where no number is missing.
    #[must_use]
    pub(super) fn with_all_known(self) -> Self {
        Self {
            is_all_known: true,
            ..self
        }
    }

    /// Whether no number is missing for certain. If not, some may be NaN.
    #[must_use]
    pub fn is_all_known(&self) -> bool {
        self.is_all_known
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

    /// The rows up to a time, that time included.
    #[must_use]
    pub fn until(mut self, time: UnixMs) -> Self {
        while let Some(last) = self.parts.last_mut() {
            let keep = last.times().partition_point(|known| *known <= time.0);
            last.range.end = last.range.start + keep;
            if keep > 0 {
                break;
            }
            self.parts.pop();
        }
        self
    }

    /// The newest rows: `rows` of them, or all that there are.
    #[must_use]
    pub fn last(mut self, rows: usize) -> Self {
        let mut left = rows;
        let mut parts = Vec::new();
        while left > 0
            && let Some(mut part) = self.parts.pop()
        {
            let start = part.range.end.saturating_sub(left).max(part.range.start);
            part.range.start = start;
            left -= part.len();
            parts.push(part);
        }
        parts.reverse();
        Self { parts, ..self }
    }
}

impl BarColumns {
    /// The rows as candles, oldest first.
    #[must_use]
    pub fn candles(&self) -> Candles<'_> {
        Candles::new(Cow::Borrowed(&self.parts))
    }

    /// As [`Self::candles`], holding the rows itself.
    #[must_use]
    pub fn into_candles(self) -> Candles<'static> {
        Candles::new(Cow::Owned(self.parts))
    }
}

/// A place between two rows: of which part, and before which of its rows.
#[derive(Debug, Clone, Copy)]
struct Place {
    part: usize,
    row: usize,
}

/// The rows of columns of bars as candles.
#[derive(Debug, Clone)]
pub struct Candles<'a> {
    parts: Cow<'a, [Part<5>]>,
    front: Place,
    back: Place,
    left: usize,
}

impl<'a> Candles<'a> {
    fn new(parts: Cow<'a, [Part<5>]>) -> Self {
        Self {
            left: parts.iter().map(Part::len).sum(),
            front: Place { part: 0, row: 0 },
            back: Place {
                part: parts.len().saturating_sub(1),
                row: parts.last().map_or(0, Part::len),
            },
            parts,
        }
    }

    fn at(&self, place: Place) -> Option<Candle> {
        let part = self.parts.get(place.part)?;
        let at = part.range.start + place.row;
        let [open, high, low, close, volume] = part.chunk.row(at);
        Some(Candle {
            start: UnixMs(*part.chunk.times.get(at)?),
            open,
            high,
            low,
            close,
            volume,
        })
    }
}

impl Iterator for Candles<'_> {
    type Item = Candle;

    fn next(&mut self) -> Option<Candle> {
        self.nth(0)
    }

    fn nth(&mut self, skip: usize) -> Option<Candle> {
        if skip >= self.left {
            self.left = 0;
            return None;
        }
        self.left -= skip + 1;
        self.front.row += skip;
        while self.front.row >= self.parts.get(self.front.part)?.len() {
            self.front.row -= self.parts[self.front.part].len();
            self.front.part += 1;
        }
        let candle = self.at(self.front);
        self.front.row += 1;
        candle
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl DoubleEndedIterator for Candles<'_> {
    fn next_back(&mut self) -> Option<Candle> {
        self.left = self.left.checked_sub(1)?;
        while self.back.row == 0 {
            self.back.part = self.back.part.checked_sub(1)?;
            self.back.row = self.parts.get(self.back.part)?.len();
        }
        self.back.row -= 1;
        self.at(self.back)
    }
}

impl ExactSizeIterator for Candles<'_> {}
