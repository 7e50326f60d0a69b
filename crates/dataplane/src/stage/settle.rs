//! The end of a request: its outcome on record, durable before the caller sees it (A2, AUD-1).

use std::time::Duration;

use bytes::Bytes;
use dialect::{CallerError, Retry};
use http::Response;
use journal::Ending;
use routing::GiveUp;
use vocab::{EvidenceLevel, FailureKind, Refusal, RefusalCode};

use super::{
    Failed, NoAnswer,
    attempt::{Answered, Whole},
    attest::evidence_unavailable,
    outlook::{OPERATOR_MUST_ACT, Outlook},
    relay,
};
use crate::{
    body::Body,
    port::{EvidenceError, Ticket},
    reply,
    trail::{Trail, millis},
};

const EVIDENCE_NONE: &str = "none";
/// When a caller may come back to routes that its first request did not reach.
const RETRY_SOON: Duration = Duration::from_secs(1);

/// Sends an answer, whole or as a stream.
pub(super) async fn deliver(trail: Trail, answered: Answered) -> Response<Body> {
    match answered {
        Answered::Whole(whole) => deliver_whole(trail, *whole).await,
        Answered::Stream(begun) => {
            let mut response =
                reply::answer(&trail, &begun.lane, "text/event-stream", Body::whole(Bytes::new()));
            let no_store = http::HeaderValue::from_static("no-cache");
            response.headers_mut().insert(http::header::CACHE_CONTROL, no_store);
            let mut trail = trail;
            if let Some(outcome) = trail.outcome() {
                outcome.status = Some(200);
            }
            *response.body_mut() = relay::body(trail, begun);
            response
        }
    }
}

async fn deliver_whole(mut trail: Trail, whole: Whole) -> Response<Body> {
    let Whole { lane, answer } = whole;
    let elapsed = millis(trail.elapsed());
    if let Some(outcome) = trail.outcome() {
        outcome.status = Some(200);
        outcome.usage = answer.usage;
        outcome.finish = answer.finish.map(|finish| finish.as_str().into());
        outcome.bytes = answer.body.len() as u64;
        outcome.first_token_ms = Some(elapsed);
    }
    let response = reply::answer(&trail, &lane, "application/json", Body::whole(answer.body));
    let appended = trail.settle(Ending::Served);
    match kept(&trail, appended).await {
        Ok(_level) => response,
        // AUD-1: an answer without its evidence is withheld.
        Err(error) => {
            let refusal = evidence_unavailable(&error);
            let mut response =
                reply::error(&trail, &CallerError::from_refusal(&refusal), EVIDENCE_NONE);
            reply::mark_refusal(&mut response, &refusal);
            response
        }
    }
}

/// Says no, or tells of the last failure, with the record written first.
pub(super) async fn no_answer(trail: Trail, no_answer: NoAnswer) -> Response<Body> {
    match no_answer {
        NoAnswer::Refused(refusal) => refuse(trail, refusal).await,
        NoAnswer::Failed(failed) => fail(trail, &failed).await,
    }
}

async fn fail(mut trail: Trail, failed: &Failed) -> Response<Body> {
    let refusal = exhausted(&trail, failed);
    let error = caller_error(&mut trail, failed, refusal.as_ref());
    let status = trail.dialect.status(&error);
    let kind = failed.failure.kind.as_str();
    if let Some(outcome) = trail.outcome() {
        outcome.status = Some(status);
        let code = refusal.as_ref().map_or(kind, |refusal| refusal.code.as_str());
        outcome.code = Some(code.into());
    }
    let appended = trail.settle(Ending::Failed);
    let evidence = kept(&trail, appended).await.unwrap_or(EVIDENCE_NONE);
    tracing::warn!(request = %trail.request, kind, why = failed.why.as_str(), "a request failed");
    let mut response = reply::error(&trail, &error, evidence);
    if let Some(refusal) = &refusal {
        trail.gateway.metrics.refused(refusal.code);
        reply::mark_refusal(&mut response, refusal);
    }
    response
}

async fn refuse(mut trail: Trail, refusal: Refusal) -> Response<Body> {
    tracing::info!(request = %trail.request, code = refusal.code.as_str(), "a request was refused");
    let mut error = CallerError::from_refusal(&refusal);
    if let Some(retry) = trail.retry {
        error.retry = retry;
    }
    let status = trail.dialect.status(&error);
    if let Some(outcome) = trail.outcome() {
        outcome.status = Some(status);
        outcome.code = Some(refusal.code.as_str().into());
    }
    let appended = match trail.settle(Ending::Refused) {
        Some(settled) => {
            trail.gateway.metrics.refused(refusal.code);
            Some(settled)
        }
        None => recordable(&trail, &refusal).then(|| trail.refuse(&refusal)),
    };
    let evidence = kept(&trail, appended).await.unwrap_or(EVIDENCE_NONE);
    let mut response = reply::error(&trail, &error, evidence);
    reply::mark_refusal(&mut response, &refusal);
    response
}

/// A refusal of load, or of a gateway that leaves, is not recorded: nobody is known yet, and the
/// record would add to the load. Metrics count it.
fn recordable(trail: &Trail, refusal: &Refusal) -> bool {
    if matches!(refusal.code, RefusalCode::TooBusy | RefusalCode::Draining) {
        trail.gateway.metrics.refused(refusal.code);
        return false;
    }
    true
}

/// Waits for an entry as long as the workload demands; says which evidence the caller has.
async fn kept(
    trail: &Trail,
    appended: Option<Result<Ticket, EvidenceError>>,
) -> Result<&'static str, EvidenceError> {
    let Some(appended) = appended else { return Ok(EVIDENCE_NONE) };
    let ticket = match appended {
        Ok(ticket) => ticket,
        // `buffered` promises nothing before the answer.
        Err(_) if trail.evidence < EvidenceLevel::Local => return Ok(EVIDENCE_NONE),
        Err(error) => return Err(error),
    };
    // A stranger must not be able to make the disk the bottleneck: their refusals are written
    // with the next batch.
    if trail.evidence < EvidenceLevel::Local || trail.caller.is_none() {
        return Ok(EvidenceLevel::Buffered.as_str());
    }
    trail.durable(ticket).await?;
    Ok(trail.evidence.as_str())
}

/// The refusal of a request whose routes are used up, which is what it comes to for the caller:
/// policy permits nothing else (P7). `None` when the failure is about the request itself.
fn exhausted(trail: &Trail, failed: &Failed) -> Option<Refusal> {
    match failed.why {
        GiveUp::NoRoute | GiveUp::RoutesTried | GiveUp::AttemptsSpent | GiveUp::BudgetSpent => {
            let attempts = trail.attempts();
            let last = failed.failure.kind.as_str();
            let message =
                format!("no permitted route answered: {attempts} tried, the last one was `{last}`");
            let remedy = match (failed.untried, failed.outlook) {
                (true, _) => {
                    "try again shortly; one request may not try every permitted route, and some are left"
                }
                (false, Outlook::NeedsAPerson) => OPERATOR_MUST_ACT,
                (false, Outlook::Back(_) | Outlook::Unsaid) => {
                    "try again shortly; no other permitted route can take a request now"
                }
            };
            Some(Refusal::new(RefusalCode::RoutesUnavailable, message, remedy))
        }
        GiveUp::Deadline
        | GiveUp::Committed
        | GiveUp::ClientError
        | GiveUp::ContentRejected
        | GiveUp::Cancelled => None,
    }
}

/// What the caller is told.
fn caller_error(trail: &mut Trail, failed: &Failed, exhausted: Option<&Refusal>) -> CallerError {
    let Some(refusal) = exhausted else {
        let mut error = CallerError::from_failure(&failed.failure);
        if failed.why == GiveUp::Deadline {
            error.retry = Retry::Never;
        }
        return error;
    };
    let mut error = if is_telling(failed.failure.kind) && failed_alike(trail) {
        let told = CallerError::from_failure(&failed.failure);
        CallerError { message: format!("{} ({})", told.message, refusal.remedy), ..told }
    } else {
        CallerError::from_refusal(refusal)
    };
    error.retry = hint(failed).map_or(Retry::Never, Retry::after);
    error
}

/// When the caller may come back. Once every permitted route was tried here, a retry by the SDK
/// would only multiply the load, so it is told not to, unless the provider said when to come back,
/// permitted routes are left, or one rests because its provider asked for less.
fn hint(failed: &Failed) -> Option<Duration> {
    let Failed { failure, why, untried, outlook } = failed;
    if *why == GiveUp::BudgetSpent {
        return None;
    }
    // Limits have reset times, but an account that is out of order does not come back with them.
    let is_cured =
        !matches!(failure.kind, FailureKind::QuotaSpent | FailureKind::CredentialRejected);
    let stated = failure.retry_after.filter(|_| is_cured);
    let rest = match outlook {
        Outlook::Back(rest) if is_telling(failure.kind) => Some(*rest),
        Outlook::Back(_) | Outlook::NeedsAPerson | Outlook::Unsaid => None,
    };
    stated.or(untried.then_some(RETRY_SOON)).or(rest)
}

/// Whether a caller does something else about this kind of failure than about an outage: it slows
/// down, or tells the operator.
const fn is_telling(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::RateLimited | FailureKind::QuotaSpent | FailureKind::CredentialRejected
    )
}

/// Whether every attempt ended in the same way.
fn failed_alike(trail: &mut Trail) -> bool {
    let Some(outcome) = trail.outcome() else { return false };
    let mut kinds = outcome.attempts.iter().map(|attempt| attempt.kind);
    let first = kinds.next().flatten();
    first.is_some() && kinds.all(|kind| kind == first)
}
