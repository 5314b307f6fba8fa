//! How the lists are drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::pipeline::snapshot::Row;
use crate::tui::number::{compact, fixed, signed};
use crate::tui::panel::PanelContext;
use crate::tui::text::{UNKNOWN, cut, put, safe, select, width};

use super::super::watchlist::change_percent;
use super::{MoversPanel, Ranking};

/// Lists stand side by side from this width on, one above another below it.
const SIDE_BY_SIDE_COLUMNS: u16 = 66;
/// One above another, a list has a heading and so many rows at least; else the one with the keys stands alone.
const STACKED_ROWS_MIN: u16 = 2;
/// The space between columns and between lists.
const GAP: u16 = 2;

/// An entry as text.
struct Line {
    name: String,
    last: String,
    change: String,
    value: Option<String>,
    style: Style,
}

/// The widths of the columns of a list.
#[derive(Clone, Copy, Default)]
struct Widths {
    last: usize,
    /// From the point on.
    fraction: usize,
    change: usize,
    value: usize,
}

pub fn draw(panel: &mut MoversPanel, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
    for list in &mut panel.lists {
        list.area = Rect::ZERO;
    }
    if area.is_empty() {
        return;
    }
    if panel.lists.iter().all(|list| list.entries.is_empty()) {
        let text = match (context.snapshot.version, context.snapshot.rows.is_empty()) {
            (0, _) => "waiting for the first data …",
            (_, true) => "no symbols yet · press a to add some",
            _ => "nothing has been traded yet",
        };
        let room = area.width.saturating_sub(2);
        let text = cut(text, usize::from(room));
        put(
            buffer,
            area.x + 1,
            area.y + 1,
            room,
            &text,
            context.theme.dim,
        );
        return;
    }
    if panel.seen_selected != context.selected {
        panel.seen_selected = context.selected;
        panel.follow = true;
    }
    for (at, place) in places(panel, area).into_iter().enumerate() {
        if !place.is_empty() {
            draw_list(panel, at, place, buffer, context);
        }
    }
    panel.follow = false;
}

/// Where each list stands; an empty place for those that there is no room for.
fn places(panel: &MoversPanel, area: Rect) -> [Rect; 3] {
    let part = |length: u16, at: u16| (u32::from(length) * u32::from(at) / 3) as u16;
    if area.width >= SIDE_BY_SIDE_COLUMNS {
        return [0, 1, 2].map(|at| {
            let (left, right) = (part(area.width, at), part(area.width, at + 1));
            Rect {
                x: area.x + left,
                width: (right - left).saturating_sub(if at < 2 { GAP } else { 0 }),
                ..area
            }
        });
    }
    if area.height < 3 * STACKED_ROWS_MIN {
        return [0, 1, 2].map(|at| if at == panel.at { area } else { Rect::ZERO });
    }
    [0, 1, 2].map(|at| {
        let (top, bottom) = (part(area.height, at), part(area.height, at + 1));
        Rect {
            y: area.y + top,
            height: bottom - top,
            ..area
        }
    })
}

fn draw_list(
    panel: &mut MoversPanel,
    at: usize,
    place: Rect,
    buffer: &mut Buffer,
    context: &PanelContext<'_>,
) {
    let theme = context.theme;
    let has_keys = panel.at == at && context.focused;
    draw_heading(panel, at, place, buffer, context);
    let ranking = panel.ranking;
    let chosen = (panel.at == at)
        .then(|| panel.position(context.selected))
        .flatten();
    let follow = panel.follow;
    let list = &mut panel.lists[at];
    list.area = Rect {
        y: place.y + 1,
        height: place.height - 1,
        ..place
    };
    let visible = usize::from(list.area.height);
    if follow
        && visible > 0
        && let Some(chosen) = chosen
    {
        list.top = list.top.clamp((chosen + 1).saturating_sub(visible), chosen);
    }
    list.top = list.top.min(list.last_top());
    let value = |number: f64| match (at, ranking) {
        (0 | 1, _) => None,
        (_, Ranking::Active) => Some(compact(number)),
        (_, Ranking::Range) => Some(format!("{}%", fixed(number, 2))),
        (_, Ranking::RelativeVolume) => Some(format!("{}×", fixed(number, 2))),
    };
    let lines: Vec<Line> = list
        .entries
        .iter()
        .skip(list.top)
        .take(visible)
        .map(|(id, number)| line(context.snapshot.rows.get(*id), value(*number), context))
        .collect();
    let widths = widths(&lines);
    for (index, line) in lines.iter().enumerate() {
        let y = list.area.y + index as u16;
        let row = Rect {
            y,
            height: 1,
            ..list.area
        };
        if chosen == Some(list.top + index) {
            let look = if has_keys {
                theme.selection.add_modifier(Modifier::BOLD)
            } else {
                theme.selection
            };
            select(buffer, row, look);
        }
        draw_line(line, row, widths, buffer, context);
    }
    if lines.is_empty() {
        let text = cut("none", usize::from(place.width));
        put(
            buffer,
            place.x + 2,
            place.y + 1,
            list.area.width,
            &text,
            theme.dim,
        );
    }
}

fn draw_heading(
    panel: &MoversPanel,
    at: usize,
    place: Rect,
    buffer: &mut Buffer,
    context: &PanelContext<'_>,
) {
    let theme = context.theme;
    let text = match (at, panel.ranking) {
        (0, _) => "▲ Gainers",
        (1, _) => "▼ Losers",
        (_, Ranking::Active) => "● Most active",
        (_, Ranking::Range) => "● Widest range",
        (_, Ranking::RelativeVolume) => "● Relative volume",
    };
    // Without colours the mark says where the keys go.
    let mark = if panel.at == at && context.focused {
        "▸"
    } else {
        " "
    };
    let look = match at {
        0 => theme.up,
        1 => theme.down,
        _ => theme.accent,
    };
    let x = put(buffer, place.x, place.y, place.width, mark, theme.accent);
    let room = place.right().saturating_sub(x);
    let x = put(
        buffer,
        x,
        place.y,
        room,
        text,
        look.add_modifier(Modifier::BOLD),
    );
    let room = place.right().saturating_sub(x);
    let count = match panel.lists[at].entries.len() {
        super::LIST_MAX => format!(" first {}", super::LIST_MAX),
        count => format!(" {count}"),
    };
    put(
        buffer,
        x,
        place.y,
        room,
        &cut(&count, usize::from(room)),
        theme.dim,
    );
}

fn line(row: Option<&Row>, value: Option<String>, context: &PanelContext<'_>) -> Line {
    let theme = context.theme;
    let change = row.and_then(change_percent);
    Line {
        name: row.map_or_else(
            || UNKNOWN.to_owned(),
            |row| safe(row.symbol.as_str()).into_owned(),
        ),
        last: row.and_then(|row| row.last).map_or_else(
            || UNKNOWN.to_owned(),
            |last| last.to_string().replace('-', "−"),
        ),
        change: change.map_or_else(
            || UNKNOWN.to_owned(),
            |change| format!("{}%", signed(change, 2)),
        ),
        value,
        style: match change {
            Some(change) if change > 0.0 => theme.up,
            Some(change) if change < 0.0 => theme.down,
            _ => theme.unchanged,
        },
    }
}

fn fraction(text: &str) -> usize {
    text.find('.').map_or(0, |at| text.len() - at)
}

fn widths(lines: &[Line]) -> Widths {
    let largest = |measure: &dyn Fn(&Line) -> usize| lines.iter().map(measure).max().unwrap_or(0);
    let behind = largest(&|line| fraction(&line.last));
    Widths {
        last: behind + largest(&|line| width(&line.last) - fraction(&line.last)),
        fraction: behind,
        change: largest(&|line| width(&line.change)),
        value: largest(&|line| line.value.as_deref().map_or(0, width)),
    }
}

/// Name, last price, change and value; the price goes when there is no room for it, then the change.
fn draw_line(
    line: &Line,
    row: Rect,
    widths: Widths,
    buffer: &mut Buffer,
    context: &PanelContext<'_>,
) {
    let theme = context.theme;
    let room = usize::from(row.width.saturating_sub(1));
    let name_columns = width(&line.name).clamp(4, 8);
    let gap = usize::from(GAP);
    let mut left = room.saturating_sub(name_columns);
    let mut fits = |columns: usize| {
        let needed = columns + gap;
        let is_fit = columns > 0 && needed <= left;
        if is_fit {
            left -= needed;
        }
        is_fit
    };
    let has_value = fits(widths.value);
    let has_change = fits(widths.change);
    let has_last = fits(widths.last);
    let mut end = row.right();
    let mut put_right = |text: &str, columns: usize, behind: usize, style: Style| {
        let x = end.saturating_sub((width(text) + behind) as u16);
        put(buffer, x, row.y, row.right().saturating_sub(x), text, style);
        end = end.saturating_sub((columns + gap) as u16);
    };
    if has_value && let Some(value) = &line.value {
        put_right(value, widths.value, 0, theme.text);
    }
    if has_change {
        put_right(&line.change, widths.change, 0, line.style);
    }
    if has_last {
        let behind = widths.fraction - fraction(&line.last);
        put_right(&line.last, widths.last, behind, theme.text);
    }
    let room = usize::from(end.saturating_sub(row.x + 1));
    let name = cut(&line.name, room);
    put(buffer, row.x + 1, row.y, room as u16, &name, theme.text);
}
