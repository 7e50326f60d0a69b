//! AWS access keys, and how the metadata services hand them out.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use vocab::{HttpReply, Timestamp};

use super::{AuthError, AuthStep, Granted, Secret, error::{plain, sendable}, reply};

/// An AWS access key, which signs requests and is never sent itself.
#[derive(Clone)]
pub struct AwsKeys {
    id: String,
    secret: SecretString,
    session_token: Option<SecretString>,
}

impl AwsKeys {
    /// A key by its parts. Temporary keys have a session token.
    ///
    /// # Errors
    /// [`AuthError::Input`] naming the part that cannot be one.
    pub fn new(
        id: &str,
        secret: SecretString,
        session_token: Option<SecretString>,
    ) -> Result<Self, AuthError> {
        let remedy = "it is letters and digits only, e.g. `AKIA...`; mind the end of its line";
        plain(id, "", "AWS access key id", remedy)?;
        sendable(secret.expose_secret(), "AWS secret access key")?;
        if let Some(token) = &session_token {
            sendable(token.expose_secret(), "AWS session token")?;
        }
        Ok(Self { id: id.to_owned(), secret, session_token })
    }

    /// The key's public part.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The part that signs.
    #[must_use]
    pub const fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// Sent with each request when the key is temporary.
    #[must_use]
    pub const fn session_token(&self) -> Option<&SecretString> {
        self.session_token.as_ref()
    }
}

// AUD-4: even the public part only where somebody asks for it.
impl fmt::Debug for AwsKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let temporary = self.session_token.is_some();
        f.debug_struct("AwsKeys").field("temporary", &temporary).finish_non_exhaustive()
    }
}

/// Keys as the instance and container services give them, in JSON.
pub(super) fn read(
    reply: &HttpReply,
    step: AuthStep,
    now: Timestamp,
) -> Result<Granted, AuthError> {
    let json = reply::json(reply, step)?;
    // The instance service says `Success`; the container's says nothing.
    if json.get("Code").is_some_and(|code| code != "Success") {
        return Err(AuthError::Unreadable { step, field: "Code" });
    }
    let text = |field| reply::text(&json, field, step);
    let parts = [text("AccessKeyId")?, text("SecretAccessKey")?, text("Token")?];
    grant(parts, &text("Expiration")?, step, now)
}

/// Temporary keys from their parts as any of the services writes them: id, secret, session token.
pub(super) fn grant(
    [id, secret, token]: [String; 3],
    expiration: &str,
    step: AuthStep,
    now: Timestamp,
) -> Result<Granted, AuthError> {
    let keys = AwsKeys::new(&id, SecretString::from(secret), Some(SecretString::from(token)))
        .map_err(|_| AuthError::Unreadable { step, field: "AccessKeyId" })?;
    let unreadable = |_| AuthError::Unreadable { step, field: "Expiration" };
    let expires: Timestamp = expiration.parse().map_err(unreadable)?;
    let life = expires.since(now);
    if life.is_zero() {
        return Err(AuthError::Stale { step, expired: expires });
    }
    reply::fresh(Granted::lasting(Secret::Aws(keys), life, now), step, now)
}
