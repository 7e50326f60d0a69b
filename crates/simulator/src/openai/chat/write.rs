//! Writes Chat Completions answers, whole and as a stream.

use serde_json::{Value, json};

use super::super::House;
use crate::answer::{Answer, Call, Finish, fragments};
use crate::ask::Ask;
use crate::azure;
use crate::script::ScriptWriter;
use crate::vendor::{Facts, write_json};

const FINGERPRINT: &str = "fp_51mu1a70r0";

pub(crate) const REFUSAL: &str = "I'm sorry, I cannot assist with that request.";

pub(super) fn whole(house: House, facts: &mut Facts<'_>, ask: &Ask, answer: &Answer) -> Vec<u8> {
    let id = facts.random.id("chatcmpl-", 29);
    let choices: Vec<Value> =
        (0..ask.choices).map(|index| choice(house, facts, (ask, answer), index)).collect();
    let mut reply = json!({
        "id": id, "object": "chat.completion", "created": facts.now.seconds(), "model": ask.model,
        "choices": choices, "usage": usage(ask, answer), "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    });
    if let (House::Azure, Some(reply)) = (house, reply.as_object_mut()) {
        reply.insert("prompt_filter_results".to_owned(), azure::prompt_filter_results());
        reply.remove("service_tier");
    }
    reply.to_string().into_bytes()
}

fn choice(
    house: House,
    facts: &mut Facts<'_>,
    (ask, answer): (&Ask, &Answer),
    index: usize,
) -> Value {
    let mut choice = json!({
        "index": index, "message": message(facts, answer), "logprobs": logprobs(ask, answer),
        "finish_reason": finish(answer.finish),
    });
    if let (House::Azure, Some(choice)) = (house, choice.as_object_mut()) {
        let filtered = answer.finish == Finish::Filtered;
        choice.insert("content_filter_results".to_owned(), azure::filter_results(filtered));
        if filtered {
            choice.remove("message");
        }
    }
    choice
}

fn message(facts: &mut Facts<'_>, answer: &Answer) -> Value {
    if answer.finish == Finish::Blocked {
        return json!({"role": "assistant", "content": null, "refusal": REFUSAL,
            "annotations": []});
    }
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

/// Every token is said to be nearly certain.
fn logprobs(ask: &Ask, answer: &Answer) -> Value {
    if ask.echo != Value::Bool(true) || !answer.calls.is_empty() {
        return Value::Null;
    }
    let tokens: Vec<Value> = answer.text.iter().map(logprob).collect();
    json!({"content": tokens, "refusal": null})
}

fn logprob(token: &str) -> Value {
    json!({"token": token, "logprob": -0.125, "bytes": token.as_bytes(), "top_logprobs": []})
}

const fn finish(finish: Finish) -> &'static str {
    match finish {
        // A refusal stops as any other answer does.
        Finish::Stop | Finish::StopSequence | Finish::Blocked => "stop",
        Finish::Filtered => "content_filter",
        Finish::Length => "length",
        Finish::Calls => "tool_calls",
    }
}

/// `prompt_tokens` includes what was read from the cache.
fn usage(ask: &Ask, answer: &Answer) -> Value {
    let choices = u64::try_from(ask.choices).unwrap_or(1);
    let (output, thought) = (answer.all_tokens() * choices, answer.thought_tokens() * choices);
    json!({
        "prompt_tokens": ask.prompt_tokens,
        "completion_tokens": output,
        "total_tokens": ask.prompt_tokens + output,
        "prompt_tokens_details": {"cached_tokens": ask.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": thought, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    })
}

/// The parts that every chunk of one stream shares.
struct Chunks {
    house: House,
    head: String,
    /// `"usage":null` on every chunk once the caller asked for usage.
    tail: &'static str,
}

impl Chunks {
    fn new(house: House, facts: &mut Facts<'_>, ask: &Ask) -> Self {
        let id = facts.random.id("chatcmpl-", 29);
        let model = Value::from(ask.model.as_str());
        let created = facts.now.seconds();
        let tier = if house == House::Azure { "" } else { "\"service_tier\":\"default\"," };
        let head = format!(
            "data: {{\"id\":\"{id}\",\"object\":\"chat.completion.chunk\",\"created\":{created},\
             \"model\":{model},{tier}\"system_fingerprint\":\"{FINGERPRINT}\",\"choices\":["
        );
        let tail = if ask.include_usage { "],\"usage\":null}\n\n" } else { "]}\n\n" };
        Self { house, head, tail }
    }

    fn open(&self, out: &mut Vec<u8>, index: usize) {
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(format!("{{\"index\":{index},\"delta\":").as_bytes());
    }

    fn close(&self, out: &mut Vec<u8>, finish: Option<&str>) {
        self.close_with(out, finish, None);
    }

    fn close_with(&self, out: &mut Vec<u8>, finish: Option<&str>, token: Option<&str>) {
        let reason = finish.map_or_else(|| "null".to_owned(), |finish| format!("\"{finish}\""));
        let logprobs = token
            .map_or(Value::Null, |token| json!({"content": [logprob(token)], "refusal": null}));
        let mut end = format!(",\"logprobs\":{logprobs},\"finish_reason\":{reason}");
        if self.house == House::Azure {
            let results = azure::filter_results(finish == Some("content_filter"));
            end.push_str(&format!(",\"content_filter_results\":{results}"));
        }
        end.push('}');
        out.extend_from_slice(end.as_bytes());
        out.extend_from_slice(self.tail.as_bytes());
    }

    fn delta(&self, out: &mut Vec<u8>, index: usize, delta: &Value, finish: Option<&str>) {
        self.open(out, index);
        out.extend_from_slice(delta.to_string().as_bytes());
        self.close(out, finish);
    }

    fn text(&self, out: &mut Vec<u8>, index: usize, token: &str, ask: &Ask) {
        self.open(out, index);
        out.extend_from_slice(b"{\"content\":");
        write_json(out, token);
        out.push(b'}');
        self.close_with(out, None, (ask.echo == Value::Bool(true)).then_some(token));
    }

    fn usage(&self, out: &mut Vec<u8>, usage: &Value) {
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(format!("],\"usage\":{usage}}}\n\n").as_bytes());
    }
}

pub(super) fn stream(
    house: House,
    facts: &mut Facts<'_>,
    (ask, answer): (&Ask, &Answer),
    out: &mut ScriptWriter,
) {
    let chunks = Chunks::new(house, facts, ask);
    if house == House::Azure {
        out.frame(|out| out.extend_from_slice(azure::first_chunk().as_bytes()));
    }
    for index in 0..ask.choices {
        let content = if answer.calls.is_empty() { json!("") } else { Value::Null };
        let role = json!({"role": "assistant", "content": content, "refusal": null});
        out.frame(|out| chunks.delta(out, index, &role, None));
        if answer.finish == Finish::Blocked {
            let refusal = json!({"refusal": REFUSAL});
            out.token(|out| chunks.delta(out, index, &refusal, None));
        }
        if answer.calls.is_empty() {
            for token in answer.text.iter() {
                out.token(|out| chunks.text(out, index, token, ask));
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
