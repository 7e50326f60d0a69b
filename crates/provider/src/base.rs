//! A checked base address.

use http::{
    Uri,
    uri::{PathAndQuery, Scheme},
};

use crate::SettingsError;

/// The address under which an API's paths lie: http or https, a host, perhaps a path; no
/// credentials, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base(Uri);

/// What to write where nothing but a key is taken.
pub(crate) const KEY: &str = "write a key, by `env` or `file`";

/// What a provider expects of a base address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// A correct address, for messages.
    pub(crate) example: &'static str,
    /// Ends of the path that the provider appends itself, most specific first.
    pub(crate) appended: &'static [&'static str],
}

impl Base {
    /// Checks an address; `example` is a correct one, for messages. Trailing slashes are cut.
    ///
    /// # Errors
    /// [`SettingsError`] when it is empty, not http or https, has no host, or has credentials, a
    /// query or a fragment.
    pub fn parse(text: &str, example: &'static str) -> Result<Self, SettingsError> {
        Self::parse_shape(text, Shape { example, appended: &[] })
    }

    pub(crate) fn parse_shape(text: &str, shape: Shape) -> Result<Self, SettingsError> {
        let example = shape.example;
        let text = text.trim();
        if text.is_empty() {
            return Err(SettingsError::BaseUrlEmpty { example });
        }
        // The secret-bearing forms come first, so that no later message quotes them (AUD-4).
        let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
        if authority.contains('@') {
            return Err(SettingsError::BaseUrlCredential);
        }
        // `Uri` drops a fragment without a word, so the text is asked.
        if text.contains(['?', '#']) {
            return Err(SettingsError::BaseUrlQuery);
        }
        let text = text.trim_end_matches('/');
        let not_http = || SettingsError::BaseUrlNotHttp { url: shown(text), example };
        let uri: Uri = text.parse().map_err(|_| not_http())?;
        let http = uri.scheme().is_some_and(|s| *s == Scheme::HTTP || *s == Scheme::HTTPS);
        if !http || uri.host().is_none_or(str::is_empty) {
            return Err(not_http());
        }
        if let Some(suffix) = shape.appended.iter().find(|suffix| text.ends_with(*suffix)) {
            return Err(SettingsError::BaseUrlSuffix { url: shown(text), suffix, example });
        }
        Ok(Self(uri))
    }

    /// The address itself.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.0
    }

    /// Its host, as the address writes it.
    pub(crate) fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }

    /// Whether what is sent there can be read on the way: neither encrypted nor kept to this machine.
    pub(crate) fn is_open(&self) -> bool {
        self.0.scheme() != Some(&Scheme::HTTPS) && !is_loopback(self.host())
    }

    /// The address of `path` (which starts with `/`) under this base.
    ///
    /// # Errors
    /// [`SettingsError::BaseUrlNotHttp`] when the two do not make an address.
    pub fn join(&self, path: &str) -> Result<Uri, SettingsError> {
        let whole = format!("{}{path}", self.0.path().trim_end_matches('/'));
        let wrong = || SettingsError::BaseUrlNotHttp {
            url: shown(&self.0.to_string()),
            example: "https://host/path",
        };
        let mut parts = self.0.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(whole).map_err(|_| wrong())?);
        Uri::from_parts(parts).map_err(|_| wrong())
    }
}

/// Whether a host, as an address writes it, is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A bounded quote.
fn shown(text: &str) -> String {
    text.chars().take(128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "https://api.example/v1";

    fn joined(base: &str) -> String {
        Base::parse(base, EXAMPLE).unwrap().join("/chat").unwrap().to_string()
    }

    #[test]
    fn a_path_is_appended_to_the_base_with_one_slash() {
        assert_eq!(joined("https://api.example/v1"), "https://api.example/v1/chat");
        assert_eq!(joined("https://api.example/v1/"), "https://api.example/v1/chat");
        assert_eq!(joined(" http://127.0.0.1:8080 "), "http://127.0.0.1:8080/chat");
        assert_eq!(joined("http://[::1]:8080/a/b//"), "http://[::1]:8080/a/b/chat");
    }

    #[test]
    fn what_is_not_an_http_address_is_refused_with_an_example() {
        for wrong in ["api.example/v1", "ftp://api.example", "https://", "/v1", "http://a b", "x"] {
            let error = Base::parse(wrong, EXAMPLE).unwrap_err();
            assert!(error.to_string().contains(EXAMPLE), "{wrong}: {error}");
        }
        assert_eq!(
            Base::parse("  ", EXAMPLE),
            Err(SettingsError::BaseUrlEmpty { example: EXAMPLE })
        );
    }

    #[test]
    fn credentials_query_and_fragment_are_refused_and_not_quoted() {
        for wrong in ["https://u:hunter2@h/v1", "https://hunter2@h", "u:hunter2@h"] {
            let error = Base::parse(wrong, EXAMPLE).unwrap_err();
            assert_eq!(error, SettingsError::BaseUrlCredential, "{wrong}");
            assert!(!error.to_string().contains("hunter2"));
        }
        for wrong in ["https://h/v1?key=hunter2", "https://h/v1#hunter2"] {
            let error = Base::parse(wrong, EXAMPLE).unwrap_err();
            assert_eq!(error, SettingsError::BaseUrlQuery, "{wrong}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
