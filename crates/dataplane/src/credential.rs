//! Credentials of upstreams: found, exchanged for what can be sent, renewed ahead of their end (I3).
//!
//! The bundle says where a credential comes from. One task, the [`Renewer`], reads it there, walks the
//! steps that [`provider::auth`] describes, and installs what was granted; requests only read. What
//! was granted stays in use until it ends, whatever becomes of the next. An endpoint without a
//! valid credential is not called: its routes are passed over, and if no other is left the caller
//! is told so at once.
//!
//! AUD-4: a credential is in no message, log or metric.

mod obtain;
mod renewer;
mod resolve;
mod upkeep;

use bundle::SecretSource;
use provider::{SettingsError, auth::AuthError, auth::AuthStep};
use secrecy::SecretString;

pub use renewer::Renewer;
pub(crate) use upkeep::Upkeep;

/// What the process knows: its files and its environment.
pub trait Secrets: Send + Sync {
    /// Reads a secret.
    ///
    /// # Errors
    /// [`SecretsError`] with the source and the remedy, never the value.
    fn read(&self, source: &SecretSource) -> Result<SecretString, SecretsError>;

    /// An environment variable, if it is set and not empty.
    fn variable(&self, name: &str) -> Option<String>;
}

/// A secret cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SecretsError(pub String);

/// Why an endpoint has no credential, or not the next one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// A secret cannot be read.
    #[error("{0}")]
    Secret(#[source] SecretsError),
    /// Neither the bundle nor the environment says it.
    #[error("`{field}` is not said: add it to the endpoint's credential, or set {variable}")]
    Unsaid {
        /// The field.
        field: &'static str,
        /// What would say it instead.
        variable: &'static str,
    },
    /// A step says no, or does not make sense.
    #[error("{0}")]
    Auth(#[source] AuthError),
    /// A step got no answer.
    #[error("{step} gave no answer: {message}")]
    Call {
        /// The step.
        step: AuthStep,
        /// What the transport says.
        message: String,
    },
    /// All of it together took too long.
    #[error("no credential within {limit_ms} ms")]
    TooSlow {
        /// The limit.
        limit_ms: u128,
    },
    /// The provider cannot send what was granted.
    #[error("{0}")]
    Settings(#[source] SettingsError),
}
