//! The themes' colours, and their reduction to what the terminal has.

use ratatui::style::{Color, Modifier, Style};

use super::{ColorDepth, LINES, Theme, ThemeName};

/// A colour in full, and the nearest in meaning of the sixteen.
type Shade = (u32, Color);

/// What a theme has to choose; everything else follows.
struct Palette {
    dim: Shade,
    accent: Shade,
    up: Shade,
    down: Shade,
    info: Shade,
    warning: Shade,
    error: Shade,
    border: Shade,
    selection: Shade,
    /// Plain text on the selection, whatever the terminal's own is.
    on_selection: Shade,
    overlay: Shade,
    volume: Shade,
    lines: [Shade; LINES],
    /// The text on a badge or a flash, which have a background.
    on_color: Shade,
}

const DARK: Palette = Palette {
    dim: (0x8b_949e, Color::DarkGray),
    accent: (0x7d_cfff, Color::Cyan),
    up: (0x4f_d18b, Color::Green),
    down: (0xff_6b6b, Color::Red),
    info: (0x7d_cfff, Color::Cyan),
    warning: (0xe5_b567, Color::Yellow),
    error: (0xff_6b6b, Color::LightRed),
    border: (0x4a_5568, Color::DarkGray),
    selection: (0x2b_3548, Color::Blue),
    on_selection: (0xe6_edf3, Color::White),
    overlay: (0xc0_99ff, Color::Magenta),
    volume: (0x5b_7aa6, Color::Blue),
    lines: [
        (0x6c_b6ff, Color::LightBlue),
        (0xf2_c94c, Color::Yellow),
        (0xf7_8fd0, Color::LightMagenta),
        (0xff_9e64, Color::LightYellow),
        (0x9a_e6e6, Color::LightCyan),
        (0xc0_99ff, Color::Magenta),
    ],
    on_color: (0x0b_0e14, Color::Black),
};

const LIGHT: Palette = Palette {
    dim: (0x5f_6773, Color::DarkGray),
    accent: (0x00_5cc5, Color::Blue),
    up: (0x0b_7a3b, Color::Green),
    down: (0xb3_1d28, Color::Red),
    info: (0x00_5cc5, Color::Blue),
    warning: (0x8a_5a00, Color::Magenta),
    error: (0xb3_1d28, Color::Red),
    border: (0xa6_adb7, Color::DarkGray),
    selection: (0xd7_e3f4, Color::Gray),
    on_selection: (0x1f_2328, Color::Black),
    overlay: (0x6f_42c1, Color::Magenta),
    volume: (0x5a_7fb0, Color::Blue),
    lines: [
        (0x0a_58ca, Color::Blue),
        (0x8a_5a00, Color::Yellow),
        (0xa1_166e, Color::Magenta),
        (0xa8_4300, Color::LightRed),
        (0x00_6d77, Color::Cyan),
        (0x6f_42c1, Color::LightMagenta),
    ],
    on_color: (0xff_ffff, Color::White),
};

const HIGH_CONTRAST: Palette = Palette {
    dim: (0xd0_d0d0, Color::Gray),
    accent: (0xff_ff00, Color::LightYellow),
    up: (0x00_ff66, Color::LightGreen),
    down: (0xff_7070, Color::LightRed),
    info: (0x66_ffff, Color::LightCyan),
    warning: (0xff_d700, Color::LightYellow),
    error: (0xff_7070, Color::LightRed),
    border: (0xff_ffff, Color::White),
    selection: (0x00_3a9e, Color::Blue),
    on_selection: (0xff_ffff, Color::White),
    overlay: (0xff_80ff, Color::LightMagenta),
    volume: (0x66_b3ff, Color::LightBlue),
    lines: [
        (0x66_b3ff, Color::LightBlue),
        (0xff_ff00, Color::LightYellow),
        (0xff_80ff, Color::LightMagenta),
        (0xff_a500, Color::Yellow),
        (0x66_ffff, Color::LightCyan),
        (0xff_ffff, Color::White),
    ],
    on_color: (0x00_0000, Color::Black),
};

/// Blue and orange differ for every kind of colour vision, and in brightness too.
const COLOR_BLIND: Palette = Palette {
    dim: (0x8f_98a3, Color::DarkGray),
    accent: (0xe8_e8e8, Color::White),
    up: (0x56_b4e9, Color::LightBlue),
    down: (0xe6_9f00, Color::Yellow),
    info: (0x56_b4e9, Color::LightBlue),
    warning: (0xf0_e442, Color::LightYellow),
    error: (0xe6_9f00, Color::Yellow),
    border: (0x4a_5568, Color::DarkGray),
    selection: (0x2f_3a4d, Color::Blue),
    on_selection: (0xe8_e8e8, Color::White),
    overlay: (0xcc_79a7, Color::Magenta),
    volume: (0x7f_8fa6, Color::Gray),
    lines: [
        (0xf0_e442, Color::LightYellow),
        (0xcc_79a7, Color::Magenta),
        (0xff_ffff, Color::White),
        (0x00_b387, Color::Green),
        (0xb0_b8c4, Color::Gray),
        (0xf2_b8a0, Color::LightRed),
    ],
    on_color: (0x0b_0e14, Color::Black),
};

pub(super) fn theme(name: ThemeName, depth: ColorDepth) -> Theme {
    if depth == ColorDepth::None {
        return colorless();
    }
    let palette = match name {
        ThemeName::Dark => DARK,
        ThemeName::Light => LIGHT,
        ThemeName::HighContrast => HIGH_CONTRAST,
        ThemeName::ColorBlind => COLOR_BLIND,
    };
    let color = |shade: Shade| reduce(shade, depth);
    let fg = |shade: Shade| Style::new().fg(color(shade));
    let badge = |shade: Shade| {
        fg(palette.on_color)
            .bg(color(shade))
            .add_modifier(Modifier::BOLD)
    };
    // Sixteen colours have no quiet background: there the selected row is turned round.
    let selection = if depth == ColorDepth::Ansi16 {
        Style::new().add_modifier(Modifier::REVERSED)
    } else {
        fg(palette.on_selection).bg(color(palette.selection))
    };
    Theme {
        text: Style::new(),
        dim: fg(palette.dim),
        accent: fg(palette.accent).add_modifier(Modifier::BOLD),
        up: fg(palette.up),
        down: fg(palette.down),
        unchanged: fg(palette.dim),
        flash_up: fg(palette.on_color).bg(color(palette.up)),
        flash_down: fg(palette.on_color).bg(color(palette.down)),
        selection,
        border: fg(palette.border),
        border_focused: fg(palette.accent),
        info: fg(palette.info),
        warning: fg(palette.warning),
        error: fg(palette.error).add_modifier(Modifier::BOLD),
        live: badge(palette.up),
        replay: badge(palette.warning),
        key: fg(palette.accent),
        overlay: fg(palette.overlay),
        volume: fg(palette.volume),
        lines: palette.lines.map(fg),
    }
}

/// Everything by weight and inversion alone.
fn colorless() -> Theme {
    let plain = Style::new();
    let bold = plain.add_modifier(Modifier::BOLD);
    let reversed = plain.add_modifier(Modifier::REVERSED);
    Theme {
        accent: bold,
        flash_up: bold,
        flash_down: bold,
        selection: reversed,
        border_focused: bold,
        warning: bold,
        error: bold,
        live: reversed.add_modifier(Modifier::BOLD),
        replay: reversed,
        key: bold,
        overlay: bold,
        ..Theme::default()
    }
}

fn reduce((rgb, ansi): Shade, depth: ColorDepth) -> Color {
    let [_, red, green, blue] = rgb.to_be_bytes();
    match depth {
        ColorDepth::TrueColor => Color::Rgb(red, green, blue),
        ColorDepth::Ansi256 => Color::Indexed(nearest_256(red, green, blue)),
        ColorDepth::Ansi16 => ansi,
        ColorDepth::None => Color::Reset,
    }
}

/// The nearest of the 6×6×6 cube and the grey ramp.
fn nearest_256(red: u8, green: u8, blue: u8) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let step = |value: u8| {
        (0..6u8)
            .min_by_key(|&at| STEPS[usize::from(at)].abs_diff(value))
            .unwrap_or(0)
    };
    let (r, g, b) = (step(red), step(green), step(blue));
    let distance = |r: u8, g: u8, b: u8| -> u32 {
        [(r, red), (g, green), (b, blue)]
            .into_iter()
            .map(|(one, other)| u32::from(one.abs_diff(other)).pow(2))
            .sum()
    };
    let cube = distance(
        STEPS[usize::from(r)],
        STEPS[usize::from(g)],
        STEPS[usize::from(b)],
    );
    let mean = (u16::from(red) + u16::from(green) + u16::from(blue)) / 3;
    let ramp = (mean.saturating_sub(3) / 10).min(23) as u8;
    let grey = 8 + ramp * 10;
    if distance(grey, grey, grey) < cube {
        232 + ramp
    } else {
        16 + 36 * r + 6 * g + b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contrast ratio of two colours as accessibility guidelines define it.
    fn contrast(one: u32, other: u32) -> f64 {
        let luminance = |rgb: u32| {
            let [_, red, green, blue] = rgb.to_be_bytes();
            let linear = |value: u8| {
                let value = f64::from(value) / 255.0;
                if value <= 0.039_28 {
                    value / 12.92
                } else {
                    ((value + 0.055) / 1.055).powf(2.4)
                }
            };
            0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_the_background_that_each_theme_is_for() {
        for (palette, background) in [
            (&DARK, 0x10_1010),
            (&LIGHT, 0xff_ffff),
            (&HIGH_CONTRAST, 0x00_0000),
            (&COLOR_BLIND, 0x10_1010),
        ] {
            for shade in [
                palette.dim,
                palette.accent,
                palette.up,
                palette.down,
                palette.info,
                palette.warning,
                palette.error,
                palette.overlay,
            ]
            .into_iter()
            .chain(palette.lines)
            {
                let ratio = contrast(shade.0, background);
                assert!(ratio >= 4.5, "{:06x} {ratio:.2}", shade.0);
            }
        }
    }

    #[test]
    fn colours_are_reduced_to_the_nearest() {
        assert_eq!(nearest_256(255, 0, 0), 196);
        assert_eq!(nearest_256(0, 0, 0), 16);
        assert_eq!(nearest_256(0x80, 0x80, 0x80), 244);
        assert_eq!(nearest_256(255, 255, 255), 231);
    }

    #[test]
    fn without_colours_nothing_has_any() {
        let theme = colorless();
        for style in [
            theme.up,
            theme.error,
            theme.live,
            theme.selection,
            theme.dim,
        ] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
        assert_ne!(theme.selection, theme.text);
        assert_ne!(theme.live, theme.replay);
    }

    #[test]
    fn what_is_selected_can_be_read_whatever_the_terminals_own_colours_are() {
        for name in ThemeName::ALL {
            for depth in [ColorDepth::Ansi256, ColorDepth::TrueColor] {
                let selection = theme(name, depth).selection;
                assert!(selection.fg.is_some() && selection.bg.is_some(), "{name:?}");
            }
        }
        for palette in [&DARK, &LIGHT, &HIGH_CONTRAST, &COLOR_BLIND] {
            let ratio = contrast(palette.on_selection.0, palette.selection.0);
            assert!(ratio >= 7.0, "{ratio:.2}");
        }
    }
}
