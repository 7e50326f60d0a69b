//! Amazon Bedrock: addresses, signatures, names of models, errors.

use bytes::Bytes;
use dialect::{Outbound, UpstreamDialect as Upstream};
use provider::{AwsKeys, CallContext, Credential, Provider, Reach, Settings, SettingsError};
use secrecy::SecretString;
use vocab::FailureKind;

use crate::support::*;

fn bedrock() -> &'static dyn Provider {
    provider::find("bedrock").unwrap()
}

fn with(values: &[(&str, &str)]) -> Settings {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings { values: values.collect(), ..Settings::default() }
}

fn outbound_of(dialect: Upstream, stream: bool) -> Outbound {
    let body = Bytes::from_static(b"{}");
    Outbound { dialect, body, headers: Vec::new(), stream, dropped: Vec::new() }
}

fn path(dialect: Upstream, stream: bool, model: &str) -> String {
    let endpoint = endpoint(bedrock());
    let context = CallContext { model, ..context() };
    let call = bedrock().prepare(&endpoint, outbound_of(dialect, stream), &context);
    call.uri.path_and_query().unwrap().to_string()
}

#[test]
fn the_model_is_one_segment_of_the_path() {
    let haiku = "anthropic.claude-3-haiku-20240307-v1:0";
    for (dialect, stream, action) in [
        (Upstream::BedrockConverse, false, "converse"),
        (Upstream::BedrockConverse, true, "converse-stream"),
        (Upstream::BedrockInvoke, false, "invoke"),
        (Upstream::BedrockInvoke, true, "invoke-with-response-stream"),
        (Upstream::BedrockCount, false, "count-tokens"),
        (Upstream::TitanEmbeddings, false, "invoke"),
    ] {
        let expected = format!("/model/anthropic.claude-3-haiku-20240307-v1%3A0/{action}");
        assert_eq!(path(dialect, stream, haiku), expected);
    }
    assert_eq!(
        path(
            Upstream::BedrockConverse,
            false,
            "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.x"
        ),
        "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Feu.x/converse"
    );
    assert_eq!(
        path(Upstream::BedrockConverse, false, "../a?b#c d"),
        "/model/..%2Fa%3Fb%23c%20d/converse"
    );
}

#[test]
fn the_host_follows_from_the_region_unless_it_is_stated() {
    for (region, host) in [
        ("eu-west-1", "bedrock-runtime.eu-west-1.amazonaws.com"),
        ("us-gov-west-1", "bedrock-runtime.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "bedrock-runtime.cn-north-1.amazonaws.com.cn"),
    ] {
        let endpoint = bedrock().connect(&with(&[("aws_region", region)]), None).unwrap();
        assert_eq!(endpoint.base().uri().host(), Some(host));
    }
    let private = Settings {
        base_url: "https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com/".to_owned(),
        ..with(&[("aws_region", "eu-west-1")])
    };
    let endpoint = bedrock().connect(&private, None).unwrap();
    let host = "vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com";
    assert_eq!(endpoint.base().uri().host(), Some(host));
}

#[test]
fn a_region_must_be_there_and_be_one() {
    let error = bedrock().connect(&with(&[]), None).unwrap_err();
    assert!(matches!(error, SettingsError::Missing { setting: "aws_region", .. }), "{error}");
    for region in ["", "EU", "eu-west-1.evil.example/", "eu west"] {
        let error = bedrock().connect(&with(&[("aws_region", region)]), None).unwrap_err();
        assert!(matches!(error, SettingsError::Wrong { setting: "aws_region", .. }), "{error}");
    }
    let api = with(&[("aws_region", "eu-west-1"), ("api", "mantle")]);
    let error = bedrock().connect(&api, None).unwrap_err();
    assert!(matches!(error, SettingsError::Wrong { setting: "api", .. }), "{error}");
}

#[test]
fn claude_is_spoken_to_in_its_own_dialect_first() {
    use Upstream::{BedrockConverse, BedrockCount, BedrockInvoke};
    let speaks = |api: &[(&str, &str)], model: &str| bedrock().speaks(&with(api), model);
    for model in [
        "anthropic.claude-sonnet-4-6",
        "global.anthropic.claude-sonnet-4-6",
        "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-sonnet-4-6",
    ] {
        assert_eq!(speaks(&[], model), [BedrockInvoke, BedrockConverse, BedrockCount]);
        assert_eq!(speaks(&[("api", "converse")], model), [BedrockConverse, BedrockCount]);
        assert_eq!(speaks(&[("api", "invoke")], model), [BedrockInvoke, BedrockCount]);
    }
    for model in ["amazon.nova-pro-v1:0", "arn:aws:bedrock:eu-west-1:1:provisioned-model/a", "m"] {
        assert_eq!(speaks(&[("api", "invoke")], model), [BedrockConverse, BedrockCount]);
    }
    assert_eq!(speaks(&[], "amazon.titan-embed-text-v2:0"), [Upstream::TitanEmbeddings]);
    assert_eq!(speaks(&[], "eu.cohere.embed-v4:0"), [Upstream::CohereEmbeddings]);
    let nova = "amazon.nova-2-multimodal-embeddings-v1:0";
    assert_eq!(speaks(&[], nova), [Upstream::NovaEmbeddings]);
}

#[test]
fn the_name_of_a_model_tells_how_far_a_prompt_goes() {
    let settings = with(&[("aws_region", "eu-west-1")]);
    let reach = |model| bedrock().reach(&settings, model);
    assert_eq!(reach("amazon.nova-pro-v1:0"), Reach::Region("eu-west-1".to_owned()));
    assert_eq!(reach("eu.amazon.nova-pro-v1:0"), Reach::Geography("eu".to_owned()));
    assert_eq!(reach("global.amazon.nova-pro-v1:0"), Reach::Global);
    assert_eq!(bedrock().reach(&Settings::default(), "amazon.nova-pro-v1:0"), Reach::Unstated);
}

#[test]
fn keys_sign_the_call_as_it_leaves() {
    let keys = AwsKeys {
        id: "AKIDEXAMPLE".to_owned(),
        secret: SecretString::from("hunter2"),
        session: Some(SecretString::from("hunter3")),
    };
    let settings = with(&[("aws_region", "eu-west-1")]);
    let endpoint = bedrock().connect(&settings, Some(&Credential::Aws(keys))).unwrap();
    let outbound = outbound_of(Upstream::BedrockConverse, true);
    let call = bedrock().prepare(&endpoint, outbound, &context());
    let authorization = call.headers["authorization"].to_str().unwrap();
    let scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/eu-west-1/bedrock/aws4_request";
    assert!(authorization.starts_with(scope), "{authorization}");
    assert!(call.headers["authorization"].is_sensitive());
    assert_eq!(call.headers["x-amz-date"], "20261120T160000Z");
    assert_eq!(call.headers["x-amz-security-token"], "hunter3");
    assert!(!format!("{endpoint:?} {call:?}").contains("hunter"), "AUD-4");
}

#[test]
fn the_name_of_an_error_comes_in_a_header() {
    let named = "ServiceQuotaExceededException:http://internal.amazon.com/coral/";
    let reply = reply(400, &[("x-amzn-ErrorType", named)], r#"{"message":"slow down"}"#);
    let failure = bedrock().classify(Upstream::BedrockConverse, &reply, now());
    assert_eq!(failure.kind, FailureKind::RateLimited);
    assert_eq!(failure.code.as_deref(), Some("ServiceQuotaExceededException"));
    assert_eq!((failure.status, failure.retry_after), (Some(400), None));
    assert_eq!(failure.message, "slow down");
}

#[test]
fn the_providers_id_of_a_call_is_known() {
    let observed = bedrock().observe(&head(200, &[("x-amzn-RequestId", "7fdbc480")]));
    assert_eq!(observed.request_id.as_deref(), Some("7fdbc480"));
    assert_eq!(observed.input_tokens, None);
    let counted = bedrock().observe(&head(200, &[("X-Amzn-Bedrock-Input-Token-Count", "4")]));
    assert_eq!(counted.input_tokens, Some(4));
}
