//! The saved session: what the screen looked like when the program was left.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The session's file name in the state folder.
pub const SESSION_FILE_NAME: &str = "session.json";
/// The version of the file's form. A file of another version is not read.
const VERSION: u32 = 1;
/// A session is small; a file larger than this, in bytes, is something else.
const BYTES_MAX: u64 = 4 << 20;

/// Keeps one session in a file.
#[derive(Debug, Clone)]
pub struct SessionStore {
    path: PathBuf,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub enum LoadedSession<T> {
    /// No session has been saved.
    None,
    /// The saved session.
    Found(T),
    /// There is a file that cannot be used. It has been put aside where that was possible.
    Unreadable(String),
}

/// Why a session could not be saved.
#[derive(Debug, thiserror::Error)]
#[error("the session could not be saved to {}: {source}", .path.display())]
pub struct SaveError {
    path: PathBuf,
    source: io::Error,
}

#[derive(Deserialize)]
struct Stored<'a> {
    version: u32,
    #[serde(borrow)]
    session: &'a RawValue,
}

#[derive(Serialize)]
struct Storing<'a, T> {
    version: u32,
    session: &'a T,
}

impl SessionStore {
    /// A store in `folder`, which is made when something is saved.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            path: folder.join(SESSION_FILE_NAME),
        }
    }

    /// The saved session.
    #[must_use]
    pub fn load<T: DeserializeOwned>(&self) -> LoadedSession<T> {
        match self.read() {
            Ok(Some(session)) => LoadedSession::Found(session),
            Ok(None) => LoadedSession::None,
            Err(reason) => {
                let aside = self.path.with_extension("unreadable.json");
                let kept = match fs::rename(&self.path, &aside) {
                    Ok(()) => format!("it is kept as {}", aside.display()),
                    Err(error) => format!("it could not be put aside: {error}"),
                };
                LoadedSession::Unreadable(format!(
                    "the saved session {} {reason}; {kept}",
                    self.path.display()
                ))
            }
        }
    }

    fn read<T: DeserializeOwned>(&self) -> Result<Option<T>, String> {
        let in_words = |error: io::Error| format!("cannot be read: {error}");
        let metadata = match fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(in_words(error)),
        };
        if !metadata.is_file() || metadata.len() > BYTES_MAX {
            return Err("is no session file".to_owned());
        }
        let bytes = fs::read(&self.path).map_err(in_words)?;
        let broken = |error: serde_json::Error| format!("cannot be understood: {error}");
        let stored: Stored<'_> = serde_json::from_slice(&bytes).map_err(broken)?;
        if stored.version != VERSION {
            return Err(format!(
                "is of version {}, and this program reads version {VERSION}",
                stored.version
            ));
        }
        serde_json::from_str(stored.session.get())
            .map(Some)
            .map_err(broken)
    }

    /// Saves a session. A reader, or a crash, meets the old one or the new one and nothing between.
    ///
    /// # Errors
    /// When the folder or file cannot be written.
    pub fn save<T: Serialize>(&self, session: &T) -> Result<(), SaveError> {
        self.write(session).map_err(|source| SaveError {
            path: self.path.clone(),
            source,
        })
    }

    fn write<T: Serialize>(&self, session: &T) -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(&Storing {
            version: VERSION,
            session,
        })?;
        bytes.push(b'\n');
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        // Named after the process, so that two that end together do not write into each other's file.
        let new = self
            .path
            .with_extension(format!("{}.new", std::process::id()));
        let written = write_through(&new, &bytes).and_then(|()| fs::rename(&new, &self.path));
        if let Err(error) = written {
            if let Err(leftover) = fs::remove_file(&new) {
                tracing::debug!(%leftover, "nothing to clear away");
            }
            return Err(error);
        }
        // The rename itself is durable once the folder is.
        File::open(folder)?.sync_all()
    }
}

fn write_through(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Session {
        symbols: Vec<String>,
        view: String,
    }

    fn session() -> Session {
        Session {
            symbols: vec!["AAPL".to_owned(), "日経".to_owned()],
            view: "chart".to_owned(),
        }
    }

    #[test]
    fn what_is_saved_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = SessionStore::in_folder(&folder.path().join("deep").join("down"));
        assert_eq!(store.load::<Session>(), LoadedSession::None);
        store.save(&session()).unwrap();
        store.save(&session()).unwrap();
        assert_eq!(store.load(), LoadedSession::Found(session()));
        let files = fs::read_dir(store.path.parent().unwrap()).unwrap().count();
        assert_eq!(files, 1, "nothing is left beside the session");
    }

    #[test]
    fn a_file_that_cannot_be_used_is_put_aside_and_told_of() {
        for (content, reason) in [
            ("", "cannot be understood"),
            ("{\"version\":1,\"sess", "cannot be understood"),
            (
                "{\"version\":1,\"session\":{\"view\":7}}",
                "cannot be understood",
            ),
            ("{\"version\":9,\"session\":{}}", "is of version 9"),
            ("\u{0}\u{0}", "cannot be understood"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let store = SessionStore::in_folder(folder.path());
            fs::write(&store.path, content).unwrap();
            let LoadedSession::Unreadable(message) = store.load::<Session>() else {
                unreachable!("{content:?} was taken");
            };
            assert!(message.contains(reason), "{message}");
            assert!(message.contains("session.unreadable.json"), "{message}");
            let aside = folder.path().join("session.unreadable.json");
            assert_eq!(fs::read_to_string(aside).unwrap(), content);
            assert_eq!(store.load::<Session>(), LoadedSession::None);
        }
    }

    #[test]
    fn a_cut_at_any_byte_gives_no_half_session() {
        let folder = tempfile::tempdir().unwrap();
        let store = SessionStore::in_folder(folder.path());
        store.save(&session()).unwrap();
        let whole = fs::read(&store.path).unwrap();
        // Without its final line end the file is still whole.
        for length in 0..whole.len() - 1 {
            fs::write(&store.path, &whole[..length]).unwrap();
            assert!(
                matches!(store.load::<Session>(), LoadedSession::Unreadable(_)),
                "{length}"
            );
        }
    }

    #[test]
    fn where_nothing_can_be_written_the_error_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let store = SessionStore::in_folder(&folder.path().join("file"));
        let message = store.save(&session()).unwrap_err().to_string();
        assert!(message.contains("session.json"), "{message}");
    }
}
