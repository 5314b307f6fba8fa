//! The whole simulated market: which instrument comes next, and what time it is there.
//!
//! The sequence of events follows from the settings and from the order in which symbols are added and removed, never
//! from how fast it is asked for. A minute of a symbol is a fixed number of steps; in each step all symbols have their
//! turn, and after the last one each gives the bar of its minute. The first day begins at 09:30 New York time of
//! [`FIRST_DATE`]; after 16:00 comes the next weekday. There are no holidays.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use chrono_tz::America::New_York;
use rustc_hash::FxHashSet;

use crate::domain::event::{DataService, Event};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{MINUTE_MS, UnixMs};

use super::dice::{Dice, mix};
use super::instrument::{Instrument, Moment};
use super::services::Services;

/// The simulated market's first day, a Wednesday.
pub const FIRST_DATE: NaiveDate = match NaiveDate::from_ymd_opt(2026, 9, 16) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

/// Minutes between 09:30 and 16:00.
const REGULAR_MINUTES: i64 = 390;

/// What a simulated market is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSettings {
    /// Where all chance comes from.
    pub seed: u64,
    /// Which data is given out.
    pub services: Services,
    /// Steps in a minute.
    pub steps_per_minute: u32,
    /// How likely it is that a symbol does something in a step, in 1/256.
    pub acting_of_256: u32,
    /// How likely it is that a symbol which does something trades, in 1/256.
    pub trade_of_256: u32,
    /// Levels on each side of a book.
    pub book_levels: usize,
    /// Steps between two updates of a book.
    pub book_every_steps: u32,
    /// Minutes before 09:30 at which a day begins.
    pub premarket_minutes: u32,
    /// The first day.
    pub first_date: NaiveDate,
}

impl ModelSettings {
    /// What the `sim:` source uses.
    ///
    /// A minute passes after twelve steps, which is about 26 events of a symbol when all services are given out. With
    /// nothing but bars and news two steps are enough, so that they are as quick to make as quotes.
    #[must_use]
    pub fn new(seed: u64, services: Services) -> Self {
        let is_slow = services.is_within(Services::of(&[DataService::Ohlcv, DataService::News]));
        let (steps_per_minute, trade_of_256) = if is_slow { (2, 256) } else { (12, 150) };
        Self {
            seed,
            services,
            steps_per_minute,
            acting_of_256: 256,
            trade_of_256,
            book_levels: 10,
            book_every_steps: 2,
            premarket_minutes: 0,
            first_date: FIRST_DATE,
        }
    }

    /// In how many steps of a minute a symbol does something, on average; at least one.
    #[must_use]
    pub fn acting_steps(&self) -> u32 {
        (self.steps_per_minute * self.acting_of_256 / 256).max(1)
    }
}

/// Which turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    Step(u32),
    Close,
}

/// A simulated market.
#[derive(Debug)]
pub struct MarketModel {
    settings: ModelSettings,
    instruments: Vec<Instrument>,
    known: FxHashSet<SymbolId>,
    /// The instrument whose turn is next.
    cursor: usize,
    pass: Pass,
    /// Minutes after 09:30.
    minute: i64,
    date: NaiveDate,
    /// 09:30 of the day.
    opening: UnixMs,
    moment: Moment,
    dice: Dice,
}

impl MarketModel {
    /// A market without instruments, at the beginning of its first day.
    #[must_use]
    pub fn new(settings: ModelSettings) -> Self {
        let date = settings.first_date;
        let opening = opening_of(date);
        let minute = -i64::from(settings.premarket_minutes);
        let mut model = Self {
            dice: Dice::new(settings.seed, "the whole market"),
            instruments: Vec::new(),
            known: FxHashSet::default(),
            cursor: 0,
            pass: Pass::Step(0),
            minute,
            date,
            opening,
            moment: Moment {
                time: opening,
                minute_start: opening,
                minute_serial: 0,
                day_serial: 0,
                step: 0,
                is_regular: true,
                volume_shape: 256,
                movement_shape: 256,
                market_drift: 0,
            },
            settings,
        };
        model.begin_minute();
        model.begin_step(0);
        model
    }

    /// Adds a symbol; one that is there already stays as it is.
    pub fn add(&mut self, symbol: &Symbol, id: SymbolId) {
        if self.known.insert(id) {
            self.instruments
                .push(Instrument::new(symbol, id, &self.settings));
        }
    }

    /// Removes symbols.
    pub fn remove(&mut self, ids: &[SymbolId]) {
        for id in ids {
            self.known.remove(id);
        }
        let gone_before = self.instruments[..self.cursor]
            .iter()
            .filter(|instrument| !self.known.contains(&instrument.id()))
            .count();
        self.cursor -= gone_before;
        self.instruments
            .retain(|instrument| self.known.contains(&instrument.id()));
    }

    /// Whether there is no symbol, so that nothing can happen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.instruments.is_empty()
    }

    /// The simulated clock.
    #[must_use]
    pub fn clock(&self) -> UnixMs {
        self.moment.time
    }

    /// The simulated date.
    #[must_use]
    pub fn date(&self) -> NaiveDate {
        self.date
    }

    /// Adds events until there are at least `count`; a few more when the last turn gave several. Without symbols it
    /// adds none.
    pub fn fill(&mut self, events: &mut Vec<Event>, count: usize) {
        while events.len() < count && !self.instruments.is_empty() {
            self.turn(events);
        }
    }

    /// Gives the next instrument its turn.
    fn turn(&mut self, events: &mut Vec<Event>) {
        if self.cursor >= self.instruments.len() {
            self.cursor = 0;
            self.next_pass();
        }
        let Some(instrument) = self.instruments.get_mut(self.cursor) else {
            return;
        };
        self.cursor += 1;
        match self.pass {
            Pass::Step(_) => instrument.step(&self.moment, &self.settings, events),
            Pass::Close => instrument.close_minute(&self.moment, &self.settings, events),
        }
    }

    fn next_pass(&mut self) {
        match self.pass {
            Pass::Step(step) if step + 1 < self.settings.steps_per_minute => {
                self.begin_step(step + 1);
            }
            Pass::Step(_) => {
                self.pass = Pass::Close;
                self.moment.time = self.moment.minute_start.plus_ms(MINUTE_MS);
            }
            Pass::Close => {
                self.minute += 1;
                self.moment.minute_serial += 1;
                if self.minute >= REGULAR_MINUTES {
                    self.begin_day();
                }
                self.begin_minute();
                self.begin_step(0);
            }
        }
    }

    fn begin_day(&mut self) {
        self.date = weekday_after(self.date);
        self.opening = opening_of(self.date);
        self.minute = -i64::from(self.settings.premarket_minutes);
        self.moment.day_serial += 1;
        self.moment.market_drift = 0;
    }

    fn begin_minute(&mut self) {
        let moment = &mut self.moment;
        moment.minute_start = self.opening.plus_ms(self.minute * MINUTE_MS);
        moment.is_regular = self.minute >= 0;
        moment.volume_shape = volume_shape(self.minute);
        moment.movement_shape = movement_shape(self.minute);
        moment.market_drift += self.dice.bell() / 28 - moment.market_drift / 40;
    }

    fn begin_step(&mut self, step: u32) {
        let steps = i64::from(self.settings.steps_per_minute.max(1));
        let length_ms = MINUTE_MS / steps;
        // Real data does not tick like a clock, but whole tenths of a second read and compress better.
        let tenths = (length_ms / 100).max(1) as u64;
        let bits = mix(self.settings.seed ^ (self.moment.minute_serial << 16) ^ u64::from(step));
        let offset_ms = length_ms * i64::from(step) + (bits % tenths) as i64 * 100;
        self.pass = Pass::Step(step);
        self.moment.step = step;
        self.moment.time = self.moment.minute_start.plus_ms(offset_ms);
    }
}

/// How large trades are in a minute of the day, in 1/256: much at the open and the close, little at noon and before
/// the open.
fn volume_shape(minute: i64) -> u64 {
    if minute < 0 {
        return 30;
    }
    let from_noon = (minute - REGULAR_MINUTES / 2).unsigned_abs();
    let half = (REGULAR_MINUTES / 2) as u64;
    let bowl = 120 + 500 * from_noon * from_noon / (half * half);
    match minute {
        0 => bowl * 3,
        1..=4 => bowl * 3 / 2,
        389 => bowl * 4,
        _ => bowl,
    }
}

/// How much prices move in a minute of the day, in 1/256.
fn movement_shape(minute: i64) -> i64 {
    if minute < 0 {
        return 90;
    }
    let half = REGULAR_MINUTES / 2;
    let from_noon = minute - half;
    let bowl = 190 + 170 * from_noon * from_noon / (half * half);
    // The first quarter of an hour is the wildest.
    bowl + 16 * (15 - minute).max(0)
}

fn opening_of(date: NaiveDate) -> UnixMs {
    date.and_hms_opt(9, 30, 0)
        .and_then(|local| UnixMs::from_local(local, New_York))
        .unwrap_or_default()
}

fn weekday_after(date: NaiveDate) -> NaiveDate {
    let ahead = match date.weekday() {
        Weekday::Fri => 3,
        Weekday::Sat => 2,
        _ => 1,
    };
    // At the end of the calendar, which no run reaches, the last day repeats.
    date.checked_add_days(Days::new(ahead)).unwrap_or(date)
}

#[cfg(test)]
mod tests;
