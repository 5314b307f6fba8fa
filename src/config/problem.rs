//! What is wrong with a configuration, and where.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a file, at a line and column that count from one.
    File {
        /// The file.
        path: PathBuf,
        /// Line.
        line: usize,
        /// Column, in characters.
        column: usize,
    },
    /// A file as a whole.
    WholeFile(PathBuf),
    /// An environment variable.
    Variable(String),
    /// A command-line flag.
    Flag(String),
}

impl Place {
    /// The place of a byte range in a file's text.
    #[must_use]
    pub fn in_file(path: &Path, text: &str, span: &Range<usize>) -> Self {
        let mut at = span.start.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self::File {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The place with the file's bare name, where there is no room for its path.
    #[must_use]
    pub fn short(&self) -> String {
        let bare = |path: &Path| {
            let name = path.file_name().unwrap_or(path.as_os_str());
            name.to_string_lossy().into_owned()
        };
        match self {
            Self::File { path, line, column } => format!("{}:{line}:{column}", bare(path)),
            Self::WholeFile(path) => bare(path),
            Self::Variable(name) | Self::Flag(name) => name.clone(),
        }
    }

    /// The place as `FILE:LINE`, for errors on the board; `None` outside files.
    #[must_use]
    pub fn location(&self) -> Option<String> {
        match self {
            Self::File { path, line, .. } => Some(format!("{}:{line}", path.display())),
            Self::WholeFile(path) => Some(path.display().to_string()),
            Self::Variable(_) | Self::Flag(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => {
                write!(f, "{}:{line}:{column}", path.display())
            }
            Self::WholeFile(path) => write!(f, "{}", path.display()),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Everything that is wrong with a configuration, in the order of its places.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let text = "a = 1\nbé = \"é\" # x\n";
        let at = |byte: usize| Place::in_file(Path::new("c"), text, &(byte..byte)).to_string();
        assert_eq!(at(0), "c:1:1");
        assert_eq!(at(4), "c:1:5");
        assert_eq!(at(6), "c:2:1");
        assert_eq!(at(12), "c:2:6");
        assert_eq!(at(8), "c:2:2", "inside a character is at its beginning");
        assert_eq!(at(1000), "c:3:1");
    }
}
