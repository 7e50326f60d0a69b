//! Connections that wait for their next request, by host (docs/adr/0007).
//!
//! - A connection is here only between a reply that was read to its end and the next request: a
//!   [`Loan`] that is dropped closes it.
//! - Nobody drives a connection that waits here: what its server said in the meantime, a close
//!   above all, is read when it is taken.
//! - The newest is used first, so that after a burst the others grow old and are closed.
//! - Nothing here waits: a connection is closed for its age when somebody takes, gives back or
//!   opens one. One that nobody looks at costs a socket until the server closes it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::uri::{Authority, Scheme};
use tokio::time::Instant;

use crate::{ClientOptions, link::Link};

/// Where a connection leads.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
}

/// Hosts by authority. The names are those of the bundle's endpoints, so that a fast hash is
/// enough.
type Hosts = HashMap<Box<str>, Arc<Host>, foldhash::fast::RandomState>;

/// All idle connections of a client.
#[derive(Debug)]
pub(crate) struct Pool {
    options: ClientOptions,
    plain: Mutex<Hosts>,
    secure: Mutex<Hosts>,
}

/// The idle connections to one host, the oldest first.
#[derive(Debug)]
pub(crate) struct Host {
    options: ClientOptions,
    idle: Mutex<VecDeque<Idle>>,
}

#[derive(Debug)]
struct Idle {
    link: Link,
    since: Instant,
}

/// A connection in use, with the place to bring it back to.
#[derive(Debug)]
pub(crate) struct Loan {
    pub(crate) link: Link,
    host: Arc<Host>,
}

impl Pool {
    /// An empty pool.
    pub(crate) fn new(options: ClientOptions) -> Self {
        Self { options, plain: Mutex::default(), secure: Mutex::default() }
    }

    /// The connections to a place.
    pub(crate) fn host(&self, place: &Place) -> Arc<Host> {
        let hosts = if place.scheme == Scheme::HTTPS { &self.secure } else { &self.plain };
        let mut hosts = lock(hosts);
        if let Some(host) = hosts.get(place.authority.as_str()) {
            return Arc::clone(host);
        }
        let host = Arc::new(Host { options: self.options.clone(), idle: Mutex::default() });
        hosts.insert(place.authority.as_str().into(), Arc::clone(&host));
        host
    }

    /// Closes what is too old everywhere, and forgets hosts that are not used any more.
    pub(crate) fn sweep(&self, now: Instant) {
        for hosts in [&self.plain, &self.secure] {
            lock(hosts).retain(|_, host| {
                let idle = host.close_old(now).len();
                // Nobody can take a second reference while the map is locked.
                idle > 0 || Arc::strong_count(host) > 1
            });
        }
    }
}

impl Host {
    /// The newest connection that can take a request; those that cannot any more are closed.
    pub(crate) fn take(&self, now: Instant) -> Option<Link> {
        let mut idle = self.close_old(now);
        while let Some(Idle { mut link, .. }) = idle.pop_back() {
            if link.is_ready() {
                return Some(link);
            }
        }
        None
    }

    fn put(&self, link: Link, now: Instant) {
        let mut idle = self.close_old(now);
        if idle.len() >= self.options.idle_per_host {
            idle.pop_front();
        }
        if self.options.idle_per_host > 0 {
            idle.push_back(Idle { link, since: now });
        }
    }

    fn close_old(&self, now: Instant) -> MutexGuard<'_, VecDeque<Idle>> {
        let mut idle = lock(&self.idle);
        let old = |idle: &mut Idle| now.duration_since(idle.since) >= self.options.idle;
        while idle.pop_front_if(old).is_some() {}
        idle
    }
}

impl Loan {
    /// A connection that belongs to `host`.
    pub(crate) fn new(link: Link, host: Arc<Host>) -> Self {
        Self { link, host }
    }

    /// Brings the connection back. Only for one whose reply was read to its end.
    pub(crate) fn give_back(self) {
        self.host.put(self.link, Instant::now());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
