//! Indicators over the candles, and what they and those in panes have in common.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::indicator::{ChartPlace, IndicatorSpec};
use crate::pipeline::snapshot::{ChartView, Study};
use crate::tui::theme::Theme;

use super::canvas::Canvas;
use super::columns::Column;
use super::dots::{Dots, Pattern, Pen};
use super::frame::Frame;
use super::layout::Layout;
use super::panes;
use super::scale::{PriceScale, price_text};

/// How far lines may stretch the price scale beyond the candles, as a share of the candles' range.
const STRETCH: f64 = 0.6;

/// An indicator in a pane of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pane {
    /// Which of the chart's studies.
    pub study: usize,
    /// The line of its title.
    pub title: Rect,
    /// Its lines and bars.
    pub plot: Rect,
    /// Its values.
    pub scale: PriceScale,
    /// The range that it always has.
    pub range: Option<(i32, i32)>,
    /// Decimals of its values.
    pub decimals: usize,
}

/// The studies that are drawn over the candles.
pub fn overlays(chart: &ChartView) -> impl Iterator<Item = &Study> {
    let studies = chart.studies.iter();
    studies.filter(|study| study.column.place == ChartPlace::Overlay)
}

/// The studies that have panes, with their places among all.
pub fn panes(chart: &ChartView) -> impl Iterator<Item = (usize, &Study)> {
    let studies = chart.studies.iter().enumerate();
    studies.filter(|(_, study)| study.column.place != ChartPlace::Overlay)
}

/// The value at the end of a column.
#[must_use]
pub fn value_at(study: &Study, output: usize, column: &Column) -> Option<f64> {
    let line = study.lines.get(output)?;
    *line.get(column.end.checked_sub(1)?)?
}

/// The values of all outputs that are visible.
pub fn visible_values<'a>(
    study: &'a Study,
    columns: &'a [Column],
) -> impl Iterator<Item = f64> + 'a {
    let outputs = 0..study.lines.len();
    outputs.flat_map(move |output| {
        let values = columns
            .iter()
            .map(move |column| value_at(study, output, column));
        values.flatten()
    })
}

/// The range of the candles, stretched to hold the lines over them unless those are far away.
#[must_use]
pub fn with_overlays(chart: &ChartView, columns: &[Column], (low, high): (f64, f64)) -> (f64, f64) {
    let room = (high - low) * STRETCH;
    if !room.is_finite() || room <= 0.0 {
        return (low, high);
    }
    overlays(chart)
        .flat_map(|study| visible_values(study, columns))
        .fold((low, high), |(from, to), value| {
            (
                from.min(value.max(low - room)),
                to.max(value.min(high + room)),
            )
        })
}

/// The panes that have room.
#[must_use]
pub fn lay_out(chart: &ChartView, columns: &[Column], layout: &Layout) -> Vec<Pane> {
    panes(chart)
        .zip(layout.panes.iter().filter(|area| area.height > 1))
        .map(|((at, study), area)| panes::pane(at, study, columns, *area))
        .collect()
}

/// How an indicator is called on the screen: `SMA 20`, `BB 20,2`.
#[must_use]
pub fn label(spec: &IndicatorSpec) -> String {
    let numbers: Vec<String> = spec.parameters.iter().map(f64::to_string).collect();
    let name = spec.name.to_uppercase();
    if numbers.is_empty() {
        return name;
    }
    format!("{name} {}", numbers.join(","))
}

/// The colour of the line of this number; there are only so many.
#[must_use]
pub fn color(theme: &Theme, number: usize) -> Style {
    theme.lines[number % theme.lines.len()]
}

/// The pen of one output of the study that is the `number`th over the candles.
fn pen(canvas: &Canvas<'_>, number: usize, output: &str) -> Pen {
    const PLAIN: [(char, char); 4] = [('━', '~'), ('╍', '='), ('─', '%'), ('╌', '&')];
    let (plain, ascii) = PLAIN[number % PLAIN.len()];
    let is_edge = matches!(output, "upper" | "lower");
    Pen {
        style: color(canvas.theme, number),
        pattern: match number % 2 {
            _ if is_edge => Pattern::Dotted,
            0 => Pattern::Solid,
            _ => Pattern::Dashed,
        },
        plain: if is_edge {
            canvas.pick('┈', ':')
        } else {
            canvas.pick(plain, ascii)
        },
    }
}

/// The places of a line of values in a plot, one for each column; `None` where there is no value on the scale.
pub fn places(
    frame: &Frame<'_>,
    dots: &Dots,
    scale: PriceScale,
    value: impl Fn(usize, &Column) -> Option<f64>,
) -> Vec<Option<(u16, u16)>> {
    let place = |(at, column): (usize, &Column)| {
        let value = value(at, column).filter(|value| scale.contains(*value))?;
        let x = (column.x + frame.zoom.body / 2) * dots.per_cell.0;
        Some((x, scale.part(value, dots.rows())))
    };
    frame.columns.iter().enumerate().map(place).collect()
}

/// Draws the lines over the candles.
pub fn draw_overlays(canvas: &mut Canvas<'_>, frame: &Frame<'_>) {
    let mut dots = Dots::new(frame.layout.plot, canvas.glyphs);
    for (number, study) in overlays(&frame.subject.chart).enumerate() {
        // What begins anew with each session has nothing between two of them.
        let is_of_session = study.column.spec.name == "vwap";
        for (output, name) in study.column.outputs.iter().enumerate() {
            dots.take(pen(canvas, number, name));
            let value = |_, column: &Column| value_at(study, output, column);
            let points = places(frame, &dots, frame.scale, value);
            if is_of_session {
                let mut rest = points.as_slice();
                let mut columns = frame.columns.as_slice();
                while !rest.is_empty() {
                    let next = columns.iter().skip(1).position(|column| column.breaks);
                    let end = next.map_or(rest.len(), |next| (next + 1).min(rest.len()));
                    dots.path(&rest[..end]);
                    (rest, columns) = (&rest[end..], &columns[end..]);
                }
            } else {
                dots.path(&points);
            }
        }
    }
    dots.draw(canvas);
}

/// A text with its style.
pub type Piece = (String, Style);

/// Writes groups of pieces beside one another, as many as fit as a whole, and how many are left out.
pub fn write_groups(canvas: &mut Canvas<'_>, area: Rect, groups: &[Vec<Piece>]) -> usize {
    let width = |group: &[Piece]| -> usize {
        let texts = group.iter().map(|(text, _)| text.chars().count());
        texts.sum()
    };
    let mut x = area.x;
    for (at, group) in groups.iter().enumerate() {
        let left = groups.len() - at;
        let more = format!("+{left}");
        let reserve = if left > 1 { more.len() + 3 } else { 0 };
        let end = usize::from(x) + width(group);
        if end + reserve > usize::from(area.right()) {
            let is_last = left == 1 && end <= usize::from(area.right());
            if !is_last {
                let style = canvas.theme.dim;
                canvas.text(x, area.y, &more, style);
                return at;
            }
        }
        for (text, style) in group {
            canvas.text(x, area.y, text, *style);
            x += text.chars().count() as u16;
        }
        x += 3;
    }
    groups.len()
}

/// Names the lines over the candles, with their values at a column.
pub fn draw_legend(canvas: &mut Canvas<'_>, frame: &Frame<'_>, column: usize) {
    let area = frame.layout.legend;
    let Some(column) = frame.columns.get(column).filter(|_| !area.is_empty()) else {
        return;
    };
    let decimals = frame.price_decimals;
    let text = |price: f64| price_text(price, decimals);
    let columns = [frame.scale.low(), frame.scale.high()]
        .map(|price| text(price).chars().count())
        .into_iter()
        .max()
        .unwrap_or(0);
    let groups: Vec<Vec<Piece>> = overlays(&frame.subject.chart)
        .enumerate()
        .map(|(number, study)| {
            let outputs = study.column.outputs;
            let main = outputs
                .iter()
                .find(|output| !matches!(**output, "upper" | "lower"))
                .or(outputs.first())
                .copied()
                .unwrap_or_default();
            let pen = pen(canvas, number, main);
            let mut pieces = vec![
                (format!("{} ", pen.mark(canvas.glyphs)), pen.style),
                (label(&study.column.spec), canvas.theme.dim),
            ];
            for (output, name) in outputs.iter().enumerate() {
                let arrow = match *name {
                    "upper" => canvas.pick('↑', '^').to_string(),
                    "lower" => canvas.pick('↓', 'v').to_string(),
                    _ => String::new(),
                };
                let value = value_at(study, output, column);
                let value = value.map_or_else(|| canvas.pick('–', '-').to_string(), text);
                pieces.push((format!(" {arrow}{value:>columns$}"), pen.style));
            }
            pieces
        })
        .collect();
    write_groups(canvas, area, &groups);
}
