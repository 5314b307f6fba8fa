//! What an HTTP status means for a poll.

use crate::domain::outcome::ErrorKind;

/// What follows from an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds data.
    Data,
    /// Nothing has changed.
    Same,
    /// The endpoint asks to be left alone, or cannot be reached: nothing is asked until a wait is over.
    Pause(ErrorKind, String),
    /// This request failed; it is made again after a wait, and others go on.
    Again(String),
    /// The endpoint does not have what was asked for: the symbol, or one of several.
    Refuse(String),
    /// The request was longer than the endpoint takes.
    TooLong(String),
    /// The endpoint does not allow this request: the symbol where it gives others, everything where it gives none.
    Denied(String),
}

/// What a status means. `names_symbols` says that the request was for certain symbols, `asks_to_wait` that `Retry-After`
/// came with it.
#[must_use]
pub fn of_status(status: u16, names_symbols: bool, asks_to_wait: bool) -> Verdict {
    match status {
        304 => Verdict::Same,
        200..=299 => Verdict::Data,
        300..=399 => Verdict::Refuse(format!(
            "the endpoint answered with HTTP {status}: it has moved, and redirects are not followed; give its new URL"
        )),
        401 | 403 | 451 => {
            Verdict::Denied(format!("the endpoint refused the request (HTTP {status})"))
        }
        418 | 429 => Verdict::Pause(
            ErrorKind::RateLimited,
            format!(
                "the endpoint asks for fewer requests (HTTP {status}); a longer period_ms helps"
            ),
        ),
        408 | 425 | 500.. if asks_to_wait => Verdict::Pause(
            ErrorKind::ConnectionError,
            format!("the endpoint asks to wait (HTTP {status})"),
        ),
        503 => Verdict::Again(format!("the endpoint is not available (HTTP {status})")),
        408 | 425 | 500.. => Verdict::Again(format!("the endpoint failed (HTTP {status})")),
        413 | 414 | 431 => Verdict::TooLong(format!(
            "the request is too long for the endpoint (HTTP {status}); symbols_per_request= makes it shorter"
        )),
        400 | 402 | 404 | 410 | 422 if names_symbols => Verdict::Refuse(format!(
            "the endpoint does not give this symbol (HTTP {status}); check how it writes it"
        )),
        _ => Verdict::Refuse(format!("the endpoint answered with HTTP {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_means_something() {
        for status in 0..=1000 {
            for (names_symbols, asks_to_wait) in [(true, true), (true, false), (false, false)] {
                let verdict = of_status(status, names_symbols, asks_to_wait);
                let expected = match status {
                    304 => matches!(verdict, Verdict::Same),
                    200..=299 => matches!(verdict, Verdict::Data),
                    401 | 403 | 451 => matches!(verdict, Verdict::Denied(_)),
                    418 | 429 => matches!(verdict, Verdict::Pause(ErrorKind::RateLimited, _)),
                    408 | 425 | 500.. if asks_to_wait => matches!(verdict, Verdict::Pause(..)),
                    408 | 425 | 500.. => matches!(verdict, Verdict::Again(_)),
                    413 | 414 | 431 => matches!(verdict, Verdict::TooLong(_)),
                    _ => matches!(verdict, Verdict::Refuse(_)),
                };
                assert!(expected, "{status}: {verdict:?}");
            }
        }
    }
}
