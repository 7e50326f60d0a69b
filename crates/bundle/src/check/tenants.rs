//! Tenants and their keys.

use std::collections::HashMap;

use identity::{KeyRecord, ModelGrant};
use policy::Workload;
use vocab::{TenantId, WorkloadId};

use super::{
    known::{Names, unique},
    when,
};
use crate::{
    node::Place,
    read::Notes,
    schema::{RawKey, RawTenant},
};

/// What keys refer to.
pub(crate) struct Around<'a> {
    pub(crate) jurisdictions: &'a Names,
    pub(crate) models: &'a Names,
    pub(crate) workload_names: &'a Names,
    pub(crate) workloads: &'a [Workload],
}

/// Tenants and the records of their keys.
pub(crate) fn tenants(
    raw: Vec<RawTenant>,
    around: &Around<'_>,
    notes: &Notes,
) -> (Vec<TenantId>, Vec<KeyRecord>) {
    unique(raw.iter().map(|tenant| &tenant.id), notes);
    unique(raw.iter().flat_map(|tenant| &tenant.keys).map(|key| &key.id), notes);
    check_secrets(&raw, notes);
    let workloads: HashMap<&WorkloadId, &Workload> =
        around.workloads.iter().map(|workload| (&workload.id, workload)).collect();
    let mut tenants = Vec::with_capacity(raw.len());
    let mut keys = Vec::with_capacity(raw.len());
    for tenant in raw {
        for key in tenant.keys {
            check_key(&key, around, &workloads, notes);
            keys.push(record(key, &tenant.id.value));
        }
        tenants.push(tenant.id.value);
    }
    (tenants, keys)
}

/// Two keys with one secret are one key with two names: revoking one would leave the other.
fn check_secrets(raw: &[RawTenant], notes: &Notes) {
    let mut seen: HashMap<String, Place> = HashMap::new();
    for key in raw.iter().flat_map(|tenant| &tenant.keys) {
        let place = key.secret_sha256.place;
        if let Some(first) = seen.insert(key.secret_sha256.value.to_string(), place) {
            notes.error(
                place,
                format!("key `{}` has the secret of another key", key.id.value),
                format!("make a new key; the other is on line {}", first.line),
            );
        }
    }
}

fn check_key(
    raw: &RawKey,
    around: &Around<'_>,
    workloads: &HashMap<&WorkloadId, &Workload>,
    notes: &Notes,
) {
    around.jurisdictions.expect(&raw.origin, notes);
    around.workload_names.expect_all(&raw.workloads.value, notes);
    around.models.expect_all(raw.models.as_deref().unwrap_or_default(), notes);
    if raw.workloads.value.is_empty() {
        notes.error(
            raw.workloads.place,
            format!("key `{}` may act for no workload", raw.id.value),
            "name at least one; the first is meant when a request names none",
        );
    }
    if let (Some(start), Some(end)) = (&raw.not_before, &raw.expires) {
        when::ordered(("not_before", start), ("expires", end), notes);
    }
    for name in &raw.workloads.value {
        let Some(workload) = workloads.get(&name.value) else { continue };
        if !workload.residency.contains_key(&raw.origin.value) {
            notes.warn(
                name.place,
                format!(
                    "workload `{}` has no residency rule for origin {}, so every such request of \
                     key `{}` is refused",
                    name.value, raw.origin.value, raw.id.value
                ),
                "add a rule to the workload, or correct the key's `origin`",
            );
        }
    }
}

fn record(raw: RawKey, tenant: &TenantId) -> KeyRecord {
    KeyRecord {
        id: raw.id.value,
        secret: raw.secret_sha256.value,
        tenant: tenant.clone(),
        workloads: raw.workloads.value.into_iter().map(|name| name.value).collect(),
        models: raw.models.map_or(ModelGrant::All, |models| {
            ModelGrant::Only(models.into_iter().map(|name| name.value).collect())
        }),
        origin: raw.origin.value,
        not_before: raw.not_before.map(|at| at.value),
        expires: raw.expires.map(|at| at.value),
        revoked: raw.revoked.map(|at| at.value),
    }
}
