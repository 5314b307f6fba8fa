//! Whose data a message holds, and what is said when it is never anybody's that was asked for.

use super::{Feed, OTHERS_MAX, UNTAKEN_MAX};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::sources::mapped::{some_of, strangers};
use crate::sources::venue::{Notice, Output};

impl Feed {
    /// The symbol that is meant by a name that is not wanted in just these letters. As soon as the feed has written it in
    /// those, no other is meant.
    pub(super) fn in_other_letters(&self, name: &str) -> Option<&str> {
        let known = self.spellings.only(name)?;
        let entry = self.wanted.get(known)?;
        (!entry.state.is_exact).then_some(known)
    }

    /// Says once that the mappings or the symbols may be wrong, when nothing is taken of all that comes. `others` are the
    /// symbols whose data this message holds.
    pub(super) fn count_untaken(&mut self, others: &[String], output: &mut Output) {
        let names_symbols = self
            .subscribe
            .as_ref()
            .is_some_and(|template| template.is_for_one() || template.is_for_many());
        let Some(count) = &mut self.connection.untaken else {
            return;
        };
        // A feed that gives everything may take its time to come to what is wanted.
        *count = count.saturating_add(if others.is_empty() || names_symbols {
            OTHERS_MAX / UNTAKEN_MAX
        } else {
            1
        });
        if *count < OTHERS_MAX {
            return;
        }
        self.connection.untaken = None;
        let asked = self.wanted.in_order();
        let asked = asked.into_iter().map(|(name, _)| name);
        let text = if others.is_empty() {
            format!(
                "messages come, and none of them has held data of {}; compare match=, items= and symbol= with such a message",
                some_of(asked)
            )
        } else {
            strangers(others.iter().map(String::as_str), asked)
        };
        let error = ErrorInstance::new(ErrorKind::SchemaError, text).as_warning();
        output.notices.push(Notice::Error(error));
    }
}
