//! What Tab offers.

use crate::domain::time::Timeframe;

use super::super::expression;
use super::super::panels::query::completion::{Names, offer};
use super::super::panels::watchlist::Column;
use super::super::theme::ThemeName;
use super::super::views::View;
use super::COMMANDS;

/// Names that completion can offer beside those of the language.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Subscribed symbols.
    pub symbols: Vec<String>,
    /// Live sources.
    pub sources: Vec<String>,
    /// Named watchlists.
    pub lists: Vec<String>,
    /// Indicators that charts can have.
    pub indicators: Vec<String>,
    /// Those that they have.
    pub indicators_shown: Vec<String>,
    /// Named values of the board, such as indicators.
    pub values: Vec<String>,
}

/// The lines that a line begun can become: each has its last word completed.
#[must_use]
pub fn completions(line: &str, known: &Known) -> Vec<String> {
    if let Some(question) = line.strip_prefix("sql ") {
        return questions(line, question, known);
    }
    let first = line.split_whitespace().next().unwrap_or("");
    let at = word_start(line, first);
    let (before, word) = line.split_at(at);
    let words = before.split_whitespace().count();
    let names: Vec<&str> = if words == 0 {
        COMMANDS.iter().map(|entry| entry.name).collect()
    } else {
        arguments(first, (words, word), before, known)
    };
    let (before, word) = match word.strip_prefix('-') {
        Some(rest) if first == "indicator" => (format!("{before}-"), rest),
        _ => (before.to_owned(), word),
    };
    let lower = word.to_lowercase();
    if word.is_empty() && matches!(first, "filter") && words > 1 {
        return Vec::new();
    }
    let mut lines: Vec<String> = names
        .into_iter()
        .filter(|name| name.to_lowercase().starts_with(&lower))
        .map(|name| format!("{before}{name}"))
        .collect();
    lines.dedup();
    lines.truncate(200);
    lines
}

/// Where the last word of a line begins.
fn word_start(line: &str, command: &str) -> usize {
    if !matches!(command, "sort" | "filter") {
        // The numbers of an indicator stand between commas too, and are part of its word.
        let is_open = command == "indicator" && line.rfind('(') > line.rfind(')');
        let text = if is_open {
            line.rsplit_once('(').map_or(line, |(text, _)| text)
        } else {
            line
        };
        return text.rfind([' ', ',']).map_or(0, |at| at + 1);
    }
    // In an expression a word ends where an operator begins.
    let is_end = |c: char| " ,()<>=!+*/&|".contains(c);
    let at = line.rfind(is_end).map_or(0, |at| at + 1);
    // A hyphen is a minus, but for the columns that have one.
    let word = line.get(at..).unwrap_or("");
    let is_of_column = Column::NAMES.iter().any(|name| name.starts_with(word));
    match word.rfind('-') {
        Some(minus) if !is_of_column => at + minus + 1,
        _ => at,
    }
}

/// A question can hold anything that its own line offers.
fn questions(line: &str, question: &str, known: &Known) -> Vec<String> {
    let names = Names {
        symbols: known.symbols.clone(),
        indicators: known.values.clone(),
        columns: Vec::new(),
    };
    let offer = offer(question, "", &names);
    let kept = line.len().saturating_sub(offer.replaces);
    let before = line.get(..kept).unwrap_or(line);
    offer
        .words
        .iter()
        .map(|word| format!("{before}{word}"))
        .collect()
}

fn arguments<'a>(
    command: &str,
    (words, word): (usize, &str),
    before: &str,
    known: &'a Known,
) -> Vec<&'a str> {
    let symbols = || known.symbols.iter().map(String::as_str);
    let values = || known.values.iter().map(String::as_str);
    let lists = || known.lists.iter().map(String::as_str);
    match (command, words) {
        ("theme", 1) => ThemeName::ALL.map(ThemeName::name).to_vec(),
        ("view", 1) => View::ALL.map(View::name).to_vec(),
        ("sort", 1) => Column::NAMES.into_iter().chain(values()).collect(),
        ("sort" | "filter", _) => Column::NAMES
            .into_iter()
            .chain(values())
            .chain(expression::WORDS)
            .chain(
                (command == "sort")
                    .then_some(["asc", "desc"])
                    .into_iter()
                    .flatten(),
            )
            .collect(),
        ("columns", _) => Column::NAMES
            .into_iter()
            .chain(values())
            .chain(["default", "all"])
            .filter(|name| !before.split([',', ' ']).any(|word| word == *name))
            .collect(),
        ("indicator", _) if word.starts_with('-') => {
            known.indicators_shown.iter().map(String::as_str).collect()
        }
        ("indicator", words) => known
            .indicators
            .iter()
            .map(String::as_str)
            .chain((words == 1).then_some("off"))
            .collect(),
        ("compare", words) => symbols().chain((words == 1).then_some("off")).collect(),
        ("screenshot", 1) => View::ALL[1..].iter().map(|view| view.name()).collect(),
        ("timeframe", 1) => Timeframe::ALL.map(Timeframe::label).to_vec(),
        // A path is typed.
        ("export" | "export!", 1) => Vec::new(),
        ("export" | "export!", _) => super::export::WORDS
            .into_iter()
            .filter(|word| !before.split([',', ' ']).any(|known| known == *word))
            .chain(symbols())
            .collect(),
        ("bell" | "flash", 1) => vec!["on", "off"],
        ("speed", 1) => vec!["1", "10", "60", "600", "max"],
        ("step", 1) => vec!["back"],
        ("tape", 1) => vec!["min", "window", "big"],
        ("tape", 2) if before.contains(" window") => vec!["100ms", "1s", "off"],
        ("tape", 2) if before.contains(" big") => vec!["10x", "off"],
        ("tape", 2) | ("record", 1) => vec!["off"],
        ("reconnect", 1) => known.sources.iter().map(String::as_str).collect(),
        ("news", 1) => vec!["all", "symbol"],
        ("list", 1) => ["all", "new", "add", "remove", "delete"]
            .into_iter()
            .chain(lists())
            .collect(),
        ("list", 2) if before.contains(" delete") || before.contains(" show") => lists().collect(),
        ("remove" | "release" | "select" | "list" | "charts", _) => symbols().collect(),
        ("zone", 1) => vec![
            "America/New_York",
            "America/Chicago",
            "America/Los_Angeles",
            "Asia/Hong_Kong",
            "Asia/Kolkata",
            "Asia/Shanghai",
            "Asia/Tokyo",
            "Australia/Sydney",
            "Europe/Berlin",
            "Europe/London",
            "Europe/Zurich",
            "UTC",
        ],
        _ => Vec::new(),
    }
}
