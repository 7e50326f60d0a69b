//! Bedrock Mantle: the models on Amazon Bedrock by the APIs of OpenAI and Anthropic.
//!
//! `aws_region` says which host is called, and a prompt stays in its region: Mantle knows models by
//! their bare names and has no profiles. Claude is spoken to in Messages alone, every other model in
//! Chat Completions or Responses; which of the two a model has, its own page says, hence `api`. Some
//! models are not under `/v1` but under `/openai/v1`: their endpoint has a `base_url` that ends in
//! `/openai`. A call is signed by the keys of an AWS identity, or carries a Bedrock API key as a
//! bearer.

use dialect::{Outbound, UpstreamDialect, read_error};
use http::{HeaderName, HeaderValue};
use vocab::{Failure, FailureKind, HttpCall, HttpHead, HttpReply, Timestamp};

use crate::{
    ANTHROPIC_VERSION_DEFAULT, Base, CallContext, Credential, Endpoint, Observed, Provider, Reach,
    Setting, Settings, SettingsError, auth,
    base::Shape,
    bedrock::{Model, REGION, reach, region, region_of},
    observed::request_id,
    retry_hint,
};

/// What calls are signed for, and what its hosts begin with.
const SERVICE: &str = "bedrock-mantle";
const SHAPE: Shape = Shape {
    example: "https://bedrock-mantle.eu-west-1.api.aws",
    appended: &[
        "/v1/chat/completions",
        "/v1/responses",
        "/v1",
        "/anthropic/v1/messages",
        "/anthropic",
    ],
};
const API: Setting = Setting {
    name: "api",
    what: "`chat` or `responses`, the only API that models other than Claude are spoken to by; both when it is left out",
    example: "responses",
    required: false,
};
static SETTINGS: [Setting; 2] = [REGION, API];

const VERSION: HeaderName = HeaderName::from_static("anthropic-version");
const VERSION_DEFAULT: HeaderValue = HeaderValue::from_static(ANTHROPIC_VERSION_DEFAULT);

/// Amazon's own name of the id, and those of the APIs it imitates.
static REQUEST_IDS: [HeaderName; 3] = [
    HeaderName::from_static("x-amzn-requestid"),
    HeaderName::from_static("request-id"),
    HeaderName::from_static("x-request-id"),
];

/// Bedrock Mantle.
#[derive(Debug)]
pub(crate) struct BedrockMantle;

impl Provider for BedrockMantle {
    fn name(&self) -> &'static str {
        "bedrock-mantle"
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn speaks(&self, settings: &Settings, model: &str) -> Vec<UpstreamDialect> {
        use UpstreamDialect::{AnthropicCount, AnthropicMessages, OpenAiChat, OpenAiResponses};
        if Model::read(model).base().starts_with("anthropic.") {
            return vec![AnthropicMessages, AnthropicCount];
        }
        match settings.get(API.name) {
            Some("chat") => vec![OpenAiChat],
            Some("responses") => vec![OpenAiResponses],
            _ => vec![OpenAiChat, OpenAiResponses],
        }
    }

    fn reach(&self, settings: &Settings, model: &str) -> Reach {
        // The name of a profile is refused there today; it is not certified for a region either way.
        reach(settings, model, &[SERVICE])
    }

    fn connect(
        &self,
        settings: &Settings,
        credential: Option<&Credential>,
    ) -> Result<Endpoint, SettingsError> {
        let region = region(settings)?;
        if !matches!(settings.get(API.name), None | Some("chat" | "responses")) {
            return Err(wrong(API));
        }
        let base = match settings.base_url.trim() {
            "" => Base::parse_shape(&format!("https://{SERVICE}.{region}.api.aws"), SHAPE)?,
            stated => Base::parse_shape(stated, SHAPE)?,
        };
        // P5: two answers to the question where are none.
        if region_of(&base, &[SERVICE]).is_some_and(|called| !called.eq_ignore_ascii_case(region)) {
            return Err(wrong(REGION));
        }
        let endpoint = Endpoint::new(base, &settings.headers)?
            .at(UpstreamDialect::OpenAiChat, "/v1/chat/completions")?
            .at(UpstreamDialect::OpenAiResponses, "/v1/responses")?
            .at(UpstreamDialect::AnthropicMessages, "/anthropic/v1/messages")?
            .at(UpstreamDialect::AnthropicCount, "/anthropic/v1/messages/count_tokens")?;
        match credential {
            None => Ok(endpoint),
            Some(Credential::Secret(key)) => endpoint.bearer(key),
            Some(Credential::Token(..)) => Err(SettingsError::CredentialKind {
                takes: "write a key of Bedrock's, or an AWS identity",
            }),
            Some(Credential::Aws(keys)) => {
                let signer = auth::Signer::new(keys, region, SERVICE);
                let signer =
                    signer.map_err(|_| SettingsError::ValueShape { setting: "credential" })?;
                Ok(endpoint.signed_with(signer))
            }
        }
    }

    fn prepare(
        &self,
        endpoint: &Endpoint,
        outbound: Outbound,
        context: &CallContext<'_>,
    ) -> HttpCall {
        use UpstreamDialect::{AnthropicCount, AnthropicMessages};
        let is_messages = matches!(outbound.dialect, AnthropicMessages | AnthropicCount);
        let mut call = endpoint.call(outbound, context);
        if is_messages {
            // What the body was written for wins, or what the operator pinned in `headers`.
            call.headers.entry(VERSION).or_insert(VERSION_DEFAULT);
        }
        if let Some(signer) = endpoint.signer() {
            signer.sign(&mut call, context.now);
        }
        call
    }

    fn classify(&self, dialect: UpstreamDialect, reply: &HttpReply, now: Timestamp) -> Failure {
        let status = reply.head.status.as_u16();
        let mut failure = read_error(dialect, Some(status), &reply.body);
        if failure.kind == FailureKind::BadRequest {
            failure.kind = asked(&failure.message);
        }
        failure.status = Some(status);
        failure.retry_after = retry_hint(&reply.head, now);
        failure
    }

    fn observe(&self, head: &HttpHead) -> Observed {
        Observed { request_id: request_id(head, &REQUEST_IDS), ..Observed::default() }
    }
}

/// Mantle has one code for all that it calls the caller's mistake: the words tell them apart, and
/// nobody else has these.
fn asked(message: &str) -> FailureKind {
    if message.starts_with("prompt tokens") && message.contains("exceed model maximum") {
        FailureKind::ContextTooLong
    } else if message.contains("does not support the '/") || message.contains("on this route") {
        // A model that is asked for by an API, or under a path, that it does not have: the
        // endpoint's mistake.
        FailureKind::ModelMissing
    } else {
        FailureKind::BadRequest
    }
}

const fn wrong(setting: Setting) -> SettingsError {
    let Setting { name, what, example, .. } = setting;
    SettingsError::Wrong { setting: name, what, example }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use UpstreamDialect::{AnthropicCount, AnthropicMessages, OpenAiChat, OpenAiResponses};
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};
    use secrecy::SecretString;
    use vocab::RequestId;

    use super::*;
    use crate::AwsKeys;

    fn with(base_url: &str, values: &[(&str, &str)]) -> Settings {
        let values = values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Settings { base_url: base_url.to_owned(), values, ..Settings::default() }
    }

    fn ireland(base_url: &str) -> Settings {
        with(base_url, &[("aws_region", "eu-west-1")])
    }

    fn key() -> Credential {
        Credential::Secret(SecretString::from("hunter2"))
    }

    fn call(
        settings: &Settings,
        credential: &Credential,
        dialect: UpstreamDialect,
        headers: Vec<(&'static str, String)>,
    ) -> HttpCall {
        let endpoint = BedrockMantle.connect(settings, Some(credential)).unwrap();
        let now = "2026-11-20T16:00:00Z".parse().unwrap();
        let context = CallContext {
            request_id: RequestId::new(now, 7),
            model: "m",
            now,
            remaining: Duration::from_secs(60),
        };
        let body = Bytes::from_static(b"{}");
        let outbound = Outbound { dialect, body, headers, stream: false, dropped: Vec::new() };
        BedrockMantle.prepare(&endpoint, outbound, &context)
    }

    fn failure(dialect: UpstreamDialect, status: u16, body: &str) -> Failure {
        let status = StatusCode::from_u16(status).unwrap();
        let head = HttpHead { status, headers: HeaderMap::new() };
        let reply = HttpReply { head, body: Bytes::copy_from_slice(body.as_bytes()) };
        BedrockMantle.classify(dialect, &reply, Timestamp::default())
    }

    #[test]
    fn the_region_is_in_the_host_and_each_api_at_its_path() {
        for (base_url, dialect, address) in [
            ("", OpenAiChat, "https://bedrock-mantle.eu-west-1.api.aws/v1/chat/completions"),
            ("", OpenAiResponses, "https://bedrock-mantle.eu-west-1.api.aws/v1/responses"),
            (
                "",
                AnthropicMessages,
                "https://bedrock-mantle.eu-west-1.api.aws/anthropic/v1/messages",
            ),
            (
                "",
                AnthropicCount,
                "https://bedrock-mantle.eu-west-1.api.aws/anthropic/v1/messages/count_tokens",
            ),
            (
                "https://bedrock-mantle.eu-west-1.api.aws/openai",
                OpenAiResponses,
                "https://bedrock-mantle.eu-west-1.api.aws/openai/v1/responses",
            ),
            (
                "https://vpce-1.bedrock-mantle.eu-west-1.vpce.amazonaws.com/",
                OpenAiChat,
                "https://vpce-1.bedrock-mantle.eu-west-1.vpce.amazonaws.com/v1/chat/completions",
            ),
        ] {
            assert_eq!(call(&ireland(base_url), &key(), dialect, Vec::new()).uri, address);
        }
    }

    #[test]
    fn claude_is_spoken_to_in_messages_and_nothing_else_is() {
        let speaks =
            |values: &[(&str, &str)], model| BedrockMantle.speaks(&with("", values), model);
        for api in [&[][..], &[("api", "chat")], &[("api", "responses")]] {
            assert_eq!(
                speaks(api, "anthropic.claude-opus-4-8"),
                [AnthropicMessages, AnthropicCount]
            );
        }
        assert_eq!(speaks(&[], "openai.gpt-oss-120b"), [OpenAiChat, OpenAiResponses]);
        assert_eq!(speaks(&[("api", "chat")], "zai.glm-4.7"), [OpenAiChat]);
        assert_eq!(speaks(&[("api", "responses")], "openai.gpt-5.5"), [OpenAiResponses]);
    }

    #[test]
    fn a_prompt_stays_in_the_region_of_the_host() {
        let region = || Reach::Region("eu-west-1".to_owned());
        for (model, reach) in [
            ("anthropic.claude-opus-4-8", region()),
            ("openai.gpt-oss-120b", region()),
            ("zai.glm-4.7", region()),
            ("global.anthropic.claude-opus-4-8", Reach::Global),
            ("eu.anthropic.claude-opus-4-8", Reach::Geography("eu".to_owned())),
            ("my-model", Reach::Unstated),
        ] {
            assert_eq!(BedrockMantle.reach(&ireland(""), model), reach, "{model}");
        }
        assert_eq!(BedrockMantle.reach(&with("", &[]), "openai.gpt-5.5"), Reach::Unstated);
    }

    #[test]
    fn settings_that_cannot_be_are_refused_by_name() {
        for (base_url, values, setting) in [
            ("", &[][..], "aws_region"),
            ("", &[("aws_region", "evil.example/")], "aws_region"),
            ("", &[("aws_region", "eu-west-1"), ("api", "messages")], "api"),
            (
                "https://bedrock-mantle.us-east-1.api.aws",
                &[("aws_region", "eu-west-1")],
                "aws_region",
            ),
            (
                "https://vpce-1.Bedrock-Mantle.us-east-1.vpce.amazonaws.com",
                &[("aws_region", "eu-west-1")],
                "aws_region",
            ),
            (
                "https://bedrock-mantle.eu-west-1.api.aws/openai/v1",
                &[("aws_region", "eu-west-1")],
                "base_url",
            ),
            (
                "https://bedrock-mantle.eu-west-1.api.aws/anthropic",
                &[("aws_region", "eu-west-1")],
                "base_url",
            ),
        ] {
            let error = BedrockMantle.connect(&with(base_url, values), None).unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{setting}`")), "{base_url}: {error}");
        }
    }

    #[test]
    fn a_key_is_a_bearer_in_every_api() {
        for dialect in [OpenAiChat, OpenAiResponses, AnthropicMessages, AnthropicCount] {
            let call = call(&ireland(""), &key(), dialect, Vec::new());
            assert_eq!(call.headers["authorization"], "Bearer hunter2");
            assert!(!call.headers.contains_key("x-api-key"));
        }
    }

    #[test]
    fn keys_sign_for_mantle_and_cover_the_version() {
        let keys = Credential::Aws(AwsKeys {
            id: "AKIDEXAMPLE".to_owned(),
            secret: SecretString::from("hunter2"),
            session: Some(SecretString::from("hunter3")),
        });
        for (dialect, signed) in [
            (OpenAiChat, "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token"),
            (
                AnthropicMessages,
                "anthropic-version;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
            ),
        ] {
            let call = call(&ireland(""), &keys, dialect, Vec::new());
            let authorization = call.headers["authorization"].to_str().unwrap();
            let begin = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/eu-west-1/bedrock-mantle/aws4_request, SignedHeaders={signed}, "
            );
            assert!(authorization.starts_with(&begin), "{authorization}");
            assert!(call.headers["authorization"].is_sensitive());
            assert!(!format!("{call:?}").contains("hunter"), "AUD-4");
        }
    }

    #[test]
    fn messages_alone_carry_a_version_and_that_of_the_body_wins() {
        let version = |settings: &Settings, dialect, headers| {
            let call = call(settings, &key(), dialect, headers);
            let value = call.headers.get("anthropic-version")?;
            Some(value.to_str().unwrap().to_owned())
        };
        let written = || vec![("anthropic-version", "2026-10-21".to_owned())];
        let mut pinned = ireland("");
        pinned.headers.push(("Anthropic-Version".to_owned(), "2026-01-01".to_owned()));
        for (settings, dialect, headers, expected) in [
            (ireland(""), OpenAiChat, Vec::new(), None),
            (ireland(""), OpenAiResponses, Vec::new(), None),
            (ireland(""), AnthropicMessages, Vec::new(), Some("2023-06-01")),
            (ireland(""), AnthropicCount, Vec::new(), Some("2023-06-01")),
            (ireland(""), AnthropicMessages, written(), Some("2026-10-21")),
            (pinned.clone(), AnthropicMessages, Vec::new(), Some("2026-01-01")),
            (pinned, AnthropicMessages, written(), Some("2026-10-21")),
        ] {
            assert_eq!(version(&settings, dialect, headers).as_deref(), expected, "{dialect:?}");
        }
    }

    /// Replies of Mantle's as its users reported them, without their account.
    #[test]
    fn replies_that_were_seen_are_classified() {
        let error = |code: &str, kind: &str, message: &str| {
            format!(
                r#"{{"error":{{"code":"{code}","message":"{message}","param":null,"type":"{kind}"}}}}"#
            )
        };
        for (dialect, status, code, kind, message, expected) in [
            (
                OpenAiResponses,
                400,
                "validation_error",
                "invalid_request_error",
                "prompt tokens (400007) exceed model maximum (278528) for openai.gpt-5.5",
                FailureKind::ContextTooLong,
            ),
            (
                OpenAiChat,
                400,
                "validation_error",
                "invalid_request_error",
                "The model 'openai.gpt-5.6-luna' does not support the '/v1/chat/completions' API",
                FailureKind::ModelMissing,
            ),
            (
                OpenAiChat,
                403,
                "access_denied",
                "permission_denied_error",
                "User: arn:aws:iam::1:user/a is not authorized to perform: bedrock-mantle:CreateInference",
                FailureKind::CredentialRejected,
            ),
        ] {
            let failure = failure(dialect, status, &error(code, kind, message));
            assert_eq!(failure.kind, expected, "{message}");
            assert_eq!((failure.status, &*failure.message), (Some(status), message));
            assert_eq!(failure.code.as_deref(), Some(code));
        }
    }

    /// The first in the words of Amazon's own pages, which do not show the rest of the reply.
    #[test]
    fn only_a_model_that_is_not_there_in_this_way_is_the_endpoints_mistake() {
        for (message, expected) in [
            ("model `openai.gpt-5.5` isn't supported on this route", FailureKind::ModelMissing),
            ("temperature is deprecated for this model", FailureKind::BadRequest),
            ("", FailureKind::BadRequest),
        ] {
            let body = format!(r#"{{"error":{{"message":"{message}"}}}}"#);
            assert_eq!(failure(OpenAiResponses, 400, &body).kind, expected, "{message}");
        }
    }

    #[test]
    fn a_status_says_what_the_body_does_not() {
        for (status, expected) in [
            (401, FailureKind::CredentialRejected),
            (403, FailureKind::CredentialRejected),
            (404, FailureKind::ModelMissing),
            (413, FailureKind::TooLarge),
            (429, FailureKind::RateLimited),
            (500, FailureKind::Broken),
            (503, FailureKind::Overloaded),
        ] {
            for dialect in [OpenAiChat, OpenAiResponses, AnthropicMessages] {
                let failure = failure(dialect, status, "");
                assert_eq!(failure.kind, expected, "{status}");
            }
        }
    }

    #[test]
    fn the_id_of_a_call_is_known_by_whichever_name() {
        for name in ["x-amzn-requestid", "request-id", "x-request-id"] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static("7fdbc480"));
            let observed = BedrockMantle.observe(&HttpHead { status: StatusCode::OK, headers });
            assert_eq!(observed.request_id.as_deref(), Some("7fdbc480"), "{name}");
        }
    }
}
