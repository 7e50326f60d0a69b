//! An application registered with Microsoft Entra: its secret, or a token that a cluster issued, is
//! exchanged for an access token.

use secrecy::{ExposeSecret, SecretString};
use vocab::HttpCall;

use super::{
    AuthError,
    encode::{address, form},
    error::{plain, sendable},
};
use crate::Base;

const USUAL: &str = "https://login.microsoftonline.com";

/// The scope that Azure OpenAI asks for.
const SCOPE: &str = "https://cognitiveservices.azure.com/.default";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An application registered with Microsoft Entra.
#[derive(Debug, Clone)]
pub struct AzureApp {
    /// The directory: its id or one of its domains.
    pub tenant: String,
    /// The application's id.
    pub client_id: String,
    /// How it proves itself.
    pub proof: AzureProof,
    /// Where tokens are asked for, if not at the public cloud's address.
    pub authority: Option<Base>,
    /// What the token is for, if not Azure OpenAI in the public cloud.
    pub scope: Option<String>,
}

/// How an application proves itself.
#[derive(Debug, Clone)]
pub enum AzureProof {
    /// By its secret.
    Secret(SecretString),
    /// By a token that the application's federated credential trusts, as its file holds it.
    Federated(SecretString),
}

impl AzureApp {
    pub(super) const fn kind(&self) -> &'static str {
        match self.proof {
            AzureProof::Secret(_) => "azure_client",
            AzureProof::Federated(_) => "azure_federated",
        }
    }

    pub(super) fn call(&self) -> Result<HttpCall, AuthError> {
        // Both become part of an address or of a directory's look-up.
        plain(&self.tenant, ".-", "tenant", "write the directory's id or one of its domains")?;
        plain(&self.client_id, ".-", "client id", "write the application's id")?;
        let path = format!("/{}/oauth2/v2.0/token", self.tenant);
        let uri = address(self.authority.as_ref(), USUAL, &path, "authority")?;
        let scope = self.scope.as_deref().unwrap_or(SCOPE);
        let mut fields = vec![
            ("grant_type", "client_credentials"),
            ("client_id", self.client_id.as_str()),
            ("scope", scope),
        ];
        match &self.proof {
            AzureProof::Secret(secret) => {
                let secret = secret.expose_secret();
                sendable(secret, "client secret")?;
                fields.push(("client_secret", secret));
            }
            AzureProof::Federated(token) => {
                let token = token.expose_secret();
                sendable(token, "federated token")?;
                fields.push(("client_assertion_type", ASSERTION_TYPE));
                fields.push(("client_assertion", token));
            }
        }
        Ok(form(uri, &fields))
    }
}
