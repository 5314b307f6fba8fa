#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use crossbeam_channel::Receiver;

use crate::domain::clock::ManualClock;
use crate::domain::event::DataService;
use crate::domain::symbol::SymbolId;
use crate::pipeline::directory::Directory;
use crate::pipeline::feed::FeedControl;
use crate::pipeline::source::Envelope;

use super::*;

/// A simulator with somebody at the other end.
struct Bench {
    directory: Arc<Directory>,
    control: FeedControl,
    envelopes: Receiver<Vec<Envelope>>,
    task: tokio::task::JoinHandle<()>,
}

fn start(spec: &str, symbols: Option<&[&str]>, symbols_max: usize, credits: usize) -> Bench {
    let options = SimulatorOptions::parse(spec).unwrap();
    let source = Box::new(Simulator::new(SourceName::new("sim"), spec, options));
    let directory = Arc::new(Directory::new(symbols_max));
    let index = directory.add_source(symbols.is_none());
    for name in symbols.unwrap_or_default() {
        directory
            .subscribe(index, &Symbol::new(name).unwrap())
            .unwrap();
    }
    let (sender, envelopes) = crossbeam_channel::bounded(credits);
    let (feed, control) = Feed::new(
        index,
        source.info(),
        Arc::clone(&directory),
        Arc::new(ManualClock::default()),
        sender,
        credits,
    );
    let task = tokio::spawn(source.run(feed));
    Bench {
        directory,
        control,
        envelopes,
        task,
    }
}

impl Bench {
    /// Takes what is there and gives the credits back.
    fn take(&self) -> Vec<Message> {
        let messages: Vec<Message> = self
            .envelopes
            .try_iter()
            .flatten()
            .map(|envelope| envelope.message)
            .collect();
        self.control.credits.add_permits(messages.len());
        messages
    }

    /// Everything until the end.
    async fn take_all(self) -> Vec<Message> {
        let mut all = Vec::new();
        while !self.task.is_finished() {
            all.extend(self.take());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        all.extend(self.take());
        all
    }
}

fn data(messages: &[Message]) -> Vec<Event> {
    messages
        .iter()
        .filter_map(|message| match message {
            Message::Data(events) => Some(events.clone()),
            _ => None,
        })
        .flatten()
        .collect()
}

#[tokio::test(start_paused = true)]
async fn it_gives_exactly_the_events_asked_for_and_ends() {
    let messages = start("events=1000,rate=max,symbols=3", None, 10, 64)
        .take_all()
        .await;
    assert!(matches!(&messages[0], Message::Status(status) if status.status == Status::Connected));
    assert!(matches!(
        messages.last(),
        Some(Message::Ended {
            error: None,
            hopeless: false
        })
    ));
    let events = data(&messages);
    assert_eq!(events.len(), 1000);
    assert!(messages.iter().all(
        |message| !matches!(message, Message::Data(events) if events.len() > BATCH_EVENTS || events.is_empty())
    ));
}

#[tokio::test(start_paused = true)]
async fn pace_changes_nothing_but_the_pace() {
    let at_once = start("events=5000,rate=max", None, 1000, 64)
        .take_all()
        .await;
    for spec in ["events=5000,rate=100000", "events=5000,rate=777"] {
        let began = Instant::now();
        let paced = start(spec, None, 1000, 64).take_all().await;
        assert!(data(&paced) == data(&at_once), "{spec}");
        let took = began.elapsed().as_secs_f64();
        let expected = if spec.ends_with("777") { 6.43 } else { 0.05 };
        assert!((took - expected).abs() < 0.02, "{spec} took {took} s");
    }
}

#[tokio::test(start_paused = true)]
async fn seconds_end_it_on_time() {
    let began = Instant::now();
    let messages = start("seconds=2,rate=500", None, 1000, 64).take_all().await;
    assert_eq!(data(&messages).len(), 1000);
    assert!((began.elapsed().as_secs_f64() - 2.0).abs() < 0.02);
    // With nothing to give it ends all the same.
    let began = Instant::now();
    start("seconds=2,rate=500", Some(&[]), 1000, 64)
        .take_all()
        .await;
    assert!((began.elapsed().as_secs_f64() - 2.1).abs() < 0.02);
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_credits_and_obeys_meanwhile() {
    let bench = start("rate=max,services=LEVEL1", Some(&["A", "B"]), 10, 3);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.control.credits.available_permits(), 0);
    assert!(!bench.task.is_finished());
    let a = (Symbol::new("A").unwrap(), SymbolId(0));
    bench
        .control
        .commands
        .send(SourceCommand::Unsubscribe(vec![a]))
        .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.take();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let events = data(&bench.take());
    assert_eq!(events.len(), 3 * BATCH_EVENTS);
    assert!(events.iter().all(|event| event.symbol == SymbolId(1)));
    // Asked to stop while it waits for credits, it returns.
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(bench.control.commands);
    tokio::time::timeout(Duration::from_secs(1), bench.task)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn symbols_are_added_while_it_runs() {
    let bench = start("rate=1000,services=LEVEL1", Some(&[]), 10, 4096);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(data(&bench.take()).is_empty());
    let new = (Symbol::new("NEW").unwrap(), SymbolId(4));
    let subscribe = SourceCommand::Subscribe(vec![new.clone(), new]);
    bench.control.commands.send(subscribe).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let events = data(&bench.take());
    // At its rate from when there was something to give, without making up for the time before.
    assert!(events.len().abs_diff(1000) < 20, "{}", events.len());
    assert!(events.iter().all(|event| event.symbol == SymbolId(4)));
    bench.task.abort();
}

#[tokio::test(start_paused = true)]
async fn without_names_it_lists_its_own_as_far_as_they_fit() {
    let bench = start("symbols=30,services=OHLCV,events=90", None, 1000, 64);
    let directory = Arc::clone(&bench.directory);
    let messages = bench.take_all().await;
    assert_eq!(directory.len(), 30);
    let events = data(&messages);
    assert!((0..30).all(|id| events.iter().any(|event| event.symbol == SymbolId(id))));
    assert!(
        events
            .iter()
            .all(|event| event.payload.service() == DataService::Ohlcv)
    );

    let messages = start("symbols=30,events=90", None, 10, 64).take_all().await;
    let rejected = messages.iter().find_map(|message| match message {
        Message::Rejected(error) => Some(error.message.as_str()),
        _ => None,
    });
    assert!(rejected.unwrap().starts_with("only 10 of 30"));
    assert_eq!(data(&messages).len(), 90);
}

#[test]
fn it_says_what_it_is() {
    let options = SimulatorOptions::parse("live=true").unwrap();
    let info = Simulator::new(SourceName::new("sim-2"), "sim:live=true", options).info();
    assert_eq!(info.origin, Origin::Synthetic);
    assert_eq!(info.delivery, Delivery::Live);
    assert!(!info.has_transport);
    assert_eq!(
        (info.name.as_str(), info.label.as_str()),
        ("sim-2", "sim:live=true")
    );
}
