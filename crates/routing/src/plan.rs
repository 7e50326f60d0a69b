//! Which routes to try, in which order, and why not the others (R1, R5).
//!
//! RES-1 is relied upon, not kept here: candidates are the permitted routes, and a plan only
//! orders and drops. Order of precedence: tiers; inside a tier a due probe (one per request), then
//! the better of two random routes. Routes in slow start give way to others in proportion to their missing share,
//! also to those of another region of the jurisdiction, but never to those across a border.

use std::time::Duration;

use vocab::Timestamp;

use crate::{Defaults, Gate, HealthView, PassedOver, pick};

/// Tier of routes in the gateway's own region.
pub const TIER_SAME_REGION: u8 = 0;
/// Tier of routes in the gateway's jurisdiction.
pub const TIER_SAME_JURISDICTION: u8 = 1;
/// First tier of routes across a border.
pub const TIER_CROSS_BORDER: u8 = 2;

/// A permitted route, as routing sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The caller's own index of the route.
    pub index: usize,
    /// Nearness: [`TIER_SAME_REGION`], [`TIER_SAME_JURISDICTION`], [`TIER_CROSS_BORDER`].
    pub tier: u8,
    /// A number of the route's region, the same for routes of the same region.
    pub region: u32,
    /// Configured share inside its tier; 0 takes no traffic.
    pub weight: u32,
    /// Its health.
    pub view: HealthView,
}

/// What bounds one request's attempts (RTE-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanLimits {
    /// Attempts, the first among them.
    pub attempts_max: u32,
    /// Regions that they may touch.
    pub regions_max: u32,
    /// When the request must have ended.
    pub deadline: Timestamp,
    /// What follows when a provider's content policy says no.
    pub on_content_rejection: OnContentRejection,
}

impl PlanLimits {
    /// The defaults with this deadline.
    #[must_use]
    pub const fn until(deadline: Timestamp) -> Self {
        Self {
            attempts_max: Defaults::ATTEMPTS_MAX,
            regions_max: Defaults::REGIONS_MAX,
            deadline,
            on_content_rejection: OnContentRejection::End,
        }
    }
}

/// What follows when a provider's content policy says no (R3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnContentRejection {
    /// The caller is told. Asking elsewhere would be shopping for a laxer filter.
    #[default]
    End,
    /// The next route is tried, because the workload says so.
    FailOver,
}

/// The attempts of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// [`Candidate::index`] of each route to try, in order; each at most once.
    pub attempts: Vec<usize>,
    /// The other candidates.
    pub passed_over: Vec<(usize, PassedOver)>,
    /// The one attempt goes to an open route because all are open: start it with
    /// [`crate::RouteHealth::begin_trickle`].
    pub trickle: bool,
    /// Time until the first passed-over route may take traffic again: what a caller who gets no
    /// attempt may be told.
    pub soonest: Option<Duration>,
    /// What bounds it; [`crate::next`] asks again. `attempts_max` is raised by one for each
    /// farther tier that the asked-for attempts did not reach.
    pub limits: PlanLimits,
}

/// Orders the candidates.
///
/// `random` is drawn from a few times; the same draws give the same plan.
pub fn plan(
    candidates: &[Candidate],
    limits: &PlanLimits,
    random: &mut dyn FnMut() -> u64,
    now: Timestamp,
) -> Plan {
    let mut plan = Plan {
        attempts: Vec::new(),
        passed_over: Vec::new(),
        trickle: false,
        soonest: None,
        limits: *limits,
    };
    let mut fit: Vec<Ranked> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        match PassedOver::unfit(candidate) {
            Some(reason) => plan.pass_over(candidate, reason, now),
            None => fit.push(Ranked { rank: Rank::of(candidate, random), candidate: *candidate }),
        }
    }
    if fit.is_empty() {
        plan.add_trickle(candidates, random);
        return plan;
    }
    // Stable, so that the same draws give the same plan.
    fit.sort_by_key(|route| route.rank);
    for equals in fit.chunk_by_mut(|a, b| a.rank == b.rank) {
        pick::order(equals, random);
    }
    plan.spare_probes(&mut fit);
    plan.fill(&fit);
    plan
}

/// A fit route with its rank.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ranked {
    rank: Rank,
    pub(crate) candidate: Candidate,
}

/// Where a route stands before chance and cost decide; smaller is sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    across_border: bool,
    yields: bool,
    tier: u8,
    no_probe: bool,
}

impl Rank {
    fn of(candidate: &Candidate, random: &mut dyn FnMut() -> u64) -> Self {
        let share = candidate.view.share;
        Self {
            // R1: a border is crossed for want of a fit route only, so it ranks before slow start.
            across_border: candidate.tier >= TIER_CROSS_BORDER,
            yields: share < 1.0 && unit(random()) >= share,
            tier: candidate.tier,
            // A probe goes first, or a route that is never anyone's choice would stay open.
            no_probe: candidate.view.gate != Gate::ProbeDue,
        }
    }
}

/// A number from 0 to just under 1, from the upper 32 random bits.
fn unit(random: u64) -> f64 {
    let upper = u32::try_from(random >> 32).unwrap_or(u32::MAX);
    f64::from(upper) / (f64::from(u32::MAX) + 1.0)
}

impl Plan {
    fn pass_over(&mut self, candidate: &Candidate, reason: PassedOver, now: Timestamp) {
        self.passed_over.push((candidate.index, reason));
        let until = match candidate.view.gate {
            Gate::Held { until } | Gate::Shut { until, .. } if candidate.weight > 0 => until,
            Gate::Open | Gate::ProbeDue | Gate::Probing | Gate::Held { .. } | Gate::Shut { .. } => {
                return;
            }
        };
        let left = until.since(now);
        self.soonest = Some(self.soonest.map_or(left, |soonest| soonest.min(left)));
    }

    /// A request risks one probe at most, as long as a route is left that is known to be well: its
    /// attempts are few, and after a wide outage all of them might be probes.
    fn spare_probes(&mut self, fit: &mut Vec<Ranked>) {
        let due = |route: &Ranked| route.candidate.view.gate == Gate::ProbeDue;
        if fit.iter().all(due) {
            return;
        }
        let mut taken = false;
        fit.retain(|route| {
            let spared = due(route) && taken;
            taken |= due(route);
            if spared {
                self.passed_over.push((route.candidate.index, PassedOver::ProbeSpared));
            }
            !spared
        });
    }

    /// RTE-2: takes routes in order while attempts and regions last, and then the best route of
    /// each farther tier that none of them reached: when a whole jurisdiction fails at once, a
    /// permitted route beyond it serves from the first request on.
    fn fill(&mut self, order: &[Ranked]) {
        let attempts_max = usize::try_from(self.limits.attempts_max).unwrap_or(usize::MAX);
        let regions_max = usize::try_from(self.limits.regions_max).unwrap_or(usize::MAX);
        let mut regions: Vec<u32> = Vec::with_capacity(order.len().min(regions_max));
        let mut reached: Option<u8> = None;
        for Ranked { candidate, .. } in order {
            let known = regions.contains(&candidate.region);
            let beyond = if self.attempts.len() >= attempts_max {
                Some(PassedOver::BeyondAttempts)
            } else if !known && regions.len() >= regions_max {
                Some(PassedOver::BeyondRegions)
            } else {
                None
            };
            let farther = reached.is_some_and(|tier| candidate.tier > tier);
            match beyond {
                Some(reason) if !farther => {
                    self.passed_over.push((candidate.index, reason));
                    continue;
                }
                Some(_) => self.limits.attempts_max = self.limits.attempts_max.saturating_add(1),
                None => {}
            }
            self.attempts.push(candidate.index);
            reached = reached.max(Some(candidate.tier));
            if !known {
                regions.push(candidate.region);
            }
        }
    }

    /// All routes are open: a tenth of the requests try the nearest of those that come back
    /// soonest. Holds and account troubles are respected even so, and a half-open route has its
    /// probe already (RTE-3).
    fn add_trickle(&mut self, candidates: &[Candidate], random: &mut dyn FnMut() -> u64) {
        let open = |c: &&Candidate| PassedOver::unfit(c) == Some(PassedOver::BreakerOpen);
        // R1 before health: being open is no reason to cross a border that another open route
        // does not need.
        let best = candidates.iter().filter(open).min_by_key(|c| (c.tier, reopens(c)));
        let Some(best) = best else { return };
        let possible = self.limits.attempts_max > 0 && self.limits.regions_max > 0;
        if possible && random().is_multiple_of(Defaults::TRICKLE_ONE_IN) {
            self.passed_over.retain(|(index, _)| *index != best.index);
            self.attempts.push(best.index);
            self.trickle = true;
        }
    }
}

fn reopens(candidate: &Candidate) -> Option<Timestamp> {
    match candidate.view.gate {
        Gate::Shut { until, .. } => Some(until),
        Gate::Open | Gate::ProbeDue | Gate::Probing | Gate::Held { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OpenCause, noise::Noise};

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_micros(0).after(Duration::from_secs(seconds))
    }

    fn route(index: usize, tier: u8) -> Candidate {
        Candidate { index, tier, region: u32::from(tier), weight: 1, view: HealthView::fresh() }
    }

    fn gated(index: usize, tier: u8, gate: Gate) -> Candidate {
        let fresh = route(index, tier);
        Candidate { view: HealthView { gate, ..fresh.view }, ..fresh }
    }

    fn shut(cause: OpenCause, seconds: u64) -> Gate {
        Gate::Shut { cause, until: at(seconds) }
    }

    fn planned(candidates: &[Candidate], seed: u64) -> Plan {
        let mut noise = Noise::new(seed);
        plan(candidates, &PlanLimits::until(at(600)), &mut || noise.draw(), at(0))
    }

    /// How many of 1000 plans put the route first.
    fn first(candidates: &[Candidate], index: usize) -> usize {
        let leads = |seed: &u64| planned(candidates, *seed).attempts.first() == Some(&index);
        (0..1_000).filter(leads).count()
    }

    #[test]
    fn tiers_come_in_order_whatever_the_cost() {
        let mut near = route(0, TIER_SAME_REGION);
        near.view.first_token_seconds = Some(300.0);
        let candidates = [route(2, TIER_CROSS_BORDER), route(1, TIER_SAME_JURISDICTION), near];
        for seed in 0..100 {
            let plan = planned(&candidates, seed);
            assert_eq!(plan.attempts, [0, 1, 2]);
        }
    }

    #[test]
    fn each_farther_tier_is_reached_once_although_attempts_and_regions_are_used_up() {
        let candidates: Vec<_> =
            (0..6).zip([0, 0, 1, 1, 2, 2]).map(|(index, tier)| route(index, tier)).collect();
        let plan = planned(&candidates, 1);
        let tiers: Vec<_> = plan.attempts.iter().map(|index| index / 2).collect();
        assert_eq!(tiers, [0, 0, 1, 2]);
        assert_eq!(plan.limits.attempts_max, 4, "and `next` will send as many");
        let same_tier: Vec<_> = (0..6_usize)
            .zip(0..6)
            .map(|(index, region)| Candidate { region, ..route(index, 0) })
            .collect();
        assert_eq!(planned(&same_tier, 1).attempts.len(), 2, "regions are limited inside a tier");
    }

    #[test]
    fn attempts_and_regions_are_limited() {
        let many: Vec<_> = (0..6).map(|index| route(index, 0)).collect();
        let plan = planned(&many, 1);
        assert_eq!(plan.attempts.len(), 3);
        assert!(plan.passed_over.iter().all(|(_, why)| *why == PassedOver::BeyondAttempts));
        let none = PlanLimits { attempts_max: 0, ..PlanLimits::until(at(600)) };
        assert!(super::plan(&many, &none, &mut || 0, at(0)).attempts.is_empty());
    }

    #[test]
    fn of_two_routes_the_cheaper_goes_first() {
        for worsen in [
            (|view| view.first_token_seconds = Some(2.0)) as fn(&mut HealthView),
            |view| view.in_flight = 3,
            |view| view.success = 0.4,
        ] {
            let mut dear = route(0, 0);
            worsen(&mut dear.view);
            assert_eq!(first(&[dear, route(1, 0)], 1), 1_000);
        }
    }

    #[test]
    fn a_route_that_was_never_used_is_tried_beside_a_quick_one() {
        let mut quick = route(0, 0);
        quick.view.first_token_seconds = Some(0.02);
        assert!((450..550).contains(&first(&[quick, route(1, 0)], 1)));
        let mut slow = route(0, 0);
        slow.view.first_token_seconds = Some(2.0);
        assert_eq!(first(&[slow, route(1, 0)], 1), 1_000);
    }

    #[test]
    fn two_random_choices_leave_the_dearest_of_many_out() {
        let mut tier: Vec<_> = (0..6).map(|index| route(index, 0)).collect();
        tier[5].view.in_flight = 9;
        assert_eq!(first(&tier, 5), 0);
        let shares: Vec<_> = (0..5).map(|index| first(&tier, index)).collect();
        assert!(shares.iter().all(|share| (120..280).contains(share)), "{shares:?}");
    }

    #[test]
    fn at_rest_weights_decide_the_share() {
        let heavy = Candidate { weight: 9, ..route(0, 0) };
        assert!((870..930).contains(&first(&[heavy, route(1, 0)], 0)));
        assert!((450..550).contains(&first(&[route(0, 0), route(1, 0)], 0)));
    }

    #[test]
    fn under_load_weights_divide_the_cost() {
        let mut heavy = Candidate { weight: 3, ..route(0, 0) };
        heavy.view.in_flight = 2;
        let mut light = route(1, 0);
        light.view.in_flight = 1;
        assert_eq!(first(&[heavy, light], 0), 1_000, "3 ÷ 3 is less than 2 ÷ 1");
    }

    #[test]
    fn weight_zero_takes_no_traffic() {
        let idle = Candidate { weight: 0, ..route(0, 0) };
        let plan = planned(&[idle, route(1, 1)], 1);
        assert_eq!((plan.attempts, plan.passed_over), (vec![1], vec![(0, PassedOver::WeightZero)]));
        assert!(
            planned(&[Candidate { weight: 0, ..gated(0, 0, shut(OpenCause::LowSuccess, 9)) }], 1)
                .soonest
                .is_none()
        );
    }

    #[test]
    fn unfit_routes_are_passed_over_with_their_reason() {
        let candidates = [
            gated(0, 0, shut(OpenCause::FailuresInRow, 9)),
            gated(1, 0, shut(OpenCause::Credential, 90)),
            gated(2, 0, shut(OpenCause::Quota, 90)),
            gated(3, 0, Gate::Held { until: at(4) }),
            gated(4, 0, Gate::Probing),
            route(5, 1),
        ];
        let plan = planned(&candidates, 1);
        assert_eq!(plan.attempts, [5]);
        let expected = [
            (0, PassedOver::BreakerOpen),
            (1, PassedOver::CredentialRejected),
            (2, PassedOver::QuotaSpent),
            (3, PassedOver::Held),
            (4, PassedOver::ProbeUnderWay),
        ];
        assert_eq!(plan.passed_over, expected);
        assert_eq!(plan.soonest, Some(Duration::from_secs(4)));
    }

    #[test]
    fn a_due_probe_goes_first_in_its_tier_and_in_no_other() {
        let probe = gated(1, 0, Gate::ProbeDue);
        assert_eq!(first(&[route(0, 0), probe, route(2, 0)], 1), 1_000);
        let far = gated(1, 1, Gate::ProbeDue);
        assert_eq!(first(&[route(0, 0), far], 0), 1_000);
    }

    #[test]
    fn a_request_risks_one_probe_while_a_well_route_is_left() {
        let mut candidates = vec![
            gated(0, 0, Gate::ProbeDue),
            gated(1, 0, Gate::ProbeDue),
            gated(2, 1, Gate::ProbeDue),
        ];
        assert_eq!(planned(&candidates, 1).attempts.len(), 3, "there is nothing else");
        candidates.push(route(3, 2));
        let plan = planned(&candidates, 1);
        assert_eq!((plan.attempts.len(), plan.attempts.last()), (2, Some(&3)));
        assert!(plan.passed_over.iter().all(|(_, why)| *why == PassedOver::ProbeSpared));
    }

    #[test]
    fn slow_start_yields_to_peers_by_its_missing_share() {
        let mut back = route(0, 0);
        back.view.share = 0.1;
        back.view.first_token_seconds = Some(0.01);
        let mut peer = route(1, 0);
        peer.view.first_token_seconds = Some(0.5);
        assert!((70..130).contains(&first(&[back, peer], 0)));
        assert_eq!(first(&[back], 0), 1_000, "alone it takes all");
    }

    #[test]
    fn slow_start_yields_to_the_jurisdiction_and_never_across_a_border() {
        let mut back = route(0, TIER_SAME_REGION);
        back.view.share = 0.1;
        let spilled = first(&[back, route(1, TIER_SAME_JURISDICTION)], 0);
        assert!((70..130).contains(&spilled));
        assert_eq!(first(&[back, route(1, TIER_CROSS_BORDER)], 0), 1_000);
    }

    #[test]
    fn a_route_in_slow_start_stays_in_reserve() {
        let mut back = route(0, 0);
        back.view.share = 0.1;
        for seed in 0..100 {
            assert_eq!(planned(&[back, route(1, 1)], seed).attempts.len(), 2);
        }
    }

    #[test]
    fn when_all_are_open_a_tenth_goes_to_the_least_bad() {
        let candidates = [
            gated(0, 1, shut(OpenCause::FailuresInRow, 2)),
            gated(1, 0, shut(OpenCause::LowSuccess, 9)),
            gated(2, 0, shut(OpenCause::ProbeFailed, 5)),
            gated(3, 0, shut(OpenCause::Quota, 1)),
        ];
        let mut trickled = 0;
        for seed in 0..1_000 {
            let plan = planned(&candidates, seed);
            trickled += plan.attempts.len();
            assert!(plan.attempts.iter().all(|index| *index == 2));
            assert_eq!(plan.trickle, !plan.attempts.is_empty());
            assert_eq!(plan.attempts.len() + plan.passed_over.len(), 4);
        }
        assert!((70..130).contains(&trickled), "{trickled}");
    }

    #[test]
    fn a_trickle_goes_to_no_held_probing_or_unpaid_route() {
        let candidates = [
            gated(0, 0, Gate::Held { until: at(3) }),
            gated(1, 0, Gate::Probing),
            gated(2, 0, shut(OpenCause::Credential, 5)),
        ];
        assert_eq!(
            (0..1_000).map(|seed| planned(&candidates, seed).attempts.len()).sum::<usize>(),
            0
        );
    }

    #[test]
    fn no_candidates_make_an_empty_plan() {
        let plan = planned(&[], 1);
        assert_eq!((plan.attempts.len(), plan.passed_over.len(), plan.soonest), (0, 0, None));
    }
}
