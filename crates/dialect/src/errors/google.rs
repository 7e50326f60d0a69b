//! What Google says of an error beside its status: a canonical name (google.rpc.Code), and details
//! of which some say when to come back.

use std::time::Duration;

use serde::Deserialize;
use vocab::{Failure, FailureKind, failure::Limit};

use crate::{UpstreamDialect, text::Loose};

/// Whether Google itself words the errors; those of Claude on Vertex may come in either envelope.
const fn is_google(upstream: UpstreamDialect) -> bool {
    matches!(
        upstream,
        UpstreamDialect::Gemini
            | UpstreamDialect::GeminiCount
            | UpstreamDialect::VertexEmbeddings
            | UpstreamDialect::VertexMessages
            | UpstreamDialect::VertexMessagesCount
    )
}

/// The envelope itself: an error of a stream may come as a list of one.
pub(super) fn envelope(upstream: UpstreamDialect, body: &[u8]) -> &[u8] {
    let listed = |body: &'_ [u8]| -> Option<std::ops::Range<usize>> {
        let start = body.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let end = body.iter().rposition(|byte| !byte.is_ascii_whitespace())?;
        (body.get(start) == Some(&b'[') && body.get(end) == Some(&b']')).then_some(start + 1..end)
    };
    match listed(body) {
        Some(within) if is_google(upstream) => body.get(within).unwrap_or(body),
        _ => body,
    }
}

/// The failure with what Google's own words add to it.
pub(super) fn refine(upstream: UpstreamDialect, body: &[u8], failure: Failure) -> Failure {
    if !is_google(upstream) {
        return failure;
    }
    let text = std::str::from_utf8(body).ok();
    let said: Option<Envelope<'_>> = text.and_then(|text| serde_json::from_str(text).ok());
    let Some(Error { status, details }) = said.and_then(|said| said.error) else { return failure };
    let Some(status) = status.as_str().filter(|status| !status.is_empty()) else { return failure };
    let details = details.unwrap_or_default();
    let kind = kind(status, &details, &failure);
    Failure {
        kind: kind.unwrap_or(failure.kind),
        retry_after: details.iter().find_map(|detail| delay(detail.retry_delay.as_str()?)),
        code: Some(status.to_owned()),
        ..failure
    }
}

fn kind(status: &str, details: &[Detail<'_>], failure: &Failure) -> Option<FailureKind> {
    let reason = |name: &str| details.iter().any(|detail| detail.reason.as_str() == Some(name));
    let message = failure.message.to_ascii_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    Some(match status {
        // A day's quota comes back tomorrow, one of a minute soon.
        "RESOURCE_EXHAUSTED" if details.iter().any(Detail::is_spent_for_the_day) => {
            FailureKind::QuotaSpent
        }
        "RESOURCE_EXHAUSTED" => FailureKind::RateLimited,
        "UNAVAILABLE" => FailureKind::Overloaded,
        "DEADLINE_EXCEEDED" => FailureKind::TimedOut(Limit::Headers),
        "UNAUTHENTICATED" | "PERMISSION_DENIED" => FailureKind::CredentialRejected,
        "NOT_FOUND" => FailureKind::ModelMissing,
        "INTERNAL" | "UNKNOWN" | "DATA_LOSS" | "ABORTED" | "CANCELLED" | "UNIMPLEMENTED" => {
            FailureKind::Broken
        }
        "INVALID_ARGUMENT" if reason("API_KEY_INVALID") => FailureKind::CredentialRejected,
        // Where the account may be used is no matter of the caller's.
        "FAILED_PRECONDITION" if says(&["user location", "billing"]) => {
            FailureKind::CredentialRejected
        }
        "INVALID_ARGUMENT" | "OUT_OF_RANGE" | "FAILED_PRECONDITION" => {
            if says(&["maximum number of tokens", "input token count", "prompt is too long"]) {
                FailureKind::ContextTooLong
            } else {
                FailureKind::BadRequest
            }
        }
        _ => return None,
    })
}

/// A span such as `34.4s`.
fn delay(text: &str) -> Option<Duration> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    let delay = Duration::try_from_secs_f64(seconds).ok()?;
    (!delay.is_zero()).then_some(delay)
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    error: Option<Error<'a>>,
}

#[derive(Deserialize)]
struct Error<'a> {
    #[serde(borrow, default)]
    status: Loose<'a>,
    #[serde(borrow, default)]
    details: Option<Vec<Detail<'a>>>,
}

/// One of the details; each kind uses some of the fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail<'a> {
    #[serde(borrow, default)]
    reason: Loose<'a>,
    #[serde(borrow, default)]
    retry_delay: Loose<'a>,
    #[serde(borrow, default)]
    violations: Option<Vec<Violation<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Violation<'a> {
    #[serde(borrow, default)]
    quota_id: Loose<'a>,
}

impl Detail<'_> {
    fn is_spent_for_the_day(&self) -> bool {
        let quotas = self.violations.iter().flatten().filter_map(|one| one.quota_id.as_str());
        quotas.into_iter().any(|quota| quota.contains("PerDay"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_error;
    use UpstreamDialect::{Gemini, OpenAiChat, VertexMessages};

    fn error(status: &str, message: &str, details: &str) -> String {
        format!(
            r#"{{"error":{{"code":400,"message":"{message}","status":"{status}","details":[{details}]}}}}"#
        )
    }

    #[test]
    fn errors_are_classified_by_their_canonical_name() {
        let too_long =
            "The input token count (2) exceeds the maximum number of tokens allowed (1).";
        let key = r#"{"@type":"t","reason":"API_KEY_INVALID","domain":"googleapis.com"}"#;
        for (status, message, details, kind) in [
            ("INVALID_ARGUMENT", "bad", "", FailureKind::BadRequest),
            ("INVALID_ARGUMENT", too_long, "", FailureKind::ContextTooLong),
            ("INVALID_ARGUMENT", "API key not valid.", key, FailureKind::CredentialRejected),
            (
                "FAILED_PRECONDITION",
                "User location is not supported for the API use.",
                "",
                FailureKind::CredentialRejected,
            ),
            ("FAILED_PRECONDITION", "no", "", FailureKind::BadRequest),
            ("UNAUTHENTICATED", "no", "", FailureKind::CredentialRejected),
            ("PERMISSION_DENIED", "no", "", FailureKind::CredentialRejected),
            ("NOT_FOUND", "no", "", FailureKind::ModelMissing),
            ("RESOURCE_EXHAUSTED", "no", "", FailureKind::RateLimited),
            ("UNAVAILABLE", "busy", "", FailureKind::Overloaded),
            ("DEADLINE_EXCEEDED", "late", "", FailureKind::TimedOut(Limit::Headers)),
            ("INTERNAL", "oops", "", FailureKind::Broken),
            ("CANCELLED", "gone", "", FailureKind::Broken),
        ] {
            let body = error(status, message, details);
            for body in [body.clone(), format!("[{body}\n]\n")] {
                let failure = read_error(Gemini, Some(400), body.as_bytes());
                assert_eq!(failure.kind, kind, "{body}");
                assert_eq!(failure.message, message);
                assert_eq!(failure.code.as_deref(), Some(status));
            }
        }
    }

    #[test]
    fn the_delay_of_the_details_is_the_hint_and_a_days_quota_is_spent() {
        let quota = |period: &str| {
            format!(
                r#"{{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{{"quotaId":"GenerateRequestsPer{period}PerProject"}}]}},
                   {{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"}}"#
            )
        };
        let read = |period| {
            let body = error("RESOURCE_EXHAUSTED", "quota", &quota(period));
            read_error(Gemini, Some(429), body.as_bytes())
        };
        assert_eq!(read("Minute").kind, FailureKind::RateLimited);
        assert_eq!(read("Minute").retry_after, Some(Duration::from_millis(34_400)));
        assert_eq!(read("Day").kind, FailureKind::QuotaSpent);
        for text in ["", "s", "-1s", "0s", "NaNs", "infs", "1e400s", "5"] {
            assert_eq!(delay(text), None, "{text}");
        }
    }

    #[test]
    fn claude_on_vertex_is_read_in_both_envelopes_and_others_in_theirs_alone() {
        let google = error("UNAVAILABLE", "busy", "");
        assert_eq!(
            read_error(VertexMessages, Some(503), google.as_bytes()).kind,
            FailureKind::Overloaded
        );
        let own = br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        assert_eq!(read_error(VertexMessages, Some(529), own).kind, FailureKind::Overloaded);
        let foreign = error("NOT_FOUND", "no", "");
        assert_eq!(
            read_error(OpenAiChat, Some(400), foreign.as_bytes()).kind,
            FailureKind::BadRequest
        );
    }
}
