//! The thread that compresses and writes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use rustc_hash::FxHashMap;
use zstd::stream::write::Encoder;

use crate::domain::clock::{Clock, Nanos};
use crate::domain::source::SourceName;

use super::{Current, ENDING, Item, LINE_OVERHEAD_BYTES, RecorderSettings};

/// zstd's own default: fast, and several times smaller.
const LEVEL: i32 = 3;
/// What a recording's first line begins with.
const HEAD: &[u8] = b"{\"recording\":";
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
    file: Encoder<'static, Counted>,
    /// Compressed bytes in this file.
    bytes: Arc<AtomicU64>,
    /// Written since it was flushed.
    is_fresh: bool,
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
        if recording.bytes.load(Ordering::Relaxed) >= self.settings.file_bytes_max {
            recording.number += 1;
            let path = numbered(&recording.stem, recording.number);
            let (file, bytes) = create(&self.settings, &self.current, &path)?;
            recording.bytes = bytes;
            std::mem::replace(&mut recording.file, file).finish()?;
        }
        recording.is_fresh = true;
        recording.file.write_all(line)?;
        recording.file.write_all(b"\n")
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
            match create(&self.settings, &self.current, &numbered(&stem, 1)) {
                Ok((file, bytes)) => {
                    return Ok(Recording {
                        stem,
                        number: 1,
                        file,
                        bytes,
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
            let finished = recording.file.finish().and_then(|mut file| file.flush());
            result = result.and(finished);
        }
        result
    }
}

fn numbered(stem: &Path, number: u32) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(format!("-{number:04}{ENDING}"));
    path.into()
}

fn create(
    settings: &RecorderSettings,
    current: &Arc<Current>,
    path: &Path,
) -> io::Result<(Encoder<'static, Counted>, Arc<AtomicU64>)> {
    let bytes = Arc::new(AtomicU64::new(0));
    let counted = Counted {
        inner: (settings.create)(path)?,
        bytes: Arc::clone(&bytes),
        current: Arc::clone(current),
    };
    Ok((Encoder::new(counted, LEVEL)?, bytes))
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
