#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use proptest::prelude::*;

use super::super::{message, options};
use super::*;
use crate::domain::trade::Side;

fn mapping(options: &str) -> Mapping {
    let pairs = options.split('&').map(|pair| pair.split_once('=').unwrap());
    options::from_options(pairs).unwrap().unwrap()
}

/// Every row as a text, and whether the message was of the kind.
fn read(options: &str, text: &str) -> (bool, Vec<String>) {
    let mut rows = Vec::new();
    let is_one = mapping(options).read(message(text.as_bytes()).unwrap(), &mut rows);
    let shown = rows.into_iter().map(|row| match row {
        Ok(row) => format!(
            "{} {:?} {}",
            row.symbol.unwrap_or_default(),
            row.time.map(|time| time.0),
            shown(&row.payload)
        ),
        Err(rejection) => format!("! {rejection}"),
    });
    (is_one, shown.collect())
}

fn shown(payload: &Payload) -> String {
    let number = |value: Option<crate::domain::Decimal>| {
        value.map_or_else(|| "-".to_owned(), |value| value.to_string())
    };
    match payload {
        Payload::Level1(quote) => {
            format!(
                "{} {} {}",
                number(quote.bid),
                number(quote.ask),
                number(quote.volume)
            )
        }
        Payload::Ohlcv(bar) => [bar.open, bar.high, bar.low, bar.close, bar.volume]
            .map(number)
            .join(" "),
        Payload::TimeAndSales(trade) => format!(
            "{} {} {} {}",
            number(trade.price),
            number(trade.size),
            trade.side.map_or("-", Side::name),
            trade
                .trade_id
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default()
        ),
        Payload::Level2(book) => {
            let side = |levels: &[crate::domain::book::Level]| {
                let levels = levels
                    .iter()
                    .map(|level| format!("{}x{}", level.size, level.price));
                levels.collect::<Vec<_>>().join(" ")
            };
            format!(
                "{} | {} {} {:?}",
                side(&book.bids),
                side(&book.asks),
                book.snapshot,
                book.sequence
            )
        }
        Payload::News(news) => format!("{news:?}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn messages_are_read_as_described() {
    for (options, text, expected) in [
        (
            "symbol=/s&bid=/b&ask=/a&time=/t",
            r#"{"s":"BTC","b":"0.00100000","a":1.50,"t":1700000000123}"#,
            "BTC Some(1700000000123) 0.00100000 1.50 -",
        ),
        (
            "symbol=/s&bid=/b&ask=/a",
            r#"{"s":"BTC","b":null,"a":1.5}"#,
            "BTC None - 1.5 -",
        ),
        (
            "items=/data&symbol=@message/ch&price=/0&size=/1&side=/2&trade_id=/3&time=/4&time_unit=s",
            r#"{"ch":"X","data":[["1","2","BUY",7,1700000000.5]]}"#,
            "X Some(1700000000500) 1 2 buy 7",
        ),
        (
            "items=&symbol=@key&bid=/b",
            r#"{"AAPL":{"b":1}}"#,
            "AAPL None 1 - -",
        ),
        (
            "items=/q&symbol=/s&open=/o&high=/h&low=/l&close=/c&volume=/v&time=/t&time_unit=rfc3339",
            r#"{"q":[{"s":"A","o":1,"h":2,"l":0.5,"c":1.5,"v":10,"t":"1970-01-01T00:01:00Z"}]}"#,
            "A Some(60000) 1 2 0.5 1.5 10",
        ),
        (
            "symbol=/s&bids=/b&asks=/a&snapshot=/snap&sequence=/u&time=/t&time_unit=ns",
            r#"{"s":"A","b":[["10.50","3",1]],"a":[],"u":"77","t":1700000000123456789}"#,
            "A Some(1700000000123) 3x10.50 |  false Some(77)",
        ),
        (
            "symbol=/s&bids=/b&level_price=/price&level_size=/size",
            r#"{"s":"A","b":[{"price":1.0,"size":"2.50"}]}"#,
            "A None 2.50x1.0 |  true None",
        ),
        (
            "symbol=/s&price=/p&trade_id=/i&time=/t&time_unit=us",
            r#"{"s":"A","p":1e-8,"i":"ab","t":0}"#,
            "A None 0.00000001 - - ab",
        ),
        (
            "symbol=/s&headline=/h&link=/u&match=/T=n",
            r#"{"T":"n","s":["A","B"],"h":"x\ny","u":"http://x"}"#,
            "A None News { headline: \"x\\ny\", source: None, url: Some(\"http://x\"), summary: None, symbols: [\"A\", \"B\"] }",
        ),
    ] {
        let (is_one, rows) = read(options, text);
        assert!(is_one, "{options}");
        assert_eq!(rows[0], expected, "{options}");
    }
}

#[test]
fn what_is_not_as_described_is_refused_with_its_place() {
    for (options, text, expected) in [
        (
            "symbol=/s&bid=/b",
            r#"{"s":"A","b":"x"}"#,
            r#""\"x\"" at '/b' is no number"#,
        ),
        (
            "symbol=/s&bid=/b",
            r#"{"s":"A","b":1e400}"#,
            "\"1e400\" at '/b' is too large",
        ),
        (
            "symbol=/s&bid=/b",
            r#"{"s":"A","b":[]}"#,
            "\"[]\" at '/b' is no number",
        ),
        (
            "symbol=/s&bid=/b&ask=/a",
            r#"{"s":"A"}"#,
            "there is nothing at any of '/b', '/a'",
        ),
        (
            "symbol=/s&bid=/b",
            r#"{"s":7,"b":1}"#,
            "the symbol at '/s' is a number, not a text",
        ),
        (
            "symbol=/s&bid=/b&match=/b",
            r#"{"b":1}"#,
            "there is no symbol at '/s'",
        ),
        (
            "symbol=/s&price=/p",
            r#"{"s":"A"}"#,
            "there is no price at '/p'",
        ),
        (
            "symbol=/s&price=/p&side=/x",
            r#"{"s":"A","p":1,"x":"up"}"#,
            r#""\"up\"" at '/x' is neither buy nor sell"#,
        ),
        (
            "symbol=/s&price=/p&time=/t",
            r#"{"s":"A","p":1,"t":"now"}"#,
            r#""\"now\"" at '/t' is no number"#,
        ),
        (
            "symbol=/s&price=/p&time=/t&time_unit=s",
            r#"{"s":"A","p":1,"t":9999999999999999999999999}"#,
            "\"9999999999999999999999999\" at '/t' is too large for a time",
        ),
        (
            "symbol=/s&headline=/h",
            r#"{"s":"A","h":1}"#,
            "\"1\" at '/h' is no text",
        ),
        (
            "symbol=/s&bids=/b&level_price=/p",
            r#"{"s":"A","b":[{}]}"#,
            "\"[{}]\" at '/b' has a level with nothing at '/p'",
        ),
        (
            "symbol=/s&bids=/b&snapshot=/x",
            r#"{"s":"A","b":[],"x":1}"#,
            "\"1\" at '/x' is neither true nor false",
        ),
    ] {
        let (_, rows) = read(options, text);
        assert_eq!(rows, [format!("! {expected}")], "{options} {text}");
    }
    let (_, rows) = read("symbol=/s&bids=/b", r#"{"s":"A","b":[[1]]}"#);
    assert!(
        rows[0].starts_with("! \"[[1]]\" at '/b' is no list of levels"),
        "{rows:?}"
    );
}

#[test]
fn what_is_of_another_kind_is_left_alone() {
    for (options, text) in [
        (
            "symbol=/s&bid=/b&match=/type=quote",
            r#"{"type":"trade","s":"A","b":1}"#,
        ),
        ("symbol=/s&bid=/b", r#"{"result":null,"id":1}"#),
        ("items=/data&symbol=/s&bid=/b", r#"{"op":"pong"}"#),
        ("items=/data&symbol=/s&bid=/b", r#"{"data":null}"#),
        ("items=/data&symbol=/s&bid=/b", r#"{"data":"x"}"#),
        ("items=&symbol=/s&bid=/b", "[]"),
    ] {
        assert_eq!(read(options, text), (false, Vec::new()), "{options}");
    }
    let strict = Mapping {
        strict: true,
        ..mapping("items=/data&bid=/b")
    };
    let mut rows = Vec::new();
    assert!(strict.read(message(b"{\"error\":1}").unwrap(), &mut rows));
    let reason = rows[0].as_ref().unwrap_err().reason.as_str();
    assert_eq!(reason, "there is nothing at '/data'");
}

#[test]
fn columns_are_read_side_by_side_and_empty_rows_are_left_out() {
    let options = "items=/r&columns=true&time=/t&time_unit=s&open=/q/o&close=/q/c&volume=/q/v";
    let text =
        r#"{"r":[{"t":[60,120,180],"q":{"o":[1.10,null,3],"c":[2,null,null],"v":[5,null,0]}}]}"#;
    let (_, rows) = read(options, text);
    assert_eq!(
        rows,
        [" Some(60000) 1.10 - - 2 5", " Some(180000) 3 - - - 0"]
    );
    let (_, none) = read(options, r#"{"r":[{"q":{}}]}"#);
    assert_eq!(none, Vec::<String>::new());
    let (_, uneven) = read(options, r#"{"r":[{"t":[60],"q":{"o":[1,2]}}]}"#);
    assert_eq!(uneven, ["! the list at '/q/o' has 2 values, others have 1"]);
    let (_, scalar) = read(options, r#"{"r":[{"t":60}]}"#);
    assert_eq!(scalar, ["! there is a number at '/t', not a list"]);
}

proptest! {
    #[test]
    fn no_message_makes_it_panic_and_digits_are_kept(text in "[{}\\[\\]\",:a-c0-9.eE+-]{0,80}", whole in 0_u64..1_000_000_000, digits in "[0-9]{1,12}") {
        if let Ok(value) = message(text.as_bytes()) {
            for options in ["items=/a&symbol=@key&price=/b&time=/c", "items=&columns=true&time=/a&close=/b", "symbol=/a&bids=/b&asks=/c"] {
                let mut rows = Vec::new();
                mapping(options).read(value, &mut rows);
            }
        }
        let number = format!("{whole}.{digits}");
        let (_, rows) = read("symbol=/s&price=/p", &format!("{{\"s\":\"A\",\"p\":{number}}}"));
        prop_assert_eq!(&rows[0], &format!("A None {number} - - "));
    }
}
