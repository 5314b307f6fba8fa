//! Moving among the rows, scrolling, and choosing what they are sorted by.

use ratatui::layout::Position;

use crate::domain::clock::Nanos;
use crate::domain::symbol::SymbolId;

use super::super::super::panel::{PanelContext, Response};
use super::WatchlistPanel;
use super::columns::Column;
use super::sort::Sort;

impl WatchlistPanel {
    pub(super) fn rows_visible(&self) -> usize {
        usize::from(self.area.height.saturating_sub(1))
    }

    pub(super) fn position(&self, id: Option<SymbolId>) -> Option<usize> {
        id.and_then(|id| self.order.ids().iter().position(|other| *other == id))
    }

    /// Chooses the row that many places away, stopping at the ends.
    pub(super) fn step(&mut self, by: i64, context: &PanelContext<'_>) -> Response {
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

    pub(super) fn scroll(&mut self, by: i64, now: Nanos) -> Response {
        let last_top = self.order.ids().len().saturating_sub(self.rows_visible());
        self.top = (self.top as i64 + by).clamp(0, last_top as i64) as usize;
        self.order.touch(now);
        Response::Done
    }

    /// Keeps the top row valid, and the selected row in sight when the selection moved.
    pub(super) fn place_top(&mut self, selected: Option<SymbolId>) {
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
    pub(super) fn sort_next(&mut self, context: &PanelContext<'_>) -> Response {
        let is_shown = |column: &Column| {
            if self.placed.is_empty() {
                // Nothing has been drawn yet.
                *column != Column::Source || context.snapshot.sources.len() > 1
            } else {
                self.placed.iter().any(|placed| placed.column == *column)
            }
        };
        let at = self
            .columns
            .iter()
            .position(|column| self.sort.key.column() == Some(column));
        let (before, after) = self.columns.split_at(at.map_or(0, |at| at + 1));
        let next = after.iter().chain(before).find(|column| is_shown(column));
        if let Some(column) = next.cloned() {
            self.set_sort(Sort::by(column));
        }
        Response::Done
    }

    pub(super) fn click(&mut self, position: Position, context: &PanelContext<'_>) -> Response {
        if position.y == self.area.y {
            let hit = self
                .placed
                .iter()
                .find(|placed| (placed.x..placed.x + placed.width).contains(&position.x));
            if let Some(placed) = hit {
                let sort = if self.sort.key.column() == Some(&placed.column) {
                    self.sort.clone().reversed()
                } else {
                    Sort::by(placed.column.clone())
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
