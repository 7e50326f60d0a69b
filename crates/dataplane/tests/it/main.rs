//! The pipeline as a whole: real bundle, real upstream (the provider simulator), an evidence log that
//! the test holds in its hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod capability;
mod costs;
mod credentials;
mod embeddings;
mod endings;
mod evidence;
mod lab;
mod remedies;
mod residency;
