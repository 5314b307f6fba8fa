//! Faults of the network and of what it carries, by the numbers of the table above.

use std::fmt::Write as _;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use flate2::{Compress, Compression, FlushCompress};

use crate::program::Home;
use crate::pty::{self, Start, Terminal, sequences};
use crate::support::fault_proxy::{Fault, Proxy};
use crate::support::venue_server::{Certificate, Peer, Server};

use super::alpaca;
use super::rig::{files_hold_no_key, shows_no_key};

/// A feed of trades by configuration, which takes no more than a connection.
const TRADES: &str = "symbol=/s&price=/p";

fn trade(symbol: &str, price: u64) -> String {
    format!(r#"{{"s":"{symbol}","p":{price}}}"#)
}

#[test]
fn f13_a_connection_that_is_dead_in_silence_is_noticed_and_its_rows_are_stale() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let home = Home::new();
    let source = format!("{}/?silence_s=2&stale=0.5&{TRADES}", proxy.url());
    let mut program = home.start(&["--source", &source, "--symbols", "A"]);
    let mut peer = server.accept();
    peer.send(trade("A", 1));
    program.next_result("A");
    proxy.set(Fault::BlackHole);
    peer.send(trade("A", 2));
    let stale = program.next_error("nothing for 0.5 s");
    assert_eq!(
        (&stale["error"], &stale["symbol"]),
        (&"Stale".into(), &"A".into())
    );
    let lost = program.next_error("lost: nothing has come for 2 s");
    assert_eq!(lost["error"], "ConnectionError");
    proxy.set(Fault::None);
    let mut peer = server.accept();
    peer.send(trade("A", 3));
    assert_eq!(program.next_result("A")["price"], 3);
    program.tell("quit");
    assert_eq!(program.finish().code, Some(0));
}

#[test]
fn f15_a_host_that_does_not_exist_is_tried_again_and_harms_no_other_source() {
    let server = Server::start();
    let home = Home::new();
    let nowhere = format!("wss://no-such-host.invalid/?{TRADES}");
    let here = format!("{}/?{TRADES}", server.url());
    let arguments = ["--source", &nowhere, "--source", &here, "--symbols", "A"];
    let mut program = home.start(&arguments);
    let mut peer = server.accept();
    for price in 1..3 {
        let error = program.next_error("no-such-host.invalid");
        assert_eq!(error["error"], "ConnectionError");
        let status = program.next_status("reconnecting");
        assert_eq!(status["source"], error["source"]);
        peer.send(trade("A", price));
        let result = program.next_result("A");
        assert_eq!(result["price"], price);
        assert_ne!(result["source"], error["source"]);
    }
    program.tell("quit");
    assert_eq!(program.finish().code, Some(0));
}

/// A compressed text of so many mebibytes, as one frame.
fn compressed(mebibytes: usize) -> Vec<u8> {
    let mut one = Vec::with_capacity(1 << 16);
    let mut compress = Compress::new(Compression::default(), false);
    compress
        .compress_vec(&vec![b' '; 1 << 20], &mut one, FlushCompress::Sync)
        .unwrap();
    assert_eq!(compress.total_in(), 1 << 20);
    // Nothing in it refers to what came before, so it may come again and again.
    let mut payload = one.repeat(mebibytes);
    payload.truncate(payload.len() - 4);
    let mut frame = vec![0xc1, 127];
    frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
    frame.extend(payload);
    frame
}

#[test]
fn f18_what_would_be_too_large_unpacked_is_refused_and_takes_no_memory() {
    let server = Server::start();
    let home = Home::new();
    let source = format!("{}/?{TRADES}", server.url());
    let mut program = home.start(&["--source", &source, "--symbols", "A"]);
    let accept = || -> Peer {
        let knock = server.knock();
        let offer = knock.head.header("sec-websocket-extensions").unwrap();
        assert!(offer.contains("permessage-deflate"), "{offer}");
        knock.accept_with(&[("Sec-WebSocket-Extensions", "permessage-deflate")])
    };
    let mut peer = accept();
    peer.send(trade("A", 1));
    program.next_result("A");
    let before = program.resident_kib();
    peer.send_raw(&compressed(1024));
    let error = program.next_error("would be larger than");
    assert_eq!(error["error"], "Overload");
    // What it had not read yet may take its goodbye along.
    drop(peer);
    let mut peer = accept();
    peer.send(trade("A", 2));
    assert_eq!(program.next_result("A")["price"], 2);
    let grown = program.resident_kib().saturating_sub(before);
    assert!(grown < 64 << 10, "{grown} KiB");
    program.tell("quit");
    assert_eq!(program.finish().code, Some(0));
}

#[test]
fn f26_symbols_that_nobody_asked_for_cost_nothing_and_no_more_than_allowed_are_taken() {
    let server = Server::start();
    let home = Home::new().with("FINNHUB_API_KEY", "CANARY-KEY");
    let source = format!("finnhub:?services=TIMESALE&url={}", server.url());
    let names: Vec<String> = (0..51).map(|number| format!("S{number:02}")).collect();
    let mut program = home.start(&["--source", &source, "--symbols", &names.join(",")]);
    // A connection takes fifty.
    let error = program.next_error("finnhub takes 50 symbols at a time");
    assert_eq!(
        (&error["error"], &error["symbol"]),
        (&"Overload".into(), &"S50".into())
    );
    let mut peer = server.accept();
    peer.text_with("S49");
    let trade = |symbol: &str| {
        format!(
            r#"{{"data":[{{"c":["1"],"p":1,"s":"{symbol}","t":1700060242474,"v":5}}],"type":"trade"}}"#
        )
    };
    peer.send(trade("S00"));
    program.next_result("S00");
    let before = program.resident_kib();
    for strange in ["../../x", &"X".repeat(10_000), "a\\u001b[2Jb", "\\u202e"] {
        peer.send(trade(strange));
    }
    for frame in 0..100 {
        let rows: Vec<String> = (0..500)
            .map(|row| {
                format!(r#"{{"c":["1"],"p":1,"s":"F{frame}-{row}","t":1700060242474,"v":5}}"#)
            })
            .collect();
        peer.send(format!(r#"{{"data":[{}],"type":"trade"}}"#, rows.join(",")));
    }
    peer.send(trade("S49"));
    program.next_where("a result of S49", |line| {
        assert_ne!(line["type"], "error", "{line}");
        line["type"] == "result" && line["symbol"] == "S49"
    });
    let grown = program.resident_kib().saturating_sub(before);
    assert!(grown < 32 << 10, "{grown} KiB");
    // Nor can a symbol like that be asked for. One that leaves makes room for the one that waits.
    program.tell(format!("add {}", "X".repeat(10_000)));
    program.next_where("a refusal", |line| line["type"] == "error");
    program.tell("add ../../x");
    let error = program.next_error("finnhub takes 50 symbols");
    assert_eq!(error["symbol"], "../../x");
    program.tell("remove S07");
    peer.text_with("S50");
    program.tell("quit");
    let run = program.finish();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    shows_no_key(&home, &run);
}

#[test]
fn f31_only_a_certificate_that_can_be_trusted_is_accepted() {
    for (certificate, is_trusted, expected) in [
        (Certificate::Good, true, ""),
        (
            Certificate::Good,
            false,
            "an authority that this machine does not know",
        ),
        (Certificate::WrongHost, true, "is for another host"),
        (Certificate::Expired, true, "has expired"),
    ] {
        let server = Server::start_tls(certificate);
        let mut home = Home::new();
        if is_trusted {
            let file = home.write("authority.pem", server.authority());
            home = home.with("SSL_CERT_FILE", file.display().to_string());
        }
        let source = format!("{}/?{TRADES}", server.url());
        let mut program = home.start(&["--source", &source, "--symbols", "A"]);
        if expected.is_empty() {
            server.accept().send(trade("A", 1));
            program.next_result("A");
        } else {
            let error = program.next_error(expected);
            assert_eq!(error["error"], "ConnectionError");
            // Nor does it come without encryption.
            assert!(server.knock_within(Duration::from_millis(50)).is_none());
        }
        program.tell("quit");
        assert_eq!(program.finish().code, Some(0));
    }
}

/// What a headline may hold that must never be drawn as it is.
const TRICKS: [&str; 9] = [
    "\x1b]52;c;c3RvbGVu\x07 clipboard",
    "\x1b[2J\x1b[6n query",
    "\u{9b}31m one byte",
    "\u{202e}detrever\u{2066} turned",
    "zero\u{200b}width\u{feff} hidden",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}日本 wide",
    "\x1bP+q544e\x1b\\ device",
    "bell\x07back\x08\x7f\r\nline",
    "\x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
];

#[test]
fn f47_no_headline_steers_the_terminal_and_no_key_is_left_behind() {
    let server = Server::start();
    let home = pty::Home::new();
    let source = format!("alpaca:news?url={}", server.url());
    let start = Start {
        variables: alpaca::KEYS,
        ..Start::default()
    };
    let arguments = [
        "--source",
        &source,
        "--symbols",
        "AAPL",
        "--log-level",
        "trace",
    ];
    let mut terminal = Terminal::start_with(&home, &start, &arguments);
    let mut peer = alpaca::login(&server);
    peer.send(r#"[{"T":"success","msg":"authenticated"}]"#);
    peer.text_with("subscribe");
    peer.send(r#"[{"T":"subscription","news":["AAPL"]}]"#);
    let long = "x".repeat(1 << 20);
    for (number, trick) in TRICKS
        .iter()
        .copied()
        .chain([long.as_str(), "the end"])
        .enumerate()
    {
        let news = serde_json::json!([{
            "T": "n", "id": number, "headline": trick, "summary": trick, "author": trick,
            "created_at": format!("2022-01-05T22:00:{number:02}Z"), "updated_at": "2022-01-05T22:00:38Z",
            "url": trick, "content": trick, "symbols": ["AAPL", trick], "source": trick,
        }]);
        peer.send(news.to_string());
    }
    // An error that quotes the message.
    peer.send(format!("{} CANARY-SECRET-4711", TRICKS.concat()));
    terminal.keys("8");
    terminal.wait_for("the end");
    // Every headline in turn, opened.
    for _ in 0..TRICKS.len() + 2 {
        terminal.keys("\r");
        terminal.wait_for("News · y copies");
        terminal.keys("\x1b");
        terminal.wait_gone("News · y copies");
        terminal.keys("j");
    }
    terminal.wait_for("clipboard");
    terminal.keys("4");
    terminal.wait_for("DecodeError");
    terminal.keys("q");
    let ended = terminal.end();
    ended.assert_restored(0);
    let found = sequences::check(&ended.bytes);
    assert_eq!(found.clipboard, [""; 0]);
    let text = String::from_utf8(ended.bytes).unwrap();
    assert!(!text.contains("CANARY"));
    // The log and the session.
    assert!(files_hold_no_key(home.path()) >= 2);
}

#[test]
fn what_describes_sources_shows_no_key() {
    let mut home = Home::new();
    let mut file = String::new();
    for name in [
        "APCA_API_KEY_ID",
        "APCA_API_SECRET_KEY",
        "SCHWAB_ACCESS_TOKEN",
        "MASSIVE_API_KEY",
        "POLYGON_API_KEY",
        "FMP_API_KEY",
        "FEED_KEY",
    ] {
        home = home.with(name, format!("CANARY-{name}"));
    }
    writeln!(file, "FINNHUB_API_KEY=CANARY-FINNHUB").unwrap();
    std::fs::write(home.path(".env"), file).unwrap();
    std::fs::set_permissions(home.path(".env"), Permissions::from_mode(0o600)).unwrap();
    let feed = "wss://feed.example/v1?token={env:FEED_KEY}&symbol=/s&price=/p";
    for source in [
        "alpaca:iex",
        "schwab:",
        "massive:",
        "finnhub:",
        "kraken:",
        "binance:",
        "coinbase:",
        "http:?preset=fmp",
        feed,
    ] {
        for arguments in [
            &["check", "--source", source, "--symbols", "A"][..],
            &["check", "--json", "--source", source, "--symbols", "A"],
        ] {
            let run = home.run(arguments);
            assert_eq!(run.code, Some(0), "{run:#?}");
            assert!(
                !run.text().contains("CANARY") && !run.stderr.contains("CANARY"),
                "{run:#?}"
            );
        }
    }
    for arguments in [
        &["sources"][..],
        &["sources", "--json"],
        &["sources", "alpaca"],
        &["sources", "finnhub", "--json"],
        &["--help"],
    ] {
        let run = home.run(arguments);
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(
            !run.text().contains("CANARY") && !run.stderr.contains("CANARY"),
            "{run:#?}"
        );
    }
    assert!(!home.log().contains("CANARY"));
}
