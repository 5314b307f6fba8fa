//! Keys of the file that nobody asked for.

use toml::de::{DeTable, DeValue};

use super::Reader;
use crate::config::problem::{Place, Problem};
use crate::sources::spec::nearest;

impl Reader<'_> {
    /// Notes every key of the file that nobody has read. To be called when all known keys have been.
    pub fn refuse_unknown_keys(&mut self) {
        let Some(file) = self.file else {
            return;
        };
        let mut found = Vec::new();
        for (name, value) in file.root {
            let section: &str = name.get_ref();
            let is_section = self.open_sections.contains(&section)
                || self
                    .effective
                    .iter()
                    .any(|entry| entry.key.section() == section);
            match value.get_ref() {
                DeValue::Table(table) if is_section => {
                    if !self.open_sections.contains(&section) {
                        found.extend(self.unknown_in(section, table));
                    }
                }
                _ if is_section => found.push((
                    value.span(),
                    format!("'{section}' is a section; write its keys under [{section}]"),
                )),
                _ if self.is_known("", section) => {}
                _ => found.push((name.span(), self.describe_unknown("", section))),
            }
        }
        for (span, message) in found {
            self.problems.push(Problem {
                place: Place::in_file(file.path, file.text, &span),
                message,
            });
        }
    }

    fn unknown_in(
        &self,
        section: &str,
        table: &DeTable<'_>,
    ) -> Vec<(std::ops::Range<usize>, String)> {
        table
            .keys()
            .filter(|name| !self.is_known(section, name.get_ref()))
            .map(|name| (name.span(), self.describe_unknown(section, name.get_ref())))
            .collect()
    }

    fn is_known(&self, section: &str, name: &str) -> bool {
        self.effective
            .iter()
            .any(|entry| entry.key.section() == section && entry.key.name() == name)
    }

    fn describe_unknown(&self, section: &str, name: &str) -> String {
        let place = match section {
            "" => String::new(),
            section => format!(" in [{section}]"),
        };
        let siblings = self
            .effective
            .iter()
            .filter(|entry| entry.key.section() == section);
        let mut names: Vec<&str> = siblings.map(|entry| entry.key.name()).collect();
        if section.is_empty() {
            names.extend(self.effective.iter().map(|entry| entry.key.section()));
            names.extend(&self.open_sections);
        }
        // A key of exactly this name in another section is better advice than one that merely looks like it.
        let elsewhere = self.effective.iter().find(|entry| entry.key.name() == name);
        let hint = match (
            elsewhere,
            nearest(name, names.iter().copied().filter(|name| !name.is_empty())),
        ) {
            (Some(entry), _) => match entry.key.section() {
                "" => "it belongs at the top of the file, before any [section]".to_owned(),
                section => format!("it belongs in [{section}]"),
            },
            (None, Some(near)) => format!("did you mean '{near}'?"),
            (None, None) => {
                let mut known: Vec<&str> =
                    names.into_iter().filter(|name| !name.is_empty()).collect();
                known.dedup();
                format!("there are {}", known.join(", "))
            }
        };
        format!("unknown key '{name}'{place}; {hint}")
    }
}
