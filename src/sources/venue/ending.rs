//! How a connection ends, and what follows.

use std::time::Duration;

use crate::domain::outcome::ErrorKind;

/// How long to stay away from a venue that turns an address away without having been shown a key.
const TURNED_AWAY: Duration = Duration::from_secs(300);

/// Why a connection is left, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// What kind of trouble.
    pub kind: ErrorKind,
    /// What happened and, where there is something, what a person can do.
    pub message: String,
    /// What follows.
    pub next: Next,
}

/// What follows the end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Connect again, after the usual wait.
    Retry,
    /// Connect again, not sooner than this.
    RetryAfter(Duration),
    /// Connect again at once: the venue has announced the end, and nothing is wrong.
    AtOnce,
    /// Trying again would be useless until a person has done something.
    Never,
}

impl Ending {
    /// An end after which the connection is opened again.
    #[must_use]
    pub fn retry(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            next: Next::Retry,
        }
    }

    /// An end that only a person can mend.
    #[must_use]
    pub fn never(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            next: Next::Never,
        }
    }

    /// What a close code means where the venue has said nothing else. RFC 6455 §7.4.1 and the registry that it founds:
    /// 1008 is a policy that will not change by itself, 1012 a restart, 1013 asks to come later.
    #[must_use]
    pub fn of_close(code: u16, reason: &str) -> Self {
        let why = if reason.is_empty() {
            String::new()
        } else {
            format!(": {reason}")
        };
        let message = format!("the venue closed the connection with code {code}{why}");
        let next = match code {
            1008 => Next::Never,
            1012 => Next::AtOnce,
            1013 => Next::RetryAfter(Duration::from_secs(10)),
            _ => Next::Retry,
        };
        let kind = match code {
            1013 => ErrorKind::RateLimited,
            _ => ErrorKind::ConnectionError,
        };
        Self {
            kind,
            message,
            next,
        }
    }

    /// What an HTTP status means instead of a connection; `has_key` is whether a key was shown, which could be a wrong one.
    /// The driver works in what `Retry-After` asks for.
    #[must_use]
    pub fn of_status(status: u16, has_key: bool) -> Self {
        match status {
            401 if !has_key => Self::never(
                ErrorKind::AuthError,
                "the venue asks for a key (HTTP 401), and none is shown to it; check url=",
            ),
            // There is no key whose rights could be in question: a gatekeeper has had enough of this address.
            403 if !has_key => Self {
                kind: ErrorKind::RateLimited,
                message: "the venue turns this address away (HTTP 403), as it does after too many connections"
                    .to_owned(),
                next: Next::RetryAfter(TURNED_AWAY),
            },
            401 | 403 => Self::never(
                ErrorKind::AuthError,
                format!("the venue refused the connection (HTTP {status}); check the key"),
            ),
            418 | 429 => Self::retry(
                ErrorKind::RateLimited,
                format!("the venue asks for fewer connections (HTTP {status})"),
            ),
            // Too slow, or too early: both pass.
            400..=499 if !matches!(status, 408 | 425) => Self::never(
                ErrorKind::ConnectionError,
                format!(
                    "the venue refused the connection (HTTP {status}); check url= and the options"
                ),
            ),
            _ => Self::retry(
                ErrorKind::ConnectionError,
                format!("the venue did not open the connection (HTTP {status})"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_key_that_was_shown_can_be_a_wrong_one() {
        let keyed = Ending::of_status(403, true);
        assert_eq!(
            (keyed.kind, keyed.next),
            (ErrorKind::AuthError, Next::Never)
        );
        let keyless = Ending::of_status(403, false);
        assert_eq!(keyless.kind, ErrorKind::RateLimited);
        assert!(
            matches!(keyless.next, Next::RetryAfter(wait) if wait >= Duration::from_secs(60)),
            "{keyless:?}"
        );
        assert!(!keyless.message.contains("key"), "{keyless:?}");
        assert_eq!(Ending::of_status(401, false).next, Next::Never);
    }

    #[test]
    fn what_passes_is_tried_again() {
        for has_key in [true, false] {
            for status in [408, 425, 429, 500, 503] {
                assert_eq!(Ending::of_status(status, has_key).next, Next::Retry);
            }
            for status in [400, 404, 410, 451] {
                assert_eq!(Ending::of_status(status, has_key).next, Next::Never);
            }
        }
    }
}
