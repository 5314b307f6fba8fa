//! What lies over the screen: the help, the detail of an error or a headline, the choice of columns.

mod indicators;
mod news;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;

use super::command_line::COMMANDS;
use super::draw::draw_border;
use super::keymap::Context;
use super::model::{Model, Overlay};
use super::number::age;
use super::panel::PanelContext;
use super::panels::errors::{severity_mark, severity_style};
use super::panels::watchlist::Column;
use super::text::{UNKNOWN, clear, cut, put, safe, select, width};
use super::views::PanelId;

/// A line in pieces.
type Pieces = Vec<(String, Style)>;

/// The room for keys in the help.
const KEYS_COLUMNS: usize = 17;
/// The widest that an overlay gets.
const COLUMNS_MAX: u16 = 92;

pub(super) fn draw(model: &mut Model, buffer: &mut Buffer) {
    let Some(overlay) = model.overlay.clone() else {
        return;
    };
    match overlay {
        Overlay::Help { top, query } => {
            let columns = usize::from(buffer.area.width.min(COLUMNS_MAX)).saturating_sub(4);
            let lines = help_lines(model, &query, columns);
            let title = if query.is_empty() {
                "Help · / searches".to_owned()
            } else {
                format!("Help · /{}", safe(&query))
            };
            let top = draw_lines(model, buffer, &title, &lines, top);
            model.overlay = Some(Overlay::Help { top, query });
        }
        Overlay::Error { row, top } => {
            let columns = usize::from(buffer.area.width.min(COLUMNS_MAX)).saturating_sub(6);
            let lines = model.with_panel(PanelId::Errors, |_, context| {
                error_lines(&row, columns, context)
            });
            let title = format!("{} · y copies", row.kind);
            let top = draw_lines(model, buffer, &title, &lines, top);
            model.overlay = Some(Overlay::Error { row, top });
        }
        Overlay::News { row, top } => {
            let columns = usize::from(buffer.area.width.min(COLUMNS_MAX)).saturating_sub(6);
            let lines = model.with_panel(PanelId::News, |_, context| {
                news::news_lines(&row, columns, context)
            });
            let top = draw_lines(model, buffer, "News · y copies", &lines, top);
            model.overlay = Some(Overlay::News { row, top });
        }
        Overlay::Columns { entries, at } => draw_columns(model, buffer, &entries, at),
        Overlay::Indicators { entries, at } => indicators::draw(model, buffer, &entries, at),
    }
}

/// A box in the middle with as many of the lines as fit, from `top` on; gives the first that is shown.
fn draw_lines(
    model: &mut Model,
    buffer: &mut Buffer,
    title: &str,
    lines: &[Pieces],
    top: usize,
) -> usize {
    let place = place(buffer.area, lines.len() as u16 + 2, COLUMNS_MAX);
    let visible = usize::from(place.height.saturating_sub(2));
    let last_top = lines.len().saturating_sub(visible);
    let top = top.min(last_top);
    let note = if last_top > 0 {
        format!(
            "{title} · {}–{} of {}",
            top + 1,
            (top + visible).min(lines.len()),
            lines.len()
        )
    } else {
        title.to_owned()
    };
    open_box(model, buffer, place, &note);
    for (row, pieces) in lines.iter().skip(top).take(visible).enumerate() {
        let mut x = place.x + 2;
        for (text, style) in pieces {
            let room = (place.right() - 2).saturating_sub(x);
            x = put(
                buffer,
                x,
                place.y + 1 + row as u16,
                room,
                &cut(text, usize::from(room)),
                *style,
            );
        }
    }
    top
}

fn place(area: Rect, height: u16, width: u16) -> Rect {
    // Of what lies below, a strip as wide as its border is of no use.
    let width = if area.width > width.saturating_add(2) {
        width
    } else {
        area.width
    };
    let height = height.max(3).min(area.height.saturating_sub(2));
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

fn open_box(model: &mut Model, buffer: &mut Buffer, place: Rect, title: &str) {
    model.geometry.overlay = place;
    clear(buffer, place);
    draw_border(buffer, place, model.theme.border_focused);
    let room = place.width.saturating_sub(4);
    let text = format!(" {} ", cut(title, usize::from(room.saturating_sub(2))));
    put(
        buffer,
        place.x + 1,
        place.y,
        room,
        &text,
        model.theme.accent,
    );
}

/// Every key and command with what it does; with a query only those that hold every word of it.
fn help_lines(model: &Model, query: &str, columns: usize) -> Vec<Pieces> {
    let theme = model.theme;
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let holds = |text: &str| {
        let text = text.to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    };
    let mut lines: Vec<Pieces> = Vec::new();
    let mut section = |title: &str, entries: Vec<(String, String, String)>| {
        let entries: Vec<_> = entries
            .into_iter()
            .filter(|(keys, help, name)| holds(&format!("{title} {keys} {help} {name}")))
            .collect();
        if entries.is_empty() {
            return;
        }
        if !lines.is_empty() {
            lines.push(Vec::new());
        }
        lines.push(vec![(title.to_owned(), theme.accent)]);
        for (keys, help, name) in entries {
            add_help(&mut lines, [keys, help, name], columns, model);
        }
    };
    for context in Context::ALL {
        let entries = model
            .settings
            .keys
            .entries()
            .filter(|(entry, _)| entry.context == context)
            .map(|(entry, keys)| {
                let keys: Vec<String> = keys.iter().map(|key| key.label()).collect();
                (keys.join(" "), entry.help.to_owned(), entry.name.to_owned())
            })
            .collect();
        section(context.title(), entries);
    }
    let commands = COMMANDS
        .iter()
        .map(|entry| {
            (
                format!(":{}", entry.name),
                entry.help.to_owned(),
                entry.usage.to_owned(),
            )
        })
        .collect();
    section("Commands", commands);
    if lines.is_empty() {
        lines.push(vec![(
            format!("nothing about '{}'", safe(query)),
            theme.dim,
        )]);
    }
    lines
}

/// One line: keys, what they do, and at the right the name in the configuration; what does not fit goes below.
fn add_help(
    lines: &mut Vec<Pieces>,
    [keys, help, name]: [String; 3],
    columns: usize,
    model: &Model,
) {
    let theme = model.theme;
    let pad = KEYS_COLUMNS.saturating_sub(width(&keys)).max(1);
    let used = width(&keys) + pad + width(&help);
    let spare = columns.saturating_sub(used + width(&name));
    let mut start = format!("{keys}{}", " ".repeat(pad));
    if spare >= 2 {
        let gap = " ".repeat(spare);
        lines.push(vec![
            (start, theme.key),
            (help, theme.text),
            (format!("{gap}{name}"), theme.dim),
        ]);
        return;
    }
    let indent = " ".repeat(KEYS_COLUMNS);
    let room = columns.saturating_sub(KEYS_COLUMNS);
    for part in wrap(&help, columns.saturating_sub(width(&start)).min(room)) {
        let start = std::mem::replace(&mut start, indent.clone());
        lines.push(vec![(start, theme.key), (part, theme.text)]);
    }
    for part in wrap(&name, room) {
        lines.push(vec![(format!("{indent}{part}"), theme.dim)]);
    }
}

fn error_lines(
    row: &crate::pipeline::snapshot::ErrorRow,
    columns: usize,
    context: &PanelContext<'_>,
) -> Vec<Pieces> {
    let theme = context.theme;
    let (sign, _) = severity_mark(row.severity);
    let time = |time: crate::domain::time::UnixMs| {
        time.in_zone(context.zone).map_or_else(
            || UNKNOWN.to_owned(),
            |local| local.format("%Y-%m-%d %H:%M:%S %Z").to_string(),
        )
    };
    let field =
        |label: &str, value: String| vec![(format!("{label:<10}"), theme.dim), (value, theme.text)];
    let name = |name: Option<&str>| name.map_or(UNKNOWN.to_owned(), |name| safe(name).into_owned());
    let mut lines = vec![
        vec![
            (format!("{:<10}", "severity"), theme.dim),
            (
                format!("{sign} {}", row.severity.name()),
                severity_style(row.severity, context),
            ),
        ],
        field("source", name(row.source.as_ref().map(SourceName::as_str))),
        field("symbol", name(row.symbol.as_ref().map(Symbol::as_str))),
        field("where", name(row.location.as_deref())),
        field(
            "last",
            format!(
                "{} · {} ago",
                time(row.last),
                age(context.snapshot.wall.0.saturating_sub(row.last.0))
            ),
        ),
    ];
    if row.count > 1 {
        lines.push(field("first", time(row.first)));
        lines.push(field("count", row.count.to_string()));
    }
    lines.push(Vec::new());
    lines.extend(
        wrap(&safe(&row.message), columns)
            .into_iter()
            .map(|line| vec![(line, theme.text)]),
    );
    if let Some(next) = &row.next {
        let said = wrap(&safe(next), columns);
        lines.extend(said.into_iter().map(|line| vec![(line, theme.dim)]));
    }
    if let Some(sample) = &row.sample {
        lines.push(Vec::new());
        lines.push(vec![("raw input".to_owned(), theme.dim)]);
        for line in sample.lines().take(200) {
            lines.extend(
                wrap(&safe(line), columns)
                    .into_iter()
                    .map(|line| vec![(line, theme.info)]),
            );
        }
    }
    lines
}

/// Breaks a text into lines of at most `columns` columns, between words where it can.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        if used > 0 && used + width(word.trim_end()) > columns {
            lines.push(String::new());
            used = 0;
        }
        for c in word.chars() {
            let wide = super::text::columns(c);
            if used + wide > columns {
                // The space after the last word of a line does not begin the next.
                if c == ' ' {
                    continue;
                }
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
            used += wide;
        }
    }
    lines
}

fn draw_columns(model: &mut Model, buffer: &mut Buffer, entries: &[(Column, bool)], at: usize) {
    let title = "Columns · Space shows · J K move";
    let line = |_: &Model, (column, is_shown): &(Column, bool)| {
        let text = match column {
            Column::Value(name) => safe(name).into_owned(),
            column => format!("{:<8} {}", column.heading(), column.name()),
        };
        (*is_shown, text)
    };
    draw_choice(model, buffer, (title, 44), entries, at, line);
}

/// A box with a title, of so many columns at the most, in which things are chosen: a line each, whether it is, and what it
/// is. The one at `at` is selected.
fn draw_choice<T>(
    model: &mut Model,
    buffer: &mut Buffer,
    (title, columns): (&str, u16),
    entries: &[T],
    at: usize,
    line: impl Fn(&Model, &T) -> (bool, String),
) {
    let theme = model.theme;
    let place = place(buffer.area, entries.len() as u16 + 2, columns);
    open_box(model, buffer, place, title);
    let visible = usize::from(place.height.saturating_sub(2));
    let first = at.saturating_sub(visible.saturating_sub(1));
    for (row, entry) in entries.iter().enumerate().skip(first).take(visible) {
        let y = place.y + 1 + (row - first) as u16;
        let (is_chosen, text) = line(model, entry);
        let (mark, look) = if is_chosen {
            ("✓", theme.text)
        } else {
            (" ", theme.dim)
        };
        let room = place.width.saturating_sub(4);
        let text = format!("{mark} {text}");
        let text = cut(&text, usize::from(room));
        put(buffer, place.x + 2, y, room, &text, look);
        if row == at {
            let line = Rect {
                x: place.x + 1,
                y,
                width: place.width.saturating_sub(2),
                height: 1,
            };
            select(buffer, line, theme.selection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_broken_between_words() {
        assert_eq!(wrap("one two three", 8), ["one two ", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("日経平均", 4), ["日経", "平均"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("ab", 0), ["a", "b"]);
        assert_eq!(wrap("ab cd", 2), ["ab", "cd"]);
    }
}
