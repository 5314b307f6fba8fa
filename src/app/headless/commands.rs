//! Commands from stdin, one a line.

use std::io::{self, ErrorKind as IoErrorKind, Read};
use std::thread;

use crossbeam_channel::Sender;

use crate::app::report_error;
use crate::app::shutdown::Requester;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::pipeline::Command;

/// The longest line that is read as a command, in bytes.
const LINE_BYTES_MAX: usize = 4096;
/// How much of a line that is too long is quoted, in bytes.
const QUOTE_BYTES: usize = 80;

/// Reads commands on a thread of its own. Nobody waits for it: it stands in a read that only its other end can end,
/// and the program's end ends it.
pub fn read_stdin(commands: Sender<Command>, requester: Requester) {
    let spawned = thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(move || {
            do_not_stop_in_background();
            let target = Target {
                commands,
                quit: Box::new(move || requester.request()),
            };
            if let Err(error) = read(io::stdin(), &target) {
                tracing::info!(%error, "no more commands are read from stdin");
            }
        });
    if let Err(error) = spawned {
        tracing::error!(%error, "no commands are read from stdin");
    }
}

/// A terminal stops a program in the background that reads from it. With the signal blocked, the read fails instead.
fn do_not_stop_in_background() {
    use nix::sys::signal::{SigSet, Signal};
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGTTIN);
    if let Err(error) = signals.thread_block() {
        tracing::warn!(%error, "SIGTTIN could not be blocked");
    }
}

/// Where commands go.
struct Target {
    commands: Sender<Command>,
    quit: Box<dyn Fn() + Send>,
}

impl Target {
    /// Takes one line, its end already cut off.
    fn take(&self, line: &[u8]) {
        let Ok(text) = std::str::from_utf8(line) else {
            let quoted = String::from_utf8_lossy(line).into_owned();
            return self.refuse("a command that is not UTF-8", quoted);
        };
        if text.trim().is_empty() {
            return;
        }
        match Command::parse(text) {
            Ok(Command::Quit) => (self.quit)(),
            Ok(command) => {
                if self.commands.send(command).is_err() {
                    tracing::debug!("a command came when the engine had ended");
                }
            }
            Err(error) => self.refuse(&error.to_string(), text.to_owned()),
        }
    }

    fn too_long(&self, beginning: &[u8]) {
        let quoted = String::from_utf8_lossy(&beginning[..QUOTE_BYTES]);
        self.refuse(
            &format!("a command of more than {LINE_BYTES_MAX} bytes: '{quoted}…'"),
            format!("{quoted}…"),
        );
    }

    fn refuse(&self, message: &str, sample: String) {
        let mut error = ErrorInstance::new(ErrorKind::ConfigError, message);
        error.sample = Some(sample);
        report_error(&self.commands, error);
    }
}

/// Reads lines until the input ends. What is kept of a line has a bound.
fn read(mut input: impl Read, target: &Target) -> io::Result<()> {
    let mut chunk = vec![0; 16 * 1024];
    let mut line: Vec<u8> = Vec::new();
    // Whether the rest of a line that was too long is still to be skipped.
    let mut skipping = false;
    loop {
        let count = match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == IoErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        for part in chunk[..count].split_inclusive(|&byte| byte == b'\n') {
            let (content, ends) = match part {
                [content @ .., b'\n'] => (content, true),
                content => (content, false),
            };
            if !skipping {
                let room = LINE_BYTES_MAX + 1 - line.len();
                line.extend_from_slice(&content[..content.len().min(room)]);
                if line.len() > LINE_BYTES_MAX {
                    target.too_long(&line);
                    skipping = true;
                }
            }
            if ends {
                if !skipping {
                    target.take(&line);
                }
                line.clear();
                skipping = false;
            }
        }
    }
    if !skipping {
        // The last line may lack its end.
        target.take(&line);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::pipeline::source::TransportCommand;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Gives its bytes a few at a time, as a pipe may.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    /// The commands that come out of an input, and how often it asked to quit.
    fn commands_of(input: &[u8], step: usize) -> (Vec<Command>, usize) {
        let (sender, received) = crossbeam_channel::unbounded();
        let quits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&quits);
        let target = Target {
            commands: sender,
            quit: Box::new(move || {
                counted.fetch_add(1, Ordering::Relaxed);
            }),
        };
        read(Trickle(input, step), &target).unwrap();
        drop(target);
        (received.iter().collect(), quits.load(Ordering::Relaxed))
    }

    fn errors(commands: &[Command]) -> Vec<&ErrorInstance> {
        let mut errors = Vec::new();
        for command in commands {
            if let Command::Report(error) = command {
                errors.push(&**error);
            }
        }
        errors
    }

    #[test]
    fn lines_become_commands_however_they_are_cut() {
        for step in [1, 3, 1000] {
            let (commands, quits) = commands_of(b"add TSLA\r\n\n  \npause\nquit\nresume", step);
            assert_eq!(commands.len(), 3, "{commands:?}");
            assert!(matches!(&commands[0], Command::Add(specs) if specs.len() == 1));
            assert!(matches!(
                commands[2],
                Command::Transport {
                    command: TransportCommand::Resume,
                    ..
                }
            ));
            assert_eq!(quits, 1);
        }
    }

    #[test]
    fn what_is_no_command_is_quoted_and_the_rest_is_read() {
        let (commands, _) = commands_of(b"frobnicate \x1b[31m\npause\nseek never\n", 5);
        assert_eq!(commands.len(), 3);
        let errors = errors(&commands);
        assert!(errors[0].message.contains("'frobnicate \u{1b}[31m'"));
        assert!(errors[1].message.contains("'seek never'"));
        assert_eq!(errors[0].kind, ErrorKind::ConfigError);
    }

    #[test]
    fn long_lines_and_broken_utf8_are_answered_once_each() {
        let mut input = b"x".repeat(1 << 20);
        input.extend_from_slice(b"\npause\nadd \xff\xfe\nresume\n");
        input.extend_from_slice(&b"y".repeat(LINE_BYTES_MAX + 1));
        let (commands, _) = commands_of(&input, 1000);
        assert_eq!(commands.len(), 5, "{commands:?}");
        let errors = errors(&commands);
        assert_eq!(errors.len(), 3);
        assert!(errors[0].message.contains("more than 4096 bytes: 'xxx"));
        assert!(errors[0].message.len() < 200);
        assert!(errors[1].message.contains("not UTF-8"));
    }
}
