//! The last line: what just happened, else what can be done, from the table of keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::Action;
use super::keymap::Context;
use super::model::Model;
use super::text::{cut, put, safe, width};

/// A hint: keys, a word, and what a click on it does.
struct Hint {
    keys: String,
    word: &'static str,
    action: Action,
}

impl Hint {
    fn columns(&self) -> usize {
        width(&self.keys) + 1 + width(self.word)
    }
}

pub(super) fn draw(model: &mut Model, buffer: &mut Buffer) {
    let area = buffer.area;
    let y = area.bottom() - 1;
    let theme = model.theme;
    if let Some(notice) = &model.notice {
        let (sign, style) = if notice.is_error {
            ("✖", theme.error)
        } else {
            ("·", theme.info)
        };
        let text = format!(" {sign} {}", safe(&notice.text));
        put(
            buffer,
            area.x,
            y,
            area.width,
            &cut(&text, usize::from(area.width)),
            style,
        );
        return;
    }
    let hints = hints(model);
    // Help and the way out are always there; of the others as many as fit as a whole.
    let (last, others): (Vec<Hint>, Vec<Hint>) = hints
        .into_iter()
        .partition(|hint| matches!(hint.action, Action::Help | Action::Quit | Action::Close));
    let reserved: usize = last.iter().map(|hint| hint.columns() + 2).sum();
    let mut room = usize::from(area.width).saturating_sub(1 + reserved);
    let mut shown = Vec::new();
    for hint in others {
        let needed = hint.columns() + 2;
        if needed > room {
            break;
        }
        room -= needed;
        shown.push(hint);
    }
    let mut x = area.x + 1;
    for hint in shown.into_iter().chain(last) {
        let start = x;
        let left = |x: u16| area.right().saturating_sub(x);
        x = put(buffer, x, y, left(x), &hint.keys, theme.key);
        x = put(buffer, x, y, left(x), " ", theme.dim);
        x = put(buffer, x, y, left(x), hint.word, theme.dim);
        let hit = Rect {
            x: start,
            y,
            width: x - start,
            height: 1,
        };
        model.geometry.hits.push((hit, hint.action));
        x += 2;
    }
}

fn hints(model: &Model) -> Vec<Hint> {
    let contexts: &[Context] = match model.key_contexts() {
        _ if model.overlay.is_some() => &[Context::Overlay],
        // The watchlist's own keys are less asked for than those that hold everywhere.
        [Context::Watchlist, ..] => &[Context::Global, Context::Watchlist],
        contexts => contexts,
    };
    let has_replay = model
        .shown
        .sources
        .iter()
        .any(|source| source.transport.is_some());
    let mut hints: Vec<Hint> = Vec::new();
    for context in contexts {
        for (entry, keys) in model.settings.keys.entries() {
            let Some(key) = keys.first() else { continue };
            let is_of_replay = matches!(
                entry.action,
                Action::TogglePause | Action::Slower | Action::Faster
            );
            if entry.context != *context || entry.hint.is_empty() || (is_of_replay && !has_replay) {
                continue;
            }
            match hints.last_mut() {
                // Two keys for one thing, such as slower and faster, are one hint.
                Some(hint) if hint.word == entry.hint => {
                    hint.keys.push(' ');
                    hint.keys.push_str(&key.label());
                    hint.action = entry.action;
                }
                _ => hints.push(Hint {
                    keys: key.label(),
                    word: entry.hint,
                    action: entry.action,
                }),
            }
        }
    }
    hints
}
