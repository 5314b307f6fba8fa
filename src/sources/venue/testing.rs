//! A venue's protocol on a workbench: bytes in, and a look at what comes out.

pub(crate) mod mutate;
pub(crate) mod shown;

use std::fmt::Debug;

use secrecy::ExposeSecret;
use serde::Deserialize;

use super::options::{OptionProblem, Setup, Venue};
use super::reading::read_part;
use super::recorded::line::Line;
use super::recorded::tests::beginning;
use super::session::{Input, Session};
use super::{Answer, Incoming, Outgoing, Output, Protocol};
use crate::domain::event::DataService;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;
use crate::sources::spec::SourceSpec;

/// What a reader of the usual makes of a text is what serde makes of it; whether it makes anything of it. Shown, because
/// decimals are equal that do not have the same digits.
pub(crate) fn agrees<'a, T: Debug + Deserialize<'a>>(
    text: &'a str,
    read: impl Fn(&'a str) -> Option<T>,
) -> bool {
    let found = read(text);
    if let Some(found) = &found {
        let expected: T = read_part(text, "a part").unwrap();
        assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{text}");
    }
    found.is_some()
}

type MakeProtocol = fn(&Setup) -> Result<Box<dyn Protocol>, OptionProblem>;

/// A protocol without a connection.
pub(crate) struct Workbench {
    protocol: MakeProtocol,
    pub(crate) setup: Setup,
    pub(crate) session: Session,
    /// What the last input has led to.
    pub(crate) output: Output,
    pub(crate) now: UnixMs,
    symbols: Vec<Symbol>,
    /// What plays the recording, once one has been begun.
    replay: Option<Session>,
}

impl Workbench {
    /// A venue's protocol as a specification (`kraken:?depth=10`) sets it up; every key is `KEY-` and its variable's name.
    pub(crate) fn new(venue: &Venue, spec: &str) -> Self {
        let spec: SourceSpec = spec.parse().unwrap();
        let keys = |variable: &str| Some(format!("KEY-{variable}"));
        let setup = venue.setup(&spec, &keys).unwrap();
        let session = Session::new((venue.protocol)(&setup).unwrap(), &setup);
        Self {
            protocol: venue.protocol,
            setup,
            session,
            output: Output::default(),
            // Later than any frame of the tests.
            now: UnixMs(2_000_000_000_000),
            symbols: Vec::new(),
            replay: None,
        }
    }

    /// A recording is begun in mid-run, as the driver does it. Its replay is given all that comes from now on, and has to
    /// make the same of it. Gives what the recording begins with.
    pub(crate) fn begin_recording(&mut self, is_open: bool) -> (Vec<String>, Output) {
        let mut wanted = Vec::new();
        for id in self.session.symbols() {
            wanted.push((self.symbols[id.index()].clone(), id));
        }
        let lines = beginning(&mut self.session, &wanted, is_open, self.now);
        let mut replay = Session::new((self.protocol)(&self.setup).unwrap(), &self.setup);
        let mut output = Output::default();
        for line in &lines[1..] {
            let recorded = Line::read(line.as_bytes()).and_then(Line::into_recorded);
            let recorded = recorded.unwrap();
            let number = |name: &Symbol| wanted.iter().find(|(known, _)| known == name).unwrap().1;
            let give = |input: Input<'_>| replay.take(input, recorded.now, &mut output);
            recorded.what.give(number, give);
        }
        self.replay = Some(replay);
        if self.setup.has(DataService::Level2) && is_open {
            for symbol in &wanted {
                self.give(Input::Resync(symbol));
            }
        }
        (lines, output)
    }

    /// Nothing is recorded any more.
    pub(crate) fn end_recording(&mut self) {
        self.replay = None;
    }

    /// Gives one input; what came of the one before is forgotten.
    pub(crate) fn give(&mut self, input: Input<'_>) -> &Output {
        self.output.clear();
        self.session.take(input, self.now, &mut self.output);
        if let Some(replay) = &mut self.replay {
            let mut output = Output::default();
            replay.take(input, self.now, &mut output);
            let live = shown::everything(&self.output);
            assert_eq!(shown::everything(&output), live, "after {input:?}");
        }
        &self.output
    }

    /// Subscribes symbols: the first ever gets the number 0, and so on.
    pub(crate) fn subscribe(&mut self, names: &[&str]) -> &Output {
        let mut added = Vec::new();
        for name in names {
            let symbol = Symbol::new(name).unwrap();
            added.push((symbol.clone(), SymbolId(self.symbols.len() as u32)));
            self.symbols.push(symbol);
        }
        self.give(Input::Subscribe(&added))
    }

    /// Unsubscribes a symbol by its number.
    pub(crate) fn unsubscribe(&mut self, id: u32) -> &Output {
        let symbol = self.symbols[id as usize].clone();
        self.give(Input::Unsubscribe(&[(symbol, SymbolId(id))]))
    }

    pub(crate) fn open(&mut self) -> &Output {
        self.give(Input::Opened)
    }

    pub(crate) fn text(&mut self, text: &str) -> &Output {
        self.give(Input::Message(Incoming::Text(text)))
    }

    pub(crate) fn answer(&mut self, id: u64, status: u16, body: &str) -> &Output {
        self.give(Input::Answered(Answer {
            id,
            status,
            retry_after: None,
            body: body.as_bytes(),
        }))
    }

    /// Ticks came every second until this one.
    pub(crate) fn tick(&mut self, now: UnixMs) -> &Output {
        self.session.has_ticked(now);
        if let Some(replay) = &mut self.replay {
            replay.has_ticked(now);
        }
        self.tick_alone(now)
    }

    /// No tick came since the last one.
    pub(crate) fn tick_alone(&mut self, now: UnixMs) -> &Output {
        self.now = now;
        self.give(Input::Tick)
    }

    /// The texts that the last input had sent, secrets included.
    pub(crate) fn sent(&self) -> Vec<&str> {
        self.output
            .send
            .iter()
            .map(|outgoing| match outgoing {
                Outgoing::Plain(text) => text.as_str(),
                Outgoing::Secret(text) => text.expose_secret(),
            })
            .collect()
    }
}

/// A recorded file's text, decompressed where its name ends in `.gz`; `None`, and said so, when there is no recorded data.
pub(crate) fn recorded(path: &str) -> Option<String> {
    let Ok(folder) = std::env::var("STREAMER_TUI_TEST_DATA") else {
        eprintln!("skipped: STREAMER_TUI_TEST_DATA is not set");
        return None;
    };
    let bytes = std::fs::read(std::path::Path::new(&folder).join(path)).unwrap();
    if path.strip_suffix(".gz").is_none() {
        return Some(String::from_utf8(bytes).unwrap());
    }
    let mut text = String::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(&*bytes);
    std::io::Read::read_to_string(&mut decoder, &mut text).unwrap();
    Some(text)
}
