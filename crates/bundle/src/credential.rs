//! Where an endpoint's credential comes from. The bundle never holds one (I3).

use std::path::{Path, PathBuf};

use provider::{AwsKeys, Base, Credential, Issuer};

/// Where a credential comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialSource {
    /// A key that is sent as it is.
    Secret(SecretSource),
    /// An AWS access key.
    Aws {
        /// Its id.
        access_key_id: SecretSource,
        /// Its secret.
        secret_access_key: SecretSource,
        /// Its session token, if it is temporary.
        session_token: Option<SecretSource>,
    },
    /// An AWS role, for a token of the cluster. What is not said is taken from the environment, as
    /// EKS sets it.
    AwsWebIdentity {
        /// The role; else `AWS_ROLE_ARN`.
        role_arn: Option<String>,
        /// The token's file; else `AWS_WEB_IDENTITY_TOKEN_FILE`.
        token: Option<SecretSource>,
        /// Else `AWS_ROLE_SESSION_NAME`, else the endpoint's name.
        session_name: Option<String>,
        /// The AWS region whose STS is asked; else the endpoint's own `aws_region`, else
        /// `AWS_DEFAULT_REGION` or `AWS_REGION`.
        region: Option<String>,
        /// Where STS is, if not at its usual address.
        sts_url: Option<Base>,
    },
    /// The AWS role of the container or machine.
    AwsInstance {
        /// Where the instance metadata service is, if not at its usual address.
        metadata_url: Option<Base>,
    },
    /// A Google service account's key.
    GoogleServiceAccount {
        /// The key, in JSON.
        key: SecretSource,
        /// Where tokens are asked for, if not where the key says.
        token_url: Option<Base>,
    },
    /// The Google service account of the machine or pod.
    GoogleMetadata {
        /// Where the metadata server is, if not at its usual address.
        metadata_url: Option<Base>,
    },
    /// An application registered with Microsoft Entra, by its secret.
    AzureClient {
        /// Which application, and where tokens are asked for.
        app: AzureSource,
        /// Its secret.
        secret: SecretSource,
    },
    /// An application registered with Microsoft Entra, by a token of the cluster. What is not said
    /// is taken from the environment, as AKS sets it.
    AzureFederated {
        /// Which application, and where tokens are asked for.
        app: AzureSource,
        /// The token's file; else `AZURE_FEDERATED_TOKEN_FILE`.
        token: Option<SecretSource>,
    },
}

/// An application registered with Microsoft Entra.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureSource {
    /// The directory; else `AZURE_TENANT_ID`.
    pub tenant: Option<String>,
    /// The application; else `AZURE_CLIENT_ID`.
    pub client_id: Option<String>,
    /// Where tokens are asked for; else `AZURE_AUTHORITY_HOST`, else the public cloud's address.
    pub authority_url: Option<Base>,
    /// What the token is for, if not Azure OpenAI in the public cloud.
    pub scope: Option<String>,
}

/// Where a secret is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// In an environment variable of the gateway.
    Env(String),
    /// In a file; a relative path is taken from the bundle's directory.
    File(PathBuf),
}

impl CredentialSource {
    /// Its name under `credential`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Secret(SecretSource::Env(_)) => "env",
            Self::Secret(SecretSource::File(_)) => "file",
            Self::Aws { .. } => "aws",
            Self::AwsWebIdentity { .. } => "aws_web_identity",
            Self::AwsInstance { .. } => "aws_instance",
            Self::GoogleServiceAccount { .. } => "google_service_account",
            Self::GoogleMetadata { .. } => "google_metadata",
            Self::AzureClient { .. } => "azure_client",
            Self::AzureFederated { .. } => "azure_federated",
        }
    }

    /// A credential of the kind that this one leads to, to ask a provider whether it takes it.
    pub(crate) fn placeholder(&self) -> Credential {
        let text = || "placeholder".to_owned();
        match self {
            Self::Secret(_) => Credential::Secret(text().into()),
            Self::Aws { .. } | Self::AwsWebIdentity { .. } | Self::AwsInstance { .. } => {
                Credential::Aws(AwsKeys { id: text(), secret: text().into(), session: None })
            }
            Self::GoogleServiceAccount { .. } | Self::GoogleMetadata { .. } => {
                Credential::Token(Issuer::Google, text().into())
            }
            Self::AzureClient { .. } | Self::AzureFederated { .. } => {
                Credential::Token(Issuer::Entra, text().into())
            }
        }
    }

    /// Takes relative paths from `dir`.
    pub(crate) fn take_from(&mut self, dir: &Path) {
        for source in self.secrets_mut() {
            if let SecretSource::File(path) = source {
                *path = dir.join(&*path);
            }
        }
    }

    fn secrets_mut(&mut self) -> Vec<&mut SecretSource> {
        match self {
            Self::Secret(secret)
            | Self::GoogleServiceAccount { key: secret, .. }
            | Self::AzureClient { secret, .. } => vec![secret],
            Self::Aws { access_key_id, secret_access_key, session_token } => {
                [access_key_id, secret_access_key].into_iter().chain(session_token).collect()
            }
            Self::AwsWebIdentity { token, .. } | Self::AzureFederated { token, .. } => {
                token.iter_mut().collect()
            }
            Self::AwsInstance { .. } | Self::GoogleMetadata { .. } => Vec::new(),
        }
    }
}
