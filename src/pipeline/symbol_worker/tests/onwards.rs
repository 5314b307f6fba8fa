//! History that comes after data, as when a replay jumps onwards: what follows is as if all of it had been history.

use super::columns::{bar, rig};
use super::*;

const SPECS: [&str; 7] = [
    "sma(3)",
    "ema(20)",
    "vwap",
    "rsi(5)@5m",
    "spread",
    "book_imbalance",
    "trade_imbalance(60)",
];

/// Events of every kind over an hour and a half, some of them late, corrected or again.
fn events() -> Vec<(i64, Payload)> {
    let mut events = vec![(0, book(true, 100, 200))];
    for at in 0..540 {
        let seconds = at * 10;
        let price = 140 + at * 7 % 23;
        events.push((seconds, trade(at as u64, price)));
        events.push((seconds, book(false, 100 + at % 9, 200 - at % 7)));
        let quote = Level1 {
            bid: (at % 3 > 0).then(|| Decimal::from(price - 1)),
            ask: Some(Decimal::from(price + 1 + at % 4)),
            bid_size: Some(Decimal::from(1 + at % 11)),
            ask_size: Some(Decimal::from(1 + at % 5)),
            ..Level1::default()
        };
        events.push((seconds, Payload::Level1(quote)));
        if at % 6 == 0 {
            events.push((seconds, Payload::Clock));
        }
        // A bar grows twice in its minute, and now and then the one before is corrected.
        if at % 2 == 0 {
            events.push((seconds / 60 * 60, bar(price)));
        }
        if at % 35 == 0 && at > 0 {
            events.push((seconds / 60 * 60 - 60, bar(price + 2)));
            events.push((seconds, trade(at as u64, price)));
        }
    }
    events
}

/// All that comes of the events from `to` on, where those before are history but for the first `from`.
fn told_after(from: usize, to: usize, products: Products) -> Vec<String> {
    let (mut worker, _columns) = rig(&SPECS, products);
    worker.watch_book(true);
    worker.watch_charts(&[Timeframe::M1, Timeframe::M5]);
    let mut told = Vec::new();
    for (at, (seconds, payload)) in events().into_iter().enumerate() {
        let mut out = Vec::new();
        let mut event = Event {
            symbol: SymbolId(0),
            time: Some(UnixMs(86_400_000 + seconds * 1000)),
            payload,
        };
        worker.take(&mut event, (from..to).contains(&at), &mut out);
        if at % 17 == 0 || at + 1 == to {
            worker.finish_turn(&mut out);
        }
        if at >= to {
            told.extend(out.iter().map(|outcome| format!("{outcome:?}")));
        }
    }
    let mut out = Vec::new();
    worker.end_of_data(&mut out);
    worker.finish_turn(&mut out);
    told.extend(out.iter().map(|outcome| format!("{outcome:?}")));
    told.extend(worker.context.history.iter().map(|bar| format!("{bar:?}")));
    told.push(format!("{:?}", worker.primed()));
    told
}

#[test]
fn what_follows_is_as_if_all_before_had_been_history() {
    let grown = Products {
        bars_grow: true,
        ..Products::default()
    };
    for products in [built(), grown, Products::default()] {
        let count = events().len();
        for (from, to) in [(1, 200), (500, 507), (700, 1500), (900, count - 1)] {
            let onwards = told_after(from, to, products);
            let afresh = told_after(0, to, products);
            assert!(onwards.len() > 3, "{from}..{to}");
            for (onwards, afresh) in onwards.iter().zip(&afresh) {
                assert_eq!(onwards, afresh, "{from}..{to} of {products:?}");
            }
            assert_eq!(onwards.len(), afresh.len(), "{from}..{to} of {products:?}");
        }
    }
}
