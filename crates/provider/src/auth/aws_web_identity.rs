//! An AWS role for a token that a cluster issued (EKS service accounts, any OIDC provider).
//!
//! STS is asked in the region itself, so that a role's use in one region does not hang on another.

use http::{HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use vocab::{HttpCall, HttpReply, Timestamp};

use super::{
    AuthError, AuthStep, Granted, aws_keys,
    encode::{address, form},
    error::{plain, sendable},
    reply::{block, element},
};
use crate::Base;

const STEP: AuthStep = AuthStep::WebIdentity;
const XML: HeaderValue = HeaderValue::from_static("text/xml");

/// An AWS role, for a token of the cluster.
#[derive(Debug, Clone)]
pub struct AwsWebIdentity {
    /// The role, e.g. `arn:aws:iam::123456789012:role/gateway`.
    pub role_arn: String,
    /// The token, as its file holds it.
    pub token: SecretString,
    /// Names the session in AWS's own records, e.g. `isobar-eu-west`.
    pub session_name: String,
    /// The AWS region whose STS is asked, e.g. `eu-west-1`.
    pub region: String,
    /// Where STS is, if not at the region's usual address.
    pub sts: Option<Base>,
}

impl AwsWebIdentity {
    pub(super) fn call(&self) -> Result<HttpCall, AuthError> {
        let arn = "write it in full, e.g. `arn:aws:iam::123456789012:role/gateway`";
        plain(&self.role_arn, ":/+=,.@_-", "role ARN", arn)?;
        let session = "use 2 to 64 letters, digits and `+=,.@_-`";
        plain(&self.session_name, "+=,.@_-", "session name", session)?;
        plain(&self.region, "-", "AWS region", "write e.g. `eu-west-1`")?;
        sendable(self.token.expose_secret(), "web identity token")?;
        // China is a partition of its own; the other public ones share a name.
        let china = if self.region.starts_with("cn-") { ".cn" } else { "" };
        let usual = format!("https://sts.{}.amazonaws.com{china}", self.region);
        let uri = address(self.sts.as_ref(), &usual, "/", "address of STS")?;
        let mut call = form(
            uri,
            &[
                ("Action", "AssumeRoleWithWebIdentity"),
                ("Version", "2011-06-15"),
                ("RoleArn", &self.role_arn),
                ("RoleSessionName", &self.session_name),
                ("WebIdentityToken", self.token.expose_secret()),
            ],
        );
        // STS speaks XML unless asked otherwise, and what it speaks otherwise is not documented.
        call.headers.insert(header::ACCEPT, XML);
        Ok(call)
    }
}

pub(super) fn read(reply: &HttpReply, now: Timestamp) -> Result<Granted, AuthError> {
    let missing = |field| AuthError::Unreadable { step: STEP, field };
    let xml = std::str::from_utf8(&reply.body).map_err(|_| missing("XML body"))?;
    let keys = block(xml, "Credentials").ok_or_else(|| missing("Credentials"))?;
    let text = |field: &'static str| {
        let found = element(keys, field).filter(|text| sendable(text, field).is_ok());
        found.map(str::to_owned).ok_or_else(|| missing(field))
    };
    let parts = [text("AccessKeyId")?, text("SecretAccessKey")?, text("SessionToken")?];
    aws_keys::grant(parts, &text("Expiration")?, STEP, now)
}
