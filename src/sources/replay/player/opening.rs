//! Beginning: headers of tables, and the tracks of the files that are wanted.

use tokio::time::Instant;

use crate::decode::csv::Layout;
use crate::domain::outcome::{ErrorInstance, ErrorKind, Status};
use crate::domain::symbol::{Resolution, Symbol};
use crate::pipeline::meters::ConnectionState;

use super::super::files::Format;
use super::super::frame::Joining;
use super::super::kept::KEPT_BYTES_MAX;
use super::super::lines::Lines;
use super::super::reader::{Failure, Request};
use super::super::recorded::RecordedLines;
use super::super::track::{Opening, Track};
use super::load::{Cause, Load, Place};
use super::{Player, Stage};

/// More files than this are not read ahead, to keep memory small.
const READ_AHEAD_FILES_MAX: usize = 64;

/// What is known of a file's header.
#[derive(Debug)]
pub(super) enum Header {
    Unknown,
    /// There is none: the file is empty, or no table.
    None,
    /// It cannot be used. Said when the file is wanted, and only once.
    Bad(Box<ErrorInstance>),
    Known(Box<Layout>),
}

impl Player {
    /// Begins: headers first, because they say which files are needed.
    pub(super) fn open(&mut self) {
        if self.stage == Stage::New {
            self.stage = Stage::Headers;
            self.publish(ConnectionState::Connecting);
            self.put_status(Status::Connecting, None);
            for (file, header) in self.headers.iter_mut().enumerate() {
                if self.files[file].format == Format::Csv {
                    self.headers_awaited += 1;
                    self.reader.ask(Request::Header { file });
                    continue;
                }
                *header = Header::None;
                if self.files[file].format == Format::Recording {
                    self.headers_awaited += 1;
                    self.reader.ask(Request::Ending { file });
                }
            }
            return;
        }
        self.stage = Stage::Open;
        self.span = self.span();
        self.put_status(Status::Connected, None);
        self.open_tracks(false);
        if let Some(time) = self.settings.open_at {
            self.load = Load::before(Place::At(time.0), Cause::Opening, 0.0);
            self.stand_at(Place::At(time.0));
        } else if let Some(time) = self.clock_from() {
            self.playback.set(time, Instant::now());
        }
    }

    pub(super) fn take_header(&mut self, file: usize, line: Result<Vec<u8>, Failure>) {
        self.headers_awaited = self.headers_awaited.saturating_sub(1);
        let name = &self.files[file].name;
        let bad = |kind: ErrorKind, message: String, location: String, sample: Option<String>| {
            Header::Bad(Box::new(ErrorInstance {
                source: Some(self.info.name.clone()),
                location: Some(location),
                sample,
                ..ErrorInstance::new(kind, message)
            }))
        };
        self.headers[file] = match line {
            Err(failure) => bad(failure.kind, failure.message, name.clone(), None),
            Ok(line) if line.is_empty() => {
                tracing::info!(file = self.files[file].name, "empty");
                Header::None
            }
            Ok(line) => match Layout::new(&line, self.settings.zone()) {
                Ok(layout) => Header::Known(Box::new(layout)),
                Err(rejection) => {
                    let sample = super::super::frame::sample(&line);
                    let location = format!("{name}:1");
                    bad(rejection.kind, rejection.reason, location, Some(sample))
                }
            },
        };
    }

    /// Begins every file that may hold wanted symbols from its beginning, with what has been kept of it where that
    /// `may_serve`.
    pub(super) fn open_tracks(&mut self, may_serve: bool) {
        if may_serve {
            let reported = std::mem::take(&mut self.reported);
            let (merge, mut context) = self.decoding();
            merge.rewind(&reported, &mut context);
            self.reported = reported;
        } else {
            self.merge.clear(&self.reader);
        }
        for file in 0..self.files.len() {
            if !self.merge.has(file) && self.is_wanted(file) {
                self.open_track(file, None);
            }
        }
    }

    /// Whether a file can hold wanted symbols. A table of one symbol that nobody wants is not even opened.
    fn is_wanted(&mut self, file: usize) -> bool {
        match &self.headers[file] {
            Header::Unknown => return false,
            Header::None => return self.files[file].format != Format::Csv,
            Header::Known(layout) if layout.has_symbol() => return true,
            Header::Bad(_) if self.feed.takes_all() => {
                self.say_bad_header(file);
                return false;
            }
            Header::Known(_) | Header::Bad(_) => {}
        }
        let symbol = &self.files[file].symbol;
        match self.admission.resolve(self.feed.resolver(), symbol) {
            Resolution::Subscribed(_) => !self.say_bad_header(file),
            Resolution::Ignored => {
                tracing::debug!(file = self.files[file].name, "not subscribed, not opened");
                false
            }
            Resolution::Full => false,
            Resolution::Invalid(error) => {
                let message = format!(
                    "the file's name gives no symbol ({error}); rename it, or give it a column 'symbol'"
                );
                let mut error = self.error(ErrorKind::SchemaError, message);
                error.location = Some(self.files[file].name.clone());
                self.put_errors(vec![error]);
                self.headers[file] = Header::None;
                false
            }
        }
    }

    /// Says what is wrong with a file's header, once; whether there is anything wrong.
    fn say_bad_header(&mut self, file: usize) -> bool {
        if !matches!(self.headers[file], Header::Bad(_)) {
            return false;
        }
        if let Header::Bad(error) = std::mem::replace(&mut self.headers[file], Header::None) {
            self.put_errors(vec![*error]);
        }
        true
    }

    fn open_track(&mut self, file: usize, joining: Option<Joining>) {
        let description = &self.files[file];
        let lines = match (&self.headers[file], description.format) {
            (Header::Known(layout), Format::Csv) => Lines::Csv {
                layout: layout.clone(),
                symbol: description.symbol.clone(),
            },
            (_, Format::JsonLines) => Lines::Json,
            (_, Format::Recording) => match &description.recording {
                Some(recording) => Lines::Recorded(RecordedLines::new(recording.as_ref())),
                None => return,
            },
            (_, Format::Csv) => return,
        };
        self.next_stream += 1;
        let opening = Opening {
            stream: self.next_stream,
            file,
            name: description.name.clone(),
            bytes: description.bytes,
            lines,
            reads_ahead: self.files.len() <= READ_AHEAD_FILES_MAX,
            reported: self.reported[file],
            kept_bytes_max: KEPT_BYTES_MAX / self.files.len().max(1),
        };
        let track = Track::open(opening, joining, &self.reader);
        self.merge.add(file, track, &self.reader);
    }

    /// Reads again what may hold these symbols.
    pub(super) fn reopen_for(&mut self, symbols: &[(Symbol, crate::domain::symbol::SymbolId)]) {
        for file in 0..self.files.len() {
            let name = &self.files[file].symbol;
            let is_about = symbols.iter().any(|(symbol, _)| symbol.as_str() == name);
            let is_wanted = match &self.headers[file] {
                Header::Unknown => false,
                Header::None => self.files[file].format != Format::Csv,
                Header::Known(layout) => layout.has_symbol() || is_about,
                Header::Bad(_) => is_about && !self.say_bad_header(file),
            };
            if is_wanted {
                let joining = Joining {
                    symbols: symbols.iter().map(|&(_, id)| id).collect(),
                    played: self.played[file],
                };
                self.open_track(file, Some(joining));
            }
        }
    }

    /// Closes the table of a symbol that is wanted no more.
    pub(super) fn close_table_of(&mut self, symbol: &Symbol) {
        for (file, header) in self.headers.iter().enumerate() {
            let is_about = self.files[file].symbol == symbol.as_str();
            if is_about && matches!(header, Header::Known(layout) if !layout.has_symbol()) {
                self.merge.remove(file, &self.reader);
                self.played[file] = 0;
            }
        }
    }
}
