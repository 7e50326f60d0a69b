//! A Google service account's key: a signed assertion is exchanged for an access token (RFC 7523).
//!
//! The assertion is a JWT with one algorithm, RS256, and five claims, so it is written here rather
//! than by a JWT library; the signature itself is aws-lc-rs's.

use std::{fmt, sync::Arc, time::Duration};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{self, RsaKeyPair},
};
use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use http::Uri;
use serde_json::{Value, json};
use vocab::{HttpCall, Timestamp};

use super::{AuthError, encode::form, error::sendable};
use crate::Base;
use crate::base::is_loopback;

/// The scope that Vertex AI asks for.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How long an assertion says it is good: the most that Google takes.
const ASSERTION_LIFE: Duration = Duration::from_secs(3_600);

const WHAT: &str = "service account key";

/// A Google service account's key.
#[derive(Clone)]
pub struct GoogleAccount {
    email: String,
    key_id: Option<String>,
    key: Arc<RsaKeyPair>,
    /// Where the token is asked for, as the key says; the audience of the assertion too.
    token_uri: String,
    /// Where it is really asked for, if somewhere else.
    token_endpoint: Option<Base>,
}

impl GoogleAccount {
    /// Reads a key as the Google console hands it out, in JSON.
    ///
    /// `token_endpoint` is asked instead of the key's own `token_uri`, for a proxy or a test.
    ///
    /// # Errors
    /// [`AuthError::Input`] with what is wrong with it.
    pub fn from_json(text: &str, token_endpoint: Option<Base>) -> Result<Self, AuthError> {
        let wrong = |remedy| AuthError::Input { what: WHAT, remedy };
        let json: Value = serde_json::from_str(text)
            .map_err(|_| wrong("it is not JSON; download the key again as JSON"))?;
        let field = |name| {
            let text = json.get(name).and_then(Value::as_str);
            text.filter(|text| sendable(text, "").is_ok()).map(str::to_owned)
        };
        if field("type").as_deref() != Some("service_account") {
            let remedy = "its `type` is not `service_account`; other kinds are not supported, create a key for a service account";
            return Err(wrong(remedy));
        }
        let email = field("client_email").ok_or_else(|| wrong("it has no `client_email`"))?;
        let token_uri = field("token_uri").ok_or_else(|| wrong("it has no `token_uri`"))?;
        let pem = json.get("private_key").and_then(Value::as_str).unwrap_or_default();
        let key = read_pem(pem).ok_or_else(|| {
            wrong("its `private_key` is no PEM block `PRIVATE KEY` with an RSA key")
        })?;
        let account = Self {
            email,
            key_id: field("private_key_id"),
            key: Arc::new(key),
            token_uri,
            token_endpoint,
        };
        account.uri().map(|_| account)
    }

    pub(super) fn call(&self, now: Timestamp) -> Result<HttpCall, AuthError> {
        let assertion = self.assertion(now)?;
        Ok(form(self.uri()?, &[("grant_type", GRANT), ("assertion", &assertion)]))
    }

    fn uri(&self) -> Result<Uri, AuthError> {
        let wrong = |remedy| AuthError::Input { what: WHAT, remedy };
        if let Some(endpoint) = &self.token_endpoint {
            return endpoint.join("").map_err(|_| wrong("the `token_url` is no address"));
        }
        let uri: Uri =
            self.token_uri.parse().map_err(|_| wrong("its `token_uri` is no address"))?;
        let host = uri.host().unwrap_or_default();
        // The assertion is worth a token, so it does not cross a network in the clear.
        match uri.scheme_str() {
            Some("https") if !host.is_empty() => Ok(uri),
            Some("http") if is_loopback(host) => Ok(uri),
            _ => Err(wrong("its `token_uri` is not an https address")),
        }
    }

    /// The signed statement that the account asks for a token (RFC 7519, RFC 7523).
    fn assertion(&self, now: Timestamp) -> Result<String, AuthError> {
        let mut header = json!({"alg": "RS256", "typ": "JWT"});
        if let (Some(id), Some(fields)) = (&self.key_id, header.as_object_mut()) {
            fields.insert("kid".to_owned(), Value::from(id.as_str()));
        }
        let seconds = |time: Timestamp| time.unix_micros().div_euclid(1_000_000);
        let claims = json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.token_uri,
            "iat": seconds(now),
            "exp": seconds(now.after(ASSERTION_LIFE)),
        });
        let mut text = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
        text.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut text);
        let mut signed = vec![0; self.key.public_modulus_len()];
        // PKCS#1 v1.5 draws no random bits; the generator is a matter of form.
        let rng = SystemRandom::new();
        self.key
            .sign(&signature::RSA_PKCS1_SHA256, &rng, text.as_bytes(), &mut signed)
            .map_err(|_| AuthError::Input { what: WHAT, remedy: "its key cannot sign" })?;
        text.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(&signed, &mut text);
        Ok(text)
    }
}

/// An RSA key in a PEM block of PKCS #8.
fn read_pem(pem: &str) -> Option<RsaKeyPair> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (base64, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let base64: String = base64.split_ascii_whitespace().collect();
    RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(base64).ok()?).ok()
}

// AUD-4: whose it is, and nothing of the key.
impl fmt::Debug for GoogleAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GoogleAccount").field("email", &self.email).finish_non_exhaustive()
    }
}
