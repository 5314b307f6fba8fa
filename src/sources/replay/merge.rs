//! All tracks in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::frame::{Context, Frame};
use super::reader::{Chunk, Reader, Request};
use super::track::{Advance, Track};

/// The tracks that are open, each at its next frame.
#[derive(Debug, Default)]
pub(super) struct Merge {
    /// By file.
    tracks: FxHashMap<usize, Track>,
    /// Pacing time, file and stream of each track's next frame. A stream that is gone leaves its entry behind.
    order: BinaryHeap<Reverse<(i64, usize, u64)>>,
    /// Files whose tracks wait for the reader.
    waiting: FxHashSet<usize>,
    /// Files whose tracks are read again for symbols that joined.
    joining: FxHashSet<usize>,
    files_by_stream: FxHashMap<u64, usize>,
    /// Bytes of files that have been played to their end.
    done: FxHashMap<usize, f64>,
    has_broken_off: bool,
}

impl Merge {
    /// Adds a track that has just been opened, in the place of the one for the same file.
    pub(super) fn add(&mut self, file: usize, track: Track, reader: &Reader) {
        self.remove(file, reader);
        self.done.remove(&file);
        self.files_by_stream.insert(track.stream, file);
        if track.joining.is_some() {
            self.joining.insert(file);
        }
        self.tracks.insert(file, track);
        self.waiting.insert(file);
    }

    /// Closes a file's track.
    pub(super) fn remove(&mut self, file: usize, reader: &Reader) {
        if let Some(track) = self.tracks.remove(&file) {
            self.files_by_stream.remove(&track.stream);
            self.waiting.remove(&file);
            self.joining.remove(&file);
            reader.ask(Request::Close {
                stream: track.stream,
            });
        }
    }

    /// Begins all tracks again that can; the others are closed.
    pub(super) fn rewind(&mut self, reported: &[u64], context: &mut Context<'_>) {
        self.order.clear();
        self.done.clear();
        let files: Vec<usize> = self.tracks.keys().copied().collect();
        for file in files {
            let track = self.tracks.get_mut(&file);
            if track.is_some_and(|track| track.rewind(reported.get(file).copied().unwrap_or(0))) {
                self.waiting.remove(&file);
                self.settle(file, context);
            } else {
                self.remove(file, context.reader);
            }
        }
    }

    /// Whether a file broke off: it may have grown since.
    pub(super) fn has_broken_off(&self) -> bool {
        self.has_broken_off
    }

    /// Whether a file's track is open.
    pub(super) fn has(&self, file: usize) -> bool {
        self.tracks.contains_key(&file)
    }

    /// Closes all tracks.
    pub(super) fn clear(&mut self, reader: &Reader) {
        let files: Vec<usize> = self.tracks.keys().copied().collect();
        for file in files {
            self.remove(file, reader);
        }
        self.order.clear();
        self.done.clear();
        self.has_broken_off = false;
    }

    /// Whether some track's next frame is not known yet.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Takes what the reader has sent.
    pub(super) fn give(&mut self, stream: u64, chunk: Chunk, context: &mut Context<'_>) {
        let Some(&file) = self.files_by_stream.get(&stream) else {
            return;
        };
        if let Some(track) = self.tracks.get_mut(&file) {
            self.has_broken_off |= chunk.last && chunk.failure.is_some();
            track.give(chunk);
            if self.waiting.remove(&file) {
                self.settle(file, context);
            }
        }
    }

    /// Finds a track's next frame and its place in the order.
    fn settle(&mut self, file: usize, context: &mut Context<'_>) {
        let Some(track) = self.tracks.get_mut(&file) else {
            return;
        };
        match track.advance(context) {
            Advance::Ready => self.place(file),
            Advance::Waiting => {
                self.waiting.insert(file);
            }
            Advance::Done => {
                if track.is_kept() {
                    return;
                }
                let (_, bytes) = track.progress();
                self.remove(file, context.reader);
                self.done.insert(file, bytes);
            }
        }
    }

    fn place(&mut self, file: usize) {
        if let Some(track) = self.tracks.get(&file)
            && track.joining.is_none()
            && let Some(head) = &track.head
        {
            self.order.push(Reverse((head.pacing, file, track.stream)));
        }
    }

    /// When the next frame belongs, and whether it is a row. Nothing may be waited for meanwhile.
    pub(super) fn peek(&mut self) -> Option<&Frame> {
        while let Some(&Reverse((_, file, stream))) = self.order.peek() {
            let is_current = self
                .tracks
                .get(&file)
                .is_some_and(|track| track.stream == stream && track.head.is_some());
            if is_current {
                return self.tracks.get(&file)?.head.as_ref();
            }
            self.order.pop();
        }
        None
    }

    /// Takes the next frame, and says which file it is of.
    pub(super) fn pop(&mut self, context: &mut Context<'_>) -> Option<(usize, Frame)> {
        self.peek()?;
        let Reverse((_, file, _)) = self.order.pop()?;
        let frame = self.tracks.get_mut(&file)?.head.take()?;
        self.settle(file, context);
        Some((file, frame))
    }

    /// The first frame of the tracks that are read again, with the line up to which its file has been played.
    pub(super) fn peek_joining(&self) -> Option<(usize, &Track)> {
        self.joining
            .iter()
            .filter_map(|&file| Some((file, self.tracks.get(&file)?)))
            .min_by_key(|(file, track)| (track.head.as_ref().map(|head| head.pacing), *file))
    }

    /// Takes the frame that [`Merge::peek_joining`] shows.
    pub(super) fn pop_joining(&mut self, file: usize, context: &mut Context<'_>) -> Option<Frame> {
        let frame = self.tracks.get_mut(&file)?.head.take()?;
        self.settle(file, context);
        Some(frame)
    }

    /// A track has come to where it goes on with the others.
    pub(super) fn joined(&mut self, file: usize) {
        self.joining.remove(&file);
        if let Some(track) = self.tracks.get_mut(&file) {
            track.joining = None;
        }
        self.place(file);
    }

    /// Gives a buffer back to the track that it came from.
    pub(super) fn reuse(&mut self, file: usize, events: Vec<crate::domain::event::Event>) {
        if let Some(track) = self.tracks.get_mut(&file) {
            track.reuse(events);
        }
    }

    /// The time that all files have been read up to; `None` before any line had one, or when nothing is left.
    pub(super) fn reached(&self) -> Option<i64> {
        let tracks = self.tracks.values();
        let reached = tracks.filter_map(Track::reached).min();
        reached.filter(|&time| time != i64::MIN)
    }

    /// Lines that have been played, and that tracks which are read again have yet to come to.
    pub(super) fn lines_behind(&self) -> u64 {
        let joining = self.joining.iter();
        let tracks = joining.filter_map(|file| self.tracks.get(file));
        tracks.map(Track::lines_behind).sum()
    }

    /// How much of the data has been played, 0 to 1.
    pub(super) fn progress(&self) -> f64 {
        let done: f64 = self.done.values().sum();
        let (mut played, mut total) = (done, done);
        for track in self.tracks.values() {
            let (track_played, bytes) = track.progress();
            played += track_played;
            total += bytes;
        }
        if total > 0.0 {
            (played / total).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}
