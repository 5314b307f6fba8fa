//! Sessions that are given recorded inputs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::decode::Rejection;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::source::Products;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, UnixMs};
use crate::sources::http_poll;
use crate::sources::recording::{Played, Recording, RecordingPlayer};
use crate::sources::spec::SourceSpec;
use crate::sources::venue::options::{Setup, Venue};
use crate::sources::venue::session::Session;
use crate::sources::venue::{Notice, Output, Protocol, VENUES};

use super::line::{Head, Line};

/// What stands for a key: a recording is played without any.
const NO_KEY: &str = "not-needed-for-a-recording";
/// More connections than a recording can have. One is kept for each.
const CONNECTIONS_MAX: usize = 10_000;

/// Makes the protocol that a recording is played with.
pub type MakeProtocol = Arc<dyn Fn(&Setup) -> Option<Box<dyn Protocol>> + Send + Sync>;

/// Makes sense of the first line of a venue's recording. See [`ReadHead`](crate::sources::recording::ReadHead).
///
/// # Errors
/// Why it is none, or cannot be played.
pub fn read_head(line: &[u8]) -> Result<Arc<dyn Recording>, String> {
    let head = Line::read(line)
        .and_then(|line| line.as_head())
        .map_err(|rejection| rejection.reason)?
        .ok_or("it does not begin with a recording's head; it may go on from another file")?;
    let spec = SourceSpec::read(&head.spec).map_err(|error| error.to_string())?;
    let kind = spec.kind().name;
    let venue = recordable()
        .find(|venue| venue.kind.name == kind)
        .ok_or_else(|| format!("it is a recording of {kind}:, which is no live source"))?;
    let recording =
        OfVenue::new(venue, &spec, head.map.as_deref()).map_err(|error| error.to_string())?;
    Ok(Arc::new(recording.with_head(&head)))
}

/// Everything that is recorded: venues, and what is polled.
fn recordable() -> impl Iterator<Item = &'static Venue> {
    VENUES.iter().copied().chain([&http_poll::VENUE])
}

/// A venue's recording.
pub struct OfVenue {
    kind: String,
    /// The name that the source went by.
    source: String,
    started: UnixMs,
    setup: Setup,
    protocol: MakeProtocol,
}

impl fmt::Debug for OfVenue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfVenue")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl OfVenue {
    /// A recording of a venue that was opened with this specification, and what the file of its mapping held then.
    ///
    /// # Errors
    /// When the venue does not take it.
    pub fn new(
        venue: &'static Venue,
        spec: &SourceSpec,
        map: Option<&str>,
    ) -> Result<Self, crate::sources::spec::SpecError> {
        let no_key = |_: &str| Some(NO_KEY.to_owned());
        let setup = match map {
            Some(map) => venue.setup_with(spec, &no_key, &|_| Ok(map.to_owned()))?,
            None => venue.setup(spec, &no_key)?,
        };
        (venue.protocol)(&setup).map_err(|problem| spec.wrong(problem.option, problem.reason))?;
        let protocol = move |setup: &Setup| (venue.protocol)(setup).ok();
        Ok(Self::with_protocol(
            venue.kind.name,
            setup,
            Arc::new(protocol),
        ))
    }

    /// A recording that is played with protocols made by this.
    #[must_use]
    pub fn with_protocol(kind: &str, setup: Setup, protocol: MakeProtocol) -> Self {
        Self {
            kind: kind.to_owned(),
            source: kind.to_owned(),
            started: UnixMs(0),
            setup,
            protocol,
        }
    }

    /// The same, with what its head says of it. Without one it is called as its kind, and began in 1970.
    #[must_use]
    pub fn with_head(self, head: &Head) -> Self {
        Self {
            source: head.source.clone(),
            started: head.started,
            ..self
        }
    }
}

impl Recording for OfVenue {
    fn kind(&self) -> &str {
        &self.kind
    }

    fn source(&self) -> &str {
        &self.source
    }

    fn started(&self) -> UnixMs {
        self.started
    }

    fn calendar(&self) -> SessionCalendar {
        self.setup.calendar
    }

    fn products(&self) -> Products {
        self.setup.products
    }

    fn player(&self) -> Box<dyn RecordingPlayer> {
        Box::new(Player {
            setup: self.setup.clone(),
            protocol: Arc::clone(&self.protocol),
            sessions: BTreeMap::new(),
            symbols: Vec::new(),
            ids: FxHashMap::default(),
            output: Output::default(),
        })
    }
}

/// A venue's recording being played: a session for each connection.
struct Player {
    setup: Setup,
    protocol: MakeProtocol,
    sessions: BTreeMap<usize, Session>,
    /// By number.
    symbols: Vec<Symbol>,
    ids: FxHashMap<Symbol, SymbolId>,
    output: Output,
}

impl RecordingPlayer for Player {
    fn take(&mut self, line: &[u8], played: &mut Played) -> Result<(), Rejection> {
        let line = Line::read(line)?;
        if let Some(head) = line.as_head()? {
            self.sessions.clear();
            played.time = Some(head.started);
            return Ok(());
        }
        let recorded = line.into_recorded()?;
        played.time = Some(recorded.now);
        let session = match self.sessions.entry(recorded.connection) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                if recorded.connection >= CONNECTIONS_MAX {
                    return Err(Rejection::schema(format!(
                        "'on' is {}, and there are never so many connections",
                        recorded.connection
                    )));
                }
                let protocol = (self.protocol)(&self.setup).ok_or_else(|| {
                    Rejection::schema("the options in the recording's head are not taken any more")
                })?;
                entry.insert(Session::new(protocol, &self.setup))
            }
        };
        let (symbols, ids) = (&mut self.symbols, &mut self.ids);
        let number = |symbol: &Symbol| {
            *ids.entry(symbol.clone()).or_insert_with(|| {
                symbols.push(symbol.clone());
                SymbolId((symbols.len() - 1) as u32)
            })
        };
        let output = &mut self.output;
        output.clear();
        recorded
            .what
            .give(number, |input| session.take(input, recorded.now, output));
        self.tell(played);
        Ok(())
    }

    fn symbol(&self, id: SymbolId) -> Option<&Symbol> {
        self.symbols.get(id.index())
    }
}

impl Player {
    /// What has come of an input. What would have been sent or asked is not: the answers are in the recording too.
    fn tell(&mut self, played: &mut Played) {
        played.events.append(&mut self.output.events);
        played.ignored += self.output.ignored;
        let about = |symbol: SymbolId, kind, reason| ErrorInstance {
            symbol: self.symbols.get(symbol.index()).cloned(),
            ..ErrorInstance::new(kind, reason)
        };
        for notice in self.output.notices.drain(..) {
            match notice {
                Notice::Ready | Notice::Subscribed(_) => {}
                Notice::Refused { symbol, reason } => {
                    played.errors.push(ErrorInstance {
                        is_refusal: true,
                        ..about(symbol, ErrorKind::ConfigError, reason)
                    });
                }
                Notice::Gap {
                    symbol,
                    kind,
                    reason,
                } => played.errors.push(about(symbol, kind, reason)),
                Notice::Rejected(rejection) => played.rejections.push(rejection),
                Notice::Error(error) => played.errors.push(error),
            }
        }
        if let Some(ending) = self.output.ending.take() {
            let error = ErrorInstance::new(ending.kind, ending.message);
            played.errors.push(error);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn head(spec: &str) -> Result<Arc<dyn Recording>, String> {
        head_with(spec, None)
    }

    fn head_with(spec: &str, map: Option<&str>) -> Result<Arc<dyn Recording>, String> {
        let mut line = Vec::new();
        let head = Head {
            source: "x".to_owned(),
            spec: spec.to_owned(),
            map: map.map(str::to_owned),
            started: UnixMs(1),
        };
        Line::head(&head).write(&mut line);
        read_head(&line)
    }

    #[test]
    fn every_venue_can_be_played_without_its_keys() {
        for venue in recordable() {
            for example in venue.kind.examples {
                let recording = head(example.spec).unwrap();
                assert_eq!(recording.kind(), venue.kind.name);
                let mut machine = recording.player();
                let mut played = Played::default();
                for line in [
                    r#"{"recording":1,"source":"x","spec":"x:","started":5}"#,
                    r#"{"ms":6,"on":0,"in":"opened"}"#,
                    r#"{"ms":6,"on":0,"in":"subscribe","symbols":["AAPL"]}"#,
                    r#"{"ms":7,"on":0,"in":"text","text":"{}"}"#,
                    r#"{"ms":8,"on":0,"in":"tick"}"#,
                    r#"{"ms":9,"on":0,"in":"closed"}"#,
                ] {
                    machine.take(line.as_bytes(), &mut played).unwrap();
                }
                assert_eq!(played.time, Some(UnixMs(9)), "{}", example.spec);
            }
        }
    }

    #[test]
    fn a_mapping_is_that_of_the_recording_and_not_of_the_file_as_it_is_now() {
        let spec = "wss://feed.example/?map=/there/is/no/such/file.toml";
        let map = "[[mapping]]\nsymbol = \"/s\"\nprice = \"/p\"\n";
        head_with(spec, Some(map)).unwrap();
        let reason = head(spec).unwrap_err();
        assert!(reason.contains("cannot be read"), "{reason}");
    }

    #[test]
    fn what_is_no_recording_of_a_venue_is_refused() {
        for (spec, part) in [
            ("replay:x", "replay:, which is no live source"),
            ("surprise:", "surprise"),
        ] {
            let reason = head(spec).unwrap_err();
            assert!(reason.contains(part), "{reason}");
        }
        let reason = read_head(br#"{"ms":6,"on":0,"in":"opened"}"#).unwrap_err();
        assert!(reason.contains("does not begin with"), "{reason}");
        assert!(read_head(b"nonsense").is_err());
    }
}
