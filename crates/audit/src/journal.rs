//! The handle that request code holds.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use ::journal::{Entry, GatewayStarted, OrphanClosed, OrphanReason, Recovered};
use tokio::sync::watch;
use transport::Env;
use vocab::RequestId;

use crate::{
    AuditError, Options,
    disk::{self, Lock},
    queue::Queue,
    recover::{self, Opened},
    waiters::Waiters,
    writer::{self, End, Shared, Writer},
};

/// The smallest segment, in bytes: room for the largest frame several times over.
const SEGMENT_MIN: u32 = 64 << 10;
/// The largest segment, in bytes.
const SEGMENT_MAX: u32 = 1 << 30;

/// A handle on one open journal; cheap to clone. When the last one is dropped the journal is
/// closed in order, without anybody waiting for it.
#[derive(Debug, Clone)]
pub struct Journal {
    owner: Arc<Owner>,
}

#[derive(Debug)]
struct Owner {
    shared: Arc<Shared>,
    end: End,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}

/// Where an entry stands in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(crate) u64);

impl Ticket {
    /// The ticket of the entry at an index that [`Ticket::index`] gave.
    #[must_use]
    pub const fn from_index(index: u64) -> Self {
        Self(index)
    }

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
    /// Admissions without an outcome, closed now by `orphan_closed` entries.
    pub orphans: Vec<RequestId>,
    /// Bytes of a torn last write that were cut off.
    pub torn_bytes: u64,
    /// The text of the public key, to be kept elsewhere too.
    pub verifier_key: String,
}

/// How a journal is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalHealth {
    /// Why the writer stopped, if it has.
    pub stopped: Option<String>,
    /// Free disk space is under the mark.
    pub disk_low: bool,
    /// Free disk space when last measured, in bytes.
    pub free_bytes: u64,
    /// Entries handed in, over the whole life of the log.
    pub appended: u64,
    /// Entries known to be on disk.
    pub durable: u64,
    /// Entries that the last checkpoint on disk covers.
    pub sealed: u64,
    /// Bytes that wait to be written.
    pub queued_bytes: usize,
    /// Commits (`fdatasync` calls) since the journal was opened.
    pub commits: u64,
}

impl JournalHealth {
    /// Whether the journal can take evidence, and will for a while.
    #[must_use]
    pub const fn ready(&self) -> bool {
        self.stopped.is_none() && !self.disk_low
    }
}

impl Journal {
    /// Opens the journal in `dir`, making it if there is none. Checks all that is there, cuts off
    /// a torn last write, closes admissions that a crash left open, and writes `gateway_started`;
    /// all of that is durable when this returns. Blocks on the disk.
    ///
    /// # Errors
    /// [`AuditError`]: the directory or its files cannot be used, another process writes to it,
    /// the key is another one, or the journal is damaged where a crash cannot have done it.
    pub fn open(dir: &Path, options: Options, env: Env) -> Result<(Self, Recovery), AuditError> {
        check(&options)?;
        fs::create_dir_all(dir).map_err(disk::failed("create", dir))?;
        let lock = Lock::take(dir)?;
        let mut opened = recover::open(dir, &options, &env)?;
        let recovery = begin(&mut opened, &options, &env)?;
        let wal = opened.wal;
        let free = disk::free_bytes(dir)?;
        let shared = Arc::new(Shared {
            queue: Queue::new(wal.entries(), options.queue_max),
            waiters: Arc::new(Waiters::after(wal.entries())),
            sealed: AtomicU64::new(wal.sealed()),
            commits: AtomicU64::new(0),
            free_bytes: AtomicU64::new(free),
            disk_low: AtomicBool::new(free < options.free_min),
        });
        let (ended, end) = watch::channel(None);
        let writer = Writer { wal, shared: Arc::clone(&shared), options, env, ended, lock };
        let thread = thread::Builder::new().name("journal".to_owned());
        thread.spawn(|| writer.run()).map_err(disk::failed("start the writer of", dir))?;
        Ok((Self { owner: Arc::new(Owner { shared, end }) }, recovery))
    }

    /// Hands an entry to the writer. Never waits: it encodes, hashes and copies. The entry is
    /// written within a few milliseconds, or sooner if somebody waits for it or a later one.
    ///
    /// # Errors
    /// [`AuditError::Full`] when the disk does not keep up, [`AuditError::Stopped`] after a
    /// failure or at the end; the entry is not recorded then.
    pub fn append(&self, entry: Entry) -> Result<Ticket, AuditError> {
        self.owner.shared.queue.push(&entry)
    }

    /// Resolves once the entry, and with it every earlier one, is on disk. Dropping the future
    /// ends the waiting and nothing else.
    ///
    /// # Errors
    /// [`AuditError::Stopped`] when it never will be.
    pub async fn durable(&self, ticket: Ticket) -> Result<(), AuditError> {
        let shared = &self.owner.shared;
        if let Some(result) = shared.waiters.settled(ticket) {
            return result;
        }
        shared.queue.hurry(ticket);
        shared.waiters.wait(ticket).await
    }

    /// How the journal is doing; cheap.
    #[must_use]
    pub fn health(&self) -> JournalHealth {
        let shared = &self.owner.shared;
        let (appended, queued_bytes) = shared.queue.level();
        JournalHealth {
            stopped: shared.waiters.stopped().map(ToString::to_string),
            disk_low: shared.disk_low.load(Ordering::Relaxed),
            free_bytes: shared.free_bytes.load(Ordering::Relaxed),
            appended,
            durable: shared.waiters.durable(),
            sealed: shared.sealed.load(Ordering::Acquire),
            queued_bytes,
            commits: shared.commits.load(Ordering::Relaxed),
        }
    }

    /// Ends in order, for every handle: writes what waits, `gateway_stopped` and a last
    /// checkpoint. Dropping the future does not undo it.
    ///
    /// # Errors
    /// Whatever stopped the writer before it could.
    pub async fn close(self) -> Result<(), AuditError> {
        self.owner.shared.queue.close();
        let mut end = self.owner.end.clone();
        let gone = || AuditError::Stopped { reason: "its writer is gone".into() };
        let ended = end.wait_for(Option::is_some).await.map_err(|_| gone())?;
        ended.clone().unwrap_or_else(|| Err(gone()))
    }
}

fn check(options: &Options) -> Result<(), AuditError> {
    if !(SEGMENT_MIN..=SEGMENT_MAX).contains(&options.segment_size) {
        return Err(AuditError::Setting {
            setting: "segment_size",
            reason: format!(
                "{} bytes is outside {SEGMENT_MIN} to {SEGMENT_MAX}",
                options.segment_size
            ),
        });
    }
    Ok(())
}

/// Writes what a new run has to say first: which admissions it closes, and that it began.
fn begin(opened: &mut Opened, options: &Options, env: &Env) -> Result<Recovery, AuditError> {
    let gateway: Arc<str> = options.gateway.as_str().into();
    let reason = if opened.stopped { OrphanReason::Shutdown } else { OrphanReason::Crash };
    for open in &opened.open {
        let closed = Entry::OrphanClosed(OrphanClosed {
            request: open.request,
            at: env.now(),
            gateway: Arc::clone(&gateway),
            region: options.region.clone(),
            admitted_at: open.admitted_at,
            reason,
        });
        writer::put(&mut opened.wal, &closed)?;
    }
    let recovered = Recovered {
        entries: opened.entries,
        orphans: u64::try_from(opened.open.len()).unwrap_or(u64::MAX),
        torn_bytes: opened.torn_bytes,
    };
    let started = Entry::GatewayStarted(GatewayStarted {
        at: env.now(),
        gateway,
        region: options.region.clone(),
        version: options.version.as_str().into(),
        recovered,
    });
    writer::put(&mut opened.wal, &started)?;
    opened.wal.seal()?;
    opened.wal.sync()?;
    opened.wal.publish()?;
    Ok(Recovery {
        entries: opened.entries,
        orphans: opened.open.iter().map(|open| open.request).collect(),
        torn_bytes: opened.torn_bytes,
        verifier_key: opened.wal.verifier_key(),
    })
}
