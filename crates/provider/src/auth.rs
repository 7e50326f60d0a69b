//! How the gateway proves itself to an upstream: from what the operator configured to a secret that
//! can be sent.
//!
//! Some credentials are sent as they are; others are exchanged for a short-lived one first. [`Auth`]
//! is the closed set of both. Nothing here performs a call, reads a clock or a file: the shell reads
//! what is configured, then goes from [`Step`] to [`Step`], performing each call through `transport`,
//! until something is [`Granted`]; and it begins anew at [`Granted::refresh_at`].
//!
//! ```text
//! Auth::start(now) ─► Step::Ready(granted)
//!                  └► Step::Call(call, pending) ─► pending.read(reply, now) ─► Step …
//! ```
//!
//! # Invariants
//! - The number of steps is bounded by construction: a [`Pending`] leads only to later ones. The
//!   longest way has [`STEPS_MAX`] calls.
//! - AUD-4: `Debug` and errors show no secret. What a server says about a mistake is never quoted,
//!   since it may quote what was sent; only codes made of letters are.

mod aws_container;
mod aws_instance;
mod aws_keys;
mod aws_web_identity;
mod azure;
mod encode;
mod error;
mod google_account;
mod google_metadata;
mod granted;
mod reply;
mod sigv4;

use secrecy::{ExposeSecret, SecretString};
use vocab::{HttpCall, HttpReply, Timestamp};

use crate::{AwsKeys, Credential, Issuer};

pub use aws_container::AwsContainer;
pub use aws_instance::AwsInstance;
pub use aws_web_identity::AwsWebIdentity;
pub use azure::{AzureApp, AzureProof};
pub(crate) use encode::percent_into;
pub use error::{AuthError, AuthStep};
pub use google_account::GoogleAccount;
pub use google_metadata::GoogleMetadata;
pub use granted::Granted;
pub use sigv4::Signer;

/// The most calls that one way to a secret takes: the instance role's.
pub const STEPS_MAX: usize = 3;

/// The largest reply that any step reads, in bytes. Tokens are a few kilobytes.
pub const REPLY_SIZE_MAX: usize = 64 * 1024;

/// Every way in which the gateway can prove itself to an endpoint, with what it takes read and at
/// hand.
#[derive(Debug, Clone)]
pub enum Auth {
    /// A key that is sent as it is.
    Static(SecretString),
    /// A long-lived AWS access key, which signs.
    AwsKeys(AwsKeys),
    /// An AWS role, for a token of the cluster (EKS).
    AwsWebIdentity(AwsWebIdentity),
    /// The AWS role of the container (ECS, EKS Pod Identity).
    AwsContainer(AwsContainer),
    /// The AWS role of the machine (EC2).
    AwsInstance(AwsInstance),
    /// A Google service account's key.
    GoogleAccount(Box<GoogleAccount>),
    /// The Google service account of the machine or pod.
    GoogleMetadata(GoogleMetadata),
    /// An application registered with Microsoft Entra, for its secret or a federated token.
    AzureApp(AzureApp),
}

/// What comes next on the way to a secret.
#[derive(Debug)]
pub enum Step {
    /// Perform this call and give its reply to [`Pending::read`].
    Call(Box<HttpCall>, Pending),
    /// Done.
    Ready(Granted),
}

/// What waits for a reply. Each state leads only to later ones of the same way.
#[derive(Debug)]
pub struct Pending(Await);

/// The replies there are to wait for.
#[derive(Debug)]
enum Await {
    WebIdentity,
    ContainerKeys,
    InstanceSession(AwsInstance),
    InstanceRole(AwsInstance, SecretString),
    InstanceKeys,
    GoogleToken,
    GoogleMetadata,
    AzureToken,
}

impl Auth {
    /// The first step.
    ///
    /// # Errors
    /// [`AuthError::Input`] when what is configured cannot be used, before anything is sent.
    pub fn start(&self, now: Timestamp) -> Result<Step, AuthError> {
        match self {
            Self::Static(key) => ready_key(key),
            Self::AwsKeys(keys) => {
                aws_keys::check(keys)?;
                Ok(Step::Ready(Granted::lasting_on(Credential::Aws(keys.clone()))))
            }
            Self::AwsWebIdentity(identity) => call(identity.call()?, Await::WebIdentity),
            Self::AwsContainer(container) => call(container.call()?, Await::ContainerKeys),
            Self::AwsInstance(instance) => {
                call(instance.session_call()?, Await::InstanceSession(instance.clone()))
            }
            Self::GoogleAccount(account) => call(account.call(now)?, Await::GoogleToken),
            Self::GoogleMetadata(metadata) => call(metadata.call()?, Await::GoogleMetadata),
            Self::AzureApp(app) => call(app.call()?, Await::AzureToken),
        }
    }

    /// What it is called in messages and configuration.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Static(_) => "static",
            Self::AwsKeys(_) => "aws",
            Self::AwsWebIdentity(_) => "aws_web_identity",
            Self::AwsContainer(_) | Self::AwsInstance(_) => "aws_instance",
            Self::GoogleAccount(_) => "google_service_account",
            Self::GoogleMetadata(_) => "google_metadata",
            Self::AzureApp(app) => app.kind(),
        }
    }
}

impl Pending {
    /// Which step the reply belongs to, for messages.
    #[must_use]
    pub const fn step(&self) -> AuthStep {
        match &self.0 {
            Await::WebIdentity => AuthStep::WebIdentity,
            Await::ContainerKeys => AuthStep::ContainerKeys,
            Await::InstanceSession(_) => AuthStep::InstanceSession,
            Await::InstanceRole(..) => AuthStep::InstanceRole,
            Await::InstanceKeys => AuthStep::InstanceKeys,
            Await::GoogleToken => AuthStep::GoogleToken,
            Await::GoogleMetadata => AuthStep::GoogleMetadata,
            Await::AzureToken => AuthStep::AzureToken,
        }
    }

    /// Reads the reply to the call, at the time it came.
    ///
    /// # Errors
    /// [`AuthError`] naming the step and the remedy; the way is then at its end.
    pub fn read(self, reply: &HttpReply, now: Timestamp) -> Result<Step, AuthError> {
        let step = self.step();
        reply::accept(reply, step)?;
        match self.0 {
            Await::WebIdentity => aws_web_identity::read(reply, now).map(Step::Ready),
            Await::ContainerKeys | Await::InstanceKeys => {
                aws_keys::read(reply, step, now).map(Step::Ready)
            }
            Await::InstanceSession(instance) => {
                let session = aws_instance::read_session(reply)?;
                call(instance.role_call(&session)?, Await::InstanceRole(instance, session))
            }
            Await::InstanceRole(instance, session) => {
                let role = aws_instance::read_role(reply)?;
                call(instance.keys_call(&role, &session)?, Await::InstanceKeys)
            }
            Await::GoogleToken | Await::GoogleMetadata => {
                reply::bearer(reply, step, Issuer::Google, now).map(Step::Ready)
            }
            Await::AzureToken => reply::bearer(reply, step, Issuer::Entra, now).map(Step::Ready),
        }
    }
}

fn call(call: HttpCall, pending: Await) -> Result<Step, AuthError> {
    Ok(Step::Call(Box::new(call), Pending(pending)))
}

fn ready_key(key: &SecretString) -> Result<Step, AuthError> {
    error::sendable(key.expose_secret(), "credential")?;
    Ok(Step::Ready(Granted::lasting_on(Credential::Secret(key.clone()))))
}
