#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::Arc;

use chrono_tz::America::New_York;
use proptest::prelude::*;
use ratatui::layout::Position;

use crate::domain::Decimal;
use crate::domain::bar::Candle;
use crate::domain::clock::Nanos;
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::{SessionCalendar, UnixMs};
use crate::pipeline::Snapshot;
use crate::tui::theme::Theme;

use super::*;

const SYMBOL: SymbolId = SymbolId(1);

/// Minutes of a walk that is the same each time: `count` from each of these New York times.
fn walk(days: &[(&str, usize)], price: f64, tick: f64) -> Vec<Candle> {
    let mut seed = 7_u64;
    let mut random = move || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f64 / f64::from(1 << 24)
    };
    let mut close = price;
    let mut all = Vec::new();
    for &(text, count) in days {
        let start = UnixMs::from_local(text.parse().unwrap(), New_York).unwrap();
        for minute in 0..count {
            let open = close;
            close = open + ((random() - 0.5) * 14.0).round() * tick;
            let high = open.max(close) + (random() * 5.0).round() * tick;
            let low = open.min(close) - (random() * 5.0).round() * tick;
            let volume = (1000.0 + random() * 40_000.0).round();
            let start = start.plus_ms(minute as i64 * 60_000);
            all.push(Candle {
                start,
                open,
                high,
                low,
                close,
                volume,
            });
        }
    }
    all
}

fn two_days() -> Vec<Candle> {
    walk(
        &[("2019-02-12T15:00:00", 60), ("2019-02-13T09:20:00", 70)],
        170.2,
        0.01,
    )
}

fn snapshot(timeframe: Timeframe, candles: Vec<Candle>) -> Snapshot {
    let mut row = Row::waiting(
        SYMBOL,
        Symbol::new("AAPL").unwrap(),
        SourceName::new("replay"),
    );
    if let Some(last) = candles.last() {
        row.last = Decimal::try_from(last.close).ok();
        row.day.reference_price = Some(candles[candles.len() / 2].open);
        row.day.vwap = Some(last.close);
    }
    let chart = ChartView {
        symbol: SYMBOL,
        timeframe,
        calendar: SessionCalendar::UsEquities,
        candles: Arc::new(candles),
    };
    Snapshot {
        rows: [row].into_iter().collect(),
        charts: vec![Arc::new(chart)],
        ..Snapshot::default()
    }
}

fn with_context<R>(
    snapshot: &Snapshot,
    glyphs: GlyphSet,
    run: impl FnOnce(&PanelContext<'_>) -> R,
) -> R {
    run(&PanelContext {
        snapshot,
        theme: &Theme::default(),
        glyphs,
        zone: New_York,
        now: Nanos(0),
        selected: (!snapshot.rows.is_empty()).then_some(SYMBOL),
        focused: true,
        flash: true,
        stale_after_ms: 5_000,
    })
}

fn lines(buffer: &Buffer) -> String {
    let area = buffer.area;
    (area.y..area.bottom())
        .map(|y| {
            let line: String = (area.x..area.right())
                .map(|x| buffer[(x, y)].symbol())
                .collect();
            line.trim_end().to_owned() + "\n"
        })
        .collect()
}

/// One panel on one screen, as its user has it.
struct Screen {
    panel: ChartPanel,
    snapshot: Snapshot,
    glyphs: GlyphSet,
    area: Rect,
}

impl Screen {
    fn new(candles: Vec<Candle>, (width, height): (u16, u16), glyphs: GlyphSet) -> Self {
        let snapshot = snapshot(Timeframe::M1, candles);
        Self {
            panel: ChartPanel::new(),
            snapshot,
            glyphs,
            area: Rect::new(0, 0, width, height),
        }
    }

    fn draw(&mut self) -> String {
        let mut buffer = Buffer::empty(self.area);
        with_context(&self.snapshot, self.glyphs, |context| {
            self.panel.render(self.area, &mut buffer, context)
        });
        lines(&buffer)
    }

    fn act(&mut self, actions: &[PanelAction]) -> &mut Self {
        self.draw();
        for &action in actions {
            with_context(&self.snapshot, self.glyphs, |context| {
                self.panel.act(action, context)
            });
        }
        self
    }

    fn mouse(&mut self, mouse: PanelMouse) -> Response {
        self.draw();
        with_context(&self.snapshot, self.glyphs, |context| {
            self.panel.mouse(mouse, context)
        })
    }

    fn candles(&mut self, candles: Vec<Candle>) {
        self.snapshot = snapshot(Timeframe::M1, candles);
    }

    fn title(&self) -> String {
        with_context(&self.snapshot, self.glyphs, |context| {
            self.panel.title(context).to_string()
        })
    }

    /// The time in the readout.
    fn read_time(&mut self) -> String {
        let screen = self.draw();
        screen
            .lines()
            .next()
            .unwrap()
            .chars()
            .skip(4)
            .take(16)
            .collect()
    }
}

#[test]
fn screens() {
    use PanelAction::{PageUp, ZoomIn, ZoomOut};
    for (name, size, glyphs, actions) in [
        ("80x24", (80, 24), GlyphSet::Braille, &[][..]),
        ("120x40", (120, 40), GlyphSet::Braille, &[ZoomOut]),
        ("block_60x18", (60, 18), GlyphSet::Block, &[ZoomOut]),
        ("ascii_60x18", (60, 18), GlyphSet::Ascii, &[]),
        ("wide_70x20", (70, 20), GlyphSet::Braille, &[ZoomIn, ZoomIn]),
        (
            "pairs_50x14",
            (50, 14),
            GlyphSet::Braille,
            &[ZoomOut, ZoomOut],
        ),
        (
            "pairs_block_50x14",
            (50, 14),
            GlyphSet::Block,
            &[ZoomOut, ZoomOut],
        ),
        (
            "merged_40x12",
            (40, 12),
            GlyphSet::Braille,
            &[ZoomOut, ZoomOut, ZoomOut],
        ),
        ("back_60x16", (60, 16), GlyphSet::Braille, &[PageUp]),
        ("small_20x6", (20, 6), GlyphSet::Braille, &[]),
        ("narrow_12x9", (12, 9), GlyphSet::Braille, &[]),
        ("low_40x3", (40, 3), GlyphSet::Braille, &[]),
    ] {
        let mut screen = Screen::new(two_days(), size, glyphs);
        screen.act(actions);
        insta::assert_snapshot!(name, screen.draw());
    }
}

#[test]
fn the_crosshair_is_drawn_with_its_time_and_price() {
    let mut screen = Screen::new(two_days(), (80, 24), GlyphSet::Block);
    screen.mouse(PanelMouse::Click(Position::new(30, 6)));
    insta::assert_snapshot!("crosshair_80x24", screen.draw());
}

#[test]
fn other_prices_have_their_own_axis() {
    for (name, price, tick) in [
        ("tiny_prices", 0.000_012_34, 0.000_000_01),
        ("huge_prices", 250_000.5, 0.5),
    ] {
        let mut screen = Screen::new(
            walk(&[("2019-02-13T09:30:00", 40)], price, tick),
            (70, 14),
            GlyphSet::Block,
        );
        insta::assert_snapshot!(name, screen.draw());
    }
    let flat = walk(&[("2019-02-13T09:30:00", 1)], 100.0, 0.0);
    insta::assert_snapshot!(
        "one_flat_candle",
        Screen::new(flat, (40, 10), GlyphSet::Block).draw()
    );
}

#[test]
fn a_chart_that_is_not_there_says_so() {
    let mut screen = Screen::new(two_days(), (40, 6), GlyphSet::Braille);
    screen.snapshot.charts.clear();
    assert!(screen.draw().contains("loading AAPL 1m"));
    screen.snapshot.rows = [].into_iter().collect();
    assert!(screen.draw().contains("no symbol selected"));
    screen.candles(Vec::new());
    assert!(screen.draw().contains("AAPL has no 1m candles yet"));
    screen.area = Rect::new(0, 0, 9, 2);
    assert_eq!(screen.draw().trim(), "");
}

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
    #![proptest_config(ProptestConfig::with_cases(120))]
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
