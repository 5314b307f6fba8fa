#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::tui::action::Action;
use reader::{Origin, Shown};

const DOCUMENTED: &str = include_str!("../../assets/config.toml");

fn load(text: &str) -> Result<Loaded, Problems> {
    Layers::default().load_text(Path::new("config.toml"), Some(text))
}

fn problems(text: &str) -> Vec<String> {
    let Problems(problems) = load(text).unwrap_err();
    problems.iter().map(Problem::to_string).collect()
}

fn defaults() -> Settings {
    Layers::default().load().unwrap().settings
}

#[test]
fn the_documented_file_says_what_is_built_in() {
    assert_eq!(load(DOCUMENTED).unwrap().settings, defaults());
}

#[test]
fn the_documented_file_names_every_key_in_its_section() {
    for key in key::ALL {
        let section = match key.section() {
            "" => DOCUMENTED.split("\n[").next(),
            name => DOCUMENTED
                .split("\n[")
                .find(|section| section.starts_with(&format!("{name}]"))),
        };
        let name = key.name();
        let found = section.unwrap().lines().any(|line| {
            line.trim_start_matches("# ")
                .starts_with(&format!("{name} = "))
        });
        assert!(found, "{}", key.path);
    }
}

#[test]
fn the_documented_examples_can_be_used() {
    let uncommented: String = DOCUMENTED
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(key)
                if key
                    .split_once(" = ")
                    .is_some_and(|(name, _)| !name.contains(' ')) =>
            {
                key
            }
            _ => line,
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let settings = load(&uncommented).unwrap().settings;
    assert_eq!(settings.symbols.unwrap().len(), 2);
    assert_eq!(settings.lists["tech"].len(), 3);
    assert_eq!(settings.keys.keys_of(Action::Quit).len(), 2);
}

#[test]
fn a_file_is_read() {
    let settings = load(
        "symbols = \"AAPL, SPY@sim\"\nsources = ['sim:seed=1', 'replay:x']\nspeed = 0.5\ntimeframes = ['5m']\n\
         engine.history_memory_mb = 2\n[screen]\ntheme = 'light'\nstale_after_s = 0x10\ntimezone = 'UTC'\n",
    )
    .unwrap()
    .settings;
    let symbols: Vec<String> = settings
        .symbols
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(symbols, ["AAPL", "SPY@sim"]);
    assert_eq!(settings.sources.len(), 2);
    assert_eq!(settings.speed.unwrap().to_string(), "0.5×");
    assert_eq!(settings.engine.timeframes.len(), 1);
    assert_eq!(settings.engine.history_bytes, 2 << 20);
    assert_eq!(settings.screen.theme, "light");
    assert_eq!(settings.screen.stale_after_s, 16);
    assert_eq!(settings.screen.timezone, chrono_tz::UTC);
}

#[test]
fn mistakes_have_a_place_and_a_remedy() {
    for (text, expected) in [
        (
            "[screen]\n  theem = 'dark'\n",
            "config.toml:2:3: unknown key 'theem' in [screen]; did you mean 'theme'?",
        ),
        (
            "symbls = []\n",
            "config.toml:1:1: unknown key 'symbls'; did you mean 'symbols'?",
        ),
        (
            "theme = 'dark'\n",
            "config.toml:1:1: unknown key 'theme'; it belongs in [screen]",
        ),
        (
            "[engine]\nspeed = 1\n",
            "config.toml:2:1: unknown key 'speed' in [engine]; it belongs at the top of the file, before any [section]",
        ),
        (
            "[engin]\n",
            "config.toml:1:2: unknown key 'engin'; did you mean 'engine'?",
        ),
        (
            "engine = 3\n",
            "config.toml:1:10: 'engine' is a section; write its keys under [engine]",
        ),
        (
            "keys = 3\n",
            "config.toml:1:8: 'keys' is a section; write its keys under [keys]",
        ),
        (
            "[engine]\nworker_threads = 0\n",
            "config.toml:2:18: 0 is out of range; allowed are 1 to 1024",
        ),
        (
            "[engine]\nworker_threads = \"many\"\n",
            "config.toml:2:18: expected a whole number from 1 to 1024, found the text 'many'",
        ),
        (
            "headless = 'yes'\n",
            "config.toml:1:12: expected true or false, found the text 'yes'",
        ),
        (
            "screen.theme = 'drak'\n",
            "config.toml:1:16: 'drak' is not known, did you mean 'dark'?; there are dark, light, high-contrast, color-blind",
        ),
        (
            "symbols = ['AAPL',\n  'A B']\n",
            "config.toml:2:3: a symbol cannot contain ' '",
        ),
        (
            "symbols = 7\n",
            "config.toml:1:11: expected a list of texts, found 7",
        ),
        (
            "symbols = ['AAPL', 7]\n",
            "config.toml:1:20: expected a symbol in quotes, found 7",
        ),
        (
            "speed = 'fast'\n",
            "config.toml:1:9: 'fast' is no speed; give a factor above zero such as 60, or 'max'",
        ),
        (
            "speed = -1\n",
            "config.toml:1:9: '-1' is no speed; give a factor above zero such as 60, or 'max'",
        ),
        (
            "sources = ['replay:x?loop=1']\n",
            "config.toml:1:12: 'replay:x?loop=1': loop=1: must be true or false",
        ),
        (
            "log_level = 'loud'\n",
            "config.toml:1:13: 'loud' is no log level; there are off, error, warn, info, debug, trace, \
             and by module such as warn,streamer_tui::pipeline=debug",
        ),
        (
            "[keys]\nqiut = 'x'\n",
            "config.toml:2:1: [keys] 'qiut' is nothing that a key can do; did you mean 'quit'?",
        ),
        (
            "[keys]\nquit = ['q', 'hyper-q']\n",
            "config.toml:2:14: 'hyper-q' is no key; write one such as q, ctrl-c, alt-x, space, enter, F5, pageup or <",
        ),
        (
            "[keys]\nquit = 'z'\n",
            "config.toml:1:2: [keys] the key 'z' would mean both 'maximise' and 'quit'; give one of them another",
        ),
        (
            "[lists]\n\"my tech\" = []\n",
            "config.toml:2:1: [lists] 'my tech' cannot be the name of a list; use at most 32 letters, digits, - and _",
        ),
    ] {
        assert_eq!(problems(text), [expected], "{text}");
    }
}

#[test]
fn all_problems_are_told_in_the_order_of_the_file() {
    let found =
        problems("headless = 1\n[screen]\nflash = 2\nflahs = true\n[engine]\nhistory_rows = -1\n");
    let places: Vec<&str> = found
        .iter()
        .map(|problem| problem.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "config.toml:1:12",
            "config.toml:3:9",
            "config.toml:4:1",
            "config.toml:6:16"
        ]
    );
}

#[test]
fn broken_toml_is_told_with_its_place() {
    let found = problems("headless = true\n[screen\ntheme = 'x'\n");
    assert!(found[0].starts_with("config.toml:2:"), "{found:?}");
    assert!(found[0].contains("this is no TOML"), "{found:?}");
    let twice = problems("speed = 1\nspeed = 2\n");
    assert!(twice[0].starts_with("config.toml:2:1: "), "{twice:?}");
    for half in ["sym", "symbols = [\"AA", "[scr", "[screen]\ntheme ="] {
        assert!(load(half).is_err(), "{half}");
    }
}

#[test]
fn flags_win_over_variables_over_the_file_over_what_is_built_in() {
    let text = "[screen]\ntheme = 'light'\nview = 'errors'\nbell = true\n";
    let mut layers = Layers {
        environment: Environment::of([
            ("STREAMER_TUI_THEME", "high-contrast"),
            ("STREAMER_TUI_VIEW", "chart"),
        ]),
        ..Layers::default()
    };
    layers
        .flags
        .set(&key::THEME, "--theme", vec!["color-blind".to_owned()]);
    let loaded = layers.load_text(Path::new("c"), Some(text)).unwrap();
    let screen = &loaded.settings.screen;
    assert_eq!(
        (
            screen.theme.as_str(),
            screen.view.as_str(),
            screen.bell,
            screen.flash
        ),
        ("color-blind", "chart", true, true)
    );
    let origin = |key: &key::Key| {
        let entry = loaded
            .effective
            .iter()
            .find(|entry| entry.key == key)
            .unwrap();
        entry.origin.to_string()
    };
    assert_eq!(origin(&key::THEME), "flag --theme");
    assert_eq!(origin(&key::VIEW), "environment STREAMER_TUI_VIEW");
    assert_eq!(origin(&key::BELL), "c:4:8");
    assert_eq!(origin(&key::FLASH), "default");
    assert_eq!(loaded.effective.len(), key::ALL.len());
}

#[test]
fn variables_and_flags_are_lists_and_are_checked() {
    let mut layers = Layers {
        environment: Environment::of([
            ("STREAMER_TUI_SYMBOLS", "AAPL,SPY"),
            ("STREAMER_TUI_SOURCE", "sim:symbols=1,rate=2; replay:x"),
            ("STREAMER_TUI_HISTORY_ROWS", "20_000"),
            ("STREAMER_TUI_SPEED", ""),
        ]),
        ..Layers::default()
    };
    let loaded = layers.load().unwrap();
    assert_eq!(loaded.settings.symbols.unwrap().len(), 2);
    assert_eq!(loaded.settings.sources.len(), 2);
    assert_eq!(loaded.settings.engine.history_rows, 20_000);
    assert_eq!(loaded.settings.speed, None);

    layers.environment = Environment::of([("STREAMER_TUI_HISTORY_ROWS", "lots")]);
    layers.flags.set(
        &key::SOURCES,
        "--source",
        vec!["sim:zz=1,b=2".to_owned(), "replay:x".to_owned()],
    );
    let message = layers.load().unwrap_err().to_string();
    assert_eq!(
        message,
        "STREAMER_TUI_HISTORY_ROWS: 'lots' is not a whole number from 1 to 10000000\n\
         --source: 'sim:zz=1,b=2': sim has no option 'zz'; \
         there are symbols, rate, seed, events, seconds, services, live"
    );
}

#[test]
fn a_layer_that_is_overruled_is_checked_all_the_same() {
    let mut layers = Layers::default();
    layers
        .flags
        .set(&key::THEME, "--theme", vec!["dark".to_owned()]);
    let text = "[screen]\ntheme = 7\n";
    assert!(layers.load_text(Path::new("c"), Some(text)).is_err());
}

#[test]
fn an_empty_list_is_the_same_as_none() {
    let loaded = load("symbols = []\nsources = []\n").unwrap();
    assert_eq!(loaded.settings, defaults());
    let symbols = loaded
        .effective
        .iter()
        .find(|entry| entry.key == &key::SYMBOLS)
        .unwrap();
    assert_eq!(
        (&symbols.value, &symbols.origin),
        (&Shown::Unset, &Origin::Default)
    );
}

#[test]
fn files_that_cannot_be_read_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let layers = |name: &str, named: bool| Layers {
        file: Some(ConfigFile {
            path: folder.path().join(name),
            named,
        }),
        ..Layers::default()
    };
    assert!(layers("absent", false).load().is_ok());
    let message = |name: &str| layers(name, true).load().unwrap_err().to_string();
    assert!(
        message("absent").contains("absent: cannot be read: No such file"),
        "{}",
        message("absent")
    );
    assert!(message("").contains("is not a file"));
    std::fs::write(folder.path().join("latin"), b"a = '\xe9'").unwrap();
    assert!(message("latin").contains("is not UTF-8 at byte 5"));
    std::fs::write(folder.path().join("huge"), " ".repeat(2 << 20)).unwrap();
    assert!(message("huge").contains("at most"));
}

#[test]
fn a_slip_in_a_variables_name_is_worth_a_word() {
    let layers = Layers {
        environment: Environment::of([("STREAMER_TUI_THEM", "dark")]),
        ..Layers::default()
    };
    assert_eq!(
        layers.warnings(),
        [
            "the environment variable STREAMER_TUI_THEM is not known; did you mean STREAMER_TUI_THEME?"
        ]
    );
}
