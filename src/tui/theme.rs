//! Colours and glyphs: what each thing on screen looks like, by meaning.

mod palette;

use ratatui::style::Style;
use serde::{Deserialize, Serialize};

/// A set of colours. The background stays the terminal's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeName {
    /// For dark backgrounds.
    #[default]
    Dark,
    /// For light backgrounds.
    Light,
    /// For bad light and tired eyes.
    HighContrast,
    /// Blue and orange in place of green and red.
    ColorBlind,
}

impl ThemeName {
    /// Every theme.
    pub const ALL: [Self; 4] = [
        Self::Dark,
        Self::Light,
        Self::HighContrast,
        Self::ColorBlind,
    ];

    /// The name in commands and the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::ColorBlind => "color-blind",
        }
    }
}

impl std::str::FromStr for ThemeName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|theme| theme.name() == text)
            .ok_or_else(|| {
                format!(
                    "'{text}' is no theme; there are {}",
                    Self::ALL.map(Self::name).join(", ")
                )
            })
    }
}

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum ColorDepth {
    /// None: marks, weight and inversion say everything.
    None,
    /// The sixteen that the terminal's user has chosen.
    Ansi16,
    /// The palette of 256.
    #[default]
    Ansi256,
    /// Any.
    TrueColor,
}

impl ColorDepth {
    /// Every depth.
    pub const ALL: [Self; 4] = [Self::None, Self::Ansi16, Self::Ansi256, Self::TrueColor];

    /// The name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Ansi16 => "16",
            Self::Ansi256 => "256",
            Self::TrueColor => "true",
        }
    }
}

impl std::str::FromStr for ColorDepth {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|depth| depth.name() == text)
            .ok_or_else(|| {
                format!("'{text}' is no number of colours; there are none, 16, 256 and true")
            })
    }
}

/// How many colours of lines there are.
pub const LINES: usize = 6;

/// The styles of a theme, already reduced to the colours that the terminal has.
///
/// Colour is never the only sign of anything: each of these stands beside a mark, a word or a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Theme {
    /// Plain text on the terminal's own background.
    pub text: Style,
    /// Labels, axes, units, what is less important.
    pub dim: Style,
    /// Titles and what stands out.
    pub accent: Style,
    /// Prices that rose.
    pub up: Style,
    /// Prices that fell.
    pub down: Style,
    /// Prices that stayed.
    pub unchanged: Style,
    /// Laid over a cell for a moment after its price rose.
    pub flash_up: Style,
    /// Laid over a cell for a moment after its price fell.
    pub flash_down: Style,
    /// The selected row.
    pub selection: Style,
    /// The border of a panel.
    pub border: Style,
    /// The border of the panel that has the keys.
    pub border_focused: Style,
    /// Information.
    pub info: Style,
    /// Warnings and stale data.
    pub warning: Style,
    /// Errors.
    pub error: Style,
    /// The badge of live data.
    pub live: Style,
    /// The badge of replayed or synthetic data.
    pub replay: Style,
    /// A key in a hint.
    pub key: Style,
    /// Lines drawn over a chart: VWAP, reference price, crosshair.
    pub overlay: Style,
    /// Volume columns.
    pub volume: Style,
    /// Lines of indicators and compared symbols, as different from one another as can be.
    pub lines: [Style; LINES],
}

impl Theme {
    /// The styles of a theme in the colours that the terminal has.
    #[must_use]
    pub fn of(name: ThemeName, depth: ColorDepth) -> Self {
        palette::theme(name, depth)
    }
}

/// Which characters the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GlyphSet {
    /// Everything, braille patterns included.
    #[default]
    Braille,
    /// Block elements and box drawing, no braille.
    Block,
    /// ASCII alone.
    Ascii,
}

impl GlyphSet {
    /// Every set.
    pub const ALL: [Self; 3] = [Self::Braille, Self::Block, Self::Ascii];

    /// The name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Braille => "braille",
            Self::Block => "block",
            Self::Ascii => "ascii",
        }
    }
}

impl std::str::FromStr for GlyphSet {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|glyphs| glyphs.name() == text)
            .ok_or_else(|| {
                format!("'{text}' is no set of characters; there are braille, block and ascii")
            })
    }
}
