//! The ways in which files write times.
//!
//! - whole or decimal epoch numbers: seconds, milliseconds, microseconds or nanoseconds, told apart by their size (below
//!   10¹¹ seconds, below 10¹⁴ milliseconds, below 10¹⁷ microseconds);
//! - `2025-09-26T04:00:00-04:00` and its relatives: a space or `T`, with or without seconds, their fraction, an offset or
//!   `Z`; `/` for `-` in the date; the date alone, which is its midnight;
//! - without an offset the time is a wall clock's of the reader's zone.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;

use crate::domain::Decimal;
use crate::domain::time::{MINUTE_MS, UnixMs};

/// Reads times of one zone. It remembers the offset of the quarter of an hour that it read last, because what costs is
/// the search in the zone's table.
#[derive(Debug, Clone)]
pub struct TimeReader {
    zone: Tz,
    /// The wall clock's quarter of an hour that `offset_ms` is of.
    quarter: i64,
    offset_ms: i64,
}

impl TimeReader {
    /// A reader for wall clocks of `zone`.
    #[must_use]
    pub fn new(zone: Tz) -> Self {
        Self {
            zone,
            quarter: i64::MIN,
            offset_ms: 0,
        }
    }

    /// Reads a time; `None` when the text is none.
    pub fn read(&mut self, text: &str) -> Option<UnixMs> {
        let text = text.trim();
        if let Some(local) = plain(text) {
            return self.local(local);
        }
        if text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'))
            && !text.get(1..).unwrap_or_default().contains('-')
        {
            return epoch(text);
        }
        self.calendar(text)
    }

    /// Reads a date and a time of day that stand apart. A date may also be written `20250926`, a time of day `040000`.
    pub fn read_apart(&mut self, date: &str, time: &str) -> Option<UnixMs> {
        let (date, time) = (date.trim(), time.trim());
        let date = match date.len() {
            8 if is_digits(date) => format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]),
            _ => date.to_owned(),
        };
        let time = match time.len() {
            4 if is_digits(time) => format!("{}:{}", &time[..2], &time[2..]),
            6 if is_digits(time) => format!("{}:{}:{}", &time[..2], &time[2..4], &time[4..]),
            _ => time.to_owned(),
        };
        if !time.contains(':') {
            return None;
        }
        self.calendar(&format!("{date} {time}"))
    }

    fn calendar(&mut self, text: &str) -> Option<UnixMs> {
        let date = text.get(..10)?;
        let date = NaiveDate::parse_from_str(date, "%Y-%m-%d")
            .or_else(|_| NaiveDate::parse_from_str(date, "%Y/%m/%d"))
            .ok()?;
        let rest = text[10..].trim_start_matches(['T', 't', ' ']);
        if (rest.len() + 10 == text.len()) != rest.is_empty() {
            return None;
        }
        let clock_end = rest.find(['+', '-', 'Z', 'z', ' ']).unwrap_or(rest.len());
        let (clock, offset) = rest.split_at(clock_end);
        let clock = match clock {
            "" if offset.is_empty() => NaiveTime::MIN,
            _ => ["%H:%M:%S%.f", "%H:%M"]
                .into_iter()
                .find_map(|format| NaiveTime::parse_from_str(clock, format).ok())?,
        };
        let local = date.and_time(clock);
        match offset.trim() {
            "" => self.local(local.and_utc().timestamp_millis()),
            "Z" | "z" | "UTC" => Some(UnixMs(local.and_utc().timestamp_millis())),
            offset => {
                let offset = offset_ms(offset)?;
                Some(UnixMs(local.and_utc().timestamp_millis() - offset))
            }
        }
    }

    /// The instant at which the wall clock shows `local_ms` (milliseconds, counted as if it were UTC).
    fn local(&mut self, local_ms: i64) -> Option<UnixMs> {
        let quarter = local_ms.div_euclid(15 * MINUTE_MS);
        if quarter != self.quarter {
            let local = DateTime::<Utc>::from_timestamp_millis(local_ms)?.naive_utc();
            self.offset_ms = local_ms - from_local(local, self.zone)?.0;
            self.quarter = quarter;
        }
        Some(UnixMs(local_ms - self.offset_ms))
    }
}

/// [`UnixMs::from_local`], but for the ends of the calendar, where there is no earlier time to look at.
fn from_local(local: NaiveDateTime, zone: Tz) -> Option<UnixMs> {
    local.checked_sub_signed(chrono::TimeDelta::days(1))?;
    local.checked_add_signed(chrono::TimeDelta::days(1))?;
    UnixMs::from_local(local, zone)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `2019-02-15 16:00:00` exactly, which is what most rows have: milliseconds as if it were UTC.
fn plain(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if bytes.len() != 19
        || marks.iter().any(|&(at, mark)| bytes[at] != mark)
        || !matches!(bytes[10], b' ' | b'T')
    {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to].iter().try_fold(0_u32, |sum, byte| {
            byte.is_ascii_digit()
                .then(|| sum * 10 + u32::from(byte - b'0'))
        })
    };
    let date = NaiveDate::from_ymd_opt(number(0, 4)? as i32, number(5, 7)?, number(8, 10)?)?;
    let time = NaiveTime::from_hms_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?)?;
    Some(date.and_time(time).and_utc().timestamp_millis())
}

/// `-04:00`, `-0400` or `-04`, in milliseconds.
fn offset_ms(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|&c| c != ':').collect();
    if !is_digits(&digits) || !matches!(digits.len(), 2 | 4) {
        return None;
    }
    let hours: i64 = digits[..2].parse().ok()?;
    let minutes: i64 = match digits.get(2..) {
        Some(minutes) if !minutes.is_empty() => minutes.parse().ok()?,
        _ => 0,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * MINUTE_MS)
}

fn epoch(text: &str) -> Option<UnixMs> {
    let number = super::number::parse(text).ok()?;
    let size = number.abs();
    let ms = if size < Decimal::from(100_000_000_000_i64) {
        number.checked_mul(Decimal::ONE_THOUSAND)?
    } else if size < Decimal::from(100_000_000_000_000_i64) {
        number
    } else if size < Decimal::from(100_000_000_000_000_000_i64) {
        number / Decimal::ONE_THOUSAND
    } else {
        number / Decimal::from(1_000_000)
    };
    let ms = i64::try_from(ms.floor()).ok()?;
    DateTime::<Utc>::from_timestamp_millis(ms).map(|_| UnixMs(ms))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use chrono_tz::America::New_York;

    fn read(text: &str) -> Option<String> {
        let time = TimeReader::new(New_York).read(text)?;
        Some(time.new_york().unwrap().to_rfc3339())
    }

    #[test]
    fn every_way_of_writing_a_time_is_read() {
        let seven = Some("2024-07-09T07:02:00-04:00".to_owned());
        for text in [
            "1720522920",
            "1720522920000",
            "1720522920000000",
            "1720522920000000000",
            "1720522920.0",
            "2024-07-09T07:02:00-04:00",
            "2024-07-09 07:02:00-04:00",
            "2024-07-09 07:02:00 -0400",
            "2024-07-09T11:02:00Z",
            "2024-07-09T11:02Z",
            "2024-07-09 11:02:00 UTC",
            "2024-07-09T13:02:00+02",
            "2024-07-09T07:02:00.000",
            "2024-07-09 07:02:00",
            "2024-07-09 07:02",
            "2024/07/09 07:02:00",
            " 2024-07-09T07:02:00 ",
        ] {
            assert_eq!(read(text), seven, "{text}");
        }
        assert_eq!(read("2024-07-09").unwrap(), "2024-07-09T00:00:00-04:00");
        assert_eq!(
            read("1720522920.5").unwrap(),
            "2024-07-09T07:02:00.500-04:00"
        );
        assert_eq!(read("-1").unwrap(), "1969-12-31T18:59:59-05:00");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "soon",
            "2024-13-01",
            "2024-02-30 10:00",
            "10:30",
            "2024-07-09T",
            "2024-07-0910:00",
            "2024-07-09 25:00:00",
            "2024-07-09 07:02:00-99:00",
            "2024-07-09 07:02:00 EST",
            "1e400",
            "NaN",
            "--5",
            "99999999999999999999999",
            "2024-07-09Z07:02",
            "日本日本日本日本",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn daylight_saving_is_right_both_ways() {
        for (text, expected) in [
            ("2024-03-10 01:59:59", "2024-03-10T01:59:59-05:00"),
            ("2024-03-10 02:30:00", "2024-03-10T03:30:00-04:00"),
            ("2024-03-10 03:00:00", "2024-03-10T03:00:00-04:00"),
            ("2024-11-03 00:59:00", "2024-11-03T00:59:00-04:00"),
            ("2024-11-03 01:00:00", "2024-11-03T01:00:00-04:00"),
            ("2024-11-03 02:00:00", "2024-11-03T02:00:00-05:00"),
            ("1730613600000", "2024-11-03T01:00:00-05:00"),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
        // One reader for all of a day's minutes agrees with the calendar.
        let mut reader = TimeReader::new(New_York);
        for minute in 0..1440 {
            let local = NaiveDate::from_ymd_opt(2024, 11, 3)
                .unwrap()
                .and_time(NaiveTime::MIN)
                + chrono::TimeDelta::minutes(minute);
            assert_eq!(
                reader.read(&local.format("%F %T").to_string()),
                UnixMs::from_local(local, New_York)
            );
        }
    }

    #[test]
    fn date_and_time_may_stand_apart() {
        let mut reader = TimeReader::new(New_York);
        for (date, time) in [
            ("2024-07-09", "07:02:00"),
            ("20240709", "070200"),
            ("2024/07/09", "07:02"),
            ("20240709", "0702"),
            ("2024-07-09", "07:02:00.000"),
        ] {
            assert_eq!(
                reader.read_apart(date, time),
                Some(UnixMs(1_720_522_920_000)),
                "{date} {time}"
            );
        }
        assert_eq!(reader.read_apart("2024-07-09", ""), None);
        assert_eq!(reader.read_apart("日本", "07:02"), None);
    }

    #[test]
    fn the_zone_can_be_another() {
        let tokyo = TimeReader::new(Tz::Asia__Tokyo).read("2024-07-09 20:02:00");
        assert_eq!(tokyo, Some(UnixMs(1_720_522_920_000)));
    }
}
