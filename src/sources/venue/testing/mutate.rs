//! Damaged input for protocols: whatever comes, in whatever order, nothing panics and nobody gets another's data.

use proptest::prelude::*;

use super::Workbench;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;
use crate::sources::venue::session::Input;
use crate::sources::venue::{Answer, Incoming};

/// What stands in for a number or a text in a frame.
const VALUES: &[&str] = &[
    "null",
    "true",
    "0",
    "-1",
    "-0",
    "1e400",
    "1e-400",
    "NaN",
    "Infinity",
    "18446744073709551615",
    "18446744073709551616",
    "123456789012345678901234567890.123456789",
    "\"\"",
    "\"0x10\"",
    "\"\\u0000\\ud83d\"",
    "\"9999-12-31T23:59:59Z\"",
    "[]",
    "{}",
    "[[[[[[[[1]]]]]]]]",
];

/// One change to the bytes of a frame. Places count modulo the frame's length.
#[derive(Debug, Clone)]
enum Change {
    Flip {
        at: usize,
        bits: u8,
    },
    Insert {
        at: usize,
        byte: u8,
    },
    Cut {
        at: usize,
        length: usize,
    },
    Truncate {
        at: usize,
    },
    Repeat {
        at: usize,
        length: usize,
    },
    /// A value of the frame gives way to another.
    Value {
        at: usize,
        value: &'static str,
    },
    /// The frame goes on with the end of another seed.
    Splice {
        at: usize,
        seed: usize,
        from: usize,
    },
}

/// What a protocol goes through.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A message.
    Message(Vec<u8>),
    /// An answer to one of the requests made so far, or, when there is none, to one that nobody has made.
    Answer {
        /// Which, modulo their number.
        which: usize,
        /// HTTP status.
        status: u16,
        /// Body.
        body: Vec<u8>,
    },
    /// So many milliseconds pass.
    Tick(i64),
    /// The connection is lost and opened again.
    Reopen,
    /// A symbol's book is to begin anew, modulo their number.
    Resync(usize),
    /// A symbol is wanted no more, modulo their number.
    Unsubscribe(usize),
    /// It is wanted again, under a new number.
    Subscribe(usize),
}

/// As many cases as `PROPTEST_CASES` says, few without it.
pub(crate) fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(48);
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Frames that were damaged, and some that were not.
pub(crate) fn frames(seeds: Vec<String>) -> impl Strategy<Value = Vec<u8>> {
    let place = any::<usize>();
    let change = prop_oneof![
        (place, 1..=255_u8).prop_map(|(at, bits)| Change::Flip { at, bits }),
        (place, any::<u8>()).prop_map(|(at, byte)| Change::Insert { at, byte }),
        (place, 1..40_usize).prop_map(|(at, length)| Change::Cut { at, length }),
        place.prop_map(|at| Change::Truncate { at }),
        (place, 1..200_usize).prop_map(|(at, length)| Change::Repeat { at, length }),
        (place, proptest::sample::select(VALUES))
            .prop_map(|(at, value)| Change::Value { at, value }),
        (place, place, place).prop_map(|(at, seed, from)| Change::Splice { at, seed, from }),
    ];
    (place, proptest::collection::vec(change, 0..4)).prop_map(move |(seed, changes)| {
        let mut bytes = seeds[seed % seeds.len()].clone().into_bytes();
        for change in changes {
            bytes = changed(bytes, &change, &seeds);
        }
        bytes
    })
}

/// What a protocol may go through: mostly messages.
pub(crate) fn steps(seeds: Vec<String>) -> impl Strategy<Value = Vec<Step>> {
    let place = any::<usize>();
    let status = proptest::sample::select(vec![200_u16, 200, 200, 0, 400, 418, 429, 503]);
    let step = prop_oneof![
        20 => frames(seeds.clone()).prop_map(Step::Message),
        4 => (place, status, frames(seeds)).prop_map(|(which, status, body)| Step::Answer { which, status, body }),
        4 => (0..70_000_i64).prop_map(Step::Tick),
        1 => Just(Step::Reopen),
        1 => place.prop_map(Step::Resync),
        1 => place.prop_map(Step::Unsubscribe),
        1 => place.prop_map(Step::Subscribe),
    ];
    proptest::collection::vec(step, 1..40)
}

fn changed(mut bytes: Vec<u8>, change: &Change, seeds: &[String]) -> Vec<u8> {
    if bytes.is_empty() {
        return bytes;
    }
    let length_now = bytes.len();
    match *change {
        Change::Flip { at, bits } => bytes[at % length_now] ^= bits,
        Change::Insert { at, byte } => bytes.insert(at % length_now, byte),
        Change::Cut { at, length } => {
            let at = at % length_now;
            bytes.drain(at..(at + length).min(length_now));
        }
        Change::Truncate { at } => bytes.truncate(at % length_now),
        Change::Repeat { at, length } => {
            let at = at % length_now;
            let part = bytes[at..(at + length).min(length_now)].to_vec();
            bytes.splice(at..at, part);
        }
        Change::Value { at, value } => {
            let values = values_of(&bytes);
            if let Some(range) = values.get(at % values.len().max(1)).cloned() {
                bytes.splice(range, value.bytes());
            }
        }
        Change::Splice { at, seed, from } => {
            bytes.truncate(at % length_now);
            let other = seeds[seed % seeds.len()].as_bytes();
            if !other.is_empty() {
                bytes.extend(&other[from % other.len()..]);
            }
        }
    }
    bytes
}

/// Where numbers, words and texts stand that follow a colon, a comma or a bracket.
fn values_of(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut values = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let is_start = matches!(bytes[at], b':' | b',' | b'[');
        at += 1;
        if !is_start || at >= bytes.len() {
            continue;
        }
        let end = if bytes[at] == b'"' {
            let close = bytes[at + 1..].iter().position(|&byte| byte == b'"');
            close.map(|offset| at + offset + 2)
        } else {
            let stop = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b'[' | b'{');
            bytes[at..].iter().position(stop).map(|offset| at + offset)
        };
        if let Some(end) = end.filter(|&end| end > at) {
            values.push(at..end);
        }
    }
    values
}

/// Takes a protocol through these steps. Its first symbols have been subscribed under these names, and its connection is
/// open.
///
/// # Panics
/// When an event or a notice is of a symbol that is not wanted, or when a recording that is begun halfway is replayed
/// otherwise than it was live.
pub(crate) fn run(bench: &mut Workbench, names: &[&str], steps: &[Step]) {
    let mut ids: Vec<Option<u32>> = (0..names.len() as u32).map(Some).collect();
    let mut next_id = names.len() as u32;
    let mut requests: Vec<u64> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        if number == steps.len() / 2 {
            bench.begin_recording(true);
        }
        let was_wanted = bench.session.symbols();
        take(bench, names, step, &requests, (&mut ids, &mut next_id));
        requests.extend(bench.output.ask.iter().map(|request| request.id));
        let is_wanted =
            |id: &SymbolId| was_wanted.contains(id) || bench.session.symbols().contains(id);
        for event in &bench.output.events {
            assert!(is_wanted(&event.symbol), "{event:?} after {step:?}");
        }
    }
    bench.end_recording();
}

fn take(
    bench: &mut Workbench,
    names: &[&str],
    step: &Step,
    requests: &[u64],
    (ids, next_id): (&mut [Option<u32>], &mut u32),
) {
    match step {
        Step::Message(bytes) => {
            let message = match std::str::from_utf8(bytes) {
                Ok(text) => Incoming::Text(text),
                Err(_) => Incoming::Binary(bytes),
            };
            bench.give(Input::Message(message));
        }
        Step::Answer {
            which,
            status,
            body,
        } => {
            let id = requests.get(which % requests.len().max(1)).copied();
            bench.give(Input::Answered(Answer {
                id: id.unwrap_or(*which as u64),
                status: *status,
                retry_after: None,
                body,
            }));
        }
        Step::Tick(ms) => {
            bench.tick(UnixMs(bench.now.0 + ms));
        }
        Step::Reopen => {
            bench.give(Input::Closed);
            bench.open();
        }
        Step::Resync(which) => {
            if let Some(id) = ids[which % ids.len()] {
                let symbol = Symbol::new(names[which % ids.len()]).unwrap();
                bench.give(Input::Resync(&(symbol, SymbolId(id))));
            }
        }
        Step::Unsubscribe(which) => {
            if let Some(id) = ids[which % ids.len()].take() {
                bench.unsubscribe(id);
                let gone = |event: &crate::domain::event::Event| event.symbol == SymbolId(id);
                assert!(!bench.output.events.iter().any(gone), "{step:?}");
            }
        }
        Step::Subscribe(which) => {
            let which = which % ids.len();
            if ids[which].is_none() {
                ids[which] = Some(*next_id);
                *next_id += 1;
                bench.subscribe(&[names[which]]);
            }
        }
    }
}
