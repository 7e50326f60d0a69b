//! AWS Signature Version 4: what the key's holder says about one request (docs/adr/0009).
//!
//! A request is written in canonical form, hashed, and the hash signed with a key derived from the
//! secret for one day, region and service. Fewer headers signed is more robust, since proxies change
//! headers: host, content type, everything of AWS's and Anthropic's own.
//!
//! Two rules are easily got wrong and are what the tests are about:
//! - The path is encoded once more than it is sent: a model id's `:` travels as `%3A` and is signed
//!   as `%253A`. (Only S3 signs what it sends.)
//! - Sorting is by bytes, after encoding.
//!
//! Reference: IAM User Guide, "Create a signed AWS API request".

use std::fmt;

use aws_lc_rs::{
    digest::{Context, SHA256, digest},
    hmac::{self, HMAC_SHA256},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
};
use secrecy::ExposeSecret;
use vocab::{HttpCall, Timestamp};

use super::{AuthError, aws_keys, encode, error::plain};
use crate::AwsKeys;

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const PAYLOAD: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const SESSION: HeaderName = HeaderName::from_static("x-amz-security-token");
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Signs requests to one service in one region.
#[derive(Clone)]
pub struct Signer {
    key_id: String,
    /// `AWS4` and the secret, as a key.
    root: hmac::Key,
    session_token: Option<HeaderValue>,
    region: String,
    service: String,
}

impl Signer {
    /// A signer for `service` (`bedrock`, `bedrock-mantle`, `aws-external-anthropic`) in `region`.
    ///
    /// # Errors
    /// [`AuthError::Input`] when the keys, the region or the service cannot be what they are said to be.
    pub fn new(keys: &AwsKeys, region: &str, service: &str) -> Result<Self, AuthError> {
        aws_keys::check(keys)?;
        plain(region, "-", "AWS region", "write e.g. `eu-west-1`")?;
        plain(service, "-", "AWS service", "write e.g. `bedrock`")?;
        let session_token = keys
            .session
            .as_ref()
            .map(|token| encode::sensitive(token.expose_secret(), "AWS session token"))
            .transpose()?;
        let root = format!("AWS4{}", keys.secret.expose_secret());
        Ok(Self {
            key_id: keys.id.clone(),
            root: hmac::Key::new(HMAC_SHA256, root.as_bytes()),
            session_token,
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }

    /// Adds to a call the headers that sign it as of `now`: the date, the body's hash, the session
    /// token of a temporary key, and the signature. AWS takes a signature for five minutes either
    /// side of its date, so a call is signed when it is about to be sent, and anew for each attempt.
    ///
    /// The call must have its `host` header; nothing that is signed may change afterwards.
    pub fn sign(&self, call: &mut HttpCall, now: Timestamp) {
        let date = date(now);
        let payload = hex::encode(digest(&SHA256, &call.body));
        // Digits and letters, so all of them always parse.
        let value = |text: &str| HeaderValue::from_str(text).ok();
        let added = [(DATE, value(&date)), (PAYLOAD, value(&payload))];
        for (name, value) in added.into_iter().chain([(SESSION, self.session_token.clone())]) {
            // What a caller may have sent under these names must not be signed.
            call.headers.remove(&name);
            if let Some(value) = value {
                call.headers.insert(name, value);
            }
        }
        let request = Request {
            method: &call.method,
            path: call.uri.path(),
            query: call.uri.query().unwrap_or_default(),
            headers: &call.headers,
            payload: &payload,
        };
        let text = self.authorization(&request, &request.signed(is_signed), &date);
        if let Some(mut value) = value(&text) {
            value.set_sensitive(true);
            call.headers.insert(AUTHORIZATION, value);
        }
    }

    fn authorization(&self, request: &Request<'_>, signed: &[&str], date: &str) -> String {
        let day = date.get(..8).unwrap_or(date);
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let canonical = hex::encode(request.hash(signed));
        let to_sign = format!("{ALGORITHM}\n{date}\n{scope}\n{canonical}");
        let signature = hmac::sign(&self.derived(day), to_sign.as_bytes());
        format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={}",
            self.key_id,
            signed.join(";"),
            hex::encode(signature)
        )
    }

    fn derived(&self, day: &str) -> hmac::Key {
        let parts = [day, &self.region, &self.service, "aws4_request"];
        parts.iter().fold(self.root.clone(), |key, part| {
            hmac::Key::new(HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref())
        })
    }
}

// AUD-4: what it signs for, not with what.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("region", &self.region)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

/// Whether a header is part of what is signed.
fn is_signed(name: &HeaderName) -> bool {
    let own = ["x-amz-", "x-amzn-bedrock-", "anthropic-"];
    *name == HOST
        || *name == CONTENT_TYPE
        || own.iter().any(|prefix| name.as_str().starts_with(prefix))
}

/// A request, as far as its signature is concerned.
struct Request<'a> {
    method: &'a Method,
    path: &'a str,
    query: &'a str,
    headers: &'a HeaderMap,
    /// The body's SHA-256 in hexadecimal.
    payload: &'a str,
}

impl Request<'_> {
    /// Names of the headers that `choose` takes, sorted.
    fn signed(&self, choose: fn(&HeaderName) -> bool) -> Vec<&str> {
        let names = self.headers.keys().filter(|name| choose(name));
        let mut names: Vec<&str> = names.map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The hash of the canonical form.
    fn hash(&self, signed: &[&str]) -> impl AsRef<[u8]> + use<> {
        let mut canonical = Vec::with_capacity(1_024);
        canonical.extend_from_slice(self.method.as_str().as_bytes());
        canonical.push(b'\n');
        canonical.extend_from_slice(canonical_path(self.path).as_bytes());
        canonical.push(b'\n');
        canonical.extend_from_slice(canonical_query(self.query).as_bytes());
        canonical.push(b'\n');
        for name in signed {
            canonical.extend_from_slice(name.as_bytes());
            canonical.push(b':');
            for (place, value) in self.headers.get_all(*name).iter().enumerate() {
                if place > 0 {
                    canonical.push(b',');
                }
                trimmed_into(&mut canonical, value.as_bytes());
            }
            canonical.push(b'\n');
        }
        canonical.push(b'\n');
        canonical.extend_from_slice(signed.join(";").as_bytes());
        canonical.push(b'\n');
        canonical.extend_from_slice(self.payload.as_bytes());
        let mut context = Context::new(&SHA256);
        context.update(&canonical);
        context.finish()
    }
}

/// Appends a header's value without outer spaces and with single inner ones.
fn trimmed_into(out: &mut Vec<u8>, value: &[u8]) {
    let mut words = value.split(|b| *b == b' ' || *b == b'\t').filter(|word| !word.is_empty());
    out.extend_from_slice(words.next().unwrap_or_default());
    for word in words {
        out.push(b' ');
        out.extend_from_slice(word);
    }
}

/// The path with `.`, `..` and empty segments resolved, and encoded once more than it is sent.
fn canonical_path(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    let mut out = String::with_capacity(path.len() + 32);
    for segment in &kept {
        out.push('/');
        encode::percent_into(&mut out, segment.bytes(), &[]);
    }
    if kept.is_empty() || path.ends_with('/') {
        out.push('/');
    }
    out
}

/// The query's fields, each decoded and encoded again, sorted.
fn canonical_query(query: &str) -> String {
    let field = |field: &str| {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        let encoded = |text: &str| {
            let mut out = String::with_capacity(text.len());
            encode::percent_into(&mut out, decoded(text), &[]);
            out
        };
        (encoded(name), encoded(value))
    };
    let fields = query.split('&').filter(|field| !field.is_empty());
    let mut fields: Vec<(String, String)> = fields.map(field).collect();
    fields.sort_unstable();
    let fields: Vec<String> =
        fields.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    fields.join("&")
}

fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digit = |b: Option<u8>| char::from(b?).to_digit(16).and_then(|d| u8::try_from(d).ok());
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    out
}

/// `20150830T123600Z`.
fn date(now: Timestamp) -> String {
    let time = jiff::Timestamp::from_microsecond(now.unix_micros()).unwrap_or_default();
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests;
