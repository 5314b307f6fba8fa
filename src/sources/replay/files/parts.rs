//! Recordings that go on from one file to the next.

use std::path::{Path, PathBuf};

use super::super::OpenError;
use super::{File, Format, Input, Packing};
use crate::sources::recording::ENDING;

/// The recording that a file is a part of.
pub(super) fn of(path: &Path) -> Result<File, OpenError> {
    let unreadable = |path: &Path, error| OpenError::Unreadable {
        path: path.to_owned(),
        error,
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut parts: Vec<(u32, PathBuf, String)> = Vec::new();
    match stem_and_number(&name) {
        None => parts.push((1, path.to_owned(), name.to_string())),
        Some((stem, _)) => {
            let folder = match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
                let entry = entry.map_err(|error| unreadable(folder, error))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if let Some((other, number)) = stem_and_number(&name)
                    && other == stem
                    && entry.path().is_file()
                {
                    parts.push((number, entry.path(), name));
                }
            }
        }
    }
    parts.sort();
    let first_part = parts.first().map_or(1, |(number, _, _)| *number);
    // What follows a part that is missing cannot be understood.
    let count = (first_part..)
        .zip(&parts)
        .take_while(|(expected, part)| part.0 == *expected)
        .count();
    for (_, path, _) in parts.drain(count..) {
        tracing::warn!(path = %path.display(), "left out: a part of the recording before it is missing");
    }
    let mut bytes = 0;
    for (_, path, _) in &parts {
        // Opened once for nothing, so that what is not allowed is said before anything starts.
        let file = std::fs::File::open(path).map_err(|error| unreadable(path, error))?;
        bytes += file
            .metadata()
            .map_err(|error| unreadable(path, error))?
            .len();
    }
    let name = match (&parts[..], stem_and_number(&name)) {
        ([_, _, ..], Some((stem, _))) => format!("{stem}-*{ENDING}"),
        ([(_, _, only)], _) => only.clone(),
        _ => name.to_string(),
    };
    Ok(File {
        name,
        input: Input::Parts(parts.into_iter().map(|(_, path, _)| path).collect()),
        format: Format::Recording,
        packing: Packing::Zstd,
        bytes,
        symbol: String::new(),
        first_part,
        recording: None,
        service: None,
        interval: None,
    })
}

/// `x-0002.rec.zst` is part 2 of x. `None` of other names.
fn stem_and_number(name: &str) -> Option<(&str, u32)> {
    let at = name.len().checked_sub(ENDING.len())?;
    if !name.get(at..)?.eq_ignore_ascii_case(ENDING) {
        return None;
    }
    let (stem, number) = name.get(..at)?.rsplit_once('-')?;
    let is_number = number.len() >= 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = number
        .parse()
        .ok()
        .filter(|&number| is_number && number > 0)?;
    Some((stem, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_numbered() {
        for (name, expected) in [
            (
                "kraken-20240709T070000Z-0001.rec.zst",
                Some(("kraken-20240709T070000Z", 1)),
            ),
            ("a-b-10000.rec.ZST", Some(("a-b", 10_000))),
            ("a.rec.zst", None),
            ("a-12.rec.zst", None),
            ("a-00x1.rec.zst", None),
            ("a-0000.rec.zst", None),
            ("a-0001.zst", None),
            (".rec.zst", None),
            ("-99999999999.rec.zst", None),
            ("日-本.rec.zst", None),
        ] {
            assert_eq!(stem_and_number(name), expected, "{name}");
        }
    }
}
