//! Provider servers that speak real wire formats, with scripted latency and faults.
//!
//! One listener stands in for many vendor endpoints: `http://HOST:PORT/<endpoint>` followed by the
//! vendor's own paths. It is an honest stand-in: it validates, answers, streams and fails the way
//! the vendors are known to, with code of its own, so that the gateway's parsers do not write
//! their own exam. It depends on no other crate of the workspace.
//!
//! - [`Simulator`]: bind, then run until a shutdown future resolves.
//! - [`FaultSpec`]: one fault to inject, by endpoint and optionally by model; [`fault_kinds`] is
//!   the table of what exists.
//! - `/_sim/…` on the same listener: faults, endpoints and the log of requests received.
//!
//! Answers are deterministic: they name the endpoint, the region and the upstream model, and echo
//! the last user text, so that a test can prove who answered and what reached whom. Words in that
//! text steer the answer: `weather` or `tool` call an offered tool, `both` calls two, `tokens=N`
//! sets the length, `filter=prompt` and `filter=answer` rouse the vendor's content filter.
//!
//! Invariants: no lock is held while a reply is streamed; the request log and the fault board are
//! bounded; a caller that goes away is noticed and logged.

mod access;
mod answer;
mod anthropic;
mod ask;
mod azure;
mod bedrock;
mod clock;
mod config;
mod control;
mod embedding;
mod fault;
mod faults;
mod form;
mod identity;
mod log;
mod marks;
mod mistral;
mod openai;
mod playback;
mod random;
mod reply;
mod schema;
mod script;
mod server;
mod signature;
mod site;
mod vendor;
mod vertex;
mod wire;

pub use config::{AwsKey, Config, ConfigError, EndpointSpec, Timing, Vendor};
pub use fault::{
    Ending, Fault, FaultError, FaultKind, FaultSpec, KindHelp, ParameterHelp, fault_kinds,
};
pub use log::{Outcome, RequestRecord};
pub use server::Simulator;
