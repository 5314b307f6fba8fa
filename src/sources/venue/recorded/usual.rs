//! The line of a message's text, which nearly all lines are, in the one form in which this program writes it: read in one
//! pass, because a replay that jumps has to get through millions of them.

use memchr::memchr2_iter;

use crate::domain::time::UnixMs;

/// No number that is read here is so long that it could overflow.
const DIGITS_MAX: usize = 15;

/// Puts the text of such a line in the place of what is in `text`, and gives when it came and on which connection. `None`
/// of any other line, also of one that says the same in another form: that is for [`Line`](super::line::Line) to read.
pub(super) fn text(line: &[u8], text: &mut String) -> Option<(UnixMs, usize)> {
    text.clear();
    let rest = line.strip_prefix(br#"{"ms":"#)?;
    let (ms, rest) = number(rest)?;
    let rest = rest.strip_prefix(br#","on":"#)?;
    let (connection, rest) = number(rest)?;
    let rest = rest.strip_prefix(br#","in":"text","text":""#)?;
    let inside = std::str::from_utf8(rest.strip_suffix(br#""}"#)?).ok()?;
    unescape(inside, text)?;
    Some((
        UnixMs(i64::try_from(ms).ok()?),
        usize::try_from(connection).ok()?,
    ))
}

/// A number at the beginning, and what follows it.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = bytes.split_at(end);
    let is_plain = match digits {
        [] => false,
        [b'0', more @ ..] => more.is_empty(),
        _ => digits.len() <= DIGITS_MAX,
    };
    let value = digits
        .iter()
        .fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
    is_plain.then_some((value, rest))
}

/// What stands between the quotes of a JSON string. `None` of what may not stand there, and of escapes by number, which
/// are rare.
fn unescape(inside: &str, text: &mut String) -> Option<()> {
    if inside.bytes().any(|byte| byte < b' ') {
        return None;
    }
    let bytes = inside.as_bytes();
    let mut from = 0;
    for at in memchr2_iter(b'"', b'\\', bytes) {
        if at < from {
            // It stands behind a backslash.
            continue;
        }
        if bytes[at] == b'"' {
            return None;
        }
        let meant = match bytes.get(at + 1)? {
            byte @ (b'"' | b'\\' | b'/') => char::from(*byte),
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            _ => return None,
        };
        text.push_str(inside.get(from..at)?);
        text.push(meant);
        from = at + 2;
    }
    text.push_str(inside.get(from..)?);
    Some(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::super::line::{Line, What};
    use super::*;
    use crate::sources::venue::Incoming;
    use crate::sources::venue::session::Input;

    /// Whether it is read here; then just as it is read otherwise.
    fn is_read(line: &[u8]) -> bool {
        let mut read = "what was there before".to_owned();
        let Some((now, connection)) = text(line, &mut read) else {
            return false;
        };
        let recorded = Line::read(line).unwrap().into_recorded().unwrap();
        assert_eq!((recorded.now, recorded.connection), (now, connection));
        assert_eq!(recorded.what, What::Text(read.into()));
        true
    }

    #[test]
    fn lines_are_read_as_they_are_otherwise() {
        for (line, expected) in [
            (
                r#"{"ms":1720522860123,"on":0,"in":"text","text":"{\"a\":1}"}"#,
                true,
            ),
            (r#"{"ms":0,"on":12,"in":"text","text":""}"#, true),
            (
                r#"{"ms":1,"on":0,"in":"text","text":"\\\"\n\t\r\b\f\/日本"}"#,
                true,
            ),
            (r#"{"ms":1,"on":0,"in":"text","text":"\\"}"#, true),
            (r#"{"ms":1,"on":0,"in":"text","text":"\u0007"}"#, false),
            (r#"{"ms":1,"on":0,"in":"text","text":"\"}"#, false),
            (r#"{"ms":1,"on":0,"in":"text","text":"a"b"}"#, false),
            (r#"{"ms":1,"on":0,"in":"text","text":"a","id":"b"}"#, false),
            (r#"{"ms":1,"on":0,"in":"text","text":"\x"}"#, false),
            (r#"{"ms":01,"on":0,"in":"text","text":"a"}"#, false),
            (r#"{"ms":-1,"on":0,"in":"text","text":"a"}"#, false),
            (
                r#"{"ms":1234567890123456,"on":0,"in":"text","text":"a"}"#,
                false,
            ),
            (r#"{"ms":,"on":0,"in":"text","text":"a"}"#, false),
            (r#"{"ms":1,"on":0,"in":"text","text":"a"} "#, false),
            (r#"{"ms":1, "on":0,"in":"text","text":"a"}"#, false),
            (r#"{"ms":1,"on":0,"in":"tick"}"#, false),
        ] {
            assert_eq!(is_read(line.as_bytes()), expected, "{line}");
        }
        assert!(!is_read(
            b"{\"ms\":1,\"on\":0,\"in\":\"text\",\"text\":\"\t\"}"
        ));
        assert!(!is_read(
            b"{\"ms\":1,\"on\":0,\"in\":\"text\",\"text\":\"\xff\"}"
        ));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read(message in prop_oneof![any::<String>(), "[ -~\\n\"\\\\]{0,60}"], ms in 0..1_i64 << 45) {
            let mut line = Vec::new();
            let input = Input::Message(Incoming::Text(&message));
            Line::of(3, UnixMs(ms), &input).write(&mut line);
            let has_rare = message.bytes().any(|byte| byte < b' ' && !b"\n\t\r\x08\x0c".contains(&byte));
            prop_assert_eq!(is_read(&line), !has_rare);
        }

        #[test]
        fn what_is_changed_is_read_alike_or_not_at_all(at in 0_usize..70, byte in any::<u8>()) {
            let mut line = br#"{"ms":1720522860123,"on":0,"in":"text","text":"{\"a\":\"\\n\",\"b\":1}"}"#.to_vec();
            let place = at % line.len();
            line[place] = byte;
            is_read(&line);
        }
    }
}
