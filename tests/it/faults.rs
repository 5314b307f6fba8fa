//! Faults that the program has to survive, by their numbers in the project's list of faults.

mod clocks;
mod floods;
mod limits;
mod order;
mod poison;
mod reload;
