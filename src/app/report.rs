//! `check` and `sources`: what would be run, and what could be.

mod kinds;

pub use kinds::sources;

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use crate::config::problem::{Place, Problem, Problems};
use crate::config::reader::{Effective, Shown};
use crate::config::settings::Settings;
use crate::config::{Layers, Loaded};
use crate::domain::source::SourceName;
use crate::sources::kind::OpenError;
use crate::sources::spec::SourceSpec;
use crate::stores::recording;
use crate::telemetry::scrub;

use super::exit::{self, Exit};
use super::plan::{self, Surroundings};

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
                .filter(|file| file.named || file.path.exists())
                .map(|file| file.path.display().to_string()),
            problems: Vec::new(),
            warnings: layers.warnings(),
            sources: Vec::new(),
            settings: Vec::new(),
            has_mistakes: false,
        };
        match layers.load() {
            Ok(loaded) => check.take(
                &loaded,
                &Surroundings::without_recording(&layers.environment),
            ),
            Err(Problems(problems)) => {
                check.has_mistakes = true;
                check.problems = problems.iter().map(ProblemEntry::of).collect();
            }
        }
        check.ok = check.exit() == Exit::Done;
        check
    }

    fn take(&mut self, loaded: &Loaded, surroundings: &Surroundings) {
        self.settings = loaded.effective.iter().map(SettingEntry::of).collect();
        let settings = &loaded.settings;
        let specs = plan::expanded(&settings.sources);
        let names = plan::names(&specs);
        let symbols = settings.symbols.as_deref();
        for checked in [
            plan::check_symbols(symbols, &names),
            plan::check_named(symbols, &specs, &names),
        ] {
            if let Err(error) = checked {
                self.mistake("symbols", error.to_string());
            }
        }
        for (spec, name) in specs.iter().zip(&names) {
            let failure = self.try_open(spec, name, settings, surroundings);
            self.sources.push(SourceEntry {
                name: name.to_string(),
                spec: spec.to_string(),
                ok: failure.is_none(),
                message: failure,
            });
        }
        self.warnings.extend(surroundings.warning());
        self.warnings.extend(plan::clashes(&settings.sources));
        if let Some(folder) = &settings.record
            && let Err(error) = recording::check(Path::new(folder))
        {
            self.mistake("record", error.to_string());
        }
    }

    fn try_open(
        &mut self,
        spec: &SourceSpec,
        name: &SourceName,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> Option<String> {
        match plan::open_source(spec, name, settings, surroundings) {
            Ok(_) => None,
            Err(error) => {
                self.has_mistakes |= matches!(error, OpenError::Spec(_));
                Some(error.to_string())
            }
        }
    }

    fn mistake(&mut self, place: &str, message: String) {
        self.has_mistakes = true;
        self.problems.push(ProblemEntry {
            place: place.to_owned(),
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

#[cfg(test)]
mod tests;
