//! Reads source files as text: their code without comments, texts and tests, and the paths in it.

use std::path::{Path, PathBuf};

pub struct SourceFile {
    /// Below `src`.
    pub path: String,
    /// The code, without comments, texts and tests.
    pub code: String,
    pub lines: usize,
}

impl SourceFile {
    pub fn layer(&self) -> &str {
        let end = self.path.find(['/', '.']).unwrap();
        &self.path[..end]
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Whether a file is a module of tests, which is said where it is declared.
pub fn is_test_module(path: &str) -> bool {
    let stem = path.strip_suffix(".rs").unwrap();
    stem.split('/')
        .any(|part| part == "tests" || part.ends_with("_tests"))
        || stem == "tui/fixture"
}

pub fn sources() -> Vec<SourceFile> {
    let src = root().join("src");
    let mut sources = Vec::new();
    for file in files_below(&src) {
        let path = file
            .strip_prefix(&src)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        if is_test_module(&path) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let text = without_tests(&text);
        sources.push(SourceFile {
            path,
            lines: text.lines().count(),
            code: without_comments_and_texts(text),
        });
    }
    assert!(sources.len() > 100, "the sources have been found");
    sources
}

/// A file up to its module of tests, which is its last item.
pub fn without_tests(text: &str) -> &str {
    let mut from = 0;
    while let Some(at) = text[from..].find("\n#[cfg(test)]\n") {
        let at = from + at;
        let item = text[at..]
            .lines()
            .skip(2)
            .find(|line| !line.starts_with("#[") && !line.starts_with("    ") && *line != ")]");
        if item.is_some_and(|line| line.starts_with("mod tests {")) {
            return &text[..at];
        }
        from = at + 1;
    }
    text
}

/// The code alone. Quotation marks within characters are the only oddity that has to be known.
pub fn without_comments_and_texts(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            raw.find("\"#").map_or(rest.len(), |at| at + 5)
        } else if rest.starts_with("'\"'") {
            3
        } else if let Some(escaped) = rest.strip_prefix("'\\") {
            escaped.find('\'').map_or(2, |at| at.max(1) + 3)
        } else if next == '"' {
            end_of_text(rest)
        } else {
            code.push(next);
            next.len_utf8()
        };
        rest = &rest[skipped..];
    }
    code
}

/// The length of the text in quotation marks at the beginning.
pub fn end_of_text(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Every path that begins with `crate::`, lists in braces taken apart: `a::{b, c::d}` is `a::b` and `a::c::d`.
pub fn crate_paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|character| character.is_alphanumeric() || character == '_') {
            continue;
        }
        let tree = &code[at + "crate::".len()..];
        let mut tail = tree;
        expand("", &mut tail, &mut paths);
    }
    paths
}

/// Reads one tree of paths from the beginning of `rest`.
pub fn expand(prefix: &str, rest: &mut &str, paths: &mut Vec<String>) {
    let word = rest
        .find(|character: char| !(character.is_alphanumeric() || "_:*".contains(character)))
        .unwrap_or(rest.len());
    let path = format!("{prefix}{}", &rest[..word]);
    *rest = &rest[word..];
    if !(path.ends_with("::") || path.is_empty()) || !rest.starts_with('{') {
        paths.push(path);
        return;
    }
    loop {
        *rest = rest[1..].trim_start();
        if rest.starts_with('}') {
            break;
        }
        expand(&path, rest, paths);
        let Some(at) = rest.find([',', '}']) else {
            break;
        };
        *rest = &rest[at..];
        if rest.starts_with('}') {
            break;
        }
    }
    *rest = rest.get(1..).unwrap_or_default();
}

/// Whether `word` stands in `code` and is not a part of a longer one.
pub fn holds(code: &str, word: &str) -> bool {
    let is_part = |character: Option<char>| {
        character.is_some_and(|character| character.is_alphanumeric() || character == '_')
    };
    code.match_indices(word).any(|(at, _)| {
        !is_part(code[..at].chars().next_back()) && !is_part(code[at + word.len()..].chars().next())
    })
}
