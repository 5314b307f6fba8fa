#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod control;
mod data;
mod files;
mod seeking;

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel as channel;
use tokio::time::Instant;

use super::*;
use crate::domain::clock::ManualClock;
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::ErrorInstance;
use crate::domain::source::SourceIndex;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::pipeline::directory::Directory;
use crate::pipeline::feed::FeedControl;
use crate::pipeline::source::{Envelope, Message, SourceCommand, TransportCommand};

/// How long a test waits for something, on the machine's clock.
const DEADLINE: Duration = Duration::from_secs(20);

/// A replay at work, and the engine's end of it.
struct Rig {
    directory: Arc<Directory>,
    index: SourceIndex,
    control: Option<FeedControl>,
    messages: channel::Receiver<Vec<Envelope>>,
    /// Taken from the channel, not yet looked at.
    waiting: VecDeque<Envelope>,
    /// When the last message came, on the runtime's clock.
    at: Instant,
}

impl Rig {
    /// Starts a source. No symbols: all that appear.
    fn start(source: ReplaySource, symbols: &[&str]) -> Self {
        Self::with_credits(source, symbols, 64)
    }

    fn with_credits(source: ReplaySource, symbols: &[&str], credits: usize) -> Self {
        let directory = Arc::new(Directory::new(1000));
        let index = directory.add_source(symbols.is_empty());
        for symbol in symbols {
            directory
                .subscribe(index, &Symbol::new(symbol).unwrap())
                .unwrap();
        }
        let (sender, messages) = channel::bounded(1024);
        let (feed, control) = Feed::new(
            index,
            source.info(),
            Arc::clone(&directory),
            Arc::new(ManualClock::at(UnixMs(1))),
            sender,
            credits,
        );
        tokio::spawn(Box::new(source).run(feed));
        Self {
            directory,
            index,
            control: Some(control),
            messages,
            waiting: VecDeque::new(),
            at: Instant::now(),
        }
    }

    fn control(&self) -> &FeedControl {
        self.control.as_ref().unwrap()
    }

    fn tell(&self, command: TransportCommand) {
        let command = SourceCommand::Transport(command);
        self.control().commands.send(command).unwrap();
    }

    /// Subscribes as the engine does: in the register first.
    fn add(&self, symbol: &str) {
        let symbol = Symbol::new(symbol).unwrap();
        let (id, _) = self.directory.subscribe(self.index, &symbol).unwrap();
        let command = SourceCommand::Subscribe(vec![(symbol, id)]);
        self.control().commands.send(command).unwrap();
    }

    fn remove(&self, symbol: &str) {
        let symbol = Symbol::new(symbol).unwrap();
        let id = self.directory.unsubscribe(self.index, &symbol).unwrap();
        let command = SourceCommand::Unsubscribe(vec![(symbol, id)]);
        self.control().commands.send(command).unwrap();
    }

    fn take(&mut self) -> Option<Envelope> {
        self.waiting.extend(self.messages.try_iter().flatten());
        self.waiting.pop_front()
    }

    /// The next message. The runtime's clock moves on while nothing comes.
    async fn next(&mut self) -> Message {
        let deadline = std::time::Instant::now() + DEADLINE;
        loop {
            if let Some(envelope) = self.take() {
                self.control().credits.add_permits(1);
                self.at = Instant::now();
                return envelope.message;
            }
            assert!(std::time::Instant::now() < deadline, "nothing comes");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The next message in words.
    async fn told(&mut self) -> String {
        let message = self.next().await;
        self.tell_of(&message)
    }

    /// The next messages in words.
    async fn tell_next(&mut self, count: usize) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..count {
            told.push(self.told().await);
        }
        told
    }

    /// All messages up to and with the end, in words; without the two statuses of the beginning.
    async fn all(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            let message = self.told().await;
            let ended = message.starts_with("ended");
            if message != "connecting" && message != "connected" {
                told.push(message);
            }
            if ended {
                return told;
            }
        }
    }

    /// Nothing comes for a long time on the runtime's clock.
    async fn assert_silent(&mut self) {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        if let Some(envelope) = self.take() {
            panic!("{}", self.tell_of(&envelope.message));
        }
    }

    /// Waits until a condition holds.
    async fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let deadline = std::time::Instant::now() + DEADLINE;
        while !condition(self) {
            assert!(std::time::Instant::now() < deadline, "never: {what}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn tell_of(&self, message: &Message) -> String {
        match message {
            Message::Data(events) => format!("data {}", self.events(events)),
            Message::History(events) => format!("history {}", self.events(events)),
            Message::Rejected(error) => format!("rejected {}", tell_error(error)),
            Message::Status(change) => match &change.message {
                Some(message) => format!("{} {message}", change.status.name()),
                None => change.status.name().to_owned(),
            },
            Message::Reset => "reset".to_owned(),
            Message::Ended { error, hopeless } => format!(
                "ended {} {hopeless}",
                error
                    .as_ref()
                    .map_or("-".to_owned(), |error| tell_error(error))
            ),
        }
    }

    /// `SYMBOL minute:close`, where the minute counts from the test data's beginning.
    fn events(&self, events: &[Event]) -> String {
        let told: Vec<_> = events
            .iter()
            .map(|event| {
                let time = event.time.map_or("-".to_owned(), |time| {
                    ((time.0 - BEGIN) as f64 / 60_000.0).to_string()
                });
                format!("{}@{time}", self.symbol(event.symbol))
            })
            .collect();
        told.join(" ")
    }

    fn symbol(&self, id: SymbolId) -> String {
        let found = self.directory.lookup(id);
        found.map_or("?".to_owned(), |(symbol, _)| symbol.to_string())
    }
}

/// 2024-07-09 07:00 New York.
const BEGIN: i64 = 1_720_522_800_000;
const END: &str = "ended ConnectionError No more data available from API. false";

fn tell_error(error: &ErrorInstance) -> String {
    let mut told = format!("{} {}", error.kind, error.message);
    for more in [
        error.symbol.as_ref().map(ToString::to_string),
        error.location.clone(),
        error.sample.clone(),
    ]
    .into_iter()
    .flatten()
    {
        told.push_str(" | ");
        told.push_str(&more);
    }
    told
}

/// A folder with files.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// A line with one bar for each symbol, at a minute of the test data.
fn line(minute: f64, symbols: &[&str]) -> String {
    let time = BEGIN + (minute * 60_000.0) as i64;
    let members: Vec<_> = symbols
        .iter()
        .map(|symbol| format!(r#""{symbol}":{{"close":1.50,"datetime":{time}}}"#))
        .collect();
    let members = members.join(",");
    format!(r#"{{"timestamp":{time},"service":"OHLCV","symbols":{{{members}}}}}"#)
}

/// Lines at these minutes, each with the same symbols.
fn lines(minutes: &[f64], symbols: &[&str]) -> Vec<u8> {
    let mut text = Vec::new();
    for &minute in minutes {
        writeln!(text, "{}", line(minute, symbols)).unwrap();
    }
    text
}

/// A table with rows at these minutes.
fn table(minutes: &[i64]) -> Vec<u8> {
    let mut text = b"datetime,open,high,low,close,volume\n".to_vec();
    for minute in minutes {
        writeln!(text, "{},1,2,0.5,1.50,10", BEGIN + minute * 60_000).unwrap();
    }
    text
}

fn at_max() -> ReplaySettings {
    ReplaySettings {
        speed: Speed::Max,
        ..ReplaySettings::default()
    }
}

/// One minute of data takes a second.
fn at_sixty() -> ReplaySettings {
    ReplaySettings {
        speed: Speed::Factor(60.0),
        ..ReplaySettings::default()
    }
}

fn open(folder: &tempfile::TempDir, settings: ReplaySettings) -> ReplaySource {
    ReplaySource::open(folder.path(), settings).unwrap()
}
