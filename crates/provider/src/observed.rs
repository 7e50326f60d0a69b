//! What the head of a reply tells about the provider.

use http::HeaderName;
use vocab::HttpHead;

/// The longest provider text that is kept, in bytes; anything longer is no id.
const TEXT_MAX: usize = 128;

/// What the provider said beside the answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// The provider's own id of the call, for its support and for the record.
    pub request_id: Option<String>,
    /// The region the provider says it served from; checked against the certificate (P5).
    pub region: Option<String>,
    /// What the rate limits still allow.
    pub room: Room,
    /// The tokens of the input, of a provider that tells them beside the body; for some vectors it
    /// says so nowhere else.
    pub input_tokens: Option<u64>,
}

/// What rate limits still allow; `None` means the provider did not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Room {
    /// Requests left in the current period.
    pub requests: Option<u64>,
    /// Tokens left in the current period.
    pub tokens: Option<u64>,
}

/// The first of `names` that is there and fit for a record.
///
/// Here and below, names are statics of their type: a name given as text would be read anew for
/// every reply.
pub(crate) fn request_id(head: &HttpHead, names: &[HeaderName]) -> Option<String> {
    names.iter().find_map(|name| text(head, name))
}

/// A header's value, if it is short and printable: it goes into records.
pub(crate) fn text(head: &HttpHead, name: &HeaderName) -> Option<String> {
    let value = head.headers.get(name)?.to_str().ok()?.trim();
    let fit = !value.is_empty() && value.len() <= TEXT_MAX && !value.bytes().any(|b| b < 0x20);
    fit.then(|| value.to_owned())
}

/// A header's value as a count. Azure has sent -1, which says nothing.
pub(crate) fn count(head: &HttpHead, name: &HeaderName) -> Option<u64> {
    head.headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;

    const X: HeaderName = HeaderName::from_static("x");

    fn head(value: &str) -> HttpHead {
        let mut headers = HeaderMap::new();
        headers.insert(X, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        HttpHead { status: StatusCode::OK, headers }
    }

    #[test]
    fn an_id_that_is_not_fit_for_a_record_is_none() {
        assert_eq!(text(&head("req_1"), &X).as_deref(), Some("req_1"));
        assert_eq!(text(&head(&"a".repeat(129)), &X), None);
        assert_eq!(text(&head(" "), &X), None);
        assert_eq!(text(&head("é"), &X), None);
        assert_eq!(text(&head("a\tb"), &X), None);
    }

    #[test]
    fn a_negative_room_is_unknown() {
        assert_eq!(count(&head("499"), &X), Some(499));
        assert_eq!(count(&head("-1"), &X), None);
    }
}
