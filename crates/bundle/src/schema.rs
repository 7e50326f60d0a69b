//! What each file of a bundle may say.
//!
//! One file here per file there: the fields, read with their places. Whether the parts fit
//! together is the business of [`crate::check`].

mod certificates;
mod credentials;
mod endpoints;
mod head;
mod places;
mod prices;
mod routes;
mod tenants;
mod transfers;
mod words;
mod workloads;

pub(crate) use certificates::{RawCertificate, certificates};
pub(crate) use endpoints::{RawEndpoint, endpoints};
pub(crate) use head::{Head, head};
pub(crate) use places::{RawPlaces, places};
pub(crate) use prices::{RawPrice, prices};
pub(crate) use routes::{RawModel, RawRoute, models, routes};
pub(crate) use tenants::{RawKey, RawTenant, tenants};
pub(crate) use transfers::{RawMechanism, transfers};
pub(crate) use workloads::{RawCrossBorder, RawResidency, RawWorkload, workloads};
