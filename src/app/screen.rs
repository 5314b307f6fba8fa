//! A run with a screen: the saved session before it, the terminal during it, the session saved after it.

use std::io;

use crossbeam_channel::Receiver;
use serde::{Deserialize, Serialize};

use crate::config::environment::Environment;
use crate::config::key::{self, Key};
use crate::config::reader::Origin;
use crate::config::settings::Settings;
use crate::config::{Loaded, reader::Effective};
use crate::domain::symbol::SymbolSpec;
use crate::pipeline::engine::EngineHandle;
use crate::stores::session::{LoadedSession, SessionStore};

use super::exit::{self, Exit};
use super::shutdown::Shutdown;
use super::{AppError, paths};

/// What the screen keeps from one run to the next. What is `None` comes from the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionState {
    /// The view.
    pub view: Option<String>,
    /// The subscribed symbols, as `SYMBOL@source`.
    pub symbols: Vec<String>,
    /// The colours.
    pub theme: Option<String>,
}

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

    fn save(self, screen: SessionState) {
        let Some(store) = self.store else {
            return;
        };
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

/// Gives the terminal back, if it has been taken. May be called from any thread, and more than once.
pub fn restore_terminal() {}

/// Shows the screen until it is left, then waits for the engine to finish.
///
/// # Errors
/// When the terminal cannot be used.
pub fn run(
    engine: EngineHandle,
    settings: &Settings,
    session: Session,
    changes: &Receiver<Settings>,
    shutdown: &Shutdown,
) -> Result<Exit, AppError> {
    let shown = run_screen(&engine, settings, &session.saved.screen, changes);
    // Left with `q`, by a signal, or because the terminal failed: the engine finishes in any case.
    shutdown.requester().request();
    let report = engine.join();
    tracing::debug!(?report, "the engine has finished");
    let state = shown.map_err(AppError::system("the terminal cannot be used"))?;
    session.save(state);
    Ok(Exit::Done)
}

/// The screen itself: draws the engine's snapshots until it is left, or the engine has finished.
fn run_screen(
    _engine: &EngineHandle,
    _settings: &Settings,
    _saved: &SessionState,
    _changes: &Receiver<Settings>,
) -> io::Result<SessionState> {
    Err(io::Error::other(
        "the screen is under construction; --headless needs none",
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::config::Layers;

    fn saved() -> SessionState {
        SessionState {
            view: Some("chart".to_owned()),
            symbols: vec!["AAPL@bundled".to_owned()],
            theme: Some("light".to_owned()),
        }
    }

    fn store(folder: &std::path::Path) -> SessionStore {
        let store = SessionStore::in_folder(folder);
        store
            .save(&SavedSession {
                sources: vec!["bundled:".to_owned()],
                screen: saved(),
            })
            .unwrap();
        store
    }

    #[test]
    fn a_session_comes_back_and_flags_win_over_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut layers = Layers::default();
        let mut loaded = layers.load().unwrap();
        let session = Session::restore_from(store(folder.path()), &mut loaded);
        assert_eq!(session.saved.screen, saved());
        assert_eq!(
            loaded.settings.symbols.unwrap()[0].to_string(),
            "AAPL@bundled"
        );

        layers
            .flags
            .set(&key::SYMBOLS, "--symbols", vec!["SPY".to_owned()]);
        layers
            .flags
            .set(&key::VIEW, "--view", vec!["errors".to_owned()]);
        let mut loaded = layers.load().unwrap();
        let session = Session::restore_from(store(folder.path()), &mut loaded);
        assert_eq!(session.saved.screen.view, None);
        assert_eq!(session.saved.screen.theme.as_deref(), Some("light"));
        assert_eq!(loaded.settings.symbols.unwrap()[0].to_string(), "SPY");
    }

    #[test]
    fn the_symbols_of_other_sources_stay_away() {
        let folder = tempfile::tempdir().unwrap();
        let mut layers = Layers::default();
        layers
            .flags
            .set(&key::SOURCES, "--source", vec!["sim:".to_owned()]);
        let mut loaded = layers.load().unwrap();
        let session = Session::restore_from(store(folder.path()), &mut loaded);
        assert_eq!(session.saved.screen.view.as_deref(), Some("chart"));
        assert_eq!(loaded.settings.symbols, None);
        assert_eq!(session.saved.sources, ["sim:"]);
    }

    #[test]
    fn what_is_saved_at_the_end_is_there_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = SessionStore::in_folder(folder.path());
        let mut loaded = Layers::default().load().unwrap();
        Session::restore_from(store.clone(), &mut loaded).save(saved());
        let mut loaded = Layers::default().load().unwrap();
        let session = Session::restore_from(store, &mut loaded);
        assert_eq!(session.saved.screen, saved());
        assert_eq!(session.warning(), None);
    }

    #[test]
    fn a_broken_session_is_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("session.json"), "{").unwrap();
        let mut loaded = Layers::default().load().unwrap();
        let session = Session::restore_from(SessionStore::in_folder(folder.path()), &mut loaded);
        assert!(
            session
                .warning()
                .unwrap()
                .contains("session.unreadable.json")
        );
        assert_eq!(loaded.settings.symbols, None);
    }

    #[test]
    fn a_dumb_terminal_is_refused_with_a_way_out() {
        let refused = check_terminal(&Environment::of([("TERM", "dumb")])).unwrap_err();
        assert!(refused.to_string().contains("--headless"));
        assert!(check_terminal(&Environment::of([("TERM", "xterm")])).is_ok());
    }
}
