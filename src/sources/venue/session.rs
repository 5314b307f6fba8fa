//! A protocol with what is the same for all of them: the one thing that a live driver and a recording both talk to, so
//! that both make the same of the same input.

mod lateness;
mod missed;

use serde_json::Value;

use crate::domain::event::{DataService, Event, Payload};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{MINUTE_MS, Timeframe, UnixMs};

use super::backfill::Backfill;
use super::chain::Gaps;
use super::kept::{self, OfConnection, OfSymbol, Shown};
use super::options::Setup;
use super::plausible::Plausible;
use super::{Answer, Incoming, Output, Protocol};
use crate::decode::Rejection;
use lateness::{Bars, Lateness};
use missed::Missed;

/// Ticks come about every second; what is much longer was a pause, in milliseconds.
const TICK_MS: i64 = 1000;

/// What a session is told. A recording holds just this, with the time of each.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// The connection is open.
    Opened,
    /// A message has come.
    Message(Incoming<'a>),
    /// A request has been answered.
    Answered(Answer<'a>),
    /// Symbols are wanted.
    Subscribe(&'a [(Symbol, SymbolId)]),
    /// Symbols are wanted no more.
    Unsubscribe(&'a [(Symbol, SymbolId)]),
    /// A symbol's book is to begin anew.
    Resync(&'a (Symbol, SymbolId)),
    /// About a second has passed.
    Tick,
    /// The connection has gone.
    Closed,
    /// What is known by what came before, of a symbol or of the connection: see [`Session::kept`]. Only a recording that
    /// was begun in mid-run holds it.
    Kept(Option<&'a (Symbol, SymbolId)>, &'a str),
}

/// A protocol at work.
pub struct Session {
    protocol: Box<dyn Protocol>,
    /// Those that are wanted, in the order in which they came to be.
    symbols: Vec<(Symbol, SymbolId)>,
    /// How long its bars are.
    interval: Timeframe,
    has_books: bool,
    /// What says that bars are over.
    bars: Option<Bars>,
    /// What trades are missed, where bars are built from them.
    missed: Option<Missed>,
    backfill: Option<Backfill>,
    /// The last minute that was said to be over.
    minute: i64,
    lateness: Lateness,
    gaps: Gaps,
    /// Where there are quotes, for a recording that begins later.
    shown: Option<Shown>,
    /// When it was last told that time passes, or that the connection is open.
    ticked: Option<UnixMs>,
    /// When a message came last, or the connection was opened: what was sent before has come.
    heard: Option<UnixMs>,
    /// Input was missing: with the next one trades come again.
    goes_on: bool,
}

impl Session {
    /// A session of a protocol that was made from this.
    #[must_use]
    pub fn new(protocol: Box<dyn Protocol>, setup: &Setup) -> Self {
        let builds = Bars::of(setup) == Some(Bars::Built) && setup.has(DataService::Ohlcv);
        let missed = builds.then(|| Missed::new(protocol.confirms()));
        Self {
            protocol,
            symbols: Vec::new(),
            interval: setup.products.interval,
            has_books: setup.has(DataService::Level2),
            bars: Bars::of(setup),
            missed,
            backfill: Backfill::new(setup),
            minute: 0,
            lateness: Lateness::default(),
            gaps: Gaps::default(),
            shown: (setup.has(DataService::Level1)).then(|| Shown::new(setup.calendar)),
            ticked: None,
            heard: None,
            goes_on: false,
        }
    }

    /// The protocol, for what only a driver needs.
    pub fn protocol(&mut self) -> &mut dyn Protocol {
        self.protocol.as_mut()
    }

    /// The symbols that are wanted, in the order in which they came to be.
    #[cfg(test)]
    pub(crate) fn symbols(&self) -> Vec<SymbolId> {
        self.symbols.iter().map(|(_, id)| *id).collect()
    }

    /// Takes an input that came at `now` by the system clock. What is to be done about it is added to `output`.
    pub fn take(&mut self, input: Input<'_>, now: UnixMs, output: &mut Output) {
        if self.backfill.is_none() {
            return self.take_live(input, now, output);
        }
        let before = (output.events.len(), output.notices.len());
        if !self.is_of_the_past(input, now, output) {
            self.take_live(input, now, output);
        }
        if let Some(backfill) = &mut self.backfill {
            backfill.look(before, self.protocol.as_ref(), now, output);
        }
    }

    /// What an input means for the bars from before. Whether that is all it means.
    fn is_of_the_past(&mut self, input: Input<'_>, now: UnixMs, output: &mut Output) -> bool {
        let Some(backfill) = &mut self.backfill else {
            return false;
        };
        match input {
            Input::Opened => backfill.opened(),
            Input::Subscribe(symbols) => backfill.add(symbols),
            Input::Unsubscribe(symbols) => backfill.remove(symbols),
            Input::Tick => backfill.tick(self.protocol.as_ref(), now, output),
            Input::Answered(answer) => {
                return backfill.answered(&answer, self.protocol.as_ref(), now, output);
            }
            Input::Message(_) | Input::Resync(_) | Input::Closed | Input::Kept(..) => {}
        }
        false
    }

    fn take_live(&mut self, input: Input<'_>, now: UnixMs, output: &mut Output) {
        // With a connection what was missed ends as always.
        if std::mem::take(&mut self.goes_on)
            && !matches!(input, Input::Opened | Input::Closed)
            && let Some(missed) = &mut self.missed
        {
            let late_ms = self.lateness.least_ms(now).unwrap_or(0);
            missed.resume_all(now.plus_ms(-late_ms), output);
        }
        let before = output.events.len();
        let notices = output.notices.len();
        match input {
            Input::Opened => {
                self.ticked = Some(now);
                self.heard = Some(now);
                self.protocol.opened(now, output);
            }
            Input::Message(message) => {
                self.heard = Some(now);
                self.protocol.message(message, now, output);
                self.keep_plausible(before, now, output);
                for missing in output.missing.drain(..) {
                    self.gaps.take(&missing, now, &mut output.notices);
                }
                self.note_lateness(before, now, output);
                self.note_shown(before, output);
            }
            Input::Answered(answer) => {
                self.protocol.answer(&answer, now, output);
                self.keep_plausible(before, now, output);
                self.note_lateness(before, now, output);
                self.note_shown(before, output);
            }
            Input::Subscribe(symbols) => {
                self.symbols.extend_from_slice(symbols);
                if let Some(missed) = &mut self.missed {
                    missed.add(symbols.iter().map(|(_, id)| *id), now, output);
                }
                self.protocol.subscribe(symbols, output);
            }
            Input::Unsubscribe(symbols) => {
                self.symbols
                    .retain(|(_, known)| !symbols.iter().any(|(_, id)| id == known));
                if let Some(shown) = &mut self.shown {
                    shown.forget(symbols);
                }
                if let Some(missed) = &mut self.missed {
                    missed.remove(symbols.iter().map(|(_, id)| *id));
                }
                self.gaps.forget(symbols, now, &mut output.notices);
                self.protocol.unsubscribe(symbols, output);
            }
            Input::Resync((_, symbol)) => self.protocol.resync(*symbol, output),
            Input::Tick => {
                self.tell_pause(now);
                self.protocol.tick(now, output);
                self.gaps.tell(now, &mut output.notices);
                self.tell_minutes(now, output);
            }
            Input::Closed => {
                self.gaps.tell(now, &mut output.notices);
                self.lose(now, output);
            }
            Input::Kept(of, text) => {
                if let Err(rejection) = self.keep(of.map(|(_, id)| *id), text, now, output) {
                    output.reject(rejection);
                }
                self.note_shown(before, output);
            }
        }
        if let Some(missed) = &mut self.missed {
            missed.look(output.notices.get(notices..).unwrap_or_default(), now);
            if let Some(late_ms) = self.lateness.least_ms(now) {
                missed.take(before, late_ms, now, output);
            }
        }
    }

    fn note_lateness(&mut self, before: usize, now: UnixMs, output: &Output) {
        if let Some(bars) = self.bars {
            let events = output.events.get(before..).unwrap_or_default();
            self.lateness.note(bars, events, now);
        }
    }

    fn keep_plausible(&self, before: usize, now: UnixMs, output: &mut Output) {
        Plausible::at(now, self.interval).keep(before, output, |id| {
            let found = self.symbols.iter().find(|(_, known)| *known == id);
            found.map(|(symbol, _)| symbol.clone())
        });
    }

    fn note_shown(&mut self, before: usize, output: &Output) {
        if let Some(shown) = &mut self.shown {
            shown.note(output.events.get(before..).unwrap_or_default());
        }
    }

    /// Whether nobody wants anything of it.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.symbols.is_empty()
    }

    /// What is known of a symbol, or of the connection, that later messages do not repeat: a session that is given it as
    /// [`Input::Kept`] goes on as this one does. `None` when nothing is.
    #[must_use]
    pub fn kept(&mut self, symbol: Option<SymbolId>) -> Option<String> {
        let Some(symbol) = symbol else {
            let mut known = OfConnection {
                ticked: self.ticked,
                heard: self.heard,
                gaps: self.gaps.kept(None),
                own: self.protocol.connection_kept(),
                ..OfConnection::default()
            };
            if self.bars.is_some() {
                known.minute = Some(self.minute);
                known.lateness = kept::written(&self.lateness);
            }
            return kept::text(&known);
        };
        let shown = self.shown.as_ref().map(|shown| shown.of(symbol));
        let mut known = shown.unwrap_or_default();
        if let Some(states) = self.protocol.states() {
            known.own = states.kept(symbol);
        }
        known.gaps = self.gaps.kept(Some(symbol));
        if let Some(missed) = &self.missed {
            known.missed = missed.kept(symbol);
        }
        if let Some(backfill) = &self.backfill {
            known.past = backfill.kept(symbol);
        }
        kept::text(&known)
    }

    fn keep(
        &mut self,
        symbol: Option<SymbolId>,
        text: &str,
        now: UnixMs,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        let Some(symbol) = symbol else {
            let known: OfConnection = serde_json::from_str(text).map_err(kept::wrong)?;
            self.ticked = known.ticked.or(self.ticked);
            self.heard = known.heard.or(self.heard);
            self.minute = known.minute.unwrap_or(self.minute);
            if !known.lateness.is_null() {
                self.lateness = kept::read(known.lateness)?;
            }
            let late_ms = self.lateness.least_ms(now).unwrap_or(0);
            if let Some(missed) = &mut self.missed {
                missed.resume_all(now.plus_ms(-late_ms), output);
            }
            self.gaps.keep(None, known.gaps)?;
            return match known.own {
                Value::Null => Ok(()),
                own => self.protocol.keep_connection(own),
            };
        };
        let known: OfSymbol = serde_json::from_str(text).map_err(kept::wrong)?;
        known.events(symbol, &mut output.events);
        self.gaps.keep(Some(symbol), known.gaps)?;
        let late_ms = self.lateness.least_ms(now).unwrap_or(0);
        if let Some(missed) = &mut self.missed {
            missed.keep(symbol, known.missed, now.plus_ms(-late_ms), output)?;
        }
        if let Some(backfill) = &mut self.backfill {
            backfill.keep(symbol, known.past)?;
        }
        match self.protocol.states() {
            Some(states) if !known.own.is_null() => {
                states.keep(symbol, known.own)?;
                self.protocol.go_on(symbol, output)
            }
            _ => Ok(()),
        }
    }

    /// Ticks have come all the while until now.
    #[cfg(test)]
    pub(crate) fn has_ticked(&mut self, now: UnixMs) {
        self.ticked = Some(now);
    }

    /// Tells the protocol of a time without ticks, by what a recording holds too.
    fn tell_pause(&mut self, now: UnixMs) {
        let last = self.ticked.replace(now).unwrap_or(now);
        let ms = now.0.saturating_sub(last.0);
        if ms >= 2 * TICK_MS {
            self.protocol.paused(ms - TICK_MS);
        }
    }

    /// A bar without anything after it would otherwise never close. A minute is over when what belongs to it has had time
    /// to come, which a delayed feed's has a quarter of an hour later.
    fn tell_minutes(&mut self, now: UnixMs, output: &mut Output) {
        let Some(bars) = self.bars else { return };
        let Some(late_ms) = self.lateness.least_ms(now) else {
            return;
        };
        let minute = bars.all_until(now, late_ms).0.div_euclid(MINUTE_MS);
        if minute < self.minute {
            // Data are later than it seemed when that was said.
            self.minute = minute;
        } else if minute > self.minute {
            let is_first = std::mem::replace(&mut self.minute, minute) == 0;
            if !is_first {
                if let Some(missed) = &mut self.missed {
                    missed.settle(late_ms, output);
                }
                let time = UnixMs(minute * MINUTE_MS);
                let symbols = self.symbols.iter().map(|(_, id)| *id);
                tell(symbols, Some(time), &Payload::Clock, output);
            }
        }
    }

    /// Input is missing between what has come and what comes next.
    pub fn miss(&mut self, output: &mut Output) {
        if let Some(heard) = self.heard {
            self.lose(heard, output);
            self.goes_on = true;
        }
    }

    /// What comes from now on does not go on from what has come.
    fn lose(&mut self, now: UnixMs, output: &mut Output) {
        let symbols = || self.symbols.iter().map(|(_, id)| *id);
        if self.has_books {
            tell(symbols(), None, &Payload::BookLost, output);
        }
        if let Some(missed) = &mut self.missed {
            let late_ms = self.lateness.least_ms(now);
            let until = late_ms.map(|ms| Bars::Built.all_until(self.heard.unwrap_or(now), ms));
            missed.lose(symbols(), until, output);
        }
    }
}

fn tell(
    symbols: impl Iterator<Item = SymbolId>,
    time: Option<UnixMs>,
    payload: &Payload,
    output: &mut Output,
) {
    output.events.extend(symbols.map(|symbol| Event {
        symbol,
        time,
        payload: payload.clone(),
    }));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::sources::venue::testing::Workbench;
    use crate::sources::venue::{alpaca, kraken};

    /// A minute in which a trade that is so late comes every second, and whether minutes were said to be over that had not
    /// been.
    fn clocks(late_ms: i64) -> Vec<i64> {
        let mut bench = Workbench::new(
            &alpaca::VENUE,
            "alpaca:delayed_sip?services=OHLCV&bars=trades",
        );
        bench.subscribe(&["AAPL"]);
        bench.open();
        for text in ["connected", "authenticated"] {
            bench.text(&format!(r#"[{{"T":"success","msg":"{text}"}}]"#));
        }
        let start = bench.now;
        let mut clocks = Vec::new();
        for second in 0..150 {
            let now = start.plus_ms(second * 1000);
            bench.tick(now);
            for event in &bench.output.events {
                if event.payload == Payload::Clock {
                    clocks.push(now.0 - event.time.unwrap().0);
                }
            }
            bench.now = now.plus_ms(500);
            let time = bench.now.plus_ms(-late_ms);
            let time = time.new_york().unwrap().to_rfc3339();
            let trade = format!(
                r#"[{{"T":"t","S":"AAPL","p":1,"s":1,"x":"V","z":"C","i":{second},"t":"{time}","c":[]}}]"#
            );
            let came = &bench.text(&trade).events;
            assert!(matches!(
                came.last().map(|event| &event.payload),
                Some(Payload::TimeAndSales(_))
            ));
        }
        clocks
    }

    fn clocks_of(bench: &mut Workbench, seconds: std::ops::Range<i64>) -> Vec<i64> {
        let start = bench.now;
        let mut clocks = Vec::new();
        for second in seconds {
            bench.tick(start.plus_ms(second * 1000));
            let events = bench.output.events.iter();
            let of_clock = events.filter(|event| event.payload == Payload::Clock);
            clocks.extend(of_clock.map(|event| bench.now.0 - event.time.unwrap().0));
        }
        clocks
    }

    #[test]
    fn delivered_bars_are_over_by_the_clock_too() {
        let spec = "alpaca:delayed_sip?services=OHLCV";
        let mut bench = Workbench::new(&alpaca::VENUE, spec);
        bench.subscribe(&["AAPL"]);
        bench.open();
        for text in ["connected", "authenticated"] {
            bench.text(&format!(r#"[{{"T":"success","msg":"{text}"}}]"#));
        }
        assert_eq!(clocks_of(&mut bench, 0..100), [0; 0], "nothing has come");
        // Its minute ended a quarter of an hour ago.
        let start = bench.now.plus_ms(-960_000).new_york().unwrap();
        let bar = format!(
            r#"[{{"T":"b","S":"AAPL","o":1,"h":1,"l":1,"c":1,"v":5,"n":1,"vw":1,"t":"{}"}}]"#,
            start.to_rfc3339()
        );
        assert_eq!(bench.text(&bar).events.len(), 1);
        let clocks = clocks_of(&mut bench, 1..180);
        assert!((2..=3).contains(&clocks.len()), "{clocks:?}");
        for behind in clocks {
            assert!((930_000..931_000).contains(&behind), "{behind}");
        }
    }

    #[test]
    fn growing_bars_are_over_when_their_time_is() {
        let spec = "kraken:?services=OHLCV";
        let mut bench = Workbench::new(&kraken::VENUE, spec);
        bench.subscribe(&["BTC/USD"]);
        bench.open();
        bench.now = UnixMs(bench.now.0.div_euclid(MINUTE_MS) * MINUTE_MS);
        let candle = |start: UnixMs| {
            let start = start.in_zone(chrono_tz::Tz::UTC).unwrap().to_rfc3339();
            format!(
                r#"{{"channel":"ohlc","type":"update","timestamp":"{start}","data":[{{"symbol":"BTC/USD","open":1,"high":1,"low":1,"close":1,"trades":1,"volume":1,"vwap":1,"interval_begin":"{start}","interval":1,"timestamp":"{start}"}}]}}"#
            )
        };
        let begin = bench.now;
        bench.now = begin.plus_ms(700);
        assert_eq!(bench.text(&candle(begin)).events.len(), 1);
        bench.tick(begin.plus_ms(3000));
        bench.now = begin.plus_ms(50_000);
        // It grows, which says nothing of how late it is.
        bench.text(&candle(begin));
        let clocks = clocks_of(&mut bench, 1..90);
        assert_eq!(clocks.len(), 2, "{clocks:?}");
        for behind in clocks {
            assert!((2700..3700).contains(&behind), "{behind}");
        }
    }

    #[test]
    fn minutes_are_over_when_their_trades_have_come() {
        for late_ms in [-3000, 0, 5000, 900_000] {
            let clocks = clocks(late_ms);
            assert!(clocks.len() >= 2, "{late_ms}: {clocks:?}");
            let earliest = late_ms.max(0) + 1000;
            for behind in clocks {
                assert!(
                    (earliest..earliest + 1000).contains(&behind),
                    "{late_ms}: {behind}"
                );
            }
        }
    }
}
