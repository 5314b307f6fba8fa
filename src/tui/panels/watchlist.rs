//! The watchlist: one row for each subscribed symbol.

mod cells;
mod choosing;
mod columns;
mod draw;
mod filter;
mod order;
mod sort;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Line;

use crate::domain::symbol::{Symbol, SymbolId, SymbolSpec};
use crate::pipeline::snapshot::Row;

use super::super::expression::ExpressionError;
use super::super::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};
use super::super::text::select;
use cells::{Cell, CellWidth, SourceStates};
pub use cells::{Mark, Standing};
pub use columns::Column;
use draw::{RowLine, draw_empty, row_text};
use filter::Filter;
use order::{OrderBy, RowOrder};
pub use order::{change, change_percent, number};
pub use sort::{Sort, SortKey};

/// Room for the mark and the space around it, left of the columns.
const MARK_COLUMNS: u16 = 3;

/// A column where it was drawn last.
#[derive(Debug, Clone)]
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
    filter: Filter,
    list: Option<(String, Vec<SymbolSpec>)>,
    order: RowOrder,
    top: usize,
    widths: HashMap<Column, CellWidth>,
    area: Rect,
    placed: Vec<Placed>,
    follow: bool,
    seen_selected: Option<SymbolId>,
    flash_left_ms: Option<u64>,
    /// Symbols with headlines that nobody has read.
    unread: HashSet<Symbol>,
}

impl WatchlistPanel {
    /// A watchlist with these columns in this order.
    #[must_use]
    pub fn new(columns: Vec<Column>, sort: Sort) -> Self {
        Self {
            columns,
            sort,
            filter: Filter::default(),
            list: None,
            order: RowOrder::default(),
            top: 0,
            widths: HashMap::new(),
            area: Rect::ZERO,
            placed: Vec::new(),
            follow: true,
            seen_selected: None,
            flash_left_ms: None,
            unread: HashSet::new(),
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
    pub fn sort(&self) -> &Sort {
        &self.sort
    }

    /// Sorts by this from now on.
    pub fn set_sort(&mut self, sort: Sort) {
        self.sort = sort;
        self.order.invalidate();
    }

    /// The filter; empty when everything is shown.
    #[must_use]
    pub fn filter(&self) -> &str {
        self.filter.text()
    }

    /// What is wrong with the filter or with the expression that rows are sorted by.
    #[must_use]
    pub fn problem(&self) -> Option<&ExpressionError> {
        self.order.filter_error().or(self.order.sort_error())
    }

    /// Shows only rows that meet a condition or have every word of `filter` in their symbol or source.
    pub fn set_filter(&mut self, filter: &str) {
        self.filter = Filter::of(filter);
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
            sort: &self.sort,
            filter: &self.filter,
            list: self.list.as_ref().map(|(_, symbols)| symbols.as_slice()),
            stale_after_ms: context.stale_after_ms,
        };
        if self.order.refresh(context.snapshot, by, context.now) {
            self.widths.clear();
        }
    }

    /// Marks the symbols that have headlines which nobody has read.
    pub fn set_unread(&mut self, unread: HashSet<Symbol>) {
        self.unread = unread;
    }

    /// How soon, in milliseconds, a visible flash ends; `None` when nothing flashes.
    #[must_use]
    pub fn flash_left_ms(&self) -> Option<u64> {
        self.flash_left_ms
    }
}

/// The cell of a row in a column; rows of one name have their source beside it.
fn cell(
    order: &RowOrder,
    row: &Row,
    column: &Column,
    standing: Standing,
    context: &PanelContext<'_>,
) -> Cell {
    let cell = cells::cell(row, column, standing, context);
    if *column != Column::Symbol || !order.is_twin(row) {
        return cell;
    }
    let name = format!("{}@{}", row.symbol, row.source);
    cells::symbol_cell(row, &name, cell.style, context)
}

impl Panel for WatchlistPanel {
    fn name(&self) -> &'static str {
        "watchlist"
    }

    fn title(&self, context: &PanelContext<'_>) -> Line<'static> {
        draw::title(self, context)
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
                    .map(|column| (column, cell(&self.order, row, column, standing, context)))
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
            match self.widths.get_mut(*column) {
                Some(width) => width.fit(cell),
                None => self
                    .widths
                    .entry(Column::clone(column))
                    .or_default()
                    .fit(cell),
            }
        }
        if lines.iter().any(|line| !line.row.trend.points().is_empty()) {
            let trend = self.widths.entry(Column::Trend).or_default();
            trend.is_known = true;
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
                select(
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
            PanelAction::Back if !self.filter.text().is_empty() => {
                self.set_filter("");
                Response::Done
            }
            PanelAction::SortNext => self.sort_next(context),
            PanelAction::SortReverse => {
                self.set_sort(self.sort.clone().reversed());
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
