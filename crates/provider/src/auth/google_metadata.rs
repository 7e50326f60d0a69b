//! The Google service account of the machine (Compute Engine) or pod (GKE workload identity).

use http::{HeaderName, HeaderValue, Method};
use vocab::HttpCall;

use super::{
    AuthError,
    encode::{address, bare},
};
use crate::Base;

const USUAL: &str = "http://metadata.google.internal";
const PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/token";

// Without it the server refuses, so that a forged request, which cannot set headers, gets nothing.
const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");
const GOOGLE: HeaderValue = HeaderValue::from_static("Google");

/// The Google service account of the machine or pod.
#[derive(Debug, Clone, Default)]
pub struct GoogleMetadata {
    /// Where the metadata server is, if not at its usual address.
    pub metadata: Option<Base>,
}

impl GoogleMetadata {
    pub(super) fn call(&self) -> Result<HttpCall, AuthError> {
        let what = "address of the metadata server";
        let uri = address(self.metadata.as_ref(), USUAL, PATH, what)?;
        let mut call = bare(Method::GET, uri);
        call.headers.insert(FLAVOR, GOOGLE);
        Ok(call)
    }
}
