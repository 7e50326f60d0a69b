//! What follows an attempt: deliver, try the next route, or give up (R3, R5, R8 first half).

use std::time::Duration;

use vocab::{Failure, FailureKind, OutcomeClass, Timestamp, failure::Limit};

use crate::{Defaults, OnContentRejection, Plan, RetryBudget};

/// Where a request stands in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// Attempts of the plan that were begun or skipped.
    taken: usize,
    /// Calls that were sent.
    sent: u32,
    /// Whether the current route was already waited for.
    waited: bool,
}

impl Cursor {
    /// Before the first attempt.
    #[must_use]
    pub const fn new() -> Self {
        Self { taken: 0, sent: 0, waited: false }
    }

    /// Calls that were sent, the one under way among them.
    #[must_use]
    pub const fn sent(&self) -> u32 {
        self.sent
    }
}

/// Whether the caller has seen a part of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// No: another route can still answer, and the caller will not know.
    Before,
    /// Yes: the answer ends here, with an error if it is not whole (RTE-1).
    After,
}

/// What happened last.
#[derive(Debug, Clone, Copy)]
pub enum Outcome<'a> {
    /// Nothing yet.
    Start,
    /// The route was not used: health refused it at [`crate::RouteHealth::begin`], or policy no
    /// longer permits it (P1). Nothing was sent.
    Skipped,
    /// There is an answer, or the first token of one.
    Answered,
    /// The attempt failed.
    Failed {
        /// How.
        failure: &'a Failure,
        /// Before or after the caller saw something.
        commit: Commit,
    },
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Give the caller the answer.
    Deliver,
    /// Try a route.
    Try {
        /// Its [`crate::Candidate::index`].
        attempt: usize,
        /// To be waited first; zero except for the same route after a short `Retry-After`.
        wait: Duration,
    },
    /// Tell the caller.
    GiveUp(GiveUp),
}

/// Why no further attempt is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GiveUp {
    /// No route could be planned: all are held or open.
    NoRoute,
    /// The failure came after the commit point.
    Committed,
    /// The request is wrong, and would be elsewhere.
    ClientError,
    /// The provider's content policy said no, and the workload does not shop around.
    ContentRejected,
    /// The caller went away.
    Cancelled,
    /// The time is over.
    Deadline,
    /// Every planned route was tried.
    RoutesTried,
    /// As many calls were sent as one request may send.
    AttemptsSpent,
    /// The pool's retry budget is spent; the caller must not retry either.
    BudgetSpent,
}

impl GiveUp {
    /// The stable name used in records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoRoute => "no_route",
            Self::Committed => "committed",
            Self::ClientError => "client_error",
            Self::ContentRejected => "content_rejected",
            Self::Cancelled => "cancelled",
            Self::Deadline => "deadline",
            Self::RoutesTried => "routes_tried",
            Self::AttemptsSpent => "attempts_spent",
            Self::BudgetSpent => "budget_spent",
        }
    }
}

/// Decides what follows. Call it with [`Outcome::Start`] first, then after each attempt.
///
/// Another route of the same tier comes before the next tier, because the plan is in that order;
/// each route gets one call, so a silent one is never asked again. The only exception is a 429
/// that says to come back within half a second: it is waited for once. A success earns `budget`,
/// a retry costs it; the first call costs nothing.
pub fn next(
    plan: &Plan,
    cursor: &mut Cursor,
    outcome: &Outcome<'_>,
    budget: &RetryBudget,
    now: Timestamp,
) -> Next {
    match outcome {
        Outcome::Answered => {
            budget.earn();
            Next::Deliver
        }
        Outcome::Start if plan.attempts.is_empty() => Next::GiveUp(GiveUp::NoRoute),
        Outcome::Start => advance(plan, cursor, budget, now),
        Outcome::Skipped => {
            cursor.sent = cursor.sent.saturating_sub(1);
            advance(plan, cursor, budget, now)
        }
        Outcome::Failed { commit: Commit::After, .. } => Next::GiveUp(GiveUp::Committed),
        Outcome::Failed { failure, commit: Commit::Before } => {
            if let Some(end) = ends(failure, plan.limits.on_content_rejection) {
                return Next::GiveUp(end);
            }
            match short_wait(failure, cursor) {
                Some(wait) => wait_on_route(plan, cursor, wait, budget, now),
                None => advance(plan, cursor, budget, now),
            }
        }
    }
}

/// Failures that no other route would mend.
fn ends(failure: &Failure, on_content_rejection: OnContentRejection) -> Option<GiveUp> {
    if failure.kind == FailureKind::TimedOut(Limit::Total) {
        return Some(GiveUp::Deadline);
    }
    match failure.class() {
        OutcomeClass::ClientError => Some(GiveUp::ClientError),
        OutcomeClass::Cancelled => Some(GiveUp::Cancelled),
        OutcomeClass::ContentRejected => match on_content_rejection {
            OnContentRejection::End => Some(GiveUp::ContentRejected),
            OnContentRejection::FailOver => None,
        },
        OutcomeClass::Healthy
        | OutcomeClass::Throttled
        | OutcomeClass::Overloaded
        | OutcomeClass::Faulty
        | OutcomeClass::Slow => None,
    }
}

/// A 429 whose hint is short enough to stay.
fn short_wait(failure: &Failure, cursor: &Cursor) -> Option<Duration> {
    let throttled = failure.class() == OutcomeClass::Throttled;
    let hint = failure.retry_after.filter(|_| throttled && !cursor.waited)?;
    (hint <= Defaults::WAIT_ON_ROUTE).then_some(hint)
}

fn wait_on_route(
    plan: &Plan,
    cursor: &mut Cursor,
    wait: Duration,
    budget: &RetryBudget,
    now: Timestamp,
) -> Next {
    let current = cursor.taken.checked_sub(1).and_then(|place| plan.attempts.get(place));
    let Some(attempt) = current.copied() else { return advance(plan, cursor, budget, now) };
    match send(plan, cursor, budget, now.after(wait)) {
        Ok(()) => {
            cursor.waited = true;
            Next::Try { attempt, wait }
        }
        // No time to wait, but perhaps for another route.
        Err(GiveUp::Deadline) => advance(plan, cursor, budget, now),
        Err(end) => Next::GiveUp(end),
    }
}

fn advance(plan: &Plan, cursor: &mut Cursor, budget: &RetryBudget, now: Timestamp) -> Next {
    let Some(attempt) = plan.attempts.get(cursor.taken).copied() else {
        return Next::GiveUp(GiveUp::RoutesTried);
    };
    match send(plan, cursor, budget, now) {
        Ok(()) => {
            cursor.taken += 1;
            cursor.waited = false;
            Next::Try { attempt, wait: Duration::ZERO }
        }
        Err(end) => Next::GiveUp(end),
    }
}

/// RTE-2: one more call, if time, attempts and budget allow it.
fn send(
    plan: &Plan,
    cursor: &mut Cursor,
    budget: &RetryBudget,
    at: Timestamp,
) -> Result<(), GiveUp> {
    if at >= plan.limits.deadline {
        return Err(GiveUp::Deadline);
    }
    if cursor.sent >= plan.limits.attempts_max {
        return Err(GiveUp::AttemptsSpent);
    }
    if cursor.sent > 0 && !budget.spend() {
        return Err(GiveUp::BudgetSpent);
    }
    cursor.sent += 1;
    Ok(())
}
