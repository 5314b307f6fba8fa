//! Opens the sources, and divides the symbols among them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config;
use crate::config::settings::Settings;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::source::{Origin, SourceName};
use crate::domain::symbol::{Symbol, SymbolSpec};
use crate::pipeline::engine::SourcePlan;
use crate::pipeline::recording::{NoRecorder, Recorder};
use crate::pipeline::source::Source;
use crate::sources::bundled;
use crate::sources::kind::replay;
use crate::sources::kind::{Environment, OpenContext, OpenError};
use crate::sources::spec::{SourceSpec, SpecError, nearest, nearest_symbol};
use crate::sources::venue::options::only_connection;

use super::exit::Exit;

/// What the engine is to be started with.
pub struct Plan {
    /// The open sources, with the symbols wanted of each. There is at least one.
    pub sources: Vec<SourcePlan>,
    /// The sources that could not be opened.
    pub failures: Vec<OpenFailure>,
}

/// A source that could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenFailure {
    /// What it would have been called.
    pub name: SourceName,
    /// Why.
    pub message: String,
}

impl OpenFailure {
    /// The failure as it is shown on the board.
    #[must_use]
    pub fn to_error(&self) -> ErrorInstance {
        ErrorInstance::new(ErrorKind::ConnectionError, self.message.clone()).from_source(&self.name)
    }
}

fn messages(failures: &[OpenFailure]) -> String {
    let messages: Vec<&str> = failures
        .iter()
        .map(|failure| failure.message.as_str())
        .collect();
    messages.join("\n")
}

/// Why there is nothing to start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A source is given in a way that cannot mean anything.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A symbol names a source that is not among those given.
    #[error("'{symbol}': there is no source '{source_name}'{hint}; there are {known}")]
    UnknownSource {
        /// The symbol as given.
        symbol: String,
        /// The source that it names.
        source_name: String,
        /// What may have been meant.
        hint: String,
        /// The sources that there are.
        known: String,
    },
    /// A source that does not list its symbols is given without any.
    #[error(
        "{source_name}: name the symbols as the venue writes them, as in --symbols AAPL or --symbols BTC/USD ('streamer-tui sources {kind}' shows examples)"
    )]
    NoSymbols {
        /// Which source.
        source_name: String,
        /// What kind it is of.
        kind: &'static str,
    },
    /// Not one source could be opened.
    #[error("no source could be opened\n{}", messages(.0))]
    NothingOpened(Vec<OpenFailure>),
}

impl PlanError {
    /// The exit code that belongs to it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Spec(_) | Self::UnknownSource { .. } | Self::NoSymbols { .. } => Exit::Usage,
            Self::NothingOpened(_) => Exit::Failed,
        }
    }
}

/// The sources to open: those of the settings, and for a folder with recordings of several sources a replay of each.
#[must_use]
pub fn expanded(specs: &[SourceSpec]) -> Vec<SourceSpec> {
    specs.iter().flat_map(replay::expanded).collect()
}

/// The names of [`expanded`] sources in results: the kind's, or of a recorded source that is asked for its own, and with a
/// number from the second of a name on.
#[must_use]
pub fn names(specs: &[SourceSpec]) -> Vec<SourceName> {
    let mut names: Vec<SourceName> = Vec::new();
    for spec in specs {
        let base = replay::recorded_source(spec).unwrap_or(spec.kind().name);
        let mut name = SourceName::new(base);
        let mut number = 1;
        while names.contains(&name) {
            number += 1;
            name = SourceName::new(&format!("{base}-{number}"));
        }
        names.push(name);
    }
    names
}

/// What sources are given besides the settings.
#[derive(Clone)]
pub struct Surroundings {
    /// Looks up an environment variable that holds a secret.
    pub environment: Environment,
    /// Where live sources write down what they receive.
    pub recorder: Arc<dyn Recorder>,
    /// Secrets that were looked up and not given.
    withheld: Arc<Mutex<BTreeSet<String>>>,
}

impl Surroundings {
    /// What surrounds a source that is opened to see whether it can be.
    #[must_use]
    pub fn without_recording(variables: &config::environment::Environment) -> Self {
        Self::new(variables, Arc::new(NoRecorder))
    }

    /// What surrounds the sources of a run.
    #[must_use]
    pub fn new(variables: &config::environment::Environment, recorder: Arc<dyn Recorder>) -> Self {
        let variables = variables.clone();
        let withheld: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let notes = Arc::clone(&withheld);
        // Read anew each time: a source that is told to connect again finds the keys that there are then.
        let environment = move |name: &str| {
            let variables = variables.read_again();
            if variables.is_withheld(name) {
                let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
                notes.insert(name.to_owned());
                return None;
            }
            variables.get(name).map(str::to_owned)
        };
        Self {
            environment: Arc::new(environment),
            recorder,
            withheld,
        }
    }

    /// What there is to say of secrets that sources have looked up, and that are not used because of where they stand.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let names = self.withheld.lock().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| {
            format!(
                "others than you can read or write the file .env, so what it holds as {} is not used; make it yours alone: \
                 chmod 600 .env",
                names.join(", ")
            )
        })
    }
}

/// Whether there is anything to record.
#[must_use]
pub fn has_live(sources: &[SourcePlan]) -> bool {
    let mut infos = sources.iter().map(|plan| plan.source.info());
    infos.any(|info| info.origin == Origin::Live)
}

/// What there is to say to a person who wants everything recorded: which sources are not live. `None` when all are.
#[must_use]
pub fn not_recorded(sources: &[SourcePlan]) -> Option<String> {
    let names: Vec<String> = sources
        .iter()
        .map(|plan| plan.source.info())
        .filter(|info| info.origin != Origin::Live)
        .map(|info| info.name.to_string())
        .collect();
    let names = names.join(", ");
    (!names.is_empty()).then(|| format!("only live sources are recorded: not {names}"))
}

/// What there is to say of symbols that the bundled session does not hold, which would be waited for in vain.
#[must_use]
pub fn not_bundled(sources: &[SourcePlan]) -> Vec<String> {
    let session = bundled::session();
    let known = session.symbols;
    let bundled = sources
        .iter()
        .filter(|plan| plan.source.info().label == session.label);
    let wanted = bundled.flat_map(|plan| plan.symbols.iter().flatten());
    wanted
        .filter(|symbol| !known.contains(&symbol.as_str()))
        .map(|symbol| {
            let hint = nearest_symbol(symbol.as_str(), &known)
                .map_or_else(String::new, |name| format!("did you mean {name}? "));
            format!(
                "{symbol} is not in the bundled session; {hint}It holds {}",
                known.join(", ")
            )
        })
        .collect()
}

/// What there is to say of sources that cannot run side by side: an account has one connection to their venue.
#[must_use]
pub fn clashes(specs: &[SourceSpec]) -> Vec<String> {
    let mut found = Vec::new();
    let mut taken: Vec<(String, SourceName)> = Vec::new();
    let specs = expanded(specs);
    for (spec, name) in specs.iter().zip(names(&specs)) {
        let Some(connection) = only_connection(spec) else {
            continue;
        };
        match taken.iter().find(|(known, _)| *known == connection) {
            Some((_, other)) => found.push(format!(
                "{other} and {name} take the venue's one connection from each other: an account has no more than that; \
                 make one source of them"
            )),
            None => taken.push((connection, name)),
        }
    }
    found
}

/// Opens one source.
///
/// # Errors
/// Whatever its kind has to say.
pub fn open_source(
    spec: &SourceSpec,
    name: &SourceName,
    settings: &Settings,
    surroundings: &Surroundings,
) -> Result<Box<dyn Source>, OpenError> {
    let opened = spec.open(&OpenContext {
        name: name.clone(),
        speed: settings.speed,
        environment: Arc::clone(&surroundings.environment),
        recorder: Arc::clone(&surroundings.recorder),
    });
    opened.map_err(|error| match (error, surroundings.warning()) {
        (OpenError::Failed { spec, reason }, Some(warning)) if reason.contains(".env") => {
            let reason = format!("{reason}\n{warning}");
            OpenError::Failed { spec, reason }
        }
        (error, _) => error,
    })
}

/// Opens all sources of the settings. What fails for reasons of its own does not keep the others from running.
///
/// # Errors
/// When the settings do not go together, or nothing could be opened.
pub fn open_all(settings: &Settings, surroundings: &Surroundings) -> Result<Plan, PlanError> {
    let specs = expanded(&settings.sources);
    let names = names(&specs);
    check_symbols(settings.symbols.as_deref(), &names)?;
    check_named(settings.symbols.as_deref(), &specs, &names)?;
    let mut plan = Plan {
        sources: Vec::new(),
        failures: Vec::new(),
    };
    for (spec, name) in specs.iter().zip(names) {
        match open_source(spec, &name, settings, surroundings) {
            Ok(source) => plan.sources.push(SourcePlan {
                source,
                symbols: symbols_of(settings.symbols.as_deref(), &name),
            }),
            Err(OpenError::Spec(error)) => return Err(error.into()),
            Err(error @ OpenError::Failed { .. }) => plan.failures.push(OpenFailure {
                name,
                message: error.to_string(),
            }),
        }
    }
    if plan.sources.is_empty() {
        return Err(PlanError::NothingOpened(plan.failures));
    }
    Ok(plan)
}

/// The symbols wanted of one source; `None` is all that it has.
fn symbols_of(symbols: Option<&[SymbolSpec]>, name: &SourceName) -> Option<Vec<Symbol>> {
    let wanted = symbols?
        .iter()
        .filter(|spec| spec.source.as_ref().is_none_or(|source| source == name));
    Some(wanted.map(|spec| spec.symbol.clone()).collect())
}

/// Whether every symbol that names a source names one that there is.
///
/// # Errors
/// The first that does not.
pub fn check_symbols(
    symbols: Option<&[SymbolSpec]>,
    names: &[SourceName],
) -> Result<(), PlanError> {
    for spec in symbols.unwrap_or_default() {
        if let Some(source) = &spec.source
            && !names.contains(source)
        {
            let known: Vec<&str> = names.iter().map(SourceName::as_str).collect();
            let near = nearest(source.as_str(), known.iter().copied());
            return Err(PlanError::UnknownSource {
                symbol: spec.to_string(),
                source_name: source.to_string(),
                hint: near.map_or_else(String::new, |near| format!(", did you mean '{near}'?")),
                known: known.join(", "),
            });
        }
    }
    Ok(())
}

/// Whether every source that has to be told its symbols is told some.
///
/// # Errors
/// The first that is not.
pub fn check_named(
    symbols: Option<&[SymbolSpec]>,
    specs: &[SourceSpec],
    names: &[SourceName],
) -> Result<(), PlanError> {
    if symbols.is_some() {
        return Ok(());
    }
    let mut sources = specs.iter().map(SourceSpec::kind).zip(names);
    match sources.find(|(kind, _)| kind.needs_symbols()) {
        None => Ok(()),
        Some((kind, name)) => Err(PlanError::NoSymbols {
            source_name: name.to_string(),
            kind: kind.name,
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn specs(texts: &[&str]) -> Vec<SourceSpec> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn symbols(texts: &[&str]) -> Vec<SymbolSpec> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn sources_of_a_kind_are_numbered_from_the_second_on() {
        let names = names(&specs(&["replay:a", "sim:", "replay:b", "replay:c"]));
        let names: Vec<&str> = names.iter().map(SourceName::as_str).collect();
        assert_eq!(names, ["replay", "sim", "replay-2", "replay-3"]);
    }

    #[test]
    fn sources_that_would_take_their_connection_from_each_other_are_told() {
        for (texts, expected) in [
            (
                &["finnhub:", "finnhub:services=NEWS"][..],
                &["finnhub and finnhub-2"][..],
            ),
            (
                &["massive:", "massive:feed=delayed"],
                &["massive and massive-2"],
            ),
            (
                &["alpaca:iex", "alpaca:news", "alpaca:iex"],
                &["alpaca and alpaca-3"],
            ),
            (&["schwab:", "schwab:?url=ws://127.0.0.1:1"], &[]),
            (&["binance:", "binance:", "sim:", "sim:"], &[]),
        ] {
            let told = clashes(&specs(texts));
            assert_eq!(told.len(), expected.len(), "{texts:?}: {told:?}");
            for (told, expected) in told.iter().zip(expected) {
                assert!(told.starts_with(expected), "{told}");
            }
        }
    }

    #[test]
    fn a_recorded_source_that_is_asked_for_keeps_its_name() {
        let names = names(&specs(&[
            "replay:a?source=kraken",
            "kraken:",
            "replay:a?source=kraken-2",
            "replay:a?source=a%20b",
        ]));
        let names: Vec<&str> = names.iter().map(SourceName::as_str).collect();
        assert_eq!(names, ["kraken", "kraken-2", "kraken-2-2", "replay"]);
    }

    #[test]
    fn symbols_are_divided_among_the_sources() {
        let wanted = symbols(&["AAPL", "SPY@sim", "TSLA@replay"]);
        let of = |name| {
            let symbols = symbols_of(Some(&wanted), &SourceName::new(name)).unwrap();
            symbols.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(of("sim"), ["AAPL", "SPY"]);
        assert_eq!(of("replay"), ["AAPL", "TSLA"]);
        assert_eq!(symbols_of(None, &SourceName::new("sim")), None);
    }

    #[test]
    fn a_symbol_of_a_source_that_is_not_there_is_a_mistake() {
        let names = names(&specs(&["replay:a", "sim:"]));
        assert_eq!(
            check_symbols(Some(&symbols(&["A", "B@sim"])), &names),
            Ok(())
        );
        let error = check_symbols(Some(&symbols(&["A@repaly"])), &names).unwrap_err();
        assert_eq!(
            error.to_string(),
            "'A@repaly': there is no source 'repaly', did you mean 'replay'?; there are replay, sim"
        );
        assert_eq!(error.exit(), Exit::Usage);
    }
}
