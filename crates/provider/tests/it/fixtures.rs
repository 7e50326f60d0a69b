//! Replies that real providers gave, from the fixture collection beside the repository.

use std::path::PathBuf;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri};
use provider::{AwsKeys, auth::Signer, find};
use secrecy::SecretString;
use serde_json::Value;
use vocab::{FailureKind, HttpCall};

use crate::support::{now, reply, spoken};

/// The collection, which is not part of the repository.
fn folder() -> Option<PathBuf> {
    let given = option_env!("ISOBAR_FIXTURES").map(PathBuf::from);
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let folder = given.unwrap_or_else(beside);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("NOT CHECKED: no fixtures at {} (set ISOBAR_FIXTURES)", folder.display());
    None
}

#[test]
fn recorded_errors_are_classified() {
    let Some(folder) = folder() else { return };
    let cases = [
        (
            "openai-compatible",
            "openai-chat/err_400_unsupported_parameter.json",
            FailureKind::BadRequest,
        ),
        ("openai", "openai-chat/err_404_model.json", FailureKind::ModelMissing),
        ("openai", "openai-responses/err_400_reasoning_item_orphan.json", FailureKind::BadRequest),
        ("openai", "openai-responses/err_400_temperature.json", FailureKind::BadRequest),
        (
            "openai-compatible",
            "openai-compat/groq_400_tool_use_failed.json",
            FailureKind::BadRequest,
        ),
        ("openai-compatible", "openai-embeddings/err_400.json", FailureKind::BadRequest),
        ("azure-openai", "azure-openai/err_401.json", FailureKind::CredentialRejected),
        ("azure-openai", "azure-openai/err_404_deployment.json", FailureKind::ModelMissing),
        ("anthropic", "anthropic/err_400.json", FailureKind::BadRequest),
        ("anthropic", "anthropic/err_404.json", FailureKind::ModelMissing),
    ];
    for (provider, file, kind) in cases {
        let provider = find(provider).unwrap();
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let recorded: Value = serde_json::from_str(&text).unwrap();
        let response = &recorded["interactions"][0]["response"];
        let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
        let headers: Vec<(&str, &str)> = response["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let reply = reply(status, &headers, &response["json"].to_string());
        let failure = provider.classify(spoken(provider), &reply, now());
        assert_eq!(failure.kind, kind, "{file}");
        let message = response["json"]["error"]["message"].as_str().unwrap();
        assert_eq!(failure.message, message, "{file}");
        assert_eq!(failure.retry_after, None, "{file}: rate-limit headers of a 4xx are no hint");
    }
}

#[test]
fn a_request_is_signed_as_openais_own_client_signs_it() {
    let Some(folder) = folder() else { return };
    let text = std::fs::read_to_string(folder.join("bedrock/sigv4_bedrock_mantle.json")).unwrap();
    let vector: Value = serde_json::from_str(&text).unwrap();
    let text = |pointer: &str| vector.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let keys = AwsKeys {
        id: text("/credentials/accessKeyId"),
        secret: SecretString::from(text("/credentials/secretAccessKey")),
        session: Some(SecretString::from(text("/credentials/sessionToken"))),
    };
    let uri: Uri = text("/request/url").parse().unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_str(uri.host().unwrap()).unwrap());
    let content_type = HeaderValue::from_str(&text("/request/contentType")).unwrap();
    headers.insert("content-type", content_type);
    let body = Bytes::from(text("/request/body"));
    let mut call = HttpCall { method: Method::POST, uri, headers, body };
    let signer = Signer::new(&keys, &text("/region"), &text("/service")).unwrap();
    signer.sign(&mut call, text("/signingDate").parse().unwrap());
    assert_eq!(call.headers["x-amz-date"], text("/expected/date"));
    assert_eq!(call.headers["x-amz-content-sha256"], text("/expected/payloadHash"));
    assert_eq!(call.headers["authorization"], text("/expected/authorization"));
}

#[test]
fn recorded_errors_of_google_are_classified() {
    let Some(folder) = folder() else { return };
    let provider = find("vertex").unwrap();
    for (file, kind) in [
        ("err_400_role.json", FailureKind::BadRequest),
        ("err_404_model.json", FailureKind::ModelMissing),
    ] {
        let text = std::fs::read_to_string(folder.join("vertex-gemini").join(file)).unwrap();
        let recorded: Value = serde_json::from_str(&text).unwrap();
        let response = &recorded["interactions"][0]["response"];
        let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
        let failure = provider.classify(
            spoken(provider),
            &reply(status, &[], &response["json"].to_string()),
            now(),
        );
        assert_eq!(failure.kind, kind, "{file}");
        assert_eq!(failure.message, response["json"]["error"]["message"].as_str().unwrap());
    }
    let text = std::fs::read_to_string(folder.join("vertex-gemini/err_429_retry_info.json"));
    let failure = provider.classify(spoken(provider), &reply(429, &[], &text.unwrap()), now());
    assert_eq!(failure.kind, FailureKind::RateLimited);
    assert_eq!(failure.retry_after, Some(std::time::Duration::from_millis(34_400)));
}
