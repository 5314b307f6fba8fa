//! The line above the chart: one candle in numbers.

use ratatui::style::{Modifier, Style};

use crate::domain::bar::Candle;
use crate::domain::time::{Timeframe, UnixMs};

use super::candle::Course;
use super::canvas::Canvas;
use super::frame::Frame;
use super::scale::{price_text, signed, volume_text};
use super::time_axis::moment;

/// One part of the line.
#[derive(Debug, Clone, PartialEq)]
struct Piece {
    text: String,
    style: Style,
}

/// What the line can hold, fullest first; the first that fits is written.
const FORMS: [&[Part]; 8] = [
    &[
        Part::LongTime,
        Part::Prices,
        Part::Change,
        Part::Volume,
        Part::Vwap,
    ],
    &[Part::LongTime, Part::Prices, Part::Change, Part::Volume],
    &[Part::ShortTime, Part::Prices, Part::Change, Part::Volume],
    &[Part::ShortTime, Part::Prices, Part::Volume],
    &[Part::ShortTime, Part::Prices],
    &[Part::ShortTime, Part::Close, Part::Change],
    &[Part::ShortTime, Part::Close],
    &[Part::Close],
];

#[derive(Debug, Clone, Copy)]
enum Part {
    LongTime,
    ShortTime,
    Prices,
    Close,
    Change,
    Volume,
    Vwap,
}

/// Writes the readout of a column.
pub fn draw(canvas: &mut Canvas<'_>, frame: &Frame<'_>, column: usize) {
    let area = frame.layout.readout;
    let (Some(bar), Some(place)) = (frame.bars.get(column), frame.columns.get(column)) else {
        return;
    };
    if area.is_empty() {
        return;
    }
    let pieces = FORMS.iter().find_map(|form| {
        let pieces: Vec<Piece> = form
            .iter()
            .flat_map(|part| pieces(*part, canvas, frame, bar, place.start))
            .collect();
        let width: usize = pieces.iter().map(|piece| piece.text.chars().count()).sum();
        (width <= usize::from(area.width) + 2).then_some(pieces)
    });
    let mut x = area.x;
    for piece in pieces.unwrap_or_default() {
        // The last piece ends with the space that separates it from the next.
        let text = if usize::from(x) + piece.text.chars().count() > usize::from(area.right()) {
            piece.text.trim_end()
        } else {
            &piece.text
        };
        canvas.text(x, area.y, text, piece.style);
        x += piece.text.chars().count() as u16;
    }
}

fn pieces(
    part: Part,
    canvas: &Canvas<'_>,
    frame: &Frame<'_>,
    bar: &Candle,
    start: UnixMs,
) -> Vec<Piece> {
    let (theme, decimals) = (canvas.theme, frame.price_decimals);
    let colour = Course::of(bar).style(theme, true);
    let is_day = frame.subject.chart.timeframe == Timeframe::D1;
    let piece = |text: String, style| Piece { text, style };
    let named = |name: &str, value: String, style| {
        vec![
            piece(format!("{name} "), theme.dim),
            piece(format!("{value}  "), style),
        ]
    };
    let price = |value| price_text(value, decimals);
    match part {
        Part::LongTime | Part::ShortTime => {
            let format = match part {
                Part::LongTime => "%a %Y-%m-%d %H:%M",
                _ if is_day => "%Y-%m-%d",
                _ => "%m-%d %H:%M",
            };
            let text = moment(start, frame.zone, is_day, format);
            vec![piece(format!("{text}  "), theme.text)]
        }
        Part::Prices => [
            ("O", bar.open),
            ("H", bar.high),
            ("L", bar.low),
            ("C", bar.close),
        ]
        .into_iter()
        .flat_map(|(name, value)| named(name, price(value), colour))
        .collect(),
        Part::Close => named("C", price(bar.close), colour),
        Part::Change => {
            let text = change(bar, decimals, canvas.minus());
            vec![piece(text + "  ", colour.add_modifier(Modifier::BOLD))]
        }
        Part::Volume if bar.volume.is_nan() => Vec::new(),
        Part::Volume => named("V", volume_text(bar.volume), theme.text),
        Part::Vwap => frame
            .subject
            .row
            .filter(|_| !frame.has_vwap_study())
            .and_then(|row| row.day.vwap)
            .map_or_else(Vec::new, |vwap| named("VWAP", price(vwap), theme.overlay)),
    }
}

/// The candle's own change, from its open to its close, and in per cent where there is a base.
fn change(bar: &Candle, decimals: usize, minus: char) -> String {
    let change = bar.close - bar.open;
    let text = signed(change, decimals, minus);
    if bar.open > 0.0 {
        let percent = signed(change / bar.open * 100.0, 2, minus);
        format!("{text} {percent}%")
    } else {
        text
    }
}
