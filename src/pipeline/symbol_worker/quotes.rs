//! What a worker makes of quotes.

use crate::domain::event::DataService;
use crate::domain::outcome::{ErrorKind, ResultBody, Severity};
use crate::domain::quote::{Level1, Taken};
use crate::domain::time::UnixMs;

use super::super::outcome::Outcome;
use super::SymbolWorker;

impl SymbolWorker {
    /// Takes a quote, or a part of one. What is older than what is known is left out: all that is left of a message that
    /// is older as a whole is its count.
    pub(super) fn take_quote(
        &mut self,
        time: Option<UnixMs>,
        change: &Level1,
        is_history: bool,
        out: &mut Vec<Outcome>,
    ) {
        let session = time.and_then(|time| self.ohlcv.session_of(time));
        match self.level1.take(time, change, session) {
            Taken::Whole => {}
            Taken::Part => self.on_late_quote(out),
            Taken::Nothing => return self.on_late_quote(out),
            Taken::SetBack => self.on_clock_set_back(out),
        }
        let time = time.and(self.level1.time());
        let quote = self.level1.quote();
        self.context.history.put_quote(time.or(self.time), quote);
        self.ohlcv.indicators().take_quote(quote);
        if !is_history {
            self.put_quote(time, out);
        }
    }

    pub(super) fn put_quote(&mut self, time: Option<UnixMs>, out: &mut Vec<Outcome>) {
        if self.serves(DataService::Level1) {
            let body = ResultBody::Level1 {
                quote: *self.level1.quote(),
                facts: self.level1.facts().cloned(),
            };
            let last = self.level1.last().filter(|_| self.is_last_of_quote());
            self.put(time, body, last.into(), out);
        }
    }

    /// Whether the quote says what the last price is: it does, unless a trade is known to be newer.
    pub(super) fn is_last_of_quote(&self) -> bool {
        match (self.level1.last_time(), self.trades.last_time()) {
            (Some(quoted), Some(traded)) => traded <= quoted,
            _ => self.level1.last().is_some(),
        }
    }

    fn on_late_quote(&mut self, out: &mut Vec<Outcome>) {
        self.context.meters.late.add(1);
        if !std::mem::replace(&mut self.told.late_quotes, true) {
            self.put_info("a quote came that is older than the one before it, and was left out; later ones are counted only", out);
        }
    }

    fn on_clock_set_back(&mut self, out: &mut Vec<Outcome>) {
        if !std::mem::replace(&mut self.told.clock_set_back, true) {
            self.put_info("quote after quote is older than those before: the source's clock has been set back, and they are taken as they come", out);
        }
    }

    pub(super) fn put_info(&self, message: &str, out: &mut Vec<Outcome>) {
        let mut error = self.error(ErrorKind::SequenceGap, message);
        error.severity = Severity::Info;
        out.push(Outcome::Error(Box::new(error)));
    }
}
