//! Tables as files: what lies in the folders that files are written to, and which of it is played.
//!
//! A folder of tables has `TABLE/date=2019-02-13/symbol=AAPL/part-0.parquet`. A single file says by its columns what it
//! holds, and how long its bars are by the column `timeframe`.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use percent_encoding::percent_decode_str;

use crate::decode::csv::{Layout, NO_BOOKS};
use crate::decode::envelope::decode_line;
use crate::domain::event::DataService;
use crate::domain::file_table::FileTable;
use crate::domain::outcome::{ErrorInstance, ErrorKind, Severity};
use crate::domain::symbol::{Resolution, Symbol, SymbolId};
use crate::domain::time::Timeframe;
use crate::sources::files;

use super::super::reader::first_lines;
use super::super::{Lengths, OpenError};
use super::{File, Format, Input};

/// What is read of the files.
#[derive(Debug)]
pub(in super::super) struct Chosen {
    /// How long the bars are.
    pub(in super::super) interval: Timeframe,
    /// What is left out, and why.
    pub(in super::super) warnings: Vec<ErrorInstance>,
}

/// Everything in a folder that may be played: its files, those in folders such as `date=2019-02-13`, and those in folders
/// of tables. Into others it is not gone.
pub(super) fn paths_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if is_partition(&path) {
            folders.push(path);
        } else if FileTable::from_name(&name).is_some() && path.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                folders.extend(Some(entry?.path()).filter(|inner| is_partition(inner)));
            }
        } else {
            paths.push(path);
        }
    }
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if is_partition(&path) {
                folders.push(path);
            } else {
                paths.push(path);
            }
        }
    }
    Ok(paths)
}

fn is_partition(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().contains(&b'=') && path.is_dir()
}

/// The order of files: by their names, with numbers by their values, so that later parts come after earlier ones.
pub(super) fn by_name(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one, other);
    while let (Some(a), Some(b)) = (one.chars().next(), other.chars().next()) {
        if a.is_ascii_digit() && b.is_ascii_digit() {
            let (digits_a, rest_a) = digits(one);
            let (digits_b, rest_b) = digits(other);
            let by_value = digits_a.len().cmp(&digits_b.len());
            let order = by_value.then_with(|| digits_a.cmp(digits_b));
            if order != Ordering::Equal {
                return order;
            }
            (one, other) = (rest_a, rest_b);
        } else if a == b {
            let length = a.len_utf8();
            one = one.get(length..).unwrap_or_default();
            other = other.get(length..).unwrap_or_default();
        } else {
            return a.cmp(&b);
        }
    }
    one.len().cmp(&other.len())
}

/// The number at the beginning, without leading zeros, and what follows it.
fn digits(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches('0');
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

/// The symbol of the folder `symbol=…` that a file lies in.
pub(super) fn symbol_of_folder(path: &Path) -> Option<String> {
    let folder = path.parent()?.file_name()?.to_str()?;
    let symbol = percent_decode_str(folder.strip_prefix("symbol=")?).decode_utf8();
    symbol.ok().map(std::borrow::Cow::into_owned)
}

/// The table whose folder a file lies in.
fn table_of_folder(path: &Path) -> Option<FileTable> {
    let is_date = |folder: &&Path| {
        let name = folder.file_name().unwrap_or_default();
        name.as_encoded_bytes().starts_with(b"date=")
    };
    // A folder may be given by a name that does not say where it is.
    let path = path.canonicalize().ok()?;
    let table = path.ancestors().find(is_date)?.parent()?.file_name()?;
    FileTable::from_name(table.to_str()?)
}

/// Finds out what the files hold, and leaves those out that are not to be played: books, and bars of other lengths.
///
/// # Errors
/// When nothing is left.
pub(in super::super) fn choose(
    path: &Path,
    files: &mut Vec<File>,
    wanted: Lengths,
) -> Result<Chosen, OpenError> {
    for file in files.iter_mut().filter(|file| file.recording.is_none()) {
        look(file);
    }
    let mut warnings = Vec::new();
    let books = take_out(files, |file| file.service == Some(DataService::Level2));
    if let Some(first) = books.first() {
        if files.is_empty() {
            return Err(OpenError::OnlyBooks(path.to_owned()));
        }
        warnings.push(left_out(first, books.len(), NO_BOOKS));
    }
    let may_hold_bars = |file: &&File| {
        let is_bars = file.service.is_none_or(|it| it == DataService::Ohlcv);
        is_bars && file.recording.is_none()
    };
    let length = |file: &File| file.interval.unwrap_or_default();
    let lengths: BTreeSet<Timeframe> = files.iter().filter(may_hold_bars).map(length).collect();
    let chosen = match wanted {
        Lengths::Only(interval) => interval,
        Lengths::Shortest | Lengths::Every => lengths.first().copied().unwrap_or_default(),
    };
    if wanted != Lengths::Every {
        let others = take_out(files, |file| {
            file.interval.is_some_and(|length| length != chosen)
        });
        if let Some(first) = others.first() {
            if files.is_empty() {
                return Err(OpenError::NoSuchLength {
                    path: path.to_owned(),
                    interval: chosen,
                    known: lengths.into_iter().collect(),
                });
            }
            let longer = format!(
                "bars of {chosen} are played, of which longer ones are built (--timeframes); interval={} plays these \
                 instead",
                first.interval.unwrap_or_default()
            );
            warnings.push(left_out(first, others.len(), &longer));
        }
    }
    Ok(Chosen {
        interval: chosen,
        warnings,
    })
}

fn take_out(files: &mut Vec<File>, is_it: impl Fn(&File) -> bool) -> Vec<File> {
    files.extract_if(.., |file| is_it(file)).collect()
}

fn left_out(first: &File, count: usize, why: &str) -> ErrorInstance {
    let what = match count {
        1 => format!("{} is", first.name),
        2 => format!("{} and another file are", first.name),
        _ => format!("{} and {} more files are", first.name, count - 1),
    };
    let message = format!("{what} left out: {why}");
    let mut error = ErrorInstance::new(ErrorKind::ConfigError, message);
    error.severity = Severity::Info;
    error
}

/// Finds out what a file holds: by its folder, else by its first rows. What is wrong with it is said when it is played.
fn look(file: &mut File) {
    let (Input::Path(path) | Input::Table(path)) = &file.input else {
        return;
    };
    if let Some(table) = table_of_folder(path) {
        file.service = Some(table.service());
        if let FileTable::Bars(timeframe) = table {
            file.interval = Some(timeframe);
        }
    } else if let Input::Table(path) = &file.input {
        file.service = files::service_of(path);
    }
    if matches!(file.input, Input::Table(_))
        && file.service.is_some_and(|it| it != DataService::Ohlcv)
    {
        file.format = Format::JsonLines;
    }
    if file.service.is_some() && file.service != Some(DataService::Ohlcv) || file.interval.is_some()
    {
        return;
    }
    match file.format {
        Format::Csv => look_into_csv(file),
        Format::JsonLines => look_into_json(file),
        Format::Recording => {}
    }
}

fn look_into_csv(file: &mut File) {
    let Ok(lines) = first_lines(file, 2) else {
        return;
    };
    let mut lines = lines.iter();
    let Some(header) = lines.next() else { return };
    match Layout::new(header, Tz::UTC) {
        Ok(mut layout) => {
            file.service = Some(layout.service());
            let row = lines.next().and_then(|row| layout.row(row).ok().flatten());
            file.interval = row.and_then(|row| row.timeframe);
        }
        Err(rejection) if rejection.reason == NO_BOOKS => file.service = Some(DataService::Level2),
        Err(_) => {}
    }
}

fn look_into_json(file: &mut File) {
    let Some(line) = first_lines(file, 1).ok().and_then(|mut lines| lines.pop()) else {
        return;
    };
    let mut events = Vec::new();
    let mut resolve = |symbol: &str| match Symbol::new(symbol) {
        Ok(_) => Resolution::Subscribed(SymbolId(0)),
        Err(error) => Resolution::Invalid(error),
    };
    let Ok(line) = decode_line(&line, &mut events, &mut resolve) else {
        return;
    };
    file.interval = line.timeframe;
    let is_of_books = |reason: &str| reason == NO_BOOKS;
    if line.rejections.iter().any(|it| is_of_books(&it.reason)) {
        file.service = Some(DataService::Level2);
    } else if line.timeframe.is_some() {
        file.service = Some(DataService::Ohlcv);
    }
}
