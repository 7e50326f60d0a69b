//! Writes Chat Completions answers, whole and as a stream.

use serde_json::{Value, json};

use crate::answer::{Answer, Call, Finish, fragments};
use crate::ask::Ask;
use crate::script::ScriptWriter;
use crate::vendor::{Facts, write_json};

const FINGERPRINT: &str = "fp_51mu1a70r0";

pub(super) fn whole(facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8> {
    let id = facts.random.id("chatcmpl-", 29);
    let choices: Vec<Value> = (0..ask.choices)
        .map(|index| {
            json!({
                "index": index, "message": message(facts, answer), "logprobs": null,
                "finish_reason": finish(answer.finish),
            })
        })
        .collect();
    let reply = json!({
        "id": id, "object": "chat.completion", "created": facts.now.seconds(), "model": ask.model,
        "choices": choices, "usage": usage(ask, answer), "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    });
    reply.to_string().into_bytes()
}

fn message(facts: &mut Facts<'_>, answer: &Answer) -> Value {
    if answer.calls.is_empty() {
        return json!({
            "role": "assistant", "content": answer.text.text(), "refusal": null, "annotations": [],
        });
    }
    let calls: Vec<Value> = answer
        .calls
        .iter()
        .map(|call| {
            let arguments = call.arguments.to_string();
            json!({"id": facts.random.id("call_", 24), "type": "function",
                "function": {"name": call.name, "arguments": arguments}})
        })
        .collect();
    json!({"role": "assistant", "content": null, "tool_calls": calls, "refusal": null,
        "annotations": []})
}

const fn finish(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence => "stop",
        Finish::Length => "length",
        Finish::Calls => "tool_calls",
    }
}

/// `prompt_tokens` includes what was read from the cache.
fn usage(ask: &Ask, answer: &Answer) -> Value {
    let output = answer.output_tokens * u64::try_from(ask.choices).unwrap_or(1);
    json!({
        "prompt_tokens": ask.prompt_tokens,
        "completion_tokens": output,
        "total_tokens": ask.prompt_tokens + output,
        "prompt_tokens_details": {"cached_tokens": ask.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    })
}

/// The parts that every chunk of one stream shares.
struct Chunks {
    head: String,
    /// `"usage":null` on every chunk once the caller asked for usage.
    tail: &'static str,
}

impl Chunks {
    fn new(facts: &mut Facts<'_>, ask: &Ask) -> Self {
        let id = facts.random.id("chatcmpl-", 29);
        let model = Value::from(ask.model.as_str());
        let created = facts.now.seconds();
        let head = format!(
            "data: {{\"id\":\"{id}\",\"object\":\"chat.completion.chunk\",\"created\":{created},\
             \"model\":{model},\"service_tier\":\"default\",\
             \"system_fingerprint\":\"{FINGERPRINT}\",\"choices\":["
        );
        Self { head, tail: if ask.include_usage { "],\"usage\":null}\n\n" } else { "]}\n\n" } }
    }

    fn open(&self, out: &mut Vec<u8>, index: usize) {
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(format!("{{\"index\":{index},\"delta\":").as_bytes());
    }

    fn close(&self, out: &mut Vec<u8>, finish: Option<&str>) {
        let finish = finish.map_or_else(|| "null".to_owned(), |finish| format!("\"{finish}\""));
        let end = format!(",\"logprobs\":null,\"finish_reason\":{finish}}}");
        out.extend_from_slice(end.as_bytes());
        out.extend_from_slice(self.tail.as_bytes());
    }

    fn delta(&self, out: &mut Vec<u8>, index: usize, delta: &Value, finish: Option<&str>) {
        self.open(out, index);
        out.extend_from_slice(delta.to_string().as_bytes());
        self.close(out, finish);
    }

    fn text(&self, out: &mut Vec<u8>, index: usize, token: &str) {
        self.open(out, index);
        out.extend_from_slice(b"{\"content\":");
        write_json(out, token);
        out.push(b'}');
        self.close(out, None);
    }

    fn usage(&self, out: &mut Vec<u8>, usage: &Value) {
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(format!("],\"usage\":{usage}}}\n\n").as_bytes());
    }
}

pub(super) fn stream(facts: &mut Facts<'_>, ask: &Ask, answer: &Answer, out: &mut ScriptWriter) {
    let chunks = Chunks::new(facts, ask);
    for index in 0..ask.choices {
        let content = if answer.calls.is_empty() { json!("") } else { Value::Null };
        let role = json!({"role": "assistant", "content": content, "refusal": null});
        out.frame(|out| chunks.delta(out, index, &role, None));
        if answer.calls.is_empty() {
            for token in answer.text.iter() {
                out.token(|out| chunks.text(out, index, token));
            }
        }
        for (place, call) in answer.calls.iter().enumerate() {
            stream_call(facts, &chunks, (index, place), call, out);
        }
        out.frame(|out| chunks.delta(out, index, &json!({}), Some(finish(answer.finish))));
    }
    if ask.include_usage {
        out.frame(|out| chunks.usage(out, &usage(ask, answer)));
    }
    out.frame(|out| out.extend_from_slice(b"data: [DONE]\n\n"));
}

fn stream_call(
    facts: &mut Facts<'_>,
    chunks: &Chunks,
    (index, place): (usize, usize),
    call: &Call,
    out: &mut ScriptWriter,
) {
    let open = json!({"tool_calls": [{"index": place, "id": facts.random.id("call_", 24),
        "type": "function", "function": {"name": call.name, "arguments": ""}}]});
    out.token(|out| chunks.delta(out, index, &open, None));
    for fragment in fragments(&call.arguments.to_string(), &mut facts.random) {
        let delta = json!({"tool_calls": [{"index": place, "function": {"arguments": fragment}}]});
        out.token(|out| chunks.delta(out, index, &delta, None));
    }
}
