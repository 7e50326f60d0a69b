//! `bundle.yaml`: which bundle this is.

use vocab::Timestamp;

use crate::{
    node::Node,
    read::{At, Fields, Notes, text, time, whole},
};

/// Which bundle this is.
pub(crate) struct Head {
    /// For people.
    pub(crate) name: At<String>,
    /// The installation it belongs to.
    pub(crate) deployment: At<String>,
    /// From 1; it only rises.
    pub(crate) generation: At<u64>,
    /// When it was written.
    pub(crate) issued: At<Timestamp>,
    /// When it may no longer be used.
    pub(crate) expires: At<Timestamp>,
}

/// Reads `bundle.yaml`.
pub(crate) fn head(node: &Node, notes: &Notes) -> Option<Head> {
    let mut fields = Fields::open(node, notes, "a bundle")?;
    let name = fields.required("name", text);
    let deployment = fields.required("deployment", text);
    let generation = fields.required("generation", |n, notes| whole(n, notes, u64::MAX));
    let issued = fields.required("issued", time);
    let expires = fields.required("expires", time);
    fields.finish();
    Some(Head {
        name: name?,
        deployment: deployment?,
        generation: generation?,
        issued: issued?,
        expires: expires?,
    })
}
