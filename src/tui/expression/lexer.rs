//! Characters into the words of an expression.

use super::super::panels::watchlist::Column;
use super::ExpressionError;

/// A word of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    Number(f64),
    /// A column, a value, a function or a word of the language, as it was written.
    Name(String),
    Text(String),
    Plus,
    Minus,
    Times,
    Over,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    Not,
    And,
    Or,
    Open,
    Close,
    Comma,
    End,
}

/// A word and the number of characters before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    pub word: Word,
    pub at: usize,
}

/// Reads words one after another; places are counted in characters.
#[derive(Debug)]
pub struct Lexer {
    chars: Vec<char>,
    at: usize,
}

/// Whether a character can stand within a name; names of values have dots and timeframes in them.
pub fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '@')
}

impl Lexer {
    pub fn new(text: &str) -> Self {
        Self {
            chars: text.chars().collect(),
            at: 0,
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn skip_spaces(&mut self) {
        while self.peek(0).is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// The characters that hold a condition, from here on.
    fn take_while(&mut self, holds: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.peek(0).filter(|c| holds(*c)) {
            taken.push(c);
            self.at += 1;
        }
        taken
    }

    /// The next word; [`Word::End`] from the end on.
    pub fn next(&mut self) -> Result<Token, ExpressionError> {
        self.skip_spaces();
        let at = self.at;
        let token = |word| Ok(Token { word, at });
        let Some(c) = self.peek(0) else {
            return token(Word::End);
        };
        let second = self.peek(1);
        if c.is_ascii_digit() || (c == '.' && second.is_some_and(|c| c.is_ascii_digit())) {
            return self.number(at).map(|number| Token {
                word: Word::Number(number),
                at,
            });
        }
        if c.is_ascii_alphabetic() || c == '_' {
            let name = self.name();
            return token(match name.to_ascii_lowercase().as_str() {
                "and" => Word::And,
                "or" => Word::Or,
                "not" => Word::Not,
                _ => Word::Name(name),
            });
        }
        if matches!(c, '"' | '\'') {
            return self.quoted(at).map(|text| Token {
                word: Word::Text(text),
                at,
            });
        }
        let (word, length) = match (c, second) {
            ('<', Some('=')) => (Word::LessOrEqual, 2),
            ('<', Some('>')) | ('!', Some('=')) => (Word::NotEqual, 2),
            ('>', Some('=')) => (Word::GreaterOrEqual, 2),
            ('=', Some('=')) => (Word::Equal, 2),
            ('&', Some('&')) => (Word::And, 2),
            ('|', Some('|')) => (Word::Or, 2),
            ('<', _) => (Word::Less, 1),
            ('≤', _) => (Word::LessOrEqual, 1),
            ('>', _) => (Word::Greater, 1),
            ('≥', _) => (Word::GreaterOrEqual, 1),
            ('=', _) => (Word::Equal, 1),
            ('≠', _) => (Word::NotEqual, 1),
            ('!', _) => (Word::Not, 1),
            ('+', _) => (Word::Plus, 1),
            ('-' | '−', _) => (Word::Minus, 1),
            ('*' | '×', _) => (Word::Times, 1),
            ('/' | '÷', _) => (Word::Over, 1),
            ('(', _) => (Word::Open, 1),
            (')', _) => (Word::Close, 1),
            (',', _) => (Word::Comma, 1),
            ('%', _) => {
                return Err(ExpressionError::new(
                    at,
                    "'%' belongs to 'change%' alone; percentages are plain numbers, as in change% > 2",
                ));
            }
            _ => {
                return Err(ExpressionError::new(
                    at,
                    format!("'{c}' means nothing here"),
                ));
            }
        };
        self.at += length;
        token(word)
    }

    /// What stands behind `symbol =`: a word up to the next space or `)`, whatever is in it, or a quoted text.
    pub fn text(&mut self) -> Result<(String, usize), ExpressionError> {
        self.skip_spaces();
        let at = self.at;
        let text = match self.peek(0) {
            Some('"' | '\'') => self.quoted(at)?,
            _ => self.take_while(|c| !c.is_whitespace() && c != ')'),
        };
        Ok((text, at))
    }

    fn name(&mut self) -> String {
        let mut name = self.take_while(is_of_name);
        if self.peek(0) == Some('%')
            && ["change", "chg"]
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known))
        {
            self.at += 1;
            name.push('%');
        } else if self.peek(0) == Some('-') {
            // `bid-size` is a column and no difference.
            let rest: String = self.chars[self.at..]
                .iter()
                .skip(1)
                .take_while(|c| is_of_name(**c))
                .collect();
            let whole = format!("{name}-{rest}");
            if Column::NAMES
                .iter()
                .any(|known| whole.eq_ignore_ascii_case(known))
            {
                self.at += 1 + rest.len();
                return whole;
            }
        }
        name
    }

    fn quoted(&mut self, at: usize) -> Result<String, ExpressionError> {
        let quote = self.peek(0);
        self.at += 1;
        let text = self.take_while(|c| Some(c) != quote);
        if self.peek(0).is_none() {
            return Err(ExpressionError {
                is_unfinished: true,
                ..ExpressionError::new(at, "the closing quote is missing")
            });
        }
        self.at += 1;
        Ok(text)
    }

    fn number(&mut self, at: usize) -> Result<f64, ExpressionError> {
        let mut digits = self.take_while(|c| c.is_ascii_digit());
        if self.peek(0) == Some('.') {
            self.at += 1;
            digits.push('.');
            digits.push_str(&self.take_while(|c| c.is_ascii_digit()));
        }
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        if matches!(self.peek(0), Some('e' | 'E')) {
            let has_sign = matches!(self.peek(1), Some('+' | '-'));
            if is_digit(self.peek(1 + usize::from(has_sign))) {
                for _ in 0..=usize::from(has_sign) {
                    digits.extend(self.peek(0));
                    self.at += 1;
                }
                digits.push_str(&self.take_while(|c| c.is_ascii_digit()));
            }
        }
        let unit = match self.peek(0) {
            Some('k' | 'K') => Some(1e3),
            Some('m' | 'M') => Some(1e6),
            Some('b' | 'B') => Some(1e9),
            Some('t' | 'T') => Some(1e12),
            _ => None,
        };
        self.at += usize::from(unit.is_some());
        let rest = self.take_while(is_of_name);
        let value = digits.parse::<f64>().ok().filter(|_| rest.is_empty());
        match value.map(|value| value * unit.unwrap_or(1.0)) {
            Some(value) if value.is_finite() => Ok(value),
            _ => Err(ExpressionError::new(
                at,
                "this is no number; write one such as 12.5, 1e6, 250k, 1.5m or 2b",
            )),
        }
    }
}
