//! Access tokens of Google: for a service account's signed assertion, and of the metadata server.

use serde_json::{Value, json};

use super::jwt::Jwt;
use super::{Page, Surface, bearer_token, lifetime};
use crate::access::{Cloud, Visitor};
use crate::form;
use crate::vendor::{Complaint, Facts, text};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// An assertion may be good for so long at most, in seconds.
const ASSERTION_SECONDS_MAX: u64 = 3600;

/// Under this path are the accounts of the metadata server.
pub(super) const ACCOUNTS: &str = "/computeMetadata/v1/instance/service-accounts/";

/// `oauth2.googleapis.com/token`.
#[derive(Debug)]
pub(super) struct Account;

/// `metadata.google.internal`.
#[derive(Debug)]
pub(super) struct Metadata;

fn token(facts: &Facts<'_>, visitor: &Visitor<'_>) -> Page {
    let token = facts.random.clone().id("ya29.c.", 120);
    let token = bearer_token(visitor, Cloud::Google, token);
    let body: Value = json!({"access_token": token, "expires_in": lifetime(visitor),
        "token_type": "Bearer"});
    Page::json(&body)
}

fn refuse(kind: &'static str, message: &str) -> Complaint {
    Complaint::new(400, kind, message)
}

impl Surface for Account {
    fn name(&self) -> &'static str {
        "identity.google"
    }

    fn issue(&self, facts: &Facts<'_>, visitor: &Visitor<'_>) -> Result<Page, Complaint> {
        let form = String::from_utf8_lossy(visitor.body);
        if form::field(&form, "grant_type").as_deref() != Some(GRANT) {
            return Err(refuse("unsupported_grant_type", "Invalid grant_type."));
        }
        let assertion = form::field(&form, "assertion").unwrap_or_default();
        let jwt = Jwt::read(&assertion).ok_or_else(|| refuse("invalid_grant", "Bad Request"))?;
        if !jwt.is_rs256() {
            return Err(refuse("invalid_grant", "Invalid JWT Signature."));
        }
        let email = jwt.text("iss").is_some_and(|issuer| issuer.contains('@'));
        if !email || jwt.text("aud").is_none_or(|aud| !aud.starts_with("http")) {
            return Err(refuse("invalid_grant", "Invalid JWT: Failed audience check."));
        }
        if jwt.text("scope").is_none_or(str::is_empty) {
            return Err(refuse(
                "invalid_scope",
                "Invalid OAuth scope or ID token audience provided.",
            ));
        }
        let now = visitor.now.seconds();
        let times = jwt.seconds("iat").zip(jwt.seconds("exp"));
        // Clocks may differ by ten minutes.
        let timely = times.is_some_and(|(from, to)| {
            from <= now + 600 && to > now && to.saturating_sub(from) <= ASSERTION_SECONDS_MAX
        });
        if !timely {
            return Err(refuse(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable \
                 timeframe. Check your iat and exp values in the JWT claim.",
            ));
        }
        Ok(token(facts, visitor))
    }
}

impl Surface for Metadata {
    fn name(&self) -> &'static str {
        "identity.google-metadata"
    }

    fn issue(&self, facts: &Facts<'_>, visitor: &Visitor<'_>) -> Result<Page, Complaint> {
        if text(visitor.headers, "metadata-flavor") != Some("Google") {
            return Err(Complaint::new(403, "forbidden", "Missing Metadata-Flavor:Google header."));
        }
        Ok(token(facts, visitor))
    }
}
