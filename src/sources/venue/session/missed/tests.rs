use super::super::Input;
use crate::domain::time::UnixMs;
use crate::sources::venue::testing::Workbench;
use crate::sources::venue::testing::shown::events;
use crate::sources::venue::{alpaca, finnhub, kraken};
use crate::sources::websocket;

/// A full minute, outside regular hours.
const BEGIN: i64 = 2_000_000_040_000;

fn at(ms: i64) -> UnixMs {
    UnixMs(BEGIN + ms)
}

/// What an output tells of missed trades: `missed` or `resumed`, and when, from the beginning on.
fn told(bench: &Workbench) -> Vec<String> {
    let lines = events(&bench.output);
    let told = lines.iter().filter_map(|line| {
        let (when, what) = line.split_once('@')?.1.split_once(" trades ")?;
        Some(match when.parse::<i64>() {
            Ok(ms) => format!("{what} {}", ms - BEGIN),
            Err(_) => what.to_owned(),
        })
    });
    told.collect()
}

/// An Alpaca source that is open since a time, and not confirmed.
fn opened(bench: &mut Workbench, now: UnixMs) {
    bench.now = now;
    bench.session.protocol().connect();
    bench.open();
    for text in ["connected", "authenticated"] {
        bench.text(&format!(r#"[{{"T":"success","msg":"{text}"}}]"#));
    }
}

fn alpaca(feed: &str) -> Workbench {
    let spec = format!("alpaca:{feed}?services=OHLCV&bars=trades");
    let mut bench = Workbench::new(&alpaca::VENUE, &spec);
    bench.now = at(0);
    bench.subscribe(&["AAPL"]);
    assert_eq!(told(&bench), ["missed"]);
    opened(&mut bench, at(1000));
    bench
}

fn confirm(bench: &mut Workbench, now: UnixMs) {
    bench.now = now;
    bench.text(r#"[{"T":"subscription","trades":["AAPL"]}]"#);
}

/// A trade comes that was made so much earlier.
fn trade(bench: &mut Workbench, now: UnixMs, late_ms: i64) -> Vec<String> {
    bench.now = now;
    let time = now.plus_ms(-late_ms).in_zone(chrono_tz::UTC).unwrap();
    let text = format!(
        r#"[{{"T":"t","S":"AAPL","i":{},"x":"V","p":1,"s":1,"c":[],"z":"C","t":"{}"}}]"#,
        now.0,
        time.to_rfc3339()
    );
    bench.text(&text);
    let told = told(bench);
    assert_eq!(
        bench.output.events.len(),
        told.len() + 1,
        "the trade comes after"
    );
    told
}

/// Ticks come until then. What is told of missed trades.
fn tick(bench: &mut Workbench, until: UnixMs) -> Vec<String> {
    let mut all = Vec::new();
    while bench.now < until {
        bench.tick(bench.now.plus_ms(1000).min(until));
        all.extend(told(bench));
    }
    all
}

#[test]
fn trades_are_missed_until_the_venue_has_confirmed_and_from_the_last_word_on() {
    for (feed, late_ms) in [("iex", 50), ("delayed_sip", 900_050)] {
        let mut bench = alpaca(feed);
        confirm(&mut bench, at(58_000));
        assert_eq!(
            tick(&mut bench, at(62_000)),
            [""; 0],
            "nobody knows how late"
        );
        let first = trade(&mut bench, at(63_000), late_ms + 200);
        assert_eq!(first, [format!("resumed {}", 58_000 - late_ms - 200)]);
        // It turns out that they are not as late as that.
        assert_eq!(trade(&mut bench, at(70_000), late_ms), [""; 0]);
        let settled = [format!("resumed {}", 58_000 - late_ms)];
        assert_eq!(tick(&mut bench, at(240_000)), settled);
        // It is silent for a minute before the end is noticed.
        trade(&mut bench, at(250_000), late_ms);
        tick(&mut bench, at(310_000));
        bench.give(Input::Closed);
        let lost = [format!("missed {}", 250_000 - late_ms - 1000)];
        assert_eq!(told(&bench), lost);
        opened(&mut bench, at(320_000));
        confirm(&mut bench, at(359_990));
        assert_eq!(told(&bench), [""; 0]);
        // The quiet symbol is told of before its next minute is over.
        let resumed = [format!("resumed {}", 359_990 - late_ms)];
        assert_eq!(tick(&mut bench, at(425_000)), resumed);
        assert_eq!(trade(&mut bench, at(430_000), late_ms), [""; 0]);
    }
}

#[test]
fn a_connection_that_is_lost_again_goes_on_missing() {
    let mut bench = alpaca("iex");
    confirm(&mut bench, at(2000));
    bench.give(Input::Closed);
    assert_eq!(told(&bench), [""; 0], "none have come so far");
    opened(&mut bench, at(9000));
    confirm(&mut bench, at(10_000));
    assert_eq!(trade(&mut bench, at(11_000), 50), ["resumed 9950"]);
    bench.give(Input::Closed);
    assert_eq!(told(&bench), ["missed 9950"]);
    for second in [20, 30] {
        opened(&mut bench, at(second * 1000));
        bench.give(Input::Closed);
        assert_eq!(told(&bench), [""; 0]);
    }
    opened(&mut bench, at(40_000));
    confirm(&mut bench, at(41_000));
    assert_eq!(trade(&mut bench, at(42_000), 50), ["resumed 40950"]);
    bench.unsubscribe(0);
    bench.give(Input::Closed);
    assert_eq!(told(&bench), [""; 0]);
}

#[test]
fn a_venue_clock_that_is_ahead_moves_both_ends() {
    let mut bench = alpaca("iex");
    confirm(&mut bench, at(10_000));
    assert_eq!(trade(&mut bench, at(20_000), -3000), ["resumed 13000"]);
    bench.give(Input::Closed);
    // Others may have been on their way.
    assert_eq!(told(&bench), ["missed 19000"]);
}

#[test]
fn where_nothing_is_confirmed_trades_come_from_when_they_are_asked_for() {
    let mut bench = Workbench::new(&finnhub::VENUE, "finnhub:services=OHLCV");
    bench.now = at(0);
    bench.subscribe(&["AAPL"]);
    bench.now = at(5000);
    bench.open();
    bench.now = at(100_000);
    let frame = |time: UnixMs| {
        format!(
            r#"{{"type":"trade","data":[{{"s":"AAPL","p":1,"t":{},"v":1,"c":[]}}]}}"#,
            time.0
        )
    };
    bench.text(&frame(at(99_900)));
    assert_eq!(told(&bench), ["resumed 4900"]);

    let spec =
        "wss://feed.example/v1?services=OHLCV,TIMESALE&bars=trades&symbol=/s&price=/p&time=/t";
    let mut bench = Workbench::new(&websocket::VENUE, spec);
    bench.now = at(0);
    bench.subscribe(&["AAPL"]);
    bench.now = at(5000);
    bench.open();
    bench.now = at(100_000);
    bench.text(&format!(r#"{{"s":"AAPL","p":1,"t":{}}}"#, at(99_900).0));
    assert_eq!(told(&bench), ["resumed 4900"]);
    bench.give(Input::Closed);
    assert_eq!(told(&bench), ["missed 98900"]);
    bench.now = at(110_000);
    bench.open();
    assert_eq!(tick(&mut bench, at(190_000)), ["resumed 109900"]);
}

#[test]
fn trades_that_a_venue_sends_along_end_it_sooner() {
    let mut bench = Workbench::new(&kraken::VENUE, "kraken:?services=OHLCV&bars=trades");
    bench.now = at(0);
    bench.subscribe(&["BTC/USD"]);
    bench.open();
    let frame = |kind: &str, trades: &[(u64, i64)]| {
        let row = |(id, ms): &(u64, i64)| {
            let time = at(*ms).in_zone(chrono_tz::UTC).unwrap().to_rfc3339();
            format!(
                r#"{{"symbol":"BTC/USD","side":"sell","price":1,"qty":1,"ord_type":"market","trade_id":{id},"timestamp":"{time}"}}"#
            )
        };
        let rows: Vec<String> = trades.iter().map(row).collect();
        format!(
            r#"{{"channel":"trade","type":"{kind}","data":[{}]}}"#,
            rows.join(",")
        )
    };
    bench.now = at(1000);
    bench.text(&frame("snapshot", &[(1, -50_000), (2, -900)]));
    bench.now = at(20_000);
    bench.text(&frame("update", &[(3, 19_900)]));
    assert_eq!(told(&bench), ["resumed 900"]);
    tick(&mut bench, at(130_000));
    bench.give(Input::Closed);
    assert_eq!(told(&bench), ["missed 18900"]);
    bench.now = at(150_000);
    bench.open();
    bench.now = at(151_000);
    let along = frame("snapshot", &[(3, 19_900), (7, 80_000), (8, 140_000)]);
    bench.text(&along);
    assert_eq!(told(&bench), ["resumed 80000"]);
    assert_eq!(tick(&mut bench, at(300_000)), [""; 0]);
}

#[test]
fn a_recording_that_begins_in_mid_run_lacks_what_was_before_it_and_goes_on_like_the_live_run() {
    let begin = |bench: &mut Workbench| {
        let (_, output) = bench.begin_recording(true);
        bench.output = output;
        told(bench)
    };
    // Trades come.
    let mut bench = alpaca("iex");
    confirm(&mut bench, at(2000));
    trade(&mut bench, at(10_000), 50);
    tick(&mut bench, at(100_000));
    assert_eq!(begin(&mut bench), ["missed", "resumed 99950"]);
    tick(&mut bench, at(200_000));
    bench.give(Input::Closed);
    assert_eq!(told(&bench).len(), 1);
    // There is no connection.
    assert_eq!(
        begin(&mut bench),
        ["missed", "resumed 199950", "missed 199950"]
    );
    opened(&mut bench, at(210_000));
    confirm(&mut bench, at(211_000));
    // It is confirmed, and not told.
    tick(&mut bench, at(220_000));
    assert_eq!(
        begin(&mut bench),
        ["missed", "resumed 219950", "missed 219950"]
    );
    assert_eq!(trade(&mut bench, at(222_000), 50), ["resumed 210950"]);
    assert_eq!(trade(&mut bench, at(223_000), 40), [""; 0]);
    // It is told, and not for good.
    assert_eq!(
        begin(&mut bench),
        [
            "missed",
            "resumed 222960",
            "missed 222960",
            "resumed 210950"
        ]
    );
    assert_eq!(tick(&mut bench, at(350_000)), ["resumed 210960"]);
}
