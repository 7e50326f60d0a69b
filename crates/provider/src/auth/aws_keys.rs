//! AWS access keys: what they look like, and how AWS's services hand them out.

use secrecy::{ExposeSecret, SecretString};
use vocab::{HttpReply, Timestamp};

use super::{
    AuthError, AuthStep, Granted,
    error::{plain, sendable},
    reply,
};
use crate::{AwsKeys, Credential};

/// Whether keys can be what they are said to be.
pub(super) fn check(keys: &AwsKeys) -> Result<(), AuthError> {
    let remedy = "it is letters and digits only, e.g. `AKIA...`; mind the end of its line";
    plain(&keys.id, "", "AWS access key id", remedy)?;
    sendable(keys.secret.expose_secret(), "AWS secret access key")?;
    match &keys.session {
        Some(session) => sendable(session.expose_secret(), "AWS session token"),
        None => Ok(()),
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

/// Temporary keys from their parts, as any of the services writes them: id, secret, session token.
pub(super) fn grant(
    [id, secret, session]: [String; 3],
    expiration: &str,
    step: AuthStep,
    now: Timestamp,
) -> Result<Granted, AuthError> {
    let session = Some(SecretString::from(session));
    let keys = AwsKeys { id, secret: SecretString::from(secret), session };
    check(&keys).map_err(|_| AuthError::Unreadable { step, field: "AccessKeyId" })?;
    let unreadable = |_| AuthError::Unreadable { step, field: "Expiration" };
    let expires: Timestamp = expiration.parse().map_err(unreadable)?;
    if expires <= now {
        return Err(AuthError::Stale { step, expired: expires });
    }
    Ok(Granted::lasting(Credential::Aws(keys), expires.since(now), now))
}
