//! The log file: what happened, for whoever looks for the reason later. Never on the screen or on stdout.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use crate::domain::symbol::is_visible;

/// The log file's name in the state folder.
pub const LOG_FILE_NAME: &str = "streamer-tui.log";
/// A log file that has grown beyond this is set aside, and a new one begun; two are kept.
const LOG_BYTES_MAX: u64 = 8 << 20;

/// Which happenings are logged: a level, or levels by module (`warn,streamer_tui::pipeline=debug`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl FromStr for LogFilter {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = ["off", "error", "warn", "info", "debug", "trace"];
        let text = text.trim();
        let is_level = |text: &str| known.iter().any(|level| text.eq_ignore_ascii_case(level));
        let is_directive = |part: &str| match part.split_once('=') {
            Some((target, level)) => !target.is_empty() && is_level(level),
            None => is_level(part),
        };
        if text.split(',').all(is_directive) && EnvFilter::try_new(text).is_ok() {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(format!(
            "'{text}' is no log level; there are {}, and by module such as warn,streamer_tui::pipeline=debug",
            known.join(", ")
        ))
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Changes what is logged while the program runs.
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Starts logging to a file in `folder`, which is made if need be.
///
/// # Errors
/// When the folder or file cannot be written.
pub fn start(folder: &Path, filter: &LogFilter) -> io::Result<()> {
    let file = LogFile::open(folder.join(LOG_FILE_NAME), LOG_BYTES_MAX)?;
    let (filter, handle) = reload::Layer::new(EnvFilter::new(&filter.0));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_thread_names(true)
        .with_writer(SharedLog(Mutex::new(file)));
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init()
        .map_err(io::Error::other)?;
    // A second start in one process has failed above already.
    FILTER.get_or_init(|| handle);
    Ok(())
}

/// Changes what is logged from now on.
pub fn set_filter(filter: &LogFilter) {
    if let Some(handle) = FILTER.get()
        && let Err(error) = handle.reload(EnvFilter::new(&filter.0))
    {
        tracing::warn!(%error, "the log level could not be changed");
    }
}

/// Replaces what could steer a terminal: control characters become `\u{…}`, line ends and tabs stay.
#[must_use]
pub fn scrub(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_visible(c) || matches!(c, '\n' | '\t') {
            safe.push(c);
        } else {
            safe.extend(c.escape_unicode());
        }
    }
    safe
}

/// A file that is set aside when it has grown too large.
#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: File,
    bytes: u64,
    bytes_max: u64,
}

impl LogFile {
    fn open(path: PathBuf, bytes_max: u64) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = Self::append(&path)?;
        let mut log = Self {
            bytes: file.metadata()?.len(),
            path,
            file,
            bytes_max,
        };
        log.make_room(0)?;
        Ok(log)
    }

    fn append(path: &Path) -> io::Result<File> {
        use std::os::unix::fs::OpenOptionsExt;
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
    }

    fn make_room(&mut self, bytes: usize) -> io::Result<()> {
        if self.bytes + bytes as u64 <= self.bytes_max {
            return Ok(());
        }
        std::fs::rename(&self.path, self.path.with_extension("log.1"))?;
        self.file = Self::append(&self.path)?;
        self.bytes = 0;
        Ok(())
    }

    /// Writes one happening, which ends with a line end of its own.
    fn line(&mut self, bytes: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let mut safe = scrub(text).replace('\n', "\\n");
        safe.push('\n');
        self.make_room(safe.len())?;
        self.file.write_all(safe.as_bytes())?;
        self.bytes += safe.len() as u64;
        Ok(())
    }
}

/// The log file as the subscriber sees it: each write is one happening.
#[derive(Debug)]
struct SharedLog(Mutex<LogFile>);

impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for SharedLog {
    type Writer = LogWriter<'a>;
    fn make_writer(&'a self) -> LogWriter<'a> {
        LogWriter(&self.0)
    }
}

#[derive(Debug)]
struct LogWriter<'a>(&'a Mutex<LogFile>);

impl Write for LogWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .line(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn filters_are_levels_or_levels_by_module() {
        for good in ["info", "WARN", "off", "warn,streamer_tui::pipeline=debug"] {
            assert!(good.parse::<LogFilter>().is_ok(), "{good}");
        }
        for bad in ["loud", "", "info,,", "=debug", "a=b", "info;debug"] {
            assert!(bad.parse::<LogFilter>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_log_has_a_bound_and_no_control_characters() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join(LOG_FILE_NAME);
        let mut log = LogFile::open(path.clone(), 100).unwrap();
        log.line(b"first \x1b[31mred\x07\ntwo\n").unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "first \\u{1b}[31mred\\u{7}\\ntwo\n");
        for _ in 0..100 {
            log.line("x".repeat(60).as_bytes()).unwrap();
        }
        assert!(std::fs::metadata(&path).unwrap().len() <= 100);
        let old = std::fs::metadata(path.with_extension("log.1")).unwrap();
        assert!(old.len() <= 100);
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            2
        );
    }

    #[test]
    fn scrubbing_keeps_text_and_replaces_what_steers() {
        assert_eq!(scrub("naïve 日本 🦀\tx\n"), "naïve 日本 🦀\tx\n");
        assert_eq!(
            scrub("a\u{9b}31m\u{202e}b\r"),
            "a\\u{9b}31m\\u{202e}b\\u{d}"
        );
    }
}
