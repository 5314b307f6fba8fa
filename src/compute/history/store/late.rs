//! Rows that come late: where they go, and what makes room for them.

use std::sync::Arc;

use super::super::columns::Chunk;
use super::{CHUNK_ROWS_MAX, CHUNK_ROWS_MIN, Place, Put, Store};

impl<const N: usize> Store<N> {
    /// Puts a row where its time belongs, which is before the newest one. No row waits.
    pub(super) fn insert_late(&mut self, time: i64, row: [f64; N]) -> Put<N> {
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
                self.look_again();
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
}
