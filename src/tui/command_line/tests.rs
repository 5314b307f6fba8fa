//! Lines, refusals and completions.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;

#[test]
fn every_engine_command_is_in_the_table() {
    for name in Command::NAMES {
        assert!(COMMANDS.iter().any(|entry| entry.name == name), "{name}");
    }
}

#[test]
fn every_command_of_the_table_is_known() {
    for entry in COMMANDS {
        if let Err(message) = parse(entry.name) {
            assert!(!message.contains("unknown"), "{}: {message}", entry.name);
        }
    }
}

#[test]
fn lines_are_read() {
    assert_eq!(parse("theme light"), Ok(Order::Theme(ThemeName::Light)));
    assert_eq!(parse(" view chart "), Ok(Order::View(View::Chart)));
    assert_eq!(
        parse("sort volume asc"),
        Ok(Order::Sort(Sort {
            key: SortKey::Column(Column::Volume),
            descending: false
        }))
    );
    assert_eq!(
        parse("columns symbol,last age"),
        Ok(Order::Columns(vec![
            Column::Symbol,
            Column::Last,
            Column::Age
        ]))
    );
    assert_eq!(
        parse("list new tech AAPL,TSLA"),
        Ok(Order::List(ListOrder::New(
            "tech".into(),
            symbols("AAPL TSLA").unwrap()
        )))
    );
    assert_eq!(
        parse("list tech"),
        Ok(Order::List(ListOrder::Show("tech".into())))
    );
    assert_eq!(parse("bell on"), Ok(Order::Bell(true)));
    assert_eq!(
        parse("pause"),
        Ok(Order::Engine(Command::parse("pause").unwrap()))
    );
}

#[test]
fn what_is_wrong_is_said_with_what_was_meant() {
    for (line, part) in [
        ("spede 10", "did you mean 'speed'"),
        ("qit", "did you mean 'quit'"),
        ("xyzzy", "unknown command 'xyzzy'"),
        ("theme lihgt", "did you mean 'light'"),
        ("sort (volume", "')' is missing"),
        ("sort", "name a column"),
        ("columns la-st", "no column"),
        ("columns last last", "twice"),
        ("bell maybe", "on or off"),
        ("list new all", "cannot be named"),
        ("speed fast", "speed fast"),
        ("freeze now", "nothing after it"),
        ("zone Mars", "Mars"),
        ("export x.csv colour=red", "no option 'colour='"),
    ] {
        let message = parse(line).unwrap_err();
        assert!(message.contains(part), "{line}: {message}");
    }
}

#[test]
fn words_are_completed_where_they_stand() {
    let known = Known {
        symbols: vec!["AAPL".into(), "AMZN".into()],
        sources: vec!["alpaca".into(), "kraken".into()],
        lists: vec!["tech".into()],
        indicators: vec!["sma(20)".into(), "bb(20,2)".into()],
        indicators_shown: vec!["sma(50)".into()],
        values: vec!["rsi_14".into(), "sma_20".into()],
    };
    assert_eq!(completions("sp", &known), ["speed"]);
    assert_eq!(completions("theme hi", &known), ["theme high-contrast"]);
    assert_eq!(completions("remove am", &known), ["remove AMZN"]);
    assert_eq!(
        completions("columns symbol,la", &known),
        ["columns symbol,last"]
    );
    assert_eq!(completions("indicator s", &known), ["indicator sma(20)"]);
    assert_eq!(
        completions("indicator sma(5) bb(20,", &known),
        ["indicator sma(5) bb(20,2)"]
    );
    assert_eq!(completions("indicator -", &known), ["indicator -sma(50)"]);
    assert_eq!(
        completions("compare AAPL,a", &known),
        ["compare AAPL,AAPL", "compare AAPL,AMZN"]
    );
    assert_eq!(completions("reconnect k", &known), ["reconnect kraken"]);
    assert_eq!(completions("reconnect ", &known).len(), 2);
    assert!(completions("reconnect kraken ", &known).is_empty());
    assert_eq!(completions("list te", &known), ["list tech"]);
    assert_eq!(completions("list delete ", &known), ["list delete tech"]);
    assert_eq!(completions("sort volume d", &known), ["sort volume desc"]);
    assert_eq!(completions("sql select sma", &known), ["sql select sma_20"]);
    assert_eq!(completions("sort rs", &known), ["sort rsi_14"]);
    assert_eq!(completions("sort (last-vw", &known), ["sort (last-vwap"]);
    assert_eq!(
        completions("filter volume>1k and rs", &known),
        ["filter volume>1k and rsi_14"]
    );
    assert_eq!(
        completions("columns symbol sm", &known),
        ["columns symbol sma_20"]
    );
    assert!(completions("export bars.", &known).is_empty());
    assert_eq!(
        completions("export! data/ 5m,1", &known),
        ["1m", "15m", "1h", "1d"].map(|word| format!("export! data/ 5m,{word}"))
    );
    assert_eq!(
        completions("export x.csv AAPL,am", &known),
        ["export x.csv AAPL,AMZN"]
    );
    assert_eq!(
        completions("export x format=c", &known),
        ["export x format=csv"]
    );
    assert!(completions("freeze x", &known).is_empty());
    assert_eq!(completions("", &known).len(), COMMANDS.len());
}
