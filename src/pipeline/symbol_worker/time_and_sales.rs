//! The TIMESALE service: the tape of the last trades, and the last price that they give.

mod seen;

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::compute::history::columns::TradeRows;
use crate::domain::Decimal;
use crate::domain::outcome::LastPrice;
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::domain::trade::{Side, TimeAndSale, TradeAction, TradeId};

use super::super::board::TAPE_ROWS_MAX;
use super::super::outcome::TapeUpdate;
use super::super::snapshot::{TapeRow, TradeFate};
use super::level1::Level1Service;

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

    /// The side of a trade that is about to be taken, where its source tells none, by the quote of that moment: at the ask or
    /// above it the buyer took the initiative, at the bid or below it the seller (the quote rule of Lee and Ready,
    /// "Inferring Trade Direction from Intraday Data", 1991). Between them it is not known, and neither is it of one that
    /// was made before the quote, or that is no last price because it is late. A correction has the side of the trade that
    /// it corrects.
    pub fn infer(
        &self,
        time: Option<UnixMs>,
        trade: &TimeAndSale,
        quotes: &Level1Service,
    ) -> Option<Side> {
        let price = trade.price.filter(|_| trade.side.is_none())?;
        match &trade.action {
            TradeAction::New => {}
            TradeAction::Corrects(name) => return self.named(trade, name)?.side(),
            TradeAction::Cancels(_) => return None,
        }
        let is_late = trade.bar_rule.high_low && !trade.bar_rule.open_close;
        let is_older = time.is_some_and(|time| quotes.sides_time() > Some(time));
        if is_late || is_older {
            return None;
        }
        let quote = quotes.quote();
        // A price of zero says that nobody is there.
        let of_somebody = |side: Option<Decimal>| side.filter(|price| !price.is_zero());
        let is_bought = of_somebody(quote.ask).is_some_and(|ask| price >= ask);
        let is_sold = of_somebody(quote.bid).is_some_and(|bid| price <= bid);
        match (is_bought, is_sold) {
            (true, false) => Some(Side::Buy),
            (false, true) => Some(Side::Sell),
            _ => None,
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

    /// The trade of this name that stands, made on the same exchange as `by`.
    fn named(&self, by: &TimeAndSale, name: &TradeId) -> Option<&TapeRow> {
        let mut rows = self.counting.iter().chain(&self.rows).rev();
        rows.find(|row| is_named(row, by, name))
    }

    /// Says what has become of the trade that `by` names. Whether its price was the last one.
    fn mark(&mut self, by: &TimeAndSale, name: &TradeId, fate: TradeFate) -> bool {
        let mut rows = self.counting.iter_mut().chain(&mut self.rows).rev();
        let Some(row) = rows.find(|row| is_named(row, by, name)) else {
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

    /// The board wants the tape, and as much of what has been as is kept in the history.
    pub fn watch(&mut self, history: impl FnOnce() -> TradeRows) {
        if !std::mem::replace(&mut self.is_watched, true) {
            self.recall(&history());
        }
        self.is_whole_due = true;
    }

    /// The board does not want the tape any more.
    pub fn unwatch(&mut self) {
        self.is_watched = false;
        self.is_whole_due = false;
        while self.rows.len() > self.rows_max() {
            self.let_go();
        }
        self.rows.shrink_to(UNWATCHED_ROWS);
    }

    /// Puts the trades of the history before the rows that are there.
    fn recall(&mut self, history: &TradeRows) {
        let Some(first) = self.rows.front() else {
            return;
        };
        let skipped = history.len().saturating_sub(TAPE_ROWS_MAX);
        let known = || history.iter().skip(skipped);
        let Some(end) = known().position(|(_, trade)| Arc::ptr_eq(trade, &first.trade)) else {
            return;
        };
        let mut older: VecDeque<TapeRow> = VecDeque::with_capacity(end);
        // Where each trade that stands is among the older ones; `None` if it is a row already.
        let mut places: FxHashMap<(Option<&str>, &TradeId), Option<usize>> = FxHashMap::default();
        for (at, (time, trade)) in known().enumerate() {
            let exchange = trade.exchange.as_deref();
            let (changed, fate) = match &trade.action {
                TradeAction::New => (None, TradeFate::Stands),
                TradeAction::Corrects(name) => (Some(name), TradeFate::Corrected),
                TradeAction::Cancels(name) => (Some(name), TradeFate::Cancelled),
            };
            let place = changed.and_then(|name| places.remove(&(exchange, name)));
            if let Some(row) = place.flatten().and_then(|place| older.get_mut(place)) {
                row.fate = fate;
            }
            if fate == TradeFate::Cancelled {
                continue;
            }
            if let Some(name) = &trade.trade_id {
                places.insert((exchange, name), (at < end).then_some(older.len()));
            }
            if at < end {
                older.push_back(TapeRow {
                    number: 0,
                    time: *time,
                    trade: Arc::clone(trade),
                    fate: TradeFate::Stands,
                });
            }
        }
        let mut number = first.number;
        for mut row in older.into_iter().rev() {
            let Some(before) = number.checked_sub(1) else {
                break;
            };
            number = before;
            row.number = number;
            self.rows.push_front(row);
        }
        self.counting.retain(|row| row.number < number);
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

/// Whether a row is the trade of this name that stands, made on the same exchange as `by`.
fn is_named(row: &TapeRow, by: &TimeAndSale, name: &TradeId) -> bool {
    row.fate == TradeFate::Stands
        && row.trade.trade_id.as_ref() == Some(name)
        && row.trade.exchange == by.exchange
}

/// Whether a trade may be the one whose price is the last.
fn counts(trade: &TimeAndSale) -> bool {
    trade.bar_rule.open_close && trade.price.is_some()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use crate::domain::quote::Level1;
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
        tape.watch(TradeRows::default);
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
        for name in 200..200 + 2 * TAPE_ROWS_MAX as u64 {
            tape.take(None, &trade(name, 10, TradeAction::New));
        }
        assert_eq!(tape.rows.len(), TAPE_ROWS_MAX);
        assert_eq!(told(&mut tape).len(), TAPE_ROWS_MAX);
        tape.reset();
        assert!(
            tape.tape_change(ID).unwrap().is_whole,
            "the board forgets too"
        );
        tape.unwatch();
        tape.take(None, &trade(1, 1, TradeAction::New));
        assert_eq!(tape.tape_change(ID).map(|update| update.rows.len()), None);
    }

    #[test]
    fn each_exchange_has_names_of_its_own() {
        let mut tape = TimeAndSalesService::default();
        tape.watch(TradeRows::default);
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
        let tape = TimeAndSalesService::default();
        let with_quote = |bid: i64, ask: i64| {
            let mut quotes = Level1Service::default();
            let quote = Level1 {
                bid: Some(bid.into()),
                ask: Some(ask.into()),
                ..Level1::default()
            };
            quotes.take(Some(UnixMs(5)), &quote, None);
            quotes
        };
        let of = |quotes: &Level1Service, trade: &TimeAndSale| tape.infer(None, trade, quotes);
        let new = |price: i64| trade(1, price, TradeAction::New);
        let (buy, sell) = (Some(Side::Buy), Some(Side::Sell));
        assert_eq!(of(&Level1Service::default(), &new(10)), None, "no quote");
        let quotes = with_quote(9, 11);
        for (price, side) in [(8, sell), (9, sell), (10, None), (11, buy), (12, buy)] {
            assert_eq!(of(&quotes, &new(price)), side, "{price}");
        }
        let told = TimeAndSale {
            side: sell,
            ..TimeAndSale::clone(&new(11))
        };
        assert_eq!(of(&quotes, &told), None, "the source knows");
        assert_eq!(of(&with_quote(9, 9), &new(9)), None, "locked");
        let cancel = trade(0, 20, TradeAction::Cancels(TradeId::Number(7)));
        assert_eq!(of(&quotes, &cancel), None);
    }

    #[test]
    fn what_was_not_made_at_the_quote_is_not_judged_by_it() {
        let mut tape = TimeAndSalesService::default();
        let mut quotes = Level1Service::default();
        let quote = Level1 {
            bid: Some(9.into()),
            ..Level1::default()
        };
        quotes.take(Some(UnixMs(50)), &quote, None);
        let infer = |tape: &TimeAndSalesService, ms, trade: &TimeAndSale| {
            tape.infer(Some(UnixMs(ms)), trade, &quotes)
        };
        let sold = trade(1, 9, TradeAction::New);
        assert_eq!(infer(&tape, 50, &sold), Some(Side::Sell));
        assert_eq!(infer(&tape, 49, &sold), None, "before the quote");
        let late = TimeAndSale {
            bar_rule: BarRule {
                open_close: false,
                ..BarRule::ALL
            },
            ..TimeAndSale::clone(&sold)
        };
        assert_eq!(infer(&tape, 60, &late), None, "late");
        // A correction is as the trade was.
        let correction = trade(2, 8, TradeAction::Corrects(TradeId::Number(1)));
        assert_eq!(infer(&tape, 60, &correction), None, "of nothing");
        for (side, inferred) in [(Some(Side::Buy), None), (None, Some(Side::Buy))] {
            let bought = TimeAndSale {
                side,
                inferred,
                ..TimeAndSale::clone(&sold)
            };
            tape.take(Some(UnixMs(40)), &Arc::new(bought));
            assert_eq!(infer(&tape, 60, &correction), Some(Side::Buy));
        }
    }

    #[test]
    fn recalled_trades_come_before_those_that_are_there_with_their_fates() {
        let mut tape = TimeAndSalesService::default();
        let mut history = Vec::new();
        let mut give = |tape: &mut TimeAndSalesService, name: u64, action: TradeAction| {
            let trade = trade(name, name as i64, action);
            history.push((None, Arc::clone(&trade)));
            tape.take(None, &trade);
        };
        for name in 0..300 {
            give(&mut tape, name, TradeAction::New);
        }
        // Of trades that are rows no more, and of one that is.
        give(&mut tape, 0, TradeAction::Cancels(TradeId::Number(20)));
        give(&mut tape, 300, TradeAction::Corrects(TradeId::Number(30)));
        give(&mut tape, 0, TradeAction::Cancels(TradeId::Number(290)));
        let history = TradeRows::from(history);
        let expected = |number: u64| match number {
            20 | 290 => TradeFate::Cancelled,
            30 => TradeFate::Corrected,
            _ => TradeFate::Stands,
        };
        let expected: Vec<_> = (0..=300).map(|number| (number, expected(number))).collect();
        for _ in 0..2 {
            tape.watch(|| history.clone());
            assert_eq!(told(&mut tape), expected);
            tape.unwatch();
            assert_eq!(tape.rows.len(), UNWATCHED_ROWS);
        }
        tape.watch(|| history.clone());
        told(&mut tape);
        tape.watch(|| history.clone());
        assert_eq!(told(&mut tape), expected, "once more, but not twice");
        for number in (1..=300).rev() {
            let cancel = trade(0, 0, TradeAction::Cancels(TradeId::Number(number)));
            tape.take(None, &cancel);
        }
        assert_eq!(tape.last(), Some(0.into()), "each is there once");
    }
}
