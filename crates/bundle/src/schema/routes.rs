//! `models.yaml` and `routes.yaml`: what applications ask for, and what serves it.

use vocab::{EndpointId, ModelId, RouteId};

use crate::{
    node::Node,
    read::{At, Fields, Notes, id, list, text, whole},
};

/// The largest weight.
const WEIGHT_MAX: u64 = 1_000;

/// The weight of a route that states none.
const WEIGHT_DEFAULT: u64 = 100;

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
    fields.finish();
    Some(RawRoute {
        id: id?,
        model: model?,
        endpoint: endpoint?,
        upstream_model: upstream_model?,
        weight: weight.map_or(WEIGHT_DEFAULT, |weight| weight.value),
    })
}
