#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod mid_run;

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use proptest::prelude::*;

use super::line::{Head, Line, Recorded, What};
use super::*;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::pipeline::recording::RecordingError;
use crate::pipeline::snapshot::RecordingView;

/// A recorder that keeps lines in memory.
#[derive(Default)]
struct Memory {
    session: Mutex<Option<u64>>,
    lines: Mutex<Vec<Vec<u8>>>,
}

impl Memory {
    fn take(&self) -> Vec<String> {
        let lines = std::mem::take(&mut *self.lines.lock().unwrap());
        let text = |line| String::from_utf8(line).unwrap();
        lines.into_iter().map(text).collect()
    }
}

impl Recorder for Memory {
    fn session(&self) -> Option<u64> {
        *self.session.lock().unwrap()
    }
    fn record(&self, _: &SourceName, line: &[u8]) {
        assert!(!line.contains(&b'\n'));
        self.lines.lock().unwrap().push(line.to_vec());
    }
    fn begin(&self, _: &Path) -> Result<(), RecordingError> {
        Ok(())
    }
    fn end(&self) {}
    fn view(&self) -> Option<RecordingView> {
        None
    }
    fn take_failure(&self) -> Option<String> {
        None
    }
}

/// The lines that a recording begins with when it is begun in mid-run.
pub(in crate::sources::venue) fn beginning(
    session: &mut Session,
    symbols: &[(Symbol, SymbolId)],
    is_open: bool,
    now: UnixMs,
) -> Vec<String> {
    let (mut tap, memory) = tap(&[]);
    *memory.session.lock().unwrap() = Some(1);
    assert!(tap.begins(now));
    tap.write_beginning(0, now, (session, is_open), symbols);
    memory.take()
}

const NOW: UnixMs = UnixMs(1_720_522_860_123);

fn tap(secrets: &[&str]) -> (Tap, Arc<Memory>) {
    let memory = Arc::new(Memory::default());
    let secrets: Vec<SecretString> = secrets.iter().map(|&secret| secret.into()).collect();
    let recorder: Arc<dyn Recorder> = Arc::clone(&memory) as _;
    let name = SourceName::new("kraken");
    let tap = Tap::new(recorder, name, "kraken:?depth=10".to_owned(), &secrets);
    (tap, memory)
}

fn text(text: &str) -> Input<'_> {
    Input::Message(Incoming::Text(text))
}

fn symbols() -> [(Symbol, SymbolId); 2] {
    ["BTC/USD", "日経"].map(|name| (Symbol::new(name).unwrap(), SymbolId(7)))
}

#[test]
fn a_recording_begins_with_its_head_and_nothing_comes_before() {
    let (mut tap, memory) = tap(&[]);
    assert!(!tap.begins(NOW));
    tap.write(0, NOW, &Input::Tick);
    *memory.session.lock().unwrap() = Some(1);
    tap.write(0, NOW, &Input::Tick);
    assert_eq!(memory.take(), [] as [&str; 0]);
    assert!(tap.begins(NOW));
    assert!(!tap.begins(NOW));
    tap.write(3, NOW, &Input::Tick);
    assert_eq!(
        memory.take(),
        [
            r#"{"recording":1,"source":"kraken","spec":"kraken:?depth=10","started":1720522860123}"#,
            r#"{"ms":1720522860123,"on":3,"in":"tick"}"#,
        ]
    );
    // Another recording needs a head of its own.
    *memory.session.lock().unwrap() = Some(2);
    tap.write(3, NOW, &Input::Tick);
    assert_eq!(memory.take().len(), 0);
    assert!(tap.begins(NOW));
    *memory.session.lock().unwrap() = None;
    tap.write(3, NOW, &Input::Tick);
    assert!(!tap.begins(NOW));
    assert_eq!(memory.take().len(), 1);
}

#[test]
fn what_has_turned_out_to_be_secret_is_left_out_from_then_on() {
    let (mut tap, memory) = tap(&[]);
    *memory.session.lock().unwrap() = Some(1);
    assert!(tap.begins(NOW));
    memory.take();
    tap.write(0, NOW, &text("before c0ffee-correl"));
    tap.hide(&"c0ffee-correl".into());
    tap.write(0, NOW, &text("after c0ffee-correl"));
    let lines = memory.take();
    assert!(lines[0].contains("before c0ffee-correl"), "{lines:?}");
    assert!(lines[1].contains("after ***"), "{lines:?}");
}

#[test]
fn lines_are_as_documented() {
    let symbols = symbols();
    for (input, expected) in [
        (Input::Opened, r#""in":"opened"}"#),
        (text("{\"a\":1}"), r#""in":"text","text":"{\"a\":1}"}"#),
        (
            Input::Message(Incoming::Binary(&[0, 0xff])),
            r#""in":"binary","base64":"AP8="}"#,
        ),
        (
            Input::Subscribe(&symbols),
            r#""in":"subscribe","symbols":["BTC/USD","日経"]}"#,
        ),
        (
            Input::Resync(&symbols[0]),
            r#""in":"resync","symbols":["BTC/USD"]}"#,
        ),
        (Input::Closed, r#""in":"closed"}"#),
        (
            Input::Kept(None, "{\"own\":1}"),
            r#""in":"kept","text":"{\"own\":1}"}"#,
        ),
        (
            Input::Kept(Some(&symbols[0]), "{\"bid\":\"1.50\"}"),
            r#""in":"kept","symbols":["BTC/USD"],"text":"{\"bid\":\"1.50\"}"}"#,
        ),
    ] {
        let mut line = Vec::new();
        Line::of(1, NOW, &input).write(&mut line);
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line, format!("{{\"ms\":1720522860123,\"on\":1,{expected}"));
    }
}

fn round_trip(input: &Input<'_>) -> What<'static> {
    let mut line = Vec::new();
    Line::of(2, NOW, input).write(&mut line);
    let line: &'static [u8] = line.leak();
    let read = Line::read(line).unwrap();
    assert_eq!(read.as_head(), Ok(None));
    let Recorded {
        now,
        connection,
        what,
    } = read.into_recorded().unwrap();
    assert_eq!((now, connection), (NOW, 2));
    what
}

#[test]
fn every_input_comes_back() {
    let pairs = symbols();
    let names = || pairs.iter().map(|(symbol, _)| symbol.clone()).collect();
    assert_eq!(round_trip(&Input::Opened), What::Opened);
    assert_eq!(round_trip(&Input::Tick), What::Tick);
    assert_eq!(round_trip(&Input::Closed), What::Closed);
    assert_eq!(
        round_trip(&Input::Subscribe(&pairs)),
        What::Subscribe(names())
    );
    assert_eq!(
        round_trip(&Input::Unsubscribe(&pairs)),
        What::Unsubscribe(names())
    );
    let resync = round_trip(&Input::Resync(&pairs[1]));
    assert_eq!(resync, What::Resync(pairs[1].0.clone()));
    assert_eq!(
        round_trip(&Input::Kept(None, "{}")),
        What::Kept(None, "{}".into())
    );
    assert_eq!(
        round_trip(&Input::Kept(Some(&pairs[1]), "{}")),
        What::Kept(Some(pairs[1].0.clone()), "{}".into())
    );
    let mut given = None;
    resync.give(
        |symbol| SymbolId(symbol.as_str().len() as u32),
        |input| given = Some(format!("{input:?}")),
    );
    assert!(given.unwrap().contains("SymbolId(6)"));
}

#[test]
fn what_is_no_line_is_refused() {
    for bad in [
        "",
        "[]",
        "{",
        "null",
        "{}",
        r#"{"ms":1,"on":0}"#,
        r#"{"on":0,"in":"tick"}"#,
        r#"{"ms":1,"in":"tick"}"#,
        r#"{"ms":1,"on":-1,"in":"tick"}"#,
        r#"{"ms":"1","on":0,"in":"tick"}"#,
        r#"{"ms":1,"on":0,"in":"surprise"}"#,
        r#"{"ms":1,"on":0,"in":"text"}"#,
        r#"{"ms":1,"on":0,"in":"binary","base64":"*"}"#,
        r#"{"ms":1,"on":0,"in":"answer","id":1,"text":""}"#,
        r#"{"ms":1,"on":0,"in":"subscribe","symbols":["a b"]}"#,
        r#"{"ms":1,"on":0,"in":"resync","symbols":[]}"#,
        r#"{"ms":1,"on":0,"in":"kept"}"#,
        r#"{"ms":1,"on":0,"in":"kept","symbols":["A","B"],"text":"{}"}"#,
    ] {
        let result = Line::read(bad.as_bytes()).and_then(Line::into_recorded);
        assert!(result.is_err(), "{bad}");
    }
    let head = |text: &'static str| Line::read(text.as_bytes()).unwrap().as_head();
    let newer = head(r#"{"recording":2,"anything":[]}"#).unwrap_err();
    assert!(newer.reason.contains("use a newer program"), "{newer}");
    assert!(head(r#"{"recording":1,"source":"x"}"#).is_err());
    assert_eq!(
        head(r#"{"recording":1,"source":"x","spec":"y:","started":5,"more":1}"#),
        Ok(Some(Head {
            source: "x".to_owned(),
            spec: "y:".to_owned(),
            map: None,
            started: UnixMs(5),
        }))
    );
}

#[test]
fn a_secret_never_reaches_the_recording() {
    let secrets = [
        "CANARY/key+1=",
        "CANARY/key+1=-and-more",
        "quo\"ted\\canary",
    ];
    let (mut tap, memory) = tap(&secrets);
    *memory.session.lock().unwrap() = Some(1);
    assert!(tap.begins(NOW));
    let echoes = [
        "CANARY/key+1=".to_owned(),
        r#"{"auth":"CANARY\/key+1=","x":"CANARY/key+1=-and-more"}"#.to_owned(),
        serde_json::to_string("quo\"ted\\canary").unwrap(),
        "?key=CANARY%2Fkey%2B1%3D&a=CANARY/key+1=CANARY/key+1=".to_owned(),
        "?key=CANARY%2fkey%2b1%3d&a=CANARY%2Fkey%2B1%3D-and-more&a=quo%22ted%5ccanary".to_owned(),
    ];
    for echo in &echoes {
        tap.write(0, NOW, &text(echo));
        tap.write(0, NOW, &Input::Message(Incoming::Binary(echo.as_bytes())));
        tap.write(0, NOW, &Input::Kept(None, echo));
        tap.write(
            0,
            NOW,
            &Input::Answered(Answer {
                id: 1,
                status: 403,
                retry_after: None,
                body: echo.as_bytes(),
            }),
        );
    }
    let lines = memory.take();
    assert_eq!(lines.len(), 1 + 4 * echoes.len());
    for line in &lines[1..] {
        let recorded = Line::read(line.as_bytes()).unwrap().into_recorded();
        let shown = match recorded.unwrap().what {
            What::Text(text) | What::Kept(_, text) => text.into_owned(),
            What::Binary(bytes) | What::Answered { body: bytes, .. } => {
                String::from_utf8(bytes).unwrap()
            }
            other => format!("{other:?}"),
        };
        assert!(shown.contains("***"), "{shown}");
        for text in [&shown, line] {
            assert!(!text.to_lowercase().contains("canary"), "{text}");
        }
    }
    // What is too short to be a secret changes nothing.
    let (mut tap, memory) = super::tests::tap(&["", "abc"]);
    *memory.session.lock().unwrap() = Some(1);
    assert!(tap.begins(NOW));
    tap.write(0, NOW, &text("abc"));
    assert!(memory.take()[1].contains("\"abc\""));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn texts_come_back_byte_for_byte(message in prop_oneof![any::<String>(), "[\\x00-\\x7f\u{2028}\u{feff}\"\\\\]{0,60}"]) {
        prop_assert_eq!(round_trip(&text(&message)), What::Text(message.clone().into()));
    }

    #[test]
    fn bytes_come_back_byte_for_byte(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        id in any::<u64>(),
        status in any::<u16>(),
        retry in prop::option::of(any::<u32>()),
    ) {
        let message = Input::Message(Incoming::Binary(&bytes));
        prop_assert_eq!(round_trip(&message), What::Binary(bytes.clone()));
        let retry_after = retry.map(|ms| Duration::from_millis(ms.into()));
        let answer = Input::Answered(Answer { id, status, retry_after, body: &bytes });
        let expected = What::Answered { id, status, retry_after, body: bytes.clone() };
        prop_assert_eq!(round_trip(&answer), expected);
    }

    #[test]
    fn no_line_breaks_the_reader(line in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(line) = Line::read(&line) {
            drop((line.as_head(), line.into_recorded()));
        }
    }
}
