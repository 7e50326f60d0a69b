//! What Vertex and the Gemini API have in common: one path segment for the model, then a method.

use std::borrow::Cow;

use dialect::{Outbound, UpstreamDialect};
use http::Uri;

use crate::{Base, auth::percent_into};

/// The longest name of a model.
const MODEL_MAX: usize = 128;

/// The method of a call, with what asks for server-sent events where the answer is a stream;
/// nothing for APIs that Google does not have.
pub(crate) const fn method(outbound: &Outbound) -> Option<&'static str> {
    Some(match (outbound.dialect, outbound.stream) {
        (UpstreamDialect::Gemini, false) => "generateContent",
        (UpstreamDialect::Gemini, true) => "streamGenerateContent?alt=sse",
        (UpstreamDialect::GeminiCount, _) => "countTokens",
        (UpstreamDialect::VertexEmbeddings, _) => "predict",
        (UpstreamDialect::VertexMessages, true) => "streamRawPredict",
        (UpstreamDialect::VertexMessages, false) | (UpstreamDialect::VertexMessagesCount, _) => {
            "rawPredict"
        }
        _ => return None,
    })
}

/// Whether a model's name is one segment of a path and nothing else: no other resource can be
/// reached by a name.
pub(crate) fn is_plain(model: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@');
    (1..=MODEL_MAX).contains(&model.len())
        && model.bytes().all(plain)
        && model.bytes().any(|b| b.is_ascii_alphanumeric())
}

/// The address of `method` of a model under `base`. A name that is not plain is never served; it
/// stays one segment even so.
pub(crate) fn address(base: &Base, models: &str, model: &str, method: &str) -> Uri {
    let model: Cow<'_, str> = if is_plain(model) {
        Cow::Borrowed(model)
    } else {
        let mut encoded = String::with_capacity(model.len() + 16);
        percent_into(&mut encoded, model.bytes(), b"@");
        Cow::Owned(encoded)
    };
    let joined = base.join(&format!("{models}/{model}:{method}"));
    // An encoded segment always parses.
    joined.unwrap_or_else(|_| base.uri().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_segment_whatever_it_is() {
        let base = Base::parse("https://h/v1", "").unwrap();
        let path = |model| address(&base, "/models", model, "m").path().to_owned();
        assert_eq!(path("claude-opus-4-1@20250805"), "/v1/models/claude-opus-4-1@20250805:m");
        assert_eq!(path("../../x:predict?a#b"), "/v1/models/..%2F..%2Fx%3Apredict%3Fa%23b:m");
        for wrong in ["", ".", "..", "a/b", "a:b", "a?b", "a%2fb", "a b", "é", &"a".repeat(129)] {
            assert!(!is_plain(wrong), "{wrong}");
        }
    }
}
