//! What the streamer tells the engine: data, errors, and how the endpoint stands.

use std::time::Duration;

use super::super::request::Whole;
use super::{CONNECTION, Streamer};
use crate::domain::clock::Nanos;
use crate::domain::outcome::{ErrorInstance, ErrorKind, Status, StatusChange};
use crate::domain::symbol::Symbol;
use crate::pipeline::feed::EngineGone;
use crate::pipeline::meters::ConnectionState;
use crate::pipeline::source::Message;
use crate::sources::venue::{Notice, Output, in_words};

/// How much of an answer is shown with an error.
const SAMPLE_BYTES_MAX: usize = 200;

impl Streamer {
    /// Sends a message when there is room for it. Commands wait meanwhile: each changes what is asked, not what was said.
    async fn tell(&mut self, received: Nanos, message: Message) -> Result<(), EngineGone> {
        self.feed.ready_send(received, message).await
    }

    /// Sends what the protocol made of an input, and keeps the room that it took for the next one.
    pub(super) async fn send(
        &mut self,
        received: Nanos,
        mut output: Output,
        sample: &[u8],
    ) -> Result<(), EngineGone> {
        self.feed.meters().ignored.add(output.ignored);
        if !output.events.is_empty() {
            let events = std::mem::take(&mut output.events);
            self.tell(received, Message::Data(events)).await?;
        }
        for notice in std::mem::take(&mut output.notices) {
            let error = match notice {
                Notice::Ready => continue,
                Notice::Subscribed(id) => {
                    self.heard.insert(id);
                    continue;
                }
                Notice::Refused { symbol, reason } => {
                    let mut error = ErrorInstance::new(ErrorKind::ConfigError, reason);
                    error.symbol = self.name_of(|(_, id)| *id == symbol);
                    error.is_refusal = error.symbol.is_some();
                    error
                }
                Notice::Gap {
                    symbol,
                    kind,
                    reason,
                } => {
                    let mut error = ErrorInstance::new(kind, reason).as_warning();
                    error.symbol = self.name_of(|(_, id)| *id == symbol);
                    error
                }
                Notice::Rejected(rejection) => {
                    self.feed.meters().rejected.add(1);
                    let mut error = ErrorInstance::new(rejection.kind, rejection.reason);
                    error.symbol = rejection.symbol;
                    error
                }
                Notice::Error(error) => error,
            };
            self.report(error, sample).await?;
        }
        self.output = output;
        Ok(())
    }

    fn name_of(
        &self,
        is_it: impl Fn(&(Symbol, crate::domain::symbol::SymbolId)) -> bool,
    ) -> Option<Symbol> {
        let found = self.symbols.iter().find(|symbol| is_it(symbol));
        found.map(|(symbol, _)| symbol.clone())
    }

    /// Completes an error and sends it.
    pub(super) async fn report(
        &mut self,
        mut error: ErrorInstance,
        body: &[u8],
    ) -> Result<(), EngineGone> {
        error = error.from_source(&self.feed.info().name);
        error.time = Some(self.wall());
        error.message = self.plan.secrets.hide(error.message);
        if !body.is_empty() {
            error.sample = Some(self.plan.secrets.sample(body, SAMPLE_BYTES_MAX));
        }
        self.tell(self.feed.now(), Message::Rejected(Box::new(error)))
            .await
    }

    async fn status(
        &mut self,
        status: Status,
        message: String,
        retry: Option<Duration>,
    ) -> Result<(), EngineGone> {
        let mut change =
            StatusChange::of_source(status, &self.feed.info().name).with_message(message);
        change.retry_ms = retry.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        change.time = Some(self.wall());
        self.tell(self.feed.now(), Message::Status(Box::new(change)))
            .await
    }

    fn set_state(&mut self, state: ConnectionState) {
        if std::mem::replace(&mut self.state, state) != state {
            let now = self.feed.now();
            self.feed.meters().set_state(state);
            self.feed
                .meters()
                .update_connection(CONNECTION, |connection| {
                    connection.state = state;
                    connection.since = now;
                });
        }
    }

    pub(super) async fn report_connecting(&mut self) -> Result<(), EngineGone> {
        let host = self.plan.host.clone();
        let now = self.feed.now();
        self.state = ConnectionState::Connecting;
        self.feed.meters().set_state(ConnectionState::Connecting);
        self.feed
            .meters()
            .update_connection(CONNECTION, |connection| {
                connection.host.clone_from(&host);
                connection.state = ConnectionState::Connecting;
                connection.since = now;
            });
        self.status(Status::Connecting, host, None).await
    }

    pub(super) fn show_subscriptions(&mut self) {
        let count = self.schedule.live();
        self.feed
            .meters()
            .update_connection(CONNECTION, |connection| {
                connection.subscriptions = count;
            });
    }

    pub(super) async fn report_success(&mut self, number: u64) -> Result<(), EngineGone> {
        let now = self.feed.now();
        let is_open = self.schedule.succeeded(number, self.elapsed());
        self.note_sameness(number, now);
        self.feed
            .meters()
            .update_connection(CONNECTION, |connection| {
                connection.last_message = Some(now);
                if is_open {
                    connection.next_retry = None;
                }
            });
        if !is_open {
            return Ok(());
        }
        self.backoff.succeeded();
        if self.plan.is_for_many() {
            let plan = &self.plan;
            self.schedule.join(number, |symbols| plan.fits(symbols));
        }
        if self.state == ConnectionState::Connected {
            return Ok(());
        }
        self.connected = now;
        self.set_state(ConnectionState::Connected);
        let text = format!(
            "{}, every {} ms",
            self.plan.host,
            self.plan.period.as_millis()
        );
        self.status(Status::Connected, text, None).await
    }

    /// An answer that is the same as before is news of data without a time: it holds now.
    fn note_sameness(&mut self, number: u64, now: Nanos) {
        if self.plan.has_times() {
            return;
        }
        if let Some(job) = self.schedule.job(number) {
            // One that has never come is not there for that.
            let heard = job.symbols.iter().filter(|(_, id)| self.heard.contains(id));
            for (_, id) in heard {
                self.seen.mark(*id, now);
            }
        }
    }

    /// The endpoint as a whole has to be left alone for a while.
    pub(super) async fn report_wait(
        &mut self,
        number: u64,
        kind: ErrorKind,
        text: String,
        asked: Option<Duration>,
        whole: Option<&Whole>,
    ) -> Result<(), EngineGone> {
        if !self.schedule.is_witness(number) {
            // It was under way when another was told the same.
            return Ok(());
        }
        let wait = self.backoff.next().max(asked.unwrap_or_default());
        let wait = self.schedule.pause(number, wait, self.elapsed());
        self.lose(ErrorInstance::new(kind, text), wait, whole).await
    }

    /// One request has failed.
    pub(super) async fn report_again(
        &mut self,
        number: u64,
        kind: ErrorKind,
        text: String,
        whole: Option<&Whole>,
    ) -> Result<(), EngineGone> {
        let now = self.elapsed();
        let wait = self.schedule.fail(number, now);
        let mut error = ErrorInstance::new(kind, text);
        error.symbol = self.only_symbol(number);
        if self.schedule.is_lost() && self.schedule.is_witness(number) {
            let wait = self.schedule.pause(number, self.backoff.next(), now);
            return self.lose(error, wait, whole).await;
        }
        error.next = Some(again_in(wait));
        let body = whole.map_or(&b""[..], |whole| &whole.body);
        self.report(error, body).await
    }

    /// The symbol of a request that is for no other.
    fn only_symbol(&mut self, number: u64) -> Option<Symbol> {
        match self.schedule.job(number)?.symbols.as_slice() {
            [(symbol, _)] => Some(symbol.clone()),
            _ => None,
        }
    }

    /// Nothing works, until at least one request does again.
    async fn lose(
        &mut self,
        mut error: ErrorInstance,
        wait: Duration,
        whole: Option<&Whole>,
    ) -> Result<(), EngineGone> {
        let reason = self.plan.secrets.hide(error.message);
        error.message = reason.clone();
        error.next = Some(again_in(wait));
        let retry = Nanos(self.feed.now().0.saturating_add(wait_nanos(wait)));
        self.set_state(ConnectionState::Reconnecting);
        self.feed.meters().reconnects.add(1);
        let lost = self.feed.now();
        self.feed
            .meters()
            .update_connection(CONNECTION, |connection| {
                connection.reconnects += 1;
                connection.next_retry = Some(retry);
                connection.last_error = Some((lost, reason.clone()));
            });
        let body = whole.map_or(&b""[..], |whole| &whole.body);
        self.report(error, body).await?;
        self.status(Status::Reconnecting, reason, Some(wait)).await
    }

    pub(super) async fn report_refused(
        &mut self,
        number: u64,
        text: String,
        whole: Option<&Whole>,
    ) -> Result<(), EngineGone> {
        let mut error = ErrorInstance::new(ErrorKind::ConfigError, text);
        error.symbol = self.only_symbol(number);
        error.is_refusal = error.symbol.is_some();
        let body = whole.map_or(&b""[..], |whole| &whole.body);
        self.report(error, body).await
    }

    /// The source gives up.
    pub(super) async fn report_end(
        &mut self,
        kind: ErrorKind,
        text: String,
        whole: Option<&Whole>,
    ) -> Result<(), EngineGone> {
        self.set_state(ConnectionState::Failed);
        let name = &self.feed.info().name;
        let text = self.plan.secrets.hide(text);
        let text = format!("{text}; not trying again until told to: reconnect {name}");
        let mut error = ErrorInstance::new(kind, text).from_source(name);
        error.time = Some(self.wall());
        if let Some(whole) = whole {
            error.sample = Some(self.plan.secrets.sample(&whole.body, SAMPLE_BYTES_MAX));
        }
        let reason = error.message.clone();
        let lost = self.feed.now();
        self.feed
            .meters()
            .update_connection(CONNECTION, |connection| {
                connection.next_retry = None;
                connection.last_error = Some((lost, reason));
            });
        let end = Message::Ended {
            error: Some(Box::new(error)),
            hopeless: true,
        };
        self.tell(self.feed.now(), end).await
    }
}

impl Streamer {
    /// Reports the symbols of which nothing has come for long.
    pub(super) async fn report_quiet(&mut self) -> Result<(), EngineGone> {
        let (now, wall, since) = (self.feed.now(), self.wall(), self.connected);
        if self.state != ConnectionState::Connected {
            return Ok(());
        }
        let seen = &mut self.seen;
        let alive = self.schedule.alive().flat_map(|job| &job.symbols);
        let quiet = alive.filter(|(symbol, id)| {
            seen.is_trading(seen.calendar_of(symbol), wall) && seen.is_news(*id, since, now)
        });
        let quiet: Vec<Symbol> = quiet.map(|(symbol, _)| symbol.clone()).collect();
        for symbol in quiet {
            let message = format!(
                "{symbol}: nothing for {}",
                in_words(self.seen.stale_after())
            );
            let mut error = ErrorInstance::new(ErrorKind::Stale, message).as_warning();
            error.symbol = Some(symbol);
            self.report(error, b"").await?;
        }
        Ok(())
    }

    /// Reports once that there are more requests than can be made.
    pub(super) async fn report_behind(&mut self) -> Result<(), EngineGone> {
        let Some(apart) = self.schedule.take_behind() else {
            return Ok(());
        };
        if std::mem::replace(&mut self.is_behind, true) {
            return Ok(());
        }
        let text = format!(
            "a symbol is asked for every {} instead of every {} ms: answers take too long for so many; a longer period_ms, \
             or more requests at a time (requests=, now {}) may help",
            in_words(apart),
            self.plan.period.as_millis(),
            self.plan.requests_max
        );
        let error = ErrorInstance::new(ErrorKind::Overload, text).as_warning();
        self.report(error, b"").await
    }
}

fn wait_nanos(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)
}

fn again_in(wait: Duration) -> String {
    format!("trying again in {:.1} s", wait.as_secs_f64())
}
