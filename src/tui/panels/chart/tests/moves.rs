//! What keys and the mouse do.

use proptest::prelude::*;
use ratatui::layout::Position;

use super::*;

#[test]
fn the_newest_is_followed_until_one_scrolls_away() {
    let all = two_days();
    let mut screen = Screen::new(all[..120].to_vec(), (100, 24), GlyphSet::Braille);
    assert_eq!(screen.read_time(), "2019-02-13 10:19");
    screen.candles(all[..121].to_vec());
    assert_eq!(screen.read_time(), "2019-02-13 10:20");

    screen.act(&[PanelAction::Left]);
    let (before, title) = (screen.read_time(), screen.title());
    assert_eq!(
        (before.as_str(), title.as_str()),
        ("2019-02-13 10:19", "AAPL · 1m · 1 newer")
    );
    // New candles come and old ones go: the same ones stay in view.
    screen.candles(all[10..130].to_vec());
    assert_eq!(screen.read_time(), before);
    assert_eq!(screen.title(), "AAPL · 1m · 10 newer");
    assert!(screen.draw().contains("» 10"));

    screen.act(&[PanelAction::End]);
    assert_eq!(screen.read_time(), "2019-02-13 10:29");
    assert_eq!(screen.title(), "AAPL · 1m");
}

#[test]
fn home_shows_a_full_first_screen() {
    let mut screen = Screen::new(two_days(), (100, 24), GlyphSet::Braille);
    screen.act(&[PanelAction::Home]);
    let first = screen.draw();
    assert!(first.contains("12 Feb"));
    assert_eq!(
        screen.act(&[PanelAction::Left, PanelAction::PageUp]).draw(),
        first
    );
    let few = walk(&[("2019-02-13T09:30:00", 5)], 100.0, 0.01);
    let mut screen = Screen::new(few, (100, 24), GlyphSet::Braille);
    screen.act(&[PanelAction::Home]);
    assert_eq!(screen.panel.view.anchor, None);
}

#[test]
fn the_crosshair_moves_by_candle_and_takes_the_view_along() {
    use PanelAction::{Back, Crosshair, Home, Left, Right};
    let mut screen = Screen::new(two_days(), (100, 24), GlyphSet::Braille);
    screen.act(&[Crosshair, Left, Left]);
    assert_eq!(screen.read_time(), "2019-02-13 10:27");
    screen.act(&[Right]);
    assert_eq!(screen.read_time(), "2019-02-13 10:28");
    assert_eq!(screen.panel.view.anchor, None);
    screen.act(&[Left; 60]);
    assert!(screen.panel.view.anchor.is_some());
    assert_eq!(screen.read_time(), "2019-02-13 09:28");
    screen.act(&[Home, Right]);
    screen.act(&[Back]);
    assert_eq!(screen.panel.view.crosshair, None);
    let again = with_context(&screen.snapshot, screen.glyphs, |context| {
        screen.panel.act(Back, context)
    });
    assert_eq!(again, Response::Ignored);
}

#[test]
fn dragging_moves_the_candles_with_the_pointer_however_it_is_reported() {
    let at = |x: u16| Position::new(x, 5);
    let moved = |parts: &[(u16, u16)]| {
        let mut screen = Screen::new(two_days(), (100, 24), GlyphSet::Braille);
        screen.draw();
        for &(from, to) in parts {
            assert_eq!(
                screen.mouse(PanelMouse::Drag(at(from), at(to))),
                Response::Done
            );
        }
        screen.read_time()
    };
    // A candle takes two cells.
    assert_eq!(moved(&[(30, 50)]), "2019-02-13 10:19");
    assert_eq!(moved(&[(30, 41), (30, 50)]), "2019-02-13 10:19");
    assert_eq!(
        moved(&(30..50).map(|x| (x, x + 1)).collect::<Vec<_>>()),
        "2019-02-13 10:19"
    );
    assert_eq!(moved(&[(30, 50), (50, 30)]), "2019-02-13 10:29");
}

#[test]
fn a_click_sets_the_crosshair_but_the_beginning_of_a_drag_does_not() {
    let mut screen = Screen::new(two_days(), (100, 24), GlyphSet::Braille);
    let at = Position::new(30, 5);
    screen.mouse(PanelMouse::Click(at));
    assert!(screen.panel.view.crosshair.is_some());
    screen.mouse(PanelMouse::DoubleClick(at));
    assert_eq!(screen.panel.view.crosshair, None);
    screen.mouse(PanelMouse::Click(at));
    screen.mouse(PanelMouse::Drag(at, Position::new(34, 5)));
    assert_eq!(screen.panel.view.crosshair, None);
    assert!(screen.panel.view.anchor.is_some());
}

#[test]
fn the_wheel_zooms_at_the_pointer() {
    let mut screen = Screen::new(two_days(), (100, 24), GlyphSet::Braille);
    for turn in [
        PanelMouse::ScrollUp,
        PanelMouse::ScrollUp,
        PanelMouse::ScrollDown,
        PanelMouse::ScrollDown,
    ] {
        screen.mouse(PanelMouse::Click(Position::new(70, 5)));
        let pointed = screen.panel.view.crosshair.unwrap().time;
        screen.mouse(turn(Position::new(70, 5)));
        screen.draw();
        let (frame_x, pitch) = with_context(&screen.snapshot, screen.glyphs, |context| {
            let frame = screen.panel.frame(context).unwrap();
            let column = frame.column_of(pointed).unwrap();
            (frame.middle(&frame.columns[column]), frame.zoom.pitch)
        });
        assert!(frame_x.abs_diff(70) <= pitch, "{frame_x} at pitch {pitch}");
    }
}

#[test]
fn timeframes_step_to_both_ends_and_keep_the_place() {
    let mut panel = ChartPanel::new();
    let snapshot = snapshot(Timeframe::M1, two_days());
    with_context(&snapshot, GlyphSet::Braille, |context| {
        assert_eq!(
            panel.act(PanelAction::PreviousTimeframe, context),
            Response::Ignored
        );
        for timeframe in &Timeframe::ALL[1..] {
            assert_eq!(
                panel.act(PanelAction::NextTimeframe, context),
                Response::Done
            );
            assert_eq!(panel.timeframe(), *timeframe);
        }
        assert_eq!(
            panel.act(PanelAction::NextTimeframe, context),
            Response::Ignored
        );
    });
}

const ACTIONS: [PanelAction; 13] = [
    PanelAction::Up,
    PanelAction::Down,
    PanelAction::Left,
    PanelAction::Right,
    PanelAction::PageUp,
    PanelAction::PageDown,
    PanelAction::Home,
    PanelAction::End,
    PanelAction::ZoomIn,
    PanelAction::ZoomOut,
    PanelAction::Crosshair,
    PanelAction::Back,
    PanelAction::Open,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_size_scroll_or_zoom_panics(
        size in (0..300_u16, 0..100_u16),
        glyphs in prop::sample::select(vec![GlyphSet::Braille, GlyphSet::Block, GlyphSet::Ascii]),
        steps in prop::collection::vec((0..18_usize, 0..300_u16, 0..100_u16), 0..12),
        count in 0..200_usize,
        price in prop::sample::select(vec![0.0, 170.0, 1e-8, 2.5e5, 1e300, -37.6]),
    ) {
        let candles = walk(&[("2019-02-12T15:55:00", count / 3), ("2019-02-13T09:00:00", count)], price, price.abs() / 1e4);
        let mut screen = Screen::new(candles, size, glyphs);
        for (step, x, y) in steps {
            let at = Position::new(x, y);
            match step {
                13 => drop(screen.mouse(PanelMouse::Click(at))),
                14 => drop(screen.mouse(PanelMouse::ScrollUp(at))),
                15 => drop(screen.mouse(PanelMouse::ScrollDown(at))),
                16 => drop(screen.mouse(PanelMouse::Drag(Position::new(y, x % 50), at))),
                17 => screen.area = Rect::new(x % 7, y % 5, size.0.saturating_sub(x / 2), size.1.saturating_sub(y / 2)),
                step => drop(screen.act(&ACTIONS[step..=step]).draw()),
            }
            screen.draw();
        }
        screen.candles(walk(&[("2019-02-13T09:00:00", 3)], price, 0.0));
        screen.draw();
    }
}
