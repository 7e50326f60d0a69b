//! Everything about an upstream that stays the same from call to call.

use std::fmt;

use dialect::{Outbound, UpstreamDialect};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri,
    header::{self, ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT},
};
use secrecy::{ExposeSecret, SecretString};
use vocab::HttpCall;

use crate::{
    Base, CallContext, SettingsError,
    auth::{Signer, percent_into},
    base::is_loopback,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("isobar/", env!("CARGO_PKG_VERSION")));
const REQUEST_ID: HeaderName = HeaderName::from_static("x-client-request-id");
const NOBODY: HeaderValue = HeaderValue::from_static("none");

/// Headers that settings may not name: they carry the credential, or the transport's framing.
static RESERVED: [HeaderName; 15] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
    header::EXPECT,
    CONTENT_TYPE,
    ACCEPT_ENCODING,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-goog-api-key"),
    HeaderName::from_static("api-key"),
];

/// One upstream endpoint, ready to be called: addresses and standing headers, the credential among
/// them, built once.
#[derive(Clone)]
pub struct Endpoint {
    base: Base,
    /// Where each API is that has one address for all models.
    addresses: Vec<(UpstreamDialect, Uri)>,
    /// What stands before and after the model in the addresses that contain it.
    around_model: Vec<(UpstreamDialect, &'static str, String)>,
    /// Signs each call.
    signer: Option<Signer>,
    /// Every header that a call carries is here, with a value or a placeholder: a call replaces
    /// values and its copy of the map need not grow.
    headers: HeaderMap,
}

// AUD-4: names of headers only.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("Endpoint")
            .field("base", &format_args!("{}", self.base.uri()))
            .field("headers", &names)
            .finish()
    }
}

impl Endpoint {
    /// An endpoint under `base` with the gateway's standing headers and the operator's.
    ///
    /// # Errors
    /// [`SettingsError`] when a header cannot be sent or is the gateway's own.
    pub fn new(base: Base, extra: &[(String, String)]) -> Result<Self, SettingsError> {
        let mut headers = HeaderMap::with_capacity(12 + extra.len());
        headers.insert(USER_AGENT, AGENT);
        // Nothing here unpacks: streams are not compressed and small bodies gain nothing.
        headers.insert(ACCEPT_ENCODING, IDENTITY);
        headers.insert(CONTENT_TYPE, JSON);
        headers.extend(host(base.uri()).map(|host| (header::HOST, host)));
        for (name, value) in extra {
            let wrong = || SettingsError::HeaderShape { name: name.chars().take(64).collect() };
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
            if RESERVED.contains(&key) {
                return Err(SettingsError::HeaderReserved { name: key.to_string() });
            }
            let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
            value.set_sensitive(true);
            headers.insert(key, value);
        }
        headers.insert(ACCEPT, JSON);
        headers.insert(REQUEST_ID, NOBODY);
        Ok(Self { base, addresses: Vec::new(), around_model: Vec::new(), signer: None, headers })
    }

    /// Adds the address of an API: `path`, which starts with `/`, under the base.
    ///
    /// # Errors
    /// [`SettingsError::BaseUrlNotHttp`] when the two do not make an address.
    pub fn at(mut self, dialect: UpstreamDialect, path: &str) -> Result<Self, SettingsError> {
        let address = self.base.join(path)?;
        self.addresses.push((dialect, address));
        Ok(self)
    }

    /// Adds the address of an API that contains the model: `before`, which starts with `/`, the
    /// model percent-encoded, and `after`.
    ///
    /// # Errors
    /// [`SettingsError::BaseUrlNotHttp`] when they do not make an address.
    pub fn at_model(
        mut self,
        dialect: UpstreamDialect,
        before: &'static str,
        after: &str,
    ) -> Result<Self, SettingsError> {
        self.base.join(&format!("{before}model{after}"))?;
        self.around_model.push((dialect, before, after.to_owned()));
        Ok(self)
    }

    /// Adds what signs each call.
    #[must_use]
    pub fn signed_with(mut self, signer: Signer) -> Self {
        self.signer = Some(signer);
        self
    }

    /// What signs each call.
    #[must_use]
    pub fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// Adds a standing header whose value is public.
    ///
    /// # Errors
    /// [`SettingsError::ValueShape`] naming `setting` when the value cannot be sent.
    pub fn header(
        mut self,
        name: HeaderName,
        value: &str,
        setting: &'static str,
    ) -> Result<Self, SettingsError> {
        self.headers.insert(name, header_value(value, setting)?);
        Ok(self)
    }

    /// Adds the credential's header, marked sensitive (AUD-4).
    ///
    /// # Errors
    /// [`SettingsError::ValueShape`] when the credential cannot be sent.
    pub fn credential(mut self, name: HeaderName, value: &str) -> Result<Self, SettingsError> {
        let mut value = header_value(value, "credential")?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Adds a key or token as a bearer, marked sensitive (AUD-4).
    ///
    /// # Errors
    /// [`SettingsError::ValueShape`] when it cannot be sent.
    pub fn bearer(self, key: &SecretString) -> Result<Self, SettingsError> {
        let key = key.expose_secret();
        if key.is_empty() {
            return Err(SettingsError::ValueShape { setting: "credential" });
        }
        self.credential(header::AUTHORIZATION, &format!("Bearer {key}"))
    }

    /// Adds a token that was granted, as a bearer.
    ///
    /// # Errors
    /// [`SettingsError::TokenInTheOpen`] where it could be read on the way.
    pub(crate) fn granted(self, token: &SecretString) -> Result<Self, SettingsError> {
        if self.base.is_open() {
            return Err(SettingsError::TokenInTheOpen);
        }
        self.bearer(token)
    }

    /// The same where nobody's tokens are taken but on this machine, where a server may stand for
    /// any.
    ///
    /// # Errors
    /// [`SettingsError::CredentialKind`] for every other address.
    pub(crate) fn granted_here(
        self,
        token: &SecretString,
        takes: &'static str,
    ) -> Result<Self, SettingsError> {
        if !is_loopback(self.base.host()) {
            return Err(SettingsError::CredentialKind { takes });
        }
        self.bearer(token)
    }

    /// What all its addresses begin with.
    #[must_use]
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// A JSON POST of `outbound` to the address of its API. Its own headers win over standing ones,
    /// e.g. `anthropic-version`.
    #[must_use]
    pub fn call(&self, outbound: Outbound, context: &CallContext<'_>) -> HttpCall {
        let known = self.addresses.iter().find(|(dialect, _)| *dialect == outbound.dialect);
        let uri = match known {
            Some((_, uri)) => Some(uri.clone()),
            None => self.around_model(outbound.dialect, context.model),
        };
        // Only APIs that the provider `speaks` are asked for, and those have addresses.
        let uri = uri.unwrap_or_else(|| self.base.uri().clone());
        self.call_at(uri, outbound, context)
    }

    fn around_model(&self, dialect: UpstreamDialect, model: &str) -> Option<Uri> {
        let (_, before, after) = self.around_model.iter().find(|(of, ..)| *of == dialect)?;
        let mut path = String::from(*before);
        percent_into(&mut path, model.bytes(), &[]);
        path.push_str(after);
        self.base.join(&path).ok()
    }

    /// A JSON POST of `outbound` to `uri`, for addresses that contain the model.
    #[must_use]
    pub fn call_at(&self, uri: Uri, outbound: Outbound, context: &CallContext<'_>) -> HttpCall {
        let mut headers = self.headers.clone();
        if outbound.stream {
            headers.insert(ACCEPT, EVENTS);
        }
        // A request id is letters, digits and `_`, so it always parses.
        let id = HeaderValue::from_str(context.request_id.text().as_str());
        headers.insert(REQUEST_ID, id.unwrap_or(NOBODY));
        for (name, value) in outbound.headers {
            // Values come from the caller's own headers or from constants, so both always parse;
            // the credential and the framing stay ours even so.
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value))
                && !RESERVED.contains(&name)
            {
                headers.insert(name, value);
            }
        }
        HttpCall { method: Method::POST, uri, headers, body: outbound.body }
    }
}

/// The `host` of calls to `uri`: a port that its scheme implies is not written (RFC 9110, section
/// 4.2.3). `None` for an address without a host, which cannot be called.
fn host(uri: &Uri) -> Option<HeaderValue> {
    let implied = match uri.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    };
    let host = uri.host()?;
    match uri.port_u16().filter(|port| Some(*port) != implied) {
        Some(port) => HeaderValue::from_str(&format!("{host}:{port}")).ok(),
        None => HeaderValue::from_str(host).ok(),
    }
}

fn header_value(text: &str, setting: &'static str) -> Result<HeaderValue, SettingsError> {
    // A secret file that ends in a newline is the usual mistake, and is forgiven nowhere: the
    // message says so.
    let printable = !text.is_empty() && text.bytes().all(|b| (0x20..0x7f).contains(&b));
    let value = printable.then(|| HeaderValue::from_str(text).ok()).flatten();
    value.ok_or(SettingsError::ValueShape { setting })
}
