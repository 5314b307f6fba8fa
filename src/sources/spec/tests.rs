#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;

fn parse(text: &str) -> SourceSpec {
    text.parse().unwrap()
}

#[test]
fn a_problem_names_what_is_wrong_and_nothing_else() {
    for (text, expected) in [
        ("alpaca:foo", "'alpaca:foo': 'foo'"),
        (
            "wss://a.example",
            "'wss://a.example': map is needed, or fields",
        ),
        (
            "websocket:?price=/p",
            "url is needed, or a URL after the colon",
        ),
        ("sim:rate=x", "'sim:rate=x': rate=x: give events"),
    ] {
        let message = text.parse::<SourceSpec>().unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
        assert!(
            !message.contains("=: ") && !message.contains(" : "),
            "{message}"
        );
    }
}

#[test]
fn an_option_can_be_added() {
    for (text, expected) in [
        ("replay:tapes", "replay:tapes?source=a%26b"),
        (
            "replay:what%3F?loop=true",
            "replay:what%3F?loop=true&source=a%26b",
        ),
    ] {
        let spec = parse(text).with_option("source", "a&b").unwrap();
        assert_eq!(spec.to_string(), expected);
        assert_eq!(spec.option("source"), Some("a&b"));
        assert_eq!(spec.rest(), parse(text).rest());
        assert!(spec.with_option("source", "x").is_err(), "given twice");
    }
}

#[test]
fn specifications_are_taken_apart() {
    let plain = parse("replay:some folder/a:b.csv");
    assert_eq!(
        (plain.kind().name, plain.rest()),
        ("replay", "some folder/a:b.csv")
    );
    assert_eq!(plain.option("stamp"), None);

    let full = parse("replay:x.csv?stamp=end&tz=Europe%2FParis&start=2019-02-13T09%3A30");
    assert_eq!(full.rest(), "x.csv");
    assert_eq!(full.option("stamp"), Some("end"));
    assert_eq!(full.option("tz"), Some("Europe/Paris"));
    assert_eq!(full.option("start"), Some("2019-02-13T09:30"));

    let sim = parse("sim:symbols=100,rate=1000?seed=7&live=true");
    assert_eq!(sim.rest(), "");
    assert_eq!(sim.parsed::<u32>("symbols").unwrap(), Some(100));
    assert_eq!(sim.parsed::<u64>("seed").unwrap(), Some(7));
    assert_eq!(sim.parsed::<bool>("live").unwrap(), Some(true));
    assert_eq!(sim.parsed::<u64>("events").unwrap(), None);
    let list = parse("sim:services=OHLCV,LEVEL1,seed=7");
    assert_eq!(list.option("services"), Some("OHLCV,LEVEL1"));
    assert_eq!(list.option("seed"), Some("7"));

    assert_eq!(parse("replay:what%3F.csv?loop=true").rest(), "what?.csv");
    assert_eq!(parse("replay:50%20.csv").rest(), "50%20.csv");
    assert_eq!(parse("sim:").options.len(), 0);
    assert_eq!(parse("bundled:").kind().name, "bundled");
    assert_eq!(parse(" sim:seed=1 ").to_string(), "sim:seed=1");
}

#[test]
fn mistakes_are_named_with_what_would_be_right() {
    let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    let kinds = kinds.join(", ");
    for (text, expected) in [
        (
            "bars.csv",
            "'bars.csv' does not say what kind of source it is; write kind:rest, such as replay:bars.csv",
        ),
        (
            "repaly:x",
            "'repaly:x': there is no source kind 'repaly', did you mean 'replay'?; there are {kinds}",
        ),
        (
            "gopher:x",
            "'gopher:x': there is no source kind 'gopher'; there are {kinds}",
        ),
        ("replay:", "'replay:': give what to open, as in replay:PATH"),
        (
            "replay:?loop=true",
            "'replay:?loop=true': give what to open, as in replay:PATH",
        ),
        (
            "bundled:x",
            "'bundled:x': bundled: takes nothing after the colon",
        ),
        (
            "replay:x?stmap=end",
            "'replay:x?stmap=end': replay has no option 'stmap', did you mean 'stamp'?; \
             there are start, end, stamp, interval, tz, gaps, loop, session, source",
        ),
        (
            "bundled:?loop=true",
            "'bundled:?loop=true': bundled has no option 'loop'; there are whole",
        ),
        (
            "replay:x?loop",
            "'replay:x?loop': option 'loop' has no value; write key=value",
        ),
        (
            "replay:x?loop=true&loop=false",
            "'replay:x?loop=true&loop=false': option 'loop=false' is given twice",
        ),
        (
            "replay:x?tz=%ff",
            "'replay:x?tz=%ff': option 'tz=%ff' is not UTF-8 once decoded",
        ),
        (
            "replay:x?loop=yes",
            "'replay:x?loop=yes': loop=yes: must be true or false",
        ),
        (
            "replay:x?tz=Mars/Base",
            "'replay:x?tz=Mars/Base': tz=Mars/Base: must be the name of a time zone, such as America/New_York or UTC",
        ),
        (
            "replay:x?start=soon",
            "'replay:x?start=soon': start=soon: is no time; give one such as 2019-02-13T09:30",
        ),
        (
            "replay:x?start=2019-02-14&end=2019-02-13",
            "'replay:x?start=2019-02-14&end=2019-02-13': end=2019-02-13: must be later than the start",
        ),
        (
            "sim:rate=fast",
            "'sim:rate=fast': rate=fast: give events per second above zero, such as 0.5 or 100k, or 'max'",
        ),
        (
            "sim:seconds=NaN",
            "'sim:seconds=NaN': seconds=NaN: must be a number above zero",
        ),
        (
            "sim:fast",
            "'sim:fast': option 'fast' has no value; write key=value",
        ),
        (
            "sim:seed=-1",
            "'sim:seed=-1': seed=-1: must be a whole number from 0 up",
        ),
    ] {
        assert_eq!(
            text.parse::<SourceSpec>().unwrap_err().to_string(),
            expected.replace("{kinds}", &kinds)
        );
    }
}

#[test]
fn every_example_and_option_of_the_registry_can_be_used() {
    for kind in KINDS {
        for example in kind.examples {
            assert_eq!(parse(example.spec).kind().name, kind.name);
        }
        for option in kind.options {
            assert!(!option.value.describe().is_empty());
        }
    }
}
