//! Percent-encoding as AWS signatures and forms need it (RFC 3986, section 2.3).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use vocab::HttpCall;

use super::AuthError;
use crate::{Base, SettingsError};

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("isobar/", env!("CARGO_PKG_VERSION")));

/// Appends `bytes` with everything encoded but letters, digits, `-._~` and what `keep` names.
pub(crate) fn percent_into(out: &mut String, bytes: impl IntoIterator<Item = u8>, keep: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |n: u8| DIGITS.get(usize::from(n & 15)).map_or('0', |d| char::from(*d));
    for byte in bytes {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte);
        if plain {
            out.push(char::from(byte));
        } else {
            out.extend(['%', digit(byte >> 4), digit(byte)]);
        }
    }
}

/// A POST of a form.
pub(super) fn form(uri: Uri, fields: &[(&str, &str)]) -> HttpCall {
    let mut body = String::with_capacity(512);
    for (name, value) in fields {
        if !body.is_empty() {
            body.push('&');
        }
        percent_into(&mut body, name.bytes(), &[]);
        body.push('=');
        percent_into(&mut body, value.bytes(), &[]);
    }
    let mut headers = standing();
    headers.insert(header::CONTENT_TYPE, FORM);
    headers.insert(header::ACCEPT, JSON);
    HttpCall { method: Method::POST, uri, headers, body: Bytes::from(body) }
}

/// A call without a body.
pub(super) fn bare(method: Method, uri: Uri) -> HttpCall {
    HttpCall { method, uri, headers: standing(), body: Bytes::new() }
}

fn standing() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(6);
    headers.insert(header::USER_AGENT, AGENT);
    headers
}

/// The address of `path` under the operator's base, or else under `usual`.
pub(super) fn address(
    base: Option<&Base>,
    usual: &str,
    path: &str,
    what: &'static str,
) -> Result<Uri, AuthError> {
    let wrong = |_: SettingsError| AuthError::Input {
        what,
        remedy: "it does not make an http or https address",
    };
    match base {
        Some(base) => base.join(path).map_err(wrong),
        None => Base::parse(usual, "").and_then(|base| base.join(path)).map_err(wrong),
    }
}

/// A header with a secret in it, marked sensitive (AUD-4).
pub(super) fn sensitive(text: &str, what: &'static str) -> Result<HeaderValue, AuthError> {
    super::error::sendable(text, what)?;
    let wrong = |_| AuthError::Input { what, remedy: "it cannot be sent in a header" };
    let mut value = HeaderValue::from_str(text).map_err(wrong)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_keeps_every_byte_of_its_values() {
        let uri = Uri::from_static("http://h/");
        let call = form(uri, &[("grant_type", "urn:ietf:x"), ("secret", "a~b&c=d +é%")]);
        assert_eq!(call.body, "grant_type=urn%3Aietf%3Ax&secret=a~b%26c%3Dd%20%2B%C3%A9%25");
        assert_eq!(call.headers[header::CONTENT_TYPE], "application/x-www-form-urlencoded");
    }
}
