//! Keeps keys out of whatever is shown or written down: a venue may send one back.

use std::fmt::{self, Write as _};

use memchr::memmem::Finder;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
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

/// What may stand in a URL as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The ways in which a secret may be written: as it is, in JSON, in a URL, and any of these in a text of JSON within JSON.
fn forms(secret: &SecretString) -> Vec<String> {
    let plain = secret.expose_secret();
    if plain.len() < SECRET_BYTES_MIN {
        return Vec::new();
    }
    let quoted = serde_json::Value::from(plain).to_string();
    let escaped = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    let slashed = escaped.replace('/', "\\/");
    let percent = utf8_percent_encode(plain, NON_ALPHANUMERIC).to_string();
    let sparing = utf8_percent_encode(plain, UNRESERVED).to_string();
    let as_form = sparing.replace("%20", "+");
    let mut forms = vec![plain.to_owned()];
    for form in [
        escaped.to_owned(),
        in_ascii(escaped),
        in_ascii(&slashed),
        slashed,
        in_small_digits(&percent),
        in_small_digits(&sparing),
        in_small_digits(&as_form),
        percent,
        sparing,
        as_form,
    ] {
        let within = form.replace('\\', "\\\\").replace('"', "\\\"");
        for form in [form, within] {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

/// A text in JSON with everything that is not ASCII escaped.
fn in_ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]).iter() {
                // Writing to a text does not fail.
                write!(ascii, "\\u{unit:04x}").unwrap_or(());
            }
        }
    }
    ascii
}

/// A percent-encoded text with small letters as digits.
fn in_small_digits(text: &str) -> String {
    let mut digits = 0;
    let small = text.chars().map(|c| match (c, digits) {
        ('%', _) => {
            digits = 2;
            c
        }
        (_, 0) => c,
        _ => {
            digits -= 1;
            c.to_ascii_lowercase()
        }
    });
    small.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_hidden_wherever_they_stand() {
        let mut secrets = Secrets::new(&["CANARY".into(), "abc".into()]);
        secrets.add(&"CANARY-LONGER/é".into());
        secrets.add(&"QUOTED\"\\/x".into());
        let hide = |text: &str| secrets.hide(text.to_owned());
        for text in [
            r#"QUOTED"\/x"#,
            r#"QUOTED\"\\/x"#,
            r#"QUOTED\"\\\/x"#,
            r#"QUOTED\\\"\\\\/x"#,
            r#"QUOTED\\\"\\\\\\/x"#,
        ] {
            assert_eq!(hide(text), "***");
        }
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
