//! The thread that reads and decompresses. It does nothing unasked: a track asks for its file's next chunk, so that at
//! most two chunks a file are ever in memory.

mod frames;
mod input;
mod stream;

use std::thread;

use crossbeam_channel as channel;
use rustc_hash::FxHashMap;
use tokio::sync::mpsc;

use crate::decode::csv::Layout;
use crate::domain::outcome::{ErrorKind, Severity};
use crate::domain::time::UnixMs;

use super::files::{File, Input};
use stream::Stream;

/// The longest line that is taken.
const LINE_BYTES_MAX: usize = 16 << 20;
/// How much of a longer line is kept to show.
const SAMPLE_BYTES: usize = 200;
/// Chunks of all files together take about this much.
const CHUNKS_BYTES: usize = 8 << 20;
/// What is read to learn when recordings end, compressed, of all of them together.
const ENDING_BYTES_MAX: u64 = 4 << 20;
/// What that may come to when it is unpacked, of each.
const ENDING_TEXT_BYTES_MAX: usize = 256 << 20;
/// Lines that are looked at to find one that says when it was written.
const LAST_LINES_MAX: usize = 8;
/// Beyond this many files, plain ones are opened for each chunk anew, because a process may have few files open.
const OPEN_FILES_MAX: usize = 200;

/// Whole lines of one file.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// The lines with their line breaks; the file's last line may have none.
    pub(super) text: Vec<u8>,
    /// The number of the first line, counted from one.
    pub(super) first_line: u64,
    /// Whether the line numbers go down.
    pub(super) backwards: bool,
    /// How much of the stored file had been read before this chunk, and after it.
    pub(super) from: u64,
    pub(super) to: u64,
    /// Nothing follows.
    pub(super) last: bool,
    /// The last line was too long: only its beginning is here.
    pub(super) cut: bool,
    /// Why nothing follows although the file may have more, or what is missing between this chunk and the next.
    pub(super) failure: Option<Failure>,
}

/// Reading has failed.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    pub(super) severity: Severity,
}

/// What the thread is asked.
#[derive(Debug)]
pub(super) enum Request {
    /// The first line of a file that is not blank.
    Header { file: usize },
    /// When the last line of a recording was written.
    Ending { file: usize },
    /// Begin reading a file under this number. A layout means that it is CSV: its header is left out, and it is turned
    /// round when its rows go back in time.
    Open {
        stream: u64,
        file: usize,
        layout: Option<Box<Layout>>,
    },
    /// The next chunk, in this buffer.
    Next { stream: u64, spare: Vec<u8> },
    /// No more of this.
    Close { stream: u64 },
}

/// What the thread answers.
#[derive(Debug)]
pub(super) enum Reply {
    Header {
        file: usize,
        line: Result<Vec<u8>, Failure>,
    },
    /// `None` where it would take long to find out.
    Ending {
        file: usize,
        time: Option<UnixMs>,
    },
    Chunk {
        stream: u64,
        chunk: Chunk,
    },
}

/// The player's end. Dropping it ends the thread.
#[derive(Debug)]
pub(super) struct Reader {
    requests: channel::Sender<Request>,
    replies: mpsc::Receiver<Reply>,
}

impl Reader {
    /// Starts the thread for these files.
    pub(super) fn start(files: Vec<File>) -> std::io::Result<Self> {
        // Requests are few: one or two for each file, so that the queue is bounded by their number.
        let (requests, inbox) = channel::unbounded();
        let (outbox, replies) = mpsc::channel(64);
        thread::Builder::new()
            .name("replay-reader".to_owned())
            .spawn(move || Worker::new(files).serve(&inbox, &outbox))?;
        Ok(Self { requests, replies })
    }

    /// Asks for something.
    pub(super) fn ask(&self, request: Request) {
        if self.requests.send(request).is_err() {
            tracing::error!("the reader of a replay is gone");
        }
    }

    /// The next answer; `None` when the thread is gone. Cancelling it loses nothing.
    pub(super) async fn reply(&mut self) -> Option<Reply> {
        self.replies.recv().await
    }
}

struct Worker {
    files: Vec<File>,
    streams: FxHashMap<u64, Stream>,
    chunk_bytes: usize,
}

impl Worker {
    fn new(files: Vec<File>) -> Self {
        let chunk_bytes = (CHUNKS_BYTES / files.len().max(1)).clamp(8 << 10, 256 << 10);
        Self {
            files,
            streams: FxHashMap::default(),
            chunk_bytes,
        }
    }

    fn serve(mut self, inbox: &channel::Receiver<Request>, outbox: &mpsc::Sender<Reply>) {
        while let Ok(request) = inbox.recv() {
            let reply = match request {
                Request::Header { file } => Reply::Header {
                    file,
                    line: first_line(&self.files[file]),
                },
                Request::Ending { file } => {
                    let bytes_max = ENDING_BYTES_MAX / self.files.len().max(1) as u64;
                    let time = last_time(&self.files[file], self.chunk_bytes, bytes_max);
                    Reply::Ending { file, time }
                }
                Request::Open {
                    stream,
                    file,
                    layout,
                } => {
                    let opened = Stream::new(&self.files[file], layout, self.keeps_open());
                    self.streams.insert(stream, opened);
                    continue;
                }
                Request::Next { stream, spare } => {
                    let Some(open) = self.streams.get_mut(&stream) else {
                        continue;
                    };
                    let chunk = open.next(spare, self.chunk_bytes);
                    if chunk.last {
                        self.streams.remove(&stream);
                    }
                    Reply::Chunk { stream, chunk }
                }
                Request::Close { stream } => {
                    self.streams.remove(&stream);
                    continue;
                }
            };
            if outbox.blocking_send(reply).is_err() {
                return;
            }
        }
    }

    fn keeps_open(&self) -> bool {
        self.files.len() <= OPEN_FILES_MAX
    }
}

/// When the last line of a recording was written. Where that is, only reading its last part tells, so it is not looked
/// for in one of more than `bytes_max`.
fn last_time(file: &File, chunk_bytes: usize, bytes_max: u64) -> Option<UnixMs> {
    let (Some(recording), Input::Parts(parts)) = (&file.recording, &file.input) else {
        return None;
    };
    let last = parts.last()?;
    if std::fs::metadata(last).ok()?.len() > bytes_max {
        return None;
    }
    let last = File {
        input: Input::Parts(vec![last.clone()]),
        ..file.clone()
    };
    let mut stream = Stream::new(&last, None, false);
    let mut chunk = Chunk::default();
    let mut time = None;
    let mut read = 0;
    while !chunk.last {
        chunk = stream.next(chunk.text, chunk_bytes);
        read += chunk.text.len();
        if read > ENDING_TEXT_BYTES_MAX {
            return None;
        }
        let lines = chunk.text.rsplit(|&byte| byte == b'\n');
        let mut lines = lines.filter(|line| !line.is_empty()).take(LAST_LINES_MAX);
        time = lines.find_map(|line| recording.time_of(line)).or(time);
    }
    time
}

/// Begins to read a file outside of the thread.
pub(super) fn open_stream(file: &File, layout: Option<Box<Layout>>) -> Stream {
    Stream::new(file, layout, true)
}

/// The first line of a file that is not blank; empty when there is none.
pub(super) fn first_line(file: &File) -> Result<Vec<u8>, Failure> {
    let mut lines = first_lines(file, 1)?;
    Ok(lines.pop().unwrap_or_default())
}

/// The first lines of a file that are not blank, at most `count`.
pub(super) fn first_lines(file: &File, count: usize) -> Result<Vec<Vec<u8>>, Failure> {
    let mut stream = Stream::new(file, None, false);
    let mut found: Vec<Vec<u8>> = Vec::new();
    loop {
        let mut chunk = stream.next(Vec::new(), 1 << 10);
        let lines = chunk.text.split(|&byte| byte == b'\n');
        let lines = lines.filter(|line| !line.trim_ascii().is_empty());
        found.extend(lines.take(count - found.len()).map(<[u8]>::to_vec));
        match chunk.failure.take() {
            _ if found.len() >= count => return Ok(found),
            Some(failure) if found.is_empty() => return Err(failure),
            Some(_) => return Ok(found),
            None if chunk.last => return Ok(found),
            None => {}
        }
    }
}
