//! The journal as the pipeline sees it.

use audit::Journal;
use dataplane::port::{Durable, Evidence, EvidenceError, Ticket};
use journal::Entry;

/// One gateway's journal behind the pipeline's port.
pub(crate) struct JournalEvidence(pub(crate) Journal);

impl Evidence for JournalEvidence {
    fn append(&self, entry: Entry) -> Result<Ticket, EvidenceError> {
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
