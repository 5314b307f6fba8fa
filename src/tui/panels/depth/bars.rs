//! Sizes as bars.

use super::super::super::theme::GlyphSet;
use crate::domain::{Decimal, to_f64};

/// How much of the largest size this is, from 0 to 1.
pub(super) fn share(size: Decimal, size_max: Decimal) -> f64 {
    let (size, max) = (to_f64(size), to_f64(size_max));
    if max > 0.0 {
        (size / max).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// A bar that grows to the right.
pub(in super::super) fn bar(share: f64, columns: usize, glyphs: GlyphSet) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if glyphs == GlyphSet::Ascii {
        return "#".repeat((share * columns as f64).ceil() as usize);
    }
    // Whatever there is can be seen.
    let eighths = (share * columns as f64 * 8.0).ceil() as usize;
    let mut text = "█".repeat(eighths / 8);
    text.push_str(EIGHTHS[eighths % 8]);
    text
}

/// A bar that grows to the left, in exactly so many columns. There are fewer glyphs for its end.
pub(super) fn bar_left(share: f64, columns: usize, glyphs: GlyphSet) -> String {
    let (full, end) = if glyphs == GlyphSet::Ascii {
        ((share * columns as f64).ceil() as usize, "")
    } else {
        let eighths = (share * columns as f64 * 8.0).ceil() as usize;
        match eighths % 8 {
            0 => (eighths / 8, ""),
            1..=2 => (eighths / 8, "▕"),
            3..=6 => (eighths / 8, "▐"),
            _ => (eighths / 8 + 1, ""),
        }
    };
    let block = if glyphs == GlyphSet::Ascii {
        "#"
    } else {
        "█"
    };
    let blank = columns.saturating_sub(full + usize::from(!end.is_empty()));
    format!("{}{end}{}", " ".repeat(blank), block.repeat(full))
}

#[cfg(test)]
mod tests {
    use super::super::super::super::text::width;
    use super::*;

    #[test]
    fn bars_show_whatever_there_is_and_stay_in_their_columns() {
        assert_eq!(bar(0.0, 4, GlyphSet::Braille), "");
        assert_eq!(bar(0.001, 4, GlyphSet::Braille), "▏");
        assert_eq!(bar(0.5, 4, GlyphSet::Braille), "██");
        assert_eq!(bar(1.0, 4, GlyphSet::Block), "████");
        assert_eq!(bar(0.3, 4, GlyphSet::Ascii), "##");
        assert_eq!(bar_left(0.0, 4, GlyphSet::Braille), "    ");
        assert_eq!(bar_left(0.6, 4, GlyphSet::Braille), " ▐██");
        assert_eq!(bar_left(0.001, 4, GlyphSet::Braille), "   ▕");
        assert_eq!(bar_left(0.3, 4, GlyphSet::Ascii), "  ##");
        for glyphs in GlyphSet::ALL {
            for step in 0..=64 {
                let share = f64::from(step) / 64.0;
                assert!(width(&bar(share, 7, glyphs)) <= 7);
                assert_eq!(width(&bar_left(share, 7, glyphs)), 7);
            }
        }
    }
}
