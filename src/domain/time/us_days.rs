//! On which days US equities are traded, by rule.
//!
//! The rules are those of the New York Stock Exchange (its rule 7.2, and the page "Holidays & Trading Hours", where it
//! publishes the dates of three years): ten holidays, of which one on a Saturday is kept on the Friday before and one on a
//! Sunday on the Monday after, but for New Year's Day, which is not kept in the old year; and trading that ends at 13:00
//! on 3 July, on the day after Thanksgiving and on 24 December, where those are trading days.

use chrono::{Datelike, NaiveDate, Weekday};

/// What is traded on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UsDay {
    /// Regular hours are 09:30 to 16:00.
    Whole,
    /// They end at 13:00.
    Half,
    /// There are none.
    Closed,
}

/// Days without trading that no rule knows: mourning and a storm.
const CLOSED_ONCE: [(i32, u32, u32); 6] = [
    (2004, 6, 11),
    (2007, 1, 2),
    (2012, 10, 29),
    (2012, 10, 30),
    (2018, 12, 5),
    (2025, 1, 9),
];

impl UsDay {
    pub(super) fn of(date: NaiveDate) -> Self {
        let weekday = date.weekday();
        if matches!(weekday, Weekday::Sat | Weekday::Sun) || is_holiday(date) {
            return Self::Closed;
        }
        match (date.month(), date.day(), weekday) {
            (7, 3, _) | (12, 24, _) | (11, 23..=29, Weekday::Fri) => Self::Half,
            _ => Self::Whole,
        }
    }
}

fn is_holiday(date: NaiveDate) -> bool {
    let (year, month, day) = (date.year(), date.month(), date.day());
    let by_weekday = match (month, date.weekday()) {
        // Martin Luther King's Day, Washington's Birthday.
        (1, Weekday::Mon) => year >= 1998 && (15..=21).contains(&day),
        (2, Weekday::Mon) => (15..=21).contains(&day),
        // Memorial Day, Labor Day, Thanksgiving.
        (5, Weekday::Mon) => day >= 25,
        (9, Weekday::Mon) => day <= 7,
        (11, Weekday::Thu) => (22..=28).contains(&day),
        // Good Friday.
        (3 | 4, Weekday::Fri) => easter(year) == date.checked_add_days(chrono::Days::new(2)),
        _ => false,
    };
    let moved = match date.weekday() {
        Weekday::Fri => date.succ_opt(),
        Weekday::Mon => date.pred_opt(),
        _ => None,
    };
    by_weekday
        || is_fixed(date)
        || moved.is_some_and(|moved| is_fixed(moved) && moved.year() == year)
        || CLOSED_ONCE.contains(&(year, month, day))
}

/// New Year's Day, Juneteenth, Independence Day, Christmas.
fn is_fixed(date: NaiveDate) -> bool {
    match (date.month(), date.day()) {
        (1, 1) | (7, 4) | (12, 25) => true,
        (6, 19) => date.year() >= 2022,
        _ => false,
    }
}

/// Easter Sunday of the Gregorian calendar, by the algorithm that is known as Meeus's, Jones's and Butcher's.
fn easter(year: i32) -> Option<NaiveDate> {
    let (golden, century, of_century) = (
        year.rem_euclid(19),
        year.div_euclid(100),
        year.rem_euclid(100),
    );
    let moon_shift = (century - (century + 8).div_euclid(25) + 1).div_euclid(3);
    let moon = (19 * golden + century - century.div_euclid(4) - moon_shift + 15).rem_euclid(30);
    let weekday = (32 + 2 * century.rem_euclid(4) + 2 * (of_century / 4) - moon - of_century % 4)
        .rem_euclid(7);
    let late = (golden + 11 * moon + 22 * weekday) / 451;
    let days = moon + weekday - 7 * late + 114;
    let (month, day) = (u32::try_from(days / 31), u32::try_from(days % 31 + 1));
    NaiveDate::from_ymd_opt(year, month.ok()?, day.ok()?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    /// The weekdays of a year that are no whole trading days, as `MM-DD`.
    fn found(year: i32, kind: UsDay) -> Vec<String> {
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        first
            .iter_days()
            .take_while(|date| date.year() == year)
            .filter(|date| !matches!(date.weekday(), Weekday::Sat | Weekday::Sun))
            .filter(|date| UsDay::of(*date) == kind)
            .map(|date| date.format("%m-%d").to_string())
            .collect()
    }

    #[test]
    fn the_days_are_those_that_the_exchange_publishes() {
        for (year, closed, half) in [
            (
                2024,
                "01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25",
                "07-03 11-29 12-24",
            ),
            (
                2025,
                "01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25",
                "07-03 11-28 12-24",
            ),
            (
                2026,
                "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25",
                "11-27 12-24",
            ),
            (
                2027,
                "01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24",
                "11-26",
            ),
            // New Year's Day is a Saturday, and not kept on the last day of 2021.
            (
                2022,
                "01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26",
                "11-25",
            ),
            (
                2021,
                "01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24",
                "11-26",
            ),
        ] {
            assert_eq!(found(year, UsDay::Closed).join(" "), closed, "{year}");
            assert_eq!(found(year, UsDay::Half).join(" "), half, "{year}");
        }
    }

    #[test]
    fn any_year_has_an_easter_and_no_date_is_too_much() {
        for (year, expected) in [
            (1818, "1818-03-22"),
            (1943, "1943-04-25"),
            (2000, "2000-04-23"),
            (2038, "2038-04-25"),
        ] {
            assert_eq!(easter(year).unwrap().to_string(), expected);
        }
        for date in [NaiveDate::MIN, NaiveDate::MAX] {
            UsDay::of(date);
            easter(date.year());
        }
    }
}
