//! A borrowing JSON scanner: it moves over a line once, checks the grammar of everything it passes, and builds nothing.

mod text;

pub(super) use text::Text;

/// Objects and lists inside one another that are followed.
const DEPTH_MAX: u32 = 127;

/// A place where the text is no JSON, and what is wrong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Syntax {
    /// Bytes before the place.
    pub(super) at: usize,
    pub(super) reason: &'static str,
}

/// What kind of value stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    List,
    Text,
    Number,
    /// `NaN`, `Infinity` or `-Infinity`: no JSON, but written by programs that should know better.
    NotFinite,
    True,
    False,
    Null,
}

impl Kind {
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::List => "a list",
            Self::Text => "a string",
            Self::Number => "a number",
            Self::NotFinite => "a number that is not finite",
            Self::True => "true",
            Self::False => "false",
            Self::Null => "null",
        }
    }
}

/// How many bytes come before the next quote, backslash or control character, or before the last seven: eight are looked
/// at together.
#[inline]
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let mut at = 0;
    while let Some((eight, _)) = bytes[at..].split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        let quote = word ^ (ONES * u64::from(b'"'));
        let backslash = word ^ (ONES * u64::from(b'\\'));
        // The highest bit of every byte that is zero, or below 0x20; of the lowest such byte reliably.
        let special = (quote.wrapping_sub(ONES) & !quote
            | backslash.wrapping_sub(ONES) & !backslash
            | word.wrapping_sub(ONES * 0x20) & !word)
            & HIGHS;
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    at
}

/// A place in a line.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
        }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Goes on at `at`, which the caller knows to be the end of a token.
    pub(super) fn move_to(&mut self, at: usize) {
        self.at = at;
    }

    /// The text from `start` to here.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    #[cold]
    pub(super) fn wrong(&self, reason: &'static str) -> Syntax {
        let reason = if self.at >= self.bytes.len() {
            "the line ends too early"
        } else {
            reason
        };
        Syntax {
            at: self.at,
            reason,
        }
    }

    /// The next byte that is no white space.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Passes `byte`, if it comes next.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8, reason: &'static str) -> Result<(), Syntax> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(self.wrong(reason))
        }
    }

    /// Nothing may follow but white space.
    pub(super) fn finish(&mut self) -> Result<(), Syntax> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.wrong("something follows the end of the object")),
        }
    }

    /// Passes a key and its colon.
    #[inline]
    pub(super) fn key(&mut self) -> Result<Text<'a>, Syntax> {
        let key = self.string()?;
        if self.bytes.get(self.at) == Some(&b':') {
            self.at += 1;
        } else {
            self.expect(b':', "a ':' is missing after a key")?;
        }
        Ok(key)
    }

    /// Passes a key and its colon, if the text goes on with exactly these bytes.
    #[inline]
    pub(super) fn take_bytes(&mut self, expected: &[u8]) -> bool {
        let found = self
            .bytes
            .get(self.at..self.at + expected.len())
            .is_some_and(|bytes| bytes == expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    /// Passes what stands between two members, or the end: whether there is another member.
    #[inline]
    pub(super) fn another(&mut self, end: u8) -> Result<bool, Syntax> {
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == end => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(self.wrong("a ',' or a closing bracket is missing")),
        }
    }

    /// Passes a string.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Text<'a>, Syntax> {
        self.expect(b'"', "a string is missing")?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += plain_bytes(&self.bytes[self.at..]);
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(0..=0x1f) => return Err(self.wrong("a string holds a control character")),
                Some(_) => self.at += 1,
                None => return Err(self.wrong("a string has no end")),
            }
        }
        let text = Text {
            raw: &self.text[start..self.at],
            at: start,
            escaped,
        };
        self.at += 1;
        Ok(text)
    }

    #[cold]
    fn escape(&mut self) -> Result<(), Syntax> {
        self.at += 1;
        match self.bytes.get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    match self.bytes.get(self.at) {
                        Some(byte) if byte.is_ascii_hexdigit() => self.at += 1,
                        _ => return Err(self.wrong("\\u needs four hexadecimal digits")),
                    }
                }
            }
            _ => return Err(self.wrong("an unknown escape in a string")),
        }
        Ok(())
    }

    /// What kind of value comes next.
    pub(super) fn kind(&mut self) -> Result<Kind, Syntax> {
        match self.peek() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::List),
            Some(b'"') => Ok(Kind::Text),
            Some(b'-') if self.bytes.get(self.at + 1) == Some(&b'I') => Ok(Kind::NotFinite),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b'N' | b'I') => Ok(Kind::NotFinite),
            Some(b't') => Ok(Kind::True),
            Some(b'f') => Ok(Kind::False),
            Some(b'n') => Ok(Kind::Null),
            _ => Err(self.wrong("a value is missing")),
        }
    }

    /// Passes one word.
    #[inline]
    pub(super) fn word(&mut self, word: &'static str) -> Result<(), Syntax> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.wrong("no such value"))
        }
    }

    /// Passes a value of the given kind that holds no other values.
    fn scalar(&mut self, kind: Kind) -> Result<(), Syntax> {
        match kind {
            Kind::Text => self.string().map(|_| ()),
            Kind::True => self.word("true"),
            Kind::False => self.word("false"),
            Kind::Null => self.word("null"),
            Kind::NotFinite => match self.bytes.get(self.at) {
                Some(b'N') => self.word("NaN"),
                Some(b'I') => self.word("Infinity"),
                _ => self.word("-Infinity"),
            },
            Kind::Number => self.number_syntax(),
            Kind::Object | Kind::List => Ok(()),
        }
    }

    fn number_syntax(&mut self) -> Result<(), Syntax> {
        let digits = |scanner: &mut Self| {
            let start = scanner.at;
            while matches!(scanner.bytes.get(scanner.at), Some(b'0'..=b'9')) {
                scanner.at += 1;
            }
            scanner.at > start
        };
        self.at += usize::from(self.bytes.get(self.at) == Some(&b'-'));
        let ok = if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
            true
        } else {
            digits(self)
        };
        let mut ok = ok;
        if ok && self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            ok = digits(self);
        }
        if ok && matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.bytes.get(self.at), Some(b'+' | b'-')));
            ok = digits(self);
        }
        if ok {
            Ok(())
        } else {
            Err(self.wrong("a number is malformed"))
        }
    }

    /// Passes any value, however deep, without recursion.
    pub(super) fn skip(&mut self) -> Result<(), Syntax> {
        // One bit for each open bracket: set for an object.
        let mut open: u128 = 0;
        let mut depth: u32 = 0;
        loop {
            let kind = self.kind()?;
            let starts_object = kind == Kind::Object;
            if starts_object || kind == Kind::List {
                if depth >= DEPTH_MAX {
                    return Err(self.wrong("too many brackets inside one another"));
                }
                self.at += 1;
                let end = if starts_object { b'}' } else { b']' };
                if !self.take(end) {
                    open = (open << 1) | u128::from(starts_object);
                    depth += 1;
                    if starts_object {
                        self.key()?;
                    }
                    continue;
                }
            } else {
                self.scalar(kind)?;
            }
            // A value has ended: close what ends with it.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let within_braces = open & 1 == 1;
                if self.another(if within_braces { b'}' } else { b']' })? {
                    if within_braces {
                        self.key()?;
                    }
                    break;
                }
                open >>= 1;
                depth -= 1;
            }
        }
    }
}

#[cfg(test)]
#[path = "json/tests.rs"]
mod tests;
