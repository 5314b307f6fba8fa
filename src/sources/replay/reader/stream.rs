//! One file being read: opened, decompressed, cut at line breaks, turned round if it runs backwards.

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::{memchr, memchr_iter, memrchr};

use crate::decode::csv::Layout;
use crate::domain::outcome::{ErrorKind, Severity};
use crate::sources::files::{RowFormat, as_text};

use super::super::files::{File, Format, Input, Packing};
use super::frames::{Damaged, Frames};
use super::input::{Counted, Parts, PathInput};
use super::{Chunk, Failure, LINE_BYTES_MAX, SAMPLE_BYTES};

/// A file whose rows go back in time is held in memory to be turned round; this is the most.
const REVERSED_BYTES_MAX: u64 = 1 << 30;
/// So many rows tell whether a file goes back in time.
const ROWS_COMPARED: usize = 256;

pub(in super::super) struct Stream {
    name: String,
    bytes: u64,
    format: Format,
    packed: bool,
    source: Result<Box<dyn Read + Send>, Failure>,
    /// What has just been passed over.
    damage: Option<Failure>,
    raw: Arc<AtomicU64>,
    from: u64,
    /// What follows the last line break that was given out.
    rest: Vec<u8>,
    line: u64,
    begun: bool,
    layout: Option<Box<Layout>>,
    reversed: Option<Reversed>,
}

/// A whole file, given out from its end.
struct Reversed {
    text: Vec<u8>,
    /// What is before this has not been given out.
    end: usize,
    /// The number of the line that ends there.
    line: u64,
    failure: Option<Failure>,
}

impl Stream {
    pub(super) fn new(file: &File, layout: Option<Box<Layout>>, keep_open: bool) -> Self {
        let raw = Arc::new(AtomicU64::new(0));
        let counted = |inner: Box<dyn Read + Send>| Counted {
            inner,
            count: Arc::clone(&raw),
        };
        let input = counted(match &file.input {
            Input::Memory(bytes) => Box::new(*bytes),
            Input::Table(_) => Box::new(io::empty()),
            Input::Parts(paths) => Box::new(Parts {
                rest: paths.clone().into_iter(),
                open: None,
            }),
            Input::Path(path) => Box::new(PathInput {
                path: path.clone(),
                offset: 0,
                open: None,
                keep_open: keep_open || file.packing != Packing::Plain,
            }),
        });
        let source: io::Result<Box<dyn Read + Send>> = match (file.packing, &file.input) {
            (_, Input::Table(path)) => {
                let rows = match file.format {
                    Format::JsonLines => RowFormat::JsonLines,
                    Format::Csv | Format::Recording => RowFormat::Csv,
                };
                Ok(as_text(path.clone(), rows, file.bytes, Arc::clone(&raw)))
            }
            (Packing::Plain, _) => Ok(Box::new(input)),
            (Packing::Gzip, _) => Ok(Box::new(flate2::bufread::MultiGzDecoder::new(
                BufReader::with_capacity(64 << 10, input),
            ))),
            (Packing::Zstd, _) if file.format == Format::Recording => {
                Ok(Box::new(Frames::new(input)))
            }
            (Packing::Zstd, _) => zstd::stream::read::Decoder::new(input)
                .map(|decoder| Box::new(decoder) as Box<dyn Read + Send>),
        };
        let packed = file.packing != Packing::Plain;
        Self {
            source: source.map_err(|error| failure(&file.name, file.format, packed, &error)),
            damage: None,
            format: file.format,
            name: file.name.clone(),
            bytes: file.bytes,
            packed,
            raw,
            from: 0,
            rest: Vec::new(),
            line: 1,
            begun: false,
            layout,
            reversed: None,
        }
    }

    /// The next chunk of about `target` bytes, in the buffer `text`.
    pub(in super::super) fn next(&mut self, mut text: Vec<u8>, target: usize) -> Chunk {
        text.clear();
        if let Some(reversed) = &mut self.reversed {
            return reversed.next(text, target, self.bytes);
        }
        text.append(&mut self.rest);
        let mut chunk = Chunk {
            text,
            ..Chunk::default()
        };
        self.fill(&mut chunk, target);
        if !self.begun {
            self.begun = true;
            self.begin(&mut chunk, target);
            if let Some(reversed) = &mut self.reversed {
                let spare = std::mem::take(&mut chunk.text);
                return reversed.next(spare, target, self.bytes);
            }
        }
        chunk.first_line = self.line;
        self.line += memchr_iter(b'\n', &chunk.text).count() as u64;
        chunk.from = self.from;
        self.from = self.raw.load(Ordering::Relaxed).min(self.bytes);
        chunk.to = if chunk.last { self.bytes } else { self.from };
        chunk
    }

    /// Reads until there is a whole line and about `target` bytes, and keeps the beginning of a further line for later.
    fn fill(&mut self, chunk: &mut Chunk, target: usize) {
        let text = &mut chunk.text;
        let mut searched = 0;
        loop {
            let wanted = target.saturating_sub(text.len()).max(target / 2);
            let read = self.read(text, wanted);
            if let Some(damage) = self.damage.take() {
                // What follows does not go on from here.
                text.truncate(memrchr(b'\n', text).map_or(0, |at| at + 1));
                chunk.failure = Some(damage);
                return;
            }
            match read {
                // Less than asked for is the end, unless it broke there.
                Ok(read) if read < wanted && self.source.is_ok() => {
                    chunk.last = true;
                    return;
                }
                Ok(_) => {}
                Err(failure) => {
                    // The line in which it broke is not whole.
                    text.truncate(memrchr(b'\n', text).map_or(0, |at| at + 1));
                    chunk.failure = Some(failure);
                    chunk.last = true;
                    return;
                }
            }
            if let Some(at) = memrchr(b'\n', &text[searched..]) {
                self.rest.extend_from_slice(&text[searched + at + 1..]);
                text.truncate(searched + at + 1);
                return;
            }
            if text.len() > LINE_BYTES_MAX {
                return self.cut(chunk);
            }
            searched = text.len();
        }
    }

    /// The line is too long: keeps its beginning and passes the rest of it.
    fn cut(&mut self, chunk: &mut Chunk) {
        chunk.text.truncate(SAMPLE_BYTES);
        chunk.text.push(b'\n');
        chunk.cut = true;
        let mut passed = Vec::new();
        loop {
            passed.clear();
            match self.read(&mut passed, 64 << 10) {
                Ok(0) => chunk.last = true,
                Ok(_) => match memchr(b'\n', &passed) {
                    Some(at) => self.rest.extend_from_slice(&passed[at + 1..]),
                    None => continue,
                },
                Err(failure) => {
                    chunk.failure = Some(failure);
                    chunk.last = true;
                }
            }
            return;
        }
    }

    fn read(&mut self, into: &mut Vec<u8>, bytes: usize) -> Result<usize, Failure> {
        let source = self.source.as_mut().map_err(|failure| failure.clone())?;
        into.reserve(bytes);
        let before = into.len();
        match source.by_ref().take(bytes as u64).read_to_end(into) {
            Ok(read) => Ok(read),
            Err(error) => {
                let failure = failure(&self.name, self.format, self.packed, &error);
                if damage_of(&error).is_some() {
                    self.damage = Some(failure);
                    return Ok(into.len() - before);
                }
                self.source = Err(failure.clone());
                match into.len() - before {
                    0 => Err(failure),
                    // What could be read is good; the failure comes next time.
                    read => Ok(read),
                }
            }
        }
    }

    /// The beginning of a file: passes the byte order mark and the header, and finds out whether it runs backwards.
    fn begin(&mut self, chunk: &mut Chunk, target: usize) {
        if chunk.text.starts_with(b"\xef\xbb\xbf") {
            chunk.text.drain(..3);
        }
        let Some(mut layout) = self.layout.take() else {
            return;
        };
        let mut header_end = 0;
        loop {
            let line_end = memchr(b'\n', &chunk.text[header_end..]);
            let end = line_end.map_or(chunk.text.len(), |at| header_end + at + 1);
            let blank = chunk.text[header_end..end].trim_ascii().is_empty();
            self.line += u64::from(line_end.is_some());
            header_end = end;
            if !blank || line_end.is_none() {
                break;
            }
        }
        chunk.text.drain(..header_end);
        if chunk.text.is_empty() && !chunk.last {
            // The header filled the chunk.
            chunk.text.append(&mut self.rest);
            self.fill(chunk, target);
        }
        if runs_backwards(&chunk.text, &mut layout) {
            self.reversed = Some(self.reverse(chunk));
        }
    }

    fn reverse(&mut self, chunk: &mut Chunk) -> Reversed {
        let mut text = std::mem::take(&mut chunk.text);
        text.append(&mut self.rest);
        let mut failed = chunk.failure.take();
        if !chunk.last {
            loop {
                match self.read(&mut text, 1 << 20) {
                    Ok(0) => break,
                    Ok(_) if text.len() as u64 > REVERSED_BYTES_MAX => {
                        failed = Some(Failure {
                            kind: ErrorKind::ConfigError,
                            message: format!(
                                "{}: rows go back in time, and the file is too large to be turned round in memory; \
                                 sort it by time",
                                self.name
                            ),
                            severity: Severity::Error,
                        });
                        text.clear();
                        break;
                    }
                    Ok(_) => {}
                    Err(failure) => {
                        text.truncate(memrchr(b'\n', &text).map_or(0, |at| at + 1));
                        failed = Some(failure);
                        break;
                    }
                }
            }
        }
        if !text.is_empty() && text.last() != Some(&b'\n') {
            text.push(b'\n');
        }
        Reversed {
            end: text.len(),
            line: self.line + (memchr_iter(b'\n', &text).count() as u64).saturating_sub(1),
            text,
            failure: failed,
        }
    }
}

impl Reversed {
    fn next(&mut self, mut into: Vec<u8>, target: usize, bytes: u64) -> Chunk {
        into.clear();
        let total = self.text.len().max(1) as u128;
        let progress = |end: usize| bytes - (u128::from(bytes) * end as u128 / total) as u64;
        let from = progress(self.end);
        let first_line = self.line;
        while self.end > 0 && into.len() < target {
            let start = memrchr(b'\n', &self.text[..self.end - 1]).map_or(0, |at| at + 1);
            into.extend_from_slice(&self.text[start..self.end]);
            self.end = start;
            self.line = self.line.saturating_sub(1);
        }
        let last = self.end == 0;
        Chunk {
            text: into,
            first_line,
            backwards: true,
            from,
            to: progress(self.end),
            last,
            cut: false,
            failure: if last { self.failure.take() } else { None },
        }
    }
}

/// Whether the times of the first rows mostly go down.
fn runs_backwards(text: &[u8], layout: &mut Layout) -> bool {
    let mut before = None;
    let mut balance = 0_i64;
    for line in text.split(|&byte| byte == b'\n').take(ROWS_COMPARED) {
        let time = layout.time_of(line);
        if let (Some(before), Some(time)) = (before, time) {
            balance += i64::from(time > before) - i64::from(time < before);
        }
        before = time.or(before);
    }
    balance < 0
}

fn damage_of(error: &io::Error) -> Option<&Damaged> {
    error.get_ref()?.downcast_ref()
}

fn failure(name: &str, format: Format, packed: bool, error: &io::Error) -> Failure {
    // What the system says has a number; anything else comes from the decoder.
    let damaged = error.raw_os_error().is_none();
    if let Some(Damaged { from, to }) = damage_of(error) {
        let message = format!(
            "{name}: damaged from byte {from} to byte {to}: what was recorded there is missing, and the rest is played; \
             bars lack its trades, and a book stays away until the venue gave it whole again"
        );
        return Failure {
            kind: ErrorKind::DecodeError,
            message,
            severity: Severity::Error,
        };
    }
    let (kind, message) = match error.kind() {
        io::ErrorKind::UnexpectedEof if format == Format::Recording => {
            let message = format!(
                "{name}: the recording breaks off: it is still being written, or the program that wrote it was ended; \
                 what it holds so far is played"
            );
            return Failure {
                kind: ErrorKind::DecodeError,
                message,
                severity: Severity::Info,
            };
        }
        io::ErrorKind::UnexpectedEof if packed => (
            ErrorKind::DecodeError,
            format!("{name}: the compressed data ends too early; the lines before are kept"),
        ),
        _ if packed && damaged => (
            ErrorKind::DecodeError,
            format!("{name}: the compressed data is damaged ({error}); the lines before are kept"),
        ),
        _ => (
            ErrorKind::ConnectionError,
            format!("{name}: cannot be read: {error}"),
        ),
    };
    Failure {
        kind,
        message,
        severity: Severity::Error,
    }
}
