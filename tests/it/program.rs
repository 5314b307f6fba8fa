//! Runs the real binary: a home of its own for each, its output as it comes, and nothing waited for without a deadline.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, unbounded};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{DEADLINE, wait_for};

/// The bars with which everything began, as they are delivered with the program.
pub fn fixture() -> String {
    format!(
        "replay:{}",
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/ray_streamer.jsonl")
            .display()
    )
}

/// A folder of real recordings; `None`, said aloud, where there are none.
pub fn recorded(folder: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("STREAMER_TUI_TEST_DATA") else {
        println!("skipped: STREAMER_TUI_TEST_DATA is not set");
        return None;
    };
    Some(Path::new(&root).join(folder))
}

/// A home folder that holds nothing, which is also the working folder.
pub struct Home {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

impl Home {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// The same with an environment variable.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Writes a file to be replayed: how it is named on the command line.
    pub fn replay(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        format!("replay:{}", self.write(name, content).display())
    }

    /// What the program has logged so far.
    pub fn log(&self) -> String {
        let path = self.path("state/streamer-tui/streamer-tui.log");
        std::fs::read_to_string(path).unwrap_or_default()
    }

    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_streamer-tui"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("TERM", "xterm-256color")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs to the end with nothing on stdin.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Finished {
        let mut program = Program::of(self.command(arguments));
        program.listen();
        program.finish()
    }

    /// Runs without a screen to the end: `--headless --speed max` and these.
    pub fn headless(&self, arguments: &[&str]) -> Finished {
        self.run(
            ["--headless", "--speed", "max"]
                .into_iter()
                .chain(arguments.iter().copied()),
        )
    }

    /// Starts a run without a screen whose stdin stays open; its output is read.
    pub fn start(&self, arguments: &[&str]) -> Program {
        let mut program = self.start_unread(arguments);
        program.listen();
        program
    }

    /// The same, but nobody reads its output yet.
    pub fn start_unread(&self, arguments: &[&str]) -> Program {
        let mut command = self.command(["--headless"].iter().chain(arguments));
        command.stdin(Stdio::piped());
        Program::of(command)
    }
}

/// A run that is under way. Dropping it ends it.
pub struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    lines: Receiver<String>,
    seen: Vec<String>,
    stderr: Option<JoinHandle<String>>,
}

impl Program {
    pub fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            // Disconnected until somebody listens.
            lines: unbounded().1,
            seen: Vec::new(),
            stderr: Some(std::thread::spawn(move || {
                let mut bytes = Vec::new();
                stderr.read_to_end(&mut bytes).unwrap();
                String::from_utf8(bytes).unwrap()
            })),
            child,
        }
    }

    /// Begins to read the output.
    pub fn listen(&mut self) {
        let stdout = BufReader::new(self.stdout.take().unwrap());
        let (sender, lines) = unbounded();
        self.lines = lines;
        std::thread::spawn(move || {
            for line in stdout.lines() {
                if sender.send(line.unwrap()).is_err() {
                    break;
                }
            }
        });
    }

    /// The output itself, for a test that reads it in its own way.
    pub fn take_stdout(&mut self) -> ChildStdout {
        self.stdout.take().unwrap()
    }

    /// Writes to stdin. A program that has ended meanwhile does not read it, which is no matter.
    pub fn tell(&mut self, text: impl AsRef<[u8]>) {
        let stdin = self.stdin.as_mut().unwrap();
        let written = stdin
            .write_all(text.as_ref())
            .and_then(|()| stdin.write_all(b"\n"));
        if let Err(error) = written {
            assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
        }
    }

    pub fn close_stdin(&mut self) {
        drop(self.stdin.take());
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// The next line that is wanted; those before it are passed over.
    pub fn next_where(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let line = match self.lines.recv_deadline(deadline) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => {
                    // What was said besides results, of late, mostly tells why.
                    let said = self.seen.iter().rev();
                    let last: Vec<&str> = said
                        .filter(|line| !line.contains("\"type\":\"result\""))
                        .take(8)
                        .map(String::as_str)
                        .collect();
                    panic!(
                        "gave up waiting for {what}; said last:\n{}",
                        last.join("\n")
                    )
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let lines = self.seen.join("\n");
                    panic!("the output ended before {what}:\n{lines}")
                }
            };
            let value: Value = serde_json::from_str(&line)
                .unwrap_or_else(|error| panic!("not JSON: {line}: {error}"));
            self.seen.push(line);
            if wanted(&value) {
                return value;
            }
        }
    }

    pub fn next_result(&mut self, symbol: &str) -> Value {
        self.next_where(&format!("a result of {symbol}"), |line| {
            line["type"] == "result" && line["symbol"] == symbol
        })
    }

    pub fn next_status(&mut self, status: &str) -> Value {
        self.next_where(&format!("the status {status}"), |line| {
            line["type"] == "status" && line["status"] == status
        })
    }

    pub fn next_error(&mut self, part: &str) -> Value {
        self.next_where(&format!("an error with '{part}'"), |line| {
            line["type"] == "error" && line["message"].as_str().unwrap().contains(part)
        })
    }

    /// The line that was taken last, as it was written.
    pub fn last_line(&self) -> &str {
        self.seen.last().map_or("", String::as_str)
    }

    /// Whether a line that has come so far holds this.
    pub fn has_seen(&self, part: &str) -> bool {
        self.seen.iter().any(|line| line.contains(part))
    }

    /// Whether nothing more comes for so long: the absence of a thing can only be told by waiting for it.
    pub fn is_silent_for(&mut self, time: Duration) -> bool {
        match self.lines.recv_timeout(time) {
            Ok(line) => {
                self.seen.push(line);
                false
            }
            Err(_) => true,
        }
    }

    /// Drops everything that has come until nothing comes for a moment.
    pub fn settle(&mut self) {
        wait_for("silence", || {
            self.is_silent_for(Duration::from_millis(150)).then_some(())
        });
    }

    /// A number of `/proc/PID/FILE`, the first after `name`.
    pub fn proc_number(&self, file: &str, name: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        let digits = line.split_whitespace().nth(1).unwrap();
        digits.parse().unwrap()
    }

    /// Memory that is really there, in KiB.
    pub fn resident_kib(&self) -> u64 {
        self.proc_number("status", "VmRSS:")
    }

    /// Processor time used so far, in clock ticks.
    fn ticks(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, fields) = text.rsplit_once(") ").unwrap();
        let fields: Vec<&str> = fields.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    /// Waits until the program does nothing any more.
    pub fn wait_until_idle(&self) {
        let mut last = (self.ticks(), Instant::now());
        wait_for("the program to be idle", || {
            let now = self.ticks();
            if now != last.0 {
                last = (now, Instant::now());
            }
            (last.1.elapsed() > Duration::from_millis(400)).then_some(())
        });
    }

    /// Waits for the end.
    pub fn finish(mut self) -> Finished {
        let code = wait_for("the program to end", || {
            self.child.try_wait().unwrap().map(|status| status.code())
        });
        self.seen.extend(self.lines.iter());
        Finished {
            code,
            lines: std::mem::take(&mut self.seen),
            stderr: self.stderr.take().unwrap().join().unwrap(),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already where the test got that far.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A run that is over.
#[derive(Debug)]
pub struct Finished {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub lines: Vec<String>,
    pub stderr: String,
}

impl Finished {
    /// It went well, and had nothing to say about it.
    pub fn well(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        assert_eq!(self.stderr, "");
        self
    }

    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    fn of_type(&self, name: &str) -> Vec<Value> {
        self.lines
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{line}")))
            .filter(|line| line["type"] == name)
            .collect()
    }

    pub fn results(&self) -> Vec<Value> {
        self.of_type("result")
    }

    pub fn errors(&self) -> Vec<Value> {
        self.of_type("error")
    }

    pub fn statuses(&self) -> Vec<Value> {
        self.of_type("status")
    }

    /// The results of one symbol, in order.
    pub fn results_of(&self, symbol: &str) -> Vec<Value> {
        let mut results = self.results();
        results.retain(|result| result["symbol"] == symbol);
        results
    }

    /// One number of each result of a symbol, in order.
    pub fn numbers(&self, symbol: &str, key: &str) -> Vec<i64> {
        let of = |result: &Value| result[key].as_i64().unwrap_or_else(|| panic!("{result}"));
        self.results_of(symbol).iter().map(of).collect()
    }
}

/// One bar as a line of an envelope: all prices alike, one minute after the other, the volume telling it from others.
pub fn bar_line(symbol: &str, minute: i64) -> String {
    let time = 1_550_050_200_000 + minute * 60_000;
    format!(
        "{{\"timestamp\":{time},\"service\":\"OHLCV\",\"symbols\":{{\"{symbol}\":{{\"open\":1.5,\"high\":1.5,\"low\":1.5,\
         \"close\":1.5,\"volume\":{minute},\"datetime\":{time}}}}}}}\n"
    )
}

/// Bars of these symbols by turns, `minutes` each.
pub fn bar_lines(symbols: &[&str], minutes: std::ops::Range<i64>) -> String {
    minutes
        .flat_map(|minute| symbols.iter().map(move |symbol| bar_line(symbol, minute)))
        .collect()
}
