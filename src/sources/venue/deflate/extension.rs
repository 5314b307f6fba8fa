//! What the server's answer to the opening request says of compression.

use super::DeflateError;

/// The beginning of a line that is kept; the rest of a longer one is passed unread.
const LINE_BYTES_MAX: usize = 8 << 10;

/// What server and client have agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agreed {
    Nothing,
    /// Messages may be compressed. With `forgets`, each stands for itself.
    Deflate {
        forgets: bool,
    },
}

/// The head of the server's answer, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Head {
    line: Vec<u8>,
    /// The status line has come, and says whether the protocol is switched.
    switches: Option<bool>,
    deflate: Option<bool>,
    /// What is wrong, told when the head is whole.
    wrong: Option<DeflateError>,
}

impl Head {
    /// Takes bytes up to the end of the head; says how many, and at the end what has been agreed on.
    pub(super) fn take(&mut self, bytes: &[u8]) -> (usize, Result<Option<Agreed>, DeflateError>) {
        let mut taken = 0;
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            taken += part.len();
            let room = LINE_BYTES_MAX.saturating_sub(self.line.len());
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            if part.last() != Some(&b'\n') {
                break;
            }
            let line = std::mem::take(&mut self.line);
            if self.line_ends(line.trim_ascii()) {
                return (taken, self.agreed().map(Some));
            }
        }
        (taken, Ok(None))
    }

    /// Takes a line; whether it was the last.
    fn line_ends(&mut self, line: &[u8]) -> bool {
        let Some(switches) = self.switches else {
            if !line.is_empty() {
                let status = line.split(|&byte| byte == b' ').nth(1);
                self.switches = Some(status == Some(b"101"));
            }
            return false;
        };
        if line.is_empty() {
            return true;
        }
        let text = String::from_utf8_lossy(line);
        if switches
            && let Some((name, value)) = text.split_once(':')
            && name.trim().eq_ignore_ascii_case("sec-websocket-extensions")
        {
            for extension in value.split(',').map(str::trim) {
                self.extension(extension);
            }
        }
        false
    }

    fn extension(&mut self, text: &str) {
        let mut parts = text.split(';').map(str::trim);
        let is_known = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("permessage-deflate"));
        let mut forgets = false;
        let is_good = parts.all(|parameter| {
            let (name, value) = match parameter.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
                None => (parameter, None),
            };
            let is_bits = |value: Option<&str>| {
                value.is_some_and(|bits| matches!(bits.parse(), Ok(8..=15_u8)))
            };
            match name.to_ascii_lowercase().as_str() {
                "server_no_context_takeover" => {
                    forgets = true;
                    value.is_none()
                }
                // What is sent is never compressed, which every setting allows.
                "client_no_context_takeover" => value.is_none(),
                // Any window fits into the largest, with which everything is inflated.
                "server_max_window_bits" | "client_max_window_bits" => is_bits(value),
                _ => false,
            }
        });
        if is_known && is_good && self.deflate.is_none() {
            self.deflate = Some(forgets);
        } else if self.wrong.is_none() {
            let shown: String = text.chars().take(100).collect();
            self.wrong = Some(DeflateError::NotOffered(shown));
        }
    }

    fn agreed(&mut self) -> Result<Agreed, DeflateError> {
        match self.wrong.take() {
            Some(error) => Err(error),
            None => Ok(match self.deflate {
                Some(forgets) => Agreed::Deflate { forgets },
                None => Agreed::Nothing,
            }),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn agreed(status: &str, headers: &str) -> Result<Agreed, DeflateError> {
        let head = format!("HTTP/1.1 {status}\r\nUpgrade: websocket\r\n{headers}\r\nrest");
        let (taken, agreed) = Head::default().take(head.as_bytes());
        assert_eq!(taken, head.len() - 4);
        // In any pieces it is the same.
        let mut piecewise = Head::default();
        let mut last = Ok(None);
        for (at, byte) in head.as_bytes().iter().enumerate() {
            last = piecewise.take(&[*byte]).1;
            if last != Ok(None) {
                assert_eq!(at + 1, taken);
                break;
            }
        }
        assert_eq!(last, agreed);
        agreed.map(Option::unwrap)
    }

    #[test]
    fn the_answer_says_whether_messages_are_compressed() {
        let switching = |headers: &str| agreed("101 Switching Protocols", headers);
        let deflate = |forgets| Ok(Agreed::Deflate { forgets });
        assert_eq!(switching(""), Ok(Agreed::Nothing));
        let name = "sec-websocket-EXTENSIONS";
        for (value, expected) in [
            ("permessage-deflate", deflate(false)),
            (
                "PerMessage-Deflate ; server_max_window_bits=\"12\"",
                deflate(false),
            ),
            (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                deflate(true),
            ),
            (
                "permessage-deflate;client_max_window_bits=15",
                deflate(false),
            ),
        ] {
            assert_eq!(
                switching(&format!("{name}: {value}\r\n")),
                expected,
                "{value}"
            );
        }
        for value in [
            "permessage-bzip2",
            "permessage-deflate, permessage-deflate",
            "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; surprise",
            "",
        ] {
            let result = switching(&format!("{name}: {value}\r\n"));
            assert!(
                matches!(result, Err(DeflateError::NotOffered(_))),
                "{value}"
            );
        }
    }

    #[test]
    fn a_refusal_agrees_on_nothing() {
        let header = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
        assert_eq!(agreed("403 Forbidden", header), Ok(Agreed::Nothing));
        assert_eq!(
            agreed("101", header),
            Ok(Agreed::Deflate { forgets: false })
        );
    }

    #[test]
    fn bare_line_feeds_and_endless_lines_are_passed() {
        let head = b"\nHTTP/1.1 101 x\nSec-WebSocket-Extensions: permessage-deflate\n\n";
        let (taken, agreed) = Head::default().take(head);
        assert_eq!(taken, head.len());
        assert_eq!(agreed, Ok(Some(Agreed::Deflate { forgets: false })));
        let mut head = Head::default();
        for _ in 0..100 {
            assert_eq!(head.take(&[b'x'; 1000]), (1000, Ok(None)));
        }
        assert_eq!(head.line.len(), LINE_BYTES_MAX);
    }
}
