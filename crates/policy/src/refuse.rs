//! The refusals of policy: what was refused and where to go instead.

use vocab::{ModelId, Refusal, RefusalCode, Timestamp, WorkloadId};

use crate::{
    compile::Policy,
    control::Control::{FunctionTools, RequestedTools},
    decide::{Door, Facts},
    terms::{Rejected, Terms},
};

impl Policy {
    /// P2: the gateway may not; the entries of those that may are named.
    pub(crate) fn outside(&self, door: &Door<'_>, now: Timestamp) -> Refusal {
        let area = self.gateway(door.gateway).map_or("unknown", |g| g.jurisdiction.as_str());
        let message = format!(
            "gateway `{}` (jurisdiction {area}) may not process requests of workload `{}` from \
             origin {}",
            door.gateway, door.workload, door.origin
        );
        let entries: Vec<String> = self
            .entries(door, now)
            .filter_map(|region| Some(format!("{} ({})", region.entry.as_deref()?, region.id)))
            .collect();
        let remedy = if entries.is_empty() {
            "no gateway of this installation may; ask the owner of the workload".to_owned()
        } else {
            format!("send it to {}", entries.join(" or "))
        };
        Refusal::new(RefusalCode::GatewayOutsideResidency, message, remedy)
    }
}

pub(crate) fn no_route(facts: &Facts<'_>, terms: &Terms) -> Refusal {
    let Facts { workload, model, origin, .. } = facts;
    let why = match terms.rejected() {
        [] => "the bundle has none for this model".to_owned(),
        [only] => only.to_string(),
        [first, others @ ..] => format!("{first}; and {} more", others.len()),
    };
    let refusal = Refusal::new(
        RefusalCode::NoEligibleRoute,
        format!(
            "no route for model `{model}` keeps the controls of workload `{workload}` from origin \
             {origin}: {why}"
        ),
        "ask the owner of the workload, who sees each route's reason with `isobar policy explain`",
    );
    let about_tools =
        |rejected: &Rejected| matches!(rejected.control, FunctionTools | RequestedTools);
    let asks = facts.needs.function_tools || !facts.needs.hosted_tools.is_empty();
    if asks && terms.rejected().iter().any(about_tools) { refusal.about("tools") } else { refusal }
}

pub(crate) fn no_workload(workload: &WorkloadId) -> Refusal {
    Refusal::new(
        RefusalCode::WorkloadNotAllowed,
        format!("there is no workload `{workload}`"),
        "name a workload that your key may act for",
    )
}

pub(crate) fn no_model(model: &ModelId) -> Refusal {
    Refusal::new(
        RefusalCode::ModelNotAllowed,
        format!("there is no model `{model}`"),
        "list the models with `GET /v1/models`",
    )
    .about("model")
}
