//! How the panel is drawn: the line, the rule with the state under it, and the answer below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;

use super::super::super::draw::draw_border;
use super::super::super::market::put_message;
use super::super::super::number::grouped;
use super::super::super::overlay::wrap;
use super::super::super::panel::PanelContext;
use super::super::super::text::{clear, cut, paint, put, safe, select, width};
use super::super::super::theme::Theme;
use super::QueryPanel;
use super::examples::draw_examples;
use super::state::State;

/// What stands before the question.
const LABEL: &str = "sql › ";
/// The most rows that the question takes.
const LINE_ROWS_MAX: usize = 5;
/// The most completions that are listed at a time.
const WORDS_MAX: u16 = 8;
/// The longest error that is shown, in bytes; what engines say is shorter.
const ERROR_BYTES_MAX: usize = 100_000;

impl QueryPanel {
    pub(super) fn draw(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        if area.width < 12 || area.height < 2 {
            self.line_area = Rect::ZERO;
            return;
        }
        let is_typing = self.is_typing && context.focused;
        let (line_rows, cursor) = self.draw_line(area, buffer, context, is_typing);
        let rule = Rect {
            y: area.y + line_rows,
            height: 1,
            ..area
        };
        let body = Rect {
            y: rule.y + 1,
            height: area.height - line_rows - 1,
            ..area
        };
        let state = self.state(context.snapshot);
        match state {
            State::Table(_) => {
                let is_marked = context.focused && !is_typing;
                self.table.draw(body, buffer, context.theme, is_marked);
                if self.table.table().is_some_and(|it| it.rows.is_empty()) && body.height > 1 {
                    let below = Rect {
                        y: body.y + 1,
                        height: body.height - 1,
                        ..body
                    };
                    put_message(buffer, below, "no rows", context.theme.dim);
                }
            }
            State::Failed(reason) => self.draw_error(reason, body, buffer, context),
            State::Nothing => draw_examples(body, buffer, context.theme),
            State::Cancelled => {
                put_message(buffer, body, "the question was given up", context.theme.dim);
            }
            State::Sent | State::Running(..) => {}
        }
        self.draw_rule(&state, is_typing, rule, buffer, context);
        if is_typing {
            self.draw_words(cursor, area, buffer, context.theme);
        }
    }

    /// Draws the question over as many rows as it takes; gives their number and where the cursor is.
    fn draw_line(
        &mut self,
        area: Rect,
        buffer: &mut Buffer,
        context: &PanelContext<'_>,
        is_typing: bool,
    ) -> (u16, (u16, u16)) {
        let theme = context.theme;
        let indent = width(LABEL) as u16;
        let columns = usize::from((area.width - indent).max(1));
        let rows = rows_of(self.line.text(), columns);
        let before = self.line.parts().0.len();
        let (cursor_row, cursor_column) = place_of(self.line.text(), &rows, before, columns);
        let rows_max = LINE_ROWS_MAX.min(usize::from(area.height) / 3).max(1);
        let needed = rows.len().max(if is_typing { cursor_row + 1 } else { 1 });
        let shown = needed.min(rows_max);
        let top = if is_typing {
            (cursor_row + 1).saturating_sub(shown)
        } else {
            0
        };
        put(buffer, area.x, area.y, indent, LABEL, theme.key);
        let style = if is_typing { theme.text } else { theme.dim };
        for (row, y) in (top..top + shown).zip(area.y..) {
            let Some(range) = rows.get(row) else { break };
            let text = self.line.text().get(range.clone()).unwrap_or("");
            put(buffer, area.x + indent, y, columns as u16, text, style);
        }
        if !is_typing && needed > shown {
            put(
                buffer,
                area.right() - 1,
                area.y + shown as u16 - 1,
                1,
                "…",
                theme.dim,
            );
        }
        let cursor = (
            area.x + indent + cursor_column as u16,
            area.y + cursor_row.saturating_sub(top) as u16,
        );
        if is_typing {
            let place = Rect {
                x: cursor.0.min(area.right() - 1),
                y: cursor.1,
                width: 1,
                height: 1,
            };
            paint(buffer, place, Style::new().add_modifier(Modifier::REVERSED));
        } else if self.line.text().is_empty() {
            let hint = "SELECT … FROM bars";
            put(
                buffer,
                area.x + indent,
                area.y,
                columns as u16,
                hint,
                theme.dim,
            );
        }
        self.line_area = Rect {
            height: shown as u16,
            ..area
        };
        (shown as u16, cursor)
    }

    /// A line across with the state at its left and the place in the answer at its right.
    fn draw_rule(
        &self,
        state: &State<'_>,
        is_typing: bool,
        area: Rect,
        buffer: &mut Buffer,
        context: &PanelContext<'_>,
    ) {
        let theme = context.theme;
        for x in area.left()..area.right() {
            put(buffer, x, area.y, 1, "─", theme.border);
        }
        let room = usize::from(area.width) - 2;
        let places = self.place_texts(state);
        let full = state.words(is_typing, theme);
        let short = state.short_words(theme);
        // The nearer thing to know is where one is among the rows.
        let fitting = [Some(&full), short.as_ref()]
            .into_iter()
            .flatten()
            .find_map(|(words, style)| {
                let place = places
                    .iter()
                    .find(|place| width(words) + width(place) + 6 <= room)?;
                Some((words, *style, place.as_str()))
            });
        let (words, style, place) = fitting.unwrap_or((&full.0, full.1, ""));
        let words = format!(" {} ", cut(words, room.saturating_sub(2)));
        put(buffer, area.x + 1, area.y, room as u16, &words, style);
        if !place.is_empty() {
            let text = format!(" {place} ");
            let columns = width(&text) as u16;
            let x = area.right() - 1 - columns;
            put(buffer, x, area.y, columns, &text, theme.dim);
        }
    }

    /// Where one is in the answer, the fullest text first; none where all of it is in sight.
    fn place_texts(&self, state: &State<'_>) -> Vec<String> {
        match state {
            State::Table(table) => {
                let (first, last) = self.table.rows_in_sight();
                let is_part = last > 0 && last - first + 1 < table.rows.len();
                let rows = is_part.then(|| format!("rows {}–{}", grouped(first), grouped(last)));
                let (first, last) = self.table.drawn;
                let is_part = last >= first && last + 1 - first < table.columns.len();
                let columns =
                    is_part.then(|| format!("columns {first}–{last} of {}", table.columns.len()));
                match (rows, columns) {
                    (Some(rows), Some(columns)) => vec![format!("{rows} · {columns}"), rows],
                    (rows, columns) => rows.or(columns).into_iter().collect(),
                }
            }
            State::Failed(_) if self.error_lines.0 > self.error_lines.1 => {
                let (lines, fit) = self.error_lines;
                let last = (self.error_top + fit).min(lines);
                vec![format!("lines {}–{last} of {lines}", self.error_top + 1)]
            }
            _ => Vec::new(),
        }
    }

    fn draw_error(
        &mut self,
        reason: &str,
        area: Rect,
        buffer: &mut Buffer,
        context: &PanelContext<'_>,
    ) {
        let columns = usize::from(area.width.saturating_sub(2)).max(1);
        let mut end = reason.len().min(ERROR_BYTES_MAX);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        let lines: Vec<String> = reason[..end]
            .trim_end()
            .lines()
            .flat_map(|line| wrap(&safe(line), columns))
            .collect();
        let visible = usize::from(area.height);
        self.error_lines = (lines.len(), visible);
        self.error_top = self.error_top.min(lines.len().saturating_sub(visible));
        for (line, y) in lines
            .iter()
            .skip(self.error_top)
            .take(visible)
            .zip(area.y..)
        {
            put(
                buffer,
                area.x + 1,
                y,
                columns as u16,
                line.trim_end(),
                context.theme.error,
            );
        }
    }

    /// What Tab would put in, under the word that it is for.
    fn draw_words(&self, cursor: (u16, u16), area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let (offer, chosen) = self.line.offer();
        let room = area.bottom().saturating_sub(cursor.1 + 1);
        let count =
            (offer.words.len().min(usize::from(WORDS_MAX)) as u16).min(room.saturating_sub(2));
        if count == 0 {
            return;
        }
        let at = chosen.unwrap_or(0);
        let first = at.saturating_sub(usize::from(count) - 1);
        let words = &offer.words[first..(first + usize::from(count)).min(offer.words.len())];
        let widest = words
            .iter()
            .map(|word| width(&safe(word)))
            .max()
            .unwrap_or(0);
        let columns = (widest as u16 + 4).clamp(10, area.width);
        let start = cursor.0.saturating_sub(offer.replaces as u16 + 2);
        let place = Rect {
            x: start.clamp(area.x, area.right() - columns),
            y: cursor.1 + 1,
            width: columns,
            height: count + 2,
        };
        clear(buffer, place);
        draw_border(buffer, place, theme.border_focused);
        for (row, word) in words.iter().enumerate() {
            let y = place.y + 1 + row as u16;
            let inside = place.width - 4;
            let text = safe(word);
            put(
                buffer,
                place.x + 2,
                y,
                inside,
                &cut(&text, usize::from(inside)),
                theme.text,
            );
            if chosen == Some(first + row) {
                let line = Rect {
                    x: place.x + 1,
                    y,
                    width: place.width - 2,
                    height: 1,
                };
                select(buffer, line, theme.selection);
            }
        }
        let more = offer.words.len() - words.len();
        if more > 0 {
            let text = format!(" {more} more ");
            put(
                buffer,
                place.x + 1,
                place.bottom() - 1,
                place.width - 2,
                &text,
                theme.dim,
            );
        }
    }
}

/// Where a text breaks when it is written in rows of so many columns.
fn rows_of(text: &str, columns: usize) -> Vec<std::ops::Range<usize>> {
    let mut rows = Vec::new();
    let mut start = 0;
    let mut used = 0;
    for (at, part) in text.grapheme_indices(true) {
        let wide = width(part);
        if used + wide > columns && at > start {
            rows.push(start..at);
            start = at;
            used = 0;
        }
        used += wide;
    }
    rows.push(start..text.len());
    rows
}

/// The row and column of a place in the text.
fn place_of(
    text: &str,
    rows: &[std::ops::Range<usize>],
    at: usize,
    columns: usize,
) -> (usize, usize) {
    let row = rows
        .iter()
        .rposition(|range| range.start <= at)
        .unwrap_or(0);
    let start = rows.get(row).map_or(0, |range| range.start);
    let column = width(text.get(start..at).unwrap_or(""));
    // Behind the last place of a row the next one begins.
    if column >= columns {
        (row + 1, 0)
    } else {
        (row, column)
    }
}
