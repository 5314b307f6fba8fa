//! What happens when something panics: the terminal is given back first, then the panic is shown.

use std::backtrace::Backtrace;
use std::panic::{self, PanicHookInfo};
use std::thread;

use super::exit;

/// Threads whose panics the engine catches and reports on the board: they end nothing, and are only logged here.
const CONTAINED_THREADS: [&str; 2] = ["worker", "streamer"];

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
        }
    }));
}

/// Whether the panic of a thread of this name is caught by the engine.
fn is_contained(thread_name: &str) -> bool {
    CONTAINED_THREADS
        .iter()
        .any(|prefix| thread_name.starts_with(prefix))
}

fn describe(panic: &PanicHookInfo<'_>, thread_name: &str) -> String {
    let message = panic.payload_as_str().unwrap_or("without a message");
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
        assert!(is_contained("worker AAPL"));
        assert!(is_contained("streamer sim"));
        assert!(!is_contained("main"));
        assert!(!is_contained("administrator"));
    }
}
