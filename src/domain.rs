//! Plain types that every layer shares: no I/O, no clock, no threads.
//!
//! Prices and sizes are exact decimals that keep the digits they arrived with (`0.00100000` stays so);
//! times are epoch milliseconds in UTC ([`time::UnixMs`]) until somebody wants to read them.

pub mod bar;
pub mod book;
pub mod clock;
pub mod event;
pub mod news;
pub mod outcome;
pub mod quote;
pub mod source;
pub mod symbol;
pub mod time;
pub mod trade;

/// An exact decimal with up to 28 significant digits that keeps its trailing zeros.
pub use rust_decimal::Decimal;
