//! What a verification found.

use std::fmt;

use vocab::{RequestId, Timestamp};

use crate::hash::Hash;

/// The place of a fault and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, by its name in the journal.
    pub file: String,
    /// The byte at which the trouble begins.
    pub offset: u64,
    /// The entry it concerns, or the next one expected there.
    pub entry: Option<u64>,
    /// What is wrong, as a sentence.
    pub sentence: String,
    /// It can be what a crash leaves of the last, unsynced write; opening the journal cuts it off.
    pub torn: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, byte {}", self.file, self.offset)?;
        if let Some(entry) = self.entry {
            write!(f, ", entry {entry}")?;
        }
        write!(f, ": {}", self.sentence)?;
        if self.torn {
            f.write_str(
                " (a crash can leave this; then the gateway cuts it off when it starts again)",
            )?;
        }
        Ok(())
    }
}

/// How requests and their entries match (AUD-2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requests {
    /// Requests that were admitted.
    pub admitted: u64,
    /// Requests that were refused before admission.
    pub refused: u64,
    /// Admissions without an outcome since the gateway last started: in flight, or cut off by a
    /// crash from which it has not started again.
    pub open: u64,
    /// Admissions without an outcome although the gateway has started again since; never right.
    pub orphans: u64,
    /// Second outcomes of a request; never right.
    pub repeated: u64,
    /// Outcomes without an admission; never right.
    pub unadmitted: u64,
    /// The first few of what is never right, as sentences.
    pub examples: Vec<String>,
}

impl Requests {
    /// Whether each request has the entries it must have.
    #[must_use]
    pub const fn hold(&self) -> bool {
        self.orphans == 0 && self.repeated == 0 && self.unadmitted == 0
    }
}

/// What was found in one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogReport {
    /// The log, as its key names it.
    pub origin: Option<String>,
    /// The key that its checkpoints were checked with; compare it with one from elsewhere.
    pub key: Option<String>,
    /// Segments read.
    pub segments: u64,
    /// Entries up to the end or the first fault.
    pub entries: u64,
    /// Signed checkpoints among them, all checked.
    pub checkpoints: u64,
    /// Entries that the last good checkpoint covers. What is newer is protected against damage
    /// and not yet against somebody who can write the files.
    pub sealed: u64,
    /// The root over all entries.
    pub root: Hash,
    /// When the last entry was written.
    pub last_at: Option<Timestamp>,
    /// How requests and entries match.
    pub requests: Requests,
    /// The first thing that is wrong.
    pub fault: Option<Fault>,
    /// What was left unchecked, and why.
    pub notes: Vec<String>,
}

impl LogReport {
    /// Entries newer than the last checkpoint.
    #[must_use]
    pub const fn unsealed(&self) -> u64 {
        self.entries.saturating_sub(self.sealed)
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.fault.is_none() && self.requests.hold()
    }
}

/// An admission without an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenAdmission {
    /// The request.
    pub request: RequestId,
    /// When it was admitted.
    pub admitted_at: Timestamp,
}
