//! What an endpoint proves itself with.

use std::fmt;

use secrecy::SecretString;

/// What an endpoint proves itself with. Never shown (AUD-4).
#[derive(Clone)]
pub enum Credential {
    /// A key that an operator holds.
    Secret(SecretString),
    /// A token that an identity provider granted for a while, sent as a bearer, and only to whom it
    /// was issued for.
    Token(Issuer, SecretString),
    /// AWS keys, which sign each call.
    Aws(AwsKeys),
}

/// Who granted a token, and so whose services it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issuer {
    /// Google, for Google Cloud.
    Google,
    /// Microsoft Entra, for Azure.
    Entra,
}

/// AWS keys.
#[derive(Clone)]
pub struct AwsKeys {
    /// The access key id; not a secret, and yet nobody's business.
    pub id: String,
    /// The secret access key.
    pub secret: SecretString,
    /// The session token of keys that were granted for a while.
    pub session: Option<SecretString>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret",
            Self::Token(..) => "Token",
            Self::Aws(_) => "Aws",
        })
    }
}

impl fmt::Debug for AwsKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwsKeys")
    }
}
