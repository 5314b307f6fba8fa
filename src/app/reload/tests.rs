#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::config::ConfigFile;
use crate::tui::theme::ThemeName;
use crossbeam_channel::unbounded;

const PATIENCE: Duration = Duration::from_secs(10);

fn layers(path: &Path) -> Layers {
    Layers {
        file: Some(ConfigFile {
            path: path.to_owned(),
            named: false,
        }),
        ..Layers::default()
    }
}

fn reloader(path: &Path) -> (Reloader, Receiver<Command>, Receiver<TuiSettings>) {
    let layers = layers(path);
    let loaded = layers.load().unwrap();
    let (commands, received) = unbounded();
    let (screen, changes) = bounded(1);
    let reloader = Reloader {
        layers,
        loaded,
        commands,
        screen,
        stale: changes.clone(),
        is_gone: false,
    };
    (reloader, received, changes)
}

/// The errors reported, as severity and message.
fn reports(received: &Receiver<Command>) -> Vec<String> {
    let report = |command| match command {
        Command::Report(error) => Some(format!("{}: {}", error.severity.name(), error.message)),
        _ => None,
    };
    received.try_iter().filter_map(report).collect()
}

#[test]
fn what_can_change_changes_and_what_cannot_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "symbols = ['AAPL', 'SPY']\n").unwrap();
    let (mut reloader, received, changes) = reloader(&path);
    fs::write(
        &path,
        "symbols = ['SPY', 'TSLA']\nspeed = 10\nheadless = true\n[screen]\ntheme = 'light'\n[engine]\nhistory_rows = 5\n",
    )
    .unwrap();
    reloader.reload();
    let commands: Vec<Command> = received.try_iter().collect();
    assert_eq!(commands[0], Command::Remove(vec!["AAPL".parse().unwrap()]));
    assert_eq!(commands[1], Command::Add(vec!["TSLA".parse().unwrap()]));
    assert!(matches!(
        commands[2],
        Command::Transport {
            command: TransportCommand::Speed(_),
            ..
        }
    ));
    let Command::Report(error) = &commands[3] else {
        unreachable!("{commands:?}");
    };
    assert_eq!(
        error.message,
        "at the next start: headless, engine.history_rows"
    );
    assert_eq!(error.severity, Severity::Info);
    assert_eq!(changes.try_recv().unwrap().theme, ThemeName::Light);

    reloader.reload();
    assert!(
        received.is_empty() && changes.is_empty(),
        "nothing has changed since"
    );
}

#[test]
fn going_from_all_symbols_to_a_list_takes_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "headless = false\n").unwrap();
    let (mut reloader, received, _changes) = reloader(&path);
    fs::write(&path, "symbols = ['SPY']\n").unwrap();
    reloader.reload();
    assert_eq!(reports(&received), ["info: at the next start: symbols"]);
}

#[test]
fn an_invalid_file_changes_nothing_and_every_problem_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "[screen]\ntheme = 'light'\n").unwrap();
    let (mut reloader, received, changes) = reloader(&path);
    let before = reloader.loaded.clone();
    fs::write(&path, "[screen]\ntheme = 'lihgt'\nflsh = true\n").unwrap();
    reloader.reload();
    let errors: Vec<_> = received
        .try_iter()
        .map(|command| match command {
            Command::Report(error) => *error,
            other => unreachable!("{other:?}"),
        })
        .collect();
    assert_eq!(errors.len(), 2);
    assert!(
        errors[0].message.contains("did you mean 'light'?"),
        "{}",
        errors[0].message
    );
    assert!(
        errors[0]
            .message
            .ends_with("the settings stay as they were")
    );
    assert_eq!(errors[0].location, Some(format!("{}:2", path.display())));
    assert!(errors[1].message.contains("did you mean 'flash'?"));
    for half in ["[screen]\nthe", "[scr", "\u{feff}[", "theme = \"\"\"\n"] {
        fs::write(&path, half).unwrap();
        reloader.reload();
        assert!(reports(&received)[0].starts_with("error: "), "{half:?}");
    }
    assert_eq!(reloader.loaded, before);
    assert!(changes.is_empty());
    fs::write(&path, "[screen]\ntheme = 'dark'\n").unwrap();
    reloader.reload();
    assert_eq!(changes.try_recv().unwrap().theme, ThemeName::Dark);
}

#[test]
fn a_file_that_goes_or_is_emptied_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "speed = 7\n").unwrap();
    let (mut reloader, received, changes) = reloader(&path);
    fs::remove_file(&path).unwrap();
    reloader.reload();
    reloader.reload();
    assert_eq!(
        reports(&received),
        ["warning: the configuration file is gone; the settings stay as they were"]
    );
    fs::write(&path, "").unwrap();
    reloader.reload();
    assert_eq!(
        reports(&received),
        ["warning: the configuration file is empty; the settings stay as they were"]
    );
    fs::create_dir(folder.path().join("dir")).unwrap();
    fs::remove_file(&path).unwrap();
    fs::rename(folder.path().join("dir"), &path).unwrap();
    reloader.reload();
    assert!(reports(&received)[0].contains("is not a file"));
    assert_eq!(reloader.loaded.settings.speed.unwrap().to_string(), "7×");
    assert!(changes.is_empty());
}

#[test]
fn a_hundred_reloads_leave_the_last_one_in_force_and_nothing_piled_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "[screen]\nstale_after_s = 1\n").unwrap();
    let (mut reloader, received, changes) = reloader(&path);
    for age in 2..=101 {
        fs::write(&path, format!("[screen]\nstale_after_s = {age}\n")).unwrap();
        reloader.reload();
    }
    assert_eq!(changes.len(), 1);
    assert_eq!(
        changes.try_recv().unwrap().stale_after,
        Duration::from_secs(101)
    );
    assert!(received.is_empty());
}

#[test]
fn a_saved_file_is_applied_by_itself_and_a_lost_permission_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "[screen]\ntheme = 'dark'\n").unwrap();
    let layers = layers(&path);
    let loaded = layers.load().unwrap();
    let (commands, received) = unbounded();
    let (watch, changes) = start(layers, loaded, &commands);
    assert!(watch.is_some());
    fs::write(folder.path().join("new"), "[screen]\ntheme = 'light'\n").unwrap();
    fs::rename(folder.path().join("new"), &path).unwrap();
    assert_eq!(
        changes.recv_timeout(PATIENCE).unwrap().theme,
        ThemeName::Light
    );

    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        // Permissions do not bind this user; a file that is no text stands in for one that cannot be read.
        fs::write(&path, b"\xff").unwrap();
    }
    let Command::Report(error) = received.recv_timeout(PATIENCE).unwrap() else {
        unreachable!();
    };
    assert_eq!(error.kind, ErrorKind::ConfigError);
    assert!(error.message.ends_with("the settings stay as they were"));
}

#[test]
fn recording_begins_and_ends_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "speed = 1\n").unwrap();
    let (mut reloader, received, _changes) = reloader(&path);
    for (text, expected) in [
        ("record = 'somewhere'\n", Some("somewhere")),
        ("record = 'elsewhere'\n", Some("elsewhere")),
        ("speed = 1\n", None),
    ] {
        fs::write(&path, text).unwrap();
        reloader.reload();
        let commands: Vec<Command> = received.try_iter().collect();
        assert!(
            commands.contains(&Command::Record(expected.map(Into::into))),
            "{commands:?}"
        );
    }
}
