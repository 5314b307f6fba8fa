//! The settings: everything that can be chosen, checked.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::column::ColumnReader;
use super::key;
use super::raw::{Raw, boolean, choice, count, fields, parsed, parsed_or_number};
use super::reader::Reader;
use super::words;
use crate::compute::indicator::{IndicatorPlan, IndicatorRule, InputKind, resolve};
use crate::domain::column::ColumnRule;
use crate::domain::indicator::IndicatorSpec;
use crate::domain::symbol::SymbolSpec;
use crate::domain::time::Timeframe;
use crate::pipeline::settings::EngineSettings;
use crate::pipeline::source::Speed;
use crate::sinks::spec::SinkSpec;
use crate::sources::spec::{SourceSpec, nearest};
use crate::telemetry::LogFilter;
use crate::tui::command_line::nearest as nearest_word;
use crate::tui::keymap::{Key, KeyMap, TABLE};
use crate::tui::panels::watchlist::SortKey;
use crate::tui::values::is_name;

const MIB: u64 = 1 << 20;

/// All settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Symbols to subscribe; `None` is all that a source has.
    pub symbols: Option<Vec<SymbolSpec>>,
    /// Sources to open; never empty.
    pub sources: Vec<SourceSpec>,
    /// Speed of replays; `None` leaves it to each source.
    pub speed: Option<Speed>,
    /// Columns of the person's own.
    pub columns: Vec<ColumnRule>,
    /// Where results go besides.
    pub sinks: Vec<SinkSpec>,
    /// Files with bars from before the start, as `replay:` names them.
    pub history: Vec<SourceSpec>,
    /// The folder to record live sources into; `None` records nothing.
    pub record: Option<String>,
    /// Whether to run without a screen although there is a terminal.
    pub headless: bool,
    /// Whether the session is saved and restored.
    pub session: bool,
    /// What the log file holds.
    pub log: LogFilter,
    /// The engine's limits.
    pub engine: EngineSettings,
    /// The screen's settings.
    pub screen: ScreenSettings,
    /// Which key does what.
    pub keys: KeyMap,
    /// Named watchlists.
    pub lists: BTreeMap<String, Vec<SymbolSpec>>,
}

/// The screen's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
pub struct ScreenSettings {
    /// One of [`words::THEMES`].
    pub theme: String,
    /// One of [`words::VIEWS`].
    pub view: String,
    /// One of [`words::COLORS`].
    pub color: String,
    /// One of [`words::GLYPHS`].
    pub glyphs: String,
    /// Whether prices flash when they change.
    pub flash: bool,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// Whether a new error rings the bell.
    pub bell: bool,
    /// Some of [`words::COLUMNS`] and names of indicators, in the order in which they are shown.
    pub columns: Vec<String>,
    /// The charts' indicators, as in `sma(20)`.
    pub indicators: Vec<String>,
    /// The column or expression that the watchlist is sorted by, in its usual direction.
    pub sort: String,
    /// Whether the order is turned round.
    pub sort_reverse: bool,
    /// The zone of the times on screen.
    pub timezone: Tz,
    /// Age in seconds at which data is marked stale.
    pub stale_after_s: u64,
}

impl Settings {
    /// Reads every setting. Problems are left in the reader, and stand for the default.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let symbols = reader.list(&key::SYMBOLS, ',', parsed("a symbol"));
        let sources = reader.list_or(&key::SOURCES, ';', default_sources(), parsed("a source"));
        let speed = reader.optional(&key::SPEED, parsed_or_number("a speed"));
        let timeframes = reader
            .list(&key::TIMEFRAMES, ',', parsed::<Timeframe>("a timeframe"))
            .unwrap_or_default();
        let indicators = reader
            .list(&key::INDICATORS, ';', indicator_rule)
            .unwrap_or_default();
        let on_charts = on_charts(&indicators);
        let plan = IndicatorPlan::new(indicators);
        let own_columns = ColumnReader::new(plan.whole());
        Self {
            symbols,
            sources,
            speed,
            columns: reader
                .list(&key::OWN_COLUMNS, ';', |raw| own_columns.read(raw))
                .unwrap_or_default(),
            sinks: reader
                .list(&key::SINKS, ';', parsed("a sink"))
                .unwrap_or_default(),
            history: reader
                .list(&key::HISTORY, ';', |raw| {
                    history_spec(&parsed::<String>("the path of a file or folder")(raw)?)
                })
                .unwrap_or_default(),
            record: reader.optional(&key::RECORD, folder),
            headless: reader.value(&key::HEADLESS, false, boolean),
            session: reader.value(&key::SESSION, true, boolean),
            log: reader.value(&key::LOG_LEVEL, LogFilter::default(), parsed("a log level")),
            engine: read_engine(reader, timeframes, plan),
            screen: ScreenSettings::read(reader, on_charts),
            keys: read_keys(reader),
            lists: reader.open_section("lists", ',', list_name, parsed("a symbol")),
        }
    }
}

fn folder(raw: Raw<'_>) -> Result<String, String> {
    let path: String = parsed("the path of a folder")(raw)?;
    if path.is_empty() {
        return Err("a folder has to be named".to_owned());
    }
    Ok(path)
}

/// Files with bars, as they are given to `history`: a path, with the options of `replay:`.
///
/// # Errors
/// When it is no path, or the options are none of `replay:`.
pub fn history_spec(text: &str) -> Result<SourceSpec, String> {
    if text.trim().is_empty() {
        return Err("the path of a file or folder is empty".to_owned());
    }
    let spec: Result<SourceSpec, _> = format!("replay:{text}").parse();
    spec.map_err(|error| error.to_string())
}

fn default_sources() -> Vec<SourceSpec> {
    "bundled:".parse().into_iter().collect()
}

/// An indicator, as a text or as a table that may name symbols.
fn indicator_rule(raw: Raw<'_>) -> Result<IndicatorRule, String> {
    let Some(fields) = fields(raw, &["spec", "symbols"])? else {
        return indicator(raw).map(IndicatorRule::of_all);
    };
    let mut rule = None;
    let mut symbols = None;
    for (name, value) in fields {
        if name == "spec" {
            rule = Some(indicator(value)?);
            continue;
        }
        let elements = value.elements(',')?;
        let specs: Result<Vec<SymbolSpec>, String> =
            elements.into_iter().map(parsed("a symbol")).collect();
        symbols = Some(specs?);
    }
    let spec = rule.ok_or("spec is missing, as in spec = \"sma(20)\"")?;
    Ok(IndicatorRule { spec, symbols })
}

fn indicator(raw: Raw<'_>) -> Result<IndicatorSpec, String> {
    let spec: IndicatorSpec = parsed("an indicator")(raw)?;
    let (spec, _) = resolve(&spec).map_err(|error| error.to_string())?;
    Ok(spec)
}

fn read_engine(
    reader: &mut Reader<'_>,
    timeframes: Vec<Timeframe>,
    indicators: IndicatorPlan,
) -> EngineSettings {
    let default = EngineSettings::default();
    let history_days = reader.optional(&key::HISTORY_DAYS, count(1..=100_000));
    let mut number = |key, value: u64, min, max| reader.value(key, value, count(min..=max));
    EngineSettings {
        worker_threads: number(&key::WORKER_THREADS, default.worker_threads as u64, 1, 1024)
            as usize,
        symbol_backlog: number(
            &key::SYMBOL_BACKLOG,
            default.symbol_backlog as u64,
            16,
            1 << 24,
        ) as usize,
        total_backlog: number(
            &key::TOTAL_BACKLOG,
            default.total_backlog as u64,
            1024,
            1 << 28,
        ) as usize,
        history_rows: number(
            &key::HISTORY_ROWS,
            default.history_rows as u64,
            1,
            10_000_000,
        ) as usize,
        history_days,
        quote_rows: number(&key::QUOTE_ROWS, default.quote_rows as u64, 0, 10_000_000) as usize,
        trade_rows: number(&key::TRADE_ROWS, default.trade_rows as u64, 0, 10_000_000) as usize,
        history_bytes: MIB
            * number(
                &key::HISTORY_MEMORY_MB,
                default.history_bytes / MIB,
                1,
                1 << 20,
            ),
        processing_capacity: number(
            &key::PROCESSING_CAPACITY,
            default.processing_capacity as u64,
            16,
            1 << 20,
        ) as usize,
        results_capacity: number(
            &key::RESULTS_CAPACITY,
            default.results_capacity as u64,
            16,
            1 << 20,
        ) as usize,
        symbols_max: number(&key::SYMBOLS_MAX, default.symbols_max as u64, 1, 1_000_000) as usize,
        timeframes,
        indicators,
        ..default
    }
}

/// A column: a word that the screen knows, or what looks like the name of an indicator and not like such a word mistyped.
fn column(raw: Raw<'_>) -> Result<String, String> {
    let known = choice(words::COLUMNS)(raw);
    match (known, raw.string()) {
        (Err(_), Some(text))
            if is_name(text)
                && (text.contains(['_', '@'])
                    || nearest_word(text, words::COLUMNS.iter().copied()).is_none()) =>
        {
            Ok(text.to_owned())
        }
        (known, _) => known.map_err(|error| format!("{error}, and indicators such as rsi_14")),
    }
}

/// What the watchlist is sorted by: a column, or an expression.
fn sort_key(raw: Raw<'_>) -> Result<String, String> {
    let refusal = match column(raw) {
        Ok(name) => return Ok(name),
        Err(refusal) => refusal,
    };
    match raw.string() {
        Some(text) if !is_name(text) => text
            .parse::<SortKey>()
            .map(|key| key.to_string())
            .map_err(|error| format!("'{text}' is no column, and as an expression: {error}")),
        _ => Err(refusal),
    }
}

/// What charts show unless it is chosen otherwise: what every symbol has along its own bars.
fn on_charts(indicators: &[IndicatorRule]) -> Vec<String> {
    let follows_bars = |spec: &IndicatorSpec| {
        resolve(spec).is_ok_and(|(_, definition)| definition.input == InputKind::Bars)
    };
    indicators
        .iter()
        .filter(|rule| rule.symbols.is_none())
        .map(|rule| &rule.spec)
        .filter(|spec| spec.timeframe.is_none() && follows_bars(spec))
        .map(ToString::to_string)
        .collect()
}

impl ScreenSettings {
    fn read(reader: &mut Reader<'_>, on_charts: Vec<String>) -> Self {
        let default_columns = words::DEFAULT_COLUMNS.iter().map(|&name| name.to_owned());
        let columns = reader.list_or(&key::COLUMNS, ',', default_columns.collect(), column);
        Self {
            theme: reader.value(
                &key::THEME,
                words::THEMES[0].to_owned(),
                choice(words::THEMES),
            ),
            view: reader.value(&key::VIEW, words::VIEWS[0].to_owned(), choice(words::VIEWS)),
            color: reader.value(
                &key::COLOR,
                words::COLORS[0].to_owned(),
                choice(words::COLORS),
            ),
            glyphs: reader.value(
                &key::GLYPHS,
                words::GLYPHS[0].to_owned(),
                choice(words::GLYPHS),
            ),
            flash: reader.value(&key::FLASH, true, boolean),
            mouse: reader.value(&key::MOUSE, true, boolean),
            bell: reader.value(&key::BELL, false, boolean),
            columns,
            indicators: reader.list_or(&key::CHART_INDICATORS, ';', on_charts, chart_indicator),
            sort: reader.value(&key::SORT, words::COLUMNS[0].to_owned(), sort_key),
            sort_reverse: reader.value(&key::SORT_REVERSE, false, boolean),
            timezone: reader.value(&key::TIMEZONE, Tz::America__New_York, |raw| {
                parsed::<Tz>("a time zone")(raw).map_err(|message| {
                    format!(
                        "{message}; give the name of a time zone, such as America/New_York or UTC"
                    )
                })
            }),
            stale_after_s: reader.value(&key::STALE_AFTER_S, 180, count(1..=86_400)),
        }
    }
}

/// An indicator that a chart can have.
fn chart_indicator(raw: Raw<'_>) -> Result<String, String> {
    let spec = indicator(raw)?;
    match spec.timeframe {
        None => Ok(spec.to_string()),
        Some(timeframe) => Err(format!(
            "a chart's indicators follow its candles: leave out @{timeframe}"
        )),
    }
}

/// The screen's keys, with those of the user's own choice.
fn read_keys(reader: &mut Reader<'_>) -> KeyMap {
    let is_action = |name: &str| {
        if TABLE.iter().any(|entry| entry.name == name) {
            return Ok(());
        }
        let near = nearest(name, TABLE.iter().map(|entry| entry.name));
        let hint = near.map_or_else(
            || "the screen's help (?) tells what there is".to_owned(),
            |near| format!("did you mean '{near}'?"),
        );
        Err(format!("'{name}' is nothing that a key can do; {hint}"))
    };
    let is_key = |raw: Raw<'_>| parsed::<Key>("a key")(raw).and_then(|_| parsed("a key")(raw));
    let chosen: BTreeMap<String, Vec<String>> =
        reader.open_section("keys", '\0', is_action, is_key);
    let remaps = chosen
        .iter()
        .map(|(name, keys)| (name.as_str(), keys.as_slice()));
    KeyMap::with(remaps).unwrap_or_else(|error| {
        reader.wrong_section("keys", &error.to_string());
        KeyMap::default()
    })
}

fn list_name(name: &str) -> Result<(), String> {
    let is_good = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if name.len() <= 32 && name.chars().all(is_good) {
        return Ok(());
    }
    Err(format!(
        "'{name}' cannot be the name of a list; use at most 32 letters, digits, - and _"
    ))
}
