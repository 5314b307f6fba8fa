//! The TIMESALE service: the tape of the last trades, and the last price that they give.

mod seen;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::Decimal;
use crate::domain::quote::Level1;
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::domain::trade::{Side, TimeAndSale, TradeAction, TradeId};

use super::super::board::TAPE_ROWS_MAX;
use super::super::outcome::TapeUpdate;
use super::super::snapshot::{TapeRow, TradeFate};

use seen::SeenTrades;

/// Trades that are kept while nobody looks.
const UNWATCHED_ROWS: usize = 100;

#[derive(Debug, Default)]
pub(super) struct TimeAndSalesService {
    /// Oldest first; their numbers have no gaps.
    rows: VecDeque<TapeRow>,
    next: u64,
    /// The board knows the rows before this one.
    told: u64,
    /// Rows that the board knows and that have changed since.
    changed: Vec<u64>,
    is_watched: bool,
    is_whole_due: bool,
    last: Option<Last>,
    seen: SeenTrades,
}

/// The trade whose price is the last one.
#[derive(Debug, Clone, Copy)]
struct Last {
    number: u64,
    price: Decimal,
    time: Option<UnixMs>,
}

impl TimeAndSalesService {
    /// Takes a trade; the last price, if this trade changes which one that is.
    pub fn take(&mut self, time: Option<UnixMs>, trade: &Arc<TimeAndSale>) -> Option<Decimal> {
        let changes_last = match &trade.action {
            TradeAction::New => trade.bar_rule.open_close && self.is_newest(time),
            TradeAction::Corrects(name) => self.mark(trade, name, TradeFate::Corrected),
            TradeAction::Cancels(name) => {
                let was_last = self.mark(trade, name, TradeFate::Cancelled);
                return was_last.then(|| self.fall_back()).flatten();
            }
        };
        let number = self.next;
        self.next += 1;
        if self.rows.len() >= self.rows_max() {
            self.rows.pop_front();
        }
        self.rows.push_back(TapeRow {
            number,
            time,
            trade: Arc::clone(trade),
            inferred: None,
            fate: TradeFate::Stands,
        });
        let price = trade.price.filter(|_| changes_last)?;
        self.last = Some(Last {
            number,
            price,
            time,
        });
        Some(price)
    }

    /// Judges the trade that has just been taken by the quote of that moment, where its source tells no side: at the ask or
    /// above it the buyer took the initiative, at the bid or below it the seller (the quote rule of Lee and Ready,
    /// "Inferring Trade Direction from Intraday Data", 1991). Between them it is not known.
    pub fn judge(&mut self, trade: &Arc<TimeAndSale>, quote: &Level1) {
        if let (None, Some(price)) = (trade.side, trade.price)
            && let Some(row) = self.rows.back_mut()
            && Arc::ptr_eq(&row.trade, trade)
        {
            let is_bought = quote.ask.is_some_and(|ask| price >= ask);
            let is_sold = quote.bid.is_some_and(|bid| price <= bid);
            row.inferred = match (is_bought, is_sold) {
                (true, false) => Some(Side::Buy),
                (false, true) => Some(Side::Sell),
                _ => None,
            };
        }
    }

    /// Whether a trade has come before: venues send the last ones again when a connection is opened anew. One that is
    /// new is remembered.
    pub fn is_repeat(&mut self, time: Option<UnixMs>, trade: &TimeAndSale) -> bool {
        trade.action == TradeAction::New && !self.seen.note(time, trade)
    }

    fn is_newest(&self, time: Option<UnixMs>) -> bool {
        self.last
            .is_none_or(|last| time.is_none() || time >= last.time)
    }

    fn rows_max(&self) -> usize {
        if self.is_watched {
            TAPE_ROWS_MAX
        } else {
            UNWATCHED_ROWS
        }
    }

    /// Says what has become of the trade that `by` names, which was made on the same exchange. Whether its price was the
    /// last one.
    fn mark(&mut self, by: &TimeAndSale, name: &TradeId, fate: TradeFate) -> bool {
        let is_meant = |row: &&mut TapeRow| {
            row.fate == TradeFate::Stands
                && row.trade.trade_id.as_ref() == Some(name)
                && row.trade.exchange == by.exchange
        };
        let Some(row) = self.rows.iter_mut().rev().find(is_meant) else {
            return false;
        };
        row.fate = fate;
        if row.number < self.told {
            self.changed.push(row.number);
        }
        self.last.is_some_and(|last| last.number == row.number)
    }

    /// The last price has been taken out: the one before it counts again.
    fn fall_back(&mut self) -> Option<Decimal> {
        let stands = |row: &&TapeRow| {
            let trade = &row.trade;
            row.fate == TradeFate::Stands && trade.bar_rule.open_close && trade.price.is_some()
        };
        self.last = self.rows.iter().rev().find(stands).and_then(|row| {
            Some(Last {
                number: row.number,
                price: row.trade.price?,
                time: row.time,
            })
        });
        self.last()
    }

    /// The price of the last trade that counts.
    pub fn last(&self) -> Option<Decimal> {
        self.last.map(|last| last.price)
    }

    pub fn watch(&mut self, is_wanted: bool) {
        self.is_watched = is_wanted;
        self.is_whole_due = is_wanted;
        let excess = self.rows.len().saturating_sub(self.rows_max());
        self.rows.drain(..excess);
    }

    /// What is new on the tape for the board, if it is wanted there.
    pub fn tape_change(&mut self, id: SymbolId) -> Option<TapeUpdate> {
        let changed = std::mem::take(&mut self.changed);
        let told = std::mem::replace(&mut self.told, self.next);
        if !self.is_watched {
            return None;
        }
        let is_whole = std::mem::take(&mut self.is_whole_due);
        let first = self.rows.front().map_or(self.next, |row| row.number);
        let at = |number: u64| {
            self.rows
                .get(usize::try_from(number.checked_sub(first)?).ok()?)
        };
        let rows: Vec<TapeRow> = if is_whole {
            self.rows.iter().cloned().collect()
        } else {
            let changed = changed.into_iter().filter_map(at);
            let new = self.rows.iter().rev().take_while(|row| row.number >= told);
            let mut rows: Vec<TapeRow> = changed.chain(new).cloned().collect();
            rows.sort_unstable_by_key(|row| row.number);
            rows
        };
        (is_whole || !rows.is_empty()).then_some(TapeUpdate { id, is_whole, rows })
    }

    /// Forgets all trades.
    pub fn reset(&mut self) {
        *self = Self {
            is_watched: self.is_watched,
            is_whole_due: self.is_watched,
            next: self.next,
            told: self.next,
            ..Self::default()
        };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use crate::domain::trade::BarRule;

    use super::*;

    const ID: SymbolId = SymbolId(1);

    fn trade(name: u64, price: i64, action: TradeAction) -> Arc<TimeAndSale> {
        Arc::new(TimeAndSale {
            price: Some(price.into()),
            trade_id: Some(TradeId::Number(name)),
            action,
            ..TimeAndSale::default()
        })
    }

    fn told(service: &mut TimeAndSalesService) -> Vec<(u64, TradeFate)> {
        service.tape_change(ID).map_or(Vec::new(), |update| {
            let rows = update.rows.iter();
            rows.map(|row| (row.number, row.fate)).collect()
        })
    }

    #[test]
    fn the_board_gets_the_whole_tape_once_and_then_what_is_new_or_has_changed() {
        let mut tape = TimeAndSalesService::default();
        for name in 0..150 {
            tape.take(None, &trade(name, 10, TradeAction::New));
        }
        assert_eq!(told(&mut tape), []);
        tape.watch(true);
        let whole = tape.tape_change(ID).unwrap();
        assert!(whole.is_whole);
        assert_eq!(whole.rows.len(), UNWATCHED_ROWS);
        assert_eq!(told(&mut tape), []);
        tape.take(None, &trade(150, 11, TradeAction::New));
        tape.take(
            None,
            &trade(151, 12, TradeAction::Corrects(TradeId::Number(149))),
        );
        tape.take(
            None,
            &trade(0, 12, TradeAction::Cancels(TradeId::Number(150))),
        );
        assert_eq!(
            told(&mut tape),
            [
                (149, TradeFate::Corrected),
                (150, TradeFate::Cancelled),
                (151, TradeFate::Stands)
            ]
        );
        for name in 200..3000 {
            tape.take(None, &trade(name, 10, TradeAction::New));
        }
        assert_eq!(tape.rows.len(), TAPE_ROWS_MAX);
        assert_eq!(told(&mut tape).len(), TAPE_ROWS_MAX);
        tape.reset();
        assert!(
            tape.tape_change(ID).unwrap().is_whole,
            "the board forgets too"
        );
        tape.watch(false);
        tape.take(None, &trade(1, 1, TradeAction::New));
        assert_eq!(tape.tape_change(ID).map(|update| update.rows.len()), None);
    }

    #[test]
    fn each_exchange_has_names_of_its_own() {
        let mut tape = TimeAndSalesService::default();
        tape.watch(true);
        let on = |exchange: &str, trade: Arc<TimeAndSale>| {
            Arc::new(TimeAndSale {
                exchange: Some(exchange.into()),
                ..TimeAndSale::clone(&trade)
            })
        };
        tape.take(None, &on("V", trade(1, 10, TradeAction::New)));
        tape.take(None, &on("D", trade(1, 11, TradeAction::New)));
        tape.take(None, &trade(1, 12, TradeAction::New));
        told(&mut tape);
        let cancel = || trade(1, 0, TradeAction::Cancels(TradeId::Number(1)));
        assert_eq!(tape.take(None, &on("V", cancel())), None);
        assert_eq!(told(&mut tape), [(0, TradeFate::Cancelled)]);
        assert_eq!(tape.take(None, &cancel()), Some(11.into()));
        assert_eq!(tape.take(None, &on("D", cancel())), None, "none is left");
    }

    #[test]
    fn the_last_price_is_of_the_newest_trade_that_counts_and_stands() {
        let mut tape = TimeAndSalesService::default();
        let at = |ms| Some(UnixMs(ms));
        let new = |name, price| trade(name, price, TradeAction::New);
        assert_eq!(tape.take(at(5), &new(1, 10)), Some(10.into()));
        assert_eq!(tape.take(at(7), &new(2, 11)), Some(11.into()));
        assert_eq!(tape.take(at(6), &new(3, 12)), None, "it came late");
        let odd_lot = Arc::new(TimeAndSale {
            bar_rule: BarRule::NONE,
            ..TimeAndSale::clone(&new(4, 99))
        });
        assert_eq!(tape.take(at(8), &odd_lot), None);
        let cancel = |name| trade(0, 0, TradeAction::Cancels(TradeId::Number(name)));
        assert_eq!(tape.take(at(9), &cancel(1)), None, "it was not the last");
        assert_eq!(tape.take(at(9), &cancel(2)), Some(12.into()));
        let correction = trade(5, 13, TradeAction::Corrects(TradeId::Number(3)));
        assert_eq!(tape.take(at(9), &correction), Some(13.into()));
        assert_eq!(tape.last(), Some(13.into()));
    }

    #[test]
    fn the_quote_speaks_for_a_side_where_the_source_tells_none() {
        let mut tape = TimeAndSalesService::default();
        let mut quote = Level1::default();
        let mut judged = |quote: &Level1, price: i64, side: Option<Side>| {
            let trade = Arc::new(TimeAndSale {
                side,
                ..TimeAndSale::clone(&trade(1, price, TradeAction::New))
            });
            tape.take(None, &trade);
            tape.judge(&trade, quote);
            let row = tape.rows.back().unwrap();
            assert_eq!(row.trade.side, side, "what the source says stays");
            (row.inferred, row.side())
        };
        let (buy, sell) = (Some(Side::Buy), Some(Side::Sell));
        assert_eq!(judged(&quote, 10, None), (None, None), "no quote");
        (quote.bid, quote.ask) = (Some(9.into()), Some(11.into()));
        for (price, side) in [(8, sell), (9, sell), (10, None), (11, buy), (12, buy)] {
            assert_eq!(judged(&quote, price, None), (side, side), "{price}");
        }
        assert_eq!(judged(&quote, 11, sell), (None, sell), "the source knows");
        quote.ask = Some(9.into());
        assert_eq!(judged(&quote, 9, None), (None, None), "locked");
        // One that is taken out changes nothing of the one before it.
        let cancel = trade(0, 20, TradeAction::Cancels(TradeId::Number(7)));
        tape.take(None, &cancel);
        tape.judge(&cancel, &quote);
        assert_eq!(tape.rows.back().unwrap().inferred, None);
    }
}
