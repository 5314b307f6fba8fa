//! Time passes and the board changes: what follows from that before the next frame.

use std::sync::Arc;

use crate::domain::clock::Nanos;
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::pipeline::{Command, Snapshot};

use super::super::market::joined_rows;
use super::super::panel::PanelContext;
use super::super::views::{PanelId, View};
use super::notice::NOTICE_MS;
use super::{Effect, Model, row_name};

/// Ages and clocks are brought up to date this often.
const TICK_MS: u64 = 1_000;
/// The bell rings no more often than this.
const BELL_MS: u64 = 1_000;

impl Model {
    /// Takes the board's newest snapshot.
    pub fn take(&mut self, snapshot: Arc<Snapshot>) {
        let is_first = self.latest.version == 0;
        let errors = snapshot.errors_total;
        if errors > self.errors_seen && !is_first && self.settings.bell {
            let is_quiet = self
                .rang
                .is_none_or(|rang| self.now.since(rang).as_millis() as u64 >= BELL_MS);
            if is_quiet {
                self.rang = Some(self.now);
                self.effects.push(Effect::Bell);
            }
        }
        self.errors_seen = errors;
        let word = snapshot.word.clone();
        if let Some(word) = word.filter(|word| self.latest.word.as_ref() != Some(word)) {
            if word.is_error {
                self.notify_error(word.text.clone());
            } else {
                self.notify(word.text.clone());
            }
        }
        self.latest = snapshot;
        if self.frozen_since.is_none() {
            self.shown = Arc::clone(&self.latest);
        } else if self.shown.answer.as_ref().map(Arc::as_ptr)
            != self.latest.answer.as_ref().map(Arc::as_ptr)
        {
            // A question has been asked for its answer, also of a picture that is held.
            Arc::make_mut(&mut self.shown)
                .answer
                .clone_from(&self.latest.answer);
        }
    }

    /// Sets the time and, once a second, brings what depends on it up to date; tells whether anything may look
    /// different.
    pub fn tick(&mut self, now: Nanos, wall: UnixMs) -> bool {
        self.now = now;
        let mut changed = false;
        if self
            .notice
            .as_ref()
            .is_some_and(|notice| now.since(notice.since).as_millis() as u64 >= NOTICE_MS)
        {
            self.notice = None;
            changed = true;
        }
        if now.since(self.ticked).as_millis() as u64 >= TICK_MS {
            self.ticked = now;
            changed = true;
            let behind_ms = wall.0.saturating_sub(self.latest.wall.0);
            if self.frozen_since.is_none()
                && self.latest.version > 0
                && behind_ms >= (TICK_MS / 2) as i64
            {
                // Nothing has come, but everything has grown older.
                let mut older = Snapshot::clone(&self.latest);
                older.wall = wall;
                for source in &mut older.sources {
                    source.last_message_age = source
                        .last_message_age
                        .map(|age| age + std::time::Duration::from_millis(behind_ms as u64));
                }
                self.shown = Arc::new(older);
            }
        }
        changed
    }

    /// In how many milliseconds something changes by itself.
    #[must_use]
    pub fn next_change_ms(&self) -> u64 {
        let tick = TICK_MS.saturating_sub(self.now.since(self.ticked).as_millis() as u64);
        let notice = self.notice.as_ref().map(|notice| {
            NOTICE_MS.saturating_sub(self.now.since(notice.since).as_millis() as u64)
        });
        let flash = match self.frozen_since {
            None => self.panels.watchlist.flash_left_ms(),
            Some(_) => None,
        };
        [notice, flash].into_iter().flatten().fold(tick, u64::min) + 1
    }

    /// Brings selection, lists and charts in line with the board; to be called before drawing.
    pub fn settle(&mut self) {
        if let Some(name) = self.wanted_list.take() {
            self.show_list(&name, false);
        }
        let Self {
            panels,
            shown,
            theme,
            settings,
            ..
        } = self;
        let context = PanelContext {
            snapshot: shown,
            theme,
            glyphs: settings.glyphs,
            zone: settings.zone,
            now: self.now,
            selected: self.selected,
            is_frozen: self.frozen_since.is_some(),
            focused: false,
            flash: settings.flash,
            stale_after_ms: settings.stale_after.as_millis() as i64,
        };
        let unread = panels.news.unread(shown);
        let ids = unread.flat_map(|news| &news.symbols);
        let rows = ids.filter_map(|id| shown.rows.get(*id));
        let unread = rows.map(|row| row.symbol.clone()).collect();
        panels.watchlist.set_unread(unread);
        panels.watchlist.refresh(&context);
        if self.view == View::Movers {
            panels.movers.refresh(panels.watchlist.ids(), &context);
        }
        if self.view != View::Correlation {
            panels.correlation.rest();
        }
        self.settle_selection();
        let visible = self.visible_panels();
        if !visible.iter().any(|(id, _)| *id == self.focus) {
            self.focus = visible
                .first()
                .map_or_else(|| self.view.main_panel(), |(id, _)| *id);
        }
        let is_visible = |panel: PanelId| visible.iter().any(|(id, _)| *id == panel);
        let mut books: Vec<SymbolId> = [PanelId::Depth, PanelId::Tape]
            .into_iter()
            .filter(|panel| is_visible(*panel))
            .filter_map(|panel| self.selected_for(panel))
            .collect();
        books.dedup();
        if books != self.watched_books {
            self.watched_books.clone_from(&books);
            self.effects.push(Effect::Send(Command::WatchBooks(books)));
        }
        self.settle_charts(&visible);
    }

    fn settle_selection(&mut self) {
        if let Some(wanted) = &self.wanted_selection {
            let joined = joined_rows(&self.shown);
            let found = self
                .shown
                .rows
                .iter()
                .filter(|row| !joined.contains(&row.id))
                .find(|row| row_name(row) == *wanted || row.symbol.as_str() == wanted)
                .map(|row| row.id);
            if let Some(id) = found {
                self.selected = Some(id);
                self.wanted_selection = None;
            }
        }
        let ids = self.panels.watchlist.ids();
        match self.selected {
            Some(id) if self.shown.rows.get(id).is_some() => {
                if let Some(at) = ids.iter().position(|other| *other == id) {
                    self.selected_at = at;
                }
            }
            // The one that took the place of a removed symbol, or the last.
            _ => {
                self.selected = ids
                    .get(self.selected_at.min(ids.len().saturating_sub(1)))
                    .copied();
            }
        }
    }
}
