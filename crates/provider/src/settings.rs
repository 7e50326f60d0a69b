//! What an operator says about an endpoint, and what can be wrong with it.

use std::{collections::BTreeMap, fmt};

/// One thing that an endpoint of a provider may say, besides address, headers and credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name in `endpoints.yaml`.
    pub name: &'static str,
    /// What it is, for messages and the reference.
    pub what: &'static str,
    /// A correct value.
    pub example: &'static str,
    /// Whether it must be there.
    pub required: bool,
}

/// Settings of one endpoint, as the bundle states them. The credential is apart.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Where the API is: `https://api.openai.com/v1` for `openai-compatible` (the version is part
    /// of it), `https://api.anthropic.com` for `anthropic` (it is not). Empty where the provider
    /// knows its address from other settings.
    pub base_url: String,
    /// Headers sent with every call, e.g. for a proxy in front of the server. Names that the
    /// gateway sets itself are refused. Not the place for the credential.
    pub headers: Vec<(String, String)>,
    /// What else the provider's [`Setting`]s allow, by name.
    pub values: BTreeMap<String, String>,
}

impl Settings {
    /// A value, if it is there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}

// AUD-4: people put secrets in headers, whatever the documentation says.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Settings")
            .field("base_url", &self.base_url.split(['?', '#']).next().map(without_user))
            .field("headers", &names)
            .field("values", &self.values)
            .finish()
    }
}

/// The address without a user and password, should it wrongly have them.
fn without_user(url: &str) -> &str {
    url.rsplit('@').next().unwrap_or_default()
}

/// Why an endpoint's settings cannot be used. Never quotes a credential (AUD-4).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No address at all.
    #[error("`base_url` is empty: write the address of the API, e.g. `{example}`")]
    BaseUrlEmpty {
        /// A correct address for this provider.
        example: &'static str,
    },
    /// Not an absolute http or https address.
    #[error(
        "`base_url` `{url}` is not an http or https address with a host: write it in full, e.g. `{example}`"
    )]
    BaseUrlNotHttp {
        /// What was written.
        url: String,
        /// A correct address for this provider.
        example: &'static str,
    },
    /// A user or password in the address.
    #[error(
        "`base_url` contains a user name or password: remove it and name the credential under `credential`, which is kept out of logs"
    )]
    BaseUrlCredential,
    /// A query or a fragment in the address.
    #[error(
        "`base_url` has a query or fragment (`?` or `#`): remove it; only scheme, host, port and path belong there"
    )]
    BaseUrlQuery,
    /// The path already contains what the provider appends.
    #[error(
        "`base_url` `{url}` ends in `{suffix}`, which the gateway appends itself: remove it, e.g. `{example}`"
    )]
    BaseUrlSuffix {
        /// What was written.
        url: String,
        /// The part that is too much.
        suffix: &'static str,
        /// A correct address for this provider.
        example: &'static str,
    },
    /// A header name or value that HTTP does not allow.
    #[error(
        "header `{name}` cannot be sent: a name is letters, digits and `-`, a value is printable ASCII on one line"
    )]
    HeaderShape {
        /// The header's name.
        name: String,
    },
    /// A header that the gateway sets.
    #[error(
        "header `{name}` is set by the gateway itself: remove it from `headers` (the credential belongs under `credential`)"
    )]
    HeaderReserved {
        /// The header's name.
        name: String,
    },
    /// A setting that must be there and is not.
    #[error("`{setting}` is missing: write {what}, e.g. `{setting}: {example}`")]
    Missing {
        /// Which setting.
        setting: &'static str,
        /// What it is.
        what: &'static str,
        /// A correct value.
        example: &'static str,
    },
    /// A setting with a value that it cannot have.
    #[error("`{setting}` is not {what}: write e.g. `{setting}: {example}`")]
    Wrong {
        /// Which setting.
        setting: &'static str,
        /// What it is.
        what: &'static str,
        /// A correct value.
        example: &'static str,
    },
    /// A credential of a kind that this provider does not take.
    #[error("the credential is not of a kind that this endpoint takes: {takes}")]
    CredentialKind {
        /// What it takes.
        takes: &'static str,
    },
    /// A granted token on its way to an address that is not encrypted.
    #[error(
        "a token is not sent to a `base_url` without encryption: write `https://`, or a loopback address for a server on this machine"
    )]
    TokenInTheOpen,
    /// A setting or credential that cannot be a header value.
    #[error(
        "`{setting}` cannot be sent in a header: it is empty or has a line break or another character outside printable ASCII (is there a newline at the end of its file?)"
    )]
    ValueShape {
        /// Which setting: `credential`, `organization`, `project`.
        setting: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_header_value_user_or_query() {
        let settings = Settings {
            base_url: "https://root:hunter2@api.example/v1?key=hunter3".to_owned(),
            headers: vec![("x-proxy-key".to_owned(), "hunter4".to_owned())],
            ..Settings::default()
        };
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hunter"), "{shown}");
        assert!(shown.contains("x-proxy-key") && shown.contains("api.example"), "{shown}");
    }
}
