use ratatui::buffer::Buffer;

use crate::domain::time::UnixMs;

use super::*;

/// Draws on a plot of six rows whose prices are 0 to 12: half a cell is one.
fn drawn(glyphs: GlyphSet, body: u16, prices: [f64; 4]) -> Vec<String> {
    drawn_among(glyphs, body, false, prices)
}

fn drawn_among(glyphs: GlyphSet, body: u16, is_tight: bool, prices: [f64; 4]) -> Vec<String> {
    let area = Rect::new(0, 0, body, 6);
    let mut buffer = Buffer::empty(area);
    let theme = Theme::default();
    let mut canvas = Canvas {
        buffer: &mut buffer,
        area,
        theme: &theme,
        glyphs,
    };
    let [open, high, low, close] = prices;
    let candle = Candle {
        start: UnixMs(0),
        open,
        high,
        low,
        close,
        volume: 1.0,
    };
    // Around 0.546 to 11.454 with its margin, this is exactly 0 to 12.
    let scale = PriceScale::around(6.0 / 11.0, 12.0 - 6.0 / 11.0);
    draw(
        &mut canvas,
        area,
        Place {
            x: 0,
            body,
            is_tight,
        },
        &candle,
        &scale,
        Style::default(),
    );
    (0..6)
        .map(|y| {
            (0..body)
                .map(|x| buffer[(x, y)].symbol().to_owned())
                .collect()
        })
        .collect()
}

#[test]
fn narrow_candles_have_the_precision_of_half_a_cell() {
    let rose = [2.5, 10.5, 1.5, 8.5];
    assert_eq!(
        drawn(GlyphSet::Block, 1, rose),
        ["╷", "╽", "┃", "┃", "┃", "╵"]
    );
    let fell = [8.5, 11.5, 0.5, 3.5];
    assert_eq!(
        drawn(GlyphSet::Block, 1, fell),
        ["│", "╽", "█", "█", "╿", "│"]
    );
    let flat = [6.5, 9.5, 2.5, 6.5];
    assert_eq!(
        drawn(GlyphSet::Block, 1, flat),
        [" ", "│", "┼", "│", "│", " "]
    );
    let no_wicks = [8.5, 8.5, 3.5, 3.5];
    assert_eq!(
        drawn(GlyphSet::Block, 1, no_wicks),
        [" ", "▄", "█", "█", "▀", " "]
    );
}

#[test]
fn neighbours_without_space_stay_apart() {
    let fell = [8.5, 8.5, 3.5, 3.5];
    assert_eq!(
        drawn_among(GlyphSet::Block, 1, true, fell),
        [" ", "▄", "▉", "▉", "▀", " "]
    );
}

#[test]
fn short_bodies_that_fell_stay_solid_and_those_that_rose_light() {
    assert_eq!(
        drawn(GlyphSet::Block, 1, [6.5, 9.5, 2.5, 5.5])[2..4],
        ["█", "█"]
    );
    assert_eq!(
        drawn(GlyphSet::Block, 1, [5.5, 9.5, 2.5, 6.5])[2..4],
        ["╽", "╿"]
    );
}

#[test]
fn wide_candles_are_boxes_hollow_or_solid() {
    assert_eq!(
        drawn(GlyphSet::Block, 3, [2.5, 11.5, 0.5, 8.5]),
        [" │ ", "┌┴┐", "│ │", "│ │", "└┬┘", " │ "]
    );
    assert_eq!(
        drawn(GlyphSet::Block, 3, [8.5, 11.5, 0.5, 2.5]),
        [" │ ", " │ ", "███", "███", "███", " │ "]
    );
    assert_eq!(drawn(GlyphSet::Block, 3, [6.5, 9.5, 2.5, 7.5])[2], "═╪═");
    assert_eq!(drawn(GlyphSet::Block, 5, [6.5, 6.5, 6.5, 6.5])[2], "─────");
}

#[test]
fn ascii_has_letters_of_its_own_for_both_directions() {
    assert_eq!(
        drawn(GlyphSet::Ascii, 1, [2.5, 11.5, 0.5, 8.5]),
        ["|", "o", "o", "o", "o", "|"]
    );
    assert_eq!(
        drawn(GlyphSet::Ascii, 3, [8.5, 11.5, 0.5, 2.5]),
        [" | ", "###", "###", "###", "###", " | "]
    );
}

#[test]
fn volumes_rise_in_eighths_and_little_is_not_nothing() {
    let column = |volume: f64| {
        let area = Rect::new(0, 0, 1, 2);
        let mut buffer = Buffer::empty(area);
        let theme = Theme::default();
        let mut canvas = Canvas {
            buffer: &mut buffer,
            area,
            theme: &theme,
            glyphs: GlyphSet::Block,
        };
        let place = Place {
            x: 0,
            body: 1,
            is_tight: false,
        };
        draw_volume(&mut canvas, area, place, volume, 16.0, Style::default());
        [
            buffer[(0, 0)].symbol().to_owned(),
            buffer[(0, 1)].symbol().to_owned(),
        ]
    };
    for (volume, expected) in [
        (0.0, [" ", " "]),
        (0.01, [" ", "▁"]),
        (5.0, [" ", "▅"]),
        (8.0, [" ", "█"]),
        (11.0, ["▃", "█"]),
        (16.0, ["█", "█"]),
    ] {
        assert_eq!(column(volume), expected, "{volume}");
    }
}
