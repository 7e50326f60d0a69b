//! The words every other crate speaks.
//!
//! Ids, time, money, the classes of outcome, refusals, and one HTTP exchange as plain data. Nothing
//! here reads a clock, opens a socket or knows a provider. One word has one meaning everywhere; the
//! glossary is the table at the head of the specification.
//!
//! - [`id`]: names of regions, routes, tenants …, each its own type over shared text.
//! - [`RequestId`]: joins request, log line, trace and evidence.
//! - [`Timestamp`]: microseconds since the Unix epoch, RFC 3339 in text.
//! - [`failure`]: what went wrong upstream, classified once (R3).
//! - [`refusal`]: a governed "no" with a stable code.
//! - [`exchange`]: [`HttpCall`] and [`HttpReply`], described by cores and performed by `transport`.

mod control;
pub mod exchange;
pub mod failure;
mod feature;
pub mod id;
mod money;
mod price;
mod rate;
pub mod refusal;
mod request_id;
mod time;
mod usage;

pub use control::{DataClass, EvidenceLevel};
pub use exchange::{HttpCall, HttpHead, HttpReply};
pub use failure::{Failure, FailureKind, OutcomeClass};
pub use feature::{Capability, Feature, FeatureSet};
pub use id::{
    CertificateId, CredentialId, EndpointId, Id, IdError, JurisdictionId, MechanismId, ModelId,
    RegionId, RouteId, TenantId, WorkloadId,
};
pub use money::MicroUsd;
pub use price::{LongContext, Price, Rates};
pub use rate::{Multiplier, MultiplierError, Rate, RateError};
pub use refusal::{Refusal, RefusalCode};
pub use request_id::{RequestId, RequestIdError, RequestIdText};
pub use time::{Timestamp, TimestampError};
pub use usage::Usage;
