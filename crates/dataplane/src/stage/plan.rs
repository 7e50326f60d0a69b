//! In which order the permitted routes are tried (R1), among those that can carry the request (G4).

use std::{sync::Arc, time::Duration};

use dialect::{Request, Retry, Unsupported, UpstreamDialect};
use policy::{Permitted, Terms};
use routing::{Candidate, Delivery, OnContentRejection, Overrides, Plan, PlanLimits, Timeouts};
use vocab::{Capability, EndpointId, Refusal, RefusalCode, Timestamp};

use super::{
    admit::Admitted,
    outlook::{OPERATOR_MUST_ACT, Outlook},
};
use crate::{serving::Lane, trail::Trail};

/// A route that may be tried: what policy said of it and where it goes.
pub(crate) struct Choice {
    permitted: Permitted,
    lane: Arc<Lane>,
    dialect: UpstreamDialect,
}

/// A request with an order of attempts.
pub(crate) struct Planned {
    request: Request,
    terms: Terms,
    choices: Vec<Choice>,
    plan: Plan,
    timeouts: Timeouts,
}

impl Choice {
    pub(super) fn permitted(&self) -> &Permitted {
        &self.permitted
    }

    pub(super) fn lane(&self) -> &Arc<Lane> {
        &self.lane
    }

    /// The API that is asked.
    pub(super) fn dialect(&self) -> UpstreamDialect {
        self.dialect
    }
}

impl Planned {
    pub(super) fn request(&self) -> &Request {
        &self.request
    }

    pub(super) fn terms(&self) -> &Terms {
        &self.terms
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// What brings the permitted routes back that can carry the request.
    pub(super) fn outlook(&self, now: Timestamp) -> Outlook {
        outlook(&self.choices, now)
    }

    /// The route at a place of the plan.
    pub(super) fn choice(&self, index: usize) -> Option<&Choice> {
        self.choices.get(index)
    }
}

pub(super) fn plan(trail: &mut Trail, admitted: Admitted) -> Result<Planned, Refusal> {
    let caller_deadline = admitted.parsed().deadline();
    let (request, terms) = admitted.into_parts();
    let now = trail.now();
    let timeouts = timeouts(trail, &request, &terms, caller_deadline);
    if timeouts.total.is_zero() {
        return Err(too_late(caller_deadline));
    }
    let Choices { choices, unsupported, without } = choices(trail, &request, &terms, now);
    if choices.is_empty() {
        return Err(match without {
            Some(endpoint) => {
                trail.retry = Some(Retry::Never);
                no_credential(&endpoint)
            }
            None => nothing_carries(unsupported),
        });
    }
    let candidates: Vec<_> = choices
        .iter()
        .enumerate()
        .map(|(index, choice)| candidate(&choices, index, choice, now))
        .collect();
    let mut limits = PlanLimits::until(now.after(timeouts.total));
    if terms.workload().fail_over_on_content_rejection {
        limits.on_content_rejection = OnContentRejection::FailOver;
    }
    let env = &trail.gateway.env;
    let plan = routing::plan(&candidates, &limits, &mut || env.random_u64(), now);
    for (index, reason) in &plan.passed_over {
        if let Some(choice) = choices.get(*index) {
            trail.passed_over.push(journal::PassedOver {
                route: choice.lane.route.id.clone(),
                reason: reason.as_str().into(),
            });
        }
    }
    if plan.attempts.is_empty() {
        // Routes without a credential need a person too, so they change nothing here.
        if outlook(&choices, now) == Outlook::NeedsAPerson {
            trail.retry = Some(Retry::Never);
            return Err(out_of_order(choices.len()));
        }
        trail.retry = plan.soonest.map(Retry::after);
        return Err(unavailable(choices.len(), plan.soonest));
    }
    Ok(Planned { request, terms, choices, plan, timeouts })
}

/// The permitted routes that can carry the request, and what stopped the last of the others.
struct Choices {
    choices: Vec<Choice>,
    /// What a route cannot carry.
    unsupported: Option<Unsupported>,
    /// An endpoint without a valid credential.
    without: Option<EndpointId>,
}

fn choices(trail: &mut Trail, request: &Request, terms: &Terms, now: Timestamp) -> Choices {
    let (mut unsupported, mut without) = (None, None);
    let mut choices = Vec::with_capacity(terms.routes().len());
    for permitted in terms.routes() {
        let Some(lane) = trail.serving.lane(&permitted.route.id) else { continue };
        match able(request, lane) {
            Ok(_) if !lane.upstream.has_credential(now) => {
                trail.passed_over.push(journal::PassedOver {
                    route: permitted.route.id.clone(),
                    reason: "no_credential".into(),
                });
                without = Some(lane.upstream.id.clone());
            }
            Ok(dialect) => choices.push(Choice {
                permitted: permitted.clone(),
                lane: Arc::clone(lane),
                dialect,
            }),
            Err(Unable { reason, unsupported: why }) => {
                let route = permitted.route.id.clone();
                trail.passed_over.push(journal::PassedOver { route, reason });
                unsupported = Some(why);
            }
        }
    }
    Choices { choices, unsupported, without }
}

/// Why a route cannot carry a request.
struct Unable {
    /// For the record. It names no field: what stands in a body is not the record's (AUD-4).
    reason: journal::Word,
    /// For the caller.
    unsupported: Unsupported,
}

/// The API by which a route can serve the request (G4): what the bundle says of the model first,
/// since that costs nothing to ask, then what the dialect has words for.
fn able(request: &Request, lane: &Lane) -> Result<UpstreamDialect, Unable> {
    let Capability { lacks, context_max, output_max, .. } = lane.route.capability;
    let unable = |what: &str, field: String, why: &str| Unable {
        reason: format!("cannot_carry:{what}").into(),
        unsupported: Unsupported { message: format!("`{field}` {why}"), param: field },
    };
    if let Some(feature) = request.features().intersection(lacks).iter().next() {
        let name = feature.as_str();
        let why = format!("asks for `{name}`, which no permitted route of this model has");
        return Err(unable(name, request.place_of(feature), &why));
    }
    if let (Some(asked), Some(most)) = (request.output_max(), output_max)
        && asked > most
    {
        let why =
            format!("is more than {most}, the most that a permitted route of this model gives");
        return Err(unable("output_max", request.output_max_place().to_owned(), &why));
    }
    if let Some(most) = context_max.filter(|most| request.is_longer_than(*most)) {
        let why = format!(
            "is longer than {most} tokens, the most that a permitted route of this model takes"
        );
        return Err(unable("context_max", request.prompt_place().to_owned(), &why));
    }
    request
        .choose(&lane.speaks, &lane.target())
        .map_err(|unsupported| Unable { reason: "cannot_carry".into(), unsupported })
}

fn candidate(choices: &[Choice], index: usize, choice: &Choice, now: Timestamp) -> Candidate {
    let region = &choice.lane.route.region;
    let same = |other: &Choice| other.lane.route.region == *region;
    Candidate {
        index,
        tier: choice.permitted.tier.rank(),
        // A number that routes of one region share: the place of the first of them.
        region: choices.iter().position(same).and_then(|at| u32::try_from(at).ok()).unwrap_or(0),
        weight: choice.lane.route.weight,
        view: choice.lane.health().view(now),
    }
}

fn outlook(choices: &[Choice], now: Timestamp) -> Outlook {
    let used = choices.iter().filter(|choice| choice.lane.route.weight > 0);
    Outlook::of(used.map(|choice| choice.lane.health().view(now).gate), now)
}

fn timeouts(trail: &Trail, request: &Request, terms: &Terms, caller: Option<Duration>) -> Timeouts {
    let own = terms.workload().limits;
    let overrides = Overrides {
        connect: own.connect,
        headers: own.headers,
        first_token: own.first_token,
        gap: own.gap,
        total: own.total,
    };
    let delivery = if request.stream() { Delivery::Streamed } else { Delivery::Whole };
    let left = caller.map(|deadline| deadline.saturating_sub(trail.elapsed()));
    Timeouts::resolve(delivery, &overrides, left)
}

fn nothing_carries(unsupported: Option<Unsupported>) -> Refusal {
    match unsupported {
        Some(Unsupported { param, message }) => Refusal::new(
            RefusalCode::UnsupportedField,
            message,
            "leave the field out, or use a model with a route that can carry it",
        )
        .about(param),
        None => Refusal::new(
            RefusalCode::NoEligibleRoute,
            "no permitted route leads anywhere",
            "ask the operator to check the bundle",
        ),
    }
}

/// Nothing is sent without a credential; why there is none is in the log.
fn no_credential(endpoint: &EndpointId) -> Refusal {
    Refusal::new(
        RefusalCode::UpstreamAuth,
        "the gateway has no valid credential for the provider of any permitted route",
        format!("the operator must act: the log says why endpoint `{endpoint}` has none"),
    )
}

/// Work that cannot meet its deadline is refused before it is sent.
fn too_late(deadline: Option<Duration>) -> Refusal {
    let limit = deadline.unwrap_or_default().as_millis();
    Refusal::new(
        RefusalCode::DeadlineTooShort,
        format!("the request's deadline of {limit} ms was over before it could be sent"),
        "allow more time",
    )
}

fn unavailable(routes: usize, wait: Option<Duration>) -> Refusal {
    let when = wait.map_or_else(String::new, |wait| {
        format!("; the first may be back in {} s", wait.as_secs().max(1))
    });
    Refusal::new(
        RefusalCode::RoutesUnavailable,
        format!("none of the {routes} permitted routes can take a request now{when}"),
        "try again shortly; policy permits no other route",
    )
}

fn out_of_order(routes: usize) -> Refusal {
    let message = format!("none of the {routes} permitted routes can take a request");
    Refusal::new(RefusalCode::RoutesUnavailable, message, OPERATOR_MUST_ACT)
}
