//! The journal as the pipeline sees it.

use audit::Journal;
use dataplane::port::{Durable, Evidence, EvidenceError, Ticket};
use journal::Entry;

/// Bytes waiting to be written past which refusals of unknown callers are only counted.
const STRANGERS_MAX: usize = 2 * 1024 * 1024;

/// Room for the admission and the outcome of as many requests as a gateway takes at once, and more.
pub(crate) const QUEUE_MAX: usize = 32 * 1024 * 1024;

/// One gateway's journal behind the pipeline's port.
pub(crate) struct JournalEvidence(pub(crate) Journal);

impl Evidence for JournalEvidence {
    fn append(&self, entry: Entry) -> Result<Ticket, EvidenceError> {
        // AUD-2: strangers must not be able to fill the queue that outcomes need.
        let stranger = matches!(&entry, Entry::Refusal(refusal) if refusal.tenant.is_none());
        if stranger && self.0.health().queued_bytes > STRANGERS_MAX {
            return Err(EvidenceError(
                "too many refusals of unknown callers are waiting".to_owned(),
            ));
        }
        self.0.append(entry).map(|ticket| Ticket(ticket.index())).map_err(|error| failed(&error))
    }

    fn durable(&self, ticket: Ticket) -> Durable {
        let journal = self.0.clone();
        Box::pin(async move {
            let ticket = audit::Ticket::from_index(ticket.0);
            journal.durable(ticket).await.map_err(|error| failed(&error))
        })
    }

    fn ready(&self) -> Result<(), EvidenceError> {
        let health = self.0.health();
        if let Some(reason) = health.stopped {
            return Err(EvidenceError(reason));
        }
        if health.disk_low {
            return Err(EvidenceError(format!(
                "only {} bytes are free on its disk",
                health.free_bytes
            )));
        }
        Ok(())
    }
}

fn failed(error: &audit::AuditError) -> EvidenceError {
    EvidenceError(error.to_string())
}
