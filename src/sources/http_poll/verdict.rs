//! What an HTTP status means for a poll.

use crate::domain::outcome::ErrorKind;

/// What follows from an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds data.
    Data,
    /// Nothing has changed.
    Same,
    /// The endpoint cannot answer anybody now: nothing is asked until a wait is over.
    Wait(ErrorKind, String),
    /// This request failed; it is made again after a wait, and others go on.
    Again(String),
    /// The endpoint does not have the symbol: it is not asked for again.
    Refuse(String),
    /// The endpoint refuses this request: the symbol where it gives others, everything where it gives none.
    Denied(String),
    /// Asking again would be useless until a person has done something.
    Never(ErrorKind, String),
}

/// What a status means. `is_for_one` says that the request was for one symbol, `asks_to_wait` that `Retry-After` came
/// with it.
#[must_use]
pub fn of_status(status: u16, is_for_one: bool, asks_to_wait: bool) -> Verdict {
    let never = |what: &str| {
        let text = format!("the endpoint answered with HTTP {status}: {what}");
        Verdict::Never(ErrorKind::ConnectionError, text)
    };
    match status {
        304 => Verdict::Same,
        200..=299 => Verdict::Data,
        300..=399 => never("it has moved, and redirects are not followed; give its new URL"),
        403 | 451 if is_for_one => {
            Verdict::Denied(format!("the endpoint refused the request (HTTP {status})"))
        }
        401 | 403 | 451 => Verdict::Never(
            ErrorKind::AuthError,
            format!(
                "the endpoint refused the request (HTTP {status}); check the key and what it allows"
            ),
        ),
        418 | 429 => Verdict::Wait(
            ErrorKind::RateLimited,
            format!(
                "the endpoint asks for fewer requests (HTTP {status}); a longer period_ms helps"
            ),
        ),
        503 => Verdict::Wait(
            ErrorKind::ConnectionError,
            format!("the endpoint is not available (HTTP {status})"),
        ),
        408 | 425 | 500.. if asks_to_wait => Verdict::Wait(
            ErrorKind::ConnectionError,
            format!("the endpoint asks to wait (HTTP {status})"),
        ),
        408 | 425 | 500.. => Verdict::Again(format!("the endpoint failed (HTTP {status})")),
        400 | 402 | 404 | 410 | 422 if is_for_one => Verdict::Refuse(format!(
            "the endpoint does not give this symbol (HTTP {status}); check how it writes it"
        )),
        _ => never("check the URL and the options"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_means_something() {
        for status in 0..=1000 {
            for (is_for_one, asks_to_wait) in [(true, true), (true, false), (false, false)] {
                let verdict = of_status(status, is_for_one, asks_to_wait);
                let expected = match status {
                    304 => matches!(verdict, Verdict::Same),
                    200..=299 => matches!(verdict, Verdict::Data),
                    403 | 451 if is_for_one => matches!(verdict, Verdict::Denied(_)),
                    401 | 403 | 451 => matches!(verdict, Verdict::Never(ErrorKind::AuthError, _)),
                    418 | 429 => matches!(verdict, Verdict::Wait(ErrorKind::RateLimited, _)),
                    503 => matches!(verdict, Verdict::Wait(..)),
                    404 => matches!(verdict, Verdict::Refuse(_)) == is_for_one,
                    408 | 425 | 500.. => matches!(verdict, Verdict::Wait(..)) == asks_to_wait,
                    _ => matches!(verdict, Verdict::Never(..) | Verdict::Refuse(_)),
                };
                assert!(expected, "{status}: {verdict:?}");
            }
        }
    }
}
