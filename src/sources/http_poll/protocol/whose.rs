//! Whose data an answer holds.

use std::borrow::Cow;

use super::{Answers, Asked, Owned};
use crate::decode::pointer::mapping::Row;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::SymbolId;
use crate::sources::mapped::strangers;
use crate::sources::venue::{Notice, Output};

/// So many answers may hold nothing but other symbols before that is said.
const STRANGE_MAX: u32 = 3;

impl Answers {
    /// Finds whose the rows are; gives the symbols of those that are nobody's, too.
    pub(super) fn owned<'a>(
        &mut self,
        asked: &Asked,
        rows: Vec<Row<'a>>,
    ) -> (Vec<Owned>, Vec<Option<Cow<'a, str>>>) {
        let is_named = |name: &str| {
            let mut names = rows.iter().filter_map(|row| row.symbol.as_deref());
            names.any(|one| one == name)
        };
        let only_name = {
            let mut names = rows.iter().map(|row| row.symbol.as_deref());
            let first = names.next().flatten();
            first.filter(|first| names.all(|name| name == Some(*first)))
        };
        let meant: Option<&str> = asked.symbol.as_ref().and_then(|(symbol, _)| {
            let symbol = symbol.as_str();
            if is_named(symbol) {
                return Some(symbol);
            }
            // The endpoint may write it in its own way; another symbol that is wanted is not meant.
            let is_other =
                |name: &str| self.wanted.get(name).is_some() || self.spellings.only(name).is_some();
            only_name.filter(|name| name.eq_ignore_ascii_case(symbol) || !is_other(name))
        });
        let meant = meant.map(str::to_owned);
        if asked.symbol.is_none() {
            for row in &rows {
                if let Some(entry) = row
                    .symbol
                    .as_deref()
                    .and_then(|name| self.wanted.get_mut(name))
                {
                    entry.state.is_exact = true;
                }
            }
        }
        let (mut owned, mut strange) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            let id = match (&asked.symbol, row.symbol.as_deref()) {
                (Some((_, id)), None) => Some(*id),
                (Some((symbol, id)), Some(name)) => {
                    let is_meant = match &meant {
                        Some(meant) => name == meant,
                        None => name.eq_ignore_ascii_case(symbol.as_str()),
                    };
                    is_meant.then_some(*id)
                }
                (None, Some(name)) => self.id_of(name),
                (None, None) => None,
            };
            match id {
                Some(id) => owned.push((id, row.time, row.payload)),
                None => strange.push(row.symbol),
            }
        }
        (owned, strange)
    }

    /// What a name of the endpoint's stands for.
    fn id_of(&self, name: &str) -> Option<SymbolId> {
        if let Some(entry) = self.wanted.get(name) {
            return Some(entry.id);
        }
        let entry = self.wanted.get(self.spellings.only(name)?)?;
        (!entry.state.is_exact).then_some(entry.id)
    }

    /// Says once that the endpoint may write symbols in another way than they are asked for.
    pub(super) fn count_strange(
        &self,
        asked: &mut Asked,
        strange: &[Option<Cow<'_, str>>],
        output: &mut Output,
    ) {
        let Some(count) = asked.strange.as_mut().filter(|_| !strange.is_empty()) else {
            return;
        };
        *count += 1;
        if *count < STRANGE_MAX {
            return;
        }
        asked.strange = None;
        let came = strange.iter().flatten().map(AsRef::as_ref);
        let symbol = asked.symbol.as_ref().map(|(symbol, _)| symbol);
        let names = match symbol {
            Some(symbol) => vec![symbol.as_str()],
            None => self
                .wanted
                .in_order()
                .into_iter()
                .map(|(name, _)| name)
                .collect(),
        };
        let text = strangers(came, names);
        let mut error = ErrorInstance::new(ErrorKind::SchemaError, text).as_warning();
        error.symbol = symbol.cloned();
        output.notices.push(Notice::Error(error));
    }
}
