//! Environment variables, and the `.env` file that adds to them.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What a file's mode allows others than its owner.
const OTHERS: u32 = 0o077;

/// The variables that the program sees.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, Variable>,
    /// Whether others than its owner can read or write the `.env` file.
    is_dotenv_open: bool,
    /// Where the `.env` file is, or would be.
    dotenv: Option<PathBuf>,
    /// What is wrong with the `.env` file.
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone)]
struct Variable {
    value: String,
    from_dotenv: bool,
}

impl Environment {
    /// The process's variables; those of the `.env` file in `folder` are added where there is none of the name.
    #[must_use]
    pub fn of_process(folder: &Path) -> Self {
        let process = std::env::vars_os().map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        });
        let mut environment = Self::of(process);
        environment.read_dotenv(&folder.join(".env"));
        environment
    }

    /// An environment of these variables alone.
    pub fn of<N: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| {
                let variable = Variable {
                    value: value.into(),
                    from_dotenv: false,
                };
                (name.into(), variable)
            })
            .collect();
        Self {
            variables,
            is_dotenv_open: false,
            dotenv: None,
            warnings: Vec::new(),
        }
    }

    /// Adds the variables of a `.env` file. A file that belongs to something else and cannot be read is no reason to
    /// stop, but one to say so.
    fn read_dotenv(&mut self, path: &Path) {
        self.dotenv = Some(path.to_owned());
        let entries = match dotenvy::from_path_iter(path) {
            Ok(entries) => entries,
            Err(dotenvy::Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                return;
            }
            Err(error) => {
                self.warnings.push(format!("{}: {error}", path.display()));
                return;
            }
        };
        // What the mode of is not known is taken to be open.
        self.is_dotenv_open =
            std::fs::metadata(path).map_or(true, |file| file.mode() & OTHERS != 0);
        for entry in entries {
            match entry {
                Ok((name, value)) => {
                    self.variables.entry(name).or_insert(Variable {
                        value,
                        from_dotenv: true,
                    });
                }
                // The message quotes the line, which may hold a secret.
                Err(dotenvy::Error::LineParse(_, column)) => self.warnings.push(format!(
                    "{}: a line cannot be read as NAME=value (at its character {column}) and is ignored",
                    path.display()
                )),
                Err(error) => {
                    self.warnings.push(format!("{}: {error}", path.display()));
                    return;
                }
            }
        }
    }

    /// The same with what the `.env` file holds now. The process's own variables cannot change while it runs.
    #[must_use]
    pub fn read_again(&self) -> Self {
        let own = self.variables.iter();
        let own = own.filter(|(_, variable)| !variable.from_dotenv);
        let mut now = Self::of(own.map(|(name, variable)| (name.clone(), variable.value.clone())));
        if let Some(path) = &self.dotenv {
            now.read_dotenv(path);
        }
        now
    }

    /// A variable's value; an empty one counts as not set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(|variable| variable.value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Whether a variable comes from the `.env` file.
    #[must_use]
    pub fn is_from_dotenv(&self, name: &str) -> bool {
        self.variables
            .get(name)
            .is_some_and(|variable| variable.from_dotenv)
    }

    /// Whether a variable must not be used as a secret: it stands in a `.env` file that is not its owner's alone.
    #[must_use]
    pub fn is_withheld(&self, name: &str) -> bool {
        self.is_dotenv_open && self.is_from_dotenv(name) && self.get(name).is_some()
    }

    /// The names of all variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_process_wins_over_the_file_and_bad_lines_are_told_without_their_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(
            &path,
            "STREAMER_TUI_THEME=light\nSTREAMER_TUI_SPEED=\"60\"\nthis is sesame\nEMPTY=\n",
        )
        .unwrap();
        let mut environment = Environment::of([("STREAMER_TUI_THEME", "dark")]);
        environment.read_dotenv(&path);
        assert_eq!(environment.get("STREAMER_TUI_THEME"), Some("dark"));
        assert_eq!(environment.get("STREAMER_TUI_SPEED"), Some("60"));
        assert!(environment.is_from_dotenv("STREAMER_TUI_SPEED"));
        assert!(!environment.is_from_dotenv("STREAMER_TUI_THEME"));
        assert_eq!(environment.get("EMPTY"), None);
        assert_eq!(environment.warnings.len(), 1);
        assert!(!environment.warnings[0].contains("sesame"));
    }

    #[test]
    fn secrets_are_taken_only_from_a_file_that_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, "KEY=sesame\nEMPTY=\nOTHER=x\n").unwrap();
        for (mode, is_withheld) in [
            (0o600, false),
            (0o400, false),
            (0o640, true),
            (0o604, true),
            (0o620, true),
        ] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let mut environment = Environment::of([("OTHER", "y")]);
            environment.read_dotenv(&path);
            assert_eq!(environment.is_withheld("KEY"), is_withheld, "{mode:o}");
            assert_eq!(environment.get("KEY"), Some("sesame"));
            for name in ["EMPTY", "OTHER", "NONE"] {
                assert!(!environment.is_withheld(name), "{name}");
            }
        }
    }

    #[test]
    fn the_file_is_read_again_and_the_process_still_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        let mut environment = Environment::of([("OTHER", "y")]);
        environment.read_dotenv(&path);
        assert_eq!(environment.get("KEY"), None);
        std::fs::write(&path, "KEY=first\nOTHER=x\n").unwrap();
        assert_eq!(environment.read_again().get("KEY"), Some("first"));
        std::fs::write(&path, "KEY=second\n").unwrap();
        let again = environment.read_again().read_again();
        assert_eq!(again.get("KEY"), Some("second"));
        assert_eq!(again.get("OTHER"), Some("y"));
    }

    #[test]
    fn without_a_file_there_is_nothing_to_say() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::of_process(folder.path());
        assert!(environment.warnings.is_empty());
        assert!(environment.get("PATH").is_some());
    }
}
