//! One file's lines, turned into frames one after another.

mod place;

use memchr::memchr;

use crate::decode::Rejection;
use crate::domain::event::Event;
use crate::domain::outcome::{ErrorInstance, StatusChange};
use crate::domain::time::UnixMs;

use super::frame::{Context, Frame, Joining, Window, sample};
use super::kept::Kept;
use super::lines::Lines;
use super::reader::{Chunk, Reader, Request};
use super::recorded::trouble;

/// Whether a track has a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Advance {
    Ready,
    /// It waits for the reader.
    Waiting,
    Done,
}

/// How a track stands with the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    Idle,
    /// A chunk is on its way.
    Asked,
    /// The last one has been decoded.
    Done,
}

/// One file being played.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) stream: u64,
    name: String,
    bytes: u64,
    lines: Lines,
    /// The frame to be played next.
    pub(super) head: Option<Frame>,
    pub(super) joining: Option<Joining>,
    chunk: Option<Chunk>,
    next: Option<Chunk>,
    /// Whether the next chunk is asked for while this one is decoded.
    reads_ahead: bool,
    asking: Asking,
    at: usize,
    line: u64,
    ordinal: u64,
    pacing: i64,
    /// The latest time of any line.
    reached: i64,
    /// Whether the line before was cut off: lines without time share its fate.
    is_outside: bool,
    /// Rejections up to this line have been reported before.
    reported: u64,
    spare: Vec<Event>,
    /// What the line tells of connections and symbols.
    changes: Vec<StatusChange>,
    /// All frames so far; `None` where they are not kept, or would be too many.
    kept: Option<Kept>,
    kept_bytes_max: usize,
}

/// What is needed to begin a track.
pub(super) struct Opening {
    pub(super) stream: u64,
    pub(super) file: usize,
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) lines: Lines,
    pub(super) reads_ahead: bool,
    pub(super) reported: u64,
    /// How much may be kept of what is decoded, if it is kept at all.
    pub(super) kept_bytes_max: usize,
}

impl Track {
    /// Begins to read a file.
    pub(super) fn open(opening: Opening, joining: Option<Joining>, reader: &Reader) -> Self {
        let layout = opening.lines.layout().cloned().map(Box::new);
        reader.ask(Request::Open {
            stream: opening.stream,
            file: opening.file,
            layout,
        });
        // What is read again for some symbols is not the whole of it.
        let is_kept = joining.is_none() && matches!(opening.lines, Lines::Recorded(_));
        let mut track = Self {
            stream: opening.stream,
            name: opening.name,
            bytes: opening.bytes,
            lines: opening.lines,
            head: None,
            joining,
            chunk: None,
            next: None,
            reads_ahead: opening.reads_ahead,
            asking: Asking::Idle,
            at: 0,
            line: 0,
            ordinal: 0,
            pacing: i64::MIN,
            reached: i64::MIN,
            is_outside: false,
            reported: opening.reported,
            spare: Vec::new(),
            changes: Vec::new(),
            kept: is_kept.then(Kept::default),
            kept_bytes_max: opening.kept_bytes_max,
        };
        track.ask(reader, Vec::new());
        track
    }

    fn ask(&mut self, reader: &Reader, spare: Vec<u8>) {
        if self.asking == Asking::Idle {
            self.asking = Asking::Asked;
            reader.ask(Request::Next {
                stream: self.stream,
                spare,
            });
        }
    }

    /// Takes what the reader has sent.
    pub(super) fn give(&mut self, chunk: Chunk) {
        self.asking = Asking::Idle;
        self.next = Some(chunk);
    }

    /// Takes back a buffer.
    pub(super) fn reuse(&mut self, events: Vec<Event>) {
        self.spare = events;
    }

    /// Decodes until there is a frame.
    pub(super) fn advance(&mut self, context: &mut Context<'_>) -> Advance {
        loop {
            if self.head.is_some() {
                return Advance::Ready;
            }
            if let Some(kept) = self.kept.as_mut().filter(|kept| kept.has_more()) {
                let spare = std::mem::take(&mut self.spare);
                self.head = kept.next(spare, self.reported);
                self.leave_out(context);
                continue;
            }
            let Some(chunk) = self.chunk.take() else {
                if self.asking == Asking::Done {
                    return Advance::Done;
                }
                match self.next.take() {
                    None => {
                        self.ask(context.reader, Vec::new());
                        return Advance::Waiting;
                    }
                    Some(chunk) => self.begin(chunk, context),
                }
                continue;
            };
            self.decode_chunk(chunk, context);
        }
    }

    /// Leaves out of a frame that was kept what has been removed since.
    fn leave_out(&mut self, context: &Context<'_>) {
        if let Some(frame) = self
            .head
            .as_mut()
            .filter(|_| context.admission.has_removed())
        {
            frame
                .events
                .retain(|event| context.admission.has(event.symbol));
            if frame.is_empty() {
                self.spare = self.head.take().unwrap_or_default().events;
            }
        }
    }

    fn begin(&mut self, chunk: Chunk, context: &Context<'_>) {
        self.at = 0;
        self.line = chunk.first_line;
        if self.reads_ahead && !chunk.last {
            self.ask(context.reader, Vec::new());
        }
        self.chunk = Some(chunk);
    }

    /// Decodes lines until one makes a frame; keeps the chunk when there are more.
    fn decode_chunk(&mut self, mut chunk: Chunk, context: &mut Context<'_>) {
        while self.at < chunk.text.len() {
            let rest = &chunk.text[self.at..];
            let (end, next) =
                memchr(b'\n', rest).map_or((rest.len(), rest.len()), |at| (at, at + 1));
            let line = &rest[..end];
            let number = self.line;
            self.at += next;
            self.ordinal += 1;
            self.line = if chunk.backwards {
                number.saturating_sub(1)
            } else {
                number + 1
            };
            let is_cut = chunk.cut && self.at >= chunk.text.len();
            self.decode(line, number, is_cut, context);
            if self.head.is_some() {
                self.chunk = Some(chunk);
                return;
            }
        }
        if chunk.last {
            self.asking = Asking::Done;
        }
        if let Some(failure) = chunk.failure.take() {
            let mut error = ErrorInstance::new(failure.kind, failure.message);
            error.severity = failure.severity;
            error.source = Some(context.info.name.clone());
            error.location = Some(match self.line.saturating_sub(1) {
                // No line was read, or the lines were given out from the end.
                0 => self.name.clone(),
                _ if chunk.backwards => self.name.clone(),
                last => format!("{}:{last}", self.name),
            });
            self.ordinal += 1;
            let mut events = std::mem::take(&mut self.spare);
            if !chunk.last {
                self.miss(&mut events, context);
            }
            let mut errors = vec![error];
            errors.retain(|_| self.ordinal > self.reported);
            if events.is_empty() && errors.is_empty() {
                self.spare = events;
            } else {
                self.set_head(events, errors);
            }
        }
        if !chunk.last {
            self.ask(context.reader, chunk.text);
        }
    }

    fn decode(&mut self, line: &[u8], number: u64, is_cut: bool, context: &mut Context<'_>) {
        if line.trim_ascii_start().is_empty() {
            return;
        }
        if !self.is_old() {
            context.meters.messages.add(1);
            context.meters.bytes.add(line.len() as u64 + 1);
        }
        let mut events = std::mem::take(&mut self.spare);
        let mut troubles = Vec::new();
        let time = if is_cut {
            Err(Rejection::decode("the line is longer than 16 MiB"))
        } else {
            self.decode_whole(line, &mut events, &mut troubles, context)
        };
        let time = time.unwrap_or_else(|rejection| {
            troubles.push(trouble(rejection));
            None
        });
        if let Some(time) = time {
            self.reached = self.reached.max(time.0);
        }
        self.cut_off(&mut events, time, context.window);
        let errors = if troubles.is_empty() {
            Vec::new()
        } else {
            self.errors(troubles, line, number, context)
        };
        if events.is_empty() && errors.is_empty() && self.changes.is_empty() {
            self.spare = events;
        } else {
            self.set_head(events, errors);
        }
    }

    /// Whether the line has been played before and is read again for others.
    fn is_old(&self) -> bool {
        self.joining
            .as_ref()
            .is_some_and(|joining| self.ordinal <= joining.played)
    }

    fn decode_whole(
        &mut self,
        line: &[u8],
        events: &mut Vec<Event>,
        troubles: &mut Vec<ErrorInstance>,
        context: &mut Context<'_>,
    ) -> Result<Option<UnixMs>, Rejection> {
        let joining = self.joining.as_ref().filter(|_| self.is_old());
        let only = joining.map(|joining| &joining.symbols[..]);
        let resolve = context.admission.resolving(context.resolver, only);
        let held = self.lines.decode(line, events, troubles, resolve)?;
        self.changes = held.changes;
        let mut ignored = held.ignored;
        let interval = context.info.products.interval;
        let is_other = held
            .timeframe
            .is_some_and(|timeframe| timeframe != interval);
        if is_other {
            ignored += events.len() as u64;
            events.clear();
        }
        if only.is_none() && ignored > 0 {
            context.meters.ignored.add(ignored);
        }
        Ok(held.time.filter(|_| !is_other))
    }

    /// Lines are missing here.
    fn miss(&mut self, events: &mut Vec<Event>, context: &mut Context<'_>) {
        let joining = self.joining.as_ref().filter(|_| self.is_old());
        let only = joining.map(|joining| &joining.symbols[..]);
        if let Lines::Recorded(lines) = &mut self.lines {
            lines.miss(events, context.admission.resolving(context.resolver, only));
        }
    }

    /// Drops what is outside the window, and moves the pacing time on.
    fn cut_off(&mut self, events: &mut Vec<Event>, time: Option<UnixMs>, window: Window) {
        if window.start.is_some() || window.end.is_some() {
            if let Some(time) = time {
                self.is_outside = !window.holds(time);
            }
            let is_outside = self.is_outside;
            // What was recorded belongs to when it came, whatever times the venue gives.
            let is_by_line = matches!(self.lines, Lines::Recorded(_));
            events.retain(|event| match event.time {
                Some(time) if !is_by_line => window.holds(time),
                _ => !is_outside,
            });
            if is_outside {
                self.changes.clear();
                return;
            }
        }
        if let Some(time) = time
            && !(events.is_empty() && self.changes.is_empty())
        {
            self.pacing = self.pacing.max(time.0);
        }
    }

    fn set_head(&mut self, events: Vec<Event>, errors: Vec<ErrorInstance>) {
        let frame = Frame {
            pacing: self.pacing,
            events,
            errors,
            changes: std::mem::take(&mut self.changes),
            ordinal: self.ordinal,
            is_row: matches!(self.lines, Lines::Csv { .. }),
        };
        let limit = self.kept_bytes_max;
        self.kept = self
            .kept
            .take()
            .and_then(|mut kept| kept.push(&frame, limit).then_some(kept));
        self.head = Some(frame);
    }

    /// Errors to report, unless this line was reported when it was read before.
    fn errors(
        &self,
        troubles: Vec<ErrorInstance>,
        line: &[u8],
        number: u64,
        context: &Context<'_>,
    ) -> Vec<ErrorInstance> {
        if self.ordinal <= self.reported {
            return Vec::new();
        }
        let symbol = self.lines.only_symbol();
        troubles
            .into_iter()
            .map(|trouble| ErrorInstance {
                source: Some(context.info.name.clone()),
                symbol: trouble.symbol.clone().or_else(|| symbol.clone()),
                location: Some(format!("{}:{number}", self.name)),
                sample: Some(sample(line)),
                ..trouble
            })
            .collect()
    }
}
