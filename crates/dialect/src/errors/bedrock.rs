//! What Amazon's errors are called.
//!
//! A reply names its error in the header `x-amzn-ErrorType` or in `__type`, a stream by the type of
//! the message; the same name begins with a small letter there. The status says less: a spent
//! service quota has 400, a model that timed out 408.

use vocab::{FailureKind, failure::Limit};

use super::read::{Words, too_long};

/// The name alone: `aws.protocols#ValidationException:http://…` is a `ValidationException`.
pub(super) fn shape(name: &str) -> &str {
    let name = name.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default().trim()
}

/// The kind of an error with one of these names.
pub(super) fn kind(words: &Words) -> Option<FailureKind> {
    let table: [(&[&str], FailureKind); 8] = [
        (
            &["ThrottlingException", "ModelNotReadyException", "ServiceQuotaExceededException"],
            FailureKind::RateLimited,
        ),
        (&["ServiceUnavailableException"], FailureKind::Overloaded),
        (&["ModelTimeoutException"], FailureKind::TimedOut(Limit::Headers)),
        (
            &[
                "AccessDeniedException",
                "ExpiredTokenException",
                "IncompleteSignatureException",
                "InvalidSignatureException",
                "MissingAuthenticationTokenException",
                "UnrecognizedClientException",
            ],
            FailureKind::CredentialRejected,
        ),
        (&["ResourceNotFoundException"], FailureKind::ModelMissing),
        (&["InternalServerException"], FailureKind::Broken),
        (&["ModelErrorException", "ModelStreamErrorException"], behind(words)),
        (&["ValidationException"], asked(words)),
    ];
    let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(&words.kind));
    table.into_iter().find(|(names, _)| is(names)).map(|(_, kind)| kind)
}

/// The model behind Amazon failed, and perhaps its own status is known.
fn behind(words: &Words) -> FailureKind {
    match words.original {
        Some(429) => FailureKind::RateLimited,
        Some(503 | 529) => FailureKind::Overloaded,
        Some(408 | 504) => FailureKind::TimedOut(Limit::Headers),
        _ => FailureKind::Broken,
    }
}

/// Amazon calls it the caller's mistake when a model is not there, or not in this way.
fn asked(words: &Words) -> FailureKind {
    if words.says(&["model identifier is invalid", "with on-demand throughput isn"]) {
        FailureKind::ModelMissing
    } else if too_long(words) {
        FailureKind::ContextTooLong
    } else {
        FailureKind::BadRequest
    }
}

#[cfg(test)]
mod tests {
    use vocab::FailureKind::*;

    use super::*;
    use crate::{UpstreamDialect, read_named_error};

    fn read(status: Option<u16>, name: Option<&str>, body: &str) -> FailureKind {
        read_named_error(UpstreamDialect::BedrockConverse, status, name, body.as_bytes()).kind
    }

    #[test]
    fn a_name_is_cut_out_of_its_namespace_and_address() {
        for name in [
            "ValidationException",
            "ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/",
            "aws.protocoltests#ValidationException:http://x",
            "com.amazon.coral.service#ValidationException",
        ] {
            assert_eq!(shape(name), "ValidationException");
        }
    }

    #[test]
    fn the_name_says_more_than_the_status() {
        for (status, name, message, expected) in [
            (429, "ThrottlingException", "Too many tokens", RateLimited),
            (429, "ModelNotReadyException", "", RateLimited),
            (400, "ServiceQuotaExceededException", "", RateLimited),
            (408, "ModelTimeoutException", "", TimedOut(Limit::Headers)),
            (400, "ValidationException", "temperature: range", BadRequest),
            (400, "ValidationException", "Input is too long for requested model.", ContextTooLong),
            (400, "ValidationException", "prompt is too long: 9 tokens > 8", ContextTooLong),
            (400, "ValidationException", "The provided model identifier is invalid.", ModelMissing),
            (403, "AccessDeniedException", "", CredentialRejected),
            (403, "UnrecognizedClientException", "", CredentialRejected),
            (404, "ResourceNotFoundException", "", ModelMissing),
            (424, "ModelErrorException", "", Broken),
            (503, "ServiceUnavailableException", "", Overloaded),
            (500, "InternalServerException", "", Broken),
            (418, "SomethingNewException", "", BadRequest),
        ] {
            let body = format!(r#"{{"message":"{message}"}}"#);
            assert_eq!(read(Some(status), Some(name), &body), expected, "{name} {message}");
            let typed = format!(r#"{{"__type":"a.b#{name}","message":"{message}"}}"#);
            assert_eq!(read(Some(status), None, &typed), expected, "{name} {message}");
            if status != 418 {
                let small = format!("{}{}", name[..1].to_lowercase(), &name[1..]);
                assert_eq!(read(None, Some(&small), &body), expected, "{small} {message}");
            }
        }
    }

    #[test]
    fn the_status_of_the_model_behind_counts() {
        let body = r#"{"message":"m","originalStatusCode":529}"#;
        assert_eq!(read(Some(424), Some("ModelErrorException"), body), Overloaded);
        assert_eq!(read(None, Some("modelStreamErrorException"), body), Overloaded);
    }
}
