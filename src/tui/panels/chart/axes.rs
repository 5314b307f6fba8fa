//! Drawing the axes: round prices and tags at the right, times below, separators between sessions.

use ratatui::style::{Modifier, Style};

use super::candle::Course;
use super::canvas::Canvas;
use super::columns::break_width;
use super::frame::{Frame, whole_digits};
use super::overlay::reference;
use super::scale::{PriceScale, volume_text};
use super::time_axis::{TimeLabel, moment};

/// Draws the price axis: its line, the round prices, and the tags of the reference and the last price and of the
/// crosshair, which stands over all of them.
pub fn draw_prices(canvas: &mut Canvas<'_>, frame: &Frame<'_>, crosshair_price: Option<f64>) {
    let axis = frame.layout.price_axis;
    if axis.is_empty() {
        return;
    }
    let dim = canvas.theme.dim;
    let line = canvas.pick('│', '|');
    for y in axis.y..axis.bottom() {
        canvas.put(axis.x, y, line, dim);
    }
    let tick = canvas.pick('┤', '+');
    for &price in &frame.ticks.prices {
        let y = canvas_row(frame, price);
        canvas.put(axis.x, y, tick, dim);
        let text = frame.price_text(price, frame.axis_decimals, canvas.minus());
        label(canvas, frame, y, &text, dim);
    }
    if let Some(price) = reference(frame) {
        let y = canvas_row(frame, price);
        let text = frame.price_text(price, frame.price_decimals, canvas.minus());
        tag(canvas, frame, y, &text, canvas.theme.overlay, tick);
    }
    if let Some(price) = frame.last_price() {
        let y = canvas_row(frame, price);
        let text = frame.price_text(price, frame.price_decimals, canvas.minus());
        let course = frame
            .subject
            .chart
            .candles
            .last()
            .map_or(Course::Flat, Course::of);
        let style = course.style(canvas.theme, true);
        // Beyond the scale it stands at the edge and points there.
        let mark = if price > frame.scale.high() {
            canvas.pick('↑', '^')
        } else if price < frame.scale.low() {
            canvas.pick('↓', 'v')
        } else {
            canvas.pick('┤', '<')
        };
        let style = style.add_modifier(Modifier::BOLD | Modifier::REVERSED);
        tag(canvas, frame, y, &text, style, mark);
    }
    if let Some(price) = crosshair_price {
        let y = canvas_row(frame, price);
        let text = frame.price_text(price, frame.price_decimals, canvas.minus());
        let style = canvas.theme.overlay.add_modifier(Modifier::REVERSED);
        let mark = canvas.pick('┼', '+');
        tag(canvas, frame, y, &text, style, mark);
    }
}

pub(super) fn canvas_row(frame: &Frame<'_>, price: f64) -> u16 {
    frame.layout.plot.y + frame.scale.part(price, frame.layout.plot.height)
}

/// Writes a price so that all decimal points stand below one another.
fn label(canvas: &mut Canvas<'_>, frame: &Frame<'_>, y: u16, text: &str, style: Style) {
    let axis = frame.layout.price_axis;
    let space = Frame::axis_space(canvas.area);
    let indent = frame.axis_whole_digits().saturating_sub(whole_digits(text));
    let x = axis.x + 1 + space + indent;
    canvas.text(x, y, text, style);
}

/// Writes a price over the whole width of the axis, whatever stood there.
pub(super) fn tag(
    canvas: &mut Canvas<'_>,
    frame: &Frame<'_>,
    y: u16,
    text: &str,
    style: Style,
    mark: char,
) {
    let axis = frame.layout.price_axis;
    let dim = canvas.theme.dim;
    canvas.put(axis.x, y, mark, dim);
    for x in axis.x + 1..axis.right() {
        canvas.put(x, y, ' ', style);
    }
    label(canvas, frame, y, text, style);
}

/// Writes round volumes beside their heights, or where there is no room for such, what a full column stands for.
pub fn draw_volumes(canvas: &mut Canvas<'_>, frame: &Frame<'_>) {
    let (axis, volume) = (frame.layout.price_axis, frame.layout.volume);
    let largest = frame.largest_volume();
    if axis.is_empty() || volume.is_empty() || largest <= 0.0 {
        return;
    }
    let dim = canvas.theme.dim;
    let tick = canvas.pick('┤', '+');
    let x = axis.x + 1 + Frame::axis_space(canvas.area);
    let scale = PriceScale::from_zero(largest);
    let mut volumes = scale.ticks(volume.height, 3).prices;
    volumes.retain(|volume| *volume > 0.0);
    if volumes.is_empty() {
        volumes.push(largest);
    }
    for value in volumes {
        let y = volume.y + scale.part(value, volume.height);
        canvas.put(axis.x, y, tick, dim);
        canvas.text(x, y, &volume_text(value), dim);
    }
}

/// Draws the separators between sessions, behind everything.
pub fn draw_separators(canvas: &mut Canvas<'_>, frame: &Frame<'_>) {
    let plot = frame.layout.plot;
    let glyph = canvas.pick('┊', ':');
    let style = canvas.theme.dim;
    for column in frame.columns.iter().filter(|column| column.breaks) {
        let x = plot.x + column.x.saturating_sub(break_width(frame.zoom));
        for y in plot.y..frame.layout.body_bottom() {
            canvas.put_behind(x, y, glyph, style);
        }
    }
}

/// Draws a dot where a round price meets a labelled time.
pub fn draw_grid(canvas: &mut Canvas<'_>, frame: &Frame<'_>, labels: &[TimeLabel]) {
    let style = canvas.theme.dim.add_modifier(Modifier::DIM);
    let glyph = canvas.pick('·', '.');
    for &price in &frame.ticks.prices {
        let y = canvas_row(frame, price);
        for label in labels {
            canvas.put_behind(frame.layout.plot.x + label.tick, y, glyph, style);
        }
    }
}

/// Draws the time axis, with the crosshair's time in place of the labels that it would cover; and, below the price
/// axis, how many newer candles are out of view.
pub fn draw_times(
    canvas: &mut Canvas<'_>,
    frame: &Frame<'_>,
    labels: &[TimeLabel],
    crosshair_column: Option<usize>,
) {
    let axis = frame.layout.time_axis;
    if axis.is_empty() {
        return;
    }
    let tag = crosshair_column.map(|column| time_tag(frame, column, axis.width));
    for label in labels {
        let end = label.x + label.text.len() as u16;
        let is_covered = tag
            .as_ref()
            .is_some_and(|(x, text)| label.x <= x + text.len() as u16 && *x <= end);
        if !is_covered {
            let style = if label.is_date {
                canvas.theme.text.add_modifier(Modifier::BOLD)
            } else {
                canvas.theme.dim
            };
            canvas.text(axis.x + label.x, axis.y, &label.text, style);
        }
    }
    if let Some((x, text)) = tag {
        let style = canvas.theme.overlay.add_modifier(Modifier::REVERSED);
        canvas.text(axis.x + x, axis.y, &text, style);
    }
    draw_newer(canvas, frame);
}

fn time_tag(frame: &Frame<'_>, column: usize, width: u16) -> (u16, String) {
    let column = &frame.columns[column];
    let is_day = frame.subject.chart.timeframe == crate::domain::time::Timeframe::D1;
    let text = [" %-d %b %Y %H:%M", " %-d %b %H:%M", "%H:%M"]
        .into_iter()
        .map(|format| moment(column.start, frame.zone, is_day, format))
        .map(|text| {
            if text.starts_with(' ') {
                text + " "
            } else {
                text
            }
        })
        .find(|text| text.len() * 3 <= usize::from(width))
        .unwrap_or_default();
    let length = text.len() as u16;
    let x = (column.x + frame.zoom.body / 2)
        .saturating_sub(length / 2)
        .min(width.saturating_sub(length));
    (x, text)
}

fn draw_newer(canvas: &mut Canvas<'_>, frame: &Frame<'_>) {
    let newer = frame.newer();
    if newer == 0 {
        return;
    }
    let (axis, times) = (frame.layout.price_axis, frame.layout.time_axis);
    let style = canvas.theme.warning.add_modifier(Modifier::BOLD);
    let mark = canvas.pick('»', '>');
    let text = [
        format!("{mark} {newer}"),
        format!("{mark}{newer}"),
        mark.to_string(),
    ]
    .into_iter()
    .find(|text| text.chars().count() <= usize::from(axis.width));
    match text {
        Some(text) => canvas.text(axis.x, times.y, &text, style),
        None => canvas.put(times.right().saturating_sub(1), times.y, mark, style),
    }
}
