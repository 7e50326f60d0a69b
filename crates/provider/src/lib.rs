//! One file per upstream API: prepare a call, classify a failure, observe a reply (G3, R3).
//!
//! A provider describes an HTTP exchange as data and reads its reply; `transport` performs it. It
//! knows nothing about tenants, budgets or policy, so an adapter cannot bypass them, and nothing
//! about message formats beyond naming its [`dialect::UpstreamDialect`].
//!
//! # How to add a provider: one file, two lines
//!
//! 1. Write `src/<name>.rs` with a unit struct that implements [`Provider`]:
//!    - `settings` lists what an endpoint may say besides its address, headers and credential.
//!    - `speaks` names the APIs it serves for a model, the preferred one first.
//!    - `reach` says where a prompt for a model may be processed.
//!    - `connect` checks the settings with [`Base::parse`] and puts everything that stays the same
//!      from call to call into an [`Endpoint`]: addresses, the credential's header, extra headers.
//!    - `prepare` puts one body on that endpoint; [`Endpoint::call`] does it for JSON over POST. A
//!      call that is signed, is signed here.
//!    - `classify` names the failure; [`dialect::read_error`] reads the body, [`retry_hint`] the
//!      headers.
//!    - `observe` returns what the head of a reply tells about the provider.
//! 2. Name the file among the `mod` lines below, and the struct in the list in `catalog.rs`.
//!
//! The contract suite in `tests/it` then runs every rule below against it.
//!
//! # Rules that every provider keeps
//!
//! - AUD-4: the credential is in one header marked sensitive, and in no `Debug` output or message.
//! - `classify` and `observe` never panic, whatever the upstream sends.
//! - A base address is http or https, without credentials, query or fragment.

mod anthropic;
pub mod auth;
mod azure_openai;
mod base;
mod bedrock;
mod bedrock_mantle;
mod catalog;
mod credential;
mod endpoint;
mod gemini;
mod google;
mod mistral;
mod observed;
mod openai;
mod openai_api;
mod openai_compatible;
mod reach;
mod retry;
mod settings;
mod vertex;

use std::{fmt::Debug, time::Duration};

use dialect::{Outbound, OutputLimit, UpstreamDialect, read_error};
use vocab::{Failure, HttpCall, HttpHead, HttpReply, RequestId, Timestamp};

pub use anthropic::VERSION_DEFAULT as ANTHROPIC_VERSION_DEFAULT;
pub use base::Base;
pub use catalog::{catalog, find};
pub use credential::{AwsKeys, Credential, Issuer};
pub use endpoint::Endpoint;
pub use observed::{Observed, Room};
pub use reach::Reach;
pub use retry::{RETRY_HINT_MAX, retry_hint};
pub use settings::{Setting, Settings, SettingsError};

/// One upstream API.
pub trait Provider: Send + Sync + Debug {
    /// The name used as `provider` of an endpoint, e.g. `openai-compatible`.
    fn name(&self) -> &'static str;

    /// What an endpoint may say besides `base_url`, `headers` and `credential`.
    fn settings(&self) -> &'static [Setting] {
        &[]
    }

    /// The APIs that an endpoint with these settings serves for `model`, as its provider names it;
    /// the preferred one for each operation first.
    fn speaks(&self, settings: &Settings, model: &str) -> Vec<UpstreamDialect>;

    /// Where a prompt for `model` may be processed, as far as the address and the model's name
    /// tell.
    fn reach(&self, settings: &Settings, model: &str) -> Reach;

    /// How an endpoint with these settings calls the output limit in Chat Completions.
    fn output_limit(&self, _settings: &Settings) -> OutputLimit {
        OutputLimit::MaxCompletionTokens
    }

    /// Everything that does not change from call to call, computed once. Without a credential the
    /// settings are checked all the same.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting that is wrong and what to write instead.
    fn connect(
        &self,
        settings: &Settings,
        credential: Option<&Credential>,
    ) -> Result<Endpoint, SettingsError>;

    /// One call to that endpoint.
    fn prepare(
        &self,
        endpoint: &Endpoint,
        outbound: Outbound,
        context: &CallContext<'_>,
    ) -> HttpCall {
        endpoint.call(outbound, context)
    }

    /// What a reply that is not a success means (R3), with the provider's own hint of when to come
    /// back. Statuses 2xx never get here.
    fn classify(&self, dialect: UpstreamDialect, reply: &HttpReply, now: Timestamp) -> Failure {
        let status = reply.head.status.as_u16();
        let mut failure = read_error(dialect, Some(status), &reply.body);
        failure.status = Some(status);
        let said = failure.retry_after.map(|hint| hint.min(RETRY_HINT_MAX));
        failure.retry_after = retry_hint(&reply.head, now).or(said);
        failure
    }

    /// What the head of any reply tells about the provider.
    fn observe(&self, head: &HttpHead) -> Observed;
}

/// What an adapter may know of the request it serves.
#[derive(Debug, Clone, Copy)]
pub struct CallContext<'a> {
    /// Sent along, so that the provider's support can find the call.
    pub request_id: RequestId,
    /// The model as the provider names it, for addresses that contain it.
    pub model: &'a str,
    /// The time, for signatures.
    pub now: Timestamp,
    /// Time left until the caller's deadline.
    pub remaining: Duration,
}
