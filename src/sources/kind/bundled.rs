//! `bundled:`: the synthetic trading day that comes with the program.

use crate::domain::event::DataService;
use crate::domain::source::Delivery;
use crate::pipeline::source::Source;

use super::{Example, OpenContext, OpenError, Rest, SourceKind};
use crate::sources::spec::SourceSpec;

/// The kind as the registry knows it.
pub const KIND: SourceKind = SourceKind {
    name: "bundled",
    summary: "The synthetic trading day that comes with the program; what runs when no source is given",
    rest: Rest::Nothing,
    options: &[],
    examples: &[Example {
        spec: "bundled:",
        effect: "about ten symbols at 60× speed, opening at 10:30 with the morning as history",
    }],
    services: &DataService::ALL,
    delivery: Delivery::Pausable,
    check: |_| Ok(()),
    open,
};

fn open(spec: &SourceSpec, _context: &OpenContext) -> Result<Box<dyn Source>, OpenError> {
    Err(spec.failed("the bundled session is under construction"))
}
