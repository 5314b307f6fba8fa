//! The program without a screen, as a script sees it.

mod commands;
mod ends;
mod replay;
mod results;
mod usage;
