//! No upstream is sent a body that two parsers could read differently (RES-1).

use std::collections::BTreeMap;

use bytes::Bytes;
use dialect::{Caller, Request, Target};
use proptest::prelude::*;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use vocab::Feature;

use crate::support::{Client, Upstream};

/// What a caller might write beside what is required, with values that parse and values that do
/// not, in spellings that are the API's and spellings that are not.
const MORE: [&str; 34] = [
    r#""inference_geo":null"#,
    r#""inference_geo":"us""#,
    r#""inference\u005fgeo":null"#,
    r#""Inference_Geo":"global""#,
    r#""anthropic_version":null"#,
    r#""anthropic_beta":null"#,
    r#""stream":true"#,
    r#""stream":null"#,
    r#""Stream":false"#,
    r#""stream_options":null"#,
    r#""stream_options":{}"#,
    r#""stream_options":{"include_usage":null}"#,
    r#""store":true"#,
    r#""store":null"#,
    r#""STORE":true"#,
    r#""include":null"#,
    r#""include":[]"#,
    r#""prompt_cache_retention":"24h""#,
    r#""prompt_cache_retention":null"#,
    r#""Model":"another""#,
    r#""mod\u0065l":"another""#,
    r#""max_tokens":7"#,
    r#""max_completion_tokens":7"#,
    r#""max_output_tokens":7"#,
    r#""temperature":1"#,
    r#""temperature":null"#,
    r#""thinking":null"#,
    r#""reasoning":{"effort":"low"}"#,
    r#""reasoning_effort":"low""#,
    r#""tools":[]"#,
    r#""dimensions":8"#,
    r#""future":1"#,
    r#""Future":2"#,
    r#""seed":1"#,
];

/// What each client's body must have.
fn required(client: Client) -> Vec<&'static str> {
    const MODEL: &str = r#""model":"m""#;
    const MESSAGES: &str = r#""messages":[{"role":"user","content":"x"}]"#;
    match client {
        Client::OpenAiChat | Client::MistralChat | Client::AnthropicCount => vec![MODEL, MESSAGES],
        Client::AnthropicMessages => vec![MODEL, MESSAGES, r#""max_tokens":2000"#],
        Client::OpenAiResponses => vec![MODEL, r#""input":[{"role":"user","content":"x"}]"#],
        Client::OpenAiEmbeddings | Client::MistralEmbeddings => vec![MODEL, r#""input":["x"]"#],
    }
}

/// The keys of an object, as often as they stand there.
struct Keys(Vec<String>);

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut keys = Vec::new();
        while let Some((key, IgnoredAny)) = map.next_entry()? {
            keys.push(key);
        }
        Ok(Keys(keys))
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeysVisitor)
    }
}

/// How many bodies went out; none had a key twice, nor one of the gateway's in another spelling.
fn sent(body: &str, beta: Option<&str>) -> usize {
    let mut sent = 0;
    for client in Client::ALL {
        let caller = Caller { anthropic_version: None, anthropic_beta: beta };
        let Ok(request) = Request::parse(client, caller, Bytes::from(body.to_owned())) else {
            continue;
        };
        for upstream in Upstream::ALL {
            for inference_geo in [None, Some("us")] {
                let has = [Feature::Reasoning].into_iter().collect();
                let target = Target { inference_geo, has, ..Target::new("up", 4096) };
                let Ok(out) = request.emit(upstream, &target) else { continue };
                sent += 1;
                let Keys(keys) = serde_json::from_slice(&out.body).unwrap();
                let mut seen = BTreeMap::new();
                for key in keys {
                    // What the gateway does not know is the caller's to spell.
                    let folded = key.to_ascii_lowercase();
                    let name = if folded == "future" { key.clone() } else { folded };
                    let before = seen.insert(name, key.clone());
                    assert_eq!(before, None, "{client} to {upstream}: {key} in {:?}", out.body);
                }
            }
        }
    }
    sent
}

proptest! {
    #[test]
    fn no_key_is_sent_twice(
        client in prop::sample::select(Client::ALL.to_vec()),
        more in prop::sample::subsequence(MORE.to_vec(), 0..5),
        turn in 0_usize..8,
        beta in prop::option::of(Just("b-1")),
    ) {
        let mut members = required(client);
        members.extend(more);
        let turn = turn % members.len();
        members.rotate_left(turn);
        sent(&format!("{{{}}}", members.join(",")), beta);
    }
}

#[test]
fn no_key_is_sent_twice_whatever_stands_beside_the_required_ones() {
    let mut bodies = 0;
    for client in Client::ALL {
        for more in MORE {
            for first in [false, true] {
                let mut members = required(client);
                members.insert(if first { 0 } else { members.len() }, more);
                bodies += sent(&format!("{{{}}}", members.join(",")), Some("b-1"));
            }
        }
    }
    assert!(bodies > 1000, "{bodies}");
}
