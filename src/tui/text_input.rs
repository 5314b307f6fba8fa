//! A line of text being typed.

use unicode_segmentation::UnicodeSegmentation;

use super::action::Edit;
use super::text::safe;

/// More is not taken, however much is pasted.
const BYTES_MAX: usize = 16_384;

/// The text and where the cursor stands in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextInput {
    text: String,
    /// In bytes, always between two graphemes.
    cursor: usize,
}

impl TextInput {
    /// A line that already has text in it, the cursor at its end.
    #[must_use]
    pub fn with(text: &str) -> Self {
        let mut input = Self::default();
        input.set(text);
        input
    }

    /// What has been typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Puts another text in its place, the cursor at the end.
    pub fn set(&mut self, text: &str) {
        self.text.clear();
        self.cursor = 0;
        self.insert(text);
    }

    /// Types or pastes a text: line ends become spaces, what cannot be shown is left out.
    pub fn insert(&mut self, text: &str) {
        for part in safe(text).replace('\u{fffd}', "").graphemes(true) {
            if self.text.len() + part.len() > BYTES_MAX {
                return;
            }
            self.text.insert_str(self.cursor, part);
            self.cursor += part.len();
        }
    }

    /// Puts a text in the place of the last `length` bytes before the cursor, as far as there are so many.
    pub fn replace_before(&mut self, length: usize, text: &str) {
        let start = self.cursor.saturating_sub(length);
        if self.text.is_char_boundary(start) {
            self.text.replace_range(start..self.cursor, "");
            self.cursor = start;
        }
        self.insert(text);
    }

    /// The text before the cursor and after it.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        self.text.split_at(self.cursor)
    }

    /// Moves or deletes; tells whether the text has changed.
    pub fn edit(&mut self, edit: Edit) -> bool {
        let (before, after) = self.parts();
        let left = before.graphemes(true).next_back().map_or(0, str::len);
        let right = after.graphemes(true).next().map_or(0, str::len);
        let word = before.len() - word_start(before);
        let (delete, cursor) = match edit {
            Edit::Left => (0..0, self.cursor - left),
            Edit::Right => (0..0, self.cursor + right),
            Edit::Home => (0..0, 0),
            Edit::End => (0..0, self.text.len()),
            Edit::DeleteBack => (self.cursor - left..self.cursor, self.cursor - left),
            Edit::DeleteForward => (self.cursor..self.cursor + right, self.cursor),
            Edit::DeleteWord => (self.cursor - word..self.cursor, self.cursor - word),
            Edit::DeleteToStart => (0..self.cursor, 0),
            _ => return false,
        };
        let changed = !delete.is_empty();
        self.text.replace_range(delete, "");
        self.cursor = cursor;
        changed
    }
}

/// Where the last word of a text begins; spaces after it belong to it.
fn word_start(text: &str) -> usize {
    let trimmed = text.trim_end_matches([' ', ',']);
    trimmed.rfind([' ', ',']).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editing() {
        let mut input = TextInput::with("add TSLA,SPY");
        assert!(input.edit(Edit::DeleteWord));
        assert_eq!(input.text(), "add TSLA,");
        input.edit(Edit::DeleteWord);
        assert_eq!(input.text(), "add ");
        input.edit(Edit::Home);
        input.insert("x");
        assert_eq!(input.parts(), ("x", "add "));
        assert!(input.edit(Edit::DeleteForward));
        assert!(input.edit(Edit::DeleteBack));
        assert!(!input.edit(Edit::DeleteBack));
        assert_eq!(input.text(), "dd ");
        input.edit(Edit::End);
        input.edit(Edit::DeleteToStart);
        assert_eq!(input.text(), "");
    }

    #[test]
    fn wide_and_hostile_text() {
        let mut input = TextInput::default();
        input.insert("日経\x1b[31m\nA\u{202e}");
        assert_eq!(input.text(), "日経[31m A");
        input.edit(Edit::Home);
        input.edit(Edit::Right);
        assert_eq!(input.parts().0, "日");
        input.insert(&"x".repeat(1_000_000));
        assert!(input.text().len() <= BYTES_MAX);
    }
}
