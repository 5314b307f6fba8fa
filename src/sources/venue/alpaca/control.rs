//! Logging in to Alpaca, asking for symbols, and what it answers.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::messages::{Control, Failure, Subscription};
use super::{Alpaca, Stage};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::SymbolId;
use crate::sources::venue::{Ending, Next, Notice, Output, reading};

/// Texts that are sent stay below this many bytes.
pub(super) const REQUEST_BYTES_MAX: usize = 14_000;
/// How long the venue keeps a session whose connection was lost.
const OLD_SESSION: Duration = Duration::from_secs(10);

impl Alpaca {
    fn log_in(&mut self, output: &mut Output) {
        let key = |place: usize| {
            let key = self.keys.get(place).and_then(Option::as_ref);
            key.map_or("", ExposeSecret::expose_secret)
        };
        let text = serde_json::json!({"action": "auth", "key": key(0), "secret": key(1)});
        output.send_secret(text.to_string());
        self.stage = Stage::LoggingIn;
    }

    /// Asks for symbols, in as many texts as it takes.
    pub(super) fn ask_for(&mut self, symbols: &[SymbolId], output: &mut Output) {
        let mut rest = symbols;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take_while(|id| {
                let name = self.wanted.wire(**id).map_or(0, str::len);
                bytes += (name + 3) * self.channels.len();
                bytes <= REQUEST_BYTES_MAX
            });
            let (now, later) = rest.split_at(fits.count().clamp(1, rest.len()));
            let names: Vec<&str> = now.iter().filter_map(|id| self.wanted.wire(*id)).collect();
            if !names.is_empty() {
                output.send(request("subscribe", &self.channels, &names));
                self.pending.push_back(now.to_vec());
            }
            rest = later;
        }
    }

    fn ask_for_all(&mut self, output: &mut Output) {
        let all: Vec<SymbolId> = self.wanted.ids();
        self.ask_for(&all, output);
    }

    /// The venue refuses a request: the symbols that it would take all the same are asked for again, in halves.
    fn refuse(&mut self, reason: &str, output: &mut Output) {
        let mut symbols = self.pending.pop_front().unwrap_or_default();
        symbols.retain(|id| self.wanted.wire(*id).is_some());
        match symbols.as_slice() {
            [] => output.notices.push(Notice::Error(ErrorInstance::new(
                ErrorKind::ConfigError,
                format!("the venue refused a request: {reason}"),
            ))),
            [symbol] => output.notices.push(Notice::Refused {
                symbol: *symbol,
                reason: reason.to_owned(),
            }),
            several => {
                let (first, second) = several.split_at(several.len() / 2);
                self.ask_for(first, output);
                self.ask_for(second, output);
            }
        }
    }

    pub(super) fn success(&mut self, control: &Control<'_>, output: &mut Output) {
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
    pub(super) fn subscription(&mut self, subscription: &Subscription<'_>, output: &mut Output) {
        self.pending.pop_front();
        for name in subscription.names() {
            if let Some(entry) = self.wanted.get_mut(name)
                && !entry.state.is_confirmed
            {
                entry.state.is_confirmed = true;
                output.notices.push(Notice::Subscribed(entry.id));
            }
        }
    }

    pub(super) fn error(&mut self, error: &Failure<'_>, output: &mut Output) {
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
            410 if is_ready => self.refuse(&format!("{said}: this feed does not have the channel; choose services="), output),
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
