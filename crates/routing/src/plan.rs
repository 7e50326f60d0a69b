//! Which routes to try, in which order, and why not the others (R1, R5).
//!
//! RES-1 is relied upon, not kept here: candidates are the permitted routes, and a plan only
//! orders and drops. Order of precedence: tiers; inside a tier a due probe, then the better of two
//! random routes. Routes in slow start give way to others in proportion to their missing share,
//! also to those of another region of the jurisdiction, but never to those across a border.

use vocab::Timestamp;

use crate::{Defaults, Gate, HealthView, OpenCause, pick};

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

/// Why a permitted route is not among the attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PassedOver {
    /// Its breaker is open.
    BreakerOpen,
    /// Its breaker is half-open and a probe is out.
    ProbeUnderWay,
    /// The provider rejects our credential.
    CredentialRejected,
    /// The account's quota or credit is spent.
    QuotaSpent,
    /// The provider asked for less, and the time has not come.
    Held,
    /// Its configured weight is 0.
    WeightZero,
    /// The attempts were used up by better routes.
    BeyondAttempts,
    /// The regions were used up by better routes.
    BeyondRegions,
}

impl PassedOver {
    /// The stable name used in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BreakerOpen => "breaker_open",
            Self::ProbeUnderWay => "probe_under_way",
            Self::CredentialRejected => "credential_rejected",
            Self::QuotaSpent => "quota_spent",
            Self::Held => "held",
            Self::WeightZero => "weight_zero",
            Self::BeyondAttempts => "beyond_attempts",
            Self::BeyondRegions => "beyond_regions",
        }
    }
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
    /// When the first passed-over route may take traffic again: what a caller who gets no attempt
    /// may be told.
    pub soonest: Option<Timestamp>,
    /// What bounded it; [`crate::next`] asks again.
    pub limits: PlanLimits,
}

/// Orders the candidates.
///
/// `random` is drawn from a few times; the same draws give the same plan.
pub fn plan(
    candidates: &[Candidate],
    limits: &PlanLimits,
    random: &mut dyn FnMut() -> u64,
) -> Plan {
    let mut plan = Plan {
        attempts: Vec::new(),
        passed_over: Vec::new(),
        trickle: false,
        soonest: None,
        limits: *limits,
    };
    let mut fit: Vec<(Rank, Candidate)> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        match unfit(candidate) {
            Some(reason) => plan.pass_over(candidate, reason),
            None => fit.push((Rank::of(candidate, random), *candidate)),
        }
    }
    if fit.is_empty() {
        plan.add_trickle(candidates, random);
        return plan;
    }
    // Stable, so that the configured order stays where nothing else decides.
    fit.sort_by_key(|(rank, _)| *rank);
    let ranks: Vec<Rank> = fit.iter().map(|(rank, _)| *rank).collect();
    let mut order: Vec<Candidate> = fit.into_iter().map(|(_, candidate)| candidate).collect();
    let mut rest = order.as_mut_slice();
    for group in ranks.chunk_by(PartialEq::eq) {
        let (these, later) = rest.split_at_mut(group.len());
        pick::order(these, random);
        rest = later;
    }
    plan.fill(&order);
    plan
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

fn unfit(candidate: &Candidate) -> Option<PassedOver> {
    if candidate.weight == 0 {
        return Some(PassedOver::WeightZero);
    }
    match candidate.view.gate {
        Gate::Open | Gate::ProbeDue => None,
        Gate::Probing => Some(PassedOver::ProbeUnderWay),
        Gate::Held { .. } => Some(PassedOver::Held),
        Gate::Shut { cause, .. } => Some(match cause {
            OpenCause::Credential => PassedOver::CredentialRejected,
            OpenCause::Quota => PassedOver::QuotaSpent,
            OpenCause::FailuresInRow | OpenCause::LowSuccess | OpenCause::ProbeFailed => {
                PassedOver::BreakerOpen
            }
        }),
    }
}

impl Plan {
    fn pass_over(&mut self, candidate: &Candidate, reason: PassedOver) {
        self.passed_over.push((candidate.index, reason));
        let until = match candidate.view.gate {
            Gate::Held { until } | Gate::Shut { until, .. } if candidate.weight > 0 => until,
            Gate::Open
            | Gate::ProbeDue
            | Gate::Probing
            | Gate::Held { .. }
            | Gate::Shut { .. } => return,
        };
        self.soonest = Some(self.soonest.map_or(until, |soonest| soonest.min(until)));
    }

    /// RTE-2: takes routes in order while attempts and regions last.
    fn fill(&mut self, order: &[Candidate]) {
        let attempts_max = usize::try_from(self.limits.attempts_max).unwrap_or(usize::MAX);
        let regions_max = usize::try_from(self.limits.regions_max).unwrap_or(usize::MAX);
        let mut regions: Vec<u32> = Vec::with_capacity(order.len().min(regions_max));
        for candidate in order {
            let known = regions.contains(&candidate.region);
            if self.attempts.len() >= attempts_max {
                self.passed_over.push((candidate.index, PassedOver::BeyondAttempts));
            } else if !known && regions.len() >= regions_max {
                self.passed_over.push((candidate.index, PassedOver::BeyondRegions));
            } else {
                self.attempts.push(candidate.index);
                if !known {
                    regions.push(candidate.region);
                }
            }
        }
    }

    /// All routes are open: a tenth of the requests try the nearest of those that come back
    /// soonest. Holds and account troubles are respected even so, and a half-open route has its
    /// probe already (RTE-3).
    fn add_trickle(&mut self, candidates: &[Candidate], random: &mut dyn FnMut() -> u64) {
        let open = |c: &&Candidate| unfit(c) == Some(PassedOver::BreakerOpen);
        // R1 before health: being open is no reason to cross a border that another open route
        // does not need.
        let best = candidates.iter().filter(open).min_by_key(|c| (c.tier, reopens(c)));
        let Some(best) = best else { return };
        let possible = self.limits.attempts_max > 0 && self.limits.regions_max > 0;
        if possible && random() % Defaults::TRICKLE_ONE_IN == 0 {
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
