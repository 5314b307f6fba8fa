//! Alpaca: a greeting, a login, one request for everything, and one confirmation that names it all.

use crate::support::venue_server::{Peer, Server};

use super::rig::{Case, Live, price, survives};

pub const KEYS: &[(&str, &str)] = &[
    ("APCA_API_KEY_ID", "CANARY-ID-0815"),
    ("APCA_API_SECRET_KEY", "CANARY-SECRET-4711"),
];

pub fn login(server: &Server) -> Peer {
    let mut peer = server.accept();
    peer.send(r#"[{"T":"success","msg":"connected"}]"#);
    let login = peer.text_with("auth");
    assert!(login.contains(KEYS[0].1) && login.contains(KEYS[1].1));
    peer
}

fn authenticated(server: &Server) -> Peer {
    let mut peer = login(server);
    peer.send(r#"[{"T":"success","msg":"authenticated"}]"#);
    peer
}

fn welcome(server: &Server) -> Peer {
    let mut peer = authenticated(server);
    let asked = peer.text_with("subscribe");
    assert!(asked.contains(r#""trades":["AAPL","AMD"]"#), "{asked}");
    peer.send(r#"[{"T":"subscription","trades":["AAPL","AMD"],"corrections":["AAPL","AMD"]}]"#);
    peer
}

fn trade(number: u64) -> String {
    format!(
        r#"[{{"T":"t","S":"AAPL","i":{number},"x":"V","p":{},"s":1,"c":["@"],"z":"C","t":"2021-02-22T15:51:44.208Z"}}]"#,
        price(number)
    )
}

const CASE: Case = Case {
    source: "alpaca:iex?services=TIMESALE&url={ws}",
    symbols: "AAPL,AMD",
    keys: KEYS,
    welcome,
    good: trade,
    finish: str::to_owned,
    unknown: &[r#"[{"T":"weather","S":"AAPL","rain":true}]"#],
    bad: &[
        (
            r#"[{"T":"t","S":"AAPL","i":1,"x":"V","p":NaN,"s":1,"c":["@"],"z":"C","t":"2021-02-22T15:51:44Z"}]"#,
            "DecodeError",
        ),
        (
            r#"[{"T":"t","S":"AAPL","i":1,"x":"V","p":1e400,"s":1,"c":["@"],"z":"C","t":"2021-02-22T15:51:44Z"}]"#,
            "SchemaError",
        ),
        (r#"[{"T":"t","S":"AAPL"}]"#, "SchemaError"),
        // What a venue should not do: say the key again.
        ("nonsense CANARY-ID-0815 CANARY-SECRET-4711", "DecodeError"),
        (
            r#"[{"T":"t","S":"CANARY-SECRET-4711","p":{"CANARY-ID-0815":1}}]"#,
            "SchemaError",
        ),
    ],
};

#[test]
fn strange_frames_and_broken_connections_are_survived() {
    survives(&CASE);
}

#[test]
fn a_wrong_key_ends_the_source() {
    let live = Live::of(&CASE);
    let mut peer = login(&live.server);
    peer.send(r#"[{"T":"error","code":402,"msg":"auth failed CANARY-SECRET-4711"}]"#);
    peer.end();
    live.ends_refused("check APCA_API_KEY_ID");
}

#[test]
fn every_service_gives_its_results_and_a_refused_symbol_harms_no_other() {
    let mut live = Live::start("alpaca:iex?url={ws}", "AAPL,NOPE!", KEYS);
    let mut peer = authenticated(&live.server);
    peer.text_with("subscribe");
    peer.send(r#"[{"T":"error","code":400,"msg":"invalid syntax"}]"#);
    assert!(peer.text().contains(r#""trades":["AAPL"]"#));
    // Data before the confirmation.
    peer.send(trade(3));
    live.expect(&[r#"{"type":"result","service":"TIMESALE","symbol":"AAPL","price":1003.25,"size":1,"side":null,"conditions":["@"],"trade_id":3,"unix_ts":1614009104208,"new_york_datetime":"2021-02-22T10:51:44.208-05:00","source":"alpaca","exchange":"V"}"#,]);
    peer.send(r#"[{"T":"subscription","trades":["AAPL"],"quotes":["AAPL"],"bars":["AAPL"],"updatedBars":["AAPL"],"dailyBars":["AAPL"],"statuses":["AAPL"],"lulds":["AAPL"],"corrections":["AAPL"],"cancelErrors":["AAPL"]}]"#);
    assert!(peer.text_with("NOPE").contains(r#""trades":["NOPE!"]"#));
    peer.send(r#"[{"T":"error","code":400,"msg":"invalid syntax"}]"#);
    let error = live.error("ConfigError", "invalid syntax");
    assert_eq!(error["symbol"], "NOPE!");
    peer.send(r#"[{"T":"q","S":"AAPL","bx":"O","bp":133.85,"bs":4,"ax":"R","ap":135.770,"as":5,"c":["R"],"z":"C","t":"2021-02-22T15:51:45.335689322Z"},{"T":"b","S":"AAPL","o":170.28,"h":170.51,"l":170.260,"c":170.5,"v":3140,"n":56,"vw":170.3,"t":"2021-02-22T19:15:00Z"}]"#);
    live.expect(&[r#"{"type":"result","service":"LEVEL1","symbol":"AAPL","bid":133.85,"bid_size":4,"ask":135.770,"ask_size":5,"last":null,"last_size":null,"volume":null,"unix_ts":1614009105335,"new_york_datetime":"2021-02-22T10:51:45.335-05:00","source":"alpaca"}"#, r#"{"type":"result","service":"OHLCV","symbol":"AAPL","open":170.28,"high":170.51,"low":170.260,"close":170.5,"volume":3140,"unix_ts":1614021300000,"new_york_datetime":"2021-02-22T14:15:00-05:00","source":"alpaca"}"#,]);
    live.quit_and_replay();
}

#[test]
fn news_and_books_come_from_feeds_of_their_own() {
    let mut live = Live::start("alpaca:news?url={ws}", "AAPL,TSLA", KEYS);
    let mut peer = authenticated(&live.server);
    peer.text_with("subscribe");
    peer.send(r#"[{"T":"subscription","news":["AAPL","TSLA"]}]"#);
    peer.send(r#"[{"T":"n","id":24918784,"headline":"Two \u001b[31m makers","summary":"","author":"A","created_at":"2022-01-05T22:00:37Z","updated_at":"2022-01-05T22:00:38Z","url":"https://example.com/1","content":"","symbols":["TSLA","AAPL","F"],"source":"benzinga"}]"#);
    let result = live.program.next_result("AAPL");
    assert_eq!(result["headline"], "Two \u{1b}[31m makers", "data is data");
    assert!(!live.program.last_line().contains('\u{1b}'));
    live.quit_and_replay();
    let mut live = Live::start("alpaca:crypto?services=LEVEL2&url={ws}", "BTC/USD", KEYS);
    let mut peer = authenticated(&live.server);
    peer.text_with("orderbooks");
    peer.send(r#"[{"T":"o","S":"BTC/USD","t":"2024-03-12T10:38:50.79613221Z","b":[{"p":71859.53,"s":0.27994}],"a":[{"p":71939.7,"s":0.83953}],"r":true}]"#);
    live.expect(&[r#"{"type":"result","service":"LEVEL2","symbol":"BTC/USD","bids":[[71859.53,0.27994]],"asks":[[71939.7,0.83953]],"integrity":"unverified","sequence":null,"unix_ts":1710239930796,"new_york_datetime":"2024-03-12T06:38:50.796-04:00","source":"alpaca"}"#,]);
    live.quit_and_replay();
}
