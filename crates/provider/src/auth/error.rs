//! Why there is no secret, with the step that failed and what to do about it.

use std::fmt;

use vocab::Timestamp;

/// Why there is no secret. Never quotes one (AUD-4).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// What is configured cannot be used; nothing was sent.
    #[error("the {what} cannot be used: {remedy}")]
    Input {
        /// What it is.
        what: &'static str,
        /// What to write or do instead.
        remedy: &'static str,
    },
    /// The server knows the request and says no. The same request gets the same answer.
    #[error("{step} was refused with status {status}{}: {remedy}", shown(.code))]
    Refused {
        /// The step.
        step: AuthStep,
        /// The status.
        status: u16,
        /// The server's code for it, if it has one made of letters.
        code: Option<String>,
        /// What to do.
        remedy: &'static str,
    },
    /// The server cannot answer now; trying again helps.
    #[error("{step} is not available now, status {status}{}: it is tried again", shown(.code))]
    Unavailable {
        /// The step.
        step: AuthStep,
        /// The status.
        status: u16,
        /// The server's code for it, if it has one made of letters.
        code: Option<String>,
    },
    /// The reply is not what the API promises.
    #[error(
        "{step} answered without a usable `{field}`: is something else listening at its address?"
    )]
    Unreadable {
        /// The step.
        step: AuthStep,
        /// What is missing or malformed.
        field: &'static str,
    },
    /// What was granted is of no use any more.
    #[error("{step} granted what expired at {expired}: compare this machine's clock")]
    Stale {
        /// The step.
        step: AuthStep,
        /// When.
        expired: Timestamp,
    },
}

impl AuthError {
    /// Whether trying again can help although nobody changes anything.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Input { .. }
            | Self::Refused { .. }
            | Self::Unreadable { .. }
            | Self::Stale { .. } => false,
        }
    }
}

/// The calls there are on the way to a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthStep {
    /// STS `AssumeRoleWithWebIdentity`.
    WebIdentity,
    /// The container's credentials endpoint.
    ContainerKeys,
    /// The instance metadata service's session (IMDSv2).
    InstanceSession,
    /// The instance metadata service's role.
    InstanceRole,
    /// The instance metadata service's keys of that role.
    InstanceKeys,
    /// Google's token endpoint.
    GoogleToken,
    /// Google's metadata server.
    GoogleMetadata,
    /// Microsoft Entra's token endpoint.
    AzureToken,
}

impl AuthStep {
    /// What it is called in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WebIdentity => "AWS STS `AssumeRoleWithWebIdentity`",
            Self::ContainerKeys => "the AWS container credentials endpoint",
            Self::InstanceSession => "the session of the AWS instance metadata service",
            Self::InstanceRole => "the role of this AWS instance",
            Self::InstanceKeys => "the keys of this AWS instance's role",
            Self::GoogleToken => "Google's token endpoint",
            Self::GoogleMetadata => "the Google metadata server",
            Self::AzureToken => "the Microsoft Entra token endpoint",
        }
    }

    /// What to do when the server says no, by its code where that tells more.
    pub(super) fn remedy(self, code: Option<&str>) -> &'static str {
        match self {
            Self::WebIdentity => match code.unwrap_or_default() {
                "ExpiredTokenException" | "ExpiredToken" => {
                    "the token in `token_file` has expired; does the cluster still renew that file?"
                }
                "InvalidIdentityToken" | "InvalidIdentityTokenException" => {
                    "the account has no OIDC provider for the token's issuer and audience; create one in IAM"
                }
                "AccessDenied" | "AccessDeniedException" => {
                    "the role's trust policy must allow `sts:AssumeRoleWithWebIdentity` for this token's subject"
                }
                "RegionDisabledException" => "activate STS for that region in the account",
                _ => "check `role_arn`, `region` and the role's trust policy",
            },
            Self::ContainerKeys => {
                "check that the task or pod has a role, and that the authorization token is current"
            }
            Self::InstanceSession => {
                "let the instance serve IMDSv2; in a container its hop limit must be 2"
            }
            Self::InstanceRole | Self::InstanceKeys => {
                "attach an instance profile with a role to the instance"
            }
            Self::GoogleToken => match code.unwrap_or_default() {
                "invalid_grant" => {
                    "the key was deleted or disabled, or this machine's clock is wrong; create a new key for the service account"
                }
                _ => "check that the service account exists and is enabled",
            },
            Self::GoogleMetadata => "attach a service account with the scope `cloud-platform`",
            Self::AzureToken => match code.unwrap_or_default() {
                "invalid_client" => {
                    "the secret or federated token is wrong or has expired; for a token, compare issuer, subject and audience with the application's federated credential"
                }
                "unauthorized_client" => {
                    "register the application in that tenant: check `client_id`"
                }
                "invalid_scope" => "correct `scope`; it ends in `/.default`",
                _ => "check `tenant`, `client_id` and the authority",
            },
        }
    }
}

impl fmt::Display for AuthStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn shown(code: &Option<String>) -> String {
    code.as_ref().map(|code| format!(" `{code}`")).unwrap_or_default()
}

/// Whether a text can be sent in a header: printable ASCII, not empty.
pub(super) fn sendable(text: &str, what: &'static str) -> Result<(), AuthError> {
    if !text.is_empty() && text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Ok(());
    }
    let remedy = "it is empty or has a line break or another character outside printable ASCII";
    Err(AuthError::Input { what, remedy })
}

/// Whether a text is a name of letters, digits and `also`.
pub(super) fn plain(
    text: &str,
    also: &str,
    what: &'static str,
    remedy: &'static str,
) -> Result<(), AuthError> {
    let fit = |c: char| c.is_ascii_alphanumeric() || also.contains(c);
    if !text.is_empty() && text.len() <= 2_048 && text.chars().all(fit) {
        return Ok(());
    }
    Err(AuthError::Input { what, remedy })
}
