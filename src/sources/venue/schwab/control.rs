//! What Schwab's streamer answers to a login and to commands.

use std::time::Duration;

use rustc_hash::FxHashSet;

use super::messages::Response;
use super::services::Command;
use super::{Schwab, Stage};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::SymbolId;
use crate::sources::venue::{Ending, Next, Notice, Output, reading};

/// How long to wait before taking the one connection that a person may have from another program.
const TAKEN: Duration = Duration::from_secs(30);

impl Schwab {
    pub(super) fn response(&mut self, response: &Response<'_>, output: &mut Output) {
        let code = response.content.code;
        let said = response.content.msg.as_deref().unwrap_or("no reason given");
        let said = format!("{} (code {code})", reading::words(said, &self.token));
        if response.is_login() {
            return self.logged_in(code, &said, output);
        }
        let request = response.request();
        let answered = self
            .subscriptions
            .iter_mut()
            .find_map(|subscriptions| Some((subscriptions.answered(request)?, subscriptions)));
        match (code, answered) {
            (0 | 26..=29, answered) => {
                let symbols = answered.map(|(step, _)| step.symbols);
                self.confirm(&symbols.unwrap_or_default(), output);
            }
            (12 | 20 | 30 | 3, _) => output.end(ending(code, &said)),
            (9 | 11, Some((step, subscriptions))) if step.command != Command::Remove => {
                let at = subscriptions.put_off(step, self.now);
                let seconds = at.0.saturating_sub(self.now.0) / 1000;
                let message = format!("{}: {said}: it is not available now", response.service);
                let error = ErrorInstance::new(ErrorKind::ConnectionError, message)
                    .as_warning()
                    .then(format!("asking again in {seconds} s"));
                output.notices.push(Notice::Error(error));
            }
            // One symbol may be what the others are refused for.
            (19 | 21..=25, Some((step, subscriptions))) if step.command != Command::Remove => {
                let mut symbols = subscriptions.halve(step);
                if code == 19 && !symbols.is_empty() {
                    // There is no room for the others either.
                    symbols.extend(subscriptions.give_up_waiting());
                }
                if !symbols.is_empty() {
                    self.refuse(&symbols, &response.service, &said, code, output);
                }
            }
            (_, answered) => {
                let symbols = answered.map(|(step, _)| step.symbols);
                let symbols = symbols.unwrap_or_default();
                self.refuse(&symbols, &response.service, &said, code, output);
            }
        }
        self.advance(output);
    }

    fn logged_in(&mut self, code: i64, said: &str, output: &mut Output) {
        if code != 0 {
            return output.end(ending(code, said));
        }
        if self.stage == Stage::LoggingIn {
            self.stage = Stage::Ready;
            output.notices.push(Notice::Ready);
            self.advance(output);
        }
    }

    /// Gives up the commands that have not been answered, and has them done again.
    pub(super) fn ask_again(&mut self, output: &mut Output) {
        if self.stage != Stage::Ready {
            return;
        }
        for subscriptions in &mut self.subscriptions {
            let service = subscriptions.service.name();
            if let Some((command, ms)) = subscriptions.give_up_overdue(self.now) {
                let (command, seconds) = (command.name(), ms / 1000);
                let message =
                    format!("{service}: no answer to {command} for {seconds} s; asking again");
                let error = ErrorInstance::new(ErrorKind::ConnectionError, message);
                output.notices.push(Notice::Error(error.as_warning()));
            }
        }
        self.advance(output);
    }

    fn confirm(&mut self, symbols: &[SymbolId], output: &mut Output) {
        let asked: FxHashSet<SymbolId> = symbols.iter().copied().collect();
        let mut confirmed = Vec::new();
        for (_, entry) in self.wanted.iter_mut() {
            if !entry.state.confirmed && asked.contains(&entry.id) {
                entry.state.confirmed = true;
                confirmed.push(entry.id);
            }
        }
        confirmed.sort_unstable();
        let notices = confirmed.into_iter().map(Notice::Subscribed);
        output.notices.extend(notices);
    }

    /// A service refuses symbols. Those that no service has taken are refused altogether.
    fn refuse(
        &mut self,
        symbols: &[SymbolId],
        service: &str,
        said: &str,
        code: i64,
        output: &mut Output,
    ) {
        let advice = match code {
            19 => ": the streamer takes no more symbols; remove some",
            _ => "",
        };
        let kind = if code == 19 {
            ErrorKind::Overload
        } else {
            ErrorKind::ConnectionError
        };
        let mut error = ErrorInstance::new(kind, format!("{service}: {said}{advice}"));
        if let [symbol] = symbols {
            let entry = self.wanted.entry(*symbol);
            error.symbol = entry.map(|entry| entry.symbol.clone());
        }
        output.notices.push(Notice::Error(error));
        for (_, entry) in self.wanted.in_order() {
            if !entry.state.confirmed && symbols.contains(&entry.id) {
                output.notices.push(Notice::Refused {
                    symbol: entry.id,
                    reason: format!("{service}: {said}{advice}"),
                });
            }
        }
    }
}

/// What a code means after which the connection is of no use.
pub(super) fn ending(code: i64, said: &str) -> Ending {
    match code {
        3 => Ending::never(
            ErrorKind::AuthError,
            format!("{said}: the login was denied; put a fresh token into SCHWAB_ACCESS_TOKEN"),
        ),
        12 => Ending {
            kind: ErrorKind::ConnectionError,
            message: format!(
                "{said}: a person has one connection to the streamer, and another program has taken it; close that"
            ),
            next: Next::RetryAfter(TAKEN),
        },
        20 => Ending::retry(
            ErrorKind::ConnectionError,
            format!("{said}: the streamer does not know this connection's login"),
        ),
        30 => Ending::retry(
            ErrorKind::ConnectionError,
            format!(
                "{said}: the streamer has stopped it, for inactivity, slowness, want of subscriptions, or by hand"
            ),
        ),
        _ => Ending::retry(ErrorKind::ConnectionError, said),
    }
}
