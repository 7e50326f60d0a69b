//! `endpoints.yaml`: deployments of providers, and how to reach them.

use vocab::{EndpointId, RegionId};

use super::credentials::credential;
use crate::{
    credential::CredentialSource,
    node::{Node, Value},
    read::{At, Fields, Notes, id, list, text},
};

/// One endpoint.
pub(crate) struct RawEndpoint {
    /// Its name.
    pub(crate) id: At<EndpointId>,
    /// Whose it is, for people.
    pub(crate) vendor: At<String>,
    /// The provider kind.
    pub(crate) provider: At<String>,
    /// Where it runs.
    pub(crate) region: At<RegionId>,
    /// Where its API is.
    pub(crate) base_url: Option<At<String>>,
    /// Where its credential comes from.
    pub(crate) credential: Option<At<CredentialSource>>,
    /// Headers sent with every call.
    pub(crate) headers: Vec<(String, String)>,
    /// What else is said, for the provider to understand.
    pub(crate) values: Vec<(&'static str, At<String>)>,
}

/// Reads `endpoints.yaml`.
pub(crate) fn endpoints(node: &Node, notes: &Notes) -> Option<Vec<RawEndpoint>> {
    list(node, notes, endpoint)
}

fn endpoint(node: &Node, notes: &Notes) -> Option<RawEndpoint> {
    let mut fields = Fields::open(node, notes, "an endpoint")?;
    let id = fields.required("id", id);
    let vendor = fields.required("vendor", text);
    let provider = fields.required("provider", text);
    let region = fields.required("region", crate::read::id);
    let base_url = fields.optional("base_url", text);
    let safe = id.as_ref().map_or(fields.place, |id| id.place);
    let credential = fields.optional("credential", |node, notes| {
        credential(node, notes, safe).map(|value| At { value, place: node.place })
    });
    let headers = fields.optional("headers", headers);
    // Each provider kind has settings of its own; of an unknown kind any of them may be meant.
    let kind = provider.as_ref().and_then(|kind| provider::find(&kind.value));
    let kinds =
        provider::catalog().iter().filter(|one| kind.is_none_or(|k| k.name() == one.name()));
    let mut values: Vec<(&'static str, At<String>)> = Vec::new();
    for setting in kinds.flat_map(|kind| kind.settings()) {
        if values.iter().all(|(name, _)| *name != setting.name) {
            values.extend(fields.optional(setting.name, text).map(|value| (setting.name, value)));
        }
    }
    fields.finish();
    Some(RawEndpoint {
        id: id?,
        vendor: vendor?,
        provider: provider?,
        region: region?,
        base_url,
        credential,
        headers: headers.unwrap_or_default(),
        values,
    })
}

fn headers(node: &Node, notes: &Notes) -> Option<Vec<(String, String)>> {
    let Value::Map(entries) = &node.value else {
        notes.error(
            node.place,
            format!("expected headers as `name: value` lines, found {}", node.value.noun()),
            "write `headers: {x-name: value}`",
        );
        return None;
    };
    let pair = |entry: &crate::node::Entry| {
        text(&entry.node, notes).map(|value| (entry.key.clone(), value.value))
    };
    Some(entries.iter().filter_map(pair).collect())
}
