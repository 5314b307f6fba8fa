//! What is kept on disk: the session between runs, and what is recorded of live sources.

pub mod recording;
pub mod session;
