//! How long a frame takes.

use std::sync::Arc;

use super::super::action::Action;
use super::super::draw::draw;
use super::super::fixture::live::{depth, live, tape};
use super::super::fixture::{TAKEN, full, row, screen};
use super::super::screen::Screen;
use super::super::views::View;
use crate::domain::Decimal;
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
