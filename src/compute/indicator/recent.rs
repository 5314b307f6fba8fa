//! The values of a bank's indicators at its newest bars.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::time::UnixMs;

/// Rows of a chunk: as many are copied at most when a row comes while somebody holds the rows before it.
const CHUNK_ROWS: usize = 64;

/// Rows that are there together.
#[derive(Debug, Clone, Default)]
struct Rows {
    starts: Vec<UnixMs>,
    /// Row by row; NaN stands for what has no value.
    values: Vec<f64>,
}

/// The values at the newest bars, oldest first. Copying them costs the number of chunks, and what comes later is not in
/// the copy.
#[derive(Debug, Clone)]
pub struct RecentValues {
    /// The places of the values of a row among those of the whole set.
    places: Arc<[usize]>,
    rows_max: usize,
    chunks: VecDeque<Arc<Rows>>,
}

impl RecentValues {
    /// None yet, of the values at these places; at least `rows_max` rows are kept.
    #[must_use]
    pub fn new(places: Arc<[usize]>, rows_max: usize) -> Self {
        Self {
            places,
            rows_max,
            chunks: VecDeque::new(),
        }
    }

    /// The places of the values of a row among those of the whole set.
    #[must_use]
    pub fn places(&self) -> &[usize] {
        &self.places
    }

    /// Puts the values after a bar; those of the same bar, and of later ones, are no longer true. `all` are the values of
    /// the whole set.
    pub fn put(&mut self, start: UnixMs, all: &[Option<f64>]) {
        self.cut(start);
        let is_full = |chunk: &Arc<Rows>| chunk.starts.len() >= CHUNK_ROWS;
        if self.chunks.back().is_none_or(is_full) {
            self.chunks.push_back(Arc::default());
            while self.chunks.len() > self.rows_max.div_ceil(CHUNK_ROWS) + 1 {
                self.chunks.pop_front();
            }
        }
        if let Some(last) = self.chunks.back_mut() {
            let last = Arc::make_mut(last);
            last.starts.push(start);
            let values = self.places.iter().map(|place| all.get(*place).copied());
            last.values
                .extend(values.map(|value| value.flatten().unwrap_or(f64::NAN)));
        }
    }

    /// Forgets the values of the bar of `from` and of later ones.
    pub fn cut(&mut self, from: UnixMs) {
        let width = self.places.len();
        while let Some(last) = self.chunks.back_mut() {
            let keep = last.starts.partition_point(|known| *known < from);
            if keep == last.starts.len() {
                break;
            }
            if keep > 0 {
                let last = Arc::make_mut(last);
                last.starts.truncate(keep);
                last.values.truncate(keep * width);
                break;
            }
            self.chunks.pop_back();
        }
    }

    /// The rows, oldest first: the start of each bar, and its values in the order of [`Self::places`]; NaN stands for what
    /// has no value.
    pub fn rows(&self) -> impl Iterator<Item = (UnixMs, &[f64])> {
        let width = self.places.len();
        self.chunks.iter().flat_map(move |chunk| {
            let values = move |at: usize| chunk.values.get(at * width..(at + 1) * width);
            let starts = chunk.starts.iter().enumerate();
            starts.map(move |(at, start)| (*start, values(at).unwrap_or_default()))
        })
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.chunks.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(recent: &RecentValues) -> Vec<(i64, f64)> {
        recent
            .rows()
            .map(|(start, values)| (start.0, values[0]))
            .collect()
    }

    #[test]
    fn the_newest_rows_are_kept_and_what_changes_takes_later_ones_with_it() {
        let mut recent = RecentValues::new([1].into(), 100);
        for start in 0..1000 {
            recent.put(UnixMs(start), &[None, Some(start as f64)]);
        }
        let kept = rows(&recent);
        assert!((100..=100 + 2 * CHUNK_ROWS).contains(&kept.len()));
        assert_eq!(kept.last(), Some(&(999, 999.0)));
        assert!(kept.windows(2).all(|two| two[0].0 + 1 == two[1].0));
        // Somebody holds them as they are.
        let held = recent.clone();
        recent.put(UnixMs(999), &[None, Some(0.5)]);
        assert_eq!(rows(&recent).last(), Some(&(999, 0.5)));
        recent.put(UnixMs(910), &[None, Some(1.5)]);
        assert_eq!(rows(&recent).last(), Some(&(910, 1.5)));
        assert_eq!(rows(&held), kept);
        recent.put(UnixMs(0), &[None, None]);
        assert!(rows(&recent)[0].1.is_nan() && rows(&recent).len() == 1);
        recent.clear();
        assert!(rows(&recent).is_empty());
    }
}
