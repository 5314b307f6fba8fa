//! What Kraken is asked for, and what it answers.

use super::frames::{Acknowledged, Call, Frame, Params};
use super::{BATCH, Channel, Kraken, Pending, REQUESTS_MAX, UNCONFIRMED_MS};
use crate::decode::Rejection;
use crate::domain::outcome::{ErrorInstance, ErrorKind, Severity};
use crate::domain::symbol::SymbolId;
use crate::sources::venue::reading::{is_limit, read_part, shortened};
use crate::sources::venue::{Notice, Output};

impl Kraken {
    pub(super) fn next_request(&mut self) -> u64 {
        self.last_request += 1;
        self.last_request
    }

    /// Sends what asks for, or gives up, a channel of some symbols.
    pub(super) fn call(
        &mut self,
        method: &'static str,
        channel: Channel,
        symbols: &[SymbolId],
        output: &mut Output,
    ) {
        for batch in symbols.chunks(BATCH) {
            let id = self.next_request();
            let names: Vec<&str> = batch
                .iter()
                .filter_map(|id| self.wanted.wire(*id))
                .collect();
            let is_new = method == "subscribe";
            let params = Params {
                channel: channel.name(),
                symbol: &names,
                depth: (channel == Channel::Book).then_some(self.depth),
                interval: (channel == Channel::Ohlc).then_some(self.interval_minutes),
                event_trigger: (is_new && channel == Channel::Ticker).then_some("bbo"),
                snapshot: is_new.then_some(true),
            };
            send(method, Some(params), id, output);
            if is_new {
                if self.requests.len() == REQUESTS_MAX {
                    self.requests.pop_front();
                }
                let symbols = batch.to_vec();
                self.requests.push_back(Pending {
                    id,
                    channel,
                    symbols,
                });
            }
        }
    }

    /// Asks for every channel of these symbols.
    pub(super) fn call_all(&mut self, symbols: &[SymbolId], output: &mut Output) {
        for channel in self.channels.clone() {
            self.call("subscribe", channel, symbols, output);
        }
    }

    /// Asks again for what the venue has not confirmed: it drops requests that come too fast.
    pub(super) fn repeat(&mut self, output: &mut Output) {
        if self.now < self.repeat_at {
            return;
        }
        let channels = self.channels.clone();
        let mut is_any = false;
        for channel in channels {
            let missing: Vec<SymbolId> = self
                .wanted
                .in_order()
                .into_iter()
                .filter(|(_, entry)| entry.state.pending & channel.bit() != 0)
                .map(|(_, entry)| entry.id)
                .collect();
            is_any |= !missing.is_empty();
            self.call("subscribe", channel, &missing, output);
        }
        self.repeat_wait_ms = if is_any {
            (self.repeat_wait_ms * 2).min(120_000)
        } else {
            UNCONFIRMED_MS
        };
        self.repeat_at = self.now.plus_ms(self.repeat_wait_ms);
    }

    pub(super) fn expect_confirmations(&mut self) {
        self.repeat_wait_ms = UNCONFIRMED_MS;
        self.repeat_at = self.now.plus_ms(UNCONFIRMED_MS);
    }

    /// Takes a confirmation, or data that stands for one. Gives whether the symbol is wanted.
    pub(super) fn confirm(
        &mut self,
        name: &str,
        channel: Channel,
        output: &mut Output,
    ) -> Option<SymbolId> {
        let entry = self.wanted.get_mut(name)?;
        entry.state.pending &= !channel.bit();
        if !entry.state.is_confirmed {
            entry.state.is_confirmed = true;
            output.notices.push(Notice::Subscribed(entry.id));
        }
        Some(entry.id)
    }

    pub(super) fn answered(
        &mut self,
        frame: &Frame<'_>,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        match frame.method.as_deref() {
            Some("subscribe") => {}
            Some("unsubscribe" | "pong") => return Ok(()),
            _ => {
                output.ignored += 1;
                return Ok(());
            }
        }
        if frame.success == Some(false) || frame.error.is_some() {
            self.failed(frame, output);
            return Ok(());
        }
        let Some(result) = frame.result else {
            return Err(Rejection::schema("a confirmation: missing field `result`"));
        };
        let result: Acknowledged<'_> = read_part(result.get(), "a confirmation")?;
        let channel = Channel::from_name(&result.channel);
        let confirmed = match (channel, &result.symbol) {
            (Some(channel), Some(symbol)) => self.confirm(symbol, channel, output),
            _ => None,
        };
        output.ignored += u64::from(confirmed.is_none());
        Ok(())
    }

    /// A request has failed, as a whole or for one symbol.
    pub(super) fn failed(&mut self, frame: &Frame<'_>, output: &mut Output) {
        let words = frame
            .error
            .as_deref()
            .map_or_else(|| "no reason given".to_owned(), shortened);
        if is_limit(&words) {
            output.notices.push(Notice::Error(rate_limited(&words)));
            return;
        }
        let request = self
            .requests
            .iter()
            .find(|request| Some(request.id) == frame.req_id);
        let channel = request.map(|request| request.channel);
        let symbols: Vec<SymbolId> = match (&frame.symbol, request) {
            (Some(symbol), _) => self
                .wanted
                .get(symbol)
                .map(|entry| entry.id)
                .into_iter()
                .collect(),
            (None, Some(request)) => {
                // Where one symbol is meant, the words name it.
                let named = |id: &SymbolId| {
                    let name = self.wanted.wire(*id);
                    words.split_whitespace().any(|word| Some(word) == name)
                };
                match request.symbols.iter().copied().find(named) {
                    Some(symbol) => vec![symbol],
                    None => request.symbols.clone(),
                }
            }
            (None, None) => {
                let message = format!("Kraken refused a request: {words}");
                let error = ErrorInstance::new(ErrorKind::ConnectionError, message);
                output.notices.push(Notice::Error(error.as_warning()));
                return;
            }
        };
        for symbol in symbols {
            self.failed_for(symbol, channel, &words, output);
        }
    }

    pub(super) fn failed_for(
        &mut self,
        symbol: SymbolId,
        channel: Option<Channel>,
        words: &str,
        output: &mut Output,
    ) {
        let Some(name) = self.wanted.wire(symbol).map(str::to_owned) else {
            return;
        };
        if words.to_ascii_lowercase().contains("already subscribed") {
            if let Some(channel) = channel {
                self.confirm(&name, channel, output);
            }
            return;
        }
        let Some(entry) = self.wanted.get_mut(&name) else {
            return;
        };
        entry.state.pending &= channel.map_or(0, |channel| !channel.bit());
        if entry.state.is_confirmed {
            let what = channel.map_or("something", Channel::name);
            let message = format!("Kraken does not give {what} of {}: {words}", entry.symbol);
            let mut error = ErrorInstance::new(ErrorKind::ConnectionError, message).as_warning();
            error.symbol = Some(entry.symbol.clone());
            output.notices.push(Notice::Error(error));
        } else if !std::mem::replace(&mut entry.state.is_refused, true) {
            let reason = format!("{words}; Kraken writes its pairs as BTC/USD");
            output.notices.push(Notice::Refused { symbol, reason });
        }
    }

    pub(super) fn status(&mut self, system: &str, output: &mut Output) {
        if system == "online" {
            if self.trouble.take().is_some() {
                let mut error =
                    ErrorInstance::new(ErrorKind::ConnectionError, "Kraken is online again");
                error.severity = Severity::Info;
                output.notices.push(Notice::Error(error));
            }
        } else if self.trouble.as_deref() != Some(system) {
            let system = shortened(system);
            let message = match system.as_str() {
                "maintenance" => {
                    "Kraken is down for maintenance; data goes on when it is back".to_owned()
                }
                "cancel_only" => {
                    "Kraken takes no new orders (cancel_only): expect no trades".to_owned()
                }
                "post_only" => {
                    "Kraken takes only resting orders (post_only): expect no trades".to_owned()
                }
                _ => format!("Kraken says that its state is {system:?}"),
            };
            let error = ErrorInstance::new(ErrorKind::ConnectionError, message);
            output.notices.push(Notice::Error(error.as_warning()));
            self.trouble = Some(system);
        }
    }
}

pub(super) fn send(
    method: &'static str,
    params: Option<Params<'_>>,
    req_id: u64,
    output: &mut Output,
) {
    let call = Call {
        method,
        params,
        req_id,
    };
    if let Ok(text) = serde_json::to_string(&call) {
        output.send(text);
    }
}

pub(super) fn rate_limited(words: &str) -> ErrorInstance {
    let message =
        format!("Kraken asks for fewer requests ({words}); what it dropped is asked for again");
    ErrorInstance::new(ErrorKind::RateLimited, message).as_warning()
}
