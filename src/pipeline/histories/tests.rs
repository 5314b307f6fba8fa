#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use crate::domain::Decimal;
use crate::domain::bar::Candle;
use crate::domain::quote::Level1;
use crate::domain::source::{BarStamp, Delivery, Origin, Products};
use crate::domain::time::UnixMs;

use super::*;

fn source() -> Arc<SourceInfo> {
    Arc::new(SourceInfo {
        name: SourceName::new("venue"),
        label: "venue".to_owned(),
        origin: Origin::Live,
        delivery: Delivery::Live,
        has_transport: false,
        bar_stamp: BarStamp::Start,
        calendar: SessionCalendar::UtcDay,
        products: Products::default(),
    })
}

fn histories(settings: EngineSettings) -> Arc<Histories> {
    Arc::new(Histories::new(Arc::new(settings), PastBars::default()))
}

fn enter(histories: &Arc<Histories>, id: u32) -> KeptHistory {
    let symbol = Symbol::new(&format!("S{id}")).unwrap();
    histories.enter(SymbolId(id), &symbol, &source())
}

fn bar(minute: i64) -> Candle {
    Candle {
        start: UnixMs(minute * 60_000),
        open: 1.0,
        high: 1.0,
        low: 1.0,
        close: 1.0,
        volume: 1.0,
    }
}

fn quote(bid: i64) -> Level1 {
    Level1 {
        bid: Some(Decimal::from(bid)),
        ..Level1::default()
    }
}

#[test]
fn what_a_worker_puts_in_is_seen_by_all_until_the_symbol_goes() {
    let histories = histories(EngineSettings::default());
    let (first, second) = (enter(&histories, 1), enter(&histories, 2));
    first.insert(bar(1));
    first.put_quote(Some(UnixMs(5)), &quote(9));
    first.put_quote(None, &quote(10));
    first.put_trades(&mut vec![(None, Arc::default())]);
    second.insert(bar(2));
    let all = histories.all();
    let counts = |history: &SymbolHistory| {
        (
            history.symbol.as_str().to_owned(),
            history.bars.len(),
            history.quotes.len(),
            history.trades.len(),
        )
    };
    assert_eq!(
        all.iter().map(counts).collect::<Vec<_>>(),
        [("S1".to_owned(), 1, 1, 1), ("S2".to_owned(), 1, 0, 0)]
    );
    first.insert(bar(2));
    assert_eq!(all[0].bars.len(), 1, "a snapshot stays as it was");
    assert_eq!(histories.of(SymbolId(1)).unwrap().bars.len(), 2);
    histories.leave(SymbolId(1));
    assert!(histories.of(SymbolId(1)).is_none());
    assert_eq!(histories.all().len(), 1);
    drop((first, second, all));
    histories.leave(SymbolId(2));
    assert_eq!(histories.budget().used_bytes(), 0);
}

#[test]
fn a_history_outlives_a_worker_that_panics_with_it_in_hand() {
    let histories = histories(EngineSettings::default());
    let kept = enter(&histories, 1);
    kept.insert(bar(1));
    let other = kept.clone();
    let panicked = std::thread::spawn(move || {
        let _rows = other.kept.rows.lock().unwrap();
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    assert!(panicked.join().is_err());
    assert!(kept.kept.rows.is_poisoned());
    kept.insert(bar(2));
    assert_eq!(histories.all()[0].bars.len(), 2);
    assert_eq!(kept.newest(), Some(bar(2)));
}

#[test]
fn when_memory_is_used_up_the_oldest_bars_of_all_symbols_go_first() {
    const LIMIT: u64 = 100_000;
    let histories = histories(EngineSettings {
        history_bytes: LIMIT,
        ..EngineSettings::default()
    });
    let old = enter(&histories, 1);
    for minute in 0..1500 {
        old.insert(bar(minute));
    }
    let before = old.len();
    // One that comes later finds room, at the expense of the oldest.
    let new = enter(&histories, 2);
    for minute in 10_000..12_000 {
        new.insert(bar(minute));
        assert!(histories.budget().used_bytes() <= LIMIT);
    }
    assert!(new.len() > before / 2, "{} of {before}", new.len());
    assert!(old.len() < before / 2, "{} of {before}", old.len());
    assert_eq!(old.newest(), Some(bar(1499)));
    assert_eq!(new.newest(), Some(bar(11_999)));
}

#[test]
fn a_flood_of_quotes_and_trades_leaves_the_bars_their_half_of_the_memory() {
    const LIMIT: u64 = 400_000;
    let histories = histories(EngineSettings {
        history_bytes: LIMIT,
        quote_rows: 1_000_000,
        trade_rows: 1_000_000,
        ..EngineSettings::default()
    });
    let busy = enter(&histories, 1);
    let quiet = enter(&histories, 2);
    for n in 0..20_000 {
        busy.put_quote(Some(UnixMs(n * 1000)), &quote(n));
        busy.put_trades(&mut vec![(Some(UnixMs(n * 1000)), Arc::default())]);
        if n % 10 == 0 {
            quiet.insert(bar(n / 10));
        }
        assert!(histories.budget().used_bytes() <= LIMIT);
    }
    assert_eq!(quiet.len(), 2000);
    let busy = histories.of(SymbolId(1)).unwrap();
    assert!(busy.quotes.len() > 200, "{}", busy.quotes.len());
    assert!(busy.trades.len() > 200, "{}", busy.trades.len());
}

#[test]
fn many_threads_at_the_limit_neither_wait_for_one_another_for_ever_nor_go_beyond_it() {
    const LIMIT: u64 = 200_000;
    let histories = histories(EngineSettings {
        history_bytes: LIMIT,
        ..EngineSettings::default()
    });
    let threads: Vec<_> = (0..4)
        .map(|id| {
            let kept = enter(&histories, id);
            std::thread::spawn(move || {
                for minute in 0..5000 {
                    kept.insert(bar(minute));
                    kept.put_quote(Some(UnixMs(minute)), &quote(minute));
                }
                assert_eq!(kept.newest(), Some(bar(4999)));
            })
        })
        .collect();
    for thread in threads {
        while !thread.is_finished() {
            assert!(histories.budget().used_bytes() <= LIMIT);
            for history in histories.all() {
                let candles: Vec<_> = history.bars.candles().collect();
                assert!(candles.windows(2).all(|pair| pair[0].start < pair[1].start));
            }
        }
        thread.join().unwrap();
    }
}
