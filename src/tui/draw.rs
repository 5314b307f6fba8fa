//! Draws the model.

mod problem;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::model::{Model, Prompt, PromptKind, inside};
use super::text::{clear, cut, paint, put, safe, select, width};
use super::theme::GlyphSet;
use super::views::PanelId;
use super::{footer, header, overlay};

/// The least that anything can be shown on.
pub const WIDTH_MIN: u16 = 36;
/// The least that anything can be shown on.
pub const HEIGHT_MIN: u16 = 8;
/// How many completions are listed at a time.
const COMPLETIONS_MAX: u16 = 8;

/// Draws everything into an empty buffer of the terminal's size.
pub fn draw(model: &mut Model, buffer: &mut Buffer) {
    let area = buffer.area;
    model.geometry.panels.clear();
    model.geometry.hits.clear();
    model.geometry.overlay = Rect::ZERO;
    if area.is_empty() {
        return;
    }
    if area.width < WIDTH_MIN || area.height < HEIGHT_MIN {
        draw_too_small(model, buffer);
    } else {
        header::draw(model, buffer);
        for (id, border) in model.visible_panels() {
            draw_panel(model, id, border, buffer);
        }
        footer::draw(model, buffer);
        overlay::draw(model, buffer);
        if let Some(prompt) = model.prompt.clone() {
            draw_prompt(model, &prompt, buffer);
        }
    }
    if model.settings.glyphs == GlyphSet::Ascii {
        fold_to_ascii(buffer);
    }
}

fn draw_too_small(model: &Model, buffer: &mut Buffer) {
    let area = buffer.area;
    let lines = [
        "too small".to_owned(),
        format!("{}×{} now", area.width, area.height),
        format!("{WIDTH_MIN}×{HEIGHT_MIN} needed"),
    ];
    // On a single line the numbers alone are what helps.
    if area.height < 3 {
        let line = format!("{}×{} < {WIDTH_MIN}×{HEIGHT_MIN}", area.width, area.height);
        put(
            buffer,
            0,
            0,
            area.width,
            &cut(&line, usize::from(area.width)),
            model.theme.text,
        );
        return;
    }
    let top = (area.height - 3) / 2;
    for (row, line) in lines.iter().enumerate() {
        let text = cut(line, usize::from(area.width));
        let x = (usize::from(area.width) - width(&text)) / 2;
        let style = if row == 0 {
            model.theme.warning
        } else {
            model.theme.text
        };
        put(buffer, x as u16, top + row as u16, area.width, &text, style);
    }
}

/// A panel with its border and title.
fn draw_panel(model: &mut Model, id: PanelId, border: Rect, buffer: &mut Buffer) {
    model.geometry.panels.push((id, border));
    let theme = model.theme;
    let is_focused = model.focus == id && model.overlay.is_none();
    let style = if is_focused {
        theme.border_focused
    } else {
        theme.border
    };
    draw_border(buffer, border, style);
    let has_many = model.geometry.panels.len() > 1 || model.visible_panels().len() > 1;
    let (title, name) = model.with_panel(id, |panel, context| {
        panel.render(inside(border), buffer, context);
        (panel.title(context), panel.name())
    });
    debug_assert!(!name.is_empty());
    if border.height == 0 || border.width < 8 {
        return;
    }
    let room = usize::from(border.width) - 4;
    // Without colours the border alone would not say where the keys go.
    let mark = if is_focused && has_many { "▸" } else { " " };
    let mut x = put(buffer, border.x + 1, border.y, 1, mark, style);
    let end = border.x + 2 + room as u16;
    for span in &title.spans {
        let left = usize::from(end.saturating_sub(x));
        if left == 0 {
            break;
        }
        let style = title.style.patch(span.style);
        x = put(
            buffer,
            x,
            border.y,
            left as u16,
            &cut(&span.content, left),
            style,
        );
    }
    put(buffer, x, border.y, 1, " ", style);
}

/// A rounded border, as far as there is room.
pub(super) fn draw_border(buffer: &mut Buffer, area: Rect, style: Style) {
    if area.width < 2 || area.height < 2 {
        return;
    }
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    let mut line = |x: u16, y: u16, glyph: &str| {
        if let Some(cell) = buffer.cell_mut((x, y)) {
            cell.set_symbol(glyph).set_style(style);
        }
    };
    for x in area.x + 1..right {
        line(x, area.y, "─");
        line(x, bottom, "─");
    }
    for y in area.y + 1..bottom {
        line(area.x, y, "│");
        line(right, y, "│");
    }
    for (x, y, corner) in [
        (area.x, area.y, "╭"),
        (right, area.y, "╮"),
        (area.x, bottom, "╰"),
        (right, bottom, "╯"),
    ] {
        line(x, y, corner);
    }
}

/// The line being typed in place of the footer, with what can be said about it above.
fn draw_prompt(model: &Model, prompt: &Prompt, buffer: &mut Buffer) {
    let area = buffer.area;
    let theme = model.theme;
    let y = area.bottom() - 1;
    clear(
        buffer,
        Rect {
            y,
            height: 1,
            ..area
        },
    );
    let label = prompt.label();
    let mut x = put(buffer, area.x, y, area.width, " ", theme.text);
    x = put(buffer, x, y, area.width, label, theme.key);
    let room = usize::from(area.right().saturating_sub(x + 1));
    let (before, after) = prompt.input.parts();
    let before = tail(before, room.saturating_sub(1));
    let start = x;
    x = put(buffer, x, y, room as u16, before, theme.text);
    let cursor = x;
    let room = area.right().saturating_sub(x);
    put(buffer, x, y, room, after, theme.text);
    paint(
        buffer,
        Rect {
            x: cursor,
            y,
            width: 1,
            height: 1,
        },
        Style::new().add_modifier(ratatui::style::Modifier::REVERSED),
    );
    if let Some(error) = &prompt.error {
        let line = Rect {
            y: y - 1,
            height: 1,
            ..area
        };
        clear(buffer, line);
        let text = format!(" ✖ {}", safe(error));
        put(
            buffer,
            0,
            y - 1,
            area.width,
            &cut(&text, usize::from(area.width)),
            theme.error,
        );
    } else if prompt.completions.len() > 1 || prompt.chosen.is_some() {
        draw_completions(model, prompt, buffer);
    } else if let Some(problem) = &prompt.problem {
        let hidden = prompt.input.parts().0.len() - before.len();
        let at: usize = prompt
            .input
            .text()
            .chars()
            .take(problem.at)
            .map(char::len_utf8)
            .sum();
        let column = prompt.input.text().get(hidden..at).map(width);
        problem::draw(model, problem, column.map(|it| start + it as u16), buffer);
    } else if prompt.input.text().is_empty() {
        let hint = match prompt.kind {
            PromptKind::Command => "a command · Tab completes · ↑ earlier ones · Esc leaves",
            PromptKind::Filter(PanelId::Watchlist) => {
                "words, or a condition such as rsi < 30 · Enter keeps · Esc leaves"
            }
            PromptKind::Filter(_) => "words that have to be there · Enter keeps · Esc leaves",
            PromptKind::Add => "symbols such as TSLA,SPY · Enter adds · Esc leaves",
            PromptKind::HelpSearch => "words to look for · Enter keeps · Esc leaves",
        };
        let x = cursor + 2;
        let room = area.right().saturating_sub(x);
        put(buffer, x, y, room, &cut(hint, usize::from(room)), theme.dim);
    } else if prompt.kind == PromptKind::Command {
        draw_usage(model, prompt, buffer, cursor + 2 + width(after) as u16);
    }
}

/// What follows the command that stands there, as a reminder.
fn draw_usage(model: &Model, prompt: &Prompt, buffer: &mut Buffer, x: u16) {
    let area = buffer.area;
    let name = prompt.input.text().split_whitespace().next().unwrap_or("");
    let name = name.strip_suffix('!').unwrap_or(name);
    let entry = super::command_line::COMMANDS
        .iter()
        .find(|entry| entry.name == name);
    if let Some(entry) = entry {
        let text = match entry.usage {
            "" => entry.help.to_owned(),
            usage => format!("{usage} · {}", entry.help),
        };
        let room = area.right().saturating_sub(x);
        put(
            buffer,
            x,
            area.bottom() - 1,
            room,
            &cut(&text, usize::from(room)),
            model.theme.dim,
        );
    }
}

fn draw_completions(model: &Model, prompt: &Prompt, buffer: &mut Buffer) {
    let area = buffer.area;
    let theme = model.theme;
    let count = (prompt.completions.len() as u16)
        .min(COMPLETIONS_MAX)
        .min(area.height.saturating_sub(3));
    if count == 0 {
        return;
    }
    let chosen = prompt.chosen.unwrap_or(0);
    let first = chosen.saturating_sub(usize::from(count) - 1);
    let shown =
        &prompt.completions[first..(first + usize::from(count)).min(prompt.completions.len())];
    let widest = shown.iter().map(|line| width(line)).max().unwrap_or(0);
    let columns = ((widest + 4) as u16).min(area.width);
    let place = Rect {
        x: 0,
        y: area.bottom() - 1 - count - 1,
        width: columns,
        height: count + 1,
    };
    clear(buffer, place);
    let more = prompt.completions.len().saturating_sub(usize::from(count));
    let heading = if more > 0 {
        format!("╭ {more} more ")
    } else {
        "╭".to_owned()
    };
    let x = put(buffer, 0, place.y, columns, &heading, theme.border);
    for x in x..columns {
        let glyph = if x + 1 == columns { "╮" } else { "─" };
        put(buffer, x, place.y, 1, glyph, theme.border);
    }
    for (row, line) in shown.iter().enumerate() {
        let y = place.y + 1 + row as u16;
        put(buffer, 0, y, 1, "│", theme.border);
        put(buffer, columns - 1, y, 1, "│", theme.border);
        let room = columns.saturating_sub(3);
        put(
            buffer,
            2,
            y,
            room,
            &cut(&safe(line), usize::from(room)),
            theme.text,
        );
        if prompt.chosen == Some(first + row) {
            select(
                buffer,
                Rect {
                    x: 1,
                    y,
                    width: columns.saturating_sub(2),
                    height: 1,
                },
                theme.selection,
            );
        }
    }
}

/// The end of a text that fits in so many columns.
fn tail(text: &str, columns: usize) -> &str {
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if width(&text[start..]) <= columns {
            break;
        }
        start = at + c.len_utf8();
    }
    &text[start..]
}

fn fold_to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let c = cell.symbol().chars().next().unwrap_or(' ');
            cell.set_char(super::text::ascii(c));
        }
    }
}
