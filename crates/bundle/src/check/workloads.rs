//! Workloads and transfer mechanisms (P3, P4).

use std::collections::BTreeMap;

use policy::{CrossBorder, Mechanism, Residency, Workload};
use vocab::Timestamp;

use super::{
    known::{Names, unique},
    when::{self, End, date},
};
use crate::{
    read::{At, Notes},
    schema::{RawCrossBorder, RawMechanism, RawResidency, RawWorkload},
};

/// Workloads.
pub(crate) fn workloads(
    raw: Vec<RawWorkload>,
    jurisdictions: &Names,
    mechanisms: &Names,
    notes: &Notes,
) -> Vec<Workload> {
    unique(raw.iter().map(|workload| &workload.id), notes);
    raw.into_iter()
        .map(|workload| {
            check_workload(&workload, jurisdictions, mechanisms, notes);
            build(workload)
        })
        .collect()
}

fn check_workload(raw: &RawWorkload, jurisdictions: &Names, mechanisms: &Names, notes: &Notes) {
    let id = &raw.id.value;
    if raw.data_classes.is_empty() {
        notes.error(
            raw.id.place,
            format!("workload `{id}` names no class of data"),
            "name at least one under `data_classes`, e.g. `internal`",
        );
    }
    if raw.residency.is_empty() {
        notes.error(
            raw.id.place,
            format!("workload `{id}` has no residency, so it may be served nowhere"),
            "add a rule with `origin`, `processing` and `storage`",
        );
    }
    unique(raw.residency.iter().map(|rule| &rule.origin), notes);
    for rule in &raw.residency {
        jurisdictions.expect(&rule.origin, notes);
        jurisdictions.expect_all(&rule.processing, notes);
        jurisdictions.expect_all(&rule.storage, notes);
    }
    match &raw.cross_border.value {
        RawCrossBorder::Mechanisms(names) if names.is_empty() => notes.error(
            raw.cross_border.place,
            "the cross-border rule names no mechanism",
            "name one from transfers.yaml, or write `cross_border: reject`",
        ),
        RawCrossBorder::Mechanisms(names) => {
            mechanisms.expect_all(names, notes);
            unique(names, notes);
        }
        RawCrossBorder::Reject => check_reject(raw, notes),
    }
}

/// A rule that opens a border which another closes is a misunderstanding waiting to happen.
fn check_reject(raw: &RawWorkload, notes: &Notes) {
    for rule in &raw.residency {
        let allowed = rule.processing.iter().chain(&rule.storage);
        for foreign in allowed.filter(|place| place.value != rule.origin.value) {
            notes.warn(
                foreign.place,
                format!(
                    "`{}` has no effect for origin {}, because `cross_border` is `reject`",
                    foreign.value, rule.origin.value
                ),
                "remove it, or name a transfer mechanism under `cross_border`",
            );
        }
    }
}

fn build(raw: RawWorkload) -> Workload {
    let residency = |rule: RawResidency| {
        let places = Residency {
            processing: rule.processing.into_iter().map(|place| place.value).collect(),
            storage: rule.storage.into_iter().map(|place| place.value).collect(),
        };
        (rule.origin.value, places)
    };
    Workload {
        id: raw.id.value,
        data_classes: raw.data_classes,
        residency: raw.residency.into_iter().map(residency).collect::<BTreeMap<_, _>>(),
        cross_border: match raw.cross_border.value {
            RawCrossBorder::Reject => CrossBorder::Reject,
            RawCrossBorder::Mechanisms(names) => {
                CrossBorder::Mechanisms(names.into_iter().map(|name| name.value).collect())
            }
        },
        retention_max: raw.retention_max,
        logging_allowed: raw.logging_allowed,
        training_allowed: raw.training_allowed,
        customer_managed_keys_required: raw.customer_managed_keys_required,
        hosting_min: raw.hosting_min,
        moderation_min: raw.moderation_min,
        tools_allowed: raw.tools_allowed,
        incident_visibility_min: raw.incident_visibility_min,
        evidence: raw.evidence,
        priority: raw.priority,
        limits: raw.limits,
        fail_over_on_content_rejection: raw.fail_over_on_content_rejection,
    }
}

/// What mechanisms refer to.
pub(crate) struct Around<'a> {
    pub(crate) jurisdictions: &'a Names,
    pub(crate) workloads: &'a Names,
    pub(crate) tenants: &'a Names,
    pub(crate) now: Timestamp,
}

/// Transfer mechanisms.
pub(crate) fn mechanisms(
    raw: Vec<RawMechanism>,
    around: &Around<'_>,
    notes: &Notes,
) -> Vec<Mechanism> {
    unique(raw.iter().map(|mechanism| &mechanism.id), notes);
    raw.into_iter()
        .map(|mechanism| {
            check_mechanism(&mechanism, around, notes);
            build_mechanism(mechanism)
        })
        .collect()
}

fn check_mechanism(raw: &RawMechanism, around: &Around<'_>, notes: &Notes) {
    let id = &raw.id;
    around.jurisdictions.expect(&raw.from, notes);
    around.jurisdictions.expect_all(&raw.to, notes);
    around.workloads.expect_all(raw.workloads.as_deref().unwrap_or_default(), notes);
    around.tenants.expect_all(raw.tenants.as_deref().unwrap_or_default(), notes);
    if raw.to.is_empty() {
        notes.error(id.place, "the mechanism leads nowhere", "name jurisdictions under `to`");
    }
    for to in raw.to.iter().filter(|to| to.value == raw.from.value) {
        notes.error(
            to.place,
            format!("the mechanism leads from {} to itself", to.value),
            "a mechanism is needed only across a border; remove it from `to`",
        );
    }
    if raw.evidence.is_empty() {
        notes.error(
            id.place,
            "the mechanism rests on no evidence",
            "name at least one document under `evidence`",
        );
    }
    let times = (("valid_from", &raw.valid_from), ("valid_until", &raw.valid_until));
    if !when::ordered(times.0, times.1, notes) {
        return;
    }
    let (place, day) = (raw.valid_until.place, date(raw.valid_until.value));
    match when::end(raw.valid_until.value, around.now) {
        End::Over => notes.warn(
            place,
            format!("mechanism `{}` ended on {day}; nothing may cross under it", id.value),
            "renew it, or remove it",
        ),
        End::Near => notes.warn(
            place,
            format!("mechanism `{}` ends on {day}", id.value),
            "renew it: nothing may cross under it after that",
        ),
        End::Far => {}
    }
}

fn build_mechanism(raw: RawMechanism) -> Mechanism {
    fn set<T: Ord, C: FromIterator<T>>(names: Vec<At<T>>) -> C {
        names.into_iter().map(|name| name.value).collect()
    }
    Mechanism {
        id: raw.id.value,
        kind: raw.kind.value,
        from: raw.from.value,
        to: set(raw.to),
        workloads: raw.workloads.map(set),
        tenants: raw.tenants.map(set),
        valid_from: raw.valid_from.value,
        valid_until: raw.valid_until.value,
        evidence: raw.evidence.into_iter().map(|text| text.value).collect(),
    }
}
