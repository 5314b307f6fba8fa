//! Where a file belongs, and the temporary one that it is until it is complete.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{FilesError, Format};

/// Where a file belongs.
pub(super) struct Place {
    pub path: PathBuf,
    /// Which part of its folder it is.
    pub number: u32,
    /// The temporary file, which is there.
    pub keeper: Keeper,
}

impl Place {
    /// The place of a single file.
    pub fn of(path: &Path) -> Result<Self, FilesError> {
        let fail = |error: io::Error| FilesError::write(path, error);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(fail)?;
        }
        let temporary = temporary_beside(path);
        File::create_new(&temporary).map_err(fail)?;
        Ok(Self {
            path: path.to_owned(),
            number: 0,
            keeper: Keeper(temporary),
        })
    }

    /// The next part of a folder. Its number is nobody else's: the temporary file of that name is made first, and its part
    /// looked for then.
    pub fn part(folder: &Path, format: Format) -> Result<Self, FilesError> {
        let fail = |error: io::Error| FilesError::write(folder, error);
        fs::create_dir_all(folder).map_err(fail)?;
        for number in 0..u32::MAX {
            let name = format!("part-{number}.{format}");
            let (path, temporary) = (folder.join(&name), folder.join(format!(".{name}.tmp")));
            if path.symlink_metadata().is_ok() {
                continue;
            }
            match File::create_new(&temporary) {
                // Of a part that is being written, or was left by a program that was ended.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(fail(error)),
                Ok(_) => {
                    let keeper = Keeper(temporary);
                    if path.symlink_metadata().is_err() {
                        return Ok(Self {
                            path,
                            number,
                            keeper,
                        });
                    }
                }
            }
        }
        Err(FilesError::write(folder, "there are too many parts"))
    }
}

/// A name beside `path` that no other file has: that of this process, and of this file in it.
fn temporary_beside(path: &Path) -> PathBuf {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".{}-{number}.tmp", std::process::id()));
    path.with_file_name(name)
}

/// A temporary file, which goes unless it is renamed.
pub(super) struct Keeper(PathBuf);

impl Keeper {
    /// Opens the temporary file, to be written.
    pub fn open(&self) -> io::Result<File> {
        File::options().write(true).open(&self.0)
    }

    /// Gives the file its name. What is there of that name is replaced, or the error is
    /// [`ErrorKind::AlreadyExists`] and nothing has happened.
    pub fn place(&mut self, path: &Path, may_replace: bool) -> io::Result<()> {
        File::open(&self.0)?.sync_all()?;
        if !may_replace {
            // To look first and to rename then would let another file come between.
            match fs::hard_link(&self.0, path) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
                // Not every file system has links.
                Err(_) if path.exists() => return Err(ErrorKind::AlreadyExists.into()),
                Err(_) => {}
            }
        }
        fs::rename(&self.0, path)?;
        self.0 = PathBuf::new();
        Ok(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty()
            && let Err(error) = fs::remove_file(&self.0)
        {
            tracing::warn!(path = %self.0.display(), %error, "a temporary file could not be removed");
        }
    }
}
