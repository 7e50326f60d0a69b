//! From what the bundle says about a credential to what it takes to come by it: files and
//! environment are read here.

use std::{
    cell::RefCell,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use bundle::{AzureSource, CredentialSource, SecretSource};
use provider::{
    AwsKeys, Base, Settings,
    auth::{
        Auth, AuthError, AwsContainer, AwsInstance, AwsWebIdentity, AzureApp, AzureProof,
        GoogleAccount, GoogleMetadata,
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use vocab::EndpointId;

use super::{CredentialError, Secrets};

/// The longest session name that AWS takes.
const SESSION_NAME_MAX: usize = 64;

/// What was found, and a fingerprint of all that was read for it: another fingerprint means that
/// somebody changed a file.
pub(super) struct Resolved {
    pub(super) auth: Result<Auth, CredentialError>,
    pub(super) fingerprint: u64,
}

/// Reads what it takes.
pub(super) fn resolve(
    endpoint: &EndpointId,
    settings: &Settings,
    source: &CredentialSource,
    secrets: &dyn Secrets,
) -> Resolved {
    let aws_region = settings.get("aws_region");
    let reading = Reading { secrets, aws_region, seen: RefCell::default() };
    let auth = reading.auth(endpoint, source);
    let fingerprint = reading.seen.into_inner().finish();
    Resolved { auth, fingerprint }
}

/// Reads, and remembers by a hash what it read.
struct Reading<'a> {
    secrets: &'a dyn Secrets,
    /// The one that the endpoint calls, if it is AWS's.
    aws_region: Option<&'a str>,
    seen: RefCell<DefaultHasher>,
}

impl Reading<'_> {
    fn auth(
        &self,
        endpoint: &EndpointId,
        source: &CredentialSource,
    ) -> Result<Auth, CredentialError> {
        Ok(match source {
            CredentialSource::Secret(secret) => Auth::Static(self.secret(secret)?),
            CredentialSource::Aws { access_key_id, secret_access_key, session_token } => {
                Auth::AwsKeys(AwsKeys {
                    id: self.secret(access_key_id)?.expose_secret().to_owned(),
                    secret: self.secret(secret_access_key)?,
                    session: session_token.as_ref().map(|token| self.secret(token)).transpose()?,
                })
            }
            CredentialSource::AwsWebIdentity { role_arn, token, session_name, region, sts_url } => {
                let own = || format!("isobar-{endpoint}").chars().take(SESSION_NAME_MAX).collect();
                let named = || self.variable("AWS_ROLE_SESSION_NAME");
                Auth::AwsWebIdentity(AwsWebIdentity {
                    role_arn: self.said(role_arn.as_ref(), "role_arn", "AWS_ROLE_ARN")?,
                    token: self.token(token.as_ref(), "AWS_WEB_IDENTITY_TOKEN_FILE")?,
                    session_name: session_name.clone().or_else(named).unwrap_or_else(own),
                    region: self.aws_region(region.as_ref())?,
                    sts: sts_url.clone(),
                })
            }
            CredentialSource::AwsInstance { metadata_url } => {
                self.aws_role(metadata_url.as_ref())?
            }
            CredentialSource::GoogleServiceAccount { key, token_url } => {
                let key = self.secret(key)?;
                let account = GoogleAccount::from_json(key.expose_secret(), token_url.clone());
                Auth::GoogleAccount(Box::new(account.map_err(CredentialError::Auth)?))
            }
            CredentialSource::GoogleMetadata { metadata_url } => {
                Auth::GoogleMetadata(GoogleMetadata { metadata: metadata_url.clone() })
            }
            CredentialSource::AzureClient { app, secret } => {
                let proof = AzureProof::Secret(self.secret(secret)?);
                Auth::AzureApp(self.azure(app, proof)?)
            }
            CredentialSource::AzureFederated { app, token } => {
                let token = self.token(token.as_ref(), "AZURE_FEDERATED_TOKEN_FILE")?;
                Auth::AzureApp(self.azure(app, AzureProof::Federated(token))?)
            }
        })
    }

    fn secret(&self, source: &SecretSource) -> Result<SecretString, CredentialError> {
        let secret = self.secrets.read(source).map_err(CredentialError::Secret)?;
        secret.expose_secret().hash(&mut *self.seen.borrow_mut());
        Ok(secret)
    }

    fn variable(&self, name: &str) -> Option<String> {
        let value = self.secrets.variable(name);
        value.hash(&mut *self.seen.borrow_mut());
        value
    }

    fn said(
        &self,
        said: Option<&String>,
        field: &'static str,
        variable: &'static str,
    ) -> Result<String, CredentialError> {
        let found = said.cloned().or_else(|| self.variable(variable));
        found.ok_or(CredentialError::Unsaid { field, variable })
    }

    /// A token that a cluster writes into a file and renews there.
    fn token(
        &self,
        said: Option<&SecretSource>,
        variable: &'static str,
    ) -> Result<SecretString, CredentialError> {
        let named = || self.variable(variable).map(|path| SecretSource::File(path.into()));
        match said.cloned().or_else(named) {
            Some(source) => self.secret(&source),
            None => Err(CredentialError::Unsaid { field: "token_file", variable }),
        }
    }

    fn aws_region(&self, said: Option<&String>) -> Result<String, CredentialError> {
        let own = said.cloned().or_else(|| self.aws_region.map(str::to_owned));
        let own = own.or_else(|| self.variable("AWS_DEFAULT_REGION"));
        self.said(own.as_ref(), "region", "AWS_REGION")
    }

    /// The role of the container, if its environment has one; else of the machine.
    fn aws_role(&self, metadata: Option<&Base>) -> Result<Auth, CredentialError> {
        let instance = AwsInstance { metadata: metadata.cloned() };
        let relative = self.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        let full = self.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
        let build: fn(&str, Option<SecretString>) -> Result<AwsContainer, AuthError> =
            if relative.is_some() { AwsContainer::relative } else { AwsContainer::full };
        let Some(place) = relative.or(full).filter(|_| metadata.is_none()) else {
            return Ok(Auth::AwsInstance(instance));
        };
        let file = self.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
        let authorization = match file {
            Some(path) => Some(self.secret(&SecretSource::File(path.into()))?),
            None => self.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(SecretString::from),
        };
        build(&place, authorization).map(Auth::AwsContainer).map_err(CredentialError::Auth)
    }

    fn azure(&self, app: &AzureSource, proof: AzureProof) -> Result<AzureApp, CredentialError> {
        let authority = match &app.authority_url {
            Some(url) => Some(url.clone()),
            None => self.variable("AZURE_AUTHORITY_HOST").map(|url| authority(&url)).transpose()?,
        };
        Ok(AzureApp {
            tenant: self.said(app.tenant.as_ref(), "tenant", "AZURE_TENANT_ID")?,
            client_id: self.said(app.client_id.as_ref(), "client_id", "AZURE_CLIENT_ID")?,
            proof,
            authority,
            scope: app.scope.clone(),
        })
    }
}

fn authority(url: &str) -> Result<Base, CredentialError> {
    Base::parse(url, "https://login.microsoftonline.com").map_err(|_| {
        CredentialError::Auth(AuthError::Input {
            what: "value of `AZURE_AUTHORITY_HOST`",
            remedy: "it is not an address, e.g. `https://login.microsoftonline.com`",
        })
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, path::Path};

    use super::{super::SecretsError, *};

    /// Variables and files by name.
    struct Process(HashMap<&'static str, &'static str>);

    impl Secrets for Process {
        fn read(&self, source: &SecretSource) -> Result<SecretString, SecretsError> {
            let name = match source {
                SecretSource::Env(name) => name.as_str(),
                SecretSource::File(path) => path.to_str().unwrap(),
            };
            let found = self.0.get(name).map(|text| SecretString::from(*text));
            found.ok_or_else(|| SecretsError(format!("`{name}` is not there")))
        }

        fn variable(&self, name: &str) -> Option<String> {
            self.0.get(name).map(|text| (*text).to_owned())
        }
    }

    fn resolved(source: &CredentialSource, process: &[(&'static str, &'static str)]) -> Resolved {
        let process = Process(process.iter().copied().collect());
        let settings = Settings::default();
        resolve(&"bedrock-eu-west".parse().unwrap(), &settings, source, &process)
    }

    fn web_identity() -> CredentialSource {
        CredentialSource::AwsWebIdentity {
            role_arn: None,
            token: None,
            session_name: None,
            region: None,
            sts_url: None,
        }
    }

    const EKS: [(&str, &str); 4] = [
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"),
        ("AWS_REGION", "eu-west-1"),
        ("/var/run/token", "eyJ"),
    ];

    #[test]
    fn a_web_identity_is_found_in_the_environment_that_eks_sets() {
        let Auth::AwsWebIdentity(found) = resolved(&web_identity(), &EKS).auth.unwrap() else {
            panic!("another kind")
        };
        assert_eq!((found.role_arn.as_str(), found.region.as_str()), (EKS[0].1, "eu-west-1"));
        assert_eq!(found.token.expose_secret(), "eyJ");
        assert_eq!(found.session_name, "isobar-bedrock-eu-west");
    }

    #[test]
    fn what_nobody_says_is_named_with_both_places_to_say_it() {
        let error = resolved(&web_identity(), &EKS[1..]).auth.unwrap_err().to_string();
        assert!(error.contains("`role_arn`") && error.contains("AWS_ROLE_ARN"), "{error}");
    }

    #[test]
    fn the_bundle_is_believed_before_the_environment() {
        let mut source = web_identity();
        if let CredentialSource::AwsWebIdentity { region, token, .. } = &mut source {
            *region = Some("eu-central-1".to_owned());
            *token = Some(SecretSource::File(Path::new("own").into()));
        }
        let process: Vec<_> = EKS.into_iter().chain([("own", "mine")]).collect();
        let Auth::AwsWebIdentity(found) = resolved(&source, &process).auth.unwrap() else {
            panic!("another kind")
        };
        assert_eq!((found.region.as_str(), found.token.expose_secret()), ("eu-central-1", "mine"));
    }

    #[test]
    fn the_fingerprint_changes_with_what_was_read_and_with_nothing_else() {
        let seen = |token| {
            let mut process = EKS;
            process[3].1 = token;
            resolved(&web_identity(), &process).fingerprint
        };
        assert_eq!(seen("eyJ"), seen("eyJ"));
        assert_ne!(seen("eyJ"), seen("eyK"));
    }

    #[test]
    fn a_container_has_its_own_role_before_its_machines() {
        let role = CredentialSource::AwsInstance { metadata_url: None };
        let kind = |process: &[(&'static str, &'static str)]| resolved(&role, process).auth;
        assert!(matches!(kind(&[]), Ok(Auth::AwsInstance(_))));
        let ecs = [("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x")];
        assert!(matches!(kind(&ecs), Ok(Auth::AwsContainer(_))));
        let pod = [
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token"),
            ("/token", "eyJ"),
        ];
        assert!(matches!(kind(&pod), Ok(Auth::AwsContainer(_))));
        assert!(kind(&pod[..2]).is_err(), "its token is not there");
        let stranger = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/")];
        assert!(matches!(kind(&stranger), Err(CredentialError::Auth(_))));
    }
}
