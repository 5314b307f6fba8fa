//! Where a track stands in its file, and its way back to the beginning.

use super::super::kept::Kept;
use super::{Asking, Track};

impl Track {
    /// Bytes of the stored file that have been played, and its size.
    pub(in super::super) fn progress(&self) -> (f64, f64) {
        let (read, size) = self.progress_of_reading();
        let share = self.kept.as_ref().map_or(1.0, Kept::share);
        (read * share, size)
    }

    fn progress_of_reading(&self) -> (f64, f64) {
        let size = self.bytes as f64;
        if self.asking == Asking::Done {
            return (size, size);
        }
        let played = self.chunk.as_ref().map_or(0.0, |chunk| {
            let share = self.at as f64 / chunk.text.len().max(1) as f64;
            chunk.from as f64 + (chunk.to - chunk.from) as f64 * share
        });
        (played, size)
    }

    /// The time up to which it has been read; `None` when it is at its end.
    pub(in super::super) fn reached(&self) -> Option<i64> {
        let kept = self.kept.as_ref().and_then(Kept::reached);
        kept.or((self.asking != Asking::Done).then_some(self.reached))
    }

    /// Begins again with what has been kept, if all has been: errors up to the line `reported` have been reported.
    /// Whether it could.
    pub(in super::super) fn rewind(&mut self, reported: u64) -> bool {
        if let Some(kept) = &mut self.kept {
            kept.rewind();
            self.head = None;
            self.reported = reported;
        }
        self.kept.is_some()
    }

    /// Whether it can begin again.
    pub(in super::super) fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// How many lines it has yet to come to that have been played.
    pub(in super::super) fn lines_behind(&self) -> u64 {
        let joining = self.joining.as_ref();
        joining.map_or(0, |joining| joining.played.saturating_sub(self.ordinal))
    }
}
