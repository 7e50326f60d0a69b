//! Reading what token services answer: JSON for most of them, XML for AWS STS.

use std::time::Duration;

use http::StatusCode;
use secrecy::SecretString;
use serde_json::Value;
use vocab::{HttpReply, Timestamp};

use super::{AuthError, AuthStep, Granted, error::sendable};
use crate::{Credential, Issuer};

/// The longest code that is quoted, in bytes.
const CODE_MAX: usize = 64;

/// Codes under which trying again helps, whatever the status.
const PASSING: [&str; 7] = [
    "temporarily_unavailable",
    "server_error",
    "IDPCommunicationError",
    "IDPCommunicationErrorException",
    "Throttling",
    "ThrottlingException",
    "ServiceUnavailable",
];

/// Passes a success on; anything else is named.
pub(super) fn accept(reply: &HttpReply, step: AuthStep) -> Result<(), AuthError> {
    let status = reply.head.status;
    if status.is_success() {
        return Ok(());
    }
    let code = code(&reply.body);
    let passing = status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
        || code.as_deref().is_some_and(|code| PASSING.contains(&code));
    let status = status.as_u16();
    if passing {
        return Err(AuthError::Unavailable { step, status, code });
    }
    let remedy = step.remedy(code.as_deref());
    Err(AuthError::Refused { step, status, code, remedy })
}

/// The server's code for what is wrong: `error` of OAuth, `code` of the container endpoint, `Code`
/// of AWS.
fn code(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let code = match serde_json::from_str::<Value>(text) {
        Ok(json) => ["error", "code", "Code"]
            .iter()
            .find_map(|name| json.get(name)?.as_str().map(str::to_owned)),
        Err(_) => element(text, "Code").map(str::to_owned),
    }?;
    // AUD-4: a server may echo what it was sent, and secrets have digits.
    let letters = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'_' | b'.');
    let fit = !code.is_empty() && code.len() <= CODE_MAX && code.bytes().all(letters);
    fit.then_some(code)
}

/// A whole reply as JSON.
pub(super) fn json(reply: &HttpReply, step: AuthStep) -> Result<Value, AuthError> {
    let unreadable = |_| AuthError::Unreadable { step, field: "JSON body" };
    serde_json::from_slice(&reply.body).map_err(unreadable)
}

/// A text of a JSON reply that can be sent in a header.
pub(super) fn text(json: &Value, field: &'static str, step: AuthStep) -> Result<String, AuthError> {
    let found = json.get(field).and_then(Value::as_str).filter(|t| sendable(t, field).is_ok());
    found.map(str::to_owned).ok_or(AuthError::Unreadable { step, field })
}

/// An OAuth access token (RFC 6749, section 5.1).
pub(super) fn bearer(
    reply: &HttpReply,
    step: AuthStep,
    issuer: Issuer,
    now: Timestamp,
) -> Result<Granted, AuthError> {
    let json = json(reply, step)?;
    let token = text(&json, "access_token", step)?;
    let secs = json.get("expires_in").and_then(seconds);
    let secs = secs.ok_or(AuthError::Unreadable { step, field: "expires_in" })?;
    if secs == 0 {
        return Err(AuthError::Stale { step, expired: now });
    }
    let credential = Credential::Token(issuer, SecretString::from(token));
    Ok(Granted::lasting(credential, Duration::from_secs(secs), now))
}

/// A number of seconds; some of Microsoft's endpoints write it as a text.
fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// What stands in the first element called `name`, if that is text alone. Enough for STS, whose
/// values are base64, names and times.
pub(super) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    block(xml, name).map(str::trim).filter(|text| !text.contains(['<', '&']))
}

/// Everything inside the first element called `name`.
pub(super) fn block<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(inside, _)| inside)
}
