//! Appends journal entries durably, recovers them, and answers questions about them.

mod disk;
mod error;
mod find;
mod journal;
mod key;
mod options;
mod query;
mod queue;
mod recover;
mod waiters;
mod wal;
mod writer;

pub use error::AuditError;
pub use find::Located;
pub use journal::{Journal, JournalHealth, Recovery, Ticket};
pub use options::Options;
pub use query::{Answer, TailReader, Verified, show, tail, verify};
