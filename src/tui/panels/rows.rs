//! A list of rows that come and go, newest first: which are shown, which one is chosen, and where the picture begins.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::pipeline::snapshot::{ErrorRow, NewsRow};

use super::super::panel::{PanelAction, PanelContext};
use super::super::text::select;

/// A row with a number of its own, by which it is known while others come and go.
pub(super) trait Numbered {
    fn number(&self) -> u64;
}

impl Numbered for ErrorRow {
    fn number(&self) -> u64 {
        self.id
    }
}

impl Numbered for NewsRow {
    fn number(&self) -> u64 {
        self.id
    }
}

/// What is shown of a list, and what is chosen in it.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) filter: String,
    /// The number of the chosen row; without one it is the first.
    pub(super) chosen: Option<u64>,
    pub(super) top: usize,
    /// Whether the chosen row is to be in the picture.
    pub(super) follow: bool,
    pub(super) area: Rect,
    /// Places in the list of what is shown.
    pub(super) shown: Vec<usize>,
}

impl Rows {
    /// Shows only what holds every word of `filter`.
    pub(super) fn set_filter(&mut self, filter: &str) {
        filter.clone_into(&mut self.filter);
        self.top = 0;
    }

    /// The words of the filter, in small letters.
    pub(super) fn words(&self) -> Vec<String> {
        self.filter
            .split_whitespace()
            .map(str::to_lowercase)
            .collect()
    }

    fn position<T: Numbered>(&self, list: &[T]) -> Option<usize> {
        let chosen = self.chosen?;
        let is_chosen = |at: &usize| list.get(*at).is_some_and(|row| row.number() == chosen);
        self.shown.iter().position(is_chosen)
    }

    pub(super) fn chosen_row<'a, T: Numbered>(&self, list: &'a [T]) -> Option<&'a T> {
        let at = self.position(list).unwrap_or(0);
        list.get(*self.shown.get(at)?)
    }

    /// Chooses the row so many further down, or up when negative. False when there is none.
    pub(super) fn step<T: Numbered>(&mut self, by: i64, list: &[T]) -> bool {
        let Some(lowest) = self.shown.len().checked_sub(1) else {
            return false;
        };
        let at = self.position(list).unwrap_or(0) as i64;
        let at = at.saturating_add(by).clamp(0, lowest as i64) as usize;
        self.chosen = list.get(self.shown[at]).map(Numbered::number);
        self.follow = true;
        true
    }

    /// How far an action moves the choice; `None` when it is another kind of action.
    pub(super) fn distance(&self, action: PanelAction) -> Option<i64> {
        action.distance(i64::from(self.area.height.max(1)))
    }

    /// The number of the row at a place on the screen.
    pub(super) fn number_at<T: Numbered>(&self, position: Position, list: &[T]) -> Option<u64> {
        let row = usize::from(position.y.checked_sub(self.area.y)?);
        let at = *self.shown.get(self.top.checked_add(row)?)?;
        list.get(at).map(Numbered::number)
    }

    /// The last place at which the picture may begin.
    pub(super) fn last_top(&self) -> usize {
        let visible = usize::from(self.area.height);
        self.shown.len().saturating_sub(visible)
    }

    /// Begins the picture where the chosen row is in it, if that is asked for.
    pub(super) fn place_top<T: Numbered>(&mut self, list: &[T]) {
        let visible = usize::from(self.area.height);
        if visible > 0
            && std::mem::take(&mut self.follow)
            && let Some(at) = self.position(list)
        {
            self.top = self.top.clamp((at + 1).saturating_sub(visible), at);
        }
        self.top = self.top.min(self.last_top());
    }

    /// Draws the rows that the picture has room for, and marks the chosen one where the panel has the focus.
    pub(super) fn draw<T: Numbered>(
        &self,
        list: &[T],
        buffer: &mut Buffer,
        context: &PanelContext<'_>,
        draw_row: impl Fn(&T, Rect, &mut Buffer),
    ) {
        let chosen = self.position(list).unwrap_or(0);
        let visible = usize::from(self.area.height);
        let lines = self.shown.iter().enumerate().skip(self.top).take(visible);
        for (y, (line, at)) in (self.area.y..).zip(lines) {
            let place = Rect {
                y,
                height: 1,
                ..self.area
            };
            if let Some(row) = list.get(*at) {
                draw_row(row, place, buffer);
            }
            if context.focused && line == chosen {
                select(buffer, place, context.theme.selection);
            }
        }
    }
}
