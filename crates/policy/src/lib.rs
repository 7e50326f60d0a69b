//! Residency, certification and equivalence: which routes may serve a request.
//!
//! A pure function from a bundle's [`Model`], the [`Facts`] of one request and a time to a
//! [`Decision`] (P1), so that any past decision can be replayed from its record. Two questions are
//! asked, in this order: may *this gateway* process the request at all (P2), and which routes keep
//! every control of the workload (P5, P7).
//!
//! Invariants kept here:
//! - RES-1: a route outside the workload's residency is dropped before anything is ordered.
//! - EQV-1: a permitted route holds a certificate that is in force and meets every control;
//!   [`Terms::permits`] says so again before each attempt.
//! - P7: no best-effort tier. When no route is left the answer is a refusal.
//!
//! Policy knows nothing of prompts, providers, health or load.

mod cell;
mod certificate;
mod compile;
mod control;
mod decide;
mod equivalence;
mod explain;
mod model;
mod refuse;
mod residency;
mod terms;
mod workload;

pub use certificate::{
    Certificate, CertificateState, Hosting, IncidentVisibility, Logging, Moderation,
    ModerationLevel, Retention, RetentionByKind, Tools,
};
pub use compile::Policy;
pub use control::Control;
pub use decide::{Decision, Door, Facts, PolicyNeeds};
pub use explain::{Check, Explanation, RouteExplanation};
pub use model::{Mechanism, MechanismKind, Model, Region, Route};
pub use terms::{Permitted, Rejected, Terms, Tier};
pub use workload::{CrossBorder, Limits, ModerationMin, Priority, Residency, Workload};
