//! Functions of dates and times as casts.

use std::ops::Range;

use super::statement::Token;

/// The statement with `date(x)` as `CAST(x AS DATE)`, and so with times: these functions of Polars take texts alone, and
/// what is there are times.
pub(super) fn with_casts(sql: &str, tokens: &[Token<'_>], starts: &[usize]) -> String {
    // Bytes that others take the place of.
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    for at in 0..tokens.len() {
        let is_called = tokens.get(at + 1) == Some(&Token::Sign('('));
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let is_type = before.is_some_and(|before| {
            matches!(before, Token::Sign('.' | ':')) || before.is_any(&["AS"])
        });
        let kind = match &tokens[at] {
            word if word.is_any(&["DATE"]) => "DATE",
            word if word.is_any(&["TIMESTAMP", "DATETIME"]) => "TIMESTAMP",
            _ => continue,
        };
        let end = one_argument(tokens, at + 2).filter(|_| is_called && !is_type);
        if let (Some(end), Some(open)) = (end.and_then(|end| starts.get(end)), starts.get(at + 1)) {
            changes.push((starts[at]..open + 1, "CAST(".to_owned()));
            changes.push((*end..*end, format!(" AS {kind}")));
        }
    }
    changes.sort_by_key(|(range, _)| range.start);
    let (mut rewritten, mut from) = (String::with_capacity(sql.len()), 0);
    for (range, text) in changes {
        rewritten.push_str(sql.get(from..range.start).unwrap_or_default());
        rewritten.push_str(&text);
        from = range.end;
    }
    rewritten.push_str(sql.get(from..).unwrap_or_default());
    rewritten
}

/// Where the parenthesis ends that opens before `first`, if there is one argument in it that is more than a text.
fn one_argument(tokens: &[Token<'_>], first: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let arguments = tokens.get(first..)?;
    let end = arguments.iter().position(|token| {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(',' | ')') if depth == 0 => return true,
            Token::Sign(')') => depth -= 1,
            _ => {}
        }
        false
    })?;
    let is_text = matches!(arguments.get(..end), Some([] | [Token::Value]));
    (!is_text && arguments.get(end) == Some(&Token::Sign(')'))).then_some(first + end)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::super::Statement;

    #[test]
    fn functions_of_dates_become_casts() {
        for (sql, expected) in [
            ("SELECT date(datetime)", "SELECT CAST(datetime AS DATE)"),
            (
                "SELECT Date ( lag(datetime, 1) ), 'date(x)'",
                "SELECT CAST( lag(datetime, 1)  AS DATE), 'date(x)'",
            ),
            (
                "SELECT timestamp(date(x)) -- date(x)",
                "SELECT CAST(CAST(x AS DATE) AS TIMESTAMP) -- date(x)",
            ),
            ("SELECT date('2019-02-13')", "SELECT date('2019-02-13')"),
            ("SELECT date(x, '%Y')", "SELECT date(x, '%Y')"),
            ("SELECT x::timestamp(3)", "SELECT x::timestamp(3)"),
            (
                "SELECT CAST(x AS timestamp(y))",
                "SELECT CAST(x AS timestamp(y))",
            ),
            ("SELECT date(", "SELECT date("),
            ("SELECT date()", "SELECT date()"),
            (
                "SELECT date, DATE 'é' FROM bars",
                "SELECT date, DATE 'é' FROM bars",
            ),
        ] {
            assert_eq!(Statement::new(sql).unwrap().sql(), expected);
        }
    }
}
