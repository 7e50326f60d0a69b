//! What can go wrong with a journal on disk, each with its remedy.

use std::{io, path::PathBuf, sync::Arc};

/// Why a journal cannot be opened, written or read. Cheap to clone: one failed write answers every
/// waiter.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuditError {
    /// A path that should be there is not.
    #[error("`{path}` does not exist: check the path, or start a gateway with this data directory")]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// A path that should be a directory is something else.
    #[error("`{path}` is not a directory: give a data directory or one journal directory")]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// The operating system forbids it.
    #[error(
        "permission denied for `{path}`: run as the user that owns it, or give that user the right"
    )]
    Denied {
        /// The path.
        path: PathBuf,
    },
    /// A directory in which nothing looks like a journal.
    #[error(
        "`{path}` holds no journal: a data directory has `journal/<region>/`, and a journal has `key.pub` and `*.wal` files"
    )]
    NoJournal {
        /// The path.
        path: PathBuf,
    },
    /// Another process writes to this journal.
    #[error(
        "another process writes to the journal `{path}`: stop that gateway first, or give this one its own directory"
    )]
    Locked {
        /// The journal directory.
        path: PathBuf,
    },
    /// The journal is damaged in a place where a crash cannot have done it.
    #[error(
        "the journal is damaged at `{file}`, byte {offset}: {reason}; nothing was appended: keep the directory as evidence, see `isobar audit verify`, and start with a new one"
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The byte in that file.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// The signing key cannot be used.
    #[error("the signing key `{path}` cannot be used: {reason}")]
    Key {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting that cannot work.
    #[error("journal setting `{setting}`: {reason}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Any other failure of the file system.
    #[error("cannot {step} `{path}`")]
    Io {
        /// What was being done, e.g. `write`.
        step: &'static str,
        /// The path.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// More is waiting to be written than the queue may hold.
    #[error("the journal's queue is full: the disk is slower than the requests")]
    Full,
    /// The writer has stopped for good, after a failed write or at shutdown.
    #[error("the journal has stopped: {reason}")]
    Stopped {
        /// Why.
        reason: Arc<str>,
    },
}
