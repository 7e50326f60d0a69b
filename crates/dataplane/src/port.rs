//! What the pipeline needs of the outside, as traits. The binary supplies the real thing.

use std::{future::Future, pin::Pin};

use journal::Entry;

/// Names an appended entry, so that its durability can be awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(pub u64);

/// The journal cannot take or keep an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal cannot keep evidence: {0}")]
pub struct EvidenceError(pub String);

/// Resolves when an entry is durable.
pub type Durable = Pin<Box<dyn Future<Output = Result<(), EvidenceError>> + Send>>;

/// A gateway's own append-only evidence log.
pub trait Evidence: Send + Sync {
    /// Appends an entry; never waits.
    ///
    /// # Errors
    /// [`EvidenceError`] when the journal has stopped or its queue is full.
    fn append(&self, entry: Entry) -> Result<Ticket, EvidenceError>;

    /// Waits until an entry is durable. Dropping the future changes nothing about the entry.
    fn durable(&self, ticket: Ticket) -> Durable;

    /// Whether entries can be kept now, and why not.
    ///
    /// # Errors
    /// [`EvidenceError`] with the reason.
    fn ready(&self) -> Result<(), EvidenceError>;
}
