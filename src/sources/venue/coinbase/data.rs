//! Coinbase's data: one bad part rejects only itself.

use serde_json::value::RawValue;

use super::frames::{
    BookEvent, CandleRow, Candles, Frame, Subscriptions, TickerRow, Tickers, TradeRow, Trades,
};
use super::{Channel, Coinbase};
use crate::decode::Rejection;
use crate::domain::event::{Event, Payload};
use crate::domain::time::UnixMs;
use crate::sources::venue::reading::{elements, read_part, required, text_field};
use crate::sources::venue::{Output, pairs};

use super::book::Place;

impl Coinbase {
    /// A frame of a channel.
    pub(super) fn data(
        &mut self,
        channel: &str,
        frame: &Frame<'_>,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        let sequence = required(frame.sequence_num, channel, "sequence_num")?;
        match self.place(sequence) {
            Place::Next => {}
            // A book has begun anew without it; trades stand for themselves, and those that came already are known.
            Place::Late if channel == "market_trades" => {}
            Place::Late => {
                output.ignored += 1;
                return Ok(());
            }
            Place::Gap { expected } => self.gap(expected, sequence, output),
        }
        match channel {
            "heartbeats" => {
                self.connection.is_beating = true;
                return Ok(());
            }
            "subscriptions" | "l2_data" | "ticker" | "market_trades" | "candles" => {}
            _ => {
                output.ignored += 1;
                return Ok(());
            }
        }
        let events = self.events_of(channel, frame, output);
        let (time, events) = events?;
        for event in events {
            let taken = match channel {
                "subscriptions" => self.subscriptions(event, output),
                "l2_data" => self.book_event(event, sequence, time, output),
                "ticker" => self.tickers(event, time, output),
                "market_trades" => self.trades(event, output),
                _ => self.candles(event, output),
            };
            if let Err(rejection) = taken {
                self.reject_part(event, rejection, output);
            }
        }
        Ok(())
    }

    fn events_of<'a>(
        &mut self,
        channel: &str,
        frame: &Frame<'a>,
        output: &mut Output,
    ) -> Result<(UnixMs, Vec<&'a RawValue>), Rejection> {
        let read = || -> Result<(UnixMs, Vec<&'a RawValue>), Rejection> {
            let events = required(frame.events, channel, "events")?;
            Ok((frame.time()?, elements(events.get(), channel)?))
        };
        let events = read();
        if events.is_err() && channel == "l2_data" {
            // It was a change to some book, and nobody knows to which.
            self.doubt_all(
                "a change to a book could not be read; the book begins anew",
                output,
            );
        }
        events
    }

    fn doubt_all(&mut self, reason: &str, output: &mut Output) {
        let all: Vec<_> = self.wanted.ids();
        for symbol in all {
            self.doubt_book(symbol, reason, output);
        }
        self.resync_due(output);
    }

    fn subscriptions(&mut self, event: &RawValue, output: &mut Output) -> Result<(), Rejection> {
        let all: Subscriptions<'_> = read_part(event.get(), "subscriptions")?;
        for (name, products) in &all.subscriptions {
            let mut channels = self.channels.iter().copied();
            let Some(channel) = channels.find(|channel| channel.name() == &**name) else {
                continue;
            };
            for product in products {
                self.confirm(&pairs::coinbase_answer(product), channel, output);
            }
        }
        Ok(())
    }

    fn book_event(
        &mut self,
        event: &RawValue,
        sequence: u64,
        time: UnixMs,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        if !self.has_books() {
            output.ignored += 1;
            return Ok(());
        }
        match read_part::<BookEvent<'_>>(event.get(), "l2_data") {
            Ok(event) => {
                self.book(&event, sequence, time, output);
                Ok(())
            }
            Err(rejection) => {
                let reason = "a change to the book could not be read; the book begins anew";
                match text_field(event.get(), "product_id") {
                    None => self.doubt_all(reason, output),
                    Some(product) => {
                        let name = pairs::coinbase_answer(&product);
                        if let Some(symbol) = self.wanted.get(&name).map(|entry| entry.id) {
                            self.doubt_book(symbol, reason, output);
                            self.resync_due(output);
                        }
                    }
                }
                Err(rejection)
            }
        }
    }

    fn tickers(
        &mut self,
        event: &RawValue,
        time: UnixMs,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        let event: Tickers<'_> = read_part(event.get(), "ticker")?;
        for raw in event.tickers {
            match read_part::<TickerRow<'_>>(raw.get(), "ticker") {
                Ok(row) => {
                    let payload = Payload::Level1(row.quote());
                    self.push(&row.product_id, Channel::Ticker, time, payload, output);
                }
                Err(rejection) => self.reject_part(raw, rejection, output),
            }
        }
        Ok(())
    }

    fn trades(&mut self, event: &RawValue, output: &mut Output) -> Result<(), Rejection> {
        let event: Trades<'_> = read_part(event.get(), "market_trades")?;
        let is_snapshot = &*event.kind == "snapshot";
        let mut rows = Vec::new();
        for raw in event.trades {
            let row = read_part::<TradeRow<'_>>(raw.get(), "market_trades")
                .and_then(|row| Ok((row.number(), row.time()?, row.trade()?, row)));
            match row {
                Ok(row) => rows.push(row),
                Err(rejection) => self.reject_part(raw, rejection, output),
            }
        }
        // The newest comes first.
        rows.reverse();
        if rows.iter().all(|(number, ..)| number.is_some()) {
            rows.sort_by_key(|(number, ..)| *number);
        }
        for (number, time, trade, row) in rows {
            let name = pairs::coinbase_answer(&row.product_id);
            let mut is_news = !is_snapshot;
            if let Some(entry) = self.wanted.get_mut(&name) {
                let seen = entry.state.seen_trade;
                is_news |= seen.is_some_and(|seen| number.is_some_and(|number| number > seen));
                match number {
                    Some(number) if is_news => {
                        let gap = entry.state.trades.next(number, entry.id);
                        output.missing.extend(gap);
                    }
                    Some(number) => entry.state.trades.begin(number),
                    None => {}
                }
            }
            if is_news {
                let payload = Payload::TimeAndSales(trade);
                self.push(&name, Channel::MarketTrades, time, payload, output);
            } else if self.confirm(&name, Channel::MarketTrades, output).is_none() {
                output.ignored += 1;
            }
        }
        Ok(())
    }

    fn candles(&mut self, event: &RawValue, output: &mut Output) -> Result<(), Rejection> {
        let event: Candles<'_> = read_part(event.get(), "candles")?;
        let is_snapshot = &*event.kind == "snapshot";
        let mut rows = Vec::new();
        for raw in event.candles {
            let row = read_part::<CandleRow<'_>>(raw.get(), "candles")
                .and_then(|row| Ok((row.start()?, row)));
            match row {
                Ok(row) => rows.push(row),
                Err(rejection) => self.reject_part(raw, rejection, output),
            }
        }
        rows.sort_by_key(|(start, _)| *start);
        for (start, row) in rows {
            let name = pairs::coinbase_answer(&row.product_id);
            let mut is_old = false;
            if let Some(entry) = self.wanted.get_mut(&name) {
                entry.state.last_bar = entry.state.last_bar.max(Some(start));
                is_old = is_snapshot && entry.state.seen_bar > Some(start);
            }
            if !is_old {
                self.push(
                    &name,
                    Channel::Candles,
                    start,
                    Payload::Ohlcv(row.bar()),
                    output,
                );
            }
        }
        Ok(())
    }

    fn push(
        &mut self,
        product: &str,
        channel: Channel,
        time: UnixMs,
        payload: Payload,
        output: &mut Output,
    ) {
        match self.confirm(&pairs::coinbase_answer(product), channel, output) {
            Some(symbol) => output.events.push(Event {
                symbol,
                time: Some(time),
                payload,
            }),
            None => output.ignored += 1,
        }
    }

    fn reject_part(&self, part: &RawValue, mut rejection: Rejection, output: &mut Output) {
        if let Some(product) = text_field(part.get(), "product_id") {
            let entry = self.wanted.get(&pairs::coinbase_answer(&product));
            rejection.symbol = entry.map(|entry| entry.symbol.clone());
        }
        output.reject(rejection);
    }
}
