//! `check` and `sources`: what would be run, and what could be.

use std::fmt::Write;

use serde::Serialize;

use crate::config::problem::{Place, Problem, Problems};
use crate::config::reader::{Effective, Shown};
use crate::config::settings::Settings;
use crate::config::{Layers, Loaded};
use crate::domain::event::DataService;
use crate::domain::source::{Delivery, SourceName};
use crate::sources::KINDS;
use crate::sources::kind::{OpenError, OptionValue, Rest, SourceKind};
use crate::telemetry::scrub;

use super::exit::{self, Exit};
use super::plan;

/// Checks the configuration and opens each source without running it.
#[must_use]
pub fn check(layers: &Layers, json: bool) -> Exit {
    let report = Check::of(layers);
    let text = if json {
        to_json(&report)
    } else {
        report.to_text()
    };
    match exit::print(text.as_bytes()) {
        Exit::Done => report.exit(),
        failed => failed,
    }
}

/// Lists the kinds of sources, or explains one.
#[must_use]
pub fn sources(kind: Option<&str>, json: bool) -> Exit {
    let chosen: Vec<&SourceKind> = KINDS
        .iter()
        .copied()
        .filter(|entry| kind.is_none_or(|name| entry.name == name))
        .collect();
    let text = match (json, kind) {
        (true, _) => to_json(
            &chosen
                .iter()
                .map(|kind| KindEntry::of(kind))
                .collect::<Vec<_>>(),
        ),
        (false, Some(_)) => chosen.iter().map(|kind| explain(kind)).collect(),
        (false, None) => list(&chosen),
    };
    exit::print(text.as_bytes())
}

/// What is known here can always be written.
fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).map_or_else(|error| error.to_string(), |text| text + "\n")
}

/// What `check` found.
#[derive(Debug, Serialize)]
struct Check {
    ok: bool,
    config_file: Option<String>,
    problems: Vec<ProblemEntry>,
    warnings: Vec<String>,
    sources: Vec<SourceEntry>,
    settings: Vec<SettingEntry>,
    #[serde(skip)]
    has_mistakes: bool,
}

#[derive(Debug, Serialize)]
struct ProblemEntry {
    place: String,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
}

#[derive(Debug, Serialize)]
struct SourceEntry {
    name: String,
    spec: String,
    ok: bool,
    message: Option<String>,
}

#[derive(Debug, Serialize)]
struct SettingEntry {
    key: &'static str,
    value: serde_json::Value,
    origin: String,
    variable: String,
    flag: Option<String>,
}

impl Check {
    fn of(layers: &Layers) -> Self {
        let mut check = Self {
            ok: true,
            config_file: layers
                .file
                .as_ref()
                .map(|file| file.path.display().to_string()),
            problems: Vec::new(),
            warnings: layers.warnings(),
            sources: Vec::new(),
            settings: Vec::new(),
            has_mistakes: false,
        };
        match layers.load() {
            Ok(loaded) => check.take(&loaded),
            Err(Problems(problems)) => {
                check.has_mistakes = true;
                check.problems = problems.iter().map(ProblemEntry::of).collect();
            }
        }
        check.ok = check.exit() == Exit::Done;
        check
    }

    fn take(&mut self, loaded: &Loaded) {
        if !loaded.has_file {
            self.config_file = None;
        }
        self.settings = loaded.effective.iter().map(SettingEntry::of).collect();
        let settings = &loaded.settings;
        let names = plan::names(&settings.sources);
        if let Err(error) = plan::check_symbols(settings.symbols.as_deref(), &names) {
            self.mistake(error.to_string());
        }
        for (spec, name) in settings.sources.iter().zip(&names) {
            let failure = self.try_open(spec, name, settings);
            self.sources.push(SourceEntry {
                name: name.to_string(),
                spec: spec.to_string(),
                ok: failure.is_none(),
                message: failure,
            });
        }
    }

    fn try_open(
        &mut self,
        spec: &crate::sources::spec::SourceSpec,
        name: &SourceName,
        settings: &Settings,
    ) -> Option<String> {
        match plan::open_source(spec, name, settings) {
            Ok(_) => None,
            Err(error) => {
                self.has_mistakes |= matches!(error, OpenError::Spec(_));
                Some(error.to_string())
            }
        }
    }

    fn mistake(&mut self, message: String) {
        self.has_mistakes = true;
        self.problems.push(ProblemEntry {
            place: "symbols".to_owned(),
            file: None,
            line: None,
            column: None,
            message,
        });
    }

    fn exit(&self) -> Exit {
        if self.has_mistakes {
            Exit::Usage
        } else if self.sources.iter().all(|source| source.ok) {
            Exit::Done
        } else {
            Exit::Failed
        }
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        let file = self.config_file.as_deref().unwrap_or("none");
        line(&mut text, format_args!("Configuration file: {file}"));
        for problem in &self.problems {
            line(
                &mut text,
                format_args!("  ✗ {}: {}", problem.place, problem.message),
            );
        }
        for warning in &self.warnings {
            line(&mut text, format_args!("  ! {warning}"));
        }
        if !self.sources.is_empty() {
            line(&mut text, format_args!("\nSources:"));
        }
        for SourceEntry {
            name,
            spec,
            ok,
            message,
        } in &self.sources
        {
            let mark = if *ok { "✓" } else { "✗" };
            line(&mut text, format_args!("  {mark} {name}  {spec}"));
            for part in message.iter().flat_map(|message| message.lines()) {
                line(&mut text, format_args!("      {part}"));
            }
        }
        if !self.settings.is_empty() {
            line(&mut text, format_args!("\nSettings:"));
        }
        let width = self
            .settings
            .iter()
            .map(|entry| entry.key.len())
            .max()
            .unwrap_or(0);
        for SettingEntry {
            key, value, origin, ..
        } in &self.settings
        {
            let value = match value {
                serde_json::Value::Null => "not set".to_owned(),
                serde_json::Value::String(value) => value.clone(),
                other => other.to_string(),
            };
            line(
                &mut text,
                format_args!("  {key:width$}  {value}  ({origin})"),
            );
        }
        line(
            &mut text,
            format_args!(
                "\n{}",
                if self.ok {
                    "All is well."
                } else {
                    "Not all is well."
                }
            ),
        );
        scrub(&text)
    }
}

/// Appends a line; writing to a string does not fail.
fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    text.write_fmt(content).unwrap_or_default();
    text.push('\n');
}

impl ProblemEntry {
    fn of(problem: &Problem) -> Self {
        let (file, line, column) = match &problem.place {
            Place::File { path, line, column } => (Some(path), Some(*line), Some(*column)),
            Place::WholeFile(path) => (Some(path), None, None),
            Place::Variable(_) | Place::Flag(_) => (None, None, None),
        };
        Self {
            place: problem.place.to_string(),
            file: file.map(|path| path.display().to_string()),
            line,
            column,
            message: problem.message.clone(),
        }
    }
}

impl SettingEntry {
    fn of(entry: &Effective) -> Self {
        Self {
            key: entry.key.path,
            value: match &entry.value {
                Shown::Unset => serde_json::Value::Null,
                Shown::One(text) => typed(text),
                Shown::Many(texts) => texts.iter().map(String::as_str).collect(),
            },
            origin: entry.origin.to_string(),
            variable: entry.key.variable(),
            flag: entry.key.flag.map(|flag| format!("--{flag}")),
        }
    }
}

/// A value as JSON: numbers and truth as themselves, all else as text.
fn typed(text: &str) -> serde_json::Value {
    // Speeds are shown with a sign that no file would have.
    let text = text.strip_suffix('×').unwrap_or(text);
    match serde_json::from_str(text) {
        Ok(value @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))) => value,
        _ => text.into(),
    }
}

/// A kind of source as JSON.
#[derive(Debug, Serialize)]
struct KindEntry {
    kind: &'static str,
    form: String,
    summary: &'static str,
    delivery: &'static str,
    services: Vec<&'static str>,
    options: Vec<OptionEntry>,
    examples: Vec<ExampleEntry>,
}

#[derive(Debug, Serialize)]
struct OptionEntry {
    name: &'static str,
    value: String,
    choices: Option<&'static [&'static str]>,
    default: &'static str,
    summary: &'static str,
}

#[derive(Debug, Serialize)]
struct ExampleEntry {
    spec: &'static str,
    effect: &'static str,
}

impl KindEntry {
    fn of(kind: &SourceKind) -> Self {
        let options = kind.options.iter().map(|option| OptionEntry {
            name: option.name,
            value: option.value.describe(),
            choices: match option.value {
                OptionValue::Choice(words) => Some(words),
                _ => None,
            },
            default: option.default,
            summary: option.summary,
        });
        let examples = kind.examples.iter().map(|example| ExampleEntry {
            spec: example.spec,
            effect: example.effect,
        });
        Self {
            kind: kind.name,
            form: form_of(kind),
            summary: kind.summary,
            delivery: delivery_of(kind),
            services: kind.services.iter().map(|service| service.name()).collect(),
            options: options.collect(),
            examples: examples.collect(),
        }
    }
}

fn delivery_of(kind: &SourceKind) -> &'static str {
    match kind.delivery {
        Delivery::Pausable => "pausable",
        Delivery::Live => "live",
    }
}

fn form_of(kind: &SourceKind) -> String {
    let name = kind.name;
    match (kind.rest, kind.options) {
        (Rest::Required(rest), []) => format!("{name}:{rest}"),
        (Rest::Required(rest), _) => format!("{name}:{rest}?OPTION=VALUE&…"),
        (Rest::Options, _) => format!("{name}:OPTION=VALUE,…"),
        (Rest::Nothing, []) => format!("{name}:"),
        (Rest::Nothing, _) => format!("{name}:?OPTION=VALUE&…"),
    }
}

fn list(kinds: &[&SourceKind]) -> String {
    let width = kinds
        .iter()
        .map(|kind| form_of(kind).chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for kind in kinds {
        let form = form_of(kind);
        line(&mut text, format_args!("{form:width$}  {}", kind.summary));
    }
    line(
        &mut text,
        format_args!("\n'streamer-tui sources KIND' tells the options of one."),
    );
    text
}

fn explain(kind: &SourceKind) -> String {
    let mut text = String::new();
    let services: Vec<&str> = kind
        .services
        .iter()
        .map(|service: &DataService| service.name())
        .collect();
    let waits = match kind.delivery {
        Delivery::Pausable => "waits when the program cannot keep up; nothing is lost",
        Delivery::Live => {
            "cannot wait; what cannot be kept up with is conflated or dropped, and counted"
        }
    };
    line(&mut text, format_args!("{}\n", form_of(kind)));
    line(&mut text, format_args!("{}.\n", kind.summary));
    line(&mut text, format_args!("Delivers: {}", services.join(", ")));
    line(&mut text, format_args!("Pace:     it {waits}"));
    if !kind.options.is_empty() {
        line(&mut text, format_args!("\nOptions:"));
    }
    for option in kind.options {
        line(
            &mut text,
            format_args!("  {}={}", option.name, option.value.describe()),
        );
        line(
            &mut text,
            format_args!("      {} [default: {}]", option.summary, option.default),
        );
    }
    line(&mut text, format_args!("\nExamples:"));
    for example in kind.examples {
        line(
            &mut text,
            format_args!("  --source '{}'\n      {}", example.spec, example.effect),
        );
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::config::environment::Environment;
    use crate::config::key;

    fn layers(source: &str) -> Layers {
        let mut layers = Layers {
            environment: Environment::of([
                ("STREAMER_TUI_SPEED", "max"),
                ("STREAMER_TUI_COLOUR", "x"),
            ]),
            ..Layers::default()
        };
        layers
            .flags
            .set(&key::SOURCES, "--source", vec![source.to_owned()]);
        layers
    }

    #[test]
    fn check_tells_every_value_with_its_origin() {
        let check = Check::of(&layers("sim:symbols=3"));
        assert!(check.ok, "{check:?}");
        let json: serde_json::Value = serde_json::from_str(&to_json(&check)).unwrap();
        let setting = |key: &str| {
            let settings = json["settings"].as_array().unwrap();
            settings
                .iter()
                .find(|entry| entry["key"] == key)
                .unwrap()
                .clone()
        };
        assert_eq!(setting("sources")["origin"], "flag --source");
        assert_eq!(setting("sources")["value"][0], "sim:symbols=3");
        assert_eq!(setting("speed")["origin"], "environment STREAMER_TUI_SPEED");
        assert_eq!(setting("engine.worker_threads")["value"], 64);
        assert_eq!(setting("screen.flash")["value"], true);
        assert_eq!(setting("symbols")["value"], serde_json::Value::Null);
        assert_eq!(json["sources"][0]["ok"], true);
        assert!(
            json["warnings"][0]
                .as_str()
                .unwrap()
                .contains("STREAMER_TUI_COLOR?")
        );
        assert!(check.to_text().contains("speed"));
    }

    #[test]
    fn check_tells_mistakes_from_what_cannot_be_opened() {
        let mistake = Check::of(&layers("sim:symbols=none"));
        assert_eq!(mistake.exit(), Exit::Usage);
        assert_eq!(mistake.problems[0].place, "--source");
        assert!(mistake.to_text().contains("✗ --source: "));
        let absent = Check::of(&layers("replay:/does/not/exist"));
        assert_eq!(absent.exit(), Exit::Failed);
        assert!(!absent.sources[0].ok);
        assert!(absent.to_text().contains("Not all is well."));
    }

    #[test]
    fn sources_are_listed_and_explained() {
        let text = list(KINDS);
        for kind in KINDS {
            assert!(text.contains(&format!("{}:", kind.name)));
            let explained = explain(kind);
            for option in kind.options {
                assert!(explained.contains(option.name) && explained.contains(option.summary));
            }
        }
    }

    #[test]
    fn the_explanation_of_a_kind_reads_well() {
        insta::assert_snapshot!(explain(&crate::sources::kind::sim::KIND));
    }
}
