//! Short messages in the footer.

use crate::domain::clock::Nanos;

use super::Model;

/// How long a notice stays in the footer.
pub(super) const NOTICE_MS: u64 = 4_000;

/// A short message in the footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Notice {
    pub(in super::super) text: String,
    pub(in super::super) is_error: bool,
    pub(super) since: Nanos,
}

impl Model {
    /// Says something in the footer for a few seconds.
    pub fn notify(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            is_error: false,
            since: self.now,
        });
    }

    /// Says what has gone wrong.
    pub fn notify_error(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            is_error: true,
            since: self.now,
        });
    }
}
