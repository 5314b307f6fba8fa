//! Logging in to Massive, asking for symbols, and what it answers.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::messages::Status;
use super::{Massive, Stage};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::sources::venue::{Ending, Next, Notice, Output, reading};

/// Texts that are sent stay below this many bytes.
const REQUEST_BYTES_MAX: usize = 8000;
/// What has not been confirmed for so long, in milliseconds, is asked for again; each time it is given longer.
pub(super) const UNCONFIRMED_MS: i64 = 15_000;
/// What has not been confirmed after so many requests is not asked for any more on that connection.
const ATTEMPTS_MAX: u32 = 3;
/// How long to leave the account's one connection to whoever has taken it.
const TAKEN: Duration = Duration::from_secs(30);

impl Massive {
    /// Asks for what the venue has not confirmed of its channels.
    fn ask_for_missing(&mut self, output: &mut Output) {
        self.connection.repeat_at = Some(
            self.now
                .plus_ms(UNCONFIRMED_MS << self.connection.attempts.min(3)),
        );
        self.connection.attempts += 1;
        let all = self.wanted.in_order();
        let missing = all.iter().map(|(name, entry)| (*name, entry.state.pending));
        self.ask("subscribe", missing, output);
    }

    /// Asks again, some times, for what should have been confirmed by now.
    pub(super) fn repeat(&mut self, output: &mut Output) {
        if self.connection.stage != Stage::Ready
            || self.connection.repeat_at.is_none_or(|at| self.now < at)
        {
            return;
        }
        self.connection.repeat_at = None;
        let all = self.wanted.in_order();
        let mut missing = all.iter().filter(|(_, entry)| entry.state.pending != 0);
        let Some((first, _)) = missing.next() else {
            return;
        };
        if self.connection.attempts < ATTEMPTS_MAX {
            return self.ask_for_missing(output);
        }
        let others = match missing.count() {
            0 => String::new(),
            count => format!(" and {count} other symbols"),
        };
        let message = format!("the venue has not confirmed all channels of {first}{others}");
        let error = ErrorInstance::new(ErrorKind::ConnectionError, message);
        output.notices.push(Notice::Error(error.as_warning()));
    }

    /// Sends a request for these symbols, each on the channels whose bits it stands with, in as many texts as it takes.
    pub(super) fn ask<'a>(
        &self,
        action: &str,
        symbols: impl Iterator<Item = (&'a str, u8)>,
        output: &mut Output,
    ) {
        let mut list = String::new();
        let mut send = |list: &mut String| {
            if !list.is_empty() {
                let text = serde_json::json!({"action": action, "params": list});
                output.send(text.to_string());
                list.clear();
            }
        };
        for (name, bits) in symbols {
            let channels = self.channels.iter().enumerate();
            for (_, channel) in channels.filter(|(place, _)| bits & (1 << place) != 0) {
                if list.len() + channel.len() + name.len() + 2 > REQUEST_BYTES_MAX {
                    send(&mut list);
                }
                if !list.is_empty() {
                    list.push(',');
                }
                list.push_str(channel);
                list.push('.');
                list.push_str(name);
            }
        }
        send(&mut list);
    }

    pub(super) fn status(&mut self, status: &Status<'_>, output: &mut Output) {
        let message = status.message.as_deref().unwrap_or_default();
        let said = reading::words(message, &self.keys);
        match &*status.status {
            "connected" if self.connection.stage == Stage::Greeting => {
                let key = self.keys.first().and_then(Option::as_ref);
                let key = key.map_or("", ExposeSecret::expose_secret);
                let text = serde_json::json!({"action": "auth", "params": key});
                output.send_secret(text.to_string());
                self.connection.stage = Stage::LoggingIn;
            }
            "auth_success" if self.connection.stage == Stage::LoggingIn => {
                self.connection.stage = Stage::Ready;
                output.notices.push(Notice::Ready);
                let all = self.all_channels();
                for (_, entry) in self.wanted.iter_mut() {
                    entry.state.pending = all;
                }
                self.connection.attempts = 0;
                self.ask_for_missing(output);
            }
            "success" => self.confirm(message, output),
            "auth_failed" => output.end(Ending::never(
                ErrorKind::AuthError,
                format!("the venue refused the key ({said}); check MASSIVE_API_KEY"),
            )),
            "auth_timeout" => output.end(Ending::retry(
                ErrorKind::AuthError,
                format!("the login took too long ({said})"),
            )),
            "max_connections" => output.end(taken(&said)),
            "error" | "not_authorized" => {
                // Asked again it would say so again.
                self.connection.repeat_at = None;
                output.notices.push(Notice::Error(ErrorInstance::new(
                ErrorKind::AuthError,
                format!("the venue refused a request ({said}); the plan may not have it: choose services=, or feed=delayed"),
            )));
            }
            _ => output.ignored += 1,
        }
    }

    /// A channel is confirmed: `subscribed to: AM.AAPL`.
    fn confirm(&mut self, message: &str, output: &mut Output) {
        let Some(list) = message.strip_prefix("subscribed to:") else {
            return;
        };
        for channel in list.split(',') {
            let Some((channel, name)) = channel.trim().split_once('.') else {
                continue;
            };
            let place = self.channels.iter().position(|known| *known == channel);
            if let Some(entry) = self.wanted.get_mut(name) {
                entry.state.pending &= !place.map_or(0, |place| 1 << place);
                if !std::mem::replace(&mut entry.state.confirmed, true) {
                    output.notices.push(Notice::Subscribed(entry.id));
                }
            }
        }
    }

    /// A bit for each channel.
    pub(super) fn all_channels(&self) -> u8 {
        (0..self.channels.len()).fold(0, |bits, place| bits | (1 << place))
    }
}

/// The account's connection is somebody else's now.
pub(super) fn taken(said: &str) -> Ending {
    Ending {
        kind: ErrorKind::ConnectionError,
        message: format!(
            "another connection of the same account took its place ({said}); real-time and delayed data share one: close other programs that use it"
        ),
        next: Next::RetryAfter(TAKEN),
    }
}
