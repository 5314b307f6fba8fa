//! Two candles in one cell, side by side: only their ranges have room. Where the price went shows in the path.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::bar::Candle;
use crate::tui::theme::GlyphSet;

use super::canvas::Canvas;
use super::scale::PriceScale;

/// Draws the ranges of one or two neighbours in one cell column, side by side.
pub fn draw(
    canvas: &mut Canvas<'_>,
    plot: Rect,
    x: u16,
    candles: &[Candle],
    scale: &PriceScale,
    style: Style,
) {
    let dots_in_cell = if canvas.glyphs == GlyphSet::Braille {
        4
    } else {
        2
    };
    let ranges: Vec<(u16, u16)> = candles
        .iter()
        .map(|candle| {
            let part = |price| scale.part(price, plot.height * dots_in_cell);
            (part(candle.high.max(candle.low)), part(candle.low))
        })
        .collect();
    for row in 0..plot.height {
        let mut bits = 0_u8;
        for (side, (high, low)) in ranges.iter().take(2).enumerate() {
            for dot in 0..dots_in_cell {
                if (*high..=*low).contains(&(row * dots_in_cell + dot)) {
                    bits |= 1 << (usize::from(dot) * 2 + side);
                }
            }
        }
        if bits != 0 {
            let glyph = if dots_in_cell == 4 {
                braille(bits)
            } else {
                quadrant(bits)
            };
            canvas.put(plot.x + x, plot.y + row, glyph, style);
        }
    }
}

/// The braille pattern of eight dots, numbered in rows of two from the top.
#[must_use]
pub fn braille(bits: u8) -> char {
    // Unicode numbers the upper three rows by columns, and the lowest row after them.
    const DOTS: [u32; 8] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
    let pattern: u32 = DOTS
        .iter()
        .enumerate()
        .filter(|(dot, _)| bits & (1 << dot) != 0)
        .map(|(_, unicode)| unicode)
        .sum();
    char::from_u32(0x2800 + pattern).unwrap_or(' ')
}

/// The block element of four quarters, numbered in rows of two from the top.
#[must_use]
fn quadrant(bits: u8) -> char {
    const QUARTERS: [char; 16] = [
        ' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█',
    ];
    QUARTERS[usize::from(bits & 15)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_and_quarters_are_numbered_from_the_top() {
        for (bits, expected) in [
            (1, '⠁'),
            (2, '⠈'),
            (4, '⠂'),
            (0b1100_0000, '⣀'),
            (0b0101_0101, '⡇'),
            (255, '⣿'),
        ] {
            assert_eq!(braille(bits), expected, "{bits:b}");
        }
        for (bits, expected) in [
            (1, '▘'),
            (0b0101, '▌'),
            (0b1010, '▐'),
            (0b1100, '▄'),
            (0b0111, '▛'),
            (15, '█'),
        ] {
            assert_eq!(quadrant(bits), expected, "{bits:b}");
        }
    }
}
