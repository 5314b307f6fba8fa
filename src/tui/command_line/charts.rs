//! Commands about charts: their indicators, symbols compared, several charts.

use crate::domain::symbol::SymbolSpec;

/// What can be done with the charts' indicators. They are texts here: what there is, the settings know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndicatorOrder {
    /// Open the list of what there is.
    Choose,
    /// Show these too.
    Add(Vec<String>),
    /// Show these no longer.
    Remove(Vec<String>),
    /// Show none.
    Off,
}

/// What can be done with comparisons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompareOrder {
    /// Compare these.
    These(Vec<SymbolSpec>),
    /// The candles again.
    Off,
}

/// Words between spaces; those that a parenthesis holds together stay one.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && (c.is_whitespace() || c == ',') {
            words.push(String::new());
        } else if let Some(word) = words.last_mut()
            && !c.is_whitespace()
        {
            word.push(c);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `indicator sma(50) vwap`, `indicator -sma(50)`, `indicator off`, `indicator`.
pub(super) fn indicator(rest: &str) -> Result<IndicatorOrder, String> {
    let words = words(rest);
    let is_removal = |word: &String| word.starts_with('-');
    match words.as_slice() {
        [] => Ok(IndicatorOrder::Choose),
        [word] if word == "off" => Ok(IndicatorOrder::Off),
        words if words.iter().all(is_removal) => {
            let bare = |word: &String| word.trim_start_matches('-').to_owned();
            Ok(IndicatorOrder::Remove(words.iter().map(bare).collect()))
        }
        words if words.iter().any(is_removal) => {
            Err("add indicators or take them out with '-', not both at once".to_owned())
        }
        words => Ok(IndicatorOrder::Add(words.to_vec())),
    }
}

/// `compare AAPL,AMZN`, `compare off`.
pub(super) fn compare(rest: &str) -> Result<CompareOrder, String> {
    if rest == "off" {
        return Ok(CompareOrder::Off);
    }
    match super::symbols(rest)? {
        symbols if symbols.is_empty() => {
            Err("name symbols, as in 'compare AAPL,AMZN', or say 'compare off'".to_owned())
        }
        symbols => Ok(CompareOrder::These(symbols)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn indicators_are_added_and_taken_out() {
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        for (line, expected) in [
            ("", IndicatorOrder::Choose),
            ("off", IndicatorOrder::Off),
            ("sma(50)", IndicatorOrder::Add(texts(&["sma(50)"]))),
            (
                "bb( 20 , 2 ), vwap",
                IndicatorOrder::Add(texts(&["bb(20,2)", "vwap"])),
            ),
            ("-sma(50)", IndicatorOrder::Remove(texts(&["sma(50)"]))),
        ] {
            assert_eq!(indicator(line), Ok(expected), "{line}");
        }
        assert!(indicator("vwap -sma").is_err());
    }

    #[test]
    fn symbols_are_compared() {
        let symbols = vec!["AAPL".parse().unwrap(), "AMZN@sim".parse().unwrap()];
        assert_eq!(compare("AAPL, AMZN@sim"), Ok(CompareOrder::These(symbols)));
        assert_eq!(compare("off"), Ok(CompareOrder::Off));
        assert!(compare("").unwrap_err().contains("compare off"));
    }
}
