//! JSON Web Tokens, read and not verified: that one has the right shape and has not run out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// Shorter than this is no RSA signature.
const RSA_BYTES_LEAST: usize = 256;

#[derive(Debug)]
pub(super) struct Jwt {
    pub(super) header: Value,
    pub(super) claims: Value,
    signature: Vec<u8>,
}

impl Jwt {
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let header = serde_json::from_slice(&parts.next()??).ok()?;
        let claims = serde_json::from_slice(&parts.next()??).ok()?;
        let signature = parts.next()??;
        let whole = parts.next().is_none() && !signature.is_empty();
        whole.then_some(Self { header, claims, signature })
    }

    pub(super) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    pub(super) fn seconds(&self, claim: &str) -> Option<u64> {
        self.claims.get(claim)?.as_u64()
    }

    /// Whether it claims to be signed with RSA and SHA-256, and could be.
    pub(super) fn is_rs256(&self) -> bool {
        let algorithm = self.header.get("alg").and_then(Value::as_str);
        algorithm == Some("RS256") && self.signature.len() >= RSA_BYTES_LEAST
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token(header: &Value, signature: &[u8]) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({"iss": "me", "exp": 9});
        format!("{}.{}.{}", part(header), part(&claims), URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn three_parts_are_read() {
        let jwt = Jwt::read(&token(&json!({"alg": "RS256"}), &[7; 256])).unwrap();
        assert_eq!(
            (jwt.text("iss"), jwt.seconds("exp"), jwt.is_rs256()),
            (Some("me"), Some(9), true)
        );
    }

    #[test]
    fn what_cannot_be_signed_is_told() {
        let short = Jwt::read(&token(&json!({"alg": "RS256"}), &[7; 32])).unwrap();
        let other = Jwt::read(&token(&json!({"alg": "HS256"}), &[7; 256])).unwrap();
        assert!(!short.is_rs256() && !other.is_rs256());
        assert!(Jwt::read(&token(&json!({}), &[])).is_none());
        assert!(Jwt::read("a.b").is_none() && Jwt::read("").is_none());
    }
}
