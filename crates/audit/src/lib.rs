//! Appends journal entries durably, recovers them, and answers questions about them.
//!
//! What an entry is and when a log holds is decided in `journal`; here are the files, the thread
//! and the waiting.
//!
//! - [`Journal`]: [`append`](Journal::append) hands an entry over and never waits;
//!   [`durable`](Journal::durable) resolves after the `fdatasync` that covers it (AUD-1). One thread
//!   per journal owns the files and commits in groups.
//! - [`Journal::open`] recovers: a torn last write is cut off and said so, an admission that a
//!   crash left open is closed (AUD-2), damage anywhere else is refused and left as evidence.
//! - [`show`], [`tail`], [`verify`]: answered from the files, offline or while a gateway writes.
//!
//! One log on disk:
//!
//! ```text
//! <data>/journal/<region>/
//!   00000000000000000000.wal   segments, named by their first entry, zero-filled to their size
//!   spare                      the next segment, prepared ahead
//!   checkpoint                 the newest signed checkpoint
//!   key, key.pub               the signing key (0600) and its public half
//!   lock                       held by the one writer
//! ```
//!
//! The largest loss that nothing here can show: entries newer than the last checkpoint on disk, at
//! most a second's worth under load and 200 ms after the last entry at rest; and a return of the
//! whole directory to an older copy, which only somebody who saw a later checkpoint can tell.

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
