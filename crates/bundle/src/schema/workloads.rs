//! `workloads.yaml`: what classes of use require (P4).
//!
//! Every control is written out: a control that somebody forgot must not read as one that nobody
//! needs. Only what has no bearing on risk has a default.

use std::collections::BTreeSet;

use policy::{
    Hosting, IncidentVisibility, Limits, Logging, ModerationMin, Priority, Retention,
    RetentionByKind, Tools,
};
use vocab::{DataClass, EvidenceLevel, JurisdictionId, MechanismId, WorkloadId};

use super::words::{
    EVIDENCE, HOSTING, INCIDENTS, MODERATION, PRIORITIES, data_classes, retention, tools,
};
use crate::{
    node::{Node, Value},
    read::{At, Fields, Notes, boolean, id, ids, list, span, text, word},
};

/// One workload.
pub(crate) struct RawWorkload {
    pub(crate) id: At<WorkloadId>,
    pub(crate) data_classes: BTreeSet<DataClass>,
    pub(crate) residency: Vec<RawResidency>,
    pub(crate) cross_border: At<RawCrossBorder>,
    pub(crate) retention_max: RetentionByKind<Retention>,
    pub(crate) logging_allowed: Logging<bool>,
    pub(crate) training_allowed: bool,
    pub(crate) customer_managed_keys_required: bool,
    pub(crate) hosting_min: Hosting,
    pub(crate) moderation_min: ModerationMin,
    pub(crate) tools_allowed: Tools,
    pub(crate) incident_visibility_min: IncidentVisibility,
    pub(crate) evidence: EvidenceLevel,
    pub(crate) priority: Priority,
    pub(crate) limits: Limits,
    pub(crate) fail_over_on_content_rejection: bool,
}

/// Where requests of one origin may be.
pub(crate) struct RawResidency {
    pub(crate) origin: At<JurisdictionId>,
    pub(crate) processing: Vec<At<JurisdictionId>>,
    pub(crate) storage: Vec<At<JurisdictionId>>,
}

/// What crossing a border takes.
pub(crate) enum RawCrossBorder {
    Reject,
    Mechanisms(Vec<At<MechanismId>>),
}

/// Reads `workloads.yaml`.
pub(crate) fn workloads(node: &Node, notes: &Notes) -> Option<Vec<RawWorkload>> {
    list(node, notes, workload)
}

fn workload(node: &Node, notes: &Notes) -> Option<RawWorkload> {
    let mut fields = Fields::open(node, notes, "a workload")?;
    let id = fields.required("id", id);
    // For people only.
    fields.optional("description", text);
    let data_classes = fields.required("data_classes", data_classes);
    let residency = fields.required("residency", |node, notes| list(node, notes, residency));
    let cross_border = fields.required("cross_border", cross_border);
    let retention_max = fields.required("retention_days_max", retention_max);
    let request_logging = fields.required("request_logging_allowed", boolean);
    let response_logging = fields.required("response_logging_allowed", boolean);
    let training_allowed = fields.required("training_allowed", boolean);
    let own_keys = fields.required("customer_managed_keys_required", boolean);
    let hosting_min = fields.required("hosting_min", |n, notes| word(n, notes, &HOSTING));
    let moderation_min = fields.required("moderation_min", moderation_min);
    let tools_allowed = fields.required("tools_allowed", tools);
    let incidents =
        fields.required("incident_visibility_min", |n, notes| word(n, notes, &INCIDENTS));
    let evidence = fields.required("evidence", |node, notes| word(node, notes, &EVIDENCE));
    let priority = fields.optional("priority", |node, notes| word(node, notes, &PRIORITIES));
    let limits = fields.optional("limits", limits);
    let content = fields.optional("fail_over_on_content_rejection", boolean);
    fields.finish();
    Some(RawWorkload {
        id: id?,
        data_classes: data_classes?,
        residency: residency?,
        cross_border: cross_border?,
        retention_max: retention_max?,
        logging_allowed: Logging { requests: request_logging?, responses: response_logging? },
        training_allowed: training_allowed?,
        customer_managed_keys_required: own_keys?,
        hosting_min: hosting_min?.value,
        moderation_min: moderation_min?,
        tools_allowed: tools_allowed?,
        incident_visibility_min: incidents?.value,
        evidence: evidence?.value,
        priority: priority.map_or(Priority::Normal, |priority| priority.value),
        limits: limits.unwrap_or_default(),
        fail_over_on_content_rejection: content.unwrap_or_default(),
    })
}

fn residency(node: &Node, notes: &Notes) -> Option<RawResidency> {
    let mut fields = Fields::open(node, notes, "a residency rule")?;
    let origin = fields.required("origin", id);
    let processing = fields.required("processing", ids);
    let storage = fields.required("storage", ids);
    fields.finish();
    Some(RawResidency { origin: origin?, processing: processing?, storage: storage? })
}

fn cross_border(node: &Node, notes: &Notes) -> Option<At<RawCrossBorder>> {
    let place = node.place;
    if let Value::Map(_) = &node.value {
        let mut fields = Fields::open(node, notes, "a cross-border rule")?;
        let mechanisms = fields.required("mechanisms", ids);
        fields.finish();
        return Some(At { value: RawCrossBorder::Mechanisms(mechanisms?), place });
    }
    if matches!(&node.value, Value::Text(text) if text == "reject") {
        return Some(At { value: RawCrossBorder::Reject, place });
    }
    notes.error(
        place,
        "not a cross-border rule",
        "write `reject`, or `{mechanisms: [NAME]}` with names from transfers.yaml",
    );
    None
}

/// One figure for everything, or one for each kind.
fn retention_max(node: &Node, notes: &Notes) -> Option<RetentionByKind<Retention>> {
    if !matches!(node.value, Value::Map(_)) {
        let all = retention(node, notes)?;
        return Some(RetentionByKind {
            content: all,
            metadata: all,
            cached: all,
            tool_outputs: all,
            moderation_events: all,
        });
    }
    let mut fields = Fields::open(node, notes, "a workload's retention limit")?;
    let content = fields.required("content", retention);
    let metadata = fields.required("metadata", retention);
    let cached = fields.required("cached", retention);
    let tool_outputs = fields.required("tool_outputs", retention);
    let moderation_events = fields.required("moderation_events", retention);
    fields.finish();
    Some(RetentionByKind {
        content: content?,
        metadata: metadata?,
        cached: cached?,
        tool_outputs: tool_outputs?,
        moderation_events: moderation_events?,
    })
}

fn moderation_min(node: &Node, notes: &Notes) -> Option<ModerationMin> {
    let mut fields = Fields::open(node, notes, "a workload's moderation")?;
    let level = fields.required("level", |node, notes| word(node, notes, &MODERATION));
    let parity = fields.optional("parity", text);
    fields.finish();
    Some(ModerationMin { level: level?.value, parity: parity.map(|parity| parity.value) })
}

fn limits(node: &Node, notes: &Notes) -> Option<Limits> {
    let mut fields = Fields::open(node, notes, "a workload's limits")?;
    let limits = Limits {
        connect: fields.optional("connect", span),
        headers: fields.optional("headers", span),
        first_token: fields.optional("first_token", span),
        gap: fields.optional("gap", span),
        total: fields.optional("total", span),
    };
    fields.finish();
    Some(limits)
}
