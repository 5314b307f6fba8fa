//! The command line and the configuration: what is shown, what is refused, what wins.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::program::{Finished, Home, fixture};

fn json(run: &Finished) -> Value {
    serde_json::from_str(&run.text()).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

#[test]
fn help_and_version_and_manual() {
    let home = Home::new();
    let version = home.run(["--version"]).well();
    assert_eq!(
        version.text(),
        format!("streamer-tui {}", env!("CARGO_PKG_VERSION"))
    );
    let help = home.run(["--help"]).well().text();
    assert!(!help.contains('\u{1b}'), "no colours where no terminal is");
    let manual = home.run(["man"]).well().text();
    assert!(manual.contains(".TH streamer"), "{manual}");
    for flag in [
        "--symbols",
        "--source",
        "--speed",
        "--timeframes",
        "--headless",
        "--record",
        "--config",
        "--view",
        "--theme",
        "--no-session",
        "--log-level",
    ] {
        assert!(help.contains(flag), "{flag}");
        assert!(manual.contains(&flag.replace('-', "\\-")), "{flag}");
    }
    // What is not there yet is not promised.
    for absent in ["dlq", "kafka", "alpaca", "binance", "https://"] {
        assert!(!help.contains(absent), "{absent}");
        assert!(!manual.contains(absent), "{absent}");
    }
}

#[test]
fn every_command_and_every_flag_of_the_help_works() {
    let home = Home::new();
    let help = home.run(["--help"]).well().text();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    let names: Vec<&str> = commands
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "check",
            "sources",
            "query",
            "bench",
            "export",
            "completions",
            "man"
        ]
    );
    for name in names {
        home.run([name, "--help"]).well();
    }
    let source = fixture();
    home.run([
        "check",
        "--symbols",
        "AAPL,AMZN",
        "--source",
        &source,
        "--speed",
        "60",
        "--timeframes",
        "5m,15m,1h,1d",
        "--headless",
        "--view",
        "chart",
        "--theme",
        "light",
        "--no-session",
        "--log-level",
        "debug",
    ])
    .well();
}

#[test]
fn completions_are_scripts_that_their_shells_can_read() {
    let home = Home::new();
    for (shell, mark) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef streamer-tui"),
        ("fish", "complete -c streamer-tui"),
    ] {
        let script = home.run(["completions", shell]).well().text();
        assert!(script.contains(mark), "{shell}");
        assert!(script.contains("timeframes"), "{shell}");
        let path = home.write(&format!("completions.{shell}"), &script);
        // Where the shell itself is there, it says whether the script can be read.
        if let Ok(status) = Command::new(shell)
            .arg("-n")
            .arg(path)
            .stdin(Stdio::null())
            .status()
        {
            assert!(status.success(), "{shell}");
        }
    }
    let run = home.run(["completions", "abacus"]);
    assert_eq!(run.code, Some(2));
}

#[test]
fn sources_are_listed_explained_and_given_as_json() {
    let home = Home::new();
    let list = home.run(["sources"]).well().text();
    let kinds = json(&home.run(["sources", "--json"]).well());
    let kinds: Vec<&str> = kinds
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind["kind"].as_str().unwrap())
        .collect();
    for kind in ["replay", "sim", "bundled", "binance", "alpaca"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
        assert!(list.contains(&format!("{kind}:")), "{list}");
    }
    for kind in &kinds {
        home.run(["sources", kind]).well();
    }
    let replay = home.run(["sources", "replay"]).well().text();
    for option in [
        "start=", "end=", "stamp=", "tz=", "gaps=", "loop=", "session=",
    ] {
        assert!(replay.contains(option), "{option}: {replay}");
    }
    let one = json(&home.run(["sources", "sim", "--json"]).well());
    assert_eq!(one[0]["kind"], "sim");
    assert!(one[0]["options"].as_array().unwrap().len() > 5);
    let run = home.run(["sources", "repaly"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("replay"), "{}", run.stderr);
}

#[test]
fn check_tells_what_would_run_and_where_each_value_comes_from() {
    let home = Home::new();
    let source = fixture();
    let text = home.run(["check", "--source", &source]).well().text();
    assert!(text.contains("All is well"), "{text}");
    let report = json(&home.run(["check", "--json", "--source", &source]).well());
    assert_eq!(report["ok"], true);
    assert_eq!(report["config_file"], Value::Null);
    assert_eq!(report["sources"][0]["name"], "replay");

    let run = home.run(["check", "--json", "--source", "replay:missing.csv"]);
    assert_eq!(run.code, Some(1));
    let report = json(&run);
    assert_eq!(report["ok"], false);
    assert_eq!(report["sources"][0]["ok"], false);
    assert!(
        report["sources"][0]["message"]
            .to_string()
            .contains("missing.csv")
    );

    let config = home.write("wrong.toml", "theem = 1\n");
    let run = home.run(["check", "--json", "--config", config.to_str().unwrap()]);
    assert_eq!(run.code, Some(2));
    let report = json(&run);
    assert_eq!(report["problems"][0]["line"], 1);
    assert_eq!(report["problems"][0]["column"], 1);
}

#[test]
fn mistakes_on_the_command_line_end_with_2_and_say_what_would_be_right() {
    let home = Home::new();
    for (arguments, hint) in [
        (vec!["--symbol", "AAPL"], "--symbols"),
        (vec!["--speed", "fast"], "'fast' is no speed"),
        (vec!["--speed", "-1"], "'-1' is no speed"),
        (vec!["--source", "repaly:x"], "did you mean 'replay'"),
        (vec!["--source", "sim:symbls=3"], "did you mean 'symbols'"),
        (vec!["--source", "sim:symbols=many"], "symbols"),
        (
            vec!["--source", "replay:x?stmp=end"],
            "did you mean 'stamp'",
        ),
        (vec!["--source", "replay:x?tz=Mars/Phobos"], "Mars/Phobos"),
        (vec!["--source", "replay:"], "replay:"),
        (vec!["--timeframes", "7m"], "7m"),
        (vec!["--symbols", "A\u{7}"], "--symbols"),
        (vec!["--view", "everything"], "overview"),
        (vec!["--config", "nowhere.toml"], "nowhere.toml"),
        (vec!["sources", "--speed", "3"], "--speed"),
        (vec!["chekc"], "check"),
    ] {
        let run = home.run(["--headless"].iter().chain(&arguments));
        let run = if arguments[0].starts_with('-') {
            run
        } else {
            home.run(&arguments)
        };
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(hint), "{arguments:?}: {}", run.stderr);
        assert!(run.lines.is_empty(), "{arguments:?}");
        assert!(
            !run.stderr.contains(['\u{1b}', '\u{7}']),
            "{arguments:?}: {:?}",
            run.stderr
        );
    }
}

#[test]
fn mistakes_in_the_configuration_are_all_told_with_file_line_column_and_the_nearest_key() {
    let home = Home::new();
    let config = home.write(
        "config/streamer-tui/config.toml",
        "speed = 60\nsymbls = [\"AAPL\"]\n\n[screen]\n  theme = \"drak\"\n[engine]\nworker_threads = -3\n",
    );
    let run = home.run(["--headless"]);
    assert_eq!(run.code, Some(2));
    assert!(run.lines.is_empty());
    let at = |line_column: &str| {
        let place = format!("{}:{line_column}:", config.display());
        run.stderr
            .lines()
            .find(|line| line.contains(&place))
            .unwrap_or_else(|| panic!("{place}: {}", run.stderr))
    };
    assert!(at("2:1").contains("symbols"), "{}", run.stderr);
    assert!(at("5:11").contains("dark"), "{}", run.stderr);
    assert!(at("7:18").contains("worker_threads") || at("7:18").contains("-3"));

    home.write("config/streamer-tui/config.toml", "speed = = 3\n");
    let run = home.run(["--headless"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("config.toml:1:9"), "{}", run.stderr);

    let home = Home::new().with("STREAMER_TUI_THEME", "drak");
    let run = home.run(["--headless"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("STREAMER_TUI_THEME"), "{}", run.stderr);
}

/// A setting's value and origin as `check` tells them.
fn setting(home: &Home, arguments: &[&str], key: &str) -> (String, String) {
    let run = home.run(["check", "--json"].iter().chain(arguments)).well();
    let report = json(&run);
    let settings = report["settings"].as_array().unwrap();
    let entry = settings
        .iter()
        .find(|entry| entry["key"] == key)
        .unwrap_or_else(|| panic!("{report}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&entry["value"]), text(&entry["origin"]))
}

#[test]
fn a_flag_wins_over_a_variable_over_the_env_file_over_the_configuration_over_the_default() {
    let home = Home::new();
    let theme = |home: &Home, arguments: &[&str]| setting(home, arguments, "screen.theme");
    assert_eq!(theme(&home, &[]), ("dark".into(), "default".into()));
    home.write(
        "config/streamer-tui/config.toml",
        "[screen]\ntheme = \"light\"\n",
    );
    let (value, origin) = theme(&home, &[]);
    assert_eq!(value, "light");
    assert!(origin.contains("config.toml"), "{origin}");
    home.write(".env", "STREAMER_TUI_THEME=high-contrast\n");
    let (value, origin) = theme(&home, &[]);
    assert_eq!(value, "high-contrast");
    assert!(origin.contains(".env"), "{origin}");
    let home = home.with("STREAMER_TUI_THEME", "color-blind");
    let (value, origin) = theme(&home, &[]);
    assert_eq!(value, "color-blind");
    assert!(origin.contains("STREAMER_TUI_THEME"), "{origin}");
    let (value, origin) = theme(&home, &["--theme", "dark"]);
    assert_eq!(value, "dark");
    assert!(origin.contains("--theme"), "{origin}");
}

#[test]
fn settings_take_effect_wherever_they_come_from() {
    let source = fixture();
    let symbols_of = |home: &Home, arguments: &[&str]| {
        let run = home.headless(arguments).well();
        let mut symbols: Vec<String> = run
            .results()
            .iter()
            .map(|result| result["symbol"].as_str().unwrap().to_owned())
            .collect();
        symbols.dedup();
        symbols
    };
    let home = Home::new();
    let config = home.write(
        "mine.toml",
        format!("symbols = [\"AAPL\"]\nsources = [\"{source}\"]\n"),
    );
    let config = config.to_str().unwrap().to_owned();
    assert_eq!(symbols_of(&home, &["--config", &config]), ["AAPL"]);
    assert_eq!(
        symbols_of(&home, &["--config", &config, "--symbols", "AMZN"]),
        ["AMZN"]
    );
    home.write(".env", "STREAMER_TUI_SYMBOLS=AMZN\n");
    assert_eq!(symbols_of(&home, &["--config", &config]), ["AMZN"]);
    let home = Home::new()
        .with("STREAMER_TUI_CONFIG", config)
        .with("STREAMER_TUI_HEADLESS", "true");
    // The file named there is gone with its home, which is a mistake that has to be told.
    let run = home.headless(&[]);
    assert_eq!(
        (run.code, run.lines.is_empty()),
        (Some(0), false),
        "{run:?}"
    );
}

#[test]
fn the_bundled_session_runs_from_half_past_ten_where_stdout_is_no_terminal() {
    let home = Home::new().with("NO_COLOR", "1");
    let run = home
        .run(["--speed", "max", "--symbols", "AAPL,AMZN,DUD"])
        .well();
    assert!(!run.text().contains('\u{1b}'));
    let bars = |symbol: &str| {
        let mut results = run.results_of(symbol);
        results.retain(|result| result["service"] == "OHLCV");
        results
    };
    for symbol in ["AAPL", "AMZN"] {
        let bars = bars(symbol);
        assert!(bars.len() > 300, "{symbol}: {}", bars.len());
        let first = bars[0]["new_york_datetime"].as_str().unwrap();
        assert!(
            first.contains("T10:30:00") || first.contains("T10:31:00"),
            "the morning is history: {first}"
        );
        let times: Vec<i64> = bars
            .iter()
            .map(|bar| bar["unix_ts"].as_i64().unwrap())
            .collect();
        assert!(times.is_sorted_by(|a, b| a < b), "{symbol}");
    }
    assert!(bars("DUD").is_empty());
    let errors = run.errors();
    let of_dud = errors.iter().filter(|error| {
        let message = error["message"].as_str().unwrap_or_default();
        message.starts_with("DUD is not in the bundled session; ")
    });
    assert_eq!(of_dud.count(), 1, "{errors:?}");
    assert!(
        run.results()
            .iter()
            .all(|result| result["source"] == "bundled")
    );
}

#[test]
fn recording_needs_a_folder_and_a_live_source() {
    let home = Home::new();
    let file = home.write("file", "x");
    let source = home.replay("a.jsonl", "");
    let given = |path: &std::path::Path| {
        home.headless(&["--source", &source, "--record", path.to_str().unwrap()])
    };
    let refused = given(&file);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("it is a file; name a folder"),
        "{}",
        refused.stderr
    );
    let file = file.to_str().unwrap();
    let checked = home.run(["check", "--source", &source, "--record", file]);
    assert_eq!(checked.code, Some(2));
    assert!(checked.text().contains("it is a file; name a folder"));
    let warned = given(&home.path("new/folder")).well();
    let errors = warned.errors();
    let said = errors.iter().filter(|error| {
        error["message"] == "only live sources are recorded: not replay"
            && error["severity"] == "warning"
    });
    assert_eq!(said.count(), 1, "{errors:?}");
}
