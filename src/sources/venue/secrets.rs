//! Keeps keys out of whatever is shown or written down: a venue may send one back.

use std::fmt;

use memchr::memmem::Finder;
use secrecy::{ExposeSecret, SecretString};

/// What stands for a key.
const INSTEAD: &str = "***";
/// What is shorter is no secret, and would be found everywhere.
const SECRET_BYTES_MIN: usize = 4;

/// What must never be shown, in all the ways in which it may be written: the longest first, because one may hold another.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<Finder<'static>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    pub(crate) fn new<'a>(known: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut secrets = Self::default();
        for secret in known {
            secrets.add(secret);
        }
        secrets
    }

    /// Adds one that has come up only now.
    pub(crate) fn add(&mut self, secret: &SecretString) {
        for form in forms(secret) {
            if !self.0.iter().any(|known| known.needle() == form.as_bytes()) {
                self.0.push(Finder::new(form.as_bytes()).into_owned());
            }
        }
        self.0
            .sort_by_key(|secret| std::cmp::Reverse(secret.needle().len()));
    }

    /// The text without them.
    pub(crate) fn hide(&self, text: String) -> String {
        match self.hidden(text.as_bytes()) {
            Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            None => text,
        }
    }

    /// The bytes without them; `None` when they hold none.
    pub(crate) fn hidden(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut hidden: Option<Vec<u8>> = None;
        for secret in &self.0 {
            let text = hidden.as_deref().unwrap_or(bytes);
            if secret.find(text).is_none() {
                continue;
            }
            let mut kept = Vec::with_capacity(text.len());
            let mut from = 0;
            for at in secret.find_iter(text) {
                kept.extend_from_slice(&text[from..at]);
                kept.extend_from_slice(INSTEAD.as_bytes());
                from = at + secret.needle().len();
            }
            kept.extend_from_slice(&text[from..]);
            hidden = Some(kept);
        }
        hidden
    }

    /// The beginning of a message, for people. It is cut only after keys are hidden, so that no half of one is left.
    pub(crate) fn sample(&self, bytes: &[u8], bytes_max: usize) -> String {
        let longest = self.0.first().map_or(0, |key| key.needle().len());
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

/// The ways in which a secret may be written: as it is, and as JSON and URLs write it.
fn forms(secret: &SecretString) -> Vec<String> {
    let plain = secret.expose_secret();
    if plain.len() < SECRET_BYTES_MIN {
        return Vec::new();
    }
    let escaped = serde_json::Value::from(plain).to_string();
    let escaped = escaped.trim_matches('"').to_owned();
    let slashed = escaped.replace('/', "\\/");
    let encode = percent_encoding::utf8_percent_encode;
    let percent = encode(plain, percent_encoding::NON_ALPHANUMERIC).to_string();
    vec![plain.to_owned(), escaped, slashed, percent]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_hidden_wherever_they_stand() {
        let mut secrets = Secrets::new(&["CANARY".into(), "abc".into()]);
        secrets.add(&"CANARY-LONGER/é".into());
        let hide = |text: &str| secrets.hide(text.to_owned());
        assert_eq!(hide("CANARY x CANARY-LONGER/é abc"), "*** x *** abc");
        assert_eq!(
            hide("CANARY-LONGER\\/é CANARY%2DLONGER%2F%C3%A9"),
            "*** ***"
        );
        // A key that begins within what is shown and ends beyond it.
        assert_eq!(secrets.sample(b"12345CANARY", 8), "12345***");
        assert_eq!(secrets.sample(b"1234567CANARY", 8), "1234567*");
        assert_eq!(secrets.sample("123456é".as_bytes(), 7), "123456");
        assert_eq!(secrets.sample(b"\xff\xfe", 8), "\u{fffd}\u{fffd}");
        assert_eq!(secrets.hidden(b"\xffCANARY"), Some(b"\xff***".to_vec()));
        assert_eq!(secrets.hidden(b"CANAR"), None);
        assert!(!format!("{secrets:?}").contains("CANARY"));
    }
}
