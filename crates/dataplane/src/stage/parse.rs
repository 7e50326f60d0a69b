//! What is asked, in the caller's dialect (G2, G4).

use std::time::Duration;

use dialect::Request;
use http::HeaderMap;
use identity::Caller;
use journal::NeedsRecord;
use vocab::{ModelId, Refusal, RefusalCode, WorkloadId};

use super::{identify::Identified, receive::Received};
use crate::{headers, trail::Trail};

/// A request that is understood.
pub(crate) struct Parsed {
    identified: Identified,
    request: Request,
    model: ModelId,
    deadline: Option<Duration>,
}

impl Parsed {
    pub(super) fn caller(&self) -> &Caller {
        self.identified.caller()
    }

    pub(super) fn workload(&self) -> &WorkloadId {
        self.identified.workload()
    }

    pub(super) fn request(&self) -> &Request {
        &self.request
    }

    pub(super) fn model(&self) -> &ModelId {
        &self.model
    }

    /// The caller's own deadline, from arrival.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    pub(super) fn into_request(self) -> Request {
        self.request
    }
}

pub(super) fn parse(trail: &mut Trail, received: Received) -> Result<Parsed, Refusal> {
    let (identified, body) = received.into_parts();
    let request = Request::parse(trail.dialect, caller_headers(identified.headers()), body);
    let request = request.map_err(|error| {
        let refusal = Refusal::new(
            RefusalCode::MalformedRequest,
            error.message,
            format!("send a valid {} request", trail.dialect.as_str()),
        );
        match error.param {
            Some(param) => refusal.about(param),
            None => refusal,
        }
    })?;
    let needs = request.needs();
    trail.needs = NeedsRecord {
        function_tools: needs.function_tools,
        hosted_tools: needs.hosted_tools.iter().cloned().map(Into::into).collect(),
    };
    let model = known_model(trail, identified.caller(), request.model())?;
    trail.model = Some(model.clone());
    let deadline = headers::deadline(identified.headers(), request.stream());
    Ok(Parsed { identified, request, model, deadline })
}

fn caller_headers(presented: &HeaderMap) -> dialect::Caller<'_> {
    dialect::Caller {
        anthropic_version: headers::read(presented, &headers::ANTHROPIC_VERSION),
        anthropic_beta: headers::read(presented, &headers::ANTHROPIC_BETA),
    }
}

/// The logical model, if it exists and this key may use it. Both cases answer alike, so that keys
/// cannot be used to list models.
fn known_model(trail: &Trail, caller: &Caller, name: &str) -> Result<ModelId, Refusal> {
    let known = trail.serving.model(name);
    if let Some(model) = known.filter(|_| caller.models.allows(name)) {
        return Ok(model.clone());
    }
    let shown: String = name.chars().take(64).collect();
    let models = trail.serving.bundle.models.iter();
    let usable = models.filter(|model| caller.models.allows(model.as_str()));
    let usable: Vec<_> = usable.map(ModelId::as_str).take(20).collect();
    let refusal = Refusal::new(
        RefusalCode::ModelNotAllowed,
        format!("there is no model `{shown}` for this key"),
        format!("use one of {}, or ask for access", usable.join(", ")),
    );
    Err(refusal.about("model"))
}
