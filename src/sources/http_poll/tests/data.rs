//! What answers become, and what is not said twice.

use super::super::VENUE;
use super::super::protocol::{ALL, number_of};
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::{ErrorKind, Severity};
use crate::sources::venue::testing::Workbench;
use crate::sources::venue::{Notice, Output};

const MINUTE: i64 = 1_763_800_020_000;

/// A source whose bars are `[time, open, high, low, close, volume]`.
fn bars() -> Workbench {
    let spec = "https://a.example/{symbol}?items=@message&time=/0&open=/1&high=/2&low=/3&close=/4&volume=/5";
    let mut bench = Workbench::new(&VENUE, spec);
    bench.subscribe(&["A"]);
    bench
}

/// The bars that came, as they are asked for.
fn given(output: &Output) -> Vec<String> {
    let given = |event: &Event| match &event.payload {
        Payload::Ohlcv(bar) => {
            let figures = [bar.open, bar.high, bar.low, bar.close, bar.volume];
            let figures: Vec<String> = figures.iter().map(|it| it.unwrap().to_string()).collect();
            format!("{} {}", event.time.unwrap().0 - MINUTE, figures.join(" "))
        }
        other => unreachable!("{other:?}"),
    };
    output.events.iter().map(given).collect()
}

fn answer(bench: &mut Workbench, rows: &[(i64, &str)]) -> Vec<String> {
    let rows: Vec<String> = rows
        .iter()
        .map(|(after, figures)| format!("[{},{figures}]", MINUTE + after))
        .collect();
    given(bench.answer(number_of("A"), 200, &format!("[{}]", rows.join(","))))
}

#[test]
fn the_row_of_the_last_trade_belongs_to_its_bar_and_never_stands_in_its_place() {
    let mut bench = bars();
    let whole = (0, "1,5,1,4,10");
    let live = (37_000, "6,6,6,6,0");
    assert_eq!(answer(&mut bench, &[whole, live]), ["0 1 6 1 6 10"]);
    assert_eq!(answer(&mut bench, &[whole, live]), [""; 0]);
    // What the bar says by itself is its last word, however often the row of the last trade comes and goes.
    assert_eq!(answer(&mut bench, &[whole]), ["0 1 5 1 4 10"]);
    assert_eq!(answer(&mut bench, &[whole]), [""; 0]);
    // The row alone adds to what is known of the bar.
    assert_eq!(
        answer(&mut bench, &[(41_000, "3,3,3,3,0")]),
        ["0 1 5 1 3 10"]
    );
    assert_eq!(answer(&mut bench, &[whole]), ["0 1 5 1 4 10"]);
    // A second row with the bar's own time and without a trade is no bar.
    assert_eq!(answer(&mut bench, &[whole, (0, "3,3,3,3,0")]), [""; 0]);
    // One that corrects it is.
    assert_eq!(
        answer(&mut bench, &[whole, (0, "1,5,1,4,12")]),
        ["0 1 5 1 4 12"]
    );
    // A bar that still grows may have nothing but the row of the last trade.
    assert_eq!(
        answer(&mut bench, &[(61_000, "7,7,7,7,0")]),
        ["60000 7 7 7 7 0"]
    );
    assert_eq!(
        answer(&mut bench, &[(62_000, "7,8,7,8,3")]),
        ["60000 7 8 7 8 3"]
    );
    assert_eq!(
        answer(&mut bench, &[(60_000, "7,8,6,6,2")]),
        ["60000 7 8 6 6 2"]
    );
}

#[test]
fn what_has_been_given_out_is_remembered_beyond_the_last_answer() {
    let mut bench = bars();
    let two = [(0, "1,1,1,1,1"), (60_000, "2,2,2,2,2")];
    assert_eq!(answer(&mut bench, &two).len(), 2);
    assert_eq!(answer(&mut bench, &[]).len(), 0);
    assert_eq!(answer(&mut bench, &two[1..]).len(), 0);
    assert_eq!(answer(&mut bench, &two).len(), 0);

    let count = |bench: &mut Workbench, body: &str| {
        let output = bench.answer(number_of("A"), 200, body);
        output.events.len()
    };
    for (fields, one, two) in [
        ("price=/p&time=/t", r#"{"p":1,"t":1}"#, r#"{"p":1,"t":2}"#),
        (
            "price=/p&trade_id=/i",
            r#"{"p":1,"i":1}"#,
            r#"{"p":1,"i":2}"#,
        ),
        ("headline=/h", r#"{"h":"x"}"#, r#"{"h":"y"}"#),
    ] {
        let spec = format!("https://a.example/{{symbol}}?items=@message&{fields}");
        let mut bench = Workbench::new(&VENUE, &spec);
        bench.subscribe(&["A"]);
        // What one answer says twice has happened twice.
        let both = format!("[{one},{one},{two}]");
        assert_eq!(count(&mut bench, &both), 3, "{fields}");
        assert_eq!(count(&mut bench, "[]"), 0);
        assert_eq!(count(&mut bench, &format!("[{two}]")), 0, "{fields}");
        assert_eq!(count(&mut bench, &both), 0, "{fields}");
    }
    // A price that comes back is news, where nothing tells it from the one before.
    for fields in ["price=/p", "last=/p", "last=/p&time=/t"] {
        let spec = format!("https://a.example/{{symbol}}?{fields}");
        let mut bench = Workbench::new(&VENUE, &spec);
        bench.subscribe(&["A"]);
        for (price, expected) in [(1, 1), (1, 0), (2, 1), (1, 1)] {
            let body = format!(r#"{{"p":{price},"t":5}}"#);
            assert_eq!(count(&mut bench, &body), expected, "{fields} {price}");
        }
    }
}

#[test]
fn what_is_remembered_has_bounds() {
    let mut bench = bars();
    let minutes = |from: i64, until: i64| -> Vec<(i64, &str)> {
        (from..until)
            .map(|minute| (minute * 60_000, "1,1,1,1,1"))
            .collect()
    };
    assert_eq!(answer(&mut bench, &minutes(0, 1500)).len(), 1500);
    // However long an answer is, the next one is compared with all of it.
    assert_eq!(answer(&mut bench, &minutes(1, 1501)).len(), 1);
    for from in (1501..5000).step_by(500) {
        assert_eq!(answer(&mut bench, &minutes(from, from + 500)).len(), 500);
    }
    assert_eq!(answer(&mut bench, &minutes(0, 1)).len(), 1);
}

/// The prices that came, with the symbols' numbers.
fn prices(output: &Output) -> Vec<(u32, String)> {
    let price = |event: &Event| match &event.payload {
        Payload::Level1(quote) => (event.symbol.0, quote.last.unwrap().to_string()),
        other => unreachable!("{other:?}"),
    };
    output.events.iter().map(price).collect()
}

fn prices_of(names: &[(&str, u32)]) -> String {
    let rows: Vec<String> = names
        .iter()
        .map(|(name, price)| format!(r#"{{"s":"{name}","p":{price}}}"#))
        .collect();
    format!("[{}]", rows.join(","))
}

fn warning(notice: &Notice) -> Option<&str> {
    let Notice::Error(error) = notice else {
        return None;
    };
    assert_eq!(
        (error.kind, error.severity),
        (ErrorKind::SchemaError, Severity::Warning)
    );
    Some(error.message.as_str())
}

fn warnings(output: &Output) -> Vec<&str> {
    output.notices.iter().filter_map(warning).collect()
}

#[test]
fn rows_are_those_of_the_symbol_that_they_name() {
    let spec = "https://a.example/{symbol}?items=@message&symbol=/s&last=/p";
    let mut bench = Workbench::new(&VENUE, spec);
    bench.subscribe(&["AAPL", "MSFT"]);
    let (aapl, msft) = (number_of("AAPL"), number_of("MSFT"));
    let all = prices_of(&[("AAPL", 1), ("MSFT", 2), ("ZZZ", 9)]);
    let output = bench.answer(aapl, 200, &all);
    assert_eq!((prices(output), output.ignored), (vec![(0, "1".into())], 2));
    let output = bench.answer(msft, 200, &all);
    assert_eq!((prices(output), output.ignored), (vec![(1, "2".into())], 2));
    // In its own letters, or in its own way altogether where there is nothing else.
    for name in ["aapl", "AAPL.US"] {
        let mut bench = Workbench::new(&VENUE, spec);
        bench.subscribe(&["AAPL", "MSFT"]);
        let output = bench.answer(aapl, 200, &prices_of(&[(name, 3), (name, 4)]));
        assert_eq!(prices(output), [(0, "3".into()), (0, "4".into())], "{name}");
    }
    let output = bench.answer(aapl, 200, &prices_of(&[("aapl", 5), ("AAPL.US", 6)]));
    assert_eq!(prices(output), [(0, "5".into())]);
    // Another that is wanted is not meant.
    for name in ["MSFT", "msft"] {
        let output = bench.answer(aapl, 200, &prices_of(&[(name, 7)]));
        assert_eq!((prices(output).len(), output.ignored), (0, 1), "{name}");
    }
}

#[test]
fn symbols_that_nobody_asked_for_are_told_once() {
    let spec = "https://a.example/{symbol}?items=@message&symbol=/s&last=/p";
    let mut bench = Workbench::new(&VENUE, spec);
    bench.subscribe(&["AAPL"]);
    let others = prices_of(&[("X", 1), ("Y", 1), ("X", 1), ("Z", 1), ("W", 1)]);
    let mut said = Vec::new();
    for at in 0..10 {
        let output = bench.answer(number_of("AAPL"), 200, &others);
        said.extend(
            warnings(output)
                .into_iter()
                .map(|text| (at, text.to_owned())),
        );
    }
    let [(2, text)] = &said[..] else {
        unreachable!("{said:?}")
    };
    assert!(
        text.contains("data come for 'X', 'Y', 'Z', others, asked for are 'AAPL'"),
        "{text}"
    );

    let spec = "https://a.example/?list={symbols}&items=@message&symbol=/s&last=/p";
    let mut bench = Workbench::new(&VENUE, spec);
    bench.subscribe(&["AAPL", "MSFT"]);
    // Other letters are no other symbol, until the endpoint has used the right ones.
    let output = bench.answer(ALL, 200, &prices_of(&[("aapl", 1), ("Msft", 2)]));
    assert_eq!(prices(output), [(0, "1".into()), (1, "2".into())]);
    let output = bench.answer(
        ALL,
        200,
        &prices_of(&[("aapl", 7), ("AAPL", 3), ("msft", 4)]),
    );
    assert_eq!(prices(output), [(0, "3".into()), (1, "4".into())]);
    let output = bench.answer(ALL, 200, &prices_of(&[("aapl", 8)]));
    assert_eq!((prices(output).len(), output.ignored), (0, 1));
    for _ in 0..10 {
        let output = bench.answer(ALL, 200, &others);
        assert_eq!(warnings(output), [""; 0], "something has come before");
    }
    // Two that differ in nothing else are two.
    bench.subscribe(&["msft"]);
    let output = bench.answer(
        ALL,
        200,
        &prices_of(&[("MSFT", 1), ("msft", 2), ("Msft", 3)]),
    );
    assert_eq!(prices(output), [(1, "1".into()), (2, "2".into())]);
}
