//! One file for each panel.
