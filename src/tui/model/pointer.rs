//! The mouse.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::super::action::Action;
use super::super::panel::{PanelAction, PanelMouse};
use super::super::views::PanelId;
use super::Model;

/// Two clicks at one place within this time are a double click.
const DOUBLE_CLICK_MS: u64 = 400;

impl Model {
    /// Something was done with the mouse.
    pub fn mouse(&mut self, event: &MouseEvent) {
        let position = Position::new(event.column, event.row);
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                self.dragged_from = Some(position);
                self.click(position);
            }
            MouseEventKind::Up(MouseButton::Left) => self.dragged_from = None,
            MouseEventKind::Drag(MouseButton::Left) => {
                if let Some(from) = self.dragged_from.replace(position)
                    && self.overlay.is_none()
                    && let Some(id) = self.panel_at(from)
                {
                    let response = self.with_panel(id, |panel, context| {
                        panel.mouse(PanelMouse::Drag(from, position), context)
                    });
                    self.respond(response);
                }
            }
            // A wheel with shift goes to the side, as one that can be tilted does.
            MouseEventKind::ScrollUp if event.modifiers.contains(KeyModifiers::SHIFT) => {
                self.scroll_sideways(position, PanelAction::Left);
            }
            MouseEventKind::ScrollDown if event.modifiers.contains(KeyModifiers::SHIFT) => {
                self.scroll_sideways(position, PanelAction::Right);
            }
            MouseEventKind::ScrollLeft => self.scroll_sideways(position, PanelAction::Left),
            MouseEventKind::ScrollRight => self.scroll_sideways(position, PanelAction::Right),
            MouseEventKind::ScrollUp => self.scroll(position, true),
            MouseEventKind::ScrollDown => self.scroll(position, false),
            _ => {}
        }
    }

    fn scroll(&mut self, position: Position, is_up: bool) {
        if self.overlay.is_some() {
            let action = if is_up {
                PanelAction::Up
            } else {
                PanelAction::Down
            };
            for _ in 0..3 {
                self.act(Action::Panel(action));
            }
            return;
        }
        if let Some(id) = self.panel_at(position) {
            let mouse = if is_up {
                PanelMouse::ScrollUp(position)
            } else {
                PanelMouse::ScrollDown(position)
            };
            let response = self.with_panel(id, |panel, context| panel.mouse(mouse, context));
            self.respond(response);
        }
    }

    /// Scrolls what can be scrolled to the side.
    fn scroll_sideways(&mut self, position: Position, action: PanelAction) {
        if self.overlay.is_none()
            && let Some(id @ (PanelId::Chart | PanelId::Query)) = self.panel_at(position)
        {
            let response = self.with_panel(id, |panel, context| panel.act(action, context));
            self.respond(response);
        }
    }

    fn click(&mut self, position: Position) {
        let hit = self
            .geometry
            .hits
            .iter()
            .find(|(area, _)| area.contains(position))
            .map(|(_, action)| *action);
        if let Some(action) = hit {
            self.act(action);
            return;
        }
        if self.overlay.is_some() {
            if !self.geometry.overlay.contains(position) {
                self.overlay = None;
            }
            return;
        }
        let is_double = self.last_click.is_some_and(|(then, place)| {
            place == position && self.now.since(then).as_millis() as u64 <= DOUBLE_CLICK_MS
        });
        self.last_click = (!is_double).then_some((self.now, position));
        let Some(id) = self.panel_at(position) else {
            return;
        };
        self.focus = id;
        let is_inside = self
            .geometry
            .panels
            .iter()
            .any(|(_, border)| inside(*border).contains(position));
        if is_inside {
            let mouse = if is_double {
                PanelMouse::DoubleClick(position)
            } else {
                PanelMouse::Click(position)
            };
            let response = self.with_panel(id, |panel, context| panel.mouse(mouse, context));
            self.respond(response);
        }
    }

    fn panel_at(&self, position: Position) -> Option<PanelId> {
        self.geometry
            .panels
            .iter()
            .find(|(_, area)| area.contains(position))
            .map(|(id, _)| *id)
    }
}

/// What a border encloses.
pub(in super::super) fn inside(border: Rect) -> Rect {
    Rect {
        x: border.x.saturating_add(1),
        y: border.y.saturating_add(1),
        width: border.width.saturating_sub(2),
        height: border.height.saturating_sub(2),
    }
}
