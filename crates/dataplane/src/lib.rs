//! The request pipeline: from a caller's bytes to an answer or a refusal, with evidence.
//!
//! One file per stage under `stage/`. Each gathers facts, asks one pure function, does one effect and
//! adds to the `trail`. A stage's output has private fields and one constructor, so the order below
//! is the only one that compiles:
//!
//! | stage | asks | does |
//! |---|---|---|
//! | `identify` | `identity`: who is this? | nothing |
//! | `receive` | `policy`: may this gateway process this origin? | bounded read of the body |
//! | `parse` | `dialect`: what is asked? | nothing |
//! | `admit` | `policy`: which routes may serve it? | nothing |
//! | `plan` | `routing`: in which order? | nothing |
//! | `attest` | – | admission entry, durable before any upstream byte |
//! | `attempt` | `routing`: deliver, try the next, give up? | upstream calls |
//! | `relay` | `dialect`: next bytes for the caller | streams the answer |
//! | `settle` | – | outcome entry, durable before the answer or its last frame |
//!
//! The dataplane knows nothing about files, object stores, gossip or the console. What it needs of
//! them it names as a trait in [`port`].

mod body;
mod credential;
mod gateway;
mod headers;
mod limits;
mod metrics;
pub mod port;
mod reply;
mod serving;
mod stage;
mod surface;
mod trail;

pub use body::Body;
pub use credential::{CredentialError, Renewer, Secrets, SecretsError};
pub use gateway::{Gateway, Parts, Readiness, Worker};
pub use limits::Limits;
pub use metrics::Metrics;
pub use serving::{Lane, Preparing, Serving, ServingError, Upstream};
