//! How the tape is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::domain::trade::{Side, TradeAction, TradeId};
use crate::pipeline::snapshot::{TapeRow, TapeView, TradeFate};

use super::super::super::market::{self, QuantityFormat, beginning};
use super::super::super::panel::PanelContext;
use super::super::super::text::{cut, put, width};
use super::super::depth::bar;
use super::lines::{TapeLine, root_share, side_mark};
use super::{Shown, TapePanel, price_text, size_text};

/// The width of a time with its milliseconds, and without.
const TIME_COLUMNS: u16 = 12;
const SECONDS_COLUMNS: u16 = 8;
/// Room for how many trades are one, with the space before it.
const COUNT_COLUMNS: u16 = 5;
/// From this width on the side is said in a word too.
const WORD_COLUMNS: u16 = 56;
/// From this width on sizes are drawn as bars too.
const BAR_COLUMNS: u16 = 64;
/// The width of such a bar.
const BAR: u16 = 8;

/// What has become of a trade, in a word and in a sign where there is no room for it.
fn fate_mark(row: &TapeRow, fate: TradeFate) -> Option<(&'static str, &'static str)> {
    match (fate, &row.trade.action) {
        (TradeFate::Cancelled, _) => Some(("cancelled", "✖")),
        (TradeFate::Corrected, _) => Some(("corrected", "×")),
        (TradeFate::Stands, TradeAction::Corrects(_)) => Some(("correction", "→")),
        (TradeFate::Stands, TradeAction::Cancels(_)) => Some(("cancels", "✖")),
        (TradeFate::Stands, TradeAction::New) => None,
    }
}

impl TapePanel {
    /// Draws the heading and the lines in sight.
    pub(super) fn draw(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        let (top, visible) = (self.top, self.visible);
        let latest = Self::latest(context);
        let Some(shown) = &mut self.shown else {
            return;
        };
        let in_sight = || shown.lines.iter().skip(top).take(visible);
        shown.sizes = QuantityFormat::of(in_sight().filter_map(|line| line.size));
        for line in in_sight() {
            if let Some(row) = shown.view.rows.get(line.at) {
                shown.price.fit(&price_text(row));
                shown.size.fit(&size_text(line, shown.sizes));
            }
        }
        let columns = Columns::new(area, shown);
        columns.draw_heading(area, buffer, context);
        let is_lost = market::selected_row(context)
            .is_some_and(|row| market::lost_source(context.snapshot, &row.source).is_some());
        for (y, line) in (area.y + 1..area.bottom()).zip(shown.lines.iter().skip(top)) {
            let Some(row) = shown.view.rows.get(line.at) else {
                continue;
            };
            let fate = fate_now(row, latest.map(AsRef::as_ref));
            let place = Rect {
                y,
                height: 1,
                ..area
            };
            draw_line(
                &LineParts {
                    line,
                    row,
                    fate,
                    is_lost,
                },
                shown,
                columns,
                place,
                buffer,
                context,
            );
        }
    }
}

/// What has become of a trade by now, whatever is held.
fn fate_now(row: &TapeRow, latest: Option<&TapeView>) -> TradeFate {
    let found = latest.and_then(|view| {
        let at = view
            .rows
            .binary_search_by_key(&row.number, |row| row.number)
            .ok()?;
        view.rows.get(at)
    });
    found.map_or(row.fate, |row| row.fate)
}

/// Where the columns stand.
#[derive(Debug, Clone, Copy)]
struct Columns {
    /// The width of the times.
    time: u16,
    side: u16,
    has_word: bool,
    price: u16,
    /// The mark of a big one; the size stands behind it.
    mark: u16,
    size: u16,
    /// After the size: how many trades it is of.
    count: u16,
    bar: Option<u16>,
    rest: u16,
}

impl Columns {
    fn new(area: Rect, shown: &Shown) -> Self {
        let has_word = area.width >= WORD_COLUMNS;
        let price = |time: u16| area.x + 1 + time + 1 + if has_word { 8 } else { 2 };
        let mark = |time: u16| price(time) + shown.price.total().max(5) as u16 + 1;
        let count = |time: u16| mark(time) + 1 + shown.size.total().max(4) as u16;
        let counts = if shown.rules.window_ms > 0 {
            COUNT_COLUMNS
        } else {
            0
        };
        // Which of the trades are big is worth more than the thousandths of their seconds.
        let time = if count(TIME_COLUMNS) + counts <= area.right() {
            TIME_COLUMNS
        } else {
            SECONDS_COLUMNS
        };
        let after = count(time) + COUNT_COLUMNS + 1;
        let bar = (area.width >= BAR_COLUMNS).then_some(after);
        Self {
            time,
            side: area.x + 1 + time + 1,
            has_word,
            price: price(time),
            mark: mark(time),
            size: mark(time) + 1,
            count: count(time),
            bar,
            rest: bar.map_or(after, |bar| bar + BAR + 1),
        }
    }

    fn draw_heading(self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        let dim = context.theme.dim;
        let right =
            |from: u16, to: u16, text: &str| (to.saturating_sub(text.len() as u16)).max(from);
        let rest_room = area.right().saturating_sub(self.rest);
        let rest = ["Conditions · id", "id"]
            .into_iter()
            .find(|text| width(text) <= usize::from(rest_room))
            .unwrap_or_default();
        for (x, text) in [
            (area.x + 1, "Time"),
            (right(self.price, self.mark - 1, "Price"), "Price"),
            (right(self.size, self.count, "Size"), "Size"),
            (self.rest, rest),
        ] {
            let room = area.right().saturating_sub(x);
            if usize::from(room) >= text.len() {
                put(buffer, x, area.y, room, text, dim);
            }
        }
    }
}

struct LineParts<'a> {
    line: &'a TapeLine,
    row: &'a TapeRow,
    fate: TradeFate,
    is_lost: bool,
}

fn draw_line(
    parts: &LineParts<'_>,
    shown: &Shown,
    columns: Columns,
    place: Rect,
    buffer: &mut Buffer,
    context: &PanelContext<'_>,
) {
    let LineParts {
        line,
        row,
        fate,
        is_lost,
    } = *parts;
    let theme = context.theme;
    let stands = fate == TradeFate::Stands;
    let side_style = match row.side() {
        _ if !stands || is_lost => theme.dim,
        Some(Side::Buy) => theme.up,
        Some(Side::Sell) => theme.down,
        None => theme.unchanged,
    };
    let mut number = if stands && !is_lost {
        side_style
    } else {
        theme.dim
    };
    if line.is_big {
        number = number.add_modifier(Modifier::BOLD);
    }
    if !stands {
        number = number.add_modifier(Modifier::CROSSED_OUT);
    }
    let y = place.y;
    let mut put_at = |x: u16, text: &str, style: Style| {
        let room = place.right().saturating_sub(x);
        put(buffer, x, y, room, &cut(text, usize::from(room)), style)
    };
    let time = market::time_text(row.time, context);
    let time = time.get(..usize::from(columns.time)).unwrap_or(&time);
    put_at(place.x + 1, time, theme.dim);
    let (sign, word) = side_mark(row);
    let mark = fate_mark(row, fate);
    let room = usize::from(place.right().saturating_sub(columns.rest + 1));
    // Where there is no room for the word, its sign takes the place of the side's.
    let (sign, word, fate_word) = match mark {
        Some((fate_word, fate_sign)) if width(fate_word) > room => (fate_sign, "", None),
        _ => (sign, word, mark.map(|(fate_word, _)| fate_word)),
    };
    put_at(columns.side, sign, side_style);
    if columns.has_word {
        put_at(columns.side + 2, word, side_style);
    }
    let rest = rest_text(row, fate_word, room);
    let x = put_at(columns.rest, &rest.0, theme.warning);
    put_at(x, &rest.1, theme.dim);
    if line.is_big {
        put_at(columns.mark, "◆", theme.accent);
    }
    if line.count > 1 {
        put_at(columns.count + 1, &format!("×{}", line.count), theme.dim);
    }
    if let Some(x) = columns.bar {
        let share = root_share(line.size, shown.size_max);
        put_at(x, &bar(share, usize::from(BAR), context.glyphs), side_style);
    }
    draw_numbers(line, row, shown, columns, place, number, buffer);
}

/// Price and size, each at its point.
fn draw_numbers(
    line: &TapeLine,
    row: &TapeRow,
    shown: &Shown,
    columns: Columns,
    place: Rect,
    style: Style,
    buffer: &mut Buffer,
) {
    let y = place.y;
    let (price, units) = (price_text(row), size_text(line, shown.sizes));
    let fits = |x: u16, room: usize| usize::from(x) + room <= usize::from(place.right());
    let wide = |from: u16, to: u16, room: usize| (to - from).saturating_sub(room as u16);
    let price_room = shown.price.total();
    if fits(columns.price, price_room) {
        let x = columns.price + wide(columns.price, columns.mark - 1, price_room);
        shown.price.put(buffer, x, y, &price, style);
    }
    let size_room = shown.size.total();
    if fits(columns.size, size_room) {
        let x = columns.size + wide(columns.size, columns.count, size_room);
        shown.size.put(buffer, x, y, &units, style);
    }
}

/// What is said after the numbers in so many columns: what has become of the trade, its conditions, and its name where
/// it fits as a whole.
fn rest_text(row: &TapeRow, fate: Option<&str>, columns: usize) -> (String, String) {
    let fate = fate.map_or_else(String::new, |word| format!("{word} "));
    let mut rest = String::new();
    for condition in row.trade.conditions.iter().take(8) {
        if !rest.is_empty() {
            rest.push(' ');
        }
        rest.push_str(&beginning(condition.trim(), 12));
    }
    if let Some(id) = &row.trade.trade_id {
        let mut name = match &row.trade.exchange {
            Some(exchange) => format!("{} ", beginning(exchange, 12)),
            None => String::new(),
        };
        match id {
            TradeId::Number(number) => name.push_str(&number.to_string()),
            TradeId::Text(text) => name.push_str(&beginning(text, 40)),
        }
        let gap = if rest.is_empty() { "" } else { " · " };
        if width(&fate) + width(&rest) + width(gap) + width(&name) <= columns {
            rest.push_str(gap);
            rest.push_str(&name);
        }
    }
    (fate, rest)
}
