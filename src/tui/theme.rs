//! Colours and glyphs: what each thing on screen looks like, by meaning.

use ratatui::style::Style;

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
