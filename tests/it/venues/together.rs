//! Several venues recorded into one folder, which is then played as a whole.

use serde_json::Value;

use crate::program::Finished;
use crate::support::venue_server::{Peer, Server};

use super::rig::{home, price, shows_no_key};

const KEYS: &[(&str, &str)] = &[
    ("APCA_API_KEY_ID", "CANARY-ID-2222"),
    ("APCA_API_SECRET_KEY", "CANARY-SECRET-2222"),
];

fn kraken(server: &Server) -> Peer {
    let mut peer = server.accept();
    peer.text_with("\"trade\"");
    peer.send(r#"{"method":"subscribe","result":{"channel":"trade","snapshot":true,"symbol":"BTC/USD"},"success":true,"time_in":"2024-07-09T11:00:00.000000Z","time_out":"2024-07-09T11:00:00.000001Z"}"#);
    peer
}

fn kraken_trade(number: u64) -> String {
    format!(
        r#"{{"channel":"trade","type":"update","data":[{{"symbol":"BTC/USD","side":"buy","price":{},"qty":0.00100000,"ord_type":"market","trade_id":{number},"timestamp":"2024-07-09T11:00:00.123456Z"}}]}}"#,
        price(number)
    )
}

fn feed(server: &Server) -> Peer {
    let mut peer = server.accept();
    peer.text_with("sub");
    peer
}

fn feed_trade(number: u64) -> String {
    format!(
        r#"{{"type":"trade","s":"BTC/USD","p":"{}","t":1720522860000}}"#,
        price(number)
    )
}

/// The prices that a source gave, in order.
fn prices(run: &Finished, source: &str) -> Vec<String> {
    let of_source = |result: &Value| result["source"] == source && result["service"] == "TIMESALE";
    let results = run.results().into_iter().filter(of_source);
    results.map(|result| result["price"].to_string()).collect()
}

#[test]
fn a_folder_with_recordings_of_several_sources_is_played_as_several_sources() {
    let servers = [Server::start(), Server::start()];
    let home = home(KEYS);
    let sources = [
        format!("kraken:?services=TIMESALE&url={}", servers[0].url()),
        format!(
            "{}/v1?subscribe={{\"sub\":{{symbols}}}}&match=/type=trade&symbol=/s&price=/p&time=/t",
            servers[1].url()
        ),
    ];
    let mut recorded = Vec::new();
    // Two recordings of each, the second of which goes on with other numbers.
    for first in [0, 10] {
        let mut program = home.start(&[
            "--source",
            &sources[0],
            "--source",
            &sources[1],
            "--symbols",
            "BTC/USD",
            "--record",
            "rec",
        ]);
        let mut peers = [kraken(&servers[0]), feed(&servers[1])];
        for number in first..first + 3 {
            let trades = [kraken_trade(number), feed_trade(100 + number)];
            for (at, number) in [(0, number), (1, 100 + number)] {
                peers[at].send(trades[at].clone());
                let price = price(number);
                program.next_where(&price, |line| {
                    line["type"] == "result" && line.to_string().contains(&price)
                });
            }
        }
        program.tell("quit");
        recorded.push(program.finish().well());
    }
    let live = |source: &str| -> Vec<String> {
        recorded
            .iter()
            .flat_map(|run| prices(run, source))
            .collect()
    };
    assert_eq!(live("kraken").len(), 6);
    assert_eq!(live("websocket").len(), 6);

    home.write("rec/bars.csv", "datetime,open,high,low,close,volume\n");
    let all = home.headless(&["--source", "replay:rec/"]).well();
    for source in ["kraken", "websocket"] {
        assert_eq!(prices(&all, source), live(source), "{source}");
    }
    assert!(
        all.errors()
            .iter()
            .any(|error| error["error"] == "ConfigError"
                && error["message"]
                    .as_str()
                    .unwrap()
                    .contains("bars.csv is left out")),
        "{all:#?}"
    );
    shows_no_key(&home, &all);

    // `check` gives the same names; a symbol can be asked of one of them; one can be played alone.
    let check: Value = serde_json::from_str(
        &home
            .run([
                "check",
                "--json",
                "--source",
                "replay:rec/",
                "--symbols",
                "BTC/USD@websocket",
            ])
            .well()
            .text(),
    )
    .unwrap();
    let names: Vec<&Value> = check["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["kraken", "websocket"]);
    let one = home
        .headless(&["--source", "replay:rec/", "--symbols", "BTC/USD@websocket"])
        .well();
    assert!(prices(&one, "kraken").is_empty());
    assert_eq!(prices(&one, "websocket"), live("websocket"));
    let alone = home
        .headless(&["--source", "replay:rec/?source=kraken"])
        .well();
    assert_eq!(prices(&alone, "kraken"), live("kraken"));
    assert!(prices(&alone, "websocket").is_empty());
    let unknown = home.headless(&["--source", "replay:rec/?source=kraken2"]);
    assert_eq!(unknown.code, Some(1));
    assert!(
        unknown.stderr.contains("there are kraken, websocket"),
        "{unknown:#?}"
    );
}
