//! The streams of Binance.

use super::book::Taken;
use super::frames::{BookTicker, Depth, Frame, Kline, Trade};
use super::{Binance, shutdown, usual};
use crate::decode::Rejection;
use crate::decode::usual::Usual;
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::ErrorKind;
use crate::domain::symbol::SymbolId;
use crate::sources::venue::reading::{read_part, required};
use crate::sources::venue::{Notice, Output};

/// Stream and data of a message that is written as Binance writes them: `{"stream":"…","data":…}`. Whether the data is all
/// that it holds, and is JSON, has not been looked at.
fn stream_and_data(text: &str) -> Option<(&str, &str)> {
    let mut usual = Usual::new(text);
    usual.pass("{\"stream\":\"")?;
    let stream = usual.text()?;
    usual.pass(",\"data\":")?;
    Some((stream, usual.rest()?.strip_suffix('}')?))
}

impl Binance {
    /// Takes the data of a stream in one pass, if the message is written as usual. Where that is not so, or anything at all
    /// is wrong with it, nothing has been given out, and it is to be read as a whole.
    pub(super) fn data_at_once(&mut self, text: &str, output: &mut Output) -> bool {
        let Some((stream, data)) = stream_and_data(text) else {
            return false;
        };
        match stream.split_once('@') {
            Some((_, kind)) if self.takes(kind) => self.of_stream(kind, data, output).is_ok(),
            _ => false,
        }
    }

    /// Whether a kind of stream has been asked for.
    fn takes(&self, kind: &str) -> bool {
        self.streams.iter().any(|stream| stream == kind)
    }

    /// A message of a stream.
    pub(super) fn data(
        &mut self,
        stream: &str,
        frame: &Frame<'_>,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        if stream == "!serverShutdown" {
            output.end(shutdown());
            return Ok(());
        }
        let Some((name, kind)) = stream.split_once('@') else {
            output.ignored += 1;
            return Ok(());
        };
        if !self.takes(kind) {
            output.ignored += 1;
            return Ok(());
        }
        let data = required(frame.data, kind, "data");
        let taken = data.and_then(|data| self.of_stream(kind, data.get(), output));
        taken.map_err(|mut rejection| {
            let name = name.to_ascii_uppercase();
            let entry = self.wanted.get(&name);
            rejection.symbol = entry.map(|entry| entry.symbol.clone());
            if let Some(id) = entry
                .map(|entry| entry.id)
                .filter(|_| kind.starts_with("depth"))
            {
                self.depth_unread(&name, id, output);
            }
            rejection
        })
    }

    /// The data of a stream that has been asked for. When it cannot be taken, nothing has been given out.
    fn of_stream(&mut self, kind: &str, data: &str, output: &mut Output) -> Result<(), Rejection> {
        let (id, time, payload) = match kind {
            "trade" => {
                let trade: Trade<'_> =
                    usual::trade(data).map_or_else(|| read_part(data, kind), Ok)?;
                let payload = Payload::TimeAndSales(trade.trade());
                let symbol = self.heard(&trade.symbol, output);
                if let Some(entry) = self.wanted.get_mut(&trade.symbol) {
                    let gap = entry.state.trades.next(trade.t, entry.id);
                    output.missing.extend(gap);
                }
                (symbol, trade.time(), payload)
            }
            "bookTicker" => {
                let ticker: BookTicker<'_> =
                    usual::book_ticker(data).map_or_else(|| read_part(data, kind), Ok)?;
                (
                    self.heard(&ticker.symbol, output),
                    self.now,
                    Payload::Level1(ticker.quote()),
                )
            }
            "depth@100ms" => {
                let depth: Depth<'_> =
                    usual::depth(data).map_or_else(|| read_part(data, kind), Ok)?;
                return self.depth(depth, output);
            }
            _ => {
                let kline: Kline<'_> =
                    usual::kline(data).map_or_else(|| read_part(data, kind), Ok)?;
                if &*kline.k.interval != self.interval.label() {
                    output.ignored += 1;
                    return Ok(());
                }
                self.bar(&kline, output);
                return Ok(());
            }
        };
        if let Some(symbol) = id {
            output.events.push(Event {
                symbol,
                time: Some(time),
                payload,
            });
        }
        Ok(())
    }

    fn bar(&mut self, kline: &Kline<'_>, output: &mut Output) {
        let Some(symbol) = self.heard(&kline.symbol, output) else {
            return;
        };
        let start = kline.k.start();
        let mut give = |time, payload| {
            output.events.push(Event {
                symbol,
                time: Some(time),
                payload,
            });
        };
        give(start, Payload::Ohlcv(kline.k.bar()));
        if kline.k.is_over {
            give(start.plus_ms(self.interval.ms()), Payload::Clock);
        }
    }

    /// Data of a symbol has come, which shows that it is subscribed. `None`, and counted, when nobody wants it.
    fn heard(&mut self, name: &str, output: &mut Output) -> Option<SymbolId> {
        let Some(entry) = self.wanted.get_mut(name) else {
            output.ignored += 1;
            return None;
        };
        let id = entry.id;
        if !std::mem::replace(&mut entry.state.is_heard, true) {
            self.confirm(id, output);
        }
        Some(id)
    }

    fn depth(&mut self, depth: Depth<'_>, output: &mut Output) -> Result<(), Rejection> {
        let Some(symbol) = self.heard(&depth.symbol, output) else {
            return Ok(());
        };
        let name = depth.symbol.clone();
        let (diff, now) = (depth.diff()?, self.now);
        let Some(entry) = self.wanted.get_mut(&name) else {
            return Ok(());
        };
        match entry.state.sync.take(diff, now) {
            Taken::Applied(diff) => {
                let time = Some(diff.time);
                let payload = Payload::Level2(Box::new(diff.update()));
                output.events.push(Event {
                    symbol,
                    time,
                    payload,
                });
            }
            Taken::Kept => self.fetch_if_due(&name, output),
            Taken::Gap { expected, found } => {
                let reason = format!(
                    "update {expected} should have come, and {found} came; the book begins anew"
                );
                self.gap(&name, symbol, reason, output);
            }
        }
        Ok(())
    }

    fn gap(&mut self, name: &str, symbol: SymbolId, reason: String, output: &mut Output) {
        let kind = ErrorKind::SequenceGap;
        output.notices.push(Notice::Gap {
            symbol,
            kind,
            reason,
        });
        Self::lose_book(symbol, output);
        self.fetch_if_due(name, output);
    }

    /// Changes to this book could not be read.
    fn depth_unread(&mut self, name: &str, symbol: SymbolId, output: &mut Output) {
        let now = self.now;
        if let Some(entry) = self.wanted.get_mut(name)
            && entry.state.sync.is_live()
        {
            entry.state.sync.begin(now);
            let reason = "changes to the book could not be read; the book begins anew";
            self.gap(name, symbol, reason.to_owned(), output);
        }
    }
}
