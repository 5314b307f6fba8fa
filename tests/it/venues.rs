//! Live venues, run by the real program against servers on this machine.

mod keys;
mod staying;
