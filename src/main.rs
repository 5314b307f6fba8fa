//! The program. All there is to see is in [`streamer_tui::app`].

fn main() -> std::process::ExitCode {
    streamer_tui::app::main()
}
