//! Data that is kept, by the real program: exported, written by sinks, read again as history.

mod exports;
mod history;
mod sinks;

use std::path::{Path, PathBuf};

use crate::program::Home;

/// All bars of a source, or of the bundled session, as lines of CSV in order.
fn bars(home: &Home, source: Option<&str>) -> Vec<String> {
    let sql =
        "SELECT symbol, unix_ts, open, high, low, close, volume FROM bars ORDER BY symbol, unix_ts";
    let mut arguments = vec!["query", sql, "--format", "csv"];
    arguments.extend(source.into_iter().flat_map(|source| ["--source", source]));
    let lines = home.run(arguments).well().lines;
    assert!(lines.len() > 1, "{lines:?}");
    lines
}

/// A path as a source.
fn replay(path: &Path) -> String {
    format!("replay:{}", path.display())
}

/// Every file below a folder, in order; also those whose names begin with a dot. None where there is no folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The files below a folder by their names from it on.
fn names(folder: &Path) -> Vec<String> {
    let name = |path: &PathBuf| path.strip_prefix(folder).unwrap().display().to_string();
    files(folder).iter().map(name).collect()
}

/// The rows of text files, each file's first line left out where it is a head.
fn rows_of(paths: &[PathBuf]) -> Vec<String> {
    let mut rows = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.ends_with('\n'), "{}: {text}", path.display());
        let heads = usize::from(path.extension().is_some_and(|it| it == "csv"));
        rows.extend(text.lines().skip(heads).map(str::to_owned));
    }
    rows
}
