//! Actions while something lies over the screen.

use super::super::action::Action;
use super::super::panel::{PanelAction, Response};
use super::super::panels::news::copy_text;
use super::super::panels::watchlist::Column;
use super::{Model, Overlay, Prompt, PromptKind};

impl Model {
    /// Offers an action to what lies over the screen; tells whether it was taken.
    pub(super) fn act_on_overlay(&mut self, action: Action) -> bool {
        let Some(overlay) = &mut self.overlay else {
            return false;
        };
        let page = usize::from(self.geometry.overlay.height.saturating_sub(2)).max(1);
        if let Overlay::Columns { entries, at } = overlay {
            let last = entries.len().saturating_sub(1);
            let mut changed = true;
            match action {
                Action::Panel(PanelAction::Up) => *at = at.saturating_sub(1),
                Action::Panel(PanelAction::Down) => *at = (*at + 1).min(last),
                Action::Toggle => entries[*at].1 = !entries[*at].1,
                Action::MoveUp if *at > 0 => {
                    entries.swap(*at, *at - 1);
                    *at -= 1;
                }
                Action::MoveDown if *at < last => {
                    entries.swap(*at, *at + 1);
                    *at += 1;
                }
                _ => changed = false,
            }
            if changed {
                let columns: Vec<Column> = entries
                    .iter()
                    .filter(|(_, is_shown)| *is_shown)
                    .map(|(column, _)| column.clone())
                    .collect();
                // Without any column there is nothing to see; the last one stays.
                if columns.is_empty() {
                    entries[*at].1 = true;
                } else if columns != self.panels.watchlist.columns() {
                    self.panels.watchlist.set_columns(columns);
                }
                return true;
            }
        } else if let Overlay::Indicators { entries, at } = overlay {
            let last = entries.len().saturating_sub(1);
            match action {
                Action::Panel(PanelAction::Up) => *at = at.saturating_sub(1),
                Action::Panel(PanelAction::Down) => *at = (*at + 1).min(last),
                Action::Panel(PanelAction::PageUp) => *at = at.saturating_sub(page),
                Action::Panel(PanelAction::PageDown) => *at = (*at + page).min(last),
                Action::Panel(PanelAction::Home) => *at = 0,
                Action::Panel(PanelAction::End) => *at = last,
                Action::Toggle => {
                    if let Some(spec) = entries.get(*at).cloned() {
                        self.toggle_indicator(&spec);
                    }
                }
                _ => return self.close_on(action),
            }
            return true;
        } else if let Overlay::Help { top, .. }
        | Overlay::Error { top, .. }
        | Overlay::News { top, .. } = overlay
        {
            match action {
                Action::Panel(PanelAction::Up) => *top = top.saturating_sub(1),
                Action::Panel(PanelAction::Down) => *top += 1,
                Action::Panel(PanelAction::PageUp) => *top = top.saturating_sub(page),
                Action::Panel(PanelAction::PageDown) => *top += page,
                Action::Panel(PanelAction::Home) => *top = 0,
                Action::Panel(PanelAction::End) => *top = usize::MAX / 2,
                Action::Filter if matches!(overlay, Overlay::Help { .. }) => {
                    self.prompt = Some(Prompt::new(PromptKind::HelpSearch, ""));
                }
                Action::Panel(PanelAction::Copy) => {
                    self.copy_from_overlay();
                }
                Action::Close | Action::Quit | Action::Help => self.overlay = None,
                Action::Interrupt | Action::Suspend | Action::Redraw => return false,
                _ => {}
            }
            return true;
        }
        self.close_on(action)
    }

    fn close_on(&mut self, action: Action) -> bool {
        match action {
            Action::Close | Action::Quit | Action::Help => self.overlay = None,
            Action::Interrupt | Action::Suspend | Action::Redraw => return false,
            _ => {}
        }
        true
    }

    fn copy_from_overlay(&mut self) {
        match &self.overlay {
            Some(Overlay::News { row, .. }) => {
                let text = copy_text(row);
                self.respond(Response::Copy(text));
            }
            Some(Overlay::Error { .. }) => self.act_on_panel(PanelAction::Copy),
            _ => {}
        }
    }
}
