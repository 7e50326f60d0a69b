//! `models.yaml` and `routes.yaml`: what applications ask for, and what serves it.

use vocab::{Capability, EndpointId, Feature, FeatureSet, ModelId, RouteId};

use crate::{
    node::Node,
    read::{At, Fields, Notes, id, list, text, whole, word},
};

/// The largest weight.
const WEIGHT_MAX: u64 = 1_000;

/// The weight of a route that states none.
const WEIGHT_DEFAULT: u64 = 100;

/// The largest limit in tokens: more is not known of any model.
const TOKENS_MAX: u64 = 100_000_000;

/// What a route may lack: everything.
fn lacks() -> [(&'static str, Feature); Feature::ALL.len()] {
    Feature::ALL.map(|feature| (feature.as_str(), feature))
}

/// What a route may have that is not a matter of course. A word is here when some dialect has a
/// place for the feature, and only some models behind it take it.
const HAS: [(&str, Feature); 1] = [(Feature::LateInstructions.as_str(), Feature::LateInstructions)];

/// A logical model.
pub(crate) struct RawModel {
    /// The name applications use.
    pub(crate) id: At<ModelId>,
    /// For people.
    pub(crate) description: Option<At<String>>,
}

/// A route.
pub(crate) struct RawRoute {
    /// Its name.
    pub(crate) id: At<RouteId>,
    /// The logical model it serves.
    pub(crate) model: At<ModelId>,
    /// The endpoint that serves it.
    pub(crate) endpoint: At<EndpointId>,
    /// What the endpoint calls the model.
    pub(crate) upstream_model: At<String>,
    /// Its share inside a tier.
    pub(crate) weight: u64,
    /// What the model behind it can do.
    pub(crate) capability: Capability,
}

/// Reads `models.yaml`.
pub(crate) fn models(node: &Node, notes: &Notes) -> Option<Vec<RawModel>> {
    list(node, notes, model)
}

/// Reads `routes.yaml`.
pub(crate) fn routes(node: &Node, notes: &Notes) -> Option<Vec<RawRoute>> {
    list(node, notes, route)
}

fn model(node: &Node, notes: &Notes) -> Option<RawModel> {
    let mut fields = Fields::open(node, notes, "a model")?;
    let id = fields.required("id", id);
    let description = fields.optional("description", text);
    fields.finish();
    Some(RawModel { id: id?, description })
}

fn route(node: &Node, notes: &Notes) -> Option<RawRoute> {
    let mut fields = Fields::open(node, notes, "a route")?;
    let id = fields.required("id", id);
    let model = fields.required("model", crate::read::id);
    let endpoint = fields.required("endpoint", crate::read::id);
    let upstream_model = fields.required("upstream_model", text);
    let weight = fields.optional("weight", |node, notes| whole(node, notes, WEIGHT_MAX));
    let capability = Capability {
        lacks: fields
            .optional("lacks", |n, notes| features(n, notes, &lacks()))
            .unwrap_or_default(),
        has: fields.optional("has", |n, notes| features(n, notes, &HAS)).unwrap_or_default(),
        context_max: fields.optional("context_max", tokens),
        output_max: fields.optional("output_max", tokens),
    };
    fields.finish();
    Some(RawRoute {
        id: id?,
        model: model?,
        endpoint: endpoint?,
        upstream_model: upstream_model?,
        weight: weight.map_or(WEIGHT_DEFAULT, |weight| weight.value),
        capability,
    })
}

fn features(node: &Node, notes: &Notes, words: &[(&'static str, Feature)]) -> Option<FeatureSet> {
    let one = |node: &Node, notes: &Notes| word(node, notes, words).map(|at| at.value);
    Some(list(node, notes, one)?.into_iter().collect())
}

/// A limit in tokens. A limit of 0 would shut the route, which `weight: 0` says openly.
fn tokens(node: &Node, notes: &Notes) -> Option<u64> {
    let At { value, place } = whole(node, notes, TOKENS_MAX)?;
    if value == 0 {
        let remedy = "write the model's limit, or leave the line out; `weight: 0` shuts a route";
        notes.error(place, "a limit of 0 tokens serves nothing", remedy);
        return None;
    }
    Some(value)
}
