//! A provider's error reply, classified once (R3).
//!
//! Codes and types are looked at before the status, and the status before words: providers send
//! one status for many things (429 for a spent quota, 500 for overload), and words change.

use serde::Deserialize;
use serde_json::value::RawValue;
use vocab::{Failure, FailureKind, failure::Limit};

use super::{account, bedrock, google, mistral};
use crate::{
    UpstreamDialect,
    text::{Count, Loose, Text},
};

/// The longest provider's message that is kept, in characters.
const MESSAGE_MAX: usize = 2_000;

/// Reads an error body of `upstream`; `status` is `None` for an error inside a stream or inside a
/// reply with status 200.
///
/// The message is the provider's own and may quote the prompt: it is for the caller alone.
#[must_use]
pub fn read_error(upstream: UpstreamDialect, status: Option<u16>, body: &[u8]) -> Failure {
    read_named_error(upstream, status, None, body)
}

/// The same for a provider that names the error beside the body: in a header, or by the type of a
/// message.
#[must_use]
pub fn read_named_error(
    upstream: UpstreamDialect,
    status: Option<u16>,
    name: Option<&str>,
    body: &[u8],
) -> Failure {
    let body = google::envelope(upstream, body);
    let mut words = Words::read(body);
    if let Some(name) = name {
        words.kind = bedrock::shape(name).to_owned();
    }
    let status_like = status.or_else(|| words.code.parse().ok().filter(|n| (400..600).contains(n)));
    let kind = kind(upstream, status_like, &words);
    let message = if words.message.is_empty() {
        match status {
            Some(status) => format!("the provider answered with status {status} and no message"),
            None => "the provider reported an error without a message".to_owned(),
        }
    } else {
        words.message.chars().take(MESSAGE_MAX).collect()
    };
    let code = [words.code, words.kind].into_iter().find(|code| !code.is_empty());
    let param = (!words.param.is_empty()).then_some(words.param);
    let failure = Failure { kind, status, retry_after: None, code, param, message };
    account::settle(google::refine(upstream, body, failure))
}

/// What an error body says, in whichever envelope.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) message: String,
    pub(super) kind: String,
    code: String,
    param: String,
    /// The status of the model behind the provider.
    pub(super) original: Option<u64>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct Inner<'a> {
    #[serde(borrow, default, alias = "Message")]
    message: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Loose<'a>,
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    param: Loose<'a>,
    #[serde(borrow, default)]
    detail: Option<&'a RawValue>,
    #[serde(borrow, default)]
    details: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "__type")]
    shape: Loose<'a>,
    #[serde(default, rename = "originalStatusCode")]
    original: Count,
}

#[derive(Deserialize)]
struct Details<'a> {
    #[serde(borrow, default)]
    error_code: Loose<'a>,
}

impl Words {
    fn read(body: &[u8]) -> Self {
        let Ok(body) = std::str::from_utf8(body) else { return Self::default() };
        let raw = match serde_json::from_str::<Envelope<'_>>(body) {
            Ok(Envelope { error: Some(error) }) if error.get() != "null" => error.get(),
            Ok(_) => body,
            // Not JSON: a page of some proxy, of no use to a caller.
            Err(_) => return Self::default(),
        };
        if let Ok(Text(message)) = serde_json::from_str::<Text<'_>>(raw) {
            return Self { message: message.into_owned(), ..Self::default() };
        }
        let inner: Inner<'_> = serde_json::from_str(raw).unwrap_or_default();
        let own = |loose: &Loose<'_>| loose.as_str().unwrap_or_default().to_owned();
        let code = inner.code.map(RawValue::get).filter(|code| *code != "null");
        let code = code.map_or_else(String::new, |code| match serde_json::from_str(code) {
            Ok(Text(text)) => text.into_owned(),
            Err(_) => code.chars().take(64).collect(),
        });
        let detail = inner.details.and_then(|raw| {
            let details: Details<'_> = serde_json::from_str(raw.get()).ok()?;
            details.error_code.as_str().map(str::to_owned)
        });
        let said = [inner.message, inner.detail];
        let text = said.into_iter().flatten().find_map(|raw| serde_json::from_str(raw.get()).ok());
        let (message, field) = match text {
            Some(Text(text)) => (text.into_owned(), String::new()),
            None => said.into_iter().flatten().find_map(mistral::faults).unwrap_or_default(),
        };
        Self {
            message,
            kind: match inner.shape.as_str() {
                Some(name) => bedrock::shape(name).to_owned(),
                None => own(&inner.kind),
            },
            code: if code.is_empty() { detail.unwrap_or_default() } else { code },
            param: inner.param.as_str().map_or(field, str::to_owned),
            original: inner.original.0,
        }
    }

    fn is(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.code == *name || self.kind == *name)
    }

    pub(super) fn says(&self, phrases: &[&str]) -> bool {
        let message = self.message.to_ascii_lowercase();
        phrases.iter().any(|phrase| message.contains(phrase))
    }
}

fn kind(upstream: UpstreamDialect, status: Option<u16>, words: &Words) -> FailureKind {
    if let Some(kind) = by_name(words) {
        return kind;
    }
    if has_anthropic_words(upstream)
        && let Some(kind) = anthropic_words(words)
    {
        return kind;
    }
    if is_bedrock(upstream)
        && let Some(kind) = bedrock::kind(words)
    {
        return kind;
    }
    match status {
        Some(401 | 403) => FailureKind::CredentialRejected,
        Some(402) => FailureKind::QuotaSpent,
        Some(404) => FailureKind::ModelMissing,
        Some(408 | 504 | 524) => FailureKind::TimedOut(Limit::Headers),
        Some(413) => FailureKind::TooLarge,
        Some(429) => FailureKind::RateLimited,
        Some(503 | 529) => FailureKind::Overloaded,
        // 424: the model behind the provider failed.
        Some(424) => FailureKind::Broken,
        Some(400..500) if too_long(words) => FailureKind::ContextTooLong,
        Some(400..500) => FailureKind::BadRequest,
        Some(_) => FailureKind::Broken,
        None => by_type(words),
    }
}

/// Names that say more than any status.
fn by_name(words: &Words) -> Option<FailureKind> {
    let table: [(&[&str], FailureKind); 7] = [
        (
            // The last is llama.cpp's.
            &["context_length_exceeded", "string_above_max_length", "exceed_context_size_error"],
            FailureKind::ContextTooLong,
        ),
        (
            &[
                "insufficient_quota",
                "billing_hard_limit_reached",
                "billing_not_active",
                "billing_error",
                "enforced_spend_limit_reached",
            ],
            FailureKind::QuotaSpent,
        ),
        (
            &[
                "content_filter",
                "content_policy_violation",
                "ResponsibleAIPolicyViolation",
                "invalid_prompt",
                "bio_policy",
                "misalignment_policy_violation",
                "image_content_policy_violation",
            ],
            FailureKind::ContentBlocked,
        ),
        (&["model_not_found", "DeploymentNotFound", "invalid_model"], FailureKind::ModelMissing),
        (&["overloaded_error", "overloaded", "server_overloaded"], FailureKind::Overloaded),
        (&["invalid_api_key", "data_residency_mismatch"], FailureKind::CredentialRejected),
        (&["request_too_large"], FailureKind::TooLarge),
    ];
    table.into_iter().find(|(names, _)| words.is(names)).map(|(_, kind)| kind)
}

/// Whether Claude itself words the errors.
const fn has_anthropic_words(upstream: UpstreamDialect) -> bool {
    matches!(
        upstream,
        UpstreamDialect::AnthropicMessages
            | UpstreamDialect::AnthropicCount
            | UpstreamDialect::BedrockInvoke
            | UpstreamDialect::VertexMessages
            | UpstreamDialect::VertexMessagesCount
    )
}

/// Whether Amazon itself words the errors.
const fn is_bedrock(upstream: UpstreamDialect) -> bool {
    matches!(
        upstream,
        UpstreamDialect::BedrockInvoke
            | UpstreamDialect::BedrockConverse
            | UpstreamDialect::BedrockCount
            | UpstreamDialect::TitanEmbeddings
            | UpstreamDialect::CohereEmbeddings
            | UpstreamDialect::NovaEmbeddings
    )
}

/// Anthropic has types and no codes: some cases are told apart by their words alone.
fn anthropic_words(words: &Words) -> Option<FailureKind> {
    if words.is(&["api_error"]) && words.message.eq_ignore_ascii_case("overloaded") {
        return Some(FailureKind::Overloaded);
    }
    if words.says(&["specified api usage limits", "credit balance is too low"]) {
        return Some(FailureKind::QuotaSpent);
    }
    None
}

pub(super) fn too_long(words: &Words) -> bool {
    words.says(&[
        "maximum context length",
        "context window",
        "context limit",
        "prompt is too long",
        "input is too long",
        "exceed context",
        // TGI.
        "tokens + `max_new_tokens` must be",
    ])
}

/// What Responses calls images that it cannot take, once an answer has begun.
const RESPONSES_IMAGES: [&str; 13] = [
    "invalid_image",
    "invalid_image_format",
    "invalid_base64_image",
    "invalid_image_url",
    "image_too_large",
    "image_too_small",
    "image_parse_error",
    "invalid_image_mode",
    "image_file_too_large",
    "unsupported_image_media_type",
    "empty_image_file",
    "failed_to_download_image",
    "image_file_not_found",
];

/// Without a status the type is what is left.
fn by_type(words: &Words) -> FailureKind {
    let table: [(&[&str], FailureKind); 8] = [
        (
            &[
                "rate_limit_error",
                "rate_limit_exceeded",
                "rate_limited",
                "1300",
                "tokens",
                "requests",
            ],
            FailureKind::RateLimited,
        ),
        (&["authentication_error", "permission_error"], FailureKind::CredentialRejected),
        (&["not_found_error"], FailureKind::ModelMissing),
        (&["timeout_error", "timeout"], FailureKind::TimedOut(Limit::Total)),
        (&["service_unavailable", "service_unavailable_error"], FailureKind::Overloaded),
        (&["invalid_request_error", "BadRequestError"], FailureKind::BadRequest),
        (&RESPONSES_IMAGES, FailureKind::BadRequest),
        (&["api_error", "server_error"], FailureKind::Broken),
    ];
    match table.into_iter().find(|(names, _)| words.is(names)).map(|(_, kind)| kind) {
        Some(FailureKind::BadRequest) if too_long(words) => FailureKind::ContextTooLong,
        Some(kind) => kind,
        None => FailureKind::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use UpstreamDialect::{AnthropicMessages, OpenAiChat};

    fn read(upstream: UpstreamDialect, status: Option<u16>, body: &str) -> FailureKind {
        read_error(upstream, status, body.as_bytes()).kind
    }

    #[test]
    fn openai_errors_are_classified_by_code_then_status_then_words() {
        let error = |code: &str, message: &str| {
            format!(
                r#"{{"error":{{"message":"{message}","type":"t","param":"model","code":"{code}"}}}}"#
            )
        };
        for (status, code, message, kind) in [
            (429, "insufficient_quota", "", FailureKind::QuotaSpent),
            (429, "rate_limit_exceeded", "", FailureKind::RateLimited),
            (400, "context_length_exceeded", "", FailureKind::ContextTooLong),
            (400, "", "This model's maximum context length is 8", FailureKind::ContextTooLong),
            (400, "content_filter", "", FailureKind::ContentBlocked),
            (400, "model_not_found", "", FailureKind::ModelMissing),
            (404, "", "", FailureKind::ModelMissing),
            (401, "401", "", FailureKind::CredentialRejected),
            (402, "", "", FailureKind::QuotaSpent),
            (503, "", "", FailureKind::Overloaded),
            (500, "", "", FailureKind::Broken),
            (504, "", "", FailureKind::TimedOut(Limit::Headers)),
            (422, "", "", FailureKind::BadRequest),
        ] {
            assert_eq!(
                read(OpenAiChat, Some(status), &error(code, message)),
                kind,
                "{status} {code}"
            );
        }
    }

    #[test]
    fn anthropic_errors_are_classified_by_type_then_status_then_words() {
        let error = |kind: &str, message: &str| {
            format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}}}}"#)
        };
        for (status, kind, message, expected) in [
            (Some(529), "overloaded_error", "Overloaded", FailureKind::Overloaded),
            (None, "overloaded_error", "Overloaded", FailureKind::Overloaded),
            (Some(500), "api_error", "Overloaded", FailureKind::Overloaded),
            (Some(500), "api_error", "Internal", FailureKind::Broken),
            (None, "api_error", "Internal", FailureKind::Broken),
            (None, "rate_limit_error", "slow down", FailureKind::RateLimited),
            (None, "invalid_request_error", "prompt is too long", FailureKind::ContextTooLong),
            (
                Some(400),
                "invalid_request_error",
                "You have reached your specified API usage limits.",
                FailureKind::QuotaSpent,
            ),
            (Some(413), "request_too_large", "", FailureKind::TooLarge),
            (Some(404), "not_found_error", "", FailureKind::ModelMissing),
        ] {
            let body = error(kind, message);
            assert_eq!(read(AnthropicMessages, status, &body), expected, "{status:?} {kind}");
        }
        let spent = r#"{"type":"error","error":{"type":"rate_limit_error","message":"m","details":{"error_code":"enforced_spend_limit_reached"}}}"#;
        assert_eq!(read(AnthropicMessages, Some(429), spent), FailureKind::QuotaSpent);
    }

    #[test]
    fn mistral_errors_are_classified_in_all_their_envelopes() {
        use UpstreamDialect::MistralChat;
        let error = |message: &str, kind: &str, code: &str| {
            format!(
                r#"{{"object":"error","message":{message},"type":"{kind}","param":null,"code":{code}}}"#
            )
        };
        let extra = r#"{"detail":[{"type":"extra_forbidden","loc":["body","messages",0,"name"],"msg":"Extra inputs are not permitted","input":"secret"}]}"#;
        for (status, body, kind, message) in [
            (
                Some(429),
                error(r#""Rate limit exceeded""#, "rate_limited", r#""1300""#),
                FailureKind::RateLimited,
                "Rate limit exceeded",
            ),
            (
                None,
                error(r#""Rate limit exceeded""#, "", r#""1300""#),
                FailureKind::RateLimited,
                "Rate limit exceeded",
            ),
            (
                Some(400),
                error(r#""Invalid model: x""#, "invalid_model", r#""1500""#),
                FailureKind::ModelMissing,
                "Invalid model: x",
            ),
            (
                Some(422),
                error(extra, "invalid_request_error", "null"),
                FailureKind::BadRequest,
                "`messages[0].name`: Extra inputs are not permitted",
            ),
            (
                Some(422),
                extra.to_owned(),
                FailureKind::BadRequest,
                "`messages[0].name`: Extra inputs are not permitted",
            ),
            (
                Some(401),
                r#"{"detail":"Unauthorized"}"#.to_owned(),
                FailureKind::CredentialRejected,
                "Unauthorized",
            ),
            (Some(500), r#"{"message":"no"}"#.to_owned(), FailureKind::Broken, "no"),
        ] {
            let failure = read_error(MistralChat, status, body.as_bytes());
            assert_eq!((failure.kind, &*failure.message), (kind, message), "{body}");
        }
        let failure = read_error(MistralChat, Some(422), extra.as_bytes());
        assert_eq!(failure.param.as_deref(), Some("messages[0].name"));
    }

    #[test]
    fn other_envelopes_are_read_too() {
        for (body, message) in [
            (r#"{"error":"out of memory"}"#, "out of memory"),
            (r#"{"message":"bad"}"#, "bad"),
            (r#"{"detail":"Not Found"}"#, "Not Found"),
            (r#"{"object":"error","message":"slow","type":"rate_limited","code":"1300"}"#, "slow"),
        ] {
            assert_eq!(read_error(OpenAiChat, Some(400), body.as_bytes()).message, message);
        }
    }

    #[test]
    fn a_numeric_code_in_a_stream_stands_for_the_status() {
        let body = r#"{"error":{"message":"m","code":503}}"#;
        assert_eq!(read(OpenAiChat, None, body), FailureKind::Overloaded);
    }

    #[test]
    fn a_page_of_some_proxy_is_not_shown_to_the_caller() {
        let failure = read_error(OpenAiChat, Some(502), b"<html>secret host</html>");
        assert_eq!(failure.kind, FailureKind::Broken);
        assert_eq!(failure.message, "the provider answered with status 502 and no message");
    }
}
