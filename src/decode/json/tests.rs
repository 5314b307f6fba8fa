#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::borrow::Cow;

use super::*;
use proptest::prelude::*;

fn valid(text: &str) -> bool {
    let mut scanner = Scanner::new(text);
    scanner.skip().is_ok() && scanner.finish().is_ok()
}

fn check(text: &str) {
    let expected = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    assert_eq!(valid(text), expected, "{text:?}");
}

#[test]
fn depth_is_bounded() {
    assert!(valid(&format!("{}{}", "[".repeat(127), "]".repeat(127))));
    assert!(!valid(&format!("{}{}", "[".repeat(128), "]".repeat(128))));
    assert!(!valid(&"[".repeat(100_000)));
    assert!(!valid(&"{\"a\":".repeat(100_000)));
}

#[test]
fn strings_are_unescaped() {
    for text in [
        r#""plain""#,
        r#""a\"b\\c\/\b\f\n\r\tdA""#,
        r#""\ud83d\ude00!""#,
        r#""日本\u65e5""#,
        r#""\ud83d""#,
        r#""\ude00""#,
        r#""\ud83dA""#,
        r#""\ud83d\u0041""#,
    ] {
        let ours = Scanner::new(text).string().unwrap().value();
        let theirs: Result<String, _> = serde_json::from_str(text);
        assert_eq!(ours.ok().map(Cow::into_owned), theirs.ok(), "{text}");
    }
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?",
        "\"[a-z\\\\\"/\u{e9}\u{1f}nu0]{0,6}\"",
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(inner, 0..4).prop_map(|items| {
                let members: Vec<_> = items.iter().map(|item| format!("\"k\":{item}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_serde_json_on_what_is_valid(text in json()) {
        check(&text);
    }

    #[test]
    fn agrees_on_damaged_texts(text in json(), place: prop::sample::Index, put in "[\\[\\]{}:,\"\\\\0-9eE.tn \u{0}\u{e9}-]{0,2}", drop in 0..3_usize) {
        let chars: Vec<char> = text.chars().collect();
        let at = place.index(chars.len() + 1);
        let damaged: String = chars[..at].iter().copied()
            .chain(put.chars())
            .chain(chars[(at + drop).min(chars.len())..].iter().copied())
            .collect();
        check(&damaged);
    }
}
