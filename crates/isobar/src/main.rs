//! The isobar binary: command line, process configuration and wiring.
fn main() {}
