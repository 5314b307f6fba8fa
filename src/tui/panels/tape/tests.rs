//! Scrolling back, filtering, and what is said of single trades.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::super::fixture::live::{live, tape, trade};
use super::super::super::fixture::{Scene, drawn};
use super::super::super::panel::{Panel, PanelAction, PanelContext, Response};
use super::super::super::screen::plain_text;
use super::super::super::theme::{ColorDepth, Theme, ThemeName};
use super::{TapePanel, TapeRules};
use crate::domain::Decimal;
use crate::domain::symbol::SymbolId;
use crate::domain::trade::{TimeAndSale, TradeId};
use crate::pipeline::Snapshot;
use crate::pipeline::snapshot::{TapeRow, TapeView, TradeFate};

/// The first symbol's.
const NAME: &str = "BTC/USD@kraken";

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
    assert!(panel.rules_of(Some(NAME)).size_min.is_some());
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
    assert_eq!(panel.rules_of(Some(NAME)).size_min, None);
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
        windows.push(panel.rules_of(Some(NAME)).window_ms);
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

#[test]
fn what_has_come_meanwhile_is_counted_as_it_would_be_shown() {
    let mut panel = TapePanel::default();
    let rules = TapeRules {
        size_min: Some(Decimal::from(9)),
        ..TapeRules::default()
    };
    panel.set_rules_of(Some(NAME), rules);
    let before = with_tape(tape(200));
    drawn(&mut panel, &on(&before), 80, 4);
    panel.act(PanelAction::Down, &on(&before));
    // Every 23rd is large: 212 and 235 have come since.
    let after = with_tape(tape(240));
    drawn(&mut panel, &on(&after), 80, 4);
    let title = panel.title(&on(&after)).to_string();
    assert!(title.contains("+2 new"), "{title}");
}

#[test]
fn an_inferred_side_has_its_colour_and_a_mark_of_its_own() {
    let mut view = tape(200);
    for row in Arc::make_mut(&mut view.rows) {
        row.fate = TradeFate::Stands;
        let side = row.trade.side;
        row.trade = Arc::new(TimeAndSale {
            side: None,
            inferred: side,
            ..TimeAndSale::clone(&row.trade)
        });
    }
    let scene = with_tape(view);
    let theme = Theme::of(ThemeName::Dark, ColorDepth::Ansi256);
    let context = PanelContext {
        theme: &theme,
        ..on(&scene)
    };
    let mut buffer = Buffer::empty(Rect::new(0, 0, 90, 40));
    TapePanel::default().render(buffer.area, &mut buffer, &context);
    let mut seen = Vec::new();
    for y in 1..40 {
        let cell = buffer.cell((14, y)).unwrap();
        let expected = match cell.symbol() {
            "△" => context.theme.up.fg,
            "▽" => context.theme.down.fg,
            sign => {
                assert_eq!(sign, "·");
                context.theme.unchanged.fg
            }
        };
        assert_eq!(Some(cell.fg), expected, "{y}");
        seen.push(cell.symbol().to_owned());
    }
    assert!(
        ["△", "▽", "·"]
            .iter()
            .all(|it| seen.iter().any(|sign| sign == it))
    );
    let text = plain_text(&buffer);
    assert!(
        text.contains("△ buy? ") && text.contains("▽ sell? "),
        "{text}"
    );
}

#[test]
fn what_is_left_out_of_one_tape_is_not_left_out_of_another() {
    let other = TapeView {
        symbol: SymbolId(1),
        ..tape(200)
    };
    let scene = Scene::new(Snapshot {
        tapes: vec![Arc::new(tape(200)), Arc::new(other)],
        ..live()
    });
    let mut panel = TapePanel::default();
    for _ in 0..2 {
        panel.act(PanelAction::ZoomIn, &on(&scene));
    }
    let size_min = panel.rules_of(Some(NAME)).size_min;
    assert!(size_min.is_some());
    let mut context = scene.context();
    context.selected = Some(SymbolId(1));
    let title = panel.title(&context).to_string();
    assert!(!title.contains("min"), "{title}");
    drawn(&mut panel, &context, 80, 200);
    assert_eq!(panel.shown.as_ref().unwrap().lines.len(), 121);
    panel.act(PanelAction::NextWindow, &context);
    let rules = panel.rules_of(Some(NAME));
    assert_eq!((rules.size_min, rules.window_ms), (size_min, 100));
}

#[test]
fn big_ones_are_marked_where_there_is_little_room() {
    let scene = with_tape(tape(200));
    for width in [28, 30, 36] {
        let text = drawn(&mut TapePanel::default(), &on(&scene), width, 40);
        let big = text.lines().find(|line| line.contains("9.5")).unwrap();
        assert!(big.contains("◆"), "{width}: {text}");
        assert!(!big.contains(".0") || width > 30, "no thousandths: {text}");
    }
    let merged = drawn(&mut TapePanel::default(), &on(&scene), 60, 40);
    assert!(merged.contains(':') && merged.contains('.'), "{merged}");
}

#[test]
fn sizes_are_copied_as_they_are() {
    let mut view = tape(200);
    for (at, row) in Arc::make_mut(&mut view.rows).iter_mut().enumerate() {
        row.trade = Arc::new(TimeAndSale {
            size: Some(Decimal::new(150_671_567_531 + at as i64, 8)),
            ..TimeAndSale::clone(&row.trade)
        });
    }
    let scene = with_tape(view);
    let mut panel = TapePanel::default();
    let text = drawn(&mut panel, &on(&scene), 80, 12);
    assert!(text.contains("1506.72 "), "{text}");
    let Response::Copy(text) = panel.act(PanelAction::Copy, &on(&scene)) else {
        panic!("nothing copied");
    };
    assert!(text.contains("\t1506.71567651\t"), "{text}");
}
