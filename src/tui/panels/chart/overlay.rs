//! Lines over the candles: the session's VWAP, the price that the change is measured against, the crosshair.

use crate::domain::time::Timeframe;
use crate::tui::theme::GlyphSet;

use super::canvas::Canvas;
use super::days::Days;
use super::dots::{Dots, Pen};
use super::frame::Frame;

/// A session whose first candle comes this long after its regular open is taken as cut off, in milliseconds.
const LATE_OPEN_MS: i64 = 15 * 60_000;

/// Draws the volume-weighted average price of each visible session whose beginning is known, and the row's own
/// figure as a level where only that is known.
pub fn draw_vwap(canvas: &mut Canvas<'_>, frame: &Frame<'_>, days: &mut Days) {
    let Some(current) = frame.subject.row.and_then(|row| row.day.vwap) else {
        return;
    };
    if frame.subject.chart.timeframe == Timeframe::D1 {
        return;
    }
    let mut dots = Dots::new(frame.layout.plot, canvas.glyphs);
    dots.take(Pen::solid(canvas.theme.overlay, canvas.pick('╍', '~')));
    let values = vwaps(frame, days);
    let session = current_session(frame, days);
    let mut before: Option<(u16, u16)> = None;
    for (index, column) in frame.columns.iter().enumerate() {
        if column.breaks {
            before = None;
        }
        let value = values[index].or((index >= session).then_some(current));
        let Some(price) = value.filter(|price| frame.scale.contains(*price)) else {
            before = None;
            continue;
        };
        let place = (
            (column.x + frame.zoom.body / 2) * dots.per_cell.0,
            frame.scale.part(price, dots.rows()),
        );
        dots.line(before.unwrap_or(place), place);
        before = Some(place);
    }
    dots.draw(canvas);
}

/// The session's average price at the end of each column, by the same formula as the row's.
pub(super) fn vwaps(frame: &Frame<'_>, days: &mut Days) -> Vec<Option<f64>> {
    let candles = &frame.subject.chart.candles;
    let Some(first) = frame.columns.first().map(|column| column.first) else {
        return Vec::new();
    };
    let mut day = days.day(candles[first].start);
    let mut start = first;
    while start > 0 && days.day(candles[start - 1].start) == day {
        start -= 1;
    }
    // The oldest session may have lost its beginning to the limit of the history.
    let mut is_whole = start > 0
        || days
            .session(candles[0].start)
            .is_some_and(|session| candles[0].start <= session.regular_open.plus_ms(LATE_OPEN_MS));
    let (mut value_sum, mut volume_sum) = (0.0, 0.0);
    let mut index = start;
    frame
        .columns
        .iter()
        .map(|column| {
            for candle in &candles[index..column.end] {
                let candle_day = days.day(candle.start);
                if candle_day != day {
                    (day, is_whole) = (candle_day, true);
                    (value_sum, volume_sum) = (0.0, 0.0);
                }
                let typical = (candle.high + candle.low + candle.close) / 3.0;
                value_sum += typical * candle.known_volume();
                volume_sum += candle.known_volume();
            }
            index = column.end;
            (is_whole && volume_sum > 0.0).then(|| value_sum / volume_sum)
        })
        .collect()
}

/// The first column of the newest session; the number of columns where none of it is visible.
pub(super) fn current_session(frame: &Frame<'_>, days: &mut Days) -> usize {
    let candles = &frame.subject.chart.candles;
    let Some(newest) = candles.last().map(|candle| days.day(candle.start)) else {
        return frame.columns.len();
    };
    frame
        .columns
        .iter()
        .rposition(|column| days.day(candles[column.first].start) != newest)
        .map_or(0, |before| before + 1)
}

/// Draws the reference price, dashed, across the session that it holds for.
pub fn draw_reference(canvas: &mut Canvas<'_>, frame: &Frame<'_>, days: &mut Days) {
    let Some(price) = reference(frame) else {
        return;
    };
    let first = if frame.subject.chart.timeframe == Timeframe::D1 {
        0
    } else {
        current_session(frame, days)
    };
    let Some(column) = frame.columns.get(first) else {
        return;
    };
    let plot = frame.layout.plot;
    let mut dots = Dots::new(plot, canvas.glyphs);
    dots.take(Pen::solid(canvas.theme.overlay, canvas.pick('╌', '-')));
    let y = frame.scale.part(price, dots.rows());
    let from = if first == 0 { 0 } else { column.x };
    if canvas.glyphs == GlyphSet::Braille {
        for x in (from..plot.width).filter(|x| x % 2 == 0) {
            dots.line((x * 2, y), (x * 2 + 1, y));
        }
    } else {
        dots.line((from, y), (plot.width.saturating_sub(1), y));
    }
    dots.draw(canvas);
}

/// The reference price, when it is on the scale.
#[must_use]
pub fn reference(frame: &Frame<'_>) -> Option<f64> {
    frame
        .subject
        .row
        .and_then(|row| row.day.reference_price)
        .filter(|price| frame.scale.contains(*price))
}

/// Draws the crosshair through a column and a row of the plot.
pub fn draw_crosshair(canvas: &mut Canvas<'_>, frame: &Frame<'_>, column: usize, row: Option<u16>) {
    let style = canvas.theme.overlay;
    let plot = frame.layout.plot;
    let x = frame.middle(&frame.columns[column]);
    let row = row.map(|row| plot.y + row);
    let upright = canvas.pick('┆', '|');
    for y in plot.y..frame.layout.body_bottom() {
        let glyph = if row == Some(y) {
            canvas.pick('┼', '+')
        } else {
            upright
        };
        canvas.put_behind(x, y, glyph, style);
    }
    if let Some(y) = row {
        let level = canvas.pick('┄', '-');
        for x in plot.x..plot.right() {
            canvas.put_behind(x, y, level, style);
        }
    }
}
