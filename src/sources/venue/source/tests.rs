//! The driver against a server on this machine, with a venue that is made up for it.

mod comings;
mod endings;
mod faults;
mod requests;
mod rig;
