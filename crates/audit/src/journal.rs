//! The handle that request code holds.

use std::path::Path;

use ::journal::Entry;
use transport::Env;
use vocab::RequestId;

use crate::{AuditError, Options};

/// A handle on one open journal; cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal {}

/// Where an entry stands in its log: its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(crate) u64);

impl Ticket {
    /// The index of the entry in its log.
    #[must_use]
    pub const fn index(self) -> u64 {
        self.0
    }
}

/// What opening a journal found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Entries that were there and whole.
    pub entries: u64,
    /// Admissions without an outcome, closed now.
    pub orphans: Vec<RequestId>,
    /// Bytes of a torn last write that were cut off.
    pub torn_bytes: u64,
}

/// How a journal is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalHealth {
    /// Why the writer stopped, if it has.
    pub stopped: Option<String>,
    /// Free disk space is under the watermark.
    pub disk_low: bool,
    /// Free disk space when last measured, in bytes.
    pub free_bytes: u64,
    /// Entries appended.
    pub appended: u64,
    /// Entries known durable.
    pub durable: u64,
    /// Entries that the last durable checkpoint covers.
    pub sealed: u64,
    /// Bytes waiting to be written.
    pub queued_bytes: u64,
    /// Commits (fdatasync calls) so far.
    pub commits: u64,
}

impl JournalHealth {
    /// Whether the journal can take evidence now.
    #[must_use]
    pub const fn ready(&self) -> bool {
        self.stopped.is_none() && !self.disk_low
    }
}

impl Journal {
    /// Opens or creates the journal in `dir`.
    ///
    /// # Errors
    /// Any [`AuditError`] about the directory, its files or the options.
    pub fn open(_dir: &Path, _options: Options, _env: Env) -> Result<(Self, Recovery), AuditError> {
        Err(AuditError::Full)
    }

    /// Hands an entry to the writer; never blocks.
    ///
    /// # Errors
    /// [`AuditError::Full`] or [`AuditError::Stopped`].
    pub fn append(&self, _entry: Entry) -> Result<Ticket, AuditError> {
        Err(AuditError::Full)
    }

    /// Resolves once the entry is on disk.
    ///
    /// # Errors
    /// [`AuditError::Stopped`].
    pub async fn durable(&self, _ticket: Ticket) -> Result<(), AuditError> {
        std::future::ready(Err(AuditError::Full)).await
    }

    /// How the journal is doing.
    #[must_use]
    pub fn health(&self) -> JournalHealth {
        JournalHealth {
            stopped: None,
            disk_low: false,
            free_bytes: 0,
            appended: 0,
            durable: 0,
            sealed: 0,
            queued_bytes: 0,
            commits: 0,
        }
    }

    /// Ends in order: writes what waits, `gateway_stopped` and a last checkpoint.
    ///
    /// # Errors
    /// [`AuditError::Stopped`] with the reason when that failed.
    pub async fn close(self) -> Result<(), AuditError> {
        std::future::ready(Err(AuditError::Full)).await
    }
}
