//! What Binance is asked for on the socket, and what it answers.

use super::answers::look_up;
use super::frames::{Call, Failure, Frame};
use super::{BATCH_STREAMS, Binance, Pending, REQUESTS_MAX, SILENT_MS, UNCONFIRMED_MS};
use crate::decode::Rejection;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::SymbolId;
use crate::sources::venue::reading::{is_limit, read_part, shortened};
use crate::sources::venue::{Notice, Output};

impl Binance {
    /// Sends what asks for, or gives up, the streams of some symbols.
    pub(super) fn call(&mut self, method: &'static str, symbols: &[SymbolId], output: &mut Output) {
        let size = (BATCH_STREAMS / self.streams.len().max(1)).max(1);
        for batch in symbols.chunks(size) {
            self.last_request += 1;
            let id = self.last_request;
            let names = batch.iter().filter_map(|id| self.wanted.wire(*id));
            let of_symbol = |name: &str| {
                let name = name.to_ascii_lowercase();
                let stream = move |stream: &String| format!("{name}@{stream}");
                self.streams.iter().map(stream).collect::<Vec<String>>()
            };
            let params: Vec<String> = names.flat_map(of_symbol).collect();
            let params = &params;
            if let Ok(text) = serde_json::to_string(&Call { method, params, id }) {
                output.send(text);
            }
            if method == "SUBSCRIBE" {
                if self.requests.len() == REQUESTS_MAX {
                    self.requests.pop_front();
                }
                let symbols = batch.to_vec();
                self.requests.push_back(Pending { id, symbols });
            }
        }
    }

    /// What the venue answers to a request on the socket.
    pub(super) fn answered(
        &mut self,
        frame: &Frame<'_>,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        let id: Option<u64> = frame
            .id
            .and_then(|id| id.get().trim_matches('"').parse().ok());
        let found = self
            .requests
            .iter()
            .position(|request| Some(request.id) == id);
        let request = found.and_then(|at| self.requests.remove(at));
        let mut symbols = request.map_or_else(Vec::new, |request| request.symbols);
        let nested: Failure<'_> = match frame.error {
            Some(error) => read_part(error.get(), "an error")?,
            None => Failure::default(),
        };
        let words = frame.msg.as_ref().or(nested.msg.as_ref());
        let code = frame.code.or(nested.code);
        if words.is_none() && code.is_none() {
            for symbol in symbols {
                self.confirm(symbol, output);
            }
            return Ok(());
        }
        let words = words.map_or_else(|| "no reason given".to_owned(), |words| shortened(words));
        let code = code.map_or_else(String::new, |code| format!(" (code {code})"));
        if found.is_none() {
            let message = format!("Binance refused a request: {words}{code}");
            let error = ErrorInstance::new(ErrorKind::ConnectionError, message);
            output.notices.push(Notice::Error(error.as_warning()));
            return Ok(());
        }
        symbols.retain(|id| self.wanted.wire(*id).is_some());
        self.refused(&symbols, &format!("{words}{code}"), output);
        Ok(())
    }

    /// The venue refuses a request: the symbols that it would take all the same are asked for again, in halves.
    fn refused(&mut self, symbols: &[SymbolId], words: &str, output: &mut Output) {
        if is_limit(words) {
            // What is not confirmed is asked for again by and by.
            let message = format!("Binance asks for fewer requests: {words}");
            let error = ErrorInstance::new(ErrorKind::RateLimited, message);
            output.notices.push(Notice::Error(error.as_warning()));
            return;
        }
        if let [symbol] = symbols {
            return self.refuse(*symbol, words, output);
        }
        let now = self.now;
        for (_, entry) in self.wanted.iter_mut() {
            if symbols.contains(&entry.id) {
                entry.state.asked_at = now;
            }
        }
        let (first, second) = symbols.split_at(symbols.len() / 2);
        self.call("SUBSCRIBE", first, output);
        self.call("SUBSCRIBE", second, output);
    }

    pub(super) fn confirm(&mut self, symbol: SymbolId, output: &mut Output) {
        let name = self.wanted.wire(symbol).map(str::to_owned);
        if let Some(entry) = name.and_then(|name| self.wanted.get_mut(&name))
            && !std::mem::replace(&mut entry.state.is_confirmed, true)
        {
            output.notices.push(Notice::Subscribed(symbol));
        }
    }

    pub(super) fn refuse(&mut self, symbol: SymbolId, words: &str, output: &mut Output) {
        let name = self.wanted.wire(symbol).map(str::to_owned);
        let Some(entry) = name.and_then(|name| self.wanted.get_mut(&name)) else {
            return;
        };
        entry.state.sync.give_up();
        if !std::mem::replace(&mut entry.state.is_refused, true) {
            let reason =
                format!("{words}; Binance writes its pairs as BTCUSDT, and has none in dollars");
            output.notices.push(Notice::Refused { symbol, reason });
        }
    }

    /// Asks again for what has not been confirmed, and looks up what is silent.
    pub(super) fn look_after_symbols(&mut self, output: &mut Output) {
        let now = self.now;
        let mut unconfirmed = Vec::new();
        let mut silent = Vec::new();
        for (name, entry) in self.wanted.iter_mut() {
            let state = &mut entry.state;
            let age_ms = now.0.saturating_sub(state.asked_at.0);
            if state.is_refused || state.is_heard {
            } else if !state.is_confirmed {
                if age_ms >= UNCONFIRMED_MS {
                    state.asked_at = now;
                    unconfirmed.push(entry.id);
                }
            } else if age_ms >= SILENT_MS && state.looked_up_at.is_none() {
                state.looked_up_at = Some(now);
                if !self.has_books {
                    silent.push((entry.id, name.to_owned()));
                }
            }
            // A quiet symbol may have quotes and no changes to its book.
            if self.has_books
                && state.is_confirmed
                && age_ms >= SILENT_MS
                && state.sync.is_untouched()
            {
                state.sync.fetch_anyway(now);
            }
        }
        unconfirmed.sort_unstable();
        self.call("SUBSCRIBE", &unconfirmed, output);
        silent.sort_unstable();
        for (_, name) in silent {
            output.ask.push(look_up(&name));
        }
    }
}
