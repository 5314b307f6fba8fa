//! Recording a live session and playing it back: the same results, whatever happens to the file.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use streamer_tui::decode::envelope::decode_line;
use streamer_tui::domain::clock::{ManualClock, SystemClock};
use streamer_tui::domain::event::{DataService, ServiceSet};
use streamer_tui::domain::outcome::{ErrorKind, Severity};
use streamer_tui::domain::source::{Delivery, Products, SourceName};
use streamer_tui::domain::symbol::{Resolution, Symbol, SymbolId};
use streamer_tui::domain::time::{SessionCalendar, Timeframe, UnixMs};
use streamer_tui::pipeline::Command;
use streamer_tui::pipeline::engine::{Outputs, SourcePlan};
use streamer_tui::pipeline::recording::Recorder;
use streamer_tui::pipeline::source::{Message, SeekTarget, Source, Speed, TransportCommand};
use streamer_tui::sources::recording::{Played, Recording};
use streamer_tui::sources::replay::{ReplaySettings, ReplaySource};
use streamer_tui::sources::venue::kept::Kept;
use streamer_tui::sources::venue::options::Setup;
use streamer_tui::sources::venue::recorded::Tap;
use streamer_tui::sources::venue::recorded::line::Line;
use streamer_tui::sources::venue::recorded::playing::OfVenue;
use streamer_tui::sources::venue::session::{Input, Session};
use streamer_tui::sources::venue::{Connect, Ending, Incoming, Notice, Output, Protocol};
use streamer_tui::stores::recording::{FileRecorder, RecorderSettings};

use crate::engine::{end, settings, start};
use crate::support::{Given, ScriptedSource, id, symbols};

/// 2024-07-09 07:00 New York.
const BEGIN: i64 = 1_720_522_800_000;
const NAMES: [&str; 2] = ["BTC/USD", "ETH/USD"];

/// A venue that speaks the program's own JSON lines, and knows only what is subscribed.
#[derive(Default)]
struct Lines {
    wanted: HashMap<String, SymbolId>,
    is_open: bool,
}

impl Kept for Lines {}

impl Protocol for Lines {
    fn connect(&mut self) -> Connect {
        Connect::Refuse(Ending::never(ErrorKind::ConnectionError, "never connected"))
    }
    fn opened(&mut self, _: UnixMs, output: &mut Output) {
        self.is_open = true;
        output.send("hello");
    }
    fn message(&mut self, message: Incoming<'_>, _: UnixMs, output: &mut Output) {
        assert!(self.is_open);
        let wanted = &self.wanted;
        let mut resolve = |text: &str| match wanted.get(text) {
            Some(id) => Resolution::Subscribed(*id),
            None => Resolution::Ignored,
        };
        match decode_line(message.bytes(), &mut output.events, &mut resolve) {
            Ok(line) => {
                output.ignored += line.ignored;
                let notices = line.rejections.into_iter().map(Notice::Rejected);
                output.notices.extend(notices);
            }
            Err(rejection) => output.reject(rejection),
        }
    }
    fn subscribe(&mut self, symbols: &[(Symbol, SymbolId)], _: &mut Output) {
        let new = symbols.iter().map(|(symbol, id)| (symbol.to_string(), *id));
        self.wanted.extend(new);
    }
    fn unsubscribe(&mut self, symbols: &[(Symbol, SymbolId)], _: &mut Output) {
        self.wanted
            .retain(|_, id| !symbols.iter().any(|(_, gone)| gone == id));
    }
}

fn setup() -> Setup {
    Setup {
        rest: String::new(),
        services: ServiceSet::ALL,
        depth: None,
        products: Products::default(),
        backfill: None,
        calendar: SessionCalendar::UtcDay,
        socket_url: "ws://127.0.0.1:1".to_owned(),
        rest_url: None,
        stale_after: Duration::from_secs(60),
        keys: Vec::new(),
        variables: Vec::new(),
        own: [].into(),
        map: None,
    }
}

fn read_head(line: &[u8]) -> Result<Arc<dyn Recording>, String> {
    let head = Line::read(line).and_then(|line| line.as_head());
    let head = head.map_err(|rejection| rejection.reason)?;
    let head = head.ok_or("it has no head")?;
    let calendar = match head.spec.as_str() {
        "lines:utc" => SessionCalendar::UtcDay,
        _ => SessionCalendar::UsEquities,
    };
    let mut products = Products::default();
    match head.spec.as_str() {
        "lines:quotes" => products.services = ServiceSet::of(&[DataService::Level1]),
        "lines:deep" => products.levels = 25,
        "lines:5m" => products.interval = Timeframe::M5,
        _ => {}
    }
    let protocol = Arc::new(|_: &Setup| Some(Box::<Lines>::default() as Box<dyn Protocol>));
    Ok(Arc::new(OfVenue::with_protocol(
        "lines",
        Setup {
            calendar,
            products,
            ..setup()
        },
        protocol,
    )))
}

/// What the venue says in the given second: a book and changes of it, quotes, trades, bars, news; sometimes nonsense.
fn message(second: i64) -> String {
    let symbol = NAMES[(second / 8 % 2) as usize];
    let time = BEGIN + second * 1000 - 37;
    let price = 100 + second % 7;
    let (service, body) = match second % 8 {
        0 | 1 => (
            "LEVEL2",
            format!(r#""snapshot":true,"bids":[[{price}.50,1],[{price}.25,2]],"asks":[[200.5,1]]"#),
        ),
        2 | 3 => (
            "LEVEL2",
            format!(r#""bids":[[{price}.10,0.00100000]],"asks":[]"#),
        ),
        4 if second % 32 < 16 => (
            "LEVEL1",
            format!(r#""bid":{price},"ask":200,"last":{price}"#),
        ),
        4 => ("LEVEL1", format!(r#""last":{price}"#)),
        5 => (
            "TIMESALE",
            format!(r#""price":{price},"size":3,"side":"buy""#),
        ),
        6 => (
            "OHLCV",
            format!(r#""open":{price},"high":{price},"low":{price},"close":{price},"volume":1"#),
        ),
        _ if second % 16 == 7 => return "{\"nonsense".to_owned(),
        _ => (
            "NEWS",
            r#""headline":"\u0007 \"quoted\" 日経","source":"x","url":"https://x.example""#
                .to_owned(),
        ),
    };
    format!(
        r#"{{"timestamp":{time},"service":"{service}","symbols":{{"{symbol}":{{{body},"datetime":{time}}},"OTHER":{{{body},"datetime":{time}}}}}}}"#
    )
}

/// A live run of so many seconds, recorded; gives what came out.
fn live(recorder: Arc<dyn Recorder>, seconds: i64, spec: &'static str) -> Vec<Given> {
    live_until(recorder, seconds, spec, None)
}

/// The same; where a folder is given, a recording is begun in it after so many seconds.
fn live_until(
    recorder: Arc<dyn Recorder>,
    seconds: i64,
    spec: &'static str,
    begins: Option<(i64, PathBuf)>,
) -> Vec<Given> {
    let source = ScriptedSource::new("lines", Delivery::Pausable, move |mut feed| async move {
        let secrets = ["quoted".into()];
        let name = SourceName::new("lines");
        let mut tap = Tap::new(Arc::clone(&recorder), name, spec.to_owned(), &secrets);
        let mut session = Session::new(Box::<Lines>::default(), &setup());
        let pairs: Vec<(Symbol, SymbolId)> = symbols(&NAMES)
            .into_iter()
            .map(|symbol| (symbol.clone(), id(&mut feed, symbol.as_str())))
            .collect();
        let mut inputs: Vec<(i64, Input<'_>)> =
            vec![(0, Input::Opened), (0, Input::Subscribe(&pairs))];
        let texts: Vec<String> = (0..seconds).map(message).collect();
        for (second, text) in texts.iter().enumerate() {
            let ms = second as i64 * 1000;
            inputs.push((ms, Input::Message(Incoming::Text(text))));
            inputs.push((ms + 500, Input::Tick));
            if second == 50 {
                inputs.extend([(ms + 600, Input::Closed), (ms + 700, Input::Opened)]);
            }
        }
        let mut output = Output::default();
        for (ms, input) in inputs {
            let now = UnixMs(BEGIN + ms);
            if let Some((after, folder)) = &begins
                && ms == after * 1000
                && recorder.session().is_none()
            {
                recorder.begin(folder).unwrap();
            }
            if tap.begins(now) && begins.is_some() {
                tap.write_beginning(0, now, (&mut session, true), &pairs);
            }
            tap.write(0, now, &input);
            output.clear();
            session.take(input, now, &mut output);
            if !output.events.is_empty() {
                let received = feed.now();
                let events = std::mem::take(&mut output.events);
                feed.ready_send(received, Message::Data(events))
                    .await
                    .unwrap();
            }
        }
        end(&mut feed, None).await;
    });
    let plan = SourcePlan {
        source: Box::new(source),
        symbols: Some(symbols(&NAMES)),
    };
    let (handle, given) = start(settings(), vec![plan], None);
    assert!(!handle.join().all_hopeless);
    given.into_iter().collect()
}

fn recorder(settings: RecorderSettings) -> Arc<FileRecorder> {
    Arc::new(FileRecorder::new(
        Arc::new(ManualClock::default()),
        settings,
    ))
}

fn recorded(folder: &Path, seconds: i64, settings: RecorderSettings) -> Vec<Given> {
    let recorder = recorder(settings);
    recorder.begin(folder).unwrap();
    let given = live(Arc::clone(&recorder) as _, seconds, "lines:");
    recorder.end();
    assert_eq!(recorder.take_failure(), None);
    given
}

fn open(path: &Path) -> ReplaySource {
    ReplaySource::open(path, at_max()).unwrap()
}

fn at_max() -> ReplaySettings {
    ReplaySettings {
        speed: Speed::Max,
        read_head: Some(read_head),
        ..ReplaySettings::default()
    }
}

fn replayed(source: ReplaySource, wanted: Option<&[&str]>) -> Vec<Given> {
    let plan = SourcePlan {
        source: Box::new(source),
        symbols: wanted.map(symbols),
    };
    let (handle, given) = start(settings(), vec![plan], None);
    assert!(!handle.join().all_hopeless);
    given.into_iter().collect()
}

/// Every symbol's results in order; numbers stand for symbols, and differ from run to run.
fn results(given: &[Given]) -> HashMap<String, Vec<String>> {
    let mut all: HashMap<String, Vec<String>> = HashMap::new();
    for item in given {
        if let Given::Result { symbol, result } = item {
            let told = format!("{:?} {:?} {:?}", result.time, result.body, result.last);
            // In a recording, the secret has become a few stars, and nothing else has changed.
            let told = told.replace("quoted", "***");
            all.entry(symbol.clone()).or_default().push(told);
        }
    }
    all
}

fn errors(given: &[Given]) -> Vec<String> {
    let told = given.iter().filter_map(|item| match item {
        Given::Error(error) => Some(format!(
            "{} {} {}",
            error.kind,
            error.location.as_deref().unwrap_or("-"),
            error.message
        )),
        _ => None,
    });
    told.filter(|told| !told.contains("No more data")).collect()
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files = std::fs::read_dir(folder).unwrap();
    let path = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    path
}

#[test]
fn a_replayed_recording_gives_the_same_results_as_the_live_run_did() {
    let folder = tempfile::tempdir().unwrap();
    let live = results(&recorded(folder.path(), 200, RecorderSettings::default()));
    assert_eq!(live.len(), 2);
    for symbol in NAMES {
        assert!(live[symbol].len() > 20, "{}", live[symbol].len());
    }
    for path in [folder.path().to_owned(), only_file(folder.path())] {
        let given = replayed(open(&path), Some(&NAMES));
        assert_eq!(results(&given), live);
        let mut errors = errors(&given);
        // The connection was lost once, which the live run of this test did not tell.
        let count = errors.len();
        errors.retain(|error| !error.contains("connection was lost"));
        assert_eq!((count, errors.len()), (14, 13), "{errors:#?}");
        let first = format!(
            "DecodeError {}:",
            only_file(folder.path())
                .file_name()
                .unwrap()
                .to_string_lossy()
        );
        assert!(
            errors[0].starts_with(&format!("{first}18 ")),
            "{}",
            errors[0]
        );
    }
    // All symbols when none are named, and one alone when it is.
    let all = replayed(open(folder.path()), None);
    assert_eq!(results(&all).len(), 2);
    let one = results(&replayed(open(folder.path()), Some(&NAMES[..1])));
    assert_eq!(one.keys().collect::<Vec<_>>(), [NAMES[0]]);
    assert_eq!(one[NAMES[0]].len(), live[NAMES[0]].len());
    // Nothing of the secret is in the file.
    let mut text = String::new();
    let file = std::fs::File::open(only_file(folder.path())).unwrap();
    zstd::stream::read::Decoder::new(file)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains("***") && !text.contains("quoted"));
}

#[test]
fn a_recording_that_is_begun_in_mid_run_shows_what_was_known() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(RecorderSettings::default());
    let begins = Some((18, folder.path().to_owned()));
    let live = results(&live_until(
        Arc::clone(&recorder) as _,
        200,
        "lines:",
        begins,
    ));
    recorder.end();
    let replayed = results(&replayed(open(folder.path()), Some(&NAMES)));
    let quotes = |results: &HashMap<String, Vec<String>>, symbol: &str| -> Vec<String> {
        let all = results[symbol].iter();
        all.filter(|told| told.contains("Level1"))
            .cloned()
            .collect()
    };
    for symbol in NAMES {
        let (live, replayed) = (quotes(&live, symbol), quotes(&replayed, symbol));
        assert!(live.len() > 10, "{live:?}");
        // One quote of each had come by then, and there it is; all that follow are as they were.
        assert_eq!(replayed, live, "{symbol}");
    }
}

#[test]
fn the_files_of_one_recording_are_one_stream() {
    let folder = tempfile::tempdir().unwrap();
    let rotating = RecorderSettings {
        file_bytes_max: 400,
        flush_every: Duration::ZERO,
        ..RecorderSettings::default()
    };
    let live = results(&recorded(folder.path(), 300, rotating));
    let mut parts: Vec<PathBuf> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    parts.sort();
    assert!(parts.len() > 3, "{parts:?}");
    for path in [folder.path(), &parts[0], &parts[2]] {
        let replayed = results(&replayed(open(path), Some(&NAMES)));
        assert_eq!(replayed["BTC/USD"], live["BTC/USD"]);
    }
    // A part that is missing ends it, and without the first there is none.
    std::fs::remove_file(&parts[2]).unwrap();
    let less = results(&replayed(open(folder.path()), Some(&NAMES)));
    assert!(!less["BTC/USD"].is_empty() && less["BTC/USD"].len() < live["BTC/USD"].len());
    std::fs::remove_file(&parts[0]).unwrap();
    let message = ReplaySource::open(&parts[1], at_max())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("continuation of a file that is not there"),
        "{message}"
    );
}

#[test]
fn a_torn_file_gives_what_it_holds_wherever_it_is_torn() {
    let folder = tempfile::tempdir().unwrap();
    recorded(
        folder.path(),
        6,
        RecorderSettings {
            flush_every: Duration::ZERO,
            ..RecorderSettings::default()
        },
    );
    let whole = only_file(folder.path());
    let bytes = std::fs::read(&whole).unwrap();
    let expected = results(&replayed(open(&whole), Some(&NAMES)))["BTC/USD"].clone();
    let torn = folder.path().join("torn.rec.zst");
    let (mut refused, mut most) = (0, 0);
    for length in 0..bytes.len() {
        std::fs::write(&torn, &bytes[..length]).unwrap();
        let source = match ReplaySource::open(&torn, at_max()) {
            Ok(source) => source,
            Err(error) => {
                assert!(error.to_string().contains("torn.rec.zst"), "{error}");
                refused += 1;
                continue;
            }
        };
        let given = replayed(source, Some(&NAMES));
        let results = results(&given).remove("BTC/USD").unwrap_or_default();
        assert!(expected.starts_with(&results), "{length}");
        most = most.max(results.len());
        let breaks_off = given.iter().any(|item| {
            matches!(item, Given::Error(error) if error.severity == Severity::Info && error.message.contains("breaks off"))
        });
        assert!(breaks_off, "{length}: {:?}", errors(&given));
    }
    assert!(refused < bytes.len() / 2, "{refused} of {}", bytes.len());
    assert_eq!(most, expected.len());
}

#[test]
fn a_damaged_part_is_left_out_and_said_and_the_rest_is_played() {
    let folder = tempfile::tempdir().unwrap();
    let settings = RecorderSettings {
        frame_every: Duration::ZERO,
        ..RecorderSettings::default()
    };
    let live = results(&recorded(folder.path(), 200, settings));
    let path = only_file(folder.path());
    let bytes = std::fs::read(&path).unwrap();
    for share in 2..8 {
        let mut wrong = bytes.clone();
        wrong[bytes.len() * share / 10] ^= 4;
        std::fs::write(&path, &wrong).unwrap();
        let given = replayed(open(&path), Some(&NAMES));
        let errors = errors(&given);
        let damage = errors.iter().filter(|error| error.contains("damaged"));
        assert_eq!(damage.count(), 1, "{errors:?}");
        for (symbol, results) in results(&given) {
            let live = &live[&symbol];
            assert!(results.len() <= live.len(), "{share}");
            assert!(results.iter().all(|result| live.contains(result)));
            assert_eq!(results.last(), live.last(), "{share}");
        }
    }
}

#[test]
fn seeking_builds_the_book_up_and_plays_on() {
    let folder = tempfile::tempdir().unwrap();
    let live = results(&recorded(folder.path(), 200, RecorderSettings::default()));
    let at = UnixMs(BEGIN + 100_000);
    // From a time on: what is earlier is history, without which the book would not be known.
    let settings = ReplaySettings {
        start: Some(at),
        ..at_max()
    };
    let source = ReplaySource::open(folder.path(), settings).unwrap();
    let from = results(&replayed(source, Some(&NAMES)));
    for symbol in NAMES {
        let (from, live) = (&from[symbol], &live[symbol]);
        assert!(!from.is_empty() && from.len() < live.len());
        // Books and quotes are as they were live; a day's figures need the bars of before, which are history here.
        assert!(live.ends_with(from), "{symbol}");
    }
    // The same by seeks while it plays: on, further on, and back again.
    let settings = ReplaySettings {
        speed: Speed::Factor(0.1),
        gaps: true,
        ..at_max()
    };
    let plan = SourcePlan {
        source: Box::new(ReplaySource::open(folder.path(), settings).unwrap()),
        symbols: Some(symbols(&NAMES)),
    };
    let (handle, given) = start(crate::engine::settings(), vec![plan], None);
    for command in [
        TransportCommand::Seek(SeekTarget::At(at)),
        TransportCommand::Seek(SeekTarget::At(at.plus_ms(50_000))),
        TransportCommand::Seek(SeekTarget::At(at)),
        TransportCommand::Speed(Speed::Max),
    ] {
        let command = Command::Transport {
            source: None,
            command,
        };
        handle.commands.send(command).unwrap();
    }
    assert!(!handle.join().all_hopeless);
    let sought = results(&given.into_iter().collect::<Vec<_>>());
    for symbol in NAMES {
        assert!(sought[symbol].ends_with(&from[symbol]), "{symbol}");
    }
}

/// Both replays of a folder take steps that are meant for all: what the first six steps give, and what two back and two
/// onwards do.
#[test]
fn replays_that_were_opened_together_step_together() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["A", "B"];
    let mut expected = Vec::new();
    let mut text = String::new();
    // The second stands still while the first moves on, and the other way round.
    for (second, at) in [
        (10, 0),
        (11, 0),
        (12, 0),
        (13, 1),
        (40, 1),
        (41, 0),
        (90, 1),
    ] {
        let (time, symbol) = (BEGIN + second * 1000, names[at]);
        let line = format!(
            "{{\"timestamp\":{time},\"service\":\"OHLCV\",\"symbols\":{{\"{symbol}\":{{\"close\":1,\"datetime\":{time}}}}}}}\n"
        );
        text.push_str(&line);
        expected.push(format!("{second} {symbol}"));
    }
    std::fs::write(folder.path().join("all.jsonl"), text).unwrap();
    let plan = |name: &str| {
        let settings = ReplaySettings {
            name: SourceName::new(name),
            clock_from: Some(UnixMs(BEGIN - 3_600_000)),
            gaps: true,
            ..ReplaySettings::default()
        };
        SourcePlan {
            source: Box::new(ReplaySource::open(folder.path(), settings).unwrap()),
            symbols: Some(symbols(&[name])),
        }
    };
    let plans = names.map(plan).into_iter().collect();
    let (handle, given) = start(crate::engine::settings(), plans, None);
    let step = |command| {
        let order = Command::Transport {
            source: None,
            command,
        };
        handle.commands.send(order).unwrap();
    };
    let mut seen = Vec::new();
    let await_result = |seen: &mut Vec<String>| {
        let deadline = Duration::from_secs(60);
        while let Ok(item) = given.recv_timeout(deadline) {
            if let Given::Result { symbol, result } = item {
                let second = (result.time.unwrap().0 - BEGIN) / 1000;
                return seen.push(format!("{second} {symbol}"));
            }
        }
        panic!("only {seen:?}");
    };
    // However fast they come, each is taken after the one before.
    (0..6).for_each(|_| step(TransportCommand::Step));
    (0..6).for_each(|_| await_result(&mut seen));
    // Two symbols are worked on side by side: their results may come in another order.
    seen.sort();
    assert_eq!(seen, expected[..6]);
    (0..2).for_each(|_| step(TransportCommand::StepBack));
    (0..2).for_each(|_| step(TransportCommand::Step));
    (0..2).for_each(|_| await_result(&mut seen));
    seen[6..].sort();
    assert_eq!(seen[6..], expected[4..6]);
    step(TransportCommand::Step);
    await_result(&mut seen);
    assert_eq!(seen.last(), expected.last());
    // It may have ended by itself: that was the last of it.
    drop(handle.commands.send(Command::Quit));
    crate::engine::finish(handle);
    let more = given.into_iter();
    assert_eq!(
        more.filter(|item| matches!(item, Given::Result { .. }))
            .count(),
        0
    );
}

/// A venue of which every message has a gap.
struct Gaps(Option<SymbolId>);

impl Kept for Gaps {}

impl Protocol for Gaps {
    fn connect(&mut self) -> Connect {
        Connect::Refuse(Ending::never(ErrorKind::ConnectionError, "never connected"))
    }
    fn opened(&mut self, _: UnixMs, _: &mut Output) {}
    fn message(&mut self, message: Incoming<'_>, _: UnixMs, output: &mut Output) {
        match self.0 {
            Some(symbol) if message.bytes() == b"ok" => {
                output.notices.push(Notice::Subscribed(symbol));
            }
            Some(symbol) => output.notices.push(Notice::Gap {
                symbol,
                kind: ErrorKind::SequenceGap,
                reason: "2 are missing".to_owned(),
            }),
            None => {}
        }
    }
    fn subscribe(&mut self, symbols: &[(Symbol, SymbolId)], _: &mut Output) {
        self.0 = symbols.first().map(|(_, id)| *id);
    }
    fn unsubscribe(&mut self, _: &[(Symbol, SymbolId)], _: &mut Output) {}
}

#[test]
fn a_recording_tells_of_gaps_and_of_lost_connections_as_the_live_run_did() {
    let protocol = Arc::new(|_: &Setup| Some(Box::new(Gaps(None)) as Box<dyn Protocol>));
    let recording = OfVenue::with_protocol("gaps", setup(), protocol);
    let mut machine = recording.player();
    let mut told = |line: &str| {
        let mut played = Played::default();
        machine.take(line.as_bytes(), &mut played).unwrap();
        let errors = played.errors.iter();
        let errors = errors.map(|error| format!("{} {}", error.severity.name(), error.kind));
        let changes = played.changes.iter().map(|change| {
            let symbol = change.symbol.as_ref();
            format!(
                "{} {}",
                change.status.name(),
                symbol.map_or("-", Symbol::as_str)
            )
        });
        errors.chain(changes).collect::<Vec<_>>().join(", ")
    };
    let text = |text: &str| format!(r#"{{"ms":1,"on":0,"in":"text","text":"{text}"}}"#);
    let [opened, closed] =
        ["opened", "closed"].map(|name| format!(r#"{{"ms":1,"on":0,"in":"{name}"}}"#));
    for (line, expected) in [
        (opened.as_str(), ""),
        (r#"{"ms":1,"on":0,"in":"subscribe","symbols":["X"]}"#, ""),
        (&text("ok"), ""),
        (&text("1"), "warning SequenceGap, gap X"),
        (&closed, "error ConnectionError, reconnecting -"),
        (&opened, ""),
        (&text("ok"), "connected -"),
        (&text("ok"), ""),
        (r#"{"ms":1,"on":0,"in":"unsubscribe","symbols":["X"]}"#, ""),
        (&closed, ""),
    ] {
        assert_eq!(told(line), expected, "{line}");
    }
}

#[test]
fn a_replay_that_stands_where_the_connection_was_lost_says_so() {
    let folder = tempfile::tempdir().unwrap();
    recorded(folder.path(), 100, RecorderSettings::default());
    let settings = ReplaySettings {
        clock_from: Some(UnixMs(BEGIN - 3_600_000)),
        gaps: true,
        ..at_max()
    };
    let plan = SourcePlan {
        source: Box::new(
            ReplaySource::open(
                folder.path(),
                ReplaySettings {
                    speed: Speed::Factor(1.0),
                    ..settings
                },
            )
            .unwrap(),
        ),
        symbols: Some(symbols(&NAMES)),
    };
    let (handle, given) = start(crate::engine::settings(), vec![plan], None);
    let tell = |command| {
        let order = Command::Transport {
            source: None,
            command,
        };
        handle.commands.send(order).unwrap();
    };
    tell(TransportCommand::Pause);
    for (ms, expected) in [(50_650, true), (60_000, false), (50_650, true)] {
        let at = UnixMs(BEGIN + ms);
        tell(TransportCommand::Seek(SeekTarget::At(at)));
        crate::support::wait_for("the replay to stand there", || {
            let snapshot = handle.snapshots.recv().ok()?;
            let source = snapshot.sources.first()?;
            let transport = source.transport.as_ref()?;
            let is_there = source.data_clock == Some(at) && transport.loading.is_none();
            (is_there && transport.is_cut == expected).then_some(())
        });
    }
    tell(TransportCommand::Speed(Speed::Max));
    tell(TransportCommand::Seek(SeekTarget::At(UnixMs(BEGIN))));
    tell(TransportCommand::Resume);
    assert!(!handle.join().all_hopeless);
    let given: Vec<Given> = given.into_iter().collect();
    let statuses = given.iter().filter_map(|item| match item {
        Given::Status(status) if status.symbol.is_none() => Some(status.status.name()),
        _ => None,
    });
    let statuses: Vec<&str> = statuses.skip_while(|&name| name != "seek").collect();
    assert_eq!(
        statuses,
        [
            "seek",
            "seek",
            "seek",
            "seek",
            "reconnecting",
            "connected",
            "ended"
        ]
    );
}

#[test]
fn that_a_recording_begins_and_ends_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["one", "two"].map(|name| folder.path().join(name));
    let source = ScriptedSource::new("live", Delivery::Pausable, |mut feed| async move {
        while feed.next_command().await.is_some() {}
    });
    let recorder = recorder(RecorderSettings::default());
    recorder.begin(&paths[0]).unwrap();
    let (sink, given, _) = crate::support::collector();
    let outputs = Outputs {
        recorder: Arc::clone(&recorder) as _,
        ..vec![sink].into()
    };
    let handle = streamer_tui::pipeline::engine::start(
        crate::engine::settings(),
        vec![crate::engine::plan(source.live(), &[])],
        outputs,
        Arc::new(SystemClock::default()),
        None,
    )
    .unwrap();
    for command in [
        Command::Record(Some(paths[1].clone())),
        Command::Record(None),
        Command::Record(Some(paths[0].clone())),
        Command::Quit,
    ] {
        handle.commands.send(command).unwrap();
    }
    crate::engine::finish(handle);
    assert_eq!(recorder.session(), None);
    let told = given.into_iter().filter_map(|item| match item {
        Given::Status(status) if status.source.is_none() => {
            Some((status.status.name(), PathBuf::from(status.message?)))
        }
        _ => None,
    });
    let [one, two] = paths;
    let expected = [
        ("recording", one.clone()),
        ("recorded", one.clone()),
        ("recording", two.clone()),
        ("recorded", two),
        ("recording", one.clone()),
        ("recorded", one),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[test]
fn recordings_in_one_folder_are_of_one_source() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(RecorderSettings::default());
    recorder.begin(folder.path()).unwrap();
    live(Arc::clone(&recorder) as _, 10, "lines:");
    recorder.end();
    // What cannot be played is left out aloud.
    std::fs::write(folder.path().join("broken.rec.zst"), b"no zstd").unwrap();
    let given = replayed(open(folder.path()), Some(&NAMES));
    assert!(!results(&given).is_empty());
    let errors = errors(&given);
    assert!(
        errors
            .iter()
            .any(|told| told.contains("broken.rec.zst") && told.contains("left out")),
        "{errors:?}"
    );
    let alone = ReplaySource::open(&folder.path().join("broken.rec.zst"), at_max());
    assert!(
        alone
            .unwrap_err()
            .to_string()
            .contains("cannot be replayed")
    );
    // The head says when days begin and end.
    let info = open(folder.path()).info();
    assert_eq!(info.calendar, SessionCalendar::UsEquities);
    for (spec, what) in [("lines:utc", "session="), ("lines:5m", "interval=")] {
        let other = tempfile::tempdir().unwrap();
        record_each(other.path(), &["lines:", spec]);
        let error = ReplaySource::open(other.path(), at_max())
            .unwrap_err()
            .to_string();
        assert!(error.contains("cannot be played as one"), "{error}");
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn recordings_with_other_services_are_played_as_one() {
    let folder = tempfile::tempdir().unwrap();
    record_each(folder.path(), &["lines:quotes", "lines:", "lines:deep"]);
    let source = open(folder.path());
    let products = source.info().products;
    assert_eq!(products.services, ServiceSet::ALL);
    assert_eq!(products.levels, 25);
    assert_eq!(results(&replayed(source, Some(&NAMES))).len(), NAMES.len());
}

/// Records a short run with each specification into one folder.
fn record_each(folder: &Path, specs: &[&'static str]) {
    for spec in specs {
        let recorder = recorder(RecorderSettings::default());
        recorder.begin(folder).unwrap();
        live(Arc::clone(&recorder) as _, 40, spec);
        recorder.end();
    }
}

#[test]
fn a_recording_that_grows_is_played_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Arc::new(FileRecorder::new(
        Arc::new(SystemClock::default()),
        RecorderSettings {
            flush_every: Duration::from_millis(1),
            ..RecorderSettings::default()
        },
    ));
    recorder.begin(folder.path()).unwrap();
    let live = results(&live(Arc::clone(&recorder) as _, 40, "lines:"));
    crate::support::wait_for("everything to be in the file", || {
        let source = ReplaySource::open(folder.path(), at_max()).ok()?;
        let played = results(&replayed(source, Some(&NAMES)));
        (played.len() == 2 && played["BTC/USD"] == live["BTC/USD"]).then_some(())
    });
    recorder.end();
}
