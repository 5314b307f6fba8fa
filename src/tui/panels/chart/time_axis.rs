//! The labels of the time axis: round local times, dates where days change, none over another.

use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;

use crate::domain::time::UnixMs;

use super::columns::Column;
use super::days::DAY_MS;

/// Cells kept free between two labels.
const SPACE: u16 = 2;
/// Cells that times should be apart: the label and some rest for the eye.
const TIMES_APART: i64 = 11;
/// Minutes between labelled times that are round to a reader.
const ROUND_MINUTES: [i64; 12] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720];

/// One label of the axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeLabel {
    /// Its first cell.
    pub x: u16,
    /// The cell of the candle that it stands for.
    pub tick: u16,
    /// What it says, in ASCII.
    pub text: String,
    /// Whether it is a date (a day, month or year begins here).
    pub is_date: bool,
}

/// How much a label matters when there is no room for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Time,
    LeftEdge,
    Day,
    Week,
    /// The left edge where columns are days: nothing else tells the year.
    LeftMonth,
    Month,
    Quarter,
    Year,
}

/// What the axis is made for.
#[derive(Debug, Clone, Copy)]
pub struct TimeAxis {
    /// Cells that there are.
    pub width: u16,
    /// Cells from one column to the next.
    pub pitch: u16,
    /// Where in a column its middle is, in cells.
    pub middle: u16,
    /// What a column covers, in milliseconds.
    pub column_ms: i64,
    /// Whose clocks are shown.
    pub zone: Tz,
}

impl TimeAxis {
    /// Chooses the labels for these columns, left to right.
    #[must_use]
    pub fn labels(&self, columns: &[Column]) -> Vec<TimeLabel> {
        let mut candidates = self.candidates(columns);
        for rank in [Rank::Day, Rank::Week, Rank::Month, Rank::Quarter] {
            drop_crowded(&mut candidates, rank);
        }
        candidates.sort_by_key(|(rank, label)| (std::cmp::Reverse(*rank), label.tick));
        let mut placed: Vec<TimeLabel> = Vec::new();
        for (_, label) in candidates {
            // `placed` is in order: only the neighbours on both sides can be in the way.
            let at = placed.partition_point(|other| other.x < label.x);
            let end = |label: &TimeLabel| label.x + label.text.len() as u16;
            let free_left = at == 0 || end(&placed[at - 1]) + SPACE <= label.x;
            let free_right = placed
                .get(at)
                .is_none_or(|next| end(&label) + SPACE <= next.x);
            if free_left && free_right && end(&label) <= self.width {
                placed.insert(at, label);
            }
        }
        placed
    }

    fn candidates(&self, columns: &[Column]) -> Vec<(Rank, TimeLabel)> {
        let step_minutes = self.step_minutes();
        let mut previous: Option<DateTime<Tz>> = None;
        let mut candidates = Vec::new();
        for column in columns {
            let Some(time) = column.start.in_zone(self.zone) else {
                continue;
            };
            let rank = self.rank(previous, time, column.breaks, step_minutes);
            if let Some(rank) = rank {
                let text = self.text(rank, time);
                let tick = column.x + self.middle;
                let length = text.len() as u16;
                let x = tick
                    .saturating_sub(length / 2)
                    .min(self.width.saturating_sub(length));
                let label = TimeLabel {
                    x,
                    tick,
                    text,
                    is_date: rank > Rank::Time,
                };
                candidates.push((rank, label));
            }
            previous = Some(time);
        }
        candidates
    }

    /// The closest round step whose labels have room; `None` when only dates have.
    fn step_minutes(&self) -> Option<i64> {
        let column_minutes = (self.column_ms / 60_000).max(1);
        ROUND_MINUTES.into_iter().find(|minutes| {
            minutes % column_minutes == 0
                && minutes / column_minutes * i64::from(self.pitch) >= TIMES_APART
        })
    }

    fn rank(
        &self,
        previous: Option<DateTime<Tz>>,
        time: DateTime<Tz>,
        breaks: bool,
        step_minutes: Option<i64>,
    ) -> Option<Rank> {
        let Some(previous) = previous else {
            return Some(if self.column_ms < DAY_MS {
                Rank::LeftEdge
            } else {
                Rank::LeftMonth
            });
        };
        if previous.year() != time.year() {
            return Some(Rank::Year);
        }
        if previous.month() != time.month() {
            let is_quarter = time.month0().is_multiple_of(3);
            return Some(if is_quarter {
                Rank::Quarter
            } else {
                Rank::Month
            });
        }
        if previous.date_naive() != time.date_naive() || breaks {
            let same_week = previous.iso_week() == time.iso_week();
            return Some(if same_week { Rank::Day } else { Rank::Week });
        }
        let minute = |time: DateTime<Tz>| i64::from(time.hour() * 60 + time.minute());
        let step = step_minutes.filter(|_| self.column_ms < DAY_MS)?;
        // Where the round minute itself has no candle, the first one after it is named with its own time. When
        // clocks are set back, the same hour comes twice and is named twice.
        (minute(previous).div_euclid(step) != minute(time).div_euclid(step)).then_some(Rank::Time)
    }

    fn text(&self, rank: Rank, time: DateTime<Tz>) -> String {
        let format = match (rank, self.column_ms < DAY_MS) {
            (Rank::Time, _) => "%H:%M",
            (Rank::Year, true) => "%-d %b %Y",
            (Rank::LeftMonth, _) => "%b %Y",
            (Rank::Year, false) => "%Y",
            (Rank::Month | Rank::Quarter, false) => "%b",
            (Rank::Day | Rank::Week | Rank::LeftEdge, false) => "%-d",
            (_, true) => "%-d %b",
        };
        time.format(format).to_string()
    }
}

/// Takes the labels of a rank away where there is no room for all of them: some would be a riddle.
fn drop_crowded(candidates: &mut Vec<(Rank, TimeLabel)>, rank: Rank) {
    let dates = || candidates.iter().filter(|(other, _)| *other >= rank);
    let (Some((_, first)), Some((_, last))) = (dates().next(), dates().next_back()) else {
        return;
    };
    let gaps = dates().count() - 1;
    let longest = dates()
        .filter(|(other, _)| *other == rank)
        .map(|(_, label)| label.text.len())
        .max()
        .unwrap_or(0);
    let cells = usize::from(last.tick - first.tick);
    if gaps >= 3 && cells < gaps * (longest + usize::from(SPACE)) {
        candidates.retain(|(other, _)| *other != rank);
    }
}

/// The wall clock of `zone` as a reader wants it in the readout: date and time, or the date alone for whole days.
#[must_use]
pub fn moment(time: UnixMs, zone: Tz, whole_days: bool, format: &str) -> String {
    let format = if whole_days {
        format.trim_end_matches("%H:%M").trim_end()
    } else {
        format
    };
    time.in_zone(zone)
        .map(|local| local.format(format).to_string())
        .unwrap_or_default()
}

#[cfg(test)]
#[path = "time_axis_tests.rs"]
mod tests;
