//! The last price on the board when trades are corrected and taken out.

use crate::domain::clock::Nanos;
use crate::pipeline::board::Board;
use crate::pipeline::snapshot::{Direction, Row};

use super::*;

/// What the board makes of a worker's turns.
struct Watched {
    worker: SymbolWorker,
    board: Board,
}

impl Watched {
    fn new(worker: SymbolWorker) -> Self {
        let mut board = Board::new(10);
        let WorkerContext {
            id, symbol, source, ..
        } = &worker.context;
        board
            .rows
            .insert(Row::waiting(*id, symbol.clone(), source.name.clone()));
        Self { worker, board }
    }

    /// One turn with one event; what the board shows after it.
    fn turn(&mut self, seconds: i64, payload: Payload) -> &Row {
        let mut out = give(&mut self.worker, seconds, payload);
        out.extend(turn_end(&mut self.worker));
        for outcome in out {
            match outcome {
                Outcome::Result(result) => self.board.result(&result, Nanos(1)),
                Outcome::Moved(moved) => self.board.moved(&moved, Nanos(1)),
                Outcome::Primed(primed) => self.board.primed(&primed),
                _ => {}
            }
        }
        if let Some(day) = self.worker.take_day() {
            self.board.day(&day);
        }
        self.board.rows.get(SymbolId(0)).unwrap()
    }
}

fn changed(id: u64, price: i64, action: fn(TradeId) -> TradeAction, of: u64) -> Payload {
    Payload::TimeAndSales(TimeAndSale {
        price: Some(price.into()),
        size: Some(1.into()),
        trade_id: Some(TradeId::Number(id)),
        action: action(TradeId::Number(of)),
        ..TimeAndSale::default()
    })
}

fn without_trades(bars: BarOrigin) -> Products {
    Products {
        bars,
        services: ServiceSet::of(&[DataService::Ohlcv, DataService::Level1]),
        ..Products::default()
    }
}

#[test]
fn a_price_of_which_no_trade_stands_is_shown_no_more() {
    let bars = [
        BarOrigin::Delivered,
        BarOrigin::Trades(OpenRule::FirstTrade),
    ];
    for bars in bars {
        let served = Products {
            bars,
            ..Products::default()
        };
        for products in [served, without_trades(bars)] {
            let mut watched = Watched::new(worker(products));
            assert_eq!(watched.turn(1, trade(5, 10)).last, Some(10.into()));
            let corrected = watched.turn(2, changed(6, 11, TradeAction::Corrects, 5));
            assert_eq!(corrected.last, Some(11.into()));
            assert_eq!(corrected.direction, Direction::Up);
            let cancelled = watched.turn(3, changed(7, 11, TradeAction::Cancels, 6));
            assert_eq!(cancelled.last, None);
            assert_eq!(cancelled.direction, Direction::Unchanged);
            assert_eq!(cancelled.day, DayStats::default());
            let other = watched.turn(3, changed(8, 11, TradeAction::Cancels, 6));
            assert_eq!(other.last, None, "it is out already");
            assert_eq!(watched.turn(4, trade(9, 12)).last, Some(12.into()));
            let row = watched.turn(5, Payload::News(Box::default()));
            assert_eq!(
                row.last,
                Some(12.into()),
                "what brings no price changes none"
            );
        }
    }
}

#[test]
fn without_a_trade_the_last_price_is_that_of_the_quote_or_of_a_bar() {
    let mut watched = Watched::new(worker(Products::default()));
    let bar = Ohlcv {
        open: Some(3.into()),
        high: Some(3.into()),
        low: Some(3.into()),
        close: Some(3.into()),
        volume: Some(1.into()),
    };
    watched.turn(0, Payload::Ohlcv(bar));
    assert_eq!(watched.turn(61, trade(1, 10)).last, Some(10.into()));
    let row = watched.turn(62, changed(1, 10, TradeAction::Cancels, 1));
    assert_eq!(row.last, Some(3.into()), "of the bar before");
    let quote = Level1 {
        last: Some(4.into()),
        ..Level1::default()
    };
    watched.turn(63, trade(2, 10));
    assert_eq!(
        watched.turn(64, Payload::Level1(quote)).last,
        Some(4.into())
    );
    let row = watched.turn(65, changed(2, 10, TradeAction::Cancels, 2));
    assert_eq!(row.last, Some(4.into()), "the quote tells its own");
}

#[test]
fn the_newer_of_quote_and_trade_says_what_the_last_price_is() {
    let mut watched = Watched::new(worker(Products::default()));
    let quote = |last: Option<i64>| {
        Payload::Level1(Level1 {
            bid: Some(1.into()),
            last: last.map(Into::into),
            ..Level1::default()
        })
    };
    let mut last = |seconds, payload| watched.turn(seconds, payload).last;
    assert_eq!(last(10, quote(Some(4))), Some(4.into()));
    assert_eq!(last(11, trade(1, 10)), Some(10.into()));
    assert_eq!(last(12, quote(None)), Some(10.into()), "it has none");
    let cancel = changed(1, 10, TradeAction::Cancels, 1);
    assert_eq!(last(13, cancel), Some(4.into()), "the quote's again");
    assert_eq!(last(14, trade(2, 11)), Some(11.into()));
    assert_eq!(last(16, quote(Some(12))), Some(12.into()));
    assert_eq!(last(15, trade(3, 13)), Some(12.into()), "it came late");
    assert_eq!(last(17, trade(4, 14)), Some(14.into()));
}

#[test]
fn a_bar_that_loses_its_trades_leaves_day_and_trend() {
    let mut watched = Watched::new(worker(built()));
    watched.turn(1, trade(1, 10));
    watched.turn(61, trade(2, 12));
    let row = watched.turn(120, Payload::Clock);
    assert_eq!(row.trend.points(), [10.0, 12.0]);
    assert_eq!(row.day.volume, Some(2.0));
    let row = watched.turn(121, changed(2, 12, TradeAction::Cancels, 2));
    assert_eq!(row.last, Some(10.into()));
    assert_eq!(row.trend.points(), [10.0]);
    assert_eq!((row.day.high, row.day.volume), (Some(10.0), Some(1.0)));
    let row = watched.turn(122, changed(1, 10, TradeAction::Cancels, 1));
    assert_eq!(row.last, None);
    assert_eq!(row.trend.points(), [0.0; 0]);
    assert_eq!(row.day, DayStats::default());
}
