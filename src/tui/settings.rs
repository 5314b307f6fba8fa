//! What can be set about the screen, what the environment says about the terminal, and what is kept between runs.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::domain::symbol::SymbolSpec;

use super::indicators::IndicatorCatalogue;
use super::keymap::KeyMap;
use super::panels::watchlist::{Column, Sort};
use super::theme::{ColorDepth, GlyphSet, ThemeName};
use super::views::View;

/// The most frames that are ever drawn in a second.
pub const FRAMES_PER_S_MAX: u16 = 60;

/// Everything that can be set about the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct TuiSettings {
    /// The colours.
    pub theme: ThemeName,
    /// How many colours the terminal has.
    pub color_depth: ColorDepth,
    /// Which characters the terminal has.
    pub glyphs: GlyphSet,
    /// Whether prices flash when they change.
    pub flash: bool,
    /// Whether the mouse is used; without it the terminal's own selection works.
    pub mouse: bool,
    /// Whether a new error rings the bell.
    pub bell: bool,
    /// The watchlist's columns in their order.
    pub columns: Vec<Column>,
    /// What the watchlist is sorted by.
    pub sort: Sort,
    /// The keys.
    pub keys: KeyMap,
    /// Named lists of symbols.
    pub watchlists: BTreeMap<String, Vec<SymbolSpec>>,
    /// The first view.
    pub view: View,
    /// The zone in which times are shown.
    pub zone: Tz,
    /// Data older than this, by its own clock, is marked stale.
    pub stale_after: Duration,
    /// The indicators that charts can have.
    pub indicator_catalogue: IndicatorCatalogue,
    /// Those that they have at first, as in `sma(20)`.
    pub indicators: Vec<String>,
    /// Frames in a second at most; 1 to [`FRAMES_PER_S_MAX`], anything else is brought into that range.
    pub frames_per_s: u16,
}

impl Default for TuiSettings {
    fn default() -> Self {
        Self {
            theme: ThemeName::Dark,
            color_depth: ColorDepth::Ansi256,
            glyphs: GlyphSet::Braille,
            flash: true,
            mouse: true,
            bell: false,
            columns: Column::DEFAULT.to_vec(),
            sort: Sort::default(),
            keys: KeyMap::default(),
            watchlists: BTreeMap::new(),
            view: View::Overview,
            zone: Tz::America__New_York,
            stale_after: Duration::from_secs(180),
            indicator_catalogue: IndicatorCatalogue::default(),
            indicators: Vec::new(),
            frames_per_s: FRAMES_PER_S_MAX,
        }
    }
}

impl TuiSettings {
    /// The shortest time between two frames.
    #[must_use]
    pub fn frame_interval(&self) -> Duration {
        Duration::from_secs(1) / u32::from(self.frames_per_s.clamp(1, FRAMES_PER_S_MAX))
    }
}

/// What the environment says about the terminal: the values of the variables that carry it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TerminalEnvironment {
    /// `NO_COLOR`: no colours when it is set to anything.
    pub no_color: Option<String>,
    /// `COLORTERM`.
    pub colorterm: Option<String>,
    /// `TERM`.
    pub term: Option<String>,
    /// `LC_ALL`, the first of the three that is set decides the encoding.
    pub lc_all: Option<String>,
    /// `LC_CTYPE`.
    pub lc_ctype: Option<String>,
    /// `LANG`.
    pub lang: Option<String>,
}

/// Terminals that show every colour but whose `TERM` does not end in `-direct`.
const TRUE_COLOR_TERMS: [&str; 7] = [
    "kitty",
    "alacritty",
    "wezterm",
    "foot",
    "ghostty",
    "contour",
    "iterm",
];

impl TerminalEnvironment {
    /// How many colours the terminal has.
    #[must_use]
    pub fn color_depth(&self) -> ColorDepth {
        if self
            .no_color
            .as_ref()
            .is_some_and(|value| !value.is_empty())
        {
            return ColorDepth::None;
        }
        let term = self.term.as_deref().unwrap_or("").to_ascii_lowercase();
        if term == "dumb" || term.starts_with("vt1") || term.starts_with("vt2") {
            return ColorDepth::None;
        }
        let colorterm = self.colorterm.as_deref().unwrap_or("").to_ascii_lowercase();
        if matches!(colorterm.as_str(), "truecolor" | "24bit")
            || term.ends_with("-direct")
            || TRUE_COLOR_TERMS.iter().any(|name| term.contains(name))
        {
            return ColorDepth::TrueColor;
        }
        if term.contains("256color") {
            ColorDepth::Ansi256
        } else {
            ColorDepth::Ansi16
        }
    }

    /// Which characters the terminal has. Without any word about the encoding it is taken to be UTF-8, as nearly
    /// every terminal's is.
    #[must_use]
    pub fn glyphs(&self) -> GlyphSet {
        let term = self.term.as_deref().unwrap_or("").to_ascii_lowercase();
        if term == "dumb" || term.starts_with("vt1") || term.starts_with("vt2") {
            return GlyphSet::Ascii;
        }
        let locale = [&self.lc_all, &self.lc_ctype, &self.lang]
            .into_iter()
            .flatten()
            .find(|value| !value.is_empty());
        if let Some(locale) = locale {
            let locale = locale.to_ascii_lowercase();
            if !(locale.contains("utf-8") || locale.contains("utf8")) {
                return GlyphSet::Ascii;
            }
        }
        // The console's font has blocks and lines, no braille.
        if term == "linux" {
            GlyphSet::Block
        } else {
            GlyphSet::Braille
        }
    }
}

/// What is kept from one run to the next. What is `None` comes from the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionState {
    /// The view.
    pub view: Option<View>,
    /// What the watchlist is sorted by.
    pub sort: Option<Sort>,
    /// The subscribed symbols, as `SYMBOL@source`.
    pub symbols: Vec<String>,
    /// The selected symbol, as `SYMBOL@source`.
    pub selected: Option<String>,
    /// The chart's timeframe, as `5m`.
    pub timeframe: Option<String>,
    /// The charts' indicators, as `sma(20)`.
    pub indicators: Option<Vec<String>>,
    /// The watchlist's columns.
    pub columns: Option<Vec<Column>>,
    /// The named watchlist that is shown.
    pub watchlist: Option<String>,
    /// Named watchlists made or changed while running; they stand over those of the settings. An empty one has been
    /// deleted.
    pub watchlists: BTreeMap<String, Vec<String>>,
    /// The colours.
    pub theme: Option<ThemeName>,
    /// Whether one panel is shown alone.
    pub maximised: bool,
    /// What was asked in SQL, oldest first.
    pub questions: Vec<String>,
    /// The groupings of order books by symbol (`SYMBOL@source`), as many steps from the finest.
    pub groupings: Vec<(String, u8)>,
    /// The smallest sizes that tapes show, by symbol.
    pub tape_sizes: Vec<(String, String)>,
    /// The lines of the command line that bring the tape's rules back, as `window 250ms`.
    pub tape: Vec<String>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn environment(values: &[(&str, &str)]) -> TerminalEnvironment {
        let get = |name: &str| {
            values
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        TerminalEnvironment {
            no_color: get("NO_COLOR"),
            colorterm: get("COLORTERM"),
            term: get("TERM"),
            lc_all: get("LC_ALL"),
            lc_ctype: get("LC_CTYPE"),
            lang: get("LANG"),
        }
    }

    #[test]
    fn colours_follow_the_environment() {
        for (values, depth) in [
            (
                &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")][..],
                ColorDepth::None,
            ),
            (
                &[("NO_COLOR", ""), ("TERM", "xterm-256color")],
                ColorDepth::Ansi256,
            ),
            (
                &[("COLORTERM", "24bit"), ("TERM", "screen")],
                ColorDepth::TrueColor,
            ),
            (&[("TERM", "xterm-kitty")], ColorDepth::TrueColor),
            (&[("TERM", "tmux-256color")], ColorDepth::Ansi256),
            (&[("TERM", "xterm")], ColorDepth::Ansi16),
            (&[("TERM", "linux")], ColorDepth::Ansi16),
            (&[("TERM", "dumb")], ColorDepth::None),
            (
                &[("TERM", "vt100"), ("COLORTERM", "truecolor")],
                ColorDepth::None,
            ),
            (&[], ColorDepth::Ansi16),
        ] {
            assert_eq!(environment(values).color_depth(), depth, "{values:?}");
        }
    }

    #[test]
    fn characters_follow_the_environment() {
        for (values, glyphs) in [
            (&[("LANG", "en_US.UTF-8")][..], GlyphSet::Braille),
            (&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")], GlyphSet::Ascii),
            (
                &[("LC_CTYPE", "de_DE.ISO-8859-1"), ("LANG", "de_DE.utf8")],
                GlyphSet::Ascii,
            ),
            (
                &[("LC_ALL", ""), ("LANG", "C.UTF-8"), ("TERM", "linux")],
                GlyphSet::Block,
            ),
            (&[("TERM", "dumb"), ("LANG", "C.UTF-8")], GlyphSet::Ascii),
            (&[], GlyphSet::Braille),
        ] {
            assert_eq!(environment(values).glyphs(), glyphs, "{values:?}");
        }
    }

    #[test]
    fn an_old_or_empty_session_is_read() {
        let session: SessionState = serde_json::from_str("{}").unwrap();
        assert_eq!(session, SessionState::default());
        let session: SessionState =
            serde_json::from_str(r#"{"view":"chart","symbols":["AAPL"],"unknown":1}"#).unwrap();
        assert_eq!(session.view, Some(View::Chart));
    }
}
