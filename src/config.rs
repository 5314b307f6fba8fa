//! The configuration: what can be chosen, where it is chosen, and which choice has the last word.
//!
//! Flags win over environment variables (those of the process over those of `.env`), they over the file, and the
//! file over what is built in. Every layer is checked, and every problem reported with its place.
//!
//! - [`key`]: the keys, one constant each
//! - [`environment`]: variables and `.env`
//! - [`raw`]: values as given, and the formats that read them
//! - [`reader`]: the layers, and where each value came from
//! - [`settings`]: the result
//! - [`watch`]: notices that the file has changed

mod column;
pub mod environment;
pub mod key;
pub mod problem;
pub mod raw;
pub mod reader;
pub mod settings;
pub mod watch;
pub mod words;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use environment::Environment;
use problem::{Place, Problem, Problems};
use reader::{Effective, File, Flags, Reader};
use settings::Settings;

/// The largest configuration file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Which file the configuration is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFile {
    /// The file.
    pub path: PathBuf,
    /// Whether a person named it, so that it has to be there.
    pub named: bool,
}

/// The layers that a configuration is made of. Kept, so that the file can be read again.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// What the command line says.
    pub flags: Flags,
    /// Variables.
    pub environment: Environment,
    /// The file; `None` where there is no home folder to look in.
    pub file: Option<ConfigFile>,
}

/// A configuration that can be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Every key with its value and where it came from.
    pub effective: Vec<Effective>,
    /// Whether there is a file.
    pub has_file: bool,
}

impl Layers {
    /// Reads the file, and from all layers makes the settings.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn load(&self) -> Result<Loaded, Problems> {
        let Some(file) = &self.file else {
            return self.load_text(Path::new(""), None);
        };
        match read_file(&file.path) {
            Ok(text) => self.load_text(&file.path, Some(&text)),
            Err((ErrorKind::NotFound, _)) if !file.named => self.load_text(&file.path, None),
            Err((_, message)) => Err(Problems(vec![Problem {
                place: Place::WholeFile(file.path.clone()),
                message,
            }])),
        }
    }

    /// As [`Layers::load`], with the file's text given; `None` when there is no file.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn load_text(&self, path: &Path, text: Option<&str>) -> Result<Loaded, Problems> {
        let Some(text) = text else {
            return self.read(None);
        };
        let (root, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            return self.read(Some(&File {
                path,
                text,
                root: root.get_ref(),
            }));
        }
        let problem = |error: toml::de::Error| Problem {
            place: match error.span() {
                Some(span) => Place::in_file(path, text, &span),
                None => Place::WholeFile(path.to_owned()),
            },
            message: format!("this is no TOML: {}", error.message().replace('\n', ", ")),
        };
        Err(Problems(errors.into_iter().map(problem).collect()))
    }

    fn read(&self, file: Option<&File<'_>>) -> Result<Loaded, Problems> {
        let mut reader = Reader::new(&self.flags, &self.environment, file);
        let settings = Settings::read(&mut reader);
        reader.refuse_unknown_keys();
        let mut problems = reader.problems;
        if problems.is_empty() {
            return Ok(Loaded {
                settings,
                effective: reader.effective,
                has_file: file.is_some(),
            });
        }
        problems.sort();
        problems.dedup();
        Err(Problems(problems))
    }

    /// What deserves a word, though it stops nothing: slips in the names of variables, and in the `.env` file.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.environment.warnings.clone();
        for (name, meant) in key::unknown_variables(self.environment.names()) {
            let hint = meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
            warnings.push(format!(
                "the environment variable {name} is not known{hint}"
            ));
        }
        warnings
    }
}

/// A file's text, or why there is none, as a kind and in words.
fn read_file(path: &Path) -> Result<String, (ErrorKind, String)> {
    let in_words = |error: &std::io::Error| (error.kind(), format!("cannot be read: {error}"));
    let metadata = std::fs::metadata(path).map_err(|error| in_words(&error))?;
    // A pipe or device would keep the program waiting.
    if !metadata.is_file() {
        return Err((ErrorKind::InvalidInput, "is not a file".to_owned()));
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err((
            ErrorKind::FileTooLarge,
            format!(
                "has {} bytes; at most {FILE_BYTES_MAX} are read",
                metadata.len()
            ),
        ));
    }
    let bytes = std::fs::read(path).map_err(|error| in_words(&error))?;
    String::from_utf8(bytes).map_err(|error| {
        let message = format!("is not UTF-8 at byte {}", error.utf8_error().valid_up_to());
        (ErrorKind::InvalidData, message)
    })
}

#[cfg(test)]
mod tests;
