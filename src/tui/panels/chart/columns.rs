//! Which candles stand where: columns are placed one after another, whatever time lies between them.

use crate::domain::bar::{Candle, add_volumes};
use crate::domain::time::{Timeframe, UnixMs};

use super::days::Days;
use super::zoom::Zoom;

/// One column of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Index of its first candle.
    pub first: usize,
    /// Index after its last candle.
    pub end: usize,
    /// The cell where its body begins, counted from the plot's left edge.
    pub x: u16,
    /// When it begins: its candle's start, or the round time of a merged column.
    pub start: UnixMs,
    /// Whether another trading day (or month, or year) begins with it: a separator stands before it.
    pub breaks: bool,
    /// Whether it lies in regular trading hours.
    pub regular: bool,
}

/// Cells that a separator takes, and how far before the column it stands.
#[must_use]
pub const fn break_width(zoom: Zoom) -> u16 {
    if zoom.pitch == 1 { 1 } else { 2 }
}

/// What columns are made of.
#[derive(Debug)]
pub struct Placing<'a> {
    /// Oldest first.
    pub candles: &'a [Candle],
    /// Their length.
    pub timeframe: Timeframe,
    /// The zoom.
    pub zoom: Zoom,
    /// Cells to fill.
    pub width: u16,
}

impl Placing<'_> {
    fn column_ms(&self) -> i64 {
        self.timeframe.ms() * i64::from(self.zoom.merged)
    }

    fn bucket(&self, index: usize, days: &mut Days) -> (i64, i64) {
        days.bucket(self.candles[index].start, self.timeframe, self.zoom.merged)
    }

    /// The columns that end with the candle before `right_end`, left to right; only what is visible is looked at.
    #[must_use]
    pub fn ending_at(&self, right_end: usize, days: &mut Days) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::with_capacity(usize::from(self.width));
        let mut end = self.whole_column(right_end.min(self.candles.len()), days);
        let mut free = i32::from(self.width);
        let mut period_right = None;
        while end > 0 {
            let first = self.column_first(end, days);
            let period = days.period(self.candles[first].start, self.column_ms());
            let breaks = period_right.is_some_and(|right| right != period);
            let taken = if breaks { break_width(self.zoom) } else { 0 } + self.zoom.pitch;
            free -= i32::from(taken);
            if free < 0 {
                break;
            }
            if let Some(right) = columns.last_mut() {
                right.breaks = breaks;
            }
            columns.push(Column {
                first,
                end,
                x: free as u16,
                start: days.bucket_start(
                    self.candles[first].start,
                    self.timeframe,
                    self.zoom.merged,
                ),
                breaks: false,
                regular: days.is_regular(self.candles[end - 1].start, self.timeframe),
            });
            period_right = Some(period);
            end = first;
        }
        columns.reverse();
        columns
    }

    /// The index after the last candle of a screen that begins with the oldest candle.
    #[must_use]
    pub fn end_of_first_screen(&self, days: &mut Days) -> usize {
        let mut free = i32::from(self.width);
        let mut end = 0;
        let mut period_left = None;
        while end < self.candles.len() {
            let period = days.period(self.candles[end].start, self.column_ms());
            let breaks = period_left.is_some_and(|left| left != period);
            free -= i32::from(self.zoom.pitch)
                + if breaks {
                    i32::from(break_width(self.zoom))
                } else {
                    0
                };
            if free < 0 {
                break;
            }
            period_left = Some(period);
            end = self.whole_column(end + 1, days);
        }
        end
    }

    fn column_first(&self, end: usize, days: &mut Days) -> usize {
        let mut first = end - 1;
        if self.zoom.merged > 1 {
            let bucket = self.bucket(first, days);
            while first > 0 && self.bucket(first - 1, days) == bucket {
                first -= 1;
            }
        }
        first
    }

    /// `end` moved right to where its column is complete, so that columns do not change while one scrolls.
    fn whole_column(&self, mut end: usize, days: &mut Days) -> usize {
        if self.zoom.merged > 1 && end > 0 && end < self.candles.len() {
            let bucket = self.bucket(end - 1, days);
            while end < self.candles.len() && self.bucket(end, days) == bucket {
                end += 1;
            }
        }
        end
    }
}

/// The candle that several make together; `None` of none.
#[must_use]
pub fn merge(candles: &[Candle]) -> Option<Candle> {
    let (first, last) = (candles.first()?, candles.last()?);
    Some(candles.iter().fold(
        Candle {
            close: last.close,
            volume: f64::NAN,
            ..*first
        },
        |all, candle| Candle {
            high: all.high.max(candle.high),
            low: all.low.min(candle.low),
            volume: add_volumes(all.volume, candle.volume),
            ..all
        },
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use chrono_tz::America::New_York;
    use proptest::prelude::*;

    use crate::domain::time::SessionCalendar;

    use super::super::zoom::{level_last, zoom};
    use super::*;

    fn minutes(times: &[(&str, usize)]) -> Vec<Candle> {
        times
            .iter()
            .flat_map(|&(text, count)| {
                let start = UnixMs::from_local(text.parse().unwrap(), New_York).unwrap();
                (0..count).map(move |minute| Candle {
                    start: start.plus_ms(minute as i64 * 60_000),
                    open: 1.0,
                    high: 2.0,
                    low: 0.5,
                    close: 1.5,
                    volume: 10.0,
                })
            })
            .collect()
    }

    fn days() -> Days {
        Days::new(SessionCalendar::UsEquities)
    }

    fn placing(candles: &[Candle], level: usize, width: u16) -> Placing<'_> {
        Placing {
            candles,
            timeframe: Timeframe::M1,
            zoom: zoom(level, Timeframe::M1),
            width,
        }
    }

    #[test]
    fn a_gap_between_days_is_one_separator_and_a_half_day_no_exception() {
        // The day after Thanksgiving closes at 13:00; the next candle is Monday's.
        let candles = minutes(&[("2019-11-29T12:57:00", 3), ("2019-12-02T09:30:00", 3)]);
        let columns = placing(&candles, 4, 20).ending_at(6, &mut days());
        let placed: Vec<(u16, bool)> = columns.iter().map(|c| (c.x, c.breaks)).collect();
        assert_eq!(
            placed,
            [
                (13, false),
                (14, false),
                (15, false),
                (17, true),
                (18, false),
                (19, false)
            ]
        );
        let wide = placing(&candles, 3, 20).ending_at(6, &mut days());
        assert_eq!(wide[2].x + 4, wide[3].x);
    }

    #[test]
    fn missing_minutes_take_no_room() {
        let candles = minutes(&[("2019-02-13T10:00:00", 2), ("2019-02-13T10:30:00", 2)]);
        let columns = placing(&candles, 4, 10).ending_at(4, &mut days());
        let x: Vec<u16> = columns.iter().map(|column| column.x).collect();
        assert_eq!(x, [6, 7, 8, 9]);
    }

    #[test]
    fn merged_columns_stay_the_same_while_one_scrolls() {
        let candles = minutes(&[("2019-02-13T10:02:00", 30)]);
        let all = placing(&candles, 6, 40).ending_at(30, &mut days());
        let spans: Vec<(usize, usize)> = all.iter().map(|c| (c.first, c.end)).collect();
        assert_eq!(spans[..3], [(0, 3), (3, 8), (8, 13)]);
        for end in 1..=30 {
            for column in placing(&candles, 6, 40).ending_at(end, &mut days()) {
                assert!(spans.contains(&(column.first, column.end)), "{end}");
            }
        }
    }

    #[test]
    fn merging_keeps_first_open_last_close_extremes_and_sum() {
        let mut candles = minutes(&[("2019-02-13T10:00:00", 3)]);
        candles[0].open = 1.2;
        candles[1].high = 9.0;
        candles[2].low = 0.1;
        candles[2].close = 0.7;
        let merged = merge(&candles).unwrap();
        assert_eq!(
            (merged.open, merged.high, merged.low, merged.close),
            (1.2, 9.0, 0.1, 0.7)
        );
        assert_eq!(merged.volume, 30.0);
        assert_eq!(merge(&[]), None);
    }

    proptest! {
        #[test]
        fn columns_follow_one_another_inside_the_plot(
            level in 0..12_usize,
            width in 0..300_u16,
            end in 0..900_usize,
        ) {
            let candles = minutes(&[
                ("2019-02-12T19:30:00", 30),
                ("2019-02-13T04:00:00", 400),
                ("2019-02-14T09:30:00", 390),
            ]);
            let placing = placing(&candles, level.min(level_last(Timeframe::M1)), width);
            let columns = placing.ending_at(end, &mut days());
            for pair in columns.windows(2) {
                prop_assert_eq!(pair[0].end, pair[1].first);
                let gap = if pair[1].breaks { break_width(placing.zoom) } else { 0 };
                prop_assert_eq!(pair[0].x + placing.zoom.pitch + gap, pair[1].x);
            }
            if let Some(last) = columns.last() {
                prop_assert_eq!(last.x + placing.zoom.pitch, width);
                prop_assert!(last.end >= end.min(candles.len()));
            }
            let first_screen = placing.end_of_first_screen(&mut days());
            let columns = placing.ending_at(first_screen, &mut days());
            if let Some(first) = columns.first() {
                prop_assert_eq!(first.first, 0);
            }
        }
    }
}
