//! What is known of one request so far, and its record when it ends.
//!
//! Every stage adds to the trail. Whatever happens, a trail that was admitted ends in exactly one
//! outcome entry (AUD-2): settled in words, or as `cancelled` when the caller's connection goes away
//! and the trail is dropped on the way.

use std::{sync::Arc, time::Duration};

use dialect::{ClientDialect, Operation, Retry};
use identity::Caller;
use journal::{Admission, Ending, Entry, NeedsRecord, Outcome, PassedOver, RefusalEntry, Rejected};
use vocab::{EvidenceLevel, ModelId, Refusal, RequestId, Timestamp, WorkloadId};

use crate::{
    gateway::Gateway,
    metrics::Ended,
    port::{EvidenceError, Ticket},
    serving::{Lane, Serving},
};

/// How long a request waits for its evidence.
const EVIDENCE_WAIT_MAX: Duration = Duration::from_secs(10);

/// One request, as far as it has come.
pub(crate) struct Trail {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) serving: Arc<Serving>,
    pub(crate) request: RequestId,
    pub(crate) dialect: ClientDialect,
    /// Wall-clock time of arrival.
    pub(crate) at: Timestamp,
    /// Monotonic time of arrival.
    arrived: Duration,
    pub(crate) caller: Option<Arc<Caller>>,
    pub(crate) workload: Option<WorkloadId>,
    pub(crate) model: Option<ModelId>,
    pub(crate) needs: NeedsRecord,
    pub(crate) passed_over: Vec<PassedOver>,
    /// What the last attempt did not tell its provider.
    pub(crate) dropped: Vec<&'static str>,
    pub(crate) rejected: Vec<Rejected>,
    pub(crate) evidence: EvidenceLevel,
    /// The route that answered: its price is what the answer costs.
    answered_by: Option<Arc<Lane>>,
    /// Present from admission until the outcome is written.
    open: Option<Box<Outcome>>,
    /// Whether a refused caller is to come back, where that depends on more than the refusal.
    pub(crate) retry: Option<Retry>,
    /// Upstream calls of a settled request.
    attempts: usize,
    /// Counted among the gateway's requests.
    counted: bool,
}

impl Trail {
    pub(crate) fn begin(gateway: Arc<Gateway>, dialect: ClientDialect) -> Self {
        let serving = gateway.serving();
        let at = gateway.env.now();
        let request = RequestId::new(at, gateway.random_u128());
        let arrived = gateway.env.monotonic();
        gateway.metrics.in_flight.inc();
        Self {
            gateway,
            serving,
            request,
            dialect,
            at,
            arrived,
            caller: None,
            workload: None,
            model: None,
            needs: NeedsRecord::default(),
            passed_over: Vec::new(),
            dropped: Vec::new(),
            rejected: Vec::new(),
            evidence: EvidenceLevel::Local,
            answered_by: None,
            open: None,
            retry: None,
            attempts: 0,
            counted: false,
        }
    }

    /// Takes a place among the gateway's requests, which the end of the trail gives back.
    pub(crate) fn enter(&mut self) -> Result<(), Refusal> {
        self.counted = true;
        self.gateway.enter()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.gateway.env.now()
    }

    /// Time since the request arrived.
    pub(crate) fn elapsed(&self) -> Duration {
        self.gateway.env.monotonic().saturating_sub(self.arrived)
    }

    /// The outcome as far as it is known; `None` before admission.
    pub(crate) fn outcome(&mut self) -> Option<&mut Outcome> {
        self.open.as_deref_mut()
    }

    /// Takes note of the route that answered.
    pub(crate) fn answered_by(&mut self, lane: &Arc<Lane>) {
        self.answered_by = Some(Arc::clone(lane));
    }

    /// How many upstream calls were made.
    pub(crate) fn attempts(&self) -> usize {
        self.open.as_ref().map_or(self.attempts, |outcome| outcome.attempts.len())
    }

    /// Writes the admission. From here on the request has exactly one outcome entry (AUD-2).
    pub(crate) fn admit(&mut self, admission: Admission) -> Result<Ticket, EvidenceError> {
        let outcome = Outcome {
            request: self.request,
            at: admission.at,
            gateway: Arc::clone(&admission.gateway),
            region: admission.region.clone(),
            result: Ending::Cancelled,
            status: None,
            code: None,
            route: None,
            endpoint: None,
            served_region: None,
            tier: None,
            upstream_model: None,
            certificate: None,
            mechanism: None,
            attempts: Vec::new(),
            usage: vocab::Usage::default(),
            cost_micro_usd: None,
            finish: None,
            dropped: Vec::new(),
            bytes: 0,
            elapsed_ms: 0,
            first_token_ms: None,
        };
        let ticket = self.gateway.evidence.append(Entry::Admission(admission))?;
        self.open = Some(Box::new(outcome));
        Ok(ticket)
    }

    /// Writes the outcome. `None` when there was no admission or it is settled already.
    pub(crate) fn settle(&mut self, result: Ending) -> Option<Result<Ticket, EvidenceError>> {
        let mut outcome = self.open.take()?;
        self.attempts = outcome.attempts.len();
        outcome.result = result;
        outcome.at = self.now();
        outcome.elapsed_ms = millis(self.elapsed());
        self.reckon(&mut outcome);
        self.count(match result {
            Ending::Served => Ended::Served,
            Ending::Refused => Ended::Refused,
            Ending::Failed | Ending::Interrupted => Ended::Failed,
            Ending::Cancelled => Ended::Cancelled,
        });
        Some(self.gateway.evidence.append(Entry::Outcome(*outcome)))
    }

    /// Puts on record what the answer cost (O3). Failed attempts are on record as attempts; only the
    /// route that answered has a cost. Counting tokens uses none, so nothing is unknown about it.
    fn reckon(&self, outcome: &mut Outcome) {
        let Some(lane) = &self.answered_by else { return };
        match self.dialect.operation() {
            Operation::Generate | Operation::Embed => {
                outcome.cost_micro_usd = lane.price.and_then(|price| price.cost(&outcome.usage));
                lane.metrics.used(outcome.result, &outcome.usage, outcome.cost_micro_usd);
            }
            Operation::Count => {}
        }
    }

    /// Writes a refusal of a request that was never admitted.
    pub(crate) fn refuse(&mut self, refusal: &Refusal) -> Result<Ticket, EvidenceError> {
        self.count(Ended::Refused);
        self.gateway.metrics.refused(refusal.code);
        let caller = self.caller.as_deref();
        self.gateway.evidence.append(Entry::Refusal(RefusalEntry {
            request: self.request,
            at: self.now(),
            gateway: Arc::clone(&self.gateway.name),
            region: self.gateway.region.clone(),
            code: refusal.code,
            generation: self.serving.bundle.generation,
            bundle_digest: Arc::clone(&self.serving.bundle_digest),
            tenant: caller.map(|caller| caller.tenant.clone()),
            credential: caller.map(|caller| caller.credential.clone()),
            workload: self.workload.clone(),
            model: self.model.clone(),
            origin: caller.map(|caller| caller.origin.clone()),
            dialect: Some(self.dialect.as_str().into()),
            needs: Some(self.needs.clone()),
            passed_over: std::mem::take(&mut self.passed_over),
            rejected: std::mem::take(&mut self.rejected),
        }))
    }

    fn count(&self, how: Ended) {
        self.gateway.metrics.ended(how, self.dialect, self.elapsed());
    }

    /// Waits until an entry is durable.
    pub(crate) async fn durable(&self, ticket: Ticket) -> Result<(), EvidenceError> {
        let started = self.gateway.env.monotonic();
        let kept = self.gateway.evidence.durable(ticket);
        // A disk that hangs without an error must not hold requests past every limit.
        let kept = match tokio::time::timeout(EVIDENCE_WAIT_MAX, kept).await {
            Ok(kept) => kept,
            Err(_elapsed) => {
                let limit = EVIDENCE_WAIT_MAX.as_secs();
                Err(EvidenceError(format!("an entry was not durable within {limit} s")))
            }
        };
        let waited = self.gateway.env.monotonic().saturating_sub(started);
        self.gateway.metrics.waited_for_evidence(waited);
        kept
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        self.gateway.metrics.in_flight.dec();
        if self.counted {
            self.gateway.leave();
        }
        // AUD-2: the caller went away while an attempt or a stream was running.
        if let Some(Err(error)) = self.settle(Ending::Cancelled) {
            tracing::error!(request = %self.request, %error, "the outcome of a cancelled request was lost");
        }
    }
}

pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
