//! Several symbols in per cent since the first visible candle of each, along one axis of time.

use std::collections::HashSet;
use std::sync::Arc;

use ratatui::layout::Rect;

use crate::domain::bar::Candle;
use crate::domain::symbol::SymbolId;
use crate::domain::time::{Timeframe, UnixMs};
use crate::pipeline::Snapshot;
use crate::pipeline::snapshot::ChartView;
use crate::tui::text::safe;

use super::axes::{canvas_row, tag};
use super::canvas::Canvas;
use super::columns::Column;
use super::dots::{Dots, Pattern, Pen};
use super::frame::Frame;
use super::scale::signed;
use super::studies::{Piece, color, places, write_groups};
use super::time_axis::moment;

/// The most symbols that are compared.
pub const COMPARED_MAX: usize = 9;

/// One of the symbols that are compared.
#[derive(Debug, Clone)]
pub struct Compared {
    /// Its name, safe to draw.
    pub name: String,
    /// Its candles; `None` while they are under way.
    pub chart: Option<Arc<ChartView>>,
}

/// The symbols with their charts, and a chart that has a candle at every time at which one of them has; `None` while
/// none of them has any.
#[must_use]
pub fn charts(
    symbols: &[SymbolId],
    timeframe: Timeframe,
    snapshot: &Snapshot,
) -> Option<(Arc<ChartView>, Vec<Compared>)> {
    let compared: Vec<Compared> = symbols
        .iter()
        .filter_map(|id| snapshot.rows.get(*id))
        .map(|row| {
            let mut charts = snapshot.charts.iter();
            let chart = charts.find(|it| it.symbol == row.id && it.timeframe == timeframe);
            Compared {
                name: safe(row.symbol.as_str()).into_owned(),
                chart: chart.cloned(),
            }
        })
        .collect();
    let first = compared.iter().find_map(|one| one.chart.as_ref())?;
    let charts = || compared.iter().filter_map(|one| one.chart.as_ref());
    // Sorted runs, one after another: what this sort is quickest with.
    let mut times: Vec<UnixMs> = charts()
        .flat_map(|chart| chart.candles.iter().map(|candle| candle.start))
        .collect();
    times.sort();
    times.dedup();
    let candles: Vec<Candle> = times.into_iter().map(|start| flat(start, 0.0)).collect();
    let axis = ChartView {
        symbol: first.symbol,
        timeframe,
        calendar: first.calendar,
        candles: Arc::new(candles),
        studies: Vec::new(),
    };
    Some((Arc::new(axis), compared))
}

fn flat(start: UnixMs, price: f64) -> Candle {
    Candle {
        start,
        open: price,
        high: price,
        low: price,
        close: price,
        volume: 0.0,
    }
}

/// The change of each symbol at the end of each column since its first visible candle, in per cent. Where a symbol has
/// no candle in a column, there is none.
#[must_use]
pub fn percents(
    compared: &[Compared],
    axis: &[Candle],
    columns: &[Column],
) -> Vec<Vec<Option<f64>>> {
    let time = |index: usize| axis.get(index).map(|candle| candle.start);
    compared
        .iter()
        .map(|one| {
            let candles: &[Candle] = one.chart.as_ref().map_or(&[], |chart| &chart.candles);
            let mut base = None;
            columns
                .iter()
                .map(|column| {
                    let (from, to) = (time(column.first)?, time(column.end.checked_sub(1)?)?);
                    let end = candles.partition_point(|candle| candle.start <= to);
                    let candle = candles.get(end.checked_sub(1)?)?;
                    if candle.start < from {
                        return None;
                    }
                    let base = *base.get_or_insert(candle.close);
                    let percent = (candle.close / base - 1.0) * 100.0;
                    percent.is_finite().then_some(percent)
                })
                .collect()
        })
        .collect()
}

/// The least and the greatest change, with none among them.
#[must_use]
pub fn range(percents: &[Vec<Option<f64>>]) -> (f64, f64) {
    let all = percents.iter().flatten().flatten();
    all.fold((0.0, 0.0), |(low, high): (f64, f64), percent| {
        (low.min(*percent), high.max(*percent))
    })
}

/// Lets the columns' candles stand where the first symbol that has a value does: there a crosshair begins.
pub fn set_bars(bars: &mut [Candle], percents: &[Vec<Option<f64>>]) {
    for (at, bar) in bars.iter_mut().enumerate() {
        let value = percents.iter().find_map(|line| *line.get(at)?);
        *bar = flat(bar.start, value.unwrap_or(0.0));
    }
}

fn pen(canvas: &Canvas<'_>, number: usize) -> Pen {
    const PLAIN: [(char, char); 5] = [('━', '*'), ('╍', '='), ('┈', ':'), ('─', '%'), ('╌', '&')];
    const PATTERNS: [Pattern; 3] = [Pattern::Solid, Pattern::Dashed, Pattern::Dotted];
    let (plain, ascii) = PLAIN[number % PLAIN.len()];
    Pen {
        style: color(canvas.theme, number),
        pattern: PATTERNS[number % PATTERNS.len()],
        plain: canvas.pick(plain, ascii),
    }
}

/// Draws the lines.
pub fn draw(canvas: &mut Canvas<'_>, frame: &Frame<'_>) {
    let mut dots = Dots::new(frame.layout.plot, canvas.glyphs);
    for (number, line) in frame.percents.iter().enumerate() {
        dots.take(pen(canvas, number));
        let value = |at: usize, _: &Column| *line.get(at)?;
        let points = places(frame, &dots, frame.scale, value);
        dots.path(&points);
    }
    dots.draw(canvas);
    // No change at all, behind everything.
    let y = canvas_row(frame, 0.0);
    let style = canvas.theme.dim;
    let glyph = canvas.pick('┄', '-');
    for x in frame.layout.plot.x..frame.layout.plot.right() {
        canvas.put_behind(x, y, glyph, style);
    }
}

/// Marks on the axis where each line ends; of two in one row the later gives way.
pub fn draw_tags(canvas: &mut Canvas<'_>, frame: &Frame<'_>) {
    let mut taken = HashSet::new();
    if frame.layout.price_axis.is_empty() {
        return;
    }
    for (number, line) in frame.percents.iter().enumerate() {
        let Some(value) = line.iter().rev().find_map(|value| *value) else {
            continue;
        };
        let y = canvas_row(frame, value);
        if taken.insert(y) {
            let pen = pen(canvas, number);
            let text = frame.price_text(value, frame.price_decimals, canvas.minus());
            let mark = canvas.pick('┤', '<');
            tag(canvas, frame, y, &text, pen.style, mark);
        }
    }
}

/// Names the symbols with their changes at a column, on two lines.
pub fn draw_legend(canvas: &mut Canvas<'_>, frame: &Frame<'_>, column: usize) {
    let Some(place) = frame.columns.get(column) else {
        return;
    };
    let text = |value: f64| signed(value, 2, canvas.minus()) + "%";
    let columns = [frame.scale.low(), frame.scale.high()]
        .map(|value| text(value).chars().count())
        .into_iter()
        .max()
        .unwrap_or(0);
    let groups: Vec<Vec<Piece>> = frame
        .subject
        .compared
        .iter()
        .zip(&frame.percents)
        .enumerate()
        .map(|(number, (one, line))| {
            let pen = pen(canvas, number);
            let value = line.get(column).copied().flatten();
            let text = match (value, &one.chart) {
                (Some(value), _) => text(value),
                (None, None) => "loading".to_owned(),
                (None, Some(_)) => canvas.pick('–', '-').to_string(),
            };
            vec![
                (format!("{} ", pen.mark(canvas.glyphs)), pen.style),
                (format!("{} ", one.name), canvas.theme.text),
                (format!("{text:>columns$}"), pen.style),
            ]
        })
        .collect();
    let is_day = frame.subject.chart.timeframe == Timeframe::D1;
    let format = if is_day { "%Y-%m-%d" } else { "%m-%d %H:%M" };
    let time = moment(place.start, frame.zone, is_day, format);
    let area = frame.layout.readout;
    let style = canvas.theme.text;
    let used = (time.chars().count() as u16 + 2).min(area.width);
    if !area.is_empty() {
        canvas.text(area.x, area.y, &time, style);
    }
    let rest = Rect {
        x: area.x + used,
        width: area.width - used,
        ..area
    };
    let has_two = !frame.layout.legend.is_empty();
    let on_first = if area.is_empty() {
        0
    } else if has_two {
        fitting(&groups, rest.width)
    } else {
        groups.len()
    };
    if on_first > 0 {
        write_groups(canvas, rest, &groups[..on_first]);
    }
    if has_two {
        let second = Rect {
            x: rest.x,
            width: rest.width,
            ..frame.layout.legend
        };
        write_groups(canvas, second, &groups[on_first..]);
    }
}

/// How many groups stand in a line without any mark that some are left out.
fn fitting(groups: &[Vec<Piece>], width: u16) -> usize {
    let mut used = 0;
    groups
        .iter()
        .take_while(|group| {
            let texts = group.iter().map(|(text, _)| text.chars().count());
            used += texts.sum::<usize>();
            let fits = used <= usize::from(width);
            used += 3;
            fits
        })
        .count()
}

#[cfg(test)]
mod tests {
    use crate::domain::time::{MINUTE_MS, SessionCalendar};

    use super::*;

    fn chart(minutes: &[(i64, f64)]) -> Compared {
        let candles = minutes
            .iter()
            .map(|(minute, close)| flat(UnixMs(minute * MINUTE_MS), *close));
        Compared {
            name: "A".to_owned(),
            chart: Some(Arc::new(ChartView {
                symbol: SymbolId(0),
                timeframe: Timeframe::M1,
                calendar: SessionCalendar::UtcDay,
                candles: Arc::new(candles.collect()),
                studies: Vec::new(),
            })),
        }
    }

    fn column(first: usize, end: usize) -> Column {
        Column {
            first,
            end,
            x: 0,
            start: UnixMs(0),
            breaks: false,
            regular: true,
        }
    }

    #[test]
    fn changes_count_from_each_symbol_s_first_visible_candle_and_gaps_stay_gaps() {
        let axis: Vec<Candle> = (0..6).map(|at| flat(UnixMs(at * MINUTE_MS), 0.0)).collect();
        let compared = [
            chart(&[(0, 50.0), (1, 100.0), (2, 101.0), (3, 99.0), (5, 110.0)]),
            chart(&[(2, 10.0), (4, 20.0)]),
            Compared {
                name: "B".to_owned(),
                chart: None,
            },
        ];
        let single: Vec<Column> = (1..6).map(|at| column(at, at + 1)).collect();
        let round = |lines: Vec<Vec<Option<f64>>>| -> Vec<Vec<Option<i64>>> {
            let round = |value: Option<f64>| value.map(|value| value.round() as i64);
            lines
                .into_iter()
                .map(|line| line.into_iter().map(round).collect())
                .collect()
        };
        assert_eq!(
            round(percents(&compared, &axis, &single)),
            [
                vec![Some(0), Some(1), Some(-1), None, Some(10)],
                vec![None, Some(0), None, Some(100), None],
                vec![None; 5],
            ]
        );
        // Two minutes in a column: the last of them counts.
        let merged = [column(0, 2), column(2, 4), column(4, 6)];
        assert_eq!(
            round(percents(&compared[..1], &axis, &merged)),
            [[Some(0), Some(-1), Some(10)]]
        );
        assert_eq!(range(&percents(&compared[2..], &axis, &single)), (0.0, 0.0));
    }
}
