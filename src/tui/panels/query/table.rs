//! The answer as a table: columns as wide as what stands in them, of which only those in sight are written.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::pipeline::question::AnswerTable;

use super::super::super::market::beginning;
use super::super::super::text::{cut, put, select, width};
use super::super::super::theme::Theme;
use super::cells::{COLUMNS_MAX, Room, cell_text, is_number};

/// Columns between two columns.
const GAP: u16 = 2;
/// The widest that a column of text gets while others stand before it.
const TEXT_COLUMNS_MAX: usize = 44;

/// Where somebody is in an answer, and what has been measured of it.
#[derive(Debug, Default)]
pub struct TableView {
    /// What has been measured.
    of: Option<Arc<AnswerTable>>,
    /// For each column, once it has been in sight.
    rooms: Vec<Option<Room>>,
    /// The chosen row.
    pub row: usize,
    /// The first row in sight.
    top: usize,
    /// The first column in sight.
    pub column: usize,
    /// Where the rows were drawn.
    area: Rect,
    /// The first and last column that were drawn, counted from 1.
    pub drawn: (usize, usize),
    /// Whether every column fits beside the others, and there is nowhere to go sideways.
    fits: bool,
    /// How many values have been written since the start.
    #[cfg(test)]
    pub written: usize,
    /// How many values have been measured since the start.
    #[cfg(test)]
    pub measured: usize,
}

impl TableView {
    /// Turns to an answer; one that is new is read from its beginning.
    pub fn show(&mut self, table: &Arc<AnswerTable>) {
        if self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, table)) {
            return;
        }
        // The same columns again, as after the same question, stay where they are.
        let is_alike = self
            .of
            .as_ref()
            .is_some_and(|of| of.columns == table.columns);
        if !is_alike {
            self.column = 0;
        }
        self.row = 0;
        self.top = 0;
        self.rooms = vec![None; table.columns.len()];
        self.of = Some(Arc::clone(table));
    }

    /// The table that is shown.
    #[must_use]
    pub fn table(&self) -> Option<&Arc<AnswerTable>> {
        self.of.as_ref()
    }

    /// How many rows a screenful has.
    #[must_use]
    pub fn page(&self) -> usize {
        usize::from(self.area.height.max(1))
    }

    /// The rows that are in sight: the first and the last, counted from 1.
    #[must_use]
    pub fn rows_in_sight(&self) -> (usize, usize) {
        let count = self.of.as_ref().map_or(0, |of| of.rows.len());
        let last = (self.top + usize::from(self.area.height)).min(count);
        ((self.top + 1).min(last), last)
    }

    /// Goes up or down.
    pub fn step(&mut self, by: i64) {
        let count = self.of.as_ref().map_or(0, |of| of.rows.len()) as i64;
        let row = (self.row as i64).saturating_add(by);
        self.row = row.clamp(0, (count - 1).max(0)) as usize;
    }

    /// Goes to the left or right by one column.
    pub fn step_sideways(&mut self, is_right: bool) {
        let count = self.of.as_ref().map_or(0, |of| of.columns.len());
        if !is_right {
            self.column = self.column.saturating_sub(1);
        } else if self.drawn.1 < count || !self.fits {
            self.column = (self.column + 1).min(count.saturating_sub(1));
        }
    }

    /// Chooses the row at a line of the screen.
    pub fn choose_at(&mut self, y: u16) {
        if y >= self.area.y && y < self.area.bottom() {
            let row = self.top + usize::from(y - self.area.y);
            let count = self.of.as_ref().map_or(0, |of| of.rows.len());
            if row < count {
                self.row = row;
            }
        }
    }

    /// The room of a column, measured when it is first asked for.
    fn room(&mut self, table: &AnswerTable, column: usize) -> Room {
        if let Some(Some(room)) = self.rooms.get(column) {
            return *room;
        }
        let mut room = Room::default();
        for cell in table.rows.iter().filter_map(|row| row.get(column)) {
            room.fit(cell);
        }
        #[cfg(test)]
        {
            self.measured += table.rows.len();
        }
        if let Some(place) = self.rooms.get_mut(column) {
            *place = Some(room);
        }
        room
    }

    /// Draws the heading and the rows in sight.
    pub fn draw(&mut self, area: Rect, buffer: &mut Buffer, theme: &Theme, is_focused: bool) {
        let Some(table) = self.of.clone() else {
            return;
        };
        self.area = Rect {
            y: area.y.saturating_add(1).min(area.bottom()),
            height: area.height.saturating_sub(1),
            ..area
        };
        self.place_top(table.rows.len());
        if area.is_empty() {
            return;
        }
        self.column = self.column.min(table.columns.len().saturating_sub(1));
        self.fits = false;
        let mut x = area.x;
        let mut column = self.column;
        while column < table.columns.len() && x < area.right() {
            let left = area.right() - x;
            let room = self.room(&table, column);
            let natural = room.total().max(heading_columns(&table, column));
            let is_first = column == self.column;
            let wanted = match (is_first, table.columns[column].is_number) {
                (false, false) => natural.min(TEXT_COLUMNS_MAX),
                _ => natural.min(COLUMNS_MAX),
            } as u16;
            // Of a number no part is left out; of a text so little would be seen that it says nothing.
            let least = if table.columns[column].is_number {
                wanted
            } else {
                wanted.min(6)
            };
            if least > left && !is_first {
                break;
            }
            let place = Rect {
                x,
                width: wanted.min(left),
                ..area
            };
            self.draw_column(&table, column, room, place, buffer, theme);
            self.fits = wanted <= left;
            x = x.saturating_add(wanted).saturating_add(GAP);
            column += 1;
        }
        self.drawn = (self.column + 1, column);
        self.fits &= column == table.columns.len();
        if is_focused && self.row >= self.top {
            let y = self.area.y + (self.row - self.top).min(usize::from(u16::MAX / 2)) as u16;
            if y < self.area.bottom() && !table.rows.is_empty() {
                let line = Rect {
                    y,
                    height: 1,
                    ..self.area
                };
                select(buffer, line, theme.selection);
            }
        }
    }

    fn draw_column(
        &mut self,
        table: &AnswerTable,
        column: usize,
        room: Room,
        place: Rect,
        buffer: &mut Buffer,
        theme: &Theme,
    ) {
        let columns = usize::from(place.width);
        let Some(heading) = table.columns.get(column) else {
            return;
        };
        let name = beginning(&heading.name, columns);
        let indent = if heading.is_number {
            columns.saturating_sub(width(&name))
        } else {
            0
        };
        let style = theme.accent.add_modifier(Modifier::BOLD);
        put(
            buffer,
            place.x + indent as u16,
            place.y,
            place.width,
            &name,
            style,
        );
        let rows = table
            .rows
            .iter()
            .skip(self.top)
            .take(usize::from(self.area.height));
        for (line, row) in (0_u16..).zip(rows) {
            let Some(cell) = row.get(column) else {
                continue;
            };
            #[cfg(test)]
            {
                self.written += 1;
            }
            let y = self.area.y + line;
            let text = cell_text(cell, columns);
            let style = if *cell == crate::pipeline::question::AnswerCell::Null {
                theme.dim
            } else {
                theme.text
            };
            if heading.is_number || is_number(cell) {
                let at = columns.saturating_sub(room.numbers.total());
                let is_unknown = !is_number(cell);
                if is_unknown && room.numbers.total() == 0 || columns < room.numbers.total() {
                    put(buffer, place.x, y, place.width, &cut(&text, columns), style);
                } else {
                    room.numbers
                        .put(buffer, place.x + at as u16, y, &text, style);
                }
            } else {
                put(buffer, place.x, y, place.width, &text, style);
            }
        }
    }

    fn place_top(&mut self, count: usize) {
        let visible = usize::from(self.area.height);
        self.row = self.row.min(count.saturating_sub(1));
        if visible > 0 {
            self.top = self
                .top
                .clamp((self.row + 1).saturating_sub(visible), self.row);
        }
        self.top = self.top.min(count.saturating_sub(visible));
    }

    /// The chosen row's values as they are, between tabs.
    #[must_use]
    pub fn row_text(&self) -> Option<String> {
        let row = self.of.as_ref()?.rows.get(self.row)?;
        let cells: Vec<String> = row
            .iter()
            .map(super::super::super::answer_file::plain)
            .collect();
        Some(cells.join("\t"))
    }
}

fn heading_columns(table: &AnswerTable, column: usize) -> usize {
    table
        .columns
        .get(column)
        .map_or(0, |heading| width(&beginning(&heading.name, COLUMNS_MAX)))
}
