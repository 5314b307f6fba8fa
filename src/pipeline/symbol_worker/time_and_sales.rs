//! The TIMESALE service: the tape of the last trades, and the last price that they give.

mod seen;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::Decimal;
use crate::domain::outcome::LastPrice;
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
/// Trades that count for the last price are kept for longer: so many.
const COUNTING_ROWS: usize = 16;

#[derive(Debug, Default)]
pub(super) struct TimeAndSalesService {
    /// Oldest first; their numbers have no gaps.
    rows: VecDeque<TapeRow>,
    /// The newest before these that count for the last price, oldest first.
    counting: VecDeque<TapeRow>,
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
    /// Takes a trade; what it makes of the last price among these trades.
    pub fn take(&mut self, time: Option<UnixMs>, trade: &Arc<TimeAndSale>) -> LastPrice {
        let (takes_out_last, may_be_last) = match &trade.action {
            TradeAction::New => (false, self.is_newest(time)),
            TradeAction::Corrects(name) => {
                let was_last = self.mark(trade, name, TradeFate::Corrected);
                (was_last, was_last)
            }
            TradeAction::Cancels(name) => {
                let was_last = self.mark(trade, name, TradeFate::Cancelled);
                return self.fall_back_if(was_last);
            }
        };
        let number = self.next;
        self.next += 1;
        if self.rows.len() >= self.rows_max() {
            self.let_go();
        }
        self.rows.push_back(TapeRow {
            number,
            time,
            trade: Arc::clone(trade),
            inferred: None,
            fate: TradeFate::Stands,
        });
        match trade.price {
            Some(price) if may_be_last && trade.bar_rule.open_close => {
                self.last = Some(Last {
                    number,
                    price,
                    time,
                });
                LastPrice::Is(price)
            }
            _ => self.fall_back_if(takes_out_last),
        }
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
        let rows = self.counting.iter_mut().chain(&mut self.rows);
        let Some(row) = rows.rev().find(is_meant) else {
            return false;
        };
        row.fate = fate;
        if row.number < self.told {
            self.changed.push(row.number);
        }
        self.last.is_some_and(|last| last.number == row.number)
    }

    /// If the last price has been taken out, the one before it counts again.
    fn fall_back_if(&mut self, is_out: bool) -> LastPrice {
        if !is_out {
            return LastPrice::Unchanged;
        }
        let stands = |row: &&TapeRow| row.fate == TradeFate::Stands && counts(&row.trade);
        let newest = self
            .counting
            .iter()
            .chain(&self.rows)
            .filter(stands)
            .max_by_key(|row| (row.time, row.number));
        self.last = newest.and_then(|row| {
            Some(Last {
                number: row.number,
                price: row.trade.price?,
                time: row.time,
            })
        });
        self.last().map_or(LastPrice::Gone, LastPrice::Is)
    }

    /// The oldest trade leaves the tape.
    fn let_go(&mut self) {
        let Some(row) = self.rows.pop_front() else {
            return;
        };
        if counts(&row.trade) {
            if self.counting.len() >= COUNTING_ROWS {
                self.counting.pop_front();
            }
            self.counting.push_back(row);
        }
    }

    /// The price of the last trade that counts.
    pub fn last(&self) -> Option<Decimal> {
        self.last.map(|last| last.price)
    }

    /// When that trade was made, as far as it says.
    pub fn last_time(&self) -> Option<UnixMs> {
        self.last?.time
    }

    pub fn watch(&mut self, is_wanted: bool) {
        self.is_watched = is_wanted;
        self.is_whole_due = is_wanted;
        while self.rows.len() > self.rows_max() {
            self.let_go();
        }
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

/// Whether a trade may be the one whose price is the last.
fn counts(trade: &TimeAndSale) -> bool {
    trade.bar_rule.open_close && trade.price.is_some()
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
        assert_eq!(tape.take(None, &on("V", cancel())), LastPrice::Unchanged);
        assert_eq!(told(&mut tape), [(0, TradeFate::Cancelled)]);
        assert_eq!(tape.take(None, &cancel()), LastPrice::Is(11.into()));
        assert_eq!(
            tape.take(None, &on("D", cancel())),
            LastPrice::Gone,
            "none is left"
        );
    }

    #[test]
    fn the_last_price_is_of_the_newest_trade_that_counts_and_stands() {
        let mut tape = TimeAndSalesService::default();
        let at = |ms| Some(UnixMs(ms));
        let new = |name, price| trade(name, price, TradeAction::New);
        assert_eq!(tape.take(at(5), &new(1, 10)), LastPrice::Is(10.into()));
        assert_eq!(tape.take(at(7), &new(2, 11)), LastPrice::Is(11.into()));
        assert_eq!(
            tape.take(at(6), &new(3, 12)),
            LastPrice::Unchanged,
            "it came late"
        );
        let odd_lot = Arc::new(TimeAndSale {
            bar_rule: BarRule::NONE,
            ..TimeAndSale::clone(&new(4, 99))
        });
        assert_eq!(tape.take(at(8), &odd_lot), LastPrice::Unchanged);
        let cancel = |name| trade(0, 0, TradeAction::Cancels(TradeId::Number(name)));
        assert_eq!(
            tape.take(at(9), &cancel(1)),
            LastPrice::Unchanged,
            "it was not the last"
        );
        assert_eq!(tape.take(at(9), &cancel(2)), LastPrice::Is(12.into()));
        let correction = trade(5, 13, TradeAction::Corrects(TradeId::Number(3)));
        assert_eq!(tape.take(at(9), &correction), LastPrice::Is(13.into()));
        assert_eq!(tape.last(), Some(13.into()));
        let uncounted = Arc::new(TimeAndSale {
            bar_rule: BarRule::NONE,
            ..TimeAndSale::clone(&trade(6, 14, TradeAction::Corrects(TradeId::Number(5))))
        });
        assert_eq!(tape.take(at(9), &uncounted), LastPrice::Gone);
        for name in 1000..1300 {
            let odd_lot = Arc::new(TimeAndSale {
                bar_rule: BarRule::NONE,
                ..TimeAndSale::clone(&new(name, 99))
            });
            tape.take(at(9), &new(name + 1000, 30));
            tape.take(at(9), &odd_lot);
        }
        tape.take(at(15), &new(7, 15));
        tape.take(at(16), &new(8, 16));
        for _ in 0..2 * UNWATCHED_ROWS {
            tape.take(at(17), &odd_lot);
        }
        assert_eq!(tape.take(at(18), &cancel(8)), LastPrice::Is(15.into()));
        assert_eq!(tape.take(at(18), &cancel(7)), LastPrice::Is(30.into()));
        assert!(tape.counting.len() <= COUNTING_ROWS && tape.rows.len() <= UNWATCHED_ROWS);
        let volume_alone = BarRule {
            open_close: false,
            ..BarRule::ALL
        };
        tape.take(at(19), &new(3000, 31));
        let average_price = Arc::new(TimeAndSale {
            bar_rule: volume_alone,
            ..TimeAndSale::clone(&trade(
                3001,
                55,
                TradeAction::Corrects(TradeId::Number(3000)),
            ))
        });
        assert_eq!(tape.take(at(19), &average_price), LastPrice::Is(30.into()));
        tape.take(at(20), &new(7, 20));
        tape.take(at(22), &new(8, 22));
        tape.take(at(19), &new(9, 19));
        assert_eq!(tape.take(at(23), &cancel(8)), LastPrice::Is(20.into()));
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
