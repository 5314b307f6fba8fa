//! `replay:PATH`: recorded files played back.
//!
//! - `files`: which files there are, how each is packed and written;
//! - `reader`: the thread that reads and decompresses, a chunk of lines at a time;
//! - `lines`: what a line is in each of the formats;
//! - `recorded`: recordings of live sources, whose lines a venue makes sense of;
//! - `track`: one file's lines turned into frames; `kept`: those of recordings, for jumps back; `merge`: all tracks in the order of time;
//! - `playback`: the replay's clock; `player`: the streamer, which sends each frame when its time has come and takes
//!   commands meanwhile.
//!
//! Frames are ordered by their *pacing time*: the line's own time, or the latest that came before it in its file. So
//! lines that are out of order in a file are played in file order, and a line without time follows the one before.

mod admission;
mod files;
mod frame;
mod kept;
mod lines;
mod merge;
mod past;
mod playback;
mod player;
mod reader;
mod recorded;
mod track;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use chrono_tz::Tz;

use crate::decode::time_text::TimeReader;
use crate::domain::outcome::ErrorInstance;
use crate::domain::source::{BarStamp, Delivery, Origin, Products, SourceInfo, SourceName};
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};
use crate::pipeline::feed::Feed;
use crate::pipeline::source::{Source, Speed};
use crate::sources::recording::ReadHead;

use files::File;

/// What is reported when everything has been played: it is no trouble.
pub const END_OF_DATA: &str = "No more data available from API.";

pub use past::{FileBar, PastTaker};

/// Which bars are read, of files that say how long theirs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lengths {
    /// The shortest, of which longer ones can be built. Bars that do not say it are of a minute.
    #[default]
    Shortest,
    /// Those of this length. Bars that do not say it have it.
    Only(Timeframe),
    /// All: for the time before a start, where each has its use.
    Every,
}

/// How to play recorded data.
#[derive(Debug, Clone)]
pub struct ReplaySettings {
    /// The source's name.
    pub name: SourceName,
    /// The speed to begin with.
    pub speed: Speed,
    /// Which end of its interval a bar's time names.
    pub bar_stamp: BarStamp,
    /// Leave out what is earlier. Of bars stamped at their end, the bar that ends here is earlier.
    pub start: Option<UnixMs>,
    /// Leave out this time and what is later. Of bars stamped at their end, the bar that ends here is kept.
    pub end: Option<UnixMs>,
    /// The zone of times without offset; `None` is the calendar's.
    pub zone: Option<Tz>,
    /// Whether to begin again at the end.
    pub looping: bool,
    /// Whether to wait through gaps in the data.
    pub gaps: bool,
    /// When the trading days begin and end.
    pub calendar: SessionCalendar,
    /// Where playing begins; what is earlier becomes history. `None` is the beginning.
    pub open_at: Option<UnixMs>,
    /// Whether a recording's own trading days give way to `calendar`.
    pub calendar_is_given: bool,
    /// Makes sense of recordings; `None` where they cannot be played.
    pub read_head: Option<ReadHead>,
    /// The recorded source to play, of a folder with recordings of several; `None` is everything. The clock then begins
    /// where the earliest recording of the folder does, so that several sources of one folder begin together.
    pub recorded_source: Option<String>,
    /// What the clock shows at the beginning; `None` is the time of the first data.
    pub clock_from: Option<UnixMs>,
    /// Which bars are read, of files that say how long theirs are.
    pub lengths: Lengths,
    /// When the data begins and ends, where that is known beforehand: what its progress is counted by.
    pub span: Option<(UnixMs, UnixMs)>,
}

impl Default for ReplaySettings {
    fn default() -> Self {
        Self {
            name: SourceName::new("replay"),
            speed: Speed::Factor(1.0),
            bar_stamp: BarStamp::Start,
            start: None,
            end: None,
            zone: None,
            looping: false,
            gaps: false,
            calendar: SessionCalendar::UsEquities,
            open_at: None,
            calendar_is_given: false,
            read_head: None,
            recorded_source: None,
            clock_from: None,
            lengths: Lengths::Shortest,
            span: None,
        }
    }
}

impl ReplaySettings {
    /// The zone in which times without offset are read.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone.unwrap_or_else(|| self.calendar.zone())
    }

    /// Reads a time as a person gives it for [`start`](Self::start) and [`end`](Self::end): `2019-02-13T09:30`,
    /// `2019-02-13`, with an offset, or epoch milliseconds. Without an offset it is in [`zone`](Self::zone). `None` when
    /// it is no time.
    #[must_use]
    pub fn read_time(&self, text: &str) -> Option<UnixMs> {
        TimeReader::new(self.zone()).read(text)
    }
}

/// Why a replay cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file or folder cannot be read.
    #[error("cannot open {}: {error}", .path.display())]
    Unreadable {
        /// What was to be opened.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// The folder holds nothing that can be played.
    #[error("{} holds nothing to replay; name a folder with *.csv, *.jsonl, *.ndjson or *.json files, each also .gz or .zst, with *.parquet or *.arrow files, with recordings, *.rec.zst, or one that `export` has written to", .0.display())]
    NothingToPlay(PathBuf),
    /// The file's name does not say how it is written.
    #[error("{} cannot be replayed; its name should end in .csv, .jsonl, .ndjson or .json, or one of these and .gz or .zst, or in .parquet, .arrow, .ipc, .feather or .rec.zst", .0.display())]
    UnknownFormat(PathBuf),
    /// A recording that cannot be played.
    #[error("{name} cannot be replayed: {reason}")]
    Recording {
        /// The file.
        name: String,
        /// Why.
        reason: String,
    },
    /// Recordings in one folder that cannot be played as one source.
    #[error("{} holds recordings that cannot be played as one, {one} and {other}: their {what} differs; play one by its file's name, or move the other to another folder", .folder.display())]
    DifferentRecordings {
        /// The folder.
        folder: PathBuf,
        /// One of them.
        one: String,
        /// One that differs.
        other: String,
        /// In what it differs.
        what: &'static str,
    },
    /// There is no recording of the source that is asked for.
    #[error("{} holds no recording of '{source_name}'; {}", .path.display(), known_sources(.known))]
    NoSuchRecording {
        /// The file or folder.
        path: PathBuf,
        /// The source that is asked for.
        source_name: String,
        /// The recorded sources that there are.
        known: String,
    },
    /// There are only tables of books.
    #[error("{}: {}", .0.display(), crate::decode::csv::NO_BOOKS)]
    OnlyBooks(PathBuf),
    /// There are no bars of the length that is asked for.
    #[error("{} holds no bars of {interval}; there are those of {}", .path.display(), labels(.known))]
    NoSuchLength {
        /// The file or folder.
        path: PathBuf,
        /// The length that is asked for.
        interval: Timeframe,
        /// The lengths that there are.
        known: Vec<Timeframe>,
    },
    /// The start is not before the end.
    #[error("the start of the replay is not before its end")]
    EmptyWindow,
}

fn labels(lengths: &[Timeframe]) -> String {
    let labels: Vec<&str> = lengths.iter().map(|length| length.label()).collect();
    labels.join(", ")
}

fn known_sources(known: &str) -> String {
    match known {
        "" => "there is no recording at all".to_owned(),
        known => format!("there are {known}"),
    }
}

/// Recorded data that can be played.
#[derive(Debug)]
pub struct ReplaySource {
    info: Arc<SourceInfo>,
    settings: ReplaySettings,
    files: Vec<File>,
    /// What is said when it begins.
    warnings: Vec<ErrorInstance>,
}

impl ReplaySource {
    /// Finds the files of `path`, a file or a folder. All files of a recording are found by any of them. With a
    /// recording, [`start`](ReplaySettings::start) leaves nothing out: what is earlier becomes history, because books
    /// are made of all that came before.
    ///
    /// # Errors
    /// When there is nothing to play, or it cannot be read.
    pub fn open(path: &Path, mut settings: ReplaySettings) -> Result<Self, OpenError> {
        let mut files = files::find(path)?;
        let mut warnings = recorded::read_heads(&mut files, settings.read_head)?;
        if let Some(source) = &settings.recorded_source {
            let (began, warning) = recorded::keep_source(path, &mut files, source)?;
            settings.clock_from = settings.clock_from.or(began);
            warnings.extend(warning);
        }
        let recorded = recorded::joined(path, &files)?;
        let chosen = files::choose(path, &mut files, settings.lengths)?;
        warnings.extend(chosen.warnings);
        let shown = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let label = match shown.file_name() {
            Some(name) => format!("replay:{}", name.to_string_lossy()),
            None => format!("replay:{}", path.display()),
        };
        let source = Self::of_files(
            files,
            label,
            Origin::Replay,
            settings,
            chosen.interval,
            recorded,
        )?;
        Ok(Self { warnings, ..source })
    }

    /// The names of the sources that a folder holds recordings of, in the order of the alphabet. None where it cannot be
    /// read: opening it says why.
    #[must_use]
    pub fn recorded_sources(folder: &Path, read_head: ReadHead) -> Vec<String> {
        if !folder.is_dir() {
            return Vec::new();
        }
        let mut files = files::find(folder).unwrap_or_default();
        let sources = recorded::sources(&mut files, Some(read_head));
        sources.into_iter().collect()
    }

    /// A replay of JSON lines in memory, compressed with zstd.
    ///
    /// # Errors
    /// When the settings cannot be met.
    pub fn in_memory(
        bytes: &'static [u8],
        label: &str,
        origin: Origin,
        settings: ReplaySettings,
    ) -> Result<Self, OpenError> {
        let file = File::in_memory(label, bytes);
        Self::of_files(
            vec![file],
            label.to_owned(),
            origin,
            settings,
            Timeframe::M1,
            None,
        )
    }

    fn of_files(
        files: Vec<File>,
        label: String,
        origin: Origin,
        mut settings: ReplaySettings,
        interval: Timeframe,
        recorded: Option<(Products, SessionCalendar)>,
    ) -> Result<Self, OpenError> {
        if matches!((settings.start, settings.end), (Some(start), Some(end)) if start >= end) {
            return Err(OpenError::EmptyWindow);
        }
        let mut products = Products {
            interval,
            ..Products::default()
        };
        if let Some((made, calendar)) = recorded {
            products = made;
            if !settings.calendar_is_given {
                settings.calendar = calendar;
            }
            settings.open_at = settings.start.take().or(settings.open_at);
        }
        let info = Arc::new(SourceInfo {
            name: settings.name.clone(),
            label,
            origin,
            delivery: Delivery::Pausable,
            has_transport: true,
            bar_stamp: settings.bar_stamp,
            calendar: settings.calendar,
            products,
        });
        Ok(Self {
            info,
            settings,
            files,
            warnings: Vec::new(),
        })
    }
}

impl Source for ReplaySource {
    fn info(&self) -> Arc<SourceInfo> {
        Arc::clone(&self.info)
    }

    fn run(self: Box<Self>, feed: Feed) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(player::run(*self, feed))
    }
}
