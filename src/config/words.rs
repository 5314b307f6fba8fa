//! The words that the screen's settings are made of.

/// Names of themes.
pub const THEMES: &[&str] = &["dark", "light", "high-contrast", "color-blind"];
/// Names of views.
pub const VIEWS: &[&str] = &[
    "overview",
    "watchlist",
    "chart",
    "errors",
    "pipeline",
    "depth",
    "tape",
    "news",
    "charts",
    "query",
    "movers",
    "correlation",
];
/// How many colours to use: `auto` asks the environment.
pub const COLORS: &[&str] = &["auto", "none", "16", "256", "true"];
/// Which characters to draw with: `auto` asks the environment.
pub const GLYPHS: &[&str] = &["auto", "braille", "block", "ascii"];
/// The watchlist's columns.
pub const COLUMNS: &[&str] = &[
    "symbol",
    "source",
    "last",
    "change",
    "change-percent",
    "bid",
    "bid-size",
    "ask",
    "ask-size",
    "open",
    "high",
    "low",
    "volume",
    "vwap",
    "trend",
    "age",
];
/// The columns that are shown when nobody chose any.
pub const DEFAULT_COLUMNS: &[&str] = &[
    "symbol",
    "source",
    "last",
    "change",
    "change-percent",
    "bid",
    "bid-size",
    "ask",
    "ask-size",
    "volume",
    "vwap",
    "trend",
    "age",
];
