//! Keeps keys out of whatever is shown or written down: a venue may send one back.

use std::fmt::{self, Write as _};
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
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
        let hidden = self.hidden_as_written(bytes);
        let text = hidden.as_deref().unwrap_or(bytes);
        self.hidden_when_decoded(text).or(hidden)
    }

    fn hidden_as_written(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut hidden: Option<Vec<u8>> = None;
        for secret in &self.0 {
            let text = hidden.as_deref().unwrap_or(bytes);
            if secret.find(text).is_none() {
                continue;
            }
            let found = secret.find_iter(text);
            let ranges = found.map(|at| at..at + secret.needle().len());
            hidden = Some(without(text, ranges));
        }
        hidden
    }

    /// The same of those of which only some characters are written in another way, as `%2F` or `&quot;`.
    fn hidden_when_decoded(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if self.0.is_empty() {
            return None;
        }
        memchr::memchr2(b'%', b'&', bytes)?;
        let mut decoded = Decoded::of(bytes);
        let mut hidden: Option<Vec<u8>> = None;
        for secret in &self.0 {
            let places = decoded.places_of(secret);
            if !places.is_empty() {
                let text = hidden.as_deref().unwrap_or(bytes);
                let text = without(text, places.into_iter());
                decoded = Decoded::of(&text);
                hidden = Some(text);
            }
        }
        hidden
    }

    /// The beginning of a message, for people. It is cut only after keys are hidden, so that no half of one is left.
    pub(crate) fn sample(&self, bytes: &[u8], bytes_max: usize) -> String {
        let longest = self.0.first().map_or(0, |key| key.needle().len());
        // A character may be written in as many as these.
        let room = longest.saturating_mul(ENTITY_BYTES_MAX + 1);
        let enough = bytes.len().min(bytes_max.saturating_add(room));
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

/// A text with something else in the place of these parts, which come in order.
fn without(text: &[u8], parts: impl Iterator<Item = Range<usize>>) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    let mut from = 0;
    for part in parts {
        kept.extend_from_slice(text.get(from..part.start).unwrap_or_default());
        kept.extend_from_slice(INSTEAD.as_bytes());
        from = part.end;
    }
    kept.extend_from_slice(text.get(from..).unwrap_or_default());
    kept
}

/// A text with the characters that `%2F`, `&#x2F;` and the like stand for.
struct Decoded {
    plain: Vec<u8>,
    /// Where each byte of it was written, and behind them the text's end.
    from: Vec<usize>,
}

impl Decoded {
    fn of(text: &[u8]) -> Self {
        let mut decoded = Self {
            plain: Vec::with_capacity(text.len()),
            from: Vec::with_capacity(text.len() + 1),
        };
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let mut utf8 = [0; 4];
            let (bytes, length): (&[u8], usize) = if let Some(byte) = percent(rest) {
                utf8[0] = byte;
                (&utf8[..1], 3)
            } else if let Some((character, length)) = entity(rest) {
                (character.encode_utf8(&mut utf8).as_bytes(), length)
            } else {
                (&rest[..1], 1)
            };
            for byte in bytes {
                decoded.plain.push(*byte);
                decoded.from.push(at);
            }
            at += length;
        }
        decoded.from.push(text.len());
        decoded
    }

    /// Where a secret was written.
    fn places_of(&self, secret: &Finder<'_>) -> Vec<Range<usize>> {
        let place = |at: usize| {
            let end = at + secret.needle().len();
            Some(*self.from.get(at)?..*self.from.get(end)?)
        };
        secret.find_iter(&self.plain).filter_map(place).collect()
    }
}

/// The byte that `%2F` stands for at the beginning of a text.
fn percent(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = *text else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// The longest name of a character in HTML that is known here, with what is around it.
const ENTITY_BYTES_MAX: usize = 10;

/// The character that `&quot;`, `&#34;` or `&#x22;` stands for at the beginning of a text, and the length of that.
fn entity(text: &[u8]) -> Option<(char, usize)> {
    let rest = text.strip_prefix(b"&")?;
    let end = memchr::memchr(b';', rest.get(..ENTITY_BYTES_MAX.min(rest.len()))?)?;
    let name = std::str::from_utf8(rest.get(..end)?).ok()?;
    let character = match name {
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "lt" => '<',
        "gt" => '>',
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)?
        }
    };
    Some((character, end + 2))
}

/// What may stand in a URL as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The ways in which a secret may be written: as it is, in JSON, in a URL, any of these in a text of JSON within JSON, and
/// as base64.
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
    forms.extend([STANDARD.encode(plain), URL_SAFE.encode(plain)]);
    forms.extend([STANDARD_NO_PAD.encode(plain), URL_SAFE_NO_PAD.encode(plain)]);
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
    fn keys_are_hidden_in_whatever_spelling() {
        let secrets = Secrets::new(&["CaNaRy/42+x==\"qé".into(), "a%2Fb%2Fc".into()]);
        let hide = |text: &str| secrets.hide(text.to_owned());
        for text in [
            "CaNaRy%2F42+x==\"qé",
            "CaNaRy/42%2bx=%3D%22q%C3%A9",
            "%43aNaRy/42+x==\"qé",
            "CaNaRy&#x2F;42+x==&quot;q&#233;",
            "CaNaRy&#47;42&#43;x==&QUOT;qé"
                .replace("QUOT", "quot")
                .as_str(),
            "Q2FOYVJ5LzQyK3g9PSJxw6k=",
            "Q2FOYVJ5LzQyK3g9PSJxw6k",
            "a%2Fb%2Fc",
        ] {
            assert_eq!(hide(&format!("1&{text}% {text};")), "1&***% ***;", "{text}");
        }
        for text in [
            "%",
            "%2",
            "&",
            "&;",
            "&#;",
            "&#x110000;",
            "%C3%28 &amp; 100%25",
        ] {
            assert_eq!(hide(text), text);
        }
        let long = format!("12345{}", "CaNaRy/42+x==\"qé".replace('/', "&#x0002F;"));
        assert_eq!(secrets.sample(long.as_bytes(), 8), "12345***");
    }

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
