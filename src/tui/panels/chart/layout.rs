//! Which parts of the chart have room.

use ratatui::layout::Rect;

/// The most panes of indicators that are shown below one chart.
pub const PANES_MAX: usize = 4;

/// The chart's parts; what has no room is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// One line about the candle under the crosshair, or the newest.
    pub readout: Rect,
    /// One line about the lines over the candles.
    pub legend: Rect,
    /// The prices.
    pub plot: Rect,
    /// The volumes below, as wide as the plot.
    pub volume: Rect,
    /// The indicators below those, each with a line for its title at its top.
    pub panes: [Rect; PANES_MAX],
    /// The labels of prices, volumes and panes, right of all of them.
    pub price_axis: Rect,
    /// The times, below.
    pub time_axis: Rect,
}

impl Layout {
    /// The row after the lowest of the plot, the volumes and the panes.
    #[must_use]
    pub fn body_bottom(&self) -> u16 {
        self.price_axis.bottom()
    }

    /// The panes that have room.
    #[must_use]
    pub fn panes_shown(&self) -> usize {
        self.panes.iter().filter(|pane| !pane.is_empty()).count()
    }
}

/// What a chart would like to show beside its candles and axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wish {
    /// Whether it has room for numbers above it.
    pub readout: bool,
    /// Whether there are lines to be named.
    pub legend: bool,
    /// Whether there are volumes.
    pub volume: bool,
    /// How many panes.
    pub panes: usize,
}

/// How many panes fit below a chart of this height.
const fn panes_that_fit(height: u16) -> usize {
    match height {
        ..18 => 0,
        _ => 1 + (height as usize - 18) / 8,
    }
}

/// Splits `area`; the price axis asks for `axis_width` cells.
///
/// What goes first when it gets tight: the panes below 18 rows, the volume below 11, the legend below 10, the readout
/// below 6, the times below 4, the prices where they would leave less than 12 columns.
#[must_use]
pub fn split(area: Rect, axis_width: u16, wish: Wish) -> Layout {
    let readout_rows = u16::from(area.height >= 6 && wish.readout);
    let legend_rows = u16::from(area.height >= 10 && wish.legend);
    let time_rows = u16::from(area.height >= 4);
    let body_rows = area.height - readout_rows - legend_rows - time_rows;
    let panes = wish.panes.min(PANES_MAX).min(panes_that_fit(area.height));
    let volume_rows = match panes {
        _ if area.height < 11 || !wish.volume => 0,
        0 => (body_rows / 5).clamp(2, 14),
        _ => (body_rows / 8).clamp(2, 10),
    };
    let pane_rows = match panes {
        0 => 0,
        1 => (body_rows / 4).clamp(4, 12),
        2 => (body_rows / 5).clamp(4, 11),
        3 => (body_rows / 6).clamp(4, 10),
        _ => (body_rows / 7).clamp(4, 10),
    };
    let axis_width = if area.width >= axis_width.saturating_add(12) {
        axis_width
    } else {
        0
    };
    let plot_width = area.width - axis_width;
    let plot_rows = body_rows - volume_rows - pane_rows * panes as u16;
    let plot_top = area.y + readout_rows + legend_rows;
    let rows = |y: u16, width: u16, height: u16| Rect::new(area.x, y, width, height);
    let panes_top = plot_top + plot_rows + volume_rows;
    let mut pane_areas = [Rect::ZERO; PANES_MAX];
    for (at, pane) in pane_areas.iter_mut().take(panes).enumerate() {
        *pane = rows(panes_top + at as u16 * pane_rows, plot_width, pane_rows);
    }
    Layout {
        readout: rows(area.y, area.width, readout_rows),
        legend: rows(area.y + readout_rows, area.width, legend_rows),
        plot: rows(plot_top, plot_width, plot_rows),
        volume: rows(plot_top + plot_rows, plot_width, volume_rows),
        panes: pane_areas,
        price_axis: Rect::new(area.x + plot_width, plot_top, axis_width, body_rows),
        time_axis: rows(plot_top + body_rows, plot_width, time_rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Wish = Wish {
        readout: true,
        legend: false,
        volume: true,
        panes: 0,
    };

    #[test]
    fn parts_fill_the_area_and_go_one_by_one() {
        for (legend, panes) in [(false, 0), (true, 0), (true, 1), (false, 3), (true, 9)] {
            let wish = Wish {
                legend,
                panes,
                ..PLAIN
            };
            for width in 0..60 {
                for height in 0..90 {
                    let area = Rect::new(3, 5, width, height);
                    let parts = split(area, 8, wish);
                    let panes: u16 = parts.panes.iter().map(|pane| pane.height).sum();
                    let body = parts.plot.height + parts.volume.height + panes;
                    let above = parts.readout.height + parts.legend.height;
                    assert_eq!(above + body + parts.time_axis.height, height, "{area}");
                    assert_eq!(parts.plot.width + parts.price_axis.width, width);
                    for part in [
                        parts.readout,
                        parts.legend,
                        parts.plot,
                        parts.volume,
                        parts.price_axis,
                        parts.time_axis,
                    ]
                    .into_iter()
                    .chain(parts.panes.into_iter().take(parts.panes_shown()))
                    {
                        assert_eq!(part.intersection(area).area(), part.area(), "{area}");
                    }
                    assert!(height == 0 || parts.plot.height >= 2.min(height));
                    assert!(parts.plot.height * 4 >= body, "candles come first: {area}");
                }
            }
        }
        let small = split(Rect::new(0, 0, 20, 6), 8, PLAIN);
        assert_eq!(
            (small.readout.height, small.time_axis.height, small.plot),
            (1, 1, Rect::new(0, 1, 12, 4))
        );
        assert_eq!(small.volume.height, 0);
        assert_eq!(split(Rect::new(0, 0, 19, 6), 8, PLAIN).price_axis.width, 0);
        assert!(split(Rect::new(0, 0, 80, 24), 8, PLAIN).volume.height >= 3);
    }

    #[test]
    fn panes_come_with_the_height() {
        for (height, expected) in [(8, 0), (17, 0), (20, 1), (26, 2), (36, 3), (60, 4)] {
            let wish = Wish { panes: 9, ..PLAIN };
            let parts = split(Rect::new(0, 0, 80, height), 8, wish);
            assert_eq!(parts.panes_shown(), expected, "{height}");
        }
    }
}
