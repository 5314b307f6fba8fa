//! Files that a person asks for: written beside the screen, whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

/// What has become of a file: what to say of it, or what went wrong.
pub type Written = Result<String, String>;

/// How long the end of the program waits for a file that is being written.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells temporary names apart.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Writes files on threads of their own, so that the screen goes on.
#[derive(Debug)]
pub struct FileWriter {
    results: Receiver<Written>,
    sender: Sender<Written>,
    under_way: usize,
}

impl Default for FileWriter {
    fn default() -> Self {
        let (sender, results) = unbounded();
        Self {
            results,
            sender,
            under_way: 0,
        }
    }
}

impl FileWriter {
    /// Where the outcome of every file arrives; each is to be given to [`FileWriter::finished`].
    #[must_use]
    pub fn results(&self) -> &Receiver<Written> {
        &self.results
    }

    /// Does `work`, which writes a file and says how it went, on a thread of its own.
    pub fn start(&mut self, work: impl FnOnce() -> Written + Send + 'static) {
        let sender = self.sender.clone();
        let thread = std::thread::Builder::new().name("file-writer".to_owned());
        let started = thread.spawn(move || {
            // A screen that has gone needs no word.
            drop(sender.send(work()));
        });
        if let Err(error) = started {
            drop(
                self.sender
                    .send(Err(format!("no file can be written: {error}"))),
            );
        }
        self.under_way += 1;
    }

    /// One outcome has been taken.
    pub fn finished(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Waits for what is under way, within reason.
    pub fn wait(&mut self) {
        while self.under_way > 0 && self.results.recv_timeout(PATIENCE).is_ok() {
            self.finished();
        }
    }
}

/// Writes a file under a temporary name and gives it its own when it is complete.
///
/// # Errors
/// When the folder or the file cannot be written; when a file of this name is there and must not be written over. What
/// was there stays as it was then.
pub fn write_whole(
    path: &Path,
    overwrite: bool,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    if !overwrite && fs::symlink_metadata(path).is_ok() {
        return Err(already_there());
    }
    let temporary = temporary_name(path)?;
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)?;
    let done = fill(file, write).and_then(|()| {
        if overwrite {
            fs::rename(&temporary, path)
        } else {
            name_new(&temporary, path)
        }
    });
    if done.is_err()
        && let Err(leftover) = fs::remove_file(&temporary)
    {
        tracing::debug!(%leftover, "nothing to clear away");
    }
    done
}

fn fill(file: File, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut buffered = BufWriter::new(file);
    write(&mut buffered)?;
    buffered.flush()?;
    buffered.get_ref().sync_all()
}

/// Gives a file its name unless another has it: a link never takes the place of anything, as a rename does.
fn name_new(temporary: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, path) {
        Ok(()) => fs::remove_file(temporary),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(already_there()),
        // Some file systems have no links.
        Err(_) if fs::symlink_metadata(path).is_ok() => Err(already_there()),
        Err(_) => fs::rename(temporary, path),
    }
}

fn already_there() -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        "it is there already; the command with ! behind its name writes over it",
    )
}

fn temporary_name(path: &Path) -> io::Result<PathBuf> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "that names no file"))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    hidden.push(format!(".{}-{count}.new", std::process::id()));
    Ok(path.with_file_name(hidden))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_whole_and_none_is_written_over_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        write_whole(&path, false, |out| out.write_all(b"one")).unwrap();
        let refused = write_whole(&path, false, |out| out.write_all(b"two")).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        let broken = write_whole(&path, true, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("full"))
        });
        assert!(broken.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write_whole(&path, true, |out| out.write_all(b"two")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(folder.path()), ["a.csv"]);
        assert!(write_whole(&folder.path().join(".."), false, |_| Ok(())).is_err());
        let nowhere = folder.path().join("no/such/folder.csv");
        assert!(write_whole(&nowhere, false, |_| Ok(())).is_err());
    }

    #[test]
    fn outcomes_arrive_and_the_end_waits_for_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.txt");
        let mut writer = FileWriter::default();
        let at = path.clone();
        writer.start(move || {
            write_whole(&at, false, |out| out.write_all(b"x"))
                .map(|()| "done".to_owned())
                .map_err(|error| error.to_string())
        });
        writer.wait();
        assert_eq!(writer.under_way, 0);
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }
}
