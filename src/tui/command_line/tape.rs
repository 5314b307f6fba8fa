//! Lines about the tape and the news.

use crate::domain::Decimal;

use super::super::panels::tape::{BigPrints, TapeRules};

/// What can be said about the tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TapeOrder {
    /// Leave out smaller trades, or none.
    Min(Option<Decimal>),
    /// Show trades of one price and side within so many milliseconds as one; zero is never.
    Window(i64),
    /// What is marked as big.
    Big(BigPrints),
}

impl TapeOrder {
    /// The rules with this order in them.
    #[must_use]
    pub fn apply(self, mut rules: TapeRules) -> TapeRules {
        match self {
            Self::Min(size) => rules.size_min = size,
            Self::Window(ms) => rules.window_ms = ms,
            Self::Big(big) => rules.big = big,
        }
        rules
    }
}

/// The longest window, in milliseconds.
const WINDOW_MS_MAX: i64 = 3_600_000;

fn positive(text: &str, what: &str) -> Result<Decimal, String> {
    text.parse::<Decimal>()
        .ok()
        .filter(|value| *value > Decimal::ZERO)
        .ok_or_else(|| format!("'{}' is no {what}", super::super::text::cut(text, 24)))
}

fn window(text: &str) -> Result<i64, String> {
    let wrong = || {
        format!(
            "'{}' is no window; write one such as 100ms or 2s, up to an hour, or off",
            super::super::text::cut(text, 24)
        )
    };
    let (number, factor) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s').ok_or_else(wrong)?, 1_000),
    };
    number
        .trim()
        .parse::<i64>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .filter(|ms| (1..=WINDOW_MS_MAX).contains(ms))
        .ok_or_else(wrong)
}

/// Reads what follows `tape`.
///
/// # Errors
/// A sentence for the person who typed it.
pub(super) fn tape(text: &str) -> Result<TapeOrder, String> {
    let (verb, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    match (verb, rest) {
        ("min" | "big", "") => Err(format!("'tape {verb}' takes a size, or off")),
        ("window", "") => Err("'tape window' takes a time such as 100ms, or off".to_owned()),
        ("min", "off") => Ok(TapeOrder::Min(None)),
        ("min", size) => positive(size, "size").map(|size| TapeOrder::Min(Some(size))),
        ("window", "off") => Ok(TapeOrder::Window(0)),
        ("window", time) => window(time).map(TapeOrder::Window),
        ("big", "off") => Ok(TapeOrder::Big(BigPrints::Off)),
        ("big", size) => match size.strip_suffix('x') {
            Some(times) => {
                positive(times, "multiple").map(|times| TapeOrder::Big(BigPrints::Multiple(times)))
            }
            None => positive(size, "size").map(|size| TapeOrder::Big(BigPrints::Size(size))),
        },
        _ => Err("after 'tape' comes min, window or big".to_owned()),
    }
}

/// The lines that bring these rules back, each without `tape`.
#[must_use]
pub fn tape_lines(rules: &TapeRules) -> Vec<String> {
    let off = || "off".to_owned();
    let min = rules.size_min.map_or_else(off, |size| size.to_string());
    let window = match rules.window_ms {
        0 => off(),
        ms => format!("{ms}ms"),
    };
    let big = match rules.big {
        BigPrints::Off => off(),
        BigPrints::Multiple(times) => format!("{times}x"),
        BigPrints::Size(size) => size.to_string(),
    };
    vec![
        format!("min {min}"),
        format!("window {window}"),
        format!("big {big}"),
    ]
}

/// The rules of such lines; what cannot be read is as it is at first.
#[must_use]
pub fn tape_rules(lines: &[String]) -> TapeRules {
    let orders = lines.iter().filter_map(|line| tape(line).ok());
    orders.fold(TapeRules::default(), |rules, order| order.apply(rules))
}

/// Reads what follows `news`: whether only the selected symbol's is shown.
///
/// # Errors
/// A sentence for the person who typed it.
pub(super) fn news(text: &str) -> Result<bool, String> {
    match text {
        "all" => Ok(false),
        "symbol" => Ok(true),
        _ => Err("after 'news' comes all or symbol".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_about_the_tape_are_read() {
        for (text, expected) in [
            ("min 0.5", TapeOrder::Min(Some(Decimal::new(5, 1)))),
            ("min off", TapeOrder::Min(None)),
            ("window 100ms", TapeOrder::Window(100)),
            ("window 2s", TapeOrder::Window(2_000)),
            ("window off", TapeOrder::Window(0)),
            (
                "big 5x",
                TapeOrder::Big(BigPrints::Multiple(Decimal::from(5))),
            ),
            (
                "big 5000",
                TapeOrder::Big(BigPrints::Size(Decimal::from(5_000))),
            ),
            ("big off", TapeOrder::Big(BigPrints::Off)),
        ] {
            assert_eq!(tape(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "min",
            "min -1",
            "min 0",
            "min much",
            "window 5",
            "window 0s",
            "window 9999999999999999999s",
            "window 2h",
            "big x",
            "big",
            "colour red",
        ] {
            assert!(tape(text).is_err(), "{text}");
        }
        for big in [
            BigPrints::Off,
            BigPrints::Multiple(Decimal::from(3)),
            BigPrints::Size(Decimal::new(5, 1)),
        ] {
            let rules = TapeRules {
                size_min: Some(Decimal::from(7)),
                window_ms: 250,
                big,
            };
            assert_eq!(tape_rules(&tape_lines(&rules)), rules);
        }
        let none = TapeRules::default();
        assert_eq!(tape_rules(&tape_lines(&none)), none);
        assert_eq!(tape_rules(&["min much".to_owned()]), none);
        assert_eq!(news("all"), Ok(false));
        assert_eq!(news("symbol"), Ok(true));
        assert!(news("").is_err());
    }
}
