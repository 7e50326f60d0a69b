//! `certificates.yaml`: what routes were shown to keep (P5).

use std::collections::BTreeSet;

use policy::{
    CertificateState, Hosting, IncidentVisibility, Logging, Moderation, Retention, RetentionByKind,
    Tools,
};
use vocab::{CertificateId, DataClass, RegionId, RouteId, Timestamp};

use super::words::{HOSTING, INCIDENTS, MODERATION, STATES, data_classes, retention, tools};
use crate::{
    node::{Node, Place},
    read::{At, Fields, Notes, boolean, id, ids, list, or_unknown, text, texts, time, word},
};

/// One certificate. It may speak of several routes, of which the same was shown.
pub(crate) struct RawCertificate {
    pub(crate) id: At<CertificateId>,
    pub(crate) routes: Vec<At<RouteId>>,
    pub(crate) state: At<CertificateState>,
    pub(crate) owner: At<String>,
    pub(crate) reviewer: At<String>,
    pub(crate) evidence: Vec<At<String>>,
    pub(crate) issued: At<Timestamp>,
    pub(crate) expires: At<Timestamp>,
    pub(crate) data_classes: Option<BTreeSet<DataClass>>,
    pub(crate) processing: Option<Vec<At<RegionId>>>,
    pub(crate) storage: Option<Vec<At<RegionId>>>,
    pub(crate) hosting: Option<Hosting>,
    pub(crate) retention: RetentionByKind<Option<Retention>>,
    pub(crate) logging: Logging<Option<bool>>,
    pub(crate) training: Option<bool>,
    pub(crate) customer_managed_keys: Option<bool>,
    pub(crate) moderation: Option<Moderation>,
    pub(crate) tools: Option<Tools>,
    pub(crate) incident_visibility: Option<IncidentVisibility>,
    /// The statements that are left out or `unknown`, by name.
    pub(crate) open: Vec<&'static str>,
    /// Where the certificate stands in the file.
    pub(crate) place: Place,
}

/// Reads `certificates.yaml`.
pub(crate) fn certificates(node: &Node, notes: &Notes) -> Option<Vec<RawCertificate>> {
    list(node, notes, certificate)
}

/// Fields that may be left open, with the names of those that are.
struct Statements<'f, 'a> {
    fields: &'f mut Fields<'a>,
    open: Vec<&'static str>,
}

impl<'a> Statements<'_, 'a> {
    /// A statement, or `None` when it is left out or `unknown`.
    fn take<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'a Node, &'a Notes) -> Option<T>,
    ) -> Option<T> {
        let mut wrong = false;
        let stated = self.fields.optional(name, |node, notes| {
            let read = or_unknown(node, notes, read);
            wrong = read.is_none();
            read
        });
        if stated.as_ref().is_none_or(Option::is_none) && !wrong {
            self.open.push(name);
        }
        stated.flatten()
    }
}

fn certificate(node: &Node, notes: &Notes) -> Option<RawCertificate> {
    let mut fields = Fields::open(node, notes, "a certificate")?;
    let place = fields.place;
    let id = fields.required("id", id);
    let routes = fields.required("routes", ids);
    let state = fields.required("state", |node, notes| word(node, notes, &STATES));
    let owner = fields.required("owner", text);
    let reviewer = fields.required("reviewer", text);
    let evidence = fields.required("evidence", texts);
    let issued = fields.required("issued", time);
    let expires = fields.required("expires", time);

    let mut statements = Statements { fields: &mut fields, open: Vec::new() };
    let data_classes = statements.take("data_classes", data_classes);
    let processing = statements.take("processing_regions", ids);
    let storage = statements.take("storage_regions", ids);
    let hosting = statements.take("hosting", |n, notes| Some(word(n, notes, &HOSTING)?.value));
    let kept = statements.take("retention_days", retention_by_kind);
    let request_logging = statements.take("request_logging", boolean);
    let response_logging = statements.take("response_logging", boolean);
    let training = statements.take("training", boolean);
    let customer_managed_keys = statements.take("customer_managed_keys", boolean);
    let moderation = statements.take("moderation", moderation);
    let tools = statements.take("tools", tools);
    let incident_visibility =
        statements.take("incident_visibility", |n, notes| Some(word(n, notes, &INCIDENTS)?.value));
    let mut open = statements.open;
    fields.finish();

    if let Some((_, left_out)) = &kept {
        open.extend(left_out);
    }
    let nothing = RetentionByKind {
        content: None,
        metadata: None,
        cached: None,
        tool_outputs: None,
        moderation_events: None,
    };
    Some(RawCertificate {
        id: id?,
        routes: routes?,
        state: state?,
        owner: owner?,
        reviewer: reviewer?,
        evidence: evidence?,
        issued: issued?,
        expires: expires?,
        data_classes,
        processing,
        storage,
        hosting,
        retention: kept.map_or(nothing, |(kept, _)| kept),
        logging: Logging { requests: request_logging, responses: response_logging },
        training,
        customer_managed_keys,
        moderation,
        tools,
        incident_visibility,
        open,
        place,
    })
}

type Kept = (RetentionByKind<Option<Retention>>, Vec<&'static str>);

fn retention_by_kind(node: &Node, notes: &Notes) -> Option<Kept> {
    let mut fields = Fields::open(node, notes, "a certificate's retention")?;
    let mut statements = Statements { fields: &mut fields, open: Vec::new() };
    let kept = RetentionByKind {
        content: statements.take("content", retention),
        metadata: statements.take("metadata", retention),
        cached: statements.take("cached", retention),
        tool_outputs: statements.take("tool_outputs", retention),
        moderation_events: statements.take("moderation_events", retention),
    };
    let open = statements.open;
    fields.finish();
    Some((kept, open))
}

fn moderation(node: &Node, notes: &Notes) -> Option<Moderation> {
    let mut fields = Fields::open(node, notes, "a certificate's moderation")?;
    let level = fields.required("level", |node, notes| word(node, notes, &MODERATION));
    let parity = fields.required("parity", text);
    fields.finish();
    Some(Moderation { level: level?.value, parity: parity?.value })
}
