//! Actions: what happens when a person wants something.

use crossterm::event::KeyEvent;

use crate::domain::time::Timeframe;
use crate::pipeline::Command;
use crate::pipeline::source::TransportCommand;

use super::super::action::Action;
use super::super::keymap::Key;
use super::super::panel::{PanelAction, Response};
use super::super::panels::watchlist::Column;
use super::super::views::{PanelId, View};
use super::{Effect, Model, Overlay, Prompt, PromptKind, row_spec};

/// How many removals can be undone.
const REMOVED_MAX: usize = 100;

/// With so many jumps a replay is passed over, if it is short.
const JUMPS_IN_ALL: i64 = 20;
/// The shortest jump.
const JUMP_MS_MIN: i64 = 1000;

impl Model {
    /// A key was pressed.
    pub fn key(&mut self, event: &KeyEvent) {
        let key = Key::of(event);
        let action = self.settings.keys.action(self.key_contexts(), key);
        if self.prompt.is_some() {
            match (action, key.typed()) {
                (Some(Action::Edit(edit)), _) => self.edit(edit),
                (_, Some(c)) => self.type_text(c.encode_utf8(&mut [0; 4])),
                _ => {}
            }
            return;
        }
        self.notice = None;
        if self.is_typing_question() {
            match (action, key.typed()) {
                (Some(Action::Edit(edit)), _) => self.edit_question(edit),
                (_, Some(c)) => self.type_question(c.encode_utf8(&mut [0; 4])),
                _ => {}
            }
            return;
        }
        if let Some(action) = action {
            self.act(action);
        }
    }

    /// Text was pasted: it is typed where text is being typed, and never taken for keys.
    pub fn paste(&mut self, text: &str) {
        if self.prompt.is_some() {
            self.type_text(text);
        } else if self.is_typing_question() {
            self.type_question(text);
        } else {
            self.notify("press a to add symbols or : for a command, then paste");
        }
    }

    /// Does what a person wants.
    pub fn act(&mut self, action: Action) {
        if self.overlay.is_some() && self.act_on_overlay(action) {
            return;
        }
        match action {
            Action::Interrupt if self.is_quitting => self.effects.push(Effect::Leave),
            Action::Quit | Action::Interrupt => self.quit(),
            Action::Suspend => self.effects.push(Effect::Suspend),
            Action::Redraw => self.effects.push(Effect::Redraw),
            Action::Help => self.open_help(""),
            Action::CommandLine => self.prompt = Some(Prompt::new(PromptKind::Command, "")),
            Action::Filter => self.open_filter(),
            Action::AddSymbols => self.prompt = Some(Prompt::new(PromptKind::Add, "")),
            Action::RemoveSymbol => self.remove_selected(),
            Action::Undo => self.undo(),
            Action::Panel(action) => self.act_on_panel(action),
            Action::NextPanel => self.next_panel(1),
            Action::PreviousPanel => self.next_panel(-1),
            Action::Maximise => self.is_maximised = !self.is_maximised,
            Action::View(View::Query) if self.panels.query.is_fresh(&self.shown) => self.ask(""),
            Action::View(view) => self.show_view(view),
            Action::WriteAnswer => self.name_answer_file(),
            Action::NextWatchlist => self.next_list(),
            Action::Columns => self.open_columns(),
            Action::Indicators => self.open_indicators(),
            Action::Compare => self.toggle_compare(),
            Action::Freeze => self.freeze(),
            Action::TogglePause => self.transport(TransportCommand::Toggle),
            Action::Slower => self.transport(TransportCommand::Slower),
            Action::Faster => self.transport(TransportCommand::Faster),
            Action::Step => self.transport(TransportCommand::Step),
            Action::StepBack => self.transport(TransportCommand::StepBack),
            Action::SeekForward => self.transport(TransportCommand::SeekBy(self.seek_ms())),
            Action::SeekBack => self.transport(TransportCommand::SeekBy(-self.seek_ms())),
            Action::Edit(edit) if self.is_typing_question() => self.edit_question(edit),
            Action::Edit(edit) => self.edit(edit),
            Action::Close | Action::MoveUp | Action::MoveDown | Action::Toggle => {}
        }
    }

    pub(super) fn quit(&mut self) {
        if !self.is_quitting {
            self.is_quitting = true;
            self.send(Command::Quit);
        }
    }

    fn open_filter(&mut self) {
        let (panel, text) = match self.focus {
            PanelId::Errors => (PanelId::Errors, self.panels.errors.filter().to_owned()),
            PanelId::News => (PanelId::News, self.panels.news.filter().to_owned()),
            _ => (
                PanelId::Watchlist,
                self.panels.watchlist.filter().to_owned(),
            ),
        };
        self.prompt = Some(Prompt::new(PromptKind::Filter(panel), &text));
    }

    pub(super) fn open_help(&mut self, query: &str) {
        self.overlay = Some(Overlay::Help {
            top: 0,
            query: query.to_owned(),
        });
    }

    fn open_columns(&mut self) {
        let shown = self.panels.watchlist.columns().to_vec();
        let names = self.value_names();
        let values = names.iter().map(|name| Column::Value(name.into()));
        let hidden = Column::ALL
            .into_iter()
            .chain(values)
            .filter(|column| !shown.contains(column));
        let entries = shown
            .iter()
            .map(|column| (column.clone(), true))
            .chain(hidden.map(|column| (column, false)))
            .collect();
        self.overlay = Some(Overlay::Columns { entries, at: 0 });
    }

    fn remove_selected(&mut self) {
        let Some(row) = self.selected.and_then(|id| self.shown.rows.get(id)) else {
            self.notify("there is no symbol to remove");
            return;
        };
        let spec = row_spec(row);
        let undo = self.settings.keys.keys_of(Action::Undo).first().copied();
        self.notify(match undo {
            Some(key) => format!("removed {} · {} brings it back", spec.symbol, key.label()),
            None => format!("removed {}", spec.symbol),
        });
        self.remember_removed(vec![spec.clone()]);
        self.send(Command::Remove(vec![spec]));
    }

    pub(super) fn remember_removed(&mut self, symbols: Vec<crate::domain::symbol::SymbolSpec>) {
        if self.removed.len() >= REMOVED_MAX {
            self.removed.remove(0);
        }
        self.removed.push(symbols);
    }

    pub(super) fn undo(&mut self) {
        let Some(symbols) = self.removed.pop() else {
            self.notify("nothing has been removed");
            return;
        };
        let names: Vec<String> = symbols.iter().map(ToString::to_string).collect();
        self.notify(format!("added {} again", names.join(", ")));
        self.wanted_selection = names.first().cloned();
        self.send(Command::Add(symbols));
    }

    pub(super) fn show_view(&mut self, view: View) {
        if view != self.view {
            self.previous_view = self.view;
            self.view = view;
        }
        self.is_maximised = false;
        self.focus = view.main_panel();
    }

    fn next_panel(&mut self, by: i64) {
        // A panel that is shown alone gives its place to the next one.
        let all = self.view.layout(self.body());
        if all.is_empty() {
            return;
        }
        let at = all
            .iter()
            .position(|(id, _)| *id == self.focus)
            .unwrap_or(0) as i64;
        self.focus = all[(at + by).rem_euclid(all.len() as i64) as usize].0;
    }

    pub(super) fn freeze(&mut self) {
        if self.frozen_since.take().is_some() {
            self.shown = std::sync::Arc::clone(&self.latest);
        } else {
            self.frozen_since = Some(self.now);
        }
    }

    fn transport(&mut self, command: TransportCommand) {
        if self
            .latest
            .sources
            .iter()
            .all(|source| source.transport.is_none())
        {
            self.notify("no replay is open: live data cannot be paused, sped up or sought");
            return;
        }
        self.send(Command::Transport {
            source: None,
            command,
        });
    }

    /// How far one jump goes: some fifteen bars of what is on the chart, but no more than a part of all there is.
    fn seek_ms(&self) -> i64 {
        let minutes = match self.panels.chart.timeframe() {
            Timeframe::M1 => 15,
            Timeframe::M5 => 60,
            Timeframe::M15 => 4 * 60,
            Timeframe::H1 => 24 * 60,
            Timeframe::D1 => 7 * 24 * 60,
        };
        let transports = self.latest.sources.iter();
        let transports = transports.filter_map(|source| source.transport.as_ref());
        let longest = transports.filter_map(|transport| transport.length_ms).max();
        let most = longest.map_or(i64::MAX, |ms| (ms / JUMPS_IN_ALL).max(JUMP_MS_MIN));
        most.min(minutes * 60_000)
    }

    /// Offers an action to the focused panel, then to the watchlist, then deals with it here.
    pub(super) fn act_on_panel(&mut self, action: PanelAction) {
        let focus = self.focus;
        let mut response = self.with_panel(focus, |panel, context| panel.act(action, context));
        let is_for_watchlist = matches!(
            action,
            PanelAction::Up
                | PanelAction::Down
                | PanelAction::PageUp
                | PanelAction::PageDown
                | PanelAction::Home
                | PanelAction::End
                | PanelAction::SortNext
                | PanelAction::SortReverse
                | PanelAction::Copy
        );
        if response == Response::Ignored && is_for_watchlist && focus != PanelId::Watchlist {
            response = self.with_panel(PanelId::Watchlist, |panel, context| {
                panel.act(action, context)
            });
        }
        // Where there is no list to move in, the sides lead to the symbols before and after.
        let neighbour = match action {
            PanelAction::Left => Some(PanelAction::Up),
            PanelAction::Right => Some(PanelAction::Down),
            _ => None,
        };
        if let Some(neighbour) = neighbour
            && response == Response::Ignored
            && matches!(focus, PanelId::Depth | PanelId::Tape | PanelId::News)
        {
            response = self.with_panel(PanelId::Watchlist, |panel, context| {
                panel.act(neighbour, context)
            });
        }
        if response == Response::Ignored {
            match action {
                PanelAction::Back => self.back(),
                PanelAction::NextTimeframe | PanelAction::PreviousTimeframe => {
                    response = self
                        .with_panel(PanelId::Chart, |panel, context| panel.act(action, context));
                }
                _ => {}
            }
        }
        self.respond(response);
    }

    fn back(&mut self) {
        if self.is_maximised {
            self.is_maximised = false;
        } else if !self.panels.watchlist.filter().is_empty() {
            self.panels.watchlist.set_filter("");
        } else if self.panels.watchlist.list().is_some() {
            self.panels.watchlist.set_list(None);
        } else if self.view != View::Overview {
            let back_to = if self.previous_view == self.view {
                View::Overview
            } else {
                self.previous_view
            };
            self.show_view(back_to);
            self.previous_view = View::Overview;
        } else {
            self.focus = PanelId::Watchlist;
        }
    }

    /// Does what a panel answered.
    pub(in super::super) fn respond(&mut self, response: Response) {
        match response {
            Response::Ignored | Response::Done => {}
            Response::Select(id) => {
                self.selected = Some(id);
                self.wanted_selection = None;
            }
            Response::OpenChart(id) => {
                self.selected = Some(id);
                self.wanted_selection = None;
                if self.view == View::Chart {
                    self.focus = PanelId::Chart;
                } else {
                    self.show_view(View::Chart);
                }
            }
            Response::Send(command) => self.send(command),
            Response::Copy(text) => {
                self.notify("copied");
                self.effects.push(Effect::Copy(text));
            }
            Response::ShowError(id) => {
                let row = self.shown.errors.iter().find(|row| row.id == id).cloned();
                if let Some(row) = row {
                    self.send(Command::AcknowledgeErrors(Some(id)));
                    self.overlay = Some(Overlay::Error {
                        row: Box::new(row),
                        top: 0,
                    });
                }
            }
            Response::ShowNews(id) => {
                let row = self.shown.news.iter().find(|row| row.id == id).cloned();
                if let Some(row) = row {
                    self.panels.news.mark_read(id);
                    self.overlay = Some(Overlay::News {
                        row: Box::new(row),
                        top: 0,
                    });
                }
            }
        }
    }
}
