#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::config::Layers;

fn parse_words(line: &str) -> Result<Invocation, Refusal> {
    parse(
        std::iter::once("streamer-tui")
            .chain(line.split_whitespace())
            .map(OsString::from),
    )
}

#[test]
fn the_definition_holds_together() {
    CommandLine::command().debug_assert();
}

#[test]
fn flags_become_settings() {
    let invocation = parse_words(
        "--symbols AAPL,AMZN --symbols SPY --source sim:symbols=2,rate=3 --source replay:x --speed 60 \
         --timeframes 5m,1h --headless --view chart --theme light --no-session --log-level debug",
    )
    .unwrap();
    assert_eq!(invocation.task, Task::Run);
    let layers = Layers {
        flags: invocation.flags,
        ..Layers::default()
    };
    let settings = layers.load().unwrap().settings;
    assert_eq!(settings.symbols.unwrap().len(), 3);
    assert_eq!(settings.sources[0].to_string(), "sim:symbols=2,rate=3");
    assert_eq!(settings.sources.len(), 2);
    assert_eq!(settings.speed.unwrap().to_string(), "60×");
    assert_eq!(settings.engine.timeframes.len(), 2);
    assert!(settings.headless && !settings.session);
    assert_eq!(settings.screen.view, "chart");
    assert_eq!(settings.screen.theme, "light");
    assert_eq!(settings.log.to_string(), "debug");
}

#[test]
fn every_flag_stands_for_a_key_and_names_its_variable() {
    let command = CommandLine::command();
    for key in key::ALL {
        let Some(flag) = key.flag else {
            continue;
        };
        let argument = command
            .get_arguments()
            .find(|argument| argument.get_long() == Some(flag))
            .unwrap();
        let help = argument.get_help().unwrap().to_string();
        assert!(
            help.contains(&format!("[env: {}", key.variable())),
            "{flag}: {help}"
        );
    }
}

#[test]
fn check_takes_the_flags_before_and_after_it() {
    let invocation =
        parse_words("--theme light --config a.toml check --theme dark --speed 2 --json").unwrap();
    assert_eq!(invocation.task, Task::Check { json: true });
    assert_eq!(invocation.config_path, Some(PathBuf::from("a.toml")));
    let mut expected = Flags::default();
    expected.set(&key::THEME, "--theme", vec!["dark".to_owned()]);
    expected.set(&key::SPEED, "--speed", vec!["2".to_owned()]);
    assert_eq!(invocation.flags, expected);
    let after = parse_words("check --config b.toml").unwrap();
    assert_eq!(after.config_path, Some(PathBuf::from("b.toml")));
}

#[test]
fn mistakes_have_exit_code_two_and_help_has_zero() {
    for line in [
        "--symbls A",
        "--theme drak",
        "frobnicate",
        "sources gopher",
        "--speed 2 sources",
        "--headless=7",
        "export",
        "completions nosh",
    ] {
        assert_eq!(parse_words(line).unwrap_err().exit_code(), 2, "{line}");
    }
    for line in ["--help", "-h", "-V", "check --help"] {
        assert_eq!(parse_words(line).unwrap_err().exit_code(), 0, "{line}");
    }
    let near = parse_words("--symbls A").unwrap_err().to_string();
    assert!(near.contains("--symbols"), "{near}");
}

#[test]
fn what_could_steer_a_terminal_is_not_repeated() {
    let refusal = parse_words("--x\u{1b}[31m").unwrap_err();
    assert!(refusal.is_unsafe);
    assert!(!refusal.to_string().contains('\u{1b}'));
    let refusal = parse_words("--x\u{9b}31m").unwrap_err();
    assert!(refusal.to_string().contains("\\u{9b}31m"), "{refusal}");
}

#[test]
fn help_says_what_works_and_nothing_else() {
    insta::assert_snapshot!(parse_words("--help").unwrap_err().to_string());
}

#[test]
fn completions_and_the_manual_come_from_the_same_definition() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let Task::Print(script) = parse_words(&format!("completions {shell}")).unwrap().task else {
            unreachable!();
        };
        let script = String::from_utf8(script).unwrap();
        assert!(
            script.contains("symbols") && script.contains("sources"),
            "{shell}"
        );
    }
    let Task::Print(page) = parse_words("man").unwrap().task else {
        unreachable!();
    };
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains(".TH streamer-tui") && page.contains("STREAMER_TUI_SPEED"));
}
