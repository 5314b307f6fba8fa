//! The colours that a terminal's palette stands for in a picture.

use ratatui::style::Color;

/// Red, green and blue.
pub type Rgb = [u8; 3];

/// What plain text is written with, and on: a theme is made for a dark terminal or for a light one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paper {
    /// Behind everything.
    pub background: Rgb,
    /// Plain text.
    pub foreground: Rgb,
}

impl Paper {
    /// Light text on a dark ground.
    pub const DARK: Self = Self {
        background: [0x0d, 0x11, 0x17],
        foreground: [0xd6, 0xdd, 0xe6],
    };
    /// Dark text on a light ground.
    pub const LIGHT: Self = Self {
        background: [0xff, 0xff, 0xff],
        foreground: [0x1f, 0x23, 0x28],
    };
}

impl Default for Paper {
    fn default() -> Self {
        Self::DARK
    }
}

/// The sixteen named colours, dark ones first.
const NAMED: [Rgb; 16] = [
    [0x2b, 0x31, 0x3a],
    [0xf4, 0x70, 0x67],
    [0x3f, 0xb9, 0x50],
    [0xd2, 0x99, 0x22],
    [0x58, 0xa6, 0xff],
    [0xbc, 0x8c, 0xff],
    [0x39, 0xc5, 0xcf],
    [0xb1, 0xba, 0xc4],
    [0x6e, 0x76, 0x81],
    [0xff, 0x93, 0x8a],
    [0x56, 0xd3, 0x64],
    [0xe3, 0xb3, 0x41],
    [0x79, 0xc0, 0xff],
    [0xd2, 0xa8, 0xff],
    [0x56, 0xd4, 0xdd],
    [0xf0, 0xf6, 0xfc],
];

/// A colour of the terminal; `plain` where it leaves the choice to the terminal.
#[must_use]
pub fn rgb(color: Color, plain: Rgb) -> Rgb {
    match color {
        Color::Reset => plain,
        Color::Black => NAMED[0],
        Color::Red => NAMED[1],
        Color::Green => NAMED[2],
        Color::Yellow => NAMED[3],
        Color::Blue => NAMED[4],
        Color::Magenta => NAMED[5],
        Color::Cyan => NAMED[6],
        Color::Gray => NAMED[7],
        Color::DarkGray => NAMED[8],
        Color::LightRed => NAMED[9],
        Color::LightGreen => NAMED[10],
        Color::LightYellow => NAMED[11],
        Color::LightBlue => NAMED[12],
        Color::LightMagenta => NAMED[13],
        Color::LightCyan => NAMED[14],
        Color::White => NAMED[15],
        Color::Indexed(index) => indexed(index),
        Color::Rgb(red, green, blue) => [red, green, blue],
    }
}

/// The 256 colours: sixteen named ones, a cube of six levels each, and 24 greys.
fn indexed(index: u8) -> Rgb {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    match index {
        0..16 => NAMED[usize::from(index)],
        16..232 => {
            let cube = usize::from(index - 16);
            [LEVELS[cube / 36], LEVELS[cube / 6 % 6], LEVELS[cube % 6]]
        }
        232.. => [8 + (index - 232) * 10; 3],
    }
}

/// The colour `share` per cent of the way from `from` to `to`.
#[must_use]
pub fn blend(from: Rgb, to: Rgb, share: u16) -> Rgb {
    let mix = |from: u8, to: u8| {
        ((u16::from(from) * (100 - share) + u16::from(to) * share + 50) / 100) as u8
    };
    [
        mix(from[0], to[0]),
        mix(from[1], to[1]),
        mix(from[2], to[2]),
    ]
}

/// As SVG writes it, three digits where they say the same.
#[must_use]
pub fn hex([red, green, blue]: Rgb) -> String {
    if [red, green, blue].iter().all(|part| part >> 4 == part & 15) {
        format!("#{:x}{:x}{:x}", red & 15, green & 15, blue & 15)
    } else {
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_palette_has_a_cube_and_greys() {
        for (index, expected) in [
            (16, [0, 0, 0]),
            (21, [0, 0, 255]),
            (196, [255, 0, 0]),
            (208, [255, 135, 0]),
            (231, [255, 255, 255]),
            (232, [8, 8, 8]),
            (255, [238, 238, 238]),
            (1, NAMED[1]),
        ] {
            assert_eq!(
                rgb(Color::Indexed(index), Paper::DARK.foreground),
                expected,
                "colour {index}"
            );
        }
        let plain = Paper::DARK.background;
        assert_eq!(rgb(Color::Reset, plain), plain);
    }

    #[test]
    fn colours_are_written_short_and_blend() {
        assert_eq!(hex([0xff, 0x00, 0xaa]), "#f0a");
        assert_eq!(hex([0x0d, 0x11, 0x17]), "#0d1117");
        assert_eq!(blend([0, 0, 0], [255, 100, 10], 50), [128, 50, 5]);
    }
}
