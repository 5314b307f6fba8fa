//! How the ladder is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::domain::Decimal;
use crate::domain::symbol::SymbolId;
use crate::pipeline::snapshot::BookState;

use super::super::super::market::QuantityFormat;
use super::super::super::panel::PanelContext;
use super::super::super::text::{cut, put, width};
use super::bars::{bar, bar_left, share};
use super::ladder::{Ladder, Rung};
use super::state::{draw_middle, draw_state, lost_text};
use super::{DepthPanel, Room, Shown};

/// The headings that are the widest over their columns.
const PRICE: &str = "Price";
const SIZE: &str = "Size";
const TOTAL: &str = "Total";
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
        let half = columns.saturating_sub(room.price + 2) / 2;
        if half >= size + total + 4 + BAR_COLUMNS_MIN {
            return Self {
                is_facing: true,
                has_total: true,
                bar: half - size - total - 4,
                price: half + 1,
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
        for is_bid in [false, true] {
            shown.draw_side(is_bid, is_lost, &places, layout, rows, buffer, context);
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
        let Ladder { asks, bids, .. } = &self.ladder;
        let in_sight: Vec<&Rung> = places
            .iter()
            .filter_map(|place| match place {
                Place::Rung(at) => Some([asks.get(*at), bids.get(*at)]),
                Place::Passed(_) => None,
            })
            .flatten()
            .flatten()
            .collect();
        let room = &mut self.room;
        room.sizes = QuantityFormat::of(in_sight.iter().map(|rung| rung.size));
        room.totals = QuantityFormat::of(in_sight.iter().map(|rung| rung.total));
        for rung in in_sight {
            let price = width(&price_text(rung.price, self.ladder.scale));
            room.price = room.price.max(price);
            room.size.fit(&room.sizes.text(rung.size));
            room.total.fit(&room.totals.text(rung.total));
        }
        self.room.price = self.room.price.max(width(PRICE));
        self.room.size.fit_word(width(SIZE));
        self.room.total.fit_word(width(TOTAL));
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "what is drawn, where, and into what"
    )]
    fn draw_side(
        &self,
        is_bid: bool,
        is_lost: bool,
        places: &[Place],
        layout: Layout,
        rows: Rect,
        buffer: &mut Buffer,
        context: &PanelContext<'_>,
    ) {
        let rungs = if is_bid {
            &self.ladder.bids
        } else {
            &self.ladder.asks
        };
        let middle = rows.y + rows.height / 2;
        let look = look(is_bid, is_lost, context);
        for (distance, place) in (1_u16..).zip(places) {
            let y = if is_bid {
                middle.saturating_add(distance)
            } else {
                middle.saturating_sub(distance)
            };
            if y < rows.y || y >= rows.bottom() || y == middle {
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
                    self.draw_rung(&line, layout, y, rows, buffer, context);
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
        let (size, total) = (room.sizes.text(rung.size), room.totals.text(rung.total));
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
        let letter = if is_bid { "b" } else { "a" };
        put(buffer, at(1), y, 1, letter, look.price);
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
    // Right-aligned over numbers.
    let mut over = |column: usize, columns: usize, text: &str| {
        let pad = columns.saturating_sub(width(text));
        let x = rows.x.saturating_add((column + pad) as u16);
        let left = rows.right().saturating_sub(x);
        put(buffer, x, y, left, text, dim);
    };
    over(layout.price, room.price, PRICE);
    let after = layout.price + room.price + 1;
    if layout.is_facing {
        over(0, total, TOTAL);
        over(total + 2, size, "Bid");
        let x = after + layout.bar + 1;
        over(x, size, "Ask");
        over(x + size + 2, total, TOTAL);
    } else {
        over(after + 1, size, SIZE);
        if layout.has_total {
            over(after + 1 + size + 2, total, TOTAL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
