//! The last line: what just happened, else what can be done, from the table of keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::Action;
use super::keymap::Context;
use super::model::Model;
use super::panel::PanelAction;
use super::text::{cut, put, safe, width};
use super::views::PanelId;

/// A hint: keys with what each does, which a click on it does too, and a word for them.
struct Hint {
    keys: Vec<(String, Action)>,
    word: &'static str,
}

impl Hint {
    fn columns(&self) -> usize {
        let keys = self.keys.iter().map(|(key, _)| width(key) + 1);
        keys.sum::<usize>() + width(self.word)
    }

    /// What a click on the word does: what the first key does.
    fn action(&self) -> Action {
        self.keys
            .first()
            .map_or(Action::Help, |(_, action)| *action)
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
        .partition(|hint| matches!(hint.action(), Action::Help | Action::Quit | Action::Close));
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
        let action = hint.action();
        let keys = hint
            .keys
            .iter()
            .map(|(key, action)| (&**key, *action, theme.key));
        for (text, action, look) in keys.chain([(hint.word, action, theme.dim)]) {
            let room = area.right().saturating_sub(x);
            let end = put(buffer, x, y, room, text, look);
            let hit = Rect {
                x,
                y,
                width: end - x,
                height: 1,
            };
            model.geometry.hits.push((hit, action));
            x = end + 1;
        }
        x += 1;
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
            // There is nothing to open in a table of figures.
            if entry.action == Action::Panel(PanelAction::Open) && model.focus == PanelId::Pipeline
            {
                continue;
            }
            match hints.last_mut() {
                // Two keys for one thing, such as slower and faster, are one hint.
                Some(hint) if hint.word == entry.hint => {
                    hint.keys.push((key.label(), entry.action));
                }
                _ => hints.push(Hint {
                    keys: vec![(key.label(), entry.action)],
                    word: entry.hint,
                }),
            }
        }
    }
    hints
}
