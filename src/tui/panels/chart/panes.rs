//! Indicators in panes below the candles: lines, bars around zero, guides, and a title with the values.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::domain::indicator::ChartPlace;
use crate::pipeline::snapshot::Study;

use super::candle::Course;
use super::canvas::Canvas;
use super::columns::Column;
use super::dots::{Dots, Pattern, Pen};
use super::frame::Frame;
use super::scale::{PriceScale, price_text, signed, volume_text};
use super::studies::{Pane, Piece, color, label, places, value_at, visible_values, write_groups};

/// Values from this size on are written as volumes are.
const LARGE: f64 = 100_000.0;
/// The share of a range below and above which its guides stand.
const GUIDES: [f64; 2] = [0.3, 0.7];

/// The bars of an indicator are those of the output of this name.
const BARS: &str = "histogram";

/// Works out a pane.
#[must_use]
pub fn pane(at: usize, study: &Study, columns: &[Column], area: Rect) -> Pane {
    let range = match study.column.place {
        ChartPlace::Pane { range } => range,
        ChartPlace::Overlay => None,
    };
    let scale = range.map_or_else(
        || scale_of(study, columns),
        |(low, high)| PriceScale::between(f64::from(low), f64::from(high)),
    );
    let width = scale.high() - scale.low();
    Pane {
        study: at,
        title: Rect { height: 1, ..area },
        plot: Rect {
            y: area.y + 1,
            height: area.height.saturating_sub(1),
            ..area
        },
        scale,
        range,
        decimals: (3.0 - width.log10().floor()).clamp(1.0, 8.0) as usize,
    }
}

/// A scale that follows the visible values; bars stand on zero, which is then part of it.
fn scale_of(study: &Study, columns: &[Column]) -> PriceScale {
    let zero = study.column.outputs.contains(&BARS).then_some(0.0);
    let values = visible_values(study, columns).chain(zero);
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low <= high {
        PriceScale::around(low, high)
    } else {
        PriceScale::around(0.0, 0.0)
    }
}

impl Pane {
    /// Levels that the eye is to measure the values by.
    fn guides(&self) -> Vec<f64> {
        let (low, high) = (self.scale.low(), self.scale.high());
        match self.range {
            Some((from, to)) if from >= 0 || to <= 0 => {
                GUIDES.map(|share| low + (high - low) * share).to_vec()
            }
            _ if low < 0.0 && high > 0.0 => vec![0.0],
            _ => Vec::new(),
        }
    }

    fn text(&self, value: f64) -> String {
        if self.scale.high().abs().max(self.scale.low().abs()) >= LARGE {
            volume_text(value)
        } else {
            price_text(value, self.decimals)
        }
    }

    fn columns(&self) -> usize {
        if self.scale.high().abs().max(self.scale.low().abs()) >= LARGE {
            return 6;
        }
        let width = |value: f64| self.text(value).chars().count();
        width(self.scale.low()).max(width(self.scale.high()))
    }
}

fn line_pen(canvas: &Canvas<'_>, output: usize) -> Pen {
    const PLAIN: [(char, char); 3] = [('━', '~'), ('╍', '='), ('─', '%')];
    let (plain, ascii) = PLAIN[output % PLAIN.len()];
    Pen {
        style: color(canvas.theme, output),
        pattern: if output.is_multiple_of(2) {
            Pattern::Solid
        } else {
            Pattern::Dashed
        },
        plain: canvas.pick(plain, ascii),
    }
}

/// Draws bars and lines of all panes.
pub fn draw(canvas: &mut Canvas<'_>, frame: &Frame<'_>) {
    for pane in &frame.panes {
        let Some(study) = frame.subject.chart.studies.get(pane.study) else {
            continue;
        };
        let outputs = study.column.outputs;
        // Lines stand before bars.
        let mut dots = Dots::new(pane.plot, canvas.glyphs);
        let lines = outputs.iter().enumerate();
        let lines = lines.filter(|(_, name)| **name != BARS);
        for (number, (output, _)) in lines.enumerate() {
            dots.take(line_pen(canvas, number));
            let value = |_: usize, column: &Column| value_at(study, output, column);
            let points = places(frame, &dots, pane.scale, value);
            dots.path(&points);
        }
        dots.draw(canvas);
        if let Some(output) = outputs.iter().position(|name| *name == BARS) {
            draw_bars(canvas, frame, pane, study, output);
        }
    }
}

fn draw_bars(
    canvas: &mut Canvas<'_>,
    frame: &Frame<'_>,
    pane: &Pane,
    study: &Study,
    output: usize,
) {
    let halves = pane.plot.height * 2;
    let zero = pane.scale.part(0.0, halves);
    for column in &frame.columns {
        let Some(value) = value_at(study, output, column).filter(|value| *value != 0.0) else {
            continue;
        };
        let course = if value > 0.0 {
            Course::Rose
        } else {
            Course::Fell
        };
        let style = course
            .style(canvas.theme, column.regular)
            .add_modifier(Modifier::DIM);
        let end = pane.scale.part(value, halves);
        let (from, to) = (zero.min(end), zero.max(end));
        for row in from / 2..=to / 2 {
            let is_in = |half: u16| (from..=to).contains(&half);
            let glyph = match (is_in(row * 2), is_in(row * 2 + 1)) {
                (true, true) => canvas.pick('█', '#'),
                (true, false) => canvas.pick('▀', '"'),
                _ => canvas.pick('▄', '_'),
            };
            for x in column.x..column.x + frame.zoom.body {
                canvas.put_behind(pane.plot.x + x, pane.plot.y + row, glyph, style);
            }
        }
    }
}

/// Draws guides, titles with the values at a column, and the labels beside the panes; to be done last.
pub fn draw_labels(canvas: &mut Canvas<'_>, frame: &Frame<'_>, column: usize) {
    for pane in &frame.panes {
        draw_guides(canvas, frame, pane);
        draw_axis(canvas, frame, pane);
        draw_title(canvas, frame, pane, column);
    }
}

fn draw_guides(canvas: &mut Canvas<'_>, frame: &Frame<'_>, pane: &Pane) {
    let style = canvas.theme.dim.add_modifier(Modifier::DIM);
    let glyph = canvas.pick('┄', '.');
    let end = frame
        .columns
        .last()
        .map_or(0, |column| column.x + frame.zoom.pitch);
    for guide in pane.guides() {
        let y = pane.plot.y + pane.scale.part(guide, pane.plot.height);
        for x in 0..end.min(pane.plot.width) {
            canvas.put_behind(pane.plot.x + x, y, glyph, style);
        }
    }
}

fn draw_axis(canvas: &mut Canvas<'_>, frame: &Frame<'_>, pane: &Pane) {
    let axis = frame.layout.price_axis;
    if axis.is_empty() {
        return;
    }
    let mut levels = pane.guides();
    let mut decimals = 0;
    if pane.range.is_none() {
        let ticks = pane.scale.ticks(pane.plot.height, 2);
        (levels, decimals) = (ticks.prices, ticks.decimals);
    }
    let is_large = pane.scale.high().abs().max(pane.scale.low().abs()) >= LARGE;
    let style = canvas.theme.dim;
    let tick = canvas.pick('┤', '+');
    let x = axis.x + 1 + Frame::axis_space(canvas.area);
    for level in levels {
        let y = pane.plot.y + pane.scale.part(level, pane.plot.height);
        canvas.put(axis.x, y, tick, style);
        let text = if is_large {
            volume_text(level)
        } else {
            price_text(level, decimals)
        };
        canvas.text(x, y, &text, style);
    }
}

fn draw_title(canvas: &mut Canvas<'_>, frame: &Frame<'_>, pane: &Pane, column: usize) {
    let (Some(study), Some(column)) = (
        frame.subject.chart.studies.get(pane.study),
        frame.columns.get(column),
    ) else {
        return;
    };
    let columns = pane.columns();
    let mut groups: Vec<Vec<Piece>> = Vec::new();
    let mut number = 0;
    for (output, name) in study.column.outputs.iter().enumerate() {
        let value = value_at(study, output, column);
        let is_bars = *name == BARS;
        let text = match value {
            None => canvas.pick('–', '-').to_string(),
            Some(value) if is_bars => signed(value, pane.decimals, canvas.minus()),
            Some(value) => pane.text(value),
        };
        let style = if is_bars {
            match value {
                Some(value) if value > 0.0 => canvas.theme.up,
                Some(value) if value < 0.0 => canvas.theme.down,
                _ => canvas.theme.text,
            }
        } else {
            number += 1;
            line_pen(canvas, number - 1).style
        };
        let mut pieces = Vec::new();
        if !name.is_empty() {
            if is_bars {
                pieces.push((format!("{name} "), canvas.theme.dim));
            } else {
                let mark = line_pen(canvas, number - 1).mark(canvas.glyphs);
                pieces.push((format!("{mark} "), style));
                pieces.push((format!("{} ", name.replace('_', " ")), canvas.theme.dim));
            }
        }
        let columns = columns + usize::from(is_bars);
        pieces.push((format!("{text:>columns$}"), style));
        groups.push(pieces);
    }
    let title = label(&study.column.spec);
    let area = pane.title;
    for x in area.x..area.right() {
        canvas.put(x, area.y, ' ', canvas.theme.text);
    }
    let style = canvas.theme.text.add_modifier(Modifier::BOLD);
    canvas.text(area.x, area.y, &title, style);
    let used = (title.chars().count() as u16 + 2).min(area.width);
    let rest = Rect {
        x: area.x + used,
        width: area.width - used,
        ..area
    };
    write_groups(canvas, rest, &groups);
}
