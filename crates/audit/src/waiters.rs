//! Who waits for which entry to be durable, and how they are woken.
//!
//! Waking a task of another thread's runtime costs a system call. So waiters are kept by the
//! thread they wait on, and a commit wakes one of each thread, its leader; the leader wakes the
//! others from inside their own runtime, which costs nothing to speak of. A leader that is dropped
//! before it runs does the same on its way out.

use std::{
    cell::Cell,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use crate::{AuditError, journal::Ticket};

/// How many threads are told apart; more share.
const GROUPS: usize = 16;

/// All waiters of a journal.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    /// Entries on disk: every ticket below it is durable.
    durable: AtomicU64,
    stopped: OnceLock<Arc<str>>,
    groups: [Mutex<Group>; GROUPS],
}

#[derive(Debug, Default)]
struct Group {
    waiting: Vec<Waiting>,
    leader: Option<u64>,
    last_id: u64,
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    ticket: Ticket,
    waker: Waker,
}

impl Waiters {
    /// Begins with a log of so many durable entries.
    pub(crate) fn after(entries: u64) -> Self {
        Self { durable: AtomicU64::new(entries), ..Self::default() }
    }

    /// How many entries are durable.
    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Why nothing will become durable any more, if so.
    pub(crate) fn stopped(&self) -> Option<&Arc<str>> {
        self.stopped.get()
    }

    /// Says that all entries below `entries` are on disk.
    pub(crate) fn release(&self, entries: u64) {
        self.durable.store(entries, Ordering::Release);
        self.wake_leaders();
    }

    /// Says that nothing more will become durable.
    pub(crate) fn stop(&self, reason: Arc<str>) {
        // A second reason changes nothing: the first one stopped it.
        let _ = self.stopped.set(reason);
        self.wake_leaders();
    }

    /// Whether the wait for a ticket is over.
    pub(crate) fn settled(&self, ticket: Ticket) -> Option<Result<(), AuditError>> {
        if ticket.0 < self.durable() {
            return Some(Ok(()));
        }
        let reason = self.stopped()?;
        // Both may have come between the two looks; what is durable stays so.
        if ticket.0 < self.durable() {
            return Some(Ok(()));
        }
        Some(Err(AuditError::Stopped { reason: Arc::clone(reason) }))
    }

    /// Waits for a ticket. Dropping the future only ends the waiting.
    pub(crate) fn wait(self: &Arc<Self>, ticket: Ticket) -> Wait {
        Wait { waiters: Arc::clone(self), ticket, place: None }
    }

    fn wake_leaders(&self) {
        for group in &self.groups {
            let mut group = lock(group);
            if group.leader.is_some() {
                continue;
            }
            let settled = |waiting: &&Waiting| self.settled(waiting.ticket).is_some();
            let first = group.waiting.iter().find(settled);
            let Some((id, waker)) = first.map(|w| (w.id, w.waker.clone())) else { continue };
            group.leader = Some(id);
            drop(group);
            waker.wake();
        }
    }

    /// Takes a waiter out; if it leads, it wakes all whose wait is over.
    fn leave(&self, place: Place) {
        let Some(group) = self.groups.get(place.group) else { return };
        let mut group = lock(group);
        if let Some(at) = group.waiting.iter().position(|waiting| waiting.id == place.id) {
            group.waiting.swap_remove(at);
        }
        if group.leader != Some(place.id) {
            return;
        }
        group.leader = None;
        let over = |waiting: &mut Waiting| self.settled(waiting.ticket).is_some();
        let wakers: Vec<_> = group.waiting.extract_if(.., over).map(|w| w.waker).collect();
        drop(group);
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// A wait for one entry.
#[derive(Debug)]
pub(crate) struct Wait {
    waiters: Arc<Waiters>,
    ticket: Ticket,
    place: Option<Place>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    group: usize,
    id: u64,
}

impl Future for Wait {
    type Output = Result<(), AuditError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(result) = self.waiters.settled(self.ticket) {
            if let Some(place) = self.place.take() {
                self.waiters.leave(place);
            }
            return Poll::Ready(result);
        }
        let waiters = Arc::clone(&self.waiters);
        let at = self.place.map_or_else(group_of_this_thread, |place| place.group);
        let Some(group) = waiters.groups.get(at) else { return Poll::Pending };
        let mut group = lock(group);
        // The commit may have come since the first look; it looks at the group only under the lock.
        if let Some(result) = waiters.settled(self.ticket) {
            drop(group);
            if let Some(place) = self.place.take() {
                waiters.leave(place);
            }
            return Poll::Ready(result);
        }
        let mine = self.place.map(|place| place.id);
        match group.waiting.iter_mut().find(|waiting| Some(waiting.id) == mine) {
            Some(waiting) => waiting.waker.clone_from(context.waker()),
            None => {
                group.last_id += 1;
                let id = group.last_id;
                let waker = context.waker().clone();
                group.waiting.push(Waiting { id, ticket: self.ticket, waker });
                self.place = Some(Place { group: at, id });
            }
        }
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.waiters.leave(place);
        }
    }
}

fn lock(group: &Mutex<Group>) -> MutexGuard<'_, Group> {
    group.lock().unwrap_or_else(PoisonError::into_inner)
}

fn group_of_this_thread() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static GROUP: Cell<Option<usize>> = const { Cell::new(None) };
    }
    GROUP.with(|group| {
        group.get().unwrap_or_else(|| {
            let fresh = THREADS.fetch_add(1, Ordering::Relaxed) % GROUPS;
            group.set(Some(fresh));
            fresh
        })
    })
}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Count {
        fn woken(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    fn poll(wait: &mut Wait, count: &Arc<Count>) -> Poll<Result<(), AuditError>> {
        let waker = Waker::from(Arc::clone(count));
        Pin::new(wait).poll(&mut Context::from_waker(&waker))
    }

    #[test]
    fn a_commit_wakes_one_and_that_one_wakes_those_whose_entry_is_durable() {
        let waiters = Arc::new(Waiters::after(10));
        let counts: Vec<_> = (0..3).map(|_| Arc::new(Count::default())).collect();
        let mut waits: Vec<_> = [10, 11, 15].map(|n| waiters.wait(Ticket(n))).into();
        for (wait, count) in waits.iter_mut().zip(&counts) {
            assert!(poll(wait, count).is_pending());
        }
        waiters.release(12);
        assert_eq!(counts.iter().map(|c| c.woken()).collect::<Vec<_>>(), [1, 0, 0]);
        assert!(matches!(poll(&mut waits[0], &counts[0]), Poll::Ready(Ok(()))));
        assert_eq!(counts.iter().map(|c| c.woken()).collect::<Vec<_>>(), [1, 1, 0]);
        assert!(matches!(poll(&mut waits[1], &counts[1]), Poll::Ready(Ok(()))));
        waiters.stop("disk gone".into());
        assert_eq!(counts[2].woken(), 1);
        assert!(matches!(poll(&mut waits[2], &counts[2]), Poll::Ready(Err(_))));
        assert!(matches!(poll(&mut waiters.wait(Ticket(3)), &counts[0]), Poll::Ready(Ok(()))));
    }

    #[test]
    fn a_leader_that_is_dropped_still_wakes_the_others() {
        let waiters = Arc::new(Waiters::after(0));
        let (first, second) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let (mut leader, mut other) = (waiters.wait(Ticket(0)), waiters.wait(Ticket(1)));
        assert!(poll(&mut leader, &first).is_pending());
        assert!(poll(&mut other, &second).is_pending());
        waiters.release(2);
        drop(leader);
        assert_eq!(second.woken(), 1);
    }
}
