#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use chrono_tz::{America::New_York, Asia::Tokyo, UTC};
use proptest::prelude::*;

use super::*;

/// Columns that begin `step_minutes` apart from each of these local times.
fn columns(zone: Tz, pitch: u16, step_minutes: i64, runs: &[(&str, usize)]) -> Vec<Column> {
    let mut x = 0;
    let mut all = Vec::new();
    for (run, &(text, count)) in runs.iter().enumerate() {
        let start = UnixMs::from_local(text.parse().unwrap(), zone).unwrap();
        for step in 0..count {
            let index = all.len();
            let breaks = run > 0 && step == 0;
            x += u16::from(breaks);
            all.push(Column {
                first: index,
                end: index + 1,
                x,
                start: start.plus_ms(step as i64 * step_minutes * 60_000),
                breaks,
                regular: true,
            });
            x += pitch;
        }
    }
    all
}

fn axis(zone: Tz, columns: &[Column], pitch: u16, column_minutes: i64) -> String {
    let width = columns.last().map_or(0, |column| column.x + pitch);
    let axis = TimeAxis {
        width,
        pitch,
        middle: 0,
        column_ms: column_minutes * 60_000,
        zone,
    };
    let mut line = vec![b' '; usize::from(width)];
    for label in axis.labels(columns) {
        let x = usize::from(label.x);
        line[x..x + label.text.len()].copy_from_slice(label.text.as_bytes());
    }
    String::from_utf8(line)
        .unwrap()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn times_are_round_and_dates_stand_where_days_change() {
    let two_days = columns(
        New_York,
        1,
        1,
        &[("2019-02-13T15:20:00", 40), ("2019-02-14T09:30:00", 45)],
    );
    assert_eq!(
        axis(New_York, &two_days, 1, 1),
        "13 Feb 15:30 15:45 14 Feb 09:45 10:00"
    );
    let wide = columns(New_York, 4, 1, &[("2019-02-13T09:30:00", 20)]);
    assert_eq!(axis(New_York, &wide, 4, 1), "13 Feb 09:35 09:40 09:45");
}

#[test]
fn a_half_day_is_followed_by_the_next_trading_day() {
    let half = columns(
        New_York,
        1,
        5,
        &[("2019-11-29T09:30:00", 42), ("2019-12-02T09:30:00", 30)],
    );
    assert_eq!(
        axis(New_York, &half, 1, 5),
        "29 Nov 11:00 12:00 2 Dec 11:00"
    );
}

#[test]
fn clock_changes_are_told_by_the_zone() {
    // Eight minutes before New York's clocks go forward at 02:00, and before they go back.
    let spring = columns(New_York, 6, 1, &[("2026-03-08T01:52:00", 16)]);
    assert_eq!(
        axis(New_York, &spring, 6, 1),
        "8 Mar 01:54 01:56 01:58 03:00 03:02 03:04 03:06"
    );
    let autumn = columns(New_York, 6, 1, &[("2026-11-01T01:52:00", 14)]);
    assert_eq!(
        axis(New_York, &autumn, 6, 1),
        "1 Nov 01:54 01:56 01:58 01:00 01:02 01:04"
    );
    // Sessions on both sides of the change begin at the same local time.
    let monday = columns(
        New_York,
        1,
        5,
        &[("2026-03-06T15:00:00", 12), ("2026-03-09T09:30:00", 30)],
    );
    assert_eq!(axis(New_York, &monday, 1, 5), "6 Mar 9 Mar 11:00");
}

#[test]
fn missing_minutes_are_not_invented() {
    let sparse = columns(New_York, 4, 1, &[("2019-02-13T10:00:00", 3)]);
    let mut late = columns(New_York, 4, 1, &[("2019-02-13T10:31:00", 3)]);
    for (index, column) in late.iter_mut().enumerate() {
        column.x = 12 + index as u16 * 4;
    }
    let both = [sparse, late].concat();
    assert_eq!(axis(New_York, &both, 4, 1), "13 Feb 10:31");
}

#[test]
fn another_zone_shows_its_own_midnight() {
    let session = columns(New_York, 1, 5, &[("2026-07-01T09:30:00", 40)]);
    assert_eq!(axis(Tokyo, &session, 1, 5), "1 Jul 2 Jul 01:00");
}

#[test]
fn days_months_and_years() {
    let days = columns(UTC, 1, 1440, &[("2019-12-20T00:00:00", 60)]);
    assert_eq!(
        axis(UTC, &days, 1, 1440),
        "Dec 2019 2020 6 13 20 27 Feb 10 17"
    );
    let weeks = columns(UTC, 1, 7 * 1440, &[("2019-01-07T00:00:00", 60)]);
    assert_eq!(axis(UTC, &weeks, 1, 7 * 1440), "Jan 2019 Apr Jul Oct 2020");
    let nothing: [Column; 0] = [];
    assert_eq!(axis(UTC, &nothing, 1, 1), "");
}

proptest! {
    #[test]
    fn labels_stay_inside_and_apart(
        start in 0..2_000_000_000_000_i64,
        count in 0..300_usize,
        pitch in 1..9_u16,
        column_minutes in prop::sample::select(vec![1_i64, 5, 15, 30, 60, 240, 1440, 10_080]),
        width in 0..300_u16,
    ) {
        let columns: Vec<Column> = (0..count)
            .map(|index| Column {
                first: index,
                end: index + 1,
                x: index as u16 * pitch,
                start: UnixMs(start + index as i64 * column_minutes * 60_000),
                breaks: false,
                regular: true,
            })
            .take_while(|column| column.x + pitch <= width)
            .collect();
        let axis = TimeAxis { width, pitch, middle: (pitch - 1) / 2, column_ms: column_minutes * 60_000, zone: New_York };
        let labels = axis.labels(&columns);
        for pair in labels.windows(2) {
            prop_assert!(pair[0].x + pair[0].text.len() as u16 + SPACE <= pair[1].x);
        }
        if let Some(last) = labels.last() {
            prop_assert!(last.x + last.text.len() as u16 <= width);
        }
    }
}
