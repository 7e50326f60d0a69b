//! The simulator over real sockets, spoken to by a small raw client.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests are tests: a surprise must end them at once"
)]

mod client;
mod control;
mod embeddings;
mod faults;
mod identity;
mod recorded;
mod shapes;
mod speech;
mod streams;
mod wires;
