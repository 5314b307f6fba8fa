//! `replay:PATH`: recorded data played back.

use crate::domain::event::DataService;
use crate::domain::source::Delivery;
use crate::pipeline::source::Source;

use super::{Example, OpenContext, OpenError, OptionValue, Rest, SourceKind, SourceOption};
use crate::sources::spec::SourceSpec;

/// The kind as the registry knows it.
pub const KIND: SourceKind = SourceKind {
    name: "replay",
    summary: "Plays recorded files back: a file, or every data file of a folder, merged by time",
    rest: Rest::Required("PATH"),
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
            name: "tz",
            value: OptionValue::Zone,
            default: "America/New_York",
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
            default: "us",
            summary: "When trading days begin and end: New York's, or the UTC day",
        },
    ],
    examples: &[
        Example {
            spec: "replay:bars/AAPL_1min.csv",
            effect: "one CSV file, in real time",
        },
        Example {
            spec: "replay:bars?stamp=end&start=2019-02-13T09:30",
            effect: "every *.csv, *.jsonl, *.ndjson and *.json of a folder (also .gz and .zst), from a time on",
        },
    ],
    services: &DataService::ALL,
    delivery: Delivery::Pausable,
    check: |_| Ok(()),
    open,
};

fn open(spec: &SourceSpec, _context: &OpenContext) -> Result<Box<dyn Source>, OpenError> {
    Err(spec.failed("replays are under construction"))
}
