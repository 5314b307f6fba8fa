//! What may be written to a terminal, and nothing else.

/// What was found in a run's output.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Frames, each in synchronized-update brackets.
    pub frames: usize,
    /// The texts put on the clipboard, decoded.
    pub clipboard: Vec<String>,
    /// Whether any colour was set.
    pub has_color: bool,
}

/// Private modes that may be turned on and off outside frames.
const MODES: [&str; 6] = ["1049", "25", "2004", "1000", "1002", "1006"];

/// Reads all that was written, and panics at what does not belong there: sequences that are not on the list, queries,
/// control and invisible characters, text or looks outside a frame, frames within frames.
pub fn check(bytes: &[u8]) -> Found {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    let mut reader = Reader {
        text,
        at: 0,
        is_in_frame: false,
        found: Found::default(),
    };
    while reader.step() {}
    assert!(!reader.is_in_frame, "the last frame is not complete");
    reader.found
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    is_in_frame: bool,
    found: Found,
}

impl Reader<'_> {
    fn step(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let Some(first) = rest.chars().next() else {
            return false;
        };
        if let Some(sequence) = rest.strip_prefix("\x1b[") {
            self.at += 2 + self.control_sequence(sequence);
        } else if let Some(command) = rest.strip_prefix("\x1b]") {
            self.at += 2 + self.command(command);
        } else {
            if is_forbidden(first) {
                self.refuse("a character that must not be drawn", first.len_utf8());
            }
            if !self.is_in_frame {
                self.refuse("text outside a frame", first.len_utf8());
            }
            self.at += first.len_utf8();
        }
        true
    }

    /// Gives the length of what follows `ESC [`.
    fn control_sequence(&mut self, sequence: &str) -> usize {
        let length = sequence
            .find(|c: char| ('\u{40}'..='\u{7e}').contains(&c))
            .map_or(sequence.len(), |at| at + 1);
        let (parameters, last) = sequence[..length].split_at(length.saturating_sub(1));
        let numbers = || {
            parameters.split(';').all(|number| {
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        match last {
            "h" | "l" => {
                let mode = parameters.strip_prefix('?').unwrap_or_default();
                self.mode(mode, last == "h", length);
            }
            "H" if self.is_in_frame && numbers() && parameters.split(';').count() == 2 => {}
            "J" if self.is_in_frame && parameters == "2" => {}
            "m" if numbers() && (self.is_in_frame || parameters == "0") => {
                self.found.has_color |= sets_color(parameters);
            }
            _ => self.refuse("a sequence that is not on the list", length + 2),
        }
        length
    }

    fn mode(&mut self, mode: &str, is_on: bool, length: usize) {
        match mode {
            "2026" if is_on => {
                if self.is_in_frame {
                    self.refuse("a frame within a frame", length + 2);
                }
                self.is_in_frame = true;
                self.found.frames += 1;
            }
            "2026" => self.is_in_frame = false,
            mode if MODES.contains(&mode) && !self.is_in_frame => {}
            _ => self.refuse("a mode that is not on the list", length + 2),
        }
    }

    /// Gives the length of what follows `ESC ]`. Only the clipboard may be written to, and never asked for.
    fn command(&mut self, command: &str) -> usize {
        use base64::Engine as _;
        let length = command.find('\x07').map_or(command.len(), |at| at + 1);
        let content = command[..length].strip_suffix('\x07').unwrap_or_default();
        let decoded = content
            .strip_prefix("52;c;")
            .and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok())
            .and_then(|text| String::from_utf8(text).ok());
        match decoded {
            Some(text) => self.found.clipboard.push(text),
            None => self.refuse("an operating system command", length + 2),
        }
        length
    }

    fn refuse(&self, why: &str, length: usize) -> ! {
        let end = (self.at + length).min(self.text.len());
        panic!("{why} at byte {}: {:?}", self.at, &self.text[self.at..end]);
    }
}

/// Whether a character could steer a terminal, or would not be seen.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn sets_color(parameters: &str) -> bool {
    parameters
        .split(';')
        .filter_map(|number| number.parse::<u32>().ok())
        .any(|number| matches!(number, 30..=38 | 40..=48 | 90..=97 | 100..=107))
}

#[test]
fn what_is_on_the_list_passes() {
    let found = check(
        b"\x1b[?1049h\x1b[?25l\x1b[?2026h\x1b[0m\x1b[2J\x1b[1;2Ha\x1b[0;1;38;5;9mb\x1b]52;c;aGk=\x07\x1b[?2026l\x1b[?2026l\x1b[0m\x1b[?25h\x1b[?1049l",
    );
    assert_eq!(found.frames, 1);
    assert_eq!(found.clipboard, ["hi"]);
    assert!(found.has_color);
}

#[test]
fn what_is_not_on_the_list_is_found() {
    for wrong in [
        "\x1b[6n",
        "\x1b[c",
        "\x1b[>c",
        "\x1b[?2026$p",
        "\x1b]11;?\x07",
        "\x1b]52;c;?\x07",
        "\x1b]0;title\x07",
        "\x1bP+q\x1b\\",
        "\x1b[?2026h",
        "\x1b[?2026h\x1b[?2026h",
        "\x1b[1;2H",
        "text",
        "\x1b[?2026h\u{9b}6n\x1b[?2026l",
        "\x1b[?2026h\u{202e}\x1b[?2026l",
        "\x1b[?2026h\u{200b}\x1b[?2026l",
        "\x1b[?2026h\r\n\x1b[?2026l",
        "\x1b[?2026h\x1b[?47h\x1b[?2026l",
        "\x1b[?2026h\x1b[3J\x1b[?2026l",
    ] {
        let is_refused = std::panic::catch_unwind(|| check(wrong.as_bytes())).is_err();
        assert!(is_refused, "{wrong:?}");
    }
}
