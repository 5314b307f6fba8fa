//! Which files a replay plays, how each is packed and written.

mod parts;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::event::DataService;
use crate::domain::time::Timeframe;
use crate::sources::files::TableFormat;
use crate::sources::recording::{ENDING, Recording};

use super::OpenError;

pub(super) use tables::choose;

/// How a file's lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    JsonLines,
    Recording,
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

/// Where a file's bytes are.
#[derive(Debug, Clone)]
pub(super) enum Input {
    Path(PathBuf),
    /// A columnar file, whose rows are read as lines of a table.
    Table(PathBuf),
    Memory(&'static [u8]),
    /// Files that are one stream.
    Parts(Vec<PathBuf>),
}

/// One file to play.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// What it is called in messages.
    pub(super) name: String,
    pub(super) input: Input,
    pub(super) format: Format,
    pub(super) packing: Packing,
    /// Its size as it is stored.
    pub(super) bytes: u64,
    /// The symbol that its name says it is about.
    pub(super) symbol: String,
    /// The number of the first part; of what is in one piece, 1.
    pub(super) first_part: u32,
    /// The head of a recording.
    pub(super) recording: Option<Arc<dyn Recording>>,
    /// Which service's table it is, where that is known before it is read.
    pub(super) service: Option<DataService>,
    /// How long its bars are, where it says so.
    pub(super) interval: Option<Timeframe>,
}

impl File {
    /// Compressed JSON lines in memory.
    pub(super) fn in_memory(name: &str, bytes: &'static [u8]) -> Self {
        Self {
            name: name.to_owned(),
            input: Input::Memory(bytes),
            format: Format::JsonLines,
            packing: Packing::Zstd,
            bytes: bytes.len() as u64,
            symbol: String::new(),
            first_part: 1,
            recording: None,
            service: None,
            interval: None,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.format == Format::Recording && self.format == other.format && self.name == other.name
    }

    fn at(path: PathBuf) -> Result<Option<Self>, OpenError> {
        let name = match path.file_name() {
            Some(name) => name.to_string_lossy().into_owned(),
            None => return Ok(None),
        };
        if name.to_ascii_lowercase().ends_with(ENDING) {
            return parts::of(&path).map(Some);
        }
        let Some((format, packing)) = recognise(&name) else {
            return Ok(None);
        };
        let unreadable = |error| OpenError::Unreadable {
            path: path.clone(),
            error,
        };
        // Opened once for nothing, so that what is not allowed is said before anything starts.
        let file = std::fs::File::open(&path).map_err(unreadable)?;
        let bytes = file.metadata().map_err(unreadable)?.len();
        let symbol = tables::symbol_of_folder(&path).unwrap_or_else(|| {
            let symbol = match name.split_once('_') {
                Some((symbol, _)) => symbol,
                None => strip_endings(&name).unwrap_or_default(),
            };
            symbol.to_owned()
        });
        Ok(Some(Self {
            input: if TableFormat::of(&name).is_some() {
                Input::Table(path)
            } else {
                Input::Path(path)
            },
            name,
            format,
            packing,
            bytes,
            symbol,
            first_part: 1,
            recording: None,
            service: None,
            interval: None,
        }))
    }
}

/// All files of `path`: itself, or what can be played in the folder, by name.
pub(super) fn find(path: &Path) -> Result<Vec<File>, OpenError> {
    let unreadable = |error| OpenError::Unreadable {
        path: path.to_owned(),
        error,
    };
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        let file = File::at(path.to_owned())?;
        return Ok(vec![
            file.ok_or_else(|| OpenError::UnknownFormat(path.to_owned()))?,
        ]);
    }
    let mut files = Vec::new();
    let paths = tables::paths_in(path).map_err(unreadable)?;
    for path_in_folder in paths {
        let is_file = std::fs::metadata(&path_in_folder).is_ok_and(|data| data.is_file());
        let file = if is_file {
            File::at(path_in_folder.clone())?
        } else {
            None
        };
        if let Some(mut file) = file {
            if file.format != Format::Recording
                && let Ok(inside) = path_in_folder.strip_prefix(path)
            {
                file.name = inside.to_string_lossy().into_owned();
            }
            // Every part of a recording finds the whole of it.
            if !files.iter().any(|known: &File| known.is_same(&file)) {
                files.push(file);
            }
        } else {
            tracing::info!(path = %path_in_folder.display(), "ignored: nothing that can be replayed");
        }
    }
    if files.is_empty() {
        return Err(OpenError::NothingToPlay(path.to_owned()));
    }
    files.sort_by(|a, b| tables::by_name(&a.name, &b.name));
    Ok(files)
}

fn recognise(name: &str) -> Option<(Format, Packing)> {
    if TableFormat::of(name).is_some() {
        return Some((Format::Csv, Packing::Plain));
    }
    let name = name.to_ascii_lowercase();
    let (name, packing) = if let Some(name) = name.strip_suffix(".gz") {
        (name, Packing::Gzip)
    } else if let Some(name) = name.strip_suffix(".zst") {
        (name, Packing::Zstd)
    } else {
        (name.as_str(), Packing::Plain)
    };
    let format = match name.rsplit_once('.')?.1 {
        "csv" => Format::Csv,
        "jsonl" | "ndjson" | "json" => Format::JsonLines,
        _ => return None,
    };
    Some((format, packing))
}

/// The name without the endings that say how the file is written: `BRK.B.csv.gz` is about `BRK.B`.
fn strip_endings(name: &str) -> Option<&str> {
    let lower = name.to_ascii_lowercase();
    let packed = [".gz", ".zst"]
        .iter()
        .find(|ending| lower.ends_with(*ending))
        .map_or(0, |ending| ending.len());
    let name = name.get(..name.len() - packed)?;
    name.rsplit_once('.').map(|(stem, _)| stem)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn names_say_how_a_file_is_written_and_what_it_is_about() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            ("AAPL_1min.csv", "AAPL"),
            ("BRK.B.csv.gz", "BRK.B"),
            ("EURUSD.JSON.ZST", "EURUSD"),
            ("ticks_a_b.ndjson", "ticks"),
            ("x.jsonl", "x"),
            ("y.Parquet", "y"),
            ("z_1m.arrow", "z"),
        ];
        for (name, _) in names {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        for name in ["README.md", "LICENSE", "bars.csv.bak", "csv", "x.gz"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("inner.csv")).unwrap();
        let found = find(folder.path()).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|file| (file.name.as_str(), file.symbol.as_str()))
            .collect();
        assert_eq!(found, names);
    }

    #[test]
    fn what_cannot_be_played_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: &Path| find(path).unwrap_err().to_string();
        assert!(message(folder.path()).contains("holds nothing to replay"));
        assert!(message(&folder.path().join("missing.csv")).contains("missing.csv"));
        let text = folder.path().join("notes.txt");
        std::fs::write(&text, "").unwrap();
        assert!(message(&text).contains("should end in .csv"));
    }
}
