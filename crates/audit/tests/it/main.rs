//! The journal on a real disk: written, crashed, tampered with, asked.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests: a surprise must end them at once"
)]

mod crash;
mod entries;
mod errors;
mod load;
mod queries;
mod tamper;
