//! What Coinbase does not confirm, and what it complains of.

use super::{ATTEMPTS_MAX, COMPLAINED_MS, Coinbase, UNCONFIRMED_MS};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::SymbolId;
use crate::sources::venue::reading::shortened;
use crate::sources::venue::{Notice, Output};

impl Coinbase {
    /// Asks again for what has not been confirmed, each symbol by itself: one that does not exist may spoil a request for
    /// many.
    pub(super) fn repeat(&mut self, output: &mut Output) {
        if self.now < self.repeat_at {
            return;
        }
        self.repeat_at = self.now.plus_ms(UNCONFIRMED_MS);
        let missing: Vec<(SymbolId, u32)> = self
            .wanted
            .in_order()
            .into_iter()
            .filter(|(_, entry)| !entry.state.is_confirmed && !entry.state.is_refused)
            .map(|(_, entry)| (entry.id, entry.state.attempts))
            .collect();
        for (symbol, attempts) in missing {
            if attempts < ATTEMPTS_MAX {
                self.call_all(&[symbol], output);
            } else {
                let words = self.complaint.clone();
                let words = words.unwrap_or_else(|| "Coinbase has not confirmed it".to_owned());
                self.refuse(symbol, &words, output);
            }
        }
    }

    pub(super) fn refuse(&mut self, symbol: SymbolId, words: &str, output: &mut Output) {
        if let Some(entry) = self.entry_mut(symbol)
            && !std::mem::replace(&mut entry.state.is_refused, true)
        {
            let reason = format!("{words}; Coinbase writes its products as BTC-USD");
            output.notices.push(Notice::Refused { symbol, reason });
        }
    }

    /// The venue complains: of a symbol, if it names one.
    pub(super) fn complained(&mut self, message: &str, output: &mut Output) {
        let words = shortened(message);
        let named = self.wanted.in_order().into_iter().find(|(_, entry)| {
            let names = message.split(|c: char| !c.is_alphanumeric() && c != '-');
            names.into_iter().any(|name| name == entry.state.asked_as)
        });
        let named =
            named.map(|(_, entry)| (entry.id, entry.symbol.clone(), entry.state.is_confirmed));
        if let Some((symbol, _, false)) = named {
            self.refuse(symbol, &words, output);
            return;
        }
        let lower = words.to_ascii_lowercase();
        let kind = if lower.contains("rate limit") || lower.contains("too many") {
            ErrorKind::RateLimited
        } else if lower.contains("authentication") {
            ErrorKind::AuthError
        } else {
            ErrorKind::ConnectionError
        };
        let mut error =
            ErrorInstance::new(kind, format!("Coinbase complains: {words}")).as_warning();
        error.symbol = named.map(|(_, symbol, _)| symbol);
        output.notices.push(Notice::Error(error));
        self.complaint = Some(words);
        self.repeat_at = self.repeat_at.min(self.now.plus_ms(COMPLAINED_MS));
    }
}
