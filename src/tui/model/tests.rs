//! What happens on keys, clicks and lines.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod books;
mod charts;
mod memory;
mod pointing;
mod values;

use crossterm::event::{KeyCode, KeyModifiers};

use super::super::command_line::PictureFormat;
use super::super::fixture::{full, picture, screen, stale, with_errors};
use super::super::keymap::TABLE;
use super::*;
use crate::pipeline::source::{SeekTarget, Speed, TransportCommand};

fn press(model: &mut Model, keys: &str) {
    for key in keys.split_whitespace() {
        let event = match key {
            "Enter" => KeyCode::Enter.into(),
            "Esc" => KeyCode::Esc.into(),
            "Tab" => KeyCode::Tab.into(),
            "Up" => KeyCode::Up.into(),
            "Down" => KeyCode::Down.into(),
            "Space" => KeyCode::Char(' ').into(),
            "Backspace" => KeyCode::Backspace.into(),
            key => match key.strip_prefix("ctrl-") {
                Some(letter) => crossterm::event::KeyEvent::new(
                    KeyCode::Char(letter.chars().next().unwrap()),
                    KeyModifiers::CONTROL,
                ),
                None => KeyCode::Char(key.chars().next().unwrap()).into(),
            },
        };
        model.key(&event);
        model.settle();
    }
}

fn enter(model: &mut Model, line: &str) {
    press(model, ":");
    model.paste(line);
    press(model, "Enter");
}

fn commands(model: &mut Model) -> Vec<Command> {
    model
        .take_effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Send(Command::WatchCharts(_) | Command::WatchBooks(_)) => None,
            Effect::Send(command) => Some(command),
            _ => None,
        })
        .collect()
}

fn selected(model: &Model) -> String {
    let id = model.selected.unwrap();
    model.shown.rows.get(id).unwrap().symbol.to_string()
}

#[test]
fn the_help_lists_every_key_and_command_and_can_be_searched() {
    let mut model = screen(Some(full()), 120, 120);
    press(&mut model, "?");
    let help = picture(&mut model);
    for entry in TABLE.iter().take(60) {
        assert!(help.contains(entry.help), "{}", entry.name);
    }
    press(&mut model, "/");
    model.paste("replay jump");
    let help = picture(&mut model);
    assert!(
        help.contains("jump back") && !help.contains("Quit"),
        "{help}"
    );
    press(&mut model, "Enter q");
    assert!(model.overlay.is_none());
    assert!(!model.is_quitting());
}

#[test]
fn every_action_of_the_table_can_be_done_in_every_state() {
    for snapshot in [None, Some(with_errors())] {
        for view in View::ALL {
            for entry in TABLE {
                let mut model = screen(snapshot.clone(), 80, 24);
                model.act(Action::View(view));
                model.settle();
                model.act(entry.action);
                model.act(entry.action);
                picture(&mut model);
            }
        }
    }
}

#[test]
fn moving_selects_and_the_chart_follows() {
    let mut model = screen(Some(full()), 120, 40);
    assert_eq!(selected(&model), "AAPL");
    press(&mut model, "j j");
    assert_eq!(selected(&model), "BAC");
    let watched = model.take_effects();
    let last = watched.last().unwrap();
    assert_eq!(
        *last,
        Effect::Send(Command::WatchCharts(vec![(SymbolId(5), Timeframe::M1)]))
    );
    press(&mut model, "Enter");
    assert_eq!((model.view, model.focus), (View::Chart, PanelId::Chart));
    press(&mut model, "t");
    assert_eq!(model.panels.chart.timeframe(), Timeframe::M5);
    press(&mut model, "Esc");
    assert_eq!(model.view, View::Overview);
}

#[test]
fn what_is_removed_can_be_brought_back() {
    let mut model = screen(Some(full()), 120, 40);
    press(&mut model, "j d");
    let removed = commands(&mut model);
    assert_eq!(
        removed,
        [Command::Remove(vec!["AMZN@replay".parse().unwrap()])]
    );
    let mut fewer = full();
    fewer.rows.remove(SymbolId(1));
    model.take(Arc::new(fewer));
    model.settle();
    assert_eq!(selected(&model), "BAC", "the one in its place");
    press(&mut model, "u");
    assert_eq!(
        commands(&mut model),
        [Command::Add(vec!["AMZN@replay".parse().unwrap()])]
    );
    model.take(Arc::new(full()));
    model.settle();
    assert_eq!(selected(&model), "AMZN");
    press(&mut model, "u");
    assert!(commands(&mut model).is_empty());
}

#[test]
fn symbols_are_added_by_typing_and_a_wrong_one_is_said_in_place() {
    let mut model = screen(Some(full()), 120, 40);
    press(&mut model, "a");
    model.paste("NVDA, SPY@sim");
    press(&mut model, "Enter");
    assert_eq!(
        commands(&mut model),
        [Command::Add(vec![
            "NVDA".parse().unwrap(),
            "SPY@sim".parse().unwrap()
        ])]
    );
    press(&mut model, "a");
    model.paste(&"A".repeat(100));
    press(&mut model, "Enter");
    assert!(commands(&mut model).is_empty());
    assert!(picture(&mut model).contains("at most 64 bytes"));
    press(&mut model, "Esc");
    assert!(model.prompt.is_none());
}

#[test]
fn pasted_text_is_never_taken_for_keys() {
    let mut model = screen(Some(full()), 120, 40);
    model.paste("qqdd");
    assert!(commands(&mut model).is_empty());
    assert!(!model.is_quitting());
}

#[test]
fn the_filter_works_while_it_is_typed_and_escape_takes_it_back() {
    let mut model = screen(Some(full()), 120, 40);
    press(&mut model, "/ a m");
    assert!(picture(&mut model).contains("1 of 8"));
    press(&mut model, "Esc");
    assert!(picture(&mut model).contains("Watchlist · 8"));
    press(&mut model, "/ a m Enter");
    assert!(picture(&mut model).contains("1 of 8"));
    press(&mut model, "Esc");
    assert!(picture(&mut model).contains("Watchlist · 8"));
}

#[test]
fn the_command_line_completes_remembers_and_says_what_is_wrong() {
    let mut model = screen(Some(full()), 120, 40);
    press(&mut model, ": t h e m Tab h i Tab");
    let text = model.prompt.as_ref().unwrap().input.text().to_owned();
    assert_eq!(text, "theme high-contrast ");
    press(&mut model, "Enter");
    assert_eq!(
        model.settings.theme,
        super::super::theme::ThemeName::HighContrast
    );
    enter(&mut model, "spede 10");
    assert!(picture(&mut model).contains("did you mean 'speed'?"));
    assert!(model.prompt.is_some(), "the line stays to be mended");
    press(&mut model, "Esc : Up");
    assert_eq!(model.prompt.as_ref().unwrap().input.text(), "spede 10");
    press(&mut model, "Up");
    assert_eq!(
        model.prompt.as_ref().unwrap().input.text(),
        "theme high-contrast"
    );
    press(&mut model, "Down Down");
    assert_eq!(model.prompt.as_ref().unwrap().input.text(), "");
    press(&mut model, "Backspace");
    assert!(model.prompt.is_none());
}

#[test]
fn commands_of_the_line_reach_the_engine_or_the_screen() {
    let mut model = screen(Some(full()), 120, 40);
    enter(&mut model, "speed 10");
    assert_eq!(
        commands(&mut model),
        [Command::Transport {
            source: None,
            command: TransportCommand::Speed(Speed::Factor(10.0))
        }]
    );
    enter(&mut model, "columns symbol,last");
    assert_eq!(
        model.panels.watchlist.columns(),
        [Column::Symbol, Column::Last]
    );
    enter(&mut model, "view errors");
    assert_eq!(model.view, View::Errors);
    enter(&mut model, "timeframe 1h");
    assert_eq!(model.panels.chart.timeframe(), Timeframe::H1);
    enter(&mut model, "select TSLA");
    assert_eq!(selected(&model), "TSLA");
    enter(&mut model, "select NONE");
    assert!(picture(&mut model).contains("'NONE' is not subscribed"));
    press(&mut model, "Esc");
    enter(&mut model, "screenshot a.svg");
    let order = ScreenshotOrder {
        panel: None,
        path: "a.svg".into(),
        format: PictureFormat::Svg,
        overwrite: false,
    };
    assert!(model.take_effects().contains(&Effect::Screenshot(order)));
    enter(&mut model, "screenshot! chart my charts/a.png");
    let order = ScreenshotOrder {
        panel: Some(PanelId::Chart),
        path: "my charts/a.png".into(),
        format: PictureFormat::Png,
        overwrite: true,
    };
    assert!(model.take_effects().contains(&Effect::Screenshot(order)));
    enter(&mut model, "screenshot a.gif");
    assert!(picture(&mut model).contains(".svg, .png or .txt"));
    press(&mut model, "Esc");
    enter(&mut model, "acknowledge");
    enter(&mut model, "clear");
    enter(&mut model, "quit");
    assert_eq!(
        commands(&mut model),
        [
            Command::AcknowledgeErrors(None),
            Command::ClearErrors,
            Command::Quit
        ]
    );
}

#[test]
fn a_replay_is_driven_by_keys_and_live_data_is_not() {
    let mut model = screen(Some(full()), 120, 40);
    press(&mut model, "Space [ ] , . < >");
    let sent: Vec<TransportCommand> = commands(&mut model)
        .into_iter()
        .map(|command| match command {
            Command::Transport { command, .. } => command,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        sent,
        [
            TransportCommand::Toggle,
            TransportCommand::Slower,
            TransportCommand::Faster,
            TransportCommand::StepBack,
            TransportCommand::Step,
            TransportCommand::SeekBy(-900_000),
            TransportCommand::SeekBy(900_000),
        ]
    );
    // A short recording is not passed over by one jump.
    let mut short = full();
    for source in &mut short.sources {
        if let Some(transport) = &mut source.transport {
            transport.length_ms = Some(28_000);
        }
    }
    let mut short = screen(Some(short), 120, 40);
    press(&mut short, ">");
    assert_eq!(
        commands(&mut short),
        [Command::Transport {
            source: None,
            command: TransportCommand::SeekBy(1_400)
        }]
    );
    // A time is one of the clock that is shown.
    model.settings.zone = chrono_tz::Asia::Tokyo;
    enter(&mut model, "seek 2024-07-09 10:30");
    let at = "2024-07-09T10:30:00+09:00".parse::<SeekTarget>().unwrap();
    assert_eq!(
        commands(&mut model),
        [Command::Transport {
            source: None,
            command: TransportCommand::Seek(at)
        }]
    );
    let mut model = screen(Some(stale()), 120, 40);
    press(&mut model, "Space");
    assert!(commands(&mut model).is_empty());
    assert!(picture(&mut model).contains("no replay"));
}

#[test]
fn a_frozen_picture_stays_while_data_goes_on() {
    let mut model = screen(Some(full()), 120, 40);
    press(&mut model, "f");
    let mut later = full();
    later.version += 1;
    later.rows.get_mut(SymbolId(0)).unwrap().last = Some(crate::domain::Decimal::new(99_999, 2));
    model.take(Arc::new(later));
    model.settle();
    let frozen = picture(&mut model);
    assert!(
        frozen.contains("FROZEN") && frozen.contains("170.42"),
        "{frozen}"
    );
    press(&mut model, "f");
    let running = picture(&mut model);
    assert!(
        !running.contains("FROZEN") && running.contains("999.99"),
        "{running}"
    );
}

#[test]
fn an_error_is_opened_seen_and_copied() {
    let mut model = screen(Some(with_errors()), 120, 40);
    press(&mut model, "e j Enter");
    let detail = picture(&mut model);
    for text in [
        "raw input",
        "n/a,1639.9",
        "AMZN_1min.csv:118",
        "count     3",
    ] {
        assert!(detail.contains(text), "{text}: {detail}");
    }
    assert_eq!(commands(&mut model), [Command::AcknowledgeErrors(Some(2))]);
    press(&mut model, "y Esc");
    let copied = model.take_effects();
    assert!(
        matches!(&copied[..], [Effect::Copy(text)] if text.contains("DecodeError")),
        "{copied:?}"
    );
    press(&mut model, "m M C");
    assert_eq!(
        commands(&mut model),
        [
            Command::AcknowledgeErrors(Some(2)),
            Command::AcknowledgeErrors(None),
            Command::ClearErrors
        ]
    );
    press(&mut model, "/ x Enter");
    assert_eq!(model.panels.errors.filter(), "x");
    enter(&mut model, "clear");
    assert_eq!(commands(&mut model), [Command::ClearErrors]);
    assert_eq!(model.panels.errors.filter(), "");
}
