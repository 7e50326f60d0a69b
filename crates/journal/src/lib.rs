//! Tamper-evident record: leaf, Merkle log, signed checkpoint, proof, verification.
//!
//! Everything here is a function of its arguments: no clock, no file, no socket. The `audit` crate
//! performs what is decided here.
//!
//! - [`Entry`]: what is written down (A1); its leaf is RFC 8785 JSON of at most [`LEAF_MAX`] bytes.
//! - [`Tree`], [`proof`]: RFC 6962 roots, inclusion and consistency.
//! - [`note`], [`Checkpoint`]: C2SP signed notes with Ed25519; [`tile`]: the C2SP tile layout.
//! - [`frame`], [`segment`]: the write-ahead files.
//! - [`Verifier`]: checks a journal from its files alone and names the place of the first fault
//!   (AUD-2, AUD-3).
//!
//! The journal knows nothing about providers, HTTP or where its files are kept.

mod canon;
mod checkpoint;
pub mod entry;
pub mod frame;
mod hash;
mod leaf;
pub mod note;
pub mod proof;
mod report;
mod requests;
pub mod segment;
pub mod tile;
mod tree;
pub mod verify;
mod word;

pub use checkpoint::Checkpoint;
pub use entry::{
    Admission, Attempt, BundleLoaded, Ending, Entry, GatewayStarted, GatewayStopped, NeedsRecord,
    OrphanClosed, OrphanReason, Outcome, PassedOver, Recovered, RefusalEntry, Rejected, Word,
};
pub use hash::Hash;
pub use leaf::{LEAF_MAX, LeafError};
pub use note::{NoteError, SigningKey, VerifierKey};
pub use proof::Head;
pub use report::{Fault, LogReport, OpenAdmission, Requests};
pub use tree::Tree;
pub use verify::{FileState, Resumption, Tail, Verifier};
