//! Appends journal entries durably, recovers them, and answers questions about them.

mod error;
mod journal;
mod options;

pub use error::AuditError;
pub use journal::{Journal, JournalHealth, Recovery, Ticket};
pub use options::Options;
