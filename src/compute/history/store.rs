//! Rows in chunks: the last chunk takes new rows, the others are shared with whoever has taken a snapshot.
//!
//! A chunk that a snapshot holds is never changed: whoever changes it makes a copy of that chunk first.

use std::collections::VecDeque;
use std::sync::Arc;

use super::budget::{Account, HistoryBudget, Keep};
use super::columns::{Chunk, Columns, Part};

/// Rows of a chunk: the first ones are small, so that many symbols with few rows take little.
const CHUNK_ROWS_MIN: usize = 16;
const CHUNK_ROWS_MAX: usize = 4096;
/// Of how many chunks a full history consists at least: the oldest chunk goes when all of its rows have gone.
const CHUNKS_OF_LIMIT: usize = 8;
const CHUNKS_OF_SHARE: u64 = 4;
/// Rows that a history has room for although the memory is used up: one without any would be of no use.
const FORCED_ROWS: usize = 4;

/// How many rows the chunk behind one of `last` rows has room for.
pub(super) fn next_chunk_rows(
    last: usize,
    rows_max: usize,
    row_bytes: u64,
    budget: &HistoryBudget,
) -> usize {
    let share = budget.share_bytes() / CHUNKS_OF_SHARE / row_bytes.max(1);
    let most = (rows_max / CHUNKS_OF_LIMIT)
        .min(usize::try_from(share).unwrap_or(CHUNK_ROWS_MAX))
        .clamp(CHUNK_ROWS_MIN, CHUNK_ROWS_MAX);
    last.saturating_mul(2).clamp(CHUNK_ROWS_MIN, most)
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Put<const N: usize> {
    Appended,
    Replaced([f64; N]),
    Late,
    TooOld,
}

/// Where a row is, or belongs.
#[derive(Debug, Clone, Copy)]
struct Place {
    chunk: usize,
    row: usize,
    is_there: bool,
}

/// Rows of one kind, oldest first, under a limit of rows and one of memory.
#[derive(Debug)]
pub(super) struct Store<const N: usize> {
    /// None is empty, except when it is the only one.
    chunks: VecDeque<Arc<Chunk<N>>>,
    /// Rows at the beginning of the first chunk that have gone.
    skip: usize,
    rows: usize,
    rows_max: usize,
    account: Account,
}

impl<const N: usize> Store<N> {
    pub(super) fn new(rows_max: usize, budget: Arc<HistoryBudget>, keep: Keep) -> Self {
        Self {
            chunks: VecDeque::new(),
            skip: 0,
            rows: 0,
            rows_max: rows_max.max(1),
            account: Account::new(budget, keep),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// The time of the oldest row and of the newest.
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        let oldest = self.chunks.front()?.times.get(self.skip)?;
        Some((*oldest, *self.chunks.back()?.times.last()?))
    }

    pub(super) fn newest(&self) -> Option<(i64, [f64; N])> {
        let chunk = self.chunks.back()?;
        let at = chunk.times.len().checked_sub(1)?;
        Some((chunk.times[at], chunk.row(at)))
    }

    /// Puts a row behind all others.
    pub(super) fn append(&mut self, time: i64, row: [f64; N]) {
        if self.rows >= self.rows_max {
            self.drop_oldest();
        }
        if self.chunks.back().is_none_or(|chunk| chunk.is_full()) {
            self.make_room();
        }
        if let Some(chunk) = self.chunks.back_mut() {
            Arc::make_mut(chunk).push(time, row);
            self.rows += 1;
        }
    }

    /// How much memory the next row behind all others asks for: mostly none.
    pub(super) fn bytes_wanted(&self) -> u64 {
        match self.chunks.back() {
            Some(chunk) if !chunk.is_full() => 0,
            _ => Chunk::<N>::bytes(self.next_rows()),
        }
    }

    fn next_rows(&self) -> usize {
        let last = self.chunks.back().map_or(0, |chunk| chunk.times.len());
        let row_bytes = Chunk::<N>::bytes(1) - Chunk::<N>::bytes(0);
        next_chunk_rows(last, self.rows_max, row_bytes, self.account.budget())
    }

    /// Room for one more row at the end: a new chunk if there is memory for it, at the expense of the oldest if not.
    fn make_room(&mut self) {
        let rows = self.next_rows();
        while !self.account.take(Chunk::<N>::bytes(rows)) {
            if self.drop_oldest_chunk().is_some() {
                continue;
            }
            let Some(only) = self.chunks.front_mut() else {
                self.account.take_anyway(Chunk::<N>::bytes(FORCED_ROWS));
                return self.open_chunk(FORCED_ROWS);
            };
            let gone = only.times.len().div_ceil(2).max(self.skip);
            Arc::make_mut(only).drop_first(gone);
            self.rows -= gone - self.skip;
            self.skip = 0;
            return;
        }
        self.open_chunk(rows);
    }

    fn open_chunk(&mut self, rows: usize) {
        self.chunks.push_back(Arc::new(Chunk::with_capacity(rows)));
    }

    /// The time of the oldest chunk, if that may go: a history keeps its newest chunk.
    pub(super) fn oldest_chunk(&self) -> Option<i64> {
        let (oldest, _) = self.span()?;
        (self.chunks.len() > 1).then_some(oldest)
    }

    /// Lets the oldest chunk go, unless it is the only one; the bytes that it took.
    pub(super) fn drop_oldest_chunk(&mut self) -> Option<u64> {
        if self.chunks.len() < 2 {
            return None;
        }
        let first = self.chunks.front()?;
        self.rows -= first.times.len() - self.skip;
        self.skip = 0;
        Some(self.drop_chunk(0))
    }

    fn drop_chunk(&mut self, at: usize) -> u64 {
        let Some(chunk) = self.chunks.remove(at) else {
            return 0;
        };
        if at == 0 {
            self.skip = 0;
        }
        let bytes = Chunk::<N>::bytes(chunk.times.capacity());
        self.account.give_back(bytes);
        bytes
    }

    /// Lets the oldest row go.
    pub(super) fn drop_oldest(&mut self) {
        if self.rows == 0 {
            return;
        }
        self.rows -= 1;
        self.skip += 1;
        self.tidy(0);
    }

    /// Lets the chunk at `at` go when nothing is left in it; the only one stays.
    fn tidy(&mut self, at: usize) {
        let gone = if at == 0 { self.skip } else { 0 };
        let Some(chunk) = self.chunks.get_mut(at) else {
            return;
        };
        if chunk.times.len() > gone {
            return;
        }
        if self.rows > 0 {
            self.drop_chunk(at);
            return;
        }
        let capacity = chunk.times.capacity();
        match Arc::get_mut(chunk) {
            Some(chunk) => chunk.drop_first(chunk.times.len()),
            None => *chunk = Arc::new(Chunk::with_capacity(capacity)),
        }
        self.skip = 0;
    }

    /// Where a time is, or belongs.
    fn find(&self, time: i64) -> Place {
        let is_before = |chunk: &Arc<Chunk<N>>| chunk.times.last().is_some_and(|last| *last < time);
        let at = self.chunks.partition_point(is_before);
        let Some(chunk) = self.chunks.get(at) else {
            return Place {
                chunk: at,
                row: 0,
                is_there: false,
            };
        };
        let row = chunk.times.partition_point(|known| *known < time);
        let row = if at == 0 { row.max(self.skip) } else { row };
        Place {
            chunk: at,
            row,
            is_there: chunk.times.get(row) == Some(&time),
        }
    }

    /// Puts a row where its time belongs. All rows have to have come in this way.
    pub(super) fn insert(&mut self, time: i64, row: [f64; N]) -> Put<N> {
        if self.span().is_none_or(|(_, newest)| newest < time) {
            self.append(time, row);
            return Put::Appended;
        }
        let place = self.find(time);
        if place.is_there
            && let Some(chunk) = self.chunks.get_mut(place.chunk)
        {
            let chunk = Arc::make_mut(chunk);
            let before = chunk.row(place.row);
            chunk.replace(place.row, row);
            return Put::Replaced(before);
        }
        if self.rows >= self.rows_max {
            if place.chunk == 0 && place.row == self.skip {
                return Put::TooOld;
            }
            self.drop_oldest();
        }
        self.insert_late(time, row)
    }

    fn insert_late(&mut self, time: i64, row: [f64; N]) -> Put<N> {
        loop {
            let mut place = self.find(time);
            if place.row == 0 && place.chunk > 0 {
                // Behind the chunk before: rows that come late, but in order, move no others.
                place.chunk -= 1;
                place.row = self.chunks[place.chunk].times.len();
            }
            if place.chunk == 0 && self.skip > 0 {
                place.row -= self.skip;
                Arc::make_mut(&mut self.chunks[0]).drop_first(self.skip);
                self.skip = 0;
            }
            if self.make_room_at(&mut place) {
                let chunk = Arc::make_mut(&mut self.chunks[place.chunk]);
                chunk.insert(place.row, time, row);
                self.rows += 1;
                return Put::Late;
            }
            // There is no memory. What is older than this goes, if there is such.
            if place.chunk > 0 {
                self.drop_oldest_chunk();
            } else if place.row == 0 || self.rows < 2 {
                return Put::TooOld;
            } else {
                self.drop_oldest();
            }
        }
    }

    /// Sees to it that the chunk at `place` has room for one more row, which may change the place.
    fn make_room_at(&mut self, place: &mut Place) -> bool {
        let chunk = &self.chunks[place.chunk];
        if !chunk.is_full() {
            return true;
        }
        let rows = chunk.times.len();
        if rows < CHUNK_ROWS_MAX {
            let more = rows.max(CHUNK_ROWS_MIN);
            if !self
                .account
                .take(Chunk::<N>::bytes(rows + more) - Chunk::<N>::bytes(rows))
            {
                return false;
            }
            Arc::make_mut(&mut self.chunks[place.chunk]).reserve(more);
        } else if place.row == rows || place.row == 0 {
            if !self.account.take(Chunk::<N>::bytes(CHUNK_ROWS_MIN)) {
                return false;
            }
            if place.row > 0 {
                place.chunk += 1;
            }
            place.row = 0;
            let new = Chunk::with_capacity(CHUNK_ROWS_MIN);
            self.chunks.insert(place.chunk, Arc::new(new));
        } else {
            if !self.account.take(Chunk::<N>::bytes(rows)) {
                return false;
            }
            let half = rows / 2;
            let rest = Arc::make_mut(&mut self.chunks[place.chunk]).split_off(half);
            self.chunks.insert(place.chunk + 1, Arc::new(rest));
            if place.row > half {
                place.chunk += 1;
                place.row -= half;
            }
        }
        true
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, time: i64) -> Option<[f64; N]> {
        let place = self.find(time);
        if !place.is_there {
            return None;
        }
        let chunk = Arc::make_mut(self.chunks.get_mut(place.chunk)?);
        let row = chunk.row(place.row);
        chunk.remove(place.row);
        self.rows -= 1;
        self.tidy(place.chunk);
        Some(row)
    }

    pub(super) fn clear(&mut self) {
        self.chunks = VecDeque::new();
        self.skip = 0;
        self.rows = 0;
        self.account.give_back_all();
    }

    /// All rows, at the cost of the number of chunks.
    pub(super) fn columns(&self) -> Columns<N> {
        self.columns_from(0, self.skip)
    }

    /// The rows of this time or later.
    pub(super) fn columns_since(&self, time: i64) -> Columns<N> {
        let place = self.find(time);
        self.columns_from(place.chunk, place.row)
    }

    fn columns_from(&self, first: usize, row: usize) -> Columns<N> {
        let parts = self.chunks.iter().skip(first).enumerate();
        let parts = parts.map(|(at, chunk)| {
            let from = if at == 0 { row } else { 0 };
            Part::new(Arc::clone(chunk), from..chunk.times.len())
        });
        Columns::new(parts.filter(|part| !part.is_empty()).collect())
    }

    /// What all chunks really take.
    #[cfg(test)]
    pub(super) fn measured_bytes(&self) -> u64 {
        let of_chunk = |chunk: &Arc<Chunk<N>>| {
            let columns = chunk.values.iter().map(Vec::capacity);
            let numbers = chunk.times.capacity() + columns.sum::<usize>();
            (size_of::<Chunk<N>>() + 2 * size_of::<usize>() + numbers * 8) as u64
        };
        self.chunks.iter().map(of_chunk).sum()
    }

    #[cfg(test)]
    pub(super) fn taken_bytes(&self) -> u64 {
        self.account.taken_bytes()
    }
}
