//! `/v1/models`: the logical models a key may use.

use dialect::ClientDialect;
use http::{HeaderMap, Response};
use vocab::{Refusal, RefusalCode};

use crate::{body::Body, gateway::Gateway, headers, reply};

/// The list, or one model of it.
pub(crate) fn models(
    gateway: &Gateway,
    dialect: ClientDialect,
    presented: &HeaderMap,
    name: Option<&str>,
) -> Response<Body> {
    let serving = gateway.serving();
    let key = headers::presented_key(presented);
    let caller = match serving.bundle.keys.verify(key, gateway.env.now()) {
        Ok(caller) => caller,
        Err(refusal) => {
            gateway.metrics.refused(refusal.code);
            return reply::plain_refusal(dialect, &refusal);
        }
    };
    let mut usable = serving.models.iter().filter(|model| caller.models.allows(&model.id));
    match name {
        None => {
            let list: Vec<_> = usable.cloned().collect();
            reply::json(dialect.models_body(&list))
        }
        Some(name) => match usable.find(|model| model.id == name) {
            Some(model) => reply::json(dialect.model_body(model)),
            None => reply::plain_refusal(dialect, &missing(name)),
        },
    }
}

fn missing(name: &str) -> Refusal {
    let shown: String = name.chars().take(64).collect();
    let message = format!("there is no model `{shown}` for this key");
    Refusal::new(RefusalCode::ModelNotAllowed, message, "see /v1/models").about("model")
}
