//! x
#[allow(clippy::print_stdout, reason = "x")]
fn main() {
    println!("{}", streamer_tui::bench::run().unwrap_or_default());
}
