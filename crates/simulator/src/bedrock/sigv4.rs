//! Checks AWS Signature Version 4 by computing it again.
//!
//! Source: AWS, "Authenticating Requests: Using the Authorization Header". As for every service
//! but S3, the path is encoded once more than it was sent.

use aws_lc_rs::{digest, hmac};
use http::HeaderMap;

use super::denied;
use crate::access::{Cloud, Visitor};
use crate::form::encode;
use crate::vendor::{Complaint, text};

pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

const SERVICE: &str = "bedrock";

/// Clocks may differ by so much, in seconds.
const SKEW_MAX: u64 = 300;

/// The parts of the `authorization` header.
struct Claim<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

/// The secret that must have signed, and the session token that must come along.
struct Pair {
    secret: String,
    session: Option<String>,
}

pub(super) fn check(visitor: &Visitor<'_>) -> Result<(), Complaint> {
    let authorization = text(visitor.headers, "authorization").unwrap_or_default();
    let claim = Claim::read(authorization).ok_or_else(incomplete)?;
    let pair = pair(visitor, &claim)?;
    if claim.service != SERVICE {
        let text = format!("Credential should be scoped to correct service: '{SERVICE}'.");
        return Err(mismatch(text));
    }
    if visitor.spec.location.as_deref().is_some_and(|region| region != claim.region) {
        return Err(mismatch("Credential should be scoped to a valid region."));
    }
    let time = text(visitor.headers, "x-amz-date").ok_or_else(incomplete)?;
    check_time(visitor, &claim, time)?;
    let signed: Vec<&str> = claim.signed_headers.split(';').collect();
    if !signed.contains(&"host") {
        return Err(mismatch("'Host' must be a 'SignedHeader' in the AWS Authorization."));
    }
    if let Some(session) = &pair.session {
        let sent = text(visitor.headers, "x-amz-security-token");
        if sent != Some(session) || !signed.contains(&"x-amz-security-token") {
            return Err(unknown_token());
        }
    }
    let canonical = canonical_request(visitor, &claim, &signed)?;
    if claim.sign(&pair.secret, time, &canonical) == claim.signature {
        return Ok(());
    }
    Err(mismatch(
        "The request signature we calculated does not match the signature you provided. Check \
         your AWS Secret Access Key and signing method. Consult the service documentation for \
         details.",
    ))
}

fn pair(visitor: &Visitor<'_>, claim: &Claim<'_>) -> Result<Pair, Complaint> {
    let own = visitor.spec.aws.as_ref().filter(|_| !visitor.spec.issued_only);
    if let Some(own) = own.filter(|own| own.access_key_id == claim.access_key_id) {
        return Ok(Pair { secret: own.secret_access_key.clone(), session: None });
    }
    let ticket = visitor.issued.find(claim.access_key_id);
    let ticket = ticket.filter(|ticket| ticket.cloud == Cloud::Aws).ok_or_else(unknown_token)?;
    if ticket.expires_at <= visitor.now.seconds() {
        let text = "The security token included in the request is expired";
        return Err(denied("ExpiredTokenException", text));
    }
    Ok(Pair { secret: ticket.secret, session: Some(ticket.session) })
}

/// The time is in the scope's day and near the clock.
fn check_time(visitor: &Visitor<'_>, claim: &Claim<'_>, time: &str) -> Result<(), Complaint> {
    let now = visitor.now.compact();
    if !time.starts_with(claim.date) {
        return Err(mismatch("Date in Credential scope does not match YYYYMMDD from ISO-8601."));
    }
    let sent = crate::clock::WallTime::from_compact(time).ok_or_else(incomplete)?;
    if sent.seconds().abs_diff(visitor.now.seconds()) > SKEW_MAX {
        let text = format!("Signature expired: {time} is now too far from {now} (5 min.)");
        return Err(mismatch(text));
    }
    Ok(())
}

impl<'a> Claim<'a> {
    fn read(authorization: &'a str) -> Option<Self> {
        let fields = authorization.strip_prefix(ALGORITHM)?;
        let field = |name: &str| {
            fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
        };
        let mut scope = field("Credential")?.split('/');
        let claim = Self {
            access_key_id: scope.next()?,
            date: scope.next()?,
            region: scope.next()?,
            service: scope.next()?,
            signed_headers: field("SignedHeaders")?,
            signature: field("Signature")?,
        };
        (scope.next() == Some("aws4_request") && scope.next().is_none()).then_some(claim)
    }

    fn sign(&self, secret: &str, time: &str, canonical: &str) -> String {
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let text = format!("{ALGORITHM}\n{time}\n{scope}\n{}", sha256(canonical.as_bytes()));
        let parts = [self.date, self.region, self.service, "aws4_request"];
        let key = parts
            .iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part.as_bytes()));
        hex::encode(mac(&key, text.as_bytes()))
    }
}

fn canonical_request(
    visitor: &Visitor<'_>,
    claim: &Claim<'_>,
    signed: &[&str],
) -> Result<String, Complaint> {
    let path: Vec<String> = visitor.full_path.split('/').map(encode).collect();
    let mut query: Vec<(&str, &str)> = visitor
        .query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    query.sort_unstable();
    let query: Vec<String> = query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let headers: String = signed
        .iter()
        .map(|name| format!("{name}:{}\n", canonical_value(visitor.headers, name)))
        .collect();
    let body = sha256(visitor.body);
    let payload = match text(visitor.headers, "x-amz-content-sha256") {
        Some("UNSIGNED-PAYLOAD") => "UNSIGNED-PAYLOAD",
        Some(announced) if announced != body => {
            return Err(mismatch(
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            ));
        }
        Some(_) | None => &body,
    };
    Ok(format!(
        "{}\n{}\n{}\n{headers}\n{}\n{payload}",
        visitor.method,
        path.join("/"),
        query.join("&"),
        claim.signed_headers
    ))
}

/// All values of a header, each without needless blanks.
fn canonical_value(headers: &HeaderMap, name: &str) -> String {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let values: Vec<String> =
        values.map(|value| value.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    values.join(",")
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text).as_ref().to_vec()
}

fn incomplete() -> Complaint {
    Complaint {
        status: 400,
        ..denied(
            "IncompleteSignatureException",
            "Authorization header requires 'Credential', 'Signature', 'SignedHeaders' and either \
             an 'X-Amz-Date' or a 'Date' header.",
        )
    }
}

fn mismatch(text: impl Into<String>) -> Complaint {
    denied("InvalidSignatureException", text)
}

fn unknown_token() -> Complaint {
    let text = "The security token included in the request is invalid.";
    denied("UnrecognizedClientException", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example_of_aws_is_signed_as_published() {
        // AWS, "Examples of how to derive a signing key for Signature Version 4" and the IAM
        // ListUsers request of the general reference.
        let claim = Claim {
            access_key_id: "AKIDEXAMPLE",
            date: "20150830",
            region: "us-east-1",
            service: "iam",
            signed_headers: "content-type;host;x-amz-date",
            signature: "",
        };
        let canonical = "GET\n/\nAction=ListUsers&Version=2010-05-08\n\
            content-type:application/x-www-form-urlencoded; charset=utf-8\n\
            host:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n\n\
            content-type;host;x-amz-date\n\
            e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        assert_eq!(
            claim.sign(secret, "20150830T123600Z", canonical),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    #[test]
    fn a_claim_is_read_with_and_without_blanks() {
        let text = "AWS4-HMAC-SHA256 Credential=AK/20150830/us-east-1/bedrock/aws4_request, \
                    SignedHeaders=host;x-amz-date,Signature=abc";
        let claim = Claim::read(text).unwrap();
        assert_eq!((claim.access_key_id, claim.region), ("AK", "us-east-1"));
        assert_eq!((claim.signed_headers, claim.signature), ("host;x-amz-date", "abc"));
        assert!(Claim::read("AWS4-HMAC-SHA256 Credential=AK/1").is_none());
    }
}
