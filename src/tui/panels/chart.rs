//! The chart of the selected symbol: candles, volumes, a crosshair.
//!
//! What is looked at ([`frame::View`]) is kept as times and prices; each drawing and each click works out from it,
//! the data and the area what stands where ([`frame::Frame`]), so nothing goes stale while candles arrive. Only
//! visible candles are looked at.
//!
//! Indicators over the candles are in [`studies`], those below them in [`panes`]; [`compare`] shows several symbols in
//! per cent.

pub mod axes;
pub mod candle;
pub mod canvas;
pub mod columns;
pub mod compare;
pub mod days;
pub mod dots;
pub mod frame;
pub mod layout;
pub mod overlay;
pub mod pair;
pub mod panes;
pub mod readout;
pub mod scale;
pub mod studies;
pub mod time_axis;
pub mod zoom;

mod moves;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::domain::symbol::SymbolId;
use crate::domain::time::Timeframe;
use crate::pipeline::meters::ConnectionState;
use crate::pipeline::snapshot::{ChartView, Row};
use crate::tui::market;
use crate::tui::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};
use crate::tui::text::safe;
use crate::tui::theme::GlyphSet;

use candle::{Course, Place};
use canvas::Canvas;
use frame::{Crosshair, Frame, Subject, View, end_at};
use moves::Drag;

/// The chart panel.
#[derive(Debug, Default)]
pub struct ChartPanel {
    view: View,
    /// Whose chart the view is of.
    symbol: Option<SymbolId>,
    /// Where it was last drawn.
    area: Rect,
    drag: Option<Drag>,
    /// Where the button went down last, and the crosshair before that.
    pressed: Option<(Position, Option<Crosshair>)>,
    /// The symbols that are compared; none for the candles of the selected one.
    compared: Vec<SymbolId>,
    /// Whether it is one of several small charts.
    is_small: bool,
    /// The panes that had no room when it was drawn last.
    left_out: Vec<String>,
}

impl ChartPanel {
    /// A chart of one-minute candles that follows the newest.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One of several small charts, without numbers above it and panes below it.
    #[must_use]
    pub fn small() -> Self {
        Self {
            is_small: true,
            ..Self::default()
        }
    }

    /// The symbols that are compared; none while it shows candles.
    #[must_use]
    pub fn compared(&self) -> &[SymbolId] {
        &self.compared
    }

    /// Compares these symbols in per cent, at most [`compare::COMPARED_MAX`]; with none it shows the candles of the
    /// selected one.
    pub fn compare(&mut self, symbols: Vec<SymbolId>) {
        self.compared = symbols;
        self.compared.truncate(compare::COMPARED_MAX);
        self.view.crosshair = None;
    }

    /// The zoom, from near to far.
    #[must_use]
    pub fn zoom_level(&self) -> usize {
        self.view.level
    }

    /// Sets the zoom.
    pub fn set_zoom_level(&mut self, level: usize) {
        self.view.level = level;
    }

    /// The length of the candles that it shows, and that the engine has to be asked for.
    #[must_use]
    pub fn timeframe(&self) -> Timeframe {
        self.view.timeframe
    }

    /// Shows candles of another length, at the same time and zoom.
    pub fn set_timeframe(&mut self, timeframe: Timeframe) {
        self.view.timeframe = timeframe;
        self.drag = None;
    }

    /// Forgets where another symbol was looked at; zoom and timeframe stay.
    fn follow_selection(&mut self, selected: Option<SymbolId>) {
        if self.symbol != selected {
            self.symbol = selected;
            self.view.anchor = None;
            self.view.crosshair = None;
            self.drag = None;
            self.pressed = None;
        }
    }

    fn chart<'a>(&self, context: &PanelContext<'a>) -> Option<&'a Arc<ChartView>> {
        let charts = &context.snapshot.charts;
        charts.iter().find(|chart| {
            Some(chart.symbol) == context.selected && chart.timeframe == self.view.timeframe
        })
    }

    fn subject<'a>(&self, context: &PanelContext<'a>) -> Option<Subject<'a>> {
        if self.compared.is_empty() {
            return Some(Subject {
                is_small: self.is_small,
                ..Subject::of_candles(self.chart(context)?, row(context), context.zone)
            });
        }
        let (chart, compared) =
            compare::charts(&self.compared, self.view.timeframe, context.snapshot)?;
        Some(Subject {
            compared,
            ..Subject::of_candles(&chart, None, context.zone)
        })
    }

    fn frame<'a>(&self, context: &PanelContext<'a>) -> Option<Frame<'a>> {
        Frame::new(&self.subject(context)?, &self.view, self.area)
    }

    fn draw_frame(&self, canvas: &mut Canvas<'_>, frame: &mut Frame<'_>) {
        let crosshair = self.view.crosshair;
        let column = crosshair.and_then(|crosshair| frame.column_of(crosshair.time));
        let price = crosshair
            .filter(|crosshair| column.is_some() && frame.scale.contains(crosshair.price))
            .map(|crosshair| crosshair.price);
        let mut days = frame.days.clone();
        if frame.is_compared() {
            compare::draw(canvas, frame);
        } else {
            draw_columns(canvas, frame);
            studies::draw_overlays(canvas, frame);
            panes::draw(canvas, frame);
        }
        if let Some(column) = column {
            let rows = frame.layout.plot.height;
            let row = price.map(|price| frame.scale.part(price, rows));
            overlay::draw_crosshair(canvas, frame, column, row);
        }
        if !frame.has_vwap_study() {
            overlay::draw_vwap(canvas, frame, &mut days);
        }
        overlay::draw_reference(canvas, frame, &mut days);
        axes::draw_separators(canvas, frame);
        let labels = frame.time_axis().labels(&frame.columns);
        axes::draw_grid(canvas, frame, &labels);
        axes::draw_prices(canvas, frame, price);
        axes::draw_volumes(canvas, frame);
        let read = column.unwrap_or(frame.columns.len() - 1);
        panes::draw_labels(canvas, frame, read);
        axes::draw_times(canvas, frame, &labels, column);
        if frame.is_compared() {
            compare::draw_tags(canvas, frame);
            compare::draw_legend(canvas, frame, read);
        } else {
            readout::draw(canvas, frame, read);
            studies::draw_legend(canvas, frame, read);
        }
    }

    fn title_text(&self, context: &PanelContext<'_>) -> Option<String> {
        if !self.compared.is_empty() {
            return Some("Compare".to_owned());
        }
        row(context).map(|row| market::name_text(row, context.snapshot))
    }
}

fn row<'a>(context: &PanelContext<'a>) -> Option<&'a Row> {
    context.snapshot.rows.get(context.selected?)
}

/// Candles and volumes.
fn draw_columns(canvas: &mut Canvas<'_>, frame: &Frame<'_>) {
    let (plot, volume) = (frame.layout.plot, frame.layout.volume);
    let largest = frame.largest_volume();
    let is_pair = frame.zoom.merged == 2 && canvas.glyphs != GlyphSet::Ascii;
    for (column, bar) in frame.columns.iter().zip(&frame.bars) {
        let style = Course::of(bar).style(canvas.theme, column.regular);
        let place = Place {
            x: column.x,
            body: frame.zoom.body,
            is_tight: frame.zoom.body == frame.zoom.pitch,
        };
        if is_pair {
            let two = &frame.subject.chart.candles[column.first..column.end];
            pair::draw(canvas, plot, column.x, two, &frame.scale, style);
        } else {
            candle::draw(canvas, plot, place, bar, &frame.scale, style);
        }
        if !volume.is_empty() {
            let style = style.add_modifier(ratatui::style::Modifier::DIM);
            candle::draw_volume(canvas, volume, place, bar.volume, largest, style);
        }
    }
}

/// Writes as much of a message as says something whole, in the middle.
fn draw_message(canvas: &mut Canvas<'_>, first: &str, second: &str) {
    let area = canvas.area;
    let lines: Vec<&str> = [first, second]
        .into_iter()
        .filter(|line| !line.is_empty() && line.chars().count() <= usize::from(area.width))
        .take(usize::from(area.height))
        .collect();
    let top = area.y + (area.height.saturating_sub(lines.len() as u16)) / 2;
    let style = canvas.theme.dim;
    for (y, line) in (top..).zip(lines) {
        let x = area.x + (area.width - line.chars().count() as u16) / 2;
        canvas.text(x, y, line, style);
    }
}

impl Panel for ChartPanel {
    fn name(&self) -> &'static str {
        "chart"
    }

    fn title(&self, context: &PanelContext<'_>) -> Line<'static> {
        let theme = context.theme;
        let Some(title) = self.title_text(context) else {
            return Line::from(Span::styled("Chart", theme.accent));
        };
        let dot = if context.glyphs == GlyphSet::Ascii {
            " - "
        } else {
            " · "
        };
        let timeframe = self.view.timeframe;
        let mut spans = vec![
            Span::styled(title, theme.accent),
            Span::styled(dot, theme.dim),
            Span::styled(timeframe.label(), theme.text),
        ];
        let merged = zoom::zoom(self.view.level, timeframe).merged;
        if merged > 1 {
            spans.push(Span::styled(format!(" x{merged}"), theme.text));
        }
        if self.symbol == context.selected
            && self.compared.is_empty()
            && let (Some(anchor), Some(chart)) = (self.view.anchor, self.chart(context))
        {
            let newer = chart.candles.len() - end_at(&chart.candles, anchor);
            if newer > 0 {
                spans.push(Span::styled(dot, theme.dim));
                spans.push(Span::styled(format!("{newer} newer"), theme.warning));
            }
        }
        if self.compared.is_empty() {
            spans.extend(market::halt_span(context));
        }
        if !self.left_out.is_empty() {
            let text = format!("no room for {}", self.left_out.join(", "));
            spans.push(Span::styled(dot, theme.dim));
            spans.push(Span::styled(text, theme.dim));
        }
        Line::from(spans)
    }

    fn render(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        self.follow_selection(context.selected);
        let area = area.intersection(*buffer.area());
        self.area = area;
        self.left_out.clear();
        for position in area.positions() {
            if let Some(cell) = buffer.cell_mut(position) {
                cell.reset();
                cell.set_style(context.theme.text);
            }
        }
        let mut canvas = Canvas {
            buffer,
            area,
            theme: context.theme,
            glyphs: context.glyphs,
        };
        if self.compared.is_empty() {
            let Some(row) = row(context) else {
                return draw_message(
                    &mut canvas,
                    "no symbol selected",
                    "choose one in the watchlist",
                );
            };
            let (symbol, timeframe) = (&row.symbol, self.view.timeframe);
            if let Some(reason) = market::refusal_text(row) {
                let (source, symbol) = (safe(row.source.as_str()), safe(symbol.as_str()));
                let text = format!("{source} does not give {symbol}: {reason}");
                let style = context.theme.dim;
                return market::put_message(canvas.buffer, canvas.area, &text, style);
            }
            let Some(chart) = self.chart(context) else {
                return draw_message(&mut canvas, &format!("loading {symbol} {timeframe}"), "");
            };
            if chart.candles.is_empty() {
                let source = context.snapshot.source(&row.source);
                let has_ended = source.is_some_and(|source| source.state == ConnectionState::Ended);
                let (yet, then) = if has_ended {
                    ("", "its source has ended")
                } else {
                    (" yet", "the first one will appear here")
                };
                let name = market::name_text(row, context.snapshot);
                let first = format!("{name} has no {timeframe} candles{yet}");
                return draw_message(&mut canvas, &first, then);
            }
        }
        if let Some(mut frame) = self.frame(context) {
            self.left_out = studies::panes(&frame.subject.chart)
                .skip(frame.panes.len())
                .map(|(_, study)| studies::label(&study.column.spec))
                .collect();
            self.draw_frame(&mut canvas, &mut frame);
        } else if !self.compared.is_empty() {
            let timeframe = self.view.timeframe;
            let text = format!("loading {} symbols {timeframe}", self.compared.len());
            draw_message(&mut canvas, &text, "");
        }
    }

    fn act(&mut self, action: PanelAction, context: &PanelContext<'_>) -> Response {
        self.follow_selection(context.selected);
        self.act_on_view(action, context)
    }

    fn mouse(&mut self, mouse: PanelMouse, context: &PanelContext<'_>) -> Response {
        self.follow_selection(context.selected);
        self.mouse_on_view(mouse, context)
    }
}

#[cfg(test)]
mod tests;
