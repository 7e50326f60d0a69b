//! What a caller is told when there is no answer, in the caller's own dialect (G7).
//!
//! Status, type and retry hint are chosen so that the official SDKs retry when that helps and not
//! when it does not. A caller's key is the only thing that 401 is ever about: trouble with the
//! gateway's own account at a provider is a 502.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use vocab::{Failure, FailureKind, Refusal, RefusalCode, RequestId};

use crate::{ClientDialect, Family};

/// Shortest and longest time a caller is told to wait. One SDK sleeps through anything longer than
/// a minute, another gives up, a third hammers.
const WAIT_MIN: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(60);

/// The class of an error, one per row of the error table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is wrong.
    BadRequest,
    /// The prompt does not fit the model's context.
    ContextTooLong,
    /// The provider's content policy refused the prompt.
    ContentBlocked,
    /// A field cannot be carried.
    Unsupported,
    /// The caller's own key.
    CallerAuth,
    /// The caller may not do this.
    Forbidden,
    /// The gateway's account at the provider.
    UpstreamAuth,
    /// No such path or model.
    NotFound,
    /// No place that policy permits.
    Residency,
    /// Too many bytes.
    TooLarge,
    /// Too many requests for now.
    RateLimited,
    /// The quota is spent.
    QuotaSpent,
    /// A time limit passed.
    TimedOut,
    /// Short of capacity for now.
    Overloaded,
    /// The provider failed.
    UpstreamBroken,
    /// The gateway failed.
    OwnFault,
}

impl ErrorKind {
    const fn openai_type(self) -> &'static str {
        match self {
            Self::BadRequest
            | Self::ContextTooLong
            | Self::ContentBlocked
            | Self::Unsupported
            | Self::NotFound
            | Self::Residency
            | Self::TooLarge => "invalid_request_error",
            Self::CallerAuth => "authentication_error",
            Self::Forbidden => "permission_error",
            Self::UpstreamAuth => "api_error",
            Self::RateLimited => "rate_limit_exceeded",
            Self::QuotaSpent => "insufficient_quota",
            Self::TimedOut | Self::Overloaded | Self::UpstreamBroken | Self::OwnFault => {
                "server_error"
            }
        }
    }

    const fn anthropic_type(self) -> &'static str {
        match self {
            Self::BadRequest | Self::ContextTooLong | Self::ContentBlocked | Self::Unsupported => {
                "invalid_request_error"
            }
            Self::CallerAuth => "authentication_error",
            Self::Forbidden | Self::Residency => "permission_error",
            Self::NotFound => "not_found_error",
            Self::TooLarge => "request_too_large",
            Self::RateLimited | Self::QuotaSpent => "rate_limit_error",
            Self::TimedOut => "timeout_error",
            Self::Overloaded => "overloaded_error",
            Self::UpstreamAuth | Self::UpstreamBroken | Self::OwnFault => "api_error",
        }
    }
}

/// Whether the caller's SDK should try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It cannot help: `x-should-retry: false`.
    Never,
    /// After this time, 1 to 60 s.
    After(Duration),
    /// The SDK's own rule is right.
    Unsaid,
}

impl Retry {
    /// After `wait`, brought into the range that every SDK obeys.
    #[must_use]
    pub fn after(wait: Duration) -> Self {
        Self::After(wait.clamp(WAIT_MIN, WAIT_MAX))
    }
}

/// What the caller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerError {
    /// The HTTP status; [`ClientDialect::status`] gives the dialect's own.
    pub status: u16,
    /// The class.
    pub kind: ErrorKind,
    /// The stable code.
    pub code: Option<String>,
    /// The field at fault.
    pub param: Option<String>,
    /// The sentence for people.
    pub message: String,
    /// Whether to try again.
    pub retry: Retry,
}

impl CallerError {
    /// From a governed "no".
    #[must_use]
    pub fn from_refusal(refusal: &Refusal) -> Self {
        let kind = match refusal.code {
            RefusalCode::UnknownPath | RefusalCode::ModelNotAllowed => ErrorKind::NotFound,
            RefusalCode::MethodNotAllowed | RefusalCode::MalformedRequest => ErrorKind::BadRequest,
            RefusalCode::UnsupportedField => ErrorKind::Unsupported,
            RefusalCode::BodyTooLarge => ErrorKind::TooLarge,
            RefusalCode::BodyTooSlow | RefusalCode::DeadlineTooShort => ErrorKind::TimedOut,
            RefusalCode::CredentialMissing
            | RefusalCode::CredentialUnknown
            | RefusalCode::CredentialRevoked
            | RefusalCode::CredentialExpired
            | RefusalCode::CredentialNotYetValid => ErrorKind::CallerAuth,
            RefusalCode::WorkloadNotAllowed => ErrorKind::Forbidden,
            RefusalCode::GatewayOutsideResidency | RefusalCode::NoEligibleRoute => {
                ErrorKind::Residency
            }
            RefusalCode::UpstreamAuth => ErrorKind::UpstreamAuth,
            RefusalCode::RoutesUnavailable
            | RefusalCode::EvidenceUnavailable
            | RefusalCode::Draining
            | RefusalCode::TooBusy => ErrorKind::Overloaded,
        };
        let transient = refusal.code.is_transient();
        Self {
            status: refusal.code.status(),
            kind,
            code: Some(refusal.code.as_str().to_owned()),
            param: refusal.param.clone(),
            message: format!("{} ({})", refusal.message, refusal.remedy),
            retry: if transient { Retry::after(WAIT_MIN) } else { Retry::Never },
        }
    }

    /// From the last failed attempt.
    ///
    /// The provider's words reach the caller only where they are about the caller's request.
    /// Otherwise they may name the gateway's account, key or upstream, so a fixed sentence stands
    /// in their place.
    #[must_use]
    pub fn from_failure(failure: &Failure) -> Self {
        let row = Row::of(failure.kind);
        let theirs = row.sentence.is_none();
        let code = row.code.map(str::to_owned);
        Self {
            status: row.status,
            kind: row.kind,
            // A class with a code of its own has the same one whichever provider names it how.
            code: code.or_else(|| failure.code.clone().filter(|_| theirs)),
            param: failure.param.clone().filter(|_| theirs),
            message: row.sentence.map_or_else(|| failure.message.clone(), str::to_owned),
            retry: match row.kind {
                ErrorKind::RateLimited | ErrorKind::Overloaded => {
                    Retry::after(failure.retry_after.unwrap_or(WAIT_MIN))
                }
                ErrorKind::TimedOut | ErrorKind::UpstreamBroken | ErrorKind::OwnFault => {
                    Retry::Unsaid
                }
                _ => Retry::Never,
            },
        }
    }
}

/// What a kind of failure looks like to a caller. Without a sentence the provider's own is used.
struct Row {
    status: u16,
    kind: ErrorKind,
    code: Option<&'static str>,
    sentence: Option<&'static str>,
}

impl Row {
    const fn theirs(status: u16, kind: ErrorKind, code: Option<&'static str>) -> Self {
        Self { status, kind, code, sentence: None }
    }

    const fn ours(
        status: u16,
        kind: ErrorKind,
        code: &'static str,
        sentence: &'static str,
    ) -> Self {
        Self { status, kind, code: Some(code), sentence: Some(sentence) }
    }

    const fn of(failure: FailureKind) -> Self {
        use ErrorKind as K;
        match failure {
            FailureKind::BadRequest => Self::theirs(400, K::BadRequest, None),
            FailureKind::ContextTooLong => {
                Self::theirs(400, K::ContextTooLong, Some("context_length_exceeded"))
            }
            FailureKind::ContentBlocked => {
                Self::theirs(400, K::ContentBlocked, Some("content_filter"))
            }
            FailureKind::TooLarge => Self::theirs(413, K::TooLarge, Some("request_too_large")),
            FailureKind::CredentialRejected => Self::ours(
                502,
                K::UpstreamAuth,
                "upstream_auth",
                "the provider does not accept the gateway's credential",
            ),
            FailureKind::QuotaSpent => Self::ours(
                429,
                K::QuotaSpent,
                "insufficient_quota",
                "the gateway's quota at the provider is spent",
            ),
            FailureKind::ModelMissing => Self::ours(
                404,
                K::NotFound,
                "model_not_found",
                "the provider does not have the model behind this name",
            ),
            FailureKind::RateLimited => Self::ours(
                429,
                K::RateLimited,
                "rate_limit_exceeded",
                "the provider takes no more requests for now",
            ),
            FailureKind::Overloaded => Self::ours(
                503,
                K::Overloaded,
                "overloaded",
                "the provider is short of capacity for now",
            ),
            FailureKind::TimedOut(_) => {
                Self::ours(504, K::TimedOut, "timeout", "the provider did not answer in time")
            }
            FailureKind::Unreachable | FailureKind::Reset | FailureKind::Broken => {
                Self::ours(502, K::UpstreamBroken, "upstream_error", "the provider failed")
            }
            FailureKind::Cut => Self::ours(
                502,
                K::UpstreamBroken,
                "upstream_error",
                "the provider's answer ended before it was complete",
            ),
            FailureKind::Cancelled => {
                Self::ours(499, K::OwnFault, "cancelled", "the request was cancelled")
            }
        }
    }
}

impl ClientDialect {
    /// The HTTP status of this error in this dialect: Anthropic's SDKs know overload as 529,
    /// Mistral's a malformed body as 422.
    #[must_use]
    pub fn status(self, error: &CallerError) -> u16 {
        match (self.family(), error.kind, error.status) {
            (Family::Anthropic, ErrorKind::Overloaded, 503) => 529,
            (Family::Mistral, ErrorKind::BadRequest, 400) if is_malformed(error) => 422,
            (_, _, status) => status,
        }
    }

    /// The error body in this dialect. Anthropic has no place for a code or a field, so they stand
    /// in `error.details`, where Anthropic itself puts its own codes.
    #[must_use]
    pub fn error_body(self, error: &CallerError, request_id: Option<RequestId>) -> Bytes {
        let body = match self.family() {
            Family::OpenAi => json!({"error": {
                "message": error.message,
                "type": error.kind.openai_type(),
                "param": error.param,
                "code": error.code,
            }}),
            Family::Mistral => mistral_body(error, self.status(error)),
            Family::Anthropic => {
                let mut inner = serde_json::Map::new();
                inner.insert("type".into(), error.kind.anthropic_type().into());
                inner.insert("message".into(), error.message.as_str().into());
                let mut details = serde_json::Map::new();
                for (key, value) in [("error_code", &error.code), ("param", &error.param)] {
                    if let Some(value) = value {
                        details.insert(key.into(), value.as_str().into());
                    }
                }
                if !details.is_empty() {
                    inner.insert("details".into(), Value::Object(details));
                }
                let request_id = request_id.map(|id| id.to_string());
                json!({"type": "error", "error": inner, "request_id": request_id})
            }
        };
        Bytes::from(body.to_string())
    }

    /// The event that ends a stream with an error; never a success terminator (RTE-1). `number` is
    /// its number where events are numbered.
    pub(crate) fn error_frame(
        self,
        error: &CallerError,
        request_id: RequestId,
        number: u64,
    ) -> Bytes {
        let body = match self {
            Self::OpenAiResponses => numbered(error, number),
            _ => self.error_body(error, Some(request_id)),
        };
        let name: &[u8] = match (self, self.family()) {
            (Self::OpenAiResponses, _) | (_, Family::Anthropic) => b"event: error\ndata: ",
            (_, Family::OpenAi | Family::Mistral) => b"data: ",
        };
        Bytes::from([name, &body, b"\n\n"].concat())
    }
}

/// Whether the gateway itself found the body malformed.
fn is_malformed(error: &CallerError) -> bool {
    error.code.as_deref() == Some(RefusalCode::MalformedRequest.as_str())
}

/// Mistral's envelope. For a malformed body its SDK reads `detail`, others the text.
fn mistral_body(error: &CallerError, status: u16) -> Value {
    let mut body = json!({
        "object": "error",
        "message": error.message,
        "type": error.kind.openai_type(),
        "param": error.param,
        "code": error.code,
        "raw_status_code": status,
    });
    if let (true, Some(fields)) = (is_malformed(error), body.as_object_mut()) {
        let loc: Vec<Value> =
            std::iter::once("body".into()).chain(steps(error.param.as_deref())).collect();
        let fault = json!({"loc": loc, "msg": error.message, "type": "value_error"});
        fields.insert("detail".into(), json!([fault]));
    }
    body
}

/// The steps of a place: `messages[2].content` → `"messages", 2, "content"`.
fn steps(param: Option<&str>) -> impl Iterator<Item = Value> {
    let steps = param.unwrap_or_default().split(['.', '[', ']']).filter(|step| !step.is_empty());
    steps.map(|step| step.parse::<u64>().map_or_else(|_| Value::from(step), Value::from))
}

/// The words stand twice: beside the type, where the API's reference has them, and under `error`,
/// where the API itself puts them and where the SDKs look before they raise.
fn numbered(error: &CallerError, number: u64) -> Bytes {
    let CallerError { kind, code, param, message, .. } = error;
    let body = json!({
        "type": "error",
        "sequence_number": number,
        "code": code,
        "message": message,
        "param": param,
        "error": {
            "type": kind.openai_type(),
            "code": code,
            "message": message,
            "param": param,
        },
    });
    Bytes::from(body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: RefusalCode) -> CallerError {
        CallerError::from_refusal(&Refusal::new(code, "it is so", "do this").about("model"))
    }

    #[test]
    fn a_refusal_keeps_its_code_status_and_remedy_in_each_dialect() {
        let error = refusal(RefusalCode::NoEligibleRoute);
        assert_eq!(error.status, 403);
        assert_eq!(error.retry, Retry::Never);
        assert_eq!(
            ClientDialect::OpenAiChat.error_body(&error, None),
            r#"{"error":{"message":"it is so (do this)","type":"invalid_request_error","param":"model","code":"no_eligible_route"}}"#
        );
        let id = "req_00000000000000000000000000000001".parse().unwrap();
        assert_eq!(
            ClientDialect::AnthropicMessages.error_body(&error, Some(id)),
            r#"{"type":"error","error":{"type":"permission_error","message":"it is so (do this)","details":{"error_code":"no_eligible_route","param":"model"}},"request_id":"req_00000000000000000000000000000001"}"#
        );
    }

    #[test]
    fn only_transient_refusals_ask_for_a_retry() {
        for code in RefusalCode::ALL {
            let asks = matches!(refusal(code).retry, Retry::After(_));
            assert_eq!(asks, code.is_transient(), "{}", code.as_str());
        }
    }

    #[test]
    fn overload_has_each_dialects_own_status() {
        let error = CallerError::from_failure(&Failure::new(FailureKind::Overloaded, "m"));
        assert_eq!(ClientDialect::OpenAiChat.status(&error), 503);
        assert_eq!(ClientDialect::AnthropicMessages.status(&error), 529);
    }

    #[test]
    fn mistrals_sdk_gets_its_own_envelopes() {
        let refusal = Refusal::new(RefusalCode::MalformedRequest, "it is so", "do this");
        let malformed = CallerError::from_refusal(&refusal.about("messages[2].content"));
        let mistral = ClientDialect::MistralChat;
        assert_eq!(mistral.status(&malformed), 422);
        let body: Value = serde_json::from_slice(&mistral.error_body(&malformed, None)).unwrap();
        assert_eq!(
            body["detail"],
            json!([{"loc": ["body", "messages", 2, "content"], "msg": "it is so (do this)", "type": "value_error"}])
        );
        let limited = CallerError::from_failure(&Failure::new(FailureKind::RateLimited, "m"));
        assert_eq!(mistral.status(&limited), 429);
        assert_eq!(
            mistral.error_body(&limited, None),
            r#"{"object":"error","message":"the provider takes no more requests for now","type":"rate_limit_exceeded","param":null,"code":"rate_limit_exceeded","raw_status_code":429}"#
        );
    }

    #[test]
    fn trouble_with_the_gateways_own_account_is_never_the_callers_401() {
        let failure = Failure {
            status: Some(401),
            code: Some("invalid_api_key".into()),
            ..Failure::new(FailureKind::CredentialRejected, "Incorrect API key: sk-abc")
        };
        let error = CallerError::from_failure(&failure);
        assert_eq!((error.status, error.code.as_deref()), (502, Some("upstream_auth")));
        assert!(!error.message.contains("sk-"));
    }

    #[test]
    fn a_wait_is_never_longer_than_every_sdk_obeys() {
        let failure = Failure {
            retry_after: Some(Duration::from_secs(3600)),
            ..Failure::new(FailureKind::RateLimited, "m")
        };
        let error = CallerError::from_failure(&failure);
        assert_eq!(error.retry, Retry::After(Duration::from_secs(60)));
    }
}
