//! `sim:OPTIONS`: made-up data of any number of symbols at any rate.

use crate::domain::event::DataService;
use crate::domain::source::Delivery;
use crate::pipeline::source::Source;

use super::{Example, OpenContext, OpenError, OptionValue, Rest, SourceKind, SourceOption};
use crate::sources::simulator::Simulator;
use crate::sources::simulator::options::{SimulatorOptionError, SimulatorOptions};
use crate::sources::spec::{SourceSpec, SpecError};

/// The kind as the registry knows it.
pub const KIND: SourceKind = SourceKind {
    name: "sim",
    summary: "Makes up data: a random walk for each symbol, the same for the same seed",
    rest: Rest::Options,
    schemes: &[],
    needs_symbols: false,
    options: &[
        SourceOption {
            name: "symbols",
            value: OptionValue::Text("COUNT"),
            default: "100",
            summary: "How many symbols, named SIM00001 and so on",
        },
        SourceOption {
            name: "rate",
            value: OptionValue::Text("RATE"),
            default: "1000",
            summary: "Events per second over all symbols, such as 0.5 or 100k, or max",
        },
        SourceOption {
            name: "seed",
            value: OptionValue::Count {
                min: 0,
                max: u64::MAX,
            },
            default: "7",
            summary: "Where the random walks begin",
        },
        SourceOption {
            name: "events",
            value: OptionValue::Text("COUNT"),
            default: "no end",
            summary: "End after so many events",
        },
        SourceOption {
            name: "seconds",
            value: OptionValue::Positive,
            default: "no end",
            summary: "End after so long",
        },
        SourceOption {
            name: "services",
            value: OptionValue::Text("LIST"),
            default: "all",
            summary: "Which data to make, separated by commas: OHLCV, LEVEL1, LEVEL2, TIMESALE, NEWS",
        },
        SourceOption {
            name: "live",
            value: OptionValue::Boolean,
            default: "false",
            summary: "Do not wait when the program cannot keep up, as a venue would not",
        },
    ],
    examples: &[
        Example {
            spec: "sim:symbols=100,rate=1000,seed=7",
            effect: "a thousand events per second over a hundred symbols",
        },
        Example {
            spec: "sim:symbols=10,rate=50000,seconds=30,live=true",
            effect: "a flood of thirty seconds that does not wait",
        },
    ],
    services: &DataService::ALL,
    delivery: Delivery::Pausable,
    check: |spec| options(spec).map(drop),
    open,
};

fn options(spec: &SourceSpec) -> Result<SimulatorOptions, SpecError> {
    SimulatorOptions::from_pairs(spec.options()).map_err(|error| match error {
        SimulatorOptionError::Value { key, expected, .. } => spec.wrong(&key, expected),
        other => spec.wrong("", other.to_string()),
    })
}

fn open(spec: &SourceSpec, context: &OpenContext) -> Result<Box<dyn Source>, OpenError> {
    let options = options(spec)?;
    let label = spec.to_string();
    Ok(Box::new(Simulator::new(
        context.name.clone(),
        label,
        options,
    )))
}
