//! Where the program's files are, by the XDG base directory rules.

use std::path::PathBuf;

use etcetera::BaseStrategy;

const FOLDER: &str = "streamer-tui";

/// The configuration file that is read when none is named; `None` without a home folder.
#[must_use]
pub fn config_file() -> Option<PathBuf> {
    let base = etcetera::base_strategy::Xdg::new().ok()?;
    Some(base.config_dir().join(FOLDER).join("config.toml"))
}

/// The folder of the session and the log; `None` without a home folder.
#[must_use]
pub fn state_folder() -> Option<PathBuf> {
    let base = etcetera::base_strategy::Xdg::new().ok()?;
    Some(base.state_dir()?.join(FOLDER))
}
