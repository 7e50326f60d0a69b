//! An independent checker, written straight from the specification's words with no thought of
//! speed, against the compiled answer, on generated bundles.

use policy::{
    Certificate, CertificateState, CrossBorder, Hosting, IncidentVisibility, Mechanism, Model,
    ModerationLevel, Policy, Retention, RouteExplanation, Workload,
};
use proptest::{collection, option, prelude::*, sample};
use vocab::{DataClass, JurisdictionId, RegionId};

use crate::world::{Ask, ask, certificate, day, id, ids, open_world, region, route};

/// What the naive checker says: the permitted routes with their mechanisms, or "not this gateway",
/// or "no route".
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    NotThisGateway,
    NoRoute,
    Routes(Vec<(String, Option<String>)>),
}

fn jurisdiction(world: &Model, region: &RegionId) -> Option<JurisdictionId> {
    world.regions.iter().find(|r| r.id == *region).map(|r| r.jurisdiction.clone())
}

/// P3: "recorded transfer mechanism", valid now, for this workload and tenant, from the origin to
/// every place outside it. The first the workload names is the one recorded.
fn ground<'a>(
    world: &'a Model,
    desk: &Workload,
    ask: &Ask,
    foreign: &[JurisdictionId],
) -> Option<&'a Mechanism> {
    let CrossBorder::Mechanisms(names) = &desk.cross_border else { return None };
    names.iter().filter_map(|name| world.mechanisms.iter().find(|m| m.id == *name)).find(|m| {
        m.from.as_str() == ask.origin
            && foreign.iter().all(|j| m.to.contains(j))
            && m.workloads.as_ref().is_none_or(|w| w.contains(&desk.id))
            && m.tenants.as_ref().is_none_or(|t| t.contains(ask.tenant.as_str()))
            && m.valid_from <= ask.now
            && m.valid_until > ask.now
    })
}

/// P4 and P5, control by control. "Unknown, unverified or expired means no."
fn keeps_controls(
    world: &Model,
    desk: &Workload,
    ask: &Ask,
    route: &policy::Route,
    c: &Certificate,
) -> Option<bool> {
    let home = desk.residency.get(ask.origin.as_str())?;
    let inside = |regions: &std::collections::BTreeSet<RegionId>,
                  allowed: &std::collections::BTreeSet<JurisdictionId>| {
        regions.iter().all(|r| jurisdiction(world, r).is_some_and(|j| allowed.contains(&j)))
    };
    let tools = c.tools.as_ref()?;
    let moderation = c.moderation.as_ref()?;
    let kept = [
        (c.retention.content?, desk.retention_max.content),
        (c.retention.metadata?, desk.retention_max.metadata),
        (c.retention.cached?, desk.retention_max.cached),
        (c.retention.tool_outputs?, desk.retention_max.tool_outputs),
        (c.retention.moderation_events?, desk.retention_max.moderation_events),
    ];
    let rank = |h: Hosting| match h {
        Hosting::Shared => 0,
        Hosting::Dedicated => 1,
        Hosting::Own => 2,
    };
    let strength = |m: ModerationLevel| match m {
        ModerationLevel::None => 0,
        ModerationLevel::Standard => 1,
        ModerationLevel::Strict => 2,
    };
    let seen = |i: IncidentVisibility| match i {
        IncidentVisibility::None => 0,
        IncidentVisibility::StatusPage => 1,
        IncidentVisibility::Notified => 2,
        IncidentVisibility::Shared => 3,
    };
    let classes = c.data_classes.as_ref()?;
    let processing = c.processing.as_ref()?;
    let asked_tools = ask
        .hosted
        .iter()
        .all(|t| desk.tools_allowed.hosted.contains(t) && tools.hosted.contains(t));
    Some(
        desk.data_classes.iter().all(|class| classes.contains(class))
            && processing.contains(&route.region)
            && inside(processing, &home.processing)
            && inside(c.storage.as_ref()?, &home.storage)
            && rank(c.hosting?) >= rank(desk.hosting_min)
            && kept.iter().all(|(found, limit)| match (found, limit) {
                (_, Retention::Unlimited) => true,
                (Retention::Unlimited, Retention::Days(_)) => false,
                (Retention::Days(found), Retention::Days(limit)) => found <= limit,
            })
            && (desk.logging_allowed.requests || !c.logging.requests?)
            && (desk.logging_allowed.responses || !c.logging.responses?)
            && (desk.training_allowed || !c.training?)
            && (!desk.customer_managed_keys_required || c.customer_managed_keys?)
            && strength(moderation.level) >= strength(desk.moderation_min.level)
            && desk.moderation_min.parity.as_ref().is_none_or(|p| *p == moderation.parity)
            && tools.hosted.iter().all(|t| desk.tools_allowed.hosted.contains(t))
            && (desk.tools_allowed.plugins || !tools.plugins)
            && (desk.tools_allowed.retrieval || !tools.retrieval)
            && (!ask.functions || (desk.tools_allowed.functions && tools.functions))
            && asked_tools
            && seen(c.incident_visibility?) >= seen(desk.incident_visibility_min)
            // Unknown means no, also for what the workload allows.
            && c.logging.requests.is_some()
            && c.logging.responses.is_some()
            && c.training.is_some()
            && c.customer_managed_keys.is_some(),
    )
}

fn naive(world: &Model, ask: &Ask) -> Verdict {
    let desk = &world.workloads[0];
    let gateway = jurisdiction(world, &id(&ask.gateway)).unwrap();
    let outside = |j: &JurisdictionId| j.as_str() != ask.origin;
    let Some(home) = desk.residency.get(ask.origin.as_str()) else {
        return Verdict::NotThisGateway;
    };
    if !home.processing.contains(&gateway)
        || (outside(&gateway) && ground(world, desk, ask, std::slice::from_ref(&gateway)).is_none())
    {
        return Verdict::NotThisGateway;
    }
    let mut routes = Vec::new();
    for route in &world.routes {
        let newest = world
            .certificates
            .iter()
            .filter(|c| {
                c.route == route.id && c.state != CertificateState::Draft && c.issued <= ask.now
            })
            .max_by(|a, b| a.issued.cmp(&b.issued).then(b.id.cmp(&a.id)));
        let Some(c) = newest else { continue };
        if c.state != CertificateState::Active || c.expires <= ask.now {
            continue;
        }
        if keeps_controls(world, desk, ask, route, c) != Some(true) {
            continue;
        }
        let touched = c.processing.iter().chain(&c.storage).flatten().chain([&route.region]);
        let mut foreign: Vec<_> = touched.filter_map(|r| jurisdiction(world, r)).collect();
        foreign.push(gateway.clone());
        foreign.retain(outside);
        let mechanism = if foreign.is_empty() {
            None
        } else {
            match ground(world, desk, ask, &foreign) {
                Some(mechanism) => Some(mechanism.id.to_string()),
                None => continue,
            }
        };
        let home_region = route.region.as_str() == ask.gateway;
        let near = jurisdiction(world, &route.region) == Some(gateway.clone());
        let tier = if home_region {
            0
        } else if near {
            1
        } else {
            2
        };
        routes.push((tier, (route.id.to_string(), mechanism)));
    }
    routes.sort_by_key(|(tier, _)| *tier);
    if routes.is_empty() {
        return Verdict::NoRoute;
    }
    Verdict::Routes(routes.into_iter().map(|(_, route)| route).collect())
}

fn compiled(policy: &Policy, ask: &Ask) -> Verdict {
    match ask.decide(policy) {
        Err(refusal) if refusal.code == vocab::RefusalCode::GatewayOutsideResidency => {
            Verdict::NotThisGateway
        }
        Err(refusal) => {
            assert_eq!(refusal.code, vocab::RefusalCode::NoEligibleRoute);
            Verdict::NoRoute
        }
        Ok(terms) => {
            for permitted in terms.routes() {
                assert!(terms.permits(&permitted.route.id, ask.now).is_ok(), "EQV-1");
            }
            let shown = |p: &policy::Permitted| {
                (p.route.id.to_string(), p.mechanism.as_ref().map(ToString::to_string))
            };
            Verdict::Routes(terms.routes().iter().map(shown).collect())
        }
    }
}

const REGIONS: [&str; 4] = ["west", "central", "east", "isle"];
const AREAS: [&str; 3] = ["EU", "US", "UK"];

/// One small deviation from the ordinary, so that most generated bundles are near the edge.
fn bend_certificate(c: &mut Certificate, bend: u8, places: &[&str]) {
    match bend {
        0 => c.state = CertificateState::Suspended,
        1 => c.state = CertificateState::Draft,
        2 => c.issued = day(101),
        3 => c.expires = day(100),
        4 => c.data_classes = None,
        5 => c.data_classes = Some([DataClass::Internal].into()),
        6 => c.processing = Some(ids(places)),
        7 => c.storage = Some(ids(places)),
        8 => c.hosting = Some(Hosting::Shared),
        9 => c.retention.content = Some(Retention::Days(31)),
        10 => c.retention.metadata = Some(Retention::Unlimited),
        11 => c.retention.cached = None,
        12 => c.logging.requests = Some(true),
        13 => c.training = Some(true),
        14 => c.customer_managed_keys = None,
        15 => c.moderation.as_mut().unwrap().parity = "other".to_owned(),
        16 => c.tools.as_mut().unwrap().functions = false,
        17 => c.tools.as_mut().unwrap().hosted = ["web_search".to_owned()].into(),
        18 => c.tools.as_mut().unwrap().retrieval = true,
        19 => c.incident_visibility = Some(IncidentVisibility::None),
        20 => c.expires = day(103),
        21 => c.issued = day(98),
        _ => {}
    }
}

fn bend_workload(desk: &mut Workload, bend: u8, areas: &[&str]) {
    let home = desk.residency.get_mut("EU").unwrap();
    match bend {
        0 => home.processing = ids(areas),
        1 => home.storage = ids(areas),
        2 => desk.cross_border = CrossBorder::Reject,
        3 => desk.cross_border = CrossBorder::Mechanisms(vec![id("second"), id("dpf")]),
        4 => desk.training_allowed = true,
        5 => desk.logging_allowed.requests = true,
        6 => desk.retention_max.content = Retention::Unlimited,
        7 => desk.customer_managed_keys_required = false,
        8 => desk.hosting_min = Hosting::Shared,
        9 => desk.tools_allowed.hosted = ["web_search".to_owned()].into(),
        10 => desk.tools_allowed.functions = false,
        11 => desk.moderation_min.parity = None,
        12 => desk.tools_allowed.retrieval = true,
        13 => desk.data_classes = [DataClass::Internal].into(),
        _ => {}
    }
}

fn bend_mechanism(m: &mut Mechanism, bend: u8, areas: &[&str]) {
    match bend {
        0 => m.to = ids(areas),
        1 => m.tenants = Some(ids(&["acme"])),
        2 => m.tenants = Some(ids(&["other"])),
        3 => m.valid_until = day(102),
        4 => m.valid_from = day(99),
        5 => m.from = id("US"),
        6 => m.workloads = Some(ids(&["another"])),
        _ => {}
    }
}

type Bends = Vec<(usize, u8, Vec<&'static str>)>;

fn bends(
    items: usize,
    kinds: u8,
    names: &'static [&'static str],
    count: usize,
) -> impl Strategy<Value = Bends> {
    let names = sample::subsequence(names, 0..=names.len());
    collection::vec((0..items, 0..kinds, names), 0..count)
}

prop_compose! {
    fn worlds()(
        on_certificates in bends(8, 24, &REGIONS, 5),
        on_workload in bends(1, 16, &AREAS, 4),
        on_mechanisms in bends(2, 9, &AREAS, 3),
    ) -> Model {
        let mut world = open_world();
        world.jurisdictions.push(id("UK"));
        world.regions.push(region("isle", "UK"));
        world.routes.push(route("r-isle", "isle"));
        world.certificates.push(certificate("c-isle", "r-isle", "isle"));
        // Renewals of the first two, and one that says the same as the original.
        world.certificates.push(certificate("c-west-2", "r-west", "west"));
        world.certificates.push(certificate("c-east-2", "r-east", "east"));
        world.certificates.push(certificate("a-central", "r-central", "central"));
        world.certificates.push(certificate("c-isle-2", "r-isle", "isle"));
        let mut second = world.mechanisms[0].clone();
        second.id = id("second");
        second.to = ids(&["US", "UK"]);
        world.mechanisms.push(second);
        for (which, bend, places) in on_certificates {
            bend_certificate(&mut world.certificates[which], bend, &places);
        }
        for (_, bend, areas) in on_workload {
            bend_workload(&mut world.workloads[0], bend, &areas);
        }
        for (which, bend, areas) in on_mechanisms {
            bend_mechanism(&mut world.mechanisms[which], bend, &areas);
        }
        world
    }
}

prop_compose! {
    fn asks()(
        gateway in sample::select(&REGIONS[..]),
        origin in sample::select(&["EU", "EU", "EU", "US"][..]),
        tenant in sample::select(&["acme", "other"][..]),
        functions in any::<bool>(),
        hosted in option::weighted(0.2, Just("web_search".to_owned())),
        now in 97_i64..105,
    ) -> Ask {
        Ask {
            gateway: gateway.to_owned(),
            origin: origin.to_owned(),
            tenant: tenant.to_owned(),
            functions,
            hosted: hosted.into_iter().collect(),
            now: day(now),
            ..ask()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    // One compiled policy answers many requests in any order of time, as a gateway's does, so a
    // shared answer that should not have been shared shows.
    #[test]
    fn the_compiled_answer_is_what_the_specification_says(
        world in worlds(),
        asked in collection::vec(asks(), 1..12),
    ) {
        let policy = Policy::compile(world.clone());
        for ask in asked {
            prop_assert_eq!(compiled(&policy, &ask), naive(&world, &ask), "{:?}", ask);
            let explained = ask.with_facts(|facts| policy.explain(facts, ask.now));
            let permitted = explained.routes.iter().filter(|route| route.permitted());
            let mechanism = |r: &RouteExplanation| r.mechanism.as_ref().map(ToString::to_string);
            let shown: Vec<_> =
                permitted.map(|r| (r.route.id.to_string(), mechanism(r))).collect();
            let expected = match naive(&world, &ask) {
                Verdict::Routes(routes) => routes,
                Verdict::NoRoute | Verdict::NotThisGateway => Vec::new(),
            };
            prop_assert_eq!(expected, shown, "explain agrees");
        }
    }
}

#[test]
fn the_generated_bundles_reach_every_kind_of_answer() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let (mut outside, mut none, mut crossing, mut home) = (0, 0, 0, 0);
    for _ in 0..400 {
        let world = worlds().new_tree(&mut runner).unwrap().current();
        let ask = asks().new_tree(&mut runner).unwrap().current();
        match naive(&world, &ask) {
            Verdict::NotThisGateway => outside += 1,
            Verdict::NoRoute => none += 1,
            Verdict::Routes(routes) if routes.iter().any(|(_, m)| m.is_some()) => crossing += 1,
            Verdict::Routes(_) => home += 1,
        }
    }
    let counts = [outside, none, crossing, home];
    assert!(counts.iter().all(|count| *count >= 10), "{counts:?}");
}
