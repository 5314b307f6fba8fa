//! The keys of the configuration: one constant each.

/// When a changed value takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apply {
    /// As soon as the file is saved.
    AtOnce,
    /// When the program starts again.
    NextStart,
}

/// One key, with the flag and the environment variable that stand for it.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Section and name (`engine.worker_threads`); the flags' keys have no section unless they are about the screen.
    pub path: &'static str,
    /// The flag without dashes, if there is one.
    pub flag: Option<&'static str>,
    /// When a change takes effect.
    pub apply: Apply,
}

const PREFIX: &str = "STREAMER_TUI_";

impl Key {
    const fn at_start(path: &'static str) -> Self {
        Self {
            path,
            flag: None,
            apply: Apply::NextStart,
        }
    }

    const fn at_once(path: &'static str) -> Self {
        Self {
            path,
            flag: None,
            apply: Apply::AtOnce,
        }
    }

    const fn with_flag(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    /// The key's section; empty at the top of the file.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.path.split_once('.').map_or("", |(section, _)| section)
    }

    /// The key's name within its section.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path
            .split_once('.')
            .map_or(self.path, |(_, name)| name)
    }

    /// The environment variable that stands for the key: its flag's name, else its own, in capitals.
    #[must_use]
    pub fn variable(&self) -> String {
        let name = match self.path {
            "log_level" => "log",
            _ => self.flag.unwrap_or(self.name()),
        };
        format!("{PREFIX}{}", name.to_uppercase().replace('-', "_"))
    }
}

/// Symbols to subscribe; unset is all that a source has.
pub const SYMBOLS: Key = Key::at_once("symbols").with_flag("symbols");
/// Sources to open.
pub const SOURCES: Key = Key::at_start("sources").with_flag("source");
/// Speed of replays.
pub const SPEED: Key = Key::at_once("speed").with_flag("speed");
/// Files with bars from before the start.
pub const HISTORY: Key = Key::at_start("history").with_flag("history");
/// Longer bars to give out as results.
pub const TIMEFRAMES: Key = Key::at_start("timeframes").with_flag("timeframes");
/// Indicators to compute, each for all symbols or for some.
pub const INDICATORS: Key = Key::at_start("indicator").with_flag("indicator");
/// Columns of a person's own.
pub const OWN_COLUMNS: Key = Key::at_start("column");
/// Where results go besides the screen and stdout.
pub const SINKS: Key = Key::at_start("sinks").with_flag("sink");
/// The folder to record live sources into.
pub const RECORD: Key = Key::at_once("record").with_flag("record");
/// Whether to run without a screen although there is a terminal.
pub const HEADLESS: Key = Key::at_start("headless").with_flag("headless");
/// Whether the session is saved and restored.
pub const SESSION: Key = Key::at_start("session");
/// What the log file holds.
pub const LOG_LEVEL: Key = Key::at_once("log_level").with_flag("log-level");

/// Symbols with a thread of their own.
pub const WORKER_THREADS: Key = Key::at_start("engine.worker_threads");
/// Events that may wait for one symbol.
pub const SYMBOL_BACKLOG: Key = Key::at_start("engine.symbol_backlog");
/// Events that may wait for all symbols.
pub const TOTAL_BACKLOG: Key = Key::at_start("engine.total_backlog");
/// Bars kept for each symbol.
pub const HISTORY_ROWS: Key = Key::at_start("engine.history_rows");
/// Days of bars kept for each symbol.
pub const HISTORY_DAYS: Key = Key::at_start("engine.history_days");
/// Quotes kept for each symbol.
pub const QUOTE_ROWS: Key = Key::at_start("engine.quote_rows");
/// Trades kept for each symbol.
pub const TRADE_ROWS: Key = Key::at_start("engine.trade_rows");
/// Memory for bars, quotes and trades, in MiB.
pub const HISTORY_MEMORY_MB: Key = Key::at_start("engine.history_memory_mb");
/// Envelopes that may wait for the process supervisor.
pub const PROCESSING_CAPACITY: Key = Key::at_start("engine.processing_capacity");
/// Batches that may wait for the administrator.
pub const RESULTS_CAPACITY: Key = Key::at_start("engine.results_capacity");
/// Symbols that may be subscribed.
pub const SYMBOLS_MAX: Key = Key::at_start("engine.symbols_max");

/// Colours by name.
pub const THEME: Key = Key::at_once("screen.theme").with_flag("theme");
/// Which panels are shown at first.
pub const VIEW: Key = Key::at_once("screen.view").with_flag("view");
/// How many colours to use.
pub const COLOR: Key = Key::at_once("screen.color");
/// Which characters to draw with.
pub const GLYPHS: Key = Key::at_once("screen.glyphs");
/// Whether prices flash when they change.
pub const FLASH: Key = Key::at_once("screen.flash");
/// Whether the mouse is used.
pub const MOUSE: Key = Key::at_once("screen.mouse");
/// Whether a new error rings the bell.
pub const BELL: Key = Key::at_once("screen.bell");
/// The watchlist's columns.
pub const COLUMNS: Key = Key::at_once("screen.columns");
/// The charts' indicators.
pub const CHART_INDICATORS: Key = Key::at_once("screen.indicators");
/// The column that the watchlist is sorted by.
pub const SORT: Key = Key::at_once("screen.sort");
/// Whether the sort order is turned round.
pub const SORT_REVERSE: Key = Key::at_once("screen.sort_reverse");
/// The zone of the times on screen.
pub const TIMEZONE: Key = Key::at_once("screen.timezone");
/// Age at which data is marked stale.
pub const STALE_AFTER_S: Key = Key::at_once("screen.stale_after_s");

/// The file to read the configuration from; a flag and a variable, but of course no key.
pub const CONFIG_FLAG: &str = "config";
/// The environment variable that stands for `--config`.
pub const CONFIG_VARIABLE: &str = "STREAMER_TUI_CONFIG";
/// The environment variable that names the folder of the tests' recorded data.
const TEST_DATA_VARIABLE: &str = "STREAMER_TUI_TEST_DATA";

/// Every key with a fixed name.
pub const ALL: [&Key; 36] = [
    &SYMBOLS,
    &SOURCES,
    &SPEED,
    &HISTORY,
    &TIMEFRAMES,
    &INDICATORS,
    &OWN_COLUMNS,
    &SINKS,
    &RECORD,
    &HEADLESS,
    &SESSION,
    &LOG_LEVEL,
    &WORKER_THREADS,
    &SYMBOL_BACKLOG,
    &TOTAL_BACKLOG,
    &HISTORY_ROWS,
    &HISTORY_DAYS,
    &QUOTE_ROWS,
    &TRADE_ROWS,
    &HISTORY_MEMORY_MB,
    &PROCESSING_CAPACITY,
    &RESULTS_CAPACITY,
    &SYMBOLS_MAX,
    &THEME,
    &VIEW,
    &COLOR,
    &GLYPHS,
    &FLASH,
    &MOUSE,
    &BELL,
    &COLUMNS,
    &CHART_INDICATORS,
    &SORT,
    &SORT_REVERSE,
    &TIMEZONE,
    &STALE_AFTER_S,
];

/// Of the variables with the program's prefix, what looks like a slip of the pen: the name, and what was probably
/// meant.
pub fn unknown_variables<'a>(
    names: impl Iterator<Item = &'a str>,
) -> Vec<(String, Option<String>)> {
    let mut known: Vec<String> = ALL.iter().map(|key| key.variable()).collect();
    known.extend([CONFIG_VARIABLE.to_owned(), TEST_DATA_VARIABLE.to_owned()]);
    names
        .filter(|name| name.starts_with(PREFIX) && !known.iter().any(|known| known == name))
        .map(|name| {
            let bare = |name: &str| name.trim_start_matches(PREFIX).to_owned();
            let candidates: Vec<String> = known.iter().map(|name| bare(name)).collect();
            let meant =
                crate::sources::spec::nearest(&bare(name), candidates.iter().map(String::as_str));
            (
                name.to_owned(),
                meant.map(|meant| format!("{PREFIX}{meant}")),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_variable_of_its_own() {
        let mut names: Vec<String> = ALL.iter().map(|key| key.variable()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        assert_eq!(SOURCES.variable(), "STREAMER_TUI_SOURCE");
        assert_eq!(LOG_LEVEL.variable(), "STREAMER_TUI_LOG");
        assert_eq!(WORKER_THREADS.variable(), "STREAMER_TUI_WORKER_THREADS");
    }

    #[test]
    fn slips_of_the_pen_are_noticed() {
        let names = ["STREAMER_TUI_SYMBOL", "STREAMER_TUI_THEME", "PATH"];
        assert_eq!(
            unknown_variables(names.into_iter()),
            [(
                "STREAMER_TUI_SYMBOL".to_owned(),
                Some("STREAMER_TUI_SYMBOLS".to_owned())
            )]
        );
    }
}
