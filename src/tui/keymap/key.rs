//! A key and its name.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers; a letter typed with shift is its capital.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// A text that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no key; write one such as q, ctrl-c, alt-x, space, enter, F5, pageup or <")]
pub struct KeyParseError(String);

/// Names of the keys that are no characters, as they are written in full.
const NAMES: [(&str, KeyCode); 16] = [
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("shift-tab", KeyCode::BackTab),
];

impl Key {
    /// The key of a terminal's event, in the one form in which tables hold it.
    #[must_use]
    pub fn of(event: &KeyEvent) -> Self {
        Self::new(event.code, event.modifiers)
    }

    fn new(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let mut modifiers =
            modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match code {
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::SHIFT) => {
                modifiers.remove(KeyModifiers::SHIFT);
                KeyCode::Char(c.to_uppercase().next().unwrap_or(c))
            }
            KeyCode::Tab if modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            code => code,
        };
        if code == KeyCode::BackTab {
            modifiers.remove(KeyModifiers::SHIFT);
        }
        // With control there is one letter, whatever its case.
        let code = match code {
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => {
                KeyCode::Char(c.to_ascii_lowercase())
            }
            code => code,
        };
        Self { code, modifiers }
    }

    /// The character that it types into a line of text, if it does.
    #[must_use]
    pub fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if self.modifiers.is_empty() => Some(c),
            _ => None,
        }
    }

    /// How hints show it: arrows as arrows, names with capitals.
    #[must_use]
    pub fn label(self) -> String {
        if !self.modifiers.is_empty() {
            return self.to_string();
        }
        match self.code {
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Enter => "Enter".to_owned(),
            KeyCode::Esc => "Esc".to_owned(),
            KeyCode::Tab => "Tab".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::Home => "Home".to_owned(),
            KeyCode::End => "End".to_owned(),
            _ => self.to_string(),
        }
    }
}

impl std::str::FromStr for Key {
    type Err = KeyParseError;
    fn from_str(text: &str) -> Result<Self, KeyParseError> {
        let wrong = || KeyParseError(text.to_owned());
        let mut rest = text;
        let mut modifiers = KeyModifiers::NONE;
        if rest.chars().count() > 1 {
            while let Some((prefix, after)) = rest.split_once('-') {
                let modifier = match prefix.to_ascii_lowercase().as_str() {
                    "ctrl" | "control" => KeyModifiers::CONTROL,
                    "alt" | "meta" => KeyModifiers::ALT,
                    "shift" => KeyModifiers::SHIFT,
                    _ => return Err(wrong()),
                };
                if after.is_empty() {
                    return Err(wrong());
                }
                modifiers |= modifier;
                rest = after;
                if rest == "-" {
                    break;
                }
            }
        }
        let mut chars = rest.chars();
        if let (Some(c), None) = (chars.next(), chars.next()) {
            return if c.is_control() {
                Err(wrong())
            } else {
                Ok(Self::new(KeyCode::Char(c), modifiers))
            };
        }
        let lower = rest.to_ascii_lowercase();
        if let Some(number) = lower.strip_prefix('f').and_then(|n| n.parse::<u8>().ok())
            && (1..=24).contains(&number)
        {
            return Ok(Self::new(KeyCode::F(number), modifiers));
        }
        let name = match lower.as_str() {
            "escape" => "esc",
            "return" => "enter",
            "del" => "delete",
            "pgup" => "pageup",
            "pgdn" | "pgdown" => "pagedown",
            name => name,
        };
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, code)| Self::new(*code, modifiers))
            .ok_or_else(wrong)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in [
            (KeyModifiers::CONTROL, "ctrl-"),
            (KeyModifiers::ALT, "alt-"),
            (KeyModifiers::SHIFT, "shift-"),
        ] {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match (self.code, NAMES.iter().find(|(_, code)| *code == self.code)) {
            (_, Some((name, _))) => f.write_str(name),
            (KeyCode::Char(c), None) => write!(f, "{c}"),
            (KeyCode::F(number), None) => write!(f, "F{number}"),
            (other, None) => write!(f, "{other:?}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for name in [
            "q",
            "Q",
            "?",
            "<",
            "-",
            ",",
            "ctrl-c",
            "alt-x",
            "ctrl-alt-x",
            "space",
            "F5",
            "F12",
            "pageup",
            "shift-tab",
            "ctrl--",
            "enter",
            "ctrl-left",
            "é",
        ] {
            assert_eq!(name.parse::<Key>().unwrap().to_string(), name);
        }
        for (written, read) in [
            ("Ctrl-C", "ctrl-c"),
            ("f5", "F5"),
            ("Escape", "esc"),
            ("shift-a", "A"),
            ("Space", "space"),
        ] {
            assert_eq!(written.parse::<Key>().unwrap().to_string(), read);
        }
        for bad in ["", "ctrl-", "hyper-x", "spice", "F99", "F0", "\u{1b}"] {
            assert!(bad.parse::<Key>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn shift_is_folded_into_the_letter() {
        let event = KeyEvent::new(KeyCode::Char('g'), KeyModifiers::SHIFT);
        assert_eq!(Key::of(&event), "G".parse().unwrap());
        let event = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Key::of(&event), "G".parse().unwrap());
        let event = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(Key::of(&event), "shift-tab".parse().unwrap());
    }
}
