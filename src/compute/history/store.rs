//! Rows in chunks: the last chunk takes new rows, the others are shared with whoever has taken a snapshot.
//!
//! A chunk that a snapshot holds is never changed: whoever changes it makes a copy of that chunk first.
//!
//! New rows wait side by side until there are [`WAITING_ROWS`] of them: among many symbols each column of a chunk is a place
//! that no cache holds, and this way a row is written to one such place and not to one for each column.

mod late;

use std::collections::VecDeque;
use std::sync::Arc;

use super::budget::{Account, HistoryBudget, Keep};
use super::columns::{Chunk, Columns, Part};

/// Rows of a chunk: the first ones are small, so that many symbols with few rows take little.
const CHUNK_ROWS_MIN: usize = 16;
const CHUNK_ROWS_MAX: usize = 4096;
/// Rows that wait for their chunk: as many as share a line of the cache in a column.
const WAITING_ROWS: usize = 8;
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
    /// The newest rows, for which the last chunk has room. That is empty only when they are all there are.
    waiting: Vec<(i64, [f64; N])>,
    /// Rows beyond those for which the last chunk has room.
    room: usize,
    /// Rows of the first chunk when it is not the last one, else none.
    first_rows: usize,
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
            waiting: Vec::new(),
            room: 0,
            first_rows: 0,
            skip: 0,
            rows: 0,
            rows_max: rows_max.max(1),
            account: Account::new(budget, keep),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// The time of the oldest row.
    pub(super) fn oldest_time(&self) -> Option<i64> {
        let settled = self.chunks.front()?.times.get(self.skip).copied();
        settled.or_else(|| Some(self.waiting.first()?.0))
    }

    /// The time of the newest row.
    pub(super) fn newest_time(&self) -> Option<i64> {
        match self.waiting.last() {
            Some((time, _)) => Some(*time),
            None => self.chunks.back()?.times.last().copied(),
        }
    }

    pub(super) fn newest(&self) -> Option<(i64, [f64; N])> {
        if let Some(newest) = self.waiting.last() {
            return Some(*newest);
        }
        let chunk = self.chunks.back()?;
        let at = chunk.times.len().checked_sub(1)?;
        Some((chunk.times[at], chunk.row(at)))
    }

    /// Puts a row behind all others.
    pub(super) fn append(&mut self, time: i64, row: [f64; N]) {
        if self.rows >= self.rows_max {
            self.drop_oldest();
        }
        if self.room == 0 {
            self.settle();
            self.make_room();
            self.look_again();
        } else if self.waiting.len() == WAITING_ROWS {
            self.settle();
        }
        if self.waiting.capacity() == 0 {
            self.waiting.reserve_exact(WAITING_ROWS);
        }
        self.waiting.push((time, row));
        self.room = self.room.saturating_sub(1);
        self.rows += 1;
    }

    /// Puts the rows that wait into the last chunk. Whatever changes chunks begins with this, and ends with
    /// [`Self::look_again`].
    fn settle(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        if let Some(chunk) = self.chunks.back_mut() {
            Arc::make_mut(chunk).extend(&self.waiting);
        }
        self.waiting.clear();
    }

    /// Notes what rows that are appended and dropped need to know of the chunks, which then stay where they are.
    fn look_again(&mut self) {
        let room = |chunk: &Arc<Chunk<N>>| chunk.times.capacity() - chunk.times.len();
        self.room = self.chunks.back().map_or(0, room) - self.waiting.len();
        self.first_rows = match self.chunks.front() {
            Some(first) if self.chunks.len() > 1 => first.times.len(),
            _ => 0,
        };
    }

    /// How much memory the next row behind all others asks for: mostly none.
    pub(super) fn bytes_wanted(&self) -> u64 {
        if self.room > 0 {
            return 0;
        }
        Chunk::<N>::bytes(self.next_rows())
    }

    fn next_rows(&self) -> usize {
        let settled = self.chunks.back().map_or(0, |chunk| chunk.times.len());
        let last = settled + self.waiting.len();
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
        (self.chunks.len() > 1).then(|| self.oldest_time())?
    }

    /// Lets the oldest chunk go, unless it is the only one; the bytes that it took.
    pub(super) fn drop_oldest_chunk(&mut self) -> Option<u64> {
        if self.chunks.len() < 2 {
            return None;
        }
        let first = self.chunks.front()?;
        self.rows -= first.times.len() - self.skip;
        self.skip = 0;
        let bytes = self.drop_chunk(0);
        self.look_again();
        Some(bytes)
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
        if self.skip >= self.first_rows {
            self.settle();
            self.tidy(0);
            self.look_again();
        }
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
        if self.newest_time().is_none_or(|newest| newest < time) {
            self.append(time, row);
            return Put::Appended;
        }
        if let Some((_, known)) = self.waiting.iter_mut().rfind(|known| known.0 == time) {
            return Put::Replaced(std::mem::replace(known, row));
        }
        self.settle();
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
        let put = self.insert_late(time, row);
        self.look_again();
        put
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, time: i64) -> Option<[f64; N]> {
        self.settle();
        let place = self.find(time);
        if !place.is_there {
            return None;
        }
        let chunk = Arc::make_mut(self.chunks.get_mut(place.chunk)?);
        let row = chunk.row(place.row);
        chunk.remove(place.row);
        self.rows -= 1;
        self.tidy(place.chunk);
        self.look_again();
        Some(row)
    }

    pub(super) fn clear(&mut self) {
        self.chunks = VecDeque::new();
        self.waiting = Vec::new();
        self.skip = 0;
        self.rows = 0;
        self.account.give_back_all();
        self.look_again();
    }

    /// All rows, at the cost of the number of chunks.
    pub(super) fn columns(&self) -> Columns<N> {
        self.columns_from(0, self.skip, &self.waiting)
    }

    /// The rows of this time or later.
    pub(super) fn columns_since(&self, time: i64) -> Columns<N> {
        let place = self.find(time);
        let waiting = self.waiting.partition_point(|(known, _)| *known < time);
        self.columns_from(place.chunk, place.row, &self.waiting[waiting..])
    }

    /// The rows from the one at `row` of the chunk `first` on, and these that wait.
    fn columns_from(&self, first: usize, row: usize, waiting: &[(i64, [f64; N])]) -> Columns<N> {
        let parts = self.chunks.iter().skip(first).enumerate();
        let parts = parts.map(|(at, chunk)| {
            let from = if at == 0 { row } else { 0 };
            Part::new(Arc::clone(chunk), from..chunk.times.len())
        });
        let last = (!waiting.is_empty()).then(|| {
            let mut last = Chunk::with_capacity(waiting.len());
            last.extend(waiting);
            Part::new(Arc::new(last), 0..waiting.len())
        });
        let parts = parts.filter(|part| !part.is_empty()).chain(last);
        Columns::new(parts.collect())
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
