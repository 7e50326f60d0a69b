//! What stands between request code and the writer: one buffer that fills while the writer writes
//! another.
//!
//! Callers encode and hash outside the lock and copy under it; no entry has an allocation of its
//! own. The writer sleeps on a condition and is woken only when that helps: on the first entry
//! after idleness, when somebody waits for what nobody waited for, or when a lingering commit has
//! gathered the company it hoped for.

use std::{
    cell::RefCell,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ::journal::{
    Entry, Hash,
    frame::{self, FrameKind},
};

use crate::{
    AuditError,
    journal::Ticket,
    wal::{Mark, Queued},
};

/// Frames that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) frames: Vec<u8>,
    pub(crate) queued: Vec<Queued>,
    /// How many callers wait for entries of this batch.
    pub(crate) waiting: usize,
}

impl Batch {
    /// Adds an entry.
    pub(crate) fn push(&mut self, entry: &Entry) {
        let start = self.frames.len();
        let leaf = write_frame(&mut self.frames, entry);
        let length = self.frames.len() - start;
        self.queued.push(Queued { length, leaf, mark: Mark::of(entry) });
    }

    /// Empties it and keeps its memory, unless a burst has made that large.
    pub(crate) fn clear(&mut self) {
        self.frames.clear();
        self.frames.shrink_to(KEPT_BYTES);
        self.queued.clear();
        self.waiting = 0;
    }
}

/// Memory that an empty batch keeps.
const KEPT_BYTES: usize = 256 << 10;

/// Appends an entry's frame, still without its number; gives the hash of the leaf.
fn write_frame(out: &mut Vec<u8>, entry: &Entry) -> Hash {
    let start = out.len();
    frame::begin(out, FrameKind::Entry);
    entry.encode(out);
    Hash::leaf(out.get(start + frame::FRAME_HEAD..).unwrap_or_default())
}

/// What the writer is doing, so that callers know whether to wake it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Writer {
    /// It will look at the queue by itself.
    #[default]
    Busy,
    /// It sleeps until there is an entry.
    Idle,
    /// There are entries that nobody waits for; it sleeps for a while.
    Dozing,
    /// It waits for company until this many callers wait.
    Lingering(usize),
}

#[derive(Debug, Default)]
struct State {
    batch: Batch,
    next: u64,
    writer: Writer,
    closing: bool,
    stopped: Option<Arc<str>>,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    bytes_max: usize,
}

/// How long the writer waits for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Sleep without entries at most this long; `None` is for ever.
    pub(crate) idle: Option<Duration>,
    /// Let entries lie that nobody waits for, at most this long.
    pub(crate) doze: Duration,
    /// Wait for company at most this long; zero commits at once.
    pub(crate) linger: Duration,
    /// How many waiting callers end the linger early.
    pub(crate) company: usize,
}

/// Why the writer got the queue's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// There are entries to commit.
    Commit,
    /// Nothing came for the idle time.
    Idle,
    /// The journal is being closed; this is all there will be.
    Close,
}

/// Why a closed journal takes no entries.
pub(crate) const CLOSED: &str = "it was closed";

/// Lingering looks up this often; when nobody has come since, nobody will.
const SLICES: u32 = 4;

impl Queue {
    /// An empty queue; the next entry gets index `next`.
    pub(crate) fn new(next: u64, bytes_max: usize) -> Self {
        let state = State { next, ..State::default() };
        Self { state: Mutex::new(state), wake: Condvar::new(), bytes_max }
    }

    /// Adds an entry.
    pub(crate) fn push(&self, entry: &Entry) -> Result<Ticket, AuditError> {
        thread_local! {
            static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        SCRATCH.with_borrow_mut(|frame| {
            frame.clear();
            let leaf = write_frame(frame, entry);
            self.push_frame(frame, leaf, Mark::of(entry))
        })
    }

    fn push_frame(&self, frame: &[u8], leaf: Hash, mark: Mark) -> Result<Ticket, AuditError> {
        let mut state = self.lock();
        state.refuse_when_over()?;
        if state.batch.frames.len() + frame.len() > self.bytes_max {
            return Err(AuditError::Full);
        }
        state.batch.frames.extend_from_slice(frame);
        state.batch.queued.push(Queued { length: frame.len(), leaf, mark });
        let ticket = Ticket(state.next);
        state.next += 1;
        if state.writer == Writer::Idle {
            self.rouse(state);
        }
        Ok(ticket)
    }

    /// Says that somebody waits for an entry, so that it is committed soon.
    pub(crate) fn hurry(&self, ticket: Ticket) {
        let mut state = self.lock();
        if ticket.0 < state.first() {
            return;
        }
        state.batch.waiting += 1;
        let rouse = match state.writer {
            Writer::Busy => false,
            Writer::Idle | Writer::Dozing => true,
            Writer::Lingering(company) => state.batch.waiting >= company,
        };
        if rouse {
            self.rouse(state);
        }
    }

    /// Takes no more entries; the writer ends after what is there.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        self.rouse(state);
    }

    /// Takes no more entries, for this reason; the first reason given stays.
    pub(crate) fn stop(&self, reason: &Arc<str>) {
        self.lock().stopped.get_or_insert_with(|| Arc::clone(reason));
    }

    /// Entries handed in so far, and bytes that wait.
    pub(crate) fn level(&self) -> (u64, usize) {
        let state = self.lock();
        (state.next, state.batch.frames.len())
    }

    /// For the writer: sleeps as patience says, then swaps what is queued for the empty `batch`.
    pub(crate) fn take(&self, batch: &mut Batch, patience: Patience) -> Turn {
        let mut state = self.lock();
        while state.batch.queued.is_empty() && !state.closing {
            let timed_out;
            (state, timed_out) = self.sleep(state, Writer::Idle, patience.idle);
            if timed_out && state.batch.queued.is_empty() && !state.closing {
                return Turn::Idle;
            }
        }
        while state.batch.waiting == 0 && !state.closing {
            let timed_out;
            (state, timed_out) = self.sleep(state, Writer::Dozing, Some(patience.doze));
            if timed_out {
                break;
            }
        }
        state = self.linger(state, patience);
        std::mem::swap(&mut state.batch, batch);
        if state.closing { Turn::Close } else { Turn::Commit }
    }

    /// Waits for company as long as it keeps coming.
    fn linger<'a>(&self, mut state: Guard<'a>, patience: Patience) -> Guard<'a> {
        let slice = patience.linger / SLICES;
        for _ in 0..SLICES {
            let before = state.batch.waiting;
            let enough = before == 0 || before >= patience.company;
            if slice.is_zero() || enough || state.closing {
                break;
            }
            (state, _) = self.sleep(state, Writer::Lingering(patience.company), Some(slice));
            if state.batch.waiting == before {
                break;
            }
        }
        state
    }

    fn sleep<'a>(
        &self,
        mut state: Guard<'a>,
        how: Writer,
        time: Option<Duration>,
    ) -> (Guard<'a>, bool) {
        state.writer = how;
        let (mut state, timed_out) = match time {
            None => (self.wake.wait(state).unwrap_or_else(PoisonError::into_inner), false),
            Some(time) => {
                let woken = self.wake.wait_timeout(state, time);
                let (state, result) = woken.unwrap_or_else(PoisonError::into_inner);
                (state, result.timed_out())
            }
        };
        state.writer = Writer::Busy;
        (state, timed_out)
    }

    fn rouse(&self, mut state: Guard<'_>) {
        state.writer = Writer::Busy;
        drop(state);
        self.wake.notify_one();
    }

    fn lock(&self) -> Guard<'_> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Guard<'a> = MutexGuard<'a, State>;

impl State {
    fn refuse_when_over(&self) -> Result<(), AuditError> {
        if let Some(reason) = &self.stopped {
            return Err(AuditError::Stopped { reason: Arc::clone(reason) });
        }
        if self.closing {
            return Err(AuditError::Stopped { reason: CLOSED.into() });
        }
        Ok(())
    }

    /// The index of the first entry that waits.
    fn first(&self) -> u64 {
        self.next.saturating_sub(u64::try_from(self.batch.queued.len()).unwrap_or(u64::MAX))
    }
}
