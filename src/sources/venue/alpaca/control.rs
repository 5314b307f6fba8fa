//! Logging in to Alpaca, asking for symbols, and what it answers.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::messages::{Control, Failure, Subscription, kind};
use super::{Alpaca, Stage};
use crate::decode::Rejection;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::sources::venue::{Ending, Next, Notice, Output, reading};

/// Texts that are sent stay below this many bytes.
pub(super) const REQUEST_BYTES_MAX: usize = 14_000;
/// A request that has not been answered for so long, in milliseconds, is made again; the next one is given longer.
pub(super) const ANSWER_MS: i64 = 15_000;
/// The longest time that a request is given, in milliseconds.
const ANSWER_MAX_MS: i64 = 120_000;
/// How long the venue keeps a session whose connection was lost.
const OLD_SESSION: Duration = Duration::from_secs(10);

/// A request that has not been answered.
pub(super) struct Asked {
    pub(super) channels: Vec<&'static str>,
    /// The symbols that it adds.
    pub(super) symbols: Vec<SymbolId>,
}

/// Whether it is known which request the next answer is to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Order {
    /// The first of those that have not been answered.
    #[default]
    Known,
    /// The same, and these try the channels one by one.
    Probing,
    /// It is not, until answers have had time to come.
    Lost {
        /// When that is over.
        until: UnixMs,
    },
}

impl Alpaca {
    pub(super) fn has_lost_order(&self) -> bool {
        matches!(self.order, Order::Lost { .. })
    }

    /// Takes one message of a list.
    pub(super) fn take(
        &mut self,
        element: &RawValue,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        let text = element.get();
        let kind = match reading::leading(text, "T") {
            Some(kind) => kind.into(),
            None => kind(text)?,
        };
        match &*kind {
            "success" => self.success(&reading::read_part(text, "a success")?, output),
            "subscription" => {
                self.subscription(&reading::read_part(text, "a subscription")?, output);
            }
            "error" => self.error(&reading::read_part(text, "an error")?, output),
            _ => return self.data(&kind, text, output),
        }
        Ok(())
    }

    fn log_in(&mut self, output: &mut Output) {
        let key = |place: usize| {
            let key = self.keys.get(place).and_then(Option::as_ref);
            key.map_or("", ExposeSecret::expose_secret)
        };
        let text = serde_json::json!({"action": "auth", "key": key(0), "secret": key(1)});
        output.send_secret(text.to_string());
        self.stage = Stage::LoggingIn;
    }

    /// Asks for symbols on all channels.
    pub(super) fn ask_for(&mut self, symbols: &[SymbolId], output: &mut Output) {
        self.ask_on(&self.channels.clone(), symbols, output);
    }

    /// Asks for symbols on these channels, in as many texts as it takes.
    fn ask_on(&mut self, channels: &[&'static str], symbols: &[SymbolId], output: &mut Output) {
        if self.has_lost_order() {
            // They come in with all others that have not been confirmed.
            return;
        }
        let mut rest = symbols;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take_while(|id| {
                let name = self.wanted.wire(**id).map_or(0, str::len);
                bytes += (name + 3) * channels.len();
                bytes <= REQUEST_BYTES_MAX
            });
            let (now, later) = rest.split_at(fits.count().clamp(1, rest.len()));
            let names: Vec<&str> = now.iter().filter_map(|id| self.wanted.wire(*id)).collect();
            if !names.is_empty() {
                output.send(request("subscribe", channels, &names));
                self.await_answer(channels.to_vec(), now.to_vec());
            }
            rest = later;
        }
    }

    /// A request has been sent.
    pub(super) fn await_answer(&mut self, channels: Vec<&'static str>, symbols: Vec<SymbolId>) {
        if self.has_lost_order() {
            return;
        }
        if self.pending.is_empty() {
            self.awaited_since = self.now;
        }
        self.pending.push_back(Asked { channels, symbols });
    }

    /// The first of the requests that have not been answered has been.
    fn answered(&mut self) -> Option<Asked> {
        self.awaited_since = self.now;
        self.answer_ms = ANSWER_MS;
        let mut asked = self.pending.pop_front()?;
        asked.symbols.retain(|id| self.wanted.wire(*id).is_some());
        Some(asked)
    }

    /// What could not be read may have been an answer: what the next ones are to is not known.
    pub(super) fn lose_order(&mut self) {
        if !self.pending.is_empty() {
            self.pending.clear();
            let until = self.now.plus_ms(ANSWER_MS);
            self.order = Order::Lost { until };
        }
    }

    /// Asks again for what should have been confirmed by now.
    pub(super) fn look_for_answers(&mut self, output: &mut Output) {
        if self.stage != Stage::Ready {
            return;
        }
        if let Order::Lost { until } = self.order {
            if self.now >= until {
                self.order = Order::Known;
                self.ask_again(output);
            }
            return;
        }
        let waited_ms = self.now.0.saturating_sub(self.awaited_since.0);
        if self.pending.is_empty() || waited_ms < self.answer_ms {
            return;
        }
        let seconds = self.answer_ms / 1000;
        let message = format!("no answer to a request for {seconds} s; asking again");
        let error = ErrorInstance::new(ErrorKind::ConnectionError, message);
        output.notices.push(Notice::Error(error.as_warning()));
        self.pending.clear();
        self.order = Order::Known;
        self.answer_ms = (self.answer_ms * 2).min(ANSWER_MAX_MS);
        self.ask_again(output);
    }

    fn ask_again(&mut self, output: &mut Output) {
        let mut missing = Vec::new();
        for (_, entry) in self.wanted.iter_mut() {
            let state = &mut entry.state;
            if state.is_book_lost && state.resync_at.is_none() {
                state.resync_at = Some(state.patience.next(self.now));
            }
            if !state.is_confirmed && !state.is_refused {
                missing.push(entry.id);
            }
        }
        missing.sort_unstable();
        self.ask_for(&missing, output);
    }

    fn ask_for_all(&mut self, output: &mut Output) {
        let all: Vec<SymbolId> = self.wanted.ids();
        self.ask_for(&all, output);
    }

    /// The venue refuses a request: the symbols that it would take all the same are asked for again, in halves.
    fn refuse(&mut self, reason: &str, output: &mut Output) {
        let Some(asked) = self.answered() else {
            return self.refuse_unknown(reason, output);
        };
        match asked.symbols.as_slice() {
            [] => self.refuse_unknown(reason, output),
            [symbol] => self.refuse_symbol(*symbol, reason, output),
            several => {
                let (first, second) = several.split_at(several.len() / 2);
                self.ask_on(&asked.channels, first, output);
                self.ask_on(&asked.channels, second, output);
            }
        }
        self.end_probe(output);
    }

    fn refuse_symbol(&mut self, symbol: SymbolId, reason: &str, output: &mut Output) {
        if let Some(entry) = self.wanted.entry_mut(symbol)
            && !std::mem::replace(&mut entry.state.is_refused, true)
        {
            let reason = reason.to_owned();
            output.notices.push(Notice::Refused { symbol, reason });
        }
    }

    fn refuse_unknown(&self, reason: &str, output: &mut Output) {
        let error = if self.has_lost_order() {
            let message =
                format!("the venue refused a request, and it is not known which: {reason}");
            ErrorInstance::new(ErrorKind::ConfigError, message).as_warning()
        } else {
            let message = format!("the venue refused a request: {reason}");
            ErrorInstance::new(ErrorKind::ConfigError, message)
        };
        output.notices.push(Notice::Error(error));
    }

    /// The feed does not have a channel of a request: each is tried by itself, and those that it has go on.
    fn refuse_channels(&mut self, reason: &str, output: &mut Output) {
        let Some(asked) = self.answered().filter(|asked| !asked.symbols.is_empty()) else {
            return self.refuse_unknown(reason, output);
        };
        let mut known = asked.channels.clone();
        known.retain(|channel| self.channels.contains(channel));
        match *known.as_slice() {
            [] => {}
            [channel] if asked.channels.len() == 1 => {
                if self.channels.len() == 1 {
                    for symbol in asked.symbols {
                        self.refuse_symbol(symbol, reason, output);
                    }
                } else {
                    self.channels.retain(|known| *known != channel);
                    let message = format!("the venue does not give {channel}: {reason}");
                    let error = ErrorInstance::new(ErrorKind::ConfigError, message);
                    output.notices.push(Notice::Error(error.as_warning()));
                }
            }
            _ if known.len() < asked.channels.len() => self.ask_on(&known, &asked.symbols, output),
            // The others are asked for when it is known what there is.
            _ if self.order == Order::Probing => {}
            _ => {
                self.order = Order::Probing;
                for channel in known {
                    self.ask_on(&[channel], &asked.symbols, output);
                }
            }
        }
        self.end_probe(output);
    }

    /// When all answers are there, it is known which channels there are.
    fn end_probe(&mut self, output: &mut Output) {
        if self.order == Order::Probing && self.pending.is_empty() {
            self.order = Order::Known;
            self.ask_again(output);
        }
    }

    fn success(&mut self, control: &Control<'_>, output: &mut Output) {
        match (self.stage, &*control.msg) {
            (Stage::Greeting, "connected") => self.log_in(output),
            (Stage::LoggingIn, "authenticated") => {
                self.stage = Stage::Ready;
                output.notices.push(Notice::Ready);
                self.ask_for_all(output);
            }
            _ => output.ignored += 1,
        }
    }

    /// The whole set of what is subscribed, whatever it was that was asked for.
    fn subscription(&mut self, subscription: &Subscription<'_>, output: &mut Output) {
        self.answered();
        for name in subscription.names() {
            if let Some(entry) = self.wanted.get_mut(name)
                && !entry.state.is_confirmed
            {
                entry.state.is_confirmed = true;
                output.notices.push(Notice::Subscribed(entry.id));
            }
        }
        self.end_probe(output);
    }

    fn error(&mut self, error: &Failure<'_>, output: &mut Output) {
        let said = reading::words(
            error.msg.as_deref().unwrap_or("no reason given"),
            &self.keys,
        );
        let said = format!("{said} (code {})", error.code);
        let is_ready = self.stage == Stage::Ready;
        match error.code {
            400 if is_ready => self.refuse(&format!("{said}; check how the symbol is written"), output),
            405 if is_ready => self.refuse(
                &format!("{said}: the plan allows no more symbols; remove some, or take services=OHLCV, whose number has no limit"),
                output,
            ),
            410 if is_ready => self.refuse_channels(&format!("{said}: this feed does not have the channel; choose services="), output),
            402 => output.end(Ending::never(
                ErrorKind::AuthError,
                format!("{said}: check APCA_API_KEY_ID and APCA_API_SECRET_KEY"),
            )),
            409 => output.end(Ending::never(
                ErrorKind::AuthError,
                format!("{said}: the account's plan does not have this feed; choose alpaca:iex"),
            )),
            // Logging in twice changes nothing.
            403 => output.ignored += 1,
            406 => output.end(Ending {
                kind: ErrorKind::ConnectionError,
                message: format!(
                    "{said}: the account has another connection open, or the venue has not given up the last one yet; close other programs that use it"
                ),
                next: Next::RetryAfter(OLD_SESSION),
            }),
            407 => output.notices.push(Notice::Error(ErrorInstance::new(
                ErrorKind::Overload,
                format!("{said}: too much comes for this connection, and the venue will drop it; take fewer symbols or services"),
            ))),
            401 | 404 => output.end(Ending::retry(ErrorKind::AuthError, said)),
            _ => output.end(Ending::retry(ErrorKind::ConnectionError, said)),
        }
    }
}

/// A request for these symbols on these channels.
pub(super) fn request(action: &str, channels: &[&str], names: &[&str]) -> String {
    let mut request = serde_json::Map::new();
    request.insert("action".to_owned(), action.into());
    for channel in channels {
        request.insert((*channel).to_owned(), names.into());
    }
    serde_json::Value::Object(request).to_string()
}
