//! Any endpoint that is polled.

use super::rig::Live;

const KEYS: &[(&str, &str)] = &[("QUOTE_KEY", "CANARY-KEY-7890")];
const SOURCE: &str = "{http}/q/{symbol}?apikey={env:QUOTE_KEY}&headers=X-Key: {env:QUOTE_KEY}&last=/p&time=/t&period_ms=20";

/// Answers requests until there has been one of this symbol, which gets this answer; the others get what they had.
fn answer(live: &Live, symbol: &str, status: u16, headers: &[(&str, &str)], body: &str) {
    loop {
        let call = live.server.call();
        assert_eq!(call.head.header("x-key"), Some("CANARY-KEY-7890"));
        assert!(
            call.head.path.contains("apikey=CANARY"),
            "{}",
            call.head.path
        );
        if call.head.path.starts_with(&format!("/q/{symbol}?")) {
            return call.answer(status, headers, body);
        }
        call.answer(304, &[], "");
    }
}

#[test]
fn answers_are_results_and_what_is_wrong_is_told() {
    let mut live = Live::start(SOURCE, "A,B", KEYS);
    answer(&live, "A", 200, &[], r#"{"p":1.250,"t":1700000000123}"#);
    live.expect(&[r#"{"type":"result","service":"LEVEL1","symbol":"A","bid":null,"bid_size":null,"ask":null,"ask_size":null,"last":1.250,"last_size":null,"volume":null,"unix_ts":1700000000123,"new_york_datetime":"2023-11-14T17:13:20.123-05:00","source":"http"}"#,]);
    for (number, (status, body, kind)) in [
        (200, r#"{"p":NaN}"#, "DecodeError"),
        (200, r#"{"p":1e400}"#, "SchemaError"),
        (200, r#"{"p":1,"#, "DecodeError"),
        (200, "nonsense CANARY-KEY-7890", "DecodeError"),
        (503, "", "ConnectionError"),
    ]
    .into_iter()
    .enumerate()
    {
        answer(&live, "A", status, &[], body);
        live.error(kind, "");
        let next = number + 2;
        let good = format!(r#"{{"p":{next},"t":1700000000123}}"#);
        answer(&live, "A", 200, &[], &good);
        let result = live.program.next_result("A");
        assert_eq!(result["last"].to_string(), next.to_string());
    }
    // A symbol that is not there harms no other.
    answer(&live, "B", 404, &[], "");
    let error = live.program.next_where("an error of B", |line| {
        line["type"] == "error" && line["symbol"] == "B"
    });
    assert!(
        error["message"].as_str().unwrap().contains("404"),
        "{error}"
    );
    answer(&live, "A", 200, &[], r#"{"p":99,"t":1700000000123}"#);
    live.program.next_result("A");
    answer(&live, "A", 429, &[("Retry-After", "30")], "");
    live.error("RateLimited", "");
    let status = live.program.next_status("reconnecting");
    assert!(status["retry_ms"].as_u64().unwrap() >= 30_000, "{status}");
    live.quit_and_replay();
}

#[test]
fn a_wrong_key_ends_the_source() {
    let live = Live::start(SOURCE, "A", KEYS);
    answer(&live, "A", 401, &[], "no such key: CANARY-KEY-7890");
    live.ends_refused("401");
}

#[test]
fn a_symbol_that_is_not_there_leaves_the_others_of_its_request_alone() {
    const MANY: &str =
        "{http}/all?list={symbols}&items=@message&symbol=/s&last=/p&time=/t&period_ms=20";
    let mut live = Live::start(MANY, "A,NOPE,B", &[]);
    let mut given = Vec::new();
    // It is found out by asking for fewer at a time; then the others are asked for together again.
    for number in 0.. {
        let call = live.server.call();
        let (_, list) = call.head.path.split_once("list=").unwrap();
        let list = list.to_owned();
        if list.contains("NOPE") {
            call.answer(404, &[], "unknown symbol");
            if list == "NOPE" {
                live.error("ConfigError", "404");
            }
            continue;
        }
        let rows: Vec<String> = list
            .split(',')
            .map(|name| format!(r#"{{"s":"{name}","p":{number},"t":1700000000123}}"#))
            .collect();
        call.answer(200, &[], format!("[{}]", rows.join(",")));
        // Symbols are worked on side by side: their results come in any order.
        let mut awaited: Vec<&str> = list.split(',').collect();
        while !awaited.is_empty() {
            let result = live.program.next_where("a result of each symbol", |line| {
                line["type"] == "result" && awaited.iter().any(|name| line["symbol"] == **name)
            });
            awaited.retain(|name| result["symbol"] != **name);
        }
        let is_all = list.len() == 3;
        given.push(list);
        if is_all {
            break;
        }
    }
    assert!(given.len() > 1, "{given:?}");
    live.quit_and_replay();
}
