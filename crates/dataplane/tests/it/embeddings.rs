//! Vectors: what a provider counts in a header is on record, and each SDK reads its own answer.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::Value;

use crate::{
    credentials::bedrock,
    lab::{Lab, Setup, text},
};

async fn embedded(lab: &Lab, agent: &str, model: &str) -> Value {
    let body = format!(r#"{{"model":"{model}","input":["Hello, vectors"]}}"#);
    let request = Request::post("/v1/embeddings")
        .header("authorization", format!("Bearer {}", lab.strict))
        .header("user-agent", agent)
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let answer = lab.send(request).await;
    let status = answer.status();
    let said = text(answer).await.unwrap();
    assert_eq!(status, 200, "{said}");
    serde_json::from_str(&said).unwrap()
}

#[tokio::test]
async fn a_count_that_only_a_header_tells_reaches_the_caller_and_the_record() {
    let cohere = |routes: String| {
        routes
            .replace("gpt-sim-large", "cohere.embed-english-v3")
            .replace("claude-sim-large", "cohere.embed-english-v3")
    };
    let lab = bedrock(Setup { routes: Some(Box::new(cohere)), ..Setup::default() }).await;
    let told = embedded(&lab, "test", "chat-large").await;
    let counted = told["usage"]["prompt_tokens"].as_u64().unwrap();
    assert!(counted > 0);
    assert_eq!(lab.log.outcome().usage.input, Some(counted));
}

#[tokio::test]
async fn mistrals_sdk_finds_an_id_whoever_answers() {
    let routes = |routes: String| routes.replace("claude-sim", "gpt-sim");
    let setup = Setup { routes: Some(Box::new(routes)), ..Setup::default() };
    let lab = Lab::with("eu-west", setup).await;
    let told = embedded(&lab, "mistral-client-python/3.7.0", "chat-large").await;
    assert!(told["id"].is_string());
    assert_eq!(told["usage"]["completion_tokens"], 0);
    let plain = embedded(&lab, "test", "chat-large").await;
    assert!(plain.get("id").is_none(), "OpenAI's own answers have none");
}
