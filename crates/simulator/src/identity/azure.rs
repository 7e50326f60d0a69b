//! Azure AD: access tokens for an application, by its secret or by a federated token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::jwt::Jwt;
use super::{Page, Surface, bearer_token, lifetime};
use crate::access::{Cloud, Visitor};
use crate::form;
use crate::vendor::{Complaint, Facts};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[derive(Debug)]
pub(super) struct Directory;

/// Azure numbers its reasons.
fn refuse(
    facts: &Facts<'_>,
    status: u16,
    kind: &'static str,
    (number, text): (u32, &str),
) -> Complaint {
    let message = format!("AADSTS{number}: {text}");
    let mut random = facts.random.clone();
    let body = json!({"error": kind, "error_description": message, "error_codes": [number],
        "timestamp": facts.now.rfc3339_seconds(), "trace_id": random.uuid(),
        "correlation_id": random.uuid()});
    Complaint::new(status, kind, message).body(body)
}

impl Surface for Directory {
    fn name(&self) -> &'static str {
        "identity.azure"
    }

    fn issue(&self, facts: &Facts<'_>, visitor: &Visitor<'_>) -> Result<Page, Complaint> {
        let form = String::from_utf8_lossy(visitor.body);
        let field = |name: &str| form::field(&form, name).filter(|value| !value.is_empty());
        let bad = |number, text: &str| refuse(facts, 400, "invalid_request", (number, text));
        match field("grant_type").as_deref() {
            Some("client_credentials") => {}
            Some(_) => {
                let text = "The provided grant_type is not supported.";
                return Err(refuse(facts, 400, "unsupported_grant_type", (70_003, text)));
            }
            None => {
                let text = "The request body must contain the following parameter: 'grant_type'.";
                return Err(bad(900_144, text));
            }
        }
        let client = field("client_id").ok_or_else(|| {
            bad(900_144, "The request body must contain the following parameter: 'client_id'.")
        })?;
        let scope = field("scope").unwrap_or_default();
        if !scope.ends_with("/.default") {
            let text = "The provided value for the input parameter 'scope' is not valid.";
            return Err(refuse(facts, 400, "invalid_scope", (1_002_012, text)));
        }
        match (field("client_secret"), field("client_assertion")) {
            (Some(secret), None) => {
                if visitor.spec.key.is_some() && visitor.spec.key.as_ref() != Some(&secret) {
                    let text = "Invalid client secret provided. Ensure the secret being sent in \
                                the request is the client secret value, not the client secret ID.";
                    return Err(refuse(facts, 401, "invalid_client", (7_000_215, text)));
                }
            }
            (None, Some(assertion)) => {
                if field("client_assertion_type").as_deref() != Some(ASSERTION) {
                    return Err(bad(900_144, "The client_assertion_type is not supported."));
                }
                check_assertion(facts, visitor, &assertion)?;
            }
            (Some(_), Some(_)) | (None, None) => {
                let text = "The request body must contain the following parameter: \
                            'client_assertion' or 'client_secret'.";
                return Err(refuse(facts, 401, "invalid_client", (7_000_218, text)));
            }
        }
        let token = bearer_token(visitor, Cloud::Azure, access_token(facts, visitor, &client));
        Ok(Page::json(&json!({"token_type": "Bearer", "expires_in": lifetime(visitor),
            "ext_expires_in": lifetime(visitor), "access_token": token})))
    }
}

fn check_assertion(
    facts: &Facts<'_>,
    visitor: &Visitor<'_>,
    assertion: &str,
) -> Result<(), Complaint> {
    let client = |reason| refuse(facts, 401, "invalid_client", reason);
    let jwt = Jwt::read(assertion)
        .ok_or_else(|| client((50_027, "JWT token is invalid or malformed.")))?;
    if jwt.text("sub").is_none() || jwt.text("iss").is_none() || jwt.text("aud").is_none() {
        return Err(client((
            700_213,
            "No matching federated identity record found for presented assertion subject.",
        )));
    }
    if jwt.seconds("exp").is_none_or(|end| end <= visitor.now.seconds()) {
        return Err(client((700_024, "Client assertion is not within its valid time range.")));
    }
    Ok(())
}

/// It looks like a JWT, which callers must not rely on.
fn access_token(facts: &Facts<'_>, visitor: &Visitor<'_>, client: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = json!({"typ": "JWT", "alg": "RS256", "kid": "simulated"});
    let claims = json!({"aud": "https://cognitiveservices.azure.com", "appid": client,
        "exp": visitor.now.seconds() + lifetime(visitor)});
    let signature = facts.random.clone().id("", 86);
    format!("{}.{}.{signature}", part(&head), part(&claims))
}
