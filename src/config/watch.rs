//! Notices that the configuration file has changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// A change counts once nothing more has happened for so long: an editor writes in several steps.
const QUIET: Duration = Duration::from_millis(100);

/// Watches a file until it is dropped.
#[derive(Debug)]
pub struct ConfigWatch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ConfigWatch {
    /// Calls `on_change` on a thread of its own once the watch stands, and whenever the file at `path` may have changed,
    /// appeared or gone since.
    ///
    /// Folders are watched rather than the file, so that a file that is replaced is noticed: the file's own, and
    /// those of the symbolic links on the way to it. Where a folder does not exist yet, the nearest that does.
    ///
    /// # Errors
    /// When the system cannot watch, or a thread cannot be started.
    pub fn start(path: &Path, on_change: impl FnMut() + Send + 'static) -> notify::Result<Self> {
        let (sender, changed) = bounded(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| is_change(event.kind)) {
                // When one is waiting already, this one is part of it.
                sender.try_send(()).unwrap_or_default();
            }
        })?;
        let mut folders = Watched {
            watcher,
            path: std::path::absolute(path).map_err(notify::Error::io)?,
            folders: BTreeSet::new(),
        };
        folders.update();
        let (stop, stopped) = bounded(0);
        let thread = std::thread::Builder::new()
            .name("config watch".to_owned())
            .spawn(move || run(folders, &changed, &stopped, on_change))
            .map_err(notify::Error::io)?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for ConfigWatch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that watches the configuration panicked");
        }
    }
}

/// Reading the file is no change of it, or it would be read for ever.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

fn run(
    mut folders: Watched,
    changed: &Receiver<()>,
    stopped: &Receiver<()>,
    mut on_change: impl FnMut(),
) {
    // The file may have changed between being read and being watched.
    on_change();
    loop {
        crossbeam_channel::select! {
            recv(stopped) -> _ => return,
            recv(changed) -> change => if change.is_err() { return },
        }
        loop {
            match changed.recv_timeout(QUIET) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        folders.update();
        on_change();
    }
}

/// The folders that are watched.
struct Watched {
    watcher: RecommendedWatcher,
    path: PathBuf,
    folders: BTreeSet<PathBuf>,
}

impl Watched {
    /// Watches what has to be watched now: links may lead elsewhere, folders may have come or gone.
    fn update(&mut self) {
        // A folder that is made before the one above it is watched would be missed: look again until all is as it was.
        for _ in 0..10 {
            let wanted = folders_of(&self.path);
            if self.watch(wanted) {
                break;
            }
        }
    }

    /// Watches these folders and no others; whether they are still the right ones.
    fn watch(&mut self, wanted: BTreeSet<PathBuf>) -> bool {
        let obsolete: Vec<PathBuf> = self.folders.difference(&wanted).cloned().collect();
        for folder in obsolete {
            // It fails when the folder has gone, which ends the watch as well.
            if let Err(error) = self.watcher.unwatch(&folder) {
                tracing::debug!(folder = %folder.display(), %error, "was not watched any more");
            }
            self.folders.remove(&folder);
        }
        for folder in wanted {
            // Watching again what is watched is harmless, and needed when the folder was deleted and made anew.
            match self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.folders.insert(folder);
                }
                Err(error) => {
                    tracing::warn!(folder = %folder.display(), %error, "cannot be watched");
                }
            }
        }
        folders_of(&self.path) == self.folders
    }
}

/// The folders in which something has to happen for the file at `path` to change.
fn folders_of(path: &Path) -> BTreeSet<PathBuf> {
    let mut folders = BTreeSet::new();
    let mut path = path.to_owned();
    // As many links as the system itself would follow.
    for _ in 0..40 {
        let Some(folder) = path.ancestors().skip(1).find(|folder| folder.is_dir()) else {
            break;
        };
        folders.insert(folder.to_owned());
        // The folder may itself be reached over a link, as with folders that are replaced as a whole.
        if let Ok(real) = folder.canonicalize() {
            folders.insert(real);
        }
        for ancestor in folder.ancestors().filter(|ancestor| ancestor.is_symlink()) {
            folders.extend(ancestor.parent().map(Path::to_owned));
        }
        match std::fs::read_link(&path) {
            Ok(target) => path = folder.join(target),
            Err(_) => break,
        }
    }
    folders
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn watch(path: &Path) -> (ConfigWatch, Receiver<Option<String>>) {
        let (contents, changes) = crossbeam_channel::unbounded();
        let file = path.to_owned();
        let watch = ConfigWatch::start(path, move || {
            contents.send(fs::read_to_string(&file).ok()).unwrap();
        })
        .unwrap();
        (watch, changes)
    }

    fn wait_for(changes: &Receiver<Option<String>>, expected: Option<&str>) {
        let deadline = std::time::Instant::now() + PATIENCE;
        while changes.recv_deadline(deadline).unwrap().as_deref() != expected {}
    }

    #[test]
    fn writing_replacing_and_deleting_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "one").unwrap();
        let (_watch, changes) = watch(&path);
        fs::write(&path, "two").unwrap();
        wait_for(&changes, Some("two"));
        fs::write(folder.path().join("new"), "three").unwrap();
        fs::rename(folder.path().join("new"), &path).unwrap();
        wait_for(&changes, Some("three"));
        fs::remove_file(&path).unwrap();
        wait_for(&changes, None);
        fs::write(&path, "four").unwrap();
        wait_for(&changes, Some("four"));
    }

    #[test]
    fn links_are_followed_wherever_they_lead() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("first")).unwrap();
        fs::create_dir(at("second")).unwrap();
        fs::create_dir(at("etc")).unwrap();
        fs::write(at("first/c"), "one").unwrap();
        fs::write(at("second/c"), "two").unwrap();
        symlink("../first/c", at("etc/c")).unwrap();
        let (_watch, changes) = watch(&at("etc/c"));
        fs::write(at("first/c"), "one more").unwrap();
        wait_for(&changes, Some("one more"));
        symlink("../second/c", at("etc/new")).unwrap();
        fs::rename(at("etc/new"), at("etc/c")).unwrap();
        wait_for(&changes, Some("two"));
        fs::write(at("second/c"), "two more").unwrap();
        wait_for(&changes, Some("two more"));
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a").join("b").join("config.toml");
        let (_watch, changes) = watch(&path);
        fs::create_dir(folder.path().join("a")).unwrap();
        wait_for(&changes, None);
        fs::create_dir(folder.path().join("a").join("b")).unwrap();
        wait_for(&changes, None);
        fs::write(&path, "one").unwrap();
        wait_for(&changes, Some("one"));
    }

    #[test]
    fn reading_is_no_change() {
        use notify::event::{CreateKind, RemoveKind};
        assert!(!is_change(EventKind::Access(AccessKind::Open(
            AccessMode::Any
        ))));
        assert!(!is_change(EventKind::Access(AccessKind::Close(
            AccessMode::Read
        ))));
        assert!(is_change(EventKind::Access(AccessKind::Close(
            AccessMode::Write
        ))));
        assert!(is_change(EventKind::Create(CreateKind::File)));
        assert!(is_change(EventKind::Remove(RemoveKind::File)));
    }
}
