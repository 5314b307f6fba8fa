//! Recordings of live sources among the files of a replay.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use crate::decode::Rejection;
use crate::domain::event::{DataService, Event};
use crate::domain::outcome::{ErrorInstance, ErrorKind, Severity, StatusChange};
use crate::domain::source::Products;
use crate::domain::symbol::Resolution;
use crate::domain::time::{SessionCalendar, UnixMs};
use crate::sources::recording::{Played, ReadHead, Recording, RecordingPlayer};

use super::OpenError;
use super::files::{File, Format};
use super::reader::first_line;

/// The names of the recorded sources among the files, each once, in the order of the alphabet.
pub(super) fn sources(files: &mut Vec<File>, read_head: Option<ReadHead>) -> BTreeSet<String> {
    take_heads(files, read_head);
    let recordings = files.iter().filter_map(|file| file.recording.as_ref());
    recordings
        .map(|recording| recording.source().to_owned())
        .collect()
}

/// Leaves only the recordings of the source of this name. Gives when the earliest of all recordings began, those of other
/// sources included, and what is to be said of files that are no recordings.
///
/// # Errors
/// When there is no recording of it.
pub(super) fn keep_source(
    path: &Path,
    files: &mut Vec<File>,
    source: &str,
) -> Result<(Option<UnixMs>, Option<ErrorInstance>), OpenError> {
    let recordings = || files.iter().filter_map(|file| file.recording.as_ref());
    let began = recordings().map(|recording| recording.started()).min();
    let known: BTreeSet<&str> = recordings().map(|recording| recording.source()).collect();
    if !known.contains(source) {
        return Err(OpenError::NoSuchRecording {
            path: path.to_owned(),
            source_name: source.to_owned(),
            known: known.into_iter().collect::<Vec<_>>().join(", "),
        });
    }
    let others: Vec<&str> = files
        .iter()
        .filter(|file| file.recording.is_none())
        .map(|file| file.name.as_str())
        .collect();
    // One of all the sources of a folder says it for all.
    let is_first = known.first() == Some(&source);
    let warning = (is_first && !others.is_empty()).then(|| {
        let message = format!(
            "{} is left out: with recordings of several sources in a folder, nothing else of it is played; move it to \
             another folder",
            others.join(", ")
        );
        ErrorInstance::new(ErrorKind::ConfigError, message).as_warning()
    });
    files.retain(|file| {
        let recording = file.recording.as_ref();
        recording.is_some_and(|recording| recording.source() == source)
    });
    Ok((began, warning))
}

/// Reads the heads of all recordings among the files, and leaves those out that cannot be played. Gives why.
fn take_heads(files: &mut Vec<File>, read_head: Option<ReadHead>) -> Vec<OpenError> {
    let mut unplayable = Vec::new();
    files.retain_mut(|file| {
        if file.format != Format::Recording {
            return true;
        }
        match head_of(file, read_head) {
            Ok(recording) => file.recording = Some(recording),
            Err(reason) => unplayable.push(OpenError::Recording {
                name: file.name.clone(),
                reason,
            }),
        }
        file.recording.is_some()
    });
    unplayable
}

/// Reads the heads of all recordings among the files. What cannot be played is left out when there is anything else,
/// and said in the warnings.
///
/// # Errors
/// When nothing is left.
pub(super) fn read_heads(
    files: &mut Vec<File>,
    read_head: Option<ReadHead>,
) -> Result<Vec<ErrorInstance>, OpenError> {
    let mut unplayable = take_heads(files, read_head);
    if files.is_empty()
        && let Some(error) = unplayable.pop()
    {
        return Err(error);
    }
    let warning = |error: OpenError| {
        let message = format!("{error}; it is left out");
        ErrorInstance::new(ErrorKind::DecodeError, message).as_warning()
    };
    Ok(unplayable.into_iter().map(warning).collect())
}

/// What workers make of all recordings among the files, and when their trading days begin and end; `None` where there are
/// no recordings. Those that were made with other services or levels are played as one: it gives what any of them gives.
///
/// # Errors
/// When they cannot be played as one source.
pub(super) fn joined(
    path: &Path,
    files: &[File],
) -> Result<Option<(Products, SessionCalendar)>, OpenError> {
    let mut recordings = files
        .iter()
        .filter_map(|file| Some((file, file.recording.as_ref()?)));
    let Some((first, known)) = recordings.next() else {
        return Ok(None);
    };
    let has_bars = |products: &Products| products.services.has(DataService::Ohlcv);
    let mut products = known.products();
    for (other, recording) in recordings {
        let theirs = recording.products();
        if !has_bars(&products) {
            (products.bars, products.interval) = (theirs.bars, theirs.interval);
        }
        let same_bars = (theirs.bars, theirs.interval) == (products.bars, products.interval);
        let differs = if recording.kind() != known.kind() {
            Some("kind")
        } else if recording.calendar() != known.calendar() {
            Some("session=")
        } else if has_bars(&theirs) && !same_bars {
            Some("bars= or interval=")
        } else {
            None
        };
        if let Some(what) = differs {
            return Err(OpenError::DifferentRecordings {
                folder: path.to_owned(),
                one: first.name.clone(),
                other: other.name.clone(),
                what,
            });
        }
        products.services = products.services.or(theirs.services);
        products.levels = products.levels.max(theirs.levels);
        products.bars_grow |= theirs.bars_grow;
        products.repeats_trades |= theirs.repeats_trades;
    }
    Ok(Some((products, known.calendar())))
}

fn head_of(
    file: &File,
    read_head: Option<ReadHead>,
) -> Result<std::sync::Arc<dyn Recording>, String> {
    let read_head = read_head.ok_or("recordings cannot be played here")?;
    if file.first_part != 1 {
        return Err("it is the continuation of a file that is not there, without which it cannot be understood".to_owned());
    }
    let line = first_line(file).map_err(|failure| match failure.severity {
        Severity::Info => "it breaks off before its first line is whole".to_owned(),
        _ => failure.message,
    })?;
    if line.is_empty() {
        return Err("it is empty".to_owned());
    }
    read_head(&line)
}

/// The lines of one recording, on their way to become events.
pub(super) struct RecordedLines {
    player: Box<dyn RecordingPlayer>,
    played: Played,
}

impl fmt::Debug for RecordedLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordedLines")
    }
}

impl RecordedLines {
    pub(super) fn new(recording: &dyn Recording) -> Self {
        Self {
            player: recording.player(),
            played: Played::default(),
        }
    }

    /// Takes a line: gives events of symbols that `resolve` knows, when it was recorded, and how much nobody wanted.
    pub(super) fn take(
        &mut self,
        line: &[u8],
        events: &mut Vec<Event>,
        troubles: &mut Vec<ErrorInstance>,
        resolve: impl FnMut(&str) -> Resolution,
    ) -> Result<(Option<UnixMs>, u64), Rejection> {
        self.played.time = None;
        self.played.ignored = 0;
        let result = self.player.take(line, &mut self.played);
        let ignored = self.played.ignored + self.give(events, resolve);
        let played = &mut self.played;
        troubles.extend(played.rejections.drain(..).map(trouble));
        troubles.append(&mut played.errors);
        result.map(|()| (played.time, ignored))
    }

    /// What the line before told of the connections and of symbols.
    pub(super) fn take_changes(&mut self) -> Vec<StatusChange> {
        std::mem::take(&mut self.played.changes)
    }

    /// Lines are missing here: gives what the symbols have to be told.
    pub(super) fn miss(
        &mut self,
        events: &mut Vec<Event>,
        resolve: impl FnMut(&str) -> Resolution,
    ) {
        self.player.miss(&mut self.played);
        self.give(events, resolve);
    }

    /// Gives the events of symbols that `resolve` knows, and how many others there were.
    fn give(
        &mut self,
        events: &mut Vec<Event>,
        mut resolve: impl FnMut(&str) -> Resolution,
    ) -> u64 {
        let mut ignored = 0;
        for mut event in self.played.events.drain(..) {
            let symbol = self.player.symbol(event.symbol);
            match symbol.map(|symbol| resolve(symbol.as_str())) {
                Some(Resolution::Subscribed(id)) => {
                    event.symbol = id;
                    events.push(event);
                }
                _ => ignored += 1,
            }
        }
        ignored
    }
}

/// A rejection as it is reported, but for its place.
pub(super) fn trouble(rejection: Rejection) -> ErrorInstance {
    ErrorInstance {
        symbol: rejection.symbol,
        ..ErrorInstance::new(rejection.kind, rejection.reason)
    }
}
