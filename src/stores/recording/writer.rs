//! The thread that compresses and writes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use memchr::memmem;
use rustc_hash::FxHashMap;
use zstd::stream::write::Encoder;

use crate::domain::clock::{Clock, Nanos};
use crate::domain::source::SourceName;

use super::{Current, ENDING, Item, LINE_OVERHEAD_BYTES, RecorderSettings};

/// zstd's own default: fast, and several times smaller.
const LEVEL: i32 = 3;
/// What a recording's first line begins with.
const HEAD: &[u8] = b"{\"recording\":";
/// The inputs of a session that are few, and that others rest on.
const NEEDED: [&[u8]; 5] = [
    b"\"in\":\"opened\"",
    b"\"in\":\"subscribe\"",
    b"\"in\":\"unsubscribe\"",
    b"\"in\":\"kept\"",
    b"\"in\":\"closed\"",
];
/// Within so many bytes a line says what it is.
const BEGINNING_BYTES: usize = 64;
/// A frame that holds as much is over.
const FRAME_BYTES: usize = 4 << 20;
/// Recordings of one source that may begin within one second.
const SAME_SECOND_MAX: u32 = 1000;

/// Writes the lines of one recording, for all its sources.
pub(super) struct Writer {
    settings: RecorderSettings,
    clock: Arc<dyn Clock>,
    current: Arc<Current>,
    files: FxHashMap<SourceName, Recording>,
    flushed: Nanos,
}

/// What is recorded of one source.
struct Recording {
    /// The path without number and ending.
    stem: PathBuf,
    number: u32,
    file: Frames,
    /// Written since it was flushed.
    is_fresh: bool,
}

/// A file of checked frames.
struct Frames {
    /// The frame under way; `None` when writing it has failed.
    frame: Option<Encoder<'static, Counted>>,
    began: Nanos,
    /// What it holds, in bytes.
    held: usize,
    /// Whether it holds what others cannot be understood without.
    is_needed: bool,
    /// Compressed bytes in this file.
    bytes: Arc<AtomicU64>,
}

impl Frames {
    fn create(
        settings: &RecorderSettings,
        current: &Arc<Current>,
        path: &Path,
        now: Nanos,
    ) -> io::Result<Self> {
        let bytes = Arc::new(AtomicU64::new(0));
        let counted = Counted {
            inner: (settings.create)(path)?,
            bytes: Arc::clone(&bytes),
            current: Arc::clone(current),
        };
        Ok(Self {
            frame: Some(frame(counted)?),
            began: now,
            held: 0,
            is_needed: false,
            bytes,
        })
    }

    fn write(&mut self, line: &[u8], now: Nanos) -> io::Result<()> {
        let is_needed = is_needed(line);
        if std::mem::replace(&mut self.is_needed, is_needed) != is_needed && self.held > 0 {
            self.next_frame(now)?;
        }
        let frame = self.frame.as_mut().ok_or_else(has_failed)?;
        self.held += line.len() + 1;
        frame.write_all(line)?;
        frame.write_all(b"\n")
    }

    fn flush(&mut self) -> io::Result<()> {
        self.frame.as_mut().ok_or_else(has_failed)?.flush()
    }

    fn is_frame_over(&self, now: Nanos, after: Duration) -> bool {
        self.held >= FRAME_BYTES || now.since(self.began) >= after
    }

    /// Ends the frame, and begins another one.
    fn next_frame(&mut self, now: Nanos) -> io::Result<()> {
        let before = self.frame.take().ok_or_else(has_failed)?;
        self.frame = Some(frame(before.finish()?)?);
        self.began = now;
        self.held = 0;
        Ok(())
    }

    /// Ends the file: with an empty frame, by which it is known that nothing is missing.
    fn finish(mut self) -> io::Result<()> {
        if self.held > 0 {
            self.next_frame(self.began)?;
        }
        let last = self.frame.ok_or_else(has_failed)?;
        last.finish()?.flush()
    }
}

fn frame(counted: Counted) -> io::Result<Encoder<'static, Counted>> {
    let mut encoder = Encoder::new(counted, LEVEL)?;
    encoder.include_checksum(true)?;
    Ok(encoder)
}

/// Whether data mean nothing without a line: the head, and what says who was connected, and with which symbols. It shares
/// no frame with data, of which much more may be damaged.
fn is_needed(line: &[u8]) -> bool {
    let beginning = line.get(..BEGINNING_BYTES).unwrap_or(line);
    let holds = |name: &&[u8]| memmem::find(beginning, name).is_some();
    line.starts_with(HEAD) || NEEDED.iter().any(holds)
}

fn has_failed() -> io::Error {
    io::Error::other("it could not be written to before")
}

impl Writer {
    pub(super) fn new(
        settings: RecorderSettings,
        clock: Arc<dyn Clock>,
        current: Arc<Current>,
    ) -> Self {
        Self {
            flushed: clock.monotonic(),
            settings,
            clock,
            current,
            files: FxHashMap::default(),
        }
    }

    pub(super) fn session(&self) -> u64 {
        self.current.session
    }

    pub(super) fn folder(&self) -> &Path {
        &self.current.folder
    }

    /// Writes until it is told that this is the end.
    pub(super) fn serve(&mut self, inbox: &Receiver<Item>) -> io::Result<()> {
        loop {
            let passed = self.clock.monotonic().since(self.flushed);
            let left = self.settings.flush_every.saturating_sub(passed);
            match inbox.recv_timeout(left) {
                Ok(Item::Line { source, line }) => {
                    let result = self.write(&source, &line);
                    self.current
                        .queued_bytes
                        .fetch_sub(line.len() + LINE_OVERHEAD_BYTES, Ordering::Relaxed);
                    result?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Item::End) | Err(RecvTimeoutError::Disconnected) => return self.finish(),
            }
            let now = self.clock.monotonic();
            if now.since(self.flushed) >= self.settings.flush_every {
                self.flushed = now;
                self.flush()?;
            }
        }
    }

    fn write(&mut self, source: &SourceName, line: &[u8]) -> io::Result<()> {
        if !self.files.contains_key(source) {
            if !line.starts_with(HEAD) {
                // It belongs to the recording before this one.
                return Ok(());
            }
            let recording = self.begin(source)?;
            self.files.insert(source.clone(), recording);
        }
        let Some(recording) = self.files.get_mut(source) else {
            return Ok(());
        };
        let now = self.clock.monotonic();
        if recording.file.bytes.load(Ordering::Relaxed) >= self.settings.file_bytes_max {
            recording.number += 1;
            let path = numbered(&recording.stem, recording.number);
            let file = Frames::create(&self.settings, &self.current, &path, now)?;
            std::mem::replace(&mut recording.file, file).finish()?;
        } else if recording.file.is_frame_over(now, self.settings.frame_every) {
            recording.file.next_frame(now)?;
        }
        recording.is_fresh = true;
        recording.file.write(line, now)
    }

    fn begin(&self, source: &SourceName) -> io::Result<Recording> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let name: String = source
            .as_str()
            .chars()
            .map(|c| if is_plain(c) { c } else { '_' })
            .collect();
        let time = self.clock.wall().in_zone(chrono_tz::UTC);
        let time = time.map_or_else(
            || "undated".to_owned(),
            |time| time.format("%Y%m%dT%H%M%SZ").to_string(),
        );
        for attempt in 1..SAME_SECOND_MAX {
            let stem = match attempt {
                1 => format!("{name}-{time}"),
                more => format!("{name}-{time}.{more}"),
            };
            let stem = self.current.folder.join(stem);
            let path = numbered(&stem, 1);
            let now = self.clock.monotonic();
            match Frames::create(&self.settings, &self.current, &path, now) {
                Ok(file) => {
                    return Ok(Recording {
                        stem,
                        number: 1,
                        file,
                        is_fresh: false,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there are too many recordings of this second",
        ))
    }

    fn flush(&mut self) -> io::Result<()> {
        for recording in self.files.values_mut() {
            if std::mem::take(&mut recording.is_fresh) {
                recording.file.flush()?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let mut result = Ok(());
        for (_, recording) in self.files.drain() {
            result = result.and(recording.file.finish());
        }
        result
    }
}

fn numbered(stem: &Path, number: u32) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(format!("-{number:04}{ENDING}"));
    path.into()
}

/// Counts what is written.
struct Counted {
    inner: Box<dyn Write + Send>,
    bytes: Arc<AtomicU64>,
    current: Arc<Current>,
}

impl Write for Counted {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.bytes.fetch_add(written as u64, Ordering::Relaxed);
        self.current
            .written_bytes
            .fetch_add(written as u64, Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
