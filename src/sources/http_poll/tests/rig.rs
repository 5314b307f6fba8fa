//! A polled source with its two ends: a server that answers as a test says, and the engine's end of the feed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::super::{HttpPoll, VENUE};
use crate::domain::clock::SystemClock;
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::{ErrorInstance, Status, StatusChange};
use crate::domain::source::{SourceIndex, SourceName};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::pipeline::backoff::BackoffSettings;
use crate::pipeline::directory::Directory;
use crate::pipeline::feed::{Feed, FeedControl};
use crate::pipeline::recording::NoRecorder;
use crate::pipeline::source::{Envelope, Message, Source};
use crate::sources::kind::OpenContext;
use crate::sources::spec::SourceSpec;
use crate::sources::venue::pacing::Paces;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the server answers.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: &'static str,
    pub(super) body: Vec<u8>,
    pub(super) never: bool,
    /// It does not come before this.
    pub(super) after: Option<Arc<Notify>>,
}

pub(super) fn reply(status: u16, headers: &'static str, body: impl Into<Vec<u8>>) -> Reply {
    Reply {
        status,
        headers,
        body: body.into(),
        never: false,
        after: None,
    }
}

pub(super) fn ok(body: impl Into<Vec<u8>>) -> Reply {
    reply(200, "", body)
}

/// Answers the request of a number (counted from zero for each path) with this head.
type Script = dyn Fn(&str, usize, &str) -> Reply + Send + Sync;

pub(super) struct Rig {
    pub(super) port: u16,
    received: Receiver<Vec<Envelope>>,
    pub(super) control: FeedControl,
    pub(super) index: SourceIndex,
    pub(super) directory: Arc<Directory>,
    /// How often each path was asked for.
    pub(super) asked: Arc<Mutex<BTreeMap<String, usize>>>,
    pub(super) events: Vec<Event>,
    pub(super) errors: Vec<ErrorInstance>,
    pub(super) statuses: Vec<StatusChange>,
    pub(super) ended: Option<(Option<ErrorInstance>, bool)>,
}

/// Every variable's value.
pub(super) const KEY: &str = "canary-0123456789";

impl Rig {
    /// Runs the source of a specification, in which `PORT` stands for the server's, with these symbols.
    pub(super) async fn new(
        spec: &str,
        symbols: &[&str],
        script: impl Fn(&str, usize, &str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(BTreeMap::new()));
        tokio::spawn(serve(listener, Arc::new(script), Arc::clone(&asked)));
        let spec: SourceSpec = spec.replace("PORT", &port.to_string()).parse().unwrap();
        let context = OpenContext {
            name: SourceName::new("http"),
            speed: None,
            environment: Arc::new(|_| Some(KEY.to_owned())),
            recorder: Arc::new(NoRecorder),
            paces: Paces::default(),
        };
        let setup = VENUE.setup(&spec, &*context.environment).unwrap();
        let backoff = BackoffSettings {
            base: Duration::from_millis(2),
            cap: Duration::from_millis(10),
        };
        let source = Box::new(HttpPoll::new(&spec, &context, &setup, backoff).unwrap());
        let directory = Arc::new(Directory::new(100));
        let index = directory.add_source(false);
        for symbol in symbols {
            directory
                .subscribe(index, &Symbol::new(symbol).unwrap())
                .unwrap();
        }
        let (sender, received) = crossbeam_channel::bounded(1000);
        let (feed, control) = Feed::new(
            index,
            source.info(),
            Arc::clone(&directory),
            Arc::new(SystemClock::default()),
            sender,
            1000,
        );
        tokio::spawn(source.run(feed));
        Self {
            port,
            received,
            control,
            index,
            directory,
            asked,
            events: Vec::new(),
            errors: Vec::new(),
            statuses: Vec::new(),
            ended: None,
        }
    }

    /// Takes what comes until something holds.
    pub(super) async fn until(&mut self, holds: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            while let Ok(envelopes) = self.received.try_recv() {
                self.control.credits.add_permits(envelopes.len());
                for envelope in envelopes {
                    match envelope.message {
                        Message::Data(events) => self.events.extend(events),
                        Message::Rejected(error) => self.errors.push(*error),
                        Message::Status(status) => self.statuses.push(*status),
                        Message::Ended { error, hopeless } => {
                            self.ended = Some((error.map(|error| *error), hopeless));
                        }
                        Message::History(_) | Message::Reset => {}
                    }
                }
            }
            if holds(self) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "it did not come to that: {:?} {:?} {:?}",
                self.events,
                self.errors,
                self.statuses
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// How often a path was asked for.
    pub(super) fn asked(&self, path: &str) -> usize {
        self.asked.lock().unwrap().get(path).copied().unwrap_or(0)
    }

    /// The last prices of the quotes that came, with the symbols' numbers.
    pub(super) fn prices(&self) -> Vec<(u32, String)> {
        let price = |event: &Event| match &event.payload {
            Payload::Level1(quote) => (event.symbol.0, quote.last.unwrap().to_string()),
            other => unreachable!("{other:?}"),
        };
        self.events.iter().map(price).collect()
    }

    pub(super) fn has_status(&self, wanted: Status) -> bool {
        self.statuses.iter().any(|change| change.status == wanted)
    }

    pub(super) fn symbol(&self, name: &str) -> (Symbol, SymbolId) {
        let symbol = Symbol::new(name).unwrap();
        let (id, _) = self.directory.subscribe(self.index, &symbol).unwrap();
        (symbol, id)
    }
}

async fn serve(
    listener: TcpListener,
    script: Arc<Script>,
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (script, asked) = (Arc::clone(&script), Arc::clone(&asked));
        tokio::spawn(async move { answer(stream, script, asked).await });
    }
}

async fn answer(
    mut stream: TcpStream,
    script: Arc<Script>,
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
) -> Option<()> {
    let mut head = Vec::new();
    loop {
        head.clear();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let text = String::from_utf8(head.clone()).unwrap();
        let path = text.split(' ').nth(1).unwrap().to_owned();
        let number = {
            let mut asked = asked.lock().unwrap();
            let count = asked.entry(path.clone()).or_default();
            *count += 1;
            *count - 1
        };
        let reply = script(&path, number, &text.to_ascii_lowercase());
        if reply.never {
            std::future::pending::<()>().await;
        }
        if let Some(after) = &reply.after {
            after.notified().await;
        }
        let mut answer = format!(
            "HTTP/1.1 {} X\r\nContent-Length: {}\r\n{}\r\n",
            reply.status,
            reply.body.len(),
            reply.headers
        )
        .into_bytes();
        answer.extend(reply.body);
        stream.write_all(&answer).await.ok()?;
    }
}
