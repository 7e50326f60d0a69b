//! The shape of a key and the hash of its secret.
//!
//! `isb_<environment>_<id>_<secret>`: a fixed prefix that secret scanners find, the environment
//! for people, the public id for records, and 32 random bytes in hexadecimal. The hash is plain
//! SHA-256: the secret has 256 random bits, so there is nothing to guess and no reason for a slow
//! hash on the request path.

use std::{fmt, str::FromStr};

use aws_lc_rs::{constant_time, digest};

/// What every key starts with.
pub const KEY_PREFIX: &str = "isb_";

/// The longest key that is looked at, in bytes: prefix, environment, an id of 64, a secret of 64,
/// with room. A longer text is an unknown key.
const KEY_LENGTH_MAX: usize = 256;

/// The SHA-256 of a key's secret part.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash([u8; 32]);

/// Why a text is not the hash of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not the SHA-256 of a key's secret: it is 64 hexadecimal digits, as `printf %s SECRET | sha256sum` prints them"
)]
pub struct SecretHashError;

impl SecretHash {
    /// The hash that no secret has been found for: what an unknown key is compared with.
    pub(crate) const NOBODY: Self = Self([0; 32]);

    /// The hash of a secret.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        let mut hash = [0; 32];
        let whole = digest::digest(&digest::SHA256, secret.as_bytes());
        for (to, from) in hash.iter_mut().zip(whole.as_ref()) {
            *to = *from;
        }
        Self(hash)
    }

    /// Whether two hashes are equal, in constant time.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl FromStr for SecretHash {
    type Err = SecretHashError;
    fn from_str(text: &str) -> Result<Self, SecretHashError> {
        let mut hash = [0; 32];
        hex::decode_to_slice(text, &mut hash).map_err(|_| SecretHashError)?;
        Ok(Self(hash))
    }
}

impl fmt::Display for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

/// Makes a key from 32 random bytes: the key, which is shown once and kept nowhere, and the hash
/// of its secret in hexadecimal, which goes into the bundle. `env` is one word without `_`.
#[must_use]
pub fn mint(env: &str, id: &str, random: [u8; 32]) -> (String, String) {
    let secret = hex::encode(random);
    let hash = SecretHash::of(&secret).to_string();
    (format!("{KEY_PREFIX}{env}_{id}_{secret}"), hash)
}

/// Takes a presented key apart: `(id, secret)`. An id may hold `_`, a secret may not.
pub(crate) fn take_apart(presented: &str) -> Option<(&str, &str)> {
    let rest = presented.strip_prefix(KEY_PREFIX).filter(|_| presented.len() <= KEY_LENGTH_MAX)?;
    let (_environment, rest) = rest.split_once('_')?;
    rest.rsplit_once('_').filter(|(id, secret)| !id.is_empty() && !secret.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_key_comes_apart_into_the_parts_it_was_made_of() {
        let (key, hash) = mint("test", "acme_strict.1", [0xab; 32]);
        let (id, secret) = take_apart(&key).unwrap();
        assert_eq!(id, "acme_strict.1");
        assert_eq!(secret, "ab".repeat(32));
        assert!(SecretHash::of(secret).matches(&hash.parse().unwrap()));
    }

    #[test]
    fn texts_that_are_not_keys_have_no_parts() {
        for text in ["", "isb_", "isb_test", "isb_test_id", "isb_test__x", "isb_test_id_", "sk-123"]
        {
            assert_eq!(take_apart(text), None, "{text}");
        }
        assert_eq!(take_apart(&format!("isb_test_id_{}", "a".repeat(300))), None);
    }

    #[test]
    fn a_hash_is_64_hexadecimal_digits_and_does_not_show_itself() {
        assert!("zz".repeat(32).parse::<SecretHash>().is_err());
        assert!("ab".repeat(31).parse::<SecretHash>().is_err());
        // FIPS 180-4: SHA-256 of the empty text.
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(SecretHash::of("").to_string(), empty);
        assert_eq!(format!("{:?}", SecretHash::of("")), "SecretHash(..)");
    }
}
