//! A certificate held against a workload, control by control.
//!
//! Each control has a defined order and one small function that says whether it is met. A
//! statement that the certificate leaves open is never met, even where the workload takes
//! anything: "unknown" means no (P5). Time plays no part here, so the result holds for as long as
//! the certificate is in force.

use std::collections::BTreeSet;

use vocab::{JurisdictionId, RegionId};

use crate::{
    certificate::{Certificate, Retention, RetentionByKind, Tools},
    control::{Control, Finding, Text},
    model::Route,
    residency::Places,
    workload::{Residency, Workload},
};

/// What a route must keep: a workload's controls for one origin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Required<'a> {
    pub(crate) workload: &'a Workload,
    pub(crate) residency: &'a Residency,
    pub(crate) places: &'a Places,
}

/// Every control that does not depend on time, caller or request, in the order of reports.
pub(crate) fn findings<'a>(
    required: Required<'a>,
    route: &'a Route,
    certificate: &'a Certificate,
) -> impl Iterator<Item = Finding<'a>> {
    let workload = required.workload;
    let places = [
        data_classes(workload, certificate),
        processing(required, route, certificate),
        storage(required, certificate),
        hosting(workload, certificate),
    ];
    let kept = retention(&workload.retention_max, &certificate.retention);
    let used = [
        forbidden(
            Control::RequestLogging,
            workload.logging_allowed.requests,
            certificate.logging.requests,
        ),
        forbidden(
            Control::ResponseLogging,
            workload.logging_allowed.responses,
            certificate.logging.responses,
        ),
        forbidden(Control::Training, workload.training_allowed, certificate.training),
        customer_managed_keys(workload, certificate),
        moderation(workload, certificate),
    ];
    let run = tools(&workload.tools_allowed, certificate.tools.as_ref());
    let seen = incident_visibility(workload, certificate);
    places.into_iter().chain(kept).chain(used).chain(run).chain([seen])
}

/// The route may carry every class of data that the workload's requests hold.
fn data_classes<'a>(workload: &'a Workload, certificate: &'a Certificate) -> Finding<'a> {
    let covered = certificate.data_classes.as_ref();
    Finding {
        control: Control::DataClasses,
        met: covered.is_some_and(|covered| workload.data_classes.is_subset(covered)),
        required: Text::Classes(&workload.data_classes),
        found: Text::or_unknown(covered, Text::Classes),
    }
}

/// The certificate speaks of the region the route is in, and every region it names lies in a
/// jurisdiction where the origin's requests may be processed (P2).
fn processing<'a>(
    required: Required<'a>,
    route: &'a Route,
    certificate: &'a Certificate,
) -> Finding<'a> {
    let allowed = &required.residency.processing;
    let stated = certificate.processing.as_ref();
    let met = stated.is_some_and(|regions| {
        regions.contains(&route.region) && inside(required.places, regions, allowed)
    });
    let found = match stated {
        Some(regions) if !regions.contains(&route.region) => Text::Owned(format!(
            "{}, which leaves out the route's own region {}",
            Text::Regions(required.places, regions),
            route.region
        )),
        Some(regions) => Text::Regions(required.places, regions),
        None => Text::Unknown,
    };
    Finding { control: Control::Processing, met, required: Text::Jurisdictions(allowed), found }
}

/// Every region where anything is stored lies in a jurisdiction where the origin allows it (P2).
fn storage<'a>(required: Required<'a>, certificate: &'a Certificate) -> Finding<'a> {
    let allowed = &required.residency.storage;
    let stated = certificate.storage.as_ref();
    Finding {
        control: Control::Storage,
        met: stated.is_some_and(|regions| inside(required.places, regions, allowed)),
        required: Text::Jurisdictions(allowed),
        found: Text::or_unknown(stated, |regions| Text::Regions(required.places, regions)),
    }
}

fn inside(
    places: &Places,
    regions: &BTreeSet<RegionId>,
    allowed: &BTreeSet<JurisdictionId>,
) -> bool {
    regions.iter().all(|region| places.jurisdiction(region).is_some_and(|j| allowed.contains(j)))
}

/// Separation from other customers: shared < dedicated < own.
fn hosting<'a>(workload: &'a Workload, certificate: &'a Certificate) -> Finding<'a> {
    let stated = certificate.hosting;
    Finding {
        control: Control::Hosting,
        met: stated.is_some_and(|hosting| hosting >= workload.hosting_min),
        required: Text::AtLeast(workload.hosting_min.as_str()),
        found: Text::or_unknown(stated, |hosting| Text::Word(hosting.as_str())),
    }
}

/// Fewer days are better; each kind of thing has its own limit.
fn retention<'a>(
    limit: &RetentionByKind<Retention>,
    stated: &RetentionByKind<Option<Retention>>,
) -> [Finding<'a>; 5] {
    let one = |control, limit: Retention, stated: Option<Retention>| Finding {
        control,
        met: stated.is_some_and(|kept| kept <= limit),
        required: Text::KeptAtMost(limit),
        found: Text::or_unknown(stated, Text::Kept),
    };
    [
        one(Control::RetentionContent, limit.content, stated.content),
        one(Control::RetentionMetadata, limit.metadata, stated.metadata),
        one(Control::RetentionCached, limit.cached, stated.cached),
        one(Control::RetentionToolOutputs, limit.tool_outputs, stated.tool_outputs),
        one(Control::RetentionModerationEvents, limit.moderation_events, stated.moderation_events),
    ]
}

/// Something that happens only if the workload allows it.
fn forbidden<'a>(control: Control, allowed: bool, stated: Option<bool>) -> Finding<'a> {
    Finding {
        control,
        met: stated.is_some_and(|happens| allowed || !happens),
        required: Text::Word(if allowed { "yes or no, if stated" } else { "no" }),
        found: Text::or_unknown(stated, yes_or_no),
    }
}

/// Own keys are better than the provider's.
fn customer_managed_keys<'a>(workload: &Workload, certificate: &Certificate) -> Finding<'a> {
    let needed = workload.customer_managed_keys_required;
    let stated = certificate.customer_managed_keys;
    Finding {
        control: Control::CustomerManagedKeys,
        met: stated.is_some_and(|own| own || !needed),
        required: Text::Word(if needed { "yes" } else { "yes or no, if stated" }),
        found: Text::or_unknown(stated, yes_or_no),
    }
}

/// none < standard < strict, with parity shown by the test set that the workload names.
fn moderation<'a>(workload: &'a Workload, certificate: &'a Certificate) -> Finding<'a> {
    let least = &workload.moderation_min;
    let stated = certificate.moderation.as_ref();
    let met = stated.is_some_and(|moderation| {
        let parity = least.parity.as_ref().is_none_or(|parity| *parity == moderation.parity);
        moderation.level >= least.level && parity
    });
    let required = match &least.parity {
        Some(parity) => {
            Text::Owned(format!("at least {}, parity by {parity}", least.level.as_str()))
        }
        None => Text::AtLeast(least.level.as_str()),
    };
    let found = match stated {
        Some(stated) if !met => {
            Text::Owned(format!("{}, parity by {}", stated.level.as_str(), stated.parity))
        }
        Some(stated) => Text::Word(stated.level.as_str()),
        None => Text::Unknown,
    };
    Finding { control: Control::Moderation, met, required, found }
}

/// A route must not be able to run more than the workload lets run. Whether it can run what one
/// request asks for is another question, asked for each request.
fn tools<'a>(allowed: &'a Tools, stated: Option<&'a Tools>) -> [Finding<'a>; 3] {
    let hosted = Finding {
        control: Control::HostedTools,
        met: stated.is_some_and(|tools| tools.hosted.is_subset(&allowed.hosted)),
        required: if allowed.hosted.is_empty() {
            Text::Nothing
        } else {
            Text::Owned(format!("no others than {}", Text::Names(&allowed.hosted)))
        },
        found: Text::or_unknown(stated, |tools| Text::Names(&tools.hosted)),
    };
    let plugins = stated.map(|tools| tools.plugins);
    let retrieval = stated.map(|tools| tools.retrieval);
    [
        hosted,
        forbidden(Control::Plugins, allowed.plugins, plugins),
        forbidden(Control::Retrieval, allowed.retrieval, retrieval),
    ]
}

/// none < status page < notified < shared.
fn incident_visibility<'a>(workload: &'a Workload, certificate: &'a Certificate) -> Finding<'a> {
    let stated = certificate.incident_visibility;
    Finding {
        control: Control::IncidentVisibility,
        met: stated.is_some_and(|seen| seen >= workload.incident_visibility_min),
        required: Text::AtLeast(workload.incident_visibility_min.as_str()),
        found: Text::or_unknown(stated, |seen| Text::Word(seen.as_str())),
    }
}

const fn yes_or_no<'a>(stated: bool) -> Text<'a> {
    Text::Word(if stated { "yes" } else { "no" })
}
