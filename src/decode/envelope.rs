//! One line of JSON: `{"timestamp":…,"service":"OHLCV","symbols":{"AAPL":{…}}}`, or a bare mapping of symbols to bars, or
//! a row of a table: an object with a text `symbol`, a time `unix_ts` (or `datetime`), and the fields of a service, which
//! tell which one it is unless `service` does.
//!
//! A line is read once, in place; nothing is allocated but the events. What it may hold:
//!
//! - Keys in any order; keys that are not known are passed over, here and in the payloads.
//! - `null` and an absent field are the same: not known. An empty payload, or `null`, is no event.
//! - A field, or one of the line's own keys, that comes twice is refused: there is no telling which one counts.
//! - A symbol whose payload breaks the schema is rejected alone. A line that is no JSON is rejected whole. `NaN` and
//!   `Infinity`, which are no JSON either, are rejected alone, because programs write them for "not known".

mod payload;
mod row;

use crate::domain::event::{DataService, Event, Payload};
use crate::domain::symbol::{Resolution, Symbol};
use crate::domain::time::{Timeframe, UnixMs};

use super::json::{Kind, Scanner, Syntax, Text};
use super::{Rejection, quoted};

/// What a line held besides its events.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// When the line belongs in a replay: its events' latest time, else the envelope's own.
    pub time: Option<UnixMs>,
    /// Payloads of symbols that nobody wants.
    pub ignored: u64,
    /// What was wrong with single symbols. The others have been taken.
    pub rejections: Vec<Rejection>,
    /// How long the bar is, in a row of a table that says it.
    pub timeframe: Option<Timeframe>,
}

/// Decodes one line and appends its events. `resolve` says what a symbol is to the engine; payloads of symbols that
/// nobody wants are passed over unread. An empty line is a line without events.
///
/// # Errors
/// When the whole line cannot be taken; `events` is then as it was.
pub fn decode_line(
    line: &[u8],
    events: &mut Vec<Event>,
    resolve: &mut impl FnMut(&str) -> Resolution,
) -> Result<Line, Rejection> {
    let before = events.len();
    let text = std::str::from_utf8(line).map_err(|error| {
        Rejection::decode(format!("byte {} is no UTF-8", error.valid_up_to() + 1))
    })?;
    let mut decoder = LineDecoder {
        scanner: Scanner::new(text),
        events,
        resolve,
        line: Line::default(),
        service: DataService::Ohlcv,
    };
    let outcome = decoder.decode();
    let line = decoder.line;
    match outcome {
        Ok(()) => Ok(line),
        Err(fault) => {
            events.truncate(before);
            Err(match fault {
                Fault::Syntax(syntax) => no_json(syntax),
                // Found before the rest of the line was read: broken JSON is the graver fault.
                Fault::Schema(reason) => match whole(text) {
                    Err(syntax) => no_json(syntax),
                    Ok(()) => Rejection::schema(reason),
                },
            })
        }
    }
}

fn whole(text: &str) -> Result<(), Syntax> {
    let mut scanner = Scanner::new(text);
    scanner.skip()?;
    scanner.finish()
}

fn no_json(syntax: Syntax) -> Rejection {
    Rejection::decode(format!(
        "no JSON: {} (byte {})",
        syntax.reason,
        syntax.at + 1
    ))
}

/// What stops a line or a payload.
enum Fault {
    /// It is no JSON: nothing that follows can be trusted.
    Syntax(Syntax),
    /// It is JSON, and has been passed, but says what it should not.
    Schema(String),
}

impl From<Syntax> for Fault {
    #[cold]
    fn from(syntax: Syntax) -> Self {
        Self::Syntax(syntax)
    }
}

struct LineDecoder<'a, 'e, R> {
    scanner: Scanner<'a>,
    events: &'e mut Vec<Event>,
    resolve: &'e mut R,
    line: Line,
    service: DataService,
}

/// The envelope's own keys, as far as they have come.
#[derive(Default)]
struct Head {
    timestamp: Option<UnixMs>,
    has_timestamp: bool,
    service: Option<Result<DataService, String>>,
    /// Where the mapping of symbols begins, and whether it has been decoded already.
    symbols: Option<(usize, bool)>,
    /// Whether there was any other key: in a bare mapping, a symbol.
    others: bool,
    /// Whose row of a table it is.
    row_of: Option<String>,
}

impl<R: FnMut(&str) -> Resolution> LineDecoder<'_, '_, R> {
    fn decode(&mut self) -> Result<(), Fault> {
        match self.scanner.peek() {
            None => return Ok(()),
            Some(b'{') => {}
            // The first byte of a byte order mark, which is no JSON; nor would it be an object.
            Some(0xef) => {
                return Err(self
                    .scanner
                    .wrong("the line begins with no JSON value")
                    .into());
            }
            Some(_) => {
                let kind = self.scanner.kind()?;
                self.scanner.skip()?;
                self.scanner.finish()?;
                return Err(Fault::Schema(format!(
                    "expected an object, found {}",
                    kind.describe()
                )));
            }
        }
        let start = self.scanner.at();
        let head = self.head()?;
        if let (None, Some(symbol)) = (head.symbols, &head.row_of) {
            return self.row(start, symbol, head.service);
        }
        match (head.symbols, head.service) {
            (Some((_, true)), _) => {}
            (Some((at, false)), Some(Ok(service))) => {
                self.service = service;
                self.scanner.move_to(at);
                self.symbols()?;
            }
            (_, Some(Err(name))) => return Err(unknown_service(&name)),
            (Some(_), None) => return Err(Fault::Schema("service: is missing".to_owned())),
            (None, Some(Ok(_))) => return Err(Fault::Schema("symbols: is missing".to_owned())),
            (None, None) if head.others => {
                self.scanner.move_to(start);
                self.mapping(true)?;
            }
            (None, None) => {}
        }
        self.line.time = self.line.time.or(head.timestamp);
        Ok(())
    }

    /// Passes the whole line, and decodes the symbols on the way if the service comes before them.
    fn head(&mut self) -> Result<Head, Fault> {
        let mut head = Head::default();
        self.scanner.expect(b'{', "an object is missing")?;
        let mut more = !self.scanner.take(b'}');
        while more {
            let key = self.scanner.key()?.value()?;
            match &*key {
                "timestamp" => {
                    let time = payload::time(&mut self.scanner, "timestamp")?;
                    once("timestamp", head.has_timestamp)?;
                    (head.timestamp, head.has_timestamp) = (time, true);
                }
                "service" => {
                    let service = self.service_name()?;
                    once("service", head.service.replace(service).is_some())?;
                }
                // Of a row, they are what a headline is about.
                "symbols" if head.row_of.is_some() => self.scanner.skip()?,
                "symbols" => {
                    once("symbols", head.symbols.is_some())?;
                    let start = self.scanner.at();
                    if let Some(Ok(service)) = head.service {
                        self.service = service;
                        self.symbols()?;
                        head.symbols = Some((start, true));
                    } else {
                        self.scanner.skip()?;
                        head.symbols = Some((start, false));
                    }
                }
                // A symbol of this name has an object, not a text.
                "symbol" if self.scanner.kind()? == Kind::Text => {
                    let symbol = self.scanner.string()?.value()?.into_owned();
                    once("symbol", head.row_of.replace(symbol).is_some())?;
                }
                _ => {
                    head.others = true;
                    self.scanner.skip()?;
                }
            }
            more = self.scanner.another(b'}')?;
        }
        self.scanner.finish()?;
        Ok(head)
    }

    fn service_name(&mut self) -> Result<Result<DataService, String>, Fault> {
        match self.scanner.kind()? {
            Kind::Text => {
                let name = self.scanner.string()?.value()?;
                Ok(DataService::from_name(&name).ok_or_else(|| name.into_owned()))
            }
            kind => {
                self.scanner.skip()?;
                Err(Fault::Schema(format!(
                    "service: expected a string, found {}",
                    kind.describe()
                )))
            }
        }
    }

    fn symbols(&mut self) -> Result<(), Fault> {
        match self.scanner.kind()? {
            Kind::Object => self.mapping(false),
            kind => {
                self.scanner.skip()?;
                Err(Fault::Schema(format!(
                    "symbols: expected an object, found {}",
                    kind.describe()
                )))
            }
        }
    }

    /// Decodes a mapping of symbols to payloads. A bare one may hold the envelope's `timestamp`, and its keys are not
    /// taken for symbols before they prove to have payloads.
    fn mapping(&mut self, bare: bool) -> Result<(), Fault> {
        self.scanner.expect(b'{', "an object is missing")?;
        let mut more = !self.scanner.take(b'}');
        while more {
            let key = self.scanner.key()?;
            self.member(key, bare)?;
            more = self.scanner.another(b'}')?;
        }
        Ok(())
    }

    #[inline]
    fn member(&mut self, key: Text<'_>, bare: bool) -> Result<(), Fault> {
        let symbol = key.value()?;
        if self.scanner.peek() != Some(b'{') && (bare || self.scanner.peek() == Some(b'n')) {
            return self.no_payload(&symbol);
        }
        match (self.resolve)(&symbol) {
            Resolution::Subscribed(id) => {
                if self.scanner.peek() != Some(b'{') {
                    return self.no_payload(&symbol);
                }
                match payload::decode(&mut self.scanner, self.service) {
                    Ok(None) => {}
                    Ok(Some((time, payload))) => {
                        self.line.time = self.line.time.max(time);
                        self.events.push(Event {
                            symbol: id,
                            time,
                            payload,
                        });
                    }
                    Err(Fault::Schema(reason)) => self.reject(&symbol, reason),
                    Err(fault) => return Err(fault),
                }
                Ok(())
            }
            Resolution::Ignored => {
                self.line.ignored += 1;
                Ok(self.scanner.skip()?)
            }
            other => self.unresolved(&symbol, &other),
        }
    }

    #[cold]
    fn no_payload(&mut self, symbol: &str) -> Result<(), Fault> {
        let kind = self.scanner.kind()?;
        self.scanner.skip()?;
        if kind != Kind::Null && symbol != "timestamp" {
            self.reject(
                symbol,
                format!("expected an object of fields, found {}", kind.describe()),
            );
        }
        Ok(())
    }

    #[cold]
    fn unresolved(&mut self, symbol: &str, why: &Resolution) -> Result<(), Fault> {
        self.scanner.skip()?;
        match why {
            Resolution::Invalid(error) => {
                self.reject(symbol, format!("symbol {}: {error}", quoted(symbol)));
            }
            // The engine says once that it is full.
            _ => self.line.ignored += 1,
        }
        Ok(())
    }

    #[cold]
    fn reject(&mut self, symbol: &str, reason: String) {
        self.line.rejections.push(Rejection {
            symbol: Symbol::new(symbol).ok(),
            ..Rejection::schema(reason)
        });
    }
}

fn unknown_service(name: &str) -> Fault {
    let known = DataService::ALL.map(DataService::name).join(", ");
    Fault::Schema(format!(
        "service: {} is unknown; there are {known}",
        quoted(name)
    ))
}

fn once(key: &str, again: bool) -> Result<(), Fault> {
    if again {
        return Err(Fault::Schema(format!("{key}: comes twice")));
    }
    Ok(())
}

/// An event's data and its time.
type Decoded = (Option<UnixMs>, Payload);

#[cfg(test)]
#[path = "envelope/tests.rs"]
mod tests;
