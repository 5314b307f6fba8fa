//! Drawing into a buffer without ever leaving an area.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::theme::{GlyphSet, Theme};

/// A part of the screen to draw on, with the look.
#[derive(Debug)]
pub struct Canvas<'a> {
    /// The screen.
    pub buffer: &'a mut Buffer,
    /// The part that may be drawn on.
    pub area: Rect,
    /// The styles.
    pub theme: &'a Theme,
    /// The characters that can be used.
    pub glyphs: GlyphSet,
}

impl Canvas<'_> {
    /// Draws one character over whatever is there.
    pub fn put(&mut self, x: u16, y: u16, glyph: char, style: Style) {
        if self.area.contains((x, y).into())
            && let Some(cell) = self.buffer.cell_mut((x, y))
        {
            cell.set_char(glyph).set_style(style);
        }
    }

    /// Draws one character where nothing has been drawn.
    pub fn put_behind(&mut self, x: u16, y: u16, glyph: char, style: Style) {
        if self.is_free(x, y) {
            self.put(x, y, glyph, style);
        }
    }

    /// Whether nothing has been drawn there.
    #[must_use]
    pub fn is_free(&self, x: u16, y: u16) -> bool {
        self.buffer
            .cell((x, y))
            .is_some_and(|cell| cell.symbol() == " ")
    }

    /// Writes a text of narrow characters; one that does not fit whole is not written.
    pub fn text(&mut self, x: u16, y: u16, text: &str, style: Style) {
        let width = text.chars().count();
        if usize::from(x) + width <= usize::from(self.area.right()) {
            for (offset, glyph) in text.chars().enumerate() {
                self.put(x + offset as u16, y, glyph, style);
            }
        }
    }

    /// The first character, or the second where only ASCII can be shown.
    #[must_use]
    pub fn pick(&self, glyph: char, ascii: char) -> char {
        if self.glyphs == GlyphSet::Ascii {
            ascii
        } else {
            glyph
        }
    }

    /// The minus sign.
    #[must_use]
    pub fn minus(&self) -> char {
        self.pick('−', '-')
    }
}
