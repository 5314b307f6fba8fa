//! What Coinbase is asked for, what it does not confirm, and what it complains of.

use super::frames::Call;
use super::{
    ATTEMPTS_MAX, BATCH, BATCH_AGAIN, COMPLAINED_MS, Channel, Coinbase, State, UNCONFIRMED_MS,
};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::SymbolId;
use crate::sources::venue::reading::{is_limit, shortened};
use crate::sources::venue::{Notice, Output};

/// The longest time between two rounds of asking again, in milliseconds.
const WAIT_MAX_MS: i64 = 120_000;
/// How long a text takes to be sent behind others, in milliseconds.
const SEND_MS: i64 = 250;

impl Coinbase {
    /// Sends what asks for, or gives up, a channel of some symbols.
    pub(super) fn call(
        &mut self,
        kind: &'static str,
        channel: Channel,
        symbols: &[SymbolId],
        output: &mut Output,
    ) {
        for batch in symbols.chunks(BATCH) {
            let entries = batch.iter().filter_map(|id| self.wanted.entry(*id));
            let names: Vec<&str> = entries.map(|entry| entry.state.asked_as.as_str()).collect();
            send(kind, channel, &names, output);
        }
        if kind == "subscribe" {
            for symbol in symbols {
                let now = self.now;
                if let Some(entry) = self.wanted.entry_mut(*symbol) {
                    entry.state.pending |= channel.bit();
                    entry.state.asked_at = now;
                }
            }
        }
    }

    /// Asks for every channel of these symbols.
    pub(super) fn call_all(&mut self, symbols: &[SymbolId], output: &mut Output) {
        for channel in self.channels.clone() {
            self.call("subscribe", channel, symbols, output);
        }
        for symbol in symbols {
            if let Some(entry) = self.wanted.entry_mut(*symbol) {
                entry.state.attempts += 1;
            }
        }
    }

    /// Takes a confirmation, or data that stands for one. Gives the symbol if it is wanted.
    pub(super) fn confirm(
        &mut self,
        name: &str,
        channel: Channel,
        output: &mut Output,
    ) -> Option<SymbolId> {
        let entry = self.wanted.get_mut(name)?;
        entry.state.pending &= !channel.bit();
        if !std::mem::replace(&mut entry.state.is_confirmed, true) {
            output.notices.push(Notice::Subscribed(entry.id));
        }
        Some(entry.id)
    }

    /// What has been asked for now is not asked for again before it could be confirmed.
    pub(super) fn expect_confirmations(&mut self) {
        self.connection.repeat_wait_ms = UNCONFIRMED_MS;
        self.connection.repeat_at = self.now.plus_ms(UNCONFIRMED_MS);
    }

    /// Asks again for what has not been confirmed.
    pub(super) fn repeat(&mut self, output: &mut Output) {
        if self.now < self.connection.repeat_at {
            return;
        }
        let before = output.send.len();
        let is_slow = if std::mem::take(&mut self.connection.is_limited) {
            // It says nothing against a symbol that the venue has left it out.
            if !self.connection.is_beating {
                send("subscribe", Channel::Heartbeats, &[], output);
            }
            self.ask_missing(|_| true, output);
            true
        } else {
            self.try_unconfirmed(output);
            self.ask_missing(|state| state.is_confirmed, output)
        };
        self.connection.repeat_wait_ms = if is_slow {
            (self.connection.repeat_wait_ms * 2).min(WAIT_MAX_MS)
        } else {
            UNCONFIRMED_MS
        };
        // They are sent one after the other.
        let texts = output.send.len().saturating_sub(before + 1) as i64;
        self.connection.repeat_at = self
            .now
            .plus_ms(self.connection.repeat_wait_ms + texts * SEND_MS);
    }

    /// Those of the symbols that miss something and have not just been asked for.
    fn missing(&self, is_meant: impl Fn(&State) -> bool) -> Vec<SymbolId> {
        let latest = self.now.plus_ms(-COMPLAINED_MS);
        let entries = self.wanted.in_order().into_iter();
        let missing = entries.filter(|(_, entry)| {
            let state = &entry.state;
            state.pending != 0 && !state.is_refused && state.asked_at <= latest && is_meant(state)
        });
        missing.map(|(_, entry)| entry.id).collect()
    }

    /// Asks for the channels that such symbols miss. Gives whether there are any.
    fn ask_missing(&mut self, is_meant: impl Fn(&State) -> bool, output: &mut Output) -> bool {
        let missing = self.missing(is_meant);
        for channel in self.channels.clone() {
            let lacks = |id: &&SymbolId| {
                let entry = self.wanted.entry(**id);
                entry.is_some_and(|entry| entry.state.pending & channel.bit() != 0)
            };
            let of_channel: Vec<SymbolId> = missing.iter().filter(lacks).copied().collect();
            self.call("subscribe", channel, &of_channel, output);
        }
        !missing.is_empty()
    }

    /// Asks again for symbols of which nothing has been confirmed, on one channel: one that does not exist may spoil a
    /// request for many, so there are fewer in each, and in the end one.
    fn try_unconfirmed(&mut self, output: &mut Output) {
        let Some(channel) = self.channels.first().copied() else {
            return;
        };
        let (mut together, mut alone) = (Vec::new(), Vec::new());
        for symbol in self.missing(|state| !state.is_confirmed) {
            let Some(entry) = self.wanted.entry_mut(symbol) else {
                continue;
            };
            entry.state.attempts += 1;
            match entry.state.attempts {
                ..ATTEMPTS_MAX => together.push(symbol),
                ATTEMPTS_MAX => alone.push(symbol),
                _ => {
                    let words = self.connection.complaint.clone();
                    let words = words.unwrap_or_else(|| "Coinbase has not confirmed it".to_owned());
                    self.refuse(symbol, &words, output);
                }
            }
        }
        for part in together.chunks(BATCH_AGAIN).chain(alone.chunks(1)) {
            self.call("subscribe", channel, part, output);
        }
    }

    pub(super) fn refuse(&mut self, symbol: SymbolId, words: &str, output: &mut Output) {
        if let Some(entry) = self.wanted.entry_mut(symbol)
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
        let is_limited = is_limit(&words);
        let kind = if is_limited {
            ErrorKind::RateLimited
        } else if words.to_ascii_lowercase().contains("authentication") {
            ErrorKind::AuthError
        } else {
            ErrorKind::ConnectionError
        };
        let mut error =
            ErrorInstance::new(kind, format!("Coinbase complains: {words}")).as_warning();
        error.symbol = named.map(|(_, symbol, _)| symbol);
        output.notices.push(Notice::Error(error));
        if is_limited {
            self.connection.is_limited = true;
        } else {
            self.connection.complaint = Some(words);
            self.connection.repeat_at = self
                .connection
                .repeat_at
                .min(self.now.plus_ms(COMPLAINED_MS));
        }
    }
}

pub(super) fn send(
    kind: &'static str,
    channel: Channel,
    product_ids: &[&str],
    output: &mut Output,
) {
    let channel = channel.name();
    if let Ok(text) = serde_json::to_string(&Call {
        kind,
        product_ids,
        channel,
    }) {
        output.send(text);
    }
}
