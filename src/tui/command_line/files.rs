//! Orders that write files.

use std::path::PathBuf;

use crate::pipeline::command::typed_path;

use super::super::views::{PanelId, View};

/// Write a picture of the screen to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenshotOrder {
    /// The panel that is on it; `None` is the whole screen.
    pub panel: Option<PanelId>,
    /// The file.
    pub path: PathBuf,
    /// What is written.
    pub format: PictureFormat,
    /// Whether a file that is there is written over.
    pub overwrite: bool,
}

/// What a picture is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    /// Shapes and text, sharp at any size.
    Svg,
    /// Pixels.
    Png,
    /// The characters alone.
    Text,
}

/// Write the answer to a question to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerOrder {
    /// The file.
    pub path: PathBuf,
    /// What is written.
    pub format: AnswerFormat,
    /// Whether a file that is there is written over.
    pub overwrite: bool,
}

/// What an answer is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerFormat {
    /// Values between commas, with a heading.
    Csv,
    /// An object of JSON in each line.
    JsonLines,
    /// A table as on the screen.
    Text,
}

/// The end of a file's name that says what it holds, in lower case.
fn extension(path: &str) -> String {
    let path = std::path::Path::new(path).extension();
    path.map_or_else(String::new, |end| {
        end.to_string_lossy().to_ascii_lowercase()
    })
}

/// Reads what follows `screenshot`: perhaps a panel, then a file.
pub(super) fn screenshot(text: &str, overwrite: bool) -> Result<ScreenshotOrder, String> {
    let named = text
        .split_once(char::is_whitespace)
        .and_then(|(word, rest)| {
            let view = word
                .parse::<View>()
                .ok()
                .filter(|view| *view != View::Overview)?;
            Some((view.main_panel(), rest.trim()))
        });
    let (panel, path) = match named {
        Some((panel, path)) => (Some(panel), path),
        None => (None, text),
    };
    let format = match extension(path).as_str() {
        "svg" => PictureFormat::Svg,
        "png" => PictureFormat::Png,
        "txt" => PictureFormat::Text,
        _ => {
            return Err(
                "name a file that ends in .svg, .png or .txt, as in 'screenshot screen.svg'"
                    .to_owned(),
            );
        }
    };
    Ok(ScreenshotOrder {
        panel,
        path: typed_path(path),
        format,
        overwrite,
    })
}

/// Reads what follows `answer`: a file.
pub(super) fn answer(text: &str, overwrite: bool) -> Result<AnswerOrder, String> {
    let format = match extension(text).as_str() {
        "csv" => AnswerFormat::Csv,
        "jsonl" | "ndjson" => AnswerFormat::JsonLines,
        "txt" => AnswerFormat::Text,
        _ => {
            return Err(
                "name a file that ends in .csv, .jsonl or .txt, as in 'answer highs.csv'"
                    .to_owned(),
            );
        }
    };
    Ok(AnswerOrder {
        path: typed_path(text),
        format,
        overwrite,
    })
}
