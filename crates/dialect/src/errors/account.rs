//! Whose doing a rejection is: the credential's, the account's, or the request's own.
//!
//! The rule: a 401, or a name of authentication, says that the credential is bad for everybody; a
//! 403 says that the account may not do this, which another route may; a 403 or a 404 about
//! something that the caller sent (a file, a tool, a tier …) is the caller's error, because routes
//! are shared and no caller may close one for the others.

use vocab::{Failure, FailureKind};

/// Names of errors that are about authentication alone.
const AUTHENTICATION: [&str; 14] = [
    "authentication_error",
    "data_residency_mismatch",
    "expired_token",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UNAUTHENTICATED",
    "UnrecognizedClientException",
    "invalid_api_key",
    "invalid_token",
];

/// Names of errors by which an account is told what it may not do, for when there is no status.
const PERMISSION: [&str; 4] =
    ["AccessDeniedException", "PERMISSION_DENIED", "permission_denied_error", "permission_error"];

/// Names of errors that are about the model alone.
const MODEL: [&str; 3] = ["DeploymentNotFound", "invalid_model", "model_not_found"];

/// What a 404 begins with that is about the model or the address.
const OF_THE_ENDPOINT: [&str; 5] =
    ["model", "the model", "invalid url", "the requested url", "unknown request url"];

/// What callers send besides a prompt, by the words that providers have for it.
const SENT: [&str; 22] = [
    "beta",
    "betas",
    "bucket",
    "cachedcontent",
    "container",
    "conversation",
    "file",
    "files",
    "image",
    "images",
    "item",
    "skill",
    "speed",
    "storage",
    "tier",
    "tool",
    "tools",
    "uri",
    "uris",
    "url",
    "urls",
    "attachment",
];

/// How names of such things begin.
const SENT_NAMES: [&str; 12] = [
    "anthropic-beta",
    "cachedcontents/",
    "file-",
    "file_",
    "files/",
    "gs://",
    "s3:",
    "service_tier",
    "storage.",
    "tool_",
    "tools[",
    "tools.",
];

/// Whether a rejection is about the credential as such, so that every call would meet it; any other
/// may be about this one call.
#[must_use]
pub fn names_credential(failure: &Failure) -> bool {
    if failure.kind != FailureKind::CredentialRejected {
        return false;
    }
    is_named(failure, &AUTHENTICATION)
        || !(failure.status == Some(403) || is_named(failure, &PERMISSION))
}

/// The failure, as the caller's own if it is about something that the caller sent.
pub(super) fn settle(mut failure: Failure) -> Failure {
    let is_about_sent = match failure.kind {
        FailureKind::CredentialRejected => !names_credential(&failure) && names_sent(&failure),
        FailureKind::ModelMissing => {
            !is_named(&failure, &MODEL)
                && !begins(&failure.message, &OF_THE_ENDPOINT)
                && names_sent(&failure)
        }
        _ => false,
    };
    if is_about_sent {
        failure.kind = FailureKind::BadRequest;
    }
    failure
}

fn is_named(failure: &Failure, names: &[&str]) -> bool {
    let code = failure.code.as_deref().unwrap_or_default();
    names.iter().any(|name| name.eq_ignore_ascii_case(code))
}

fn begins(message: &str, starts: &[&str]) -> bool {
    let starts_with = |start: &str| {
        message.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
    };
    starts.iter().any(|start| starts_with(start))
}

/// Whether the field or the words are of something that the caller sent. Whole words only: models,
/// projects and profiles have names too.
fn names_sent(failure: &Failure) -> bool {
    if let Some(param) = failure.param.as_deref() {
        return !matches!(param, "model" | "engine");
    }
    let message = failure.message.to_ascii_lowercase();
    let words = message.split_whitespace();
    words
        .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
        .any(|word| SENT.contains(&word) || SENT_NAMES.iter().any(|start| word.starts_with(start)))
}

#[cfg(test)]
mod tests {
    use FailureKind::{BadRequest, CredentialRejected, ModelMissing};

    use super::*;
    use crate::{
        UpstreamDialect::{self, AnthropicMessages, BedrockConverse, Gemini, OpenAiChat},
        read_error,
    };

    fn openai(code: &str, param: &str, message: &str) -> String {
        let param = if param.is_empty() { "null".to_owned() } else { format!("\"{param}\"") };
        format!(
            r#"{{"error":{{"message":"{message}","type":"t","param":{param},"code":"{code}"}}}}"#
        )
    }

    fn anthropic(kind: &str, message: &str) -> String {
        format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}}}}"#)
    }

    fn google(status: &str, message: &str) -> String {
        format!(r#"{{"error":{{"message":"{message}","status":"{status}"}}}}"#)
    }

    fn amazon(name: &str, message: &str) -> String {
        format!(r#"{{"__type":"{name}","message":"{message}"}}"#)
    }

    type Case = (UpstreamDialect, Option<u16>, String, FailureKind, bool);

    fn check(cases: Vec<Case>) {
        for (upstream, status, body, kind, everybody) in cases {
            let failure = read_error(upstream, status, body.as_bytes());
            assert_eq!(failure.kind, kind, "{status:?} {body}");
            assert_eq!(names_credential(&failure), everybody, "{status:?} {body}");
        }
    }

    #[test]
    fn a_401_or_a_name_of_authentication_is_about_the_credential() {
        let of = |upstream, status, body| (upstream, status, body, CredentialRejected, true);
        check(vec![
            of(OpenAiChat, Some(401), String::new()),
            of(OpenAiChat, Some(401), openai("x", "", "no tool, no file")),
            of(OpenAiChat, Some(403), openai("invalid_api_key", "", "no")),
            of(AnthropicMessages, None, anthropic("authentication_error", "no")),
            of(Gemini, Some(403), google("UNAUTHENTICATED", "no")),
            of(BedrockConverse, Some(403), amazon("ExpiredTokenException", "no")),
            of(BedrockConverse, Some(403), amazon("InvalidSignatureException", "no")),
            of(BedrockConverse, Some(403), amazon("UnrecognizedClientException", "no")),
        ]);
    }

    #[test]
    fn a_403_is_about_the_account_and_perhaps_about_this_call_alone() {
        let of = |upstream, status, body| (upstream, status, body, CredentialRejected, false);
        check(vec![
            of(OpenAiChat, Some(403), String::new()),
            of(OpenAiChat, Some(403), openai("PermissionDenied", "", "lacks a data action")),
            of(
                AnthropicMessages,
                Some(403),
                anthropic("permission_error", "no such model for you"),
            ),
            of(AnthropicMessages, None, anthropic("permission_error", "no")),
            of(Gemini, Some(403), google("PERMISSION_DENIED", "Permission 'p' denied on 'q'")),
            of(
                BedrockConverse,
                Some(403),
                amazon(
                    "AccessDeniedException",
                    "User: arn:aws:iam::1:user/tool is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:eu-west-1:1:inference-profile/eu.x",
                ),
            ),
        ]);
    }

    #[test]
    fn what_the_caller_sent_is_the_callers_own_error() {
        let of = |upstream, status, body| (upstream, Some(status), body, BadRequest, false);
        check(vec![
            of(
                Gemini,
                403,
                google(
                    "PERMISSION_DENIED",
                    "You do not have permission to access the File abc or it may not exist.",
                ),
            ),
            of(
                Gemini,
                403,
                google("PERMISSION_DENIED", "x@y does not have storage.objects.get access"),
            ),
            of(Gemini, 404, google("NOT_FOUND", "files/abc was not found")),
            of(
                AnthropicMessages,
                403,
                anthropic("permission_error", "your account has no access to this beta."),
            ),
            of(AnthropicMessages, 403, anthropic("permission_error", "`speed` is not for you")),
            of(AnthropicMessages, 404, anthropic("not_found_error", "File not found: file_01")),
            of(OpenAiChat, 403, openai("x", "", "The service_tier 'priority' is not enabled")),
            of(OpenAiChat, 403, openai("x", "service_tier", "no")),
            of(OpenAiChat, 404, openai("x", "", "No such File object: file-abc")),
            of(OpenAiChat, 403, openai("x", "tools[0].type", "no")),
            of(
                BedrockConverse,
                403,
                amazon("AccessDeniedException", "not authorized to perform: s3:GetObject"),
            ),
        ]);
    }

    #[test]
    fn a_model_that_is_missing_is_not_a_file_whatever_its_name() {
        let of = |upstream, body| (upstream, Some(404), body, ModelMissing, false);
        check(vec![
            of(OpenAiChat, String::new()),
            of(OpenAiChat, openai("404", "", "The model `tool file` does not exist.")),
            of(OpenAiChat, openai("x", "model", "no such file")),
            of(OpenAiChat, openai("model_not_found", "", "no such tool")),
            of(OpenAiChat, openai("", "", "Invalid URL (POST /v1/v1/chat/completions)")),
            of(AnthropicMessages, anthropic("not_found_error", "model: file-1")),
            of(Gemini, google("NOT_FOUND", "Publisher Model `projects/tool/models/x` not found.")),
        ]);
    }
}
