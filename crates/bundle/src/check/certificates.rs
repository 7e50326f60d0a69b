//! Certificates: who, when, and whether they can ever be of use (P5).

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use policy::{Certificate, CertificateState, Route};
use vocab::{RegionId, RouteId, Timestamp};

use super::{
    known::{Names, unique},
    reach,
    when::{self, End, date},
};
use crate::{
    read::{At, Notes, quoted},
    schema::RawCertificate,
};

/// What certificates refer to.
pub(crate) struct Around<'a> {
    pub(crate) route_names: &'a Names,
    pub(crate) regions: &'a Names,
    pub(crate) routes: &'a [Arc<Route>],
    pub(crate) reach: reach::Around<'a>,
    pub(crate) now: Timestamp,
}

/// Certificates, one for each route they speak of.
pub(crate) fn certificates(
    raw: Vec<RawCertificate>,
    around: &Around<'_>,
    notes: &Notes,
) -> Vec<Certificate> {
    unique(raw.iter().map(|certificate| &certificate.id), notes);
    let routes: HashMap<&RouteId, &Route> =
        around.routes.iter().map(|route| (&route.id, &**route)).collect();
    let mut built = Vec::new();
    for certificate in raw {
        check_people(&certificate, notes);
        check_dates(&certificate, around.now, notes);
        check_routes(&certificate, around, &routes, notes);
        check_open(&certificate, notes);
        built.extend(build(certificate));
    }
    built
}

fn check_people(raw: &RawCertificate, notes: &Notes) {
    let same = raw.owner.value.trim().to_lowercase() == raw.reviewer.value.trim().to_lowercase();
    if same {
        notes.error(
            raw.reviewer.place,
            "the reviewer is the owner",
            "have another person review the certificate and name that person",
        );
    }
    if raw.evidence.is_empty() {
        notes.error(
            raw.place,
            "the certificate rests on no evidence",
            "name at least one document, contract or test under `evidence`",
        );
    }
}

fn check_dates(raw: &RawCertificate, now: Timestamp, notes: &Notes) {
    let ordered = when::ordered(("issued", &raw.issued), ("expires", &raw.expires), notes);
    if !ordered || raw.state.value != CertificateState::Active {
        return;
    }
    let (place, day, owner) = (raw.expires.place, date(raw.expires.value), &raw.owner.value);
    match when::end(raw.expires.value, now) {
        End::Over => notes.warn(
            place,
            format!("the certificate expired on {day}; its routes serve nothing"),
            format!("ask {owner} to renew it, or remove certificate and routes"),
        ),
        End::Near => notes.warn(
            place,
            format!("the certificate expires on {day}"),
            format!("ask {owner} to renew it: its routes serve nothing after that"),
        ),
        End::Far => {}
    }
}

fn check_routes(
    raw: &RawCertificate,
    around: &Around<'_>,
    routes: &HashMap<&RouteId, &Route>,
    notes: &Notes,
) {
    if raw.routes.is_empty() {
        notes.error(raw.place, "the certificate names no route", "name them under `routes`");
    }
    around.route_names.expect_all(&raw.routes, notes);
    unique(&raw.routes, notes);
    for places in [&raw.processing, &raw.storage].into_iter().flatten() {
        around.regions.expect_all(places, notes);
    }
    let Some(processing) = &raw.processing else { return };
    for route in &raw.routes {
        let Some(is) = routes.get(&route.value) else { continue };
        let region = &is.region;
        // A region that nothing declares is told where the endpoint names it.
        let declared = around.regions.declare(region.as_str());
        if declared && !processing.iter().any(|place| place.value == *region) {
            notes.warn(
                route.place,
                format!(
                    "route `{}` runs in `{region}`, which `processing_regions` leaves out; it \
                     serves nothing",
                    route.value
                ),
                format!("add `{region}`, if it was certified there"),
            );
        }
        if raw.state.value == CertificateState::Active {
            around.reach.check(route, is, processing, notes);
        }
    }
}

/// P5: unknown means no. That is allowed to be written, and its owner is told.
fn check_open(raw: &RawCertificate, notes: &Notes) {
    if raw.state.value == CertificateState::Active && !raw.open.is_empty() {
        notes.warn(
            raw.id.place,
            format!(
                "certificate `{}` says nothing about {}; its routes serve nothing, because \
                 unknown means no",
                raw.id.value,
                quoted(&raw.open)
            ),
            "find out and write it down, or make the certificate a `draft`",
        );
    }
}

fn build(raw: RawCertificate) -> impl Iterator<Item = Certificate> {
    let set = |places: Option<Vec<At<RegionId>>>| -> Option<BTreeSet<RegionId>> {
        places.map(|places| places.into_iter().map(|place| place.value).collect())
    };
    let processing = set(raw.processing);
    let storage = set(raw.storage);
    raw.routes.into_iter().map(move |route| Certificate {
        id: raw.id.value.clone(),
        route: route.value,
        state: raw.state.value,
        owner: raw.owner.value.clone(),
        reviewer: raw.reviewer.value.clone(),
        evidence: raw.evidence.iter().map(|text| text.value.clone()).collect(),
        issued: raw.issued.value,
        expires: raw.expires.value,
        data_classes: raw.data_classes.clone(),
        processing: processing.clone(),
        storage: storage.clone(),
        hosting: raw.hosting,
        retention: raw.retention,
        logging: raw.logging,
        training: raw.training,
        customer_managed_keys: raw.customer_managed_keys,
        moderation: raw.moderation.clone(),
        tools: raw.tools.clone(),
        incident_visibility: raw.incident_visibility,
    })
}
