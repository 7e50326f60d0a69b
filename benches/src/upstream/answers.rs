//! The bytes that the mock upstream answers with, built once.

use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

const MODEL: &str = "mock-chat-2026-06-01";
/// About 120 words: makes a whole answer of about 1 KB.
const TEXT: &str = "An isobar is a line on a weather map that joins places where the air \
    pressure, brought down to sea level, is the same. Where the lines lie close together the \
    pressure changes quickly over a short way, and the wind is strong; where they lie far apart \
    it is weak. The wind does not blow straight across them from high to low, because the earth \
    turns beneath it, but nearly along them, with the low on its left in the northern \
    hemisphere.";

/// All that the mock upstream ever says.
pub(super) struct Answers {
    /// A `chat.completion`.
    pub whole: Bytes,
    /// The events of a stream.
    pub events: Arc<Events>,
    /// Headers that vendors send and gateways read.
    pub headers: HeaderMap,
}

/// The frames of a stream, each one event.
pub(super) struct Events {
    /// Names the role; sent together with the first content.
    pub role: Bytes,
    /// One token, about 200 bytes.
    pub content: Bytes,
    /// Finish, usage and `[DONE]`.
    pub last: [Bytes; 3],
}

impl Answers {
    /// Builds them.
    pub(super) fn new() -> Result<Self> {
        Ok(Self { whole: whole()?, events: Arc::new(Events::new()?), headers: headers() })
    }
}

impl Events {
    fn new() -> Result<Self> {
        let delta = |delta: Value, finish: Value| json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }]);
        let role = json!({ "role": "assistant", "content": "", "refusal": null });
        let content = json!({ "content": " pressure" });
        Ok(Self {
            role: chunk(delta(role, Value::Null), Value::Null)?,
            content: chunk(delta(content, Value::Null), Value::Null)?,
            last: [
                chunk(delta(json!({}), json!("stop")), Value::Null)?,
                chunk(json!([]), usage())?,
                Bytes::from_static(b"data: [DONE]\n\n"),
            ],
        })
    }
}

fn chunk(choices: Value, usage: Value) -> Result<Bytes> {
    let event = json!({
        "id": "chatcmpl-BenchBenchBenchBenchBenchBench",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": MODEL,
        "service_tier": "default",
        "choices": choices,
        "usage": usage,
    });
    Ok(Bytes::from(format!("data: {}\n\n", serde_json::to_string(&event)?)))
}

fn whole() -> Result<Bytes> {
    let answer = json!({
        "id": "chatcmpl-BenchBenchBenchBenchBenchBench",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": MODEL,
        "choices": [{
            "index": 0,
            "message": {
                "role": "assistant", "content": TEXT, "refusal": null, "annotations": [],
            },
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": usage(),
        "service_tier": "default",
        "system_fingerprint": "fp_bench",
    });
    Ok(Bytes::from(serde_json::to_string(&answer)?))
}

fn usage() -> Value {
    json!({
        "prompt_tokens": 112,
        "completion_tokens": 100,
        "total_tokens": 212,
        "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
        "completion_tokens_details": { "reasoning_tokens": 0, "audio_tokens": 0 },
    })
}

fn headers() -> HeaderMap {
    const HEADERS: [(&str, &str); 10] = [
        ("server", "mock"),
        ("openai-organization", "bench"),
        ("openai-processing-ms", "412"),
        ("openai-version", "2020-10-01"),
        ("x-ratelimit-limit-requests", "1000000"),
        ("x-ratelimit-limit-tokens", "150000000"),
        ("x-ratelimit-remaining-requests", "999999"),
        ("x-ratelimit-remaining-tokens", "149999900"),
        ("x-ratelimit-reset-requests", "1ms"),
        ("x-request-id", "req_0123456789abcdef0123456789abcdef"),
    ];
    HEADERS
        .into_iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sizes_are_those_that_the_readme_states() {
        let answers = Answers::new().unwrap();
        assert!((950..1150).contains(&answers.whole.len()), "{}", answers.whole.len());
        let content = answers.events.content.len();
        assert!((180..280).contains(&content), "{content}");
    }
}
