//! What is made of Alpaca's messages that carry data.

use std::sync::Arc;

use super::Alpaca;
use super::halts::Halt;
use super::messages::{
    Article, Bar, Book, BookLevel, Cancel, Correction, Limits, Quote, Status, Trade,
};
use crate::decode::Rejection;
use crate::decode::conditions::{Tape, by_letters};
use crate::domain::bar::Ohlcv;
use crate::domain::book::{BookProof, BookUpdate, Level};
use crate::domain::event::{Event, Payload};
use crate::domain::news::News;
use crate::domain::quote::{Level1, SymbolFacts, Trading};
use crate::domain::time::UnixMs;
use crate::domain::trade::{BarRule, Side, TimeAndSale, TradeAction, TradeId};
use crate::sources::venue::Output;
use crate::sources::venue::reading::{self, Object};

impl Alpaca {
    /// Takes a message that carries data.
    pub(super) fn data(
        &mut self,
        kind: &str,
        text: &str,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        match kind {
            "t" => self.trade(reading::read_part(text, "a trade (t)")?, output),
            "q" => self.quote(&reading::read_part(text, "a quote (q)")?, output),
            "b" | "u" => self.bar(&reading::read_part(text, "a bar")?, output),
            "d" => self.day(&reading::read_part(text, "a daily bar (d)")?, output),
            "c" => self.correction(reading::read_part(text, "a correction (c)")?, output),
            "x" => self.cancel(reading::read_part(text, "a cancel (x)")?, output),
            "s" => self.status(&reading::read_part(text, "a status (s)")?, output),
            "l" => self.limits(&reading::read_part(text, "price limits (l)")?, output),
            "o" => self.book(&reading::read_part(text, "a book (o)")?, output),
            "n" => self.news(reading::read_part(text, "news (n)")?, output),
            _ => {
                output.ignored += 1;
                Ok(())
            }
        }
    }

    /// Gives a symbol's event out, or counts it when nobody wants it.
    fn give(&self, symbol: &str, time: Option<UnixMs>, payload: Payload, output: &mut Output) {
        match self.wanted.get(symbol) {
            Some(entry) => output.events.push(Event {
                symbol: entry.id,
                time,
                payload,
            }),
            None => output.ignored += 1,
        }
    }

    fn rule(&mut self, conditions: &[Box<str>], tape: Option<&str>, time: UnixMs) -> BarRule {
        if !self.feed.is_stocks() {
            return BarRule::ALL;
        }
        by_letters(
            conditions.iter().map(AsRef::as_ref),
            Tape::of_letter(tape.unwrap_or_default()),
            self.hours.is_regular(time),
        )
    }

    fn trade(&mut self, trade: Trade<'_>, output: &mut Output) -> Result<(), Rejection> {
        let time = reading::time_of_text(&trade.time, "t")?;
        let side = match trade.taker_side.as_deref() {
            Some("B") => Some(Side::Buy),
            Some("S") => Some(Side::Sell),
            _ => None,
        };
        let sale = TimeAndSale {
            price: Some(trade.price.0),
            size: Some(trade.size.0),
            side,
            bar_rule: self.rule(&trade.conditions, trade.tape.as_deref(), time),
            conditions: trade.conditions,
            exchange: exchange(trade.exchange),
            trade_id: Some(TradeId::Number(trade.id)),
            action: TradeAction::New,
        };
        if self.doubts > 0 && sale.bar_rule.open_close {
            self.lift_halt(&trade.symbol, Some(time), output);
        }
        let payload = Payload::TimeAndSales(sale);
        self.give(&trade.symbol, Some(time), payload, output);
        Ok(())
    }

    fn correction(
        &mut self,
        correction: Correction<'_>,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        let time = reading::time_of_text(&correction.time, "t")?;
        let sale = TimeAndSale {
            price: Some(correction.price.0),
            size: Some(correction.size.0),
            side: None,
            bar_rule: self.rule(&correction.conditions, correction.tape.as_deref(), time),
            conditions: correction.conditions,
            exchange: exchange(correction.exchange),
            trade_id: Some(TradeId::Number(correction.id)),
            action: TradeAction::Corrects(TradeId::Number(correction.original_id)),
        };
        let payload = Payload::TimeAndSales(sale);
        self.give(&correction.symbol, Some(time), payload, output);
        Ok(())
    }

    fn cancel(&mut self, cancel: Cancel<'_>, output: &mut Output) -> Result<(), Rejection> {
        let time = reading::time_of_text(&cancel.time, "t")?;
        let sale = TimeAndSale {
            price: Some(cancel.price.0),
            size: Some(cancel.size.0),
            exchange: exchange(cancel.exchange),
            trade_id: Some(TradeId::Number(cancel.id)),
            action: TradeAction::Cancels(TradeId::Number(cancel.id)),
            ..TimeAndSale::default()
        };
        let payload = Payload::TimeAndSales(sale);
        self.give(&cancel.symbol, Some(time), payload, output);
        Ok(())
    }

    fn quote(&mut self, quote: &Quote<'_>, output: &mut Output) -> Result<(), Rejection> {
        let time = reading::time_of_text(&quote.time, "t")?;
        if self.doubts > 0 && !self.takes_trades {
            self.doubt_halt(&quote.symbol, time, output);
        }
        let payload = Payload::Level1(Level1 {
            bid: Some(quote.bid.0),
            bid_size: Some(quote.bid_size.0),
            ask: Some(quote.ask.0),
            ask_size: Some(quote.ask_size.0),
            ..Level1::default()
        });
        self.give(&quote.symbol, Some(time), payload, output);
        Ok(())
    }

    fn bar(&mut self, bar: &Bar<'_>, output: &mut Output) -> Result<(), Rejection> {
        let start = reading::time_of_text(&bar.start, "t")?;
        if !self.takes_bars {
            output.ignored += 1;
            return Ok(());
        }
        let payload = Payload::Ohlcv(Ohlcv {
            open: Some(bar.open.0),
            high: Some(bar.high.0),
            low: Some(bar.low.0),
            close: Some(bar.close.0),
            volume: Some(bar.volume.0),
        });
        self.give(&bar.symbol, Some(start), payload, output);
        Ok(())
    }

    /// The day so far. Its own time is the day's beginning, which is not when its totals were reached.
    fn day(&mut self, bar: &Bar<'_>, output: &mut Output) -> Result<(), Rejection> {
        reading::time_of_text(&bar.start, "t")?;
        if !self.takes_trades {
            self.note_day_close(&bar.symbol, bar.close.0, output);
        }
        let payload = Payload::Level1(Level1 {
            // Trades tell the last price sooner.
            last: (!self.takes_trades).then_some(bar.close.0),
            volume: Some(bar.volume.0),
            ..Level1::default()
        });
        self.give(&bar.symbol, None, payload, output);
        Ok(())
    }

    fn status(&mut self, status: &Status<'_>, output: &mut Output) -> Result<(), Rejection> {
        let time = reading::time_of_text(&status.time, "t")?;
        let tape = Tape::of_letter(status.tape.as_deref().unwrap_or_default());
        let reason_code = status.reason_code.as_deref().unwrap_or_default();
        let Some(trading) = trading(&status.code, reason_code, tape) else {
            output.ignored += 1;
            return Ok(());
        };
        if let Some(entry) = self.wanted.get_mut(&status.symbol) {
            entry.state.halt = Halt::of(trading, time);
        }
        let reason = [&status.reason, &status.message]
            .into_iter()
            .filter_map(Option::as_deref)
            .find(|text| !text.is_empty() && trading != Trading::Open);
        let facts = SymbolFacts {
            trading: Some(trading),
            reason: reason.map(Into::into),
            ..SymbolFacts::default()
        };
        let payload = Payload::Facts(Box::new(facts));
        self.give(&status.symbol, Some(time), payload, output);
        Ok(())
    }

    fn limits(&mut self, limits: &Limits<'_>, output: &mut Output) -> Result<(), Rejection> {
        let time = reading::time_of_text(&limits.time, "t")?;
        let facts = SymbolFacts {
            lower_limit: Some(limits.lower.0),
            upper_limit: Some(limits.upper.0),
            ..SymbolFacts::default()
        };
        let payload = Payload::Facts(Box::new(facts));
        self.give(&limits.symbol, Some(time), payload, output);
        Ok(())
    }

    fn book(&mut self, book: &Book<'_>, output: &mut Output) -> Result<(), Rejection> {
        let time = reading::time_of_text(&book.time, "t")?;
        if !self.is_book_known(&book.symbol, book.is_reset) {
            return Ok(());
        }
        let levels = |side: &[Object<BookLevel>]| -> Vec<Level> {
            let level = |Object(level): &Object<BookLevel>| Level {
                price: level.price.0,
                size: level.size.0,
            };
            side.iter().map(level).collect()
        };
        let update = BookUpdate {
            bids: levels(&book.bids),
            asks: levels(&book.asks),
            snapshot: book.is_reset,
            depth: None,
            proof: BookProof::None,
            sequence: None,
        };
        let payload = Payload::Level2(Box::new(update));
        self.give(&book.symbol, Some(time), payload, output);
        Ok(())
    }

    fn news(&mut self, news: Article<'_>, output: &mut Output) -> Result<(), Rejection> {
        let time = reading::time_of_text(&news.created_at, "created_at")?;
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let news = News {
            headline: news.headline,
            source: given(news.source),
            url: given(news.url),
            summary: given(news.summary),
            symbols: Arc::from(news.symbols),
        };
        self.wanted.give_news(&news, time, output);
        Ok(())
    }
}

/// The code of an exchange; an empty one is none.
fn exchange(code: Option<Box<str>>) -> Option<Box<str>> {
    code.filter(|code| !code.is_empty())
}

/// What a status code means. The two plans have codes of their own; `None` for those that do not change whether a symbol
/// may be traded.
fn trading(code: &str, reason_code: &str, tape: Tape) -> Option<Trading> {
    match (tape, code, reason_code) {
        (Tape::Utp, "H", "LUDP" | "LUDS" | "T5") | (Tape::Cta, "2", "M") | (Tape::Utp, "P", _) => {
            Some(Trading::Paused)
        }
        (Tape::Utp, "H", _) | (Tape::Cta, "2", _) => Some(Trading::Halted),
        (Tape::Utp, "Q", _) => Some(Trading::QuotesOnly),
        (Tape::Utp, "T", _) | (Tape::Cta, "3", _) => Some(Trading::Open),
        _ => None,
    }
}
