//! What every plan and every walk through one keeps, whatever the health and the outcomes.

use std::{collections::BTreeSet, time::Duration};

use proptest::prelude::*;
use routing::{
    Candidate, Commit, Cursor, Gate, GiveUp, HealthView, Next, OnContentRejection, OpenCause,
    Outcome, Plan, PlanLimits, RetryBudget, TIER_CROSS_BORDER, next, plan,
};
use vocab::{Failure, FailureKind, Timestamp, failure::Limit};

fn at(millis: u64) -> Timestamp {
    Timestamp::from_unix_micros(0).after(Duration::from_millis(millis))
}

fn gates() -> impl Strategy<Value = Gate> {
    let causes = prop::sample::select(vec![
        OpenCause::FailuresInRow,
        OpenCause::LowSuccess,
        OpenCause::ProbeFailed,
        OpenCause::Credential,
        OpenCause::Quota,
    ]);
    prop_oneof![
        4 => Just(Gate::Open),
        1 => Just(Gate::ProbeDue),
        1 => Just(Gate::Probing),
        1 => (0_u64..90_000).prop_map(|ms| Gate::Held { until: at(ms) }),
        2 => (causes, 0_u64..90_000).prop_map(|(cause, ms)| Gate::Shut { cause, until: at(ms) }),
    ]
}

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let view = (
        gates(),
        prop::option::of(0.0..400.0),
        0_u32..50,
        0.0..=1.0,
        prop_oneof![Just(1.0), 0.1..1.0],
    );
    let candidate = (0_u8..3, 0_u32..3, 0_u32..5, view);
    prop::collection::vec(candidate, 0..8).prop_map(|routes| {
        let made = routes.into_iter().enumerate().map(|(place, (tier, region, weight, view))| {
            let (gate, first_token_seconds, in_flight, success, share) = view;
            let view = HealthView { gate, first_token_seconds, in_flight, success, share };
            // Indexes of the caller's own, with gaps.
            Candidate { index: place * 7 + 3, tier, region, weight, view }
        });
        made.collect()
    })
}

fn limits() -> impl Strategy<Value = PlanLimits> {
    (0_u32..5, 0_u32..4, 0_u64..5_000, any::<bool>()).prop_map(|(attempts, regions, ms, over)| {
        PlanLimits {
            attempts_max: attempts,
            regions_max: regions,
            deadline: at(ms),
            on_content_rejection: if over {
                OnContentRejection::FailOver
            } else {
                OnContentRejection::End
            },
        }
    })
}

fn made(candidates: &[Candidate], limits: &PlanLimits, draws: &[u64]) -> Plan {
    let mut draws = draws.iter().copied().cycle();
    plan(candidates, limits, &mut || draws.next().unwrap_or(0), at(0))
}

const KINDS: [FailureKind; 13] = [
    FailureKind::BadRequest,
    FailureKind::ContentBlocked,
    FailureKind::CredentialRejected,
    FailureKind::QuotaSpent,
    FailureKind::ModelMissing,
    FailureKind::RateLimited,
    FailureKind::Overloaded,
    FailureKind::TimedOut(Limit::Headers),
    FailureKind::TimedOut(Limit::Total),
    FailureKind::Unreachable,
    FailureKind::Reset,
    FailureKind::Broken,
    FailureKind::Cut,
];

#[derive(Debug, Clone)]
enum Step {
    Skip,
    Answer,
    Fail(FailureKind, Option<u64>, Commit),
}

fn steps() -> impl Strategy<Value = Vec<(Step, u64)>> {
    let commit = prop_oneof![9 => Just(Commit::Before), 1 => Just(Commit::After)];
    let fail = (prop::sample::select(KINDS.to_vec()), prop::option::of(0_u64..2_000), commit);
    let step = prop_oneof![
        1 => Just(Step::Skip),
        1 => Just(Step::Answer),
        8 => fail.prop_map(|(kind, hint, commit)| Step::Fail(kind, hint, commit)),
    ];
    prop::collection::vec((step, 0_u64..800), 0..20)
}

proptest! {
    /// RES-1: routing adds nothing to what policy permitted.
    #[test]
    fn a_plan_holds_each_candidate_exactly_once_and_nothing_else(
        candidates in candidates(), limits in limits(), draws in prop::collection::vec(any::<u64>(), 1..20),
    ) {
        let plan = made(&candidates, &limits, &draws);
        let passed = plan.passed_over.iter().map(|(index, _)| *index);
        let mut all: Vec<usize> = plan.attempts.iter().copied().chain(passed).collect();
        all.sort_unstable();
        let expected: Vec<usize> = candidates.iter().map(|c| c.index).collect();
        prop_assert_eq!(all, expected);
    }

    /// RTE-2: past the limits there is at most one attempt for each farther tier.
    #[test]
    fn a_plan_stays_within_attempts_and_regions(
        candidates in candidates(), limits in limits(), draws in prop::collection::vec(any::<u64>(), 1..20),
    ) {
        let plan = made(&candidates, &limits, &draws);
        let found = |index: &usize| candidates.iter().find(|c| c.index == *index);
        let (mut regions, mut reached) = (BTreeSet::new(), None);
        for (sent, candidate) in plan.attempts.iter().filter_map(found).enumerate() {
            let new_region = regions.insert(candidate.region);
            let beyond = sent >= limits.attempts_max as usize
                || (new_region && regions.len() > limits.regions_max as usize);
            prop_assert!(!beyond || (reached.is_some() && Some(candidate.tier) > reached));
            reached = reached.max(Some(candidate.tier));
        }
    }

    /// R1: borders last; among routes with their full share, tiers in order.
    #[test]
    fn tiers_are_never_mixed_up(
        candidates in candidates(), limits in limits(), draws in prop::collection::vec(any::<u64>(), 1..20),
    ) {
        let plan = made(&candidates, &limits, &draws);
        let found = |index: &usize| candidates.iter().find(|c| c.index == *index);
        let tried: Vec<&Candidate> = plan.attempts.iter().filter_map(found).collect();
        prop_assert!(tried.is_sorted_by_key(|c| c.tier >= TIER_CROSS_BORDER));
        let full: Vec<u8> = tried.iter().filter(|c| c.view.share >= 1.0).map(|c| c.tier).collect();
        prop_assert!(full.is_sorted());
        // A border is crossed only when no route this side of it was fit, or after all of those.
        let crossed = tried.first().is_some_and(|c| c.tier >= TIER_CROSS_BORDER);
        let fit = |c: &Candidate| c.weight > 0 && matches!(c.view.gate, Gate::Open | Gate::ProbeDue);
        let near_fit = candidates.iter().any(|c| c.tier < TIER_CROSS_BORDER && fit(c));
        prop_assert!(!(crossed && near_fit));
    }

    /// No health rule makes an unfit route fit, except the one trickle.
    #[test]
    fn only_a_trickle_goes_to_an_unfit_route(
        candidates in candidates(), limits in limits(), draws in prop::collection::vec(any::<u64>(), 1..20),
    ) {
        let plan = made(&candidates, &limits, &draws);
        for index in &plan.attempts {
            let gate = candidates.iter().find(|c| c.index == *index).map(|c| c.view.gate);
            match gate {
                Some(Gate::Open | Gate::ProbeDue) => prop_assert!(!plan.trickle),
                Some(Gate::Shut { .. }) => prop_assert!(plan.trickle && plan.attempts.len() == 1),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }

    /// RTE-2: calls, time and retries stay within the plan, and every walk ends.
    #[test]
    fn a_walk_stays_within_its_plan(
        candidates in candidates(),
        limits in limits(),
        draws in prop::collection::vec(any::<u64>(), 1..20),
        steps in steps(),
        spent in 0_u32..=50,
    ) {
        let plan = made(&candidates, &limits, &draws);
        let budget = RetryBudget::new();
        (0..spent).for_each(|_| { let _ = budget.spend(); });
        let before = budget.left();
        let mut cursor = Cursor::new();
        let mut now = 0;
        let (mut calls, mut tried): (u32, Vec<(usize, bool)>) = (0, Vec::new());
        let mut said = next(&plan, &mut cursor, &Outcome::Start, &budget, at(now));
        for (step, elapsed) in &steps {
            let Next::Try { attempt, wait } = said else { break };
            prop_assert!(plan.attempts.contains(&attempt));
            prop_assert!(at(now).after(wait) < limits.deadline);
            prop_assert!(wait <= Duration::from_millis(500));
            calls += 1;
            tried.push((attempt, !wait.is_zero()));
            now += elapsed;
            let failure;
            let outcome = match step {
                Step::Skip => { calls -= 1; Outcome::Skipped }
                Step::Answer => Outcome::Answered,
                Step::Fail(kind, hint, commit) => {
                    failure = Failure {
                        retry_after: hint.map(Duration::from_millis),
                        ..Failure::new(*kind, "as scripted")
                    };
                    Outcome::Failed { failure: &failure, commit: *commit }
                }
            };
            said = next(&plan, &mut cursor, &outcome, &budget, at(now));
            if let Step::Fail(_, _, Commit::After) = step {
                prop_assert_eq!(said, Next::GiveUp(GiveUp::Committed));
            }
        }
        prop_assert!(calls <= plan.limits.attempts_max);
        let retries = calls.saturating_sub(1);
        prop_assert!(retries <= before);
        let once = |index: &usize| tried.iter().filter(|(i, _)| i == index).count();
        prop_assert!(plan.attempts.iter().all(|index| once(index) <= 2));
    }
}
