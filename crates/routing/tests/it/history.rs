//! What a route's health keeps over any history of calls, clocks and outcomes.

use std::time::Duration;

use proptest::prelude::*;
use routing::{Admit, BreakerChange, Candidate, Gate, Observation, PlanLimits, RouteHealth, plan};
use vocab::{FailureKind, OutcomeClass, Timestamp, failure::Limit};

#[derive(Debug, Clone)]
enum Act {
    Begin,
    Trickle,
    /// Ends the call at this place among those under way.
    End {
        place: usize,
        kind: Option<FailureKind>,
        hint: Option<u64>,
    },
    /// Microseconds.
    Pass(i64),
    /// Microseconds.
    SetBack(i64),
}

const KINDS: [Option<FailureKind>; 10] = [
    None,
    None,
    Some(FailureKind::Broken),
    Some(FailureKind::Unreachable),
    Some(FailureKind::TimedOut(Limit::FirstToken)),
    Some(FailureKind::RateLimited),
    Some(FailureKind::Overloaded),
    Some(FailureKind::CredentialRejected),
    Some(FailureKind::BadRequest),
    Some(FailureKind::Cancelled),
];

fn acts(clock_goes_back: bool) -> impl Strategy<Value = Vec<Act>> {
    let end = (0_usize..8, prop::sample::select(KINDS.to_vec()), prop::option::of(0_u64..400_000));
    let back = if clock_goes_back { 1 } else { 0 };
    let act = prop_oneof![
        8 => Just(Act::Begin),
        1 => Just(Act::Trickle),
        8 => end.prop_map(|(place, kind, hint)| Act::End { place, kind, hint }),
        3 => (0_i64..20_000_000).prop_map(Act::Pass),
        back => (0_i64..10_000_000_000).prop_map(Act::SetBack),
    ];
    prop::collection::vec(act, 0..300)
}

/// A route, a clock, and the calls under way.
struct Play {
    route: RouteHealth,
    micros: i64,
    under_way: Vec<bool>,
}

impl Play {
    fn new(seed: u64) -> Self {
        let route = RouteHealth::new(seed);
        Self { route, micros: 1_800_000_000_000_000, under_way: Vec::new() }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.micros)
    }

    fn probes(&self) -> usize {
        self.under_way.iter().filter(|probe| **probe).count()
    }

    fn act(&mut self, act: &Act) -> Option<(Observation, Option<BreakerChange>)> {
        let now = self.now();
        match act {
            Act::Begin => self.admit(now, RouteHealth::begin),
            Act::Trickle => self.admit(now, RouteHealth::begin_trickle),
            Act::End { place, kind, hint } if !self.under_way.is_empty() => {
                let probe = self.under_way.swap_remove(place % self.under_way.len());
                let seen = Observation {
                    class: kind.map_or(OutcomeClass::Healthy, FailureKind::class),
                    kind: *kind,
                    perhaps_of_call: false,
                    first_token: kind.is_none().then_some(Duration::from_millis(300)),
                    retry_after: hint.map(Duration::from_millis),
                    probe,
                };
                return Some((seen, self.route.observe(&seen, now)));
            }
            Act::End { .. } => {}
            Act::Pass(micros) => self.micros += micros,
            Act::SetBack(micros) => self.micros -= micros,
        }
        None
    }

    fn admit(&mut self, now: Timestamp, begin: fn(&mut RouteHealth, Timestamp) -> Admit) {
        match begin(&mut self.route, now) {
            Admit::Open => self.under_way.push(false),
            Admit::Probe => self.under_way.push(true),
            Admit::Refused => {}
        }
    }
}

fn sane(route: &RouteHealth, now: Timestamp) -> bool {
    let view = route.view(now);
    (0.0..=1.0).contains(&view.success)
        && (0.1..=1.0).contains(&view.share)
        && view.first_token_seconds.is_none_or(|seconds| (0.0..=301.0).contains(&seconds))
}

proptest! {
    /// RTE-3. Histories are shorter than the lease of a probe in all but a few cases, and the
    /// lease is longer than any call; so calls that outlive it are ended first.
    #[test]
    fn at_most_one_probe_is_out_and_only_good_probes_close(seed in any::<u64>(), acts in acts(false)) {
        let mut play = Play::new(seed);
        let mut good = 0;
        let mut began = play.now();
        for act in &acts {
            let before = play.probes();
            if before == 1 && play.now().since(began) > Duration::from_secs(550) {
                // The total time limit ends every call.
                let place = play.under_way.iter().position(|probe| *probe).unwrap();
                let kind = Some(FailureKind::TimedOut(Limit::Total));
                play.act(&Act::End { place, kind, hint: None });
                good = 0;
                continue;
            }
            let ended = play.act(act);
            prop_assert!(play.probes() <= 1);
            if play.probes() > before {
                began = play.now();
            }
            if let Some((seen, change)) = ended {
                if seen.probe && seen.class == OutcomeClass::Healthy {
                    good += 1;
                }
                match change {
                    Some(BreakerChange::Closed) => {
                        prop_assert!(seen.probe && seen.class == OutcomeClass::Healthy);
                        prop_assert!(good >= 3, "closed after {good} good probes");
                        good = 0;
                    }
                    Some(BreakerChange::Opened { .. }) => good = 0,
                    None => {}
                }
                if seen.probe && seen.class == OutcomeClass::Throttled {
                    let reopened = matches!(change, Some(BreakerChange::Opened { .. }));
                    prop_assert!(reopened);
                }
            }
        }
    }

    /// Nothing lasts for ever, also when the clock is set back and every call is lost.
    #[test]
    fn every_route_takes_traffic_again_in_the_end(seed in any::<u64>(), acts in acts(true)) {
        let mut play = Play::new(seed);
        let mut latest = play.micros;
        for act in &acts {
            play.act(act);
            latest = latest.max(play.micros);
            prop_assert!(sane(&play.route, play.now()));
        }
        // No call under way ever ends. The longest wait is an hour and a fifth.
        play.micros = latest + 4_400_000_000;
        prop_assert_ne!(play.route.begin(play.now()), Admit::Refused);
    }

    /// After an outage a route that serves well is wholly back within two minutes of traffic.
    #[test]
    fn a_route_that_serves_well_comes_wholly_back(seed in any::<u64>(), acts in acts(false)) {
        let mut play = Play::new(seed);
        acts.iter().for_each(|act| { play.act(act); });
        play.micros += 4_400_000_000;
        play.under_way.clear();
        for _ in 0..240 {
            play.act(&Act::Begin);
            play.act(&Act::End { place: 0, kind: None, hint: None });
            play.micros += 500_000;
        }
        let view = play.route.view(play.now());
        prop_assert_eq!((view.gate, view.share), (Gate::Open, 1.0));
        prop_assert!(view.success >= 0.99);
    }

    /// Traffic follows weights in proportion, over a whole simulated minute of calls.
    #[test]
    fn weights_have_effect(seed in any::<u64>(), heavy in 2_u32..6) {
        let mut routes = [RouteHealth::new(1), RouteHealth::new(2)];
        let mut served = [0_u32; 2];
        let mut state = seed;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ (state >> 33)
        };
        let mut now = Timestamp::from_unix_micros(0);
        for _ in 0..600 {
            now = now.after(Duration::from_millis(100));
            let candidates: Vec<Candidate> = routes
                .iter()
                .enumerate()
                .map(|(index, route)| {
                    let weight = if index == 0 { heavy } else { 1 };
                    Candidate { index, tier: 0, region: 0, weight, view: route.view(now) }
                })
                .collect();
            let limits = PlanLimits::until(now.after(Duration::from_secs(1)));
            let first = plan(&candidates, &limits, &mut random, now).attempts[0];
            served[first] += 1;
            prop_assert_eq!(routes[first].begin(now), Admit::Open);
            routes[first].observe(&Observation {
                class: OutcomeClass::Healthy,
                kind: None,
                perhaps_of_call: false,
                first_token: Some(Duration::from_millis(200)),
                retry_after: None,
                probe: false,
            }, now);
        }
        prop_assert!(served[0] > served[1], "{served:?}");
        prop_assert!(served[1] > 0, "{served:?}");
    }
}
