//! The input thread: keys, pasted text, the mouse and resizing, as they come from the terminal.

mod hang_up;

use std::sync::Arc;

use crossbeam_channel::Sender;
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, MouseEvent, MouseEventKind};

use crate::domain::clock::{Clock, Nanos};

/// Wheel events closer together than this are one.
const WHEEL_EVERY_MS: u64 = 8;

/// What comes in from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed, or repeats.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// Something was done with the mouse.
    Mouse(MouseEvent),
    /// The terminal has another size.
    Resized,
    /// The process is asked to stop.
    Suspend,
    /// The process goes on after having been stopped.
    Continued,
    /// Nothing more will come.
    Closed,
}

impl Input {
    /// The key that a terminal sends as this one byte: a character, or Escape.
    #[must_use]
    pub fn key_of_byte(byte: u8) -> Self {
        let code = match byte {
            0x1b => KeyCode::Esc,
            byte => KeyCode::Char(char::from(byte)),
        };
        Self::Key(KeyEvent::from(code))
    }
}

/// Drops what nobody needs before it reaches the loop.
#[derive(Debug, Default)]
struct Filter {
    wheel: Option<(MouseEventKind, Nanos)>,
}

impl Filter {
    fn pass(&mut self, event: Event, now: Nanos) -> Option<Input> {
        match event {
            Event::Key(key) if key.kind == KeyEventKind::Release => None,
            Event::Key(key) => Some(Input::Key(key)),
            Event::Paste(text) => Some(Input::Paste(text)),
            Event::Resize(..) => Some(Input::Resized),
            Event::Mouse(mouse) => match mouse.kind {
                MouseEventKind::Moved => None,
                MouseEventKind::ScrollUp
                | MouseEventKind::ScrollDown
                | MouseEventKind::ScrollLeft
                | MouseEventKind::ScrollRight => {
                    let is_repeat = self.wheel.is_some_and(|(kind, then)| {
                        kind == mouse.kind && (now.since(then).as_millis() as u64) < WHEEL_EVERY_MS
                    });
                    if is_repeat {
                        return None;
                    }
                    self.wheel = Some((mouse.kind, now));
                    Some(Input::Mouse(mouse))
                }
                _ => Some(Input::Mouse(mouse)),
            },
            _ => None,
        }
    }
}

/// Starts the input thread, and one that watches for the terminal to go away. Both end when nobody listens any more, or
/// with the terminal; they cannot be woken while they wait, so nobody waits for them.
pub(super) fn spawn(inputs: Sender<Input>, clock: Arc<dyn Clock>) -> std::io::Result<()> {
    hang_up::watch(inputs.clone())?;
    std::thread::Builder::new()
        .name("terminal-input".to_owned())
        .spawn(move || {
            let mut filter = Filter::default();
            while let Ok(event) = event::read() {
                if let Some(input) = filter.pass(event, clock.monotonic())
                    && inputs.send(input).is_err()
                {
                    return;
                }
            }
            inputs.send(Input::Closed).ok();
        })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyModifiers, MouseButton};

    use super::*;

    #[test]
    fn moves_releases_and_wheel_storms_are_dropped() {
        let mut filter = Filter::default();
        let mouse = |kind| {
            Event::Mouse(MouseEvent {
                kind,
                column: 1,
                row: 1,
                modifiers: KeyModifiers::NONE,
            })
        };
        let at = |ms: u64| Nanos(ms * Nanos::PER_MS);
        assert!(filter.pass(mouse(MouseEventKind::Moved), at(0)).is_none());
        assert!(
            filter
                .pass(mouse(MouseEventKind::ScrollUp), at(1))
                .is_some()
        );
        assert!(
            filter
                .pass(mouse(MouseEventKind::ScrollUp), at(5))
                .is_none()
        );
        assert!(
            filter
                .pass(mouse(MouseEventKind::ScrollDown), at(6))
                .is_some()
        );
        assert!(
            filter
                .pass(mouse(MouseEventKind::ScrollDown), at(20))
                .is_some()
        );
        let down = MouseEventKind::Down(MouseButton::Left);
        assert!(filter.pass(mouse(down), at(20)).is_some());
        assert!(filter.pass(mouse(down), at(20)).is_some());
        let mut key = KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE);
        assert!(filter.pass(Event::Key(key), at(20)).is_some());
        key.kind = KeyEventKind::Release;
        assert!(filter.pass(Event::Key(key), at(20)).is_none());
    }
}
