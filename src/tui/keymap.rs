//! The one table of keys: it drives dispatch, the footer's hints, the help, and what the configuration can remap.

mod key;
mod table;

use std::collections::HashMap;

pub use key::{Key, KeyParseError};
pub use table::{Context, Entry, TABLE};

use super::action::Action;

/// Why a remapping was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyMapError {
    /// There is no such action.
    #[error("'{name}' is no action that a key can have; {hint}")]
    Action {
        /// What was given.
        name: String,
        /// What may have been meant.
        hint: String,
    },
    /// The key's name cannot be read.
    #[error("{name}: {source}")]
    Key {
        /// The action that was to have it.
        name: String,
        /// What is wrong.
        source: KeyParseError,
    },
    /// Two actions would have one key.
    #[error("the key '{key}' would mean both '{first}' and '{second}'; give one of them another")]
    Taken {
        /// The key.
        key: String,
        /// One action.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
}

/// Which key means what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMap {
    /// The keys of each entry of [`TABLE`].
    keys: Vec<Vec<Key>>,
    meaning: HashMap<(Context, Key), Action>,
}

impl Default for KeyMap {
    fn default() -> Self {
        // The table's own keys are checked by a test; were one wrong, it alone would be missing.
        let keys: Vec<Vec<Key>> = TABLE
            .iter()
            .map(|entry| {
                entry
                    .keys
                    .iter()
                    .filter_map(|key| key.parse().ok())
                    .collect()
            })
            .collect();
        let mut meaning = HashMap::new();
        for (entry, keys) in TABLE.iter().zip(&keys) {
            for key in keys {
                meaning.insert((entry.context, *key), entry.action);
            }
        }
        Self { keys, meaning }
    }
}

impl KeyMap {
    /// The default keys with some actions given others: each pair is an action's name and all of its keys.
    ///
    /// # Errors
    /// Unknown actions and keys, and keys that would mean two things in one place.
    pub fn with<'a>(
        remaps: impl IntoIterator<Item = (&'a str, &'a [String])>,
    ) -> Result<Self, KeyMapError> {
        let mut keys = Self::default().keys;
        for (name, wanted) in remaps {
            let Some(at) = TABLE.iter().position(|entry| entry.name == name) else {
                return Err(KeyMapError::Action {
                    name: name.to_owned(),
                    hint: super::command_line::nearest(name, TABLE.iter().map(|entry| entry.name))
                        .map_or_else(
                            || "the ? overlay lists them".to_owned(),
                            |near| format!("did you mean '{near}'?"),
                        ),
                });
            };
            keys[at] = wanted
                .iter()
                .map(|key| key.parse())
                .collect::<Result<_, _>>()
                .map_err(|source| KeyMapError::Key {
                    name: name.to_owned(),
                    source,
                })?;
        }
        let mut meaning = HashMap::new();
        let mut owner: HashMap<(Context, Key), &'static str> = HashMap::new();
        for (entry, keys) in TABLE.iter().zip(&keys) {
            for key in keys {
                let place = (entry.context, *key);
                if let Some(first) = owner.insert(place, entry.name) {
                    return Err(KeyMapError::Taken {
                        key: key.to_string(),
                        first,
                        second: entry.name,
                    });
                }
                meaning.insert(place, entry.action);
            }
        }
        Ok(Self { keys, meaning })
    }

    /// What a key means, in the first of `contexts` that knows it.
    #[must_use]
    pub fn action(&self, contexts: &[Context], key: Key) -> Option<Action> {
        contexts
            .iter()
            .find_map(|context| self.meaning.get(&(*context, key)).copied())
    }

    /// The keys of an action, most natural first.
    #[must_use]
    pub fn keys_of(&self, action: Action) -> &[Key] {
        TABLE
            .iter()
            .position(|entry| entry.action == action)
            .map_or(&[], |at| self.keys[at].as_slice())
    }

    /// Every entry with its keys.
    pub fn entries(&self) -> impl Iterator<Item = (&'static Entry, &[Key])> {
        TABLE.iter().zip(self.keys.iter().map(Vec::as_slice))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_can_be_read_and_is_there_once_in_its_context() {
        let map = KeyMap::with([]).unwrap();
        assert_eq!(map, KeyMap::default());
        for (entry, keys) in map.entries() {
            assert_eq!(keys.len(), entry.keys.len(), "{}", entry.name);
            for key in keys {
                assert_eq!(
                    map.action(&[entry.context], *key),
                    Some(entry.action),
                    "{} {key}",
                    entry.name
                );
            }
        }
    }

    #[test]
    fn every_entry_has_a_name_of_its_own_a_key_and_a_description() {
        for (index, entry) in TABLE.iter().enumerate() {
            assert!(!entry.keys.is_empty(), "{}", entry.name);
            assert!(entry.help.len() > 3, "{}", entry.name);
            assert!(
                TABLE[index + 1..]
                    .iter()
                    .all(|other| other.name != entry.name),
                "{}",
                entry.name
            );
        }
    }

    #[test]
    fn the_documented_keys_are_the_defaults() {
        let map = KeyMap::default();
        for (key, name) in [
            ("q", "quit"),
            ("?", "help"),
            (":", "command"),
            ("/", "filter"),
            ("a", "add"),
            ("d", "remove"),
            ("u", "undo"),
            ("h", "left"),
            ("j", "down"),
            ("k", "up"),
            ("l", "right"),
            ("up", "up"),
            ("enter", "open"),
            ("esc", "back"),
            ("tab", "next-panel"),
            ("shift-tab", "previous-panel"),
            ("z", "maximise"),
            ("1", "overview"),
            ("5", "pipeline"),
            ("6", "depth"),
            ("7", "tape"),
            ("8", "news"),
            ("0", "movers"),
            ("X", "correlation"),
            ("s", "sort"),
            ("r", "reverse"),
            ("e", "errors"),
            ("p", "pipeline"),
            ("f", "freeze"),
            ("space", "pause"),
            ("[", "slower"),
            ("]", "faster"),
            (",", "step-back"),
            (".", "step"),
            ("<", "seek-back"),
            (">", "seek-forward"),
            ("ctrl-c", "interrupt"),
            ("ctrl-z", "suspend"),
        ] {
            let entry = TABLE.iter().find(|entry| entry.name == name).unwrap();
            assert_eq!(
                map.action(&[Context::Global], key.parse().unwrap()),
                Some(entry.action),
                "{key}"
            );
        }
    }

    #[test]
    fn remaps_replace_and_refuse() {
        let keys = ["F5".to_owned(), "ctrl-q".to_owned()];
        let map = KeyMap::with([("quit", keys.as_slice())]).unwrap();
        assert_eq!(map.action(&[Context::Global], "q".parse().unwrap()), None);
        assert_eq!(
            map.action(&[Context::Global], "f5".parse().unwrap()),
            Some(Action::Quit)
        );

        let taken = ["a".to_owned()];
        let error = KeyMap::with([("quit", taken.as_slice())]).unwrap_err();
        assert!(error.to_string().contains("'add' and 'quit'"), "{error}");
        let error = KeyMap::with([("quitt", taken.as_slice())]).unwrap_err();
        assert!(error.to_string().contains("did you mean 'quit'"), "{error}");
        let unreadable = ["hyper-x".to_owned()];
        let error = KeyMap::with([("quit", unreadable.as_slice())]).unwrap_err();
        assert!(error.to_string().contains("hyper-x"), "{error}");
    }
}
