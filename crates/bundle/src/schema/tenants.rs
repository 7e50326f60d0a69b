//! `tenants.yaml`: who is billed and isolated as one, and their keys.

use identity::SecretHash;
use vocab::{CredentialId, JurisdictionId, ModelId, TenantId, Timestamp, WorkloadId};

use crate::{
    node::Node,
    read::{At, Fields, Notes, id, ids, list, parsed, text, time},
};

/// A tenant.
pub(crate) struct RawTenant {
    /// Its name.
    pub(crate) id: At<TenantId>,
    /// Its keys.
    pub(crate) keys: Vec<RawKey>,
}

/// A key.
pub(crate) struct RawKey {
    /// The public part.
    pub(crate) id: At<CredentialId>,
    /// The hash of the secret part.
    pub(crate) secret_sha256: At<SecretHash>,
    /// The workloads it may act for; the first is the default.
    pub(crate) workloads: At<Vec<At<WorkloadId>>>,
    /// The models it may use; all when left out.
    pub(crate) models: Option<Vec<At<ModelId>>>,
    /// The origin jurisdiction it proves.
    pub(crate) origin: At<JurisdictionId>,
    /// From when.
    pub(crate) not_before: Option<At<Timestamp>>,
    /// Until when.
    pub(crate) expires: Option<At<Timestamp>>,
    /// Withdrawn when.
    pub(crate) revoked: Option<At<Timestamp>>,
}

/// Reads `tenants.yaml`.
pub(crate) fn tenants(node: &Node, notes: &Notes) -> Option<Vec<RawTenant>> {
    list(node, notes, tenant)
}

fn tenant(node: &Node, notes: &Notes) -> Option<RawTenant> {
    let mut fields = Fields::open(node, notes, "a tenant")?;
    let id = fields.required("id", id);
    // For people only.
    fields.optional("name", text);
    let keys = fields.required("keys", |node, notes| list(node, notes, key));
    fields.finish();
    Some(RawTenant { id: id?, keys: keys? })
}

fn key(node: &Node, notes: &Notes) -> Option<RawKey> {
    let mut fields = Fields::open(node, notes, "a key")?;
    let id = fields.required("id", id);
    let secret_sha256 = fields.required("secret_sha256", |node, notes| {
        parsed(node, notes, "write the SHA-256 of the key's secret in hexadecimal")
    });
    let workloads = fields.required("workloads", |node, notes| {
        ids(node, notes).map(|value| At { value, place: node.place })
    });
    let models = fields.optional("models", ids);
    let origin = fields.required("origin", crate::read::id);
    let not_before = fields.optional("not_before", time);
    let expires = fields.optional("expires", time);
    let revoked = fields.optional("revoked", time);
    fields.finish();
    Some(RawKey {
        id: id?,
        secret_sha256: secret_sha256?,
        workloads: workloads?,
        models,
        origin: origin?,
        not_before,
        expires,
        revoked,
    })
}
