//! Tamper-evident record: leaf, Merkle log, signed checkpoint, proof, verification.

mod canon;
pub mod entry;
pub mod leaf;
mod word;

pub use entry::{
    Admission, Attempt, BundleLoaded, Ending, Entry, GatewayStarted, GatewayStopped, NeedsRecord,
    OrphanClosed, OrphanReason, Outcome, PassedOver, Recovered, RefusalEntry, Rejected, Word,
};
pub use leaf::{LEAF_MAX, LeafError};
