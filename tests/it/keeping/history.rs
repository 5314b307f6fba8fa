//! `--history` and `backfill=`: bars from before, joined to the live stream; and how much of it all is kept.

use std::fmt::Write as _;

use crate::program::Home;
use crate::support::venue_server::{Peer, Server};

use super::replay;

const MINUTE: i64 = 60_000;
/// 2024-07-09 12:00 UTC.
const BEGIN: i64 = 1_720_526_400_000;

fn source(server: &Server, more: &str) -> String {
    format!(
        "binance:?services=OHLCV&url={}&rest_url={}{more}",
        server.url(),
        server.rest_url()
    )
}

fn welcome(server: &Server) -> Peer {
    let mut peer = server.accept();
    let asked: serde_json::Value = serde_json::from_str(&peer.text_with("SUBSCRIBE")).unwrap();
    peer.send(format!(r#"{{"result":null,"id":{}}}"#, asked["id"]));
    peer
}

/// The bar of a minute, whose close is `close` and whose volume is the minute's number.
fn kline(minute: i64, close: i64) -> String {
    format!(
        r#"{{"stream":"btcusdt@kline_1m","data":{{"e":"kline","E":1,"s":"BTCUSDT","k":{{"t":{},"s":"BTCUSDT","i":"1m","o":"1","c":"{close}","h":"900","l":"1","v":"{minute}","x":true}}}}}}"#,
        BEGIN + minute * MINUTE
    )
}

/// Bars of minutes as a table; each closes at ten times its number.
fn table(minutes: std::ops::Range<i64>) -> String {
    let mut text = "symbol,unix_ts,open,high,low,close,volume\n".to_owned();
    for minute in minutes {
        let (time, close) = (BEGIN + minute * MINUTE, minute * 10);
        writeln!(text, "BTCUSDT,{time},1,900,1,{close},{minute}").unwrap();
    }
    text
}

const WITH: [&str; 6] = [
    "--symbols",
    "BTCUSDT",
    "--timeframes",
    "5m",
    "--indicator",
    "sma(3)",
];

#[test]
fn live_bars_follow_those_of_files_and_recordings_without_a_gap_or_an_overlap() {
    let home = Home::new();
    let server = Server::start();
    let table = home.write("before.csv", table(0..8));
    // The same bars as other files, and as a recording.
    for to in ["before.parquet", "before.arrow"] {
        let run = home.run(["export", "--source", &replay(&table), "--to", to]);
        assert_eq!(run.code, Some(0), "{run:#?}");
    }
    let mut program = home.start(
        &[
            &["--source", &source(&server, ""), "--record", "tapes"],
            &WITH[..],
        ]
        .concat(),
    );
    let mut peer = welcome(&server);
    (0..8).for_each(|minute| peer.send(kline(minute, minute * 10)));
    program.next_where("the last bar", |line| line["volume"] == 7);
    program.tell("quit");
    program.finish().well();

    for histories in [
        &["before.csv"][..],
        &["before.parquet"],
        &["before.arrow"],
        &["tapes"],
        // Whatever is in several of them is there once.
        &["tapes", "before.csv", "before.parquet"],
    ] {
        let mut arguments = vec!["--source".to_owned(), source(&server, "")];
        for history in histories {
            arguments.extend(["--history", history].map(str::to_owned));
        }
        arguments.extend(WITH.map(str::to_owned));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut program = home.start(&arguments);
        let mut peer = welcome(&server);
        // The last one of before comes again, and is another now; then one that is new, and one that is late.
        for (minute, close, mean) in [
            (7, 100, Some((50. + 60. + 100.) / 3.)),
            (8, 80, Some((60. + 100. + 80.) / 3.)),
            (9, 90, Some((100. + 80. + 90.) / 3.)),
            (8, 110, None),
            (10, 100, Some((110. + 90. + 100.) / 3.)),
        ] {
            peer.send(kline(minute, close));
            let bar = program.next_where("the next bar", |line| {
                line["type"] == "result" && line["timeframe"].is_null()
            });
            assert_eq!(bar["volume"], minute, "{histories:?}: {bar}");
            if let Some(mean) = mean {
                let found = bar["indicators"]["sma_3"].as_f64().unwrap();
                assert!((found - mean).abs() < 1e-9, "{histories:?}: {bar}");
            }
        }
        program.tell("quit");
        let run = program.finish().well();
        assert!(run.errors().is_empty(), "{run:#?}");
        let mut results = run.results();
        results.retain(|result| result["timeframe"] == "5m" && result["partial"].is_null());
        // Of the second five minutes, each time one of them comes; the first is over and nothing of it has come.
        let last = results.last().unwrap();
        assert_eq!(last["unix_ts"], BEGIN + 5 * MINUTE, "{last}");
        assert_eq!(last["volume"], 5 + 6 + 7 + 8 + 9, "{last}");
        assert_eq!((&last["open"], &last["close"]), (&1.into(), &90.into()));
    }
}

#[test]
fn bars_that_a_venue_is_asked_for_are_part_of_indicators() {
    let home = Home::new();
    let server = Server::start();
    let source = source(&server, "&backfill=5");
    let mut program = home.start(&[&["--source", source.as_str()], &WITH[..]].concat());
    let mut peer = welcome(&server);
    let call = server.call();
    // Bars of the past are asked for, and none of long ago are taken.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(now.unwrap().as_millis()).unwrap();
    let begin = now - now % MINUTE - 8 * MINUTE;
    let row = |minute: i64| {
        let time = begin + minute * MINUTE;
        format!(
            r#"[{time},"1","900","1","{}","{minute}",0,"0",1,"0","0","0"]"#,
            minute * 10
        )
    };
    let rows: Vec<String> = (0..5).map(row).collect();
    call.answer_json(&format!("[{}]", rows.join(",")));
    // The answer comes on another connection, and this bar, sent again and again, may come before it.
    let mut tries = 0;
    loop {
        let live = kline(5, 50).replace(
            &(BEGIN + 5 * MINUTE).to_string(),
            &(begin + 5 * MINUTE).to_string(),
        );
        peer.send(live);
        let bar = program.next_where("the bar", |line| {
            line["type"] == "result" && line["timeframe"].is_null()
        });
        match bar["indicators"]["sma_3"].as_f64() {
            Some(mean) => {
                assert!((mean - 40.).abs() < 1e-9, "{bar}");
                break;
            }
            None => tries += 1,
        }
        assert!(tries < 2000, "never taken in: {bar}");
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    program.tell("quit");
    program.finish().well();
}

#[test]
fn a_history_that_cannot_be_read_is_told_and_the_rest_goes_on() {
    let home = Home::new();
    let server = Server::start();
    home.write("good.csv", table(0..3) + "BTCUSDT,soon,1,1,1,1,1\n");
    home.write("bad.parquet", "PAR1 and then nothing");
    let source = source(&server, "");
    let arguments = [
        "--source",
        source.as_str(),
        "--history",
        "good.csv",
        "--history",
    ];
    let arguments = [&arguments[..], &["bad.parquet", "--history", "missing.csv"]].concat();
    let mut program = home.start(&[&arguments[..], &WITH[..]].concat());
    let mut peer = welcome(&server);
    peer.send(kline(3, 30));
    let bar = program.next_result("BTCUSDT");
    assert_eq!(bar["indicators"]["sma_3"], 20.0, "{bar}");
    program.tell("quit");
    let run = program.finish().well();
    let errors = run.errors();
    for part in ["good.csv:5", "bad.parquet", "missing.csv"] {
        let tells = |error: &&serde_json::Value| error.to_string().contains(part);
        assert_eq!(
            errors.iter().filter(tells).count(),
            1,
            "{part}: {errors:#?}"
        );
    }
}
