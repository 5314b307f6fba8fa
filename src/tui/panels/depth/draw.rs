//! How the ladder is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::domain::book::Integrity;
use crate::domain::symbol::SymbolId;
use crate::domain::{Decimal, to_f64};
use crate::pipeline::snapshot::{BookState, DepthView};

use super::super::super::market::{self, quantity};
use super::super::super::number::{age, fixed};
use super::super::super::panel::PanelContext;
use super::super::super::text::{cut, put, width};
use super::super::super::theme::GlyphSet;
use super::ladder::{Ladder, Rung};
use super::{DepthPanel, Room, Shown};

/// The least room for bars beside the numbers.
const BAR_COLUMNS_MIN: usize = 5;
/// From this height on the columns have headings.
const HEADING_HEIGHT: u16 = 7;

/// Where the columns stand.
#[derive(Debug, Clone, Copy)]
struct Layout {
    /// Whether bids stand left of the price and asks right of it; else all numbers stand right of it.
    is_facing: bool,
    has_total: bool,
    /// Columns of a bar.
    bar: usize,
    /// Where the price begins, from the left.
    price: usize,
}

impl Layout {
    fn new(columns: usize, room: &Room) -> Self {
        let (size, total) = (room.size.total(), room.total.total());
        let side = columns.saturating_sub(room.price + 2) / 2;
        if side >= size + total + 4 + BAR_COLUMNS_MIN {
            return Self {
                is_facing: true,
                has_total: true,
                bar: side - size - total - 4,
                price: side + 1,
            };
        }
        let spare = columns.saturating_sub(room.price + 5 + size);
        let has_total = spare >= total + 2;
        Self {
            is_facing: false,
            has_total,
            bar: spare.saturating_sub(if has_total { total + 2 } else { 0 } + 1),
            price: 3,
        }
    }
}

/// What a side looks like.
#[derive(Debug, Clone, Copy)]
struct Look {
    price: Style,
    number: Style,
    bar: Style,
    total: Style,
}

impl DepthPanel {
    /// Draws the book of `id`, which is the one that is shown.
    pub(super) fn draw(
        &mut self,
        id: SymbolId,
        area: Rect,
        buffer: &mut Buffer,
        context: &PanelContext<'_>,
    ) {
        let heading = u16::from(area.height >= HEADING_HEIGHT);
        let rows = Rect {
            x: area.x + 1,
            y: area.y + 1 + heading,
            width: area.width.saturating_sub(2),
            height: area.height.saturating_sub(1 + heading),
        };
        self.visible = usize::from(rows.height.saturating_sub(1) / 2);
        self.passed = self.passed.min(self.passed_max());
        let (passed, visible) = (self.passed, self.visible);
        let Some(shown) = &mut self.shown else {
            return;
        };
        let is_lost =
            lost_text(id, &shown.view, context).is_some() || shown.view.state != BookState::Whole;
        draw_state(
            &shown.view,
            Rect {
                y: area.y,
                height: 1,
                ..rows
            },
            buffer,
            context,
        );
        let places = places(visible + 1, passed);
        shown.measure(&places);
        let layout = Layout::new(usize::from(rows.width), &shown.room);
        if heading > 0 {
            draw_heading(&shown.room, layout, rows, buffer, context);
        }
        let middle = rows.y + rows.height / 2;
        draw_middle(&shown.ladder, middle, rows, buffer, context, is_lost);
        for (is_bid, rungs) in [(false, &shown.ladder.asks), (true, &shown.ladder.bids)] {
            let look = look(is_bid, is_lost, context);
            for (distance, place) in (1_u16..).zip(&places) {
                let y = if is_bid {
                    middle + distance
                } else {
                    match middle.checked_sub(distance) {
                        Some(y) => y,
                        None => break,
                    }
                };
                if y < rows.y || y >= rows.bottom() {
                    break;
                }
                match place {
                    Place::Rung(at) => {
                        let Some(rung) = rungs.get(*at) else { break };
                        let line = RungLine {
                            rung,
                            is_bid,
                            is_best: *at == 0 && !is_lost,
                            look,
                        };
                        shown.draw_rung(&line, layout, y, rows, buffer, context);
                    }
                    Place::Passed(count) => {
                        let text = format!("⋮ {count}");
                        let x = rows.x + layout.price as u16;
                        let room = rows.right().saturating_sub(x);
                        put(buffer, x, y, room, &text, context.theme.dim);
                    }
                }
            }
        }
    }
}

/// What stands on a line of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Rung(usize),
    Passed(usize),
}

/// What stands on the lines of a side, from the middle outwards: the best first, whatever is passed over.
fn places(lines: usize, passed: usize) -> Vec<Place> {
    match passed {
        0 => (0..lines).map(Place::Rung).collect(),
        _ => [Place::Rung(0), Place::Passed(passed)]
            .into_iter()
            .chain((1 + passed..).map(Place::Rung))
            .take(lines)
            .collect(),
    }
}

struct RungLine<'a> {
    rung: &'a Rung,
    is_bid: bool,
    is_best: bool,
    look: Look,
}

fn price_text(price: Decimal, scale: u32) -> String {
    let mut price = price;
    // A price has no more decimals than the step; those that are missing are written.
    price.rescale(scale);
    price.to_string()
}

impl Shown {
    /// Makes room for the numbers that are in sight.
    fn measure(&mut self, places: &[Place]) {
        for place in places {
            let Place::Rung(at) = place else { continue };
            for rung in [self.ladder.asks.get(*at), self.ladder.bids.get(*at)]
                .into_iter()
                .flatten()
            {
                let price = width(&price_text(rung.price, self.ladder.scale));
                self.room.price = self.room.price.max(price);
                self.room.size.fit(&quantity(rung.size));
                self.room.total.fit(&quantity(rung.total));
            }
        }
    }

    fn draw_rung(
        &self,
        line: &RungLine<'_>,
        layout: Layout,
        y: u16,
        rows: Rect,
        buffer: &mut Buffer,
        context: &PanelContext<'_>,
    ) {
        let RungLine {
            rung,
            is_bid,
            is_best,
            look,
        } = *line;
        let room = &self.room;
        let at = |column: usize| rows.x.saturating_add(column as u16);
        let price = price_text(rung.price, self.ladder.scale);
        let pad = room.price.saturating_sub(width(&price));
        let mut style = look.price;
        if is_best {
            style = style.add_modifier(Modifier::BOLD);
        }
        let x = at(layout.price + pad);
        let left = rows.right().saturating_sub(x);
        put(buffer, x, y, left, &cut(&price, usize::from(left)), style);
        let share = share(rung.size, self.ladder.size_max);
        let (size, total) = (quantity(rung.size), quantity(rung.total));
        let (size_columns, total_columns) = (room.size.total(), room.total.total());
        if layout.is_facing && is_bid {
            room.total.put(buffer, at(0), y, &total, look.total);
            room.size
                .put(buffer, at(total_columns + 2), y, &size, look.number);
            let text = bar_left(share, layout.bar, context.glyphs);
            let x = at(total_columns + size_columns + 3);
            put(buffer, x, y, layout.bar as u16, &text, look.bar);
            return;
        }
        let after = layout.price + room.price + 1;
        if layout.is_facing {
            let text = bar(share, layout.bar, context.glyphs);
            put(buffer, at(after), y, layout.bar as u16, &text, look.bar);
            let x = after + layout.bar + 1;
            room.size.put(buffer, at(x), y, &size, look.number);
            room.total
                .put(buffer, at(x + size_columns + 2), y, &total, look.total);
            return;
        }
        let side = if is_bid { "b" } else { "a" };
        put(buffer, at(1), y, 1, side, look.price);
        let mut x = after + 1;
        room.size.put(buffer, at(x), y, &size, look.number);
        x += size_columns + 2;
        if layout.has_total {
            room.total.put(buffer, at(x), y, &total, look.total);
            x += total_columns + 2;
        }
        let text = bar(share, layout.bar, context.glyphs);
        let left = rows.right().saturating_sub(at(x));
        put(buffer, at(x), y, left, &text, look.bar);
    }
}

fn look(is_bid: bool, is_lost: bool, context: &PanelContext<'_>) -> Look {
    let theme = context.theme;
    if is_lost {
        return Look {
            price: theme.dim,
            number: theme.dim,
            bar: theme.dim,
            total: theme.dim,
        };
    }
    let side = if is_bid { theme.up } else { theme.down };
    Look {
        price: side,
        number: theme.text,
        bar: side,
        total: theme.dim,
    }
}

/// How much of the largest size this is, from 0 to 1.
fn share(size: Decimal, size_max: Decimal) -> f64 {
    let (size, max) = (to_f64(size), to_f64(size_max));
    if max > 0.0 {
        (size / max).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// A bar that grows to the right.
pub(in super::super) fn bar(share: f64, columns: usize, glyphs: GlyphSet) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if glyphs == GlyphSet::Ascii {
        return "#".repeat((share * columns as f64).ceil() as usize);
    }
    // Whatever there is can be seen.
    let eighths = (share * columns as f64 * 8.0).ceil() as usize;
    let mut text = "█".repeat(eighths / 8);
    text.push_str(EIGHTHS[eighths % 8]);
    text
}

/// A bar that grows to the left, in exactly so many columns. There are fewer glyphs for its end.
fn bar_left(share: f64, columns: usize, glyphs: GlyphSet) -> String {
    let (full, end) = if glyphs == GlyphSet::Ascii {
        ((share * columns as f64).ceil() as usize, "")
    } else {
        let eighths = (share * columns as f64 * 8.0).ceil() as usize;
        match eighths % 8 {
            0 => (eighths / 8, ""),
            1..=2 => (eighths / 8, "▕"),
            3..=6 => (eighths / 8, "▐"),
            _ => (eighths / 8 + 1, ""),
        }
    };
    let block = if glyphs == GlyphSet::Ascii {
        "#"
    } else {
        "█"
    };
    let blank = columns.saturating_sub(full + usize::from(!end.is_empty()));
    format!("{}{end}{}", " ".repeat(blank), block.repeat(full))
}

/// Pieces with a dot between them, as many as fit from the first on.
fn put_line(buffer: &mut Buffer, area: Rect, pieces: &[(String, Style)], dim: Style) {
    let mut x = area.x;
    for (at, (text, style)) in pieces.iter().enumerate() {
        let room = usize::from(area.right().saturating_sub(x));
        let gap = if at > 0 { 3 } else { 0 };
        if at > 0 {
            if width(text) + gap > room {
                return;
            }
            x = put(buffer, x, area.y, 3, " · ", dim);
        }
        let room = usize::from(area.right().saturating_sub(x));
        x = put(buffer, x, area.y, room as u16, &cut(text, room), *style);
    }
}

/// What is said when the source of a book does not deliver.
fn lost_text(id: SymbolId, view: &DepthView, context: &PanelContext<'_>) -> Option<String> {
    let row = context.snapshot.rows.get(id)?;
    let source = market::lost_source(context.snapshot, &row.source)?;
    let age = age_ms(id, view, context).map_or_else(String::new, |ms| format!(" {}", age(ms)));
    Some(format!(
        "◌ stale{age} · {}",
        market::state_text(source, context)
    ))
}

fn age_ms(id: SymbolId, view: &DepthView, context: &PanelContext<'_>) -> Option<i64> {
    let row = context.snapshot.rows.get(id)?;
    let now = context.snapshot.data_now(&row.source);
    view.time.map(|time| now.0.saturating_sub(time.0).max(0))
}

/// Whether the book can be relied on, where it stands, how old it is.
fn draw_state(view: &DepthView, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
    let theme = context.theme;
    let mut pieces = Vec::new();
    let lost = lost_text(view.symbol, view, context);
    let is_lost = lost.is_some();
    if let Some(text) = lost {
        pieces.push((text, theme.warning));
    }
    pieces.push(match &view.state {
        BookState::Waiting => ("◌ waiting for the whole book".to_owned(), theme.info),
        BookState::Lost(reason) => (
            format!("◌ resyncing: {}", market::beginning(reason, 200)),
            theme.warning,
        ),
        BookState::Whole => {
            let (sign, style) = match view.book.integrity {
                Integrity::Verified => ("✓", theme.up),
                Integrity::Sequenced => ("●", theme.info),
                Integrity::Unverified => ("○", theme.dim),
            };
            let style = if is_lost { theme.dim } else { style };
            (format!("{sign} {}", view.book.integrity.name()), style)
        }
    });
    if view.resyncs > 0 {
        let word = if view.resyncs == 1 {
            "resync"
        } else {
            "resyncs"
        };
        pieces.push((format!("{} {word}", view.resyncs), theme.warning));
    }
    if view.time.is_some() {
        pieces.push((market::time_text(view.time, context), theme.text));
        if let Some(ms) = age_ms(view.symbol, view, context).filter(|ms| *ms >= 1000) {
            pieces.push((format!("{} ago", age(ms)), theme.dim));
        }
    }
    if let Some(sequence) = view.book.sequence {
        pieces.push((format!("seq {sequence}"), theme.dim));
    }
    if let Some(depth) = view.depth {
        pieces.push((format!("{depth} levels"), theme.dim));
    }
    pieces.push((format!("{} updates", view.updates), theme.dim));
    put_line(buffer, area, &pieces, theme.dim);
}

fn draw_heading(
    room: &Room,
    layout: Layout,
    rows: Rect,
    buffer: &mut Buffer,
    context: &PanelContext<'_>,
) {
    let dim = context.theme.dim;
    let y = rows.y - 1;
    let (size, total) = (room.size.total(), room.total.total());
    // Right-aligned over numbers; one that is too narrow for its word has none.
    let mut over = |column: usize, columns: usize, text: &str| {
        if let Some(pad) = columns.checked_sub(width(text)) {
            let x = rows.x.saturating_add((column + pad) as u16);
            let left = rows.right().saturating_sub(x);
            put(buffer, x, y, left, text, dim);
        }
    };
    over(layout.price, room.price, "Price");
    let after = layout.price + room.price + 1;
    if layout.is_facing {
        over(0, total, "Total");
        over(total + 2, size, "Bid");
        let x = after + layout.bar + 1;
        over(x, size, "Ask");
        over(x + size + 2, total, "Total");
    } else {
        over(after + 1, size, "Size");
        if layout.has_total {
            over(after + 1 + size + 2, total, "Total");
        }
    }
}

/// What lies between the sides, on a line that never moves.
fn draw_middle(
    ladder: &Ladder,
    y: u16,
    rows: Rect,
    buffer: &mut Buffer,
    context: &PanelContext<'_>,
    is_lost: bool,
) {
    let theme = context.theme;
    for x in rows.x..rows.right() {
        put(buffer, x, y, 1, "─", theme.border);
    }
    let columns = usize::from(rows.width);
    let mut style = if is_lost { theme.dim } else { theme.accent };
    let texts = match (ladder.mid, ladder.spread, ladder.spread_bps) {
        (Some(mid), Some(spread), bps) => {
            let bps = bps.map_or_else(String::new, |bps| format!(" · {} bps", fixed(bps, 2)));
            let mut word = "spread";
            if spread.is_sign_negative() && !spread.is_zero() {
                word = "crossed by";
                style = theme.warning;
            } else if spread.is_zero() {
                word = "locked";
            }
            let spread = quantity(spread.abs());
            [
                format!(" mid {mid} · {word} {spread}{bps} "),
                format!(" {mid} · {word} {spread} "),
                format!(" {mid} "),
            ]
        }
        _ => {
            let text = match (ladder.bids.is_empty(), ladder.asks.is_empty()) {
                (true, true) => " no bids, no asks ",
                (true, false) => " no bids ",
                _ => " no asks ",
            };
            [text.to_owned(), text.to_owned(), text.to_owned()]
        }
    };
    let fitting = texts.iter().find(|text| width(text) <= columns);
    if let Some(text) = fitting {
        let x = rows.x + ((columns - width(text)) / 2) as u16;
        put(buffer, x, y, rows.width, text, style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_show_whatever_there_is_and_stay_in_their_columns() {
        assert_eq!(bar(0.0, 4, GlyphSet::Braille), "");
        assert_eq!(bar(0.001, 4, GlyphSet::Braille), "▏");
        assert_eq!(bar(0.5, 4, GlyphSet::Braille), "██");
        assert_eq!(bar(1.0, 4, GlyphSet::Block), "████");
        assert_eq!(bar(0.3, 4, GlyphSet::Ascii), "##");
        assert_eq!(bar_left(0.0, 4, GlyphSet::Braille), "    ");
        assert_eq!(bar_left(0.6, 4, GlyphSet::Braille), " ▐██");
        assert_eq!(bar_left(0.001, 4, GlyphSet::Braille), "   ▕");
        assert_eq!(bar_left(0.3, 4, GlyphSet::Ascii), "  ##");
        for glyphs in GlyphSet::ALL {
            for step in 0..=64 {
                let share = f64::from(step) / 64.0;
                assert!(width(&bar(share, 7, glyphs)) <= 7);
                assert_eq!(width(&bar_left(share, 7, glyphs)), 7);
            }
        }
    }

    #[test]
    fn the_best_stays_whatever_is_passed_over() {
        assert_eq!(
            places(3, 0),
            [Place::Rung(0), Place::Rung(1), Place::Rung(2)]
        );
        assert_eq!(
            places(4, 5),
            [
                Place::Rung(0),
                Place::Passed(5),
                Place::Rung(6),
                Place::Rung(7)
            ]
        );
        assert_eq!(places(1, 5), [Place::Rung(0)]);
    }
}
