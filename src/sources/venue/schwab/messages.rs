//! Schwab's messages, and what is made of those that carry data.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Schwab;
use super::services::Service;
use crate::decode::Rejection;
use crate::decode::wire::Exact;
use crate::domain::bar::Ohlcv;
use crate::domain::book::{BookUpdate, Level};
use crate::domain::event::{Event, Payload};
use crate::domain::quote::{Level1, SymbolFacts, Trading};
use crate::domain::time::UnixMs;
use crate::sources::venue::Output;
use crate::sources::venue::reading::{self, Object};

/// Who the client is to the streamer, and where that is.
#[derive(Debug, Default, Deserialize)]
pub(super) struct StreamerInfo {
    #[serde(rename = "streamerSocketUrl")]
    pub(super) url: String,
    #[serde(rename = "schwabClientCustomerId")]
    pub(super) customer_id: String,
    #[serde(rename = "schwabClientCorrelId")]
    pub(super) correlation_id: String,
    #[serde(rename = "schwabClientChannel")]
    pub(super) channel: String,
    #[serde(rename = "schwabClientFunctionId")]
    pub(super) function_id: String,
}

impl StreamerInfo {
    /// What is recorded of the answer to the request for a person's preferences: nothing that is about the person.
    pub(super) fn recorded(body: &[u8]) -> Vec<u8> {
        let Ok(info) = Self::read(body) else {
            return b"{}".to_vec();
        };
        let preference = serde_json::json!({"streamerInfo": [{
            "streamerSocketUrl": info.url,
            "schwabClientCustomerId": "***",
            "schwabClientCorrelId": "***",
            "schwabClientChannel": info.channel,
            "schwabClientFunctionId": info.function_id,
        }]});
        preference.to_string().into_bytes()
    }

    /// Reads the answer to the request for a person's preferences.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Preference {
            #[serde(rename = "streamerInfo")]
            streamers: Vec<StreamerInfo>,
        }
        let preference: Preference =
            serde_json::from_slice(body).map_err(|error| error.to_string())?;
        preference
            .streamers
            .into_iter()
            .next()
            .ok_or_else(|| "streamerInfo is empty".to_owned())
    }
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, default)]
    response: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    notify: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    data: Vec<&'a RawValue>,
}

/// The answer to a command.
#[derive(Deserialize)]
pub(super) struct Response<'a> {
    #[serde(borrow)]
    pub(super) service: Cow<'a, str>,
    #[serde(borrow)]
    command: Cow<'a, str>,
    /// A number or a text, whichever it was sent as.
    #[serde(borrow)]
    requestid: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) content: Content<'a>,
}

#[derive(Deserialize)]
pub(super) struct Content<'a> {
    pub(super) code: i64,
    #[serde(borrow)]
    pub(super) msg: Option<Cow<'a, str>>,
}

impl Response<'_> {
    pub(super) fn is_login(&self) -> bool {
        self.service == "ADMIN" && self.command == "LOGIN"
    }

    /// The number of the command that it answers.
    pub(super) fn request(&self) -> Option<u64> {
        self.requestid?.get().trim_matches('"').parse().ok()
    }
}

/// A notice about the connection that is no heartbeat: some of them end it.
#[derive(Deserialize)]
struct Notification<'a> {
    #[serde(borrow)]
    heartbeat: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    service: Cow<'a, str>,
    timestamp: Option<i64>,
    #[serde(borrow)]
    content: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Quote<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(rename = "1")]
    bid: Option<Exact>,
    #[serde(rename = "2")]
    ask: Option<Exact>,
    #[serde(rename = "3")]
    last: Option<Exact>,
    #[serde(rename = "4")]
    bid_size: Option<Exact>,
    #[serde(rename = "5")]
    ask_size: Option<Exact>,
    #[serde(rename = "8")]
    volume: Option<Exact>,
    #[serde(rename = "9")]
    last_size: Option<Exact>,
    #[serde(rename = "12")]
    previous_close: Option<Exact>,
    #[serde(rename = "32", borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(rename = "34")]
    quoted_at: Option<i64>,
    #[serde(rename = "35")]
    traded_at: Option<i64>,
}

#[derive(Deserialize)]
struct Bar<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(rename = "2")]
    open: Exact,
    #[serde(rename = "3")]
    high: Exact,
    #[serde(rename = "4")]
    low: Exact,
    #[serde(rename = "5")]
    close: Exact,
    #[serde(rename = "6")]
    volume: Exact,
    #[serde(rename = "7")]
    time: i64,
}

#[derive(Deserialize)]
struct BookLevel {
    #[serde(rename = "0")]
    price: Exact,
    #[serde(rename = "1")]
    size: Exact,
}

#[derive(Deserialize)]
struct Book<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(rename = "1")]
    time: i64,
    #[serde(rename = "2", default)]
    bids: Vec<Object<BookLevel>>,
    #[serde(rename = "3", default)]
    asks: Vec<Object<BookLevel>>,
}

impl Schwab {
    /// Takes a message apart. What cannot be taken is rejected by itself.
    pub(super) fn take(&mut self, text: &str, output: &mut Output) {
        let frame: Frame<'_> = match reading::read(text, "a message") {
            Ok(frame) => frame,
            Err(rejection) => return output.reject(rejection),
        };
        if frame.response.is_empty() && frame.notify.is_empty() && frame.data.is_empty() {
            output.ignored += 1;
        }
        for part in frame.response {
            match reading::read_part(part.get(), "a response") {
                Ok(response) => self.response(&response, output),
                Err(rejection) => output.reject(rejection),
            }
        }
        for part in frame.notify {
            match reading::read_part(part.get(), "a notice") {
                Ok(notice) => self.notify(&notice, output),
                Err(rejection) => output.reject(rejection),
            }
        }
        for part in frame.data {
            if let Err(rejection) = self.data(part.get(), output) {
                output.reject(rejection);
            }
        }
    }

    fn notify(&self, notice: &Notification<'_>, output: &mut Output) {
        match &notice.content {
            Some(content) => {
                let said = content.msg.as_deref().unwrap_or("no reason given");
                let said = format!(
                    "{} (code {})",
                    reading::words(said, &self.token),
                    content.code
                );
                output.end(super::control::ending(content.code, &said));
            }
            None if notice.heartbeat.is_none() => output.ignored += 1,
            None => {}
        }
    }

    fn data(&mut self, text: &str, output: &mut Output) -> Result<(), Rejection> {
        let data: Data<'_> = reading::read_part(text, "data")?;
        let sent = match data.timestamp {
            Some(ms) => Some(reading::time_of_ms(ms, "timestamp")?),
            None => None,
        };
        let Some(service) = Service::of_name(&data.service) else {
            output.ignored += 1;
            return Ok(());
        };
        for content in data.content {
            let text = content.get();
            let taken = match service {
                Service::Quotes => self.quote(text, sent, output),
                Service::Bars => self.bar(text, output),
                Service::NyseBook | Service::NasdaqBook => self.book(service, text, output),
            };
            if let Err(mut rejection) = taken {
                rejection.symbol = reading::text_field(text, "key")
                    .and_then(|key| Some(self.wanted.get(&key)?.symbol.clone()));
                output.reject(rejection);
            }
        }
        Ok(())
    }

    fn quote(
        &mut self,
        text: &str,
        sent: Option<UnixMs>,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        let quote: Quote<'_> = reading::read_part(text, Service::Quotes.name())?;
        let time = |field: Option<i64>, name| {
            let time = field.map(|ms| reading::time_of_ms(ms, name));
            time.transpose()
        };
        let quoted_at = time(quote.quoted_at, "34")?;
        let traded_at = time(quote.traded_at, "35")?;
        let Some(entry) = self.wanted.get_mut(&quote.key) else {
            output.ignored += 1;
            return Ok(());
        };
        let known = &mut entry.state;
        known.quoted_at = quoted_at.or(known.quoted_at);
        known.traded_at = traded_at.or(known.traded_at);
        let happened = quoted_at.max(traded_at).or(sent);
        let quoted = known.quoted_at.max(known.traded_at).or(sent);
        let number = |field: Option<Exact>| field.map(|number| number.0);
        let level1 = Level1 {
            bid: number(quote.bid),
            bid_size: number(quote.bid_size),
            ask: number(quote.ask),
            ask_size: number(quote.ask_size),
            last: number(quote.last),
            last_size: number(quote.last_size),
            volume: number(quote.volume),
        };
        let facts = SymbolFacts {
            trading: quote.status.as_deref().and_then(trading),
            previous_close: number(quote.previous_close),
            ..SymbolFacts::default()
        };
        let mut give = |time, payload| {
            output.events.push(Event {
                symbol: entry.id,
                time,
                payload,
            });
        };
        if facts != SymbolFacts::default() {
            give(happened, Payload::Facts(Box::new(facts)));
        }
        if level1 != Level1::default() {
            give(quoted, Payload::Level1(level1));
        }
        Ok(())
    }

    fn bar(&mut self, text: &str, output: &mut Output) -> Result<(), Rejection> {
        let bar: Bar<'_> = reading::read_part(text, Service::Bars.name())?;
        let time = reading::time_of_ms(bar.time, "7")?;
        let Some(entry) = self.wanted.get(&bar.key) else {
            output.ignored += 1;
            return Ok(());
        };
        output.events.push(Event {
            symbol: entry.id,
            time: Some(time),
            payload: Payload::Ohlcv(Ohlcv {
                open: Some(bar.open.0),
                high: Some(bar.high.0),
                low: Some(bar.low.0),
                close: Some(bar.close.0),
                volume: Some(bar.volume.0),
            }),
        });
        Ok(())
    }

    pub(super) fn book(
        &mut self,
        service: Service,
        text: &str,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        let book: Book<'_> = reading::read_part(text, service.name())?;
        let time = reading::time_of_ms(book.time, "1")?;
        let Some(entry) = self.wanted.get_mut(&book.key) else {
            output.ignored += 1;
            return Ok(());
        };
        let is_empty = book.bids.is_empty() && book.asks.is_empty();
        if entry.state.book.is_none() && !is_empty {
            entry.state.book = Some(service);
        }
        if entry.state.book != Some(service) {
            output.ignored += 1;
            return Ok(());
        }
        text.clone_into(&mut entry.state.book_text);
        let levels = |side: &[Object<BookLevel>]| -> Vec<Level> {
            let level = |Object(level): &Object<BookLevel>| Level {
                price: level.price.0,
                size: level.size.0,
            };
            side.iter().map(level).collect()
        };
        output.events.push(Event {
            symbol: entry.id,
            time: Some(time),
            payload: Payload::Level2(Box::new(BookUpdate {
                bids: levels(&book.bids),
                asks: levels(&book.asks),
                snapshot: true,
                ..BookUpdate::default()
            })),
        });
        Ok(())
    }
}

fn trading(status: &str) -> Option<Trading> {
    match status {
        "Normal" => Some(Trading::Open),
        "Halted" => Some(Trading::Halted),
        "Closed" => Some(Trading::Closed),
        _ => None,
    }
}
