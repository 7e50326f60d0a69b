//! Temporary keys of AWS: for a web identity, for an instance (IMDSv2), for a container.

use serde_json::json;

use super::jwt::Jwt;
use super::{Page, Surface, lifetime};
use crate::access::{Cloud, Ticket, Visitor};
use crate::clock::WallTime;
use crate::form;
use crate::vendor::{Complaint, Facts, text};

pub(super) const XML: &str = "text/xml";

/// Under this path are the names of roles, and their keys.
pub(super) const ROLES: &str = "/latest/meta-data/iam/security-credentials";

const ROLE: &str = "simulated-role";

/// Security Token Service.
#[derive(Debug)]
pub(super) struct Sts;

/// The session token that the instance service wants first.
#[derive(Debug)]
pub(super) struct InstanceToken;

/// The instance service.
#[derive(Debug)]
pub(super) struct Instance;

/// The container service of ECS and EKS.
#[derive(Debug)]
pub(super) struct Container;

/// A key pair with its session token.
struct Keys {
    id: String,
    secret: String,
    session: String,
    expires: WallTime,
}

impl Keys {
    fn issue(facts: &Facts<'_>, visitor: &Visitor<'_>, seconds: u64) -> Self {
        let mut random = facts.random.clone();
        let id = random.id("ASIA", 16).to_ascii_uppercase();
        let secret = random.id("", 40);
        let session = random.id("IQoJb3JpZ2luX2Vj", 200);
        let expires_at = visitor.now.seconds() + seconds;
        let ticket = Ticket {
            cloud: Cloud::Aws,
            expires_at,
            secret: secret.clone(),
            session: session.clone(),
        };
        visitor.issued.put(id.clone(), ticket);
        Self { id, secret, session, expires: WallTime(expires_at * 1_000_000) }
    }

    fn expiration(&self) -> String {
        self.expires.rfc3339_seconds()
    }
}

fn refuse(status: u16, code: &'static str, message: impl Into<String>) -> Complaint {
    Complaint::new(status, code, message)
}

pub(super) fn error_xml(facts: &Facts<'_>, complaint: &Complaint) -> String {
    let id = facts.random.clone().uuid();
    let side = if complaint.status < 500 { "Sender" } else { "Receiver" };
    format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    \
         <Type>{side}</Type>\n    <Code>{}</Code>\n    <Message>{}</Message>\n  </Error>\n  \
         <RequestId>{id}</RequestId>\n</ErrorResponse>\n",
        complaint.kind,
        escape(&complaint.message)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl Surface for Sts {
    fn name(&self) -> &'static str {
        "identity.sts"
    }

    fn issue(&self, facts: &Facts<'_>, visitor: &Visitor<'_>) -> Result<Page, Complaint> {
        let body = String::from_utf8_lossy(visitor.body);
        // The parameters may stand in the query as well.
        let form = format!("{body}&{}", visitor.query);
        let field = |name: &str| form::field(&form, name).filter(|value| !value.is_empty());
        if field("Action").as_deref() != Some("AssumeRoleWithWebIdentity") {
            let action = field("Action").unwrap_or_default();
            let text = format!("Could not find operation {action} for version 2011-06-15");
            return Err(refuse(400, "InvalidAction", text));
        }
        let need = |name: &str| {
            field(name).ok_or_else(|| {
                let text = format!(
                    "1 validation error detected: Value null at '{name}' failed to satisfy \
                     constraint: Member must not be null"
                );
                refuse(400, "ValidationError", text)
            })
        };
        if need("Version")? != "2011-06-15" {
            return Err(refuse(400, "InvalidAction", "Could not find the version"));
        }
        let role = need("RoleArn")?;
        let session_name = need("RoleSessionName")?;
        let Some((account, role_name)) = role_parts(&role) else {
            return Err(refuse(400, "ValidationError", format!("{role} is invalid")));
        };
        let token = need("WebIdentityToken")?;
        let subject = subject(&token, visitor)?;
        let keys = Keys::issue(facts, visitor, duration(field("DurationSeconds"), visitor)?);
        let id = facts.random.clone().uuid();
        let (Keys { id: key, secret, session, .. }, expires) = (&keys, keys.expiration());
        let body = format!(
            "<AssumeRoleWithWebIdentityResponse \
             xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  \
             <AssumeRoleWithWebIdentityResult>\n    \
             <Audience>sts.amazonaws.com</Audience>\n    \
             <AssumedRoleUser>\n      \
             <AssumedRoleId>AROASIMULATED:{session_name}</AssumedRoleId>\n      \
             <Arn>arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}</Arn>\n    \
             </AssumedRoleUser>\n    <Credentials>\n      \
             <AccessKeyId>{key}</AccessKeyId>\n      \
             <SecretAccessKey>{secret}</SecretAccessKey>\n      \
             <SessionToken>{session}</SessionToken>\n      \
             <Expiration>{expires}</Expiration>\n    </Credentials>\n    \
             <SubjectFromWebIdentityToken>{}</SubjectFromWebIdentityToken>\n  \
             </AssumeRoleWithWebIdentityResult>\n  <ResponseMetadata>\n    \
             <RequestId>{id}</RequestId>\n  </ResponseMetadata>\n\
             </AssumeRoleWithWebIdentityResponse>\n",
            escape(&subject)
        );
        Ok(Page { kind: XML, body: body.into() })
    }
}

/// Account and name of `arn:aws:iam::ACCOUNT:role/NAME`.
fn role_parts(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let is_role = parts.next() == Some("arn")
        && parts.next().is_some_and(|partition| partition.starts_with("aws"))
        && parts.next() == Some("iam")
        && parts.next() == Some("");
    let account = parts.next().filter(|_| is_role)?;
    let name = parts.next()?.strip_prefix("role/")?;
    Some((account, name))
}

fn subject(token: &str, visitor: &Visitor<'_>) -> Result<String, Complaint> {
    let Some(jwt) = Jwt::read(token) else {
        let text = "The ID Token provided is not a valid JWT. (You may see this error if you sent \
                    an Access Token)";
        return Err(refuse(400, "InvalidIdentityToken", text));
    };
    if jwt.seconds("exp").is_none_or(|end| end <= visitor.now.seconds()) {
        return Err(refuse(400, "ExpiredTokenException", "Token expired"));
    }
    let subject = jwt.text("sub").map(str::to_owned);
    subject.ok_or_else(|| refuse(400, "InvalidIdentityToken", "Missing a required claim: sub"))
}

/// What is asked for, unless the configuration wants less.
fn duration(asked: Option<String>, visitor: &Visitor<'_>) -> Result<u64, Complaint> {
    let Some(asked) = asked else { return Ok(lifetime(visitor)) };
    let seconds = asked.parse::<u64>().ok().filter(|seconds| (900..=43_200).contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        let text = format!(
            "1 validation error detected: Value '{asked}' at 'durationSeconds' failed to satisfy \
             constraint: Member must have value between 900 and 43200"
        );
        refuse(400, "ValidationError", text)
    })?;
    Ok(visitor.spec.lifetime_seconds.unwrap_or(seconds).min(seconds))
}

impl Surface for InstanceToken {
    fn name(&self) -> &'static str {
        "identity.imds"
    }

    fn issue(&self, facts: &Facts<'_>, visitor: &Visitor<'_>) -> Result<Page, Complaint> {
        let ttl = text(visitor.headers, "x-aws-ec2-metadata-token-ttl-seconds");
        let ttl = ttl.and_then(|ttl| ttl.parse::<u64>().ok());
        let Some(ttl) = ttl.filter(|ttl| (1..=21_600).contains(ttl)) else {
            return Err(refuse(400, "invalid_request", "Bad Request"));
        };
        let token = facts.random.clone().id("AQAEA", 48);
        let ticket = Ticket {
            cloud: Cloud::Aws,
            expires_at: visitor.now.seconds() + ttl,
            secret: String::new(),
            session: String::new(),
        };
        visitor.issued.put(format!("imds/{token}"), ticket);
        Ok(Page { kind: "text/plain", body: token.into() })
    }
}

impl Surface for Instance {
    fn name(&self) -> &'static str {
        "identity.imds"
    }

    fn issue(&self, facts: &Facts<'_>, visitor: &Visitor<'_>) -> Result<Page, Complaint> {
        let token = text(visitor.headers, "x-aws-ec2-metadata-token").unwrap_or_default();
        let ticket = visitor.issued.find(&format!("imds/{token}"));
        if ticket.is_none_or(|ticket| ticket.expires_at <= visitor.now.seconds()) {
            return Err(refuse(401, "unauthorized", "Unauthorized"));
        }
        match facts.path.strip_prefix(ROLES).map(|role| role.trim_matches('/')) {
            Some("") => Ok(Page { kind: "text/plain", body: ROLE.into() }),
            Some(ROLE) => {
                let keys = Keys::issue(facts, visitor, lifetime(visitor));
                Ok(Page::json(&json!({
                    "Code": "Success", "LastUpdated": visitor.now.rfc3339_seconds(),
                    "Type": "AWS-HMAC", "AccessKeyId": keys.id, "SecretAccessKey": keys.secret,
                    "Token": keys.session, "Expiration": keys.expiration(),
                })))
            }
            Some(_) | None => Err(refuse(404, "not_found", "Not Found")),
        }
    }
}

impl Surface for Container {
    fn name(&self) -> &'static str {
        "identity.container"
    }

    fn issue(&self, facts: &Facts<'_>, visitor: &Visitor<'_>) -> Result<Page, Complaint> {
        let sent = text(visitor.headers, "authorization");
        if visitor.spec.key.is_some() && sent != visitor.spec.key.as_deref() {
            return Err(refuse(401, "AccessDeniedException", "invalid authorization token"));
        }
        let keys = Keys::issue(facts, visitor, lifetime(visitor));
        Ok(Page::json(&json!({
            "RoleArn": format!("arn:aws:iam::123456789012:role/{ROLE}"),
            "AccessKeyId": keys.id, "SecretAccessKey": keys.secret, "Token": keys.session,
            "Expiration": keys.expiration(),
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_an_account_and_a_name() {
        let arn = "arn:aws:iam::123456789012:role/path/name";
        assert_eq!(role_parts(arn), Some(("123456789012", "path/name")));
        assert_eq!(role_parts("arn:aws:iam::1:user/x"), None);
        assert_eq!(role_parts("role/x"), None);
    }
}
