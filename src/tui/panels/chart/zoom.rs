//! How many cells a candle takes, or how many candles a cell.

use crate::domain::time::Timeframe;

/// Widths of a candle's slot and of its body, in cells, from near to far.
const WIDE: [(u16, u16); 5] = [(8, 7), (6, 5), (4, 3), (2, 1), (1, 1)];

/// The level that a chart begins with: one cell of candle, one of space.
pub const LEVEL_DEFAULT: usize = 3;

/// What one step of the zoom looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zoom {
    /// Cells from one column to the next.
    pub pitch: u16,
    /// Cells that a candle's body is wide.
    pub body: u16,
    /// Intervals of the timeframe that share a column.
    pub merged: u16,
}

/// How many intervals share a column beyond the widest view of single candles, least first.
///
/// The first is always two: those stand side by side in one cell where the glyphs allow it. The others give
/// lengths that divide a day, so that their columns begin at round times.
const fn merges(timeframe: Timeframe) -> &'static [u16] {
    match timeframe {
        Timeframe::M1 => &[2, 5, 10, 15, 30, 60],
        Timeframe::M5 => &[2, 3, 6, 12, 24],
        Timeframe::M15 => &[2, 4, 8, 16],
        Timeframe::H1 => &[2, 4, 8, 24],
        Timeframe::D1 => &[2, 7, 14, 28],
    }
}

/// The last (widest) level of a timeframe.
#[must_use]
pub const fn level_last(timeframe: Timeframe) -> usize {
    WIDE.len() + merges(timeframe).len() - 1
}

/// The zoom of a level; a level beyond the last is the last.
#[must_use]
pub fn zoom(level: usize, timeframe: Timeframe) -> Zoom {
    let level = level.min(level_last(timeframe));
    match WIDE.get(level) {
        Some(&(pitch, body)) => Zoom {
            pitch,
            body,
            merged: 1,
        },
        None => Zoom {
            pitch: 1,
            body: 1,
            merged: merges(timeframe)
                .get(level - WIDE.len())
                .copied()
                .unwrap_or(1),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_shows_more_than_the_one_before() {
        for timeframe in Timeframe::ALL {
            let share: Vec<f64> = (0..=level_last(timeframe))
                .map(|level| zoom(level, timeframe))
                .map(|zoom| f64::from(zoom.merged) / f64::from(zoom.pitch))
                .collect();
            assert!(share.is_sorted_by(|near, far| near < far), "{share:?}");
            assert_eq!(
                zoom(usize::MAX, timeframe),
                zoom(level_last(timeframe), timeframe)
            );
        }
    }

    #[test]
    fn merged_minutes_divide_a_day_and_bodies_have_a_middle() {
        for timeframe in Timeframe::ALL {
            for level in 0..=level_last(timeframe) {
                let zoom = zoom(level, timeframe);
                assert_eq!(zoom.body % 2, 1, "a wick needs a middle: {zoom:?}");
                assert!(zoom.body <= zoom.pitch);
                if timeframe < Timeframe::D1 {
                    let minutes = i64::from(zoom.merged) * timeframe.ms() / 60_000;
                    assert_eq!(1440 % minutes, 0, "{timeframe} × {}", zoom.merged);
                }
            }
        }
    }
}
