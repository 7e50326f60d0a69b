//! The AWS role of a container: ECS tasks and EKS pods with Pod Identity.
//!
//! The address and an authorization token are in the container's environment. Since the token is
//! sent there, the address must be the machine's own, one of the two link-local services, or https;
//! this is the AWS SDKs' rule too.

use http::{HeaderValue, Method, Uri, header};
use secrecy::{ExposeSecret, SecretString};
use vocab::HttpCall;

use super::{
    AuthError,
    encode::{bare, sensitive},
};
use crate::base::is_loopback;

/// The address of ECS, under which relative paths lie.
const ECS: &str = "http://169.254.170.2";

/// Link-local addresses of ECS and of EKS Pod Identity, besides loopback ones.
const HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The AWS role of the container.
#[derive(Debug, Clone)]
pub struct AwsContainer {
    uri: Uri,
    authorization: Option<SecretString>,
}

impl AwsContainer {
    /// From `AWS_CONTAINER_CREDENTIALS_FULL_URI`, and `AWS_CONTAINER_AUTHORIZATION_TOKEN` or the
    /// file that `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` names.
    ///
    /// # Errors
    /// [`AuthError::Input`] when the address is none that may be trusted with the token.
    pub fn full(uri: &str, authorization: Option<SecretString>) -> Result<Self, AuthError> {
        let what = "address of the container's credentials";
        let remedy = "it must be http or https with a host";
        let uri: Uri = uri.parse().map_err(|_| AuthError::Input { what, remedy })?;
        let host = uri.host().unwrap_or_default();
        let trusted = match uri.scheme_str() {
            Some("https") => !host.is_empty(),
            Some("http") => HOSTS.contains(&host) || is_loopback(host),
            _ => return Err(AuthError::Input { what, remedy }),
        };
        if !trusted {
            let remedy = "over http only this machine and the addresses of ECS and EKS are trusted; use https";
            return Err(AuthError::Input { what, remedy });
        }
        Ok(Self { uri, authorization })
    }

    /// From `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, under the address of ECS.
    ///
    /// # Errors
    /// [`AuthError::Input`] when it is not a path.
    pub fn relative(path: &str, authorization: Option<SecretString>) -> Result<Self, AuthError> {
        if !path.starts_with('/') {
            let what = "path of the container's credentials";
            return Err(AuthError::Input { what, remedy: "it must start with `/`" });
        }
        Self::full(&format!("{ECS}{path}"), authorization)
    }

    pub(super) fn call(&self) -> Result<HttpCall, AuthError> {
        let mut call = bare(Method::GET, self.uri.clone());
        call.headers.insert(header::ACCEPT, JSON);
        if let Some(token) = &self.authorization {
            // The token is the whole value; it has no scheme.
            let value = sensitive(token.expose_secret(), "container authorization token")?;
            call.headers.insert(header::AUTHORIZATION, value);
        }
        Ok(call)
    }
}
