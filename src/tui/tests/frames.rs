//! How long a frame takes.

use std::sync::Arc;

use super::super::action::Action;
use super::super::draw::draw;
use super::super::fixture::live::{depth, live, tape};
use super::super::fixture::{Scene, TAKEN, full, row, screen, with_indicators};
use super::super::panels::watchlist::{Column, Sort, WatchlistPanel};
use super::super::screen::Screen;
use super::super::views::View;
use crate::domain::Decimal;
use crate::domain::clock::{Clock, Nanos, SystemClock};
use crate::domain::symbol::SymbolId;
use crate::pipeline::Snapshot;
use crate::pipeline::snapshot::{Direction, Rows};

fn rows(count: u32, turn: u32) -> Rows {
    (0..count)
        .map(|id| {
            let mut row = row(id, &format!("S{id:05}"), "100.00", 100.0, 1e6, 100);
            let cents = i64::from(10_000 + (id * 37 + turn * 101) % 500);
            row.last = Some(Decimal::new(cents, 2));
            row.direction = Direction::Up;
            row.price_changed = TAKEN;
            row
        })
        .collect()
}

fn board(turn: u32, rows: Rows) -> Snapshot {
    Snapshot {
        version: 10 + u64::from(turn),
        rows,
        ..full()
    }
}

#[test]
fn a_frame_of_many_rows_formats_only_what_is_seen() {
    // Ten times the rows must not cost anything like ten times the frame, apart from the sorting once a second.
    let mut model = screen(Some(board(0, rows(10_000, 0))), 120, 40);
    let mut screen = Screen::new(120, 40);
    draw(&mut model, screen.blank());
    let first = screen.compose(b"").unwrap().len();
    model.take(Arc::new(board(1, rows(10_000, 1))));
    model.settle();
    draw(&mut model, screen.blank());
    let second = screen.compose(b"").unwrap().len();
    assert!(first < 60_000, "{first}");
    assert!(second < first, "{second} {first}");
}

#[test]
fn a_frame_of_a_deep_book_writes_only_what_is_seen() {
    let board = |levels: i64, last: u64| {
        let mut snapshot = live();
        snapshot.version += last;
        snapshot.depths = vec![Arc::new(depth(levels))];
        snapshot.tapes = vec![Arc::new(tape(last))];
        Arc::new(snapshot)
    };
    let mut model = screen(None, 120, 40);
    model.act(Action::View(View::Depth));
    let mut screen = Screen::new(120, 40);
    let mut frame = |levels, last| {
        model.take(board(levels, last));
        model.settle();
        draw(&mut model, screen.blank());
        screen.compose(b"").map_or(0, <[u8]>::len)
    };
    let first = frame(25, 200);
    let deep = frame(5_000, 201);
    let same = frame(5_000, 201);
    assert!(first < 60_000 && deep < 60_000, "{first} {deep}");
    assert!(same < deep, "{same} {deep}");
}

/// Puts a condition and an expression with indicators to ten thousand rows. Optimised it takes a few milliseconds; the
/// bound is that of a build without optimisation on a machine that has other things to do.
#[test]
fn a_condition_is_put_to_ten_thousand_rows_in_no_time() {
    let template = with_indicators();
    let values = template.rows.get(SymbolId(0)).unwrap().indicators.clone();
    let plain = rows(10_000, 0);
    let rows = plain.iter().cloned().map(|mut row| {
        row.indicators.clone_from(&values);
        row
    });
    let snapshot = Snapshot {
        rows: rows.collect(),
        ..full()
    };
    let scene = Scene::new(snapshot);
    let key = "(last - sma_20) / sma_20 + change_percent / rsi"
        .parse()
        .unwrap();
    let mut panel = WatchlistPanel::new(Column::DEFAULT.to_vec(), Sort::by_key(key));
    panel.set_filter("rsi > 30 and volume > 1e3 or change% > 2 and not halted");
    panel.refresh(&scene.context());
    let clock = SystemClock::default();
    for _ in 0..5 {
        panel.set_filter("rsi > 30 and volume > 1e3 or change% > 2 and not halted");
        panel.refresh(&scene.context());
    }
    let took_ms = clock.monotonic().since(Nanos(0)).as_millis() / 5;
    assert_eq!(panel.ids().len(), 10_000);
    assert!(took_ms < 1_000, "{took_ms} ms");
}
