//! What expressions mean, what is said of wrong ones, and that no text does harm.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use proptest::prelude::*;

use super::super::fixture::{full, with_indicators};
use super::super::panels::watchlist::Standing;
use super::*;
use crate::domain::quote::{SymbolFacts, Trading};
use crate::domain::symbol::SymbolId;
use crate::pipeline::snapshot::Row;

fn facts(row: &Row) -> RowFacts<'_> {
    RowFacts {
        row,
        standing: Standing {
            age_ms: Some(90_000),
            is_lost: false,
        },
        stale_after_ms: 60_000,
    }
}

/// The first row: last 170.42, reference 169.11, volume 21.4 million, `sma_20` a hundredth below, `rsi_14` 71.5.
fn first() -> Row {
    with_indicators().rows.get(SymbolId(0)).unwrap().clone()
}

fn names() -> ValueNames {
    ValueNames::of(&with_indicators())
}

fn number(text: &str) -> Option<f64> {
    let row = first();
    let number = Expression::parse(text).unwrap().number(&names()).unwrap();
    number.of(&facts(&row))
}

fn holds(text: &str) -> bool {
    let row = first();
    let condition = Expression::parse(text)
        .unwrap()
        .condition(&names())
        .unwrap();
    condition.holds(&facts(&row))
}

#[test]
fn numbers_come_out_as_reckoned_by_hand() {
    for (text, expected) in [
        ("1 + 2 * 3", Some(7.0)),
        ("(1 + 2) * 3", Some(9.0)),
        ("10 - 4 - 3", Some(3.0)),
        ("24 / 4 / 3", Some(2.0)),
        ("-2 * -3", Some(6.0)),
        ("2 - -3", Some(5.0)),
        ("- (1 + 1) + 5", Some(3.0)),
        ("1e3 + 2k + 1.5m + 2b + .5", Some(2_001_503_000.5)),
        ("1E-2", Some(0.01)),
        ("abs(-4) + min(3, 2, 5) + max(1, 7)", Some(13.0)),
        ("last", Some(170.42)),
        ("bid", Some(170.41)),
        ("RSI_14", Some(71.5)),
        ("rsi + 1", Some(72.5)),
        ("bb_20_2_middle / sma_20", Some(1.0)),
        ("age", Some(90.0)),
        ("open", Some(169.11)),
        ("sma_20@5m", None),
        ("sma_20@5m * 0", None),
        ("bid_size", None),
        ("1 / 0", None),
        ("0 / 0", None),
        ("1e300 * 1e300", None),
        ("min(last, bid_size)", None),
    ] {
        let given = number(text);
        let is_near = match (given, expected) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b.abs(),
            (a, b) => a == b,
        };
        assert!(is_near, "{text}: {given:?} {expected:?}");
    }
}

#[test]
fn conditions_hold_as_they_bind() {
    for (text, expected) in [
        ("rsi > 70", true),
        ("rsi < 30", false),
        ("rsi >= 71.5 and rsi ≤ 71.5 and rsi = 71.5", true),
        ("rsi != 71.5 or rsi <> 71.5", false),
        ("rsi < 30 and volume > 1e6", false),
        ("rsi > 30 && volume > 1e6", true),
        // `and` binds closer than `or`, `not` closer than both, a comparison closer than `not`.
        ("1 > 0 or 1 > 0 and 1 < 0", true),
        ("(1 > 0 or 1 > 0) and 1 < 0", false),
        ("not 1 > 2 and 1 < 2", true),
        ("not (1 > 2 or 1 < 2)", false),
        ("! 1 > 2", true),
        ("not not 1 < 2", true),
        ("1 + 1 < 1 * 3", true),
        ("change% > 0.7 and change% < 0.8", true),
        ("chg% > 2 or (last > vwap and not halted)", true),
        ("change_percent > 0 and change-percent > 0", true),
        ("last-vwap > 0.6", true),
        // What is unknown compares as false, whichever way.
        ("bid_size < 5 or bid_size >= 5 or bid-size != 5", false),
        ("not bid_size < 5", true),
        ("symbol = aapl and source = REPLAY", true),
        ("symbol != AAPL", false),
        ("symbol == 'AAPL'", true),
        ("(symbol = BTC/USD) or source = replay", true),
        ("symbol = a-b<c", false),
        ("stale", true),
        ("not halted and not quarantined", true),
    ] {
        assert_eq!(holds(text), expected, "{text}");
    }
}

#[test]
fn a_halt_can_be_asked_for() {
    let mut row = first();
    row.facts = Some(Arc::new(SymbolFacts {
        trading: Some(Trading::Halted),
        ..SymbolFacts::default()
    }));
    let condition = Expression::parse("halted and last > 1")
        .unwrap()
        .condition(&names())
        .unwrap();
    assert!(condition.holds(&facts(&row)));
    assert!(!condition.holds(&facts(&first())));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, at, part) in [
        ("rsi <", 5, "a name or a number comes here"),
        ("rsi < (1 + 2", 12, "')' is missing"),
        ("rsi < )", 6, "missing before this"),
        ("(rsi < 30))", 10, "has no '('"),
        ("rsi < 30 volume > 2", 9, "missing before this"),
        ("rsi < 30 and", 12, "comes here"),
        ("1 < rsi < 30", 8, "join two comparisons"),
        ("last > 12x", 7, "no number"),
        ("last > 1e400", 7, "no number"),
        ("last > 2%", 8, "'%' belongs"),
        ("last > #", 7, "'#' means nothing"),
        ("lats > 1", 0, "did you mean 'last'"),
        ("1 > rsx", 4, "did you mean 'rsi_14'"),
        ("1 > sma_2", 4, "did you mean 'sma_20'"),
        ("bb > 1", 0, "bb_20_2_lower, bb_20_2_middle, bb_20_2_upper"),
        ("bidsize > 1", 0, "did you mean 'bid_size'"),
        ("qwertyuiop > 1", 0, "no column or indicator"),
        ("sqrt(2) > 1", 0, "'sqrt' is no function"),
        ("abz(2) > 1", 0, "did you mean 'abs'"),
        ("abs() > 1", 0, "takes one number"),
        ("abs(1, 2) > 1", 0, "takes one number"),
        ("max() > 1", 0, "takes numbers"),
        ("rsi > 1 and volume", 12, "compared with something"),
        ("1 + 2 and last > 1", 2, "compared with something"),
        ("(last > 1) + 2 > 3", 6, "a comparison is no number"),
        ("(last > 1 and 2 > 1) > 3", 10, "are no numbers"),
        ("halted > 1", 0, "is no number"),
        ("symbol > 1", 7, "with = or !="),
        ("1 > symbol", 4, "is a text"),
        ("symbol =", 8, "a name comes here"),
        ("symbol = 'abc", 9, "closing quote"),
        ("last = 'abc'", 7, "only 'symbol' and 'source'"),
        ("trend > 1", 0, "picture"),
        ("日本 > 1", 0, "means nothing"),
        ("last > 日", 7, "means nothing"),
    ] {
        let error = filter_error(text, &names()).unwrap_or_else(|| unreachable!("{text}"));
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.to_string().contains(part), "{text}: {error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("column {}:", at + 1)),
            "{error}"
        );
    }
    let error = Expression::parse("last > 1").unwrap().number(&names());
    assert!(error.unwrap_err().message.contains("no number"));
    let error = filter_error("rsi > 1", &ValueNames::of(&full())).unwrap();
    assert!(error.message.contains("no indicators yet"), "{error}");
}

#[test]
fn what_is_not_finished_is_told_from_what_is_wrong() {
    for (text, is_unfinished) in [
        ("rsi <", true),
        ("rsi < 30 and vol", true),
        ("rsi < 30 and ", true),
        ("symbol = ", true),
        ("rsx < 3", false),
        ("last > #", false),
    ] {
        let error = filter_error(text, &names()).unwrap_or_else(|| unreachable!("{text}"));
        assert_eq!(error.is_unfinished, is_unfinished, "{text}");
    }
}

#[test]
fn words_are_told_from_expressions() {
    for (text, expected) in [
        ("", false),
        ("aapl", false),
        ("BTC/USD kraken", false),
        ("rsi", false),
        ("and", false),
        ("rsi < 30", true),
        ("source=kraken", true),
        ("halted", true),
        ("not (halted or Stale)", true),
        ("halted aapl", false),
    ] {
        assert_eq!(is_expression(text), expected, "{text}");
    }
}

#[test]
fn what_is_endless_is_refused() {
    for text in [
        "(".repeat(100_000),
        "-".repeat(100_000),
        "not ".repeat(50_000),
        "abs(".repeat(50_000),
        format!("1{} > 2", "+1".repeat(50_000)),
        format!("1 > 2{}", " or 1 > 2".repeat(50_000)),
    ] {
        let error = Expression::parse(&text).unwrap_err();
        assert!(error.message.contains("too"), "{}: {error}", &text[..10]);
    }
    let long = format!("1{} > 2", "+1".repeat(150));
    assert!(holds(&long));
}

fn any_text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "rsi", "last", "volume", "symbol", "source", "halted", "and", "or", "not", "(", ")", "<",
        ">", "<=", "=", "!=", "!", "+", "-", "*", "/", "%", ",", "1", "2.5", "1e6", "3k", "1e",
        ".", "'", "\"", "abs", "max(", "bid-size", "change%", "日", "\u{0}", " ", "é",
    ]);
    prop_oneof![
        ".{0,40}",
        prop::collection::vec(word, 0..24).prop_map(|words| words.join(" ")),
    ]
}

proptest! {
    #[test]
    fn no_text_does_harm(text in any_text()) {
        let row = first();
        let names = names();
        let length = text.chars().count();
        if let Some(error) = filter_error(&text, &names) {
            prop_assert!(error.at <= length, "{error}");
        }
        match Expression::parse(&text) {
            Ok(expression) => {
                if let Ok(condition) = expression.condition(&names) {
                    std::hint::black_box(condition.holds(&facts(&row)));
                }
                if let Ok(number) = expression.number(&names) {
                    let value = number.of(&facts(&row));
                    prop_assert!(value.is_none_or(f64::is_finite));
                }
            }
            Err(error) => prop_assert!(error.at <= length, "{error}"),
        }
    }

    #[test]
    fn arithmetic_is_that_of_numbers(a in -1e6..1e6_f64, b in -1e6..1e6_f64, c in 1.0..1e6_f64) {
        let text = format!("{a} + {b} * {c} - ({a} - {b}) / {c}");
        let expected = a + b * c - (a - b) / c;
        let given = number(&text).unwrap();
        prop_assert!((given - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{text}");
    }
}
