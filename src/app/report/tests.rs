#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::config::ConfigFile;
use crate::config::environment::Environment;
use crate::config::key;

fn layers(source: &str) -> Layers {
    let mut layers = Layers {
        environment: Environment::of([("STREAMER_TUI_SPEED", "max"), ("STREAMER_TUI_COLOUR", "x")]),
        ..Layers::default()
    };
    layers
        .flags
        .set(&key::SOURCES, "--source", vec![source.to_owned()]);
    layers
}

#[test]
fn check_tells_every_value_with_its_origin() {
    let check = Check::of(&layers("sim:symbols=3"));
    assert!(check.ok, "{check:?}");
    let json: serde_json::Value = serde_json::from_str(&to_json(&check)).unwrap();
    let setting = |key: &str| {
        let settings = json["settings"].as_array().unwrap();
        settings
            .iter()
            .find(|entry| entry["key"] == key)
            .unwrap()
            .clone()
    };
    assert_eq!(setting("sources")["origin"], "flag --source");
    assert_eq!(setting("sources")["value"][0], "sim:symbols=3");
    assert_eq!(setting("speed")["origin"], "environment STREAMER_TUI_SPEED");
    assert_eq!(setting("engine.worker_threads")["value"], 64);
    assert_eq!(setting("screen.flash")["value"], true);
    assert_eq!(setting("symbols")["value"], serde_json::Value::Null);
    assert_eq!(json["sources"][0]["ok"], true);
    assert!(
        json["warnings"][0]
            .as_str()
            .unwrap()
            .contains("STREAMER_TUI_COLOR?")
    );
    assert!(check.to_text().contains("speed"));
}

#[test]
fn check_tells_mistakes_from_what_cannot_be_opened() {
    let mistake = Check::of(&layers("sim:symbols=none"));
    assert_eq!(mistake.exit(), Exit::Usage);
    assert_eq!(mistake.problems[0].place, "--source");
    assert!(mistake.to_text().contains("✗ --source: "));
    let absent = Check::of(&layers("replay:/does/not/exist"));
    assert_eq!(absent.exit(), Exit::Failed);
    assert!(!absent.sources[0].ok);
    assert!(absent.to_text().contains("Not all is well."));
}

#[test]
fn a_file_that_is_not_there_is_named_only_where_a_person_has_named_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let named = |source: &str, named: bool| {
        let file = Some(ConfigFile {
            path: path.clone(),
            named,
        });
        let check = Check::of(&Layers {
            file,
            ..layers(source)
        });
        check.config_file.is_some()
    };
    for source in ["sim:symbols=3", "sim:symbols=none"] {
        assert!(!named(source, false), "{source}");
        assert!(named(source, true), "{source}");
    }
    std::fs::write(&path, "").unwrap();
    assert!(named("sim:symbols=none", false));
}
