//! `replay:PATH`: recorded data played back.

use std::path::Path;

use crate::domain::event::DataService;
use crate::domain::source::{BarStamp, Delivery};
use crate::domain::time::SessionCalendar;
use crate::pipeline::source::{Source, Speed};

use super::{Example, OpenContext, OpenError, OptionValue, Rest, SourceKind, SourceOption};
use crate::sources::replay::{Lengths, ReplaySettings, ReplaySource};
use crate::sources::spec::{SourceSpec, SpecError};
use crate::sources::venue::recorded::playing::read_head;

/// The option that names a recorded source.
const RECORDED_SOURCE: &str = "source";

/// Recordings come from anywhere. What is longer is not taken for a source's name.
const NAME_LENGTH_MAX: usize = 64;

/// The kind as the registry knows it.
pub const KIND: SourceKind = SourceKind {
    name: "replay",
    summary: "Plays recorded files back: a file, or every data file of a folder, merged by time",
    rest: Rest::Required("PATH"),
    schemes: &[],
    options: &[
        SourceOption {
            name: "start",
            value: OptionValue::Text("TIME"),
            default: "the first time in the data",
            summary: "Leave out what is earlier; a time without offset is exchange time",
        },
        SourceOption {
            name: "end",
            value: OptionValue::Text("TIME"),
            default: "the last time in the data",
            summary: "Leave out this time and what is later",
        },
        SourceOption {
            name: "stamp",
            value: OptionValue::Choice(&["start", "end"]),
            default: "start",
            summary: "Which end of its interval a bar's time names",
        },
        SourceOption {
            name: "interval",
            value: OptionValue::Choice(&["1m", "5m", "15m", "1h", "1d"]),
            default: "what the files say, the shortest; else 1m",
            summary: "How long the bars are; of files that say it, those of other lengths are left out",
        },
        SourceOption {
            name: "tz",
            value: OptionValue::Zone,
            default: "the session's",
            summary: "The zone of times that carry no offset",
        },
        SourceOption {
            name: "gaps",
            value: OptionValue::Boolean,
            default: "false",
            summary: "Wait through gaps in the data instead of skipping those longer than 2 s",
        },
        SourceOption {
            name: "loop",
            value: OptionValue::Boolean,
            default: "false",
            summary: "Begin again at the end",
        },
        SourceOption {
            name: "session",
            value: OptionValue::Choice(&["us", "utc"]),
            default: "us; a recording's own",
            summary: "When trading days begin and end: New York's, or the UTC day",
        },
        SourceOption {
            name: RECORDED_SOURCE,
            value: OptionValue::Text("NAME"),
            default: "each, as a source of its own",
            summary: "Of a folder with recordings of several sources, play only the one of this name",
        },
    ],
    examples: &[
        Example {
            spec: "replay:bars/AAPL_1min.csv",
            effect: "one CSV file, in real time",
        },
        Example {
            spec: "replay:bars?stamp=end&start=2019-02-13T09:30",
            effect: "every *.csv, *.jsonl, *.ndjson and *.json of a folder (also .gz and .zst), and every *.parquet and *.arrow, from a time on",
        },
        Example {
            spec: "replay:data",
            effect: "what `export --to data/` or a sink has written: bars, quotes, trades and news",
        },
        Example {
            spec: "replay:recorded/kraken-20240709T140000Z-0001.rec.zst",
            effect: "a recording of a live source (--record), with its books and trades",
        },
        Example {
            spec: "replay:recorded?gaps=true",
            effect: "all recordings of a folder; several sources come back under their own names and begin and step together (each has its own clock, which pauses in the recording bring apart unless gaps=true)",
        },
    ],
    services: &DataService::ALL,
    delivery: Delivery::Pausable,
    check: |spec| settings(spec).map(drop),
    open,
};

fn settings(spec: &SourceSpec) -> Result<ReplaySettings, SpecError> {
    let mut settings = ReplaySettings {
        bar_stamp: match spec.option("stamp") {
            Some("end") => BarStamp::End,
            _ => BarStamp::Start,
        },
        calendar: match spec.option("session") {
            Some("utc") => SessionCalendar::UtcDay,
            _ => SessionCalendar::UsEquities,
        },
        zone: spec.parsed("tz")?,
        lengths: match spec.parsed("interval")? {
            Some(interval) => Lengths::Only(interval),
            None => Lengths::Shortest,
        },
        calendar_is_given: spec.option("session").is_some(),
        read_head: Some(read_head),
        looping: spec.parsed("loop")?.unwrap_or(false),
        gaps: spec.parsed("gaps")?.unwrap_or(false),
        recorded_source: spec.option(RECORDED_SOURCE).map(str::to_owned),
        ..ReplaySettings::default()
    };
    let time = |option: &str| match spec.option(option) {
        Some(text) => match settings.read_time(text) {
            Some(time) => Ok(Some(time)),
            None => Err(spec.wrong(option, "is no time; give one such as 2019-02-13T09:30")),
        },
        None => Ok(None),
    };
    let (start, end) = (time("start")?, time("end")?);
    if matches!((start, end), (Some(start), Some(end)) if start >= end) {
        return Err(spec.wrong("end", "must be later than the start"));
    }
    settings.start = start;
    settings.end = end;
    Ok(settings)
}

/// The sources that a specification stands for: itself, but for a folder with recordings of several sources, which is one
/// replay for each.
#[must_use]
pub fn expanded(spec: &SourceSpec) -> Vec<SourceSpec> {
    let itself = || vec![spec.clone()];
    if spec.kind().name != KIND.name || spec.option(RECORDED_SOURCE).is_some() {
        return itself();
    }
    let sources = ReplaySource::recorded_sources(Path::new(spec.rest()), read_head);
    if sources.len() < 2 {
        return itself();
    }
    let each = sources
        .iter()
        .map(|source| spec.with_option(RECORDED_SOURCE, source));
    each.collect::<Result<_, _>>().unwrap_or_else(|_| itself())
}

/// The recorded source that a replay is asked for by name. `None` where that is no name to go by.
#[must_use]
pub fn recorded_source(spec: &SourceSpec) -> Option<&str> {
    let is_replay = spec.kind().name == KIND.name;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name = |name: &&str| name.len() <= NAME_LENGTH_MAX && name.chars().all(is_plain);
    spec.option(RECORDED_SOURCE)
        .filter(|_| is_replay)
        .filter(is_name)
}

/// Opens files to read the bars from before the start.
///
/// # Errors
/// When there is nothing to read, or the options do not go together.
pub fn open_past(spec: &SourceSpec) -> Result<ReplaySource, OpenError> {
    let mut settings = settings(spec)?;
    if settings.lengths == Lengths::Shortest {
        settings.lengths = Lengths::Every;
    }
    ReplaySource::open(Path::new(spec.rest()), settings)
        .map_err(|error| spec.failed(error.to_string()))
}

fn open(spec: &SourceSpec, context: &OpenContext) -> Result<Box<dyn Source>, OpenError> {
    let settings = ReplaySettings {
        name: context.name.clone(),
        speed: context.speed.unwrap_or(Speed::Factor(1.0)),
        ..settings(spec)?
    };
    let source = ReplaySource::open(Path::new(spec.rest()), settings)
        .map_err(|error| spec.failed(error.to_string()))?;
    Ok(Box::new(source))
}
