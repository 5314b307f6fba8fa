//! What happens when something panics: the terminal is given back first, then the panic is shown.

use std::backtrace::Backtrace;
use std::panic::{self, PanicHookInfo};
use std::{process, thread};

use super::exit;

/// The threads whose panics end the program. The engine catches those of all others, symbol workers and streamers,
/// and reports them on the board: they are only logged here.
const OWN_THREADS: [&str; 11] = [
    "main",
    "administrator",
    "process supervisor",
    "stream supervisor",
    "signals",
    "drain",
    "stdin",
    "config watch",
    "screen",
    "terminal-input",
    "terminal-signals",
];

/// The exit code of a program that panicked.
const PANIC_CODE: i32 = 101;

/// Installs the hook; `restore_terminal` gives the terminal back if it has been taken.
pub fn install(restore_terminal: fn()) {
    panic::set_hook(Box::new(move |panic| {
        let thread = thread::current();
        let name = thread.name().unwrap_or("?");
        let message = describe(panic, name);
        tracing::error!(backtrace = %Backtrace::force_capture(), "{message}");
        if !is_contained(name) {
            restore_terminal();
            exit::say(message);
            // The main thread unwinds, and ends the program by that; without any other of its own threads the program
            // would go on half-dead.
            if name != "main" {
                process::exit(PANIC_CODE);
            }
        }
    }));
}

/// Whether the panic of a thread of this name is caught by the engine.
fn is_contained(thread_name: &str) -> bool {
    !OWN_THREADS.contains(&thread_name)
}

fn describe(panic: &PanicHookInfo<'_>, thread_name: &str) -> String {
    let payload = panic.payload();
    let message = match (
        payload.downcast_ref::<&str>(),
        payload.downcast_ref::<String>(),
    ) {
        (Some(text), _) => text,
        (None, Some(text)) => text.as_str(),
        (None, None) => "without a message",
    };
    match panic.location() {
        Some(place) => format!("panic in '{thread_name}' at {place}: {message}"),
        None => format!("panic in '{thread_name}': {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panics_of_workers_are_the_engines_business() {
        assert!(is_contained("AAPL"));
        assert!(is_contained("streamer"));
        assert!(!is_contained("main"));
        assert!(!is_contained("administrator"));
    }
}
