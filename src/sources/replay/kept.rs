//! What has been decoded of a recording, from its beginning on, so that a jump back need not decode it again: making sense
//! of a venue's messages takes far longer than copying what came of them.

use rustc_hash::FxHashMap;

use crate::domain::book::{BookUpdate, Level};
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::ErrorInstance;
use crate::domain::trade::TradeId;

use super::frame::Frame;

/// What may be kept of all recordings of a replay together.
pub(super) const KEPT_BYTES_MAX: usize = 128 << 20;
/// Events of one block. Many blocks grow without anything being moved.
const BLOCK_EVENTS: usize = 4096;

/// The frames of a file, all of them from the first one on.
#[derive(Debug, Default)]
pub(super) struct Kept {
    blocks: Vec<Block>,
    /// How many frames there are, and how many of them have been given out.
    frames: usize,
    given: usize,
    /// The block of the next frame to be given out, and its place there.
    next: (usize, usize),
    /// By the number of their frames.
    errors: FxHashMap<usize, Vec<ErrorInstance>>,
    /// About how much memory all of it takes.
    bytes: usize,
}

#[derive(Debug)]
struct Block {
    frames: Vec<Place>,
    events: Vec<Event>,
}

/// A frame without its events.
#[derive(Debug)]
struct Place {
    pacing: i64,
    ordinal: u64,
    /// Where its events end in its block.
    end: usize,
}

impl Kept {
    /// Adds a frame that has been decoded, after all others were given out. `false` when more would be kept than
    /// `bytes_max`.
    pub(super) fn push(&mut self, frame: &Frame, bytes_max: usize) -> bool {
        let count = frame.events.len();
        let fits = |block: &Block| {
            block.events.len() + count <= block.events.capacity()
                && block.frames.len() < BLOCK_EVENTS
        };
        if !self.blocks.last().is_some_and(fits) {
            let room = BLOCK_EVENTS.max(count);
            self.bytes += room * size_of::<Event>() + BLOCK_EVENTS * size_of::<Place>();
            self.blocks.push(Block {
                frames: Vec::with_capacity(BLOCK_EVENTS),
                events: Vec::with_capacity(room),
            });
        }
        if let Some(block) = self.blocks.last_mut() {
            block.events.extend_from_slice(&frame.events);
            block.frames.push(Place {
                pacing: frame.pacing,
                ordinal: frame.ordinal,
                end: block.events.len(),
            });
            self.next.1 = block.frames.len();
        }
        self.next.0 = self.blocks.len().saturating_sub(1);
        if !frame.errors.is_empty() {
            self.bytes += frame.errors.iter().map(error_bytes).sum::<usize>();
            self.errors.insert(self.frames, frame.errors.clone());
        }
        self.bytes += frame.events.iter().map(heap_bytes).sum::<usize>();
        self.frames += 1;
        self.given = self.frames;
        self.bytes <= bytes_max
    }

    /// Gives everything out again from the beginning.
    pub(super) fn rewind(&mut self) {
        self.next = (0, 0);
        self.given = 0;
    }

    /// The next frame that is to be given out again, with its events in `events`, which is empty. Errors up to the line
    /// `reported` are left out.
    pub(super) fn next(&mut self, mut events: Vec<Event>, reported: u64) -> Option<Frame> {
        let (at, place) = self.next_place()?;
        let block = self.blocks.get(at)?;
        let frame = block.frames.get(place)?;
        let before = place.checked_sub(1).and_then(|at| block.frames.get(at));
        let begin = before.map_or(0, |before| before.end);
        events.extend_from_slice(block.events.get(begin..frame.end)?);
        let errors = self.errors.get(&self.given).cloned();
        let frame = Frame {
            pacing: frame.pacing,
            events,
            errors: errors
                .filter(|_| frame.ordinal > reported)
                .unwrap_or_default(),
            ordinal: frame.ordinal,
            is_row: false,
        };
        self.next = (at, place + 1);
        self.given += 1;
        Some(frame)
    }

    /// Where the next frame is; `None` when all have been given out.
    fn next_place(&self) -> Option<(usize, usize)> {
        let (at, place) = self.next;
        if self.given >= self.frames {
            None
        } else if place < self.blocks.get(at)?.frames.len() {
            Some((at, place))
        } else {
            Some((at + 1, 0))
        }
    }

    /// When what is to be given out next belongs; `None` when everything has been given out.
    pub(super) fn reached(&self) -> Option<i64> {
        let (at, place) = self.next_place()?;
        Some(self.blocks.get(at)?.frames.get(place)?.pacing)
    }

    /// Whether something is left to be given out.
    pub(super) fn has_more(&self) -> bool {
        self.given < self.frames
    }

    /// How much has been given out, 0 to 1.
    pub(super) fn share(&self) -> f64 {
        if self.has_more() {
            self.given as f64 / self.frames as f64
        } else {
            1.0
        }
    }
}

/// About how much memory an error takes.
fn error_bytes(error: &ErrorInstance) -> usize {
    let texts = [&error.location, &error.sample, &error.next];
    let texts = texts.into_iter().flatten().map(String::len);
    size_of_val(error) + error.message.len() + texts.sum::<usize>()
}

/// About how much memory an event takes beside its own place.
fn heap_bytes(event: &Event) -> usize {
    match &event.payload {
        Payload::Level2(update) => {
            let levels = update.bids.len() + update.asks.len();
            size_of::<BookUpdate>() + levels * size_of::<Level>()
        }
        Payload::PastBars(bars) => size_of_val(&**bars),
        Payload::News(news) => {
            let texts = [&news.source, &news.url, &news.summary];
            let texts = texts.into_iter().flatten().map(String::len);
            size_of_val(&**news) + news.headline.len() + texts.sum::<usize>()
        }
        Payload::Facts(facts) => size_of_val(&**facts),
        Payload::Ohlcv(_)
        | Payload::Level1(_)
        | Payload::BookLost
        | Payload::Clock
        | Payload::TradesMissed
        | Payload::TradesResumed => 0,
        Payload::TimeAndSales(trade) => {
            let conditions = trade.conditions.iter();
            let conditions = conditions.map(|one| size_of_val(one) + one.len());
            let name = match &trade.trade_id {
                Some(TradeId::Text(text)) => text.len(),
                _ => 0,
            };
            let exchange = trade.exchange.as_ref().map_or(0, |text| text.len());
            conditions.sum::<usize>() + name + exchange
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use crate::domain::outcome::ErrorKind;
    use crate::domain::symbol::SymbolId;
    use crate::domain::time::UnixMs;

    use super::*;

    /// The frame of a line, with so many events.
    fn frame(line: u64, count: u64) -> Frame {
        let event = |at| Event {
            symbol: SymbolId(at as u32),
            time: Some(UnixMs(line as i64)),
            payload: Payload::Clock,
        };
        Frame {
            pacing: line as i64 / 3,
            events: (0..count).map(event).collect(),
            errors: Vec::new(),
            ordinal: line,
            is_row: false,
        }
    }

    #[test]
    fn frames_come_out_as_they_went_in_as_often_as_is_wanted() {
        let mut kept = Kept::default();
        let counts = |line: u64| match line {
            50 => 10_000,
            line => line * 7 % 5,
        };
        let frames: Vec<Frame> = (1..20_000).map(|line| frame(line, counts(line))).collect();
        for frame in &frames {
            assert!(kept.push(frame, usize::MAX));
        }
        assert!(
            kept.next(Vec::new(), 0).is_none(),
            "they have been given out"
        );
        for stop in [frames.len(), 9_000, frames.len()] {
            kept.rewind();
            for expected in &frames[..stop] {
                assert_eq!(kept.reached(), Some(expected.pacing));
                let frame = kept.next(Vec::new(), 0).unwrap();
                assert_eq!(format!("{frame:?}"), format!("{expected:?}"));
            }
        }
        assert!(!kept.has_more() && kept.reached().is_none());
    }

    #[test]
    fn errors_that_have_been_reported_are_not_given_again() {
        let mut kept = Kept::default();
        for line in [5, 6, 7] {
            let mut frame = frame(line, 0);
            frame.errors = vec![ErrorInstance::new(ErrorKind::DecodeError, "x")];
            kept.push(&frame, usize::MAX);
        }
        kept.rewind();
        let errors = [(); 3].map(|()| kept.next(Vec::new(), 6).unwrap().errors.len());
        assert_eq!(errors, [0, 0, 1]);
    }

    #[test]
    fn no_more_is_kept_than_may_be() {
        let mut kept = Kept::default();
        let pushed = (0..100_000).take_while(|&line| kept.push(&frame(line, 2), 4 << 20));
        let pushed = pushed.count();
        let bytes = pushed * 2 * size_of::<Event>();
        assert!((1 << 20..4 << 20).contains(&bytes), "{bytes}");
    }
}
