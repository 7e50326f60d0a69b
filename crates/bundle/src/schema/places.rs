//! `regions.yaml`: legal areas, and the places in them.

use vocab::{JurisdictionId, RegionId};

use crate::{
    node::Node,
    read::{At, Fields, Notes, id, ids, list, text},
};

/// Legal areas and places.
pub(crate) struct RawPlaces {
    /// Legal areas.
    pub(crate) jurisdictions: Vec<At<JurisdictionId>>,
    /// Places.
    pub(crate) regions: Vec<RawRegion>,
}

/// One place.
pub(crate) struct RawRegion {
    /// Its name.
    pub(crate) id: At<RegionId>,
    /// The legal area it lies in.
    pub(crate) jurisdiction: At<JurisdictionId>,
    /// Where callers reach its gateway, if it has one.
    pub(crate) entry: Option<At<String>>,
}

/// Reads `regions.yaml`.
pub(crate) fn places(node: &Node, notes: &Notes) -> Option<RawPlaces> {
    let mut fields = Fields::open(node, notes, "the file")?;
    let jurisdictions = fields.required("jurisdictions", ids);
    let regions = fields.required("regions", |node, notes| list(node, notes, region));
    fields.finish();
    Some(RawPlaces { jurisdictions: jurisdictions?, regions: regions? })
}

fn region(node: &Node, notes: &Notes) -> Option<RawRegion> {
    let mut fields = Fields::open(node, notes, "a region")?;
    let id = fields.required("id", id);
    let jurisdiction = fields.required("jurisdiction", crate::read::id);
    let entry = fields.optional("entry", text);
    fields.finish();
    Some(RawRegion { id: id?, jurisdiction: jurisdiction?, entry })
}
