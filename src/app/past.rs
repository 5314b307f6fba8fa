//! Reads bars from before the start, as `--history` names them.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::clock::{Clock, Nanos};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::pipeline::histories::PastBars;
use crate::pipeline::settings::EngineSettings;
use crate::sources::kind::replay;
use crate::sources::replay::{FileBar, PastTaker};
use crate::sources::spec::SourceSpec;

use super::exit;

/// Reading that takes longer says how far it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// Takes bars into the past, and says how far the reading is.
struct Taker<'a> {
    past: PastBars,
    bars: u64,
    clock: &'a Arc<dyn Clock>,
    said: Nanos,
    name: String,
}

impl PastTaker for Taker<'_> {
    fn take(&mut self, bar: FileBar<'_>) {
        self.bars += 1;
        self.past.insert(bar.symbol, bar.interval, bar.bar);
    }

    fn progress(&mut self, share: f64) {
        let now = self.clock.monotonic();
        if now.since(self.said) >= PATIENCE {
            self.said = now;
            let percent = (share * 100.0).clamp(0.0, 100.0);
            let name = &self.name;
            exit::say(format_args!("reading history: {percent:.0} % of {name}"));
        }
    }
}

/// Reads all bars that are named. What cannot be read is an error for the board, and the rest is read nevertheless.
#[must_use]
pub fn read(
    specs: &[SourceSpec],
    settings: &EngineSettings,
    clock: &Arc<dyn Clock>,
) -> (PastBars, Vec<ErrorInstance>) {
    let mut errors = Vec::new();
    let mut taker = Taker {
        past: PastBars::new(settings),
        bars: 0,
        clock,
        said: clock.monotonic(),
        name: String::new(),
    };
    for spec in specs.iter().flat_map(replay::expanded) {
        spec.rest().clone_into(&mut taker.name);
        let before = taker.bars;
        match replay::open_past(&spec) {
            Ok(source) => errors.extend(source.read_past(&mut taker)),
            Err(error) => {
                errors.push(ErrorInstance::new(
                    ErrorKind::ConfigError,
                    error.to_string(),
                ));
            }
        }
        tracing::info!(
            path = spec.rest(),
            bars = taker.bars - before,
            "history read"
        );
    }
    for error in &mut errors {
        error.message = format!("history: {}", error.message);
    }
    (taker.past, errors)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use std::path::Path;

    use crate::config::settings::history_spec;
    use crate::domain::clock::SystemClock;
    use crate::domain::symbol::Symbol;
    use crate::domain::time::Timeframe;

    use super::*;

    fn spec(path: &Path, options: &str) -> SourceSpec {
        history_spec(&format!("{}{options}", path.display())).unwrap()
    }

    #[test]
    fn files_of_all_kinds_are_read_and_a_bad_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let csv = write(
            "AAPL_1min.csv",
            "datetime,open,high,low,close,volume\n2019-02-13 09:32:00,2,2,2,2,1\n2019-02-13 09:31:00,1,1,1,1,1\nbad\n",
        );
        let jsonl = write(
            "more.jsonl",
            "{\"timestamp\":1550068380000,\"service\":\"OHLCV\",\"symbols\":{\"AAPL\":{\"open\":3,\"high\":3,\"low\":3,\
             \"close\":3,\"volume\":1,\"datetime\":1550068380000},\"TSLA\":{\"open\":4,\"high\":4,\"low\":4,\"close\":4,\"volume\":1,\"datetime\":1550068380000}}}\n",
        );
        let missing = folder.path().join("missing.parquet");
        let damaged = write("damaged.parquet", "no parquet at all");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let specs = [
            spec(&csv, "?stamp=end"),
            spec(&jsonl, ""),
            spec(&missing, ""),
            spec(&damaged, ""),
        ];
        let (past, errors) = read(&specs, &EngineSettings::default(), &clock);
        let closes = |symbol: &str| -> Vec<f64> {
            let symbol = Symbol::new(symbol).unwrap();
            let bars = past.of(&symbol, Timeframe::M1, None);
            bars.map(|bar| bar.close).collect()
        };
        assert_eq!(closes("AAPL"), [1.0, 2.0, 3.0]);
        assert_eq!(closes("TSLA"), [4.0]);
        let messages: Vec<&str> = errors.iter().map(|error| &*error.message).collect();
        assert_eq!(messages.len(), 3, "{messages:?}");
        assert!(
            messages
                .iter()
                .all(|message| message.starts_with("history: "))
        );
        assert_eq!(errors[0].location.as_deref(), Some("AAPL_1min.csv:4"));
        assert!(messages[1].contains("missing.parquet"), "{messages:?}");
    }
}
