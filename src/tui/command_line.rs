//! The command line's language: the engine's commands and the screen's own.

mod charts;
mod completion;
mod export;
mod files;
mod tape;

#[cfg(test)]
mod tests;

use chrono_tz::Tz;

use crate::domain::symbol::SymbolSpec;
use crate::domain::time::Timeframe;
use crate::pipeline::Command;
use crate::pipeline::export::ExportOrder;

pub use charts::{CompareOrder, IndicatorOrder};
pub use completion::{Known, completions};
pub use files::{AnswerFormat, AnswerOrder, PictureFormat, ScreenshotOrder};
pub use tape::{TapeOrder, tape_lines, tape_rules};

use super::panels::watchlist::{Column, Sort, SortKey};
use super::theme::ThemeName;
use super::views::View;

/// A line that has been understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// For the engine.
    Engine(Command),
    /// Change the colours.
    Theme(ThemeName),
    /// Show a view.
    View(View),
    /// Sort the watchlist.
    Sort(Sort),
    /// Show these columns.
    Columns(Vec<Column>),
    /// Set the length of the chart's bars.
    Timeframe(Timeframe),
    /// Something about named watchlists.
    List(ListOrder),
    /// Something about the tape.
    Tape(TapeOrder),
    /// Something about the charts' indicators.
    Indicator(IndicatorOrder),
    /// Something about comparing symbols.
    Compare(CompareOrder),
    /// Show the charts of these symbols beside one another; of none, those around the selected one.
    Charts(Vec<SymbolSpec>),
    /// Show the news of the selected symbol alone, or of all.
    News(bool),
    /// Filter the watchlist.
    Filter(String),
    /// Select a symbol.
    Select(SymbolSpec),
    /// Ring on a new error, or not.
    Bell(bool),
    /// Flash prices that change, or not.
    Flash(bool),
    /// Show times in this zone.
    Zone(Tz),
    /// Hold the picture, or go on.
    Freeze,
    /// Write the picture to a file.
    Screenshot(ScreenshotOrder),
    /// Ask a question in SQL; an empty one is yet to be typed.
    Ask(String),
    /// Write what is kept to files.
    Export(ExportOrder),
    /// Write the answer to a file.
    Answer(AnswerOrder),
    /// Mark every error as seen.
    Acknowledge,
    /// Forget the errors.
    Clear,
    /// Bring back what was removed last.
    Undo,
    /// Show the help, searched for a text.
    Help(String),
}

/// What can be done with named watchlists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListOrder {
    /// Show everything again.
    All,
    /// Show a list, and subscribe what is missing.
    Show(String),
    /// Make a list.
    New(String, Vec<SymbolSpec>),
    /// Put symbols on a list: the one shown, when no name is given.
    Add(Vec<SymbolSpec>),
    /// Take symbols off the list that is shown.
    Remove(Vec<SymbolSpec>),
    /// Delete a list; its symbols stay subscribed.
    Delete(String),
}

/// One command of the table.
#[derive(Debug, Clone, Copy)]
pub struct CommandEntry {
    /// Its name.
    pub name: &'static str,
    /// What follows it.
    pub usage: &'static str,
    /// What it does.
    pub help: &'static str,
}

const fn command(name: &'static str, usage: &'static str, help: &'static str) -> CommandEntry {
    CommandEntry { name, usage, help }
}

/// Every command, the engine's first.
#[rustfmt::skip]
pub const COMMANDS: &[CommandEntry] = &[
    command("add", "SYMBOL[@SOURCE] …", "Subscribe symbols"),
    command("remove", "SYMBOL[@SOURCE] …", "End subscriptions"),
    command("release", "SYMBOL", "Let a quarantined symbol's worker start again"),
    command("pause", "", "Stop the replay's clock"),
    command("resume", "", "Let the replay's clock run"),
    command("speed", "FACTOR | max", "Set the replay's speed"),
    command("seek", "TIME", "Go to 10:30 or 2019-02-13T10:30"),
    command("step", "[back]", "Play one event time, or go back one"),
    command("record", "FOLDER | off", "Write what live sources receive to a folder"),
    command("reconnect", "[SOURCE]", "Have live sources connect again, with keys read anew"),
    command("quit", "", "Quit, after what is under way"),
    command("view", "NAME", "Show a view"),
    command("theme", "NAME", "Change the colours"),
    command("sort", "COLUMN|EXPRESSION [asc|desc]", "Sort the watchlist: volume, rsi_14, (last - vwap) / vwap"),
    command("columns", "COLUMN|INDICATOR … | default | all", "Choose and order the watchlist's columns"),
    command("timeframe", "1m|5m|15m|1h|1d", "Set the length of the chart's bars"),
    command("indicator", "NAME(NUMBER,…) … | -NAME(…) | off", "Show indicators on the charts, or take them out"),
    command("compare", "SYMBOL … | off", "Compare symbols in per cent"),
    command("charts", "[SYMBOL …]", "Show the charts of up to nine symbols"),
    command("list", "NAME | all | new NAME SYMBOL … | add SYMBOL … | remove SYMBOL … | delete NAME", "Named watchlists"),
    command("tape", "min SIZE|off · window TIME|off · big SIZE|TIMESx|off", "What the tape shows, merges and marks"),
    command("news", "all|symbol", "Show all news, or the selected symbol's"),
    command("filter", "[TEXT|CONDITION]", "Filter the watchlist: aapl, rsi < 30 and volume > 1e6; without: all"),
    command("select", "SYMBOL", "Select a symbol"),
    command("zone", "NAME", "Show times in a zone such as Europe/Berlin"),
    command("bell", "on|off", "Ring on a new error"),
    command("flash", "on|off", "Flash prices that change"),
    command("freeze", "", "Hold the picture while data goes on"),
    command("sql", "[SELECT …]", "Ask a question, or open the line for one"),
    command("export", "PATH [5m,…] [OHLCV,LEVEL1,TIMESALE,NEWS] [SYMBOL,…] [from=TIME] [until=TIME] [format=csv]", "Write the bars to a file (.parquet .ipc .csv .jsonl), or all that is kept to a folder/; export! overwrites"),
    command("answer", "PATH.csv|PATH.jsonl|PATH.txt", "Write the answer to a file; answer! overwrites"),
    command("screenshot", "[PANEL] PATH.svg|PATH.png|PATH.txt", "Write the picture to a file; screenshot! overwrites"),
    command("acknowledge", "", "Mark all errors as seen"),
    command("clear", "", "Forget all errors"),
    command("undo", "", "Bring back what was removed last"),
    command("help", "[TEXT]", "Show the help"),
];

/// The nearest of some names, if one is near enough to have been meant.
#[must_use]
pub fn nearest<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&given, name), name))
        .filter(|(distance, name)| *distance <= name.len().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Reads a line.
///
/// # Errors
/// A sentence for the person who typed it: what is wrong, and what may have been meant.
pub fn parse(line: &str) -> Result<Order, String> {
    let line = line.trim();
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    if Command::NAMES.contains(&name) {
        return Command::parse(line)
            .map(Order::Engine)
            .map_err(|error| error.to_string());
    }
    let nothing = |order: Order| {
        if rest.is_empty() {
            Ok(order)
        } else {
            Err(format!("'{name}' takes nothing after it"))
        }
    };
    match name {
        "" => Err("type a command; Tab completes, Esc leaves".to_owned()),
        "theme" => named(rest, ThemeName::ALL.map(ThemeName::name)).map(Order::Theme),
        "view" => named(rest, View::ALL.map(View::name)).map(Order::View),
        "sort" => sort(rest).map(Order::Sort),
        "columns" => columns(rest).map(Order::Columns),
        "timeframe" => named(rest, Timeframe::ALL.map(Timeframe::label)).map(Order::Timeframe),
        "indicator" => charts::indicator(rest).map(Order::Indicator),
        "compare" => charts::compare(rest).map(Order::Compare),
        "charts" => symbols(rest).map(Order::Charts),
        "list" => list(rest).map(Order::List),
        "tape" => tape::tape(rest).map(Order::Tape),
        "news" => tape::news(rest).map(Order::News),
        "filter" => Ok(Order::Filter(rest.to_owned())),
        "select" => symbols(rest)?
            .into_iter()
            .next()
            .map(Order::Select)
            .ok_or_else(|| "name a symbol".to_owned()),
        "bell" => on_off(rest).map(Order::Bell),
        "flash" => on_off(rest).map(Order::Flash),
        "zone" => rest
            .parse::<Tz>()
            .map(Order::Zone)
            .map_err(|_| format!("'{rest}' is no time zone; write one such as Europe/Berlin")),
        "freeze" => nothing(Order::Freeze),
        "sql" => Ok(Order::Ask(rest.to_owned())),
        "export" | "export!" => export::export(rest, name.ends_with('!')).map(Order::Export),
        "answer" | "answer!" => files::answer(rest, name.ends_with('!')).map(Order::Answer),
        "screenshot" | "screenshot!" => {
            files::screenshot(rest, name.ends_with('!')).map(Order::Screenshot)
        }
        "acknowledge" => nothing(Order::Acknowledge),
        "clear" => nothing(Order::Clear),
        "undo" => nothing(Order::Undo),
        "help" => Ok(Order::Help(rest.to_owned())),
        _ => Err(
            match nearest(name, COMMANDS.iter().map(|entry| entry.name)) {
                Some(near) => format!("unknown command '{name}'; did you mean '{near}'?"),
                None => format!("unknown command '{name}'; Tab lists them"),
            },
        ),
    }
}

/// Reads one of some names, with the nearest one in the refusal.
fn named<T: std::str::FromStr<Err = String>, const N: usize>(
    text: &str,
    names: [&'static str; N],
) -> Result<T, String> {
    text.parse()
        .map_err(|error: String| match nearest(text, names) {
            Some(near) if !text.is_empty() => format!("{error}; did you mean '{near}'?"),
            _ => error,
        })
}

/// Reads a column or an expression, and which way it sorts. Whether the board has a value of that name is not known here.
fn sort(text: &str) -> Result<Sort, String> {
    let (key, way) = match text.rsplit_once(char::is_whitespace) {
        Some((key, "asc" | "ascending")) => (key.trim(), Some(false)),
        Some((key, "desc" | "descending")) => (key.trim(), Some(true)),
        _ => (text, None),
    };
    if key.is_empty() {
        return Err(format!(
            "name a column, or write an expression such as (last - vwap) / vwap; there are {}",
            Column::NAMES.join(", ")
        ));
    }
    let sort = Sort::by_key(key.parse::<SortKey>()?);
    Ok(Sort {
        descending: way.unwrap_or(sort.descending),
        ..sort
    })
}

/// Reads a list of columns. Whether the board has values of the names that are no columns of its own is not known here.
///
/// # Errors
/// Texts that can be no columns; columns given twice; an empty list.
pub fn columns(text: &str) -> Result<Vec<Column>, String> {
    match text {
        "default" => return Ok(Column::DEFAULT.to_vec()),
        "all" => return Ok(Column::ALL.to_vec()),
        _ => {}
    }
    let mut chosen = Vec::new();
    for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
        let column: Column = named(word, Column::NAMES)?;
        if chosen.contains(&column) {
            return Err(twice(&column));
        }
        chosen.push(column);
    }
    if chosen.is_empty() {
        return Err(format!(
            "name columns; there are {}, and indicators such as rsi_14",
            Column::NAMES.join(", ")
        ));
    }
    Ok(chosen)
}

/// What is said of a column that is there twice.
pub(super) fn twice(column: &Column) -> String {
    format!("the column '{column}' is there twice")
}

/// Reads symbols separated by commas or spaces.
///
/// # Errors
/// Texts that are no symbols.
pub fn symbols(text: &str) -> Result<Vec<SymbolSpec>, String> {
    text.split([',', ' '])
        .filter(|word| !word.is_empty())
        .map(|word| {
            word.parse::<SymbolSpec>()
                .map_err(|error| format!("'{}': {error}", super::text::cut(word, 24)))
        })
        .collect()
}

fn some_symbols(text: &str) -> Result<Vec<SymbolSpec>, String> {
    let symbols = symbols(text)?;
    if symbols.is_empty() {
        return Err("name one symbol or more, as in 'TSLA,SPY'".to_owned());
    }
    Ok(symbols)
}

fn list(text: &str) -> Result<ListOrder, String> {
    let (verb, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let name = |text: &str| {
        if text.is_empty() || text.contains(char::is_whitespace) {
            Err(format!("'list {verb}' takes the name of one list"))
        } else {
            Ok(text.to_owned())
        }
    };
    match verb {
        "" | "all" => Ok(ListOrder::All),
        "show" => name(rest).map(ListOrder::Show),
        "delete" => name(rest).map(ListOrder::Delete),
        "add" => some_symbols(rest).map(ListOrder::Add),
        "remove" => some_symbols(rest).map(ListOrder::Remove),
        "new" => {
            let (list, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let list = name(list)?;
            if matches!(
                list.as_str(),
                "all" | "show" | "new" | "add" | "remove" | "delete"
            ) {
                return Err(format!("a list cannot be named '{list}'"));
            }
            Ok(ListOrder::New(list, symbols(rest)?))
        }
        _ => name(text).map(ListOrder::Show),
    }
}

fn on_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("say on or off".to_owned()),
    }
}
