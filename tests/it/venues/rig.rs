//! A venue's run in the real program, and the faults that every venue has to survive.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::program::{Finished, Home, Program};
use crate::support::venue_server::{Peer, Server};

/// What stands in every key of these tests, and nowhere else.
pub const CANARY: &str = "CANARY";

/// Times from here on are not of the frames, but of this run: 2026-02-02, in milliseconds since 1970.
const THIS_RUN_MS: i64 = 1_770_000_000_000;

/// A venue as these tests know it.
pub struct Case {
    /// The source; `{ws}` and `{http}` stand for the server's URLs. It gives one result for each frame of `good`.
    pub source: &'static str,
    pub symbols: &'static str,
    /// Variables and keys.
    pub keys: &'static [(&'static str, &'static str)],
    /// Does what the venue does on a new connection until everything is confirmed. Whatever is not asked for again after
    /// a drop makes it wait until it gives up.
    pub welcome: fn(&Server) -> Peer,
    /// A frame whose result holds [`price`] of the number.
    pub good: fn(u64) -> String,
    /// Puts into a frame what depends on those before it.
    pub finish: fn(&str) -> String,
    /// Frames of a kind that the venue has never had: counted, and nothing else.
    pub unknown: &'static [&'static str],
    /// Frames that cannot be taken, and the kind of error that each is.
    pub bad: &'static [(&'static str, &'static str)],
}

/// The price in a good frame.
pub fn price(number: u64) -> String {
    format!("{}.25", 1000 + number)
}

/// The program with a venue.
pub struct Live {
    pub server: Server,
    pub home: Home,
    pub program: Program,
    further: &'static [&'static str],
}

/// A home with these keys.
pub fn home(keys: &[(&str, &str)]) -> Home {
    keys.iter()
        .fold(Home::new(), |home, (name, key)| home.with(name, *key))
}

impl Live {
    /// Starts the program. What comes in is recorded.
    pub fn start(source: &str, symbols: &str, keys: &[(&str, &str)]) -> Self {
        Self::start_with(source, symbols, keys, &[])
    }

    /// The same with further arguments, which the recording is played with too.
    pub fn start_with(
        source: &str,
        symbols: &str,
        keys: &[(&str, &str)],
        further: &'static [&'static str],
    ) -> Self {
        let server = Server::start();
        let source = source
            .replace("{ws}", &server.url())
            .replace("{http}", &server.rest_url());
        let home = home(keys);
        let mut arguments = vec!["--source", &source, "--symbols", symbols];
        arguments.extend(["--record", "recording"]);
        arguments.extend(further);
        let program = home.start(&arguments);
        Self {
            server,
            home,
            program,
            further,
        }
    }

    pub fn of(case: &Case) -> Self {
        Self::start(case.source, case.symbols, case.keys)
    }

    /// The next results are these, in this order, letter by letter. A time of this run stands as `NOW`.
    pub fn expect(&mut self, results: &[&str]) {
        for expected in results {
            let result = self
                .program
                .next_where(expected, |line| line["type"] == "result");
            let line = self.program.last_line();
            let line = match result["unix_ts"].as_i64() {
                Some(time) if time >= THIS_RUN_MS => {
                    let iso = result["new_york_datetime"].to_string();
                    line.replace(&time.to_string(), "NOW").replace(&iso, "NOW")
                }
                _ => line.to_owned(),
            };
            assert_eq!(line, *expected);
        }
    }

    /// A good frame comes through, and no error comes before it.
    pub fn takes(&mut self, case: &Case, peer: &mut Peer, number: u64) {
        peer.send((case.finish)(&(case.good)(number)));
        let price = price(number);
        self.program.next_where(&price, |line| {
            assert_ne!(line["type"], "error", "before {price}: {line}");
            line["type"] == "result" && line.to_string().contains(&price)
        });
    }

    /// An error of a kind; other lines are passed over.
    pub fn error(&mut self, kind: &str, part: &str) -> Value {
        self.program
            .next_where(&format!("{kind} with '{part}'"), |line| {
                line["type"] == "error"
                    && line["error"] == kind
                    && line["message"].as_str().unwrap().contains(part)
            })
    }

    /// Ends the run and looks for keys in all that it has left behind.
    pub fn quit(mut self) -> Finished {
        self.program.tell("quit");
        let Self { home, program, .. } = self;
        let run = program.finish();
        assert_eq!(run.code, Some(0), "{run:#?}");
        let last = as_json(run.lines.last().unwrap());
        assert_eq!(last["status"], "recorded", "{run:#?}");
        shows_no_key(&home, &run);
        run
    }

    /// Ends the run and plays what it has recorded: the results are the same, letter by letter.
    pub fn quit_and_replay(mut self) {
        self.program.tell("quit");
        let Self {
            home,
            program,
            further,
            ..
        } = self;
        let live = program.finish();
        assert_eq!(live.code, Some(0), "{live:#?}");
        shows_no_key(&home, &live);
        let source = format!("replay:{}", home.path("recording").display());
        let replayed = home.headless(&[&["--source", source.as_str()], further].concat());
        assert_eq!(replayed.code, Some(0), "{replayed:#?}");
        // Each symbol's in order, by whatever name the source goes.
        let results = |run: &Finished| -> BTreeMap<String, Vec<String>> {
            let mut of_symbols: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (text, value) in run.lines.iter().map(|text| (text, as_json(text))) {
                if value["type"] == "result" {
                    let text = text.replace(&format!(r#""source":{}"#, value["source"]), "");
                    let symbol = value["symbol"].to_string();
                    of_symbols.entry(symbol).or_default().push(text);
                }
            }
            of_symbols
        };
        assert!(!results(&live).is_empty());
        assert_eq!(results(&replayed), results(&live));
    }

    /// Waits for an end that is hopeless: 1, with this on standard error and as an `AuthError`; nobody knocks again.
    pub fn ends_refused(self, part: &str) {
        let Self {
            server,
            home,
            program,
            ..
        } = self;
        let run = program.finish();
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains(part), "{run:#?}");
        let errors = run.errors();
        let refusals = errors.iter().filter(|error| error["error"] == "AuthError");
        assert_eq!(refusals.count(), 1, "{run:#?}");
        // The program has ended: whoever wanted to come is here already.
        assert!(server.knock_within(std::time::Duration::ZERO).is_none());
        shows_no_key(&home, &run);
    }
}

fn as_json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// No key is in anything that a run has written.
pub fn shows_no_key(home: &Home, run: &Finished) {
    for text in [run.text(), run.stderr.clone(), home.log()] {
        assert!(!text.contains(CANARY), "{text}");
    }
    files_hold_no_key(&home.path(""));
}

/// No key is in any file below; what is compressed is looked into. Gives how many files there are.
pub fn files_hold_no_key(folder: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += files_hold_no_key(&path);
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        if path.extension().is_some_and(|extension| extension == "zst") {
            let mut text = Vec::new();
            let mut decoder = zstd::stream::read::Decoder::new(bytes.as_slice()).unwrap();
            decoder.read_to_end(&mut text).unwrap();
            assert!(!text.is_empty());
            bytes = text;
        }
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(CANARY), "{}: {text}", path.display());
        count += 1;
    }
    count
}

/// What every venue has to survive: frames that are strange or wrong, and connections that end in every way.
pub fn survives(case: &Case) {
    let mut live = Live::of(case);
    let mut peer = (case.welcome)(&live.server);
    live.takes(case, &mut peer, 0);
    // One after the other: a trade that comes again is none, and one that is left out is an error.
    let mut numbers = 1..;
    let mut next = || numbers.next().unwrap();
    for text in case.unknown {
        peer.send((case.finish)(text));
        live.takes(case, &mut peer, next());
    }
    for (text, kind) in case.bad {
        peer.send((case.finish)(text));
        live.error(kind, "");
        live.takes(case, &mut peer, next());
    }
    let number = next();
    let good = (case.finish)(&(case.good)(number));
    peer.send(good.replace('{', r#"{"an extra field":[{"x":null}],"#));
    let expected = price(number);
    live.program
        .next_where("a frame with extra fields", |line| {
            assert_ne!(line["type"], "error", "{line}");
            line.to_string().contains(&expected)
        });
    let whole = (case.good)(4).replace("{next}", "0");
    for text in [
        "[".repeat(100_000),
        whole.clone() + "]",
        whole[1..].to_owned(),
    ] {
        peer.send(text);
        let error = live
            .program
            .next_where("an error", |line| line["type"] == "error");
        assert!(
            ["DecodeError", "SchemaError"].contains(&error["error"].as_str().unwrap()),
            "{error}"
        );
        live.takes(case, &mut peer, next());
    }
    let endings: [(&[u8], &str, &str); 4] = [
        // A text of a thousand bytes, of which two come.
        (
            &[0x81, 126, 0x03, 0xe8, b'{', b'"'],
            "ConnectionError",
            "lost",
        ),
        (&[0x81, 2, 0xff, 0xfe], "DecodeError", "UTF-8"),
        (
            &[0x81, 127, 0, 0, 0, 0, 0x40, 0, 0, 0],
            "Overload",
            "1073741824 bytes",
        ),
        // An end with code 1011.
        (&[0x88, 2, 0x03, 0xf3], "ConnectionError", "code 1011"),
    ];
    for (bytes, kind, part) in endings {
        peer.send_raw(bytes);
        if part == "lost" {
            peer.cut();
        }
        live.error(kind, part);
        let status = live.program.next_status("reconnecting");
        assert!(status["retry_ms"].is_u64(), "{status}");
        peer = (case.welcome)(&live.server);
        live.program.next_status("connected");
        live.takes(case, &mut peer, next());
    }
    live.quit();
    drop(peer);
}
