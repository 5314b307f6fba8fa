//! The errors: newest first, repeats counted in one row.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::domain::outcome::Severity;
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::UnixMs;
use crate::pipeline::Command;
use crate::pipeline::snapshot::ErrorRow;

use super::super::market;
use super::super::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};
use super::super::text::{UNKNOWN, cut, put, safe, width};
use super::rows::Rows;

/// The errors panel.
#[derive(Debug, Default)]
pub struct ErrorsPanel {
    rows: Rows,
    /// What is shown was made of this.
    shown_of: Option<(Arc<Vec<ErrorRow>>, String)>,
}

/// The sign and word of a severity.
#[must_use]
pub fn severity_mark(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Info => ("·", "info"),
        Severity::Warning => ("⚠", "warn"),
        Severity::Error => ("✖", "error"),
    }
}

/// The look of a severity.
#[must_use]
pub fn severity_style(severity: Severity, context: &PanelContext<'_>) -> Style {
    match severity {
        Severity::Info => context.theme.info,
        Severity::Warning => context.theme.warning,
        Severity::Error => context.theme.error,
    }
}

/// A time of day in the zone of the screen; the date too when it is not that of `now`.
#[must_use]
pub fn clock_text(time: UnixMs, context: &PanelContext<'_>) -> String {
    let Some(local) = time.in_zone(context.zone) else {
        return UNKNOWN.to_owned();
    };
    let today = context.snapshot.wall.in_zone(context.zone);
    if today.is_none_or(|today| today.date_naive() == local.date_naive()) {
        local.format("%H:%M:%S").to_string()
    } else {
        local.format("%m-%d %H:%M").to_string()
    }
}

impl ErrorsPanel {
    /// The filter; empty when everything is shown.
    #[must_use]
    pub fn filter(&self) -> &str {
        &self.rows.filter
    }

    /// Shows only errors that have every word of `filter` in one of their texts.
    pub fn set_filter(&mut self, filter: &str) {
        self.rows.set_filter(filter);
    }

    fn refresh(&mut self, context: &PanelContext<'_>) {
        let errors = &context.snapshot.errors;
        let is_current = self
            .shown_of
            .as_ref()
            .is_some_and(|(of, filter)| Arc::ptr_eq(of, errors) && *filter == self.rows.filter);
        if is_current {
            return;
        }
        let words = self.rows.words();
        self.rows.shown = (0..errors.len())
            .rev()
            .filter(|at| matches(&errors[*at], &words))
            .collect();
        // Repeats move an error's last time; the newest stands first all the same.
        self.rows
            .shown
            .sort_by_key(|at| std::cmp::Reverse((errors[*at].last, errors[*at].id)));
        self.shown_of = Some((Arc::clone(errors), self.rows.filter.clone()));
    }

    fn chosen_row<'a>(&self, context: &PanelContext<'a>) -> Option<&'a ErrorRow> {
        self.rows.chosen_row(&context.snapshot.errors)
    }
}

fn matches(row: &ErrorRow, words: &[String]) -> bool {
    words.iter().all(|word| {
        let has = |text: &str| text.to_lowercase().contains(word.as_str());
        has(row.kind.name())
            || has(row.severity.name())
            || has(&row.message)
            || row.source.as_ref().is_some_and(|name| has(name.as_str()))
            || row.symbol.as_ref().is_some_and(|name| has(name.as_str()))
            || row.location.as_ref().is_some_and(|text| has(text))
    })
}

/// One line about an error, safe to draw.
#[must_use]
pub fn message_text(row: &ErrorRow) -> String {
    let mut text = match &row.location {
        Some(location) if !row.message.contains(location.as_str()) => {
            format!("{} · {}", safe(location), safe(&row.message))
        }
        _ => safe(&row.message).into_owned(),
    };
    if let Some(next) = &row.next {
        text.push_str("; ");
        text.push_str(&safe(next));
    }
    text
}

fn draw_row(row: &ErrorRow, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
    let theme = context.theme;
    let (sign, word) = severity_mark(row.severity);
    let look = severity_style(row.severity, context);
    let weight = if row.acknowledged {
        theme.dim
    } else {
        theme.text
    };
    let new = if row.acknowledged { " " } else { "●" };
    let mut x = put(buffer, area.x, area.y, 1, new, theme.accent);
    let mut cell = |text: &str, columns: usize, style: Style| {
        let room = usize::from(area.right().saturating_sub(x)).min(columns);
        let text = cut(text, room);
        put(buffer, x, area.y, room as u16, &text, style);
        x = (x + columns as u16 + 1).min(area.right());
    };
    cell(
        &clock_text(row.last, context),
        if area.width >= 70 { 11 } else { 8 },
        theme.dim,
    );
    if area.width >= 60 {
        cell(&format!("{sign} {word}"), 7, look);
    } else {
        cell(sign, 1, look);
    }
    if area.width >= 70 {
        let source = row.source.as_ref().map_or(UNKNOWN, |name| name.as_str());
        cell(&safe(source), 10, theme.dim);
    }
    if area.width >= 60 {
        let symbol = row.symbol.as_ref().map_or(UNKNOWN, |name| name.as_str());
        cell(&safe(symbol), 8, weight);
    }
    let mut kind = row.kind.name().to_owned();
    if row.count > 1 {
        kind = format!("{kind} ×{}", row.count);
    }
    let kind_columns = if area.width >= 70 { 22 } else { width(&kind) };
    cell(&kind, kind_columns, weight.add_modifier(Modifier::BOLD));
    cell(&message_text(row), usize::from(area.width), weight);
}

impl Panel for ErrorsPanel {
    fn name(&self) -> &'static str {
        "errors"
    }

    fn title(&self, context: &PanelContext<'_>) -> Line<'static> {
        let theme = context.theme;
        let mut spans = vec![
            Span::styled("Errors", theme.accent),
            Span::styled(format!(" · {}", context.snapshot.errors.len()), theme.dim),
        ];
        let unread = context.snapshot.errors_unread;
        if unread > 0 {
            spans.push(Span::styled(format!(" · {unread} new"), theme.warning));
        }
        if !self.rows.filter.is_empty() {
            spans.push(Span::styled(
                format!(" · /{}", safe(&self.rows.filter)),
                theme.warning,
            ));
        }
        Line::from(spans)
    }

    fn render(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        self.rows.area = area;
        if area.is_empty() {
            return;
        }
        self.refresh(context);
        let errors = &context.snapshot.errors;
        self.rows.place_top(errors);
        if self.rows.shown.is_empty() {
            let text = match errors.len() {
                0 => "no errors".to_owned(),
                count => format!(
                    "none of {count} matches '{}' · Esc shows all",
                    safe(&self.rows.filter)
                ),
            };
            market::put_message(buffer, area, &text, context.theme.dim);
            return;
        }
        self.rows
            .draw(errors, buffer, context, |row, place, buffer| {
                draw_row(row, place, buffer, context);
            });
    }

    fn act(&mut self, action: PanelAction, context: &PanelContext<'_>) -> Response {
        self.refresh(context);
        if let Some(distance) = self.rows.distance(action) {
            self.rows.step(distance, &context.snapshot.errors);
            return Response::Done;
        }
        match action {
            PanelAction::Open => self
                .chosen_row(context)
                .map_or(Response::Done, |row| Response::ShowError(row.id)),
            PanelAction::Back if !self.rows.filter.is_empty() => {
                self.set_filter("");
                Response::Done
            }
            PanelAction::Acknowledge => self.chosen_row(context).map_or(Response::Done, |row| {
                Response::Send(Command::AcknowledgeErrors(Some(row.id)))
            }),
            PanelAction::AcknowledgeAll => Response::Send(Command::AcknowledgeErrors(None)),
            PanelAction::Clear => {
                // What comes later would be hidden by words that were about what is gone.
                self.set_filter("");
                Response::Send(Command::ClearErrors)
            }
            PanelAction::Copy => self
                .chosen_row(context)
                .map_or(Response::Done, |row| Response::Copy(copy_text(row))),
            _ => Response::Ignored,
        }
    }

    fn mouse(&mut self, mouse: PanelMouse, context: &PanelContext<'_>) -> Response {
        let rows = &mut self.rows;
        let at = |position| rows.number_at(position, &context.snapshot.errors);
        match mouse {
            PanelMouse::Click(position) => rows.chosen = at(position).or(rows.chosen),
            PanelMouse::DoubleClick(position) => {
                if let Some(id) = at(position) {
                    rows.chosen = Some(id);
                    return Response::ShowError(id);
                }
            }
            PanelMouse::ScrollUp(_) => rows.top = rows.top.saturating_sub(3),
            PanelMouse::ScrollDown(_) => rows.top = (rows.top + 3).min(rows.last_top()),
            PanelMouse::Drag(..) => return Response::Ignored,
        }
        Response::Done
    }
}

/// An error as text for the clipboard.
fn copy_text(row: &ErrorRow) -> String {
    let mut text = format!("{} {}", row.severity.name(), row.kind);
    for part in [
        row.source.as_ref().map(SourceName::as_str),
        row.symbol.as_ref().map(Symbol::as_str),
        row.location.as_deref(),
        Some(row.message.as_str()),
        row.next.as_deref(),
        row.sample.as_deref(),
    ]
    .into_iter()
    .flatten()
    {
        text.push('\t');
        text.push_str(&safe(part));
    }
    text
}
