//! How a connection ends, and what follows.

use std::time::Duration;

use crate::domain::outcome::ErrorKind;

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

    /// What an HTTP status means instead of a connection. The driver works in what `Retry-After` asks for.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::never(
                ErrorKind::AuthError,
                format!("the venue refused the connection (HTTP {status}); check the key"),
            ),
            418 | 429 => Self::retry(
                ErrorKind::RateLimited,
                format!("the venue asks for fewer connections (HTTP {status})"),
            ),
            400..=499 => Self::never(
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
