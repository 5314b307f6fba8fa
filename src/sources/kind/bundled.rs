//! `bundled:`: the synthetic trading day that comes with the program.

use crate::domain::event::DataService;
use crate::domain::source::{Delivery, Origin};
use crate::pipeline::source::{Source, Speed};

use super::{Example, OpenContext, OpenError, OptionValue, Rest, SourceKind, SourceOption};
use crate::sources::bundled;
use crate::sources::replay::{ReplaySettings, ReplaySource};
use crate::sources::spec::SourceSpec;

/// The kind as the registry knows it.
pub const KIND: SourceKind = SourceKind {
    name: "bundled",
    summary: "The synthetic trading day that comes with the program; what runs when no source is given",
    rest: Rest::Nothing,
    schemes: &[],
    options: &[SourceOption {
        name: "whole",
        value: OptionValue::Boolean,
        default: "false",
        summary: "Play the day from its first minute",
    }],
    examples: &[Example {
        spec: "bundled:",
        effect: "about ten symbols at 60× speed, opening at 10:30 with the morning as history",
    }],
    services: &DataService::ALL,
    delivery: Delivery::Pausable,
    check: |_| Ok(()),
    open,
};

fn open(spec: &SourceSpec, context: &OpenContext) -> Result<Box<dyn Source>, OpenError> {
    let session = bundled::session();
    let settings = ReplaySettings {
        name: context.name.clone(),
        speed: context.speed.unwrap_or(Speed::Factor(session.speed)),
        bar_stamp: session.bar_stamp,
        zone: Some(session.zone),
        span: Some((session.begins_at, session.ends_at)),
        open_at: (!spec.parsed("whole")?.unwrap_or(false)).then_some(session.opens_at),
        ..ReplaySettings::default()
    };
    let source = ReplaySource::in_memory(session.bytes, session.label, Origin::Synthetic, settings)
        .map_err(|error| spec.failed(error.to_string()))?;
    Ok(Box::new(source))
}
