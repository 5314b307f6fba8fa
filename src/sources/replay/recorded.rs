//! Recordings of live sources among the files of a replay.

use std::fmt;
use std::path::Path;

use crate::decode::Rejection;
use crate::domain::event::Event;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::Resolution;
use crate::domain::time::UnixMs;
use crate::sources::recording::{Played, ReadHead, Recording, RecordingPlayer};

use super::OpenError;
use super::files::{File, Format};
use super::reader::first_line;

/// Reads the heads of all recordings among the files. What cannot be played is left out when there is anything else,
/// and said in the warnings.
///
/// # Errors
/// When nothing is left, or the recordings are not of one kind.
pub(super) fn read_heads(
    path: &Path,
    files: &mut Vec<File>,
    read_head: Option<ReadHead>,
) -> Result<Vec<ErrorInstance>, OpenError> {
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
    if files.is_empty()
        && let Some(error) = unplayable.pop()
    {
        return Err(error);
    }
    let mut recordings = files
        .iter()
        .filter_map(|file| Some((file, file.recording.as_ref()?)));
    if let Some((first, expected)) = recordings.next() {
        let differs = |other: &dyn Recording| {
            other.kind() != expected.kind()
                || other.calendar() != expected.calendar()
                || other.products() != expected.products()
        };
        if let Some((other, _)) = recordings.find(|(_, other)| differs(other.as_ref())) {
            return Err(OpenError::DifferentRecordings {
                folder: path.to_owned(),
                one: first.name.clone(),
                other: other.name.clone(),
            });
        }
    }
    let warning = |error: OpenError| {
        let message = format!("{error}; it is left out");
        ErrorInstance::new(ErrorKind::DecodeError, message).as_warning()
    };
    Ok(unplayable.into_iter().map(warning).collect())
}

fn head_of(
    file: &File,
    read_head: Option<ReadHead>,
) -> Result<std::sync::Arc<dyn Recording>, String> {
    let read_head = read_head.ok_or("recordings cannot be played here")?;
    if file.first_part != 1 {
        return Err("it is the continuation of a file that is not there, without which it cannot be understood".to_owned());
    }
    let line = first_line(file).map_err(|failure| failure.message)?;
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
        mut resolve: impl FnMut(&str) -> Resolution,
    ) -> Result<(Option<UnixMs>, u64), Rejection> {
        let played = &mut self.played;
        played.time = None;
        played.ignored = 0;
        let result = self.player.take(line, played);
        let mut ignored = played.ignored;
        for mut event in played.events.drain(..) {
            let symbol = self.player.symbol(event.symbol);
            match symbol.map(|symbol| resolve(symbol.as_str())) {
                Some(Resolution::Subscribed(id)) => {
                    event.symbol = id;
                    events.push(event);
                }
                _ => ignored += 1,
            }
        }
        troubles.extend(played.rejections.drain(..).map(trouble));
        troubles.append(&mut played.errors);
        result.map(|()| (played.time, ignored))
    }
}

/// A rejection as it is reported, but for its place.
pub(super) fn trouble(rejection: Rejection) -> ErrorInstance {
    ErrorInstance {
        symbol: rejection.symbol,
        ..ErrorInstance::new(rejection.kind, rejection.reason)
    }
}
