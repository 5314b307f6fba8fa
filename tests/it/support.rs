//! What the tests share: a source that does as it is told, a sink that keeps everything, and waiting with a deadline.

#[allow(dead_code, reason = "what one test does not need, another does")]
pub mod fault_proxy;
#[allow(dead_code, reason = "what one test does not need, another does")]
pub mod venue_server;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use streamer_tui::domain::Decimal;
use streamer_tui::domain::bar::Ohlcv;
use streamer_tui::domain::event::{Event, Payload};
use streamer_tui::domain::outcome::{ErrorInstance, ResultInstance, StatusChange};
use streamer_tui::domain::source::{BarStamp, Delivery, Origin, Products, SourceInfo, SourceName};
use streamer_tui::domain::symbol::{Symbol, SymbolId};
use streamer_tui::domain::time::{SessionCalendar, UnixMs};
use streamer_tui::pipeline::directory::Resolution;
use streamer_tui::pipeline::feed::Feed;
use streamer_tui::pipeline::sink::{Sink, SinkClosed};
use streamer_tui::pipeline::source::Source;

/// How long anything may take before a test gives up: long enough for a machine that does much else.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Waits until `condition` gives something.
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "gave up waiting for {what}");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

type Script = Box<dyn FnOnce(Feed) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// A source that runs a closure.
pub struct ScriptedSource {
    info: Arc<SourceInfo>,
    script: Script,
}

impl ScriptedSource {
    pub fn new<F, R>(name: &str, delivery: Delivery, script: F) -> Self
    where
        F: FnOnce(Feed) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        Self {
            info: Arc::new(SourceInfo {
                name: SourceName::new(name),
                label: name.to_owned(),
                origin: Origin::Synthetic,
                delivery,
                has_transport: false,
                bar_stamp: BarStamp::Start,
                calendar: SessionCalendar::UsEquities,
                products: Products::default(),
            }),
            script: Box::new(move |feed| Box::pin(script(feed))),
        }
    }
}

impl ScriptedSource {
    /// The same as a live source.
    pub fn live(mut self) -> Self {
        Arc::make_mut(&mut self.info).origin = Origin::Live;
        self
    }
}

impl Source for ScriptedSource {
    fn info(&self) -> Arc<SourceInfo> {
        Arc::clone(&self.info)
    }

    fn run(self: Box<Self>, feed: Feed) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        (self.script)(feed)
    }
}

/// Everything that a sink was given, in order.
#[derive(Debug, Clone)]
pub enum Given {
    Result {
        symbol: String,
        result: ResultInstance,
    },
    Error(ErrorInstance),
    Status(StatusChange),
}

/// A sink that passes everything on to the test.
pub struct Collector {
    sender: Sender<Given>,
    /// Held by a test that wants the sink to block.
    pub gate: Arc<Mutex<()>>,
}

pub fn collector() -> (Box<dyn Sink>, Receiver<Given>, Arc<Mutex<()>>) {
    let (sender, receiver) = unbounded();
    let gate = Arc::new(Mutex::new(()));
    let sink = Collector {
        sender,
        gate: Arc::clone(&gate),
    };
    (Box::new(sink), receiver, gate)
}

impl Collector {
    fn pass(&self, given: Given) -> Result<(), SinkClosed> {
        drop(self.gate.lock());
        self.sender.send(given).map_err(|_| SinkClosed::ReaderGone)
    }
}

impl Sink for Collector {
    fn result(
        &mut self,
        result: &ResultInstance,
        symbol: &Symbol,
        _: &SourceName,
    ) -> Result<(), SinkClosed> {
        self.pass(Given::Result {
            symbol: symbol.to_string(),
            result: result.clone(),
        })
    }

    fn error(&mut self, error: &ErrorInstance) -> Result<(), SinkClosed> {
        self.pass(Given::Error(error.clone()))
    }

    fn status(&mut self, status: &StatusChange) -> Result<(), SinkClosed> {
        self.pass(Given::Status(status.clone()))
    }

    fn flush(&mut self) -> Result<(), SinkClosed> {
        Ok(())
    }
}

/// The bar of minute `minute` of a quiet day, its volume telling it from others.
pub fn bar(symbol: SymbolId, minute: i64, volume: i64) -> Event {
    let price = Some(Decimal::new(10_000 + minute % 100, 2));
    Event {
        symbol,
        time: Some(UnixMs(1_550_050_200_000 + minute * 60_000)),
        payload: Payload::Ohlcv(Ohlcv {
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Some(Decimal::from(volume)),
        }),
    }
}

/// The number of a subscribed symbol.
pub fn id(feed: &mut Feed, symbol: &str) -> SymbolId {
    match feed.resolve(symbol) {
        Resolution::Subscribed(id) => id,
        other => panic!("{symbol} is {other:?}"),
    }
}

pub fn symbols(names: &[&str]) -> Vec<Symbol> {
    names
        .iter()
        .map(|name| Symbol::new(name).unwrap())
        .collect()
}
