//! A small world: two European regions and an American one, a route in each.

use std::{collections::BTreeSet, sync::Arc};

use policy::{
    Certificate, CertificateState, CrossBorder, Decision, Facts, Hosting, IncidentVisibility,
    Limits, Logging, Mechanism, MechanismKind, Model, Moderation, ModerationLevel, ModerationMin,
    Policy, PolicyNeeds, Priority, Region, Residency, Retention, RetentionByKind, Route, Terms,
    Tools, Workload,
};
use vocab::{Capability, DataClass, EvidenceLevel, Id, Refusal, Timestamp, id::Kind};

/// Names without ceremony.
pub(crate) fn id<K: Kind>(name: &str) -> Id<K> {
    Id::parse(name).unwrap()
}

pub(crate) fn ids<K: Kind>(names: &[&str]) -> BTreeSet<Id<K>> {
    names.iter().map(|name| id(name)).collect()
}

/// Days since the beginning of this world.
pub(crate) fn day(n: i64) -> Timestamp {
    Timestamp::from_unix_micros(n * 86_400_000_000)
}

/// When everything that is asked is asked, unless said otherwise.
pub(crate) const NOW: i64 = 100;

pub(crate) fn region(name: &str, jurisdiction: &str) -> Region {
    let entry = Some(format!("https://{name}.example"));
    Region { id: id(name), jurisdiction: id(jurisdiction), entry }
}

pub(crate) fn route(name: &str, region: &str) -> Arc<Route> {
    Arc::new(Route {
        id: id(name),
        model: id("chat"),
        endpoint: id(name),
        region: id(region),
        upstream_model: "m".to_owned(),
        weight: 100,
        capability: Capability::default(),
    })
}

/// A certificate that keeps everything, for a route in `region`.
pub(crate) fn certificate(name: &str, route: &str, region: &str) -> Certificate {
    let kept = Some(Retention::Days(0));
    Certificate {
        id: id(name),
        route: id(route),
        state: CertificateState::Active,
        owner: "Ann".to_owned(),
        reviewer: "Bob".to_owned(),
        evidence: vec!["paper".to_owned()],
        issued: day(0),
        expires: day(200),
        data_classes: Some(DataClass::ALL.into_iter().collect()),
        processing: Some(ids(&[region])),
        storage: Some(ids(&[region])),
        hosting: Some(Hosting::Own),
        retention: RetentionByKind {
            content: kept,
            metadata: kept,
            cached: kept,
            tool_outputs: kept,
            moderation_events: kept,
        },
        logging: Logging { requests: Some(false), responses: Some(false) },
        training: Some(false),
        customer_managed_keys: Some(true),
        moderation: Some(Moderation { level: ModerationLevel::Strict, parity: "suite".to_owned() }),
        tools: Some(Tools { functions: true, ..Tools::default() }),
        incident_visibility: Some(IncidentVisibility::Shared),
    }
}

/// A workload of European origin that stays there.
pub(crate) fn workload() -> Workload {
    let limit = Retention::Days(30);
    let home = Residency { processing: ids(&["EU"]), storage: ids(&["EU"]) };
    Workload {
        id: id("desk"),
        data_classes: [DataClass::Personal].into(),
        residency: [(id("EU"), home)].into(),
        cross_border: CrossBorder::Reject,
        retention_max: RetentionByKind {
            content: limit,
            metadata: limit,
            cached: limit,
            tool_outputs: limit,
            moderation_events: limit,
        },
        logging_allowed: Logging { requests: false, responses: false },
        training_allowed: false,
        customer_managed_keys_required: true,
        hosting_min: Hosting::Dedicated,
        moderation_min: ModerationMin {
            level: ModerationLevel::Standard,
            parity: Some("suite".to_owned()),
        },
        tools_allowed: Tools { functions: true, ..Tools::default() },
        incident_visibility_min: IncidentVisibility::Notified,
        evidence: EvidenceLevel::Local,
        priority: Priority::High,
        limits: Limits::default(),
        fail_over_on_content_rejection: false,
    }
}

/// The ground for going from the EU to the US.
pub(crate) fn mechanism() -> Mechanism {
    Mechanism {
        id: id("dpf"),
        kind: MechanismKind::Adequacy,
        from: id("EU"),
        to: ids(&["US"]),
        workloads: None,
        tenants: None,
        valid_from: day(50),
        valid_until: day(150),
        evidence: vec!["decision".to_owned()],
    }
}

/// The world, ready to be changed.
pub(crate) fn world() -> Model {
    Model {
        jurisdictions: vec![id("EU"), id("US")],
        regions: vec![region("west", "EU"), region("central", "EU"), region("east", "US")],
        models: vec![id("chat")],
        // Not in the order of tiers, so that a test sees the order that policy makes.
        routes: vec![
            route("r-east", "east"),
            route("r-central", "central"),
            route("r-west", "west"),
        ],
        certificates: vec![
            certificate("c-west", "r-west", "west"),
            certificate("c-central", "r-central", "central"),
            certificate("c-east", "r-east", "east"),
        ],
        workloads: vec![workload()],
        mechanisms: vec![mechanism()],
    }
}

/// The same with a workload that may cross.
pub(crate) fn open_world() -> Model {
    let mut world = world();
    let desk = &mut world.workloads[0];
    let both = Residency { processing: ids(&["EU", "US"]), storage: ids(&["EU", "US"]) };
    desk.residency.insert(id("EU"), both);
    desk.cross_border = CrossBorder::Mechanisms(vec![id("dpf")]);
    world
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) gateway: String,
    pub(crate) tenant: String,
    pub(crate) model: String,
    pub(crate) workload: String,
    pub(crate) origin: String,
    pub(crate) functions: bool,
    pub(crate) hosted: Vec<String>,
    pub(crate) now: Timestamp,
}

/// A European request at the gateway in the west, on the hundredth day.
pub(crate) fn ask() -> Ask {
    Ask {
        gateway: "west".to_owned(),
        tenant: "acme".to_owned(),
        model: "chat".to_owned(),
        workload: "desk".to_owned(),
        origin: "EU".to_owned(),
        functions: false,
        hosted: Vec::new(),
        now: day(NOW),
    }
}

impl Ask {
    pub(crate) fn at(mut self, gateway: &str) -> Self {
        gateway.clone_into(&mut self.gateway);
        self
    }

    pub(crate) fn on(mut self, n: i64) -> Self {
        self.now = day(n);
        self
    }

    pub(crate) fn with_facts<T>(&self, use_them: impl FnOnce(&Facts<'_>) -> T) -> T {
        use_them(&Facts {
            gateway: &id(&self.gateway),
            tenant: &id(&self.tenant),
            workload: &id(&self.workload),
            model: &id(&self.model),
            origin: &id(&self.origin),
            needs: PolicyNeeds { function_tools: self.functions, hosted_tools: &self.hosted },
        })
    }

    pub(crate) fn decide(&self, policy: &Policy) -> Result<Terms, Refusal> {
        match self.with_facts(|facts| policy.decide(facts, self.now)) {
            Decision::Permit(terms) => Ok(terms),
            Decision::Refuse(refusal) => Err(refusal),
        }
    }

    /// The names of the permitted routes, or the code of the refusal.
    pub(crate) fn routes(&self, policy: &Policy) -> Result<Vec<String>, &'static str> {
        let terms = self.decide(policy).map_err(|refusal| refusal.code.as_str())?;
        Ok(terms.routes().iter().map(|p| p.route.id.to_string()).collect())
    }

    /// Every control that a route fails.
    pub(crate) fn failed(&self, policy: &Policy, route: &str) -> Vec<String> {
        let explanation = self.with_facts(|facts| policy.explain(facts, self.now));
        let route = explanation.routes.iter().find(|r| r.route.id.as_str() == route).unwrap();
        let shown = |check: &policy::Check| {
            format!("{}: {} / {}", check.control.as_str(), check.required, check.found)
        };
        route.failed().map(shown).collect()
    }
}
