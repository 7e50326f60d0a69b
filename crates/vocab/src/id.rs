//! Names of things, each its own type, so that a region cannot be passed where a route is meant.
//!
//! An [`Id`] is shared text: cloning one costs a counter, so a request can carry many.

use std::{fmt, hash, marker::PhantomData, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest id, in bytes.
pub const LENGTH_MAX: usize = 64;

/// A name of one kind of thing: `[A-Za-z0-9][A-Za-z0-9._-]*`, at most [`LENGTH_MAX`] bytes.
pub struct Id<K> {
    text: Arc<str>,
    kind: PhantomData<fn() -> K>,
}

/// What a kind of id is called in messages.
pub trait Kind {
    /// The noun, e.g. `region`.
    const NOUN: &'static str;
}

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a valid {noun} name: use 1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit"
)]
pub struct IdError {
    noun: &'static str,
    text: String,
}

impl<K: Kind> Id<K> {
    /// Reads a name.
    ///
    /// # Errors
    /// [`IdError`] when it is empty, too long, or has a character outside the alphabet.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let alphabet = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let head = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if head && text.len() <= LENGTH_MAX && text.bytes().all(alphabet) {
            return Ok(Self { text: Arc::from(text), kind: PhantomData });
        }
        let shown = text.chars().take(LENGTH_MAX).collect();
        Err(IdError { noun: K::NOUN, text: shown })
    }
}

impl<K> Id<K> {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        Self { text: Arc::clone(&self.text), kind: PhantomData }
    }
}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl<K> hash::Hash for Id<K> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

// Maps keyed by ids can be asked with plain text.
impl<K> std::borrow::Borrow<str> for Id<K> {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<K: Kind> std::str::FromStr for Id<K> {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// Marker types: what an [`Id`] names.
pub mod kind {
    use super::Kind;

    /// Names a region.
    pub enum Region {}
    /// Names a jurisdiction.
    pub enum Jurisdiction {}
    /// Names an endpoint.
    pub enum Endpoint {}
    /// Names a logical model.
    pub enum Model {}
    /// Names a route.
    pub enum Route {}
    /// Names a certificate.
    pub enum Certificate {}
    /// Names a workload.
    pub enum Workload {}
    /// Names a tenant.
    pub enum Tenant {}
    /// Names a caller's credential.
    pub enum Credential {}
    /// Names a transfer mechanism.
    pub enum Mechanism {}

    impl Kind for Region {
        const NOUN: &'static str = "region";
    }
    impl Kind for Jurisdiction {
        const NOUN: &'static str = "jurisdiction";
    }
    impl Kind for Endpoint {
        const NOUN: &'static str = "endpoint";
    }
    impl Kind for Model {
        const NOUN: &'static str = "model";
    }
    impl Kind for Route {
        const NOUN: &'static str = "route";
    }
    impl Kind for Certificate {
        const NOUN: &'static str = "certificate";
    }
    impl Kind for Workload {
        const NOUN: &'static str = "workload";
    }
    impl Kind for Tenant {
        const NOUN: &'static str = "tenant";
    }
    impl Kind for Credential {
        const NOUN: &'static str = "credential";
    }
    impl Kind for Mechanism {
        const NOUN: &'static str = "transfer mechanism";
    }
}

/// A place with its own full gateway, e.g. `eu-west`.
pub type RegionId = Id<kind::Region>;
/// A legal area, e.g. `EU`.
pub type JurisdictionId = Id<kind::Jurisdiction>;
/// One deployment of a provider in one region, e.g. `openai-eu-west`.
pub type EndpointId = Id<kind::Endpoint>;
/// A logical model, the name applications use, e.g. `chat-large`.
pub type ModelId = Id<kind::Model>;
/// A logical model served by one endpoint under one upstream model name.
pub type RouteId = Id<kind::Route>;
/// The signed statement of which controls a route keeps.
pub type CertificateId = Id<kind::Certificate>;
/// A class of use with its required controls, e.g. `support-assistant`.
pub type WorkloadId = Id<kind::Workload>;
/// An organisation or unit that is billed and isolated as one.
pub type TenantId = Id<kind::Tenant>;
/// The public part of a caller's key; never the secret.
pub type CredentialId = Id<kind::Credential>;
/// A recorded ground for moving data across a border, e.g. `eu-us-dpf`.
pub type MechanismId = Id<kind::Mechanism>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_text_and_a_bad_one_is_named() {
        assert_eq!(RegionId::parse("eu-west").unwrap().as_str(), "eu-west");
        for bad in ["", "-x", "a b", "a/b", "ü", &"x".repeat(65)] {
            let error = RegionId::parse(bad).unwrap_err().to_string();
            assert!(error.contains("region name"), "{error}");
        }
    }
}
