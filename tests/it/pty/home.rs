//! Folders of its own for a run: configuration, state, recorded bars.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A home that nothing else uses.
pub struct Home {
    folder: TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The environment of a run, all of it.
    pub fn variables(&self) -> Vec<(String, String)> {
        let inside = |name: &str| self.path().join(name).to_str().unwrap().to_owned();
        [
            ("HOME", inside("")),
            ("XDG_CONFIG_HOME", inside("config")),
            ("XDG_STATE_HOME", inside("state")),
            ("TERM", "xterm-256color".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TZ", "UTC".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Writes a file of bars and gives its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join("bars").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A trading day of three symbols; gives the source to name on the command line.
    pub fn day(&self) -> String {
        for (symbol, price) in [("AAPL", 170.0), ("AMZN", 1640.0), ("SPY", 275.0)] {
            self.write(&format!("{symbol}_1min.csv"), bars(price));
        }
        self.source()
    }

    /// The folder of bars as a source.
    pub fn source(&self) -> String {
        format!("replay:{}", self.path().join("bars").display())
    }
}

/// A bar a minute from 09:30 to 15:59, each a cent above the one before.
pub fn bars(price: f64) -> String {
    let mut text = String::from("datetime,open,high,low,close,volume\n");
    for minute in 0..390 {
        let time = 9 * 60 + 30 + minute;
        let open = price + f64::from(minute) * 0.01;
        writeln!(
            text,
            "2019-02-13 {:02}:{:02}:00,{open:.2},{:.2},{:.2},{:.2},{}",
            time / 60,
            time % 60,
            open + 0.05,
            open - 0.05,
            open + 0.02,
            100 + minute
        )
        .unwrap();
    }
    text
}
