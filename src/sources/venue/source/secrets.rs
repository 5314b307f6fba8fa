//! Keeps keys out of whatever is shown: a venue may send one back.

use secrecy::{ExposeSecret, SecretString};

use crate::sources::venue::recorded::forms;

/// What must never be shown, in all the ways in which it may be written.
#[derive(Debug, Default)]
pub(super) struct Secrets(Vec<SecretString>);

impl Secrets {
    pub(super) fn new(known: &[SecretString]) -> Self {
        let mut secrets = Self::default();
        for secret in known {
            secrets.add(secret);
        }
        secrets
    }

    /// Adds one that has come up only now.
    pub(super) fn add(&mut self, secret: &SecretString) {
        for form in forms(secret) {
            if !self.0.iter().any(|known| known.expose_secret() == form) {
                self.0.push(form.into());
            }
        }
        // Where one holds the other, the longer has to go first.
        self.0
            .sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
    }

    /// The text without them.
    pub(super) fn hide(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| {
            let secret = secret.expose_secret();
            if text.contains(secret) {
                text.replace(secret, "•••")
            } else {
                text
            }
        })
    }

    /// The beginning of a message, for people. It is cut only after keys are hidden, so that no half of one is left.
    pub(super) fn sample(&self, bytes: &[u8], bytes_max: usize) -> String {
        let longest = self.0.first().map_or(0, |key| key.expose_secret().len());
        let enough = bytes.len().min(bytes_max.saturating_add(longest));
        let mut text = self.hide(String::from_utf8_lossy(&bytes[..enough]).into_owned());
        if text.len() > bytes_max {
            let end = (0..=bytes_max)
                .rev()
                .find(|&end| text.is_char_boundary(end))
                .unwrap_or(0);
            text.truncate(end);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_hidden_wherever_they_stand() {
        let mut secrets = Secrets::new(&["CANARY".into(), "abc".into()]);
        secrets.add(&"CANARY-LONGER".into());
        let hidden = secrets.hide("CANARY x CANARY-LONGER abc".to_owned());
        assert_eq!(hidden, "••• x ••• abc");
        // A key that begins within what is shown and ends beyond it.
        assert_eq!(secrets.sample(b"12345CANARY", 8), "12345•");
        assert_eq!(secrets.sample(b"1234567CANARY", 8), "1234567");
        assert_eq!(secrets.sample(b"\xff\xfe", 8), "\u{fffd}\u{fffd}");
    }
}
