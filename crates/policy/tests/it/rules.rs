//! One test per rule.

use policy::{
    CertificateState, CrossBorder, Hosting, IncidentVisibility, Model, ModerationLevel, Policy,
    Residency, Retention, Tier,
};
use vocab::RefusalCode;

use crate::world::{Ask, ask, certificate, day, id, ids, open_world, region, route, world};

fn routes(model: Model, ask: &Ask) -> Result<Vec<String>, &'static str> {
    ask.routes(&Policy::compile(model))
}

/// The world after one change to the certificate of the western route.
fn west(change: impl FnOnce(&mut policy::Certificate)) -> Policy {
    let mut world = world();
    change(&mut world.certificates[0]);
    Policy::compile(world)
}

/// The western route is out, the central one is not, and these are the controls it fails.
fn fails(policy: &Policy, expected: &[&str]) {
    assert_eq!(ask().routes(policy).unwrap(), ["r-central"], "{expected:?}");
    assert_eq!(ask().failed(policy, "r-west"), expected);
    let terms = ask().decide(policy).unwrap();
    let rejected = terms.rejected().iter().find(|r| r.route.as_str() == "r-west").unwrap();
    assert!(expected[0].starts_with(rejected.control.as_str()), "{rejected}");
}

// P2, RES-1: residency.

#[test]
fn a_bound_workload_gets_the_routes_of_its_jurisdiction_nearest_first() {
    assert_eq!(routes(world(), &ask()).unwrap(), ["r-west", "r-central"]);
    assert_eq!(routes(world(), &ask().at("central")).unwrap(), ["r-central", "r-west"]);
}

#[test]
fn a_gateway_outside_the_residency_names_the_entries_that_are_inside() {
    let refusal = ask().at("east").decide(&Policy::compile(world())).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::GatewayOutsideResidency);
    assert!(refusal.message.contains("gateway `east` (jurisdiction US)"), "{}", refusal.message);
    assert_eq!(
        refusal.remedy,
        "send it to https://west.example (west) or https://central.example (central)"
    );
}

#[test]
fn the_gateway_is_judged_before_the_model_and_the_tools() {
    let mut asked = ask().at("east");
    asked.model = "no-such-model".to_owned();
    asked.hosted = vec!["web_search".to_owned()];
    assert_eq!(routes(world(), &asked).unwrap_err(), "gateway_outside_residency");
    assert_eq!(routes(world(), &asked.at("west")).unwrap_err(), "model_not_allowed");
}

#[test]
fn an_origin_without_a_rule_is_served_nowhere() {
    let mut asked = ask();
    asked.origin = "US".to_owned();
    let refusal = asked.decide(&Policy::compile(world())).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::GatewayOutsideResidency);
    assert!(refusal.remedy.starts_with("no gateway"), "{}", refusal.remedy);
}

#[test]
fn unknown_names_are_refused() {
    let policy = Policy::compile(world());
    let with = |change: fn(&mut Ask)| {
        let mut asked = ask();
        change(&mut asked);
        asked.routes(&policy).unwrap_err()
    };
    assert_eq!(with(|a| a.workload = "none".to_owned()), "workload_not_allowed");
    assert_eq!(with(|a| a.gateway = "none".to_owned()), "gateway_outside_residency");
    assert_eq!(with(|a| a.origin = "XX".to_owned()), "gateway_outside_residency");
}

#[test]
fn storage_outside_counts_as_much_as_processing_outside() {
    let stored = west(|c| c.storage = Some(ids(&["west", "east"])));
    let border = "cross_border: under a transfer mechanism to US / none that the workload accepts";
    fails(&stored, &["storage: EU / east (US), west (EU)", border]);
    let processed = west(|c| c.processing = Some(ids(&["west", "east"])));
    fails(&processed, &["processing: EU / east (US), west (EU)", border]);
    let nothing_stored = west(|c| c.storage = Some(ids(&[])));
    assert_eq!(ask().routes(&nothing_stored).unwrap(), ["r-west", "r-central"]);
}

#[test]
fn a_region_that_nobody_declared_lies_nowhere_that_is_allowed() {
    fails(&west(|c| c.storage = Some(ids(&["moon"]))), &["storage: EU / moon (unknown)"]);
}

#[test]
fn a_certificate_for_another_region_does_not_cover_the_route() {
    fails(
        &west(|c| c.processing = Some(ids(&["central"]))),
        &["processing: EU / central (EU), which leaves out the route's own region west"],
    );
}

// P3: crossing a border.

#[test]
fn a_border_is_crossed_only_under_a_mechanism_which_is_recorded() {
    let terms = ask().decide(&Policy::compile(open_world())).unwrap();
    let shown: Vec<_> = terms
        .routes()
        .iter()
        .map(|p| (p.route.id.as_str(), p.tier, p.mechanism.as_ref().map(|m| m.as_str())))
        .collect();
    assert_eq!(
        shown,
        [
            ("r-west", Tier::SameRegion, None),
            ("r-central", Tier::SameJurisdiction, None),
            ("r-east", Tier::CrossBorder, Some("dpf")),
        ]
    );
}

#[test]
fn an_open_residency_without_a_mechanism_crosses_nothing() {
    let mut rejecting = open_world();
    rejecting.workloads[0].cross_border = CrossBorder::Reject;
    assert_eq!(routes(rejecting, &ask()).unwrap(), ["r-west", "r-central"]);
}

#[test]
fn a_mechanism_without_an_open_residency_crosses_nothing() {
    let mut closed = open_world();
    let home = Residency { processing: ids(&["EU"]), storage: ids(&["EU"]) };
    closed.workloads[0].residency.insert(id("EU"), home);
    assert_eq!(routes(closed, &ask()).unwrap(), ["r-west", "r-central"]);
}

#[test]
fn a_mechanism_holds_from_its_first_day_until_before_its_last() {
    let policy = Policy::compile(open_world());
    let crosses = |n| ask().on(n).routes(&policy).unwrap().contains(&"r-east".to_owned());
    assert_eq!([49, 50, 149, 150].map(crosses), [false, true, true, false]);
}

#[test]
fn a_mechanism_covers_the_tenants_workloads_and_directions_it_names() {
    let crosses = |change: fn(&mut policy::Mechanism)| {
        let mut world = open_world();
        change(&mut world.mechanisms[0]);
        routes(world, &ask()).unwrap().len() == 3
    };
    assert!(crosses(|m| m.tenants = Some(ids(&["acme"]))));
    assert!(!crosses(|m| m.tenants = Some(ids(&["other"]))));
    assert!(crosses(|m| m.workloads = Some(ids(&["desk"]))));
    assert!(!crosses(|m| m.workloads = Some(ids(&["other"]))));
    assert!(!crosses(|m| m.from = id("US")));
    assert!(!crosses(|m| m.to = ids(&["EU"])));
}

#[test]
fn one_tenants_answer_is_never_given_to_another() {
    let mut world = open_world();
    world.mechanisms[0].tenants = Some(ids(&["acme"]));
    let policy = Policy::compile(world);
    let mut other = ask();
    other.tenant = "other".to_owned();
    assert_eq!(ask().routes(&policy).unwrap().len(), 3);
    assert_eq!(other.routes(&policy).unwrap().len(), 2);
    assert_eq!(ask().routes(&policy).unwrap().len(), 3);
}

#[test]
fn a_foreign_gateway_makes_every_route_a_crossing() {
    let policy = Policy::compile(open_world());
    let terms = ask().at("east").decide(&policy).unwrap();
    assert_eq!(terms.routes().len(), 3);
    assert!(terms.routes().iter().all(|permitted| permitted.mechanism.is_some()));
    assert_eq!(terms.routes()[0].tier, Tier::SameRegion);
    // The ground is gone, and with it the gateway.
    assert_eq!(ask().at("east").on(150).routes(&policy).unwrap_err(), "gateway_outside_residency");
}

#[test]
fn one_mechanism_must_cover_every_border() {
    let mut world = open_world();
    world.jurisdictions.push(id("UK"));
    world.regions.push(region("isle", "UK"));
    let everywhere =
        Residency { processing: ids(&["EU", "US", "UK"]), storage: ids(&["EU", "US", "UK"]) };
    world.workloads[0].residency.insert(id("EU"), everywhere);
    world.certificates[2].storage = Some(ids(&["isle"]));
    assert_eq!(routes(world.clone(), &ask()).unwrap(), ["r-west", "r-central"]);
    world.mechanisms[0].to = ids(&["US", "UK"]);
    assert_eq!(routes(world, &ask()).unwrap(), ["r-west", "r-central", "r-east"]);
}

// P5, EQV-1: certificates.

#[test]
fn no_certificate_means_no() {
    let mut world = world();
    world.certificates.remove(0);
    fails(&Policy::compile(world), &["certificate: an active certificate in its time / none"]);
}

#[test]
fn a_draft_a_suspended_an_early_and_an_expired_certificate_mean_no() {
    let told =
        |text: &str| format!("certificate: an active certificate in its time / `c-west`, {text}");
    fails(&west(|c| c.state = CertificateState::Draft), &[&told("a draft")]);
    fails(&west(|c| c.state = CertificateState::Suspended), &[&told("suspended")]);
    fails(&west(|c| c.issued = day(101)), &[&told(&format!("not valid before {}", day(101)))]);
    fails(&west(|c| c.expires = day(100)), &[&told(&format!("expired at {}", day(100)))]);
}

#[test]
fn the_newest_certificate_counts_and_nothing_falls_back_to_an_older_one() {
    let newer = |change: fn(&mut policy::Certificate)| {
        let mut world = world();
        let mut renewal = certificate("c-west-2", "r-west", "west");
        renewal.issued = day(90);
        change(&mut renewal);
        world.certificates.push(renewal);
        routes(world, &ask()).unwrap().contains(&"r-west".to_owned())
    };
    assert!(newer(|_| ()));
    assert!(newer(|c| c.state = CertificateState::Draft), "a draft replaces nothing");
    assert!(newer(|c| c.issued = day(101)), "a renewal that has not begun replaces nothing");
    assert!(!newer(|c| c.state = CertificateState::Suspended));
    assert!(!newer(|c| c.training = Some(true)));
    assert!(!newer(|c| c.expires = day(95)));
}

#[test]
fn a_control_that_is_not_kept_is_named_with_what_was_required_and_found() {
    use policy::Retention::{Days, Unlimited};
    fails(
        &west(|c| c.data_classes = Some([vocab::DataClass::Internal].into())),
        &["data_classes: personal / internal"],
    );
    fails(&west(|c| c.hosting = Some(Hosting::Shared)), &["hosting: at least dedicated / shared"]);
    fails(
        &west(|c| c.retention.content = Some(Days(31))),
        &["retention_content: at most 30 days / 31 days"],
    );
    fails(
        &west(|c| c.retention.metadata = Some(Unlimited)),
        &["retention_metadata: at most 30 days / unlimited"],
    );
    fails(
        &west(|c| c.retention.cached = Some(Days(31))),
        &["retention_cached: at most 30 days / 31 days"],
    );
    fails(
        &west(|c| c.retention.tool_outputs = Some(Days(31))),
        &["retention_tool_outputs: at most 30 days / 31 days"],
    );
    fails(
        &west(|c| c.retention.moderation_events = Some(Days(31))),
        &["retention_moderation_events: at most 30 days / 31 days"],
    );
    fails(&west(|c| c.logging.requests = Some(true)), &["request_logging: no / yes"]);
    fails(&west(|c| c.logging.responses = Some(true)), &["response_logging: no / yes"]);
    fails(&west(|c| c.training = Some(true)), &["training: no / yes"]);
    fails(&west(|c| c.customer_managed_keys = Some(false)), &["customer_managed_keys: yes / no"]);
    fails(
        &west(|c| c.moderation.as_mut().unwrap().level = ModerationLevel::None),
        &["moderation: at least standard, parity by suite / none, parity by suite"],
    );
    fails(
        &west(|c| c.moderation.as_mut().unwrap().parity = "other".to_owned()),
        &["moderation: at least standard, parity by suite / strict, parity by other"],
    );
    fails(
        &west(|c| c.tools.as_mut().unwrap().hosted = ["web_search".to_owned()].into()),
        &["hosted_tools: none / web_search"],
    );
    fails(&west(|c| c.tools.as_mut().unwrap().plugins = true), &["plugins: no / yes"]);
    fails(&west(|c| c.tools.as_mut().unwrap().retrieval = true), &["retrieval: no / yes"]);
    fails(
        &west(|c| c.incident_visibility = Some(IncidentVisibility::StatusPage)),
        &["incident_visibility: at least notified / status-page"],
    );
}

#[test]
fn the_limit_itself_is_within_the_limit() {
    let policy = west(|c| {
        c.retention.content = Some(Retention::Days(30));
        c.hosting = Some(Hosting::Dedicated);
        c.incident_visibility = Some(IncidentVisibility::Notified);
        c.moderation.as_mut().unwrap().level = ModerationLevel::Standard;
        c.data_classes = Some([vocab::DataClass::Personal].into());
    });
    assert_eq!(ask().routes(&policy).unwrap(), ["r-west", "r-central"]);
}

#[test]
fn unknown_means_no_even_where_the_workload_takes_anything() {
    let mut world = world();
    let desk = &mut world.workloads[0];
    desk.training_allowed = true;
    desk.customer_managed_keys_required = false;
    desk.hosting_min = Hosting::Shared;
    desk.retention_max.cached = Retention::Unlimited;
    desk.incident_visibility_min = IncidentVisibility::None;
    let unknown = |change: fn(&mut policy::Certificate)| {
        let mut world = world.clone();
        change(&mut world.certificates[0]);
        let policy = Policy::compile(world);
        assert_eq!(ask().routes(&policy).unwrap(), ["r-central"]);
        let failed = ask().failed(&policy, "r-west");
        assert!(
            !failed.is_empty() && failed.iter().all(|f| f.ends_with("/ unknown")),
            "{failed:?}"
        );
    };
    unknown(|c| c.data_classes = None);
    unknown(|c| c.processing = None);
    unknown(|c| c.storage = None);
    unknown(|c| c.hosting = None);
    unknown(|c| c.retention.cached = None);
    unknown(|c| c.logging.requests = None);
    unknown(|c| c.training = None);
    unknown(|c| c.customer_managed_keys = None);
    unknown(|c| c.moderation = None);
    unknown(|c| c.tools = None);
    unknown(|c| c.incident_visibility = None);
}

// P4: tools that a request asks for.

#[test]
fn a_tool_runs_only_where_workload_and_certificate_both_allow_it() {
    let mut asked = ask();
    asked.functions = true;
    assert_eq!(routes(world(), &asked).unwrap(), ["r-west", "r-central"]);
    let without = west(|c| c.tools.as_mut().unwrap().functions = false);
    assert_eq!(asked.routes(&without).unwrap(), ["r-central"]);
    assert_eq!(ask().routes(&without).unwrap(), ["r-west", "r-central"]);

    asked.functions = false;
    asked.hosted = vec!["web_search".to_owned()];
    let refusal = asked.decide(&Policy::compile(world())).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NoEligibleRoute);
    assert_eq!(refusal.param.as_deref(), Some("tools"));
    let mut searching = world();
    searching.workloads[0].tools_allowed.hosted = ["web_search".to_owned()].into();
    searching.certificates[0].tools.as_mut().unwrap().hosted = ["web_search".to_owned()].into();
    assert_eq!(routes(searching, &asked).unwrap(), ["r-west"]);
}

// P7: no best effort.

#[test]
fn when_no_route_is_left_the_answer_is_a_refusal_that_says_why() {
    let mut world = world();
    world.certificates[0].training = Some(true);
    world.certificates[1].training = None;
    let refusal = ask().decide(&Policy::compile(world)).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NoEligibleRoute);
    assert_eq!(
        refusal.message,
        "no route for model `chat` keeps the controls of workload `desk` from origin EU: route \
         `r-west`: training must be no, found yes; and 2 more"
    );
    assert!(refusal.remedy.contains("isobar policy explain"));
}

#[test]
fn a_model_without_routes_is_a_refusal() {
    let mut world = world();
    world.models.push(id("bare"));
    let mut asked = ask();
    asked.model = "bare".to_owned();
    assert_eq!(routes(world, &asked).unwrap_err(), "no_eligible_route");
}

// P1: asked again before every attempt.

#[test]
fn terms_do_not_outlive_a_certificate_or_a_mechanism() {
    let mut world = open_world();
    world.certificates[0].expires = day(110);
    let policy = Policy::compile(world);
    let terms = ask().decide(&policy).unwrap();
    let ok = |route: &str, n| terms.permits(&id(route), day(n)).is_ok();
    assert!(ok("r-west", 109) && ok("r-central", 109) && ok("r-east", 109));
    assert!(!ok("r-west", 110) && ok("r-central", 110));
    let over = terms.permits(&id("r-east"), day(150)).unwrap_err();
    assert_eq!(
        over.to_string(),
        format!(
            "route `r-east`: cross_border must be under a transfer mechanism to US, found `dpf`, over since {}",
            day(150)
        )
    );
    assert!(terms.permits(&id("r-nowhere"), day(100)).is_err());
}

#[test]
fn time_never_widens_terms() {
    let policy = west(|c| c.issued = day(105));
    let terms = ask().decide(&policy).unwrap();
    assert!(terms.permits(&id("r-west"), day(106)).is_err());
    assert_eq!(ask().on(106).routes(&policy).unwrap(), ["r-west", "r-central"]);
}

#[test]
fn the_answer_follows_the_clock_forwards_and_backwards() {
    let policy = west(|c| c.expires = day(110));
    let served = |n| ask().on(n).routes(&policy).unwrap().len();
    assert_eq!([100, 109, 110, 150, 100].map(served), [2, 2, 1, 1, 2]);
}

// P11: why.

#[test]
fn an_explanation_names_every_route_with_every_control() {
    let policy = west(|c| {
        c.training = Some(true);
        c.retention.content = Some(Retention::Unlimited);
    });
    let explanation = ask().with_facts(|facts| policy.explain(facts, ask().now));
    assert_eq!(explanation.refusal, None);
    let shown: Vec<_> =
        explanation.routes.iter().map(|r| (r.route.id.as_str(), r.permitted())).collect();
    assert_eq!(shown, [("r-central", true), ("r-west", false), ("r-east", false)]);
    assert!(explanation.routes.iter().all(|route| route.checks.len() >= 17));
    assert_eq!(ask().failed(&policy, "r-west").len(), 2);
    let away = ask().at("east");
    let away = away.with_facts(|facts| policy.explain(facts, away.now));
    assert!(away.routes.is_empty() && away.refusal.is_some());
}

#[test]
fn routes_of_one_tier_stay_in_the_order_of_the_bundle() {
    let mut world = world();
    for name in ["b", "a", "c"] {
        world.routes.push(route(name, "west"));
        world.certificates.push(certificate(&format!("c-{name}"), name, "west"));
    }
    assert_eq!(routes(world, &ask()).unwrap(), ["r-west", "b", "a", "c", "r-central"]);
}
