//! All that a drawing or a click needs to know, worked out from the view, the data and the area.

use std::sync::Arc;

use chrono_tz::Tz;
use ratatui::layout::Rect;

use crate::domain::bar::Candle;
use crate::domain::time::{Timeframe, UnixMs};
use crate::pipeline::snapshot::{ChartView, Row};

use super::columns::{Column, Placing, merge};
use super::compare::{self, Compared};
use super::days::Days;
use super::layout::{Layout, Wish, split};
use super::scale::{PriceScale, Ticks, axis_decimals, decimals_of, price_text, signed};
use super::studies::{self, Pane};
use super::time_axis::TimeAxis;
use super::zoom::{LEVEL_DEFAULT, Zoom, level_last, zoom};

/// A place in the chart that the user points at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crosshair {
    /// The start of its candle.
    pub time: UnixMs,
    /// Its price.
    pub price: f64,
}

/// What part of the data is looked at. Places are times and prices, so that they stay where they are while candles
/// come and go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// The length of the candles.
    pub timeframe: Timeframe,
    /// The zoom.
    pub level: usize,
    /// The start of the last visible candle; `None` follows the newest.
    pub anchor: Option<UnixMs>,
    /// The crosshair, when it is shown.
    pub crosshair: Option<Crosshair>,
}

impl Default for View {
    fn default() -> Self {
        Self {
            timeframe: Timeframe::default(),
            level: LEVEL_DEFAULT,
            anchor: None,
            crosshair: None,
        }
    }
}

/// The index after the last candle that starts at `time` or before.
#[must_use]
pub fn end_at(candles: &[Candle], time: UnixMs) -> usize {
    candles.partition_point(|candle| candle.start <= time)
}

impl View {
    /// Lets the visible candles end before index `end`; at the newest it follows.
    pub fn set_end(&mut self, candles: &[Candle], end: usize) {
        self.anchor = match end.max(1) {
            end if end >= candles.len() => None,
            end => candles.get(end - 1).map(|candle| candle.start),
        };
    }
}

/// Whose chart is drawn, and how.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The data. While symbols are compared, it has a candle for every time that any of them has one.
    pub chart: Arc<ChartView>,
    /// The symbol's row on the board.
    pub row: Option<&'a Row>,
    /// The symbols that are compared in per cent; empty for the candles of one.
    pub compared: Vec<Compared>,
    /// Whether it is one of several small charts, without numbers above it and panes below it.
    pub is_small: bool,
    /// Whose clocks are shown.
    pub zone: Tz,
}

impl<'a> Subject<'a> {
    /// A chart of one symbol.
    #[must_use]
    pub fn of_candles(chart: &Arc<ChartView>, row: Option<&'a Row>, zone: Tz) -> Self {
        Self {
            chart: Arc::clone(chart),
            row,
            compared: Vec::new(),
            is_small: false,
            zone,
        }
    }

    fn wish(&self) -> Wish {
        let is_compared = !self.compared.is_empty();
        Wish {
            readout: !self.is_small,
            legend: !self.is_small
                && (is_compared || studies::overlays(&self.chart).next().is_some()),
            volume: !is_compared,
            panes: if self.is_small {
                0
            } else {
                studies::panes(&self.chart).count()
            },
        }
    }
}

/// The chart as it stands in an area.
#[derive(Debug)]
pub struct Frame<'a> {
    /// What it shows.
    pub subject: Subject<'a>,
    /// The zoom.
    pub zoom: Zoom,
    /// The parts.
    pub layout: Layout,
    /// The visible columns, left to right, at least one.
    pub columns: Vec<Column>,
    /// The candle of each column.
    pub bars: Vec<Candle>,
    /// For each of the compared symbols its change in per cent at each column.
    pub percents: Vec<Vec<Option<f64>>>,
    /// The panes that have room.
    pub panes: Vec<Pane>,
    /// The price scale; of per cents while symbols are compared.
    pub scale: PriceScale,
    /// Round prices.
    pub ticks: Ticks,
    /// Decimals of the labels at the round prices.
    pub axis_decimals: usize,
    /// Decimals of prices in the readout and the tags.
    pub price_decimals: usize,
    /// Whose clocks are shown.
    pub zone: Tz,
    /// The symbol's trading days.
    pub days: Days,
}

impl<'a> Frame<'a> {
    /// Works out what is visible; `None` where there is no candle or no room for one.
    #[must_use]
    pub fn new(subject: &Subject<'a>, view: &View, area: Rect) -> Option<Self> {
        let mut days = Days::new(subject.chart.calendar);
        // The axis is as wide as its labels, which depend on the visible candles, which depend on the axis: it may
        // only grow, so this ends.
        let mut axis_width = 0;
        loop {
            let frame = Self::with_axis(subject, view, (area, axis_width), &mut days)?;
            let wanted = frame.axis_width(area);
            if wanted <= axis_width {
                return Some(frame);
            }
            axis_width = wanted;
        }
    }

    fn with_axis(
        subject: &Subject<'a>,
        view: &View,
        (area, axis_width): (Rect, u16),
        days: &mut Days,
    ) -> Option<Self> {
        let chart = &subject.chart;
        let candles: &[Candle] = &chart.candles;
        let layout = split(area, axis_width, subject.wish());
        let (zoom, width) = fitting_zoom(view.level, chart.timeframe, layout.plot.width);
        let placing = Placing {
            candles,
            timeframe: chart.timeframe,
            zoom,
            width,
        };
        let end = view.anchor.map_or(candles.len(), |time| {
            // Before the first screen there is nothing: it is always full when it can be.
            end_at(candles, time).max(placing.end_of_first_screen(days))
        });
        let columns = placing.ending_at(end, days);
        let mut bars: Vec<Candle> = columns
            .iter()
            .filter_map(|column| merge(candles.get(column.first..column.end)?))
            .collect();
        if bars.is_empty() || layout.plot.is_empty() {
            return None;
        }
        let percents = compare::percents(&subject.compared, candles, &columns);
        let (low, high) = if subject.compared.is_empty() {
            let low = bars.iter().map(|bar| bar.low).fold(f64::MAX, f64::min);
            let high = bars.iter().map(|bar| bar.high).fold(f64::MIN, f64::max);
            studies::with_overlays(chart, &columns, (low, high))
        } else {
            compare::set_bars(&mut bars, &percents);
            compare::range(&percents)
        };
        let scale = PriceScale::around(low, high);
        let rows_apart = match layout.plot.height {
            ..10 => 2,
            10..24 => 3,
            _ => 4,
        };
        let ticks = scale.ticks(layout.plot.height, rows_apart);
        let size = low.abs().max(high.abs());
        let (axis_decimals, price_decimals) = if subject.compared.is_empty() {
            let decimals = decimals_of(&bars);
            (
                axis_decimals(ticks.decimals, decimals, size),
                decimals.max(if size < 10_000.0 { ticks.decimals } else { 0 }),
            )
        } else {
            (ticks.decimals, ticks.decimals.max(2))
        };
        Some(Self {
            // A day is the calendar's date, not the date elsewhere at that moment.
            zone: if chart.timeframe == Timeframe::D1 {
                chart.calendar.zone()
            } else {
                subject.zone
            },
            panes: studies::lay_out(chart, &columns, &layout),
            subject: subject.clone(),
            zoom,
            layout,
            columns,
            bars,
            percents,
            scale,
            axis_decimals,
            price_decimals,
            ticks,
            days: days.clone(),
        })
    }

    /// Whether it shows per cents.
    #[must_use]
    pub fn is_compared(&self) -> bool {
        !self.subject.compared.is_empty()
    }

    /// Whether the average price by volume is among the lines over the candles.
    #[must_use]
    pub fn has_vwap_study(&self) -> bool {
        studies::overlays(&self.subject.chart).any(|study| study.column.spec.name == "vwap")
    }

    /// A value of the price scale as it stands on the axis and in tags.
    #[must_use]
    pub fn price_text(&self, price: f64, decimals: usize, minus: char) -> String {
        if self.is_compared() {
            signed(price, decimals, minus) + "%"
        } else {
            price_text(price, decimals)
        }
    }

    /// Cells between the axis line and its labels.
    #[must_use]
    pub fn axis_space(area: Rect) -> u16 {
        u16::from(area.width >= 60)
    }

    /// Cells before the decimal point that every label of the axis leaves.
    #[must_use]
    pub fn axis_whole_digits(&self) -> u16 {
        [self.scale.low(), self.scale.high()]
            .into_iter()
            .chain(self.last_price())
            .map(|price| whole_digits(&self.price_text(price, self.price_decimals, '-')))
            .max()
            .unwrap_or(0)
    }

    fn axis_width(&self, area: Rect) -> u16 {
        let decimals = self.price_decimals.max(self.axis_decimals) as u16;
        let point = u16::from(decimals > 0);
        let unit = u16::from(self.is_compared());
        // The line, the labels, and a cell that lets a tag end before the border.
        2 + Self::axis_space(area) + self.axis_whole_digits() + point + decimals + unit
    }

    /// The last price: the row's, or the newest candle's close; `None` where several symbols have one each.
    #[must_use]
    pub fn last_price(&self) -> Option<f64> {
        if self.is_compared() {
            return None;
        }
        self.subject
            .row
            .and_then(|row| row.last)
            .and_then(|last| f64::try_from(last).ok())
            .or_else(|| self.subject.chart.candles.last().map(|candle| candle.close))
    }

    /// What a full column of volume stands for.
    #[must_use]
    pub fn largest_volume(&self) -> f64 {
        self.bars.iter().map(|bar| bar.volume).fold(0.0, f64::max)
    }

    /// How many candles there are after the visible ones.
    #[must_use]
    pub fn newer(&self) -> usize {
        let end = self.columns.last().map_or(0, |column| column.end);
        self.subject.chart.candles.len().saturating_sub(end)
    }

    /// The visible column that holds the candle of `time`.
    #[must_use]
    pub fn column_of(&self, time: UnixMs) -> Option<usize> {
        let index = end_at(&self.subject.chart.candles, time).max(1) - 1;
        let at = self.columns.partition_point(|column| column.end <= index);
        (self.columns.get(at)?.first <= index).then_some(at)
    }

    /// The column nearest to a cell of the plot, counted from its left edge.
    #[must_use]
    pub fn column_at(&self, x: u16) -> usize {
        let at = self
            .columns
            .partition_point(|column| column.x + self.zoom.pitch <= x);
        at.min(self.columns.len() - 1)
    }

    /// The cell in the middle of a column, on the screen.
    #[must_use]
    pub fn middle(&self, column: &Column) -> u16 {
        self.layout.plot.x + column.x + self.zoom.body / 2
    }

    /// The time axis that fits the columns.
    #[must_use]
    pub fn time_axis(&self) -> TimeAxis {
        TimeAxis {
            width: self.layout.time_axis.width,
            pitch: self.zoom.pitch,
            middle: self.zoom.body / 2,
            column_ms: self.subject.chart.timeframe.ms() * i64::from(self.zoom.merged),
            zone: self.zone,
        }
    }
}

/// The digits, and sign, before the decimal point.
#[must_use]
pub fn whole_digits(text: &str) -> u16 {
    let whole = text.split(['.', '%']).next().unwrap_or_default();
    whole.chars().count() as u16
}

/// The zoom of a level, or the first one of which a column fits; and the width that columns may fill: candles
/// without space between them leave one cell before the axis.
#[must_use]
pub fn fitting_zoom(level: usize, timeframe: Timeframe, plot_width: u16) -> (Zoom, u16) {
    (level.min(level_last(timeframe))..=level_last(timeframe))
        .map(|level| zoom(level, timeframe))
        .map(|zoom| {
            let margin = u16::from(zoom.pitch == 1 && plot_width > 12);
            (zoom, plot_width - margin)
        })
        .find(|(zoom, width)| *width >= zoom.pitch)
        .unwrap_or((zoom(usize::MAX, timeframe), 0))
}
