//! Scrolling back, filtering, and what is said of single trades.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::super::fixture::Scene;
use super::super::super::fixture::live::{live, tape, trade};
use super::super::super::panel::{Panel, PanelAction, PanelContext};
use super::super::super::screen::plain_text;
use super::TapePanel;
use crate::domain::Decimal;
use crate::domain::symbol::SymbolId;
use crate::domain::trade::{TimeAndSale, TradeId};
use crate::pipeline::Snapshot;
use crate::pipeline::snapshot::{TapeRow, TapeView, TradeFate};

fn drawn(panel: &mut TapePanel, context: &PanelContext<'_>, width: u16, height: u16) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    panel.render(buffer.area, &mut buffer, context);
    plain_text(&buffer)
}

fn with_tape(view: TapeView) -> Scene {
    Scene::new(Snapshot {
        tapes: vec![Arc::new(view)],
        ..live()
    })
}

fn on(scene: &Scene) -> PanelContext<'_> {
    let mut context = scene.context();
    context.selected = Some(SymbolId(0));
    context
}

#[test]
fn what_is_read_stands_still_while_trades_come() {
    let mut panel = TapePanel::default();
    let before = with_tape(tape(200));
    let first = drawn(&mut panel, &on(&before), 80, 20);
    assert!(
        first.lines().nth(1).unwrap().contains("70001200"),
        "{first}"
    );
    panel.act(PanelAction::Down, &on(&before));
    let held = drawn(&mut panel, &on(&before), 80, 20);
    // A thousand more: what was on the tape is gone from the board.
    let after = with_tape(tape(1_200));
    assert_eq!(drawn(&mut panel, &on(&after), 80, 20), held);
    let title = panel.title(&on(&after)).to_string();
    assert!(title.contains("+1000 new"), "{title}");
    panel.act(PanelAction::Home, &on(&after));
    let newest = drawn(&mut panel, &on(&after), 80, 20);
    assert!(
        newest.lines().nth(1).unwrap().contains("70002200"),
        "{newest}"
    );
    assert!(!panel.title(&on(&after)).to_string().contains("new"));
}

#[test]
fn a_trade_that_is_taken_out_is_marked_even_on_a_held_tape() {
    let mut panel = TapePanel::default();
    let before = with_tape(tape(200));
    drawn(&mut panel, &on(&before), 80, 20);
    panel.act(PanelAction::Down, &on(&before));
    let count = |text: &str| text.matches("cancelled").count();
    let then = count(&drawn(&mut panel, &on(&before), 80, 20));
    let mut later = tape(200);
    let rows = Arc::make_mut(&mut later.rows);
    let at = rows.iter().position(|row| row.number == 190).unwrap();
    rows[at].fate = TradeFate::Cancelled;
    let after = with_tape(later);
    assert_eq!(count(&drawn(&mut panel, &on(&after), 80, 20)), then + 1);
}

#[test]
fn fates_sides_and_big_prints_are_said_without_colours() {
    let scene = with_tape(tape(200));
    let wide = drawn(&mut TapePanel::default(), &on(&scene), 90, 40);
    for part in [
        "cancelled",
        "corrected",
        "▲ buy",
        "▼ sell",
        "◆",
        "@ T · 70001200",
    ] {
        assert!(wide.contains(part), "no {part}:\n{wide}");
    }
    let narrow = drawn(&mut TapePanel::default(), &on(&scene), 38, 12);
    assert!(narrow.contains('✖') && narrow.contains('▼'), "{narrow}");
}

#[test]
fn the_keys_leave_out_small_trades_and_bring_them_back() {
    let scene = with_tape(tape(200));
    let context = on(&scene);
    let mut panel = TapePanel::default();
    let count = |panel: &mut TapePanel| {
        drawn(panel, &context, 80, 200);
        panel.shown.as_ref().unwrap().lines.len()
    };
    let all = count(&mut panel);
    panel.act(PanelAction::ZoomIn, &context);
    assert!(panel.rules().size_min.is_some());
    panel.act(PanelAction::ZoomIn, &context);
    let fewer = count(&mut panel);
    assert!(fewer < all, "{fewer} {all}");
    for _ in 0..40 {
        panel.act(PanelAction::ZoomIn, &context);
    }
    assert_eq!(count(&mut panel), 0);
    let text = drawn(&mut panel, &context, 80, 12);
    assert!(text.contains("none of 121 trades"), "{text}");
    for _ in 0..60 {
        panel.act(PanelAction::ZoomOut, &context);
    }
    assert_eq!(panel.rules().size_min, None);
    assert_eq!(count(&mut panel), all);
}

#[test]
fn the_window_goes_round() {
    let scene = with_tape(tape(200));
    let context = on(&scene);
    let mut panel = TapePanel::default();
    let mut windows = Vec::new();
    for _ in 0..3 {
        panel.act(PanelAction::NextWindow, &context);
        windows.push(panel.rules().window_ms);
        drawn(&mut panel, &context, 80, 12);
    }
    assert_eq!(windows, [100, 1_000, 0]);
}

#[test]
fn another_symbols_trades_are_never_shown() {
    let scene = with_tape(tape(200));
    let mut panel = TapePanel::default();
    drawn(&mut panel, &on(&scene), 80, 20);
    panel.act(PanelAction::Down, &on(&scene));
    let mut context = scene.context();
    context.selected = Some(SymbolId(1));
    let text = drawn(&mut panel, &context, 80, 20);
    assert!(text.contains("no trades for ETH/USD"), "{text}");
    assert!(!panel.title(&context).to_string().contains("held"));
}

#[test]
fn hostile_trades_of_any_length_are_drawn_at_any_size() {
    let hostile = "\x1b[2J\u{202e}日本\u{0}".repeat(5_000);
    let mut rows: Vec<TapeRow> = (1..40).map(trade).collect();
    for row in &mut rows {
        row.time = None;
        row.trade = Arc::new(TimeAndSale {
            price: Some(Decimal::MAX),
            size: Some(Decimal::MAX),
            conditions: vec![hostile.as_str().into(); 50].into(),
            trade_id: Some(TradeId::Text(hostile.as_str().into())),
            ..TimeAndSale::default()
        });
    }
    rows.push(TapeRow {
        number: 41,
        time: None,
        trade: Arc::default(),
        fate: TradeFate::Stands,
    });
    let scene = with_tape(TapeView {
        symbol: SymbolId(0),
        rows: Arc::new(rows),
    });
    let context = on(&scene);
    let mut panel = TapePanel::default();
    for window in 0..2 {
        for (width, height) in (0..60).map(|at| (at * 3, at % 30)) {
            let text = drawn(&mut panel, &context, width, height);
            assert!(
                !text.contains('\x1b') && !text.contains('\u{202e}'),
                "{window}"
            );
            panel.act(PanelAction::PageDown, &context);
        }
        panel.act(PanelAction::NextWindow, &context);
    }
}
