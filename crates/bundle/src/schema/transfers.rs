//! `transfers.yaml`: recorded grounds for moving data across a border (P3).

use policy::MechanismKind;
use vocab::{JurisdictionId, MechanismId, TenantId, Timestamp, WorkloadId};

use crate::{
    node::Node,
    read::{At, Fields, Notes, id, ids, list, texts, time, word},
};

/// One transfer mechanism.
pub(crate) struct RawMechanism {
    /// Its name.
    pub(crate) id: At<MechanismId>,
    /// What kind of ground it is.
    pub(crate) kind: At<MechanismKind>,
    /// Where requests come from.
    pub(crate) from: At<JurisdictionId>,
    /// Where they may go.
    pub(crate) to: Vec<At<JurisdictionId>>,
    /// The workloads it covers; all when left out.
    pub(crate) workloads: Option<Vec<At<WorkloadId>>>,
    /// The tenants it covers; all when left out.
    pub(crate) tenants: Option<Vec<At<TenantId>>>,
    /// From when.
    pub(crate) valid_from: At<Timestamp>,
    /// Until when.
    pub(crate) valid_until: At<Timestamp>,
    /// Where it is documented.
    pub(crate) evidence: Vec<At<String>>,
}

const KINDS: [(&str, MechanismKind); 3] = [
    (MechanismKind::Adequacy.as_str(), MechanismKind::Adequacy),
    (MechanismKind::StandardContractualClauses.as_str(), MechanismKind::StandardContractualClauses),
    (MechanismKind::BindingCorporateRules.as_str(), MechanismKind::BindingCorporateRules),
];

/// Reads `transfers.yaml`.
pub(crate) fn transfers(node: &Node, notes: &Notes) -> Option<Vec<RawMechanism>> {
    list(node, notes, mechanism)
}

fn mechanism(node: &Node, notes: &Notes) -> Option<RawMechanism> {
    let mut fields = Fields::open(node, notes, "a transfer mechanism")?;
    let id = fields.required("id", id);
    let kind = fields.required("kind", |node, notes| word(node, notes, &KINDS));
    let from = fields.required("from", crate::read::id);
    let to = fields.required("to", ids);
    let workloads = fields.optional("workloads", ids);
    let tenants = fields.optional("tenants", ids);
    let valid_from = fields.required("valid_from", time);
    let valid_until = fields.required("valid_until", time);
    let evidence = fields.required("evidence", texts);
    fields.finish();
    Some(RawMechanism {
        id: id?,
        kind: kind?,
        from: from?,
        to: to?,
        workloads,
        tenants,
        valid_from: valid_from?,
        valid_until: valid_until?,
        evidence: evidence?,
    })
}
