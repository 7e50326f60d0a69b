//! The log of requests received: proof of which prompt reached whom, and how it ended.
//!
//! A bounded ring; the newest win and the dropped are counted. The lock is held to push or to copy
//! pointers. An outcome is written later, into the entry itself, without any lock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, Ordering};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::clock::WallTime;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not ended yet.
    Open,
    /// The answer was sent whole.
    Served,
    /// Refused by the vendor's own rules: bad request, bad key, no such model.
    Rejected,
    /// A fault struck it.
    Faulted,
    /// The caller went away first.
    Cancelled,
}

const OUTCOMES: [Outcome; 5] =
    [Outcome::Open, Outcome::Served, Outcome::Rejected, Outcome::Faulted, Outcome::Cancelled];

impl Outcome {
    const fn code(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Served => 1,
            Self::Rejected => 2,
            Self::Faulted => 3,
            Self::Cancelled => 4,
        }
    }
}

/// One request as the control API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Rises by one per request.
    pub seq: u64,
    /// When it was read, RFC 3339.
    pub time: String,
    /// The endpoint addressed.
    pub endpoint: String,
    /// That endpoint's region.
    pub region: String,
    /// HTTP method.
    pub method: String,
    /// Path after the endpoint's name.
    pub path: String,
    /// Upstream model asked for; empty where there is none.
    pub model: String,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The caller's `x-request-id`.
    pub request_id: Option<String>,
    /// Sixteen hexadecimal digits that tell one body from another; not a cryptographic hash.
    pub digest: String,
    /// First 200 characters of the last user text.
    pub text: String,
    /// Names of the top-level fields of the body, in order.
    pub fields: Vec<String>,
    /// The wire format spoken, e.g. `openai.responses`; empty where the path is unknown.
    #[serde(default)]
    pub wire: String,
    /// What else tells where it went and on whose behalf: kind of credential, `SigV4` scope, API
    /// version, location in the path, geography asked for. Never a secret.
    #[serde(default)]
    pub marks: BTreeMap<String, String>,
    /// Status answered; 0 while there is none.
    pub status: u16,
    /// How it ended.
    pub outcome: Outcome,
    /// Kind of the fault that struck it.
    pub fault: Option<String>,
    /// Whether the caller went away before the end, faulted or not.
    pub disconnected: bool,
}

/// What is known of a request once it is read.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) endpoint: Arc<str>,
    pub(crate) region: Arc<str>,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) model: String,
    pub(crate) stream: bool,
    pub(crate) request_id: Option<String>,
    pub(crate) digest: u64,
    pub(crate) text: String,
    pub(crate) fields: Vec<String>,
    pub(crate) wire: &'static str,
    pub(crate) marks: BTreeMap<String, String>,
    pub(crate) fault: Option<&'static str>,
}

#[derive(Debug)]
struct Entry {
    seq: u64,
    at: WallTime,
    received: Received,
    outcome: AtomicU8,
    status: AtomicU16,
    disconnected: AtomicBool,
    late_fault: Mutex<Option<&'static str>>,
}

#[derive(Debug)]
pub(crate) struct RequestLog {
    entries_max: usize,
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    last_seq: u64,
    dropped: u64,
    entries: VecDeque<Arc<Entry>>,
}

/// A page of the log.
#[derive(Debug, Serialize)]
pub(crate) struct Page {
    pub(crate) requests: Vec<RequestRecord>,
    /// Give it as `since` to go on from here.
    pub(crate) next: u64,
    /// Entries lost to the bound since the last clear.
    pub(crate) dropped: u64,
}

impl RequestLog {
    pub(crate) fn new(entries_max: usize) -> Self {
        Self { entries_max: entries_max.max(1), ring: Mutex::default() }
    }

    /// Writes a request down and returns the hand that will write its outcome.
    pub(crate) fn open(&self, at: WallTime, received: Received) -> Tracked {
        let first = if received.fault.is_some() { Outcome::Faulted } else { Outcome::Open };
        let mut ring = self.ring.lock();
        ring.last_seq += 1;
        if ring.entries.len() >= self.entries_max {
            ring.entries.pop_front();
            ring.dropped += 1;
        }
        let entry = Arc::new(Entry {
            seq: ring.last_seq,
            at,
            received,
            outcome: AtomicU8::new(first.code()),
            status: AtomicU16::new(0),
            disconnected: AtomicBool::new(false),
            late_fault: Mutex::new(None),
        });
        ring.entries.push_back(Arc::clone(&entry));
        Tracked { entry, ended: false }
    }

    /// Entries after `since`, oldest first, at most `most`.
    pub(crate) fn page(&self, since: u64, endpoint: Option<&str>, most: usize) -> Page {
        let (entries, mut next, dropped) = {
            let ring = self.ring.lock();
            let from = ring.entries.partition_point(|entry| entry.seq <= since);
            let wanted =
                |entry: &&Arc<Entry>| endpoint.is_none_or(|only| &*entry.received.endpoint == only);
            let entries: Vec<_> =
                ring.entries.iter().skip(from).filter(wanted).take(most).cloned().collect();
            (entries, ring.last_seq, ring.dropped)
        };
        if entries.len() == most {
            next = entries.last().map_or(next, |entry| entry.seq);
        }
        let requests = entries.iter().map(|entry| entry.record()).collect();
        Page { requests, next, dropped }
    }

    /// Forgets all entries; sequence numbers go on.
    pub(crate) fn clear(&self) -> usize {
        let mut ring = self.ring.lock();
        ring.dropped = 0;
        std::mem::take(&mut ring.entries).len()
    }
}

impl Entry {
    fn record(&self) -> RequestRecord {
        let received = &self.received;
        let outcome = usize::from(self.outcome.load(Ordering::Acquire));
        RequestRecord {
            seq: self.seq,
            time: self.at.rfc3339(),
            endpoint: received.endpoint.to_string(),
            region: received.region.to_string(),
            method: received.method.clone(),
            path: received.path.clone(),
            model: received.model.clone(),
            stream: received.stream,
            request_id: received.request_id.clone(),
            digest: format!("{:016x}", received.digest),
            text: received.text.clone(),
            fields: received.fields.clone(),
            wire: received.wire.to_owned(),
            marks: received.marks.clone(),
            status: self.status.load(Ordering::Acquire),
            outcome: OUTCOMES.get(outcome).copied().unwrap_or(Outcome::Open),
            fault: received.fault.or(*self.late_fault.lock()).map(str::to_owned),
            disconnected: self.disconnected.load(Ordering::Acquire),
        }
    }
}

/// Follows one request to its end. Dropped before the end: the caller went away.
#[derive(Debug)]
pub(crate) struct Tracked {
    entry: Arc<Entry>,
    ended: bool,
}

impl Tracked {
    pub(crate) fn seq(&self) -> u64 {
        self.entry.seq
    }

    pub(crate) fn status(&self, status: u16) {
        self.entry.status.store(status, Ordering::Release);
    }

    /// A fault strikes after the entry was written.
    pub(crate) fn faulted(&self, kind: &'static str) {
        *self.entry.late_fault.lock() = Some(kind);
        self.entry.outcome.store(Outcome::Faulted.code(), Ordering::Release);
    }

    /// The vendor's own rules refuse it.
    pub(crate) fn rejected(&self) {
        self.settle(Outcome::Rejected);
    }

    /// Our side is done: whole answer sent, or the fault played out.
    pub(crate) fn end(&mut self) {
        self.settle(Outcome::Served);
        self.ended = true;
    }

    fn settle(&self, outcome: Outcome) {
        // The first verdict stays: a request that a fault struck is not served by ending well.
        let open = Outcome::Open.code();
        let _kept = self.entry.outcome.compare_exchange(
            open,
            outcome.code(),
            Ordering::AcqRel,
            Ordering::Acquire,
        );
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        if !self.ended {
            self.settle(Outcome::Cancelled);
            self.entry.disconnected.store(true, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(endpoint: &str) -> Received {
        Received { endpoint: endpoint.into(), ..Received::default() }
    }

    #[test]
    fn the_ring_is_bounded_and_counts_what_it_drops() {
        let log = RequestLog::new(2);
        for _ in 0..5 {
            log.open(WallTime(0), received("a")).end();
        }
        let page = log.page(0, None, 100);
        assert_eq!(page.dropped, 3);
        assert_eq!(page.requests.iter().map(|one| one.seq).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(page.next, 5);
    }

    #[test]
    fn a_page_goes_on_where_the_last_one_ended() {
        let log = RequestLog::new(100);
        for endpoint in ["a", "b", "a", "a"] {
            log.open(WallTime(0), received(endpoint)).end();
        }
        let first = log.page(0, Some("a"), 2);
        assert_eq!(first.requests.iter().map(|one| one.seq).collect::<Vec<_>>(), [1, 3]);
        let second = log.page(first.next, Some("a"), 2);
        assert_eq!(second.requests.iter().map(|one| one.seq).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn a_request_dropped_before_its_end_is_cancelled() {
        let log = RequestLog::new(10);
        drop(log.open(WallTime(0), received("a")));
        let record = &log.page(0, None, 10).requests[0];
        assert_eq!((record.outcome, record.disconnected), (Outcome::Cancelled, true));
    }

    #[test]
    fn a_fault_stays_the_verdict_when_the_caller_leaves() {
        let log = RequestLog::new(10);
        let tracked = log.open(WallTime(0), received("a"));
        tracked.faulted("hang_after_tokens");
        drop(tracked);
        let record = &log.page(0, None, 10).requests[0];
        assert_eq!((record.outcome, record.disconnected), (Outcome::Faulted, true));
        assert_eq!(record.fault.as_deref(), Some("hang_after_tokens"));
    }
}
