//! A run with a screen: the saved session before it, the terminal during it, the session saved after it.

mod indicators;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{io, thread};

use crossbeam_channel::{Receiver, Sender, bounded};
use serde::{Deserialize, Serialize};

use crate::config::Loaded;
use crate::config::environment::Environment;
use crate::config::key::{self, Key};
use crate::config::reader::{Effective, Origin};
use crate::config::settings::{ScreenSettings, Settings};
use crate::domain::clock::Clock;
use crate::domain::symbol::SymbolSpec;
use crate::pipeline::Command;
use crate::pipeline::engine::EngineHandle;
use crate::stores::session::{LoadedSession, SessionStore};
use crate::tui::panels::watchlist::{Column, Sort, SortKey};
use crate::tui::terminal::Terminal;
use crate::tui::{self, SessionState, TerminalEnvironment, TuiError, TuiSettings};

use super::exit::{self, Exit};
use super::shutdown::Shutdown;
use super::{AppError, paths};

/// A session with the sources that it belongs to: other sources have other symbols.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct SavedSession {
    sources: Vec<String>,
    screen: SessionState,
}

/// The session of this run.
#[derive(Debug, Default)]
pub struct Session {
    /// Where it is kept; `None` when it is not.
    store: Option<SessionStore>,
    saved: SavedSession,
    warning: Option<String>,
}

impl Session {
    /// Finds the saved session, and puts its symbols into the settings unless they were asked for otherwise. Runs
    /// without a screen, and those that do not want one, have no session.
    #[must_use]
    pub fn restore(loaded: &mut Loaded, is_headless: bool) -> Self {
        match paths::state_folder() {
            Some(folder) if !is_headless && loaded.settings.session => {
                Self::restore_from(SessionStore::in_folder(&folder), loaded)
            }
            _ => Self::default(),
        }
    }

    fn restore_from(store: SessionStore, loaded: &mut Loaded) -> Self {
        let (mut saved, warning) = match store.load::<SavedSession>() {
            LoadedSession::Found(saved) => (saved, None),
            LoadedSession::None => (SavedSession::default(), None),
            LoadedSession::Unreadable(message) => (SavedSession::default(), Some(message)),
        };
        let is_asked_for = |key: &Key| is_asked_for(&loaded.effective, key);
        let sources: Vec<String> = loaded
            .settings
            .sources
            .iter()
            .map(ToString::to_string)
            .collect();
        if is_asked_for(&key::VIEW) {
            saved.screen.view = None;
        }
        if is_asked_for(&key::THEME) {
            saved.screen.theme = None;
        }
        if is_asked_for(&key::INDICATORS) || is_asked_for(&key::CHART_INDICATORS) {
            saved.screen.indicators = None;
        }
        if sources != saved.sources || is_asked_for(&key::SYMBOLS) {
            saved.screen.symbols.clear();
        }
        saved.sources = sources;
        let symbols: Vec<SymbolSpec> = saved
            .screen
            .symbols
            .iter()
            .filter_map(|text| text.parse().ok())
            .collect();
        if !symbols.is_empty() {
            loaded.settings.symbols = Some(symbols);
        }
        Self {
            store: Some(store),
            saved,
            warning,
        }
    }

    /// What was wrong with the saved session.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Keeps what the screen was left with. The symbols count only where somebody chose them: of "all", a list of those
    /// that had appeared so far would be less.
    ///
    /// What is as the settings had it is not kept, so that a change of the settings still shows the next time.
    fn save(self, mut screen: SessionState, given: &TuiSettings, has_chosen_symbols: bool) {
        let Some(store) = self.store else {
            return;
        };
        screen.view = screen.view.filter(|view| *view != given.view);
        screen.theme = screen.theme.filter(|theme| *theme != given.theme);
        screen.sort = screen.sort.filter(|sort| *sort != given.sort);
        screen.indicators = screen
            .indicators
            .filter(|indicators| *indicators != given.indicators);
        screen.columns = screen.columns.filter(|columns| *columns != given.columns);
        if !has_chosen_symbols {
            screen.symbols.clear();
        }
        let saved = SavedSession {
            screen,
            ..self.saved
        };
        if let Err(error) = store.save(&saved) {
            exit::say(error);
        }
    }
}

/// Whether a key's value was given for this run: by a flag or a variable.
fn is_asked_for(effective: &[Effective], key: &Key) -> bool {
    effective.iter().any(|entry| {
        entry.key == key && matches!(entry.origin, Origin::Flag(_) | Origin::Variable(..))
    })
}

/// Whether the terminal can show a screen at all.
///
/// # Errors
/// When it says that it cannot.
pub fn check_terminal(environment: &Environment) -> Result<(), AppError> {
    match environment.get("TERM") {
        Some("dumb") => Err(AppError::Terminal("dumb".to_owned())),
        _ => Ok(()),
    }
}

/// The screen's settings as the screen takes them. What is left to the environment is taken from there.
#[must_use]
pub fn tui_settings(settings: &Settings, environment: &Environment) -> TuiSettings {
    let variable = |name| environment.get(name).map(str::to_owned);
    let terminal = TerminalEnvironment {
        no_color: variable("NO_COLOR"),
        colorterm: variable("COLORTERM"),
        term: variable("TERM"),
        lc_all: variable("LC_ALL"),
        lc_ctype: variable("LC_CTYPE"),
        lang: variable("LANG"),
    };
    let ScreenSettings {
        theme,
        view,
        color,
        glyphs,
        flash,
        mouse,
        bell,
        columns,
        indicators,
        sort,
        sort_reverse,
        timezone,
        stale_after_s,
    } = &settings.screen;
    // The configuration takes only words that the screen knows, as a test below makes sure.
    let sort = Sort::by_key(sort.parse().unwrap_or(SortKey::Column(Column::Symbol)));
    TuiSettings {
        theme: theme.parse().unwrap_or_default(),
        view: view.parse().unwrap_or_default(),
        color_depth: color.parse().unwrap_or_else(|_| terminal.color_depth()),
        glyphs: glyphs.parse().unwrap_or_else(|_| terminal.glyphs()),
        flash: *flash,
        mouse: *mouse,
        bell: *bell,
        columns: columns
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect(),
        sort: if *sort_reverse { sort.reversed() } else { sort },
        zone: *timezone,
        stale_after: Duration::from_secs(*stale_after_s),
        keys: settings.keys.clone(),
        watchlists: settings.lists.clone(),
        indicator_catalogue: indicators::catalogue(),
        indicators: indicators.clone(),
        ..TuiSettings::default()
    }
}

/// What the screen is made of, besides the engine.
pub struct ScreenParts {
    /// The first settings.
    pub settings: TuiSettings,
    /// Later ones.
    pub changes: Receiver<TuiSettings>,
    /// The session of this run.
    pub session: Session,
    /// Whether the symbols were named, rather than all that there are.
    pub has_chosen_symbols: bool,
    /// The clock that the engine goes by.
    pub clock: Arc<dyn Clock>,
}

/// Shows the screen until it is left, then waits for the engine to finish.
///
/// # Errors
/// When the terminal cannot be used.
pub fn run(
    engine: EngineHandle,
    parts: ScreenParts,
    shutdown: &Shutdown,
) -> Result<Exit, AppError> {
    let ScreenParts {
        settings,
        changes,
        session,
        has_chosen_symbols,
        clock,
    } = parts;
    let choices = Choices::watch(engine.commands.clone()).map_err(AppError::system("a thread"))?;
    let given = settings.clone();
    let shown = Terminal::open(settings.mouse)
        .map_err(TuiError::from)
        .and_then(|terminal| {
            tui::run(
                settings,
                session.saved.screen.clone(),
                engine.snapshots.clone(),
                choices.commands.clone(),
                changes,
                clock,
                terminal,
            )
        });
    if matches!(shown, Err(TuiError::Interrupted)) {
        // The engine is not waited for: that is what the second Ctrl-C asks for.
        return Ok(Exit::Interrupted);
    }
    // Left with `q`, by a signal, or because the terminal failed: the engine finishes in any case.
    if !engine.is_finished() {
        shutdown.requester().request();
    }
    let report = engine.join();
    tracing::debug!(?report, "the engine has finished");
    session.save(shown?, &given, has_chosen_symbols || choices.were_made());
    Ok(Exit::Done)
}

/// Passes the screen's commands on to the engine, and notices whether they choose symbols.
#[derive(Debug)]
struct Choices {
    commands: Sender<Command>,
    were_made: Arc<AtomicBool>,
}

impl Choices {
    fn watch(engine: Sender<Command>) -> io::Result<Self> {
        let (commands, received) = bounded::<Command>(64);
        let were_made = Arc::new(AtomicBool::new(false));
        let made = Arc::clone(&were_made);
        thread::Builder::new()
            .name("screen".to_owned())
            .spawn(move || {
                for command in received {
                    if matches!(command, Command::Add(_) | Command::Remove(_)) {
                        made.store(true, Ordering::Relaxed);
                    }
                    if engine.send(command).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self {
            commands,
            were_made,
        })
    }

    fn were_made(&self) -> bool {
        self.were_made.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
