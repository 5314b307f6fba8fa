//! The watchlist: one row for each subscribed symbol.

mod cells;
mod columns;
mod draw;
mod order;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::domain::clock::Nanos;
use crate::domain::symbol::{SymbolId, SymbolSpec};

use super::super::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};
use super::super::text::{paint, safe};
use cells::{CellWidth, SourceStates};
pub use columns::{Column, Sort};
use draw::{RowLine, draw_empty, row_text};
use order::{OrderBy, RowOrder};
pub use order::{change, change_percent};

/// Room for the mark and the space around it, left of the columns.
const MARK_COLUMNS: u16 = 3;

/// A column where it was drawn last.
#[derive(Debug, Clone, Copy)]
struct Placed {
    column: Column,
    x: u16,
    width: u16,
}

/// The watchlist panel.
#[derive(Debug)]
pub struct WatchlistPanel {
    columns: Vec<Column>,
    sort: Sort,
    filter: String,
    list: Option<(String, Vec<SymbolSpec>)>,
    order: RowOrder,
    top: usize,
    widths: HashMap<Column, CellWidth>,
    area: Rect,
    placed: Vec<Placed>,
    follow: bool,
    seen_selected: Option<SymbolId>,
    flash_left_ms: Option<u64>,
}

impl WatchlistPanel {
    /// A watchlist with these columns in this order.
    #[must_use]
    pub fn new(columns: Vec<Column>, sort: Sort) -> Self {
        Self {
            columns,
            sort,
            filter: String::new(),
            list: None,
            order: RowOrder::default(),
            top: 0,
            widths: HashMap::new(),
            area: Rect::ZERO,
            placed: Vec::new(),
            follow: true,
            seen_selected: None,
            flash_left_ms: None,
        }
    }

    /// The columns in their order.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Shows these columns in this order.
    pub fn set_columns(&mut self, columns: Vec<Column>) {
        self.columns = columns;
        self.widths.clear();
    }

    /// What it is sorted by.
    #[must_use]
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// Sorts by this from now on.
    pub fn set_sort(&mut self, sort: Sort) {
        self.sort = sort;
        self.order.invalidate();
    }

    /// The filter; empty when everything is shown.
    #[must_use]
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Shows only rows that have every word of `filter` in their symbol or source.
    pub fn set_filter(&mut self, filter: &str) {
        filter.clone_into(&mut self.filter);
        self.order.invalidate();
        self.top = 0;
        self.follow = true;
    }

    /// The name of the list that is shown; `None` when everything is.
    #[must_use]
    pub fn list(&self) -> Option<&str> {
        self.list.as_ref().map(|(name, _)| name.as_str())
    }

    /// Shows the symbols of a named list alone, or everything.
    pub fn set_list(&mut self, list: Option<(String, Vec<SymbolSpec>)>) {
        self.list = list;
        self.order.invalidate();
        self.top = 0;
        self.follow = true;
    }

    /// The symbols that are shown, in their order.
    #[must_use]
    pub fn ids(&self) -> &[SymbolId] {
        self.order.ids()
    }

    /// Brings the order of the rows up to date.
    pub fn refresh(&mut self, context: &PanelContext<'_>) {
        let by = OrderBy {
            sort: self.sort,
            filter: &self.filter,
            list: self.list.as_ref().map(|(_, symbols)| symbols.as_slice()),
        };
        if self.order.refresh(context.snapshot, by, context.now) {
            self.widths.clear();
        }
    }

    /// How soon, in milliseconds, a visible flash ends; `None` when nothing flashes.
    #[must_use]
    pub fn flash_left_ms(&self) -> Option<u64> {
        self.flash_left_ms
    }

    fn rows_visible(&self) -> usize {
        usize::from(self.area.height.saturating_sub(1))
    }

    fn position(&self, id: Option<SymbolId>) -> Option<usize> {
        id.and_then(|id| self.order.ids().iter().position(|other| *other == id))
    }

    /// Chooses the row that many places away, stopping at the ends.
    fn step(&mut self, by: i64, context: &PanelContext<'_>) -> Response {
        let count = self.order.ids().len();
        if count == 0 {
            return Response::Done;
        }
        let at = match self.position(context.selected) {
            Some(at) => (at as i64).saturating_add(by).clamp(0, count as i64 - 1) as usize,
            None if by > 0 && by != i64::MAX => 0,
            None => count - 1,
        };
        self.order.touch(context.now);
        self.follow = true;
        Response::Select(self.order.ids()[at])
    }

    fn scroll(&mut self, by: i64, now: Nanos) -> Response {
        let last_top = self.order.ids().len().saturating_sub(self.rows_visible());
        self.top = (self.top as i64 + by).clamp(0, last_top as i64) as usize;
        self.order.touch(now);
        Response::Done
    }

    /// Keeps the top row valid, and the selected row in sight when the selection moved.
    fn place_top(&mut self, selected: Option<SymbolId>) {
        let visible = self.rows_visible();
        if selected != self.seen_selected {
            self.seen_selected = selected;
            self.follow = true;
        }
        if self.follow
            && visible > 0
            && let Some(at) = self.position(selected)
        {
            self.follow = false;
            if at < self.top {
                self.top = at;
            } else if at >= self.top + visible {
                self.top = at + 1 - visible;
            }
        }
        self.top = self.top.min(self.order.ids().len().saturating_sub(visible));
    }

    /// Sorts by the next of the columns that are on the screen.
    fn sort_next(&mut self, context: &PanelContext<'_>) -> Response {
        let is_shown = |column: Column| {
            if self.placed.is_empty() {
                // Nothing has been drawn yet.
                column != Column::Source || context.snapshot.sources.len() > 1
            } else {
                self.placed.iter().any(|placed| placed.column == column)
            }
        };
        let at = self
            .columns
            .iter()
            .position(|column| *column == self.sort.column);
        let (before, after) = self.columns.split_at(at.map_or(0, |at| at + 1));
        let mut next = after.iter().chain(before).copied();
        if let Some(column) = next.find(|column| is_shown(*column)) {
            self.set_sort(Sort::by(column));
        }
        Response::Done
    }

    fn click(&mut self, position: Position, context: &PanelContext<'_>) -> Response {
        if position.y == self.area.y {
            let hit = self
                .placed
                .iter()
                .find(|placed| (placed.x..placed.x + placed.width).contains(&position.x));
            if let Some(placed) = hit {
                let sort = if placed.column == self.sort.column {
                    self.sort.reversed()
                } else {
                    Sort::by(placed.column)
                };
                self.set_sort(sort);
            }
            return Response::Done;
        }
        let row = self.top + usize::from(position.y.saturating_sub(self.area.y + 1));
        self.order.touch(context.now);
        match self.order.ids().get(row) {
            Some(id) => Response::Select(*id),
            None => Response::Done,
        }
    }
}

impl Panel for WatchlistPanel {
    fn name(&self) -> &'static str {
        "watchlist"
    }

    fn title(&self, context: &PanelContext<'_>) -> Line<'static> {
        let theme = context.theme;
        let total = context.snapshot.rows.len();
        let shown = self.order.ids().len();
        let name = self
            .list()
            .map_or_else(|| "Watchlist".to_owned(), |name| safe(name).into_owned());
        let count = if shown == total {
            format!(" · {total}")
        } else {
            format!(" · {shown} of {total}")
        };
        let arrow = if self.sort.descending { "↓" } else { "↑" };
        let by = match self.sort.column {
            Column::ChangePercent => "change %",
            column => column.name(),
        };
        let mut spans = vec![
            Span::styled(name, theme.accent),
            Span::styled(count, theme.dim),
            Span::styled(format!(" · by {by} {arrow}"), theme.dim),
        ];
        if !self.filter.is_empty() {
            spans.push(Span::styled(
                format!(" · /{}", safe(&self.filter)),
                theme.warning,
            ));
        }
        Line::from(spans)
    }

    fn render(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        self.area = area;
        self.flash_left_ms = None;
        if area.is_empty() {
            return;
        }
        self.refresh(context);
        self.place_top(context.selected);
        let snapshot = context.snapshot;
        let has_many_sources = snapshot.sources.len() > 1;
        let sources = SourceStates::of(snapshot);
        let lines: Vec<RowLine<'_>> = self
            .order
            .ids()
            .iter()
            .skip(self.top)
            .take(self.rows_visible())
            .filter_map(|id| snapshot.rows.get(*id))
            .map(|row| {
                let standing = sources.standing(row);
                let cells = self
                    .columns
                    .iter()
                    .map(|column| (*column, cells::cell(row, *column, standing, context)))
                    .collect();
                RowLine {
                    row,
                    standing,
                    cells,
                }
            })
            .collect();
        // Widths only grow, so that columns stand still while numbers change.
        for (column, cell) in lines.iter().flat_map(|line| &line.cells) {
            self.widths.entry(*column).or_default().fit(cell);
        }
        self.placed = self.place_columns(area, has_many_sources);
        self.draw_heading(area, buffer, context);
        if lines.is_empty() {
            draw_empty(self, area, buffer, context);
        }
        for (index, line) in lines.iter().enumerate() {
            let y = area.y + 1 + index as u16;
            // Under the row, so that a flash on it can be read.
            if context.selected == Some(line.row.id) {
                paint(
                    buffer,
                    Rect {
                        y,
                        height: 1,
                        ..area
                    },
                    context.theme.selection.add_modifier(Modifier::BOLD),
                );
            }
            self.draw_row(y, line, buffer, context);
            if let Some(left) = cells::flash_left_ms(line.row, context) {
                self.flash_left_ms = Some(self.flash_left_ms.map_or(left, |it| it.min(left)));
            }
        }
    }

    fn act(&mut self, action: PanelAction, context: &PanelContext<'_>) -> Response {
        let page = self.rows_visible().max(1) as i64;
        match action {
            PanelAction::Up => self.step(-1, context),
            PanelAction::Down => self.step(1, context),
            PanelAction::PageUp => self.step(-page, context),
            PanelAction::PageDown => self.step(page, context),
            PanelAction::Home => self.step(i64::MIN, context),
            PanelAction::End => self.step(i64::MAX, context),
            PanelAction::Open => context.selected.map_or(Response::Done, Response::OpenChart),
            PanelAction::Back if !self.filter.is_empty() => {
                self.set_filter("");
                Response::Done
            }
            PanelAction::SortNext => self.sort_next(context),
            PanelAction::SortReverse => {
                self.set_sort(self.sort.reversed());
                Response::Done
            }
            PanelAction::Copy => match context
                .selected
                .and_then(|id| context.snapshot.rows.get(id))
            {
                Some(row) => Response::Copy(row_text(row, &self.columns, context)),
                None => Response::Done,
            },
            _ => Response::Ignored,
        }
    }

    fn mouse(&mut self, mouse: PanelMouse, context: &PanelContext<'_>) -> Response {
        match mouse {
            PanelMouse::Click(position) => self.click(position, context),
            PanelMouse::DoubleClick(position) => match self.click(position, context) {
                Response::Select(id) => Response::OpenChart(id),
                other => other,
            },
            PanelMouse::ScrollUp(_) => self.scroll(-3, context.now),
            PanelMouse::ScrollDown(_) => self.scroll(3, context.now),
            PanelMouse::Drag(..) => Response::Ignored,
        }
    }
}
