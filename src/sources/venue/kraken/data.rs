//! Kraken's data: one bad row rejects only itself.

use serde_json::value::RawValue;

use super::control::rate_limited;
use super::frames::{BookRow, Frame, OhlcRow, StatusRow, TickerRow, TradeRow};
use super::{Channel, Kraken, usual};
use crate::decode::Rejection;
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::SymbolId;
use crate::sources::venue::reading::{
    elements, is_limit, read_part, required, shortened, text_field,
};
use crate::sources::venue::{Notice, Output};

impl Kraken {
    /// A frame of a channel.
    pub(super) fn data(&mut self, frame: &Frame<'_>, output: &mut Output) -> Result<(), Rejection> {
        let name = frame.channel.as_deref().unwrap_or_default();
        if name == "heartbeat" {
            return Ok(());
        }
        let channel = Channel::from_name(name);
        if channel.is_none() && name != "status" {
            output.ignored += 1;
            return Ok(());
        }
        let is_snapshot = match frame.kind.as_deref() {
            Some("snapshot") => true,
            Some("update") => false,
            Some(_) => {
                output.ignored += 1;
                return Ok(());
            }
            None => return Err(Rejection::schema(format!("{name}: missing field `type`"))),
        };
        let data = required(frame.data, name, "data")?;
        let mut rows: Vec<&RawValue> = elements(data.get(), name)?;
        let Some(channel) = channel else {
            for row in rows {
                let status: StatusRow<'_> = read_part(row.get(), name)?;
                self.status(&status.system, output);
            }
            return Ok(());
        };
        if is_snapshot && channel == Channel::Trade {
            rows.sort_by_key(|row| {
                read_part::<TradeRow<'_>>(row.get(), name).map_or(0, |trade| trade.trade_id)
            });
        }
        for row in rows {
            if let Err(rejection) = self.row(row, channel, is_snapshot, output) {
                self.reject_row(row, channel, rejection, output);
            }
        }
        Ok(())
    }

    fn row(
        &mut self,
        row: &RawValue,
        channel: Channel,
        is_snapshot: bool,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        let name = channel.name();
        match channel {
            Channel::Book => {
                let text = row.get();
                let row: BookRow<'_> =
                    usual::book(text).map_or_else(|| read_part(text, name), Ok)?;
                if is_snapshot {
                    self.confirm(&row.symbol, channel, output);
                }
                self.book(&row, is_snapshot, output)
            }
            Channel::Ticker => {
                let text = row.get();
                let row: TickerRow<'_> =
                    usual::ticker(text).map_or_else(|| read_part(text, name), Ok)?;
                // One without a time is as new as its coming.
                let time = Some(row.time()?.unwrap_or(self.now));
                if let Some(symbol) = self.confirm_by_data(&row.symbol, channel, output) {
                    let payload = Payload::Level1(row.quote());
                    output.events.push(Event {
                        symbol,
                        time,
                        payload,
                    });
                }
                Ok(())
            }
            Channel::Trade => {
                let text = row.get();
                let row: TradeRow<'_> =
                    usual::trade(text).map_or_else(|| read_part(text, name), Ok)?;
                self.trade(&row, is_snapshot, output)
            }
            Channel::Ohlc => {
                let row: OhlcRow<'_> = read_part(row.get(), name)?;
                self.bar(&row, is_snapshot, output)
            }
        }
    }

    fn trade(
        &mut self,
        row: &TradeRow<'_>,
        is_snapshot: bool,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        let (time, trade) = (row.time()?, row.trade()?);
        let Some(symbol) = self.confirm_by_data(&row.symbol, Channel::Trade, output) else {
            return Ok(());
        };
        let Some(entry) = self.wanted.get_mut(&row.symbol) else {
            return Ok(());
        };
        let is_missed = entry
            .state
            .seen_trade
            .is_some_and(|seen| row.trade_id > seen);
        if is_snapshot && !is_missed {
            entry.state.trades.begin(row.trade_id);
            return Ok(());
        }
        output
            .missing
            .extend(entry.state.trades.next(row.trade_id, symbol));
        let payload = Payload::TimeAndSales(trade);
        output.events.push(Event {
            symbol,
            time: Some(time),
            payload,
        });
        Ok(())
    }

    fn bar(
        &mut self,
        row: &OhlcRow<'_>,
        is_snapshot: bool,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        let begin = row.begin()?;
        if row.interval != self.interval_minutes {
            output.ignored += 1;
            return Ok(());
        }
        let Some(symbol) = self.confirm_by_data(&row.symbol, Channel::Ohlc, output) else {
            return Ok(());
        };
        let Some(entry) = self.wanted.get_mut(&row.symbol) else {
            return Ok(());
        };
        // A connection begins with past bars; on a later one only those are news that have come since.
        entry.state.last_bar = entry.state.last_bar.max(Some(begin));
        if is_snapshot && entry.state.seen_bar > Some(begin) {
            return Ok(());
        }
        let payload = Payload::Ohlcv(row.bar());
        output.events.push(Event {
            symbol,
            time: Some(begin),
            payload,
        });
        Ok(())
    }

    /// Data shows that a symbol is subscribed, whether or not the confirmation has come. Data that nobody wants is counted.
    fn confirm_by_data(
        &mut self,
        name: &str,
        channel: Channel,
        output: &mut Output,
    ) -> Option<SymbolId> {
        let id = self.confirm(name, channel, output);
        output.ignored += u64::from(id.is_none());
        id
    }

    fn reject_row(
        &mut self,
        row: &RawValue,
        channel: Channel,
        mut rejection: Rejection,
        output: &mut Output,
    ) {
        let name = text_field(row.get(), "symbol");
        let entry = name.and_then(|name| self.wanted.get(&name));
        let id = entry.map(|entry| entry.id);
        rejection.symbol = entry.map(|entry| entry.symbol.clone());
        output.reject(rejection);
        // Without a name the next checksum tells.
        if let (Some(id), Channel::Book) = (id, channel) {
            self.book_unread(id, output);
        }
    }

    /// What the venue says outside of everything.
    pub(super) fn complaint(&mut self, words: &str, output: &mut Output) {
        let words = shortened(words);
        let error = if is_limit(&words) {
            self.expect_confirmations();
            rate_limited(&words)
        } else {
            let message = format!("Kraken complains: {words}");
            ErrorInstance::new(ErrorKind::ConnectionError, message).as_warning()
        };
        output.notices.push(Notice::Error(error));
    }
}
