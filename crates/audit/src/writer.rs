//! The thread that owns the files: takes what is queued, writes it, syncs it, says so.
//!
//! - AUD-1 rests on the order here: nobody is told that an entry is durable before `fdatasync`
//!   of everything up to it has returned.
//! - A failed write or sync stops the writer for good: after one, the kernel may have dropped what
//!   it could not write, and a later sync would say yes to data that is gone.
//! - Under load a checkpoint is signed each second, at rest shortly after the last entry, and at
//!   the end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use ::journal::{Entry, GatewayStopped};
use tokio::sync::watch;
use transport::Env;

use crate::{
    AuditError, Options,
    disk::{self, Lock},
    queue::{Batch, Patience, Queue, Turn},
    waiters::Waiters,
    wal::Wal,
};

/// A checkpoint at least this often while entries come.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// A checkpoint this long after the last entry.
const CHECKPOINT_AT_REST: Duration = Duration::from_millis(200);

/// Entries that nobody waits for are written after at most this long.
const DOZE: Duration = Duration::from_millis(5);

/// With so many waiting callers in the last commits, lingering is at its longest.
const CROWD: u32 = 16;

/// What the writer and the handles share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) queue: Queue,
    pub(crate) waiters: Arc<Waiters>,
    pub(crate) sealed: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) free_bytes: AtomicU64,
    pub(crate) disk_low: AtomicBool,
}

/// How the writer ended.
pub(crate) type End = watch::Receiver<Option<Result<(), AuditError>>>;

/// The writer, to be run on a thread of its own.
pub(crate) struct Writer {
    pub(crate) wal: Wal,
    pub(crate) shared: Arc<Shared>,
    pub(crate) options: Options,
    pub(crate) env: Env,
    pub(crate) ended: watch::Sender<Option<Result<(), AuditError>>>,
    pub(crate) lock: Lock,
}

impl Writer {
    /// Writes until the journal is closed or a write fails.
    pub(crate) fn run(mut self) {
        let _last_word = LastWord(Arc::clone(&self.shared));
        let result = self.write_until_closed();
        let reason: Arc<str> = match &result {
            Ok(()) => crate::queue::CLOSED.into(),
            Err(error) => {
                let reason = sentence(error);
                tracing::error!(%reason, "the journal has stopped; no evidence can be written");
                reason.into()
            }
        };
        self.shared.queue.stop(&reason);
        self.shared.waiters.stop(reason);
        // The files are closed and the lock given up before anybody hears that it is over.
        let Self { wal, lock, ended, .. } = self;
        wal.end();
        drop(lock);
        ended.send_replace(Some(result));
    }

    fn write_until_closed(&mut self) -> Result<(), AuditError> {
        let mut batch = Batch::default();
        let mut pace = Pace::default();
        let mut sealed_at = self.env.monotonic();
        loop {
            let patience = Patience {
                idle: (self.wal.sealed() < self.wal.entries()).then_some(CHECKPOINT_AT_REST),
                doze: DOZE,
                linger: pace.linger(self.options.linger_max),
                company: pace.company(),
            };
            let turn = self.shared.queue.take(&mut batch, patience);
            pace.saw(batch.waiting);
            self.wal.put(&mut batch.frames, &batch.queued)?;
            if turn == Turn::Close {
                let last = self.last_entry();
                self.put(&last)?;
            }
            let due = self.env.monotonic().saturating_sub(sealed_at) >= CHECKPOINT_EVERY;
            let sealing = due || turn != Turn::Commit;
            if sealing {
                self.wal.seal()?;
                sealed_at = self.env.monotonic();
            }
            self.commit()?;
            if sealing {
                self.wal.publish()?;
                self.shared.sealed.store(self.wal.sealed(), Ordering::Release);
                self.measure()?;
            }
            if turn == Turn::Close {
                return Ok(());
            }
            self.wal.prepare_spare()?;
            batch.clear();
        }
    }

    fn commit(&mut self) -> Result<(), AuditError> {
        self.wal.sync()?;
        self.shared.commits.fetch_add(1, Ordering::Relaxed);
        self.shared.waiters.release(self.wal.entries());
        Ok(())
    }

    fn put(&mut self, entry: &Entry) -> Result<(), AuditError> {
        put(&mut self.wal, entry)
    }

    fn last_entry(&self) -> Entry {
        Entry::GatewayStopped(GatewayStopped {
            at: self.env.now(),
            gateway: self.options.gateway.as_str().into(),
            region: self.options.region.clone(),
        })
    }

    /// Looks how full the disk is. A disk that is nearly full is told before it is full.
    fn measure(&self) -> Result<(), AuditError> {
        let free = disk::free_bytes(self.wal.dir())?;
        let low = free < self.options.free_min;
        self.shared.free_bytes.store(free, Ordering::Relaxed);
        if self.shared.disk_low.swap(low, Ordering::Relaxed) != low {
            tracing::warn!(free, low, "the journal's disk crossed its low-space mark");
        }
        Ok(())
    }
}

/// Sees to it that nobody waits for a writer that is gone, whatever ended it.
struct LastWord(Arc<Shared>);

impl Drop for LastWord {
    fn drop(&mut self) {
        let reason: Arc<str> = "its writer is gone".into();
        self.0.queue.stop(&reason);
        self.0.waiters.stop(reason);
    }
}

/// Writes one entry that does not come through the queue.
pub(crate) fn put(wal: &mut Wal, entry: &Entry) -> Result<(), AuditError> {
    let mut batch = Batch::default();
    batch.push(entry);
    wal.put(&mut batch.frames, &batch.queued)
}

/// An error and its causes in one line.
fn sentence(error: &AuditError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}

/// How long a commit waits for company.
///
/// A sync costs about 80 µs of CPU whatever it carries. A lone request is committed at once; when
/// many wait, waiting up to `linger_max` for twice as many halves the cost for each.
#[derive(Debug, Default)]
struct Pace {
    crowd: u32,
}

impl Pace {
    /// Takes note of how many waited for the last commit; forgets a crowd within a few commits.
    fn saw(&mut self, waiting: usize) {
        self.crowd = u32::try_from(waiting).unwrap_or(u32::MAX).max(self.crowd / 2);
    }

    fn linger(&self, linger_max: Duration) -> Duration {
        if self.crowd <= 2 {
            return Duration::ZERO;
        }
        linger_max * self.crowd.min(CROWD) / CROWD
    }

    fn company(&self) -> usize {
        usize::try_from(self.crowd).unwrap_or(usize::MAX).saturating_mul(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_request_never_lingers_and_a_crowd_is_soon_forgotten() {
        let most = Duration::from_micros(500);
        let mut pace = Pace::default();
        for _ in 0..3 {
            pace.saw(1);
            assert_eq!(pace.linger(most), Duration::ZERO);
        }
        pace.saw(40);
        assert_eq!((pace.linger(most), pace.company()), (most, 80));
        let commits = std::iter::repeat_with(|| {
            pace.saw(1);
            pace.linger(most)
        });
        assert!(commits.take(6).any(|linger| linger.is_zero()));
    }
}
