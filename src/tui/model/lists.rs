//! Named watchlists.

use std::collections::BTreeMap;

use crate::domain::symbol::SymbolSpec;
use crate::pipeline::Command;

use super::super::command_line::{ListOrder, nearest};
use super::Model;

/// The settings' lists with those of the session over them.
pub(super) fn merged(
    settings: &BTreeMap<String, Vec<SymbolSpec>>,
    session: &BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, Vec<SymbolSpec>> {
    let mut lists = settings.clone();
    for (name, symbols) in session {
        if symbols.is_empty() {
            lists.remove(name);
        } else {
            let symbols = symbols.iter().filter_map(|text| text.parse().ok());
            lists.insert(name.clone(), symbols.collect());
        }
    }
    lists
}

impl Model {
    pub(super) fn obey_list(&mut self, order: ListOrder) -> Result<(), String> {
        match order {
            ListOrder::All => self.panels.watchlist.set_list(None),
            ListOrder::Show(name) => {
                if !self.lists.contains_key(&name) {
                    return Err(self.no_list(&name));
                }
                self.show_list(&name, true);
            }
            ListOrder::New(name, symbols) => {
                if self.lists.contains_key(&name) {
                    return Err(format!("there is a list '{name}' already"));
                }
                let symbols = if symbols.is_empty() {
                    self.selected
                        .and_then(|id| self.shown.rows.get(id))
                        .map(|row| {
                            vec![SymbolSpec {
                                symbol: row.symbol.clone(),
                                source: None,
                            }]
                        })
                        .ok_or_else(|| "name the list's symbols after its name".to_owned())?
                } else {
                    symbols
                };
                self.change_list(&name, symbols);
                self.show_list(&name, true);
            }
            ListOrder::Add(added) => {
                let (name, mut symbols) = self.shown_list()?;
                for spec in added {
                    if !symbols.contains(&spec) {
                        symbols.push(spec);
                    }
                }
                self.change_list(&name, symbols);
                self.show_list(&name, true);
            }
            ListOrder::Remove(gone) => {
                let (name, mut symbols) = self.shown_list()?;
                if let Some(spec) = gone.iter().find(|spec| !symbols.contains(spec)) {
                    return Err(format!("'{spec}' is not on the list '{name}'"));
                }
                symbols.retain(|spec| !gone.contains(spec));
                if symbols.is_empty() {
                    return Err(format!(
                        "the list '{name}' would be empty; 'list delete {name}' deletes it"
                    ));
                }
                self.change_list(&name, symbols);
                self.show_list(&name, false);
            }
            ListOrder::Delete(name) => {
                if self.lists.remove(&name).is_none() {
                    return Err(self.no_list(&name));
                }
                self.lists_changed.insert(name.clone(), Vec::new());
                if self.panels.watchlist.list() == Some(name.as_str()) {
                    self.panels.watchlist.set_list(None);
                }
            }
        }
        Ok(())
    }

    fn no_list(&self, name: &str) -> String {
        match nearest(name, self.lists.keys().map(String::as_str)) {
            Some(near) => format!("there is no list '{name}'; did you mean '{near}'?"),
            None if self.lists.is_empty() => {
                format!("there is no list '{name}'; 'list new {name} SYMBOL …' makes one")
            }
            None => {
                let names: Vec<&str> = self.lists.keys().map(String::as_str).collect();
                format!("there is no list '{name}'; there are {}", names.join(", "))
            }
        }
    }

    fn shown_list(&self) -> Result<(String, Vec<SymbolSpec>), String> {
        let name = self
            .panels
            .watchlist
            .list()
            .ok_or_else(|| "show a list first: 'list NAME'".to_owned())?;
        let symbols = self.lists.get(name).cloned().unwrap_or_default();
        Ok((name.to_owned(), symbols))
    }

    fn change_list(&mut self, name: &str, symbols: Vec<SymbolSpec>) {
        let texts = symbols.iter().map(ToString::to_string).collect();
        self.lists_changed.insert(name.to_owned(), texts);
        self.lists.insert(name.to_owned(), symbols);
    }

    /// Shows a list that exists; what is not subscribed yet is, when `subscribe` says so.
    pub(super) fn show_list(&mut self, name: &str, subscribe: bool) {
        let Some(symbols) = self.lists.get(name).cloned() else {
            return;
        };
        let missing: Vec<SymbolSpec> = symbols
            .iter()
            .filter(|spec| {
                !self.latest.rows.iter().any(|row| {
                    row.symbol == spec.symbol
                        && spec.source.as_ref().is_none_or(|name| *name == row.source)
                })
            })
            .cloned()
            .collect();
        self.panels
            .watchlist
            .set_list(Some((name.to_owned(), symbols)));
        if subscribe && !missing.is_empty() {
            self.send(Command::Add(missing));
        }
    }

    /// After the settings changed: the list that is shown may have others on it, or be gone.
    pub(super) fn show_list_again(&mut self) {
        if let Some(name) = self.panels.watchlist.list().map(str::to_owned) {
            if self.lists.contains_key(&name) {
                self.show_list(&name, false);
            } else {
                self.panels.watchlist.set_list(None);
            }
        }
    }

    /// Shows the next list; after the last one everything.
    pub(super) fn next_list(&mut self) {
        let names: Vec<String> = self.lists.keys().cloned().collect();
        if names.is_empty() {
            self.notify("there is no named list yet: ':list new NAME SYMBOL …' makes one");
            return;
        }
        let next = match self.panels.watchlist.list() {
            None => names.first(),
            Some(shown) => names.iter().find(|name| name.as_str() > shown),
        };
        match next {
            Some(name) => self.show_list(name, true),
            None => self.panels.watchlist.set_list(None),
        }
    }
}
