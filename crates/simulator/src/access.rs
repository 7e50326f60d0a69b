//! Who may come in: static keys of the configuration, and credentials that the identity surfaces
//! issued and that have not run out.

use std::collections::{HashMap, VecDeque};

use http::{HeaderMap, Method};
use parking_lot::Mutex;

use crate::clock::WallTime;
use crate::config::EndpointSpec;

/// Credentials remembered at once; older ones are forgotten and then unknown.
const ISSUED_MAX: usize = 10_000;

/// Which cloud issued a credential; no cloud accepts another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cloud {
    Aws,
    Google,
    Azure,
}

/// An issued credential. For AWS its name is the access key id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) cloud: Cloud,
    /// Second since the epoch from which on it is refused.
    pub(crate) expires_at: u64,
    /// AWS: secret access key.
    pub(crate) secret: String,
    /// AWS: session token.
    pub(crate) session: String,
}

/// What has been issued, shared by all endpoints of a site.
#[derive(Debug, Default)]
pub(crate) struct Issued(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    tickets: HashMap<String, Ticket>,
    order: VecDeque<String>,
}

impl Issued {
    pub(crate) fn put(&self, name: String, ticket: Ticket) {
        let mut shelf = self.0.lock();
        if shelf.order.len() >= ISSUED_MAX
            && let Some(oldest) = shelf.order.pop_front()
        {
            shelf.tickets.remove(&oldest);
        }
        shelf.order.push_back(name.clone());
        shelf.tickets.insert(name, ticket);
    }

    pub(crate) fn find(&self, name: &str) -> Option<Ticket> {
        self.0.lock().tickets.get(name).cloned()
    }
}

/// How a token was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Good,
    Expired,
    Unknown,
}

/// A caller at the door.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visitor<'a> {
    pub(crate) method: &'a Method,
    /// The whole path as sent, the endpoint's name included: that is what was signed.
    pub(crate) full_path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) spec: &'a EndpointSpec,
    pub(crate) issued: &'a Issued,
    pub(crate) now: WallTime,
}

impl Visitor<'_> {
    /// Judges a key or token that speaks for itself.
    pub(crate) fn token(&self, presented: &str, cloud: Cloud) -> Verdict {
        if !self.spec.issued_only && self.spec.key.as_deref() == Some(presented) {
            return Verdict::Good;
        }
        match self.issued.find(presented) {
            Some(ticket) if ticket.cloud != cloud => Verdict::Unknown,
            Some(ticket) if ticket.expires_at <= self.now.seconds() => Verdict::Expired,
            Some(_) => Verdict::Good,
            None => Verdict::Unknown,
        }
    }

    /// Judges a static key alone.
    pub(crate) fn is_key(&self, presented: &str) -> bool {
        self.spec.key.as_deref() == Some(presented)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let issued = Issued::default();
        let ticket = Ticket {
            cloud: Cloud::Aws,
            expires_at: 1,
            secret: String::new(),
            session: String::new(),
        };
        for number in 0..=ISSUED_MAX {
            issued.put(number.to_string(), ticket.clone());
        }
        assert_eq!((issued.find("0"), issued.find("1")), (None, Some(ticket)));
    }
}
