//! The AWS role of the machine, by the instance metadata service, version 2: a session first, then
//! the role's name, then its keys. Version 1, which any forged request can reach, is never used.

use http::{HeaderName, HeaderValue, Method, Uri};
use secrecy::{ExposeSecret, SecretString};
use vocab::{HttpCall, HttpReply};

use super::{
    AuthError, AuthStep,
    encode::{address, bare, sensitive},
    error::{plain, sendable},
};
use crate::Base;

const USUAL: &str = "http://169.254.169.254";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// How long the session lasts, in seconds: it serves two calls.
const TTL: HeaderValue = HeaderValue::from_static("300");
const TTL_NAME: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
const SESSION: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");

/// The AWS role of the machine.
#[derive(Debug, Clone, Default)]
pub struct AwsInstance {
    /// Where the metadata service is, if not at its usual address.
    pub metadata: Option<Base>,
}

impl AwsInstance {
    pub(super) fn session_call(&self) -> Result<HttpCall, AuthError> {
        let mut call = bare(Method::PUT, self.address("/latest/api/token")?);
        call.headers.insert(TTL_NAME, TTL);
        Ok(call)
    }

    pub(super) fn role_call(&self, session: &SecretString) -> Result<HttpCall, AuthError> {
        self.get(ROLES, session)
    }

    pub(super) fn keys_call(
        &self,
        role: &str,
        session: &SecretString,
    ) -> Result<HttpCall, AuthError> {
        self.get(&format!("{ROLES}{role}"), session)
    }

    fn get(&self, path: &str, session: &SecretString) -> Result<HttpCall, AuthError> {
        let mut call = bare(Method::GET, self.address(path)?);
        let session = sensitive(session.expose_secret(), "instance metadata session")?;
        call.headers.insert(SESSION, session);
        Ok(call)
    }

    fn address(&self, path: &str) -> Result<Uri, AuthError> {
        address(self.metadata.as_ref(), USUAL, path, "address of the instance metadata service")
    }
}

pub(super) fn read_session(reply: &HttpReply) -> Result<SecretString, AuthError> {
    let unreadable = || AuthError::Unreadable { step: AuthStep::InstanceSession, field: "token" };
    let text = std::str::from_utf8(&reply.body).map_err(|_| unreadable())?.trim();
    sendable(text, "token").map_err(|_| unreadable())?;
    Ok(SecretString::from(text))
}

/// The first role named, which is the only one an instance has.
pub(super) fn read_role(reply: &HttpReply) -> Result<String, AuthError> {
    let unreadable = || AuthError::Unreadable { step: AuthStep::InstanceRole, field: "role" };
    let text = std::str::from_utf8(&reply.body).map_err(|_| unreadable())?;
    let role = text.lines().next().unwrap_or_default().trim();
    // It becomes part of an address.
    plain(role, "+=,.@_-", "role", "").map_err(|_| unreadable())?;
    Ok(role.to_owned())
}
