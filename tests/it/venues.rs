//! Live venues, run by the real program against servers on this machine.
//!
//! Each venue has a module: it logs in, confirms and answers as that venue does, gives data of every service, whose results
//! are compared letter by letter, live and replayed from what was recorded, and goes through what [`rig::survives`] does to all of them. Keys are canaries: every run
//! that ends in the rig is searched for them, in its output, its log, its recording and all other files. Which fault is
//! tested where (`driver` is `src/sources/venue/source/tests/`, a venue's bytes are in `src/sources/venue/NAME/tests.rs`):
//!
//! | fault | tests |
//! |---|---|
//! | F13 half-open connection | `faults::f13_…`; driver `faults::a_dead_connection_is_noticed` |
//! | F14 reset or end in a message | `rig::survives` of each venue; `staying::whatever_happens_on_the_way_…` |
//! | F15 no such host, no answer | `faults::f15_…`; driver `a_server_that_is_not_there_…`, `a_server_that_says_nothing_…` |
//! | F16 one byte at a time, fragments | `staying::whatever_happens_on_the_way_…`; driver `bytes_may_come_one_by_one_and_late` |
//! | F17 giant message | `rig::survives` of each venue; driver `a_giant_message_is_refused` |
//! | F18 compressed bomb | `faults::f18_…`; `src/sources/venue/deflate/tests.rs`; `src/sources/http_poll/tests.rs` (bodies) |
//! | F19 what is no JSON | `rig::survives` of each venue: cut, trailing bytes, 100,000 brackets; `kraken` (a field twice) |
//! | F20 invalid UTF-8 | `rig::survives` of each venue; driver `a_text_that_is_none_is_refused` |
//! | F21 numbers that are none | the list `bad` of each venue; `http::answers_are_results_…`; `src/decode/{wire,number}.rs` |
//! | F22 fields missing, extra, of another type, unknown messages | `bad` and `unknown` of each venue, `rig::survives` |
//! | F24 holes in a sequence | `binance::a_hole_in_a_chain_…`, `coinbase::a_frame_that_is_missing_…` |
//! | F25 checksum, crossed book | `kraken::a_book_that_fails_its_checksum_…`; `src/compute/book.rs`; `services` |
//! | F26 floods of symbols, odd symbols | `faults::f26_…`; `crate::faults::limits` |
//! | F27 floods of data | `crate::faults::floods::f27_…`; `services::a_live_book_whose_changes_overflow_…` |
//! | F28 slow readers | `crate::faults::floods::f28_…`; `crate::terminal::stuck` |
//! | F29 close codes and statuses | `rig::survives` (1011), `massive::an_eviction_…` (1008), `finnhub::a_door_…` (429), `keys`, driver `endings` |
//! | F30 wrong keys | `a_wrong_key_ends_the_source…` of each venue with keys; `keys`; `faults::what_describes_sources_…` |
//! | F31 certificates | `faults::f31_…`; driver `a_certificate_that_cannot_be_trusted_…`, `a_server_that_says_nothing_…` |
//! | F32 jumps of the clock | `crate::faults::clocks::f32_…`; the driver's timers run on the monotonic clock |
//! | F33 days that are longer, shorter or half | `crate::faults::clocks::f33_…` |
//! | F47 data that steers the terminal | `faults::f47_…`; `crate::terminal::hostile` |
//!
//! Beyond these: an end that is announced (`binance`), a limit that is kept to (`binance`, `finnhub`, `http`), symbols that are refused
//! while others go on, data before its confirmation, and changes that come twice or too late, in the venues' modules.

mod alpaca;
mod binance;
mod coinbase;
mod faults;
mod finnhub;
mod http;
mod keys;
mod kraken;
mod massive;
pub mod rig;
mod schwab;
mod staying;
mod together;
mod websocket;
