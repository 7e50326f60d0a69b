//! Provider credentials from the environment or a file (I3). They never appear in a message.

use std::fs;

use bundle::CredentialSource;
use dataplane::{Secrets, SecretsError};
use secrecy::SecretString;

/// Reads credentials where the bundle says they are.
#[derive(Debug)]
pub(crate) struct ProcessSecrets;

impl Secrets for ProcessSecrets {
    fn read(&self, source: &CredentialSource) -> Result<SecretString, SecretsError> {
        match source {
            CredentialSource::Env(name) => {
                crate::environment(name).map(SecretString::from).ok_or_else(|| {
                    SecretsError(format!("the environment variable `{name}` is not set"))
                })
            }
            CredentialSource::File(path) => fs::read_to_string(path)
                .map(|text| SecretString::from(text.trim_end().to_owned()))
                .map_err(|error| {
                    SecretsError(format!("the credential file `{}`: {error}", path.display()))
                }),
        }
    }
}
