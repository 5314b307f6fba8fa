//! What Massive says of a connection and of requests.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::messages::Status;
use super::{Massive, Stage};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::sources::venue::{Ending, Next, Notice, Output, reading};

/// How long to leave the account's one connection to whoever has taken it.
const TAKEN: Duration = Duration::from_secs(30);

impl Massive {
    pub(super) fn status(&mut self, status: &Status<'_>, output: &mut Output) {
        let message = status.message.as_deref().unwrap_or_default();
        let said = reading::words(message, &self.keys);
        match &*status.status {
            "connected" if self.stage == Stage::Greeting => {
                let key = self.keys.first().and_then(Option::as_ref);
                let key = key.map_or("", ExposeSecret::expose_secret);
                let text = serde_json::json!({"action": "auth", "params": key});
                output.send_secret(text.to_string());
                self.stage = Stage::LoggingIn;
            }
            "auth_success" if self.stage == Stage::LoggingIn => {
                self.stage = Stage::Ready;
                output.notices.push(Notice::Ready);
                let all = self.wanted.in_order();
                let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
                self.ask("subscribe", &names, output);
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
            "error" | "not_authorized" => output.notices.push(Notice::Error(ErrorInstance::new(
                ErrorKind::AuthError,
                format!("the venue refused a request ({said}); the plan may not have it: choose services=, or feed=delayed"),
            ))),
            _ => output.ignored += 1,
        }
    }

    /// A channel is confirmed: `subscribed to: AM.AAPL`.
    fn confirm(&mut self, message: &str, output: &mut Output) {
        let Some(list) = message.strip_prefix("subscribed to:") else {
            return;
        };
        for channel in list.split(',') {
            let name = channel.trim().split_once('.').map(|(_, name)| name);
            if let Some(entry) = name.and_then(|name| self.wanted.get_mut(name))
                && !entry.state.confirmed
            {
                entry.state.confirmed = true;
                output.notices.push(Notice::Subscribed(entry.id));
            }
        }
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
