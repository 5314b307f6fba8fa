//! Which parts of the chart have room.

use ratatui::layout::Rect;

/// The chart's parts; what has no room is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// One line about the candle under the crosshair, or the newest.
    pub readout: Rect,
    /// The prices.
    pub plot: Rect,
    /// The volumes below, as wide as the plot.
    pub volume: Rect,
    /// The labels of prices and volumes, right of both.
    pub price_axis: Rect,
    /// The times, below.
    pub time_axis: Rect,
}

/// Splits `area`; the price axis asks for `axis_width` cells.
///
/// What goes first when it gets tight: the volume below 11 rows, the readout below 6, the times below 4, the prices
/// where they would leave less than 12 columns.
#[must_use]
pub fn split(area: Rect, axis_width: u16) -> Layout {
    let readout_rows = u16::from(area.height >= 6);
    let time_rows = u16::from(area.height >= 4);
    let body_rows = area.height - readout_rows - time_rows;
    let volume_rows = if area.height >= 11 {
        (body_rows / 5).clamp(2, 14)
    } else {
        0
    };
    let axis_width = if area.width >= axis_width.saturating_add(12) {
        axis_width
    } else {
        0
    };
    let plot_width = area.width - axis_width;
    let plot_rows = body_rows - volume_rows;
    let plot_top = area.y + readout_rows;
    let rows = |y: u16, width: u16, height: u16| Rect::new(area.x, y, width, height);
    Layout {
        readout: rows(area.y, area.width, readout_rows),
        plot: rows(plot_top, plot_width, plot_rows),
        volume: rows(plot_top + plot_rows, plot_width, volume_rows),
        price_axis: Rect::new(area.x + plot_width, plot_top, axis_width, body_rows),
        time_axis: rows(plot_top + body_rows, plot_width, time_rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_fill_the_area_and_go_one_by_one() {
        for width in 0..60 {
            for height in 0..60 {
                let area = Rect::new(3, 5, width, height);
                let parts = split(area, 8);
                let body = parts.plot.height + parts.volume.height;
                assert_eq!(
                    parts.readout.height + body + parts.time_axis.height,
                    height,
                    "{area}"
                );
                assert_eq!(parts.plot.width + parts.price_axis.width, width);
                for part in [
                    parts.readout,
                    parts.plot,
                    parts.volume,
                    parts.price_axis,
                    parts.time_axis,
                ] {
                    assert_eq!(part.intersection(area).area(), part.area(), "{area}");
                }
                assert!(height == 0 || parts.plot.height >= 2.min(height));
            }
        }
        let small = split(Rect::new(0, 0, 20, 6), 8);
        assert_eq!(
            (small.readout.height, small.time_axis.height, small.plot),
            (1, 1, Rect::new(0, 1, 12, 4))
        );
        assert_eq!(small.volume.height, 0);
        assert_eq!(split(Rect::new(0, 0, 19, 6), 8).price_axis.width, 0);
        assert!(split(Rect::new(0, 0, 80, 24), 8).volume.height >= 3);
    }
}
