#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::Arc;

use chrono_tz::America::New_York;

use crate::domain::Decimal;
use crate::domain::bar::Candle;
use crate::domain::clock::Nanos;
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::{SessionCalendar, UnixMs};
use crate::pipeline::Snapshot;
use crate::tui::theme::Theme;

use super::*;

mod moves;

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
        studies: Vec::new(),
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
        is_frozen: false,
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
            self.panel.render(self.area, &mut buffer, context);
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
    screen.snapshot.sources = crate::tui::fixture::full().sources;
    let row = screen.snapshot.rows.iter().next().unwrap();
    screen.snapshot.sources[0].name = row.source.clone();
    screen.snapshot.sources[0].state = ConnectionState::Ended;
    let ended = screen.draw();
    for line in ["AAPL has no 1m candles", "its source has ended"] {
        assert!(ended.lines().any(|it| it.trim() == line), "{ended}");
    }
    screen.area = Rect::new(0, 0, 9, 2);
    assert_eq!(screen.draw().trim(), "");
}

#[test]
fn what_is_out_of_view_does_not_matter() {
    let recent = walk(&[("2019-02-13T09:30:00", 390)], 170.2, 0.01);
    let mut many: Vec<Candle> = (0..10_000)
        .map(|minute| Candle {
            start: recent[0].start.plus_ms((minute - 20_000) * 60_000),
            open: 1.0,
            high: 1e9,
            low: -1e9,
            close: 2.0,
            volume: 1e12,
        })
        .collect();
    many.extend_from_slice(&recent);
    let mut screen = Screen::new(recent, (80, 24), GlyphSet::Braille);
    screen.snapshot = with_reference(screen.snapshot, 169.6);
    let expected = screen.draw();
    screen.candles(many);
    screen.snapshot = with_reference(screen.snapshot, 169.6);
    assert_eq!(screen.draw(), expected);
}

fn with_reference(mut snapshot: Snapshot, price: f64) -> Snapshot {
    snapshot.rows.get_mut(SYMBOL).unwrap().day.reference_price = Some(price);
    snapshot
}

#[test]
fn the_average_price_starts_with_each_session_and_is_not_guessed() {
    let candle = |text: &str, price: f64, volume: f64| Candle {
        start: UnixMs::from_local(text.parse().unwrap(), New_York).unwrap(),
        open: price,
        high: price + 1.0,
        low: price - 1.0,
        close: price,
        volume,
    };
    let candles = vec![
        candle("2019-02-12T11:00:00", 90.0, 10.0),
        candle("2019-02-12T11:01:00", 92.0, 10.0),
        candle("2019-02-13T09:30:00", 100.0, 0.0),
        candle("2019-02-13T09:31:00", 100.0, 10.0),
        candle("2019-02-13T09:32:00", 106.0, 20.0),
    ];
    let snapshot = snapshot(Timeframe::M1, candles);
    let area = Rect::new(0, 0, 60, 20);
    let view = View::default();
    let mut frame = {
        let subject = Subject::of_candles(&snapshot.charts[0], None, New_York);
        Frame::new(&subject, &view, area).unwrap()
    };
    let mut days = frame.days.clone();
    let values = overlay::vwaps(&frame, &mut days);
    // The first session has lost its beginning: its average is unknown.
    assert_eq!(values, [None, None, None, Some(100.0), Some(104.0)]);
    assert_eq!(overlay::current_session(&frame, &mut days), 2);
    // The same where the session's beginning is out of view.
    frame.columns.drain(..4);
    assert_eq!(overlay::vwaps(&frame, &mut days), [Some(104.0)]);
}
