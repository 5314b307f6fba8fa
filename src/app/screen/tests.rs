#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::config::{Layers, words};
use crate::tui::theme::{ColorDepth, GlyphSet, ThemeName};
use crate::tui::views::View;

fn saved() -> SessionState {
    SessionState {
        view: Some(View::Chart),
        symbols: vec!["AAPL@bundled".to_owned()],
        theme: Some(ThemeName::Light),
        ..SessionState::default()
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
    assert_eq!(session.saved.screen.theme, Some(ThemeName::Light));
    assert_eq!(loaded.settings.symbols.unwrap()[0].to_string(), "SPY");
}

#[test]
fn charts_show_the_indicators_that_are_asked_for_whatever_was_shown_last() {
    let folder = tempfile::tempdir().unwrap();
    let mut layers = Layers::default();
    let store = SessionStore::in_folder(folder.path());
    let chosen = SavedSession {
        sources: vec!["bundled:".to_owned()],
        screen: SessionState {
            indicators: Some(vec!["obv".to_owned()]),
            ..SessionState::default()
        },
    };
    store.save(&chosen).unwrap();
    let mut loaded = layers.load().unwrap();
    let session = Session::restore_from(store, &mut loaded);
    assert_eq!(session.saved.screen.indicators.unwrap(), ["obv"]);

    let asked = ["rsi(14)", "sma(20)@5m", "spread", "vwap(2)"].map(str::to_owned);
    layers
        .flags
        .set(&key::INDICATORS, "--indicator", asked.to_vec());
    let mut loaded = layers.load().unwrap();
    let session = Session::restore_from(SessionStore::in_folder(folder.path()), &mut loaded);
    assert_eq!(session.saved.screen.indicators, None);
    // One on other bars, and one that follows quotes, have no place among a chart's candles.
    assert_eq!(loaded.settings.screen.indicators, ["rsi(14)", "vwap(2)"]);
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
    assert_eq!(session.saved.screen.view, Some(View::Chart));
    assert_eq!(loaded.settings.symbols, None);
    assert_eq!(session.saved.sources, ["sim:"]);
}

#[test]
fn what_is_saved_at_the_end_is_there_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = SessionStore::in_folder(folder.path());
    let mut loaded = Layers::default().load().unwrap();
    Session::restore_from(store.clone(), &mut loaded).save(saved(), &TuiSettings::default(), true);
    let mut loaded = Layers::default().load().unwrap();
    let session = Session::restore_from(store.clone(), &mut loaded);
    assert_eq!(session.saved.screen, saved());
    assert_eq!(session.warning(), None);

    session.save(
        SessionState {
            theme: Some(ThemeName::Dark),
            ..saved()
        },
        &TuiSettings::default(),
        false,
    );
    let mut loaded = Layers::default().load().unwrap();
    let session = Session::restore_from(store, &mut loaded);
    assert_eq!(session.saved.screen.view, Some(View::Chart));
    assert_eq!(
        loaded.settings.symbols, None,
        "all symbols stay all symbols"
    );
    assert!(session.saved.screen.symbols.is_empty());
    assert_eq!(session.saved.screen.theme, None, "as the settings have it");
}

#[test]
fn adding_and_removing_symbols_is_a_choice() {
    let (engine, received) = bounded(4);
    let choices = Choices::watch(engine).unwrap();
    choices.commands.send(Command::ClearErrors).unwrap();
    assert_eq!(received.recv(), Ok(Command::ClearErrors));
    assert!(!choices.were_made());
    choices
        .commands
        .send(Command::Remove(vec!["A".parse().unwrap()]))
        .unwrap();
    received.recv().unwrap();
    assert!(choices.were_made());
}

#[test]
fn the_configuration_knows_the_words_of_the_screen_and_no_others() {
    assert_eq!(words::THEMES, ThemeName::ALL.map(ThemeName::name));
    assert_eq!(words::VIEWS, View::ALL.map(View::name));
    assert_eq!(words::COLUMNS, Column::NAMES);
    assert_eq!(
        Column::NAMES.as_slice(),
        Column::ALL.each_ref().map(Column::name)
    );
    assert_eq!(
        words::DEFAULT_COLUMNS,
        Column::DEFAULT.each_ref().map(Column::name)
    );
    assert_eq!(words::COLORS[1..], ColorDepth::ALL.map(ColorDepth::name));
    assert_eq!(words::GLYPHS[1..], GlyphSet::ALL.map(GlyphSet::name));
    let settings = Layers::default().load().unwrap().settings;
    let environment = Environment::of([("TERM", "xterm-256color")]);
    assert_eq!(
        tui_settings(&settings, &environment),
        TuiSettings {
            indicator_catalogue: super::indicators::catalogue(),
            ..TuiSettings::default()
        }
    );
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
