//! The program in a pseudo-terminal: keys and signals in, the screen and every byte of it out.

mod gate;
pub mod home;
pub mod sequences;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use portable_pty::{CommandBuilder, ExitStatus, MasterPty, PtySize, SlavePty, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use gate::{Gate, Taking, read_on};
pub use home::Home;

/// How long anything may take before a test gives up: long enough for a machine that does much else.
pub const DEADLINE: Duration = Duration::from_secs(60);

const FRAME_BEGIN: &[u8] = b"\x1b[?2026h";
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// The program under test on a terminal that never answers anything.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    /// Kept open, so that the terminal's mode can be read after the program has ended.
    slave: Box<dyn SlavePty + Send>,
    writer: Box<dyn Write + Send>,
    gate: Arc<Gate>,
    output: Receiver<Vec<u8>>,
    ended: Receiver<ExitStatus>,
    process: Pid,
    mode_before: String,
    parser: vt100::Parser,
    /// All that the program has written so far.
    pub bytes: Vec<u8>,
}

/// What is left after the program has ended.
pub struct Ended {
    pub code: u32,
    pub bytes: Vec<u8>,
    /// What stands on the terminal.
    pub text: String,
    pub is_mode_restored: bool,
    is_screen_restored: bool,
}

/// How the program is started.
pub struct Start<'a> {
    pub columns: u16,
    pub rows: u16,
    pub variables: &'a [(&'a str, &'a str)],
    /// Whether the terminal is the program's controlling one, whose end the system tells it of with a signal.
    pub is_controlling: bool,
    /// A script of the shell that starts the program, which is `$0`, with its arguments.
    pub script: Option<&'a str>,
}

impl Default for Start<'_> {
    fn default() -> Self {
        Self {
            columns: 140,
            rows: 40,
            variables: &[],
            is_controlling: true,
            script: None,
        }
    }
}

impl Terminal {
    pub fn start(home: &Home, arguments: &[&str]) -> Self {
        Self::start_with(home, &Start::default(), arguments)
    }

    pub fn start_with(home: &Home, start: &Start<'_>, arguments: &[&str]) -> Self {
        let pair = native_pty_system()
            .openpty(size(start.columns, start.rows))
            .unwrap();
        let program = env!("CARGO_BIN_EXE_streamer-tui");
        let mut command = CommandBuilder::new(start.script.map_or(program, |_| "/bin/sh"));
        if let Some(script) = start.script {
            command.args(["-c", script, program]);
        }
        command.env_clear();
        for (name, value) in home.variables().into_iter().chain(
            start
                .variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        ) {
            command.env(name, value);
        }
        command.cwd(home.path());
        command.set_controlling_tty(start.is_controlling);
        command.args(arguments);
        let mode_before = mode(&*pair.master);
        let mut child = pair.slave.spawn_command(command).unwrap();
        let process = Pid::from_raw(child.process_id().unwrap() as i32).unwrap();
        let (done, ended) = bounded(1);
        std::thread::spawn(move || done.send(child.wait().unwrap()).ok());
        let gate = Gate::new();
        let reader = pair.master.try_clone_reader().unwrap();
        let output = read_on(reader, Arc::clone(&gate));
        Self {
            writer: pair.master.take_writer().unwrap(),
            master: pair.master,
            slave: pair.slave,
            gate,
            output,
            ended,
            process,
            mode_before,
            parser: parser(start.columns, start.rows),
            bytes: Vec::new(),
        }
    }

    /// The screen as lines of text.
    pub fn text(&self) -> String {
        self.parser.screen().contents()
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// One line of the screen, the first being 0.
    pub fn line(&self, row: usize) -> String {
        self.text().lines().nth(row).unwrap_or_default().to_owned()
    }

    /// The replayed time of day in the header, in seconds.
    pub fn clock(&self) -> Option<u32> {
        clock(&self.text())
    }

    /// The number of frames begun so far.
    pub fn frames(&self) -> usize {
        self.bytes
            .windows(FRAME_BEGIN.len())
            .filter(|window| *window == FRAME_BEGIN)
            .count()
    }

    pub fn keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        // The pictures drawn for the old size must not land on the new one.
        self.master.resize(size(columns, rows)).unwrap();
        let (rows, columns) = (rows.try_into().unwrap(), columns.try_into().unwrap());
        self.parser.set_size(rows, columns);
    }

    /// Tells the program of another size, while the terminal stays as it is.
    pub fn claim_size(&mut self, columns: u16, rows: u16) {
        self.master.resize(size(columns, rows)).unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.process, signal).unwrap();
    }

    pub fn process(&self) -> i32 {
        self.process.as_raw_nonzero().get()
    }

    /// Whether the terminal's mode is what it was before the program started.
    pub fn is_mode_restored(&self) -> bool {
        mode(&*self.master) == self.mode_before
    }

    /// Whether the thread that draws waits for the terminal to take something, which it does not.
    pub fn is_stuck(&self) -> bool {
        // On Linux a writer waits there for room on a terminal, and nothing else that the thread does.
        self.gate.is_holding() && self.waiting_place("streamer-tui").contains("wait_woken")
    }

    pub fn tells_what_threads_wait_for(&self) -> bool {
        // This one waits all the time.
        self.waiting_place("signals").len() > 1
    }

    /// Where in the kernel a thread waits.
    fn waiting_place(&self, thread: &str) -> String {
        // A name has room for 15 bytes.
        let thread = &thread[..thread.len().min(15)];
        self.thread(thread)
            .and_then(|path| std::fs::read_to_string(path.join("wchan")).ok())
            .unwrap_or_default()
    }

    pub fn has_thread(&self, name: &str) -> bool {
        self.thread(name).is_some()
    }

    /// How often a thread has gone to rest so far.
    pub fn rests_of(&self, name: &str) -> u64 {
        let path = self.thread(name).unwrap().join("status");
        let status = std::fs::read_to_string(path).unwrap();
        let count = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        count.unwrap().trim().parse().unwrap()
    }

    fn thread(&self, name: &str) -> Option<PathBuf> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.process())).ok()?;
        threads
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| {
                std::fs::read_to_string(path.join("comm")).is_ok_and(|found| found.trim() == name)
            })
    }

    /// Takes nothing more, after one last piece.
    pub fn hold(&mut self) {
        self.gate.set(Taking::OneMore);
    }

    /// Takes everything again.
    pub fn release(&mut self) {
        self.gate.set(Taking::Everything);
    }

    /// Waits until the screen, between two frames, is as `condition` wants it.
    pub fn wait(&mut self, what: &str, mut condition: impl FnMut(&str) -> bool) {
        self.wait_until(what, |terminal| condition(&terminal.text()));
    }

    /// Waits until a text is on the screen.
    pub fn wait_for(&mut self, text: &str) {
        self.wait(&format!("'{text}'"), |screen| screen.contains(text));
    }

    /// Waits until a text is no longer on the screen.
    pub fn wait_gone(&mut self, text: &str) {
        self.wait(&format!("the end of '{text}'"), |screen| {
            !screen.contains(text)
        });
    }

    /// Waits until whatever has been written so far, up to the end of a frame, is as `condition` wants it.
    pub fn wait_until(&mut self, what: &str, mut condition: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if !self.is_within_frame() && condition(self) {
                return;
            }
            match self.output.recv_deadline(deadline) {
                Ok(piece) => self.take(&piece),
                Err(reason) => panic!(
                    "gave up waiting for {what} ({reason}); ended: {:?}; the screen:\n{}",
                    self.ended.try_recv(),
                    self.text()
                ),
            }
        }
    }

    /// Whether nothing at all is written for so long.
    pub fn is_quiet_for(&mut self, time: Duration) -> bool {
        match self.output.recv_timeout(time) {
            Ok(piece) => {
                self.take(&piece);
                false
            }
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => panic!("the terminal has gone"),
        }
    }

    /// Waits until the program has ended.
    pub fn end(mut self) -> Ended {
        let status = self.wait_for_exit();
        let mode_after = mode(&*self.master);
        let is_mode_restored = mode_after == self.mode_before;
        // With the last slave closed the reader comes to the end of what was written.
        drop(self.slave);
        self.gate.set(Taking::Everything);
        let deadline = Instant::now() + DEADLINE;
        while let Ok(piece) = self.output.recv_deadline(deadline) {
            self.parser.process(&piece);
            self.bytes.extend_from_slice(&piece);
        }
        let screen = self.parser.screen();
        Ended {
            code: status.exit_code(),
            text: screen.contents(),
            is_mode_restored,
            is_screen_restored: !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None,
            bytes: self.bytes,
        }
    }

    /// The user's and the system's processor time so far; `None` when the program has ended.
    pub fn processor_time(&self) -> Option<Duration> {
        processor_time(self.process())
    }

    /// Takes the terminal away, as when a window is closed; gives the exit code, and the processor time that the end
    /// took.
    pub fn hang_up(mut self) -> (u32, Duration) {
        self.gate.set(Taking::Closed);
        // The reader is in the middle of a read, which any output ends; it then lets go of the terminal.
        self.keys("?");
        let deadline = Instant::now() + DEADLINE;
        while self.output.recv_deadline(deadline).is_ok() {}
        // What follows on the key is still written, to the terminal's own memory: only then nothing more is.
        let process = self.process.as_raw_nonzero().get();
        let mut before = processor_time(process).unwrap();
        let mut since = Instant::now();
        while since.elapsed() < Duration::from_millis(300) && Instant::now() < deadline {
            std::thread::park_timeout(Duration::from_millis(20));
            let now = processor_time(process).unwrap();
            if now != before {
                (before, since) = (now, Instant::now());
            }
        }
        drop(self.writer);
        drop(self.slave);
        drop(self.master);
        let mut last = before;
        loop {
            match self.ended.recv_timeout(Duration::from_millis(5)) {
                Ok(status) => return (status.exit_code(), last.saturating_sub(before)),
                Err(RecvTimeoutError::Disconnected) => panic!("nobody knows how it ended"),
                Err(RecvTimeoutError::Timeout) => {
                    last = processor_time(process).unwrap_or(last);
                    if Instant::now() > deadline {
                        kill_process(self.process, Signal::KILL).ok();
                        let spent = last.saturating_sub(before);
                        panic!(
                            "the program runs for nobody, and has used the processor for {spent:?}"
                        );
                    }
                }
            }
        }
    }

    fn wait_for_exit(&mut self) -> ExitStatus {
        let deadline = Instant::now() + DEADLINE;
        loop {
            crossbeam_channel::select! {
                recv(self.ended) -> status => return status.unwrap(),
                recv(self.output) -> piece => self.take(&piece.unwrap()),
                default(deadline.saturating_duration_since(Instant::now())) => {
                    kill_process(self.process, Signal::KILL).ok();
                    panic!("the program does not end; the screen:\n{}", self.text());
                }
            }
        }
    }

    fn take(&mut self, piece: &[u8]) {
        self.parser.process(piece);
        self.bytes.extend_from_slice(piece);
    }

    fn is_within_frame(&self) -> bool {
        let last = |marker: &[u8]| {
            self.bytes
                .windows(marker.len())
                .rposition(|window| window == marker)
        };
        last(FRAME_BEGIN) > last(FRAME_END)
    }
}

impl Ended {
    /// Asserts that the program ended as it should, with the terminal as it was.
    pub fn assert_restored(&self, code: u32) {
        assert_eq!(
            self.code, code,
            "exit code; on the terminal:\n{}",
            self.text
        );
        assert!(self.is_mode_restored, "the terminal's mode");
        assert!(self.is_screen_restored, "screen, cursor, pasting, mouse");
        assert!(
            self.bytes.ends_with(b"\x1b[?25h\x1b[?1049l"),
            "something was written after the end: {:?}",
            self.text
        );
    }
}

/// The user's and the system's processor time of a process; `None` when it has gone.
fn processor_time(process: i32) -> Option<Duration> {
    let line = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let after_name = line.rsplit_once(')')?.1;
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().unwrap())
        .sum();
    // A tick is a hundredth of a second wherever the kernel shows it to programs.
    Some(Duration::from_millis(ticks * 10))
}

fn mode(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        ..PtySize::default()
    }
}

/// What the bytes make of an empty terminal.
pub fn parser(columns: u16, rows: u16) -> vt100::Parser {
    vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0)
}

/// The replayed time of day in the header of a screen, in seconds.
pub fn clock(screen: &str) -> Option<u32> {
    let header = screen.lines().next()?;
    // Before there is data the time is that of the wall.
    let time = header.get(header.find("2019-02-13 ")? + "2019-02-13 ".len()..)?;
    let number = |at: usize| time.get(at..at + 2)?.parse::<u32>().ok();
    Some((number(0)? * 60 + number(3)?) * 60 + number(6)?)
}

/// Says aloud why a test does nothing here.
#[allow(clippy::print_stdout, reason = "a test that is skipped says so")]
pub fn skipped(why: &str) {
    println!("skipped: {why}");
}
