//! What outlasts a run, and what follows when the settings change during one.

use super::super::command_line::tape_lines;
use super::super::settings::{SessionState, TuiSettings};
use super::super::theme::Theme;
use super::{Model, lists, row_name};

fn owned<'a, T>(entries: impl Iterator<Item = (&'a str, T)>) -> Vec<(String, T)> {
    entries
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

impl Model {
    /// What to keep for the next run.
    #[must_use]
    pub fn session(&self) -> SessionState {
        SessionState {
            view: Some(self.view),
            sort: Some(self.panels.watchlist.sort().clone()),
            symbols: self.latest.rows.iter().map(row_name).collect(),
            selected: self
                .selected
                .and_then(|id| self.latest.rows.get(id))
                .map(row_name),
            timeframe: Some(self.panels.chart.timeframe().label().to_owned()),
            indicators: Some(self.indicator_texts()),
            columns: Some(self.panels.watchlist.columns().to_vec()),
            watchlist: self.panels.watchlist.list().map(str::to_owned),
            watchlists: self.lists_changed.clone(),
            theme: Some(self.settings.theme),
            maximised: self.is_maximised,
            questions: self.panels.query.history().to_vec(),
            groupings: owned(self.panels.depth.groupings().iter()),
            tape_sizes: owned(
                self.panels
                    .tape
                    .sizes_min()
                    .iter()
                    .map(|(name, size)| (name, size.to_string())),
            ),
            tape: tape_lines(&self.panels.tape.rules_of(None)),
        }
    }

    /// Takes over changed settings. What the user has changed meanwhile (view, sorting, columns) stays, unless the
    /// setting itself has changed.
    pub fn configure(&mut self, settings: TuiSettings) {
        let old = std::mem::replace(&mut self.settings, settings);
        if old.columns != self.settings.columns {
            let columns = self.settings.columns.clone();
            self.panels.watchlist.set_columns(columns);
        }
        if old.sort != self.settings.sort {
            let sort = self.settings.sort.clone();
            self.panels.watchlist.set_sort(sort);
        }
        if old.indicators != self.settings.indicators {
            let catalogue = &self.settings.indicator_catalogue;
            self.indicators = catalogue.read_all(&self.settings.indicators);
        }
        if old.watchlists != self.settings.watchlists {
            self.lists = lists::merged(&self.settings.watchlists, &self.lists_changed);
            self.show_list_again();
        }
        self.theme = Theme::of(self.settings.theme, self.settings.color_depth);
        self.notify("the configuration has been read again");
    }
}
