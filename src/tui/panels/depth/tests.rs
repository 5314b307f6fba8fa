//! Moving in the ladder, and what stands still meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

use std::sync::Arc;

use super::super::super::fixture::live::{book, depth, live, resyncing};
use super::super::super::fixture::{Scene, drawn};
use super::super::super::panel::{Panel, PanelAction, PanelContext, Response};
use super::super::super::theme::GlyphSet;
use super::DepthPanel;
use crate::domain::Decimal;
use crate::domain::book::{BookTop, Level};
use crate::domain::quote::SymbolFacts;
use crate::domain::symbol::SymbolId;
use crate::pipeline::Snapshot;
use crate::pipeline::snapshot::{BookState, DepthView, RowState};

fn with_depth(view: DepthView) -> Snapshot {
    Snapshot {
        depths: vec![Arc::new(view)],
        ..live()
    }
}

fn on(scene: &Scene) -> PanelContext<'_> {
    let mut context = scene.context();
    context.selected = Some(SymbolId(0));
    context
}

fn line_of(text: &str, part: &str) -> usize {
    text.lines()
        .position(|line| line.contains(part))
        .unwrap_or_else(|| panic!("no {part}:\n{text}"))
}

#[test]
fn the_middle_stays_where_it_is_whatever_the_book_has() {
    let mut panel = DepthPanel::default();
    let mut at = Vec::new();
    for levels in [25, 3, 1, 60, 0] {
        let scene = Scene::new(with_depth(depth(levels)));
        let text = drawn(&mut panel, &on(&scene), 60, 24);
        at.push(line_of(
            &text,
            if levels == 0 {
                "no bids"
            } else {
                "mid 45285.2"
            },
        ));
    }
    assert!(at.windows(2).all(|pair| pair[0] == pair[1]), "{at:?}");
}

#[test]
fn the_best_levels_stay_in_sight_while_scrolling() {
    let scene = Scene::new(live());
    let context = on(&scene);
    let mut panel = DepthPanel::default();
    let first = drawn(&mut panel, &context, 60, 24);
    for action in [
        PanelAction::Down,
        PanelAction::PageDown,
        PanelAction::End,
        PanelAction::Up,
    ] {
        assert_eq!(panel.act(action, &context), Response::Done);
        let text = drawn(&mut panel, &context, 60, 24);
        for best in ["45285.3", "45285.1", "mid 45285.2"] {
            assert_eq!(line_of(&text, best), line_of(&first, best), "{action:?}");
        }
        assert!(text.contains('⋮'), "{text}");
    }
    panel.act(PanelAction::End, &context);
    let text = drawn(&mut panel, &context, 60, 24);
    assert!(
        text.contains("45282.7") && text.contains("45287.7"),
        "{text}"
    );
    panel.act(PanelAction::Home, &context);
    assert_eq!(drawn(&mut panel, &context, 60, 24), first);
}

#[test]
fn the_keys_step_through_the_groupings_and_stop_at_the_ends() {
    let scene = Scene::new(live());
    let context = on(&scene);
    let mut panel = DepthPanel::default();
    drawn(&mut panel, &context, 60, 24);
    let mut steps = Vec::new();
    for _ in 0..5 {
        panel.act(PanelAction::ZoomOut, &context);
        drawn(&mut panel, &context, 60, 24);
        steps.push(panel.title(&context).to_string());
    }
    for (title, step) in steps.iter().zip(["0.2", "0.5", "1", "2", "5"]) {
        assert!(title.ends_with(&format!("step {step}")), "{title}");
    }
    for _ in 0..200 {
        panel.act(PanelAction::ZoomOut, &context);
    }
    drawn(&mut panel, &context, 60, 24);
    assert!(panel.title(&context).to_string().ends_with("step 20000"));
    for _ in 0..200 {
        panel.act(PanelAction::ZoomIn, &context);
    }
    drawn(&mut panel, &context, 60, 24);
    assert!(panel.title(&context).to_string().ends_with("step 0.1"));
}

#[test]
fn a_tick_that_was_seen_stays() {
    let mut panel = DepthPanel::default();
    let scene = Scene::new(live());
    drawn(&mut panel, &on(&scene), 60, 24);
    // For a moment every price is a whole number.
    let whole = |price: i64| Level {
        price: Decimal::from(price),
        size: Decimal::ONE,
    };
    let scene = Scene::new(with_depth(DepthView {
        book: BookTop {
            bids: vec![whole(45_285)],
            asks: vec![whole(45_286)],
            ..book(1)
        },
        ..depth(1)
    }));
    let text = drawn(&mut panel, &on(&scene), 60, 24);
    assert!(panel.title(&on(&scene)).to_string().ends_with("step 0.1"));
    assert!(
        text.contains("45286.0") && text.contains("45285.0"),
        "{text}"
    );
}

#[test]
fn the_same_book_is_not_put_together_twice() {
    let scene = Scene::new(live());
    let context = on(&scene);
    let mut panel = DepthPanel::default();
    drawn(&mut panel, &context, 60, 24);
    let before = panel.shown.as_ref().unwrap().ladder.bids.as_ptr();
    drawn(&mut panel, &context, 60, 24);
    assert_eq!(panel.shown.as_ref().unwrap().ladder.bids.as_ptr(), before);
}

#[test]
fn a_lost_book_says_why_and_keeps_its_levels() {
    let scene = Scene::new(resyncing());
    let mut panel = DepthPanel::default();
    let text = drawn(&mut panel, &on(&scene), 100, 24);
    assert!(
        text.contains("◌ resyncing: the book's checksum is 12"),
        "{text}"
    );
    assert!(
        text.contains("3 resyncs") && text.contains("45285.1"),
        "{text}"
    );
    assert!(
        text.contains("as last known") && !text.contains("mid") && !text.contains("spread"),
        "{text}"
    );
    let mut waiting = depth(0);
    waiting.state = BookState::Waiting;
    let scene = Scene::new(with_depth(waiting));
    let text = drawn(&mut panel, &on(&scene), 60, 24);
    assert!(text.contains("◌ waiting"), "{text}");
}

#[test]
fn the_limits_of_a_symbol_stand_beside_the_state_of_its_book() {
    let limits = |lower: Option<i64>, upper: Option<i64>| {
        let mut snapshot = live();
        let price = |cents: i64| Decimal::new(cents, 2);
        snapshot.rows.get_mut(SymbolId(0)).unwrap().facts = Some(Arc::new(SymbolFacts {
            lower_limit: lower.map(price),
            upper_limit: upper.map(price),
            ..SymbolFacts::default()
        }));
        let scene = Scene::new(snapshot);
        drawn(&mut DepthPanel::default(), &on(&scene), 80, 24)
    };
    let text = limits(Some(9810), Some(10_840));
    assert!(
        text.contains("✓ verified · limits 98.10–108.40 ·"),
        "{text}"
    );
    let text = limits(None, Some(10_840));
    assert!(text.contains("· limit ≤ 108.40 ·"), "{text}");
    let text = limits(None, None);
    assert!(!text.contains("limit"), "{text}");
}

#[test]
fn another_symbols_book_is_never_shown() {
    let scene = Scene::new(live());
    let mut panel = DepthPanel::default();
    drawn(&mut panel, &on(&scene), 60, 24);
    let mut context = scene.context();
    context.selected = Some(SymbolId(1));
    let text = drawn(&mut panel, &context, 60, 24);
    assert!(text.contains("no depth for ETH/USD"), "{text}");
    assert!(!text.contains("45285"), "{text}");
}

#[test]
fn crossed_and_locked_books_are_named() {
    for (bid, ask, word) in [(10, 9, "crossed by 1"), (10, 10, "locked 0")] {
        let level = |price: i64| {
            vec![Level {
                price: Decimal::from(price),
                size: Decimal::ONE,
            }]
        };
        let scene = Scene::new(with_depth(DepthView {
            book: BookTop {
                bids: level(bid),
                asks: level(ask),
                ..BookTop::default()
            },
            ..depth(1)
        }));
        let text = drawn(&mut DepthPanel::default(), &on(&scene), 60, 12);
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn no_size_and_no_number_is_too_much() {
    let huge = Level {
        price: Decimal::MAX,
        size: Decimal::MAX,
    };
    let tiny = Level {
        price: Decimal::new(1, 28),
        size: Decimal::new(1, 28),
    };
    let odd = BookTop {
        bids: vec![huge, tiny],
        asks: vec![tiny, huge],
        ..BookTop::default()
    };
    for view in [
        DepthView {
            book: odd,
            ..depth(1)
        },
        depth(5_000),
    ] {
        let scene = Scene::new(with_depth(view));
        for glyphs in GlyphSet::ALL {
            let mut context = on(&scene);
            context.glyphs = glyphs;
            let mut panel = DepthPanel::default();
            for (width, height) in (0..50).map(|at| (at * 3, at % 25)) {
                drawn(&mut panel, &context, width, height);
                panel.act(PanelAction::ZoomOut, &context);
                panel.act(PanelAction::PageDown, &context);
            }
        }
    }
}

#[test]
fn the_ladder_is_copied_as_text() {
    let scene = Scene::new(with_depth(depth(2)));
    let context = on(&scene);
    let mut panel = DepthPanel::default();
    let Response::Copy(text) = panel.act(PanelAction::Copy, &context) else {
        panic!("nothing copied");
    };
    assert!(
        text.starts_with("BTC/USD\tverified\nask\t45285.4\t"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 5);
}

#[test]
fn a_grouping_outlasts_a_symbol_that_has_no_book() {
    let other = DepthView {
        symbol: SymbolId(1),
        ..depth(0)
    };
    let scene = Scene::new(Snapshot {
        depths: vec![Arc::new(depth(25)), Arc::new(other)],
        ..live()
    });
    let mut panel = DepthPanel::default();
    let title = |panel: &mut DepthPanel, id: u32| {
        let mut context = scene.context();
        context.selected = Some(SymbolId(id));
        drawn(panel, &context, 60, 24);
        panel.title(&context).to_string()
    };
    title(&mut panel, 0);
    for _ in 0..3 {
        panel.act(PanelAction::ZoomOut, &on(&scene));
    }
    assert!(title(&mut panel, 0).contains("step 1"));
    title(&mut panel, 1);
    let mut context = scene.context();
    context.selected = Some(SymbolId(1));
    panel.act(PanelAction::ZoomOut, &context);
    let before = title(&mut panel, 0);
    assert!(before.contains("step 1"), "{before}");
}

#[test]
fn every_column_has_its_heading() {
    let whole = |price: i64| Level {
        price: Decimal::from(price),
        size: Decimal::from(7),
    };
    let scene = Scene::new(with_depth(DepthView {
        book: BookTop {
            bids: vec![whole(7), whole(6)],
            asks: vec![whole(8), whole(9)],
            ..BookTop::default()
        },
        ..depth(2)
    }));
    let heading = |width: u16| -> Vec<String> {
        let text = drawn(&mut DepthPanel::default(), &on(&scene), width, 12);
        let line = text.lines().nth(1).unwrap().to_owned();
        line.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(heading(84), ["Total", "Bid", "Price", "Ask", "Total"]);
    assert_eq!(heading(30), ["Price", "Size", "Total"]);
}

#[test]
fn each_symbol_has_a_grouping_of_its_own() {
    let other = DepthView {
        symbol: SymbolId(1),
        ..depth(25)
    };
    let scene = Scene::new(Snapshot {
        depths: vec![Arc::new(depth(25)), Arc::new(other)],
        ..live()
    });
    let mut panel = DepthPanel::default();
    let step = |panel: &mut DepthPanel, id: u32, ways: u8| {
        let mut context = scene.context();
        context.selected = Some(SymbolId(id));
        drawn(panel, &context, 60, 24);
        for _ in 0..ways {
            panel.act(PanelAction::ZoomOut, &context);
        }
        drawn(panel, &context, 60, 24);
        let title = panel.title(&context).to_string();
        title.rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(step(&mut panel, 0, 3), "1");
    assert_eq!(step(&mut panel, 1, 0), "0.1", "as it came");
    assert_eq!(step(&mut panel, 1, 1), "0.2");
    assert_eq!(step(&mut panel, 0, 0), "1");
}

#[test]
fn the_totals_of_large_books_differ() {
    let level = |price: i64, size: &str| Level {
        price: Decimal::from(price),
        size: size.parse().unwrap(),
    };
    let scene = Scene::new(with_depth(DepthView {
        book: BookTop {
            bids: vec![level(9, "1224.84315601"), level(8, "0.5"), level(7, "1")],
            ..BookTop::default()
        },
        ..depth(3)
    }));
    let text = drawn(&mut DepthPanel::default(), &on(&scene), 60, 24);
    for total in ["1224.84 ", "1225.34 ", "1226.34 "] {
        assert!(text.contains(total), "no {total}: {text}");
    }
}

#[test]
fn a_symbol_that_is_refused_is_not_waited_for() {
    let mut waiting = depth(0);
    waiting.state = BookState::Waiting;
    let mut snapshot = with_depth(waiting);
    let row = snapshot.rows.get_mut(SymbolId(0)).unwrap();
    row.state = RowState::Refused;
    row.refusal = Some("Currency pair not supported".into());
    let scene = Scene::new(snapshot.clone());
    let text = drawn(&mut DepthPanel::default(), &on(&scene), 80, 24);
    let refused = "✖ refused: Currency pair not supported";
    assert!(
        text.contains(refused) && !text.contains("waiting"),
        "{text}"
    );
    snapshot.depths.clear();
    let scene = Scene::new(snapshot);
    let text = drawn(&mut DepthPanel::default(), &on(&scene), 80, 24);
    assert!(text.contains("Currency pair not supported"), "{text}");
}
