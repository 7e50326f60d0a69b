//! Provider credentials from the environment or a file (I3). They never appear in a message.

use std::fs;

use bundle::SecretSource;
use dataplane::{Secrets, SecretsError};
use secrecy::SecretString;

/// Reads what the bundle says is in this process's environment and files.
#[derive(Debug)]
pub(crate) struct ProcessSecrets;

impl Secrets for ProcessSecrets {
    fn read(&self, source: &SecretSource) -> Result<SecretString, SecretsError> {
        match source {
            SecretSource::Env(name) => {
                self.variable(name).map(SecretString::from).ok_or_else(|| {
                    SecretsError(format!("the environment variable `{name}` is not set"))
                })
            }
            SecretSource::File(path) => fs::read_to_string(path)
                .map(|text| SecretString::from(text.trim_end().to_owned()))
                .map_err(|error| {
                    SecretsError(format!("the credential file `{}`: {error}", path.display()))
                }),
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        crate::environment(name)
    }
}
