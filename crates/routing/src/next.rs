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
            unsend(cursor, budget);
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

/// The call was not made after all.
fn unsend(cursor: &mut Cursor, budget: &RetryBudget) {
    if cursor.sent > 1 {
        budget.refund();
    }
    cursor.sent = cursor.sent.saturating_sub(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PlanLimits;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_unix_micros(0).after(Duration::from_millis(millis))
    }

    fn plan_of(attempts: &[usize]) -> Plan {
        Plan {
            attempts: attempts.to_vec(),
            passed_over: Vec::new(),
            trickle: false,
            soonest: None,
            limits: PlanLimits::until(at(60_000)),
        }
    }

    /// A request that plays outcomes one after the other.
    struct Play {
        plan: Plan,
        cursor: Cursor,
        budget: RetryBudget,
    }

    impl Play {
        fn new(attempts: &[usize]) -> Self {
            let mut play =
                Self { plan: plan_of(attempts), cursor: Cursor::new(), budget: RetryBudget::new() };
            let first = attempts.first().copied();
            assert_eq!(play.says(&Outcome::Start), first.map_or(NO_ROUTE, try_now));
            play
        }

        fn says(&mut self, outcome: &Outcome<'_>) -> Next {
            self.says_at(outcome, at(0))
        }

        fn says_at(&mut self, outcome: &Outcome<'_>, now: Timestamp) -> Next {
            next(&self.plan, &mut self.cursor, outcome, &self.budget, now)
        }

        fn fails(&mut self, failure: &Failure) -> Next {
            self.says(&Outcome::Failed { failure, commit: Commit::Before })
        }
    }

    const NO_ROUTE: Next = Next::GiveUp(GiveUp::NoRoute);

    fn try_now(attempt: usize) -> Next {
        Next::Try { attempt, wait: Duration::ZERO }
    }

    fn kind(kind: FailureKind) -> Failure {
        Failure::new(kind, "as scripted")
    }

    fn throttled(millis: u64) -> Failure {
        Failure {
            retry_after: Some(Duration::from_millis(millis)),
            ..kind(FailureKind::RateLimited)
        }
    }

    #[test]
    fn an_empty_plan_gives_up_at_once() {
        Play::new(&[]);
    }

    #[test]
    fn failures_walk_the_plan_and_each_route_is_tried_once() {
        let mut play = Play::new(&[4, 2, 9]);
        assert_eq!(play.fails(&kind(FailureKind::Unreachable)), try_now(2));
        assert_eq!(play.fails(&kind(FailureKind::Broken)), try_now(9));
        assert_eq!(play.fails(&kind(FailureKind::Cut)), Next::GiveUp(GiveUp::RoutesTried));
    }

    #[test]
    fn a_silent_route_is_never_retried_on_itself() {
        for limit in [Limit::Connect, Limit::Headers, Limit::FirstToken, Limit::Gap] {
            let silent =
                Failure { retry_after: Some(Duration::ZERO), ..kind(FailureKind::TimedOut(limit)) };
            assert_eq!(Play::new(&[4, 2]).fails(&silent), try_now(2));
            assert_eq!(Play::new(&[4]).fails(&silent), Next::GiveUp(GiveUp::RoutesTried));
        }
    }

    #[test]
    fn an_overloaded_route_fails_over_without_a_retry_on_itself() {
        let overloaded = Failure {
            retry_after: Some(Duration::from_millis(100)),
            ..kind(FailureKind::Overloaded)
        };
        assert_eq!(Play::new(&[4, 2]).fails(&overloaded), try_now(2));
    }

    #[test]
    fn a_429_of_up_to_half_a_second_waits_on_the_route_once() {
        let mut play = Play::new(&[4, 2]);
        let wait = Duration::from_millis(500);
        assert_eq!(play.fails(&throttled(500)), Next::Try { attempt: 4, wait });
        assert_eq!(play.fails(&throttled(500)), try_now(2), "once is enough");
    }

    #[test]
    fn a_longer_429_or_one_without_a_hint_fails_over_now() {
        assert_eq!(Play::new(&[4, 2]).fails(&throttled(501)), try_now(2));
        assert_eq!(Play::new(&[4, 2]).fails(&kind(FailureKind::RateLimited)), try_now(2));
    }

    #[test]
    fn nothing_follows_the_commit_point() {
        let mut play = Play::new(&[4, 2]);
        let failure = kind(FailureKind::Cut);
        let outcome = Outcome::Failed { failure: &failure, commit: Commit::After };
        assert_eq!(play.says(&outcome), Next::GiveUp(GiveUp::Committed));
    }

    #[test]
    fn the_callers_error_and_absence_end_the_request() {
        for (failed, end) in [
            (FailureKind::BadRequest, GiveUp::ClientError),
            (FailureKind::ContextTooLong, GiveUp::ClientError),
            (FailureKind::TooLarge, GiveUp::ClientError),
            (FailureKind::Cancelled, GiveUp::Cancelled),
            (FailureKind::TimedOut(Limit::Total), GiveUp::Deadline),
        ] {
            assert_eq!(Play::new(&[4, 2]).fails(&kind(failed)), Next::GiveUp(end));
        }
    }

    #[test]
    fn content_rejection_fails_over_only_if_the_workload_says_so() {
        let blocked = kind(FailureKind::ContentBlocked);
        let mut play = Play::new(&[4, 2]);
        assert_eq!(play.fails(&blocked), Next::GiveUp(GiveUp::ContentRejected));
        let mut play = Play::new(&[4, 2]);
        play.plan.limits.on_content_rejection = OnContentRejection::FailOver;
        assert_eq!(play.fails(&blocked), try_now(2));
    }

    #[test]
    fn our_own_credential_trouble_fails_over() {
        for failed in
            [FailureKind::CredentialRejected, FailureKind::QuotaSpent, FailureKind::ModelMissing]
        {
            assert_eq!(Play::new(&[4, 2]).fails(&kind(failed)), try_now(2));
        }
    }

    #[test]
    fn a_skipped_route_is_no_attempt_and_costs_nothing() {
        let mut play = Play::new(&[4, 2, 9]);
        play.plan.limits.attempts_max = 2;
        assert_eq!(play.says(&Outcome::Skipped), try_now(2));
        assert_eq!(play.fails(&kind(FailureKind::Broken)), try_now(9));
        assert_eq!((play.cursor.sent(), play.budget.left()), (2, 49));
        assert_eq!(play.says(&Outcome::Skipped), Next::GiveUp(GiveUp::RoutesTried));
        assert_eq!((play.cursor.sent(), play.budget.left()), (1, 50));
    }

    #[test]
    fn attempts_end_at_the_limit() {
        let mut play = Play::new(&[1, 2, 3, 4]);
        assert_eq!(
            play.fails(&throttled(1)),
            Next::Try { attempt: 1, wait: Duration::from_millis(1) }
        );
        assert_eq!(play.fails(&throttled(1)), try_now(2));
        assert_eq!(play.fails(&kind(FailureKind::Broken)), Next::GiveUp(GiveUp::AttemptsSpent));
    }

    #[test]
    fn without_budget_there_is_no_retry_but_every_first_attempt() {
        let mut play = Play::new(&[4, 2]);
        while play.budget.spend() {}
        assert_eq!(play.fails(&kind(FailureKind::Broken)), Next::GiveUp(GiveUp::BudgetSpent));
        play.cursor = Cursor::new();
        assert_eq!(play.says(&Outcome::Start), try_now(4));
        (0..10).for_each(|_| assert_eq!(play.says(&Outcome::Answered), Next::Deliver));
        assert_eq!(play.fails(&kind(FailureKind::Broken)), try_now(2));
    }

    #[test]
    fn nothing_is_sent_that_cannot_meet_the_deadline() {
        let mut play = Play::new(&[4, 2]);
        let failure = kind(FailureKind::Broken);
        let failed = Outcome::Failed { failure: &failure, commit: Commit::Before };
        assert_eq!(play.says_at(&failed, at(60_000)), Next::GiveUp(GiveUp::Deadline));
        let mut play = Play::new(&[4, 2]);
        let failure = throttled(400);
        let failed = Outcome::Failed { failure: &failure, commit: Commit::Before };
        assert_eq!(play.says_at(&failed, at(59_700)), try_now(2), "no time to wait");
    }
}
