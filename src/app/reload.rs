//! Applies a configuration that changed while the program runs.

use std::path::PathBuf;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::config::key::{self, Apply, Key};
use crate::config::problem::{Place, Problem};
use crate::config::settings::Settings;
use crate::config::watch::ConfigWatch;
use crate::config::{Layers, Loaded};
use crate::domain::outcome::{ErrorInstance, ErrorKind, Severity};
use crate::domain::symbol::SymbolSpec;
use crate::pipeline::Command;
use crate::pipeline::source::TransportCommand;
use crate::telemetry;
use crate::tui::TuiSettings;

use super::report_error;
use super::screen::tui_settings;

/// How many problems of one file are put on the board; more would help nobody.
const PROBLEMS_MAX: usize = 20;

/// What takes effect, and when, once the file has changed.
#[derive(Debug)]
struct Reloader {
    layers: Layers,
    /// What is in force.
    loaded: Loaded,
    commands: Sender<Command>,
    screen: Sender<TuiSettings>,
    /// The other end of `screen`, to make room when nobody takes what is in it.
    stale: Receiver<TuiSettings>,
    /// Whether the file is known to be gone, so that it is said once.
    is_gone: bool,
}

/// Watches the configuration file until the watch is dropped. What changes for the screen comes out of the receiver:
/// the newest settings, each time.
#[must_use]
pub fn start(
    layers: Layers,
    loaded: Loaded,
    commands: &Sender<Command>,
) -> (Option<ConfigWatch>, Receiver<TuiSettings>) {
    let (screen, changes) = bounded(1);
    let Some(path) = layers.file.as_ref().map(|file| file.path.clone()) else {
        return (None, changes);
    };
    let mut reloader = Reloader {
        layers,
        loaded,
        commands: commands.clone(),
        screen,
        stale: changes.clone(),
        is_gone: false,
    };
    match ConfigWatch::start(&path, move || reloader.reload()) {
        Ok(watch) => (Some(watch), changes),
        Err(error) => {
            let message = format!("the configuration is not watched for changes: {error}");
            report_error(
                commands,
                ErrorInstance::new(ErrorKind::ConfigError, message).as_warning(),
            );
            (None, changes)
        }
    }
}

impl Reloader {
    /// Reads the file again, and applies what has changed.
    fn reload(&mut self) {
        let path = self.layers.file.as_ref().map(|file| file.path.clone());
        let path = path.unwrap_or_default();
        if !path.exists() {
            return self.file_is_gone(path);
        }
        self.is_gone = false;
        // An editor that empties the file before it writes is not asking for the defaults.
        if self.loaded.has_file
            && std::fs::metadata(&path).is_ok_and(|metadata| metadata.len() == 0)
        {
            let message = "the configuration file is empty; the settings stay as they were";
            return self.report(
                message.to_owned(),
                Some(&Place::WholeFile(path)),
                Severity::Warning,
            );
        }
        match self.layers.load() {
            Ok(new) => self.apply(new),
            Err(problems) => {
                tracing::warn!(%problems, "the configuration is wrong");
                for Problem { place, message } in problems.0.into_iter().take(PROBLEMS_MAX) {
                    let message = format!(
                        "{}: {message}; the settings stay as they were",
                        place.short()
                    );
                    self.report(message, Some(&place), Severity::Error);
                }
            }
        }
    }

    fn file_is_gone(&mut self, path: PathBuf) {
        // A file that was never there is no loss; nor is one that is only being replaced.
        if self.loaded.has_file && !self.is_gone {
            self.is_gone = true;
            let message = "the configuration file is gone; the settings stay as they were";
            self.report(
                message.to_owned(),
                Some(&Place::WholeFile(path)),
                Severity::Warning,
            );
        }
    }

    fn report(&self, message: String, place: Option<&Place>, severity: Severity) {
        let mut error = ErrorInstance::new(ErrorKind::ConfigError, message);
        error.severity = severity;
        error.location = place.and_then(Place::location);
        report_error(&self.commands, error);
    }

    fn apply(&mut self, new: Loaded) {
        if new.settings == self.loaded.settings {
            self.loaded = new;
            return;
        }
        let changed = changed_keys(&self.loaded, &new);
        // Between "all symbols" and a list there is no order that an engine could be given.
        let (old, now) = (&self.loaded.settings, &new.settings);
        let symbols_later = old.symbols.is_some() != now.symbols.is_some();
        let later: Vec<&str> = changed
            .iter()
            .filter(|&&key| {
                key.apply == Apply::NextStart || (symbols_later && key == &key::SYMBOLS)
            })
            .map(|key| key.path)
            .collect();
        tracing::info!(?changed, "the configuration has changed");
        for command in commands_for(&self.loaded.settings, &new.settings) {
            if self.commands.send(command).is_err() {
                return;
            }
        }
        if self.loaded.settings.log != new.settings.log {
            telemetry::set_filter(&new.settings.log);
        }
        self.show(&new.settings);
        if !later.is_empty() {
            let message = format!("at the next start: {}", later.join(", "));
            self.report(message, None, Severity::Info);
        }
        self.loaded = new;
    }

    /// Gives the screen the newest settings, in place of those that it has not taken yet.
    fn show(&self, settings: &Settings) {
        let mut newest = tui_settings(settings, &self.layers.environment);
        while let Err(TrySendError::Full(back)) = self.screen.try_send(newest) {
            drop(self.stale.try_recv());
            newest = back;
        }
    }
}

/// The keys whose values differ.
fn changed_keys(old: &Loaded, new: &Loaded) -> Vec<&'static Key> {
    old.effective
        .iter()
        .zip(&new.effective)
        .filter(|(old, new)| old.value != new.value)
        .map(|(_, new)| new.key)
        .collect()
}

/// What the engine has to be told for the new settings to hold.
fn commands_for(old: &Settings, new: &Settings) -> Vec<Command> {
    let mut commands = Vec::new();
    if let (Some(old), Some(new)) = (&old.symbols, &new.symbols) {
        let only_in = |these: &[SymbolSpec], those: &[SymbolSpec]| -> Vec<SymbolSpec> {
            let only = these.iter().filter(|spec| !those.contains(spec));
            only.cloned().collect()
        };
        let (added, removed) = (only_in(new, old), only_in(old, new));
        if !removed.is_empty() {
            commands.push(Command::Remove(removed));
        }
        if !added.is_empty() {
            commands.push(Command::Add(added));
        }
    }
    if old.record != new.record {
        commands.push(Command::Record(new.record.as_ref().map(Into::into)));
    }
    if let Some(speed) = new.speed
        && old.speed != new.speed
    {
        commands.push(Command::Transport {
            source: None,
            command: TransportCommand::Speed(speed),
        });
    }
    commands
}

#[cfg(test)]
mod tests;
