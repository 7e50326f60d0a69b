//! `isobar policy explain`: which routes may serve a request, why in this order, why not the others
//! (P11).

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use journal::Entry;
use policy::{Explanation, Facts, PolicyNeeds, RouteExplanation};
use serde_json::{Value, json};
use transport::Env;
use vocab::{JurisdictionId, ModelId, RegionId, RequestId, TenantId, Timestamp, WorkloadId};

use crate::{
    Verdict,
    cli::{ExplainArgs, Output},
    print,
};

/// The facts of a request, owned.
struct Question {
    gateway: RegionId,
    tenant: TenantId,
    workload: WorkloadId,
    model: ModelId,
    origin: JurisdictionId,
    function_tools: bool,
    hosted_tools: Vec<String>,
    at: Timestamp,
}

/// What the record says was decided, to be held against the replay.
struct Recorded {
    generation: u64,
    digest: String,
    planned: Vec<String>,
    passed_over: Vec<(String, String)>,
    refused: Option<String>,
}

/// Explains a hypothetical or a past request. Exit code 1 when it is refused.
pub(crate) fn run(args: &ExplainArgs, output: Output) -> anyhow::Result<Verdict> {
    let (question, recorded) = match &args.request {
        Some(request) => {
            let (question, recorded) = past(args, request)?;
            (question, Some(recorded))
        }
        None => (hypothetical(args)?, None),
    };
    let dir = bundle_dir(args);
    let bundle = bundle::load(&dir, Env::real().now()).map_err(|report| {
        anyhow::anyhow!("the bundle `{}` cannot be used\n{report}", dir.display())
    })?;
    if recorded.is_none() {
        known(&question, &bundle)?;
    }
    let facts = Facts {
        gateway: &question.gateway,
        tenant: &question.tenant,
        workload: &question.workload,
        model: &question.model,
        origin: &question.origin,
        needs: PolicyNeeds {
            function_tools: question.function_tools,
            hosted_tools: &question.hosted_tools,
        },
    };
    let explanation = bundle.policy.explain(&facts, question.at);
    let caveat = recorded.as_ref().and_then(|recorded| caveat(recorded, &bundle));
    match output {
        Output::Json => print::json(&as_json(&question, &explanation, recorded.as_ref(), caveat))?,
        Output::Text => show(&question, &explanation, recorded.as_ref(), caveat.as_deref()),
    }
    Ok(if explanation.refusal.is_some() { Verdict::Bad } else { Verdict::Good })
}

/// A name with a typo must not read like a verdict of policy.
fn known(question: &Question, bundle: &bundle::Bundle) -> anyhow::Result<()> {
    let regions = || bundle.regions.iter();
    let names: [(&str, &str, Vec<&str>); 4] = [
        ("gateway", question.gateway.as_str(), regions().map(|r| r.id.as_str()).collect()),
        ("tenant", question.tenant.as_str(), bundle.tenants.iter().map(|t| t.as_str()).collect()),
        ("model", question.model.as_str(), bundle.models.iter().map(|m| m.as_str()).collect()),
        ("origin", question.origin.as_str(), regions().map(|r| r.jurisdiction.as_str()).collect()),
    ];
    for (noun, name, mut there) in names {
        if !there.contains(&name) {
            there.sort_unstable();
            there.dedup();
            bail!("the bundle has no {noun} `{name}`; it has: {}", there.join(", "));
        }
    }
    Ok(())
}

fn bundle_dir(args: &ExplainArgs) -> PathBuf {
    args.bundle.clone().unwrap_or_else(|| args.data_dir.join("bundle"))
}

fn hypothetical(args: &ExplainArgs) -> anyhow::Result<Question> {
    let missing: Vec<_> = [
        ("--gateway", &args.gateway),
        ("--tenant", &args.tenant),
        ("--workload", &args.workload),
        ("--model", &args.model),
        ("--origin", &args.origin),
    ]
    .iter()
    .filter(|(_, value)| value.is_none())
    .map(|(name, _)| *name)
    .collect();
    let (Some(gateway), Some(tenant), Some(workload), Some(model), Some(origin)) =
        (&args.gateway, &args.tenant, &args.workload, &args.model, &args.origin)
    else {
        bail!(
            "give a request id, or all facts of a hypothetical request; missing: {}",
            missing.join(", ")
        );
    };
    let at = args.at.as_deref().map(str::parse).transpose().context("--at")?;
    Ok(Question {
        gateway: gateway.parse()?,
        tenant: tenant.parse()?,
        workload: workload.parse()?,
        model: model.parse()?,
        origin: origin.parse()?,
        function_tools: args.tools,
        hosted_tools: args.hosted_tool.clone(),
        at: at.unwrap_or_else(|| Env::real().now()),
    })
}

fn past(args: &ExplainArgs, request: &str) -> anyhow::Result<(Question, Recorded)> {
    let id: RequestId = request.parse()?;
    let found = audit::show(&args.data_dir, id)?;
    for located in found.entries {
        match located.entry {
            Entry::Admission(admission) => {
                let question = Question {
                    gateway: admission.region,
                    tenant: admission.tenant,
                    workload: admission.workload,
                    model: admission.model,
                    origin: admission.origin,
                    function_tools: admission.needs.function_tools,
                    hosted_tools: words(admission.needs.hosted_tools),
                    at: admission.at,
                };
                let recorded = Recorded {
                    generation: admission.generation,
                    digest: admission.bundle_digest.to_string(),
                    planned: admission.planned.iter().map(ToString::to_string).collect(),
                    passed_over: passed_over(admission.passed_over),
                    refused: None,
                };
                return Ok((question, recorded));
            }
            Entry::Refusal(refusal) => {
                let needs = refusal.needs.unwrap_or_default();
                let (Some(tenant), Some(workload), Some(model), Some(origin)) =
                    (refusal.tenant, refusal.workload, refusal.model, refusal.origin)
                else {
                    bail!(
                        "`{id}` was refused with `{}` before policy had all facts to decide; see `isobar audit show {id}`",
                        refusal.code.as_str()
                    );
                };
                let question = Question {
                    gateway: refusal.region,
                    tenant,
                    workload,
                    model,
                    origin,
                    function_tools: needs.function_tools,
                    hosted_tools: words(needs.hosted_tools),
                    at: refusal.at,
                };
                let recorded = Recorded {
                    generation: refusal.generation,
                    digest: refusal.bundle_digest.to_string(),
                    planned: Vec::new(),
                    passed_over: passed_over(refusal.passed_over),
                    refused: Some(refusal.code.as_str().to_owned()),
                };
                return Ok((question, recorded));
            }
            Entry::Outcome(_)
            | Entry::GatewayStarted(_)
            | Entry::GatewayStopped(_)
            | Entry::BundleLoaded(_)
            | Entry::OrphanClosed(_) => {}
        }
    }
    bail!("no journal under `{}` has an entry of `{id}`", args.data_dir.display())
}

fn words(words: Vec<journal::Word>) -> Vec<String> {
    words.into_iter().map(std::borrow::Cow::into_owned).collect()
}

fn passed_over(passed_over: Vec<journal::PassedOver>) -> Vec<(String, String)> {
    passed_over.into_iter().map(|p| (p.route.to_string(), p.reason.into_owned())).collect()
}

/// A replay proves something only against the bundle that decided.
fn caveat(recorded: &Recorded, bundle: &bundle::Bundle) -> Option<String> {
    (recorded.digest != bundle.digest).then(|| {
        format!(
            "the decision was made under generation {} (sha256 {}), and this is generation {} (sha256 {}); give that bundle with --bundle to replay it exactly",
            recorded.generation, recorded.digest, bundle.generation, bundle.digest
        )
    })
}

fn show(
    question: &Question,
    explanation: &Explanation,
    recorded: Option<&Recorded>,
    caveat: Option<&str>,
) {
    print::line(format_args!(
        "workload {} of tenant {}, origin {}, model {}, at gateway {}, as of {}",
        question.workload,
        question.tenant,
        question.origin,
        question.model,
        question.gateway,
        question.at
    ));
    if let Some(caveat) = caveat {
        print::line(format_args!("\nnote: {caveat}"));
    }
    if let Some(refusal) = &explanation.refusal {
        print::line(format_args!(
            "\nREFUSED ({}): {}\n  remedy: {}",
            refusal.code.as_str(),
            refusal.message,
            refusal.remedy
        ));
    }
    let (permitted, rejected): (Vec<_>, Vec<_>) =
        explanation.routes.iter().partition(|route| route.permitted());
    if !permitted.is_empty() {
        print::line(format_args!("\nmay serve, nearest first:"));
        for (place, route) in permitted.iter().enumerate() {
            print::line(format_args!("  {}. {}", place + 1, permitted_line(route)));
        }
    }
    if !rejected.is_empty() {
        print::line(format_args!("\nmay not serve:"));
        for route in &rejected {
            print::line(format_args!(
                "  {} ({}, {})",
                route.route.id,
                route.route.region,
                route.tier.as_str()
            ));
            for check in route.failed() {
                print::line(format_args!(
                    "     {}: required {}, found {}",
                    check.control.as_str(),
                    check.required,
                    check.found
                ));
            }
        }
    }
    if let Some(recorded) = recorded {
        show_recorded(recorded);
    }
}

fn permitted_line(route: &RouteExplanation) -> String {
    let certificate = route.certificate.as_ref().map_or("none", |id| id.as_str());
    let mechanism = route
        .mechanism
        .as_ref()
        .map_or_else(String::new, |mechanism| format!(", crosses the border by {mechanism}"));
    // Policy does not ask what a model can do, and a request may be passed over for it.
    let lacks = match lacks(route).as_slice() {
        [] => String::new(),
        names => format!("; its model lacks {}", names.join(", ")),
    };
    format!(
        "{} ({}, {}), certificate {certificate}{mechanism}{lacks}",
        route.route.id,
        route.route.region,
        route.tier.as_str()
    )
}

fn lacks(route: &RouteExplanation) -> Vec<&'static str> {
    route.route.capability.lacks.iter().map(vocab::Feature::as_str).collect()
}

fn show_recorded(recorded: &Recorded) {
    print::line(format_args!("\non record (generation {}):", recorded.generation));
    if let Some(code) = &recorded.refused {
        print::line(format_args!("  refused: {code}"));
    }
    if !recorded.planned.is_empty() {
        print::line(format_args!("  planned: {}", recorded.planned.join(", ")));
    }
    for (route, reason) in &recorded.passed_over {
        print::line(format_args!("  passed over: {route}: {reason}"));
    }
}

fn as_json(
    question: &Question,
    explanation: &Explanation,
    recorded: Option<&Recorded>,
    caveat: Option<String>,
) -> Value {
    let routes: Vec<_> = explanation.routes.iter().map(route_json).collect();
    json!({
        "facts": {
            "gateway": question.gateway,
            "tenant": question.tenant,
            "workload": question.workload,
            "model": question.model,
            "origin": question.origin,
            "function_tools": question.function_tools,
            "hosted_tools": question.hosted_tools,
            "at": question.at,
        },
        "refusal": explanation.refusal.as_ref().map(|refusal| json!({
            "code": refusal.code,
            "message": refusal.message,
            "remedy": refusal.remedy,
        })),
        "routes": routes,
        "recorded": recorded.map(|recorded| json!({
            "generation": recorded.generation,
            "bundle_sha256": recorded.digest,
            "planned": recorded.planned,
            "passed_over": recorded.passed_over.iter()
                .map(|(route, reason)| json!({"route": route, "reason": reason}))
                .collect::<Vec<_>>(),
            "refused": recorded.refused,
        })),
        "note": caveat,
    })
}

fn route_json(route: &RouteExplanation) -> Value {
    let checks: Vec<_> = route
        .checks
        .iter()
        .map(|check| {
            json!({
                "control": check.control.as_str(),
                "met": check.met,
                "required": check.required,
                "found": check.found,
            })
        })
        .collect();
    json!({
        "route": route.route.id,
        "region": route.route.region,
        "tier": route.tier.as_str(),
        "permitted": route.permitted(),
        "certificate": route.certificate,
        "mechanism": route.mechanism,
        "lacks": lacks(route),
        "checks": checks,
    })
}
