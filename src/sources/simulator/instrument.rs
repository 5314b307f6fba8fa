//! One simulated instrument: its price, its trades, and the bar of its minute.

use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::event::{DataService, Event, Payload};
use crate::domain::quote::Level1;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;
use crate::domain::trade::{Side, TimeAndSale};

use super::dice::{BELL_DEVIATION, Dice};
use super::headlines::headline;
use super::ladder::Book;
use super::model::ModelSettings;
use super::profile::{PRICE_SCALE, Profile};

/// Parts of a tick in which the fair price moves, as a power of two.
const FAIR_BITS: u32 = 16;

/// Minutes of a regular session.
const SESSION_MINUTES: i64 = 390;

/// One symbol in so many has a headline in a minute.
const NEWS_ONE_IN: u32 = 90;

/// What is the same for all instruments in one step.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The simulated clock.
    pub time: UnixMs,
    /// When the minute began.
    pub minute_start: UnixMs,
    /// Counts minutes since the beginning of the simulation.
    pub minute_serial: u64,
    /// Counts days since the beginning of the simulation.
    pub day_serial: u64,
    /// Which step of the minute it is.
    pub step: u32,
    /// Whether it is in regular hours.
    pub is_regular: bool,
    /// How large trades are at this time of day, in 1/256.
    pub volume_shape: u64,
    /// How much prices move at this time of day, in 1/256.
    pub movement_shape: i64,
    /// Where the whole market is drifting: in 1/65,536 of an ordinary minute's move.
    pub market_drift: i64,
}

/// A bar while it is being built, in ticks and units.
#[derive(Debug, Clone, Copy)]
struct Bar {
    open: i64,
    high: i64,
    low: i64,
    close: i64,
    units: u64,
}

/// One simulated instrument.
#[derive(Debug)]
pub struct Instrument {
    id: SymbolId,
    symbol: Symbol,
    profile: Profile,
    dice: Dice,
    book: Book,
    /// What the instrument is worth, in parts of a tick.
    fair: i64,
    /// How much of that it gains in each step of this minute.
    drift: i64,
    /// The instrument's own slow movement, in parts of a tick for each minute.
    trend: i64,
    /// An ordinary minute's and step's move, in parts of a tick.
    minute_move: i64,
    step_move: i64,
    bid: i64,
    ask: i64,
    last: Option<(i64, u64)>,
    day_units: u64,
    bar: Option<Bar>,
    minute_serial: Option<u64>,
    day_serial: Option<u64>,
    /// The step of this minute in which a trade is sure.
    sure_step: Option<u32>,
    news_step: Option<u32>,
    steps_since_book: u32,
}

impl Instrument {
    /// An instrument whose whole life depends on the settings' seed and its name.
    #[must_use]
    pub fn new(symbol: &Symbol, id: SymbolId, settings: &ModelSettings) -> Self {
        let profile = Profile::of(settings.seed, symbol.as_str());
        let mut dice = Dice::new(settings.seed, symbol.as_str());
        let fair = profile.price_ticks << FAIR_BITS;
        let acting_steps = settings.acting_steps();
        let day_move = fair / 10_000 * profile.daily_move_bps;
        let book = Book::new(
            dice.roll(),
            profile.trade_units.div_ceil(100),
            profile.level_gap_ticks,
        );
        Self {
            id,
            symbol: symbol.clone(),
            profile,
            dice,
            book,
            fair,
            drift: 0,
            trend: 0,
            minute_move: day_move / SESSION_MINUTES.isqrt(),
            step_move: day_move / (SESSION_MINUTES * i64::from(acting_steps)).isqrt(),
            bid: 0,
            ask: 0,
            last: None,
            day_units: 0,
            bar: None,
            minute_serial: None,
            day_serial: None,
            sure_step: None,
            news_step: None,
            // The first update of a book is not to be waited for.
            steps_since_book: settings.book_every_steps,
        }
    }

    /// The number that stands for it in the engine.
    #[must_use]
    pub fn id(&self) -> SymbolId {
        self.id
    }

    /// Lets one step pass and adds what can be seen of it.
    pub fn step(&mut self, moment: &Moment, settings: &ModelSettings, events: &mut Vec<Event>) {
        if self.minute_serial != Some(moment.minute_serial) {
            self.begin_minute(moment, settings);
        }
        let is_sure = self.sure_step == Some(moment.step);
        let has_news = self.news_step == Some(moment.step);
        let acting = if moment.is_regular {
            settings.acting_of_256
        } else {
            settings.acting_of_256 / 6
        };
        if !(is_sure || has_news || acting >= 256 || self.dice.chance(acting)) {
            return;
        }
        let services = settings.services;
        if has_news {
            let news = self.break_news();
            if services.contains(DataService::News) {
                self.emit(moment.time, Payload::News(Box::new(news)), events);
            }
        }
        let moved = self.move_price(moment);
        if is_sure || self.dice.chance(settings.trade_of_256) {
            let trade = self.trade(moved, moment);
            if services.contains(DataService::TimeAndSales) {
                self.emit(moment.time, Payload::TimeAndSales(trade), events);
            }
        }
        if services.contains(DataService::Level2) {
            self.publish_book(moment.time, settings, events);
        }
        if services.contains(DataService::Level1) {
            let quote = self.quote();
            self.emit(moment.time, Payload::Level1(quote), events);
        }
    }

    /// Ends the minute: its bar, when something was traded.
    pub fn close_minute(
        &mut self,
        moment: &Moment,
        settings: &ModelSettings,
        events: &mut Vec<Event>,
    ) {
        let Some(bar) = self.bar.take() else { return };
        if settings.services.contains(DataService::Ohlcv) {
            let payload = Payload::Ohlcv(Ohlcv {
                open: Some(price(bar.open)),
                high: Some(price(bar.high)),
                low: Some(price(bar.low)),
                close: Some(price(bar.close)),
                volume: Some(Decimal::from(bar.units)),
            });
            self.emit(moment.minute_start, payload, events);
        }
    }

    fn emit(&self, time: UnixMs, payload: Payload, events: &mut Vec<Event>) {
        events.push(Event {
            symbol: self.id,
            time: Some(time),
            payload,
        });
    }

    fn begin_minute(&mut self, moment: &Moment, settings: &ModelSettings) {
        if self.day_serial != Some(moment.day_serial) {
            if self.day_serial.is_some() {
                // The night's news moves the price by as much as half an hour of trading.
                self.fair += self.dice.bell() * self.minute_move / BELL_DEVIATION * 5;
            }
            self.day_serial = Some(moment.day_serial);
            self.day_units = 0;
            self.trend = 0;
            self.book.forget();
            self.steps_since_book = settings.book_every_steps;
        }
        self.minute_serial = Some(moment.minute_serial);
        let steps = settings.steps_per_minute.max(1);
        let noise = self.dice.bell() * self.minute_move / BELL_DEVIATION;
        self.trend += noise / 26 - self.trend / 24;
        let home = (self.profile.price_ticks << FAIR_BITS) - self.fair;
        let market = moment.market_drift * (self.minute_move >> 8) * self.profile.market_share;
        let of_minute = self.trend + (market >> 16) + home / 4096;
        self.drift = of_minute * moment.movement_shape / 256 / i64::from(settings.acting_steps());
        let is_lively = moment.is_regular || self.dice.chance(90);
        let sure = self.dice.below(steps);
        self.sure_step = is_lively.then_some(sure);
        let (has_news, news) = (self.dice.below(NEWS_ONE_IN) == 0, self.dice.below(steps));
        self.news_step = (has_news && moment.is_regular).then_some(news);
    }

    /// A headline, and the jump that comes with it.
    fn break_news(&mut self) -> crate::domain::news::News {
        let bits = self.dice.roll();
        let is_good = bits & 1 == 0;
        let jump = self.minute_move * (1 + (bits >> 8 & 3) as i64);
        let sign = if is_good { 1 } else { -1 };
        self.fair += sign * jump;
        self.trend += sign * jump / 12;
        headline(self.symbol.as_str(), is_good, bits >> 3)
    }

    /// Moves the fair price and puts bid and ask around it; gives the move.
    fn move_price(&mut self, moment: &Moment) -> i64 {
        // Slow movement makes up for the quarter that is taken off here.
        let noise = self.dice.bell() * self.step_move / BELL_DEVIATION * 3 / 4;
        let before = self.fair;
        self.fair += noise * moment.movement_shape / 256 + self.drift;
        let home = self.profile.price_ticks << FAIR_BITS;
        // Nothing halves or doubles three times, however long it runs.
        self.fair = self.fair.clamp(home / 8, home * 8);
        let bits = self.dice.roll();
        let wider = (bits & 1) as i64 + i64::from(moment.movement_shape > 400);
        let spread = self.profile.spread_ticks + wider;
        self.bid = ((self.fair >> FAIR_BITS) - spread / 2).max(1);
        self.ask = self.bid + spread;
        // Orders come and go somewhere near the best prices.
        let place = (bits >> 8 & 7) as i64 * self.profile.level_gap_ticks;
        self.book.touch(self.bid - place);
        self.book.touch(self.ask + place);
        self.fair - before
    }

    /// A trade at the bid or ask, more likely on the side to which the price has moved.
    fn trade(&mut self, moved: i64, moment: &Moment) -> TimeAndSale {
        let bits = self.dice.roll();
        let goes_along = bits & 0xff < 184;
        let is_buy = goes_along == (moved >= 0);
        let (at, side) = if is_buy {
            (self.ask, Side::Buy)
        } else {
            (self.bid, Side::Sell)
        };
        let units = self.trade_units(bits >> 8, moment.volume_shape);
        self.book.touch(at);
        self.last = Some((at, units));
        self.day_units += units;
        let bar = self.bar.get_or_insert(Bar {
            open: at,
            high: at,
            low: at,
            close: at,
            units: 0,
        });
        bar.high = bar.high.max(at);
        bar.low = bar.low.min(at);
        bar.close = at;
        bar.units += units;
        TimeAndSale {
            price: Some(price(at)),
            size: Some(Decimal::from(units)),
            side: Some(side),
            ..TimeAndSale::default()
        }
    }

    /// Many small trades, few large ones: each doubling of the size is half as likely. Most are round lots.
    fn trade_units(&self, bits: u64, volume_shape: u64) -> u64 {
        let doublings = (bits as u32 | 1 << 4).trailing_zeros();
        let within = 192 + (bits >> 32 & 127);
        let units =
            ((self.profile.trade_units << doublings) * within / 256 * volume_shape / 256).max(1);
        if units >= 200 && bits >> 40 & 3 != 0 {
            units / 100 * 100
        } else {
            units
        }
    }

    fn publish_book(&mut self, time: UnixMs, settings: &ModelSettings, events: &mut Vec<Event>) {
        self.steps_since_book += 1;
        if self.steps_since_book < settings.book_every_steps {
            return;
        }
        if let Some(update) = self.book.publish(self.bid, self.ask, settings.book_levels) {
            self.steps_since_book = 0;
            self.emit(time, Payload::Level2(Box::new(update)), events);
        }
    }

    fn quote(&self) -> Level1 {
        Level1 {
            bid: Some(price(self.bid)),
            bid_size: Some(Decimal::from(self.book.units_at(self.bid))),
            ask: Some(price(self.ask)),
            ask_size: Some(Decimal::from(self.book.units_at(self.ask))),
            last: self.last.map(|(ticks, _)| price(ticks)),
            last_size: self.last.map(|(_, units)| Decimal::from(units)),
            volume: Some(Decimal::from(self.day_units)),
        }
    }
}

fn price(ticks: i64) -> Decimal {
    Decimal::new(ticks, PRICE_SCALE)
}
