//! Names of symbols as people and feeds write them.

use rustc_hash::FxHashMap;

/// The names that are wanted, to be found by whoever writes them in other letters.
#[derive(Debug, Default)]
pub(in crate::sources) struct Spellings(FxHashMap<String, Vec<Box<str>>>);

impl Spellings {
    pub(in crate::sources) fn insert(&mut self, name: &str) {
        let known = self.0.entry(name.to_lowercase()).or_default();
        known.push(name.into());
    }

    pub(in crate::sources) fn remove(&mut self, name: &str) {
        let lowercase = name.to_lowercase();
        if let Some(known) = self.0.get_mut(&lowercase) {
            known.retain(|one| **one != *name);
            if known.is_empty() {
                self.0.remove(&lowercase);
            }
        }
    }

    /// The name that is written like this but for the case of its letters, if there is only one.
    pub(in crate::sources) fn only(&self, name: &str) -> Option<&str> {
        match self.0.get(&name.to_lowercase())?.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// How many names of a kind a text shows, and how much of each.
const NAMES_SHOWN: usize = 3;
const NAME_CHARS_SHOWN: usize = 64;

/// That nothing but the data of symbols has come that nobody has asked for.
pub(in crate::sources) fn strangers<'a>(
    came: impl IntoIterator<Item = &'a str>,
    asked: impl IntoIterator<Item = &'a str>,
) -> String {
    format!(
        "data come for {}, asked for are {}; write symbols as the data do, or see where symbol= leads",
        some_of(came),
        some_of(asked)
    )
}

/// The first few names, each once.
pub(in crate::sources) fn some_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut shown: Vec<String> = Vec::new();
    for name in names {
        let name: String = name.chars().take(NAME_CHARS_SHOWN).collect();
        let name = format!("'{name}'");
        if shown.contains(&name) {
            continue;
        }
        if shown.len() == NAMES_SHOWN {
            shown.push("others".to_owned());
            break;
        }
        shown.push(name);
    }
    shown.join(", ")
}
