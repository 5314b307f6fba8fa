#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may stop at the first surprise, and says aloud what it skips"
)]

use std::io::Read;

use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::*;

/// The pixels of a screen, decoded again; `None` where there is no font to draw with.
fn drawn(lines: &[&str], style: Style) -> Option<(u32, u32, Vec<[u8; 4]>)> {
    let mut buffer = Buffer::with_lines(lines.iter().copied());
    buffer.set_style(buffer.area, style);
    let bytes = match to_png(&buffer, "title", Paper::DARK) {
        Ok(bytes) => bytes,
        Err(PngError::NoFont) => {
            eprintln!("skipped: no monospaced font is installed");
            return None;
        }
        Err(error) => unreachable!("{error}"),
    };
    Some(decoded(&bytes))
}

/// Reads a file of eight bits each of red, green, blue and cover: its chunks with their checksums, and its rows.
fn decoded(file: &[u8]) -> (u32, u32, Vec<[u8; 4]>) {
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes[..4].try_into().unwrap());
    let mut rest = file.strip_prefix(b"\x89PNG\r\n\x1a\n").unwrap();
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let length = number(rest) as usize;
        assert_eq!(
            crc32fast::hash(&rest[4..8 + length]),
            number(&rest[8 + length..])
        );
        chunks.push((&rest[4..8], &rest[8..8 + length]));
        rest = &rest[12 + length..];
    }
    let [(b"IHDR", head), (b"IDAT", packed), (b"IEND", [])] = chunks[..] else {
        unreachable!(
            "{:?}",
            chunks.iter().map(|(name, _)| name).collect::<Vec<_>>()
        );
    };
    let (width, height) = (number(head), number(&head[4..]));
    assert_eq!(head[8..], [8, 6, 0, 0, 0]);
    let mut rows = Vec::new();
    flate2::read::ZlibDecoder::new(packed)
        .read_to_end(&mut rows)
        .unwrap();
    assert_eq!(rows.len(), (height * (width * 4 + 1)) as usize);
    let mut above = vec![0_u8; width as usize * 4];
    let mut pixels = Vec::new();
    for row in rows.chunks_exact(above.len() + 1) {
        assert_eq!(row[0], 2, "the filter 'up'");
        for (before, difference) in above.iter_mut().zip(&row[1..]) {
            *before = before.wrapping_add(*difference);
        }
        pixels.extend(
            above
                .chunks_exact(4)
                .map(|it| <[u8; 4]>::try_from(it).unwrap()),
        );
    }
    (width, height, pixels)
}

/// The share of a cell's pixels that are not the ground, in per cent.
fn inked(width: u32, pixels: &[[u8; 4]], (column, row): (u32, u32)) -> usize {
    let (left, top) = (28 + column * 16, 68 + row * 32);
    let ground = Paper::DARK.background;
    let inked = (top..top + 32)
        .flat_map(|y| (left..left + 16).map(move |x| (x, y)))
        .filter(|(x, y)| pixels[(y * width + x) as usize][..3] != ground)
        .count();
    inked * 100 / (16 * 32)
}

#[test]
fn what_is_written_is_decoded_again() {
    let Some((width, height, pixels)) = drawn(&["█ A╭─", "▄ ⣿日"], Style::new()) else {
        return;
    };
    assert_eq!((width, height), ((5 * 8 + 28) * 2, (2 * 16 + 34 + 14) * 2));
    let cell = |column, row| inked(width, &pixels, (column, row));
    assert_eq!(cell(0, 0), 100, "a full block");
    assert_eq!(cell(1, 0), 0, "a space");
    assert!((10..60).contains(&cell(2, 0)), "a letter: {}", cell(2, 0));
    assert!((3..25).contains(&cell(3, 0)), "a corner: {}", cell(3, 0));
    assert!((3..12).contains(&cell(4, 0)), "a line: {}", cell(4, 0));
    assert_eq!(cell(0, 1), 50, "half a block");
    assert!((25..80).contains(&cell(2, 1)), "dots: {}", cell(2, 1));
    assert!(cell(3, 1) + cell(4, 1) > 3, "a wide one, or a box for it");
    // Beyond the round corners there is nothing.
    assert_eq!(pixels[0][3], 0);
    assert_eq!(
        pixels[(width / 2) as usize + (width * height / 2) as usize][3],
        255
    );
}

#[test]
fn colours_are_those_of_the_cells() {
    let style = Style::new()
        .fg(Color::Rgb(250, 10, 20))
        .bg(Color::Rgb(1, 2, 3))
        .bold();
    let Some((width, _, pixels)) = drawn(&["█x"], style) else {
        return;
    };
    let at = |x: u32, y: u32| pixels[(y * width + x) as usize];
    assert_eq!(at(36, 84), [250, 10, 20, 255]);
    assert_eq!(at(45, 69), [1, 2, 3, 255]);
    assert!(
        pixels
            .iter()
            .any(|pixel| pixel[0] > 120 && pixel[0] < 240 && pixel[1] < 20)
    );
}

#[test]
fn sizes_without_sense_are_refused_or_drawn() {
    assert!(
        to_png(&Buffer::empty(Rect::ZERO), "", Paper::LIGHT).is_ok_and(|it| it.len() > 50)
            || Fonts::find(13.3, 8.0).is_none()
    );
    assert_eq!(points("M1 2Q3 4 5 6V7M8.5 9h0").len(), 2);
    assert!(points("x").is_empty() && points("L1 2").len() <= 1);
}
