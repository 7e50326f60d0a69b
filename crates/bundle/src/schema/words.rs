//! The words and small shapes that certificates and workloads share.

use std::collections::BTreeSet;

use policy::{
    CertificateState, Hosting, IncidentVisibility, ModerationLevel, Priority, Retention, Tools,
};
use vocab::{DataClass, EvidenceLevel};

use crate::{
    node::{Node, Value},
    read::{At, Fields, Notes, boolean, list, text_set, whole, word},
};

/// A hundred years: more than that is `unlimited`.
const RETENTION_DAYS_MAX: u64 = 36_500;

pub(crate) const STATES: [(&str, CertificateState); 3] = [
    (CertificateState::Active.as_str(), CertificateState::Active),
    (CertificateState::Suspended.as_str(), CertificateState::Suspended),
    (CertificateState::Draft.as_str(), CertificateState::Draft),
];

pub(crate) const HOSTING: [(&str, Hosting); 3] = [
    (Hosting::Shared.as_str(), Hosting::Shared),
    (Hosting::Dedicated.as_str(), Hosting::Dedicated),
    (Hosting::Own.as_str(), Hosting::Own),
];

pub(crate) const MODERATION: [(&str, ModerationLevel); 3] = [
    (ModerationLevel::None.as_str(), ModerationLevel::None),
    (ModerationLevel::Standard.as_str(), ModerationLevel::Standard),
    (ModerationLevel::Strict.as_str(), ModerationLevel::Strict),
];

pub(crate) const INCIDENTS: [(&str, IncidentVisibility); 4] = [
    (IncidentVisibility::None.as_str(), IncidentVisibility::None),
    (IncidentVisibility::StatusPage.as_str(), IncidentVisibility::StatusPage),
    (IncidentVisibility::Notified.as_str(), IncidentVisibility::Notified),
    (IncidentVisibility::Shared.as_str(), IncidentVisibility::Shared),
];

pub(crate) const EVIDENCE: [(&str, EvidenceLevel); 2] = [
    (EvidenceLevel::Buffered.as_str(), EvidenceLevel::Buffered),
    (EvidenceLevel::Local.as_str(), EvidenceLevel::Local),
];

pub(crate) const PRIORITIES: [(&str, Priority); 4] = [
    (Priority::Critical.as_str(), Priority::Critical),
    (Priority::High.as_str(), Priority::High),
    (Priority::Normal.as_str(), Priority::Normal),
    (Priority::Low.as_str(), Priority::Low),
];

/// A list of data classes.
pub(crate) fn data_classes(node: &Node, notes: &Notes) -> Option<BTreeSet<DataClass>> {
    let words = DataClass::ALL.map(|class| (class.as_str(), class));
    let class = |node: &Node, notes: &Notes| word(node, notes, &words).map(|at| at.value);
    // A class that was mistyped must not look like one that was left out.
    let classes = list(node, notes, |node, notes| Some(class(node, notes)))?;
    classes.into_iter().collect()
}

/// A number of days, or `unlimited`.
pub(crate) fn retention(node: &Node, notes: &Notes) -> Option<Retention> {
    match &node.value {
        Value::Text(text) if text == "unlimited" => Some(Retention::Unlimited),
        Value::Null
        | Value::Bool(_)
        | Value::Whole(_)
        | Value::Number
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_) => {
            let At { value, .. } = whole(node, notes, RETENTION_DAYS_MAX)?;
            u32::try_from(value).ok().map(Retention::Days)
        }
    }
}

/// Which tools, plugins and retrieval.
pub(crate) fn tools(node: &Node, notes: &Notes) -> Option<Tools> {
    let mut fields = Fields::open(node, notes, "tools")?;
    let functions = fields.required("functions", boolean);
    let hosted = fields.required("hosted", text_set);
    let plugins = fields.required("plugins", boolean);
    let retrieval = fields.required("retrieval", boolean);
    fields.finish();
    Some(Tools { functions: functions?, hosted: hosted?, plugins: plugins?, retrieval: retrieval? })
}
