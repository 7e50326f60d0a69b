//! Appends journal entries durably, recovers them, and answers questions about them.

mod disk;
mod error;
mod journal;
mod key;
mod options;
mod queue;
mod recover;
mod waiters;
mod wal;
mod writer;

pub use error::AuditError;
pub use journal::{Journal, JournalHealth, Recovery, Ticket};
pub use options::Options;
