//! Recordings on disk: one file for each source and recording, written by a thread of its own.
//!
//! A recording is lines in `SOURCE-YYYYMMDDTHHMMSSZ-0001.rec.zst`, which goes on in `…-0002.rec.zst` when the file is large:
//! zstd frames of half a minute each, with checksums, so that damage to one costs no more than that. The head, and who was
//! connected with which symbols, stand in frames of their own, and an empty one is the end.
//!
//! What has been received is in the file at most a second later, so that it can be read while it is being written, and
//! after a crash. Files and new folders are their owner's alone. It is handed to the system, but not forced through to the
//! disk: after a power cut more may be missing.

#[cfg(test)]
mod tests;
mod writer;

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::domain::clock::Clock;
use crate::domain::source::SourceName;
use crate::pipeline::recording::{Recorder, RecordingError};
use crate::pipeline::snapshot::RecordingView;

use writer::Writer;

/// What recordings' names end with.
pub const ENDING: &str = ".rec.zst";
/// What a waiting line takes beside its bytes.
const LINE_OVERHEAD_BYTES: usize = 64;

/// Makes a new file, which must not be there yet.
pub type CreateFile = Arc<dyn Fn(&Path) -> io::Result<Box<dyn Write + Send>> + Send + Sync>;

/// Limits of a recorder.
#[derive(Clone)]
pub struct RecorderSettings {
    /// Lines that may wait for the disk, in bytes.
    pub queue_bytes_max: usize,
    /// A compressed file as large as this is followed by another one.
    pub file_bytes_max: u64,
    /// How much time may pass before what has come is in the file.
    pub flush_every: Duration,
    /// How much time a frame may hold. Of a damaged one all is lost, while many short ones take more room.
    pub frame_every: Duration,
    /// Makes the files.
    pub create: CreateFile,
}

impl Default for RecorderSettings {
    fn default() -> Self {
        Self {
            queue_bytes_max: 64 << 20,
            file_bytes_max: 256 << 20,
            // Compressing and writing take their part of the second.
            flush_every: Duration::from_millis(800),
            frame_every: Duration::from_secs(30),
            create: Arc::new(|path| {
                let mut options = OpenOptions::new();
                options.write(true).create_new(true).mode(0o600);
                let file = options.open(path)?;
                Ok(Box::new(file))
            }),
        }
    }
}

/// Records into files.
pub struct FileRecorder {
    settings: RecorderSettings,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    current: RwLock<Option<Arc<Current>>>,
    /// How often recording was begun.
    sessions: AtomicU64,
    failure: Mutex<Option<String>>,
}

/// The recording that is under way.
struct Current {
    session: u64,
    folder: PathBuf,
    lines: Sender<Item>,
    queued_bytes: AtomicUsize,
    written_bytes: AtomicU64,
    lost: AtomicU64,
    has_said_lost: AtomicBool,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Item {
    Line { source: SourceName, line: Box<[u8]> },
    End,
}

impl Shared {
    fn current(&self) -> Option<Arc<Current>> {
        let current = self.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, new: Option<Arc<Current>>) -> Option<Arc<Current>> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, new)
    }

    fn fail(&self, reason: String) {
        tracing::warn!(reason, "recording");
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }

    /// Nothing more can be written.
    fn stop(&self, session: u64, reason: String) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|one| one.session == session) {
            *current = None;
        }
        drop(current);
        self.fail(reason);
    }
}

impl FileRecorder {
    /// A recorder that does not record yet. The clock names the files.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, settings: RecorderSettings) -> Self {
        Self {
            settings,
            clock,
            shared: Arc::default(),
        }
    }

    fn start(&self, folder: &Path) -> io::Result<Arc<Current>> {
        let (lines, inbox) = unbounded();
        let current = Arc::new(Current {
            session: self.shared.sessions.fetch_add(1, Ordering::Relaxed) + 1,
            folder: folder.to_owned(),
            lines,
            queued_bytes: AtomicUsize::new(0),
            written_bytes: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            has_said_lost: AtomicBool::new(false),
            thread: Mutex::new(None),
        });
        let writer = Writer::new(
            self.settings.clone(),
            Arc::clone(&self.clock),
            Arc::clone(&current),
        );
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || run(writer, &inbox, &shared))?;
        *current
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(current)
    }
}

fn run(mut writer: Writer, inbox: &Receiver<Item>, shared: &Shared) {
    let session = writer.session();
    let folder = writer.folder().display().to_string();
    if let Err(error) = writer.serve(inbox) {
        let reason =
            format!("recording to {folder} has stopped: {error}; what came before is kept");
        shared.stop(session, reason);
    }
}

/// Everything is written out when this returns.
fn finish(current: Option<Arc<Current>>) {
    let Some(current) = current else {
        return;
    };
    // A writer that has stopped has said why.
    drop(current.lines.send(Item::End));
    let thread = current
        .thread
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if thread.is_some_and(|thread| thread.join().is_err()) {
        tracing::error!("the recorder has panicked");
    }
}

impl Drop for FileRecorder {
    fn drop(&mut self) {
        self.end();
    }
}

impl Recorder for FileRecorder {
    fn session(&self) -> Option<u64> {
        self.shared.current().map(|current| current.session)
    }

    fn record(&self, source: &SourceName, line: &[u8]) {
        let Some(current) = self.shared.current() else {
            return;
        };
        let bytes = line.len() + LINE_OVERHEAD_BYTES;
        let queued = current.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        // A line that is larger than the whole queue may wait alone.
        let has_room = queued == 0 || queued + bytes <= self.settings.queue_bytes_max;
        let item = Item::Line {
            source: source.clone(),
            line: line.into(),
        };
        if has_room && current.lines.send(item).is_ok() {
            return;
        }
        current.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        current.lost.fetch_add(1, Ordering::Relaxed);
        if has_room {
            // The writer has gone, and says why.
            return;
        }
        if !current.has_said_lost.swap(true, Ordering::Relaxed) {
            self.shared.fail(format!(
                "recording to {}: the disk is too slow, and parts of what comes in are missing from the recording; \
                 name a folder on a faster disk",
                current.folder.display()
            ));
        }
    }

    fn begin(&self, folder: &Path) -> Result<(), RecordingError> {
        let refused = |error| RecordingError {
            folder: folder.to_owned(),
            error,
        };
        prepare(folder).map_err(refused)?;
        let current = self.start(folder).map_err(refused)?;
        finish(self.shared.replace(Some(current)));
        Ok(())
    }

    fn end(&self) {
        finish(self.shared.replace(None));
    }

    fn view(&self) -> Option<RecordingView> {
        let current = self.shared.current()?;
        Some(RecordingView {
            folder: current.folder.display().to_string(),
            bytes: current.written_bytes.load(Ordering::Relaxed),
            lost: current.lost.load(Ordering::Relaxed),
        })
    }

    fn take_failure(&self) -> Option<String> {
        let mut failure = self
            .shared
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        failure.take()
    }
}

/// Whether it looks as if recordings could be made in a folder, without making anything.
///
/// # Errors
/// When the folder, or where it would be made, is no folder that can be written to.
pub fn check(folder: &Path) -> Result<(), RecordingError> {
    let refused = |error| RecordingError {
        folder: folder.to_owned(),
        error,
    };
    for place in folder.ancestors() {
        let place = if place.as_os_str().is_empty() {
            Path::new(".")
        } else {
            place
        };
        match fs::metadata(place) {
            Ok(found) if !found.is_dir() => return Err(refused(is_file())),
            Ok(_) => {
                let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
                return rustix::fs::access(place, access).map_err(|error| refused(error.into()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(refused(error)),
        }
    }
    Ok(())
}

fn is_file() -> io::Error {
    io::Error::new(io::ErrorKind::NotADirectory, "it is a file; name a folder")
}

/// Makes the folder, and sees whether files can be made in it.
fn prepare(folder: &Path) -> io::Result<()> {
    if fs::metadata(folder).is_ok_and(|found| !found.is_dir()) {
        return Err(is_file());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let probe = folder.join(format!(".recording-{}", std::process::id()));
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&probe)?;
    fs::remove_file(&probe)
}
