//! The layers, kept by reading the sources: arrows point down, files stay small, the README is true.

mod code;

use code::{
    SourceFile, crate_paths, files_below, holds, root, sources, without_comments_and_texts,
    without_tests,
};

/// What each layer may import of the crate. What is on top knows everything.
const LAYERS: [(&str, &[&str]); 11] = [
    ("domain", &[]),
    ("telemetry", &["domain"]),
    ("decode", &["domain"]),
    ("compute", &["domain"]),
    ("pipeline", &["domain", "compute", "telemetry"]),
    (
        "sources",
        &["domain", "decode", "compute", "telemetry", "pipeline"],
    ),
    (
        "sinks",
        &["domain", "decode", "compute", "telemetry", "pipeline"],
    ),
    (
        "stores",
        &["domain", "decode", "compute", "telemetry", "pipeline"],
    ),
    ("tui", &["domain", "pipeline"]),
    (
        "cli",
        &[
            "config",
            "sources",
            "sinks",
            "telemetry",
            "pipeline",
            "domain",
        ],
    ),
    (
        "config",
        &[
            "domain",
            "compute",
            "telemetry",
            "pipeline",
            "sources",
            "sinks",
            "tui",
        ],
    ),
];

/// Layers that are composition, and may import all there is.
const TOP: [&str; 4] = ["main", "lib", "app", "bench"];

/// What of the pipeline the screen may see: snapshots, commands, and the plain types in them.
const SEEN_BY_TUI: [&str; 16] = [
    "Snapshot",
    "Command",
    "command",
    "export::ExportOrder",
    "snapshot",
    "meters::ConnectionState",
    "meters::LoadingView",
    "meters::TransportView",
    "question::Answer",
    "question::AnswerCell",
    "question::AnswerTable",
    "question::AnswerView",
    "question::QuestionId",
    "source::SeekTarget",
    "source::Speed",
    "source::TransportCommand",
];

/// Words that only files below these places may hold: a crate, or a way past the injected clock and the ports.
const ONLY_IN: [(&str, &[&str]); 14] = [
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    (
        "polars",
        &[
            "compute/history",
            "compute/query",
            "sinks/files",
            "sources/files",
            "bench",
        ],
    ),
    ("polars_plan", &["compute/query"]),
    (
        "polars_io",
        &["compute/query", "sinks/files", "sources/files"],
    ),
    ("tokio", &["pipeline", "sources", "bench"]),
    ("SystemTime::now", &["domain/clock.rs"]),
    ("Utc::now", &[]),
    ("Local::now", &[]),
    // A deadline of the program's own end is real time, whatever the data's clock says.
    ("std::time::Instant", &["domain/clock.rs", "bench"]),
    ("std::net", &["sources", "sinks", "stores", "bench"]),
];

/// Files that may hold one of those words nevertheless, and why.
const EXCEPTIONS: [(&str, &str, &str); 1] = [(
    "app/shutdown.rs",
    "std::time::Instant",
    "the deadline of the program's own end, which no clock of the data decides",
)];

/// What a layer that is pure may not hold.
const IMPURE: [&str; 8] = [
    "tokio",
    "std::fs",
    "std::net",
    "std::thread",
    "std::process",
    "std::env",
    "Instant::now",
    "crossbeam_channel",
];

/// The longest file, tests not counted.
const LINES_MAX: usize = 400;

/// Whether a file uses the standard library's clock for durations, under whichever name it is imported.
fn holds_instant(code: &str) -> bool {
    let imported = code
        .lines()
        .any(|line| line.trim_start().starts_with("use std::time::") && holds(line, "Instant"));
    imported || holds(code, "std::time::Instant")
}

/// Whether a file is at a place, or below it: a layer, a module, or a file.
fn is_below(path: &str, layer: &str, place: &str) -> bool {
    let rest = path.strip_prefix(place);
    place == layer
        || rest.is_some_and(|rest| rest.is_empty() || rest == ".rs" || rest.starts_with('/'))
}

/// What is wrong with the imports of one file.
fn violations(file: &SourceFile) -> Vec<String> {
    let mut found = Vec::new();
    let layer = file.layer();
    let allowed = LAYERS.iter().find(|(name, _)| *name == layer);
    if allowed.is_none() && !TOP.contains(&layer) {
        found.push(format!(
            "{}: '{layer}' is no layer that is known",
            file.path
        ));
    }
    for path in crate_paths(&file.code) {
        let target = path.split("::").next().unwrap();
        if let Some((_, allowed)) = allowed
            && target != layer
            && !allowed.contains(&target)
        {
            found.push(format!("{}: {layer} imports crate::{path}", file.path));
        }
        if layer == "tui"
            && let Some(seen) = path.strip_prefix("pipeline::")
        {
            let is_seen = SEEN_BY_TUI
                .iter()
                .any(|name| seen == *name || seen.starts_with(&format!("{name}::")));
            if !is_seen {
                found.push(format!("{}: the screen sees crate::{path}", file.path));
            }
        }
    }
    for (word, places) in ONLY_IN {
        let is_held = match word {
            "std::time::Instant" => holds_instant(&file.code),
            word => holds(&file.code, word),
        };
        let is_allowed = places
            .iter()
            .any(|place| is_below(&file.path, layer, place))
            || EXCEPTIONS
                .iter()
                .any(|(path, excepted, _)| *path == file.path && *excepted == word);
        if is_held && !is_allowed {
            found.push(format!("{}: {word}", file.path));
        }
    }
    if ["domain", "decode", "compute"].contains(&layer) && file.path != "domain/clock.rs" {
        for word in IMPURE {
            if holds(&file.code, word) {
                found.push(format!("{}: {word} in a pure layer", file.path));
            }
        }
    }
    found
}

#[test]
fn arrows_point_down() {
    let found: Vec<String> = sources().iter().flat_map(violations).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn an_arrow_that_points_up_would_be_found() {
    let file = |path: &str, text: &str| SourceFile {
        path: path.to_owned(),
        code: without_comments_and_texts(without_tests(text)),
        lines: 0,
    };
    for (path, text) in [
        ("domain/bar.rs", "use crate::pipeline::Command;"),
        ("decode/csv.rs", "use tokio::sync::mpsc;"),
        ("decode/csv.rs", "fn f() { std::fs::read(p); }"),
        ("compute/history.rs", "let now = Instant::now();"),
        ("pipeline/feed.rs", "use crate::sources::replay;"),
        ("pipeline/feed.rs", "use crate::{domain::bar, tui::run};"),
        ("pipeline/feed.rs", "use crate::decode::json;"),
        ("sources/replay.rs", "use crate::sinks::json_lines;"),
        (
            "sources/replay.rs",
            "use crate::{\n    app::plan,\n    domain::bar,\n};",
        ),
        (
            "sources/replay.rs",
            "fn f(x: crate::stores::session::Session) {}",
        ),
        ("sinks/json_lines.rs", "use crate::tui::text;"),
        ("sources/replay.rs", "use std::time::{Duration, Instant};"),
        ("tui/run.rs", "use crate::pipeline::engine::EngineHandle;"),
        ("tui/run.rs", "use crate::pipeline::{Command, feed::Feed};"),
        ("tui/run.rs", "use crate::config::Settings;"),
        ("app/screen.rs", "use ratatui::Frame;"),
        ("bench/load.rs", "use crossterm::event::KeyEvent;"),
        ("app.rs", "use clap::Parser;"),
        ("config.rs", "let now = SystemTime::now();"),
        ("sources/replay.rs", "use polars::prelude::*;"),
        ("gadgets.rs", "fn f() {}"),
    ] {
        assert!(!violations(&file(path, text)).is_empty(), "{path}: {text}");
    }
    for (path, text) in [
        (
            "domain/bar.rs",
            "// crate::pipeline is elsewhere\nlet text = \"crate::tui\";",
        ),
        (
            "domain/bar.rs",
            "let c = '\"'; let text = \"\\\"crate::tui\";",
        ),
        ("tui/run.rs", "use crate::pipeline::snapshot::{Row, Rows};"),
        ("tui/run.rs", "use crate::pipeline::{Command, Snapshot};"),
        (
            "sources/replay.rs",
            "use crate::{decode::csv, domain::{bar, time}};",
        ),
        (
            "decode/csv.rs",
            "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n",
        ),
    ] {
        assert_eq!(violations(&file(path, text)), [] as [String; 0], "{text}");
    }
}

#[test]
fn every_folder_of_modules_has_its_file_beside_it() {
    let src = root().join("src");
    for file in files_below(&src) {
        assert!(!file.ends_with("mod.rs"), "{}", file.display());
        let folder = file.parent().unwrap();
        if folder != src {
            let beside = folder.with_extension("rs");
            assert!(beside.is_file(), "{} is missing", beside.display());
        }
    }
}

#[test]
fn files_stay_small() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|file| file.lines > LINES_MAX)
        .map(|file| format!("{}: {} lines", file.path, file.lines))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

/// Every flag and subcommand that the README's code blocks give the program has to be there.
#[test]
fn the_commands_of_the_readme_exist() {
    let Ok(readme) = std::fs::read_to_string(root().join("README.md")) else {
        println!("skipped: there is no README yet");
        return;
    };
    let home = crate::program::Home::new();
    let help = home.run(["--help"]).well().text();
    let mut commands = 0;
    let blocks = readme.split("```").skip(1).step_by(2);
    for line in blocks.flat_map(str::lines) {
        let line = line.split(" #").next().unwrap();
        let arguments = match (
            line.split_once("streamer-tui "),
            line.split_once("cargo run"),
        ) {
            (Some((_, arguments)), _) => arguments,
            (None, Some((_, arguments))) => arguments.split_once(" -- ").map_or("", |(_, own)| own),
            _ => continue,
        };
        commands += 1;
        let arguments = arguments.split(['|', '>']).next().unwrap();
        let subcommand = arguments.split_whitespace().next().unwrap_or_default();
        let own_help = match subcommand {
            "query" | "export" => home.run([subcommand, "--help"]).well().text(),
            _ => String::new(),
        };
        for word in arguments.split_whitespace() {
            let flag = word.split('=').next().unwrap();
            if flag.starts_with("--") && flag != "--json" && flag != "--help" {
                let is_there = help.contains(flag) || own_help.contains(flag);
                assert!(is_there, "{flag}: {line}");
            }
        }
        let first = arguments.split_whitespace().next().unwrap_or_default();
        if first
            .chars()
            .all(|character| character.is_ascii_lowercase())
            && !first.is_empty()
        {
            assert!(help.contains(&format!("\n  {first} ")), "{first}: {line}");
        }
    }
    assert!(commands > 0, "the README shows how to run the program");
}
